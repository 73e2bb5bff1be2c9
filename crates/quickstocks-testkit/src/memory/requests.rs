use async_trait::async_trait;
use quickstocks_core::model::{RequestRecord, Timestamp, UserId};
use quickstocks_core::ports::{RateCounter, RequestLog, StoreError};

use super::MemoryStore;

#[async_trait]
impl RateCounter for MemoryStore {
    async fn count_event(&self, key: &str, until: Timestamp) -> Result<u32, StoreError> {
        let mut state = self.state();
        let count = state.events.entry((key.to_owned(), until)).or_default();
        *count = count.saturating_add(1);
        Ok(*count)
    }
}

#[async_trait]
impl RequestLog for MemoryStore {
    async fn claim_request(
        &self,
        user: &UserId,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Option<RequestRecord>, StoreError> {
        let mut state = self.state();
        let key = (user.clone(), record.key.clone());
        if let Some(there) = state.requests.get(&key).filter(|there| there.expires_at > now) {
            return Ok(Some(there.clone()));
        }
        state.requests.insert(key, record.clone());
        Ok(None)
    }

    async fn keep_answer(&self, user: &UserId, record: &RequestRecord) -> Result<(), StoreError> {
        if let Some(there) = self.state().requests.get_mut(&(user.clone(), record.key.clone())) {
            *there = record.clone();
        }
        Ok(())
    }

    async fn forget_request(&self, user: &UserId, key: &str) -> Result<(), StoreError> {
        self.state().requests.remove(&(user.clone(), key.to_owned()));
        Ok(())
    }
}
