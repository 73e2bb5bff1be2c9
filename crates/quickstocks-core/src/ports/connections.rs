use std::collections::BTreeSet;

use async_trait::async_trait;

use super::StoreError;
use crate::model::{Connection, ConnectionId, Shard, Symbol, Timestamp, UserId};

/// Some connections of a shard, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionPage {
    /// The connections, ordered by id.
    pub connections: Vec<Connection>,
    /// Pass this as `after` for the next page; `None` at the end.
    pub next: Option<ConnectionId>,
}

/// Reads the open connections.
#[async_trait]
pub trait ConnectionReader: Send + Sync {
    /// The connections of a shard ordered by id, those after `after`. Following `next` to its end MUST give each connection that
    /// was there throughout exactly once. Connections that expired at `now` MUST be left out (a page may then be empty and still
    /// have a `next`).
    async fn page(&self, shard: Shard, after: Option<&ConnectionId>, now: Timestamp) -> Result<ConnectionPage, StoreError>;

    /// One connection; `None` when it is not there or expired at `now`.
    async fn connection(&self, id: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError>;

    /// The ids of a user's connections that are not expired at `now`, ordered by id.
    async fn connections_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<ConnectionId>, StoreError>;
}

/// Writes the open connections. The setters touch one property each, so that a list edit and a `watch` that meet do not undo each
/// other; they answer whether the connection was there, and MUST NOT make one.
#[async_trait]
pub trait ConnectionWriter: Send + Sync {
    /// Adds a connection, under its shard and under its user, both or neither.
    async fn add(&self, connection: &Connection) -> Result<(), StoreError>;

    /// Removes a connection from its shard and from its user. Answers whose it was; `None` when it was not there, which is no error:
    /// `$disconnect` and a pruning dispatcher may meet.
    async fn remove(&self, id: &ConnectionId) -> Result<Option<UserId>, StoreError>;

    /// Sets the symbols that come from the user's lists.
    async fn set_listed(&self, id: &ConnectionId, symbols: &BTreeSet<Symbol>) -> Result<bool, StoreError>;

    /// Sets the symbols the connection watches beside them.
    async fn set_watched(&self, id: &ConnectionId, symbols: &BTreeSet<Symbol>) -> Result<bool, StoreError>;

    /// Stops or starts price messages.
    async fn set_paused(&self, id: &ConnectionId, paused: bool) -> Result<bool, StoreError>;

    /// Notes until when the poll set knows that its symbols are on screen.
    async fn set_leased_until(&self, id: &ConnectionId, until: Timestamp) -> Result<bool, StoreError>;
}
