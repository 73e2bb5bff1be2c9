use std::collections::BTreeMap;

use quickstocks_core::model::{InstrumentKind, MarketState, Quote, Spark, Symbol, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::{DecodeError, Envelope};
use super::number::Number;
use super::quote::{Prices, symbol_of, volume};
use super::text::{self, Text};
use super::{Entries, kind_of};

/// Decodes the body of `v7/finance/spark`, and the flat form that `v8/finance/spark` has. `now` tells the market
/// states, which spark does not: they follow from the trading periods.
///
/// # Errors
/// [`DecodeError`] when it is neither.
pub fn decode_spark(body: &[u8], now: Timestamp) -> Result<Entries, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        spark: Option<Envelope<'a, Vec<&'a RawValue>>>,
        #[serde(borrow)]
        finance: Option<Envelope<'a, serde::de::IgnoredAny>>,
    }
    let mut entries = Entries::default();
    let envelope: Body<'_> = serde_json::from_slice(body).map_err(DecodeError::NotJson)?;
    match (envelope.spark, envelope.finance) {
        (Some(spark), _) => {
            for entry in spark.into_result()? {
                entries.add_spark(entry.get(), decode_nested(entry.get(), now));
            }
        }
        (None, Some(error)) => return Err(error.into_result().err().unwrap_or(DecodeError::NoResult)),
        (None, None) => {
            let flat: BTreeMap<String, &RawValue> = serde_json::from_slice(body).map_err(DecodeError::NotJson)?;
            if flat.is_empty() {
                return Err(DecodeError::NoResult);
            }
            for entry in flat.values() {
                entries.add_spark(entry.get(), decode_flat(entry.get()));
            }
        }
    }
    Ok(entries)
}

/// Decodes the body of `v7/finance/spark` for the closes in it. A symbol without any, or whose entry cannot be read, has `None`; one that
/// Yahoo leaves out is not in the answer.
///
/// # Errors
/// [`DecodeError`] when there is no list of results in it.
pub fn decode_sparks(body: &[u8]) -> Result<BTreeMap<Symbol, Option<Spark>>, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        spark: Option<Envelope<'a, Vec<&'a RawValue>>>,
        #[serde(borrow)]
        finance: Option<Envelope<'a, serde::de::IgnoredAny>>,
    }
    let body: Body<'_> = serde_json::from_slice(body).map_err(DecodeError::NotJson)?;
    let entries = match (body.spark, body.finance) {
        (Some(spark), _) => spark.into_result()?,
        (None, Some(error)) => return Err(error.into_result().err().unwrap_or(DecodeError::NoResult)),
        (None, None) => return Err(DecodeError::NoResult),
    };
    Ok(entries.into_iter().filter_map(|entry| Some((symbol_of(entry.get())?, closes(entry.get())))).collect())
}

/// The closes of one entry, those that there are.
fn closes(entry: &str) -> Option<Spark> {
    #[derive(Deserialize)]
    struct Nested<'a> {
        #[serde(borrow)]
        response: Vec<Response<'a>>,
    }
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        meta: Meta<'a>,
        #[serde(default)]
        timestamp: Option<Vec<Number>>,
        #[serde(default)]
        indicators: Option<Indicators>,
    }
    #[derive(Deserialize)]
    struct Indicators {
        #[serde(default)]
        quote: Option<Vec<Closes>>,
    }
    #[derive(Deserialize)]
    struct Closes {
        #[serde(default)]
        close: Option<Vec<Number>>,
    }
    let nested: Nested<'_> = serde_json::from_str(entry).ok()?;
    let response = nested.response.into_iter().next()?;
    let kind = response.meta.instrument_type.get().map_or(InstrumentKind::Other, kind_of);
    let prices = Prices::new(kind, response.meta.price_hint, response.meta.regular_market_price, before(&response.meta));
    let closes = response.indicators?.quote?.into_iter().next()?.close?;
    let points: Vec<(Timestamp, _)> = response
        .timestamp?
        .into_iter()
        .zip(closes)
        .filter_map(|(time, close)| Some((time.seconds()?, prices.other(close)?)))
        .collect();
    let ((from, _), (until, _)) = (points.first()?, points.last()?);
    Some(Spark {
        from: *from,
        until: *until,
        previous_close: prices.previous_close,
        closes: points.iter().map(|(_, close)| *close).collect(),
    })
}

/// The close of the session before. The chart's previous close is that before its first bar: yesterday's only when the chart is of one day.
fn before(meta: &Meta<'_>) -> Number {
    match (meta.previous_close, meta.range.get()) {
        (Number(None), Some("1d")) => meta.chart_previous_close,
        (previous_close, _) => previous_close,
    }
}

impl Entries {
    fn add_spark(&mut self, entry: &str, quote: Option<Quote>) {
        match (quote, symbol_of(entry)) {
            (Some(quote), _) => self.quotes.push(quote),
            (None, Some(symbol)) => self.malformed.push(symbol),
            (None, None) => self.nameless += 1,
        }
    }
}

/// What spark and chart say about an instrument beside its bars.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    #[serde(borrow, default)]
    pub(super) currency: Text<'a>,
    #[serde(borrow, default)]
    pub(super) exchange_timezone_name: Text<'a>,
    #[serde(default)]
    pub(super) price_hint: Number,
    #[serde(default)]
    pub(super) chart_previous_close: Number,
    #[serde(default)]
    pub(super) regular_market_price: Number,
    #[serde(borrow, default)]
    pub(super) instrument_type: Text<'a>,
    #[serde(borrow, default)]
    long_name: Text<'a>,
    #[serde(borrow, default)]
    short_name: Text<'a>,
    #[serde(borrow, default)]
    exchange_name: Text<'a>,
    #[serde(borrow, default)]
    full_exchange_name: Text<'a>,
    #[serde(borrow, default)]
    range: Text<'a>,
    #[serde(default)]
    regular_market_time: Number,
    #[serde(default)]
    previous_close: Number,
    #[serde(default)]
    regular_market_day_high: Number,
    #[serde(default)]
    regular_market_day_low: Number,
    #[serde(default)]
    regular_market_volume: Number,
    #[serde(default)]
    fifty_two_week_low: Number,
    #[serde(default)]
    fifty_two_week_high: Number,
    #[serde(default)]
    current_trading_period: Option<TradingPeriods>,
}

#[derive(Deserialize)]
struct TradingPeriods {
    pre: Option<Period>,
    regular: Option<Period>,
    post: Option<Period>,
}

#[derive(Deserialize)]
struct Period {
    #[serde(default)]
    start: Number,
    #[serde(default)]
    end: Number,
}

impl Period {
    fn has(&self, now: Timestamp) -> bool {
        self.start.seconds().is_some_and(|start| start <= now) && self.end.seconds().is_some_and(|end| now < end)
    }
}

/// Where the market stands by its current trading periods. Outside of them it is closed; which side of the night it
/// is on makes no difference, since no price moves.
fn state_of(periods: Option<&TradingPeriods>, now: Timestamp) -> MarketState {
    let Some(periods) = periods else { return MarketState::Unknown };
    let in_period = |period: &Option<Period>| period.as_ref().is_some_and(|period| period.has(now));
    if periods.regular.is_none() {
        MarketState::Unknown
    } else if in_period(&periods.regular) {
        MarketState::Regular
    } else if in_period(&periods.pre) {
        MarketState::Pre
    } else if in_period(&periods.post) {
        MarketState::Post
    } else {
        MarketState::Closed
    }
}

fn decode_nested(entry: &str, now: Timestamp) -> Option<Quote> {
    #[derive(Deserialize)]
    struct Nested<'a> {
        #[serde(borrow)]
        symbol: Text<'a>,
        #[serde(borrow)]
        response: Vec<Response<'a>>,
    }
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        meta: Meta<'a>,
    }
    let nested: Nested<'_> = serde_json::from_str(entry).ok()?;
    let symbol = Symbol::parse(nested.symbol.get()?).ok()?;
    Some(quote_of(symbol, &nested.response.first()?.meta, now))
}

fn quote_of(symbol: Symbol, meta: &Meta<'_>, now: Timestamp) -> Quote {
    let kind = meta.instrument_type.get().map_or(InstrumentKind::Other, kind_of);
    let prices = Prices::new(kind, meta.price_hint, meta.regular_market_price, before(meta));
    // A crypto pair's change is over 24 hours, and spark does not have it; the one since midnight could have the other sign.
    let (change, change_percent) = if kind == InstrumentKind::Cryptocurrency { (None, None) } else { prices.change() };
    Quote {
        name: text::name(&[&meta.long_name, &meta.short_name], symbol.as_str()),
        symbol,
        kind,
        exchange: text::label(&meta.full_exchange_name),
        exchange_code: text::label(&meta.exchange_name),
        time_zone: text::label(&meta.exchange_timezone_name),
        currency: text::currency(&meta.currency),
        price: prices.price,
        price_hint: prices.decimals.get(),
        change,
        change_percent,
        previous_close: prices.previous_close,
        open: None,
        day_low: prices.other(meta.regular_market_day_low),
        day_high: prices.other(meta.regular_market_day_high),
        volume: volume(kind, meta.regular_market_volume),
        average_volume: None,
        split: None,
        fifty_two_week_low: prices.other(meta.fifty_two_week_low),
        fifty_two_week_high: prices.other(meta.fifty_two_week_high),
        market_cap: None,
        pe_ratio: None,
        market_state: state_of(meta.current_trading_period.as_ref(), now),
        delay_minutes: None,
        extended: None,
        as_of: meta.regular_market_time.seconds().unwrap_or_default(),
    }
}

/// The flat form: closes and their times, nothing about the instrument. The last close is the price.
fn decode_flat(entry: &str) -> Option<Quote> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Flat<'a> {
        #[serde(borrow)]
        symbol: Text<'a>,
        #[serde(default)]
        timestamp: Option<Vec<Number>>,
        #[serde(default)]
        close: Option<Vec<Number>>,
        #[serde(default)]
        previous_close: Number,
    }
    let flat: Flat<'_> = serde_json::from_str(entry).ok()?;
    let symbol = Symbol::parse(flat.symbol.get()?).ok()?;
    let times = flat.timestamp.unwrap_or_default();
    let closes = flat.close.unwrap_or_default();
    let (time, price) = times
        .into_iter()
        .zip(closes)
        .rev()
        .find_map(|(time, close)| Some((time.seconds()?, Number(Some(close.0?)))))
        .unwrap_or_default();
    let prices = Prices::new(InstrumentKind::Other, Number(None), price, flat.previous_close);
    let (change, change_percent) = prices.change();
    Some(Quote {
        name: symbol.as_str().into(),
        symbol,
        kind: InstrumentKind::Other,
        exchange: None,
        exchange_code: None,
        time_zone: None,
        currency: None,
        price: prices.price,
        price_hint: prices.decimals.get(),
        change,
        change_percent,
        previous_close: prices.previous_close,
        open: None,
        day_low: None,
        day_high: None,
        volume: None,
        average_volume: None,
        split: None,
        fifty_two_week_low: None,
        fifty_two_week_high: None,
        market_cap: None,
        pe_ratio: None,
        market_state: MarketState::Unknown,
        delay_minutes: None,
        extended: None,
        as_of: time,
    })
}
