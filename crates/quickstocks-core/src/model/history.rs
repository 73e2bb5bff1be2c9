use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Currency, InstrumentKind, Symbol, Timestamp};

/// A find of a symbol search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolMatch {
    /// The symbol.
    pub symbol: Symbol,
    /// The company's or instrument's name. Text from outside, never markup.
    pub name: Arc<str>,
    /// What kind of instrument it is.
    pub kind: InstrumentKind,
    /// The exchange's name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Arc<str>>,
}

/// How far back a history goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum HistoryRange {
    #[serde(rename = "1d")]
    OneDay,
    #[serde(rename = "5d")]
    FiveDays,
    #[serde(rename = "1mo")]
    OneMonth,
    #[serde(rename = "6mo")]
    SixMonths,
    #[serde(rename = "1y")]
    OneYear,
    #[serde(rename = "5y")]
    FiveYears,
    #[serde(rename = "max")]
    Max,
}

/// The time one bar of a history covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Interval {
    #[serde(rename = "1m")]
    OneMinute,
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "15m")]
    FifteenMinutes,
    #[serde(rename = "1h")]
    OneHour,
    #[serde(rename = "1d")]
    OneDay,
    #[serde(rename = "1wk")]
    OneWeek,
    #[serde(rename = "1mo")]
    OneMonth,
}

impl HistoryRange {
    /// Every range, the shortest first.
    pub const ALL: [Self; 7] =
        [Self::OneDay, Self::FiveDays, Self::OneMonth, Self::SixMonths, Self::OneYear, Self::FiveYears, Self::Max];

    /// How Yahoo and our API write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneDay => "1d",
            Self::FiveDays => "5d",
            Self::OneMonth => "1mo",
            Self::SixMonths => "6mo",
            Self::OneYear => "1y",
            Self::FiveYears => "5y",
            Self::Max => "max",
        }
    }

    /// The interval that gives a readable number of bars.
    pub const fn usual_interval(self) -> Interval {
        match self {
            Self::OneDay => Interval::FiveMinutes,
            Self::FiveDays => Interval::FifteenMinutes,
            Self::OneMonth => Interval::OneHour,
            Self::SixMonths | Self::OneYear => Interval::OneDay,
            Self::FiveYears => Interval::OneWeek,
            Self::Max => Interval::OneMonth,
        }
    }

    /// Whether the source keeps bars of this interval that far back: Yahoo keeps 1-minute bars for 8 days a
    /// request, up to 90-minute bars for 60 days and hours for 730 days.
    pub const fn has(self, interval: Interval) -> bool {
        match interval {
            Interval::OneMinute => matches!(self, Self::OneDay | Self::FiveDays),
            Interval::FiveMinutes | Interval::FifteenMinutes => matches!(self, Self::OneDay | Self::FiveDays | Self::OneMonth),
            Interval::OneHour => !matches!(self, Self::FiveYears | Self::Max),
            Interval::OneDay | Interval::OneWeek | Interval::OneMonth => true,
        }
    }
}

impl Interval {
    /// Every interval, the shortest first.
    pub const ALL: [Self; 7] =
        [Self::OneMinute, Self::FiveMinutes, Self::FifteenMinutes, Self::OneHour, Self::OneDay, Self::OneWeek, Self::OneMonth];

    /// How Yahoo and our API write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneMinute => "1m",
            Self::FiveMinutes => "5m",
            Self::FifteenMinutes => "15m",
            Self::OneHour => "1h",
            Self::OneDay => "1d",
            Self::OneWeek => "1wk",
            Self::OneMonth => "1mo",
        }
    }
}

macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(())
            }
        }
    };
}

text_form!(HistoryRange);
text_form!(Interval);

/// What traded in one interval. Any price may be missing: a halt, or the bar that is still running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// When the interval began.
    pub time: Timestamp,
    /// The first price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Decimal>,
    /// The highest price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<Decimal>,
    /// The lowest price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<Decimal>,
    /// The last price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<Decimal>,
    /// Shares traded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<u64>,
}

/// The prices of a symbol over time, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// What is quoted.
    pub symbol: Symbol,
    /// The currency of the prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The exchange's time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<Arc<str>>,
    /// How far back it goes.
    pub range: HistoryRange,
    /// What one bar covers.
    pub interval: Interval,
    /// The close before the first bar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_close: Option<Decimal>,
    /// The bars. Intervals without any price are left out.
    pub bars: Vec<Bar>,
    /// What happened to the shares in that time.
    #[serde(default)]
    pub events: HistoryEvents,
}

/// What happened to an instrument in the time of a history, the oldest first. Prices before a split are those of the new shares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEvents {
    /// Splits of its shares.
    pub splits: Vec<PastSplit>,
    /// Dividends; the day is the one from which the shares traded without it.
    pub dividends: Vec<Dividend>,
}

/// A split of shares: so many new ones for so many old ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastSplit {
    /// When the first bar of the new shares began.
    pub at: Timestamp,
    /// How many new shares there are, 4 of "4 for 1". Yahoo writes some with decimals.
    pub numerator: Decimal,
    /// For how many old ones.
    pub denominator: Decimal,
}

/// A dividend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dividend {
    /// When the first bar without it began.
    pub at: Timestamp,
    /// How much a share was paid, in the currency of the prices, made comparable over splits.
    pub amount: Decimal,
}
