use async_trait::async_trait;

use super::StoreError;
use crate::model::{Follower, FollowerCursor, SweepState, Timestamp};

/// Some users, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowerPage {
    /// The users, in the store's own order.
    pub followers: Vec<Follower>,
    /// Pass this as `after` for the next page; `None` at the end.
    pub next: Option<FollowerCursor>,
}

/// Walks over everybody's watchlists. Only the sweep may: every other reader goes through one owner.
#[async_trait]
pub trait WatchlistScan: Send + Sync {
    /// Some of the users who have a list, those after `after`, each with what is on all their lists. Following `next` to its end MUST
    /// give each of them who was there throughout exactly once; a page may be empty and still have a `next`. `seen_at` MUST be the
    /// latest use of any token of theirs that is listed and not expired at `now`.
    async fn followers(&self, after: Option<&FollowerCursor>, now: Timestamp) -> Result<FollowerPage, StoreError>;
}

/// Reads what the sweep remembers.
#[async_trait]
pub trait SweepReader: Send + Sync {
    /// The state as it was written last; the default one before the first sweep.
    async fn sweep(&self) -> Result<SweepState, StoreError>;
}

/// Writes what the sweep remembers.
#[async_trait]
pub trait SweepWriter: Send + Sync {
    /// Replaces the state.
    async fn put_sweep(&self, state: &SweepState) -> Result<(), StoreError>;
}
