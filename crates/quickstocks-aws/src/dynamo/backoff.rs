//! The pause before a batch's unprocessed items are asked for again. (Calls that fail are repeated by the SDK; a batch that answers
//! with a rest is a success to it.)

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How often a rest is asked for again.
pub(crate) const MAX_RETRIES: u32 = 4;

const FIRST: Duration = Duration::from_millis(25);

/// Waits a random time up to 25 ms before the first retry, up to twice as long before each further one ("full jitter").
pub(crate) async fn pause(retry: u32) {
    tokio::time::sleep(jittered(FIRST * 2u32.pow(retry.min(MAX_RETRIES)))).await;
}

fn jittered(most: Duration) -> Duration {
    // The standard library's hasher is seeded at random; that is random enough to spread retries, and no crate more.
    let random = RandomState::new().hash_one(()) % 1024;
    most * u32::try_from(random).unwrap_or_default() / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_differ_and_stay_below_their_bound() {
        let pauses: Vec<Duration> = (0..64).map(|_| jittered(FIRST)).collect();
        assert!(pauses.iter().all(|pause| *pause < FIRST));
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
