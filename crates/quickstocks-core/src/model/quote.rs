use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Symbol, TickNumber, Timestamp};

/// What kind of instrument a quote is for. Yahoo's `quoteType`, which is not stable over time:
/// a suspended equity was seen to become a mutual fund.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentKind {
    /// A share of a company.
    Equity,
    /// An exchange-traded fund.
    Etf,
    /// A mutual fund; it has no day range and no volume.
    MutualFund,
    /// A money market fund; its price is 1 and it has no previous close.
    MoneyMarket,
    /// An index such as `^GSPC`.
    Index,
    /// A pair of currencies such as `EURUSD=X`.
    Currency,
    /// A crypto pair such as `BTC-USD`, whose change is over the last 24 hours.
    Cryptocurrency,
    /// A futures contract.
    Future,
    /// An option contract.
    Option,
    /// Anything else Yahoo may come up with.
    #[default]
    #[serde(other)]
    Other,
}

/// Where an instrument's market stands. Yahoo's `marketState`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketState {
    /// Before pre-market trading opens (`PREPRE`).
    PrePre,
    /// Pre-market trading.
    Pre,
    /// The regular session.
    Regular,
    /// Post-market trading.
    Post,
    /// After post-market trading (`POSTPOST`).
    PostPost,
    /// Night, week-end or holiday.
    Closed,
    /// A state we do not know, or none given.
    #[default]
    #[serde(other)]
    Unknown,
}

impl MarketState {
    /// Whether a price of this market can move now. An unknown state counts as yes: to poll too often
    /// costs a little, to miss prices costs everything.
    pub fn can_move(self) -> bool {
        matches!(self, Self::Pre | Self::Regular | Self::Post | Self::Unknown)
    }
}

/// A currency code with its case kept: `GBp` is a hundredth of `GBP`, `ZAc` of `ZAR`, `ILA` of `ILS`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(Arc<str>);

impl Currency {
    /// The code as the source writes it.
    pub fn new(code: &str) -> Self {
        Self(code.into())
    }

    /// The code, case kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The major currency and how many of this unit make one of it: `GBp` is (`GBP`, 100), `USD` is (`USD`, 1).
    pub fn major(&self) -> (&str, u32) {
        match self.as_str() {
            "GBp" | "GBX" => ("GBP", 100),
            "ZAc" => ("ZAR", 100),
            "ILA" => ("ILS", 100),
            "USX" => ("USD", 100),
            code => (code, 1),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A session outside the regular one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Session {
    /// Before the regular session.
    Pre,
    /// After the regular session.
    Post,
}

/// A price from before or after the regular session, beside the regular one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extended {
    /// Which session it is from.
    pub session: Session,
    /// The price, in the quote's currency.
    pub price: Decimal,
    /// The change against the regular session's price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Decimal>,
    /// That change in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_percent: Option<Decimal>,
    /// When the exchange dated it.
    pub as_of: Timestamp,
}

/// Everything known of an instrument's price at one moment. Only the symbol is always there;
/// an absent field is a fact the source did not give, never zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What is quoted.
    pub symbol: Symbol,
    /// The title: the company's long name, else its short name, else the symbol. Text from outside, never markup.
    pub name: Arc<str>,
    /// What kind of instrument it is.
    pub kind: InstrumentKind,
    /// The exchange's name for people, such as `NasdaqGS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Arc<str>>,
    /// The source's short code of the exchange, such as `NMS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_code: Option<Arc<str>>,
    /// The exchange's time zone, such as `America/New_York`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<Arc<str>>,
    /// The currency of every price here. (Not of `market_cap`, which is in the major unit.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The last price of the regular session. Absent for the stubs Yahoo serves for some funds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Decimal>,
    /// How many decimals a price has.
    #[serde(default = "default_price_hint")]
    pub price_hint: u8,
    /// Price minus previous close; for crypto, over the last 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Decimal>,
    /// That change in percent, two decimals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_percent: Option<Decimal>,
    /// The close of the session before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_close: Option<Decimal>,
    /// The first price of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Decimal>,
    /// The lowest price of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_low: Option<Decimal>,
    /// The highest price of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_high: Option<Decimal>,
    /// Shares traded in the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<u64>,
    /// Shares traded in a session, on the average of three months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_volume: Option<u64>,
    /// The lowest price of the last 52 weeks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fifty_two_week_low: Option<Decimal>,
    /// The highest price of the last 52 weeks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fifty_two_week_high: Option<Decimal>,
    /// Market capitalisation, in the major unit of the currency even where prices are in pence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_cap: Option<Decimal>,
    /// Price over the earnings of the last twelve months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pe_ratio: Option<Decimal>,
    /// Where the market stands.
    pub market_state: MarketState,
    /// By how many minutes the exchange delays what the source shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_minutes: Option<u16>,
    /// A price from the pre- or post-market, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended: Option<Extended>,
    /// The last split of its shares that was seen in the prices, for some days. No source tells it: the fetcher finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// When the exchange dated the regular price.
    pub as_of: Timestamp,
}

/// That shares were split, as it shows in two quotes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// How many new shares there are for each old one: 2, or 0.1 when ten became one.
    pub ratio: Decimal,
    /// When the first quote of the new shares was polled.
    pub since: Timestamp,
}

const fn default_price_hint() -> u8 {
    2
}

impl Quote {
    /// The newest moment anything in this quote is from; what "newest wins" compares.
    pub fn newest(&self) -> Timestamp {
        self.extended.as_ref().map_or(self.as_of, |extended| extended.as_of.max(self.as_of))
    }

    /// Whether the two differ in anything a person could see.
    pub fn differs_from(&self, other: &Self) -> bool {
        self != other
    }

    /// Takes over from an earlier quote of the symbol what a poorer endpoint does not tell. Yahoo's spark
    /// has no market capitalisation, no P/E, no open and no delay; those move slowly or not within the session.
    pub fn complete_from(&mut self, earlier: &Self) {
        fn fill<T: Clone>(mine: &mut Option<T>, theirs: Option<&T>) {
            if mine.is_none() {
                *mine = theirs.cloned();
            }
        }
        let same_session = self.previous_close.is_none() || self.previous_close == earlier.previous_close;
        if *self.name == *self.symbol.as_str() {
            self.name = Arc::clone(&earlier.name);
        }
        if self.kind == InstrumentKind::Other {
            self.kind = earlier.kind;
        }
        fill(&mut self.exchange, earlier.exchange.as_ref());
        fill(&mut self.exchange_code, earlier.exchange_code.as_ref());
        fill(&mut self.time_zone, earlier.time_zone.as_ref());
        fill(&mut self.currency, earlier.currency.as_ref());
        fill(&mut self.fifty_two_week_low, earlier.fifty_two_week_low.as_ref());
        fill(&mut self.fifty_two_week_high, earlier.fifty_two_week_high.as_ref());
        fill(&mut self.average_volume, earlier.average_volume.as_ref());
        fill(&mut self.market_cap, earlier.market_cap.as_ref());
        fill(&mut self.pe_ratio, earlier.pe_ratio.as_ref());
        fill(&mut self.delay_minutes, earlier.delay_minutes.as_ref());
        if same_session {
            fill(&mut self.open, earlier.open.as_ref());
            fill(&mut self.day_low, earlier.day_low.as_ref());
            fill(&mut self.day_high, earlier.day_high.as_ref());
            fill(&mut self.volume, earlier.volume.as_ref());
        }
    }
}

/// Why a symbol that was asked for has no quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingReason {
    /// Nobody has polled it yet.
    Pending,
    /// The source does not know it: Yahoo leaves it out of the answer.
    Unknown,
    /// The source answers with a stub of an instrument that is no longer traded (`quoteType` `NONE`).
    Delisted,
    /// The source's entry for this symbol could not be read.
    Malformed,
}

/// A symbol without a quote, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Missing {
    /// What was asked for.
    pub symbol: Symbol,
    /// Why there is no quote.
    pub reason: MissingReason,
}

/// A quote as it is kept and sent: with the tick that brought it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredQuote {
    /// The quote.
    #[serde(flatten)]
    pub quote: Quote,
    /// The tick in which it last changed.
    pub tick: TickNumber,
    /// When the poll that brought it was made.
    pub polled_at: Timestamp,
}
