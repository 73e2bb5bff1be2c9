use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use std::sync::Arc;

use super::{Currency, Symbol, Timestamp};

/// What is known of an instrument beside its price: what changes from one quarter to the next. An absent field is a fact that the
/// source did not give, or that there is none of: a fund has no earnings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// When earnings are to be announced, or the first of the days it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earnings_at: Option<Timestamp>,
    /// The last of the days it may be, when the day is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earnings_until: Option<Timestamp>,
    /// Whether that date is an estimate and not announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earnings_estimated: Option<bool>,
    /// When earnings were announced last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_earnings_at: Option<Timestamp>,
    /// When the last known dividend is or was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dividend_at: Option<Timestamp>,
    /// The dividends that are expected in a year, a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dividend_rate: Option<Decimal>,
    /// The same, in percent of the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dividend_yield: Option<Decimal>,
    /// The dividends of the last twelve months, a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trailing_dividend_rate: Option<Decimal>,
    /// The same, in percent of the previous close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trailing_dividend_yield: Option<Decimal>,
    /// The earnings of the last twelve months, a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eps: Option<Decimal>,
    /// The earnings that are expected in the coming year, a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_eps: Option<Decimal>,
    /// The price over those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_pe: Option<Decimal>,
    /// The price over the book value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_to_book: Option<Decimal>,
    /// How many shares there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<u64>,
    /// The average price of the last 50 sessions, in the currency of the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_50_days: Option<Decimal>,
    /// The average price of the last 200 sessions, in the currency of the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_200_days: Option<Decimal>,
    /// The currency of what is told a share here. It is the major one where prices are in pence (`GBP` for `GBp`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

/// The closes of one symbol's last session, thinned out for a small drawing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spark {
    /// When the first interval began.
    pub from: Timestamp,
    /// When the last one began.
    pub until: Timestamp,
    /// The close of the session before, which a drawing compares with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_close: Option<Decimal>,
    /// The last price of each interval, the oldest first; there is at least one.
    pub closes: Vec<Decimal>,
}

/// A symbol and how many follow it here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// What is followed.
    pub symbol: Symbol,
    /// By how many users; a lower bound where there are very many symbols.
    pub followers: u32,
}

/// A symbol with its name, where a list of symbols is shown to somebody who may know none of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The symbol.
    pub symbol: Symbol,
    /// The name, when the symbol's quote is known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
}
