use async_trait::async_trait;

use super::StoreError;
use crate::model::{RequestRecord, Timestamp, UserId};

/// Counts events over all environments.
#[async_trait]
pub trait RateCounter: Send + Sync {
    /// Adds one to the count of that key in the window that ends at `until`, and answers the new count, in one step. Keys and windows
    /// MUST be kept apart. After `until` the count MAY be forgotten.
    async fn count_event(&self, key: &str, until: Timestamp) -> Result<u32, StoreError>;
}

/// Remembers requests, each only through the user who sent it.
#[async_trait]
pub trait RequestLog: Send + Sync {
    /// Stores the record unless one of its key is there that is not expired at `now`; that one MUST stay and is answered. Of any number
    /// of callers with one key exactly one MUST be answered with `None`.
    async fn claim_request(
        &self,
        user: &UserId,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Option<RequestRecord>, StoreError>;

    /// Replaces the record of its key. It MUST NOT make one: its user may be gone.
    async fn keep_answer(&self, user: &UserId, record: &RequestRecord) -> Result<(), StoreError>;

    /// Forgets the record of that key; one that is not there is no error.
    async fn forget_request(&self, user: &UserId, key: &str) -> Result<(), StoreError>;
}
