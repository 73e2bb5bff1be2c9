//! What an alert makes of quotes: the evaluator, where its target lies, and splits.

mod calendar;
mod evaluate;
mod levels;
mod split;

pub(crate) use split::carry_split;

pub use evaluate::step;
pub use levels::Levels;
pub use split::detect_split;
