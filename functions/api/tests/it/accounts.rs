//! Guests, sessions, access tokens, more devices, the way back, the end.

use std::time::Duration;

use http::header;
use quickstocks_core::model::{SESSION_LIFETIME, SignUp, TokenKind};
use quickstocks_testkit::sample::NOW;
use serde_json::{Value, json};

use crate::support::World;

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_guest_gets_a_session_in_a_cookie_that_scripts_and_other_sites_cannot_have() {
    let world = World::new();
    let mut browser = world.stranger();
    let made = browser.post("/session", &json!({})).await;
    assert_eq!(made.status, 201);
    let cookie = made.header(header::SET_COOKIE);
    assert!(cookie.starts_with("__Host-qs="), "{cookie}");
    for part in ["; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict", "; Max-Age=7776000"] {
        assert!(cookie.contains(part), "{part} is missing: {cookie}");
    }
    let session = browser.cookie.clone().unwrap();
    assert!(!made.text.contains(&session) && !format!("{:?}", world.store.inner().tokens()).contains(&session));

    let known = browser.get("/session").await;
    assert_eq!((known.status.as_u16(), known.json()), (200, made.json()));
    let again = browser.post("/session", &json!({})).await;
    assert_eq!((again.status.as_u16(), again.json(), again.headers.get(header::SET_COOKIE)), (200, made.json(), None));
    assert_eq!(world.store.inner().users().len(), 1);
}

#[tokio::test]
async fn a_session_lasts_from_its_last_use_and_ends_when_it_is_left() {
    let world = World::new();
    let mut browser = world.guest().await;
    world.clock.advance(80 * DAY);
    let used = browser.get("/watchlists").await;
    assert!(used.header(header::SET_COOKIE).contains("Max-Age=7776000"), "the browser's cookie lasts again too");
    world.clock.advance(80 * DAY);
    assert_eq!(browser.get("/watchlists").await.status, 200);
    let left = browser.cookie.clone();
    assert_eq!(browser.delete("/session").await.status, 204);
    assert_eq!(browser.cookie, None, "it is taken away");
    browser.cookie = left;
    browser.get("/watchlists").await.is_problem(401, "session_required", None);

    let mut idle = world.guest().await;
    world.clock.advance(SESSION_LIFETIME);
    idle.get("/session").await.is_problem(401, "session_required", None);
}

#[tokio::test]
async fn a_script_may_what_its_token_says() {
    let world = World::new();
    let mut browser = world.guest().await;
    let mut secrets = Vec::new();
    for scope in ["read", "write"] {
        let made = browser.post("/tokens", &json!({ "name": format!("my {scope}er"), "scope": scope })).await;
        assert_eq!(made.status, 201, "{made:?}");
        let token = made.json();
        assert_eq!(
            (&token["token"]["name"], &token["token"]["kind"]),
            (&json!(format!("my {scope}er")), &json!(format!("access_{scope}")))
        );
        assert_eq!(token["token"]["expires_at"], json!((NOW + 90 * DAY).millis()));
        assert_eq!(made.header(header::LOCATION), format!("/api/v1/tokens/{}", token["token"]["id"].as_str().unwrap()));
        secrets.push(token["secret"].as_str().unwrap().to_owned());
    }
    let pick = format!("/watchlists/{}/symbols/AAPL", browser.list);
    for secret in &secrets {
        assert_eq!(world.script(secret, "GET", "/watchlists", None).await.status, 200);
        world.script(secret, "GET", "/tokens", None).await.is_problem(403, "session_only", None);
    }
    world.script(&secrets[0], "PUT", &pick, None).await.is_problem(403, "scope_insufficient", None);
    assert_eq!(browser.symbols().await, json!([]));
    assert_eq!(world.script(&secrets[1], "PUT", &pick, None).await.status, 200);
    assert_eq!(browser.symbols().await, json!(["AAPL"]));
    for (method, path) in [
        ("POST", "/tokens"),
        ("DELETE", "/tokens"),
        ("DELETE", "/tokens/0123456789abcdef"),
        ("POST", "/pairing"),
        ("POST", "/recovery"),
        ("POST", "/invites"),
        ("GET", "/account/export"),
        ("DELETE", "/account"),
    ] {
        let body = json!({ "name": "x", "scope": "write" });
        world.script(&secrets[1], method, path, Some(&body)).await.is_problem(403, "session_only", None);
    }

    let listed = browser.get("/tokens").await.json();
    let kinds: Vec<&str> = listed["tokens"].as_array().unwrap().iter().map(|token| token["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 3);
    assert_eq!(listed["tokens"].as_array().unwrap().iter().filter(|token| token["current"] == json!(true)).count(), 1);
    for secret in &secrets {
        assert!(!listed.to_string().contains(secret.as_str()));
    }
    let reader = listed["tokens"].as_array().unwrap().iter().find(|token| token["kind"] == "access_read").unwrap();
    let path = format!("/tokens/{}", reader["id"].as_str().unwrap());
    let mut other = world.guest().await;
    other.delete(&path).await.is_problem(404, "token_not_found", None);
    assert_eq!(browser.delete(&path).await.status, 204);
    browser.delete(&path).await.is_problem(404, "token_not_found", None);
    world.script(&secrets[0], "GET", "/watchlists", None).await.is_problem(401, "token_invalid", None);
    world.clock.advance(90 * DAY);
    world.script(&secrets[1], "GET", "/watchlists", None).await.is_problem(401, "token_invalid", None);
}

#[tokio::test]
async fn that_a_token_is_used_is_noted_once_a_day() {
    let world = World::new();
    let mut browser = world.guest().await;
    let made = browser.post("/tokens", &json!({ "name": "x", "scope": "read", "expires_in_days": 366.0 })).await.json();
    let secret = made["secret"].as_str().unwrap();
    let access = || world.store.inner().tokens().into_iter().find(|token| token.kind == TokenKind::AccessRead).unwrap();
    for (hours, noted) in [(20, 0), (5, 25), (20, 25), (5, 50)] {
        world.clock.advance(Duration::from_hours(hours));
        assert_eq!(world.script(secret, "GET", "/watchlists", None).await.status, 200);
        assert_eq!(access().used_at, NOW + Duration::from_hours(noted));
    }
    assert_eq!(access().expires_at, NOW + 366 * DAY, "use does not prolong it");
}

#[tokio::test]
async fn what_is_no_good_token_is_refused() {
    let world = World::new();
    let browser = world.guest().await;
    let session = browser.cookie.clone().unwrap();
    for token in ["", "x", &session, &format!("qs_write_{session}"), &format!("qs_read_{}", "0".repeat(64))] {
        world.script(token, "GET", "/watchlists", None).await.is_problem(401, "token_invalid", None);
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_is_refused_and_nothing_is_made() {
    let world = World::new();
    let mut browser = world.guest().await;
    for (body, status, code, field) in [
        (json!({ "name": "", "scope": "read" }), 422, "name_invalid", Some("name")),
        (json!({ "name": "a\u{7}", "scope": "read" }), 422, "name_invalid", Some("name")),
        (json!({ "name": "x".repeat(81), "scope": "read" }), 422, "name_invalid", Some("name")),
        (json!({ "name": "x", "scope": "admin" }), 400, "body_malformed", Some("scope")),
        (json!({ "name": "x" }), 400, "body_malformed", None),
        (json!({ "name": "x", "scope": "read", "expires_in_days": 0 }), 422, "expires_in_days_invalid", Some("expires_in_days")),
        (
            json!({ "name": "x", "scope": "read", "expires_in_days": 367 }),
            422,
            "expires_in_days_invalid",
            Some("expires_in_days"),
        ),
        (json!({ "name": "x", "scope": "read", "expires_in_days": 1.5 }), 400, "body_malformed", Some("expires_in_days")),
        (json!({ "name": "x", "scope": "read", "expires_in_days": -1 }), 400, "body_malformed", Some("expires_in_days")),
        (json!({ "name": "x", "scope": "read", "user": "bob" }), 400, "body_malformed", Some("user")),
    ] {
        browser.post("/tokens", &body).await.is_problem(status, code, field);
    }
    assert_eq!(world.store.inner().tokens().len(), 1);
    for _ in 1..50 {
        assert_eq!(browser.post("/tokens", &json!({ "name": "x", "scope": "read" })).await.status, 201);
    }
    browser.post("/tokens", &json!({ "name": "x", "scope": "read" })).await.is_problem(422, "too_many_tokens", None);
}

#[tokio::test]
async fn a_second_device_is_paired_by_a_code_that_is_good_once_and_for_five_minutes() {
    let world = World::new();
    let mut first = world.guest().await;
    let made = first.post("/pairing", &json!({})).await;
    assert_eq!(made.status, 201);
    let code = made.json()["code"].as_str().unwrap().to_owned();
    assert_eq!(made.json()["expires_at"], json!((NOW + Duration::from_mins(5)).millis()));

    let mut second = world.stranger();
    let paired = second.post("/pairing/redeem", &json!({ "code": code.to_lowercase().replace('-', " ") })).await;
    assert_eq!(paired.status, 200, "{paired:?}");
    assert_eq!(paired.json(), first.get("/session").await.json());
    assert_eq!(second.get("/watchlists").await.json(), first.get("/watchlists").await.json());
    assert_ne!(second.cookie, first.cookie);
    world.stranger().post("/pairing/redeem", &json!({ "code": code })).await.is_problem(422, "code_invalid", Some("code"));

    let late = first.post("/pairing", &json!({})).await.json()["code"].as_str().unwrap().to_owned();
    world.clock.advance(Duration::from_mins(5));
    for wrong in [late.as_str(), "", "0000-0000-0000", &"A".repeat(5000)] {
        world.stranger().post("/pairing/redeem", &json!({ "code": wrong })).await.is_problem(422, "code_invalid", Some("code"));
    }
}

#[tokio::test]
async fn an_account_comes_back_by_its_latest_recovery_code() {
    let world = World::new();
    let mut lost = world.guest().await;
    lost.put(&format!("/watchlists/{}/symbols/AAPL", lost.list.clone()), &json!({})).await;
    let former = lost.post("/recovery", &json!({})).await.json()["code"].as_str().unwrap().to_owned();
    let code = lost.post("/recovery", &json!({})).await.json()["code"].as_str().unwrap().to_owned();
    world.clock.advance(1000 * DAY);
    world.stranger().post("/recovery/redeem", &json!({ "code": former })).await.is_problem(422, "code_invalid", Some("code"));
    let mut back = world.stranger();
    let recovered = back.post("/recovery/redeem", &json!({ "code": code })).await;
    assert_eq!(recovered.status, 200, "{recovered:?}");
    back.list = lost.list.clone();
    assert_eq!(back.symbols().await, json!(["AAPL"]));
    world.stranger().post("/recovery/redeem", &json!({ "code": code })).await.is_problem(422, "code_invalid", Some("code"));
    let next = recovered.json()["recovery_code"].as_str().unwrap().to_owned();
    assert_eq!(world.stranger().post("/recovery/redeem", &json!({ "code": next })).await.status, 200);
}

#[tokio::test]
async fn logging_out_everywhere_leaves_no_way_in() {
    let world = World::new();
    let mut browser = world.guest().await;
    let token =
        browser.post("/tokens", &json!({ "name": "x", "scope": "read" })).await.json()["secret"].as_str().unwrap().to_owned();
    let recovery = browser.post("/recovery", &json!({})).await.json()["code"].as_str().unwrap().to_owned();
    let mut other = world.guest().await;
    let session = browser.cookie.clone();
    assert_eq!(browser.delete("/tokens").await.status, 204);
    assert_eq!(browser.cookie, None);
    browser.cookie = session;
    browser.get("/watchlists").await.is_problem(401, "session_required", None);
    world.script(&token, "GET", "/watchlists", None).await.is_problem(401, "token_invalid", None);
    world.stranger().post("/recovery/redeem", &json!({ "code": recovery })).await.is_problem(422, "code_invalid", Some("code"));
    assert_eq!(other.get("/watchlists").await.status, 200, "somebody else is not concerned");
}

#[tokio::test]
async fn an_account_is_exported_whole_and_deleted_whole() {
    let world = World::new();
    let mut browser = world.guest().await;
    browser.put(&format!("/watchlists/{}/symbols/AAPL", browser.list.clone()), &json!({})).await;
    browser.put("/preferences", &json!({ "currency": "EUR" })).await;
    let token =
        browser.post("/tokens", &json!({ "name": "x", "scope": "write" })).await.json()["secret"].as_str().unwrap().to_owned();
    let code = browser.post("/pairing", &json!({})).await.json()["code"].as_str().unwrap().to_owned();
    let exported = browser.get("/account/export").await;
    assert!(exported.header(header::CONTENT_DISPOSITION).starts_with("attachment"));
    let export = exported.json();
    assert_eq!(export["watchlists"][0]["symbols"], json!(["AAPL"]));
    assert_eq!(export["preferences"]["currency"], "EUR");
    assert_eq!((export["version"].as_u64(), export["created_at"].as_i64()), (Some(1), Some(NOW.millis())));
    assert_eq!(export["tokens"].as_array().map(Vec::len), Some(2));
    assert!(!exported.text.contains(&token));

    let session = browser.cookie.clone();
    let mut other = world.guest().await;
    assert_eq!(browser.delete("/account").await.status, 204);
    browser.cookie = session;
    browser.get("/account/export").await.is_problem(401, "session_required", None);
    world.script(&token, "GET", "/watchlists", None).await.is_problem(401, "token_invalid", None);
    world.stranger().post("/pairing/redeem", &json!({ "code": code })).await.is_problem(422, "code_invalid", Some("code"));
    let users = world.store.inner().users();
    assert_eq!(users.len(), 1);
    assert!(world.store.inner().tokens().iter().filter(|token| token.kind.is_listed()).all(|token| token.user == users[0].id));
    assert_eq!(other.get("/watchlists").await.json()["watchlists"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn where_guests_are_invited_a_code_lets_one_in() {
    let world = World::with(|settings| settings.sign_up = SignUp::Invite);
    let refused = world.stranger().post("/session", &json!({})).await;
    refused.is_problem(403, "invite_required", Some("invite"));
    world.stranger().post("/session", &json!({ "invite": "0000-0000-0000-0000" })).await.is_problem(
        422,
        "code_invalid",
        Some("invite"),
    );
    assert_eq!(world.store.inner().users(), []);

    let open = World::new();
    let code = open.guest().await.post("/invites", &json!({})).await.json()["code"].as_str().unwrap().to_owned();
    // The same store, now by invitation.
    let closed = World::with(|settings| settings.sign_up = SignUp::Closed);
    closed.stranger().post("/session", &json!({ "invite": code })).await.is_problem(403, "sign_up_closed", None);
    assert_eq!(closed.store.inner().users(), []);
    assert_eq!(code.len(), 19, "four groups of four");
}

#[tokio::test]
async fn an_invitation_is_used_up_by_the_guest_who_comes_with_it() {
    use api::{CookieMode, Settings};
    use quickstocks_core::model::SourceKind;

    let mut world = World::new();
    let code = world.guest().await.post("/invites", &json!({})).await.json()["code"].as_str().unwrap().to_owned();
    let settings = Settings {
        allowed_origins: vec![crate::support::ORIGIN.to_owned()],
        cookie: CookieMode::Secure,
        tick_seconds: 60,
        source: SourceKind::Simulated,
        calls_per_hour: None,
        sign_up: SignUp::Invite,
        sharing: false,
        limits: None,
        trusted_proxies: 0,
    };
    world.restart(settings, 8);
    let invited = world.stranger().post("/session", &json!({ "invite": code })).await;
    assert_eq!(invited.status, 201, "{invited:?}");
    world.stranger().post("/session", &json!({ "invite": code })).await.is_problem(422, "code_invalid", Some("invite"));
    assert_eq!(world.store.inner().users().len(), 2);
    let config: Value = world.stranger().get("/config").await.json();
    assert_eq!(config["sign_up"], "invite");
}
