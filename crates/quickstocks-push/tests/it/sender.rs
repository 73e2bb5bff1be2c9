//! The sender against push services on loopback, which read its messages with the browsers' keys.

use std::collections::BTreeSet;
use std::time::Duration;

use quickstocks_core::model::{Endpoint, PushAction, PushMessage, PushSubscription, Secret};
use quickstocks_core::ports::{PushOutcome, PushSender, VapidSigner};
use quickstocks_push::{EndpointRule, FileVapidKey};
use quickstocks_testkit::sample::NOW;
use quickstocks_testkit::{FakePushService, Gate, HOSTILE_ENDPOINTS, ServiceAnswer};
use serde_json::json;

use crate::support::{World, message};

/// More than loopback ever needs.
const PLENTY: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_message_arrives_whole_and_says_what_may_become_of_it() {
    let world = World::new().await;
    let phone = world.device();
    let sent = PushMessage { ttl: Duration::from_mins(5), ..message("alert|1", "AAPL is above 269.00") };
    assert!(matches!(world.send(&phone.stored, &sent).await, PushOutcome::Accepted));
    let [received] = <[_; 1]>::try_from(world.service.messages()).unwrap();
    assert_eq!(received.payload["notification"]["body"], "AAPL is above 269.00");
    assert_eq!(received.payload["web_push"], 8030);
    assert_eq!(received.payload["notification"]["navigate"], "https://stocks.example/?symbol=AAPL");
    assert_eq!(received.topic.as_deref(), Some(sent.topic.as_str()));
    assert_eq!((received.urgency.as_str(), received.ttl), ("high", Duration::from_mins(5)));
    assert_eq!(received.contact, "mailto:me@example.org");
    assert_eq!(received.expires_at, NOW + Duration::from_hours(12));
    assert_eq!((received.body_bytes - 86 - 16) % 128, 0, "the length tells nothing");
    assert_eq!(world.service.faults(), [""; 0]);
}

#[tokio::test]
async fn a_header_is_signed_once_for_a_push_service_and_twelve_hours() {
    let world = World::new().await;
    let phone = world.device();
    let laptop = world.device();
    for _ in 0..3 {
        for device in [&phone.stored, &laptop.stored] {
            assert!(matches!(world.send(device, &message("alert|1", "x")).await, PushOutcome::Accepted));
        }
    }
    let headers =
        |service: &FakePushService| service.messages().into_iter().map(|one| one.authorization).collect::<BTreeSet<_>>();
    assert_eq!(headers(&world.service).len(), 1);
    world.clock.advance(Duration::from_hours(11) + Duration::from_secs(1));
    world.send(&phone.stored, &message("alert|1", "x")).await;
    assert_eq!(headers(&world.service).len(), 2);
    assert_eq!(world.service.faults(), [""; 0]);
}

#[tokio::test]
async fn repeats_of_a_message_that_is_not_delivered_yet_become_one() {
    let world = World::new().await;
    let phone = world.device();
    for (topic, body) in [("alert|1", "first"), ("alert|2", "other"), ("alert|1", "again")] {
        world.send(&phone.stored, &message(topic, body)).await;
    }
    let texts: Vec<_> =
        world.service.outstanding(&phone.browser).iter().map(|one| one.payload["notification"]["body"].clone()).collect();
    assert_eq!(texts, [json!("other"), json!("again")]);
}

#[tokio::test]
async fn every_answer_is_told_by_what_has_to_be_done() {
    let told = |outcome: &PushOutcome| match outcome {
        PushOutcome::Accepted => "accepted".to_owned(),
        PushOutcome::Gone => "gone".to_owned(),
        PushOutcome::Throttled { retry_after } => format!("throttled {}", retry_after.map_or(0, |after| after.as_secs())),
        PushOutcome::TooLarge => "too large".to_owned(),
        PushOutcome::Refused(_) => "refused".to_owned(),
        PushOutcome::Failed(_) => "failed".to_owned(),
    };
    let with = |status: u16, retry_after: Option<&str>| ServiceAnswer::Status {
        status,
        retry_after: retry_after.map(str::to_owned),
        body: r#"{"reason":"BadJwtToken"}"#.to_owned(),
    };
    for (answer, expect) in [
        (with(200, None), "accepted"),
        (with(201, None), "accepted"),
        (with(202, Some("5")), "accepted"),
        (with(400, None), "refused"),
        (with(401, None), "refused"),
        (with(403, None), "refused"),
        (with(404, None), "gone"),
        (with(406, None), "refused"),
        (with(408, None), "failed"),
        (with(410, None), "gone"),
        (with(413, None), "too large"),
        (with(429, Some("120")), "throttled 120"),
        (with(429, None), "throttled 60"),
        (with(429, Some("Wed, 21 Oct 2026 07:28:00 GMT")), "throttled 60"),
        (with(429, Some("999999999")), "throttled 3600"),
        (with(500, None), "failed"),
        (with(502, None), "failed"),
        (with(503, None), "failed"),
        (with(503, Some("90")), "throttled 90"),
        (ServiceAnswer::Endless(400), "refused"),
        (ServiceAnswer::Endless(500), "failed"),
        (ServiceAnswer::Endless(201), "accepted"),
    ] {
        // A world each: a push service that fails is left alone for a while.
        let world = World::new().await;
        let phone = world.device();
        world.service.answer_next(&phone.browser, answer.clone());
        let outcome = world.send(&phone.stored, &message("alert|1", "x")).await;
        assert_eq!(told(&outcome), expect, "{answer:?}: {outcome:?}");
        assert_eq!(world.service.messages().len(), 1, "one attempt: {answer:?}");
        assert!(world.service.endless_bytes() < 64 * 1024 * 1024, "an answer without end is not read to its end");
        if let PushOutcome::Refused(error) = &outcome {
            let (text, endpoint) = (format!("{error:?} {error}"), phone.stored.endpoint.reveal());
            assert!(!text.contains(endpoint) && !text.contains(&phone.stored.keys.auth), "{text}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let world = World::new().await;
    let phone = world.device();
    let elsewhere = world.device();
    world.service.answer_next(&phone.browser, ServiceAnswer::Redirect(elsewhere.stored.endpoint.reveal().to_owned()));
    let outcome = world.send(&phone.stored, &message("alert|1", "x")).await;
    assert!(matches!(outcome, PushOutcome::Refused(_)), "{outcome:?}");
    assert_eq!(world.service.taken_by(&elsewhere.browser), []);
    assert_eq!(world.service.messages().len(), 1);
}

#[tokio::test]
async fn a_push_service_that_throttles_is_left_alone_while_others_are_called() {
    let (world, other) = (World::new().await, World::new().await);
    let phone = world.device();
    let laptop = world.device();
    world.service.answer_next(&phone.browser, ServiceAnswer::throttled(Duration::from_mins(2)));
    world.send(&phone.stored, &message("alert|1", "x")).await;
    for device in [&phone.stored, &laptop.stored] {
        let outcome = world.send(device, &message("alert|1", "x")).await;
        assert!(matches!(outcome, PushOutcome::Throttled { retry_after: Some(_) }), "{outcome:?}");
    }
    assert_eq!(world.service.messages().len(), 1, "it asked to be left alone");
    let tablet = other.device();
    assert!(matches!(other.send(&tablet.stored, &message("alert|1", "x")).await, PushOutcome::Accepted));
    world.clock.advance(Duration::from_mins(2));
    assert!(matches!(world.send(&phone.stored, &message("alert|1", "x")).await, PushOutcome::Accepted), "the time is over");
}

#[tokio::test]
async fn one_that_hangs_is_given_up_at_the_time_out_and_keeps_no_other_waiting() {
    let world = World::new().await;
    let phone = world.device();
    let laptop = world.device();
    let gate = Gate::default();
    world.service.answer_next(&phone.browser, ServiceAnswer::Held(gate.clone()));
    let slow = message("alert|1", "x");
    let hanging = world.sender.send(&phone.stored, &slow, PLENTY);
    let (held, accepted) = tokio::join!(hanging, async {
        gate.reached_by(1).await;
        let accepted = world.send(&laptop.stored, &message("alert|1", "x")).await;
        gate.open();
        accepted
    });
    assert!(matches!((&held, &accepted), (PushOutcome::Accepted, PushOutcome::Accepted)), "{held:?} {accepted:?}");

    let never = Gate::default();
    world.service.answer_next(&phone.browser, ServiceAnswer::Held(never));
    let outcome = world.sender.send(&phone.stored, &message("alert|1", "x"), Duration::from_millis(50)).await;
    assert!(matches!(outcome, PushOutcome::Failed(_)), "{outcome:?}");
}

#[tokio::test]
async fn one_that_cannot_be_reached_fails_and_after_five_times_is_left_alone() {
    let world = World::new().await;
    let phone = world.device();
    let gone = FakePushService::start(world.clock.clone()).await;
    let rule = EndpointRule::with_loopback(gone.address()).unwrap();
    let subscription = gone.subscribe(&world.public);
    drop(gone);
    let sender = world.sender_with(rule);
    let device = World::stored(&subscription);
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        outcomes.push(sender.send(&device, &message("alert|1", "x"), PLENTY).await);
    }
    let (first, last) = outcomes.split_at(5);
    assert!(first.iter().all(|outcome| matches!(outcome, PushOutcome::Failed(_))), "{outcomes:?}");
    assert!(matches!(last, [PushOutcome::Throttled { retry_after: Some(_) }]), "{outcomes:?}");
    assert!(!format!("{outcomes:?}").contains(device.endpoint.reveal()), "{outcomes:?}");
    assert!(matches!(world.send(&phone.stored, &message("alert|1", "x")).await, PushOutcome::Accepted));
}

#[tokio::test]
async fn no_hostile_address_is_called_whatever_is_stored() {
    let world = World::new().await;
    let phone = world.device();
    let address = world.service.address();
    let near = [
        format!("http://{address}@evil.example/push/1"),
        format!("http://localhost:{}/push/1", address.port()),
        format!("https://{address}/push/1"),
        format!("http://{address}/../push/1"),
    ];
    let other = FakePushService::start(world.clock.clone()).await;
    let another = other.subscribe(&world.public);
    let endpoints =
        HOSTILE_ENDPOINTS.iter().map(|hostile| (*hostile).to_owned()).chain(near).chain([another.endpoint.reveal().to_owned()]);
    let mut tried = 0;
    for endpoint in endpoints {
        let stored = PushSubscription { endpoint: Endpoint::new(&endpoint), ..phone.stored.clone() };
        let outcome = world.send(&stored, &message("alert|1", "x")).await;
        assert!(matches!(outcome, PushOutcome::Refused(_)), "{endpoint:?}: {outcome:?}");
        tried += 1;
    }
    assert!(tried > 50);
    assert_eq!((world.service.messages(), other.messages()), (vec![], vec![]));
    // The rule that programs are built with does not even know the service of these tests.
    let outcome = world.sender_with(EndpointRule::default()).send(&phone.stored, &message("alert|1", "x"), PLENTY).await;
    assert!(matches!(outcome, PushOutcome::Refused(_)), "{outcome:?}");
    assert_eq!(world.service.messages(), []);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_not_sent() {
    let world = World::new().await;
    let phone = world.device();
    let action = |n: usize| PushAction { id: format!("action-{n}"), title: "x".repeat(100), token: Secret::from_random([1; 32]) };
    let large = PushMessage { actions: (0..20).map(action).collect(), ..message("alert|1", "x") };
    assert!(matches!(world.send(&phone.stored, &large).await, PushOutcome::TooLarge));
    assert_eq!(world.service.messages(), []);
    assert!(matches!(world.send(&phone.stored, &large.shortened()).await, PushOutcome::Accepted));
}

#[tokio::test]
async fn a_device_bound_to_another_key_is_refused_and_stays() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let other = FileVapidKey::open(&folder.path().join("other.der")).unwrap();
    let key = other.public_key().await.unwrap();
    let device = World::stored(&world.service.subscribe(&key));
    let outcome = world.send(&device, &message("alert|1", "x")).await;
    let PushOutcome::Refused(error) = &outcome else { panic!("{outcome:?}") };
    assert!(error.to_string().contains("403") && error.to_string().contains("VapidPkHashMismatch"), "{error}");
}
