//! The clock of the market: real time, a simulated time that runs, or a frozen one.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Where the clock stands when the market starts.
#[derive(Debug)]
pub(crate) struct Clock {
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// The time of the machine.
    Real,
    /// Simulated: `base_ms` at `since`, running at the speed of real time.
    Running { base_ms: i64, since: Instant },
    /// Standing still.
    Frozen { at_ms: i64 },
}

impl Clock {
    pub(crate) fn new(start_ms: Option<i64>, frozen: bool) -> Self {
        let state = match (start_ms, frozen) {
            (None, false) => State::Real,
            (Some(base_ms), false) => State::Running { base_ms, since: Instant::now() },
            (start, true) => State::Frozen { at_ms: start.unwrap_or_else(machine_now_ms) },
        };
        Self { state: Mutex::new(state) }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        now(&self.lock())
    }

    pub(crate) fn is_frozen(&self) -> bool {
        matches!(*self.lock(), State::Frozen { .. })
    }

    pub(crate) fn freeze(&self) {
        let mut state = self.lock();
        *state = State::Frozen { at_ms: now(&state) };
    }

    /// Lets a frozen clock run on from where it stands.
    pub(crate) fn run(&self) {
        let mut state = self.lock();
        if let State::Frozen { at_ms } = *state {
            *state = State::Running { base_ms: at_ms, since: Instant::now() };
        }
    }

    /// Moves the clock to a time; a frozen clock stays frozen.
    pub(crate) fn set_ms(&self, to_ms: i64) {
        let mut state = self.lock();
        *state = match *state {
            State::Frozen { .. } => State::Frozen { at_ms: to_ms },
            State::Real | State::Running { .. } => State::Running { base_ms: to_ms, since: Instant::now() },
        };
    }

    pub(crate) fn advance_ms(&self, by_ms: i64) {
        let to_ms = self.now_ms().saturating_add(by_ms);
        self.set_ms(to_ms);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is a plain value that is replaced whole, so a poisoned lock still holds a good one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now(state: &State) -> i64 {
    match *state {
        State::Real => machine_now_ms(),
        State::Running { base_ms, since } => {
            base_ms.saturating_add(i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX))
        }
        State::Frozen { at_ms } => at_ms,
    }
}

fn machine_now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let clock = Clock::new(Some(1_000), true);
        assert_eq!(clock.now_ms(), 1_000);
        clock.advance_ms(500);
        assert_eq!(clock.now_ms(), 1_500);
        clock.set_ms(90);
        assert_eq!(clock.now_ms(), 90);
        assert!(clock.is_frozen());
    }

    #[test]
    fn a_simulated_clock_runs_from_its_start() {
        let clock = Clock::new(Some(5_000_000), false);
        assert!((5_000_000..5_060_000).contains(&clock.now_ms()));
        clock.freeze();
        let at = clock.now_ms();
        assert_eq!(clock.now_ms(), at);
        clock.run();
        assert!(!clock.is_frozen());
        assert!(clock.now_ms() >= at);
    }
}
