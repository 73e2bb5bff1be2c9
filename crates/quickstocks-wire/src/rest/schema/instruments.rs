//! What is known of instruments beside their prices.

use utoipa::ToSchema;

/// The prices of a symbol over time, the oldest first.
#[derive(ToSchema)]
pub struct History {
    pub symbol: String,
    #[schema(nullable = false)]
    pub currency: Option<String>,
    #[schema(nullable = false)]
    pub time_zone: Option<String>,
    #[schema(example = "1d")]
    pub range: String,
    #[schema(example = "5m")]
    pub interval: String,
    #[schema(nullable = false)]
    pub previous_close: Option<String>,
    pub bars: Vec<Bar>,
    pub events: HistoryEvents,
}

/// What happened to an instrument in that time, the oldest first. Prices before a split are those of the new shares.
#[derive(ToSchema)]
pub struct HistoryEvents {
    pub splits: Vec<PastSplit>,
    pub dividends: Vec<Dividend>,
}

/// A split of shares.
#[derive(ToSchema)]
pub struct PastSplit {
    /// When the first bar of the new shares began.
    pub at: i64,
    /// How many new shares there are.
    #[schema(example = "4")]
    pub numerator: String,
    /// For how many old ones.
    #[schema(example = "1")]
    pub denominator: String,
}

/// A dividend.
#[derive(ToSchema)]
pub struct Dividend {
    /// When the first bar without it began.
    pub at: i64,
    /// How much a share was paid, in the currency of the prices, made comparable over splits.
    #[schema(example = "0.26")]
    pub amount: String,
}

/// Dates and figures that change slowly. An absent field is not known, or there is no such thing: a fund has no earnings.
#[derive(ToSchema)]
pub struct Details {
    /// When earnings are to be announced, or the first of the days it may be.
    #[schema(nullable = false)]
    pub earnings_at: Option<i64>,
    /// The last of those days, when the day is not known.
    #[schema(nullable = false)]
    pub earnings_until: Option<i64>,
    /// Whether that date is an estimate and not announced.
    #[schema(nullable = false)]
    pub earnings_estimated: Option<bool>,
    /// When earnings were announced last.
    #[schema(nullable = false)]
    pub last_earnings_at: Option<i64>,
    /// When the last known dividend is or was paid.
    #[schema(nullable = false)]
    pub dividend_at: Option<i64>,
    /// The dividends that are expected in a year, a share.
    #[schema(example = "1.04", nullable = false)]
    pub dividend_rate: Option<String>,
    /// The same, in percent of the price.
    #[schema(example = "0.45", nullable = false)]
    pub dividend_yield: Option<String>,
    /// The dividends of the last twelve months, a share.
    #[schema(nullable = false)]
    pub trailing_dividend_rate: Option<String>,
    /// The same, in percent of the previous close.
    #[schema(nullable = false)]
    pub trailing_dividend_yield: Option<String>,
    /// The earnings of the last twelve months, a share.
    #[schema(example = "6.59", nullable = false)]
    pub eps: Option<String>,
    /// The earnings that are expected in the coming year, a share.
    #[schema(nullable = false)]
    pub forward_eps: Option<String>,
    /// The price over those.
    #[schema(nullable = false)]
    pub forward_pe: Option<String>,
    /// The price over the book value.
    #[schema(nullable = false)]
    pub price_to_book: Option<String>,
    /// How many shares there are.
    #[schema(nullable = false)]
    pub shares: Option<u64>,
    /// The average price of the last 50 sessions.
    #[schema(nullable = false)]
    pub average_50_days: Option<String>,
    /// The average price of the last 200 sessions.
    #[schema(nullable = false)]
    pub average_200_days: Option<String>,
    /// The currency of what is told a share: the major one where prices are in pence.
    #[schema(example = "USD", nullable = false)]
    pub currency: Option<String>,
}

/// The closes of a symbol's last session, thinned out for a small drawing.
#[derive(ToSchema)]
pub struct Spark {
    /// When the first interval began.
    pub from: i64,
    /// When the last one began.
    pub until: i64,
    /// The close of the session before.
    #[schema(nullable = false)]
    pub previous_close: Option<String>,
    /// The last price of each interval, the oldest first; at least one.
    #[schema(example = json!(["269.4", "269.7"]))]
    pub closes: Vec<String>,
}

/// A symbol with its name, where that is known here.
#[derive(ToSchema)]
pub struct Named {
    pub symbol: String,
    #[schema(nullable = false)]
    pub name: Option<String>,
}

/// A symbol and how many follow it here.
#[derive(ToSchema)]
pub struct MostFollowed {
    pub symbol: String,
    #[schema(nullable = false)]
    pub name: Option<String>,
    pub followers: u32,
}

/// What traded in one interval.
#[derive(ToSchema)]
pub struct Bar {
    pub time: i64,
    #[schema(nullable = false)]
    pub open: Option<String>,
    #[schema(nullable = false)]
    pub high: Option<String>,
    #[schema(nullable = false)]
    pub low: Option<String>,
    #[schema(nullable = false)]
    pub close: Option<String>,
    #[schema(nullable = false)]
    pub volume: Option<u64>,
}
