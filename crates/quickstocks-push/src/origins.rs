//! What is known of each push service: how much is under way there, and whether it wants to be left alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quickstocks_core::model::Timestamp;
use tokio::sync::Semaphore;

/// How many messages may be under way to one push service.
const IN_FLIGHT: usize = 16;

/// How many failures in a row mean that a push service is down.
const FAILURES: u32 = 5;

/// How long a push service that is down is left alone at first; twice as long each time it still is.
const REST: Duration = Duration::from_secs(30);

/// How long one that throttles without a `Retry-After` is.
const THROTTLED_REST: Duration = Duration::from_mins(1);

/// The longest rest of a push service that says nothing about it.
const LONGEST_REST: Duration = Duration::from_mins(15);

/// The longest rest a push service can ask for: it must not silence us for good.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// There are about five push services; wildcard hosts must not fill the memory.
const MAX_ORIGINS: usize = 256;

/// Every push service this process has called.
#[derive(Default)]
pub(crate) struct Origins {
    by_name: Mutex<HashMap<String, Arc<Origin>>>,
}

impl Origins {
    pub(crate) fn of(&self, name: &str) -> Arc<Origin> {
        let mut origins = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if origins.len() >= MAX_ORIGINS && !origins.contains_key(name) {
            origins.clear();
        }
        Arc::clone(origins.entry(name.to_owned()).or_default())
    }
}

/// One push service.
pub(crate) struct Origin {
    /// So that one that hangs does not hold what the others need.
    pub(crate) in_flight: Semaphore,
    breaker: Mutex<Breaker>,
}

impl Default for Origin {
    fn default() -> Self {
        Self { in_flight: Semaphore::new(IN_FLIGHT), breaker: Mutex::default() }
    }
}

#[derive(Default)]
struct Breaker {
    failures: u32,
    trips: u32,
    rests_until: Option<Timestamp>,
}

impl Origin {
    /// How long it still has to be left alone. When its rest is over, one caller is told zero, to see how it is, and for the others the
    /// rest goes on until that one has brought its answer.
    pub(crate) fn rest(&self, now: Timestamp) -> Option<Duration> {
        let mut breaker = self.breaker();
        let until = breaker.rests_until?;
        if until > now {
            return Some(until.since(now));
        }
        breaker.rests_until = Some(now + REST);
        None
    }

    /// It took a message, or said something about that message only.
    pub(crate) fn works(&self) {
        *self.breaker() = Breaker::default();
    }

    /// It failed or could not be reached.
    pub(crate) fn failed(&self, now: Timestamp) {
        let mut breaker = self.breaker();
        breaker.failures += 1;
        if breaker.failures >= FAILURES || breaker.rests_until.is_some() {
            breaker.trip(now, REST);
        }
    }

    /// It asks for less. Answers for how long it is left alone.
    pub(crate) fn throttled(&self, now: Timestamp, retry_after: Option<Duration>) -> Duration {
        let mut breaker = self.breaker();
        match retry_after {
            Some(asked) => {
                let rest = asked.min(LONGEST_RETRY_AFTER);
                breaker.rests_until = breaker.rests_until.max(Some(now + rest));
                rest
            }
            None => breaker.trip(now, THROTTLED_REST),
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Breaker {
    fn trip(&mut self, now: Timestamp, first: Duration) -> Duration {
        let rest = (first * 2_u32.pow(self.trips.min(6))).min(LONGEST_REST);
        self.trips += 1;
        self.rests_until = self.rests_until.max(Some(now + rest));
        rest
    }
}

#[cfg(test)]
mod tests {
    use quickstocks_testkit::sample::NOW;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_push_service_that_is_down_rests_longer_each_time_and_one_message_tries_it() {
        let origin = Origin::default();
        for _ in 1..FAILURES {
            origin.failed(NOW);
        }
        assert_eq!(origin.rest(NOW), None);
        origin.failed(NOW);
        assert_eq!(origin.rest(NOW), Some(REST));
        let later = NOW + REST;
        assert_eq!(origin.rest(later), None, "one may try");
        assert_eq!(origin.rest(later), Some(REST), "and no other");
        origin.failed(later);
        assert_eq!(origin.rest(later), Some(REST * 2));
        let much_later = later + REST * 2;
        assert_eq!(origin.rest(much_later), None);
        origin.works();
        for _ in 0..3 {
            assert_eq!(origin.rest(much_later), None);
        }
    }

    #[test]
    fn a_push_service_that_throttles_gets_the_rest_it_asks_for_within_reason() {
        for (asked, rest) in
            [(Some(SECOND * 120), SECOND * 120), (Some(Duration::from_hours(100)), LONGEST_RETRY_AFTER), (None, THROTTLED_REST)]
        {
            let origin = Origin::default();
            assert_eq!(origin.throttled(NOW, asked), rest);
            assert_eq!(origin.rest(NOW), Some(rest), "{asked:?}");
        }
        let origin = Origin::default();
        let rests = [(); 8].map(|()| origin.throttled(NOW, None).as_secs());
        assert_eq!(rests, [60, 120, 240, 480, 900, 900, 900, 900]);
    }
}
