//! Ticks that come twice, late or in another order come to the same as the rising ones alone.

use proptest::prelude::*;
use quickstocks_core::alerts::step;
use quickstocks_core::model::{AlertEvent, AlertState, Direction, Since, StoredQuote, Terms};

use super::{above, below, fire, moves, once, quote, ranged, repeating};

/// What an alert makes of deliveries, each a position in the line of accepted quotes. A delivery brings its quote and the one before.
fn delivered(terms: &Terms, accepted: &[StoredQuote], deliveries: &[usize]) -> (AlertState, Vec<AlertEvent>) {
    let (mut state, _) = step(terms, &AlertState::default(), None, &accepted[0], accepted[0].polled_at);
    let mut events = Vec::new();
    for at in deliveries {
        let previous = at.checked_sub(1).map(|before| &accepted[before]);
        let (next, event) = step(terms, &state, previous, &accepted[*at], accepted[*at].polled_at);
        state = next;
        events.extend(event);
    }
    (state, events)
}

fn rules() -> impl Strategy<Value = Terms> {
    prop_oneof![
        Just(once(above("100"))),
        Just(once(below("100"))),
        (0_u32..4).prop_map(|rest| repeating(above("100"), rest)),
        (0_u32..4).prop_map(|rest| repeating(below("100"), rest)),
        (0_u32..4).prop_map(|rest| repeating(moves("3", Direction::Either, Since::Set), rest)),
        Just(repeating(moves("3", Direction::Up, Since::Window { window_minutes: 5 }), 0)),
    ]
}

fn line() -> impl Strategy<Value = Vec<StoredQuote>> {
    proptest::collection::vec((900_u32..1100, 0_u32..30), 2..24).prop_map(|prices| {
        let (mut low, mut high) = (u32::MAX, 0);
        let cents = |tenths: u32| format!("{}.{}", tenths / 10, tenths % 10);
        prices
            .into_iter()
            .zip(0..)
            .map(|((price, wick), minute)| {
                (low, high) = (low.min(price), high.max(price + wick));
                ranged(minute, &cents(price), &cents(low), &cents(high))
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn late_and_repeated_ticks_neither_add_nor_remove_a_fire(
        terms in rules(),
        accepted in line(),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 1..60),
    ) {
        let deliveries: Vec<usize> = order.iter().map(|at| at.index(accepted.len())).collect();
        let mut newest = 0;
        let rising: Vec<usize> = deliveries.iter().copied().filter(|at| {
            let accepted = *at > newest;
            newest = newest.max(*at);
            accepted
        }).collect();
        prop_assert_eq!(delivered(&terms, &accepted, &deliveries), delivered(&terms, &accepted, &rising));
    }

    #[test]
    fn everything_in_order_comes_to_the_same_however_often_it_comes(
        terms in rules(), accepted in line(), times in 1_usize..4
    ) {
        let once: Vec<usize> = (1..accepted.len()).collect();
        let often: Vec<usize> = once.iter().flat_map(|at| vec![*at; times]).collect();
        prop_assert_eq!(delivered(&terms, &accepted, &often), delivered(&terms, &accepted, &once));
    }

    #[test]
    fn an_alert_that_fires_once_fires_at_most_once_and_after_a_crossing(accepted in line()) {
        let deliveries: Vec<usize> = (1..accepted.len()).collect();
        let (_, events) = delivered(&once(above("100")), &accepted, &deliveries);
        prop_assert!(events.len() <= 1);
        for event in &events {
            let fired = fire(Some(event)).unwrap();
            prop_assert!(fired.value >= fired.threshold);
        }
    }

    #[test]
    fn a_lost_tick_is_made_up_for_by_the_next(accepted in line(), lost in any::<proptest::sample::Index>()) {
        let all: Vec<usize> = (1..accepted.len()).collect();
        let lost = 1 + lost.index(accepted.len() - 1);
        let some: Vec<usize> = all.iter().copied().filter(|at| *at != lost || *at + 1 == accepted.len()).collect();
        let fired = |deliveries: &[usize]| delivered(&once(above("100")), &accepted, deliveries).1.len();
        prop_assert_eq!(fired(&some), fired(&all));
    }
}

#[test]
fn the_quote_before_is_looked_at_when_its_own_message_was_lost() {
    let quotes = [quote(0, "99"), quote(1, "101"), quote(2, "99")];
    let (_, events) = delivered(&once(above("100")), &quotes, &[2]);
    assert_eq!(events.len(), 1);
    assert_eq!(fire(events.first()).map(|fired| fired.tick), Some(quotes[1].tick));
}
