use async_trait::async_trait;

use super::StoreError;
use crate::model::{ListId, UserId, Watchlist};

/// What became of a conditional change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is done.
    Done,
    /// The stored version is another one; nothing was changed.
    Conflict,
    /// It is not there (or not this user's, which nobody can tell apart); nothing was changed.
    Missing,
}

/// Reads watchlists, each only through its owner.
#[async_trait]
pub trait WatchlistReader: Send + Sync {
    /// A user's lists, ordered by id; none for a user nobody knows.
    async fn watchlists(&self, user: &UserId) -> Result<Vec<Watchlist>, StoreError>;

    /// One list of a user. Another user's list MUST be answered with `None`.
    async fn watchlist(&self, user: &UserId, id: &ListId) -> Result<Option<Watchlist>, StoreError>;
}

/// Writes watchlists, each only through its owner.
#[async_trait]
pub trait WatchlistWriter: Send + Sync {
    /// Adds a list. [`Change::Conflict`] when the user has a list of that id.
    async fn insert(&self, user: &UserId, list: &Watchlist) -> Result<Change, StoreError>;

    /// Replaces the user's list of that id if its stored version is `expected`, in one step.
    async fn replace(&self, user: &UserId, list: &Watchlist, expected: u64) -> Result<Change, StoreError>;

    /// Removes a list, if its stored version is `expected` (whatever it is, for `None`), and with it the link to it, in one step: no link
    /// MUST be left of a list that is gone.
    async fn delete(&self, user: &UserId, id: &ListId, expected: Option<u64>) -> Result<Change, StoreError>;
}
