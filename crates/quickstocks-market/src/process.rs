//! The price process: a pure function of seed, symbol and time.
//!
//! Prices are decided from coarse to fine. The day has an open, close, high and low; five-minute
//! buckets move between the open and the close inside the day's range; steps move between the ends of
//! their bucket inside the bucket's range. Each level touches its extremes exactly, so the high of a day
//! is always a price that was really quoted, bars of any length agree with each other and with the live
//! quotes, and a whole year costs two evaluations a day.

use crate::calendar::Day;
use crate::listing::{Kind, Listing};
use crate::noise::Noise;

/// The length of a bucket.
pub(crate) const BUCKET_MS: i64 = 300_000;

/// Positions of one day within a stream of noise are spread over this many.
const DAY_STRIDE: i64 = 1 << 20;

/// 2026-01-01: the day on which growth is nought and prices stand around those of the table.
const REFERENCE_DAY: f64 = 20_454.0;

/// Streams of noise; each must differ from the others.
mod stream {
    pub(super) const SLOW: u64 = 0x100;
    pub(super) const DAILY: u64 = 0x200;
    pub(super) const GAP: u64 = 0x201;
    pub(super) const DAY_HIGH: u64 = 0x202;
    pub(super) const DAY_LOW: u64 = 0x203;
    pub(super) const HIGH_BUCKET: u64 = 0x204;
    pub(super) const LOW_BUCKET: u64 = 0x205;
    pub(super) const DAY_VOLUME: u64 = 0x206;
    pub(super) const BRIDGE: u64 = 0x300;
    pub(super) const BUCKET_HIGH: u64 = 0x400;
    pub(super) const BUCKET_LOW: u64 = 0x401;
    pub(super) const HIGH_STEP: u64 = 0x402;
    pub(super) const LOW_STEP: u64 = 0x403;
    pub(super) const BUCKET_VOLUME: u64 = 0x404;
    pub(super) const ACTIVE: u64 = 0x500;
    pub(super) const FINE: u64 = 0x600;
    pub(super) const EXTENDED: u64 = 0x700;
}

/// Open, high, low and close of an interval, and what was traded in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    pub(crate) volume: f64,
}

/// A price and the moment it was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trade {
    pub(crate) price: f64,
    pub(crate) at_ms: i64,
}

/// The process of one symbol.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    noise: Noise,
    anchor: f64,
    volatility: f64,
    growth_per_day: f64,
    step: Option<f64>,
    step_ms: i64,
    activity: f64,
    daily_volume: f64,
    /// The price changes once a day, when a fund's value is published.
    once_a_day: bool,
}

impl Process {
    pub(crate) fn new(listing: &Listing, seed: u64, step_ms: i64) -> Self {
        Self {
            noise: Noise::new(seed, &listing.symbol),
            anchor: listing.price,
            volatility: listing.volatility,
            growth_per_day: yearly_growth(listing.kind) / 365.0,
            step: listing.price_step(),
            step_ms,
            activity: activity(listing, step_ms),
            daily_volume: listing.daily_volume,
            once_a_day: matches!(listing.kind, Kind::Fund | Kind::MoneyMarket),
        }
    }

    pub(crate) fn noise(&self) -> Noise {
        self.noise
    }

    /// Whether the price changes but once a day.
    pub(crate) fn once_a_day(&self) -> bool {
        self.once_a_day
    }

    /// The price to the exchange's step.
    pub(crate) fn rounded(&self, price: f64) -> f64 {
        match self.step {
            // Never nought: a price that rounds away still is the smallest step.
            Some(step) => ((price / step).round() * step).max(step),
            None => price,
        }
    }

    /// The close of a day.
    #[expect(clippy::cast_precision_loss, reason = "day numbers are small")]
    pub(crate) fn close(&self, day: i64) -> f64 {
        if self.volatility == 0.0 {
            return self.anchor;
        }
        let at = day as f64;
        let mut moved = 0.6 * self.noise.signed(stream::DAILY, day);
        for octave in 1..=8_u32 {
            let period = f64::from(1_u32 << octave);
            moved += 0.5 * period.sqrt() * self.noise.smooth(stream::SLOW + u64::from(octave), at / period);
        }
        // Volatile shares would wander out of all proportion in their slow octaves.
        let size = self.volatility.min(0.03);
        let growth = (self.growth_per_day * (at - REFERENCE_DAY)).clamp(-4.0, 2.0);
        self.rounded(self.anchor * (growth + size * moved).exp())
    }

    /// A price outside the regular session: it wanders from `from` since `start_ms`, in steps of ten seconds.
    #[expect(clippy::cast_precision_loss, reason = "ten-second steps since 1970 are below 2^53")]
    pub(crate) fn wandered(&self, from: f64, start_ms: i64, at_ms: i64) -> Trade {
        let steps = ((at_ms - start_ms) / 10_000).max(0);
        let position = (start_ms / 10_000 + steps) as f64;
        let away = (steps as f64 / 360.0).min(1.0) * 0.3 * self.noise.smooth(stream::EXTENDED, position / 200.0)
            + 0.05 * self.noise.smooth(stream::EXTENDED + 1, position / 7.0);
        Trade { price: self.rounded(from * (1.0 + self.volatility * away)), at_ms: start_ms + steps * 10_000 }
    }

    /// The prices of a day that follows `previous`.
    pub(crate) fn day(&self, day: Day, previous: i64) -> DayPath<'_> {
        let close = self.close(day.number);
        let before = self.close(previous);
        let overnight = if day.open_ms == day.pre_ms && day.close_ms == day.post_ms { 0.2 } else { 0.35 };
        let gap = self.volatility * overnight * self.noise.signed(stream::GAP, day.number);
        let open = self.rounded(before * gap.exp());
        let reach = |stream| self.volatility * (0.15 + 0.6 * self.noise.unit(stream, day.number));
        let high = self.rounded(open.max(close) * reach(stream::DAY_HIGH).exp());
        let low = self.rounded(open.min(close) * (-reach(stream::DAY_LOW)).exp());
        let buckets = ((day.close_ms - day.open_ms) / BUCKET_MS).max(1);
        let pick = |stream| {
            let bound = buckets.cast_unsigned();
            self.noise.below(stream, day.number, bound).cast_signed()
        };
        DayPath {
            process: self,
            day,
            previous_close: before,
            open,
            close,
            high,
            low,
            buckets,
            high_bucket: pick(stream::HIGH_BUCKET),
            low_bucket: pick(stream::LOW_BUCKET),
            volume: (self.daily_volume * (0.6 + 0.8 * self.noise.unit(stream::DAY_VOLUME, day.number))).round(),
        }
    }
}

/// One day's prices of one symbol.
#[derive(Clone, Debug)]
pub(crate) struct DayPath<'a> {
    process: &'a Process,
    pub(crate) day: Day,
    pub(crate) previous_close: f64,
    pub(crate) open: f64,
    pub(crate) close: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) volume: f64,
    buckets: i64,
    high_bucket: i64,
    low_bucket: i64,
}

/// The prices at the ends of a bucket and its range.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    from: f64,
    to: f64,
    high: f64,
    low: f64,
}

impl DayPath<'_> {
    /// The last price made at or before a moment of this day's session; the close after it.
    pub(crate) fn trade_at(&self, at_ms: i64) -> Trade {
        if at_ms >= self.day.close_ms {
            return Trade { price: self.close, at_ms: self.day.close_ms + 1000 };
        }
        let into = (at_ms - self.day.open_ms).max(0);
        let mut bucket = into / BUCKET_MS;
        let mut step = (into % BUCKET_MS) / self.process.step_ms;
        let mut touching = self.touching_steps(bucket);
        // Every bucket has active steps, so this looks back into the one before at most.
        while !self.is_active(bucket, step, touching) {
            if step > 0 {
                step -= 1;
            } else if bucket > 0 {
                bucket -= 1;
                step = self.steps() - 1;
                touching = self.touching_steps(bucket);
            } else {
                break;
            }
        }
        Trade {
            price: self.step_price(bucket, &self.bucket(bucket), step, touching),
            at_ms: self.day.open_ms + bucket * BUCKET_MS + step * self.process.step_ms,
        }
    }

    /// The highest and lowest price made from the open up to a moment.
    pub(crate) fn range_until(&self, at_ms: i64) -> (f64, f64) {
        if at_ms >= self.day.close_ms {
            return (self.high, self.low);
        }
        self.range_between(self.day.open_ms, at_ms)
    }

    /// What was traded from the open up to a moment.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of one day")]
    pub(crate) fn volume_until(&self, at_ms: i64) -> f64 {
        if at_ms >= self.day.close_ms {
            return self.volume;
        }
        let into = (at_ms - self.day.open_ms).max(0);
        let bucket = into / BUCKET_MS;
        let part = (into % BUCKET_MS) as f64 / BUCKET_MS as f64;
        let from = self.share_of_volume(bucket);
        let to = self.share_of_volume(bucket + 1);
        (self.volume * (from + (to - from) * part)).floor()
    }

    /// The bar of `[from, to)`, as far as it lies at or before `until`.
    pub(crate) fn bar(&self, from_ms: i64, to_ms: i64, until_ms: i64) -> Bar {
        let last = (to_ms - 1).min(until_ms).min(self.day.close_ms - 1).max(from_ms);
        let (mut high, mut low) = self.range_between(from_ms, last);
        let open = self.trade_at(from_ms).price;
        let ends = until_ms >= self.day.close_ms && to_ms >= self.day.close_ms;
        let close = if ends { self.close } else { self.trade_at(last).price };
        high = high.max(open).max(close);
        low = low.min(open).min(close);
        let after = if ends { self.day.close_ms } else { last + 1 };
        let volume = (self.volume_until(after) - self.volume_until(from_ms)).max(0.0);
        Bar { open, high, low, close, volume }
    }

    /// Whether anything was traded in `[from, to]`; quiet minutes of quiet symbols have no bar.
    pub(crate) fn traded_between(&self, from_ms: i64, to_ms: i64) -> bool {
        self.trade_at(to_ms).at_ms >= from_ms
    }

    /// The range of the trades of `[from, to]`, both ends inclusive, within the session.
    fn range_between(&self, from_ms: i64, to_ms: i64) -> (f64, f64) {
        let step_ms = self.process.step_ms;
        let from = (from_ms - self.day.open_ms).max(0);
        let to = (to_ms - self.day.open_ms).max(0);
        let (first, last) = (from / BUCKET_MS, (to / BUCKET_MS).min(self.buckets - 1));
        let mut range = (f64::MIN, f64::MAX);
        let mut from_price = self.node(first);
        for at in first..=last {
            let to_price = self.node(at + 1);
            let bucket = self.bucket_between(at, from_price, to_price);
            from_price = to_price;
            let begin = if at == first { (from % BUCKET_MS) / step_ms } else { 0 };
            let end = if at == last { (to % BUCKET_MS) / step_ms } else { self.steps() - 1 };
            if begin == 0 && end >= self.steps() - 1 {
                range = (range.0.max(bucket.high), range.1.min(bucket.low));
                continue;
            }
            let touching = self.touching_steps(at);
            for step in begin..=end.min(self.steps() - 1) {
                if self.is_active(at, step, touching) {
                    let price = self.step_price(at, &bucket, step, touching);
                    range = (range.0.max(price), range.1.min(price));
                }
            }
        }
        range
    }

    fn steps(&self) -> i64 {
        BUCKET_MS / self.process.step_ms
    }

    fn position(&self, bucket: i64) -> i64 {
        self.day.number * DAY_STRIDE + bucket
    }

    /// The price at the beginning of a bucket.
    #[expect(clippy::cast_precision_loss, reason = "bucket and day numbers are small")]
    fn node(&self, bucket: i64) -> f64 {
        if bucket <= 0 {
            return self.open;
        }
        if bucket >= self.buckets {
            return self.close;
        }
        let at = bucket as f64;
        let part = at / self.buckets as f64;
        let straight = self.open.ln() + (self.close.ln() - self.open.ln()) * part;
        // Nought at both ends, so that the day keeps its open and close.
        let window = (4.0 * part * (1.0 - part)).sqrt();
        let mut moved = 0.0;
        for octave in 1..=5_u32 {
            let period = f64::from(1_u32 << octave);
            let x = self.day.number as f64 * 1024.0 + at / period;
            moved += 0.1 * period.sqrt() * self.process.noise.smooth(stream::BRIDGE + u64::from(octave), x);
        }
        let price = (straight + self.process.volatility * window * moved).exp();
        self.process.rounded(price).clamp(self.low, self.high)
    }

    fn bucket(&self, at: i64) -> Bucket {
        self.bucket_between(at, self.node(at), self.node(at + 1))
    }

    fn bucket_between(&self, at: i64, from: f64, to: f64) -> Bucket {
        let process = self.process;
        let reach = |stream| 0.05 * process.volatility * process.noise.unit(stream, self.position(at));
        let high = if at == self.high_bucket {
            self.high
        } else {
            process.rounded(from.max(to) * reach(stream::BUCKET_HIGH).exp()).min(self.high)
        };
        let low = if at == self.low_bucket {
            self.low
        } else {
            process.rounded(from.min(to) * (-reach(stream::BUCKET_LOW)).exp()).max(self.low)
        };
        Bucket { from, to, high, low }
    }

    /// The steps at which a bucket touches its high and its low: never the first, never the same.
    fn touching_steps(&self, bucket: i64) -> (i64, i64) {
        let noise = self.process.noise;
        let free = self.steps() - 1;
        let pick = |stream, bound: i64| {
            let bound = bound.cast_unsigned();
            noise.below(stream, self.position(bucket), bound).cast_signed()
        };
        let high = pick(stream::HIGH_STEP, free);
        let low = (high + 1 + pick(stream::LOW_STEP, free - 1)) % free;
        (1 + high, 1 + low)
    }

    /// Whether a price is made in a step. The open and the extremes always are.
    fn is_active(&self, bucket: i64, step: i64, (high, low): (i64, i64)) -> bool {
        if step == high || step == low || (bucket == 0 && step == 0) {
            return true;
        }
        let position = self.position(bucket) * self.steps() + step;
        self.process.noise.unit(stream::ACTIVE, position) < self.process.activity
    }

    #[expect(clippy::cast_precision_loss, reason = "steps of one day")]
    fn step_price(&self, at: i64, bucket: &Bucket, step: i64, (high, low): (i64, i64)) -> f64 {
        if at == 0 && step == 0 {
            return self.open;
        }
        if step == high {
            return bucket.high;
        }
        if step == low {
            return bucket.low;
        }
        let part = step as f64 / self.steps() as f64;
        let straight = bucket.from + (bucket.to - bucket.from) * part;
        let position = self.position(at) * self.steps() + step;
        let mut moved = 0.5 * self.process.noise.signed(stream::FINE, position);
        for octave in [3_u32, 5] {
            let period = f64::from(1_u32 << octave);
            moved += self.process.noise.smooth(stream::FINE + u64::from(octave), position as f64 / period);
        }
        let price = straight * (1.0 + 0.02 * self.process.volatility * moved);
        self.process.rounded(price).clamp(bucket.low, bucket.high)
    }

    /// The part of the day's volume that is traded before a bucket: more at the open and the close.
    #[expect(clippy::cast_precision_loss, reason = "bucket numbers are small")]
    fn share_of_volume(&self, bucket: i64) -> f64 {
        let count = self.buckets as f64;
        if bucket <= 0 || bucket >= self.buckets {
            return (bucket as f64 / count).clamp(0.0, 1.0);
        }
        // Moved by less than half a bucket either way, so that the sum never falls.
        let jitter = 0.45 * self.process.noise.signed(stream::BUCKET_VOLUME, self.position(bucket));
        let part = (bucket as f64 + jitter) / count;
        // Steeper at the ends, flatter in the middle.
        let centred = 2.0 * part - 1.0;
        let curve = 0.5 + 0.5 * (0.6 * centred + 0.4 * centred.powi(3));
        curve.clamp(0.0, 1.0)
    }
}

fn yearly_growth(kind: Kind) -> f64 {
    match kind {
        Kind::Equity | Kind::Etf | Kind::Index | Kind::Fund => 0.06,
        Kind::Crypto => 0.1,
        Kind::Future => 0.02,
        _ => 0.0,
    }
}

/// How likely a step of the given length makes a price.
#[expect(clippy::cast_precision_loss, reason = "a step is at most a minute")]
fn activity(listing: &Listing, step_ms: i64) -> f64 {
    let per_second = match listing.kind {
        Kind::Index | Kind::Currency | Kind::Crypto | Kind::Future => 0.9,
        Kind::Ecn => 0.002,
        _ => match listing.daily_volume {
            volume if volume >= 10e6 => 0.9,
            volume if volume >= 1e6 => 0.5,
            volume if volume >= 100e3 => 0.15,
            volume if volume >= 10e3 => 0.03,
            _ => 0.005,
        },
    };
    1.0 - (1.0_f64 - per_second).powf(step_ms as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Calendar;

    fn listing(symbol: &str) -> Listing {
        let listings = crate::listing::all(0).unwrap();
        listings.into_iter().find(|listing| listing.symbol == symbol).unwrap()
    }

    fn with_day(symbol: &str, check: impl Fn(&DayPath<'_>)) {
        let exchanges = crate::exchange::all().unwrap();
        let listing = listing(symbol);
        let exchange = exchanges.iter().find(|exchange| exchange.code == listing.exchange).unwrap();
        for always_open in [false, true] {
            let calendar = Calendar { exchange, always_open };
            let process = Process::new(&listing, 42, 5_000);
            for number in [20_600, 20_601, 20_727] {
                check(&process.day(calendar.day(number), calendar.previous(number)));
            }
        }
    }

    #[test]
    fn the_running_range_holds_every_price_and_ends_as_the_range_of_the_day() {
        for symbol in ["AAPL", "OCDO.L", "BTC-USD", "AZT.OL", "SHIB-USD", "7203.T"] {
            with_day(symbol, |day| {
                let mut at = day.day.open_ms;
                let mut seen = (f64::MIN, f64::MAX);
                while at < day.day.close_ms {
                    let price = day.trade_at(at).price;
                    seen = (seen.0.max(price), seen.1.min(price));
                    if (at / 5_000) % 37 == 0 {
                        assert_eq!(day.range_until(at), seen, "{symbol}");
                    }
                    at += 5_000;
                }
                assert_eq!((day.high, day.low), seen, "{symbol}");
                assert!(day.low > 0.0);
            });
        }
    }

    #[test]
    fn bars_join_up_to_the_day() {
        with_day("MSFT", |day| {
            let (open_ms, close_ms) = (day.day.open_ms, day.day.close_ms);
            let whole = day.bar(open_ms, close_ms, close_ms);
            for minutes in [1, 5, 15, 30] {
                let mut joined: Option<Bar> = None;
                let mut from = open_ms;
                while from < close_ms {
                    let bar = day.bar(from, from + minutes * 60_000, close_ms);
                    assert!(bar.low <= bar.open.min(bar.close) && bar.high >= bar.open.max(bar.close));
                    joined = Some(joined.map_or(bar, |sum| Bar {
                        open: sum.open,
                        high: sum.high.max(bar.high),
                        low: sum.low.min(bar.low),
                        close: bar.close,
                        volume: sum.volume + bar.volume,
                    }));
                    from += minutes * 60_000;
                }
                let joined = joined.unwrap();
                assert_eq!((joined.open, joined.high), (whole.open, whole.high), "{minutes}m");
                assert_eq!((joined.low, joined.close), (whole.low, whole.close), "{minutes}m");
                assert!((joined.volume - day.volume).abs() <= 1.0, "{} {}", joined.volume, day.volume);
            }
        });
    }

    #[test]
    fn liquid_symbols_trade_nearly_each_step_and_quiet_ones_rarely() {
        let changes = |symbol| {
            let total = std::cell::Cell::new(0);
            with_day(symbol, |day| {
                for step in 0..1000 {
                    let at = day.day.open_ms + 3_600_000 + step * 5_000;
                    total.set(total.get() + i32::from(day.traded_between(at, at)));
                }
            });
            total.get()
        };
        assert!(changes("NVDA") > 5900);
        let quiet = changes("AZT.OL");
        assert!((10..1000).contains(&quiet), "{quiet}");
    }

    #[test]
    fn prices_stay_near_the_table() {
        for listing in crate::listing::all(0).unwrap() {
            let process = Process::new(&listing, 1, 1_000);
            for day in (20_454..20_454 + 400).step_by(13) {
                let close = process.close(day);
                assert!(close <= listing.price * 3.5 && close >= listing.price / 3.5, "{} {close}", listing.symbol);
            }
        }
    }
}
