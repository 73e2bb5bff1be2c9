//! A shared list as text for a terminal.

mod plain;
mod table;

pub use plain::plain;
pub use table::table;
