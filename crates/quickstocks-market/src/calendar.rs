//! Trading days and sessions in the time zone of an exchange.

use jiff::{Timestamp, civil::Date};

use crate::exchange::{Exchange, Week};

pub(crate) const DAY_MS: i64 = 86_400_000;

/// One trading day of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// Days since 1970-01-01 of the local date.
    pub(crate) number: i64,
    pub(crate) pre_ms: i64,
    pub(crate) open_ms: i64,
    pub(crate) close_ms: i64,
    pub(crate) post_ms: i64,
}

/// `marketState` of a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarketState {
    PrePre,
    Pre,
    Regular,
    Post,
    PostPost,
    Closed,
}

impl MarketState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PrePre => "PREPRE",
            Self::Pre => "PRE",
            Self::Regular => "REGULAR",
            Self::Post => "POST",
            Self::PostPost => "POSTPOST",
            Self::Closed => "CLOSED",
        }
    }
}

/// The trading calendar of an exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar<'a> {
    pub(crate) exchange: &'a Exchange,
    /// Sessions run from midnight to midnight on every day.
    pub(crate) always_open: bool,
}

impl Calendar<'_> {
    /// The offset of the exchange's zone from UTC at a moment.
    pub(crate) fn offset_ms(&self, at_ms: i64) -> i64 {
        i64::from(self.exchange.zone.to_offset(timestamp(at_ms)).seconds()) * 1000
    }

    /// The zone's abbreviation at a moment, such as `EDT`.
    pub(crate) fn zone_abbreviation(&self, at_ms: i64) -> String {
        self.exchange.zone.to_offset_info(timestamp(at_ms)).abbreviation().to_owned()
    }

    /// The local date at a moment, in days since 1970-01-01.
    pub(crate) fn local_day(&self, at_ms: i64) -> i64 {
        (at_ms + self.offset_ms(at_ms)).div_euclid(DAY_MS)
    }

    pub(crate) fn is_trading(&self, day: i64) -> bool {
        if self.always_open || self.exchange.week == Week::EveryDay {
            return true;
        }
        // 1970-01-01 was a Thursday.
        (day + 3).rem_euclid(7) < 5 && !self.is_holiday(day)
    }

    /// The last trading day before `day`.
    pub(crate) fn previous(&self, day: i64) -> i64 {
        let mut before = day - 1;
        while !self.is_trading(before) {
            before -= 1;
        }
        before
    }

    /// The first trading day after `day`.
    pub(crate) fn next(&self, day: i64) -> i64 {
        let mut after = day + 1;
        while !self.is_trading(after) {
            after += 1;
        }
        after
    }

    /// The sessions of a day, whether or not it trades.
    pub(crate) fn day(&self, number: i64) -> Day {
        let hours = self.exchange.hours;
        let (pre, open, close, post) = if self.always_open {
            (0, 0, DAY_MS / 1000, DAY_MS / 1000)
        } else {
            (hours.pre, hours.open, hours.close, hours.post)
        };
        let utc = |seconds: i64| self.to_utc_ms(number * DAY_MS + seconds * 1000);
        Day { number, pre_ms: utc(pre), open_ms: utc(open), close_ms: utc(close), post_ms: utc(post) }
    }

    /// The trading day whose regular session began last at a moment.
    pub(crate) fn started_day(&self, at_ms: i64) -> Day {
        let today = self.local_day(at_ms);
        if self.is_trading(today) {
            let day = self.day(today);
            if at_ms >= day.open_ms {
                return day;
            }
        }
        self.day(self.previous(today))
    }

    pub(crate) fn state(&self, at_ms: i64) -> MarketState {
        let today = self.local_day(at_ms);
        if !self.is_trading(today) {
            return MarketState::Closed;
        }
        let day = self.day(today);
        if at_ms < day.pre_ms {
            MarketState::PrePre
        } else if at_ms < day.open_ms {
            MarketState::Pre
        } else if at_ms < day.close_ms {
            MarketState::Regular
        } else if at_ms < day.post_ms {
            MarketState::Post
        } else {
            MarketState::PostPost
        }
    }

    /// New Year and Christmas everywhere; in the United States also two that have a fixed date.
    /// The movable feasts are left out: a simulated session on Good Friday harms nobody.
    fn is_holiday(&self, day: i64) -> bool {
        let date = date(day);
        match (date.month(), date.day()) {
            (1, 1) | (12, 25) => true,
            (6, 19) | (7, 4) => self.exchange.market == "us_market",
            _ => false,
        }
    }

    fn to_utc_ms(self, local_ms: i64) -> i64 {
        // The offset at a moment near enough; no session begins within an hour of a clock change.
        let guess = local_ms - self.offset_ms(local_ms);
        local_ms - self.offset_ms(guess)
    }
}

pub(crate) fn timestamp(at_ms: i64) -> Timestamp {
    // Out of range means a clock set thousands of years away; the epoch is as good as any.
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The civil date of a day number.
pub(crate) fn date(day: i64) -> Date {
    jiff::tz::Offset::UTC.to_datetime(timestamp(day.saturating_mul(DAY_MS))).date()
}

/// The day number of a civil date.
pub(crate) fn day_number(date: Date) -> i64 {
    jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_or(0, |at| at.as_millisecond().div_euclid(DAY_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn market_states_follow_the_clock_of_the_exchange() {
        let exchanges = crate::exchange::all().unwrap();
        let state = |code: &str, time: &str, always_open: bool| {
            let exchange = exchanges.iter().find(|exchange| exchange.code == code).unwrap();
            Calendar { exchange, always_open }.state(at(time)).as_str()
        };
        for (code, time, expected) in [
            ("NMS", "2026-10-02T07:00:00Z", "PREPRE"),
            ("NMS", "2026-10-02T08:00:00Z", "PRE"),
            ("NMS", "2026-10-02T13:30:00Z", "REGULAR"),
            ("NMS", "2026-10-02T19:59:59Z", "REGULAR"),
            ("NMS", "2026-10-02T20:00:00Z", "POST"),
            ("NMS", "2026-10-03T00:00:00Z", "POSTPOST"),
            ("NMS", "2026-10-03T04:00:00Z", "CLOSED"),
            ("NMS", "2026-12-25T15:00:00Z", "CLOSED"),
            // Winter time: the open moves with the zone.
            ("NMS", "2026-12-01T14:29:59Z", "PRE"),
            ("NMS", "2026-12-01T14:30:00Z", "REGULAR"),
            ("LSE", "2026-10-02T07:00:00Z", "REGULAR"),
            ("LSE", "2026-10-02T15:30:00Z", "POSTPOST"),
            ("GER", "2026-10-02T16:00:00Z", "POST"),
            ("CCC", "2026-10-03T12:00:00Z", "REGULAR"),
            ("CCY", "2026-10-03T12:00:00Z", "CLOSED"),
            ("JPX", "2026-10-02T00:30:00Z", "REGULAR"),
        ] {
            assert_eq!(state(code, time, false), expected, "{code} at {time}");
            assert_eq!(state(code, time, true), "REGULAR", "{code} at {time}");
        }
    }

    #[test]
    fn trading_days_skip_weekends_and_holidays() {
        let exchanges = crate::exchange::all().unwrap();
        let exchange = exchanges.iter().find(|exchange| exchange.code == "NMS").unwrap();
        let calendar = Calendar { exchange, always_open: false };
        let day = |year, month, day| day_number(jiff::civil::date(year, month, day));
        assert_eq!(calendar.previous(day(2026, 10, 5)), day(2026, 10, 2));
        assert_eq!(calendar.next(day(2026, 12, 24)), day(2026, 12, 28));
        assert_eq!(date(day(2026, 10, 5)).to_string(), "2026-10-05");
        let started = calendar.started_day(at("2026-10-05T13:00:00Z"));
        assert_eq!(started.number, day(2026, 10, 2));
        assert_eq!(started.open_ms, at("2026-10-02T13:30:00Z"));
    }
}
