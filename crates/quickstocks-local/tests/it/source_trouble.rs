//! What people see while the source is slow, poor, refusing or gone, and that it heals without a restart.

use crate::support::{System, symbols};
use serde_json::{Value, json};

#[tokio::test]
async fn five_hundred_symbols_take_ten_calls_and_never_more_than_four_at_once() {
    let system = System::start_with(|options| {
        options.synthetic_listings = 500;
        options.calls_per_hour = Some(0);
    })
    .await;
    for part in 0..5 {
        let guest = system.guest().await;
        let picks: Vec<String> = (0..100).map(|n| format!("SIM{:05}", part * 100 + n + 1)).collect();
        guest.follow(&picks).await;
        guest.connect().await;
    }
    system.tick().await;
    system.market("calls", json!({})).await;
    system.tick().await;
    let calls = calls(&system).await;
    assert_eq!(calls["quote"]["calls"], 10, "{calls}");
    assert_eq!(calls["quote"]["symbols"], 500, "{calls}");
    assert!(calls["quote"]["max_in_flight"].as_u64().unwrap() <= 4, "{calls}");
    let status = system.status().await;
    assert_eq!(
        (status["poll_set"]["on_screen"].as_u64(), status["source"]["state"].as_str()),
        (Some(500), Some("ok")),
        "{status}"
    );
}

#[tokio::test]
async fn with_the_default_budget_the_planner_keeps_within_it_and_says_what_interval_results() {
    let system = System::start_with(|options| {
        options.synthetic_listings = 1000;
        options.calls_per_hour = Some(300);
        options.tick_seconds = Some(60);
    })
    .await;
    for part in 0..5 {
        let guest = system.guest().await;
        guest.follow(&(0..200).map(|n| format!("SIM{:05}", part * 200 + n + 1)).collect::<Vec<_>>()).await;
    }
    system.market("calls", json!({})).await;
    system.tick().await;
    let calls = calls(&system).await;
    assert!(calls["quote"]["calls"].as_u64().unwrap() <= 20, "{calls}");
    let status = system.status().await;
    assert_eq!(status["budget"]["calls_per_hour"], 300);
    // 1,000 symbols are 20 calls; 300 calls an hour make 15 rounds an hour, one in 240 seconds.
    assert_eq!(status["intervals"]["followed"], 240, "{status}");
}

#[tokio::test]
async fn with_the_session_refused_prices_come_through_spark() {
    let system = System::start().await;
    let guest = system.guest().await;
    guest.pick("AAPL").await;
    let (mut socket, _) = guest.connect().await;
    system.tick().await;
    quotes(&mut socket).await;

    system.market("faults", json!({ "family": "quote", "kind": "invalid_crumb" })).await;
    system.market("price", json!({ "symbol": "AAPL", "price": 222.22 })).await;
    system.tick().await;
    let frame = quotes(&mut socket).await;
    assert_eq!(frame["quotes"][0]["price"], "222.22");
    assert_eq!(
        (frame["source"]["state"].as_str(), frame["source"]["reason"].as_str()),
        (Some("degraded"), Some("session_refused"))
    );
    assert!(frame["quotes"][0]["market_cap"].is_string(), "what spark does not tell stays as it was: {frame}");
}

#[tokio::test]
async fn with_everything_refused_the_last_prices_stay_and_when_the_source_returns_so_do_prices() {
    let system = System::start().await;
    let guest = system.guest().await;
    guest.pick("AAPL").await;
    system.market("price", json!({ "symbol": "AAPL", "price": 200.55 })).await;
    system.tick().await;
    let (mut socket, snapshot) = guest.connect().await;
    assert_eq!(snapshot["quotes"][0]["price"], "200.55");

    system.market("faults", json!({ "family": "all", "kind": "unavailable" })).await;
    system.tick().await;
    let frame = socket.next().await;
    assert_eq!((frame["type"].as_str(), frame["source"]["state"].as_str()), (Some("status"), Some("unreachable")), "{frame}");
    assert!(frame["source"]["last_ok_at"].is_u64(), "{frame}");
    let kept = guest.get("/quotes?symbols=AAPL").await;
    assert_eq!((kept["quotes"][0]["price"].as_str(), kept["source"]["state"].as_str()), (Some("200.55"), Some("unreachable")));

    let url = format!("{}/_market/faults", system.running.market_url.as_ref().unwrap());
    crate::support::http().delete(url).send().await.unwrap();
    system.market("price", json!({ "symbol": "AAPL", "price": 201.75 })).await;
    system.tick().await;
    let frame = quotes(&mut socket).await;
    assert_eq!((frame["quotes"][0]["price"].as_str(), frame["source"]["state"].as_str()), (Some("201.75"), Some("ok")));
}

#[tokio::test]
async fn a_429_opens_the_breaker_and_says_until_when() {
    let system = System::start().await;
    let guest = system.guest().await;
    guest.pick("AAPL").await;
    let (mut socket, _) = guest.connect().await;
    system.tick().await;

    system.market("faults", json!({ "family": "all", "kind": "too_many_requests" })).await;
    system.tick().await;
    let frame = loop {
        let frame = socket.next().await;
        if frame["source"]["state"] == "refused" {
            break frame;
        }
    };
    assert_eq!((frame["type"].as_str(), frame["source"]["reason"].as_str()), (Some("status"), Some("rate_limited")), "{frame}");
    assert!(frame["source"]["retry_at"].as_u64() > frame["polled_at"].as_u64(), "{frame}");

    system.market("calls", json!({})).await;
    system.tick().await;
    assert_eq!(calls(&system).await["quote"]["calls"].as_u64().unwrap_or(0), 0, "an open breaker makes no call");
    let status = system.status().await;
    assert_eq!(
        (status["source"]["state"].as_str(), status["source"]["reason"].as_str()),
        (Some("refused"), Some("rate_limited"))
    );
}

#[tokio::test]
async fn a_symbol_that_cannot_be_checked_now_is_refused_with_when_to_try_again() {
    let system = System::start().await;
    let guest = system.guest().await;
    system.market("faults", json!({ "family": "all", "kind": "unavailable" })).await;
    let answer = guest.pick("MSFT").await;
    assert_eq!(answer.status().as_u16(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "source_unavailable");
    assert_eq!(guest.get("/watchlists").await["watchlists"][0]["symbols"], json!([]));
}

async fn quotes(socket: &mut crate::support::Socket) -> Value {
    loop {
        let frame = socket.next().await;
        if frame["type"] == "quotes" && symbols(&frame).contains(&"AAPL".to_owned()) {
            return frame;
        }
    }
}

/// The market's count of calls, by family of endpoints.
async fn calls(system: &System) -> Value {
    let url = format!("{}/_market/calls", system.running.market_url.as_ref().unwrap());
    let calls: Value = crate::support::http().get(url).send().await.unwrap().json().await.unwrap();
    calls["families"].clone()
}
