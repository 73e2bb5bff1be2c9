//! The contracts of `SourceGate`, `CallCounter`, `SourceStatusReader` and `SourceStatusWriter`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::time::Duration;

use quickstocks_core::model::{Breaker, SourceHealth, SourceReason, SourceSession, SourceState, SourceStatus, TickNumber};

use super::{CALLERS, Store, at_once};
use crate::sample;

const HOUR: i64 = 1_139_568;

fn session(crumb: &str) -> SourceSession {
    SourceSession { cookie: "A3=d=AQABBK&S=\"x\"; B=1".to_owned(), crumb: crumb.to_owned(), fetched_at: sample::NOW }
}

fn status(tick: u64) -> SourceStatus {
    SourceStatus {
        tick: TickNumber(tick),
        published: TickNumber(tick.saturating_sub(1)),
        polled_at: sample::NOW,
        health: SourceHealth {
            state: SourceState::Refused,
            interval: 60,
            reason: Some(SourceReason::RateLimited),
            retry_at: Some(sample::NOW + Duration::from_mins(5)),
            last_ok_at: Some(sample::NOW - Duration::from_mins(1)),
        },
        on_screen: 12,
        armed: 3,
        followed: 4_000_000_000,
        on_screen_interval: 60,
        armed_interval: 120,
        followed_interval: 900,
    }
}

/// A breaker that opened so many times.
fn tripped(trips: u32) -> Breaker {
    (0..trips).fold(Breaker::default(), |breaker, _| breaker.tripped(sample::NOW))
}

async fn shared(by: &Store) -> Option<SourceSession> {
    by.session().await.expect("the session can be read")
}

async fn put_session(to: &Store, session: &SourceSession) {
    to.put_session(session).await.expect("a session can be shared");
}

async fn drop_session(from: &Store, session: &SourceSession) {
    from.drop_session(session).await.expect("dropping a session is no error");
}

async fn breaker(of: &Store) -> Breaker {
    of.breaker().await.expect("the breaker can be read")
}

async fn swap(on: &Store, expected: &Breaker, new: &Breaker) -> bool {
    on.swap_breaker(expected, new).await.expect("the breaker can be swapped")
}

async fn add(to: &Store, hour: i64, calls: u32) -> u32 {
    to.add_calls(hour, calls).await.expect("calls can be counted")
}

async fn put_status(to: &Store, status: &SourceStatus) {
    to.put_status(status).await.expect("a status can be stored");
}

async fn stored_status(of: &Store) -> SourceStatus {
    of.status().await.expect("the status can be read")
}

async fn draw(from: &Store) -> u64 {
    from.next_tick().await.expect("a tick can be drawn").0
}

/// "The shared session, if there is one."
pub async fn there_is_no_session_at_first(under_test: Store) {
    assert_eq!(shared(&under_test).await, None);
}

/// "Shares a session, over whatever was there."
pub async fn a_session_replaces_the_one_before(under_test: Store) {
    for session in [
        session("crumb/.1"),
        session("crumb2"),
        SourceSession { fetched_at: sample::NOW - Duration::from_hours(1), ..session("crumb2") },
    ] {
        put_session(&under_test, &session).await;
        assert_eq!(shared(&under_test).await, Some(session));
    }
}

/// "Drops exactly this session: when another one has taken its place, that one MUST stay."
pub async fn dropping_a_session_drops_exactly_that_one(under_test: Store) {
    let current = session("current");
    put_session(&under_test, &current).await;
    for other in [
        session("other"),
        SourceSession { cookie: "A3=other".to_owned(), ..current.clone() },
        SourceSession { fetched_at: sample::NOW + Duration::from_millis(1), ..current.clone() },
    ] {
        drop_session(&under_test, &other).await;
        assert_eq!(shared(&under_test).await.as_ref(), Some(&current));
    }
    drop_session(&under_test, &current).await;
    assert_eq!(shared(&under_test).await, None);
}

/// Everybody who was refused drops the session.
pub async fn dropping_a_session_that_is_not_there_is_no_error(under_test: Store) {
    drop_session(&under_test, &session("never")).await;
    assert_eq!(shared(&under_test).await, None);
}

/// "The breaker; a closed one when none is stored."
pub async fn the_breaker_is_closed_at_first(under_test: Store) {
    assert_eq!(breaker(&under_test).await, Breaker::default());
}

/// "Replaces the breaker if it still equals `expected`. Answers whether it did."
pub async fn the_breaker_is_replaced_when_it_is_as_expected(under_test: Store) {
    for trips in 0..4 {
        assert!(swap(&under_test, &tripped(trips), &tripped(trips + 1)).await);
        assert_eq!(breaker(&under_test).await, tripped(trips + 1));
    }
}

/// Whichever part of it differs.
pub async fn the_breaker_stays_when_it_is_not_as_expected(under_test: Store) {
    assert!(!swap(&under_test, &tripped(1), &tripped(2)).await, "none is stored");
    assert_eq!(breaker(&under_test).await, Breaker::default());
    let current = tripped(2);
    assert!(swap(&under_test, &Breaker::default(), &current).await);
    for other in [
        Breaker::default(),
        Breaker { trips: current.trips + 1, ..current.clone() },
        Breaker { open_until: current.open_until + Duration::from_millis(1), ..current.clone() },
    ] {
        assert!(!swap(&under_test, &other, &tripped(5)).await);
        assert_eq!(breaker(&under_test).await, current);
    }
}

/// "Of any number of callers with one `expected`, exactly one MUST win": the first time, and later.
pub async fn of_callers_that_expect_one_breaker_exactly_one_wins(under_test: Store) {
    for round in 0..3_u32 {
        let expected = breaker(&under_test).await;
        let new_of = |caller: usize| Breaker { trips: round + 1, open_until: sample::NOW + Duration::from_secs(caller as u64) };
        let answers = at_once(CALLERS, |caller| {
            let (under_test, expected, new) = (under_test.clone(), expected.clone(), new_of(caller));
            async move { swap(&under_test, &expected, &new).await }
        })
        .await;
        let winners: Vec<usize> = (0..CALLERS).filter(|caller| answers[*caller]).collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        assert_eq!(breaker(&under_test).await, new_of(winners[0]));
    }
}

/// A breaker that was stored as closed equals one that was never stored.
pub async fn the_breaker_closes_again(under_test: Store) {
    assert!(swap(&under_test, &Breaker::default(), &tripped(1)).await);
    assert!(swap(&under_test, &tripped(1), &Breaker::default()).await);
    assert_eq!(breaker(&under_test).await, Breaker::default());
    assert!(swap(&under_test, &Breaker::default(), &tripped(1)).await);
}

/// "Adds to the count of that hour and answers the new count."
pub async fn calls_are_counted_by_the_hour(under_test: Store) {
    for (hour, calls, count) in [(HOUR, 3, 3), (HOUR + 1, 5, 5), (HOUR, 1, 4), (HOUR, 20, 24), (HOUR + 1, 1, 6), (HOUR - 1, 2, 2)]
    {
        assert_eq!(add(&under_test, hour, calls).await, count);
    }
}

/// "Adding 0 reads it."
pub async fn adding_no_calls_reads_the_count(under_test: Store) {
    assert_eq!(add(&under_test, HOUR, 0).await, 0);
    add(&under_test, HOUR, 7).await;
    assert_eq!(add(&under_test, HOUR, 0).await, 7);
}

/// "The count of that hour, without changing it."
pub async fn reading_the_count_does_not_change_it(under_test: Store) {
    assert_eq!(under_test.calls(HOUR).await.expect("the count can be read"), 0);
    add(&under_test, HOUR, 7).await;
    for _ in 0..2 {
        assert_eq!(under_test.calls(HOUR).await.expect("the count can be read"), 7);
        assert_eq!(under_test.calls(HOUR + 1).await.expect("the count can be read"), 0);
    }
}

/// "In one step": no call is lost, and no two callers see one count.
pub async fn calls_added_at_once_are_all_counted(under_test: Store) {
    let mut counts = at_once(CALLERS, |_| {
        let under_test = under_test.clone();
        async move { add(&under_test, HOUR, 3).await }
    })
    .await;
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).map(|n| n * 3).collect::<Vec<u32>>());
}

/// "The default one before the first tick."
pub async fn the_status_is_the_default_one_at_first(under_test: Store) {
    assert_eq!(stored_status(&under_test).await, SourceStatus::default());
}

/// Every property, absent ones too.
pub async fn a_status_is_read_back_whole(under_test: Store) {
    let bare = SourceStatus { tick: TickNumber(7), ..SourceStatus::default() };
    for status in [bare, status(9_007_199_254_740_993)] {
        put_status(&under_test, &status).await;
        assert_eq!(stored_status(&under_test).await, status);
    }
}

/// "Stores the status unless the stored one is of a later tick."
pub async fn a_status_of_a_later_tick_stays(under_test: Store) {
    for (tick, expected) in [(9, 9), (8, 9), (10, 10), (9, 10), (100, 100), (99, 100)] {
        put_status(&under_test, &status(tick)).await;
        assert_eq!(stored_status(&under_test).await, status(expected));
    }
}

/// A tick that tells its status twice: the second is the fuller one.
pub async fn a_status_of_the_same_tick_overwrites(under_test: Store) {
    put_status(&under_test, &status(9)).await;
    let again = SourceStatus { on_screen: 99, ..status(9) };
    put_status(&under_test, &again).await;
    assert_eq!(stored_status(&under_test).await, again);
}

/// The comparison and the write are one step.
pub async fn statuses_that_meet_leave_the_latest(under_test: Store) {
    at_once(CALLERS, |caller| {
        let under_test = under_test.clone();
        async move { put_status(&under_test, &status(((caller * 7) % CALLERS) as u64 + 1)).await }
    })
    .await;
    assert_eq!(stored_status(&under_test).await, status(CALLERS as u64));
}

/// "One more than any number answered before": the first is 1, since 0 is the tick before the first.
pub async fn ticks_are_counted_from_one(under_test: Store) {
    for expected in 1..=5 {
        assert_eq!(draw(&under_test).await, expected);
    }
}

/// "In one step."
pub async fn ticks_drawn_at_once_are_all_different_and_leave_no_gap(under_test: Store) {
    let mut ticks = at_once(CALLERS, |_| {
        let under_test = under_test.clone();
        async move { draw(&under_test).await }
    })
    .await;
    ticks.sort_unstable();
    assert_eq!(ticks, (1..=CALLERS as u64).collect::<Vec<_>>());
    assert_eq!(draw(&under_test).await, CALLERS as u64 + 1);
}

/// The number is drawn before the poll, the status stored after it.
pub async fn drawing_a_tick_and_storing_a_status_do_not_touch_each_other(under_test: Store) {
    draw(&under_test).await;
    assert_eq!(stored_status(&under_test).await, SourceStatus::default());
    put_status(&under_test, &status(50)).await;
    assert_eq!(draw(&under_test).await, 2);
    assert_eq!(stored_status(&under_test).await, status(50));
}
