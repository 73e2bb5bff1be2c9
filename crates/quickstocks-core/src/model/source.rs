use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{TickNumber, Timestamp};

/// Where prices come from. The user interface says so when they are not real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Yahoo Finance.
    Yahoo,
    /// The simulated exchange.
    Simulated,
    /// Recorded answers of Yahoo Finance.
    Replay,
}

/// How the source is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Nothing has been polled yet.
    #[default]
    Starting,
    /// All is well.
    Ok,
    /// Prices come, through a poorer endpoint or for a part of the symbols.
    Degraded,
    /// The source answers, and says no.
    Refused,
    /// The source does not answer, or not with anything we understand.
    Unreachable,
}

/// Why the source is not `ok`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceReason {
    /// It answered 429.
    RateLimited,
    /// It refused the cookie or the crumb.
    SessionRefused,
    /// It could not be reached in time, or answered 5xx.
    Unreachable,
    /// Its answer could not be read.
    BadAnswer,
    /// The budget of calls for this hour is spent.
    BudgetSpent,
}

/// How the source is doing, as every frame tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceHealth {
    /// How it is doing.
    pub state: SourceState,
    /// Seconds within which everything wanted is confirmed while the state is ok.
    pub interval: u32,
    /// Why it is not ok.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SourceReason>,
    /// When the next attempt is due, while it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// When it last answered with prices, while it is not ok.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ok_at: Option<Timestamp>,
}

impl SourceHealth {
    /// Whether somebody who was told `self` should be told `newer`: the state or the reason changed.
    pub fn changed_to(&self, newer: &Self) -> bool {
        self.state != newer.state || self.reason != newer.reason
    }
}

/// What the last tick left behind; what `/status`, `hello` and `pong` tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// The last tick.
    pub tick: TickNumber,
    /// When its poll was made.
    pub polled_at: Timestamp,
    /// The last tick whose changes were handed to the dispatchers; less than `tick` when publishing failed.
    #[serde(default)]
    pub published: TickNumber,
    /// How the source was doing then.
    pub health: SourceHealth,
    /// How many symbols are wanted on screen.
    pub on_screen: u32,
    /// How many are wanted for an armed alert.
    pub armed: u32,
    /// How many are only followed.
    pub followed: u32,
    /// Seconds between two polls of a symbol on screen whose market is open.
    pub on_screen_interval: u32,
    /// The same for a symbol with an armed alert.
    pub armed_interval: u32,
    /// The same for a symbol that is only followed.
    pub followed_interval: u32,
}

/// A session with the source: a cookie and the crumb bound to it. Neither is of use without the other,
/// so they are fetched, shared and dropped together. `Debug` prints neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSession {
    /// The cookie header's value.
    pub cookie: String,
    /// The crumb.
    pub crumb: String,
    /// When it was fetched.
    pub fetched_at: Timestamp,
}

impl SourceSession {
    /// How long a session is used before a fresh one is fetched.
    pub const LIFETIME: Duration = Duration::from_hours(24);

    /// Whether it is too old to be used at `now`.
    pub fn expired(&self, now: Timestamp) -> bool {
        now >= self.fetched_at + Self::LIFETIME
    }
}

impl std::fmt::Debug for SourceSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceSession").field("fetched_at", &self.fetched_at).finish_non_exhaustive()
    }
}

/// The circuit breaker over the source: a 429 opens it for 5 minutes, doubling to 60; when that has passed
/// one probe is let through, which closes it or opens it for twice as long. Kept in the store, so that every
/// environment stops together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// How many times in a row it opened; 0 is closed.
    pub trips: u32,
    /// No call before this moment. Also set while a probe is under way, so that there is one probe.
    pub open_until: Timestamp,
}

/// What a [`Breaker`] lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Every call.
    Closed,
    /// No call.
    Open,
    /// One call, to see whether the source is back.
    HalfOpen,
}

impl Breaker {
    /// How long the first trip lasts.
    pub const FIRST_PAUSE: Duration = Duration::from_mins(5);
    /// How long a trip lasts at the most.
    pub const LONGEST_PAUSE: Duration = Duration::from_hours(1);
    /// How long one prober has the source for itself.
    pub const PROBE_TIME: Duration = Duration::from_mins(1);

    /// What it lets through at `now`.
    pub fn state(&self, now: Timestamp) -> BreakerState {
        if self.trips == 0 {
            BreakerState::Closed
        } else if now < self.open_until {
            BreakerState::Open
        } else {
            BreakerState::HalfOpen
        }
    }

    /// The breaker after a refusal at `now`.
    #[must_use]
    pub fn tripped(&self, now: Timestamp) -> Self {
        let doubled = Self::FIRST_PAUSE.saturating_mul(1 << self.trips.min(8));
        Self { trips: self.trips.saturating_add(1), open_until: now + doubled.min(Self::LONGEST_PAUSE) }
    }

    /// The breaker while a probe is under way.
    #[must_use]
    pub fn probing(&self, now: Timestamp) -> Self {
        Self { trips: self.trips, open_until: now + Self::PROBE_TIME }
    }
}

/// How many calls the source may be asked in an hour, over all environments together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallBudget {
    /// No limit.
    Off,
    /// So many.
    PerHour(u32),
}

impl CallBudget {
    /// From a setting in which 0 switches it off.
    pub fn from_setting(calls_per_hour: u32) -> Self {
        if calls_per_hour == 0 { Self::Off } else { Self::PerHour(calls_per_hour) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breaker_pauses_5_minutes_doubling_to_60_and_lets_one_probe_through() {
        let now = Timestamp::from_seconds(1_000_000);
        let mut breaker = Breaker::default();
        assert_eq!(breaker.state(now), BreakerState::Closed);
        for minutes in [5, 10, 20, 40, 60, 60] {
            breaker = breaker.tripped(now);
            let end = now + Duration::from_mins(minutes);
            assert_eq!(breaker.open_until, end);
            assert_eq!(breaker.state(end - Duration::from_millis(1)), BreakerState::Open);
            assert_eq!(breaker.state(end), BreakerState::HalfOpen);
        }
        assert_eq!(breaker.probing(now).state(now), BreakerState::Open);
        assert_eq!(breaker.probing(now).tripped(now).trips, 7);
    }

    #[test]
    fn a_session_does_not_print_its_secrets() {
        let session = SourceSession { cookie: "A3=canary".into(), crumb: "canary".into(), fetched_at: Timestamp::default() };
        assert!(!format!("{session:?}").contains("canary"));
    }
}
