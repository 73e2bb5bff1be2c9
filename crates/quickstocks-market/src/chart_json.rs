//! The JSON of charts and of both spark shapes.

use crate::calendar::{Day, MarketState};
use crate::chart::{Chart, Stamped, shows_no_volume};
use crate::interval::{FUND_RANGES, RANGES};
use crate::json::{Object, array, double, quoted, single, single_difference, widened};
use crate::listing::{Kind, Oddity};
use crate::process::Bar;
use crate::quote::{first_trade_s, has_extended_hours, percent, whole};
use crate::simulation::Snapshot;

/// The body of `/v8/finance/chart/{symbol}`.
pub(crate) fn chart(snapshot: &Snapshot<'_>, chart: &Chart) -> String {
    let mut result = Object::new();
    result.raw("meta", meta(snapshot, chart).finish());
    let adjusts = !chart.interval.is_intraday();
    if chart.bars.is_empty() {
        // As recorded when there is no bar: no timestamps, and empty objects for the arrays.
        let adjusted = if adjusts { r#","adjclose":[{}]"# } else { "" };
        result.raw("indicators", format!(r#"{{"quote":[{{}}]{adjusted}}}"#));
        return format!(r#"{{"chart":{{"result":[{}],"error":null}}}}"#, result.finish());
    }
    result.raw("timestamp", timestamps(&chart.bars));
    if let Some(events) = events(chart) {
        result.raw("events", events);
    }
    let column = |value: fn(&Bar) -> f64| {
        array(chart.bars.iter().map(|bar| bar.bar.as_ref().map_or("null".into(), |bar| widened(value(bar)))))
    };
    let silent = shows_no_volume(snapshot.listing().kind);
    let volume = array(chart.bars.iter().map(|bar| match bar.bar {
        Some(_) if silent => "0".into(),
        Some(bar) => whole(bar.volume).to_string(),
        None => "null".to_owned(),
    }));
    let mut quote = Object::new();
    quote
        .raw("high", column(|bar| bar.high))
        .raw("low", column(|bar| bar.low))
        .raw("open", column(|bar| bar.open))
        .raw("close", column(|bar| bar.close))
        .raw("volume", volume);
    let mut indicators = Object::new();
    indicators.raw("quote", array([quote.finish()]));
    if adjusts {
        let adjusted = array(chart.bars.iter().map(|bar| match bar.bar {
            Some(_) => widened(bar.adjusted_close),
            None => "null".to_owned(),
        }));
        indicators.raw("adjclose", format!(r#"[{{"adjclose":{adjusted}}}]"#));
    }
    result.raw("indicators", indicators.finish());
    format!(r#"{{"chart":{{"result":[{}],"error":null}}}}"#, result.finish())
}

/// One symbol of `/v7/finance/spark`.
pub(crate) fn spark(snapshot: &Snapshot<'_>, chart: &Chart) -> String {
    let mut response = Object::new();
    response.raw("meta", meta(snapshot, chart).finish());
    if chart.bars.is_empty() {
        response.raw("indicators", r#"{"quote":[{}]}"#);
    } else {
        response
            .raw("timestamp", timestamps(&chart.bars))
            .raw("indicators", format!(r#"{{"quote":[{{"close":{}}}]}}"#, closes(chart)));
    }
    let symbol = quoted(&snapshot.listing().symbol);
    format!(r#"{{"symbol":{symbol},"response":[{}]}}"#, response.finish())
}

/// The envelope of `/v7/finance/spark`.
pub(crate) fn spark_envelope(results: impl IntoIterator<Item = String>) -> String {
    format!(r#"{{"spark":{{"result":{},"error":null}}}}"#, array(results))
}

/// One symbol of `/v8/finance/spark`, with its key.
pub(crate) fn flat_spark(snapshot: &Snapshot<'_>, chart: &Chart) -> String {
    let mut flat = Object::new();
    flat.raw("timestamp", timestamps(&chart.bars)).text("symbol", &snapshot.listing().symbol);
    if chart.range_text == "1d" && snapshot.listing().oddity.is_none() {
        flat.float("previousClose", snapshot.previous_close);
    } else {
        flat.raw("previousClose", "null");
    }
    flat.float("chartPreviousClose", chart.close_before)
        .raw("end", "null")
        .raw("start", "null")
        .raw("close", closes(chart))
        .int("dataGranularity", chart.interval.seconds())
        .float("fulldayPrice", snapshot.price)
        .float("fulldayChange", single_difference(snapshot.price, snapshot.change_base))
        .float("fulldayChangePercent", percent(snapshot.price, snapshot.change_base));
    format!("{}:{}", quoted(&snapshot.listing().symbol), flat.finish())
}

fn closes(chart: &Chart) -> String {
    array(chart.bars.iter().map(|bar| bar.bar.map_or("null".into(), |bar| single(bar.close))))
}

fn timestamps(bars: &[Stamped]) -> String {
    array(bars.iter().map(|bar| bar.time_s.to_string()))
}

fn meta(snapshot: &Snapshot<'_>, chart: &Chart) -> Object {
    let listing = snapshot.listing();
    let stub = listing.oddity == Some(Oddity::TypedStub);
    let priced_once = matches!(listing.kind, Kind::Fund | Kind::MoneyMarket);
    let mut meta = Object::new();
    if listing.currency.is_empty() {
        meta.raw("currency", "null");
    } else {
        meta.text("currency", &listing.currency);
    }
    let zone = snapshot.calendar.zone_abbreviation(snapshot.now_ms);
    let offset = snapshot.calendar.offset_ms(snapshot.now_ms) / 1000;
    meta.text("symbol", &listing.symbol)
        .text("exchangeName", snapshot.exchange.code)
        .text("fullExchangeName", snapshot.exchange.full_name)
        .text("instrumentType", listing.kind.quote_type())
        .int("firstTradeDate", first_trade_s(snapshot))
        .int("regularMarketTime", snapshot.time_s)
        .flag("hasPrePostMarketData", has_extended_hours(snapshot))
        .int("gmtoffset", offset)
        .text("timezone", &zone)
        .text("exchangeTimezoneName", snapshot.exchange.zone_name);
    if !stub {
        meta.float("regularMarketPrice", snapshot.price)
            .float("fiftyTwoWeekHigh", snapshot.year_high())
            .float("fiftyTwoWeekLow", snapshot.year_low());
        if !priced_once {
            let volume = if listing.kind == Kind::Currency { 0 } else { whole(snapshot.volume) };
            meta.float("regularMarketDayHigh", snapshot.high)
                .float("regularMarketDayLow", snapshot.low)
                .int("regularMarketVolume", volume);
        }
        meta.text("longName", &listing.long_name);
    }
    meta.text("shortName", &listing.short_name);
    if !stub {
        meta.float("chartPreviousClose", chart.close_before);
        if chart.interval.is_intraday() && !priced_once {
            meta.float("previousClose", snapshot.previous_close).int("scale", 3);
        }
    }
    meta.int("priceHint", listing.price_hint());
    meta.raw("currentTradingPeriod", periods(snapshot, &current_day(snapshot)));
    if chart.interval.is_intraday() && !chart.days.is_empty() {
        meta.raw("tradingPeriods", trading_periods(snapshot, chart));
    }
    let ranges: &[&str] = if priced_once { &FUND_RANGES } else { &RANGES };
    meta.text("dataGranularity", &chart.interval_text)
        .text("range", &chart.range_text)
        .raw("validRanges", array(ranges.iter().map(|range| quoted(range))));
    meta
}

/// The day whose periods are shown: today if it trades, else the one that traded last.
fn current_day(snapshot: &Snapshot<'_>) -> Day {
    if snapshot.state == MarketState::Closed {
        return snapshot.day;
    }
    snapshot.calendar.day(snapshot.calendar.local_day(snapshot.now_ms))
}

/// `{pre, regular, post}` of a day.
fn periods(snapshot: &Snapshot<'_>, day: &Day) -> String {
    let mut periods = Object::new();
    periods
        .raw("pre", period(snapshot, day.pre_ms, day.open_ms))
        .raw("regular", period(snapshot, day.open_ms, day.close_ms))
        .raw("post", period(snapshot, day.close_ms, day.post_ms));
    periods.finish()
}

fn period(snapshot: &Snapshot<'_>, start_ms: i64, end_ms: i64) -> String {
    let mut period = Object::new();
    period
        .text("timezone", &snapshot.calendar.zone_abbreviation(start_ms))
        .int("start", start_ms / 1000)
        .int("end", end_ms / 1000)
        .int("gmtoffset", snapshot.calendar.offset_ms(start_ms) / 1000);
    period.finish()
}

/// A list of lists, or with `includePrePost` an object of three of them.
fn trading_periods(snapshot: &Snapshot<'_>, chart: &Chart) -> String {
    let list = |edges: fn(&Day) -> (i64, i64)| {
        array(chart.days.iter().map(|day| {
            let (start, end) = edges(day);
            array([period(snapshot, start, end)])
        }))
    };
    let regular = list(|day| (day.open_ms, day.close_ms));
    if !chart.include_pre_post {
        return regular;
    }
    let mut periods = Object::new();
    periods
        .raw("pre", list(|day| (day.pre_ms, day.open_ms)))
        .raw("post", list(|day| (day.close_ms, day.post_ms)))
        .raw("regular", regular);
    periods.finish()
}

fn events(chart: &Chart) -> Option<String> {
    if chart.dividends.is_empty() && chart.splits.is_empty() {
        return None;
    }
    let mut events = Object::new();
    if !chart.dividends.is_empty() {
        events.raw(
            "dividends",
            keyed(
                chart
                    .dividends
                    .iter()
                    .map(|(time, dividend)| (*time, format!(r#"{{"amount":{},"date":{time}}}"#, double(dividend.amount)))),
            ),
        );
    }
    if !chart.splits.is_empty() {
        events.raw(
            "splits",
            keyed(chart.splits.iter().map(|(time, new, old)| {
                let ratio = quoted(&format!("{new}:{old}"));
                let (new, old) = (double(f64::from(*new)), double(f64::from(*old)));
                (*time, format!(r#"{{"date":{time},"numerator":{new},"denominator":{old},"splitRatio":{ratio}}}"#))
            })),
        );
    }
    Some(events.finish())
}

/// An object whose keys are times.
fn keyed(entries: impl Iterator<Item = (i64, String)>) -> String {
    let entries: Vec<String> = entries.map(|(time, json)| format!("\"{time}\":{json}")).collect();
    format!("{{{}}}", entries.join(","))
}
