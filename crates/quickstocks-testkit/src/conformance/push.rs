//! The contracts of `PushSubscriptionReader` and `PushSubscriptionWriter`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::time::Duration;

use quickstocks_core::model::{PushKeys, PushPurpose, PushState, PushSubscription, TokenHash};
use quickstocks_core::ports::SubscriptionWrite;

use super::{CALLERS, Store, at_once};
use crate::sample;

const HOUR: i64 = 495_972;

async fn put(to: &Store, subscription: &PushSubscription) -> SubscriptionWrite {
    to.put_push_subscription(subscription).await.expect("a subscription can be written")
}

async fn get(from: &Store, user: &str) -> Vec<PushSubscription> {
    from.push_subscriptions(&sample::user(user)).await.expect("subscriptions can be read")
}

async fn remove(from: &Store, subscription: &PushSubscription, keys: Option<&PushKeys>) -> bool {
    from.remove_push_subscription(&subscription.user, &subscription.id, keys).await.expect("a subscription can be removed")
}

async fn advance(store: &Store, subscription: &PushSubscription, from: &PushState, to: &PushState) -> bool {
    store.move_push_subscription(&subscription.user, &subscription.id, from, to).await.expect("a state can be written")
}

async fn count(to: &Store, user: &str, purpose: PushPurpose, hour: i64) -> u32 {
    to.count_push_order(&sample::user(user), purpose, hour).await.expect("an order can be counted")
}

fn activating(token: &str) -> PushState {
    PushState::Activating { token: TokenHash::new(token) }
}

fn other_keys() -> PushKeys {
    PushKeys { p256dh: "B".repeat(87), auth: "C".repeat(22) }
}

/// In each state, with a name of any script.
pub async fn a_subscription_is_read_back_whole(under_test: Store) {
    assert_eq!(get(&under_test, "ann").await, []);
    for state in [PushState::Pending, activating("70"), sample::active()] {
        let name = "T\u{e9}l\u{e9}phone \u{1f4f1}".parse().expect("a name");
        let subscription = PushSubscription { state, name, ..sample::push_subscription("one", "ann") };
        assert_eq!(put(&under_test, &subscription).await, SubscriptionWrite::Stored);
        assert_eq!(get(&under_test, "ann").await, [subscription]);
    }
}

/// "Ordered by when they were made and then by id", and nobody else's.
pub async fn the_subscriptions_of_a_user_are_ordered_and_nobody_elses(under_test: Store) {
    let mut made = Vec::new();
    for n in 0..10u32 {
        let at = sample::NOW - n / 2 * Duration::from_secs(1);
        let subscription = PushSubscription { created_at: at, ..sample::push_subscription(&format!("d{n}"), "ann") };
        put(&under_test, &subscription).await;
        made.push(subscription);
    }
    let other = sample::push_subscription("other", "bob");
    put(&under_test, &other).await;
    made.sort_by(|left, right| (left.created_at, &left.id).cmp(&(right.created_at, &right.id)));
    assert_eq!(get(&under_test, "ann").await, made);
    assert_eq!(get(&under_test, "bob").await, [other]);
}

/// "Over the one of its endpoint": a user's own, whatever its keys were.
pub async fn an_endpoint_has_one_subscription(under_test: Store) {
    let first = sample::active_push_subscription("one", "ann");
    put(&under_test, &first).await;
    let renewed = PushSubscription { keys: other_keys(), ..sample::push_subscription("one", "ann") };
    assert_eq!(put(&under_test, &renewed).await, SubscriptionWrite::Stored);
    assert_eq!(get(&under_test, "ann").await, [renewed]);
}

/// "It MUST be moved when the keys are the same": to and fro, and the former owner has it no more.
pub async fn a_subscription_moves_to_whoever_shows_its_keys(under_test: Store) {
    let kept = sample::push_subscription("kept", "ann");
    put(&under_test, &kept).await;
    for owner in ["ann", "bob", "ann", "bob"] {
        let subscription = sample::push_subscription("one", owner);
        assert_eq!(put(&under_test, &subscription).await, SubscriptionWrite::Stored);
        let of_ann = if owner == "ann" { vec![kept.clone(), subscription.clone()] } else { vec![kept.clone()] };
        let mut found = get(&under_test, "ann").await;
        found.sort_by_key(|one| one.endpoint != kept.endpoint);
        assert_eq!(found, of_ann);
        assert_eq!(get(&under_test, "bob").await, if owner == "bob" { vec![subscription] } else { vec![] });
    }
}

/// "And MUST stay as it is otherwise."
pub async fn a_subscription_of_another_user_with_other_keys_stays(under_test: Store) {
    let of_ann = sample::active_push_subscription("one", "ann");
    put(&under_test, &of_ann).await;
    let keys = of_ann.keys.clone();
    for wrong in
        [other_keys(), PushKeys { auth: other_keys().auth, ..keys.clone() }, PushKeys { p256dh: other_keys().p256dh, ..keys }]
    {
        let of_bob = PushSubscription { keys: wrong, ..sample::push_subscription("one", "bob") };
        assert_eq!(put(&under_test, &of_bob).await, SubscriptionWrite::Taken);
    }
    assert_eq!(get(&under_test, "ann").await, [of_ann]);
    assert_eq!(get(&under_test, "bob").await, []);
}

/// "Answers whether it did."
pub async fn a_removed_subscription_is_gone_and_can_be_made_again(under_test: Store) {
    let (one, other) = (sample::push_subscription("one", "ann"), sample::push_subscription("two", "ann"));
    put(&under_test, &one).await;
    put(&under_test, &other).await;
    assert!(remove(&under_test, &one, None).await);
    assert!(!remove(&under_test, &one, None).await);
    assert_eq!(get(&under_test, "ann").await, [other]);
    // Nothing of the former owner is left on the endpoint.
    let of_bob = PushSubscription { keys: other_keys(), ..sample::push_subscription("one", "bob") };
    assert_eq!(put(&under_test, &of_bob).await, SubscriptionWrite::Stored);
}

/// "With `keys`, only while it has those."
pub async fn a_subscription_made_anew_survives_the_removal_of_the_former(under_test: Store) {
    let former = sample::push_subscription("one", "ann");
    put(&under_test, &former).await;
    let renewed = PushSubscription { keys: other_keys(), ..former.clone() };
    put(&under_test, &renewed).await;
    assert!(!remove(&under_test, &renewed, Some(&former.keys)).await);
    assert_eq!(get(&under_test, "ann").await, std::slice::from_ref(&renewed));
    assert!(remove(&under_test, &renewed, Some(&renewed.keys)).await);
    assert_eq!(get(&under_test, "ann").await, []);
}

/// "Another user's MUST stay", and its state too.
pub async fn another_users_subscription_is_out_of_reach(under_test: Store) {
    let of_ann = sample::push_subscription("one", "ann");
    put(&under_test, &of_ann).await;
    let of_bob = sample::push_subscription("one", "bob");
    assert!(!remove(&under_test, &of_bob, None).await);
    assert!(!remove(&under_test, &of_bob, Some(&of_ann.keys)).await);
    assert!(!advance(&under_test, &of_bob, &PushState::Pending, &sample::active()).await);
    assert_eq!(get(&under_test, "ann").await, [of_ann]);
}

/// "Moves a user's subscription from one state to another."
pub async fn a_state_follows_only_the_expected_one(under_test: Store) {
    let subscription = sample::push_subscription("one", "ann");
    assert!(!advance(&under_test, &subscription, &PushState::Pending, &sample::active()).await, "none is made");
    put(&under_test, &subscription).await;
    for (from, to, moved) in [
        (sample::active(), PushState::Pending, false),
        (activating("70"), sample::active(), false),
        (PushState::Pending, activating("70"), true),
        (PushState::Pending, activating("71"), false),
        (activating("71"), sample::active(), false),
        (activating("70"), sample::active(), true),
        (activating("70"), sample::active(), false),
        (sample::active(), PushState::Pending, true),
    ] {
        assert_eq!(advance(&under_test, &subscription, &from, &to).await, moved, "{from:?} {to:?}");
    }
    assert_eq!(get(&under_test, "ann").await, [subscription]);
}

/// "Of any number of callers with the same `from` and another `to` exactly one MUST get `true`."
pub async fn of_callers_that_move_one_state_exactly_one_does(under_test: Store) {
    let subscription = sample::push_subscription("one", "ann");
    put(&under_test, &subscription).await;
    let moved = at_once(CALLERS, |caller| {
        let (store, subscription) = (under_test.clone(), subscription.clone());
        async move { advance(&store, &subscription, &PushState::Pending, &activating(&format!("{caller}"))).await }
    })
    .await;
    let winners: Vec<usize> = (0..CALLERS).filter(|caller| moved[*caller]).collect();
    assert_eq!(winners.len(), 1, "{moved:?}");
    assert_eq!(get(&under_test, "ann").await[0].state, activating(&format!("{}", winners[0])));
}

/// "Counts one more message of this purpose that a user asked for in that hour", apart from every other.
pub async fn orders_are_counted_by_user_purpose_and_hour(under_test: Store) {
    for expect in 1..=3 {
        assert_eq!(count(&under_test, "ann", PushPurpose::Activate, HOUR).await, expect);
    }
    assert_eq!(count(&under_test, "ann", PushPurpose::Test, HOUR).await, 1);
    assert_eq!(count(&under_test, "bob", PushPurpose::Activate, HOUR).await, 1);
    assert_eq!(count(&under_test, "ann", PushPurpose::Activate, HOUR + 1).await, 1);
    assert_eq!(get(&under_test, "ann").await, [], "a count is no subscription");
}

/// "Calls that meet MUST all be counted."
pub async fn orders_counted_at_once_are_all_counted(under_test: Store) {
    let mut counts = at_once(CALLERS, |_| {
        let store = under_test.clone();
        async move { count(&store, "ann", PushPurpose::Test, HOUR).await }
    })
    .await;
    counts.sort_unstable();
    let expect: Vec<u32> = (1..).take(CALLERS).collect();
    assert_eq!(counts, expect);
}

/// "Removes a user and everything that is theirs": of `UserWriter`.
pub async fn a_removed_user_has_no_subscriptions(under_test: Store) {
    let (of_ann, of_bob) = (sample::push_subscription("one", "ann"), sample::push_subscription("two", "bob"));
    put(&under_test, &of_ann).await;
    put(&under_test, &of_bob).await;
    count(&under_test, "ann", PushPurpose::Test, HOUR).await;
    under_test.remove_user(&sample::user("ann")).await.expect("a user can be removed");
    assert_eq!(get(&under_test, "ann").await, []);
    assert_eq!(get(&under_test, "bob").await, [of_bob]);
    let again = PushSubscription { keys: other_keys(), ..sample::push_subscription("one", "bob") };
    assert_eq!(put(&under_test, &again).await, SubscriptionWrite::Stored, "the endpoint is free");
}
