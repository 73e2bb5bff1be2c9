//! Devices that notifications are pushed to, and how one is delivered to all of somebody's.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::model::{
    DeviceId, Endpoint, MAX_PUSH_SUBSCRIPTIONS, PushAction, PushKeys, PushMessage, PushOrder, PushPurpose, PushState,
    PushSubscription, PushTopic, PushUrgency, Secret, Timestamp,
};
use quickstocks_core::ports::{PushSubscriptionReader, PushSubscriptionWriter, StoreError, SubscriptionFault};
use quickstocks_core::push::{
    ACTIVATIONS_PER_HOUR, DeviceDelivery, DeviceError, DeviceOutcome, Devices, NewSubscription, Push, TESTS_PER_HOUR,
};
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_testkit::{FixedSigner, OriginRule, PushAnswer, RecordingPushSender, RecordingRequester, SequenceRandom};

use crate::support::World;

const SECOND: Duration = Duration::from_secs(1);

/// Far enough away.
const DEADLINE: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Scene {
    world: World,
    rule: Arc<OriginRule>,
    requester: Arc<RecordingRequester>,
    sender: Arc<RecordingPushSender>,
    random: Arc<SequenceRandom>,
}

impl Scene {
    fn devices(&self) -> Devices {
        self.devices_with_key(7)
    }

    fn devices_with_key(&self, key: u8) -> Devices {
        Devices {
            subscriptions: self.world.store.clone(),
            subscription_writer: self.world.store.clone(),
            rule: self.rule.clone(),
            signer: Arc::new(FixedSigner(key)),
            requester: self.requester.clone(),
            clock: self.world.clock.clone(),
        }
    }

    fn push(&self) -> Push {
        Push {
            subscriptions: self.world.store.clone(),
            subscription_writer: self.world.store.clone(),
            sender: self.sender.clone(),
            clock: self.world.clock.clone(),
            random: self.random.clone(),
        }
    }

    /// A device of a user that is active.
    async fn active(&self, device: &str, of: &str) -> PushSubscription {
        let subscription = sample::active_push_subscription(device, of);
        self.world.store.put_push_subscription(&subscription).await.unwrap();
        subscription
    }

    async fn of(&self, user: &str) -> Vec<PushSubscription> {
        self.world.store.push_subscriptions(&sample::user(user)).await.unwrap()
    }

    /// Fulfils every order so far.
    async fn fulfil(&self) -> Vec<Option<DeviceOutcome>> {
        let mut outcomes = Vec::new();
        for order in self.requester.orders() {
            outcomes.push(self.push().fulfil(&order, NOW + DEADLINE).await.unwrap());
        }
        outcomes
    }

    /// The activation token that a device was last sent.
    fn token_of(&self, device: &DeviceId) -> Secret {
        self.sender.sent_to(device).iter().rev().find_map(|message| message.activation.clone()).unwrap().token
    }
}

fn new(device: &str) -> NewSubscription {
    let PushSubscription { endpoint, keys, site, name, .. } = sample::push_subscription(device, "");
    NewSubscription { endpoint, keys, site, name, replaces: None }
}

fn message() -> PushMessage {
    PushMessage {
        topic: PushTopic::of("alert|1"),
        tag: "alert-1".to_owned(),
        urgency: PushUrgency::High,
        ttl: Duration::from_hours(1),
        title: "AAPL 270.00".to_owned(),
        body: "Above 269.00".to_owned(),
        navigate: "/?symbol=AAPL".to_owned(),
        actions: vec![PushAction {
            id: "snooze".to_owned(),
            title: "Snooze 1 h".to_owned(),
            token: Secret::from_random([1; 32]),
        }],
        about: Some("alert-1".to_owned()),
        activation: None,
        created_at: NOW,
    }
}

async fn deliver(scene: &Scene, done: &[DeviceId], deadline: Timestamp) -> Vec<DeviceDelivery> {
    let done: BTreeSet<DeviceId> = done.iter().cloned().collect();
    scene.push().deliver(&sample::user("ann"), &message(), &done, deadline).await.unwrap()
}

#[tokio::test]
async fn a_device_becomes_active_when_its_first_message_comes_back() {
    let scene = Scene::default();
    let (devices, ann) = (scene.devices(), sample::user("ann"));
    let made = devices.subscribe(&ann, new("phone")).await.unwrap();
    assert_eq!((made.state.clone(), made.created_at), (PushState::Pending, NOW));
    let order = PushOrder { user: ann.clone(), device: made.id.clone(), purpose: PushPurpose::Activate };
    assert_eq!(scene.requester.orders(), [order]);
    assert_eq!(deliver(&scene, &[], NOW + DEADLINE).await, [], "nothing but its first message is sent to it");

    // The topic delivers at least once; the device gets one message.
    assert_eq!(scene.fulfil().await, [Some(DeviceOutcome::Accepted)]);
    assert_eq!(scene.fulfil().await, [None]);
    let token = scene.token_of(&made.id);
    assert!(!format!("{:?}", scene.of("ann").await).contains(token.reveal()), "no secret is stored or printed");
    for (user, wrong) in [("ann", Secret::from_random([9; 32])), ("bob", token.clone())] {
        let refused = devices.activate(&sample::user(user), &made.id, &wrong).await;
        assert!(matches!(refused, Err(DeviceError::Token | DeviceError::NotFound)), "{refused:?}");
    }
    let active = devices.activate(&ann, &made.id, &token).await.unwrap();
    assert_eq!((active.state.clone(), scene.of("ann").await), (PushState::Active { token: token.hash() }, vec![active.clone()]));
    assert_eq!(devices.activate(&ann, &made.id, &token).await.unwrap(), active, "the answer may have been lost on its way");
    let other = devices.activate(&ann, &made.id, &Secret::from_random([9; 32])).await;
    assert!(matches!(other, Err(DeviceError::Token)), "{other:?}");
    let delivered = [DeviceDelivery { device: made.id, outcome: DeviceOutcome::Accepted }];
    assert_eq!(deliver(&scene, &[], NOW + DEADLINE).await, delivered);
}

#[tokio::test]
async fn a_subscription_that_may_not_be_used_is_not_stored_and_nothing_is_sent() {
    let scene = Scene::default();
    scene.rule.refuse("https://push.example");
    let refused = scene.devices().subscribe(&sample::user("ann"), new("phone")).await;
    assert!(matches!(refused, Err(DeviceError::Fault(SubscriptionFault::EndpointNotAllowed))), "{refused:?}");
    assert_eq!((scene.of("ann").await, scene.requester.orders()), (vec![], vec![]));
}

#[tokio::test]
async fn hearing_again_of_an_active_device_changes_its_name_and_sends_nothing() {
    let scene = Scene::default();
    let (devices, ann) = (scene.devices(), sample::user("ann"));
    let made = devices.subscribe(&ann, new("phone")).await.unwrap();
    scene.fulfil().await;
    devices.activate(&ann, &made.id, &scene.token_of(&made.id)).await.unwrap();
    for _ in 0..2 * ACTIVATIONS_PER_HOUR {
        devices.subscribe(&ann, new("phone")).await.unwrap();
    }
    let renamed = NewSubscription { name: "Ann's phone".parse().unwrap(), ..new("phone") };
    devices.subscribe(&ann, renamed).await.unwrap();
    let [stored] = <[_; 1]>::try_from(scene.of("ann").await).unwrap();
    assert_eq!((stored.name.as_str(), stored.state.is_active()), ("Ann's phone", true));
    assert_eq!(scene.requester.orders().len(), 1);

    // Another key of the server, or other keys of the device: it has to prove itself again.
    let keys = PushKeys { p256dh: "B".repeat(87), auth: "B".repeat(22) };
    scene.devices_with_key(8).subscribe(&ann, new("phone")).await.unwrap();
    scene.devices_with_key(8).subscribe(&ann, NewSubscription { keys, ..new("phone") }).await.unwrap();
    assert_eq!(scene.of("ann").await[0].state, PushState::Pending);
    assert_eq!(scene.requester.orders().len(), 3);
}

#[tokio::test]
async fn a_device_whose_first_message_was_lost_gets_another_when_its_page_is_opened() {
    let scene = Scene::default();
    let (devices, ann) = (scene.devices(), sample::user("ann"));
    let made = devices.subscribe(&ann, new("phone")).await.unwrap();
    scene.sender.answer_next(&made.id, PushAnswer::Failed);
    scene.fulfil().await;
    assert_eq!(scene.of("ann").await[0].state, PushState::Pending, "nothing came out");
    devices.subscribe(&ann, new("phone")).await.unwrap();
    scene.fulfil().await;
    let first = scene.token_of(&made.id);
    devices.subscribe(&ann, new("phone")).await.unwrap();
    scene.fulfil().await;
    let second = scene.token_of(&made.id);
    assert!(matches!(devices.activate(&ann, &made.id, &first).await, Err(DeviceError::Token)), "the newest counts");
    devices.activate(&ann, &made.id, &second).await.unwrap();
}

#[tokio::test]
async fn activating_and_testing_have_their_limits_an_hour() {
    let scene = Scene::default();
    let (devices, ann) = (scene.devices(), sample::user("ann"));
    for n in 0..ACTIVATIONS_PER_HOUR {
        devices.subscribe(&ann, new(&format!("d{n}"))).await.unwrap();
    }
    let hour = Timestamp::from_seconds((NOW.seconds() / 3600 + 1) * 3600);
    let refused = devices.subscribe(&ann, new("more")).await;
    assert!(matches!(refused, Err(DeviceError::TooOften { again_at }) if again_at == hour), "{refused:?}");
    assert_eq!(scene.of("ann").await.len(), 5, "nothing half-written");
    devices.subscribe(&sample::user("bob"), new("bobs")).await.unwrap();

    let active = scene.active("active", "ann").await;
    for _ in 0..TESTS_PER_HOUR {
        devices.test(&ann, &active.id).await.unwrap();
    }
    assert!(matches!(devices.test(&ann, &active.id).await, Err(DeviceError::TooOften { .. })));
    scene.world.clock.set(hour);
    devices.test(&ann, &active.id).await.unwrap();
    devices.subscribe(&ann, new("more")).await.unwrap();
}

#[tokio::test]
async fn somebody_has_ten_devices_at_the_most_and_a_renewed_one_takes_the_place_of_the_former() {
    let scene = Scene::default();
    let (devices, ann) = (scene.devices(), sample::user("ann"));
    for n in 0..MAX_PUSH_SUBSCRIPTIONS {
        scene.active(&format!("d{n}"), "ann").await;
    }
    assert!(matches!(devices.subscribe(&ann, new("more")).await, Err(DeviceError::TooMany)));
    let former = DeviceId::of(&Endpoint::new("https://push.example/send/d3"));
    let foreign = scene.active("bobs", "bob").await.id;
    let of_another = NewSubscription { replaces: Some(foreign), ..new("more") };
    assert!(matches!(devices.subscribe(&ann, of_another).await, Err(DeviceError::TooMany)));
    devices.subscribe(&ann, NewSubscription { replaces: Some(former.clone()), ..new("more") }).await.unwrap();
    let theirs = scene.of("ann").await;
    assert_eq!(theirs.len(), MAX_PUSH_SUBSCRIPTIONS);
    assert!(theirs.iter().all(|one| one.id != former));
    assert_eq!(scene.of("bob").await.len(), 1);
}

#[tokio::test]
async fn a_browser_that_changed_hands_takes_its_device_along_if_it_knows_the_keys() {
    let scene = Scene::default();
    let devices = scene.devices();
    scene.active("shared", "ann").await;
    let keys = PushKeys { p256dh: "B".repeat(87), auth: "B".repeat(22) };
    let thief = NewSubscription { keys, ..new("shared") };
    assert!(matches!(devices.subscribe(&sample::user("bob"), thief).await, Err(DeviceError::Taken)));
    assert_eq!(scene.of("ann").await.len(), 1);
    devices.subscribe(&sample::user("bob"), new("shared")).await.unwrap();
    assert_eq!((scene.of("ann").await.len(), scene.of("bob").await.len()), (0, 1));
    assert_eq!(scene.of("bob").await[0].state, PushState::Pending, "bob's has to prove itself");
}

#[tokio::test]
async fn a_foreign_device_and_a_missing_one_are_both_not_found() {
    let scene = Scene::default();
    let (devices, bob) = (scene.devices(), sample::user("bob"));
    let of_ann = scene.active("phone", "ann").await;
    for id in [of_ann.id, DeviceId::new("none")] {
        assert!(matches!(devices.remove(&bob, &id).await, Err(DeviceError::NotFound)));
        assert!(matches!(devices.test(&bob, &id).await, Err(DeviceError::NotFound)));
        assert!(matches!(devices.activate(&bob, &id, &Secret::from_random([1; 32])).await, Err(DeviceError::NotFound)));
    }
    assert_eq!(scene.of("ann").await.len(), 1);
}

#[tokio::test]
async fn a_test_goes_to_an_active_device_only() {
    let scene = Scene::default();
    let (devices, ann) = (scene.devices(), sample::user("ann"));
    let pending = devices.subscribe(&ann, new("phone")).await.unwrap();
    assert!(matches!(devices.test(&ann, &pending.id).await, Err(DeviceError::NotActive)));
    let active = scene.active("laptop", "ann").await;
    devices.test(&ann, &active.id).await.unwrap();
    assert_eq!(scene.fulfil().await, [Some(DeviceOutcome::Accepted), Some(DeviceOutcome::Accepted)]);
    assert_eq!(scene.sender.sent_to(&active.id)[0].title, "Test notification");
    devices.remove(&ann, &active.id).await.unwrap();
    assert_eq!(scene.fulfil().await, [None, None], "an order whose device is gone sends nothing");
}

#[tokio::test]
async fn every_active_device_that_is_not_done_gets_the_message_once() {
    let scene = Scene::default();
    let mut devices = Vec::new();
    for n in 0..4 {
        devices.push(scene.active(&format!("d{n}"), "ann").await.id);
    }
    scene.active("bobs", "bob").await;
    devices.sort();
    let delivered = deliver(&scene, &devices[..1], NOW + DEADLINE).await;
    let ids: Vec<&DeviceId> = delivered.iter().map(|one| &one.device).collect();
    assert_eq!(ids, devices[1..].iter().collect::<Vec<_>>());
    assert!(delivered.iter().all(|one| one.outcome == DeviceOutcome::Accepted && one.outcome.is_done()));
    assert_eq!(scene.sender.attempts(), 3);
    assert_eq!(scene.sender.sent_to(&devices[1]), [message()]);
}

#[tokio::test]
async fn each_answer_of_a_push_service_has_its_outcome() {
    let later = |seconds| DeviceOutcome::Later { not_before: Some(NOW + SECOND * seconds) };
    for (answer, outcome, stays, attempts) in [
        (PushAnswer::Accepted, DeviceOutcome::Accepted, true, 1),
        (PushAnswer::Gone, DeviceOutcome::Gone, false, 1),
        (PushAnswer::Throttled(None), DeviceOutcome::Later { not_before: None }, true, 1),
        (PushAnswer::Throttled(Some(SECOND * 120)), later(120), true, 1),
        (PushAnswer::TooLarge, DeviceOutcome::Accepted, true, 2),
        (PushAnswer::Refused, DeviceOutcome::Refused, true, 1),
        (PushAnswer::Failed, DeviceOutcome::Later { not_before: None }, true, 1),
    ] {
        let scene = Scene::default();
        let device = scene.active("phone", "ann").await;
        scene.sender.answer_next(&device.id, answer);
        let delivered = deliver(&scene, &[], NOW + DEADLINE).await;
        assert_eq!(delivered, [DeviceDelivery { device: device.id.clone(), outcome }], "{answer:?}");
        assert_eq!(scene.of("ann").await.len(), usize::from(stays), "{answer:?}");
        assert_eq!(scene.sender.attempts(), attempts, "{answer:?}");
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_is_sent_once_more_without_its_actions() {
    let scene = Scene::default();
    let device = scene.active("phone", "ann").await;
    scene.sender.answer_next(&device.id, PushAnswer::TooLarge);
    deliver(&scene, &[], NOW + DEADLINE).await;
    assert_eq!(scene.sender.sent_to(&device.id), [PushMessage { actions: vec![], ..message() }]);
    for _ in 0..2 {
        scene.sender.answer_next(&device.id, PushAnswer::TooLarge);
    }
    assert_eq!(deliver(&scene, &[], NOW + DEADLINE).await[0].outcome, DeviceOutcome::Refused);
    assert_eq!(scene.sender.attempts(), 4);
}

#[tokio::test]
async fn a_device_that_hangs_keeps_no_other_waiting() {
    let scene = Scene::default();
    let slow = scene.active("slow", "ann").await;
    for n in 0..MAX_PUSH_SUBSCRIPTIONS - 1 {
        scene.active(&format!("d{n}"), "ann").await;
    }
    let gate = scene.sender.hold(&slow.id);
    let delivering = deliver(&scene, &[], NOW + DEADLINE);
    let watching = async {
        gate.reached_by(1).await;
        while scene.sender.sent().len() < MAX_PUSH_SUBSCRIPTIONS - 1 {
            tokio::task::yield_now().await;
        }
        gate.open();
    };
    let (delivered, ()) = futures_util::future::join(delivering, watching).await;
    assert!(delivered.iter().all(|one| one.outcome == DeviceOutcome::Accepted));
}

#[tokio::test]
async fn nothing_is_begun_that_cannot_end_before_the_deadline() {
    let scene = Scene::default();
    scene.active("phone", "ann").await;
    for left in [0, 100, 250] {
        let delivered = deliver(&scene, &[], NOW + Duration::from_millis(left)).await;
        assert_eq!(delivered[0].outcome, DeviceOutcome::NotBegun, "{left}");
        assert!(!delivered[0].outcome.is_done());
    }
    deliver(&scene, &[], NOW + SECOND).await;
    deliver(&scene, &[], NOW + SECOND * 60).await;
    assert_eq!(scene.sender.time_outs(), [Duration::from_millis(750), SECOND * 5]);
}

#[tokio::test]
async fn a_device_that_is_gone_and_cannot_be_removed_is_done_all_the_same() {
    let scene = Scene::default();
    let device = scene.active("phone", "ann").await;
    scene.world.store.fail_nth(Method::RemovePushSubscription, 1, Fault::Unavailable);
    scene.sender.answer_next(&device.id, PushAnswer::Gone);
    assert_eq!(deliver(&scene, &[], NOW + DEADLINE).await[0].outcome, DeviceOutcome::Gone);
    scene.sender.answer_next(&device.id, PushAnswer::Gone);
    assert_eq!(deliver(&scene, &[], NOW + DEADLINE).await[0].outcome, DeviceOutcome::Gone);
    assert_eq!(scene.of("ann").await, []);
}

#[tokio::test]
async fn a_store_that_fails_says_so() {
    let scene = Scene::default();
    scene.world.store.fail(Method::PushSubscriptions, Fault::Throttled);
    let failed = scene.push().deliver(&sample::user("ann"), &message(), &BTreeSet::new(), NOW + DEADLINE).await;
    assert!(matches!(failed, Err(StoreError::Throttled(_))), "{failed:?}");
    scene.world.store.heal();
    scene.world.store.fail(Method::PutPushSubscription, Fault::Unavailable);
    let failed = scene.devices().subscribe(&sample::user("ann"), new("phone")).await;
    assert!(matches!(failed, Err(DeviceError::Store(StoreError::Unavailable(_)))), "{failed:?}");
    assert_eq!(scene.requester.orders(), []);
}
