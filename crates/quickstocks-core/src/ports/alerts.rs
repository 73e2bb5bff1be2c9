use async_trait::async_trait;

use super::{Change, StoreError};
use crate::model::{
    ActionToken, Alert, AlertId, NoticeDelivery, Notification, NotificationId, OutboxLease, OutboxRest, Symbol, Timestamp,
    TokenHash, UserId,
};

/// Reads alerts.
#[async_trait]
pub trait AlertReader: Send + Sync {
    /// A user's alerts, ordered by when they were made and then by id; none for a user nobody knows.
    async fn alerts(&self, user: &UserId) -> Result<Vec<Alert>, StoreError>;

    /// One alert of a user. Another user's alert MUST be answered with `None`.
    async fn alert(&self, user: &UserId, id: &AlertId) -> Result<Option<Alert>, StoreError>;

    /// Everybody's alerts on these symbols that are watched ([`AlertStatus::is_watched`](crate::model::AlertStatus::is_watched)), in
    /// any order, each once and as it was written last.
    async fn armed_alerts(&self, symbols: &[Symbol]) -> Result<Vec<Alert>, StoreError>;
}

/// Writes alerts, each only through its owner.
#[async_trait]
pub trait AlertWriter: Send + Sync {
    /// Adds an alert. [`Change::Conflict`] when the user has an alert of that id.
    async fn insert_alert(&self, alert: &Alert) -> Result<Change, StoreError>;

    /// Replaces an alert if its stored revision is `expected`, and stores these notifications as pending, in one step: all of it or
    /// nothing. The outbox of the user is due from the moment of the last notification on. Answers whether it did; when the alert is of
    /// another revision or gone, nothing MUST be changed. Of any number of callers with one `expected` exactly one MUST get `true`.
    async fn write_alert(&self, alert: &Alert, expected: u64, notices: &[Notification]) -> Result<bool, StoreError>;

    /// Removes an alert; what was told of it stays. Answers whether it was there.
    async fn delete_alert(&self, user: &UserId, id: &AlertId) -> Result<bool, StoreError>;
}

/// Reads notifications, each only through its owner. After [`NOTIFICATION_LIFETIME`](crate::model::NOTIFICATION_LIFETIME) they may be
/// forgotten.
#[async_trait]
pub trait NotificationReader: Send + Sync {
    /// At most `limit` of a user's notifications, those before `before`, the newest first.
    async fn notifications(
        &self,
        user: &UserId,
        before: Option<&NotificationId>,
        limit: usize,
    ) -> Result<Vec<Notification>, StoreError>;

    /// At most `limit` of a user's notifications about that alert, the newest first.
    async fn notifications_of(&self, user: &UserId, alert: &AlertId, limit: usize) -> Result<Vec<Notification>, StoreError>;
}

/// Notes what was read.
#[async_trait]
pub trait NotificationWriter: Send + Sync {
    /// Notes that a user read these at `at`. One that was read before keeps its moment, one that is not there MUST NOT be made.
    async fn mark_read(&self, user: &UserId, ids: &[NotificationId], at: Timestamp) -> Result<(), StoreError>;
}

/// What is still to be delivered, user by user. [`AlertWriter::write_alert`] fills it.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Some users, at most `limit`, whose outbox is due at `now` and not leased. None MUST mean that there are none.
    async fn due_outboxes(&self, now: Timestamp, limit: usize) -> Result<Vec<UserId>, StoreError>;

    /// Takes the right to deliver what is pending for a user until `until`, if it is due and nobody has it at `now`, in one step: of any
    /// number of callers exactly one MUST get it.
    async fn lease_outbox(&self, user: &UserId, now: Timestamp, until: Timestamp) -> Result<Option<OutboxLease>, StoreError>;

    /// What is pending for the user of the lease, the oldest first.
    async fn pending_notifications(&self, lease: &OutboxLease) -> Result<Vec<Notification>, StoreError>;

    /// Notes what became of a notification; one that is not there MUST NOT be made.
    async fn put_delivery(&self, user: &UserId, id: &NotificationId, delivery: &NoticeDelivery) -> Result<(), StoreError>;

    /// Gives a lease back, and notes what is left: nothing, or something that is due later. When a notification came since the lease was
    /// taken, that MUST NOT be noted, so that the outbox stays due; when the lease ran out and somebody else has one, nothing MUST be
    /// changed. Answers whether it was noted.
    async fn finish_outbox(&self, lease: &OutboxLease, rest: Option<OutboxRest>) -> Result<bool, StoreError>;
}

/// Keeps the tokens of actions that need no session.
#[async_trait]
pub trait ActionTokens: Send + Sync {
    /// Stores a token.
    async fn put_action(&self, token: &ActionToken) -> Result<(), StoreError>;

    /// Takes a token out of the store, in one step: of any number of callers exactly one MUST get it. One that expired at `now` MUST be
    /// answered with `None`.
    async fn take_action(&self, hash: &TokenHash, now: Timestamp) -> Result<Option<ActionToken>, StoreError>;
}

/// Some symbols that alerts watch, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmedPage {
    /// The symbols; one may be there more than once.
    pub symbols: Vec<Symbol>,
    /// Pass this as `after` for the next page; `None` at the end.
    pub next: Option<crate::model::FollowerCursor>,
}

/// Walks over what everybody's alerts watch. Only the sweep may.
#[async_trait]
pub trait ArmedScan: Send + Sync {
    /// Some of the symbols that alerts watch, those after `after`. Following `next` to its end MUST give each of them that was watched
    /// throughout at least once; a page may be empty and still have a `next`.
    async fn armed_symbols(&self, after: Option<&crate::model::FollowerCursor>) -> Result<ArmedPage, StoreError>;
}
