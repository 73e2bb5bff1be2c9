//! The contracts of `PreferencesReader` and `PreferencesWriter`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use quickstocks_core::model::{Colours, Preferences, Theme};
use quickstocks_core::ports::Change;

use super::{CALLERS, Store, at_once};
use crate::sample;

async fn put(to: &Store, user: &str, preferences: &Preferences, expected: u64) -> Change {
    to.put_preferences(&sample::user(user), preferences, expected).await.expect("preferences can be written")
}

async fn get(from: &Store, user: &str) -> Option<Preferences> {
    from.preferences(&sample::user(user)).await.expect("preferences can be read")
}

fn of_version(version: u64) -> Preferences {
    Preferences { version, ..sample::preferences() }
}

/// `None`, not the defaults: those are the domain's to know.
pub async fn there_are_none_at_first(under_test: Store) {
    assert_eq!(get(&under_test, "ann").await, None);
}

/// With everything said, and with nothing.
pub async fn preferences_are_read_back_whole(under_test: Store) {
    assert_eq!(put(&under_test, "ann", &of_version(1), 0).await, Change::Done);
    assert_eq!(get(&under_test, "ann").await, Some(of_version(1)));
    let bare = Preferences { version: 1, updated_at: sample::NOW, ..Preferences::default() };
    assert_eq!(put(&under_test, "bob", &bare, 0).await, Change::Done);
    assert_eq!(get(&under_test, "bob").await, Some(bare));
}

/// Whole: what is no longer said is gone.
pub async fn preferences_of_the_expected_version_are_replaced(under_test: Store) {
    assert_eq!(put(&under_test, "ann", &of_version(1), 0).await, Change::Done);
    let bare = Preferences { version: 2, colours: Colours::RedUp, theme: Theme::Dark, ..Preferences::default() };
    assert_eq!(put(&under_test, "ann", &bare, 1).await, Change::Done);
    assert_eq!(get(&under_test, "ann").await, Some(bare), "nothing of the former ones is left");
}

/// 0 expects that there are none; any other version that there are.
pub async fn preferences_of_another_version_stay(under_test: Store) {
    assert_eq!(put(&under_test, "ann", &of_version(2), 1).await, Change::Conflict);
    assert_eq!(get(&under_test, "ann").await, None);
    assert_eq!(put(&under_test, "ann", &of_version(1), 0).await, Change::Done);
    for expected in [0, 2] {
        assert_eq!(put(&under_test, "ann", &of_version(expected + 1), expected).await, Change::Conflict, "{expected}");
    }
    assert_eq!(get(&under_test, "ann").await, Some(of_version(1)));
}

/// Neither reads nor conditions cross.
pub async fn users_are_kept_apart(under_test: Store) {
    assert_eq!(put(&under_test, "ann", &of_version(1), 0).await, Change::Done);
    assert_eq!(get(&under_test, "bob").await, None);
    assert_eq!(put(&under_test, "bob", &of_version(2), 1).await, Change::Conflict);
}

/// The first time, and over what is there.
pub async fn of_callers_that_expect_one_version_exactly_one_wins(under_test: Store) {
    for version in 1..=2 {
        let outcomes = at_once(CALLERS, |_| {
            let store = under_test.clone();
            async move { put(&store, "ann", &of_version(version), version - 1).await }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Change::Done).count(), 1, "{outcomes:?}");
        assert_eq!(get(&under_test, "ann").await, Some(of_version(version)));
    }
}
