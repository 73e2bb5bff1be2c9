//! The simulated market at a moment: listings, their prices, and prices set by hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::calendar::{Calendar, Day, MarketState};
use crate::exchange::Exchange;
use crate::listing::{Kind, Listing, Oddity};
use crate::process::{DayPath, Process};

/// How many set prices a symbol remembers, so that a long test run stays bounded.
const PINS_KEPT: usize = 4096;

/// A price that was set by hand, in force until the next pin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pin {
    pub(crate) from_ms: i64,
    /// `None` lets the process take over again.
    pub(crate) price: Option<f64>,
    /// The exchange time that the price carries.
    pub(crate) time_s: i64,
}

/// A listing with what is needed to price it.
#[derive(Debug)]
pub(crate) struct Instrument {
    pub(crate) listing: Listing,
    pub(crate) process: Process,
    exchange_at: usize,
    pins: Mutex<Vec<Pin>>,
    year: Mutex<Option<Arc<Year>>>,
}

/// What the year up to a day amounts to; the same all day long.
#[derive(Debug)]
pub(crate) struct Year {
    day: i64,
    always_open: bool,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close_a_year_ago: f64,
    pub(crate) fifty_day_average: f64,
    pub(crate) two_hundred_day_average: f64,
}

/// A price outside the regular session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extended {
    pub(crate) price: f64,
    pub(crate) time_s: i64,
}

/// One symbol at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot<'a> {
    pub(crate) instrument: &'a Instrument,
    pub(crate) exchange: &'a Exchange,
    pub(crate) calendar: Calendar<'a>,
    pub(crate) now_ms: i64,
    pub(crate) state: MarketState,
    /// The trading day whose prices these are.
    pub(crate) day: Day,
    pub(crate) price: f64,
    pub(crate) time_s: i64,
    pub(crate) previous_close: f64,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) volume: f64,
    /// `price` against the previous close, or against 24 hours ago for crypto.
    pub(crate) change_base: f64,
    pub(crate) year: Arc<Year>,
    pub(crate) pre: Option<Extended>,
    pub(crate) post: Option<Extended>,
    /// Prices before splits to come are this much higher than the adjusted process says.
    pub(crate) split_factor: f64,
}

/// All instruments of the market.
#[derive(Debug)]
pub(crate) struct Simulation {
    pub(crate) instruments: Vec<Instrument>,
    exchanges: Vec<Exchange>,
    by_symbol: HashMap<String, usize>,
}

impl Simulation {
    pub(crate) fn new(seed: u64, step_ms: i64, synthetic: u32) -> Result<Self, String> {
        let exchanges = crate::exchange::all()?;
        let mut instruments = Vec::new();
        for listing in crate::listing::all(synthetic)? {
            let exchange_at = exchanges
                .iter()
                .position(|exchange| exchange.code == listing.exchange)
                .ok_or_else(|| format!("{} trades on an unknown exchange", listing.symbol))?;
            instruments.push(Instrument {
                process: Process::new(&listing, seed, step_ms),
                listing,
                exchange_at,
                pins: Mutex::new(Vec::new()),
                year: Mutex::new(None),
            });
        }
        let by_symbol =
            instruments.iter().enumerate().map(|(at, instrument)| (instrument.listing.symbol.to_uppercase(), at)).collect();
        Ok(Self { instruments, exchanges, by_symbol })
    }

    /// Looks a symbol up without regard to case, as Yahoo does.
    pub(crate) fn find(&self, symbol: &str) -> Option<&Instrument> {
        let at = *self.by_symbol.get(&symbol.trim().to_uppercase())?;
        self.instruments.get(at)
    }

    pub(crate) fn exchange(&self, instrument: &Instrument) -> &Exchange {
        &self.exchanges[instrument.exchange_at]
    }

    pub(crate) fn calendar(&self, instrument: &Instrument, always_open: bool) -> Calendar<'_> {
        Calendar { exchange: self.exchange(instrument), always_open }
    }

    /// Sets the price of an instrument from now on, or with `None` lets the process take over again.
    pub(crate) fn pin(&self, instrument: &Instrument, price: Option<f64>, now_ms: i64, always_open: bool) {
        let shown = self.snapshot(instrument, now_ms, always_open);
        let mut pins = instrument.pins.lock().unwrap_or_else(PoisonError::into_inner);
        // A new price must look newer than the one before it, even while the clock stands still.
        let time_s = (shown.view_ms() / 1000).max(shown.time_s + 1);
        if pins.len() >= PINS_KEPT {
            pins.remove(0);
        }
        pins.push(Pin { from_ms: now_ms, price, time_s });
    }

    /// One instrument at a moment.
    pub(crate) fn snapshot<'a>(&'a self, instrument: &'a Instrument, now_ms: i64, always_open: bool) -> Snapshot<'a> {
        let calendar = self.calendar(instrument, always_open);
        let listing = &instrument.listing;
        let process = &instrument.process;
        let view_ms = now_ms - calendar.exchange.delay_minutes * 60_000;
        let mut day = calendar.started_day(view_ms);
        if process.once_a_day() && view_ms < day.close_ms {
            // A fund's price of today is published after the close.
            day = calendar.day(calendar.previous(day.number));
        }
        let factor = listing.split_factor_after(calendar.local_day(view_ms));
        let scaled = |price: f64| if factor > 1.0 { process.rounded(price * factor) } else { price };
        let path = process.day(day, calendar.previous(day.number));
        let trade = path.trade_at(view_ms);
        let (high, low) = path.range_until(view_ms);
        let previous_close = scaled(path.previous_close);
        let mut snapshot = Snapshot {
            instrument,
            exchange: calendar.exchange,
            calendar,
            now_ms,
            state: calendar.state(now_ms),
            day,
            price: scaled(trade.price),
            time_s: trade.at_ms.div_euclid(1000),
            previous_close,
            open: scaled(path.open),
            high: scaled(high),
            low: scaled(low),
            // The volume at the last trade: a quote in which nothing was traded stays the same.
            volume: path.volume_until(trade.at_ms + 1) / factor,
            change_base: previous_close,
            year: instrument.year(&calendar, day.number),
            pre: None,
            post: None,
            split_factor: factor,
        };
        if listing.kind == Kind::Crypto {
            let before = calendar.day(calendar.previous(day.number));
            let yesterday = process.day(before, calendar.previous(before.number));
            snapshot.change_base = yesterday.trade_at(view_ms - 86_400_000).price;
        }
        if process.once_a_day() {
            // A fund has no range within a day, and none may stretch that of its year.
            (snapshot.open, snapshot.high, snapshot.low) = (snapshot.price, snapshot.price, snapshot.price);
        }
        snapshot.extend(&path);
        snapshot.apply_oddity();
        snapshot.apply_pins(&instrument.pins_until(now_ms));
        snapshot
    }
}

impl Instrument {
    /// The pins that were set at or before a moment, oldest first.
    pub(crate) fn pins_until(&self, now_ms: i64) -> Vec<Pin> {
        let pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        pins.iter().filter(|pin| pin.from_ms <= now_ms).copied().collect()
    }

    /// The figures of the year before `day`, computed once a day.
    fn year(&self, calendar: &Calendar<'_>, day: i64) -> Arc<Year> {
        let mut year = self.year.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*year
            && known.day == day
            && known.always_open == calendar.always_open
        {
            return Arc::clone(known);
        }
        let computed = Arc::new(self.compute_year(calendar, day));
        *year = Some(Arc::clone(&computed));
        computed
    }

    fn compute_year(&self, calendar: &Calendar<'_>, day: i64) -> Year {
        let process = &self.process;
        let (mut high, mut low) = (f64::MIN, f64::MAX);
        let mut closes = Vec::with_capacity(366);
        // Hours do not matter to open, high, low and close, so one day serves as the shape of all.
        let shape = calendar.day(day);
        let mut at = calendar.previous(day);
        while at >= day - 365 {
            let before = calendar.previous(at);
            let path = process.day(Day { number: at, ..shape }, before);
            if process.once_a_day() {
                (high, low) = (high.max(path.close), low.min(path.close));
            } else {
                (high, low) = (high.max(path.high), low.min(path.low));
            }
            closes.push(path.close);
            at = before;
        }
        let average = |days: usize| {
            let part = &closes[..days.min(closes.len())];
            #[expect(clippy::cast_precision_loss, reason = "at most 200 days")]
            let count = part.len().max(1) as f64;
            part.iter().sum::<f64>() / count
        };
        Year {
            day,
            always_open: calendar.always_open,
            high,
            low,
            close_a_year_ago: closes.last().copied().unwrap_or(self.listing.price),
            fifty_day_average: average(50),
            two_hundred_day_average: average(200),
        }
    }
}

impl Snapshot<'_> {
    pub(crate) fn listing(&self) -> &Listing {
        &self.instrument.listing
    }

    /// The moment whose prices are shown: earlier than now where the exchange is delayed.
    pub(crate) fn view_ms(&self) -> i64 {
        self.now_ms - self.exchange.delay_minutes * 60_000
    }

    pub(crate) fn year_high(&self) -> f64 {
        (self.year.high * self.split_factor).max(self.high)
    }

    pub(crate) fn year_low(&self) -> f64 {
        (self.year.low * self.split_factor).min(self.low)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state == MarketState::Regular
    }

    /// Prices before the open and after the close, where the exchange has them.
    fn extend(&mut self, path: &DayPath<'_>) {
        if !self.exchange.extended || !matches!(self.listing().kind, Kind::Equity | Kind::Etf) {
            return;
        }
        match self.state {
            MarketState::Pre => {
                let today = self.calendar.day(self.calendar.local_day(self.now_ms));
                self.pre = Some(self.wandered(today.pre_ms, self.now_ms));
            }
            MarketState::Post | MarketState::PostPost | MarketState::Closed | MarketState::PrePre => {
                let until = self.now_ms.min(path.day.post_ms - 2_000);
                self.post = Some(self.wandered(path.day.close_ms, until));
            }
            MarketState::Regular => {}
        }
    }

    fn wandered(&self, start_ms: i64, at_ms: i64) -> Extended {
        let trade = self.instrument.process.wandered(self.price, start_ms, at_ms);
        Extended { price: trade.price, time_s: trade.at_ms.div_euclid(1000) }
    }

    fn apply_oddity(&mut self) {
        let Some(oddity) = self.listing().oddity else {
            return;
        };
        if let Some(at) = self.listing().extra("at").and_then(|at| at.parse().ok()) {
            self.time_s = at;
        }
        self.price = self.listing().price;
        self.volume = 0.0;
        match oddity {
            Oddity::Suspended => {
                (self.high, self.low) = (self.price, self.price);
                (self.open, self.previous_close) = (0.0, self.price);
            }
            Oddity::Expired | Oddity::TypedStub | Oddity::NoneStub => {}
        }
        self.change_base = self.previous_close;
    }

    fn apply_pins(&mut self, pins: &[Pin]) {
        for (at, pin) in pins.iter().enumerate() {
            let ends_ms = pins.get(at + 1).map_or(self.now_ms, |next| next.from_ms);
            if let Some(price) = pin.price
                && ends_ms >= self.day.open_ms
            {
                self.high = self.high.max(price);
                self.low = self.low.min(price);
            }
        }
        let Some(last) = pins.last() else { return };
        if let Some(price) = last.price {
            self.price = price;
            self.time_s = last.time_s;
        } else {
            self.time_s = self.time_s.max(last.time_s);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY_11_NEW_YORK: i64 = 1_791_212_400_000;

    #[test]
    fn a_set_price_is_quoted_at_once_and_stretches_the_day() {
        let market = Simulation::new(1, 1_000, 0).unwrap();
        for symbol in ["AAPL", "VOD.L"] {
            let instrument = market.find(symbol).unwrap();
            let before = market.snapshot(instrument, MONDAY_11_NEW_YORK, false);
            let target = before.high * 1.5;
            market.pin(instrument, Some(target), MONDAY_11_NEW_YORK, false);
            let pinned = market.snapshot(instrument, MONDAY_11_NEW_YORK, false);
            assert_eq!((pinned.price, pinned.high), (target, target));
            assert!(pinned.time_s > before.time_s);
            market.pin(instrument, None, MONDAY_11_NEW_YORK + 1, false);
            let freed = market.snapshot(instrument, MONDAY_11_NEW_YORK + 1, false);
            assert!((freed.price - before.price).abs() < before.price * 0.05);
            assert!(freed.time_s > pinned.time_s);
            assert!((freed.high - target).abs() < f64::EPSILON);
        }
    }

    #[test]
    fn a_split_divides_the_price_and_keeps_the_change() {
        let market = Simulation::new(1, 1_000, 0).unwrap();
        let instrument = market.find("CEG").unwrap();
        let day = |date: jiff::civil::Date| crate::calendar::day_number(date) * 86_400_000 + 16 * 3_600_000;
        let before = market.snapshot(instrument, day(jiff::civil::date(2026, 8, 7)), false);
        let after = market.snapshot(instrument, day(jiff::civil::date(2026, 8, 10)), false);
        assert!(before.price / after.price > 2.4, "{} {}", before.price, after.price);
        assert!((after.change_base / after.price - 1.0).abs() < 0.2);
        assert!(before.year_high() > after.year_high() * 2.0);
    }

    #[test]
    fn extended_prices_appear_only_where_and_when_they_exist() {
        let market = Simulation::new(1, 1_000, 0).unwrap();
        let hour = 3_600_000;
        let at = |symbol: &str, ms: i64| {
            let found = market.snapshot(market.find(symbol).unwrap(), ms, false);
            (found.pre.is_some(), found.post.is_some())
        };
        assert_eq!(at("AAPL", MONDAY_11_NEW_YORK - 4 * hour), (true, false));
        assert_eq!(at("AAPL", MONDAY_11_NEW_YORK), (false, false));
        assert_eq!(at("AAPL", MONDAY_11_NEW_YORK + 6 * hour), (false, true));
        assert_eq!(at("VOD.L", MONDAY_11_NEW_YORK + 6 * hour), (false, false));
    }
}
