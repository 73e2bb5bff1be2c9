use std::sync::{Arc, Mutex, PoisonError};

use quickstocks_core::model::{CallBudget, Timestamp};
use quickstocks_core::ports::{CallCounter, Clock};

/// The budget of this hour is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BudgetSpent {
    /// When the next hour begins.
    pub(crate) retry_at: Timestamp,
}

/// How much of the hour's budget an errand may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    /// All of it: ticks.
    Whole,
    /// All but the last fifth: whatever people ask for between ticks, so that much searching does not stop the prices.
    Spare,
}

/// Counts every call before it is made, in the counter that all environments share, and says no when the hour's
/// budget is spent. It remembers the count it saw last: when the counter fails, calls go on within what this
/// process knows of.
pub(crate) struct Ledger {
    counter: Arc<dyn CallCounter>,
    clock: Arc<dyn Clock>,
    budget: CallBudget,
    known: Mutex<Known>,
}

#[derive(Clone, Copy, Default)]
struct Known {
    hour: i64,
    calls: u32,
}

const HOUR_MILLIS: i64 = 3_600_000;

impl Ledger {
    pub(crate) fn new(counter: Arc<dyn CallCounter>, clock: Arc<dyn Clock>, budget: CallBudget) -> Self {
        Self { counter, clock, budget, known: Mutex::default() }
    }

    /// Whether a call could be made now out of this part of the budget. Changes nothing.
    pub(crate) async fn check(&self, budget: Budget) -> Result<(), BudgetSpent> {
        let hour = self.hour();
        let CallBudget::PerHour(limit) = self.budget else { return Ok(()) };
        if self.known(hour).is_none() {
            self.learn_count(hour).await;
        }
        let limit = match budget {
            Budget::Whole => limit,
            Budget::Spare => limit - limit / 5,
        };
        if self.known(hour).unwrap_or(0) >= limit { Err(spent(hour)) } else { Ok(()) }
    }

    /// Counts one call that is about to be made.
    pub(crate) async fn take(&self) -> Result<(), BudgetSpent> {
        self.check(Budget::Whole).await?;
        let hour = self.hour();
        // Taken here first: of several calls at once in this process none is counted that is not made.
        if !self.reserve(hour) {
            return Err(spent(hour));
        }
        match self.counter.add_calls(hour, 1).await {
            Ok(count) => {
                self.learn(hour, count);
                match self.budget {
                    CallBudget::PerHour(limit) if count > limit => Err(spent(hour)),
                    _ => Ok(()),
                }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a call could not be counted");
                Ok(())
            }
        }
    }

    async fn learn_count(&self, hour: i64) {
        match self.counter.calls(hour).await {
            Ok(count) => self.learn(hour, count),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the count of calls could not be read");
                self.learn(hour, 0);
            }
        }
    }

    fn hour(&self) -> i64 {
        self.clock.now().millis().div_euclid(HOUR_MILLIS)
    }

    fn known(&self, hour: i64) -> Option<u32> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        (known.hour == hour).then_some(known.calls)
    }

    fn learn(&self, hour: i64, calls: u32) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.hour == hour {
            known.calls = known.calls.max(calls);
        } else {
            *known = Known { hour, calls };
        }
    }

    fn reserve(&self, hour: i64) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.hour != hour {
            *known = Known { hour, calls: 0 };
        }
        if matches!(self.budget, CallBudget::PerHour(limit) if known.calls >= limit) {
            return false;
        }
        known.calls = known.calls.saturating_add(1);
        true
    }
}

fn spent(hour: i64) -> BudgetSpent {
    BudgetSpent { retry_at: Timestamp::from_millis((hour + 1).saturating_mul(HOUR_MILLIS)) }
}
