use quickstocks_core::model::{Extended, InstrumentKind, MarketState, Quote, Session, Symbol, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::{DecodeError, Envelope};
use super::number::{Decimals, Number, percent, round};
use super::text::{self, Text};
use super::{Entries, kind_of};

/// The fields a [`Quote`] is made of, for the `fields` parameter: with it an answer has 690 bytes where the full one
/// has 2,100. Some 25 fields come whatever it says, but not currency, previous close, change and names.
pub(crate) const FIELDS: &str = "symbol,quoteType,longName,shortName,currency,exchange,fullExchangeName,exchangeTimezoneName,\
marketState,priceHint,regularMarketPrice,regularMarketTime,regularMarketPreviousClose,regularMarketChange,\
regularMarketChangePercent,regularMarketOpen,regularMarketDayHigh,regularMarketDayLow,regularMarketVolume,averageDailyVolume3Month,fiftyTwoWeekLow,\
fiftyTwoWeekHigh,marketCap,trailingPE,exchangeDataDelayedBy,preMarketPrice,preMarketTime,postMarketPrice,postMarketTime";

/// Decodes the body of `v7/finance/quote`: the envelope first, then each quote on its own.
///
/// # Errors
/// [`DecodeError`] when there is no list of results in it.
pub fn decode_quotes(body: &[u8]) -> Result<Entries, DecodeError> {
    let results = results(body)?;
    let mut entries = Entries { quotes: Vec::with_capacity(results.len()), ..Entries::default() };
    for result in results {
        entries.add(result);
    }
    Ok(entries)
}

/// The entries of a body of `v7/finance/quote`, none of them read yet.
pub(super) fn results(body: &[u8]) -> Result<Vec<&RawValue>, DecodeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        #[serde(borrow)]
        quote_response: Option<Envelope<'a, Vec<&'a RawValue>>>,
        /// Errors come under another key than quotes.
        #[serde(borrow)]
        finance: Option<Envelope<'a, serde::de::IgnoredAny>>,
    }
    let body: Body<'_> = serde_json::from_slice(body).map_err(DecodeError::NotJson)?;
    match (body.quote_response, body.finance) {
        (Some(quotes), _) => quotes.into_result(),
        (None, Some(error)) => Err(error.into_result().err().unwrap_or(DecodeError::NoResult)),
        (None, None) => Err(DecodeError::NoResult),
    }
}

impl Entries {
    fn add(&mut self, entry: &RawValue) {
        if let Some((symbol, quote)) = decode_one(entry.get()) {
            match quote {
                Some(quote) => self.quotes.push(quote),
                None => self.delisted.push(symbol),
            }
        } else if let Some(symbol) = symbol_of(entry.get()) {
            self.malformed.push(symbol);
        } else {
            self.nameless += 1;
        }
    }
}

/// The symbol of an entry that could not be read as a whole.
pub(super) fn symbol_of(entry: &str) -> Option<Symbol> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        symbol: Text<'a>,
    }
    Symbol::parse(serde_json::from_str::<Named<'_>>(entry).ok()?.symbol.get()?).ok()
}

/// One entry of the results. Only `symbol` and `quoteType` are always there: a stub of 13 fields without a market
/// state was seen (CRD.B), and a fund without a price (ADH).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow)]
    symbol: Text<'a>,
    #[serde(borrow)]
    quote_type: Text<'a>,
    #[serde(borrow, default)]
    long_name: Text<'a>,
    #[serde(borrow, default)]
    short_name: Text<'a>,
    #[serde(borrow, default)]
    currency: Text<'a>,
    #[serde(borrow, default)]
    exchange: Text<'a>,
    #[serde(borrow, default)]
    full_exchange_name: Text<'a>,
    #[serde(borrow, default)]
    exchange_timezone_name: Text<'a>,
    #[serde(borrow, default)]
    market_state: Text<'a>,
    #[serde(default)]
    price_hint: Number,
    #[serde(default)]
    regular_market_price: Number,
    #[serde(default)]
    regular_market_time: Number,
    #[serde(default)]
    regular_market_previous_close: Number,
    #[serde(default)]
    regular_market_change: Number,
    #[serde(default)]
    regular_market_change_percent: Number,
    #[serde(default)]
    regular_market_open: Number,
    #[serde(default)]
    regular_market_day_high: Number,
    #[serde(default)]
    regular_market_day_low: Number,
    #[serde(default)]
    regular_market_volume: Number,
    #[serde(default, rename = "averageDailyVolume3Month")]
    average_daily_volume: Number,
    #[serde(default)]
    fifty_two_week_low: Number,
    #[serde(default)]
    fifty_two_week_high: Number,
    #[serde(default)]
    market_cap: Number,
    #[serde(default, rename = "trailingPE")]
    trailing_pe: Number,
    #[serde(default)]
    exchange_data_delayed_by: Number,
    #[serde(default)]
    pre_market_price: Number,
    #[serde(default)]
    pre_market_time: Number,
    #[serde(default)]
    post_market_price: Number,
    #[serde(default)]
    post_market_time: Number,
}

/// The symbol and its quote; no quote for the stub of a delisted instrument. None when it cannot be read.
fn decode_one(entry: &str) -> Option<(Symbol, Option<Quote>)> {
    let raw: Raw<'_> = serde_json::from_str(entry).ok()?;
    let symbol = Symbol::parse(raw.symbol.get()?).ok()?;
    let kind = match raw.quote_type.get()? {
        "NONE" => return Some((symbol, None)),
        quote_type => kind_of(quote_type),
    };
    let prices = Prices::new(kind, raw.price_hint, raw.regular_market_price, raw.regular_market_previous_close);
    let (change, change_percent) = match kind {
        InstrumentKind::Cryptocurrency => prices.rolling_change(raw.regular_market_change, raw.regular_market_change_percent),
        _ => prices.change(),
    };
    let market_state = state_of(raw.market_state.get());
    // A quote without a date counts as the oldest there is, so that it never takes the place of a dated one.
    let as_of = raw.regular_market_time.seconds().unwrap_or_default();
    let quote = Quote {
        name: text::name(&[&raw.long_name, &raw.short_name], symbol.as_str()),
        kind,
        exchange: text::label(&raw.full_exchange_name),
        exchange_code: text::label(&raw.exchange),
        time_zone: text::label(&raw.exchange_timezone_name),
        currency: text::currency(&raw.currency),
        price: prices.price,
        price_hint: prices.decimals.get(),
        change,
        change_percent,
        previous_close: prices.previous_close,
        open: prices.other(raw.regular_market_open),
        day_low: prices.other(raw.regular_market_day_low),
        day_high: prices.other(raw.regular_market_day_high),
        volume: volume(kind, raw.regular_market_volume),
        average_volume: volume(kind, raw.average_daily_volume),
        split: None,
        fifty_two_week_low: prices.other(raw.fifty_two_week_low),
        fifty_two_week_high: prices.other(raw.fifty_two_week_high),
        market_cap: raw.market_cap.0.filter(|cap| !cap.is_zero()),
        pe_ratio: raw.trailing_pe.0.map(|ratio| round(ratio, 2)),
        market_state,
        delay_minutes: raw.exchange_data_delayed_by.small(),
        extended: extended(&raw, market_state, &prices, as_of),
        as_of,
        symbol: symbol.clone(),
    };
    Some((symbol, Some(quote)))
}

/// The prices of one quote, rounded as its hint says.
pub(super) struct Prices {
    pub(super) decimals: Decimals,
    pub(super) price: Option<Decimal>,
    pub(super) previous_close: Option<Decimal>,
    exact: Exact,
    kind: InstrumentKind,
}

/// The same prices as they came.
#[derive(Clone, Copy, Default)]
struct Exact {
    price: Option<Decimal>,
    previous_close: Option<Decimal>,
}

impl Prices {
    pub(super) fn new(kind: InstrumentKind, hint: Number, price: Number, previous_close: Number) -> Self {
        let decimals = Decimals::new(hint, kind, price.0);
        let exact = Exact { price: price.0, previous_close: previous_close.0 };
        let mut prices = Self { decimals, price: None, previous_close: None, exact, kind };
        prices.price = prices.other(price);
        prices.previous_close = prices.other(previous_close);
        prices
    }

    /// Any price of the quote. Yahoo writes 0 where it has none (open, high and low of `^VXAPL`, the open of a
    /// suspended stock, a previous close): only an option can truly be worth nothing.
    pub(super) fn other(&self, price: Number) -> Option<Decimal> {
        let price = price.0.filter(|price| !price.is_zero() || self.kind == InstrumentKind::Option)?;
        Some(self.decimals.price(price))
    }

    /// The change since the previous close. Yahoo's own is 0.700012 for 269.7 after 269.0, and the whole price when
    /// there is no previous close (APS.AX: 3,400 %). The change is reckoned from the rounded prices, so that what stands
    /// side by side adds up; the percentage from the exact ones, so that rounding a cheap stock's price does not show in it.
    pub(super) fn change(&self) -> (Option<Decimal>, Option<Decimal>) {
        self.since((self.price, self.exact.price), (self.previous_close, self.exact.previous_close))
    }

    /// Yahoo's own change of a crypto pair: that over the last 24 hours, which can have another sign than the one
    /// since the "previous close" at midnight UTC.
    fn rolling_change(&self, change: Number, percent: Number) -> (Option<Decimal>, Option<Decimal>) {
        (change.0.map(|change| self.decimals.price(change)), percent.0.map(|percent| round(percent, 2)))
    }

    /// The change from one price to another, each rounded and exact.
    fn since(
        &self,
        now: (Option<Decimal>, Option<Decimal>),
        before: (Option<Decimal>, Option<Decimal>),
    ) -> (Option<Decimal>, Option<Decimal>) {
        let ((Some(now), Some(exact_now)), (Some(before), Some(exact_before))) = (now, before) else { return (None, None) };
        let change = now.checked_sub(before).map(|change| self.decimals.price(change));
        (change, exact_now.checked_sub(exact_before).and_then(|change| percent(change, exact_before)))
    }
}

/// Shares traded. An index and a currency pair have none to trade, and Yahoo writes 0.
pub(super) fn volume(kind: InstrumentKind, volume: Number) -> Option<u64> {
    let none = matches!(kind, InstrumentKind::Index | InstrumentKind::Currency);
    volume.count().filter(|volume| !(none && *volume == 0))
}

fn state_of(market_state: Option<&str>) -> MarketState {
    match market_state {
        Some("PREPRE") => MarketState::PrePre,
        Some("PRE") => MarketState::Pre,
        Some("REGULAR") => MarketState::Regular,
        Some("POST") => MarketState::Post,
        Some("POSTPOST") => MarketState::PostPost,
        Some("CLOSED") => MarketState::Closed,
        _ => MarketState::Unknown,
    }
}

/// The price outside the regular session that goes with the market's state: the pre-market's before the session, the
/// post-market's after it and, while there is no pre-market price, through the night. It must be dated, and later
/// than the regular price: Yahoo keeps old ones around.
fn extended(raw: &Raw<'_>, state: MarketState, prices: &Prices, regular: Timestamp) -> Option<Extended> {
    let pre = || later(Session::Pre, raw.pre_market_price, raw.pre_market_time, prices, regular);
    let post = || later(Session::Post, raw.post_market_price, raw.post_market_time, prices, regular);
    match state {
        MarketState::Pre => pre(),
        MarketState::PrePre => pre().or_else(post),
        MarketState::Post | MarketState::PostPost | MarketState::Closed => post(),
        MarketState::Regular | MarketState::Unknown => None,
    }
}

fn later(session: Session, price: Number, time: Number, prices: &Prices, regular: Timestamp) -> Option<Extended> {
    let rounded = prices.other(price)?;
    let as_of = time.seconds().filter(|time| *time > regular)?;
    let (change, change_percent) = prices.since((Some(rounded), price.0), (prices.price, prices.exact.price));
    Some(Extended { session, price: rounded, change, change_percent, as_of })
}
