//! `Idempotency-Key`: what is sent again is not done again.

use std::time::Duration;

use http::header;
use quickstocks_testkit::faults::{Fault, Method};
use serde_json::{Value, json};

use crate::support::{Answer, Browser, World};

async fn keyed(browser: &mut Browser<'_>, path: &str, body: &Value, key: &str) -> Answer {
    browser.call("POST", path, Some(body), &[("Idempotency-Key", key)]).await
}

fn replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

#[tokio::test]
async fn a_request_sent_again_is_done_once_and_answered_alike() {
    let world = World::new();
    let mut browser = world.guest().await;
    for (path, body) in [
        ("/watchlists", json!({ "name": "Tech", "symbols": ["AAPL"] })),
        ("/tokens", json!({ "name": "x", "scope": "write" })),
        (
            "/import",
            json!({ "format": "quickstocks.watchlists", "version": 1, "watchlists": [{ "name": "New", "symbols": [] }] }),
        ),
        ("/pairing", json!({})),
        ("/recovery", json!({})),
        ("/invites", json!({})),
        ("/ws-ticket", json!({})),
    ] {
        let first = keyed(&mut browser, path, &body, path).await;
        assert!(first.status.is_success() && !replayed(&first), "{path}: {first:?}");
        let tokens = world.store.inner().tokens();
        let again = keyed(&mut browser, path, &body, path).await;
        assert!(replayed(&again), "{path}: {again:?}");
        assert_eq!((first.status, &first.text), (again.status, &again.text), "{path}");
        for name in [header::CONTENT_TYPE, header::LOCATION, header::ETAG] {
            assert_eq!(first.header(name.clone()), again.header(name), "{path}");
        }
        assert_eq!(world.store.inner().tokens(), tokens, "{path} made something twice");
        assert!(
            !replayed(&keyed(&mut browser, path, &body, &format!("{path}2")).await),
            "{path}: another key is another request"
        );
    }
    let names: Vec<Value> = browser.get("/watchlists").await.json()["watchlists"]
        .as_array()
        .unwrap()
        .iter()
        .map(|list| list["name"].clone())
        .collect();
    assert_eq!(names.iter().filter(|name| *name == "Tech").count(), 2, "{names:?}");
}

#[tokio::test]
async fn no_secret_of_an_answer_is_kept_in_clear() {
    let world = World::new();
    let mut browser = world.guest().await;
    let made = keyed(&mut browser, "/tokens", &json!({ "name": "x", "scope": "write" }), "k").await.json();
    let secret = made["secret"].as_str().unwrap();
    let kept = format!("{:?}", world.store.inner());
    assert!(kept.contains("fingerprint"), "{kept}");
    assert!(!kept.contains(secret) && !kept.contains(browser.cookie.as_ref().unwrap()));
    assert!(!kept.contains("qs_write_"));
}

#[tokio::test]
async fn a_key_is_of_one_request_one_caller_and_one_day() {
    let world = World::new();
    let (mut browser, mut other) = (world.guest().await, world.guest().await);
    let (tech, food) = (json!({ "name": "Tech" }), json!({ "name": "Food" }));
    let first = keyed(&mut browser, "/watchlists", &tech, "k").await;
    assert_eq!(first.status, 201);
    let reused = |answer: &Answer| answer.is_problem(422, "idempotency_key_reused", Some("Idempotency-Key"));
    reused(&keyed(&mut browser, "/watchlists", &food, "k").await);
    reused(&keyed(&mut browser, "/tokens", &tech, "k").await);
    reused(&keyed(&mut browser, "/watchlists?x=1", &tech, "k").await);
    assert!(!replayed(&keyed(&mut other, "/watchlists", &tech, "k").await), "somebody else's key");
    let token =
        browser.post("/tokens", &json!({ "name": "x", "scope": "write" })).await.json()["secret"].as_str().unwrap().to_owned();
    let by_token = world.script(&token, "POST", "/watchlists", Some(&tech)).await;
    assert_eq!(by_token.status, 201);
    world.clock.advance(Duration::from_hours(24) - Duration::from_millis(1));
    assert!(replayed(&keyed(&mut browser, "/watchlists", &tech, "k").await));
    world.clock.advance(Duration::from_millis(1));
    assert!(!replayed(&keyed(&mut browser, "/watchlists", &tech, "k").await), "after a day it is forgotten");
    for bad in ["", "a b", &"x".repeat(256)] {
        keyed(&mut browser, "/watchlists", &tech, bad).await.is_problem(
            400,
            "idempotency_key_malformed",
            Some("Idempotency-Key"),
        );
    }
}

#[tokio::test]
async fn what_was_refused_or_failed_may_be_tried_again_under_its_key() {
    let world = World::new();
    let mut browser = world.guest().await;
    let wanted = json!({ "name": "Tech", "symbols": ["LATER"] });
    keyed(&mut browser, "/watchlists", &wanted, "k").await.is_problem(422, "symbol_unknown", Some("symbols"));
    world.source.set_quote(quickstocks_testkit::sample::quote("LATER", "1", quickstocks_testkit::sample::NOW));
    // What the source did not know is remembered for a while.
    world.clock.advance(std::time::Duration::from_mins(10));
    world.store.fail(Method::InsertWatchlist, Fault::Unavailable);
    keyed(&mut browser, "/watchlists", &wanted, "k").await.is_problem(503, "unavailable", None);
    world.store.heal();
    let made = keyed(&mut browser, "/watchlists", &wanted, "k").await;
    assert_eq!((made.status.as_u16(), replayed(&made)), (201, false), "{made:?}");
}

#[tokio::test]
async fn a_request_that_is_being_done_is_not_done_a_second_time() {
    let world = World::new();
    let mut browser = world.guest().await;
    let wanted = json!({ "name": "Tech" });
    // Its answer is lost on the way to the store, so that it counts as under way.
    world.store.fail(Method::KeepAnswer, Fault::Unavailable);
    assert_eq!(keyed(&mut browser, "/watchlists", &wanted, "k").await.status, 201, "it is done all the same");
    world.store.heal();
    let again = keyed(&mut browser, "/watchlists", &wanted, "k").await;
    again.is_problem(409, "idempotency_under_way", Some("Idempotency-Key"));
    assert_eq!(again.header(header::RETRY_AFTER), "1");
    world.store.fail(Method::ClaimRequest, Fault::Unavailable);
    keyed(&mut browser, "/watchlists", &wanted, "k2").await.is_problem(503, "unavailable", None);
    assert_eq!(browser.get("/watchlists").await.json()["watchlists"].as_array().map(Vec::len), Some(2));
}
