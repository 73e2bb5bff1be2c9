use std::collections::BTreeMap;

use quickstocks_core::model::{Bar, Dividend, History, HistoryEvents, HistoryRange, InstrumentKind, Interval, PastSplit, Symbol};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::error::{DecodeError, Envelope};
use super::number::{Decimals, Number, round};
use super::spark::Meta;
use super::{kind_of, text};

/// What a chart was asked for; the answer does not tell it reliably.
#[derive(Clone, Debug)]
pub struct HistoryRequest {
    /// The symbol.
    pub symbol: Symbol,
    /// How far back.
    pub range: HistoryRange,
    /// What one bar covers.
    pub interval: Interval,
}

/// Decodes the body of `v8/finance/chart`. Bars without any price are left out; without `timestamp` there are none.
///
/// # Errors
/// [`DecodeError`] when there is no chart in it.
pub fn decode_chart(body: &[u8], request: HistoryRequest) -> Result<History, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        chart: Option<Envelope<'a, Vec<Chart<'a>>>>,
        #[serde(borrow)]
        finance: Option<Envelope<'a, serde::de::IgnoredAny>>,
    }
    let body: Body<'_> = serde_json::from_slice(body).map_err(DecodeError::NotJson)?;
    let charts = match (body.chart, body.finance) {
        (Some(charts), _) => charts.into_result()?,
        (None, Some(error)) => return Err(error.into_result().err().unwrap_or(DecodeError::NoResult)),
        (None, None) => return Err(DecodeError::NoResult),
    };
    let chart = charts.into_iter().next().ok_or(DecodeError::NoResult)?;
    let kind = chart.meta.instrument_type.get().map_or(InstrumentKind::Other, kind_of);
    let decimals = Decimals::new(chart.meta.price_hint, kind, chart.meta.regular_market_price.0);
    Ok(History {
        symbol: request.symbol,
        currency: text::currency(&chart.meta.currency),
        time_zone: text::label(&chart.meta.exchange_timezone_name),
        range: request.range,
        interval: request.interval,
        previous_close: past_price(decimals, chart.meta.chart_previous_close),
        events: chart.events.as_ref().map(Events::read).unwrap_or_default(),
        bars: chart.bars(decimals),
    })
}

#[derive(Deserialize)]
struct Chart<'a> {
    #[serde(borrow)]
    meta: Meta<'a>,
    #[serde(default)]
    timestamp: Option<Vec<Number>>,
    #[serde(default)]
    indicators: Option<Indicators>,
    #[serde(default)]
    events: Option<Events>,
}

/// What happened, keyed by its time in seconds, which stands in it once more.
#[derive(Deserialize)]
struct Events {
    #[serde(default)]
    dividends: Option<BTreeMap<String, Paid>>,
    #[serde(default)]
    splits: Option<BTreeMap<String, SplitShares>>,
}

#[derive(Deserialize)]
struct Paid {
    #[serde(default)]
    date: Number,
    #[serde(default)]
    amount: Number,
}

#[derive(Deserialize)]
struct SplitShares {
    #[serde(default)]
    date: Number,
    #[serde(default)]
    numerator: Number,
    #[serde(default)]
    denominator: Number,
}

impl Events {
    fn read(&self) -> HistoryEvents {
        let split = |one: &SplitShares| {
            let above_zero = |number: Number| number.0.filter(|number| *number > Decimal::ZERO);
            let (numerator, denominator) = (above_zero(one.numerator)?, above_zero(one.denominator)?);
            Some(PastSplit { at: one.date.seconds()?, numerator, denominator })
        };
        let dividend = |one: &Paid| {
            let amount = one.amount.0.filter(|amount| *amount > Decimal::ZERO)?;
            Some(Dividend { at: one.date.seconds()?, amount: round(amount, 6) })
        };
        let mut splits: Vec<PastSplit> = self.splits.iter().flat_map(BTreeMap::values).filter_map(split).collect();
        let mut dividends: Vec<Dividend> = self.dividends.iter().flat_map(BTreeMap::values).filter_map(dividend).collect();
        // Keys are ordered as texts.
        splits.sort_by_key(|split| split.at);
        dividends.sort_by_key(|dividend| dividend.at);
        HistoryEvents { splits, dividends }
    }
}

#[derive(Deserialize)]
struct Indicators {
    #[serde(default)]
    quote: Option<Vec<Columns>>,
}

/// The bars, column by column. `[{}]` when there is no bar; nulls for halts and the bar that is running.
#[derive(Default, Deserialize)]
struct Columns {
    #[serde(default)]
    open: Option<Vec<Number>>,
    #[serde(default)]
    high: Option<Vec<Number>>,
    #[serde(default)]
    low: Option<Vec<Number>>,
    #[serde(default)]
    close: Option<Vec<Number>>,
    #[serde(default)]
    volume: Option<Vec<Number>>,
}

impl Chart<'_> {
    fn bars(self, decimals: Decimals) -> Vec<Bar> {
        let columns = self.indicators.and_then(|all| all.quote?.into_iter().next()).unwrap_or_default();
        let at = |column: &Option<Vec<Number>>, row: usize| {
            column.as_ref().and_then(|column| column.get(row)).copied().unwrap_or_default()
        };
        let price = |column: &Option<Vec<Number>>, row: usize| past_price(decimals, at(column, row));
        let mut bars: Vec<Bar> = self
            .timestamp
            .unwrap_or_default()
            .into_iter()
            .enumerate()
            .filter_map(|(row, time)| {
                Some(Bar {
                    time: time.seconds()?,
                    open: price(&columns.open, row),
                    high: price(&columns.high, row),
                    low: price(&columns.low, row),
                    close: price(&columns.close, row),
                    volume: at(&columns.volume, row).count(),
                })
            })
            .filter(|bar| bar.open.is_some() || bar.high.is_some() || bar.low.is_some() || bar.close.is_some())
            .collect();
        // Yahoo's are in order; a chart library that gets them out of order fails, so nothing is left to luck.
        bars.sort_by_key(|bar| bar.time);
        bars.dedup_by_key(|bar| bar.time);
        bars
    }
}

fn past_price(decimals: Decimals, price: Number) -> Option<Decimal> {
    price.0.map(|price| decimals.past_price(price))
}
