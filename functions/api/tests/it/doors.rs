//! Who and what is let in at all.

use axum::body::Body;
use http::header;
use quickstocks_testkit::faults::{Fault, Method};
use serde_json::json;

use crate::support::{ORIGIN, World, request};

/// Every route that needs somebody, with a body that would do.
pub(crate) const ROUTES: [(&str, &str); 49] = [
    ("GET", "/session"),
    ("DELETE", "/session"),
    ("GET", "/watchlists"),
    ("POST", "/watchlists"),
    ("GET", "/watchlists/1"),
    ("PUT", "/watchlists/1"),
    ("DELETE", "/watchlists/1"),
    ("PUT", "/watchlists/1/symbols/AAPL"),
    ("DELETE", "/watchlists/1/symbols/AAPL"),
    ("GET", "/watchlists/1/share"),
    ("PUT", "/watchlists/1/share"),
    ("DELETE", "/watchlists/1/share"),
    ("GET", "/export"),
    ("POST", "/import"),
    ("GET", "/alerts"),
    ("POST", "/alerts"),
    ("POST", "/alerts/preview"),
    ("GET", "/alerts/1"),
    ("PUT", "/alerts/1"),
    ("DELETE", "/alerts/1"),
    ("POST", "/alerts/1/actions"),
    ("GET", "/alerts/1/receipts"),
    ("GET", "/notifications"),
    ("POST", "/notifications/read"),
    ("GET", "/preferences"),
    ("PUT", "/preferences"),
    ("GET", "/quotes?symbols=AAPL"),
    ("GET", "/symbols/search?q=a"),
    ("GET", "/symbols/AAPL/history"),
    ("GET", "/symbols/AAPL"),
    ("GET", "/sparks?symbols=AAPL"),
    ("GET", "/trending"),
    ("GET", "/rates?to=EUR&from=USD"),
    ("GET", "/push/key"),
    ("GET", "/push/subscriptions"),
    ("POST", "/push/subscriptions"),
    ("DELETE", "/push/subscriptions/1"),
    ("POST", "/push/subscriptions/1/activate"),
    ("POST", "/push/subscriptions/1/test"),
    ("POST", "/ws-ticket"),
    ("GET", "/tokens"),
    ("POST", "/tokens"),
    ("DELETE", "/tokens"),
    ("DELETE", "/tokens/1"),
    ("POST", "/pairing"),
    ("POST", "/recovery"),
    ("POST", "/invites"),
    ("GET", "/account/export"),
    ("DELETE", "/account"),
];

#[tokio::test]
async fn without_a_session_nothing_that_is_somebodys_is_answered() {
    let world = World::new();
    for (method, path) in ROUTES {
        for cookie in ["", "__Host-qs=", "__Host-qs=x", &format!("__Host-qs={}", "0".repeat(64)), "qs=1; other=2"] {
            let sent = request(method, path).header(header::ORIGIN, ORIGIN).header(header::COOKIE, cookie);
            world.send(sent.body(Body::empty()).unwrap()).await.is_problem(401, "session_required", None);
        }
    }
}

#[tokio::test]
async fn a_change_by_cookie_has_to_come_from_an_allowed_page() {
    let world = World::new();
    let browser = world.guest().await;
    let cookie = format!("__Host-qs={}", browser.cookie.clone().unwrap());
    for (method, path) in ROUTES.into_iter().filter(|(method, _)| *method != "GET") {
        let without = request(method, path).header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
        world.send(without).await.is_problem(403, "origin_required", Some("Origin"));
        for origin in ["https://evil.example", "null", "https://stocks.example.org.evil.example", "http://stocks.example.org"] {
            let foreign = request(method, path).header(header::COOKIE, &cookie).header(header::ORIGIN, origin);
            world.send(foreign.body(Body::empty()).unwrap()).await.is_problem(403, "origin_not_allowed", Some("Origin"));
        }
    }
    for path in ["/session", "/pairing/redeem", "/recovery/redeem", "/actions/1"] {
        let foreign = request("POST", path).header(header::ORIGIN, "https://evil.example").body(Body::empty()).unwrap();
        world.send(foreign).await.is_problem(403, "origin_not_allowed", Some("Origin"));
    }
    assert_eq!(world.store.inner().tokens().len(), 1, "nothing was changed");
}

#[tokio::test]
async fn what_is_not_there_is_told_as_a_problem() {
    let world = World::new();
    let mut browser = world.guest().await;
    for path in ["/nothing", "/watchlists/1/2/3", "/symbols", "/"] {
        browser.get(path).await.is_problem(404, "route_not_found", None);
    }
    let wrong = browser.call("PATCH", "/watchlists", None, &[]).await;
    wrong.is_problem(405, "method_not_allowed", None);
    assert!(wrong.header(header::ALLOW).contains("POST"), "{wrong:?}");
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_told_and_change_nothing() {
    let world = World::new();
    let browser = world.guest().await;
    let cookie = format!("__Host-qs={}", browser.cookie.clone().unwrap());
    let lists = format!("/watchlists/{}", browser.list);
    for path in [
        ("POST", "/watchlists"),
        ("PUT", lists.as_str()),
        ("PUT", "/preferences"),
        ("POST", "/tokens"),
        ("POST", "/pairing/redeem"),
    ] {
        let send = async |content_type: &str, body: String| {
            let sent = request(path.0, path.1)
                .header(header::ORIGIN, ORIGIN)
                .header(header::COOKIE, &cookie)
                .header(header::CONTENT_TYPE, content_type);
            world.send(sent.body(Body::from(body)).unwrap()).await
        };
        send("text/plain", "{}".to_owned()).await.is_problem(415, "content_type_invalid", None);
        for body in ["", "{", "[]", "\"text\"", "{} {}", "nul"] {
            let answer = send("application/json; charset=utf-8", body.to_owned()).await;
            assert_eq!(answer.status, 400, "{path:?} {body}: {answer:?}");
            assert_eq!(answer.json()["code"], "body_malformed", "{path:?} {body}");
        }
        send("application/json", format!("\"{}\"", "x".repeat(1_000_000))).await.is_problem(413, "body_too_large", None);
    }
}

#[tokio::test]
async fn a_store_that_fails_is_told_without_a_word_of_the_inside() {
    for (fault, status, code) in [
        (Fault::Throttled, 503, "unavailable"),
        (Fault::Unavailable, 503, "unavailable"),
        (Fault::Corrupt, 500, "internal"),
        (Fault::Refused, 500, "internal"),
    ] {
        let world = World::new();
        let mut browser = world.guest().await;
        for method in [Method::Watchlists, Method::Preferences, Method::TokensOf, Method::PutToken] {
            world.store.fail(method, fault);
        }
        for (method, path, body) in [
            ("GET", "/watchlists", None),
            ("GET", "/preferences", None),
            ("GET", "/tokens", None),
            ("POST", "/ws-ticket", None),
            ("POST", "/tokens", Some(json!({ "name": "x", "scope": "read" }))),
        ] {
            let answer = browser.call(method, path, body.as_ref(), &[]).await;
            answer.is_problem(status, code, None);
            assert!(!answer.text.contains("injected"), "{answer:?}");
            assert_eq!(answer.headers.contains_key(header::RETRY_AFTER), status == 503);
        }
        world.store.heal();
        world.store.fail(Method::Token, fault);
        browser.get("/watchlists").await.is_problem(status, code, None);
    }
}

#[tokio::test]
async fn a_preflight_of_another_origin_is_told_nothing() {
    let world = World::new();
    let browser = world.guest().await;
    let cookie = format!("__Host-qs={}", browser.cookie.clone().unwrap());
    for (method, path) in ROUTES.into_iter().chain([("POST", "/session"), ("POST", "/pairing/redeem"), ("GET", "/status")]) {
        for origin in ["https://evil.example", ORIGIN] {
            let preflight = request("OPTIONS", path)
                .header(header::ORIGIN, origin)
                .header(header::COOKIE, &cookie)
                .header(header::ACCESS_CONTROL_REQUEST_METHOD, method)
                .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type, authorization");
            let answer = world.send(preflight.body(Body::empty()).unwrap()).await;
            answer.is_problem(405, "method_not_allowed", None);
            let told = answer.headers.keys().find(|name| name.as_str().starts_with("access-control"));
            assert_eq!(told, None, "{method} {path} from {origin}");
        }
    }
}

/// Paths and queries that the framework itself would refuse in words of its own.
#[tokio::test]
async fn what_the_framework_refuses_is_told_as_a_problem_too() {
    let world = World::new();
    let mut browser = world.guest().await;
    browser.get("/watchlists/%FF").await.is_problem(400, "path_malformed", None);
    browser.get("/quotes?symbols=a&symbols=b").await.is_problem(400, "query_malformed", None);
    browser.get("/symbols/search?q=a&limit=x").await.is_problem(400, "query_malformed", None);
    browser.delete("/watchlists").await.is_problem(405, "method_not_allowed", None);
    browser.get("/watchlists/").await.is_problem(404, "route_not_found", None);
}

#[tokio::test]
async fn answers_are_not_kept_by_caches_and_are_what_they_say_they_are() {
    let world = World::new();
    let mut browser = world.guest().await;
    for path in ["/watchlists", "/nothing", "/session", "/status", "/tokens"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "{path}");
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "CORS is closed");
    }
}
