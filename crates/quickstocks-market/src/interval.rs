//! The ranges and intervals of charts, and how far back each may reach.

/// Intervals that Yahoo accepts.
pub(crate) const INTERVALS: &str = "1m, 2m, 5m, 15m, 30m, 60m, 90m, 1h, 4h, 1d, 5d, 1wk, 1mo, 3mo";

/// `validRanges` of most instruments.
pub(crate) const RANGES: [&str; 11] = ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"];

/// `validRanges` of funds, which have no price within a day.
pub(crate) const FUND_RANGES: [&str; 9] = ["1mo", "3mo", "6mo", "ytd", "1y", "2y", "5y", "10y", "max"];

/// The length of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interval {
    Minutes(i64),
    Days(i64),
    Week,
    /// One month or three.
    Months(i64),
}

impl Interval {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "1m" => Self::Minutes(1),
            "2m" => Self::Minutes(2),
            "5m" => Self::Minutes(5),
            "15m" => Self::Minutes(15),
            "30m" => Self::Minutes(30),
            "60m" | "1h" => Self::Minutes(60),
            "90m" => Self::Minutes(90),
            "4h" => Self::Minutes(240),
            "1d" => Self::Days(1),
            "5d" => Self::Days(5),
            "1wk" => Self::Week,
            "1mo" => Self::Months(1),
            "3mo" => Self::Months(3),
            _ => return None,
        })
    }

    pub(crate) fn is_intraday(self) -> bool {
        matches!(self, Self::Minutes(_))
    }

    /// How many days back bars exist.
    pub(crate) fn days_back(self) -> Option<i64> {
        match self {
            Self::Minutes(1) => Some(30),
            Self::Minutes(2..=30 | 90) => Some(60),
            Self::Minutes(_) => Some(730),
            _ => None,
        }
    }

    /// How many days one request may span.
    pub(crate) fn days_per_request(self) -> Option<i64> {
        (self == Self::Minutes(1)).then_some(8)
    }

    /// `dataGranularity` of the flat spark answer, in seconds.
    pub(crate) fn seconds(self) -> i64 {
        match self {
            Self::Minutes(minutes) => minutes * 60,
            Self::Days(days) => days * 86_400,
            Self::Week => 604_800,
            Self::Months(months) => months * 2_592_000,
        }
    }
}
