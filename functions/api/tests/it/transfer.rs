//! Lists out of and into files, and what other devices hear of an edit.

use axum::body::Body;
use http::header;
use quickstocks_core::model::ListId;
use quickstocks_core::ports::ListChange;
use quickstocks_testkit::sample;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, ORIGIN, World, request};

async fn import(world: &World, browser: &Browser<'_>, query: &str, file: &str) -> Answer {
    let cookie = format!("__Host-qs={}", browser.cookie.clone().unwrap());
    let sent = request("POST", &format!("/import{query}")).header(header::ORIGIN, ORIGIN).header(header::COOKIE, cookie);
    world.send(sent.body(Body::from(file.to_owned())).unwrap()).await
}

async fn lists(browser: &mut Browser<'_>) -> Value {
    let lists = browser.get("/watchlists").await.json()["watchlists"].clone();
    lists.as_array().unwrap().iter().map(|list| json!([list["name"], list["symbols"], list["notes"]])).collect()
}

#[tokio::test]
async fn notes_stay_with_their_symbols() {
    let world = World::new();
    let mut browser = world.guest().await;
    let path = format!("/watchlists/{}", browser.list.clone());
    let noted = json!({ "name": "x", "symbols": ["AAPL", "MSFT"], "notes": { "aapl": " buy below 200\nor not ", "MSFT": "m" } });
    let kept = browser.put(&path, &noted).await.json();
    assert_eq!(kept["notes"], json!({ "AAPL": "buy below 200\nor not", "MSFT": "m" }));
    let silent = browser.put(&path, &json!({ "name": "y", "symbols": ["MSFT", "^GSPC"] })).await.json();
    assert_eq!(silent["notes"], json!({ "MSFT": "m" }), "who says nothing of notes keeps those of the symbols that stay");
    browser.delete(&format!("{path}/symbols/MSFT")).await;
    assert_eq!(browser.put(&format!("{path}/symbols/MSFT"), &json!({})).await.json().get("notes"), None);
    for (notes, code, field) in [
        (json!({ "VOD.L": "x" }), "note_stray", "notes.VOD.L"),
        (json!({ "MSFT": "" }), "note_invalid", "notes.MSFT"),
        (json!({ "MSFT": "x".repeat(281) }), "note_invalid", "notes.MSFT"),
        (json!({ "A B": "x" }), "symbol_invalid", "notes.A B"),
    ] {
        let refused = browser.put(&path, &json!({ "name": "z", "symbols": ["MSFT"], "notes": notes })).await;
        refused.is_problem(422, code, Some(field));
    }
    assert_eq!(browser.get(&path).await.json()["name"], "y");
}

#[tokio::test]
async fn what_was_exported_is_imported_identical() {
    for (format, media_type) in [("json", "application/json"), ("csv", "text/csv; charset=utf-8")] {
        let world = World::new();
        let mut browser = world.guest().await;
        let path = format!("/watchlists/{}", browser.list.clone());
        browser
            .put(
                &path,
                &json!({ "name": "=SUM(1)", "symbols": ["AAPL", "^GSPC"], "notes": { "^GSPC": "the \"yardstick\", and\nmore" } }),
            )
            .await;
        browser.post("/watchlists", &json!({ "name": "Second", "symbols": ["VOD.L"] })).await;
        browser.post("/watchlists", &json!({ "name": "Empty" })).await;
        let file = browser.get(&format!("/export?format={format}")).await;
        assert_eq!(file.header(header::CONTENT_TYPE), media_type);
        assert!(file.header(header::CONTENT_DISPOSITION).ends_with(&format!("quickstocks-watchlists.{format}\"")));
        let before = lists(&mut browser).await;

        for mode in ["merge", "replace"] {
            let same = import(&world, &browser, &format!("?mode={mode}"), &file.text).await.json();
            let outcomes: Vec<&Value> = same["lists"].as_array().unwrap().iter().map(|list| &list["outcome"]).collect();
            assert_eq!(outcomes, ["unchanged"; 3], "{same}");
        }
        let mut other = world.guest().await;
        let first = format!("/watchlists/{}", other.list.clone());
        assert_eq!(other.delete(&first).await.status, 204);
        let made = import(&world, &other, "", &file.text).await.json();
        assert_eq!((made["kind"].as_str(), made["rejected"].clone()), (Some(format), json!([])), "{made}");
        let sorted = |lists: &Value| {
            let mut all: Vec<String> = lists.as_array().unwrap().iter().map(Value::to_string).collect();
            all.sort();
            all
        };
        assert_eq!(sorted(&lists(&mut other).await), sorted(&before));
        let again = other.get(&format!("/export?format={format}")).await.text;
        let lines = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(|line| line.trim_end_matches(',').to_owned()).collect();
            lines.sort();
            lines
        };
        assert_eq!(lines(&again), lines(&file.text), "the same lists, in whatever order");
    }
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_does_nothing() {
    let world = World::new();
    let mut browser = world.guest().await;
    let path = format!("/watchlists/{}", browser.list.clone());
    browser.put(&path, &json!({ "name": "Tech", "symbols": ["AAPL"] })).await;
    let file = "Watchlist,Symbol,Note\nTech,MSFT,\nTech,NOPE,\nTech,A B,\nNew,VOD.L,\n";
    let dry = import(&world, &browser, "?dry_run=true&mode=replace", file).await.json();
    assert_eq!(dry["lists"][0]["outcome"], "changed");
    assert_eq!((dry["lists"][0]["added"].clone(), dry["lists"][0]["removed"].clone()), (json!(["MSFT"]), json!(["AAPL"])));
    assert_eq!((dry["lists"][1]["outcome"].clone(), dry["lists"][1].get("id")), (json!("created"), None));
    let reasons: Vec<(&str, &str)> = dry["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["text"].as_str().unwrap(), one["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(reasons, [("A B", "symbol_invalid"), ("NOPE", "symbol_unknown")]);
    assert_eq!(lists(&mut browser).await, json!([["Tech", ["AAPL"], null]]), "nothing was done");

    let merged = import(&world, &browser, "", file).await.json();
    assert_eq!(merged["lists"][0]["added"], json!(["MSFT"]));
    let after = lists(&mut browser).await;
    assert!(after.as_array().unwrap().contains(&json!(["Tech", ["AAPL", "MSFT"], null])), "{after}");
    import(&world, &browser, "?mode=replace", file).await;
    let after = lists(&mut browser).await;
    assert!(after.as_array().unwrap().contains(&json!(["Tech", ["MSFT"], null])), "{after}");
    assert_eq!(after.as_array().map(Vec::len), Some(2), "{after}");
}

#[tokio::test]
async fn a_portfolio_of_yahoo_and_plain_symbols_are_understood() {
    let world = World::new();
    let mut browser = world.guest().await;
    let portfolio =
        "Symbol,Current Price,Date,Time,Change\nAAPL,231.5,2026/11/20,16:00 EST,1.2\nVOD.L,70.1,2026/11/20,16:35 GMT,-0.3\n";
    let first = import(&world, &browser, "", portfolio).await.json();
    assert_eq!((first["kind"].as_str(), first["lists"][0]["name"].as_str()), (Some("portfolio"), Some("Imported")));
    let second = import(&world, &browser, "", "msft\n^GSPC, AAPL\n").await.json();
    assert_eq!((second["kind"].as_str(), second["lists"][0]["outcome"].as_str()), (Some("symbols"), Some("changed")), "{second}");
    let after = lists(&mut browser).await;
    assert!(after.as_array().unwrap().contains(&json!(["Imported", ["AAPL", "VOD.L", "MSFT", "^GSPC"], null])), "{after}");
}

#[tokio::test]
async fn what_cannot_be_imported_is_told_and_changes_nothing() {
    let world = World::new();
    let mut browser = world.guest().await;
    let before = lists(&mut browser).await;
    for (query, file, status, code, field) in [
        ("", "", 400, "file_unreadable", None),
        ("", "{\"format\":\"other\"}", 400, "file_unreadable", None),
        ("?mode=overwrite", "AAPL", 422, "mode_invalid", Some("mode")),
        ("?dry_run=perhaps", "AAPL", 400, "query_malformed", None),
        ("", &"x".repeat(2 * 1024 * 1024 + 1), 413, "body_too_large", None),
    ] {
        import(&world, &browser, query, file).await.is_problem(status, code, field);
    }
    world.source.set_unanswered(&sample::symbol("MSFT"));
    import(&world, &browser, "", "AAPL\nMSFT\n").await.is_problem(503, "source_unavailable", None);
    browser.get("/export?format=xml").await.is_problem(422, "format_invalid", Some("format"));
    assert_eq!(lists(&mut browser).await, before);
}

#[tokio::test]
async fn every_edit_is_announced_and_one_that_cannot_be_is_done_all_the_same() {
    let world = World::new();
    let mut browser = world.guest().await;
    let path = format!("/watchlists/{}", browser.list.clone());
    browser.put(&format!("{path}/symbols/AAPL"), &json!({})).await;
    browser.put(&format!("{path}/symbols/AAPL"), &json!({})).await;
    let made = browser.post("/watchlists", &json!({ "name": "Second" })).await.json();
    let second = made["id"].as_str().unwrap();
    browser.delete(&format!("/watchlists/{second}")).await;
    let told: Vec<(String, u64)> = world
        .announcer
        .changes()
        .iter()
        .map(|(_, change)| match change {
            ListChange::Changed(list) => (list.id.to_string(), list.version),
            ListChange::Deleted(id) => (id.to_string(), 0),
        })
        .collect();
    assert_eq!(
        told,
        [(browser.list.clone(), 2), (second.to_owned(), 1), (second.to_owned(), 0)],
        "an edit that changes nothing is none"
    );
    assert!(matches!(world.announcer.changes().last(), Some((_, ListChange::Deleted(id))) if *id == ListId::new(second)));
    world.announcer.fail();
    assert_eq!(browser.put(&format!("{path}/symbols/MSFT"), &json!({})).await.status, 200);
    assert_eq!(browser.symbols().await, json!(["AAPL", "MSFT"]));
}
