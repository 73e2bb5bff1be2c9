//! From Yahoo's bytes to the model, tolerantly: whatever a body holds, decoding it never panics, and what one entry
//! has wrong costs no other entry.

mod chart;
mod details;
mod error;
mod number;
mod quote;
mod search;
mod spark;
mod text;
mod trending;

pub use chart::{HistoryRequest, decode_chart};
pub(crate) use details::DETAIL_FIELDS;
pub use details::decode_details;
pub(crate) use error::api_error;
pub use error::{ApiError, DecodeError};
pub(crate) use quote::FIELDS;
pub use quote::decode_quotes;
pub use search::decode_search;
pub use spark::{decode_spark, decode_sparks};
pub use trending::decode_trending;

use quickstocks_core::model::{InstrumentKind, Quote, Symbol};

/// What the entries of one answer came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// The quotes.
    pub quotes: Vec<Quote>,
    /// The symbols that Yahoo answers with a stub of `quoteType` `NONE`: no longer traded.
    pub delisted: Vec<Symbol>,
    /// The symbols whose entry could not be read.
    pub malformed: Vec<Symbol>,
    /// How many entries could not even be told a symbol of.
    pub nameless: usize,
}

impl Entries {
    /// How many entries the answer had.
    pub fn len(&self) -> usize {
        self.quotes.len() + self.delisted.len() + self.malformed.len() + self.nameless
    }

    /// Whether the answer had no entry at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Yahoo's `quoteType`, `instrumentType` in charts. `ALTSYMBOL`, `ECNQUOTE` and whatever comes next are `Other`.
fn kind_of(quote_type: &str) -> InstrumentKind {
    match quote_type {
        "EQUITY" => InstrumentKind::Equity,
        "ETF" => InstrumentKind::Etf,
        "MUTUALFUND" => InstrumentKind::MutualFund,
        "MONEYMARKET" => InstrumentKind::MoneyMarket,
        "INDEX" => InstrumentKind::Index,
        "CURRENCY" => InstrumentKind::Currency,
        "CRYPTOCURRENCY" => InstrumentKind::Cryptocurrency,
        "FUTURE" => InstrumentKind::Future,
        "OPTION" => InstrumentKind::Option,
        _ => InstrumentKind::Other,
    }
}
