//! What an alert makes of quotes: the evaluator, where its target lies, splits, and who holds quotes against alerts.

mod book;
mod calendar;
mod evaluate;
mod explain;
mod levels;
mod split;
mod watch;

use std::time::Duration;

pub(crate) use calendar::zone;
pub(crate) use split::carry_split;

pub use book::{AlertAction, AlertBook, AlertError, CheckedAlert, MAX_LIFETIME, MAX_MINUTES, MAX_RECEIPTS, SNOOZE};
pub use evaluate::step;
pub use explain::{Check, Verdict, check, lacks};
pub use levels::Levels;
pub use split::detect_split;
pub use watch::{AlertWatch, WatchReport};

/// How long a symbol is polled for an alert without being asked again: the sweep asks each day, so it may fail twice.
pub const ARMED_LEASE: Duration = Duration::from_hours(3 * 24);
