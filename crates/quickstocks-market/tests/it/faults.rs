//! Each fault as a client meets it.

use std::time::Duration;

use quickstocks_market::{Family, Fault, FaultKind};

use crate::support::{Yahoo, frozen};

async fn struck(yahoo: &Yahoo, kind: FaultKind) -> (u16, String, String) {
    yahoo.server.add_fault(Fault::new(Family::Quote, kind).times(1));
    let answer = yahoo.send(&yahoo.quote_path("AAPL,MSFT")).await;
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), kind, answer.text().await.unwrap())
}

#[tokio::test]
async fn each_fault_replaces_one_answer_and_is_gone() {
    let yahoo = Yahoo::start(frozen()).await;
    let whole = yahoo.text(&yahoo.quote_path("AAPL,MSFT")).await;
    for (fault, status, content_type, part) in [
        (FaultKind::TooManyRequests { edge: false }, 429, "text/plain", "Too Many Requests\r\n"),
        (FaultKind::TooManyRequests { edge: true }, 429, "text/html", "Edge: Too Many Requests"),
        (FaultKind::InvalidCrumb, 401, "application/json", "Invalid Crumb. For Developers"),
        (FaultKind::InvalidCookie, 401, "application/json", "Invalid Cookie"),
        (FaultKind::InternalError, 500, "text/html", "<!DOCTYPE html>"),
        (FaultKind::Unavailable, 503, "text/html", "<!DOCTYPE html>"),
        (FaultKind::WillBeRightBack, 200, "text/html", "Will be right back"),
        (FaultKind::EmptyResult, 200, "application/json", r#"{"quoteResponse":{"result":[],"error":null}}"#),
        (FaultKind::ErrorEnvelope, 200, "application/json", r#"{"quoteResponse":{"result":null,"error":{"code""#),
        (FaultKind::EmptyBody, 200, "application/json", ""),
    ] {
        let found = struck(&yahoo, fault.clone()).await;
        assert_eq!(found.0, status, "{fault:?}");
        assert!(found.1.starts_with(content_type) && found.2.contains(part), "{fault:?} {found:?}");
        assert_eq!(yahoo.text(&yahoo.quote_path("AAPL,MSFT")).await, whole, "{fault:?}");
    }
    let truncated = struck(&yahoo, FaultKind::TruncatedJson).await.2;
    assert_eq!(truncated, whole[..whole.len() / 2]);
    let garbage = struck(&yahoo, FaultKind::Garbage).await.2;
    assert!(serde_json::from_str::<serde_json::Value>(&garbage).is_err() && !garbage.is_empty());
}

#[tokio::test]
async fn a_cut_connection_breaks_the_body_and_not_the_server() {
    let yahoo = Yahoo::start(frozen()).await;
    yahoo.server.add_fault(Fault::new(Family::Quote, FaultKind::CutConnection).times(1));
    let answer = yahoo.send(&yahoo.quote_path("AAPL,MSFT")).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err());
    assert_eq!(yahoo.quotes("AAPL,MSFT").await.len(), 2);
}

#[tokio::test]
async fn a_stale_crumb_is_cured_by_a_new_one() {
    let mut yahoo = Yahoo::start(frozen()).await;
    yahoo.server.add_fault(Fault::new(Family::Quote, FaultKind::StaleCrumb));
    let refused = yahoo.send(&yahoo.quote_path("AAPL")).await;
    assert_eq!(refused.status(), 401);
    assert!(refused.text().await.unwrap().contains("Invalid Crumb"));
    assert_eq!(yahoo.send(&yahoo.quote_path("AAPL")).await.status(), 401);
    yahoo.log_in().await;
    assert_eq!(yahoo.quotes("AAPL").await.len(), 1);
    assert!(yahoo.server.faults().is_empty());
}

#[tokio::test]
async fn a_lasting_fault_stays_until_it_is_cleared() {
    let yahoo = Yahoo::start(frozen()).await;
    yahoo.server.add_fault(Fault::new(Family::All, FaultKind::TooManyRequests { edge: false }));
    for path in [
        "/",
        "/v1/test/getcrumb",
        "/v8/finance/chart/AAPL",
        "/v7/finance/spark?symbols=AAPL",
        "/v1/finance/search?q=a",
        "/v1/finance/trending/US",
    ] {
        assert_eq!(yahoo.send(path).await.status(), 429, "{path}");
    }
    yahoo.server.clear_faults();
    assert_eq!(yahoo.send("/v8/finance/chart/AAPL").await.status(), 200);
}

#[tokio::test]
async fn a_fault_of_one_family_leaves_the_others_alone() {
    let yahoo = Yahoo::start(frozen()).await;
    yahoo.server.add_fault(Fault::new(Family::Quote, FaultKind::Unavailable));
    assert_eq!(yahoo.send(&yahoo.quote_path("AAPL")).await.status(), 503);
    assert_eq!(yahoo.send("/v7/finance/spark?symbols=AAPL").await.status(), 200);
}

#[tokio::test]
async fn hidden_symbols_are_missing_everywhere() {
    let yahoo = Yahoo::start(frozen()).await;
    yahoo.server.add_fault(Fault::new(Family::All, FaultKind::MissingSymbols { symbols: vec!["msft".into()] }));
    let quotes = yahoo.quotes("AAPL,MSFT,GOOG").await;
    assert_eq!(quotes.iter().map(|quote| quote["symbol"].as_str().unwrap()).collect::<Vec<_>>(), ["AAPL", "GOOG"]);
    let spark = yahoo.json("/v7/finance/spark?symbols=AAPL,MSFT").await;
    assert_eq!(spark["spark"]["result"].as_array().unwrap().len(), 1);
    assert_eq!(yahoo.send("/v8/finance/chart/MSFT").await.status(), 404);
}

#[tokio::test]
async fn delayed_calls_overlap_and_those_given_up_are_counted() {
    let yahoo = Yahoo::start(frozen()).await;
    yahoo.server.reset_calls();
    yahoo.server.add_fault(Fault::new(Family::Search, FaultKind::Delay { ms: 60_000 }));
    let path = "/v1/finance/search?q=apple";
    let waiting: Vec<_> = (0..3).map(|_| tokio::spawn(yahoo.get(path).send())).collect();
    while yahoo.server.calls().family(Family::Search).in_flight < 3 {
        tokio::task::yield_now().await;
    }
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    while yahoo.server.calls().family(Family::Search).in_flight > 0 {
        tokio::task::yield_now().await;
    }
    let figures = yahoo.server.calls().family(Family::Search);
    assert_eq!((figures.calls, figures.max_in_flight, figures.abandoned, figures.accepted), (3, 3, 3, 0));
    yahoo.server.clear_faults();
    yahoo.server.add_fault(Fault::new(Family::Search, FaultKind::Delay { ms: 1 }).times(1));
    let limit = Duration::from_secs(30);
    assert_eq!(tokio::time::timeout(limit, yahoo.send(path)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn calls_are_counted_with_their_symbols() {
    let yahoo = Yahoo::start(frozen()).await;
    yahoo.server.reset_calls();
    yahoo.quotes("AAPL,MSFT,GOOG").await;
    yahoo.quotes("AAPL").await;
    yahoo.send("/v7/finance/quote?symbols=AAPL,MSFT").await;
    yahoo.send("/v8/finance/chart/AAPL").await;
    let calls = yahoo.server.calls();
    let quote = calls.family(Family::Quote);
    assert_eq!((quote.calls, quote.accepted, quote.rejected), (3, 2, 1));
    assert_eq!((quote.symbols, quote.max_symbols, quote.max_in_flight), (6, 3, 1));
    assert_eq!((calls.total, calls.family(Family::Chart).symbols), (4, 1));
    let seen: Vec<(u64, Option<u16>)> = calls.log.iter().map(|call| (call.symbols, call.status)).collect();
    assert_eq!(seen, [(3, Some(200)), (1, Some(200)), (2, Some(401)), (1, Some(200))]);
}
