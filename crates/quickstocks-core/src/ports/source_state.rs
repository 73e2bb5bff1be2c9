use async_trait::async_trait;

use super::StoreError;
use crate::model::{Breaker, SourceSession, SourceStatus, TickNumber};

/// What all environments share about their access to the source: the session and the breaker.
#[async_trait]
pub trait SourceGate: Send + Sync {
    /// The shared session, if there is one.
    async fn session(&self) -> Result<Option<SourceSession>, StoreError>;

    /// Shares a session, over whatever was there.
    async fn put_session(&self, session: &SourceSession) -> Result<(), StoreError>;

    /// Drops exactly this session: when another one has taken its place, that one MUST stay.
    async fn drop_session(&self, session: &SourceSession) -> Result<(), StoreError>;

    /// The breaker; a closed one when none is stored.
    async fn breaker(&self) -> Result<Breaker, StoreError>;

    /// Replaces the breaker if it still equals `expected`. Answers whether it did: of any number of callers with one
    /// `expected`, exactly one MUST win.
    async fn swap_breaker(&self, expected: &Breaker, new: &Breaker) -> Result<bool, StoreError>;
}

/// Counts the calls made to the source in an hour, over all environments.
#[async_trait]
pub trait CallCounter: Send + Sync {
    /// Adds to the count of that hour (hours since the Unix epoch) and answers the new count, in one step. Adding 0 reads it.
    async fn add_calls(&self, hour: i64, calls: u32) -> Result<u32, StoreError>;

    /// The count of that hour, without changing it.
    async fn calls(&self, hour: i64) -> Result<u32, StoreError>;
}

/// Reads what the last tick left behind.
#[async_trait]
pub trait SourceStatusReader: Send + Sync {
    /// The status; the default one before the first tick.
    async fn status(&self) -> Result<SourceStatus, StoreError>;
}

/// Writes what a tick leaves behind.
#[async_trait]
pub trait SourceStatusWriter: Send + Sync {
    /// The number of a new tick: one more than any number answered before, in one step.
    async fn next_tick(&self) -> Result<TickNumber, StoreError>;

    /// Stores the status unless the stored one is of a later tick.
    async fn put_status(&self, status: &SourceStatus) -> Result<(), StoreError>;
}
