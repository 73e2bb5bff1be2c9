use async_trait::async_trait;

use super::StoreError;
use crate::model::{Lease, PollEntry, PollRecord, Shard, Symbol, Timestamp};

/// Some entries of a shard, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollPage {
    /// The entries, ordered by symbol.
    pub entries: Vec<PollEntry>,
    /// Pass this as `after` for the next page; `None` at the end.
    pub next: Option<Symbol>,
}

/// Reads the poll set; the only thing the fetcher plans from.
#[async_trait]
pub trait PollSetReader: Send + Sync {
    /// The entries of a shard ordered by symbol, those after `after`. Following `next` to its end MUST give every entry of the
    /// shard once. Entries whose leases have run out MAY still be there.
    async fn page(&self, shard: Shard, after: Option<&Symbol>) -> Result<PollPage, StoreError>;
}

/// Writes the poll set.
#[async_trait]
pub trait PollSetWriter: Send + Sync {
    /// Extends leases, making rows where there are none. A lease that ends before the stored one of its urgency MUST change
    /// nothing; other urgencies MUST stay as they are. Writing a lease twice MUST equal writing it once.
    async fn extend(&self, leases: &[Lease]) -> Result<(), StoreError>;

    /// Ends the `followed` lease of these symbols where it ends before `before`; one that ends then or later MUST stay, and so MUST the
    /// leases of other urgencies. A symbol without a row MUST be skipped, not made.
    async fn end_followed(&self, symbols: &[Symbol], before: Timestamp) -> Result<(), StoreError>;

    /// Notes what a poll found, overwriting what an earlier poll noted. A symbol without a row MUST be skipped, not made.
    /// Leases MUST stay as they are.
    async fn record(&self, records: &[PollRecord]) -> Result<(), StoreError>;
}
