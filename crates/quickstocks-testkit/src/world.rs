use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use quickstocks_core::model::Timestamp;
use quickstocks_core::ports::{Clock, Random};

use crate::sample;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl FakeClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.millis()))
    }

    /// Moves the hands, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }

    /// Lets time pass, and answers what the clock then shows.
    pub fn advance(&self, by: Duration) -> Timestamp {
        let step = (Timestamp::default() + by).millis();
        Timestamp::from_millis(self.0.fetch_add(step, Ordering::SeqCst) + step)
    }
}

impl Default for FakeClock {
    /// A clock that shows [`sample::NOW`].
    fn default() -> Self {
        Self::at(sample::NOW)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random, never repeat and are the same in every run.
#[derive(Debug, Default)]
pub struct SequenceRandom(AtomicU64);

impl SequenceRandom {
    /// A sequence of its own for each seed.
    pub fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed << 32))
    }
}

impl Random for SequenceRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64: a bijection of the counter, so that no two full chunks are equal.
            let mut word = self.0.fetch_add(1, Ordering::SeqCst).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_still_until_it_is_moved() {
        let clock = FakeClock::default();
        assert_eq!(clock.now(), sample::NOW);
        assert_eq!(clock.advance(Duration::from_millis(1500)), sample::NOW + Duration::from_millis(1500));
        assert_eq!(clock.now(), sample::NOW + Duration::from_millis(1500));
        clock.set(Timestamp::from_seconds(7));
        assert_eq!(clock.now(), Timestamp::from_seconds(7));
    }

    #[test]
    fn two_runs_give_the_same_bytes_and_no_two_draws_do() {
        let draw = |random: &SequenceRandom| {
            let mut bytes = [0; 20];
            random.fill(&mut bytes);
            bytes
        };
        let (one, other, seeded) = (SequenceRandom::default(), SequenceRandom::default(), SequenceRandom::seeded(1));
        let first = draw(&one);
        assert_eq!(first, draw(&other));
        assert_ne!(first, draw(&one));
        assert_ne!(first, draw(&seeded));
    }
}
