//! The evaluator: what an alert makes of a quote. Pure, and the only place that decides whether an alert fires.

use std::time::Duration;

use rust_decimal::Decimal;

use super::calendar;
use super::levels::{Levels, fell_back};
use crate::model::{
    AlertEvent, AlertState, AlertStatus, AppliedSplit, Baseline, Fire, InstrumentKind, PriceSample, Quote, Repeat, Rule, Seen,
    Since, StoredQuote, Terms, Timestamp, Trigger,
};

/// Into how many parts a window is cut: a price is remembered for each.
const SAMPLES_PER_WINDOW: i64 = 12;

/// Holds an alert against a quote. `previous` is the accepted quote before it, if it is known; it is looked at first unless it was
/// looked at before.
///
/// A quote of a tick that was seen, or of an earlier one, changes nothing: quotes that come twice, late or in another order than
/// they were accepted in come to the same as those of rising ticks alone. At most one event comes of a quote.
pub fn step(
    terms: &Terms,
    state: &AlertState,
    previous: Option<&StoredQuote>,
    quote: &StoredQuote,
    now: Timestamp,
) -> (AlertState, Vec<AlertEvent>) {
    let unseen = |stored: &&StoredQuote| state.seen.is_none_or(|seen| stored.tick > seen.tick);
    if !state.status.is_watched() || !unseen(&quote) {
        return (state.clone(), Vec::new());
    }
    if terms.expires_at.is_some_and(|expires_at| expires_at <= now) {
        let expired = AlertState { status: AlertStatus::Expired, ..state.clone() };
        return (expired, vec![AlertEvent::Expired { at: now }]);
    }
    // What was not seen when the alert was armed is none of its business, so an alert that never saw a quote begins with the last.
    let previous = previous.filter(unseen).filter(|previous| state.baseline.is_some() && previous.tick < quote.tick);
    let mut events = Vec::new();
    let mut next = state.clone();
    for stored in previous.into_iter().chain([quote]) {
        if !next.status.is_watched() {
            break;
        }
        let (after, event) = look(terms, &next, stored, now);
        next = after;
        events.extend(event);
    }
    (next, events)
}

fn look(terms: &Terms, state: &AlertState, stored: &StoredQuote, now: Timestamp) -> (AlertState, Option<AlertEvent>) {
    let quote = &stored.quote;
    let mut next = state.clone();
    next.seen = Some(Seen { tick: stored.tick, at: quote.newest() });
    let Some(price) = quote.price else { return (next, None) };
    let day = calendar::day(quote.as_of, &calendar::zone(quote.time_zone.as_deref()));
    if next.baseline.is_none() {
        arm(terms, &mut next, quote, price, day);
        return (next, None);
    }
    if let Some(event) = adjust_for_split(terms, &mut next, quote, now) {
        return (next, Some(event));
    }
    sample(terms, &mut next, quote, price);
    match next.snoozed_until {
        Some(until) if until > now => return (next, None),
        Some(_) => {
            // What happened in the meantime does not count; where the price stands now does.
            next.snoozed_until = None;
            refresh_ranges(&mut next, quote, day);
        }
        None => {}
    }
    if next.status == AlertStatus::Resting && !wake(terms, &mut next, quote, price, day, now) {
        return (next, None);
    }
    begin_day(terms, &mut next, day);
    follow_year(terms, &mut next, quote);
    let Some(levels) = Levels::of(terms, &next, quote) else { return (next, None) };
    if !next.ready {
        if levels.is_near(price, quote) {
            next.ready = true;
            refresh_ranges(&mut next, quote, day);
        }
        return (next, None);
    }
    let Some((trigger, value, threshold, rising)) = triggered(terms, &next, quote, price, day, &levels) else {
        return (next, None);
    };
    let fire = Fire {
        at: now,
        trigger,
        value,
        threshold,
        rising,
        price,
        change_percent: quote.change_percent,
        currency: quote.currency.clone(),
        as_of: quote.as_of,
        tick: stored.tick,
    };
    fired(terms, &mut next, quote, day, &fire);
    (next, Some(AlertEvent::Fired(fire)))
}

/// The first quote an alert sees: what comes after it counts.
fn arm(terms: &Terms, state: &mut AlertState, quote: &Quote, price: Decimal, day: i32) {
    state.baseline = Some(baseline(quote, price, day));
    sample(terms, state, quote, price);
    state.ready = Levels::of(terms, state, quote).is_some_and(|levels| levels.is_near(price, quote));
    // Splits that were before it are in its numbers already.
    state.split = quote.split.map(|split| AppliedSplit { since: split.since, ratio: split.ratio, undone: true });
}

fn baseline(quote: &Quote, price: Decimal, day: i32) -> Baseline {
    let most = |values: [Option<Decimal>; 3]| values.into_iter().flatten().max();
    let least = |values: [Option<Decimal>; 3]| values.into_iter().flatten().min();
    Baseline {
        day,
        price,
        day_high: most([quote.day_high, Some(price), None]),
        day_low: least([quote.day_low, Some(price), None]),
        // Only if the source tells them: without, there is nothing to rise above.
        year_high: quote.fifty_two_week_high.and_then(|high| most([Some(high), quote.day_high, Some(price)])),
        year_low: quote.fifty_two_week_low.and_then(|low| least([Some(low), quote.day_low, Some(price)])),
    }
}

/// Takes the day's range as known: only what is outside of it from now on is a spike.
fn refresh_ranges(state: &mut AlertState, quote: &Quote, day: i32) {
    if let (Some(known), Some(price)) = (&mut state.baseline, quote.price) {
        let fresh = baseline(quote, price, day);
        (known.day, known.day_high, known.day_low) = (fresh.day, fresh.day_high, fresh.day_low);
    }
}

/// Adjusts the numbers for a split that was not seen yet. Nothing fires by it.
fn adjust_for_split(terms: &Terms, state: &mut AlertState, quote: &Quote, now: Timestamp) -> Option<AlertEvent> {
    let split = quote.split?;
    if state.split.is_some_and(|known| known.since >= split.since) || split.ratio <= Decimal::ZERO {
        return None;
    }
    let scaled = |price: Decimal| (price / split.ratio).round_dp(8).normalize();
    state.split = Some(AppliedSplit { since: split.since, ratio: split.ratio, undone: false });
    state.split_factor = (state.split_factor * split.ratio).normalize();
    if let Some(known) = &mut state.baseline {
        known.price = scaled(known.price);
        for end in [&mut known.day_high, &mut known.day_low, &mut known.year_high, &mut known.year_low] {
            *end = end.map(scaled);
        }
    }
    for sample in &mut state.samples {
        sample.price = scaled(sample.price);
    }
    Some(AlertEvent::SplitAdjusted { at: now, ratio: split.ratio, price: super::levels::target(&terms.rule, state) })
}

/// Remembers a price for each part of the window.
fn sample(terms: &Terms, state: &mut AlertState, quote: &Quote, price: Decimal) {
    let Rule::Move { since: Since::Window { window_minutes }, .. } = terms.rule else { return };
    let window = i64::from(window_minutes) * 60_000;
    let at = quote.as_of;
    state.samples.retain(|sample| sample.at.millis() + window >= at.millis());
    let due = state.samples.last().is_none_or(|last| last.at.millis() + window / SAMPLES_PER_WINDOW <= at.millis());
    if due {
        state.samples.push(PriceSample { at, price });
    }
}

/// Arms a resting alert again when it has rested and its value went back, or its day is over. Answers whether it did.
fn wake(terms: &Terms, state: &mut AlertState, quote: &Quote, price: Decimal, day: i32, now: Timestamp) -> bool {
    let repeat = terms.repeat.unwrap_or_default();
    let rest = Duration::from_secs(60 * u64::from(repeat.cool_down_minutes));
    if state.fired_at.is_some_and(|fired_at| now < fired_at + rest) {
        follow_year(terms, state, quote);
        raise_year(state, quote, price);
        return false;
    }
    let new_day = state.baseline.as_ref().is_some_and(|known| known.day < day);
    let awake = match &terms.rule {
        Rule::PriceAbove { .. } | Rule::PriceBelow { .. } => went_back(terms, state, quote, price, &repeat),
        Rule::Move { since: Since::PreviousClose, .. } => new_day || went_back(terms, state, quote, price, &repeat),
        // Measured from where it fired, so there is nothing to go back from.
        Rule::Move { .. } => true,
        Rule::NewHigh | Rule::NewLow | Rule::VolumeSpike { .. } => new_day,
    };
    if !awake {
        raise_year(state, quote, price);
        return false;
    }
    state.status = AlertStatus::Armed;
    state.ready = true;
    if !new_day {
        refresh_ranges(state, quote, day);
    }
    true
}

fn went_back(terms: &Terms, state: &AlertState, quote: &Quote, price: Decimal, repeat: &Repeat) -> bool {
    Levels::of(terms, state, quote).is_some_and(|levels| fell_back(&levels, price, repeat.hysteresis_percent))
}

/// A new trading day: what is counted by the day begins anew.
fn begin_day(terms: &Terms, state: &mut AlertState, day: i32) {
    let daily = matches!(terms.rule, Rule::Move { since: Since::PreviousClose, .. } | Rule::VolumeSpike { .. });
    let Some(known) = state.baseline.as_mut().filter(|known| known.day < day && daily) else { return };
    known.day = day;
    (known.day_high, known.day_low) = (None, None);
    state.ready = true;
}

/// The range of 52 weeks shrinks when its extreme is older than that.
fn follow_year(terms: &Terms, state: &mut AlertState, quote: &Quote) {
    if !matches!(terms.rule, Rule::NewHigh | Rule::NewLow) {
        return;
    }
    let Some(known) = &mut state.baseline else { return };
    if let Some(high) = quote.fifty_two_week_high {
        known.year_high = Some(known.year_high.map_or(high, |known| known.min(high.max(quote.day_high.unwrap_or(high)))));
    }
    if let Some(low) = quote.fifty_two_week_low {
        known.year_low = Some(known.year_low.map_or(low, |known| known.max(low.min(quote.day_low.unwrap_or(low)))));
    }
}

/// New extremes while the alert rests are not told, and are not told later either.
fn raise_year(state: &mut AlertState, quote: &Quote, price: Decimal) {
    let Some(known) = &mut state.baseline else { return };
    known.year_high = known.year_high.map(|high| high.max(price).max(quote.day_high.unwrap_or(high)));
    known.year_low = known.year_low.map(|low| low.min(price).min(quote.day_low.unwrap_or(low)));
}

/// What made the value reach a level, if anything did: the price itself, or the session's range when it grew since the alert was
/// armed. The same value is what is remembered, so a spike is told once.
fn triggered(
    terms: &Terms,
    state: &AlertState,
    quote: &Quote,
    price: Decimal,
    day: i32,
    levels: &Levels,
) -> Option<(Trigger, Decimal, Decimal, bool)> {
    if let Some(level) = levels.volume {
        let volume = Decimal::from(quote.volume?);
        return (volume >= level).then_some((Trigger::Volume, volume, level, true));
    }
    let reaches_up = |value: Decimal, level: Decimal| if levels.strictly { value > level } else { value >= level };
    let reaches_down = |value: Decimal, level: Decimal| if levels.strictly { value < level } else { value <= level };
    if let Some(up) = levels.up.filter(|up| reaches_up(price, *up)) {
        return Some((Trigger::Price, price, up, true));
    }
    if let Some(down) = levels.down.filter(|down| reaches_down(price, *down)) {
        return Some((Trigger::Price, price, down, false));
    }
    if matches!(terms.rule, Rule::Move { since: Since::Window { .. }, .. }) {
        // The day's range does not tell when in the day it was.
        return None;
    }
    let known = state.baseline.as_ref()?;
    let (known_high, known_low) = if known.day == day {
        (known.day_high, known.day_low)
    } else if known.day < day && has_sessions(quote.kind) {
        (None, None)
    } else {
        return None;
    };
    let high = quote.day_high.filter(|high| known_high.is_none_or(|known| *high > known));
    let low = quote.day_low.filter(|low| known_low.is_none_or(|known| *low < known));
    if let (Some(up), Some(high)) = (levels.up, high.filter(|high| levels.up.is_some_and(|up| reaches_up(*high, up)))) {
        return Some((Trigger::DayHigh, high, up, true));
    }
    if let (Some(down), Some(low)) = (levels.down, low.filter(|low| levels.down.is_some_and(|down| reaches_down(*low, down)))) {
        return Some((Trigger::DayLow, low, down, false));
    }
    None
}

/// Where trading never stops, the day's range is that of the last 24 hours and tells nothing of today.
fn has_sessions(kind: InstrumentKind) -> bool {
    !matches!(kind, InstrumentKind::Cryptocurrency | InstrumentKind::Currency)
}

fn fired(terms: &Terms, state: &mut AlertState, quote: &Quote, day: i32, fire: &Fire) {
    state.status = if terms.repeat.is_some() { AlertStatus::Resting } else { AlertStatus::Fired };
    state.ready = false;
    state.fired_at = Some(fire.at);
    state.fired += 1;
    let at_value = match fire.trigger {
        Trigger::Volume => fire.price,
        _ => fire.value,
    };
    let known = state.baseline.take();
    let mut fresh = baseline(quote, at_value, day);
    // The range of 52 weeks as it was and what just happened, whether the source has it in its own yet or not.
    fresh.year_high = fresh.year_high.max(known.as_ref().and_then(|known| known.year_high));
    fresh.year_low = fresh.year_low.into_iter().chain(known.and_then(|known| known.year_low)).min();
    state.baseline = Some(fresh);
    if !state.samples.is_empty() {
        state.samples = vec![PriceSample { at: fire.as_of, price: at_value }];
    }
}
