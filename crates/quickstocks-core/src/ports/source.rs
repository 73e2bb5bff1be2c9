use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::model::{
    Details, History, HistoryRange, Interval, Missing, Quote, SourceReason, SourceState, Spark, Symbol, SymbolMatch, Timestamp,
};

/// What a poll brought. Every symbol asked for is in exactly one of the three lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceAnswer {
    /// The quotes.
    pub quotes: Vec<Quote>,
    /// The symbols the source says it has no quote for.
    pub missing: Vec<Missing>,
    /// The symbols about which the source said nothing: a call failed, or an answer was suspect. Their last-good quotes stand.
    pub unanswered: Vec<Symbol>,
    /// How the source did.
    pub state: SourceState,
    /// Why it is not ok.
    pub reason: Option<SourceReason>,
    /// When it makes sense to ask again, if the source was not asked or refused.
    pub retry_at: Option<Timestamp>,
    /// How many calls were made to the source, those for the session included.
    pub calls: u32,
}

/// Where quotes come from.
#[async_trait]
pub trait QuoteSource: Send + Sync {
    /// Polls the symbols (none twice) in the fewest calls the source allows. MUST NOT fail: whatever happens is told by the answer.
    /// MUST NOT retry what the source refused, and MUST end within its time-outs.
    async fn poll(&self, symbols: &[Symbol]) -> SourceAnswer;

    /// Polls the symbols for somebody who asks between two ticks. The same as [`Self::poll`], except that where the calls are counted it
    /// MUST leave those alone that the ticks need: what one person asks for must not stop everybody's prices.
    async fn look_up(&self, symbols: &[Symbol]) -> SourceAnswer;

    /// How many symbols one call holds: what the planner reckons with.
    fn symbols_per_call(&self) -> usize;
}

/// Why a search or a history could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The source does not know the symbol.
    #[error("the source does not know the symbol")]
    NotFound,
    /// The source has no data of that kind for the symbol: too far back for the interval, for one.
    #[error("the source has no such data: {0}")]
    NoData(String),
    /// The source refuses, or is not asked because it refused lately or the budget is spent.
    #[error("the source refuses requests")]
    Refused {
        /// When it makes sense to ask again.
        retry_at: Option<Timestamp>,
    },
    /// It could not be reached in time, or failed.
    #[error("the source is unreachable")]
    Unreachable(#[source] super::BoxError),
    /// It answered something that cannot be read.
    #[error("the source's answer cannot be read")]
    BadAnswer(#[source] super::BoxError),
}

/// Finds symbols by name or symbol.
#[async_trait]
pub trait SymbolSearch: Send + Sync {
    /// The best matches, best first, at most `limit`. None is no error.
    async fn search(&self, query: &str, limit: usize) -> Result<Vec<SymbolMatch>, SourceError>;
}

/// Reads prices of the past.
#[async_trait]
pub trait HistorySource: Send + Sync {
    /// The bars of a symbol, the oldest first.
    async fn history(&self, symbol: &Symbol, range: HistoryRange, interval: Interval) -> Result<History, SourceError>;
}

/// Reads what is known of instruments beside their prices. What it answers changes slowly: callers keep it.
#[async_trait]
pub trait ReferenceSource: Send + Sync {
    /// Dates and figures of one instrument.
    async fn details(&self, symbol: &Symbol) -> Result<Details, SourceError>;

    /// The last session's closes of these symbols (none twice), in the fewest calls the source allows. A symbol about which the source
    /// has none has `None`; one whose call failed is not in the answer. Fails only when no call was answered.
    async fn sparks(&self, symbols: &[Symbol]) -> Result<BTreeMap<Symbol, Option<Spark>>, SourceError>;

    /// The symbols that most people look at now, the most wanted first.
    async fn trending(&self) -> Result<Vec<Symbol>, SourceError>;
}
