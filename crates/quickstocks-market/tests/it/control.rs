//! The control endpoints, as a test in another process or language uses them.

use serde_json::json;

use crate::support::{MONDAY_11_NEW_YORK, Yahoo, frozen};

#[tokio::test]
async fn prices_are_set_and_released() {
    let yahoo = Yahoo::start(frozen()).await;
    let before = yahoo.quote("AAPL").await;
    let (status, answer) = yahoo.control("price", json!({"symbol": "aapl", "price": 301.25})).await;
    assert_eq!((status, &answer["price"]), (200, &json!(301.25)));
    let set = yahoo.quote("AAPL").await;
    assert_eq!(set["regularMarketPrice"], 301.25);
    assert!(set["regularMarketTime"].as_i64() > before["regularMarketTime"].as_i64());
    yahoo.control("price", json!({"symbol": "AAPL", "price": null})).await;
    assert_eq!(yahoo.quote("AAPL").await["regularMarketPrice"], before["regularMarketPrice"]);
    let (status, answer) = yahoo.control("price", json!({"symbol": "NONEXIST", "price": 1})).await;
    assert_eq!((status, answer), (404, json!({"error": "NONEXIST is not listed"})));
    assert_eq!(yahoo.control("price", json!({"symbol": "AAPL", "price": -1})).await.0, 422);
    assert_eq!(yahoo.control("price", json!({"symbol": "AAPL", "prize": 1})).await.0, 422);
}

#[tokio::test]
async fn the_clock_is_moved() {
    let yahoo = Yahoo::start(frozen()).await;
    let (_, answer) = yahoo.control("clock", json!({"advance_ms": 60_000})).await;
    assert_eq!(answer, json!({"now_ms": MONDAY_11_NEW_YORK + 60_000, "frozen": true}));
    let (_, answer) = yahoo.control("clock", json!({"set_ms": 1_800_000_000_000_i64, "advance_ms": 5})).await;
    assert_eq!(answer["now_ms"], 1_800_000_000_005_i64);
    let (_, answer) = yahoo.control("clock", json!({"frozen": false})).await;
    assert_eq!(answer["frozen"], false);
    let (_, answer) = yahoo.control("state", json!({"always_open": false})).await;
    assert_eq!((&answer["always_open"], &answer["mode"]), (&json!(false), &json!("simulated")));
}

#[tokio::test]
async fn faults_are_added_listed_and_cleared() {
    let yahoo = Yahoo::start(frozen()).await;
    let one = json!({"family": "quote", "kind": "too_many_requests", "edge": true, "times": 2});
    let (status, answer) = yahoo.control("faults", one.clone()).await;
    assert_eq!((status, &answer), (200, &json!([one])));
    let more = json!([{"family": "all", "kind": "delay", "ms": 1}, {"family": "chart", "kind": "garbage"}]);
    assert_eq!(yahoo.control("faults", more).await.1.as_array().unwrap().len(), 3);
    assert_eq!(yahoo.send(&yahoo.quote_path("AAPL")).await.status(), 429);
    let url = format!("{}/_market/faults", yahoo.server.base_url());
    let cleared = yahoo.client.delete(url).send().await.unwrap();
    assert_eq!(cleared.text().await.unwrap(), "[]");
    assert_eq!(yahoo.quotes("AAPL").await.len(), 1);
    assert_eq!(yahoo.control("faults", json!({"family": "quote", "kind": "earthquake"})).await.0, 422);
}

#[tokio::test]
async fn calls_are_read_and_reset() {
    let yahoo = Yahoo::start(frozen()).await;
    yahoo.quotes("AAPL,MSFT").await;
    let calls = yahoo.json("/_market/calls").await;
    assert_eq!(calls["families"]["quote"]["symbols"], 2);
    assert_eq!(calls["families"]["session"]["calls"], 2);
    let (_, before) = yahoo.control("calls", json!({})).await;
    assert_eq!(before["total"], 3);
    assert_eq!(yahoo.json("/_market/calls").await["total"], 0);
    assert!(yahoo.json("/_market/symbols").await.as_array().unwrap().len() >= 300);
}

#[tokio::test]
async fn a_form_cannot_post_to_the_control_endpoints() {
    let yahoo = Yahoo::start(frozen()).await;
    let url = format!("{}/_market/price", yahoo.server.base_url());
    let form = yahoo.client.post(url).header("content-type", "text/plain").body(r#"{"symbol":"AAPL","price":1}"#);
    assert_eq!(form.send().await.unwrap().status(), 415);
}
