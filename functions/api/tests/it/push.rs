//! Devices that notifications are pushed to.

use http::header;
use quickstocks_core::model::{DeviceId, Endpoint, MAX_PUSH_SUBSCRIPTIONS, PushOrder, PushPurpose, PushState, Secret, UserId};
use quickstocks_core::ports::{PushSubscriptionReader, PushSubscriptionWriter};
use quickstocks_core::push::{ACTIVATIONS_PER_HOUR, TESTS_PER_HOUR};
use quickstocks_testkit::HOSTILE_ENDPOINTS;
use quickstocks_testkit::faults::{Fault, Method};
use serde_json::{Value, json};

use crate::support::{Browser, ORIGIN, World};

/// Of the example of RFC 8291.
const P256DH: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

fn endpoint(device: &str) -> String {
    format!("https://updates.push.services.mozilla.com/wpush/v2/{device}")
}

fn subscription(device: &str) -> Value {
    json!({ "endpoint": endpoint(device), "keys": { "p256dh": P256DH, "auth": AUTH }, "name": device })
}

fn id(device: &str) -> String {
    DeviceId::of(&Endpoint::new(&endpoint(device))).to_string()
}

async fn user(browser: &mut Browser<'_>) -> UserId {
    UserId::new(browser.get("/session").await.json()["user"]["id"].as_str().unwrap())
}

/// Does what the dispatcher does: sends a device its first message. Answers the token in it.
async fn send_first_message(world: &World, user: &UserId, device: &str) -> Secret {
    let token = Secret::from_random([0xab; 32]);
    let to = PushState::Activating { token: token.hash() };
    assert!(world.store.move_push_subscription(user, &DeviceId::new(&id(device)), &PushState::Pending, &to).await.unwrap());
    token
}

#[tokio::test]
async fn a_device_is_added_activated_tested_and_removed() {
    let world = World::new();
    let mut ann = world.guest().await;
    let user = user(&mut ann).await;
    let key = ann.get("/push/key").await.json()["key"].as_str().unwrap().to_owned();
    assert_eq!((key.len(), key.as_bytes()[0]), (87, b'B'));
    assert_eq!(ann.get("/push/subscriptions").await.json(), json!({ "devices": [] }));

    let made = ann.post("/push/subscriptions", &subscription("phone")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let expect = json!({
        "id": id("phone"), "name": "phone", "service": "https://updates.push.services.mozilla.com", "site": ORIGIN,
        "state": "pending", "created_at": made.json()["created_at"]
    });
    assert_eq!(made.json(), expect);
    assert!(!made.text.contains(AUTH) && !made.text.contains("wpush"), "what gives a right is told nobody: {made:?}");
    let order = |purpose| PushOrder { user: user.clone(), device: DeviceId::new(&id("phone")), purpose };
    assert_eq!(world.push_requester.orders(), [order(PushPurpose::Activate)]);
    let path = format!("/push/subscriptions/{}", id("phone"));
    ann.post(&format!("{path}/test"), &json!({})).await.is_problem(422, "device_not_active", None);

    let token = send_first_message(&world, &user, "phone").await;
    let activate = format!("{path}/activate");
    for forged in ["0".repeat(64), token.reveal().to_uppercase(), "x".to_owned(), String::new()] {
        let refused = ann.post(&activate, &json!({ "token": forged })).await;
        refused.is_problem(422, "activation_invalid", Some("token"));
    }
    for _ in 0..2 {
        let active = ann.post(&activate, &json!({ "token": token.reveal() })).await;
        assert_eq!((active.status.as_u16(), active.json()["state"].clone()), (200, json!("active")), "and again: {active:?}");
    }
    let again = ann.post("/push/subscriptions", &subscription("phone")).await;
    assert_eq!((again.status.as_u16(), again.json()["state"].clone()), (200, json!("active")));
    assert_eq!(ann.post(&format!("{path}/test"), &json!({})).await.status, 202);
    assert_eq!(world.push_requester.orders(), [order(PushPurpose::Activate), order(PushPurpose::Test)]);

    assert_eq!(ann.delete(&path).await.status, 204);
    ann.delete(&path).await.is_problem(404, "device_not_found", None);
    assert_eq!(ann.get("/push/subscriptions").await.json(), json!({ "devices": [] }));
}

#[tokio::test]
async fn what_cannot_be_subscribed_is_told_by_its_field_and_nothing_is_stored_or_called() {
    let world = World::new();
    let mut ann = world.guest().await;
    let with = |path: &str, value: Value| {
        let mut body = subscription("phone");
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    let off_curve = format!("B{}", "A".repeat(86));
    for (body, code, field) in [
        (with("/name", json!("")), "name_invalid", "name"),
        (with("/name", json!("x".repeat(81))), "name_invalid", "name"),
        (with("/keys/p256dh", json!("")), "push_key_invalid", "keys.p256dh"),
        (with("/keys/p256dh", json!(off_curve)), "push_key_invalid", "keys.p256dh"),
        (with("/keys/p256dh", json!(format!("{P256DH}="))), "push_key_invalid", "keys.p256dh"),
        (with("/keys/auth", json!("AAAA")), "push_key_invalid", "keys.auth"),
    ] {
        ann.post("/push/subscriptions", &body).await.is_problem(422, code, Some(field));
    }
    for hostile in HOSTILE_ENDPOINTS {
        let refused = ann.post("/push/subscriptions", &with("/endpoint", json!(hostile))).await;
        refused.is_problem(422, "endpoint_not_allowed", Some("endpoint"));
    }
    let long = format!("{}{}", endpoint(""), "x".repeat(1024));
    ann.post("/push/subscriptions", &with("/endpoint", json!(long))).await.is_problem(
        422,
        "endpoint_not_allowed",
        Some("endpoint"),
    );
    let mut more = subscription("phone");
    more["user"] = json!("somebody");
    ann.post("/push/subscriptions", &more).await.is_problem(400, "body_malformed", Some("user"));
    assert_eq!(world.push_requester.orders(), []);
    assert_eq!(ann.get("/push/subscriptions").await.json(), json!({ "devices": [] }));
}

#[tokio::test]
async fn a_strangers_device_is_as_one_that_is_not_there() {
    let world = World::new();
    let (mut ann, mut bob) = (world.guest().await, world.guest().await);
    let user = user(&mut ann).await;
    ann.post("/push/subscriptions", &subscription("phone")).await;
    let token = send_first_message(&world, &user, "phone").await;
    for device in [id("phone"), id("none"), "1".to_owned()] {
        let path = format!("/push/subscriptions/{device}");
        let shown = json!({ "token": token.reveal() });
        bob.post(&format!("{path}/activate"), &shown).await.is_problem(404, "device_not_found", None);
        bob.post(&format!("{path}/test"), &json!({})).await.is_problem(404, "device_not_found", None);
        bob.delete(&path).await.is_problem(404, "device_not_found", None);
    }
    assert_eq!(bob.get("/push/subscriptions").await.json(), json!({ "devices": [] }));
    let mut other_keys = subscription("phone");
    other_keys["keys"]["auth"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
    bob.post("/push/subscriptions", &other_keys).await.is_problem(422, "endpoint_taken", Some("endpoint"));
    assert_eq!(ann.get("/push/subscriptions").await.json()["devices"][0]["id"], id("phone"));

    // The next user of the same browser has its keys: the device is theirs, and the former hears no more there.
    assert_eq!(bob.post("/push/subscriptions", &subscription("phone")).await.status, 201);
    assert_eq!(ann.get("/push/subscriptions").await.json(), json!({ "devices": [] }));
}

#[tokio::test]
async fn devices_and_the_messages_that_they_cause_are_limited() {
    let world = World::new();
    let mut ann = world.guest().await;
    let user = user(&mut ann).await;
    for device in 0..ACTIVATIONS_PER_HOUR {
        assert_eq!(ann.post("/push/subscriptions", &subscription(&device.to_string())).await.status, 201);
    }
    let refused = ann.post("/push/subscriptions", &subscription("more")).await;
    refused.is_problem(429, "rate_limited", None);
    let wait: u64 = refused.header(header::RETRY_AFTER).parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    for device in u64::from(ACTIVATIONS_PER_HOUR)..MAX_PUSH_SUBSCRIPTIONS as u64 {
        world.clock.advance(std::time::Duration::from_hours(1));
        assert_eq!(ann.post("/push/subscriptions", &subscription(&device.to_string())).await.status, 201);
    }
    world.clock.advance(std::time::Duration::from_hours(1));
    ann.post("/push/subscriptions", &subscription("more")).await.is_problem(422, "too_many_devices", None);
    let mut renewed = subscription("more");
    renewed["replaces"] = json!(id("0"));
    assert_eq!(ann.post("/push/subscriptions", &renewed).await.status, 201, "one that was renewed takes its place");
    let devices = ann.get("/push/subscriptions").await.json()["devices"].as_array().unwrap().len();
    assert_eq!(devices, MAX_PUSH_SUBSCRIPTIONS);

    let token = send_first_message(&world, &user, "more").await;
    let path = format!("/push/subscriptions/{}", id("more"));
    assert_eq!(ann.post(&format!("{path}/activate"), &json!({ "token": token.reveal() })).await.status, 200);
    for _ in 0..TESTS_PER_HOUR {
        assert_eq!(ann.post(&format!("{path}/test"), &json!({})).await.status, 202);
    }
    ann.post(&format!("{path}/test"), &json!({})).await.is_problem(429, "rate_limited", None);
}

#[tokio::test]
async fn a_script_sees_devices_but_adds_none() {
    let world = World::new();
    let mut ann = world.guest().await;
    ann.post("/push/subscriptions", &subscription("phone")).await;
    let made = ann.post("/tokens", &json!({ "name": "x", "scope": "write" })).await.json();
    let token = made["secret"].as_str().unwrap();
    let added = world.script(token, "POST", "/push/subscriptions", Some(&subscription("mine"))).await;
    added.is_problem(403, "session_only", None);
    let path = format!("/push/subscriptions/{}", id("phone"));
    let activated = world.script(token, "POST", &format!("{path}/activate"), Some(&json!({ "token": "" }))).await;
    activated.is_problem(403, "session_only", None);
    let seen = world.script(token, "GET", "/push/subscriptions", None).await;
    assert_eq!(seen.json()["devices"].as_array().unwrap().len(), 1);
    assert_eq!(world.script(token, "DELETE", &path, None).await.status, 204);
}

#[tokio::test]
async fn an_order_that_cannot_be_handed_on_is_told_and_the_next_try_orders_again() {
    let world = World::new();
    let mut ann = world.guest().await;
    let user = user(&mut ann).await;
    world.push_requester.fail();
    let failed = ann.post("/push/subscriptions", &subscription("phone")).await;
    failed.is_problem(503, "unavailable", None);
    assert!(!failed.text.contains("told to fail"), "{failed:?}");
    assert_eq!(
        world.store.push_subscriptions(&user).await.unwrap()[0].state,
        PushState::Pending,
        "and no page takes it for active"
    );
    for (fault, status, code) in [(Fault::Unavailable, 503, "unavailable"), (Fault::Corrupt, 500, "internal")] {
        world.store.fail(Method::PushSubscriptions, fault);
        ann.get("/push/subscriptions").await.is_problem(status, code, None);
        ann.post("/push/subscriptions", &subscription("phone")).await.is_problem(status, code, None);
        world.store.heal();
    }
}

#[tokio::test]
async fn what_is_kept_about_somebody_has_their_devices_and_deleting_the_account_takes_them() {
    let world = World::new();
    let mut ann = world.guest().await;
    let user = user(&mut ann).await;
    ann.post("/push/subscriptions", &subscription("phone")).await;
    let export = ann.get("/account/export").await;
    assert_eq!(export.json()["devices"][0]["id"], id("phone"), "{export:?}");
    assert_eq!(ann.delete("/account").await.status, 204);
    assert_eq!(world.store.push_subscriptions(&user).await.unwrap(), []);
}
