use std::sync::{Arc, Mutex, PoisonError};

use quickstocks_core::model::{Breaker, BreakerState, Timestamp};
use quickstocks_core::ports::{Clock, SourceGate};

/// What the breaker says to somebody who wants to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Call.
    Open(Breaker),
    /// Make one call and tell what came of it: nobody else calls meanwhile.
    Probe(Breaker),
    /// Do not call before this moment.
    Shut(Timestamp),
}

/// The breaker that all environments share. When the store fails, this process goes by what it saw last and by what
/// it could not store, so that polling goes on and a source that refuses is left alone all the same.
pub(crate) struct Gate {
    shared: Arc<dyn SourceGate>,
    clock: Arc<dyn Clock>,
    local: Mutex<Local>,
}

#[derive(Default)]
struct Local {
    seen: Breaker,
    unstored: bool,
}

impl Gate {
    pub(crate) fn new(shared: Arc<dyn SourceGate>, clock: Arc<dyn Clock>) -> Self {
        Self { shared, clock, local: Mutex::default() }
    }

    /// The breaker, without asking for the right to probe.
    pub(crate) async fn breaker(&self) -> Breaker {
        match self.shared.breaker().await {
            Ok(stored) => self.reconcile(stored).await,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the breaker could not be read; this process goes by what it saw last"
                );
                self.local().seen.clone()
            }
        }
    }

    /// Whether to call, by a breaker read before. Of all who see it half open, one probes.
    pub(crate) async fn admit(&self, breaker: Breaker) -> Admission {
        let now = self.clock.now();
        match breaker.state(now) {
            BreakerState::Closed => Admission::Open(breaker),
            BreakerState::Open => Admission::Shut(breaker.open_until),
            BreakerState::HalfOpen => {
                let probing = breaker.probing(now);
                if self.swap(&breaker, &probing).await {
                    Admission::Probe(probing)
                } else {
                    // Somebody else is probing. Until when is not worth another read if that fails.
                    let theirs = self.breaker().await;
                    Admission::Shut(if theirs.state(now) == BreakerState::Open { theirs.open_until } else { probing.open_until })
                }
            }
        }
    }

    /// Opens the breaker after a refusal. Answers when it will let a probe through.
    pub(crate) async fn trip(&self, seen: &Breaker) -> Timestamp {
        let now = self.clock.now();
        let tripped = seen.tripped(now);
        if self.swap(seen, &tripped).await {
            tracing::warn!(breaker.trips = tripped.trips, breaker.open_until = %tripped.open_until, "the source refuses requests; no call before the breaker lets one through");
            return tripped.open_until;
        }
        // Somebody else was quicker: with a trip of their own, which will do, or by closing it, and then this refusal is news.
        let theirs = self.breaker().await;
        if theirs.state(now) == BreakerState::Open {
            return theirs.open_until;
        }
        let tripped = theirs.tripped(now);
        self.swap(&theirs, &tripped).await;
        tripped.open_until
    }

    /// Closes the breaker after a probe that was answered.
    pub(crate) async fn reset(&self, probing: &Breaker) -> Breaker {
        let closed = Breaker::default();
        if self.swap(probing, &closed).await {
            tracing::info!("the source answers again");
        }
        closed
    }

    async fn swap(&self, expected: &Breaker, new: &Breaker) -> bool {
        match self.shared.swap_breaker(expected, new).await {
            Ok(true) => {
                *self.local() = Local { seen: new.clone(), unstored: false };
                true
            }
            Ok(false) => false,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the breaker could not be stored; this process goes by its own"
                );
                let mut local = self.local();
                let won = local.seen == *expected;
                if won {
                    *local = Local { seen: new.clone(), unstored: true };
                }
                won
            }
        }
    }

    /// Takes over what is stored, unless this process knows of a later refusal that it could not store: that is stored now.
    async fn reconcile(&self, stored: Breaker) -> Breaker {
        let mine = {
            let mut local = self.local();
            if !local.unstored || local.seen.open_until <= stored.open_until {
                *local = Local { seen: stored.clone(), unstored: false };
                return stored;
            }
            local.seen.clone()
        };
        self.swap(&stored, &mine).await;
        mine
    }

    fn local(&self) -> std::sync::MutexGuard<'_, Local> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
