//! A store that fails, at each single call that a request makes of it, and a source that fails.

use std::time::Duration;

use http::header;
use quickstocks_core::model::{SourceReason, Timestamp};
use quickstocks_core::ports::SourceError;
use quickstocks_testkit::faults::Fault;
use quickstocks_testkit::sample::NOW;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, World};

/// A guest with something of everything, so that each request finds what it is about.
struct Scene<'a> {
    browser: Browser<'a>,
    /// What stands for a placeholder in a path or a body.
    names: Vec<(&'static str, String)>,
}

impl<'a> Scene<'a> {
    async fn set(world: &'a World) -> Self {
        let mut browser = world.guest().await;
        let list = browser.list.clone();
        assert_eq!(browser.put(&format!("/watchlists/{list}/symbols/AAPL"), &json!({})).await.status, 200);
        let token = browser.post("/tokens", &json!({ "name": "x", "scope": "read" })).await.json();
        let mut names = vec![("LIST", list), ("TOKEN", token["token"]["id"].as_str().unwrap().to_owned())];
        for (name, path) in [("PAIRING", "/pairing"), ("RECOVERY", "/recovery")] {
            names.push((name, browser.post(path, &json!({})).await.json()["code"].as_str().unwrap().to_owned()));
        }
        Self { browser, names }
    }

    async fn call(&mut self, (method, path, body): Request) -> Answer {
        let named = |text: &str| self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        let body: Option<Value> = (!body.is_empty()).then(|| serde_json::from_str(&named(body)).unwrap());
        let path = named(path);
        self.browser.call(method, &path, body.as_ref(), &[]).await
    }
}

type Request = (&'static str, &'static str, &'static str);

const REQUESTS: [Request; 29] = [
    ("GET", "/session", ""),
    ("POST", "/session", ""),
    ("DELETE", "/session", ""),
    ("GET", "/watchlists", ""),
    ("POST", "/watchlists", r#"{ "name": "New", "symbols": ["MSFT"] }"#),
    ("GET", "/watchlists/LIST", ""),
    ("PUT", "/watchlists/LIST", r#"{ "name": "New", "symbols": ["MSFT"] }"#),
    ("DELETE", "/watchlists/LIST", ""),
    ("PUT", "/watchlists/LIST/symbols/MSFT", ""),
    ("DELETE", "/watchlists/LIST/symbols/AAPL", ""),
    ("GET", "/export", ""),
    ("GET", "/preferences", ""),
    ("PUT", "/preferences", r#"{ "currency": "EUR" }"#),
    ("GET", "/quotes?symbols=AAPL,MSFT", ""),
    ("GET", "/symbols/search?q=a", ""),
    ("POST", "/ws-ticket", ""),
    ("GET", "/tokens", ""),
    ("POST", "/tokens", r#"{ "name": "x", "scope": "read" }"#),
    ("DELETE", "/tokens", ""),
    ("DELETE", "/tokens/TOKEN", ""),
    ("POST", "/pairing", ""),
    ("POST", "/pairing/redeem", r#"{ "code": "PAIRING" }"#),
    ("POST", "/recovery", ""),
    ("POST", "/recovery/redeem", r#"{ "code": "RECOVERY" }"#),
    ("POST", "/invites", ""),
    ("GET", "/account/export", ""),
    ("DELETE", "/account", ""),
    ("GET", "/status", ""),
    ("GET", "/config", ""),
];

#[tokio::test]
async fn whichever_call_of_the_store_fails_nothing_is_told_of_it_and_the_request_can_be_repeated() {
    for request in REQUESTS {
        let world = World::new();
        let mut scene = Scene::set(&world).await;
        let before = world.store.log().len();
        let whole = scene.call(request).await;
        assert!(whole.status.is_success(), "{request:?}: {whole:?}");
        let calls = world.store.log().split_off(before);
        for (at, method) in calls.iter().enumerate() {
            for (fault, status, code) in [
                (Fault::Throttled, 503, "unavailable"),
                (Fault::Unavailable, 503, "unavailable"),
                (Fault::AnswerLost, 503, "unavailable"),
                (Fault::Corrupt, 500, "internal"),
                (Fault::Refused, 500, "internal"),
            ] {
                let what = format!("{request:?}, {fault:?} at {method:?}, call {at}");
                let world = World::new();
                let mut scene = Scene::set(&world).await;
                world.store.fail_call(at + 1, fault);
                let answer = scene.call(request).await;
                assert!(!answer.text.contains("injected"), "{what}: {answer:?}");
                answer.is_problem(status, code, None);
                assert_eq!(answer.headers.contains_key(header::RETRY_AFTER), status == 503, "{what}");
                assert!(!answer.headers.contains_key(header::SET_COOKIE), "{what}");
                // A code is used up by the first try, and what is gone cannot be removed again.
                if request.0 != "DELETE" && !request.1.ends_with("/redeem") {
                    let again = scene.call(request).await;
                    assert!(again.status.is_success(), "{what}, sent again: {again:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_source_that_fails_is_told_with_when_to_ask_again_and_not_why() {
    let world = World::new();
    let mut browser = world.guest().await;
    let canary = || "canary of the inside".into();
    for path in ["/symbols/search?q=app", "/symbols/AAPL/history"] {
        for (error, retry_after) in [
            (SourceError::Unreachable(canary()), "60"),
            (SourceError::BadAnswer(canary()), "60"),
            (SourceError::Refused { retry_at: None }, "60"),
            (SourceError::Refused { retry_at: Some(NOW + Duration::from_secs(7)) }, "7"),
            (SourceError::Refused { retry_at: Some(NOW) }, "1"),
            (SourceError::Refused { retry_at: Some(Timestamp::from_millis(0)) }, "1"),
        ] {
            world.source.fail_next(error);
            let answer = browser.get(path).await;
            answer.is_problem(503, "source_unavailable", None);
            assert!(!answer.text.contains("canary"), "{answer:?}");
            assert_eq!(answer.header(header::RETRY_AFTER), retry_after, "{path}");
        }
    }
    world.source.fail_next(SourceError::NoData("too far back".to_owned()));
    browser.get("/symbols/AAPL/history").await.is_problem(404, "history_not_found", Some("range"));
}

#[tokio::test]
async fn a_symbol_that_cannot_be_checked_is_not_added() {
    let world = World::new();
    let mut browser = world.guest().await;
    let list = format!("/watchlists/{}", browser.list.clone());
    let before = browser.get(&list).await.json();
    world.source.refuse(SourceReason::RateLimited, Some(NOW + Duration::from_secs(42)));
    let wanted = json!({ "name": "New", "symbols": ["AAPL"] });
    for (method, path, body) in [
        ("POST", "/watchlists".to_owned(), Some(&wanted)),
        ("PUT", list.clone(), Some(&wanted)),
        ("PUT", format!("{list}/symbols/AAPL"), None),
    ] {
        let answer = browser.call(method, &path, body, &[]).await;
        answer.is_problem(503, "source_unavailable", None);
        assert_eq!(answer.header(header::RETRY_AFTER), "42", "{method} {path}");
    }
    assert_eq!(browser.get("/watchlists").await.json()["watchlists"], json!([before]));
    let quotes = browser.get("/quotes?symbols=AAPL").await.json();
    assert_eq!(quotes["missing"], json!([{ "symbol": "AAPL", "reason": "pending" }]), "a quote can wait, so this is no error");
}
