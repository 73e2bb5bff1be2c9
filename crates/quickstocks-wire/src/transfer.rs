//! Watchlists as files: out as JSON or CSV, in from these two, from a portfolio that Yahoo Finance exported, and from plain
//! symbols. What was written reads back as the very same lists.

use quickstocks_core::model::Symbol;
use serde::{Deserialize, Serialize};

mod read;
mod write;

pub use read::{Rejected, Rejection, UnreadableFile, read, read_json};
pub use write::{write_csv, write_json};

/// What the JSON form calls itself.
const FORMAT: &str = "quickstocks.watchlists";

/// The JSON form's version. A file of a later one is refused.
const VERSION: u32 = 1;

/// A list on its way out or in. Unlike a stored list it has no id: a file may go to another account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortableList {
    /// The name; `None` in a file that names none.
    pub name: Option<String>,
    /// The symbols in their order, none twice.
    pub entries: Vec<PortableEntry>,
}

/// A symbol on such a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortableEntry {
    /// The symbol.
    pub symbol: Symbol,
    /// What its owner wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Our own JSON.
    Json,
    /// Our own CSV: watchlist, symbol, note.
    Csv,
    /// A table with a column of symbols, such as a portfolio that Yahoo Finance exported.
    Portfolio,
    /// Nothing but symbols.
    Symbols,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortableFile {
    /// Its form.
    pub kind: FileKind,
    /// Its lists, in their order.
    pub lists: Vec<PortableList>,
    /// What could not be used.
    pub rejected: Vec<Rejected>,
}

#[cfg(test)]
mod tests;
