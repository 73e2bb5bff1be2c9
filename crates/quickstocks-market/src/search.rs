//! `/v1/finance/search`: ranks instruments for a query.

use crate::json::{Object, array, double};

/// What a search result shows and what it is found by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) symbol: String,
    pub(crate) short_name: String,
    pub(crate) long_name: Option<String>,
    pub(crate) quote_type: String,
    pub(crate) type_display: String,
    pub(crate) exchange: String,
    pub(crate) exchange_display: String,
    pub(crate) sector: String,
    pub(crate) industry: String,
    pub(crate) isin: Option<String>,
    /// Breaks ties: what is traded most is looked for most.
    pub(crate) popularity: f64,
}

/// How well an entry matches; better ones compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Substring,
    LaterWord,
    NamePrefix,
    SymbolPrefix,
    Exact,
}

/// The body for a query, with at most `count` results.
pub(crate) fn body(entries: &[Entry], query: &str, count: usize) -> String {
    let found = rank(entries, query);
    envelope(found.iter().take(count).map(|(entry, score)| result(entry, *score)))
}

/// The entries that match, best first, each with its score.
pub(crate) fn rank<'a>(entries: &'a [Entry], query: &str) -> Vec<(&'a Entry, f64)> {
    let symbol = query.trim().to_uppercase();
    let words = normalised(query);
    if symbol.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(&Entry, f64)> =
        entries.iter().filter_map(|entry| Some((entry, score(matches(entry, &symbol, &words)?, entry.popularity)))).collect();
    found.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.symbol.cmp(&right.0.symbol)));
    found
}

fn matches(entry: &Entry, symbol: &str, words: &str) -> Option<Match> {
    let own = entry.symbol.to_uppercase();
    // An index is looked for without its caret.
    let bare = own.trim_start_matches('^');
    if own == symbol || bare == symbol || entry.isin.as_deref() == Some(symbol) {
        return Some(Match::Exact);
    }
    if own.starts_with(symbol) || bare.starts_with(symbol) {
        return Some(Match::SymbolPrefix);
    }
    if words.is_empty() {
        return None;
    }
    let names = [Some(&entry.short_name), entry.long_name.as_ref()];
    let names = names.into_iter().flatten().map(|name| normalised(name));
    let by_name = names.filter_map(|name| match_name(&name, words)).max();
    by_name.or_else(|| own.contains(symbol).then_some(Match::Substring))
}

fn match_name(name: &str, words: &str) -> Option<Match> {
    if name.starts_with(words) {
        return Some(Match::NamePrefix);
    }
    // Each word of the query begins some word of the name.
    let begins = |word: &str| name.split(' ').any(|own| own.starts_with(word));
    if words.split(' ').all(begins) {
        return Some(Match::LaterWord);
    }
    name.contains(words).then_some(Match::Substring)
}

/// Lower case without accents and punctuation: `L'Oréal S.A.` becomes `loreal sa`.
fn normalised(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            '\'' | '’' | '.' => {}
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => words.push('a'),
            'ç' => words.push('c'),
            'è' | 'é' | 'ê' | 'ë' => words.push('e'),
            'ì' | 'í' | 'î' | 'ï' => words.push('i'),
            'ñ' => words.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => words.push('o'),
            'ù' | 'ú' | 'û' | 'ü' => words.push('u'),
            'æ' => words.push_str("ae"),
            letter if letter.is_alphanumeric() => words.push(letter),
            _ if words.ends_with(' ') || words.is_empty() => {}
            _ => words.push(' '),
        }
    }
    words.trim_end().to_owned()
}

fn score(how: Match, popularity: f64) -> f64 {
    let base = match how {
        Match::Exact => 2_000_000.0,
        Match::SymbolPrefix => 40_000.0,
        Match::NamePrefix => 30_000.0,
        Match::LaterWord => 20_000.0,
        Match::Substring => 10_000.0,
    };
    // Turnover runs from nought to about 1e14, so the tie-break stays below the distance of the tiers.
    base + (popularity.max(1.0).ln() * 250.0).min(9_999.0).floor()
}

fn result(entry: &Entry, score: f64) -> String {
    let mut quote = Object::new();
    quote
        .text("exchange", &entry.exchange)
        .text("shortname", &entry.short_name)
        .text("quoteType", &entry.quote_type)
        .text("symbol", &entry.symbol)
        .text("index", "quotes")
        .raw("score", double(score))
        .text("typeDisp", &entry.type_display);
    if let Some(name) = &entry.long_name {
        quote.text("longname", name);
    }
    quote.text("exchDisp", &entry.exchange_display);
    if !entry.sector.is_empty() {
        quote
            .text("sector", &entry.sector)
            .text("sectorDisp", &entry.sector)
            .text("industry", &entry.industry)
            .text("industryDisp", &entry.industry);
    }
    quote.flag("isYahooFinance", true);
    quote.finish()
}

fn envelope(quotes: impl Iterator<Item = String>) -> String {
    let quotes: Vec<String> = quotes.collect();
    let mut body = Object::new();
    body.raw("explains", "[]").raw("count", quotes.len().to_string()).raw("quotes", array(&quotes));
    for list in ["news", "nav", "lists", "researchReports", "screenerFieldResults"] {
        body.raw(list, "[]");
    }
    for (name, value) in [
        ("totalTime", 21),
        ("timeTakenForQuotes", 418),
        ("timeTakenForNews", 0),
        ("timeTakenForAlgowatchlist", 400),
        ("timeTakenForPredefinedScreener", 400),
        ("timeTakenForCrunchbase", 0),
        ("timeTakenForNav", 400),
        ("timeTakenForResearchReports", 0),
        ("timeTakenForScreenerField", 0),
        ("timeTakenForCulturalAssets", 0),
        ("timeTakenForSearchLists", 0),
    ] {
        body.int(name, value);
    }
    body.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_accents_and_punctuation() {
        for (text, expected) in [
            ("L'Oréal S.A.", "loreal sa"),
            ("A.P. Møller - Mærsk A/S", "ap moller maersk a s"),
            ("  AT&T Inc. ", "at t inc"),
            ("McDonald's", "mcdonalds"),
        ] {
            assert_eq!(normalised(text), expected);
        }
    }
}
