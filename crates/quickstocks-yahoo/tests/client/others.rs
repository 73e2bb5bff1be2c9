//! Search and history.

use quickstocks_core::model::{HistoryRange, InstrumentKind, Interval, Symbol};
use quickstocks_core::ports::{Clock, HistorySource, SourceError, SymbolSearch};

use crate::server::{Act, Bench, Server, invalid};

fn symbol(text: &str) -> Symbol {
    Symbol::parse(text).unwrap()
}

#[tokio::test]
async fn a_search_finds_what_has_a_symbol_best_first() {
    let body = r#"{"count":5,"quotes":[
        {"symbol":"AAPL","quoteType":"EQUITY","longname":"Apple Inc.","shortname":"Apple","exchDisp":"NASDAQ"},
        {"index":"private","name":"Apple Records","isYahooFinance":false},
        {"symbol":"AAPL","quoteType":"EQUITY"},
        {"symbol":"not a symbol","quoteType":"EQUITY"},
        {"symbol":"OLD","quoteType":"NONE"},
        {"symbol":"^BFLY","quoteType":"INDEX","shortname":"Butterfly"},
        {"symbol":"BTC-USD","quoteType":"CRYPTOCURRENCY"}
    ]}"#;
    let bench = Bench::new(Server::start(move |_| Act::Answer(200, body.into())).await);
    let finds = bench.client.search("  appl&e \u{7}", 2).await.unwrap();
    assert_eq!(finds.len(), 2);
    assert_eq!((finds[0].symbol.as_str(), &*finds[0].name, finds[0].kind), ("AAPL", "Apple Inc.", InstrumentKind::Equity));
    assert_eq!((finds[1].symbol.as_str(), finds[0].exchange.as_deref()), ("^BFLY", Some("NASDAQ")));
    let call = &bench.server.calls()[0];
    assert_eq!((call.query["q"].as_str(), call.query["quotesCount"].as_str()), ("appl&e", "2"));
    assert!(!call.headers.contains_key("cookie"));
    // An empty query would be answered 400.
    assert!(bench.client.search(" \n", 5).await.unwrap().is_empty());
    assert_eq!(bench.server.calls().len(), 1);
}

#[tokio::test]
async fn a_history_is_asked_for_without_a_session_and_past_the_cache() {
    let body = r#"{"chart":{"result":[{"meta":{"currency":"USD","exchangeTimezoneName":"America/New_York","priceHint":2,"chartPreviousClose":269.0},
        "timestamp":[60,120,180],"indicators":{"quote":[{"close":[269.70001220703125,null,270.0],"volume":[10,null,-1]}]}}],"error":null}}"#;
    let bench = Bench::new(Server::start(move |_| Act::Answer(200, body.into())).await);
    let history = bench.client.history(&symbol("^GSPC"), HistoryRange::OneDay, Interval::FiveMinutes).await.unwrap();
    assert_eq!(history.bars.len(), 2);
    assert_eq!(history.bars[0].close.unwrap().to_string(), "269.7");
    assert_eq!((history.bars[0].volume, history.bars[1].volume), (Some(10), None));
    assert_eq!(history.symbol, symbol("^GSPC"));
    let call = &bench.server.calls()[0];
    assert_eq!(call.path, "/v8/finance/chart/%5EGSPC");
    assert_eq!((call.query["range"].as_str(), call.query["interval"].as_str()), ("1d", "5m"));
    assert_eq!(call.query["_"], bench.clock.now().to_string());
    assert!(!call.headers.contains_key("cookie"));
}

#[tokio::test]
async fn each_error_of_a_history_says_what_the_caller_can_do() {
    let chart_error =
        |code: &str, text: &str| format!(r#"{{"chart":{{"result":null,"error":{{"code":"{code}","description":"{text}"}}}}}}"#);
    for (status, body, expect) in [
        (404, chart_error("Not Found", "No data found, symbol may be delisted"), "NotFound"),
        (200, chart_error("Not Found", "No data found, symbol may be delisted"), "NotFound"),
        (
            400,
            chart_error("Bad Request", "Data doesn't exist for startDate = 1"),
            "NoData(\"Data doesn't exist for startDate = 1\")",
        ),
        (422, chart_error("Unprocessable Entity", "30m data not available"), "NoData(\"30m data not available\")"),
        (401, invalid("Invalid Crumb"), "Refused { retry_at: None }"),
        (500, String::new(), "Unreachable"),
        (200, "<html>".into(), "BadAnswer"),
        (404, "<html>".into(), "BadAnswer"),
        (200, r#"{"chart":{"result":[],"error":null}}"#.into(), "BadAnswer"),
    ] {
        let answer = body.clone();
        let bench = Bench::new(Server::start(move |_| Act::Answer(status, answer.clone())).await);
        let error = bench.client.history(&symbol("SI"), HistoryRange::OneYear, Interval::OneDay).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expect), "{status} {body}: {error:?}");
    }
    let bench = Bench::new(Server::start(|_| Act::Hang).await);
    let error = bench.client.history(&symbol("SI"), HistoryRange::OneYear, Interval::OneDay).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable(_)));
}

#[tokio::test]
async fn over_https_it_greets_as_rustls_and_offers_http_2() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let hello = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut hello = vec![0; 4096];
        let read = tokio::io::AsyncReadExt::read(&mut socket, &mut hello).await.unwrap();
        hello.truncate(read);
        hello
    });
    let bench = Bench::with(Server::usual().await, |config| config.base_url = base);
    assert!(matches!(bench.client.search("apple", 1).await, Err(SourceError::Unreachable(_))));
    let hello = hello.await.unwrap();
    assert_eq!(hello[..2], [22, 3], "a TLS handshake record");
    assert!(hello.windows(12).any(|bytes| bytes == b"\x02h2\x08http/1.1"), "both protocols are offered");
}
