//! How often something may happen, over all environments: for the few doors where a count of one's own is not enough.

use std::sync::Arc;
use std::time::Duration;

use crate::model::Timestamp;
use crate::ports::{Clock, RateCounter, StoreError};

/// So often in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How often.
    pub most: u32,
    /// In how long. Windows are laid end to end from the Unix epoch, so at the seam of two twice as much may happen: good enough to
    /// keep somebody from doing a thing thousands of times, for one write each.
    pub window: Duration,
}

/// Counts what happens at the doors.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Rates {
    pub counter: Arc<dyn RateCounter>,
    pub clock: Arc<dyn Clock>,
}

impl Rates {
    /// Counts one more by `who`; `None` when that is within the limit, otherwise the time when the next window begins.
    pub async fn count(&self, what: &str, who: &str, limit: Limit) -> Result<Option<Timestamp>, StoreError> {
        let window = i64::try_from(limit.window.as_millis()).unwrap_or(i64::MAX).max(1);
        let until = Timestamp::from_millis((self.clock.now().millis().div_euclid(window) + 1) * window);
        let count = self.counter.count_event(&format!("{what}#{who}"), until).await?;
        Ok((count > limit.most).then_some(until))
    }
}
