//! Quotes, search, history, and what is public.

use http::header;
use quickstocks_core::model::{History, HistoryEvents, HistoryRange, InstrumentKind, SymbolMatch};
use quickstocks_core::ports::SourceError;
use quickstocks_testkit::sample::{self, NOW};
use serde_json::json;
use std::time::Duration;

use crate::support::World;

#[tokio::test]
async fn quotes_are_answered_with_what_is_known_and_why_not() {
    let world = World::new();
    let mut browser = world.guest().await;
    world.source.set_unanswered(&sample::symbol("MSFT"));
    let answer = browser.get("/quotes?symbols=AAPL,MSFT,NOPE").await.json();
    assert_eq!(answer["quotes"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!((&answer["quotes"][0]["symbol"], &answer["quotes"][0]["price"]), (&json!("AAPL"), &json!("10")));
    let reason = |symbol: &str| {
        let missing = answer["missing"].as_array().unwrap().iter().find(|missing| missing["symbol"] == symbol).unwrap();
        missing["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!((reason("MSFT").as_str(), reason("NOPE").as_str()), ("pending", "unknown"));
    let polls = world.source.polls().len();
    browser.get("/quotes?symbols=AAPL").await;
    assert_eq!(world.source.polls().len(), polls, "what is stored is not asked for again");
    browser.get("/quotes?symbols=NOPE,AAPL").await;
    assert_eq!(world.source.polls().len(), polls, "nor is what was just found not to be");
    world.clock.advance(Duration::from_mins(10));
    browser.get("/quotes?symbols=NOPE").await;
    assert_eq!(world.source.polls().len(), polls + 1);
    let many = vec!["A"; 201].iter().enumerate().map(|(n, a)| format!("{a}{n}")).collect::<Vec<_>>().join(",");
    for (query, status) in [("", 422), ("?symbols=", 422), ("?symbols=A%20B", 422), (&format!("?symbols={many}"), 422)] {
        let refused = browser.get(&format!("/quotes{query}")).await;
        assert_eq!(refused.status, status, "{query}: {refused:?}");
    }
}

#[tokio::test]
async fn a_search_is_bounded_and_says_when_the_source_cannot_be_asked() {
    let world = World::new();
    let mut browser = world.guest().await;
    let apple =
        SymbolMatch { symbol: sample::symbol("AAPL"), name: "Apple Inc.".into(), kind: InstrumentKind::Equity, exchange: None };
    world.source.set_matches(vec![apple]);
    let found = browser.get("/symbols/search?q=%20app%20").await.json();
    assert_eq!(found["matches"][0]["symbol"], "AAPL");
    assert_eq!(world.source.searches().last().map(|(text, _)| text.clone()), Some("app".to_owned()));
    for query in
        ["", "?q=", "?q=%20", "?q=a&limit=0", "?q=a&limit=1000", "?q=a&limit=x", &format!("?q={}", "x".repeat(200)), "?q=%00"]
    {
        let refused = browser.get(&format!("/symbols/search{query}")).await;
        assert!(refused.status.is_client_error(), "{query}: {refused:?}");
        assert_eq!(refused.header(header::CONTENT_TYPE), "application/problem+json");
    }
    let asked = world.source.searches().len();
    world.source.fail_next(SourceError::Refused { retry_at: Some(NOW + Duration::from_secs(90)) });
    let refused = browser.get("/symbols/search?q=apple").await;
    refused.is_problem(503, "source_unavailable", None);
    assert_eq!(refused.header(header::RETRY_AFTER), "90");
    world.source.fail_next(SourceError::BadAnswer("canary-secret".into()));
    let refused = browser.get("/symbols/search?q=apple").await;
    refused.is_problem(503, "source_unavailable", None);
    assert!(!refused.text.contains("canary"), "{refused:?}");
    assert_eq!(world.source.searches().len(), asked + 2);
    browser.get("/symbols/search?q=US0378331006").await.is_problem(422, "isin_invalid", Some("q"));
    assert_eq!(world.source.searches().len(), asked + 2, "what cannot be is not asked for");
}

#[tokio::test]
async fn what_was_searched_for_lately_costs_no_second_call_whoever_asks() {
    let world = World::new();
    let (mut one, mut other) = (world.guest().await, world.guest().await);
    let find = |symbol: &str, name: &str| SymbolMatch {
        symbol: sample::symbol(symbol),
        name: name.into(),
        kind: InstrumentKind::Equity,
        exchange: None,
    };
    world.source.set_matches(vec![find("APLE", "Apple Hospitality"), find("AAPL", "Apple Inc."), find("APP", "Applovin")]);
    let symbols = |answer: &crate::support::Answer| {
        let found = answer.json()["matches"].as_array().unwrap().clone();
        found.iter().map(|find| find["symbol"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(symbols(&one.get("/symbols/search?q=app").await), ["APP", "APLE", "AAPL"]);
    assert_eq!(symbols(&other.get("/symbols/search?q=%20%20APP&limit=1").await), ["APP"]);
    assert_eq!(world.source.searches(), [("app".to_owned(), 25)]);
    world.clock.advance(Duration::from_hours(24));
    world.source.fail_next(SourceError::Refused { retry_at: None });
    assert_eq!(symbols(&one.get("/symbols/search?q=app").await).len(), 3, "what was found stands in");
    assert_eq!(world.source.searches().len(), 2);
}

#[tokio::test]
async fn history_is_asked_for_by_range_and_interval() {
    let world = World::new();
    let mut browser = world.guest().await;
    world.source.set_history(History {
        symbol: sample::symbol("AAPL"),
        currency: None,
        time_zone: None,
        range: HistoryRange::FiveDays,
        interval: HistoryRange::FiveDays.usual_interval(),
        previous_close: Some(sample::decimal("9.5")),
        bars: Vec::new(),
        events: HistoryEvents::default(),
    });
    let history = browser.get("/symbols/AAPL/history?range=5d").await;
    assert_eq!((history.status.as_u16(), history.json()["symbol"].clone()), (200, json!("AAPL")));
    for (path, status, code, field) in [
        ("/symbols/A%20B/history", 422, "symbol_invalid", "symbol"),
        ("/symbols/AAPL/history?range=2y", 422, "range_invalid", "range"),
        ("/symbols/AAPL/history?range=max&interval=1m", 422, "interval_invalid", "interval"),
    ] {
        browser.get(path).await.is_problem(status, code, Some(field));
    }
    world.source.fail_next(SourceError::NotFound);
    browser.get("/symbols/NOPE/history").await.is_problem(404, "symbol_unknown", Some("symbol"));
}

#[tokio::test]
async fn a_ticket_is_made_for_whoever_is_in() {
    let world = World::new();
    let mut browser = world.guest().await;
    let made = browser.post("/ws-ticket", &json!({})).await;
    assert_eq!(made.status, 201);
    assert_eq!((made.json()["path"].clone(), made.json()["ticket"].as_str().map(str::len)), (json!("/ws"), Some(64)));
    assert_eq!(made.json()["expires_at"], json!((NOW + Duration::from_mins(1)).millis()));
}

#[tokio::test]
async fn status_and_config_are_public_and_honest() {
    let world = World::new();
    let status = world.stranger().get("/status").await.json();
    assert_eq!((status["source"]["state"].clone(), status["budget"]["calls_per_hour"].clone()), (json!("starting"), json!(300)));
    let config = world.stranger().get("/config").await.json();
    assert_eq!((config["source"]["kind"].clone(), config["sign_up"].clone()), (json!("simulated"), json!("open")));
}
