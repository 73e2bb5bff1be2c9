//! Bars: what `/v8/finance/chart` and both spark endpoints show.

use jiff::ToSpan;

use crate::calendar::{Day, date, day_number};
use crate::dividends::{self, Dividend};
use crate::interval::{INTERVALS, Interval, RANGES};
use crate::json::quoted;
use crate::listing::{Kind, Oddity};
use crate::process::Bar;
use crate::quote::first_trade_s;
use crate::simulation::{Pin, Snapshot};

/// What a request asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChartRequest {
    pub(crate) range: Option<String>,
    pub(crate) interval: Option<String>,
    pub(crate) period1: Option<i64>,
    pub(crate) period2: Option<i64>,
    pub(crate) events: String,
    pub(crate) include_pre_post: bool,
}

/// A bar with the time that it is stamped with; `None` where Yahoo writes nulls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamped {
    pub(crate) time_s: i64,
    pub(crate) bar: Option<Bar>,
    pub(crate) adjusted_close: f64,
}

/// The bars of one symbol, with what the answer says about them.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) interval: Interval,
    pub(crate) interval_text: String,
    pub(crate) range_text: String,
    pub(crate) include_pre_post: bool,
    pub(crate) bars: Vec<Stamped>,
    pub(crate) days: Vec<Day>,
    /// The close before the first bar; not yesterday's unless the range is one day.
    pub(crate) close_before: f64,
    pub(crate) dividends: Vec<(i64, Dividend)>,
    pub(crate) splits: Vec<(i64, u32, u32)>,
}

/// An answer that is not a chart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChartError {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl ChartError {
    fn new(status: u16, code: &str, description: &str) -> Self {
        let body =
            format!(r#"{{"chart":{{"result":null,"error":{{"code":{},"description":{}}}}}}}"#, quoted(code), quoted(description));
        Self { status, body }
    }

    /// The answer for a symbol that nobody knows.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "Not Found", "No data found, symbol may be delisted")
    }
}

/// Computes the chart of one symbol.
pub(crate) fn build(snapshot: &Snapshot<'_>, request: &ChartRequest) -> Result<Chart, ChartError> {
    if snapshot.listing().oddity == Some(Oddity::NoneStub) {
        return Err(ChartError::not_found());
    }
    let interval_text = request.interval.clone().unwrap_or_else(|| {
        let short = request.period1.is_none() && matches!(request.range.as_deref(), None | Some("1d"));
        if short { "1m" } else { "1d" }.to_owned()
    });
    let interval = Interval::parse(&interval_text).ok_or_else(|| {
        let text = format!("Invalid input - interval={interval_text} is not supported. Valid intervals: [{INTERVALS}]");
        ChartError::new(422, "Unprocessable Entity", &text)
    })?;
    let (from_s, to_s, range_text) = window(snapshot, request)?;
    check_reach(snapshot, interval, &interval_text, from_s, to_s)?;

    let mut chart = Chart {
        interval,
        interval_text,
        range_text,
        include_pre_post: request.include_pre_post,
        bars: Vec::new(),
        days: days(snapshot, from_s, to_s),
        close_before: 0.0,
        dividends: Vec::new(),
        splits: Vec::new(),
    };
    let first_day = chart.days.first().map_or(snapshot.day.number, |day| day.number);
    let before = snapshot.calendar.previous(first_day);
    chart.close_before = snapshot.instrument.process.close(before) * snapshot.split_factor;
    if snapshot.listing().oddity.is_some() {
        // Nothing has traded within any range that a client asks for.
        chart.days.clear();
        return Ok(chart);
    }
    let last_day = chart.days.last().map_or(first_day, |day| day.number);
    add_events(&mut chart, snapshot, &request.events, first_day, last_day);
    let pins = snapshot.instrument.pins_until(snapshot.now_ms);
    if interval.is_intraday() {
        add_intraday(&mut chart, snapshot, &pins);
    } else {
        add_daily(&mut chart, snapshot, &pins);
    }
    if request.period1.is_some() {
        chart.bars.retain(|bar| (from_s..=to_s).contains(&bar.time_s));
    }
    Ok(chart)
}

/// The requested window in seconds, and the range as the answer repeats it.
fn window(snapshot: &Snapshot<'_>, request: &ChartRequest) -> Result<(i64, i64, String), ChartError> {
    let now_s = snapshot.view_ms().div_euclid(1000);
    let first_s = first_trade_s(snapshot);
    if let Some(from) = request.period1 {
        let to = request.period2.unwrap_or(now_s);
        if from >= to {
            let text = format!("Invalid input - start date cannot be after end date. startDate = {from}, endDate = {to}");
            return Err(ChartError::new(400, "Bad Request", &text));
        }
        if to < first_s || from > now_s {
            let text = format!("Data doesn't exist for startDate = {from}, endDate = {to}");
            return Err(ChartError::new(400, "Bad Request", &text));
        }
        return Ok((from.max(first_s), to.min(now_s), String::new()));
    }
    let range = request.range.as_deref().unwrap_or("1d");
    if !RANGES.contains(&range) {
        let text = format!("Invalid input - range={range} is not supported. Valid ranges: [{}]", RANGES.join(", "));
        return Err(ChartError::new(422, "Unprocessable Entity", &text));
    }
    let calendar = snapshot.calendar;
    let today = snapshot.day.number;
    let civil = date(today);
    let back = |span: jiff::Span| civil.checked_sub(span).map_or(today, day_number);
    let from_day = match range {
        "1d" => today,
        "5d" => (0..4).fold(today, |day, _| calendar.previous(day)),
        "1mo" => back(1.month()),
        "3mo" => back(3.months()),
        "6mo" => back(6.months()),
        "1y" => back(1.year()),
        "2y" => back(2.years()),
        "5y" => back(5.years()),
        "10y" => back(10.years()),
        "ytd" => day_number(jiff::civil::date(civil.year(), 1, 1)),
        _ => calendar.local_day(first_s * 1000),
    };
    let from_s = (calendar.day(from_day).pre_ms / 1000).max(first_s);
    Ok((from_s, now_s.max(from_s), range.to_owned()))
}

fn check_reach(snapshot: &Snapshot<'_>, interval: Interval, text: &str, from_s: i64, to_s: i64) -> Result<(), ChartError> {
    let now_s = snapshot.now_ms.div_euclid(1000);
    let refuse = |limit: &str| {
        let text = format!("{text} data not available for startTime={from_s} and endTime={to_s}. {limit}");
        Err(ChartError::new(422, "Unprocessable Entity", &text))
    };
    if let Some(days) = interval.days_back()
        && from_s < now_s - (days + 1) * 86_400
    {
        return refuse(&format!("The requested range must be within the last {days} days."));
    }
    if let Some(days) = interval.days_per_request()
        && to_s - from_s > (days + 1) * 86_400
    {
        return refuse(&format!("Only {days} days worth of {text} granularity data are allowed to be fetched per request."));
    }
    Ok(())
}

/// The trading days of a window, oldest first.
fn days(snapshot: &Snapshot<'_>, from_s: i64, to_s: i64) -> Vec<Day> {
    let calendar = snapshot.calendar;
    let last = calendar.local_day(to_s * 1000).min(snapshot.day.number);
    (calendar.local_day(from_s * 1000)..=last).filter(|day| calendar.is_trading(*day)).map(|day| calendar.day(day)).collect()
}

fn add_events(chart: &mut Chart, snapshot: &Snapshot<'_>, wanted: &str, first: i64, last: i64) {
    let calendar = snapshot.calendar;
    let time = |day: i64| calendar.day(day).open_ms / 1000;
    if wanted.contains("div") {
        chart.dividends = dividends::between(snapshot.instrument, &calendar, first, last)
            .into_iter()
            .map(|dividend| (time(dividend.day), dividend))
            .collect();
    }
    if wanted.contains("split") {
        chart.splits = snapshot
            .listing()
            .splits
            .iter()
            .filter(|split| (first..=last).contains(&split.day))
            .map(|split| (time(split.day), split.numerator, split.denominator))
            .collect();
    }
}

fn add_intraday(chart: &mut Chart, snapshot: &Snapshot<'_>, pins: &[Pin]) {
    let Interval::Minutes(minutes) = chart.interval else { return };
    let length = minutes * 60_000;
    let process = &snapshot.instrument.process;
    if process.once_a_day() {
        return;
    }
    let view_ms = snapshot.view_ms();
    let extended = chart.include_pre_post && crate::quote::has_extended_hours(snapshot);
    for day in &chart.days {
        let path = process.day(*day, snapshot.calendar.previous(day.number));
        if extended {
            let bars = outside(snapshot, path.previous_close, (day.pre_ms, day.open_ms), length);
            chart.bars.extend(bars);
        }
        let mut from = day.open_ms;
        while from < day.close_ms && from <= view_ms {
            let to = (from + length).min(day.close_ms);
            let running = to > view_ms;
            // The last bar of a session that is over holds the official close, traded or not.
            let closing = to == day.close_ms && !running;
            let quiet = !closing && !path.traded_between(from, (to - 1).min(view_ms));
            let bar = scaled(snapshot, path.bar(from, to, view_ms));
            let bar = patched(bar, from, if running { snapshot.now_ms + 1 } else { to }, pins);
            chart.bars.push(Stamped { time_s: from / 1000, bar: (!quiet).then_some(bar), adjusted_close: bar.close });
            from = to;
        }
        if extended {
            chart.bars.extend(outside(snapshot, path.close, (day.close_ms, day.post_ms), length));
        }
    }
}

/// Bars before the open or after the close; recordings show their volume as nought.
fn outside(snapshot: &Snapshot<'_>, base: f64, window: (i64, i64), length: i64) -> Vec<Stamped> {
    let process = &snapshot.instrument.process;
    let view_ms = snapshot.view_ms();
    let mut bars = Vec::new();
    let mut from = window.0;
    while from < window.1 && from <= view_ms {
        let to = (from + length).min(window.1);
        let open = process.wandered(base, window.0, from).price;
        let close = process.wandered(base, window.0, (to - 1).min(view_ms)).price;
        let bar = Bar { open, high: open.max(close), low: open.min(close), close, volume: 0.0 };
        bars.push(Stamped { time_s: from / 1000, bar: Some(scaled(snapshot, bar)), adjusted_close: close });
        from = to;
    }
    bars
}

fn add_daily(chart: &mut Chart, snapshot: &Snapshot<'_>, pins: &[Pin]) {
    let view_ms = snapshot.view_ms();
    let process = &snapshot.instrument.process;
    let calendar = snapshot.calendar;
    let Some(last) = chart.days.last().copied() else { return };
    // Prices of days before a dividend are lowered by it, from the newest day backwards.
    let first = chart.days.first().map_or(last.number, |day| day.number);
    let mut due = dividends::between(snapshot.instrument, &calendar, first + 1, last.number);
    let mut factor = 1.0;
    let mut daily: Vec<(Day, Stamped)> = Vec::with_capacity(chart.days.len());
    for (at, day) in chart.days.iter().enumerate().rev() {
        let path = process.day(*day, calendar.previous(day.number));
        let running = view_ms < day.close_ms;
        let mut bar = if process.once_a_day() {
            Bar { open: path.close, high: path.close, low: path.close, close: path.close, volume: 0.0 }
        } else if running {
            path.bar(day.open_ms, day.close_ms, view_ms)
        } else {
            Bar { open: path.open, high: path.high, low: path.low, close: path.close, volume: path.volume }
        };
        bar = scaled(snapshot, bar);
        let to = if running { snapshot.now_ms + 1 } else { day.close_ms };
        bar = patched(bar, day.open_ms, to, pins);
        let is_end = at == 0 || at + 1 == chart.days.len();
        // Recordings have a null bar now and then, never the first or the last.
        let missing = !is_end && process.noise().below(0xA00, day.number, 300) == 0;
        daily.push((
            *day,
            Stamped {
                // The bar of a day that still runs is stamped with the time of the last trade.
                time_s: if running { snapshot.time_s } else { day.open_ms / 1000 },
                bar: (!missing).then_some(bar),
                adjusted_close: bar.close * factor,
            },
        ));
        while due.last().is_some_and(|dividend| dividend.day >= day.number) {
            if let Some(dividend) = due.pop() {
                let before = process.close(calendar.previous(dividend.day));
                factor *= 1.0 - dividend.amount / before;
            }
        }
    }
    daily.reverse();
    chart.bars = match chart.interval {
        Interval::Minutes(_) | Interval::Days(1) => daily.into_iter().map(|(_, bar)| bar).collect(),
        Interval::Days(days) => joined(snapshot, daily, |day| (day - first).div_euclid(days * 7 / 5)),
        // Weeks begin on Monday, and 1970-01-05 was one.
        Interval::Week => joined(snapshot, daily, |day| (day - 4).div_euclid(7)),
        Interval::Months(months) => joined(snapshot, daily, |day| {
            let date = date(day);
            (i64::from(date.year()) * 12 + i64::from(date.month()) - 1).div_euclid(months)
        }),
    };
}

/// Joins the bars of days that fall into one group.
fn joined(snapshot: &Snapshot<'_>, daily: Vec<(Day, Stamped)>, group: impl Fn(i64) -> i64) -> Vec<Stamped> {
    let mut joined: Vec<Stamped> = Vec::new();
    let mut current = None;
    for (day, stamped) in daily {
        let of = group(day.number);
        if current != Some(of) {
            current = Some(of);
            let local_midnight =
                day.open_ms - (day.open_ms + snapshot.calendar.offset_ms(day.open_ms)).rem_euclid(crate::calendar::DAY_MS);
            joined.push(Stamped { time_s: local_midnight / 1000, ..stamped });
        } else if let Some(last) = joined.last_mut() {
            last.adjusted_close = stamped.adjusted_close;
            last.bar = match (last.bar, stamped.bar) {
                (Some(sum), Some(bar)) => Some(Bar {
                    open: sum.open,
                    high: sum.high.max(bar.high),
                    low: sum.low.min(bar.low),
                    close: bar.close,
                    volume: sum.volume + bar.volume,
                }),
                (sum, bar) => bar.or(sum),
            };
        }
    }
    joined
}

/// A bar as it was before splits that are still to come.
fn scaled(snapshot: &Snapshot<'_>, bar: Bar) -> Bar {
    let factor = snapshot.split_factor;
    if factor <= 1.0 {
        return bar;
    }
    let price = |price: f64| snapshot.instrument.process.rounded(price * factor);
    Bar {
        open: price(bar.open),
        high: price(bar.high),
        low: price(bar.low),
        close: price(bar.close),
        volume: bar.volume / factor,
    }
}

/// A bar with the prices that were set by hand within it.
fn patched(mut bar: Bar, from_ms: i64, to_ms: i64, pins: &[Pin]) -> Bar {
    for (at, pin) in pins.iter().enumerate() {
        let ends = pins.get(at + 1).map_or(i64::MAX, |next| next.from_ms);
        let Some(price) = pin.price else { continue };
        if pin.from_ms >= to_ms || ends <= from_ms {
            continue;
        }
        let (at_open, at_close) = (pin.from_ms <= from_ms, ends >= to_ms);
        if at_open && at_close {
            return Bar { open: price, high: price, low: price, close: price, ..bar };
        }
        if at_open {
            bar.open = price;
        }
        if at_close {
            bar.close = price;
        }
        bar.high = bar.high.max(price);
        bar.low = bar.low.min(price);
    }
    bar
}

/// Whether volumes are shown as nought.
pub(crate) fn shows_no_volume(kind: Kind) -> bool {
    matches!(kind, Kind::Currency | Kind::Fund | Kind::MoneyMarket)
}
