use std::time::{SystemTime, UNIX_EPOCH};

use quickstocks_core::model::Timestamp;
use quickstocks_core::ports::{Clock, Random};

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// When an invocation ends, by the `deadline` of its context: milliseconds since the Unix epoch (Lambda's runtime API,
/// `Lambda-Runtime-Deadline-Ms`).
pub fn ends_at(deadline: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(deadline).unwrap_or(i64::MAX))
}

/// The operating system's generator of random bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    /// # Panics
    /// When the operating system has no random bytes: nothing that makes secrets may go on then.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system has random bytes");
    }
}
