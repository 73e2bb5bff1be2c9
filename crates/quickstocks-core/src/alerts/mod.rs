//! What an alert makes of quotes: the evaluator, where its target lies, splits, and who holds quotes against alerts.

mod calendar;
mod evaluate;
mod levels;
mod split;
mod watch;

pub(crate) use calendar::zone;
pub(crate) use split::carry_split;

pub use evaluate::step;
pub use levels::Levels;
pub use split::detect_split;
pub use watch::{AlertWatch, WatchReport};
