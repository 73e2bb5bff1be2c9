//! Splits adjust and fire nothing; what only looks like one does not adjust.

use quickstocks_core::alerts::{Levels, detect_split, step};
use quickstocks_core::model::{AlertEvent, AlertState, Direction, Quote, Rule, Since, Split, StoredQuote, Terms};
use quickstocks_testkit::sample::{self, NOW, decimal};

use super::{DAY, MINUTE, above, below, fire, moves, once, quote, repeating};

fn told(price: &str, close: &str, low: &str, high: &str, day: u32) -> Quote {
    Quote {
        previous_close: Some(decimal(close)),
        fifty_two_week_low: Some(decimal(low)),
        fifty_two_week_high: Some(decimal(high)),
        ..sample::quote("AAPL", price, NOW + day * DAY)
    }
}

#[test]
fn a_split_shows_in_the_close_before_and_in_the_years_range() {
    for (what, before, after, expected) in [
        ("two for one overnight", told("200", "198", "100", "220", 0), told("101", "100", "50", "110", 1), Some("2")),
        ("ten for one", told("1200", "1190", "400", "1250", 0), told("118", "120", "40", "125", 1), Some("10")),
        ("three for two", told("150", "149", "90", "165", 0), told("99", "100", "60", "110", 1), Some("1.5")),
        ("one for ten", told("0.5", "0.52", "0.4", "9", 0), told("5.1", "5", "4", "90", 1), Some("0.1")),
        ("told on the same day", told("200", "198", "100", "220", 0), told("100", "99", "50", "110", 0), Some("2")),
        ("the last trades were missed", told("201", "198", "100", "220", 0), told("101", "100", "50", "110", 1), Some("2")),
        ("a new low at once", told("200", "198", "100", "220", 0), told("45", "100", "45", "110", 1), Some("2")),
        ("a crash", told("200", "198", "100", "220", 0), told("100", "200", "100", "220", 1), None),
        ("a crash that was not polled", told("200", "198", "100", "220", 0), told("99", "100", "99", "220", 1), None),
        ("an ordinary day", told("200", "198", "100", "220", 0), told("205", "200", "100", "220", 1), None),
        ("a ratio nobody uses", told("200", "198", "100", "220", 0), told("117", "117", "58.5", "128.7", 1), None),
        ("older than the one before", told("200", "198", "100", "220", 1), told("100", "99", "50", "110", 0), None),
    ] {
        let found = detect_split(&before, &after, NOW);
        assert_eq!(found, expected.map(|ratio| Split { ratio: decimal(ratio), since: NOW }), "{what}");
    }
    let bare = sample::quote("AAPL", "100", NOW + DAY);
    assert_eq!(detect_split(&told("200", "198", "100", "220", 0), &bare, NOW), None);
}

/// A quote of shares that were split two for one at the fifth minute.
fn split(minute: u64, price: &str) -> StoredQuote {
    let mut stored = quote(minute, price);
    stored.quote.split = Some(Split { ratio: decimal("2"), since: NOW + 5 * MINUTE });
    stored
}

fn go(terms: &Terms, quotes: &[StoredQuote]) -> (AlertState, Vec<Option<AlertEvent>>) {
    super::show(terms, quotes)
}

#[test]
fn a_split_adjusts_the_target_says_so_and_fires_nothing() {
    let (state, events) = go(&once(below("150")), &[quote(0, "200"), split(5, "100"), split(6, "99"), split(7, "74")]);
    let adjusted = AlertEvent::SplitAdjusted { at: NOW + 5 * MINUTE, ratio: decimal("2"), price: Some(decimal("75")) };
    assert_eq!((&events[1], &events[2]), (&Some(adjusted), &None));
    let fired = fire(events[3].as_ref()).unwrap();
    assert_eq!((fired.threshold, fired.value), (decimal("75"), decimal("74")));
    assert_eq!((state.split_factor, state.split.unwrap().undone), (decimal("2"), false));

    let (_, events) = go(&once(above("210")), &[quote(0, "200"), split(5, "100"), split(6, "106")]);
    assert_eq!(fire(events[2].as_ref()).map(|fired| fired.threshold), Some(decimal("105")));
    let set = once(moves("10", Direction::Either, Since::Set));
    let (_, events) = go(&set, &[quote(0, "200"), split(5, "100"), split(6, "109"), split(7, "110")]);
    assert!(fire(events[2].as_ref()).is_none() && fire(events[3].as_ref()).is_some());
}

#[test]
fn one_split_adjusts_once_and_one_of_before_the_alert_not_at_all() {
    let terms = repeating(below("150"), 0);
    let (state, _) = go(&terms, &[quote(0, "200"), split(5, "100"), split(6, "100"), split(7, "100")]);
    assert_eq!(state.split_factor, decimal("2"));
    let (state, events) = go(&once(below("90")), &[split(6, "100"), split(7, "89")]);
    assert_eq!(state.split_factor, decimal("1"));
    assert!(fire(events[1].as_ref()).is_some());
    let mut second = split(9, "50");
    second.quote.split = Some(Split { ratio: decimal("2"), since: NOW + 9 * MINUTE });
    let (state, _) = go(&terms, &[quote(0, "200"), split(5, "100"), second.clone()]);
    assert_eq!(state.split_factor, decimal("4"));
    let levels = Levels::of(&terms, &state, &second.quote).unwrap();
    assert_eq!(levels.down, Some(decimal("37.5")));
}

#[test]
fn a_split_whose_first_quote_was_missed_still_adjusts() {
    let terms = Terms { rule: Rule::PriceBelow { price: decimal("150") }, ..once(above("1")) };
    let (armed, _) = go(&terms, &[quote(0, "200")]);
    let (state, event) = step(&terms, &armed, Some(&split(7, "100")), &split(8, "101"), NOW + 8 * MINUTE);
    assert!(matches!(event[..], [AlertEvent::SplitAdjusted { .. }]), "{event:?}");
    let (_, event) = step(&terms, &state, None, &split(8, "101"), NOW + 8 * MINUTE);
    assert_eq!(event, []);
}
