//! Symbols and their quotes, for somebody who asks now and not at the next tick.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::alerts::carry_split;
use crate::model::{Missing, MissingReason, SourceState, SourceStatus, StoredQuote, Symbol, Timestamp};
use crate::ports::{Clock, QuoteReader, QuoteSource, QuoteWriter, SourceStatusReader, SourceStatusWriter, StoreError};
use crate::recent::Recent;

/// A quote this young is the present one.
const FRESH_FOR: Duration = Duration::from_mins(2);

/// A quote this young is good enough while the source cannot be asked.
const STILL_GOOD_FOR: Duration = Duration::from_mins(15);

/// Looks up symbols: in the store first, then at the source.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Symbols {
    pub quotes: Arc<dyn QuoteReader>,
    pub quote_writer: Arc<dyn QuoteWriter>,
    pub source: Arc<dyn QuoteSource>,
    pub status: Arc<dyn SourceStatusReader>,
    pub status_writer: Arc<dyn SourceStatusWriter>,
    pub clock: Arc<dyn Clock>,
    pub unknown: UnknownSymbols,
}

/// What the source was found not to know, remembered for a while: somebody who asks for it again and again costs one call.
#[derive(Clone, Debug)]
pub struct UnknownSymbols(Arc<Recent<Symbol, MissingReason>>);

impl Default for UnknownSymbols {
    fn default() -> Self {
        // A new listing is found ten minutes late at the most.
        Self(Arc::new(Recent::new(5_000, Duration::from_mins(10))))
    }
}

/// The quotes of some symbols. Each symbol that was asked for is in one of the two lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotes {
    /// What the last tick left behind.
    pub status: SourceStatus,
    /// The quotes, in the order they were asked for.
    pub quotes: Vec<StoredQuote>,
    /// The symbols without one. `Pending` when the source could not be asked now.
    pub missing: Vec<Missing>,
    /// When it makes sense to ask again for those that are pending.
    pub retry_at: Option<Timestamp>,
}

/// Why symbols cannot be put on a list.
#[derive(Debug, thiserror::Error)]
pub enum SymbolError {
    /// The source does not know these.
    #[error("not known to the source: {}", list(.0))]
    Unknown(Vec<Symbol>),
    /// These are new here, and the source cannot be asked about them now.
    #[error("cannot be checked now, since the source does not answer: {}", list(.symbols))]
    Unchecked {
        /// Which.
        symbols: Vec<Symbol>,
        /// When it makes sense to try again.
        retry_at: Option<Timestamp>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list(symbols: &[Symbol]) -> String {
    symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(", ")
}

impl Symbols {
    /// The quotes of these symbols. Those nobody has followed yet are polled now and kept.
    pub async fn quotes(&self, symbols: &[Symbol]) -> Result<Quotes, StoreError> {
        let status = self.status.status().await?;
        let stored = self.quotes.quotes(symbols).await?;
        let mut by_symbol: BTreeMap<Symbol, StoredQuote> =
            stored.into_iter().map(|stored| (stored.quote.symbol.clone(), stored)).collect();
        let now = self.clock.now();
        let mut missing = Vec::new();
        let mut absent: Vec<Symbol> = Vec::new();
        for symbol in without_repeats(symbols).filter(|symbol| !by_symbol.contains_key(*symbol)) {
            match self.unknown.0.peek(symbol, now) {
                Some(reason) => missing.push(Missing { symbol: symbol.clone(), reason }),
                None => absent.push(symbol.clone()),
            }
        }
        let mut retry_at = None;
        if !absent.is_empty() {
            let answer = self.source.look_up(&absent).await;
            retry_at = answer.retry_at;
            if !answer.quotes.is_empty() {
                // A tick number of its own, so that a client that resyncs since an earlier tick is sent these too.
                let tick = self.status_writer.next_tick().await?;
                let polled_at = self.clock.now();
                let new: Vec<StoredQuote> =
                    answer.quotes.into_iter().map(|quote| StoredQuote { quote, tick, polled_at }).collect();
                self.quote_writer.store(&new).await?;
                by_symbol.extend(new.into_iter().map(|stored| (stored.quote.symbol.clone(), stored)));
            }
            for one in &answer.missing {
                if matches!(one.reason, MissingReason::Unknown | MissingReason::Delisted) {
                    self.unknown.0.put(one.symbol.clone(), one.reason, now);
                }
            }
            missing.extend(answer.missing);
            missing.extend(answer.unanswered.into_iter().map(|symbol| Missing { symbol, reason: MissingReason::Pending }));
        }
        let quotes = without_repeats(symbols).filter_map(|symbol| by_symbol.remove(symbol)).collect();
        Ok(Quotes { status, quotes, missing, retry_at })
    }

    /// The present quote of a symbol that is known: the stored one if it was polled lately, else the source's. `None` when the source cannot
    /// be asked and what is stored is old.
    pub async fn fresh(&self, symbol: &Symbol) -> Result<Option<StoredQuote>, StoreError> {
        let now = self.clock.now();
        let is_fresh = |stored: &StoredQuote| now.since(stored.polled_at) <= FRESH_FOR;
        let stored = self.quotes.quotes(std::slice::from_ref(symbol)).await?.pop();
        if let Some(stored) = stored.as_ref().filter(|stored| is_fresh(stored)) {
            return Ok(Some(stored.clone()));
        }
        let answer = self.source.look_up(std::slice::from_ref(symbol)).await;
        let Some(mut quote) = answer.quotes.into_iter().find(|quote| quote.symbol == *symbol) else {
            return Ok(stored.filter(|stored| now.since(stored.polled_at) <= STILL_GOOD_FOR));
        };
        if let Some(stored) = &stored {
            if answer.state == SourceState::Degraded {
                quote.complete_from(&stored.quote);
            }
            carry_split(&stored.quote, &mut quote, now);
        }
        let new = StoredQuote { quote, tick: self.status_writer.next_tick().await?, polled_at: now };
        self.quote_writer.store(std::slice::from_ref(&new)).await?;
        Ok(Some(new))
    }

    /// Checks that the source knows these symbols; one that has a stored quote needs no call.
    pub async fn check(&self, symbols: &[Symbol]) -> Result<(), SymbolError> {
        let unknown = self.unknown(symbols).await?;
        if unknown.is_empty() { Ok(()) } else { Err(SymbolError::Unknown(unknown)) }
    }

    /// Those of the symbols that the source does not know; [`SymbolError::Unchecked`] when it does not say of each.
    pub async fn unknown(&self, symbols: &[Symbol]) -> Result<Vec<Symbol>, SymbolError> {
        let found = self.quotes(symbols).await?;
        let (pending, unknown): (Vec<Missing>, Vec<Missing>) =
            found.missing.into_iter().partition(|missing| missing.reason == MissingReason::Pending);
        let names = |missing: Vec<Missing>| missing.into_iter().map(|missing| missing.symbol).collect::<Vec<_>>();
        // What is unknown is worth telling even if something else could not be checked.
        if unknown.is_empty() && !pending.is_empty() {
            return Err(SymbolError::Unchecked { symbols: names(pending), retry_at: found.retry_at });
        }
        Ok(names(unknown))
    }
}

fn without_repeats(symbols: &[Symbol]) -> impl Iterator<Item = &Symbol> {
    let mut seen = HashSet::new();
    symbols.iter().filter(move |symbol| seen.insert(*symbol))
}
