use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AlertEvent, AlertId, DeviceId, Note, Rule, Symbol, Timestamp, UserId};

/// How long a notification is kept in the inbox.
pub const NOTIFICATION_LIFETIME: Duration = Duration::from_hours(90 * 24);

/// How long it is told what became of an alert.
pub const RECEIPT_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// How many of the newest notifications are looked at for those that were not read; the count tells no more.
pub const INBOX_COUNTED: usize = 100;

/// The id of a notification: its moment and 80 random bits in hex, so that ids are ordered as the notifications are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NotificationId(Arc<str>);

impl NotificationId {
    /// The id as it was stored or asked for.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// A new id.
    pub fn from_random(at: Timestamp, bytes: [u8; 10]) -> Self {
        Self(format!("{}{}", moment(at), hex::encode(bytes)).into())
    }

    /// What is before the id of every notification that was made at that moment or later, and after those made before.
    pub fn least(at: Timestamp) -> Self {
        Self(moment(at).into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 48 bits of milliseconds: good for eight thousand years.
fn moment(at: Timestamp) -> String {
    format!("{:012x}", at.millis().max(0))
}

impl fmt::Display for NotificationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that happened to an alert, told to its owner: an entry of the inbox, and what is still to be delivered of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The id.
    pub id: NotificationId,
    /// Whose it is.
    pub user: UserId,
    /// The alert it is about, which may be gone.
    pub alert: AlertId,
    /// What that alert watched.
    pub symbol: Symbol,
    /// What the symbol is called.
    pub name: Arc<str>,
    /// What the alert waited for.
    pub rule: Rule,
    /// What its owner wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// What happened.
    pub event: AlertEvent,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When its owner read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// What became of it on the way to its owner.
    pub delivery: NoticeDelivery,
}

/// What became of a notification on the way to its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeDelivery {
    /// How far it has come.
    pub state: NoticeState,
    /// Whether the owner's open pages were told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shown: bool,
    /// Why it waits, or did last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Hold>,
    /// The devices that are done with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceReceipt>,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// When there was nothing left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// How far a notification has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// It is on its way, or waits.
    #[default]
    Pending,
    /// Every device that can get it has it.
    Delivered,
    /// It was tried until it was too old to be worth anything.
    GivenUp,
}

/// Why a notification waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// For what.
    pub by: HoldReason,
    /// Until when.
    pub until: Timestamp,
}

/// For what a notification waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// For the end of its owner's quiet hours.
    QuietHours,
    /// For the next day: there were as many as there may be today.
    DailyBudget,
    /// For a push service that could not take it.
    PushService,
}

/// What became of a notification on one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReceipt {
    /// Which device.
    pub device: DeviceId,
    /// What became of it there.
    pub outcome: ReceiptOutcome,
    /// When.
    pub at: Timestamp,
}

/// What became of a notification on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptOutcome {
    /// Its push service took it.
    Accepted,
    /// The device had gone.
    Gone,
    /// Its push service refused it.
    Refused,
}

/// The right to deliver what is pending for somebody, until it runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxLease {
    /// Whose notifications.
    pub user: UserId,
    /// No notification that is pending is from before this moment.
    pub pending_since: Timestamp,
    /// Until when nobody else may.
    pub until: Timestamp,
    /// Grows by one with every notification and every lease: whether anything came in between.
    pub epoch: u64,
}

/// What is left in an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxRest {
    /// No notification that is pending is from before this moment.
    pub pending_since: Timestamp,
    /// When to try again.
    pub due_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_by_their_moment() {
        let id = |millis: i64, byte: u8| NotificationId::from_random(Timestamp::from_millis(millis), [byte; 10]);
        assert!(id(1, 255) < id(2, 0));
        assert!(id(0xffff, 0) < id(0x1_0000, 0));
        assert_eq!(id(5, 5).as_str().len(), 32);
        let least = NotificationId::least(Timestamp::from_millis(2));
        assert!(id(1, 255) < least && least < id(2, 0));
    }
}
