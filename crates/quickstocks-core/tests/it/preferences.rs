//! How somebody wants things shown.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use quickstocks_core::model::{Preferences, QuietHours, Theme, TimeOfDay, Timestamp};
use quickstocks_core::ports::{PreferencesReader, PreferencesWriter, StoreError};
use quickstocks_core::preferences::{PreferenceEditor, PreferenceError};
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, NOW};

use crate::support::{TICK, World};

impl World {
    fn preferences(&self) -> PreferenceEditor {
        PreferenceEditor { reader: self.store.clone(), writer: self.store.clone(), clock: self.clock.clone() }
    }
}

fn dark() -> Preferences {
    Preferences { theme: Theme::Dark, ..Preferences::default() }
}

#[tokio::test]
async fn who_never_changed_any_has_the_defaults_of_version_0_and_nothing_is_stored() {
    let world = World::default();
    let user = sample::user("u");
    assert_eq!(world.preferences().get(&user).await.unwrap(), Preferences::default());
    assert_eq!(Preferences::default().version, 0);
    assert_eq!(world.memory.preferences(&user).await.unwrap(), None);
}

#[tokio::test]
async fn a_change_is_kept_whole_with_the_next_version_and_the_time_whatever_the_caller_says_of_these() {
    let world = World::default();
    let user = sample::user("u");
    let wanted = Preferences { version: 99, updated_at: Timestamp::default(), ..sample::preferences() };
    let first = world.preferences().replace(&user, wanted.clone(), None).await.unwrap();
    assert_eq!(first, Preferences { version: 1, updated_at: NOW, ..wanted });
    world.clock.advance(TICK);
    let second = world.preferences().replace(&user, dark(), Some(1)).await.unwrap();
    assert_eq!(second, Preferences { version: 2, updated_at: NOW + TICK, ..dark() });
    assert_eq!(world.preferences().get(&user).await.unwrap(), second);
}

#[tokio::test]
async fn a_change_of_another_version_than_expected_is_refused_and_changes_nothing() {
    for (stored, expected, done) in [
        (0, None, true),
        (0, Some(0), true),
        (0, Some(1), false),
        (2, Some(1), false),
        (2, Some(2), true),
        (2, Some(3), false),
        (2, Some(0), false),
        (2, None, true),
    ] {
        let world = World::default();
        let user = sample::user("u");
        for _ in 0..stored {
            world.preferences().replace(&user, sample::preferences(), None).await.unwrap();
        }
        let before = world.memory.preferences(&user).await.unwrap();
        let answer = world.preferences().replace(&user, dark(), expected).await;
        let what = format!("{expected:?} expected of {stored}");
        if done {
            assert_eq!(answer.unwrap().version, stored + 1, "{what}");
        } else {
            assert!(matches!(answer, Err(PreferenceError::Conflict)), "{what}");
            assert_eq!(world.memory.preferences(&user).await.unwrap(), before, "{what}");
        }
    }
}

#[tokio::test]
async fn what_one_user_changes_is_no_other_users() {
    let world = World::default();
    world.preferences().replace(&sample::user("u"), dark(), None).await.unwrap();
    assert_eq!(world.preferences().get(&sample::user("other")).await.unwrap(), Preferences::default());
}

#[tokio::test]
async fn who_lost_a_race_tries_again_on_what_the_other_left_unless_they_named_a_version() {
    for (expected, done) in [(None, true), (Some(0), false)] {
        let world = World::default();
        let user = sample::user("u");
        let gate = world.store.hold(Method::PutPreferences);
        let editor = world.preferences();
        let (answer, ()) = tokio::join!(editor.replace(&user, dark(), expected), async {
            gate.reached_by(1).await;
            world.memory.put_preferences(&user, &sample::preferences(), 0).await.unwrap();
            gate.open();
        });
        let stored = world.memory.preferences(&user).await.unwrap().unwrap();
        if done {
            assert_eq!(answer.unwrap(), Preferences { version: 2, updated_at: NOW, ..dark() });
            assert_eq!(stored, Preferences { version: 2, updated_at: NOW, ..dark() });
        } else {
            assert!(matches!(answer, Err(PreferenceError::Conflict)), "{answer:?}");
            assert_eq!(stored, sample::preferences(), "the other's stays");
        }
    }
}

#[tokio::test]
async fn of_many_changes_at_once_every_one_that_is_answered_has_a_version_of_its_own() {
    let world = World::default();
    let user = sample::user("u");
    let editor = world.preferences();
    let gate = world.store.hold(Method::PutPreferences);
    let changes = [(); 4].map(|()| editor.replace(&user, dark(), None));
    let [a, b, c, d] = changes;
    let (a, b, c, d, ()) = tokio::join!(a, b, c, d, async {
        gate.reached_by(4).await;
        gate.open();
    });
    let versions: BTreeSet<u64> = [a, b, c, d].into_iter().map(|answer| answer.unwrap().version).collect();
    assert_eq!(versions, BTreeSet::from([1, 2, 3, 4]));
}

#[tokio::test]
async fn who_never_wins_is_told_of_the_conflict_at_last_and_a_failing_store_at_once() {
    let world = World::default();
    // Doing each write twice makes the second lose against the first, as when an answer was lost and the request repeated.
    world.store.double(Method::PutPreferences);
    let answer = world.preferences().replace(&sample::user("u"), dark(), None).await;
    assert!(matches!(answer, Err(PreferenceError::Conflict)), "{answer:?}");
    assert!(world.store.call_count(Method::PutPreferences) < 10, "it gives up");

    for method in [Method::Preferences, Method::PutPreferences] {
        let world = World::default();
        world.store.fail(method, Fault::Throttled);
        let answer = world.preferences().replace(&sample::user("u"), dark(), None).await;
        assert!(matches!(answer, Err(PreferenceError::Store(StoreError::Throttled(_)))), "{method:?}: {answer:?}");
        assert_eq!(world.store.call_count(method), 1, "the store's own client tries again, nobody else");
    }
}

fn time(minute: u16) -> TimeOfDay {
    format!("{:02}:{:02}", minute / 60, minute % 60).parse().unwrap()
}

/// When they begin and end, and a minute that is often next to one of these.
fn hours() -> impl Strategy<Value = (u16, u16, u16)> {
    (0..1440_u16, 0..1440_u16, 0..1440_u16, 0..3_u8, 0..3_u16).prop_map(|(from, to, any, near, off)| {
        let at = match near {
            0 => any,
            1 => (from + 1439 + off) % 1440,
            _ => (to + 1439 + off) % 1440,
        };
        (from, to, at)
    })
}

proptest! {
    #[test]
    fn a_time_of_the_day_is_read_back_as_it_is_written(minute in 0..1440_u16) {
        let time = time(minute);
        prop_assert_eq!(time.minute(), minute);
        prop_assert_eq!(time.to_string().parse::<TimeOfDay>(), Ok(time));
    }

    #[test]
    fn what_is_read_as_a_time_of_the_day_is_written_the_same(text in "[0-9:+ ]{0,6}|[0-9]{2}:[0-9]{2}") {
        if let Ok(time) = text.parse::<TimeOfDay>() {
            prop_assert_eq!(time.to_string(), text);
            prop_assert!(time.minute() < 1440);
        }
    }

    /// A length of 0 is the whole day.
    #[test]
    fn quiet_hours_are_the_minutes_from_their_beginning_to_their_end((from, to, at) in hours()) {
        let quiet = QuietHours { from: time(from), to: time(to) };
        let length = if from == to { 1440 } else { (to + 1440 - from) % 1440 };
        prop_assert_eq!(quiet.contains(time(at)), (at + 1440 - from) % 1440 < length);
    }

    #[test]
    fn quiet_hours_and_their_reverse_cover_the_day_once((from, to, at) in hours()) {
        prop_assume!(from != to);
        let (quiet, loud) = (QuietHours { from: time(from), to: time(to) }, QuietHours { from: time(to), to: time(from) });
        prop_assert_ne!(quiet.contains(time(at)), loud.contains(time(at)));
    }

    #[test]
    fn time_passes_and_comes_back(at in any::<i64>(), ms in 0..u64::MAX) {
        let (at, by) = (Timestamp::from_millis(at), Duration::from_millis(ms));
        let (later, earlier) = (at + by, at - by);
        prop_assert!(earlier <= at && at <= later);
        prop_assert_eq!(at.since(later), Duration::ZERO);
        prop_assert_eq!(at.seconds(), at.millis().div_euclid(1000));
        if let Some(sum) = i64::try_from(ms).ok().and_then(|ms| at.millis().checked_add(ms)) {
            prop_assert_eq!(later, Timestamp::from_millis(sum));
            prop_assert_eq!((later.since(at), later - by), (by, at));
        }
    }
}
