//! Alerts, what became of them, the inbox, and the buttons of notifications.

use std::time::Duration;

use quickstocks_core::alerts::{AlertWatch, MAX_MINUTES};
use quickstocks_core::model::{
    ActionToken, AlertId, AlertWork, InstrumentKind, MAX_ALERTS, MissingReason, Quote, QuoteStep, Secret, SourceReason, Split,
    StoredQuote, TickNumber, UserId,
};
use quickstocks_core::ports::{ActionTokens, AlertReader, Clock, QuoteWriter, SourceStatusWriter};
use quickstocks_testkit::SequenceRandom;
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, NOW};
use serde_json::{Value, json};

use crate::support::{Browser, World};

const HOUR: Duration = Duration::from_hours(1);

fn above(price: &str) -> Value {
    json!({ "symbol": "AAPL", "rule": { "kind": "price_above", "price": price } })
}

/// A quote of a share with a previous close, and nothing of its volume and its year.
fn quote(of: &str, price: &str) -> Quote {
    Quote { previous_close: Some(sample::decimal("9")), ..sample::quote(of, price, NOW) }
}

async fn make(browser: &mut Browser<'_>, body: &Value) -> Value {
    let made = browser.post("/alerts", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()
}

fn at<'a>(alert: &'a Value, field: &str) -> &'a str {
    alert[field].as_str().unwrap()
}

impl World {
    /// The next tick brings this price, and the dispatcher holds it against the alerts.
    async fn moves(&self, of: &str, price: &str) {
        self.moves_as(Quote { as_of: self.clock.now(), ..quote(of, price) }).await;
    }

    async fn moves_as(&self, quote: Quote) {
        self.source.set_quote(quote.clone());
        let tick: TickNumber = self.store.inner().next_tick().await.unwrap();
        let quote = StoredQuote { quote, tick, polled_at: self.clock.now() };
        self.store.inner().store(std::slice::from_ref(&quote)).await.unwrap();
        let watch = AlertWatch {
            alerts: self.store.clone(),
            writer: self.store.clone(),
            clock: self.clock.clone(),
            random: std::sync::Arc::new(SequenceRandom::seeded(tick.0 + 100)),
        };
        let work = AlertWork { made_at: self.clock.now(), tries: 0, steps: vec![QuoteStep { previous: None, quote }] };
        assert!(watch.run(&work).await.unwrap().failed.is_none());
    }
}

#[tokio::test]
async fn an_alert_is_made_read_changed_and_removed() {
    let world = World::new();
    world.source.set_quote(quote("AAPL", "10"));
    let mut browser = world.guest().await;
    assert_eq!(browser.get("/alerts").await.json(), json!({ "alerts": [] }));
    let made = browser.post("/alerts", &above("12.50")).await;
    let alert = made.json();
    let path = format!("/alerts/{}", at(&alert, "id"));
    assert_eq!(made.header(http::header::LOCATION), format!("/api/v1{path}"));
    assert_eq!(made.header(http::header::ETAG), "\"1\"");
    assert_eq!(alert["rule"], json!({ "kind": "price_above", "price": "12.50" }));
    assert_eq!((at(&alert, "status"), &alert["version"], &alert["fired"]), ("armed", &json!(1), &json!(0)));
    let check = json!({ "verdict": "waiting", "price": "10", "threshold": "12.5", "distance": "2.5", "as_of": NOW.millis() });
    assert_eq!(alert["check"], check);
    assert_eq!(browser.get(&path).await.json(), alert);
    assert_eq!(browser.get("/alerts").await.json()["alerts"], json!([alert]));

    let leases = world.store.inner().poll_set();
    assert!(leases.iter().any(|entry| entry.symbol == sample::symbol("AAPL") && entry.armed_until.is_some()), "it is polled for");

    let change = json!({ "rule": { "kind": "move", "percent": "5" }, "repeat": {}, "note": " sell\nhalf ", "expires_at": (NOW + HOUR).millis() });
    let changed = browser.call("PUT", &path, Some(&change), &[("if-match", "\"1\"")]).await.json();
    assert_eq!(changed["rule"], json!({ "kind": "move", "percent": "5", "direction": "either", "since": "previous_close" }));
    assert_eq!(changed["repeat"], json!({ "cool_down_minutes": 15, "hysteresis_percent": "0.5" }));
    assert_eq!((at(&changed, "note"), &changed["version"]), ("sell\nhalf", &json!(2)));
    browser.call("PUT", &path, Some(&change), &[("if-match", "\"1\"")]).await.is_problem(412, "version_conflict", None);
    browser.call("DELETE", &path, None, &[("if-match", "\"1\"")]).await.is_problem(412, "version_conflict", None);
    assert_eq!(browser.get(&path).await.json()["version"], json!(2));

    world.clock.advance(HOUR);
    let expired = browser.get(&path).await.json();
    assert_eq!((at(&expired, "status"), at(&expired["check"], "verdict")), ("expired", "expired"));
    assert_eq!(browser.delete(&path).await.status, 204);
    browser.delete(&path).await.is_problem(404, "alert_not_found", None);
    browser.get(&path).await.is_problem(404, "alert_not_found", None);
}

#[tokio::test]
async fn what_cannot_be_an_alert_is_told_and_makes_none() {
    let world = World::new();
    world.source.set_missing(&sample::symbol("NOPE"), MissingReason::Unknown);
    world.source.set_quote(Quote { kind: InstrumentKind::Index, previous_close: None, ..quote("^GSPC", "10") });
    let mut browser = world.guest().await;
    let alert = make(&mut browser, &above("12")).await;
    let path = format!("/alerts/{}", at(&alert, "id"));
    let rule = |rule: Value| json!({ "symbol": "AAPL", "rule": rule });
    for (body, status, code, field) in [
        (above("0"), 422, "rule_invalid", "rule.price"),
        (above("-1"), 422, "rule_invalid", "rule.price"),
        (above("1e3"), 422, "rule_invalid", "rule.price"),
        (rule(json!({ "kind": "price_above" })), 422, "rule_invalid", "rule.price"),
        (rule(json!({ "kind": "price_above", "price": "1", "times": "2" })), 422, "rule_invalid", "rule.times"),
        (rule(json!({ "kind": "move", "percent": "100", "direction": "down" })), 422, "rule_invalid", "rule.percent"),
        (rule(json!({ "kind": "move", "percent": "5", "since": "window" })), 422, "rule_invalid", "rule.window_minutes"),
        (
            rule(json!({ "kind": "move", "percent": "5", "since": "window", "window_minutes": 2 })),
            422,
            "rule_invalid",
            "rule.window_minutes",
        ),
        (rule(json!({ "kind": "volume_spike", "times": "1" })), 422, "rule_invalid", "rule.times"),
        (rule(json!({ "kind": "volume_spike", "times": "3" })), 422, "rule_impossible", "rule.kind"),
        (rule(json!({ "kind": "new_high" })), 422, "rule_impossible", "rule.kind"),
        (rule(json!({ "kind": "new_low" })), 422, "rule_impossible", "rule.kind"),
        (json!({ "symbol": "^GSPC", "rule": { "kind": "move", "percent": "5" } }), 422, "rule_impossible", "rule.kind"),
        (rule(Value::Null), 422, "rule_invalid", "rule"),
        (json!({ "symbol": "A B", "rule": { "kind": "new_high" } }), 422, "symbol_invalid", "symbol"),
        (json!({ "symbol": "NOPE", "rule": { "kind": "price_above", "price": "1" } }), 422, "symbol_unknown", "symbol"),
    ] {
        for target in ["/alerts", "/alerts/preview"] {
            browser.post(target, &body).await.is_problem(status, code, Some(field));
        }
    }
    for (extra, code, field) in [
        (json!({ "repeat": { "cool_down_minutes": 0 } }), "repeat_invalid", "repeat"),
        (json!({ "repeat": { "cool_down_minutes": MAX_MINUTES + 1 } }), "repeat_invalid", "repeat"),
        (json!({ "repeat": { "hysteresis_percent": "51" } }), "repeat_invalid", "repeat"),
        (json!({ "repeat": { "hysteresis_percent": "0.123" } }), "repeat_invalid", "repeat"),
        (json!({ "repeat": { "hysteresis_percent": "much" } }), "repeat_invalid", "repeat.hysteresis_percent"),
        (json!({ "expires_at": NOW.millis() }), "expires_at_invalid", "expires_at"),
        (json!({ "expires_at": i64::MAX }), "expires_at_invalid", "expires_at"),
        (json!({ "note": "" }), "note_invalid", "note"),
        (json!({ "note": "x".repeat(281) }), "note_invalid", "note"),
    ] {
        let mut body = json!({ "rule": { "kind": "price_above", "price": "12" } });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        browser.put(&path, &body).await.is_problem(422, code, Some(field));
        body["symbol"] = "AAPL".into();
        browser.post("/alerts", &body).await.is_problem(422, code, Some(field));
    }
    for (body, field) in [
        (json!({ "symbol": "AAPL" }), None),
        (json!({ "symbol": "AAPL", "rule": { "kind": "price_sideways" } }), Some("rule")),
        (json!({ "symbol": "AAPL", "rule": ["price_above", "1"] }), Some("rule")),
        (json!({ "symbol": "AAPL", "rule": { "kind": "price_above", "price": 12 } }), Some("rule")),
        (json!({ "symbol": "AAPL", "rule": { "kind": "new_high" }, "owner": "me" }), Some("owner")),
    ] {
        let answer = browser.post("/alerts", &body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        answer.is_problem(400, "body_malformed", field);
    }
    assert_eq!(browser.get("/alerts").await.json()["alerts"], json!([alert]));

    world.source.refuse(SourceReason::RateLimited, Some(NOW + Duration::from_secs(30)));
    browser.post("/alerts", &json!({ "symbol": "NEW", "rule": { "kind": "price_above", "price": "1" } })).await.is_problem(
        503,
        "source_unavailable",
        None,
    );
}

#[tokio::test]
async fn nobody_has_more_alerts_than_are_allowed() {
    let world = World::new();
    let mut browser = world.guest().await;
    for _ in 0..MAX_ALERTS {
        world.clock.advance(Duration::from_secs(1));
        make(&mut browser, &above("12")).await;
    }
    browser.post("/alerts", &above("12")).await.is_problem(422, "too_many_alerts", None);
    assert_eq!(browser.get("/alerts").await.json()["alerts"].as_array().unwrap().len(), MAX_ALERTS);
    assert_eq!(browser.post("/alerts/preview", &above("12")).await.status, 200);
}

#[tokio::test]
async fn another_users_alert_is_not_there() {
    let world = World::new();
    let mut owner = world.guest().await;
    let mut other = world.guest().await;
    let alert = make(&mut owner, &above("12")).await;
    let path = format!("/alerts/{}", at(&alert, "id"));
    world.moves("AAPL", "13").await;
    for (method, path, body) in [
        ("GET", path.clone(), None),
        ("PUT", path.clone(), Some(json!({ "rule": { "kind": "price_above", "price": "1" } }))),
        ("DELETE", path.clone(), None),
        ("POST", format!("{path}/actions"), Some(json!({ "action": "pause" }))),
        ("GET", format!("{path}/receipts"), None),
    ] {
        other.call(method, &path, body.as_ref(), &[]).await.is_problem(404, "alert_not_found", None);
    }
    assert_eq!(other.get("/notifications").await.json(), json!({ "notifications": [], "unread": 0 }));
    let told = owner.get("/notifications").await.json();
    let id = at(&told["notifications"][0], "id").to_owned();
    assert_eq!(other.post("/notifications/read", &json!({ "ids": [id] })).await.json(), json!({ "unread": 0 }));
    assert_eq!(owner.get("/notifications").await.json()["unread"], json!(1));
}

#[tokio::test]
async fn a_preview_tells_how_an_alert_would_stand_and_makes_none() {
    let world = World::new();
    let mut browser = world.guest().await;
    let ahead = browser.post("/alerts/preview", &above("12")).await.json();
    assert_eq!((at(&ahead, "verdict"), at(&ahead, "distance")), ("waiting", "2"));
    let beyond = browser.post("/alerts/preview", &above("8")).await.json();
    assert_eq!((at(&beyond, "verdict"), at(&beyond, "distance")), ("beyond", "-2"));
    assert_eq!(browser.get("/alerts").await.json(), json!({ "alerts": [] }));
    assert_eq!(world.store.call_count(Method::InsertAlert), 0);
}

#[tokio::test]
async fn an_alert_begins_with_the_present_price_and_not_with_one_that_was_stored_long_ago() {
    let world = World::new();
    let mut browser = world.guest().await;
    // Somebody looked at it a day ago, when it cost 10.
    browser.get("/quotes?symbols=AAPL").await;
    world.clock.advance(24 * HOUR);
    world.source.set_quote(Quote { as_of: world.clock.now(), ..quote("AAPL", "13") });
    let alert = make(&mut browser, &above("12")).await;
    assert_eq!((at(&alert["check"], "verdict"), at(&alert["check"], "price")), ("beyond", "13"));
    world.moves("AAPL", "13.10").await;
    assert_eq!(browser.get("/notifications").await.json()["unread"], json!(0), "it did not cross");
    for price in ["11", "12"] {
        world.moves("AAPL", price).await;
    }
    assert_eq!(browser.get("/notifications").await.json()["unread"], json!(1));
}

#[tokio::test]
async fn what_fired_is_in_the_inbox_and_in_the_receipts() {
    let world = World::new();
    let mut browser = world.guest().await;
    let alert = make(
        &mut browser,
        &json!({ "symbol": "AAPL", "rule": { "kind": "price_above", "price": "12" }, "repeat": { "cool_down_minutes": 1 } }),
    )
    .await;
    for price in ["13", "11", "12.50", "11"] {
        world.clock.advance(Duration::from_mins(2));
        world.moves("AAPL", price).await;
    }
    let inbox = browser.get("/notifications?limit=1").await.json();
    assert_eq!(inbox["unread"], json!(2));
    let first = &inbox["notifications"][0];
    assert_eq!((at(first, "event"), at(first, "price"), at(first, "threshold")), ("fired", "12.50", "12"));
    assert_eq!((&first["read"], at(first, "alert")), (&json!(false), at(&alert, "id")));
    let next = browser.get(&format!("/notifications?limit=1&before={}", at(&inbox, "next"))).await.json();
    assert_eq!((at(&next["notifications"][0], "price"), next.get("next")), ("13", None));

    let read = json!({ "ids": [first["id"], "0".repeat(32)] });
    assert_eq!(browser.post("/notifications/read", &read).await.json(), json!({ "unread": 1 }));
    assert_eq!(browser.get("/notifications").await.json()["notifications"][0]["read"], json!(true));
    assert_eq!(browser.post("/notifications/read", &json!({ "all": true })).await.json(), json!({ "unread": 0 }));

    let receipts = browser.get(&format!("/alerts/{}/receipts", at(&alert, "id"))).await.json();
    assert_eq!((at(&receipts["alert"], "status"), &receipts["alert"]["fired"]), ("armed", &json!(2)));
    assert_eq!(receipts["receipts"].as_array().unwrap().len(), 2);
    let receipt = &receipts["receipts"][0];
    assert_eq!((at(&receipt["notification"], "trigger"), at(&receipt["delivery"], "state")), ("price", "pending"));

    for (path, field) in [("limit=0", "limit"), ("limit=101", "limit")] {
        browser.get(&format!("/notifications?{path}")).await.is_problem(422, "limit_invalid", Some(field));
    }
    browser.get("/notifications?before=x").await.is_problem(422, "ids_invalid", Some("before"));
    browser.get("/notifications?after=x").await.is_problem(400, "query_malformed", None);
    let many = vec!["0".repeat(32); 101];
    for (body, field) in [
        (json!({}), "ids"),
        (json!({ "all": false }), "ids"),
        (json!({ "all": true, "ids": [] }), "ids"),
        (json!({ "ids": many }), "ids"),
        (json!({ "ids": ["0".repeat(32), "x"] }), "ids[1]"),
    ] {
        browser.post("/notifications/read", &body).await.is_problem(422, "ids_invalid", Some(field));
    }
}

#[tokio::test]
async fn an_alert_is_snoozed_muted_switched_off_and_armed_again() {
    let world = World::new();
    let mut browser = world.guest().await;
    browser.put("/preferences", &json!({ "time_zone": "Asia/Tokyo" })).await;
    let alert = make(&mut browser, &above("12")).await;
    let path = format!("/alerts/{}/actions", at(&alert, "id"));
    let snoozed = browser.post(&path, &json!({ "action": "snooze" })).await.json();
    assert_eq!((at(&snoozed["check"], "verdict"), &snoozed["snoozed_until"]), ("snoozed", &json!((NOW + HOUR).millis())));
    world.moves("AAPL", "13").await;
    let muted = browser.post(&path, &json!({ "action": "mute" })).await.json();
    assert_eq!(muted["snoozed_until"], json!((NOW + 15 * HOUR).millis()), "until midnight in Tokyo");
    world.clock.advance(16 * HOUR);
    for price in ["11", "13"] {
        world.moves("AAPL", price).await;
    }
    assert_eq!(browser.get("/notifications").await.json()["unread"], json!(1), "what happened meanwhile does not count");

    // It fired and is done: a snooze has it watch again.
    let again = browser.post(&path, &json!({ "action": "snooze", "minutes": 5 })).await.json();
    assert_eq!((at(&again, "status"), &again["fired"]), ("armed", &json!(1)));
    let paused = browser.post(&path, &json!({ "action": "pause" })).await.json();
    assert_eq!(at(&paused, "status"), "paused");
    for price in ["11", "13"] {
        world.moves("AAPL", price).await;
    }
    browser.post(&path, &json!({ "action": "snooze" })).await.is_problem(422, "action_impossible", Some("action"));
    let rearmed = browser.post(&path, &json!({ "action": "rearm" })).await.json();
    assert_eq!((at(&rearmed, "status"), at(&rearmed["check"], "verdict")), ("armed", "beyond"));
    assert_eq!(browser.get("/notifications").await.json()["unread"], json!(1), "a paused alert watches nothing");

    for minutes in [0, MAX_MINUTES + 1] {
        let body = json!({ "action": "snooze", "minutes": minutes });
        browser.post(&path, &body).await.is_problem(422, "minutes_invalid", Some("minutes"));
    }
    browser.post(&path, &json!({ "action": "mute", "minutes": 5 })).await.is_problem(422, "minutes_invalid", Some("minutes"));
    browser.post(&path, &json!({ "action": "undo_split" })).await.is_problem(422, "action_impossible", Some("action"));
    browser.post(&path, &json!({ "action": "explode" })).await.is_problem(400, "body_malformed", Some("action"));
    let expiring = json!({ "rule": { "kind": "price_above", "price": "12" }, "expires_at": (world.clock.now() + HOUR).millis() });
    browser.put(&format!("/alerts/{}", at(&alert, "id")), &expiring).await;
    world.clock.advance(HOUR);
    browser.post(&path, &json!({ "action": "rearm" })).await.is_problem(422, "action_impossible", Some("action"));
}

#[tokio::test]
async fn an_adjustment_for_a_split_is_told_and_can_be_taken_back() {
    let world = World::new();
    let mut browser = world.guest().await;
    let alert = make(&mut browser, &above("12")).await;
    let split = Some(Split { since: NOW + HOUR, ratio: sample::decimal("2") });
    world.clock.advance(HOUR);
    world.moves_as(Quote { split, as_of: NOW + HOUR, ..quote("AAPL", "5") }).await;
    let inbox = browser.get("/notifications").await.json();
    let told = &inbox["notifications"][0];
    assert_eq!((at(told, "event"), at(told, "price"), at(told, "ratio")), ("split_adjusted", "6", "2"));
    let path = format!("/alerts/{}", at(&alert, "id"));
    let adjusted = browser.get(&path).await.json();
    assert_eq!((at(&adjusted["split"], "ratio"), &adjusted["split"]["undone"]), ("2", &json!(false)));
    let undone = browser.post(&format!("{path}/actions"), &json!({ "action": "undo_split" })).await.json();
    assert_eq!((&undone["split"]["undone"], at(&undone["check"], "threshold")), (&json!(true), "12"));
    let again = browser.post(&format!("{path}/actions"), &json!({ "action": "undo_split" })).await;
    again.is_problem(422, "action_impossible", Some("action"));
}

#[tokio::test]
async fn a_button_works_once_without_a_session() {
    let world = World::new();
    let mut browser = world.guest().await;
    let first = make(&mut browser, &above("12")).await;
    let second = make(&mut browser, &above("12")).await;
    world.moves("AAPL", "13").await;
    let user = UserId::new(at(&browser.get("/session").await.json()["user"], "id"));
    let secret = |n: u8| Secret::from_random([n; 32]);
    let put = async |n: u8, ids: &[&Value]| {
        let alerts = ids.iter().map(|alert| AlertId::new(at(alert, "id"))).collect();
        let token = ActionToken { hash: secret(n).hash(), user: user.clone(), alerts, expires_at: NOW + HOUR };
        world.store.inner().put_action(&token).await.unwrap();
        format!("/actions/{}", secret(n).reveal())
    };
    let mut stranger = world.stranger();
    let button = put(1, &[&first, &second]).await;
    let snoozed = stranger.post(&button, &json!({ "action": "snooze" })).await.json();
    assert_eq!(snoozed["alerts"].as_array().unwrap().len(), 2);
    for alert in snoozed["alerts"].as_array().unwrap() {
        assert_eq!((at(alert, "status"), &alert["snoozed_until"]), ("armed", &json!((NOW + HOUR).millis())));
    }
    for path in [button.as_str(), "/actions/x", &format!("/actions/{}", "0".repeat(64))] {
        stranger.post(path, &json!({ "action": "rearm" })).await.is_problem(404, "action_token_invalid", None);
    }
    let unchanged = world.store.inner().alert(&user, &AlertId::new(at(&first, "id"))).await.unwrap().unwrap();
    assert!(unchanged.state.snoozed_until.is_some(), "a button that was pressed changes nothing more");

    // What could not be done can be tried again.
    let button = put(2, &[&first]).await;
    world.store.fail_nth(Method::WriteAlert, 1, Fault::Unavailable);
    stranger.post(&button, &json!({ "action": "rearm" })).await.is_problem(503, "unavailable", None);
    let rearmed = stranger.post(&button, &json!({ "action": "rearm" })).await.json();
    assert_eq!(at(&rearmed["alerts"][0]["check"], "verdict"), "beyond");

    let late = put(3, &[&first]).await;
    let gone = put(4, &[&second]).await;
    browser.delete(&format!("/alerts/{}", at(&second, "id"))).await;
    stranger.post(&gone, &json!({ "action": "mute" })).await.is_problem(404, "alert_not_found", None);
    stranger.post(&late, &json!({ "action": "pause" })).await.is_problem(400, "body_malformed", Some("action"));
    world.clock.advance(HOUR);
    stranger.post(&late, &json!({ "action": "mute" })).await.is_problem(404, "action_token_invalid", None);
}

#[tokio::test]
async fn the_account_takes_its_alerts_along_and_leaves_none() {
    let world = World::new();
    let mut browser = world.guest().await;
    let alert = make(&mut browser, &above("12")).await;
    world.moves("AAPL", "13").await;
    let export = browser.get("/account/export").await.json();
    assert_eq!(export["alerts"][0]["id"], alert["id"]);
    assert_eq!(export["notifications"][0]["alert"], alert["id"]);
    assert_eq!(browser.delete("/account").await.status, 204);
    let store = world.store.inner();
    assert_eq!(store.all_notifications(), []);
    assert_eq!(store.armed_alerts(&[sample::symbol("AAPL")]).await.unwrap(), []);
}

#[tokio::test]
async fn an_alert_that_a_quote_changes_meanwhile_is_edited_as_it_is_then() {
    let world = World::new();
    let mut browser = world.guest().await;
    let alert = make(&mut browser, &above("12")).await;
    let path = format!("/alerts/{}", at(&alert, "id"));
    world.moves("AAPL", "13").await;
    // The fire is no change of the owner's, so their version is still good.
    let change = json!({ "rule": { "kind": "price_above", "price": "12" }, "note": "done" });
    let changed = browser.call("PUT", &path, Some(&change), &[("if-match", "\"1\"")]).await.json();
    assert_eq!((at(&changed, "status"), at(&changed, "note"), &changed["version"]), ("fired", "done", &json!(2)));
}
