//! Finding symbols by a name, a symbol or an ISIN, in the order that a person expects, with as few calls as can be.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{InstrumentKind, SymbolMatch};
use crate::ports::{Clock, SourceError, SymbolSearch};
use crate::recent::Recent;

mod isin;

/// The longest text that is searched for, in characters.
pub const MAX_QUERY_CHARS: usize = 64;

/// The most matches that are answered. The source is always asked for that many, so that what is kept serves every limit.
pub const MAX_MATCHES: usize = 25;

/// For how long a find is kept: what companies are called changes from one day to the next at the most.
const FOUND_LIFETIME: Duration = Duration::from_hours(24);

/// How many texts' finds are kept: some 3 KB each.
const MOST_KEPT: usize = 2_000;

/// Searches, and what it works with. One of it per process: it keeps what was found.
#[derive(Clone)]
pub struct Search {
    source: Arc<dyn SymbolSearch>,
    clock: Arc<dyn Clock>,
    found: Arc<Recent<String, Arc<[SymbolMatch]>>>,
}

/// Why nothing could be searched for.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// It is no text to search for.
    #[error("a search has 1 to {MAX_QUERY_CHARS} characters and no control characters")]
    Text,
    /// It has the form of an ISIN and is none.
    #[error("this looks like an ISIN, but its last digit does not fit the others: look for a mistyped character")]
    Isin,
    /// The source could not be asked.
    #[error(transparent)]
    Source(SourceError),
}

impl Search {
    /// A search at this source.
    pub fn new(source: Arc<dyn SymbolSearch>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, found: Arc::new(Recent::new(MOST_KEPT, FOUND_LIFETIME)) }
    }

    /// The best matches for a text, best first, at most `limit`. None is no error.
    pub async fn find(&self, text: &str, limit: usize) -> Result<Vec<SymbolMatch>, SearchError> {
        let wanted = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if wanted.is_empty() || text.chars().count() > MAX_QUERY_CHARS || wanted.chars().any(char::is_control) {
            return Err(SearchError::Text);
        }
        let key = wanted.to_lowercase();
        if isin::read(&wanted) == isin::Reading::Mistyped {
            return Err(SearchError::Isin);
        }
        let load = async {
            let found = self.source.search(&wanted, MAX_MATCHES).await?;
            Ok(ranked(found, &key).into())
        };
        let found: Arc<[SymbolMatch]> = self.found.get(&key, self.clock.now(), load).await.map_err(SearchError::Source)?;
        Ok(found.iter().take(limit).cloned().collect())
    }
}

/// How well a find fits what was typed, the best first. Within one of these the source's order stands: it knows what is traded most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The very symbol.
    Symbol,
    /// The symbol without the exchange behind it: `vod` for `VOD.L`.
    Listing,
    /// The symbol or the name begins so.
    Beginning,
    /// Each word begins a word of the name, or the source knows why.
    Other,
}

/// The finds in the order that whoever typed `wanted` (in lower case) expects. Options, of which one stock has thousands, are left out
/// unless one was asked for by its symbol.
fn ranked(mut found: Vec<SymbolMatch>, wanted: &str) -> Vec<SymbolMatch> {
    found.retain(|find| find.kind != InstrumentKind::Option || find.symbol.as_str().eq_ignore_ascii_case(wanted));
    found.sort_by_key(|find| fit(find, wanted));
    found
}

fn fit(find: &SymbolMatch, wanted: &str) -> Fit {
    let symbol = find.symbol.as_str().to_ascii_lowercase();
    let bare = symbol.strip_prefix('^').unwrap_or(&symbol);
    if symbol == wanted || bare == wanted {
        Fit::Symbol
    } else if bare.split(['.', '=']).next() == Some(wanted) {
        Fit::Listing
    } else if bare.starts_with(wanted) || find.name.to_lowercase().starts_with(wanted) {
        Fit::Beginning
    } else {
        Fit::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Symbol;

    fn find(symbol: &str, name: &str, kind: InstrumentKind) -> SymbolMatch {
        SymbolMatch { symbol: Symbol::parse(symbol).unwrap(), name: name.into(), kind, exchange: None }
    }

    fn order(wanted: &str, found: &[(&str, &str)]) -> Vec<String> {
        let found = found.iter().map(|(symbol, name)| find(symbol, name, InstrumentKind::Equity)).collect();
        ranked(found, wanted).into_iter().map(|find| find.symbol.to_string()).collect()
    }

    #[test]
    fn the_very_symbol_comes_first_then_its_listings_then_what_begins_so() {
        let found = [
            ("CVX", "Chevron Corporation"),
            ("FORD", "Forward Industries, Inc."),
            ("F.MX", "Ford Motor Company"),
            ("FDX", "FedEx Corporation"),
            ("F", "Ford Motor Company"),
        ];
        assert_eq!(order("f", &found), ["F", "F.MX", "FORD", "FDX", "CVX"]);
        assert_eq!(order("ford", &found), ["FORD", "F.MX", "F", "CVX", "FDX"]);
        assert_eq!(order("gspc", &[("GSPC.L", "x"), ("^GSPC", "S&P 500")]), ["^GSPC", "GSPC.L"]);
        assert_eq!(order("eurusd", &[("EURUSD.MX", "x"), ("EURUSD=X", "EUR/USD")]), ["EURUSD.MX", "EURUSD=X"]);
        assert_eq!(order("motor", &found[1..3]), ["FORD", "F.MX"], "the source's order stands");
    }

    #[test]
    fn options_are_found_by_their_symbol_only() {
        let found = || {
            vec![
                find("AAPL", "Apple Inc.", InstrumentKind::Equity),
                find("AAPL270121C00025000", "AAPL Jan 2027 25.000 call", InstrumentKind::Option),
            ]
        };
        assert_eq!(ranked(found(), "aapl").len(), 1);
        assert_eq!(ranked(found(), "aapl270121c00025000")[0].symbol.as_str(), "AAPL270121C00025000");
    }
}
