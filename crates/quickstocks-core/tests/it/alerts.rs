//! The evaluator: what fires, what does not, and that it fires once.

mod order;
mod splits;

use std::time::Duration;

use quickstocks_core::alerts::step;
use quickstocks_core::model::{
    AlertEvent, AlertState, AlertStatus, Direction, Fire, InstrumentKind, Quote, Repeat, Rule, Since, StoredQuote, Terms,
    TickNumber, Timestamp, Trigger,
};
use quickstocks_testkit::sample::{self, NOW, decimal};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

fn once(rule: Rule) -> Terms {
    Terms { rule, repeat: None, expires_at: None, note: None }
}

fn repeating(rule: Rule, cool_down_minutes: u32) -> Terms {
    Terms { repeat: Some(Repeat { cool_down_minutes, ..Repeat::default() }), ..once(rule) }
}

fn above(price: &str) -> Rule {
    Rule::PriceAbove { price: decimal(price) }
}

fn below(price: &str) -> Rule {
    Rule::PriceBelow { price: decimal(price) }
}

fn moves(percent: &str, direction: Direction, since: Since) -> Rule {
    Rule::Move { percent: decimal(percent), direction, since }
}

/// A quote in a line of them: one a minute from [`NOW`], each of its own tick.
fn quote(minute: u64, price: &str) -> StoredQuote {
    let at = NOW + MINUTE * u32::try_from(minute).unwrap();
    StoredQuote { quote: sample::quote("AAPL", price, at), tick: TickNumber(minute + 1), polled_at: at }
}

fn with(minute: u64, price: &str, change: impl FnOnce(&mut Quote)) -> StoredQuote {
    let mut stored = quote(minute, price);
    change(&mut stored.quote);
    stored
}

fn ranged(minute: u64, price: &str, low: &str, high: &str) -> StoredQuote {
    with(minute, price, |quote| (quote.day_low, quote.day_high) = (Some(decimal(low)), Some(decimal(high))))
}

/// Shows an alert these quotes one after another, each when it was polled, and answers what came of each.
fn show(terms: &Terms, quotes: &[StoredQuote]) -> (AlertState, Vec<Option<AlertEvent>>) {
    let mut state = AlertState::default();
    let mut events = Vec::new();
    let mut previous = None;
    for stored in quotes {
        let (next, event) = step(terms, &state, previous, stored, stored.polled_at);
        state = next;
        events.push(event.into_iter().next());
        previous = Some(stored);
    }
    (state, events)
}

fn fire(event: Option<&AlertEvent>) -> Option<&Fire> {
    match event {
        Some(AlertEvent::Fired(fire)) => Some(fire),
        _ => None,
    }
}

/// Which of these quotes make the alert fire, by their position.
#[track_caller]
fn fires(terms: &Terms, quotes: &[StoredQuote], expected: &[usize]) {
    let (_, events) = show(terms, quotes);
    let fired: Vec<usize> = (0..events.len()).filter(|at| fire(events[*at].as_ref()).is_some()).collect();
    assert_eq!(fired, expected, "{terms:?}\n{events:#?}");
}

fn line(prices: &[&str]) -> Vec<StoredQuote> {
    prices.iter().zip(0..).map(|(price, minute)| quote(minute, price)).collect()
}

#[test]
fn a_price_fires_when_it_crosses_and_not_when_it_is_there_already() {
    for (rule, prices, expected) in [
        (above("100"), vec!["99", "100"], vec![1]),
        (above("100"), vec!["99", "99.99", "150"], vec![2]),
        (above("100"), vec!["99", "99.99"], vec![]),
        // It was above when it was armed: it has to come from below.
        (above("100"), vec!["101", "102", "103"], vec![]),
        (above("100"), vec!["100", "100"], vec![]),
        (above("100"), vec!["101", "99", "101"], vec![2]),
        // Once is once.
        (above("100"), vec!["99", "101", "99", "101", "99", "101"], vec![1]),
        (below("100"), vec!["101", "100"], vec![1]),
        (below("100"), vec!["99", "98"], vec![]),
        (below("100"), vec!["99", "101", "1"], vec![2]),
        (below("100"), vec!["101", "99", "101", "99"], vec![1]),
    ] {
        fires(&once(rule), &line(&prices), &expected);
    }
}

#[test]
fn a_fire_says_with_what() {
    let quotes = [quote(0, "99"), with(1, "101.5", |quote| quote.change_percent = Some(decimal("2.5")))];
    let (state, events) = show(&once(above("100")), &quotes);
    let fired = fire(events[1].as_ref()).unwrap();
    assert_eq!(
        (fired.trigger, fired.value, fired.threshold, fired.rising),
        (Trigger::Price, decimal("101.5"), decimal("100"), true)
    );
    assert_eq!((fired.at, fired.as_of, fired.tick), (NOW + MINUTE, NOW + MINUTE, TickNumber(2)));
    assert_eq!(fired.change_percent, Some(decimal("2.5")));
    assert_eq!((state.status, state.fired, state.fired_at), (AlertStatus::Fired, 1, Some(NOW + MINUTE)));
}

#[test]
fn a_repeating_alert_rests_and_needs_the_price_to_go_back() {
    // It trembles: half a percent back is 99.5.
    fires(&repeating(above("100"), 0), &line(&["99", "100", "99.9", "100", "99.6", "101"]), &[1]);
    fires(&repeating(above("100"), 0), &line(&["99", "100", "99.5", "100", "99.5", "100"]), &[1, 3, 5]);
    fires(&repeating(below("100"), 0), &line(&["101", "100", "100.4", "99", "100.5", "99"]), &[1, 5]);
    // Back and across again while it rests does not count; nor does the price that stays there.
    fires(&repeating(above("100"), 3), &line(&["99", "100", "90", "100", "100", "100"]), &[1]);
    fires(&repeating(above("100"), 3), &line(&["99", "100", "90", "100", "90", "100"]), &[1, 5]);
}

#[test]
fn a_spike_between_two_polls_is_found_in_the_days_range_once() {
    let terms = once(above("100"));
    fires(&terms, &[ranged(0, "98", "97", "99"), ranged(1, "98", "97", "101")], &[1]);
    // The high is from before the alert.
    fires(&terms, &[ranged(0, "98", "97", "105"), ranged(1, "98", "97", "105"), ranged(2, "99", "97", "105")], &[]);
    fires(&terms, &[ranged(0, "98", "97", "105"), ranged(1, "98", "97", "106")], &[1]);
    fires(&once(below("95")), &[ranged(0, "98", "97", "99"), ranged(1, "98", "94", "99")], &[1]);
    // It was above when it was armed, fell, and the day's high is of before it fell.
    fires(&terms, &[ranged(0, "101", "97", "102"), ranged(1, "99", "97", "103"), ranged(2, "99", "97", "103")], &[]);
    // One wick is one fire, however long the alert's day is.
    let wick = [
        ranged(0, "98", "97", "99"),
        ranged(1, "98", "97", "101"),
        ranged(2, "98", "97", "101"),
        ranged(3, "98", "97", "101"),
        ranged(4, "98", "97", "102"),
    ];
    fires(&repeating(above("100"), 0), &wick, &[1, 4]);
    let (_, events) = show(&terms, &wick);
    let fired = fire(events[1].as_ref()).unwrap();
    assert_eq!((fired.trigger, fired.value, fired.price), (Trigger::DayHigh, decimal("101"), decimal("98")));
}

#[test]
fn the_range_of_a_day_after_the_arming_counts_whole() {
    let next_day = |high: &str| {
        let mut stored = ranged(1, "98", "97", high);
        stored.quote.as_of = NOW + DAY;
        stored
    };
    fires(&once(above("100")), &[ranged(0, "98", "97", "105"), next_day("101")], &[1]);
    fires(&once(above("100")), &[ranged(0, "98", "97", "105"), next_day("99.9")], &[]);
    // Where trading never stops, a range that spans two days tells nothing.
    let pair = |mut stored: StoredQuote| {
        stored.quote.kind = InstrumentKind::Cryptocurrency;
        stored
    };
    fires(&once(above("100")), &[pair(ranged(0, "98", "97", "105")), pair(next_day("105"))], &[]);
}

#[test]
fn a_move_is_measured_from_what_it_says() {
    let closed = |minute, price: &str, close: &str| with(minute, price, |quote| quote.previous_close = Some(decimal(close)));
    let day = |direction| once(moves("5", direction, Since::PreviousClose));
    fires(&day(Direction::Up), &[closed(0, "101", "100"), closed(1, "105", "100")], &[1]);
    fires(&day(Direction::Up), &[closed(0, "101", "100"), closed(1, "94", "100")], &[]);
    fires(&day(Direction::Down), &[closed(0, "101", "100"), closed(1, "95", "100")], &[1]);
    fires(&day(Direction::Either), &[closed(0, "101", "100"), closed(1, "95", "100")], &[1]);
    // It moved before the alert was made; the next day counts anew, a gap at its opening included.
    let mut tomorrow = closed(2, "120", "110");
    tomorrow.quote.as_of = NOW + DAY;
    fires(&day(Direction::Up), &[closed(0, "110", "100"), closed(1, "111", "100"), tomorrow], &[2]);
    // Without a close there is nothing to measure from.
    fires(&day(Direction::Up), &line(&["100", "200"]), &[]);

    let since_set = |repeat: bool| {
        let rule = moves("10", Direction::Either, Since::Set);
        if repeat { repeating(rule, 0) } else { once(rule) }
    };
    fires(&since_set(false), &line(&["100", "109", "110", "150"]), &[2]);
    fires(&since_set(false), &line(&["100", "91", "90"]), &[2]);
    // Each further tenth, from where the last one was told.
    fires(&since_set(true), &line(&["100", "110", "115", "121", "121", "108.9"]), &[1, 3, 5]);
}

#[test]
fn a_move_within_a_window_forgets_what_is_older() {
    let window = |minutes| once(moves("5", Direction::Up, Since::Window { window_minutes: minutes }));
    fires(&window(5), &line(&["100", "101", "102", "105"]), &[3]);
    // Slowly: never 5 percent within five minutes.
    fires(
        &window(5),
        &line(&["100", "100.5", "101", "101.5", "102", "102.5", "103", "103.5", "104", "104.5", "105", "105.5"]),
        &[],
    );
    fires(&window(60), &line(&["100", "101", "102", "103", "104", "105"]), &[5]);
    let drop = once(moves("5", Direction::Down, Since::Window { window_minutes: 60 }));
    fires(&drop, &line(&["100", "110", "104.6"]), &[]);
    let quotes = [quote(0, "100"), quote(5, "110"), quote(6, "104.5")];
    fires(&drop, &quotes, &[2]);
}

#[test]
fn a_new_high_is_above_all_of_the_year_and_told_once_a_day() {
    let year = |minute, price: &str, high: &str| {
        with(minute, price, |quote| {
            quote.fifty_two_week_high = Some(decimal(high));
            quote.fifty_two_week_low = Some(decimal("50"));
        })
    };
    fires(&once(Rule::NewHigh), &[year(0, "99", "100"), year(1, "100", "100"), year(2, "100.01", "100")], &[2]);
    // The source may have it in its range already.
    fires(&once(Rule::NewHigh), &[year(0, "99", "100"), year(1, "101", "101")], &[1]);
    fires(&once(Rule::NewLow), &[year(0, "51", "100"), year(1, "50", "100"), year(2, "49.9", "100")], &[2]);
    let mut tomorrow = year(4, "104", "103");
    tomorrow.quote.as_of = NOW + DAY;
    let rising = [year(0, "99", "100"), year(1, "101", "101"), year(2, "102", "102"), year(3, "103", "103"), tomorrow];
    fires(&repeating(Rule::NewHigh, 0), &rising, &[1, 4]);
    // A high that is more than a year ago leaves the range.
    fires(&once(Rule::NewHigh), &[year(0, "80", "100"), year(1, "80", "90"), year(2, "91", "90")], &[2]);
    fires(&once(Rule::NewHigh), &line(&["99", "1000"]), &[]);
}

#[test]
fn a_volume_spike_is_so_many_times_the_average() {
    let traded =
        |minute, volume, average| with(minute, "10", |quote| (quote.volume, quote.average_volume) = (Some(volume), average));
    let rule = Rule::VolumeSpike { times: decimal("2") };
    fires(&once(rule.clone()), &[traded(0, 100, Some(100)), traded(1, 199, Some(100)), traded(2, 200, Some(100))], &[2]);
    fires(&once(rule.clone()), &[traded(0, 300, Some(100)), traded(1, 400, Some(100))], &[]);
    fires(&once(rule.clone()), &[traded(0, 1, None), traded(1, 1_000_000, None)], &[]);
    let mut tomorrow = traded(3, 250, Some(100));
    tomorrow.quote.as_of = NOW + DAY;
    let busy = [traded(0, 1, Some(100)), traded(1, 200, Some(100)), traded(2, 300, Some(100)), tomorrow];
    fires(&repeating(rule, 0), &busy, &[1, 3]);
}

#[test]
fn a_snoozed_alert_is_silent_and_then_looks_where_the_price_is() {
    let terms = once(above("100"));
    let (armed, _) = show(&terms, &[ranged(0, "98", "97", "99")]);
    let snoozed = AlertState { snoozed_until: Some(NOW + 3 * MINUTE), ..armed };
    let go = |quotes: &[StoredQuote]| {
        let mut state = snoozed.clone();
        let mut fired = Vec::new();
        for (stored, at) in quotes.iter().zip(0..) {
            let (next, event) = step(&terms, &state, None, stored, stored.polled_at);
            state = next;
            if !event.is_empty() {
                fired.push(at);
            }
        }
        fired
    };
    assert_eq!(go(&[quote(1, "105"), quote(2, "105"), quote(3, "105")]), [2], "it is still there");
    let spike: [usize; 0] = go(&[ranged(1, "98", "97", "105"), ranged(3, "98", "97", "105"), ranged(4, "98", "97", "105")])
        .try_into()
        .expect("a spike during the sleep is slept through");
    assert_eq!(spike, [0_usize; 0]);
}

#[test]
fn an_alert_expires_and_is_silent_then() {
    let terms = Terms { expires_at: Some(NOW + 2 * MINUTE), ..once(above("100")) };
    let (state, events) = show(&terms, &line(&["99", "99", "101"]));
    assert_eq!(events[2], Some(AlertEvent::Expired { at: NOW + 2 * MINUTE }));
    assert_eq!(state.status, AlertStatus::Expired);
    for status in [AlertStatus::Fired, AlertStatus::Expired, AlertStatus::Paused] {
        let idle = AlertState { status, ..AlertState::default() };
        assert_eq!(step(&terms, &idle, None, &quote(9, "500"), NOW), (idle.clone(), Vec::new()));
    }
}

#[test]
fn a_quote_without_a_price_changes_nothing() {
    let stub = with(1, "1", |quote| quote.price = None);
    fires(&once(above("100")), &[quote(0, "99"), stub, quote(2, "101")], &[2]);
}

#[test]
fn only_what_matters_is_worth_a_write() {
    let terms = once(above("100"));
    let (armed, _) = show(&terms, &line(&["99"]));
    let (later, event) = step(&terms, &armed, None, &quote(5, "99.5"), NOW + 5 * MINUTE);
    assert_eq!(event, []);
    assert_ne!(later, armed, "the quote was seen");
    assert!(!later.differs_from(&armed));
    let (fired, _) = step(&terms, &armed, None, &quote(5, "100"), NOW + 5 * MINUTE);
    assert!(fired.differs_from(&armed));
}

#[test]
fn what_is_stored_of_an_alert_reads_back() {
    for rule in [
        above("1.5"),
        below("2"),
        moves("5", Direction::Either, Since::PreviousClose),
        moves("5", Direction::Up, Since::Set),
        moves("5", Direction::Down, Since::Window { window_minutes: 60 }),
        Rule::NewHigh,
        Rule::NewLow,
        Rule::VolumeSpike { times: decimal("2") },
    ] {
        let terms = Terms { expires_at: Some(Timestamp::from_millis(7)), ..repeating(rule, 5) };
        let (state, _) = show(&terms, &[ranged(0, "99", "98", "100")]);
        let read = |json: &str| serde_json::from_str::<(Terms, AlertState)>(json).unwrap();
        assert_eq!(read(&serde_json::to_string(&(&terms, &state)).unwrap()), (terms, state));
    }
}
