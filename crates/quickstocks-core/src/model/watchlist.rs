use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Symbol, Timestamp};

/// How many symbols a list may hold.
pub const MAX_SYMBOLS_PER_LIST: usize = 200;

/// How many lists a user may have.
pub const MAX_LISTS: usize = 20;

/// How long a note may be.
pub const MAX_NOTE_CHARS: usize = 280;

/// How long a list's name may be.
pub const MAX_LIST_NAME_CHARS: usize = 60;

/// The id of a list: 64 random bits in hex. Only its owner can reach it by the id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListId(Arc<str>);

impl ListId {
    /// The id as it was stored or asked for.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// A new id from random bytes.
    pub fn from_random(bytes: [u8; 8]) -> Self {
        Self(hex::encode(bytes).into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A named, ordered list of symbols without duplicates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watchlist {
    /// The id.
    pub id: ListId,
    /// The name its owner gave it.
    pub name: String,
    /// What is followed, in the owner's order.
    pub symbols: Vec<Symbol>,
    /// What the owner wrote about some of these symbols, and about no others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<Symbol, Note>,
    /// Grows by one with every change; what `ETag` and `If-Match` carry.
    pub version: u64,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What somebody wrote about a symbol: 1 to 280 characters, with line feeds and no other control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Note(String);

/// Why a text is no note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a note has 1 to {MAX_NOTE_CHARS} characters, and no control characters but line feeds")]
pub struct InvalidNote;

impl Note {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Note {
    type Err = InvalidNote;

    /// Takes away white space around it.
    fn from_str(text: &str) -> Result<Self, InvalidNote> {
        let text = text.trim();
        let length = text.chars().count();
        let fits = (1..=MAX_NOTE_CHARS).contains(&length) && text.chars().all(|c| c == '\n' || !c.is_control());
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidNote) }
    }
}

impl TryFrom<String> for Note {
    type Error = InvalidNote;

    fn try_from(text: String) -> Result<Self, InvalidNote> {
        text.parse()
    }
}

impl From<Note> for String {
    fn from(note: Note) -> Self {
        note.0
    }
}

/// Why a list cannot be as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWatchlist {
    /// The name is empty, too long or has control characters.
    #[error("a list's name has 1 to {MAX_LIST_NAME_CHARS} characters and no control characters")]
    Name,
    /// There are more than [`MAX_SYMBOLS_PER_LIST`] symbols.
    #[error("a list holds at most {MAX_SYMBOLS_PER_LIST} symbols")]
    TooManySymbols,
    /// A symbol is there twice.
    #[error("{0} is in the list twice")]
    Duplicate(Symbol),
    /// A note is about a symbol that is not there.
    #[error("there is a note about {0}, which is not in the list")]
    StrayNote(Symbol),
}

impl Watchlist {
    /// Checks a name, without the white space around it.
    ///
    /// # Errors
    /// [`InvalidWatchlist::Name`].
    pub fn check_name(name: &str) -> Result<String, InvalidWatchlist> {
        let name = name.trim();
        let length = name.chars().count();
        if length == 0 || length > MAX_LIST_NAME_CHARS || name.chars().any(char::is_control) {
            return Err(InvalidWatchlist::Name);
        }
        Ok(name.to_owned())
    }

    /// Checks a list's symbols.
    ///
    /// # Errors
    /// [`InvalidWatchlist::TooManySymbols`] or [`InvalidWatchlist::Duplicate`].
    pub fn check_symbols(symbols: &[Symbol]) -> Result<(), InvalidWatchlist> {
        if symbols.len() > MAX_SYMBOLS_PER_LIST {
            return Err(InvalidWatchlist::TooManySymbols);
        }
        let mut seen = HashSet::with_capacity(symbols.len());
        match symbols.iter().find(|symbol| !seen.insert(*symbol)) {
            Some(twice) => Err(InvalidWatchlist::Duplicate(twice.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_short_texts() {
        assert_eq!(" a\nb ".parse::<Note>().map(String::from), Ok("a\nb".to_owned()));
        assert!("\u{20ac}".repeat(280).parse::<Note>().is_ok());
        for bad in ["", " ", "a\tb", "a\u{0}", &"\u{20ac}".repeat(281)] {
            assert_eq!(bad.parse::<Note>(), Err(InvalidNote), "{bad:?}");
        }
    }

    #[test]
    fn names_and_symbols_are_checked() {
        assert_eq!(Watchlist::check_name("  My picks "), Ok("My picks".to_owned()));
        for bad in ["", "  ", "a\u{7}b", &"x".repeat(61)] {
            assert_eq!(Watchlist::check_name(bad), Err(InvalidWatchlist::Name), "{bad:?}");
        }
        let symbols: Vec<Symbol> = (0..=MAX_SYMBOLS_PER_LIST).map(|n| Symbol::parse(&format!("S{n}")).unwrap()).collect();
        assert_eq!(Watchlist::check_symbols(&symbols), Err(InvalidWatchlist::TooManySymbols));
        assert_eq!(Watchlist::check_symbols(&symbols[1..]), Ok(()));
        let twice = [symbols[0].clone(), symbols[1].clone(), symbols[0].clone()];
        assert_eq!(Watchlist::check_symbols(&twice), Err(InvalidWatchlist::Duplicate(symbols[0].clone())));
    }
}
