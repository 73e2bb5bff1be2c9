//! Charts and sparks: their shape, their limits and that they agree with the quotes.

use quickstocks_market::MarketConfig;
use serde_json::{Value, json};

use crate::support::{MONDAY_11_NEW_YORK, Yahoo, frozen};

fn result(body: &Value) -> &Value {
    &body["chart"]["result"][0]
}

fn bars<'a>(body: &'a Value, column: &str) -> &'a Vec<Value> {
    result(body)["indicators"]["quote"][0][column].as_array().unwrap()
}

fn near(left: &Value, right: &Value) -> bool {
    let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
    (left - right).abs() <= left.abs() * 1e-6
}

#[tokio::test]
async fn every_range_and_interval_answers() {
    let yahoo = Yahoo::start(MarketConfig { always_open: false, ..frozen() }).await;
    for (range, interval, least) in [
        ("1d", "1m", 85),
        ("5d", "2m", 800),
        ("1d", "5m", 18),
        ("1mo", "15m", 500),
        ("1mo", "30m", 250),
        ("3mo", "60m", 400),
        ("3mo", "1h", 400),
        ("1mo", "90m", 80),
        ("1y", "4h", 500),
        ("1mo", "1d", 20),
        ("6mo", "5d", 20),
        ("1y", "1wk", 50),
        ("5y", "1mo", 58),
        ("10y", "3mo", 38),
        ("ytd", "1d", 180),
        ("max", "3mo", 40),
        ("2y", "1d", 490),
    ] {
        let body = yahoo.json(&format!("/v8/finance/chart/AAPL?range={range}&interval={interval}")).await;
        let times: Vec<i64> = result(&body)["timestamp"].as_array().unwrap().iter().map(|at| at.as_i64().unwrap()).collect();
        assert!(times.len() >= least, "{range} {interval}: {}", times.len());
        assert!(times.is_sorted_by(|left, right| left < right), "{range} {interval}");
        for column in ["open", "high", "low", "close", "volume"] {
            assert_eq!(bars(&body, column).len(), times.len(), "{range} {interval} {column}");
        }
        for at in 0..times.len() {
            let value = |column: &str| bars(&body, column)[at].as_f64();
            let (Some(high), Some(low), Some(close)) = (value("high"), value("low"), value("close")) else {
                assert_eq!((value("high"), value("volume")), (None, None));
                continue;
            };
            assert!(low <= close && close <= high && low > 0.0, "{range} {interval} {at}");
        }
        let meta = &result(&body)["meta"];
        assert_eq!((&meta["dataGranularity"], &meta["range"]), (&json!(interval), &json!(range)));
        let intraday = interval.ends_with('m') || interval.ends_with('h');
        assert_eq!(meta.get("tradingPeriods").is_some(), intraday, "{interval}");
        assert_eq!(result(&body)["indicators"].get("adjclose").is_some(), !intraday, "{interval}");
    }
}

#[tokio::test]
async fn charts_end_at_the_price_of_the_quote() {
    for always_open in [true, false] {
        let yahoo = Yahoo::start(MarketConfig { always_open, ..frozen() }).await;
        for symbol in ["AAPL", "VOD.L", "BTC-USD", "EURUSD=X", "^GSPC", "AZT.OL"] {
            let quote = yahoo.quote(symbol).await;
            for (range, interval) in [("1d", "1m"), ("5d", "5m"), ("1mo", "1d"), ("1y", "1wk"), ("5y", "1mo")] {
                let path = format!("/v8/finance/chart/{symbol}?range={range}&interval={interval}");
                let body = yahoo.json(&path).await;
                let last = bars(&body, "close").iter().rev().find(|close| !close.is_null()).unwrap();
                assert!(near(last, &quote["regularMarketPrice"]), "{path}: {last} {}", quote["regularMarketPrice"]);
                let meta = &result(&body)["meta"];
                assert_eq!(meta["regularMarketPrice"], quote["regularMarketPrice"]);
                assert_eq!(meta["regularMarketTime"], quote["regularMarketTime"]);
                assert_eq!(meta["regularMarketDayHigh"], quote["regularMarketDayHigh"]);
                if range == "1d" {
                    assert_eq!(meta["chartPreviousClose"], quote["regularMarketPreviousClose"], "{symbol}");
                    let highs = bars(&body, "high").iter().filter_map(Value::as_f64);
                    let highest = highs.fold(f64::MIN, f64::max);
                    assert!(near(&json!(highest), &quote["regularMarketDayHigh"]), "{symbol}");
                }
            }
        }
    }
}

#[tokio::test]
async fn yesterdays_bar_closes_at_the_previous_close() {
    let yahoo = Yahoo::start(MarketConfig { always_open: false, ..frozen() }).await;
    let quote = yahoo.quote("MSFT").await;
    let body = yahoo.json("/v8/finance/chart/MSFT?range=5d&interval=1d").await;
    let closes = bars(&body, "close");
    assert!(near(&closes[closes.len() - 2], &quote["regularMarketPreviousClose"]));
    // The bar of the day that still runs is stamped with the time of the last trade.
    assert_eq!(result(&body)["timestamp"].as_array().unwrap().last().unwrap(), &quote["regularMarketTime"]);
}

#[tokio::test]
async fn periods_select_bars_and_outside_of_the_listing_there_are_none() {
    let yahoo = Yahoo::start(MarketConfig { always_open: false, ..frozen() }).await;
    let day = 86_400;
    let now = MONDAY_11_NEW_YORK / 1000;
    let path = |from: i64, to: i64| format!("/v8/finance/chart/AAPL?period1={from}&period2={to}&interval=1d");
    let body = yahoo.json(&path(now - 30 * day, now - 10 * day)).await;
    assert_eq!(result(&body)["meta"]["range"], "");
    for at in result(&body)["timestamp"].as_array().unwrap() {
        assert!((now - 30 * day..=now - 10 * day).contains(&at.as_i64().unwrap()));
    }
    let early = yahoo.send(&path(-1000, 1000)).await;
    assert_eq!(early.status(), 400);
    assert_eq!(
        early.text().await.unwrap(),
        r#"{"chart":{"result":null,"error":{"code":"Bad Request","description":"Data doesn't exist for startDate = -1000, endDate = 1000"}}}"#
    );
    assert_eq!(yahoo.send(&path(now, now - day)).await.status(), 400);
}

#[tokio::test]
async fn unknown_symbols_and_wrong_requests_have_their_own_errors() {
    let yahoo = Yahoo::start(frozen()).await;
    for symbol in ["NONEXIST", "SIMP"] {
        let answer = yahoo.send(&format!("/v8/finance/chart/{symbol}")).await;
        assert_eq!(answer.status(), 404);
        assert_eq!(
            answer.text().await.unwrap(),
            r#"{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}"#
        );
    }
    for (query, part) in [
        ("range=1y&interval=5m", "within the last 60 days"),
        ("range=1mo&interval=1m", "Only 8 days worth of 1m granularity data"),
        ("range=1y&interval=1m", "within the last 30 days"),
        ("range=7d&interval=1d", "range=7d is not supported"),
        ("range=1d&interval=7m", "interval=7m is not supported"),
    ] {
        let answer = yahoo.send(&format!("/v8/finance/chart/AAPL?{query}")).await;
        assert_eq!(answer.status(), 422, "{query}");
        let body = answer.text().await.unwrap();
        assert!(body.contains(part) && body.starts_with(r#"{"chart":{"result":null,"#), "{query} {body}");
    }
}

#[tokio::test]
async fn dividends_and_splits_are_told_when_asked_for() {
    let yahoo = Yahoo::start(frozen()).await;
    let body = yahoo.json("/v8/finance/chart/CEG?range=1y&interval=1d&events=div,splits").await;
    let events = &result(&body)["events"];
    assert_eq!(events["dividends"].as_object().unwrap().len(), 4);
    let (key, split) = events["splits"].as_object().unwrap().iter().next().unwrap();
    assert_eq!((&json!(3.0), &json!(1.0)), (&split["numerator"], &split["denominator"]));
    assert_eq!((split["splitRatio"].as_str(), split["date"].to_string()), (Some("3:1"), key.clone()));
    // History is adjusted, so that the price runs on through the split.
    let closes: Vec<f64> = bars(&body, "close").iter().filter_map(Value::as_f64).collect();
    assert!(closes.windows(2).all(|pair| (pair[0] / pair[1] - 1.0).abs() < 0.4));
    let adjusted = result(&body)["indicators"]["adjclose"][0]["adjclose"].as_array().unwrap();
    assert!(adjusted[0].as_f64().unwrap() < closes[0]);
    assert!(near(adjusted.last().unwrap(), bars(&body, "close").last().unwrap()));
    let silent = yahoo.json("/v8/finance/chart/CEG?range=1y&interval=1d").await;
    assert!(result(&silent).get("events").is_none());
}

#[tokio::test]
async fn bars_outside_the_session_come_only_when_asked_for() {
    let yahoo = Yahoo::start(MarketConfig { always_open: false, ..frozen() }).await;
    let plain = yahoo.json("/v8/finance/chart/AAPL?range=1d&interval=5m").await;
    let all = yahoo.json("/v8/finance/chart/AAPL?range=1d&interval=5m&includePrePost=true").await;
    assert!(result(&plain)["meta"]["tradingPeriods"].is_array());
    assert!(result(&all)["meta"]["tradingPeriods"]["pre"].is_array());
    let count = |body: &Value| result(body)["timestamp"].as_array().unwrap().len();
    // Pre-market is from 4:00 to 9:30.
    assert_eq!(count(&all), count(&plain) + 66);
    assert_eq!(bars(&all, "volume")[0], 0);
}

#[tokio::test]
async fn quiet_symbols_have_null_bars() {
    let yahoo = Yahoo::start(frozen()).await;
    let quiet = yahoo.json("/v8/finance/chart/WSU.DE?range=5d&interval=1m").await;
    assert!(bars(&quiet, "close").iter().any(Value::is_null));
    assert!(bars(&quiet, "close").iter().any(|close| !close.is_null()));
    let year = yahoo.json("/v8/finance/chart/AAPL?range=5y&interval=1d").await;
    let nulls = bars(&year, "close").iter().filter(|close| close.is_null()).count();
    assert!((1..30).contains(&nulls), "{nulls}");
}

#[tokio::test]
async fn symbols_without_a_bar_have_empty_arrays() {
    let yahoo = Yahoo::start(frozen()).await;
    let body = yahoo.json("/v8/finance/chart/ADH?range=1mo&interval=1d").await;
    assert!(result(&body).get("timestamp").is_none());
    assert_eq!(result(&body)["indicators"], json!({"quote": [{}], "adjclose": [{}]}));
    let meta = &result(&body)["meta"];
    assert!(meta["currency"].is_null() && meta.get("regularMarketPrice").is_none());
}

#[tokio::test]
async fn both_sparks_say_what_the_quote_says() {
    let yahoo = Yahoo::start(frozen()).await;
    let quotes = yahoo.quotes("AAPL,VOD.L").await;
    let body = yahoo.json("/v7/finance/spark?symbols=AAPL,NONEXIST,VOD.L&range=1d&interval=5m").await;
    let flat = yahoo.json("/v8/finance/spark?symbols=AAPL,NONEXIST,VOD.L&range=1d&interval=5m").await;
    let results = body["spark"]["result"].as_array().unwrap();
    assert_eq!((results.len(), flat.as_object().unwrap().len()), (2, 2));
    for (found, quote) in results.iter().zip(&quotes) {
        assert_eq!(found["symbol"], quote["symbol"]);
        let response = &found["response"][0];
        for (of_meta, of_quote) in [
            ("regularMarketPrice", "regularMarketPrice"),
            ("regularMarketTime", "regularMarketTime"),
            ("previousClose", "regularMarketPreviousClose"),
            ("regularMarketDayHigh", "regularMarketDayHigh"),
            ("regularMarketVolume", "regularMarketVolume"),
            ("currency", "currency"),
            ("shortName", "shortName"),
        ] {
            assert_eq!(response["meta"][of_meta], quote[of_quote], "{of_meta}");
        }
        let closes = &response["indicators"]["quote"][0]["close"];
        assert_eq!(closes.as_array().unwrap().len(), response["timestamp"].as_array().unwrap().len());
        let of_flat = &flat[quote["symbol"].as_str().unwrap()];
        assert_eq!(&of_flat["close"], closes);
        assert_eq!(of_flat["dataGranularity"], 300);
        assert_eq!(of_flat["previousClose"], quote["regularMarketPreviousClose"]);
    }
    let week = yahoo.json("/v8/finance/spark?symbols=AAPL&range=5d&interval=1d").await;
    assert!(week["AAPL"]["previousClose"].is_null());
}

#[tokio::test]
async fn a_set_price_shows_in_quote_chart_and_spark() {
    let yahoo = Yahoo::start(frozen()).await;
    yahoo.server.set_price("VOD.L", 180.5).unwrap();
    let quote = yahoo.quote("VOD.L").await;
    assert_eq!((&quote["regularMarketPrice"], &quote["regularMarketDayHigh"]), (&json!(180.5), &json!(180.5)));
    for path in ["/v8/finance/chart/VOD.L?range=1d&interval=1m", "/v8/finance/chart/VOD.L?range=1mo&interval=1d"] {
        let body = yahoo.json(path).await;
        let last = bars(&body, "close").iter().rev().find(|close| !close.is_null()).unwrap();
        assert_eq!(last, &json!(180.5), "{path}");
    }
    let spark = yahoo.json("/v7/finance/spark?symbols=VOD.L").await;
    assert_eq!(spark["spark"]["result"][0]["response"][0]["meta"]["regularMarketPrice"], 180.5);
}
