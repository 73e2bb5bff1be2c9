//! An alert from its making to the phone: the market moves a price, and whoever wanted to know does.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quickstocks_boot::SystemClock;
use quickstocks_testkit::{BrowserSubscription, FakePushService, ServiceAnswer};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Guest, System, http};

async fn post(guest: &Guest, path: &str, body: Value) -> Value {
    let answer = guest.send(Method::POST, path, Some(body)).await;
    assert!(answer.status().is_success(), "{path}: {} {}", answer.status(), answer.text().await.unwrap());
    answer.json().await.unwrap_or_default()
}

async fn alert(guest: &Guest, symbol: &str, price: &str) -> String {
    let rule = json!({ "kind": "price_above", "price": price });
    let alert = post(guest, "/alerts", json!({ "symbol": symbol, "rule": rule, "note": "sell half" })).await;
    assert_eq!(alert["check"]["verdict"], "waiting", "{alert}");
    alert["id"].as_str().unwrap().to_owned()
}

/// A device of the guest's that has shown that messages arrive.
async fn device(guest: &Guest, service: &FakePushService) -> BrowserSubscription {
    let key = guest.get("/push/key").await["key"].as_str().unwrap().to_owned();
    let subscription = service.subscribe(&URL_SAFE_NO_PAD.decode(key).unwrap());
    let before = service.messages().len();
    let keys = json!({ "p256dh": subscription.keys.p256dh, "auth": subscription.keys.auth });
    let body = json!({ "endpoint": subscription.endpoint.reveal(), "keys": keys, "name": "My phone" });
    post(guest, "/push/subscriptions", body).await;
    service.reached_by(before + 1).await;
    let activation = service.taken_by(&subscription)[0].payload["notification"]["data"]["activation"].clone();
    let path = format!("/push/subscriptions/{}/activate", activation["id"].as_str().unwrap());
    post(guest, &path, json!({ "token": activation["token"] })).await;
    subscription
}

#[tokio::test]
async fn a_price_that_is_reached_is_told_on_the_page_on_the_phone_and_in_the_inbox() {
    let service = FakePushService::start(Arc::new(SystemClock)).await;
    let system = System::start_with(|options| options.push_service = Some(service.address())).await;
    let guest = system.guest().await;
    system.market("price", json!({ "symbol": "AAPL", "price": 300 })).await;
    guest.pick("AAPL").await;
    system.tick().await;
    let (mut socket, _) = guest.connect().await;
    let phone = device(&guest, &service).await;
    let id = alert(&guest, "AAPL", "310").await;

    system.market("price", json!({ "symbol": "AAPL", "price": 305 })).await;
    system.tick().await;
    assert_eq!(guest.get("/notifications").await["unread"], 0);
    system.market("price", json!({ "symbol": "AAPL", "price": 311.25 })).await;
    system.tick().await;

    let frame = socket.next_of("alert").await;
    let told = &frame["notifications"][0];
    assert_eq!((told["event"].as_str(), told["alert"].as_str()), (Some("fired"), Some(id.as_str())));
    assert_eq!((told["symbol"].as_str(), told["price"].as_str()), (Some("AAPL"), Some("311.25")));

    let messages = service.taken_by(&phone);
    let message = &messages[1];
    assert_eq!(messages.len(), 2, "its activation and one message");
    let shown = &message.payload["notification"];
    assert!(shown["title"].as_str().unwrap().starts_with("AAPL 311.25 USD ("), "{shown}");
    assert_eq!(shown["body"], "Reached 310 or above\nsell half");
    assert_eq!((message.urgency.as_str(), message.topic.as_deref().map(str::len)), ("high", Some(32)));
    assert_eq!(service.faults(), [""; 0]);

    let inbox = guest.get("/notifications").await;
    assert_eq!((&inbox["unread"], &inbox["notifications"][0]["id"]), (&json!(1), &told["id"]));
    let receipts = guest.get(&format!("/alerts/{id}/receipts")).await;
    let delivery = &receipts["receipts"][0]["delivery"];
    assert_eq!((&delivery["state"], &delivery["shown"]), (&json!("delivered"), &json!(true)));
    assert_eq!(delivery["devices"][0]["outcome"], "accepted");

    // The button of the notification, pressed where nobody has a session.
    let token = shown["data"]["tokens"][0]["token"].as_str().unwrap();
    let pressed = http().post(format!("{}/api/v1/actions/{token}", system.origin)).json(&json!({ "action": "snooze" }));
    assert_eq!(pressed.send().await.unwrap().status(), StatusCode::OK);
    let snoozed = guest.get(&format!("/alerts/{id}")).await;
    assert_eq!((snoozed["status"].as_str(), snoozed["check"]["verdict"].as_str()), (Some("armed"), Some("snoozed")));

    let system = system.restart().await;
    let guest = guest.at(&system);
    assert_eq!(guest.get("/notifications").await["unread"], 1);
    assert_eq!(guest.get("/alerts").await["alerts"][0]["fired"], 1);
    system.tick().await;
    assert_eq!(service.taken_by(&phone).len(), 2, "nothing is told twice");
}

#[tokio::test]
async fn what_a_push_service_could_not_take_is_delivered_when_it_can() {
    let service = FakePushService::start(Arc::new(SystemClock)).await;
    let system = System::start_with(|options| options.push_service = Some(service.address())).await;
    let guest = system.guest().await;
    system.market("price", json!({ "symbol": "MSFT", "price": 500 })).await;
    let phone = device(&guest, &service).await;
    let other = device(&guest, &service).await;
    alert(&guest, "MSFT", "510").await;
    service.answer_next(&phone, ServiceAnswer::status(410));
    service.answer_next(&other, ServiceAnswer::status(500));
    system.market("price", json!({ "symbol": "MSFT", "price": 512 })).await;
    system.tick().await;
    assert_eq!((service.taken_by(&phone).len(), service.taken_by(&other).len()), (1, 1), "only the activations");
    let devices = guest.get("/push/subscriptions").await;
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1, "the one that had gone is forgotten");
    let inbox = guest.get("/notifications").await;
    assert_eq!(inbox["unread"], 1, "the inbox has it whatever the push services say");
    // It waits a minute, so that nothing is left to be done now.
    assert_eq!(system.running.reconcile().await.unwrap()["users"], 0);
    let id = inbox["notifications"][0]["alert"].as_str().unwrap();
    let receipts = guest.get(&format!("/alerts/{id}/receipts")).await;
    let delivery = &receipts["receipts"][0]["delivery"];
    assert_eq!((&delivery["state"], &delivery["held"]["by"]), (&json!("pending"), &json!("push_service")));
    assert_eq!(delivery["devices"][0]["outcome"], "gone");
}
