//! What one person does: find, pick, watch, come back.

use crate::support::{System, symbols};
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_company_is_found_picked_watched_and_still_there_after_a_restart() {
    let system = System::start().await;
    let guest = system.guest().await;

    let found = guest.get("/symbols/search?q=app").await;
    assert_eq!(found["matches"][0]["symbol"], "AAPL");
    assert_eq!(guest.pick("AAPL").await.status(), StatusCode::OK);

    let (mut socket, snapshot) = guest.connect().await;
    let quote = &snapshot["quotes"][0];
    assert_eq!((quote["symbol"].as_str(), quote["name"].as_str()), (Some("AAPL"), Some("Apple Inc.")));
    for field in [
        "price",
        "currency",
        "change",
        "change_percent",
        "exchange",
        "as_of",
        "fifty_two_week_low",
        "fifty_two_week_high",
        "open",
        "market_cap",
        "previous_close",
        "pe_ratio",
        "day_low",
        "day_high",
        "volume",
        "market_state",
        "delay_minutes",
    ] {
        assert!(quote.get(field).is_some(), "{field} is missing in {quote}");
    }

    system.market("price", json!({ "symbol": "AAPL", "price": 321.09 })).await;
    system.tick().await;
    let frame = socket.next().await;
    assert_eq!((frame["type"].as_str(), symbols(&frame)), (Some("quotes"), vec!["AAPL".to_owned()]));
    assert_eq!(frame["quotes"][0]["price"], "321.09");

    let system = system.restart().await;
    let guest = guest.at(&system);
    let lists = guest.get("/watchlists").await;
    assert_eq!(lists["watchlists"][0]["symbols"], json!(["AAPL"]));
    assert!(guest.get("/quotes?symbols=AAPL").await["quotes"][0]["price"].is_string());
}

#[tokio::test]
async fn a_pick_on_one_device_reaches_the_open_socket_of_another() {
    let system = System::start().await;
    let guest = system.guest().await;
    let (mut socket, snapshot) = guest.connect().await;
    assert_eq!(snapshot["quotes"], json!([]));

    assert_eq!(guest.pick("MSFT").await.status(), StatusCode::OK);
    let list = socket.next().await;
    assert_eq!((list["type"].as_str(), &list["list"]["symbols"]), (Some("list"), &json!(["MSFT"])));
    system.market("price", json!({ "symbol": "MSFT", "price": 512.34 })).await;
    system.tick().await;
    let frame = socket.next().await;
    assert_eq!(symbols(&frame), ["MSFT"]);
    assert_eq!(frame["quotes"][0]["price"], "512.34");
}

#[tokio::test]
async fn after_a_reconnect_only_what_changed_is_sent() {
    let system = System::start().await;
    let guest = system.guest().await;
    guest.follow(&["AAPL".to_owned(), "MSFT".to_owned()]).await;
    system.tick().await;
    let (mut socket, first) = guest.connect().await;
    assert_eq!(symbols(&first), ["AAPL", "MSFT"]);
    system.market("clock", json!({ "frozen": true })).await;
    system.tick().await;
    let since = guest.get("/quotes?symbols=AAPL,MSFT").await["tick"].clone();

    system.market("price", json!({ "symbol": "MSFT", "price": 600.01 })).await;
    system.tick().await;
    socket.send(json!({ "action": "hello", "since": since })).await;
    let snapshot = socket.next_of("snapshot").await;
    assert_eq!(symbols(&snapshot), ["MSFT"]);
}

#[tokio::test]
async fn old_prices_of_another_source_are_shown_though_newer_ones_were_stored() {
    let system = System::start().await;
    let guest = system.guest().await;
    guest.pick("AAPL").await;
    let made_up = guest.get("/quotes?symbols=AAPL").await["quotes"][0]["price"].clone();

    let recordings = tempfile::tempdir().unwrap();
    let index = json!({ "files": [{
        "file": "quote.json", "endpoint": "quote", "request_url": "https://q/v7/finance/quote?symbols=AAPL",
        "http_status": 200, "recorded_at": "2025-01-01"
    }] });
    let quote = json!({
        "symbol": "AAPL", "quoteType": "EQUITY", "shortName": "Apple Inc.", "regularMarketPrice": 1.5, "regularMarketTime": 1_735_689_600
    });
    let body = json!({ "quoteResponse": { "result": [quote], "error": null } });
    std::fs::write(recordings.path().join("index.json"), index.to_string()).unwrap();
    std::fs::write(recordings.path().join("quote.json"), body.to_string()).unwrap();
    let folder = recordings.path().to_str().unwrap().to_owned();
    let system = system.restart_with(|options| options.source = vec!["replay".to_owned(), folder]).await;
    let guest = guest.at(&system);

    assert_ne!(made_up, "1.5");
    let (_socket, snapshot) = guest.connect().await;
    assert_eq!(snapshot["quotes"].as_array().unwrap().len() + snapshot["missing"].as_array().map_or(0, Vec::len), 1);
    system.tick().await;
    let quotes = guest.get("/quotes?symbols=AAPL").await;
    assert_eq!(quotes["quotes"][0]["price"], "1.5", "{quotes}");
    assert_eq!(guest.get("/watchlists").await["watchlists"][0]["symbols"], json!(["AAPL"]));
}
