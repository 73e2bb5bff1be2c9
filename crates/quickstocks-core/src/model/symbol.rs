use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// The longest symbol there is. Yahoo's longest known are option symbols (21 characters).
pub const MAX_SYMBOL_LENGTH: usize = 32;

/// A symbol as Yahoo writes it, in upper case: `AAPL`, `BRK-B`, `^GSPC`, `EURUSD=X`, `0P000071W8.TO`.
///
/// Cheap to clone: a tick hands the same symbols to thousands of connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Symbol(Arc<str>);

/// Why a text is not a symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a symbol has 1 to {MAX_SYMBOL_LENGTH} letters, digits or . ^ = - & _ characters and starts with a letter, a digit or ^")]
pub struct InvalidSymbol;

impl Symbol {
    /// Reads a symbol, ignoring the white space around it and its case: Yahoo answers with the upper-case
    /// form whatever the request's case was.
    ///
    /// # Errors
    /// [`InvalidSymbol`] when it is empty, longer than [`MAX_SYMBOL_LENGTH`] or has a character that no symbol has.
    pub fn parse(text: &str) -> Result<Self, InvalidSymbol> {
        let text = text.trim_matches(' ');
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '^' | '=' | '-' | '&' | '_');
        let first = text.chars().next().ok_or(InvalidSymbol)?;
        if text.len() > MAX_SYMBOL_LENGTH || !(first.is_ascii_alphanumeric() || first == '^') || !text.chars().all(fits) {
            return Err(InvalidSymbol);
        }
        Ok(Self(text.to_ascii_uppercase().into()))
    }

    /// The symbol's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Symbol {
    type Err = InvalidSymbol;

    fn from_str(text: &str) -> Result<Self, InvalidSymbol> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_symbols_are_read_and_nonsense_is_refused() {
        let long = "A".repeat(MAX_SYMBOL_LENGTH);
        for (text, expect) in [
            ("AAPL", Some("AAPL")),
            ("aapl", Some("AAPL")),
            (" brk-b ", Some("BRK-B")),
            ("^GSPC", Some("^GSPC")),
            ("EURUSD=X", Some("EURUSD=X")),
            ("0P000071W8.TO", Some("0P000071W8.TO")),
            ("M&M.NS", Some("M&M.NS")),
            ("AAPL220121C00025000", Some("AAPL220121C00025000")),
            (long.as_str(), Some(long.as_str())),
            ("", None),
            (" ", None),
            ("AA PL", None),
            ("AAPL\n", None),
            ("AAPL\u{0}", None),
            ("<b>", None),
            ("ÄAPL", None),
            (".TO", None),
            ("-A", None),
            ("A,B", None),
            ("A/B", None),
        ] {
            assert_eq!(Symbol::parse(text).ok().as_ref().map(Symbol::as_str), expect, "{text:?}");
        }
        assert_eq!(Symbol::parse(&"A".repeat(MAX_SYMBOL_LENGTH + 1)), Err(InvalidSymbol));
    }
}
