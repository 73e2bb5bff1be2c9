//! Lists and preferences: whose they are, what they may hold, what happens when two edit at once.

use http::header;
use serde_json::{Value, json};

use crate::support::World;

fn list(symbols: &[&str]) -> Value {
    json!({ "name": "My picks", "symbols": symbols })
}

#[tokio::test]
async fn a_list_is_made_read_changed_and_deleted() {
    let world = World::new();
    let mut browser = world.guest().await;
    let made = browser.post("/watchlists", &json!({ "name": "Tech", "symbols": ["MSFT", "aapl"] })).await;
    assert_eq!((made.status.as_u16(), made.json()["symbols"].clone()), (201, json!(["MSFT", "AAPL"])));
    let path = format!("/watchlists/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(made.header(header::LOCATION), format!("/api/v1{path}"));
    assert_eq!(made.header(header::ETAG), "\"1\"");
    assert_eq!(browser.get(&path).await.json(), made.json());

    let changed = browser.put(&path, &json!({ "name": "Technology", "symbols": ["AAPL"] })).await;
    assert_eq!((changed.json()["name"].clone(), changed.header(header::ETAG)), (json!("Technology"), "\"2\""));
    let added = browser.put(&format!("{path}/symbols/%5EGSPC"), &json!({})).await;
    assert_eq!(added.json()["symbols"], json!(["AAPL", "^GSPC"]));
    let removed = browser.delete(&format!("{path}/symbols/AAPL")).await;
    assert_eq!(removed.json()["symbols"], json!(["^GSPC"]));
    assert_eq!(browser.get("/watchlists").await.json()["watchlists"].as_array().map(Vec::len), Some(2));
    assert_eq!(browser.delete(&path).await.status, 204);
    browser.get(&path).await.is_problem(404, "watchlist_not_found", None);
}

#[tokio::test]
async fn what_a_list_may_not_hold_is_told_by_its_field_and_changes_nothing() {
    let world = World::new();
    let mut browser = world.guest().await;
    let path = format!("/watchlists/{}", browser.list.clone());
    browser.put(&path, &list(&["AAPL"])).await;
    let many: Vec<String> = (0..201).map(|n| format!("S{n}")).collect();
    for (body, status, code, field) in [
        (json!({ "name": "" }), 422, "name_invalid", "name"),
        (json!({ "name": "x".repeat(61) }), 422, "name_invalid", "name"),
        (json!({ "name": "a\nb" }), 422, "name_invalid", "name"),
        (json!({ "name": 7 }), 400, "body_malformed", "name"),
        (json!({ "name": "x", "symbols": "AAPL" }), 400, "body_malformed", "symbols"),
        (json!({ "name": "x", "symbols": [1] }), 400, "body_malformed", "symbols[0]"),
        (json!({ "name": "x", "symbols": ["AAPL", "A B"] }), 422, "symbol_invalid", "symbols[1]"),
        (json!({ "name": "x", "symbols": ["A\u{0}"] }), 422, "symbol_invalid", "symbols[0]"),
        (json!({ "name": "x", "symbols": ["AAPL", "aapl"] }), 422, "symbol_duplicate", "symbols"),
        (json!({ "name": "x", "symbols": ["NOPE"] }), 422, "symbol_unknown", "symbols"),
        (json!({ "name": "x", "symbols": many }), 422, "too_many_symbols", "symbols"),
        (json!({ "name": "x", "owner": "bob" }), 400, "body_malformed", "owner"),
    ] {
        browser.put(&path, &body).await.is_problem(status, code, Some(field));
        browser.post("/watchlists", &body).await.is_problem(status, code, Some(field));
    }
    browser.put(&format!("{path}/symbols/%01"), &json!({})).await.is_problem(422, "symbol_invalid", Some("symbol"));
    browser.put(&format!("{path}/symbols/NOPE"), &json!({})).await.is_problem(422, "symbol_unknown", Some("symbol"));
    assert_eq!(browser.symbols().await, json!(["AAPL"]));
    assert_eq!(browser.get("/watchlists").await.json()["watchlists"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_guest_has_so_many_lists_and_no_more() {
    let world = World::new();
    let mut browser = world.guest().await;
    let limit = browser.get("/config").await.json()["limits"]["lists"].as_u64().unwrap();
    for _ in 1..limit {
        assert_eq!(browser.post("/watchlists", &list(&[])).await.status, 201);
    }
    browser.post("/watchlists", &list(&[])).await.is_problem(422, "too_many_watchlists", None);
}

#[tokio::test]
async fn a_foreign_list_and_none_answer_alike_and_nothing_changes() {
    let world = World::new();
    let mut owner = world.guest().await;
    owner.put(&format!("/watchlists/{}", owner.list.clone()), &list(&["AAPL"])).await;
    let mut other = world.guest().await;
    let mut answers = Vec::new();
    for id in [owner.list.clone(), "0123456789abcdef0123456789abcdef".to_owned()] {
        let path = format!("/watchlists/{id}");
        let mut of_id = vec![other.get(&path).await, other.put(&path, &list(&[])).await, other.delete(&path).await];
        of_id.push(other.put(&format!("{path}/symbols/MSFT"), &json!({})).await);
        of_id.push(other.delete(&format!("{path}/symbols/AAPL")).await);
        for answer in &of_id {
            answer.is_problem(404, "watchlist_not_found", None);
        }
        answers.push(of_id.into_iter().map(|answer| answer.text).collect::<Vec<_>>());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(owner.symbols().await, json!(["AAPL"]));
}

#[tokio::test]
async fn an_edit_of_another_version_is_refused() {
    let world = World::new();
    let mut browser = world.guest().await;
    let path = format!("/watchlists/{}", browser.list.clone());
    let etag = browser.get(&path).await.header(header::ETAG).to_owned();
    let first = browser.call("PUT", &path, Some(&list(&["AAPL"])), &[("if-match", &etag)]).await;
    assert_eq!(first.status, 200, "{first:?}");
    let late = browser.call("PUT", &path, Some(&list(&["MSFT"])), &[("if-match", &etag)]).await;
    late.is_problem(412, "version_conflict", None);
    browser.call("DELETE", &path, None, &[("if-match", &etag)]).await.is_problem(412, "version_conflict", None);
    assert_eq!(browser.symbols().await, json!(["AAPL"]));
    for wrong in ["1", "\"x\"", "W/\"1\"", ""] {
        let answer = browser.call("PUT", &path, Some(&list(&[])), &[("if-match", wrong)]).await;
        answer.is_problem(400, "if_match_malformed", Some("If-Match"));
    }
    assert_eq!(browser.call("PUT", &path, Some(&list(&["MSFT"])), &[("if-match", "*")]).await.status, 200);
}

#[tokio::test]
async fn preferences_are_kept_by_version_and_checked_by_field() {
    let world = World::new();
    let mut browser = world.guest().await;
    let first = browser.get("/preferences").await;
    assert_eq!((first.header(header::ETAG), first.json()["theme"].clone()), ("\"0\"", json!("system")));
    let wanted = json!({ "locale": "en-gb", "time_zone": "europe/london", "currency": "GBP", "theme": "dark", "colours": "red_up",
        "quiet_hours": { "from": "22:00", "to": "07:00" } });
    let kept = browser.call("PUT", "/preferences", Some(&wanted), &[("if-match", "\"0\"")]).await.json();
    assert_eq!((&kept["locale"], &kept["time_zone"], &kept["version"]), (&json!("en-GB"), &json!("Europe/London"), &json!(1)));
    assert_eq!(browser.get("/preferences").await.json(), kept);
    browser.call("PUT", "/preferences", Some(&wanted), &[("if-match", "\"0\"")]).await.is_problem(412, "version_conflict", None);
    for (body, status, code, field) in [
        (json!({ "locale": "klingon_" }), 422, "locale_invalid", "locale"),
        (json!({ "time_zone": "Mars" }), 422, "time_zone_invalid", "time_zone"),
        (json!({ "currency": "eur" }), 422, "currency_invalid", "currency"),
        (json!({ "theme": "pink" }), 400, "body_malformed", "theme"),
        (json!({ "quiet_hours": { "from": "25:00", "to": "07:00" } }), 422, "time_of_day_invalid", "quiet_hours.from"),
        (json!({ "quiet_hours": { "from": "22:00", "to": "7" } }), 422, "time_of_day_invalid", "quiet_hours.to"),
        (json!({ "quiet_hours": ["22:00", "07:00"] }), 400, "body_malformed", "quiet_hours"),
        (json!({ "quiet_hours": { "from": "22:00" } }), 400, "body_malformed", "quiet_hours"),
        (json!({ "font": "big" }), 400, "body_malformed", "font"),
    ] {
        browser.put("/preferences", &body).await.is_problem(status, code, Some(field));
    }
    assert_eq!(browser.get("/preferences").await.json(), kept, "nothing changed");
    let mut other = world.guest().await;
    assert_eq!(other.get("/preferences").await.json()["version"], 0, "they are nobody else's");
}
