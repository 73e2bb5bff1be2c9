//! Against recorded bodies: the simulation has their shape, and replay serves them as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use quickstocks_market::{Market, MarketConfig, MarketServer, Replay};
use serde_json::Value;

use crate::support::{Yahoo, frozen, recorded, recordings};

/// Entries of the index that are answers to an endpoint.
fn answers(folder: &Path, endpoint: &str) -> Vec<Value> {
    let index = recorded(folder, "index.json");
    let files = index["files"].as_array().unwrap().clone();
    files.into_iter().filter(|file| file["endpoint"] == endpoint && file["http_status"] == 200).collect()
}

fn recorded_quotes(folder: &Path) -> Vec<Value> {
    answers(folder, "quote")
        .iter()
        .filter(|file| !file["request_url"].as_str().unwrap().contains("fields="))
        .flat_map(|file| recorded(folder, file["file"].as_str().unwrap())["quoteResponse"]["result"].as_array().unwrap().clone())
        .collect()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// The type of a value, so that a number stays a number and a list a list.
fn form(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "flag",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

#[tokio::test]
async fn simulated_quotes_have_the_fields_of_recorded_ones() {
    let Some(folder) = recordings() else { return };
    let mut always: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut forms: BTreeMap<String, &str> = BTreeMap::new();
    for quote in recorded_quotes(&folder) {
        // ADH is the stub of its type; it is compared on its own.
        let odd = ["ADH", "WSKT.JK", "SIMP"].contains(&quote["symbol"].as_str().unwrap());
        for (name, value) in quote.as_object().unwrap() {
            forms.insert(name.clone(), form(value));
        }
        if !odd {
            let kind = quote["quoteType"].as_str().unwrap().to_owned();
            let common = always.entry(kind).or_insert_with(|| keys(&quote));
            *common = common.intersection(&keys(&quote)).cloned().collect();
        }
    }
    let yahoo = Yahoo::start(frozen()).await;
    let mut compared = BTreeSet::new();
    for batch in yahoo.server.symbols().chunks(50) {
        for quote in yahoo.quotes(&batch.join(",")).await {
            let kind = quote["quoteType"].as_str().unwrap();
            let symbol = quote["symbol"].as_str().unwrap();
            for (name, value) in quote.as_object().unwrap() {
                if let Some(form_of_recorded) = forms.get(name) {
                    assert_eq!(form(value), *form_of_recorded, "{symbol} {name}");
                }
            }
            if let Some(common) = always.get(kind)
                && !["ADH", "WSKT.JK"].contains(&symbol)
            {
                let own = keys(&quote);
                let missing: Vec<_> = common.difference(&own).collect();
                assert!(missing.is_empty(), "{symbol} lacks {missing:?}");
                compared.insert(kind.to_owned());
            }
        }
    }
    assert!(compared.len() >= 9, "{compared:?}");
}

#[tokio::test]
async fn simulated_charts_searches_and_trends_have_the_shape_of_recorded_ones() {
    let Some(folder) = recordings() else { return };
    let yahoo = Yahoo::start(frozen()).await;
    let chart = recorded(&folder, "chart-MSFT-20251014-f36f8.json");
    let own = yahoo.json("/v8/finance/chart/MSFT?range=6mo&interval=1d&events=div|split").await;
    let (theirs, ours) = (&chart["chart"]["result"][0], &own["chart"]["result"][0]);
    assert_eq!(keys(theirs), keys(ours));
    assert_eq!(keys(&theirs["meta"]), keys(&ours["meta"]));
    assert_eq!(keys(&theirs["indicators"]["quote"][0]), keys(&ours["indicators"]["quote"][0]));
    assert_eq!(keys(&theirs["meta"]["currentTradingPeriod"]["pre"]), keys(&ours["meta"]["currentTradingPeriod"]["pre"]));

    let spark = recorded(&folder, "spark-MSFT+AAPL-20260727-419f0.json");
    let own = yahoo.json("/v7/finance/spark?symbols=MSFT,AAPL&range=1d&interval=5m").await;
    let meta = |body: &Value| keys(&body["spark"]["result"][0]["response"][0]["meta"]);
    assert!(meta(&spark).is_subset(&meta(&own)), "{:?}", meta(&spark).difference(&meta(&own)));
    let flat = recorded(&folder, "spark-XDEW.DE-20220318-fc7f5.json");
    let own = yahoo.json("/v8/finance/spark?symbols=XDEW.DE&range=5d&interval=1d").await;
    assert!(keys(&flat["XDEW.DE"]).is_subset(&keys(&own["XDEW.DE"])));

    let search = recorded(&folder, "search-apple-20251016-9088b.json");
    let own = yahoo.json("/v1/finance/search?q=apple").await;
    assert_eq!(keys(&search), keys(&own));
    assert!(keys(&search["quotes"][1]).is_subset(&keys(&own["quotes"][1])));
    let trending = recorded(&folder, "trending-GB-20250225-c60e9.json");
    let own = yahoo.json("/v1/finance/trending/GB?count=2").await;
    assert_eq!(keys(&trending["finance"]["result"][0]), keys(&own["finance"]["result"][0]));
}

#[tokio::test]
async fn replay_serves_every_recorded_symbol() {
    let Some(folder) = recordings() else { return };
    let yahoo = Yahoo::start(MarketConfig { replay: Some(folder.clone()), ..frozen() }).await;
    let symbols = yahoo.server.symbols();
    for quote in recorded_quotes(&folder) {
        assert!(symbols.contains(&quote["symbol"].as_str().unwrap().to_uppercase()), "{}", quote["symbol"]);
    }
    for batch in symbols.chunks(50) {
        let quotes = yahoo.quotes(&batch.join(",")).await;
        let served: Vec<String> = quotes.iter().map(|quote| quote["symbol"].as_str().unwrap().to_uppercase()).collect();
        assert_eq!(served, batch);
    }
    for endpoint in ["chart", "search", "trending"] {
        for file in answers(&folder, endpoint) {
            let url = file["request_url"].as_str().unwrap();
            let (_, path) = url.split_once("finance.yahoo.com").unwrap();
            let answer = yahoo.send(path).await;
            assert_eq!(answer.status(), 200, "{path}");
            let root = answer.json::<Value>().await.unwrap();
            assert!(root.is_object(), "{path}");
        }
    }
    let sparks = yahoo.json("/v7/finance/spark?symbols=AAPL,MSFT,TSLA&range=1d&interval=5m").await;
    assert_eq!(sparks["spark"]["result"].as_array().unwrap().len(), 2);
    assert!(yahoo.json("/v8/finance/spark?symbols=XDEW.DE").await["XDEW.DE"]["close"].is_array());
}

#[tokio::test]
async fn replay_prefers_whole_and_new_recordings_and_keeps_their_text() {
    let Some(folder) = recordings() else { return };
    let yahoo = Yahoo::start(MarketConfig { replay: Some(folder.clone()), ..frozen() }).await;
    // Full in 2025-08, with `fields=` in 2021 and 2025-02.
    let body = yahoo.text(&yahoo.quote_path("MSFT,BTC-USD,nonexist")).await;
    let newest = std::fs::read_to_string(folder.join("quote-BTC-USD-20261003-regular-bc663.json")).unwrap();
    let object = newest.trim().strip_prefix(r#"{"quoteResponse":{"result":["#).unwrap();
    let object = object.strip_suffix(r#"],"error":null}}"#).unwrap();
    assert!(body.ends_with(&format!(r#",{object}],"error":null}}}}"#)), "{body}");
    assert!(body.contains("regularMarketPreviousClose"));
    assert_eq!(yahoo.quote("SIMP").await["quoteType"], "NONE");

    let by_range = yahoo.json("/v8/finance/chart/MSFT?range=6mo&interval=1d").await;
    assert_eq!(by_range["chart"]["result"][0]["meta"]["range"], "6mo");
    assert_eq!(yahoo.send("/v8/finance/chart/SI").await.status(), 404);
    assert_eq!(yahoo.send("/v8/finance/chart/BEKE").await.status(), 400);
    let search = yahoo.json("/v1/finance/search?q=Apple").await;
    assert_eq!((&search["count"], &search["quotes"][0]["symbol"]), (&Value::from(7), &Value::from("AAPL")));
    let fallback = yahoo.json("/v1/finance/search?q=ocado").await;
    assert_eq!(fallback["quotes"][0]["symbol"], "OCDO.L");
    assert_eq!(yahoo.json("/v1/finance/trending/GB").await["finance"]["result"][0]["count"], 2);
    assert_eq!(yahoo.json("/v1/finance/trending/FR").await["finance"]["result"][0]["count"], 0);
}

#[tokio::test]
async fn replay_keeps_the_rules_of_sessions_and_limits() {
    let Some(folder) = recordings() else { return };
    let yahoo = Yahoo::start(MarketConfig { replay: Some(folder), ..frozen() }).await;
    assert_eq!(yahoo.send("/v7/finance/quote?symbols=AAPL").await.status(), 401);
    assert!(yahoo.server.set_price("AAPL", 1.0).is_err());
    let (status, answer) = yahoo.control("price", serde_json::json!({"symbol": "AAPL", "price": 1})).await;
    assert_eq!((status, answer["error"].as_str()), (409, Some("prices cannot be set while recorded bodies are replayed")));
    assert_eq!(yahoo.json("/_market/state").await["mode"], "replay");
}

#[test]
fn a_folder_without_an_index_is_refused_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let error = Replay::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains(folder.path().to_str().unwrap()) && error.contains("index.json"), "{error}");
    assert!(error.contains("request_url"), "{error}");

    std::fs::write(folder.path().join("index.json"), r#"{"files": 3}"#).unwrap();
    let error = Replay::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("is no index of recordings"), "{error}");

    std::fs::write(folder.path().join("index.json"), r#"{"files": []}"#).unwrap();
    let error = Replay::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("neither quote nor chart"), "{error}");

    let missing = r#"{"files": [{"file": "gone.json", "endpoint": "quote", "request_url": "u", "http_status": 200}]}"#;
    std::fs::write(folder.path().join("index.json"), missing).unwrap();
    let error = Replay::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("gone.json"), "{error}");

    std::fs::write(folder.path().join("gone.json"), "<html>").unwrap();
    let error = Replay::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("gone.json is no recorded quote body"), "{error}");
}

#[tokio::test]
async fn a_small_folder_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let index = r#"{"files": [
        {"file": "old.json", "endpoint": "quote", "request_url": "https://q/v7/finance/quote?symbols=X", "http_status": 200, "recorded_at": "2025-01-01"},
        {"file": "new.json", "endpoint": "quote", "request_url": "https://q/v7/finance/quote?symbols=X", "http_status": 200, "recorded_at": "2026-01-01"}
    ]}"#;
    std::fs::write(folder.path().join("index.json"), index).unwrap();
    for (file, price) in [("old.json", "1.50"), ("new.json", "2.50")] {
        let body = format!(
            r#"{{"quoteResponse":{{"result":[{{"symbol":"X","quoteType":"EQUITY","regularMarketPrice":{price}}}],"error":null}}}}"#
        );
        std::fs::write(folder.path().join(file), body).unwrap();
    }
    let config = MarketConfig { replay: Some(folder.path().to_owned()), ..frozen() };
    assert_eq!(Market::new(config.clone()).unwrap().symbols(), ["X"]);
    let yahoo = Yahoo::start(config).await;
    assert!(yahoo.text(&yahoo.quote_path("x")).await.contains(r#""regularMarketPrice":2.50}"#));
}

#[tokio::test]
async fn a_server_stops_when_told() {
    let server = MarketServer::start(frozen()).await.unwrap();
    let url = format!("{}/_market/state", server.base_url());
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 200);
    server.stop().await;
    assert!(reqwest::get(&url).await.is_err());
}
