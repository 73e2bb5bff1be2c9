//! A store that fails, at each single call that a request makes of it, and a source that fails.

use std::time::Duration;

use http::header;
use quickstocks_core::model::{SourceReason, Timestamp};
use quickstocks_core::ports::SourceError;
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::NOW;
use serde_json::json;

use crate::scene::{REQUESTS, Scene};
use crate::support::World;

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
                // Who looks at a shared list is shown it, whether or not it will be polled as often as one on screen.
                if request.1.starts_with("/shared/") && *method == Method::ExtendLeases {
                    assert!(answer.status.is_success(), "{what}: {answer:?}");
                    continue;
                }
                answer.is_problem(status, code, None);
                assert_eq!(answer.headers.contains_key(header::RETRY_AFTER), status == 503, "{what}");
                assert!(!answer.headers.contains_key(header::SET_COOKIE), "{what}");
                // A code or a button is used up by the first try, and what is gone cannot be removed again.
                let used_up = request.1.ends_with("/redeem") || request.1.starts_with("/actions/");
                if request.0 != "DELETE" && !used_up {
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
