//! The contracts of `RateCounter` and `RequestLog`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::time::Duration;

use quickstocks_core::model::{RequestRecord, Timestamp};

use super::{CALLERS, Store, at_once};
use crate::sample::{self, NOW};

const DAY: Duration = Duration::from_hours(24);

fn record(key: &str, answer: Option<&str>) -> RequestRecord {
    RequestRecord { key: key.to_owned(), fingerprint: "f1".to_owned(), answer: answer.map(str::to_owned), expires_at: NOW + DAY }
}

async fn claim(at: &Store, user: &str, record: &RequestRecord, now: Timestamp) -> Option<RequestRecord> {
    at.claim_request(&sample::user(user), record, now).await.expect("a request can be claimed")
}

async fn keep(at: &Store, user: &str, record: &RequestRecord) {
    at.keep_answer(&sample::user(user), record).await.expect("an answer can be kept");
}

async fn count(at: &Store, key: &str, until: Timestamp) -> u32 {
    at.count_event(key, until).await.expect("an event can be counted")
}

/// "Keys and windows MUST be kept apart."
pub async fn events_are_counted_by_key_and_window(under_test: Store) {
    for (key, until, expect) in
        [("a", NOW, 1), ("a", NOW, 2), ("b", NOW, 1), ("a", NOW + DAY, 1), ("a", NOW, 3), ("a b#\u{e4}", NOW, 1)]
    {
        assert_eq!(count(&under_test, key, until).await, expect, "{key} {until:?}");
    }
}

/// "In one step": no event is lost, and no two callers see one count.
pub async fn events_counted_at_once_are_all_counted(under_test: Store) {
    let mut counts = at_once(CALLERS, |_| {
        let under_test = under_test.clone();
        async move { count(&under_test, "a", NOW).await }
    })
    .await;
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).collect::<Vec<u32>>());
}

/// "That one MUST stay and is answered."
pub async fn a_claimed_request_is_claimed_once(under_test: Store) {
    let first = record("k", None);
    assert_eq!(claim(&under_test, "ann", &first, NOW).await, None);
    let second = RequestRecord { fingerprint: "f2".to_owned(), ..first.clone() };
    assert_eq!(claim(&under_test, "ann", &second, NOW).await, Some(first));
    assert_eq!(claim(&under_test, "bob", &second, NOW).await, None, "users are kept apart");
    assert_eq!(claim(&under_test, "ann", &record("k2", None), NOW).await, None, "keys are kept apart");
}

/// "Unless one is there that is not expired at `now`."
pub async fn an_expired_request_can_be_claimed_again(under_test: Store) {
    assert_eq!(claim(&under_test, "ann", &record("k", Some("sealed")), NOW).await, None);
    let late = RequestRecord { expires_at: NOW + 2 * DAY, ..record("k", None) };
    assert_eq!(claim(&under_test, "ann", &late, NOW + DAY).await, None);
    assert_eq!(claim(&under_test, "ann", &late, NOW + DAY).await, Some(late));
}

/// "Exactly one MUST be answered with `None`."
pub async fn of_twenty_callers_exactly_one_claims_a_request(under_test: Store) {
    let answers = at_once(CALLERS, |_| {
        let under_test = under_test.clone();
        async move { claim(&under_test, "ann", &record("k", None), NOW).await }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 1, "{answers:?}");
}

/// "Replaces the record of its key."
pub async fn an_answer_is_kept_and_read_back_whole(under_test: Store) {
    claim(&under_test, "ann", &record("k", None), NOW).await;
    let answered = RequestRecord { expires_at: NOW + 2 * DAY, ..record("k", Some(&"c2VhbGVk".repeat(20_000))) };
    keep(&under_test, "ann", &answered).await;
    assert_eq!(claim(&under_test, "ann", &record("k", None), NOW).await, Some(answered));
}

/// "It MUST NOT make one."
pub async fn keeping_an_answer_makes_no_record(under_test: Store) {
    keep(&under_test, "ann", &record("k", Some("sealed"))).await;
    assert_eq!(claim(&under_test, "ann", &record("k", None), NOW).await, None);
}

/// "One that is not there is no error."
pub async fn a_forgotten_request_can_be_claimed_again(under_test: Store) {
    claim(&under_test, "ann", &record("k", None), NOW).await;
    for _ in 0..2 {
        under_test.forget_request(&sample::user("ann"), "k").await.expect("forgetting is no error");
    }
    assert_eq!(claim(&under_test, "ann", &record("k", None), NOW).await, None);
}

/// `UserWriter::remove_user`: "everything that is theirs".
pub async fn a_removed_users_requests_are_gone(under_test: Store) {
    for name in ["ann", "bob"] {
        claim(&under_test, name, &record("k", Some("sealed")), NOW).await;
    }
    under_test.remove_user(&sample::user("ann")).await.expect("removing is no error");
    assert_eq!(claim(&under_test, "ann", &record("k", None), NOW).await, None);
    assert_eq!(claim(&under_test, "bob", &record("k", None), NOW).await, Some(record("k", Some("sealed"))));
}
