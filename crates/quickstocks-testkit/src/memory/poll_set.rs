use async_trait::async_trait;
use quickstocks_core::model::{Lease, PollEntry, PollRecord, Shard, Symbol, Timestamp, poll_shard};
use quickstocks_core::ports::{PollPage, PollSetReader, PollSetWriter, StoreError};

use super::{MemoryStore, page};

#[async_trait]
impl PollSetReader for MemoryStore {
    async fn page(&self, shard: Shard, after: Option<&Symbol>) -> Result<PollPage, StoreError> {
        let state = self.state();
        let (entries, next) = page(&state.poll_set, after, self.page_size, |symbol| poll_shard(symbol) == shard);
        Ok(PollPage { entries: entries.into_iter().cloned().collect(), next: next.cloned() })
    }
}

#[async_trait]
impl PollSetWriter for MemoryStore {
    async fn extend(&self, leases: &[Lease]) -> Result<(), StoreError> {
        let mut state = self.state();
        for Lease { symbol, urgency, until } in leases {
            state.poll_set.entry(symbol.clone()).or_insert_with(|| PollEntry::new(symbol.clone())).extend(*urgency, *until);
        }
        Ok(())
    }

    async fn end_followed(&self, symbols: &[Symbol], before: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        for symbol in symbols {
            if let Some(entry) = state.poll_set.get_mut(symbol) {
                entry.followed_until = entry.followed_until.filter(|until| *until >= before);
            }
        }
        Ok(())
    }

    async fn record(&self, records: &[PollRecord]) -> Result<(), StoreError> {
        let mut state = self.state();
        for record in records {
            if let Some(entry) = state.poll_set.get_mut(&record.symbol) {
                entry.polled_at = record.polled_at;
                entry.rests_at.clone_from(&record.rests_at);
                entry.missing = record.missing;
            }
        }
        Ok(())
    }
}
