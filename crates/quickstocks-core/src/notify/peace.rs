//! When somebody wants to be left alone.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::alerts::zone;
use crate::model::{Hold, HoldReason, Preferences, QuietHours, TimeOfDay, Timestamp};

/// How many messages somebody's devices get in a day of theirs. What is beyond is told as one on the next.
pub const DAILY_PUSHES: u32 = 50;

/// When the day of somebody with these preferences ends.
pub fn end_of_day(preferences: Option<&Preferences>, now: Timestamp) -> Timestamp {
    Peace::of(preferences, now).day_ends
}

/// Somebody's quiet hours and their day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peace {
    /// When the present quiet hours end; `None` outside of them.
    quiet_until: Option<Timestamp>,
    /// When their day ends.
    pub(super) day_ends: Timestamp,
}

impl Peace {
    /// The peace of somebody with these preferences. Who never said where they live lives in UTC.
    pub(super) fn of(preferences: Option<&Preferences>, now: Timestamp) -> Self {
        let zone = zone(preferences.and_then(|one| one.time_zone.as_ref()).map(crate::model::TimeZone::as_str));
        let local = jiff::Timestamp::from_millisecond(now.millis()).unwrap_or_default().to_zoned(zone.clone());
        let (today, minute) = (local.date(), i32::from(local.hour()) * 60 + i32::from(local.minute()));
        let quiet = preferences.and_then(|one| one.quiet_hours);
        let quiet_until = quiet.filter(|quiet| contains(*quiet, minute)).map(|quiet| {
            let ends = i32::from(quiet.to.minute());
            moment(if minute < ends { today } else { after(today) }, ends, &zone, now)
        });
        Self { quiet_until, day_ends: moment(after(today), 0, &zone, now) }
    }

    /// What a notification with this hold has to wait for now. One that waited for the end of quiet hours has waited enough, even if they
    /// last all day.
    pub(super) fn hold(&self, before: Option<Hold>, now: Timestamp) -> Option<Hold> {
        match before {
            Some(hold) if hold.until > now => Some(hold),
            Some(Hold { by: HoldReason::QuietHours, .. }) => None,
            _ => self.quiet_until.map(|until| Hold { by: HoldReason::QuietHours, until }),
        }
    }
}

fn contains(quiet: QuietHours, minute: i32) -> bool {
    let text = format!("{:02}:{:02}", minute / 60, minute % 60);
    text.parse::<TimeOfDay>().is_ok_and(|time| quiet.contains(time))
}

fn after(date: Date) -> Date {
    date.tomorrow().unwrap_or(date)
}

/// That minute of that day. One that a clock change leaves out is the first after it.
fn moment(date: Date, minute: i32, zone: &TimeZone, now: Timestamp) -> Timestamp {
    let hour = i8::try_from(minute / 60).unwrap_or_default();
    let minute = i8::try_from(minute % 60).unwrap_or_default();
    let found = date.at(hour, minute, 0, 0).to_zoned(zone.clone());
    found.map_or(now + Duration::from_hours(1), |found| Timestamp::from_millis(found.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn preferences(zone: &str, from: &str, to: &str) -> Preferences {
        Preferences {
            time_zone: Some(zone.parse().unwrap()),
            quiet_hours: Some(QuietHours { from: from.parse().unwrap(), to: to.parse().unwrap() }),
            ..Preferences::default()
        }
    }

    #[test]
    fn quiet_hours_end_by_the_clock_of_their_owner() {
        for (zone, from, to, now, until) in [
            ("Europe/Berlin", "22:00", "07:00", "2026-11-25T21:30:00Z", Some("2026-11-26T06:00:00Z")),
            ("Europe/Berlin", "22:00", "07:00", "2026-11-26T05:59:59Z", Some("2026-11-26T06:00:00Z")),
            ("Europe/Berlin", "22:00", "07:00", "2026-11-26T06:00:00Z", None),
            ("Europe/Berlin", "22:00", "07:00", "2026-11-25T20:59:59Z", None),
            ("America/New_York", "12:00", "13:00", "2026-11-25T17:10:00Z", Some("2026-11-25T18:00:00Z")),
            // All day, until the same minute of the next.
            ("UTC", "08:00", "08:00", "2026-11-25T09:00:00Z", Some("2026-11-26T08:00:00Z")),
            ("UTC", "08:00", "08:00", "2026-11-25T07:00:00Z", Some("2026-11-25T08:00:00Z")),
            // 02:30 is left out on the day the clocks go forward.
            ("Europe/Berlin", "22:00", "02:30", "2026-03-29T00:30:00Z", Some("2026-03-29T01:30:00Z")),
        ] {
            let peace = Peace::of(Some(&preferences(zone, from, to)), at(now));
            let expected = until.map(|until| Hold { by: HoldReason::QuietHours, until: at(until) });
            assert_eq!(peace.hold(None, at(now)), expected, "{zone} {from}-{to} {now}");
        }
    }

    #[test]
    fn a_day_ends_at_midnight_where_its_owner_is() {
        let now = at("2026-11-25T21:30:00Z");
        assert_eq!(Peace::of(None, now).day_ends, at("2026-11-26T00:00:00Z"));
        let tokyo = Preferences { time_zone: Some("Asia/Tokyo".parse().unwrap()), ..Preferences::default() };
        assert_eq!(Peace::of(Some(&tokyo), now).day_ends, at("2026-11-26T15:00:00Z"));
    }

    #[test]
    fn what_waited_for_quiet_hours_waits_for_them_once() {
        let now = at("2026-11-25T09:00:00Z");
        let peace = Peace::of(Some(&preferences("UTC", "08:00", "08:00")), now);
        let hold = |by, until| Some(Hold { by, until });
        let later = now + Duration::from_secs(1);
        assert_eq!(peace.hold(hold(HoldReason::QuietHours, now), now), None);
        assert_eq!(peace.hold(hold(HoldReason::QuietHours, later), now), hold(HoldReason::QuietHours, later));
        assert_eq!(peace.hold(hold(HoldReason::PushService, later), now), hold(HoldReason::PushService, later));
        assert_eq!(peace.hold(hold(HoldReason::PushService, now), now), peace.hold(None, now));
    }
}
