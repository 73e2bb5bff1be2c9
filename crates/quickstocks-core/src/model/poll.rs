use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{MissingReason, Symbol, Timestamp};

/// Why somebody wants a symbol polled, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Somebody has it on screen.
    OnScreen,
    /// An alert is armed on it.
    Armed,
    /// It is on somebody's list.
    Followed,
}

/// A wish that a symbol be polled until some moment. Leases only grow, so writing one twice, late or out of order does no harm, and
/// nobody has to count followers; only the sweep ends one, and none that was written since it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is to be polled.
    pub symbol: Symbol,
    /// Why.
    pub urgency: Urgency,
    /// Until when.
    pub until: Timestamp,
}

/// A symbol of the poll set: who wants it until when, and what the planner knows of its last poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollEntry {
    /// What is polled.
    pub symbol: Symbol,
    /// Until when somebody has it on screen.
    pub on_screen_until: Option<Timestamp>,
    /// Until when an alert is armed on it.
    pub armed_until: Option<Timestamp>,
    /// Until when it counts as on somebody's list.
    pub followed_until: Option<Timestamp>,
    /// When it was last polled, as far as it matters: not written for a symbol that is due in every tick.
    pub polled_at: Option<Timestamp>,
    /// The code of the exchange at which it rests: its market could not move when it was last polled.
    /// Absent: it moves, or nobody knows yet.
    pub rests_at: Option<Arc<str>>,
    /// Why the last poll had no quote for it, if it had none: who follows it is told once, not in every tick.
    pub missing: Option<MissingReason>,
}

/// What a poll leaves behind in a symbol's row of the poll set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollRecord {
    /// What was polled.
    pub symbol: Symbol,
    /// When; `None` makes it due at once.
    pub polled_at: Option<Timestamp>,
    /// The exchange at which it rests, if it does.
    pub rests_at: Option<Arc<str>>,
    /// Why there was no quote, if there was none.
    pub missing: Option<MissingReason>,
}

impl PollEntry {
    /// An entry that nobody wants yet.
    pub fn new(symbol: Symbol) -> Self {
        Self {
            symbol,
            on_screen_until: None,
            armed_until: None,
            followed_until: None,
            polled_at: None,
            rests_at: None,
            missing: None,
        }
    }

    /// How urgently it is wanted at `now`; `None` when every lease has run out.
    pub fn urgency(&self, now: Timestamp) -> Option<Urgency> {
        let live = |until: Option<Timestamp>| until.is_some_and(|until| until > now);
        if live(self.on_screen_until) {
            Some(Urgency::OnScreen)
        } else if live(self.armed_until) {
            Some(Urgency::Armed)
        } else if live(self.followed_until) {
            Some(Urgency::Followed)
        } else {
            None
        }
    }

    /// The last moment any lease reaches to: after it the row is of no use.
    pub fn wanted_until(&self) -> Option<Timestamp> {
        [self.on_screen_until, self.armed_until, self.followed_until].into_iter().flatten().max()
    }

    /// Extends the lease of that urgency; a shorter one changes nothing.
    pub fn extend(&mut self, urgency: Urgency, until: Timestamp) {
        let mine = match urgency {
            Urgency::OnScreen => &mut self.on_screen_until,
            Urgency::Armed => &mut self.armed_until,
            Urgency::Followed => &mut self.followed_until,
        };
        *mine = (*mine).max(Some(until));
    }
}
