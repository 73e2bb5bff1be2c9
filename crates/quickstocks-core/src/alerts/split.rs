//! Splits, as they show in two quotes of one symbol. No source announces them in time: what is certain is that the close of the
//! session before is suddenly told as another number.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::calendar;
use crate::model::{Quote, Split, Timestamp};

/// The ratios shares are split by, as new and old shares; each also the other way round.
const RATIOS: [(i64, i64); 16] = [
    (3, 2),
    (2, 1),
    (5, 2),
    (3, 1),
    (4, 1),
    (5, 1),
    (6, 1),
    (7, 1),
    (8, 1),
    (10, 1),
    (15, 1),
    (20, 1),
    (25, 1),
    (30, 1),
    (50, 1),
    (100, 1),
];

/// How far two prices of one thing may be apart, in thousandths: a quote may miss the last trades of its session.
const TOLERANCE: (i64, u32) = (15, 3);

/// How long a split is told with its symbol's quotes: longer than an alert waits between two looks at it.
pub(crate) const SPLIT_TOLD_FOR: std::time::Duration = std::time::Duration::from_hours(30 * 24);

/// Whether `quote` is the first of new shares, when `previous` is the quote before it.
///
/// Two things must agree on one of the usual ratios: what the last session closed at, told before and now, and the range of 52
/// weeks, which the source rewrites too. A crash has the first price changed and not what was before it.
pub fn detect_split(previous: &Quote, quote: &Quote, now: Timestamp) -> Option<Split> {
    let zone = calendar::zone(quote.time_zone.as_deref());
    let (before, today) = (calendar::day(previous.as_of, &zone), calendar::day(quote.as_of, &zone));
    let close = match before.cmp(&today) {
        Ordering::Equal => ratio(previous.previous_close?, quote.previous_close?)?,
        Ordering::Less => ratio(previous.price?, quote.previous_close?)?,
        Ordering::Greater => return None,
    };
    // A new high or low moves one end of the range; the other end still shows the ratio.
    let ends =
        [(previous.fifty_two_week_high, quote.fifty_two_week_high), (previous.fifty_two_week_low, quote.fifty_two_week_low)];
    let agrees = |(before, after): &(Option<Decimal>, Option<Decimal>)| {
        before.zip(*after).and_then(|(before, after)| ratio(before, after)) == Some(close)
    };
    ends.iter().any(agrees).then_some(Split { ratio: close, since: now })
}

/// The usual ratio by which a price became another, if it is near one.
fn ratio(before: Decimal, after: Decimal) -> Option<Decimal> {
    if before <= Decimal::ZERO || after <= Decimal::ZERO {
        return None;
    }
    let found = before.checked_div(after)?;
    let near = |ratio: Decimal| ((found / ratio) - Decimal::ONE).abs() <= Decimal::new(TOLERANCE.0, TOLERANCE.1);
    RATIOS
        .iter()
        .flat_map(|(new, old)| [(*new, *old), (*old, *new)])
        .map(|(new, old)| Decimal::from(new) / Decimal::from(old))
        .find(|ratio| near(*ratio))
}

/// What a new quote takes over of splits from the one before it.
pub(crate) fn carry_split(previous: &Quote, quote: &mut Quote, now: Timestamp) {
    let found = detect_split(previous, quote, now);
    let told = previous.split.filter(|split| now.since(split.since) < SPLIT_TOLD_FOR);
    quote.split = found.or(told);
}
