//! What this client relies on of Yahoo, asked of the real service (or of another server that speaks like it): one call or two for each
//! promise, so that an operator learns of a change before the users do. `cargo xtask yahoo-check` runs it.

use std::fmt;

use quickstocks_core::model::{HistoryRange, InstrumentKind, Interval, Quote, SourceState, Symbol, SymbolMatch};
use quickstocks_core::ports::{HistorySource, QuoteSource, ReferenceSource, SourceError, SymbolSearch};

use crate::YahooClient;

/// What was asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is relied on.
    pub promise: &'static str,
    /// What was seen, in a few words; the error is what is wrong.
    pub outcome: Result<String, String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Ok(seen) => write!(f, "ok    {}: {seen}", self.promise),
            Err(wrong) => write!(f, "WRONG {}: {wrong}", self.promise),
        }
    }
}

/// One instrument of each kind that people follow: what a quote of it must have.
const QUOTED: [(&str, InstrumentKind); 6] = [
    ("AAPL", InstrumentKind::Equity),
    ("VOD.L", InstrumentKind::Equity),
    ("SPY", InstrumentKind::Etf),
    ("^GSPC", InstrumentKind::Index),
    ("EURUSD=X", InstrumentKind::Currency),
    ("BTC-USD", InstrumentKind::Cryptocurrency),
];

/// No symbol of any exchange.
const NONSENSE: &str = "QSNOSUCH1";

/// Asks for everything once, some twelve calls in all, the session's included. The findings come in the order of what matters most.
pub async fn check(client: &YahooClient) -> Vec<Finding> {
    let apple = symbol("AAPL");
    let finding = |promise, outcome| Finding { promise, outcome };
    vec![
        finding("a session is had and v7 answers quotes of six kinds", quotes(client).await),
        finding("details are told", details(client, &apple).await),
        finding("spark answers closes without a session", sparks(client, &apple).await),
        finding("a chart of a day has bars of five minutes", day(client, &apple).await),
        finding("a chart of everything has its splits and dividends", events(client, &apple).await),
        finding("a search by name finds the company", search(client, "apple", &apple).await),
        finding("a search by ISIN finds the company", search(client, "US0378331005", &apple).await),
        finding("what trends is told", trending(client).await),
    ]
}

fn symbol(text: &str) -> Symbol {
    // Each is one of this file's own.
    Symbol::parse(text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

fn said(error: &SourceError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

async fn quotes(client: &YahooClient) -> Result<String, String> {
    let wanted: Vec<Symbol> = QUOTED.iter().map(|(text, _)| symbol(text)).chain([symbol(NONSENSE)]).collect();
    let answer = client.poll(&wanted).await;
    if answer.state != SourceState::Ok {
        return Err(format!("the poll is {:?} because of {:?}", answer.state, answer.reason));
    }
    let mut wrong = Vec::new();
    for (text, kind) in QUOTED {
        match answer.quotes.iter().find(|quote| quote.symbol == symbol(text)) {
            None => wrong.push(format!("{text} is missing")),
            Some(quote) if quote.kind != kind => wrong.push(format!("{text} is a {:?}", quote.kind)),
            Some(quote) => wrong.extend(lacks(quote).map(|field| format!("{text} has no {field}"))),
        }
    }
    if !answer.missing.iter().any(|missing| missing.symbol == symbol(NONSENSE)) {
        wrong.push(format!("{NONSENSE} is not left out"));
    }
    if wrong.is_empty() { Ok(format!("{} quotes in {} calls", answer.quotes.len(), answer.calls)) } else { Err(wrong.join(", ")) }
}

/// What a board cannot do without.
fn lacks(quote: &Quote) -> impl Iterator<Item = &'static str> {
    let there = [
        ("price", quote.price.is_some()),
        ("change", quote.change.is_some()),
        ("currency", quote.currency.is_some()),
        ("exchange", quote.exchange.is_some()),
        ("time zone", quote.time_zone.is_some()),
        ("delay", quote.delay_minutes.is_some()),
        ("time", quote.as_of.millis() > 0),
        ("name", *quote.name != *quote.symbol.as_str()),
    ];
    there.into_iter().filter(|(_, there)| !there).map(|(field, _)| field)
}

async fn details(client: &YahooClient, apple: &Symbol) -> Result<String, String> {
    let details = client.details(apple).await.map_err(|error| said(&error))?;
    match (details.eps, details.shares, details.dividend_at, details.earnings_at.or(details.last_earnings_at)) {
        (Some(eps), Some(shares), Some(_), Some(_)) => Ok(format!("{shares} shares that earn {eps} each")),
        _ => Err(format!("something is missing in {details:?}")),
    }
}

async fn sparks(client: &YahooClient, apple: &Symbol) -> Result<String, String> {
    let sparks = client.sparks(&[apple.clone(), symbol(NONSENSE)]).await.map_err(|error| said(&error))?;
    match sparks.get(apple) {
        Some(Some(spark)) => Ok(format!("{} closes", spark.closes.len())),
        _ => Err("there is none of AAPL".to_owned()),
    }
}

async fn day(client: &YahooClient, apple: &Symbol) -> Result<String, String> {
    let history = client.history(apple, HistoryRange::OneDay, Interval::FiveMinutes).await.map_err(|error| said(&error))?;
    let priced = history.bars.iter().filter(|bar| bar.close.is_some()).count();
    if priced > 0 { Ok(format!("{priced} bars with a close")) } else { Err("no bar has a close".to_owned()) }
}

async fn events(client: &YahooClient, apple: &Symbol) -> Result<String, String> {
    let history = client.history(apple, HistoryRange::Max, Interval::OneMonth).await.map_err(|error| said(&error))?;
    let (splits, dividends) = (history.events.splits.len(), history.events.dividends.len());
    let seen = format!("{} bars, {splits} splits, {dividends} dividends", history.bars.len());
    if splits > 0 && dividends > 0 { Ok(seen) } else { Err(seen) }
}

async fn search(client: &YahooClient, text: &str, wanted: &Symbol) -> Result<String, String> {
    let found: Vec<SymbolMatch> = client.search(text, 10).await.map_err(|error| said(&error))?;
    match found.iter().position(|find| find.symbol == *wanted) {
        Some(place) => Ok(format!("{} finds, it is number {}", found.len(), place + 1)),
        None => Err(format!("it is not among {} finds", found.len())),
    }
}

async fn trending(client: &YahooClient) -> Result<String, String> {
    let symbols = client.trending().await.map_err(|error| said(&error))?;
    if symbols.is_empty() { Err("nothing".to_owned()) } else { Ok(format!("{} symbols", symbols.len())) }
}
