//! What was learnt lately, kept in this process so that it need not be asked for again.

use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::model::Timestamp;

/// For how long an outdated value stands in when a newer one cannot be had, before that is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Values by key, a bounded number of them, each good for a while. Of several callers that want the same one, one loads it and the
/// others wait.
pub(crate) struct Recent<K, V> {
    kept: Cache<K, Kept<V>>,
    lifetime: Duration,
}

#[derive(Clone)]
struct Kept<V> {
    value: V,
    until: Timestamp,
}

impl<K: Eq + Hash + Clone, V: Clone> Recent<K, V> {
    /// Keeps at most so many values, each for `lifetime`.
    pub(crate) fn new(most: usize, lifetime: Duration) -> Self {
        Self { kept: Cache::new(most), lifetime }
    }

    /// The value that is kept and still good.
    pub(crate) fn peek(&self, key: &K, now: Timestamp) -> Option<V> {
        self.kept.get(key).filter(|kept| now < kept.until).map(|kept| kept.value)
    }

    /// Keeps a value from now on.
    pub(crate) fn put(&self, key: K, value: V, now: Timestamp) {
        self.kept.insert(key, Kept { value, until: now + self.lifetime });
    }

    /// The value: the one that is kept, or what `load` brings. When that fails, an outdated value stands in if there is one.
    pub(crate) async fn get<E>(&self, key: &K, now: Timestamp, load: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let outdated = match self.kept.get(key) {
            Some(kept) if now < kept.until => return Ok(kept.value),
            outdated => outdated,
        };
        if outdated.is_some() {
            self.kept.remove_if(key, |kept| now >= kept.until);
        }
        let place = match self.kept.get_value_or_guard_async(key).await {
            Ok(kept) => return Ok(kept.value),
            Err(place) => place,
        };
        let (value, lifetime) = match (load.await, outdated) {
            (Ok(value), _) => (value, self.lifetime),
            (Err(_), Some(outdated)) => (outdated.value, RETRY_AFTER.min(self.lifetime)),
            (Err(error), None) => return Err(error),
        };
        // It fails only when somebody else has put a value there meanwhile, which is as good.
        let _ = place.insert(Kept { value: value.clone(), until: now + lifetime });
        Ok(value)
    }
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    async fn ask(recent: &Recent<&'static str, u32>, now: Timestamp, loaded: Result<u32, ()>) -> Result<u32, ()> {
        recent.get(&"key", now, async { loaded }).await
    }

    #[tokio::test]
    async fn a_value_is_good_for_its_lifetime_and_stands_in_beyond_it_where_none_can_be_had() {
        let recent = Recent::new(10, Duration::from_mins(10));
        assert_eq!(ask(&recent, START, Err(())).await, Err(()), "a failure is not kept");
        assert_eq!(ask(&recent, START, Ok(1)).await, Ok(1));
        let late = START + Duration::from_mins(10);
        assert_eq!(ask(&recent, late - Duration::from_millis(1), Ok(2)).await, Ok(1));
        assert_eq!(ask(&recent, late, Err(())).await, Ok(1));
        assert_eq!(ask(&recent, late + Duration::from_secs(29), Ok(3)).await, Ok(1), "it is not tried again at once");
        assert_eq!(ask(&recent, late + Duration::from_secs(30), Ok(4)).await, Ok(4));
        assert_eq!(recent.peek(&"other", late), None);
    }

    #[tokio::test]
    async fn of_many_who_want_it_at_once_one_loads_it() {
        let recent = Recent::<&str, u32>::new(10, Duration::from_mins(1));
        let loads = AtomicU32::new(0);
        let ask = || {
            recent.get(&"key", START, async {
                loads.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok::<_, ()>(7)
            })
        };
        let answers = futures_util::future::join_all((0..50).map(|_| ask())).await;
        assert!(answers.iter().all(|answer| *answer == Ok(7)));
        assert_eq!(loads.into_inner(), 1);
    }

    #[tokio::test]
    async fn whoever_waited_for_a_failure_tries_for_himself() {
        let recent = Recent::<&str, u32>::new(10, Duration::from_mins(1));
        let loads = AtomicU32::new(0);
        let ask = || {
            recent.get(&"key", START, async {
                let nth = loads.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                if nth == 0 { Err(()) } else { Ok(7) }
            })
        };
        let answers = futures_util::future::join_all((0..5).map(|_| ask())).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 1);
        assert_eq!(loads.into_inner(), 2);
    }
}
