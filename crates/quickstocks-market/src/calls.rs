//! Counts what clients call, so that tests can assert on calls instead of on time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::fault::Family;

/// How many calls the log keeps.
const LOG_KEPT: usize = 10_000;

/// What was called since the start or the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Calls of all families.
    pub total: u64,
    /// The most calls that were in flight at once, over all families.
    pub max_in_flight: u64,
    /// Figures of each family that was called.
    pub families: BTreeMap<Family, FamilyCalls>,
    /// The last 10,000 calls, oldest first, in the order in which they ended.
    pub log: VecDeque<Call>,
}

impl Calls {
    /// The figures of a family; all nought if it was not called.
    pub fn family(&self, family: Family) -> FamilyCalls {
        self.families.get(&family).cloned().unwrap_or_default()
    }
}

/// The figures of one family of endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyCalls {
    /// Calls that arrived.
    pub calls: u64,
    /// Calls that were answered with a status below 400.
    pub accepted: u64,
    /// Calls that were answered with a status of 400 or above.
    pub rejected: u64,
    /// Calls whose client went away before the answer.
    pub abandoned: u64,
    /// Symbols asked for, summed over the calls.
    pub symbols: u64,
    /// The most symbols in one call.
    pub max_symbols: u64,
    /// Calls in flight at this moment.
    pub in_flight: u64,
    /// The most calls that were in flight at once.
    pub max_in_flight: u64,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The family of the path.
    pub family: Family,
    /// How many symbols it asked for.
    pub symbols: u64,
    /// The status of the answer; `None` if the client went away before.
    pub status: Option<u16>,
    /// When it arrived, by the clock of the market, in milliseconds since 1970.
    pub at_ms: i64,
}

/// Counts calls as they come and go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter {
    calls: Arc<Mutex<Calls>>,
}

/// A call in flight; dropped without an answer it counts as abandoned.
#[derive(Debug)]
pub(crate) struct InFlight {
    counter: Counter,
    call: Option<Call>,
}

impl Counter {
    pub(crate) fn begin(&self, call: Call) -> InFlight {
        {
            let mut calls = self.lock();
            calls.total += 1;
            let family = calls.families.entry(call.family).or_default();
            family.calls += 1;
            family.symbols += call.symbols;
            family.max_symbols = family.max_symbols.max(call.symbols);
            family.in_flight += 1;
            family.max_in_flight = family.max_in_flight.max(family.in_flight);
            let all = calls.families.values().map(|family| family.in_flight).sum();
            calls.max_in_flight = calls.max_in_flight.max(all);
        }
        InFlight { counter: self.clone(), call: Some(call) }
    }

    pub(crate) fn snapshot(&self) -> Calls {
        self.lock().clone()
    }

    /// Sets everything to nought except what is in flight.
    pub(crate) fn reset(&self) {
        let mut calls = self.lock();
        let families: BTreeMap<_, _> = calls
            .families
            .iter()
            .filter(|(_, figures)| figures.in_flight > 0)
            .map(|(family, figures)| {
                let in_flight = figures.in_flight;
                (*family, FamilyCalls { in_flight, max_in_flight: in_flight, ..FamilyCalls::default() })
            })
            .collect();
        let max_in_flight = families.values().map(|family| family.in_flight).sum();
        *calls = Calls { max_in_flight, families, ..Calls::default() };
    }

    fn end(&self, call: Call) {
        let mut calls = self.lock();
        let family = calls.families.entry(call.family).or_default();
        family.in_flight = family.in_flight.saturating_sub(1);
        match call.status {
            Some(status) if status < 400 => family.accepted += 1,
            Some(_) => family.rejected += 1,
            None => family.abandoned += 1,
        }
        if calls.log.len() >= LOG_KEPT {
            calls.log.pop_front();
        }
        calls.log.push_back(call);
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        // Counters stay usable after a panic elsewhere; at worst one call is counted by half.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InFlight {
    pub(crate) fn answered(mut self, status: u16) {
        if let Some(call) = &mut self.call {
            call.status = Some(status);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.counter.end(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(symbols: u64) -> Call {
        Call { method: "GET".into(), path: "/".into(), family: Family::Quote, symbols, status: None, at_ms: 0 }
    }

    #[test]
    fn calls_are_counted_from_arrival_to_answer() {
        let counter = Counter::default();
        let (one, two) = (counter.begin(call(50)), counter.begin(call(20)));
        let three = counter.begin(call(1));
        one.answered(200);
        two.answered(429);
        drop(three);
        let figures = counter.snapshot().family(Family::Quote);
        assert_eq!(
            figures,
            FamilyCalls {
                calls: 3,
                accepted: 1,
                rejected: 1,
                abandoned: 1,
                symbols: 71,
                max_symbols: 50,
                in_flight: 0,
                max_in_flight: 3,
            }
        );
        counter.reset();
        assert_eq!(counter.snapshot(), Calls::default());
    }
}
