//! The cookie and the crumb: had once, shared, dropped once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use quickstocks_core::model::{SourceReason, SourceState};
use quickstocks_core::ports::{QuoteSource, SourceGate};
use quickstocks_testkit::faults::{Fault, Faulty, Method};
use quickstocks_testkit::{FakeClock, MemoryStore};
use quickstocks_yahoo::YahooClient;

use crate::server::{Act, Bench, COOKIE, CRUMB, Server, invalid, quotes, status, symbols};

#[tokio::test]
async fn fifty_polls_at_once_get_one_session() {
    let bench = Bench::new(Server::usual().await);
    let wanted = symbols(10);
    let answers = join_all((0..50).map(|_| bench.client.poll(&wanted))).await;
    assert!(answers.iter().all(|answer| answer.state == SourceState::Ok));
    assert_eq!(bench.server.calls_to("cookie").len(), 1);
    assert_eq!(bench.server.calls_to("crumb").len(), 1);
    assert_eq!(answers.iter().map(|answer| answer.calls).sum::<u32>(), 52);
    assert!(bench.server.most_in_flight() <= 4);
}

#[tokio::test]
async fn fifty_polls_at_once_try_for_a_session_once_when_it_is_refused() {
    let bench = Bench::new(Server::start(|call| if call.endpoint == "crumb" { status(429) } else { Act::Usual }).await);
    let wanted = symbols(10);
    let answers = join_all((0..50).map(|_| bench.client.poll(&wanted))).await;
    assert!(answers.iter().all(|answer| answer.state == SourceState::Degraded && answer.quotes.len() == 10));
    assert_eq!(bench.server.calls_to("crumb").len(), 1);
}

#[tokio::test]
async fn a_session_is_shared_with_other_environments_for_a_day() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(10).await;
    let shared = bench.store.session().await.unwrap().unwrap();
    assert_eq!((shared.cookie.as_str(), shared.crumb.as_str()), (COOKIE, CRUMB));
    bench.server.forget_calls();
    let other = bench.another();
    assert_eq!(other.poll(&symbols(10)).await.calls, 1);
    bench.clock.advance(Duration::from_hours(24));
    assert_eq!(other.poll(&symbols(10)).await.calls, 3);
    // The first one takes the second one's.
    assert_eq!(bench.poll(10).await.calls, 1);
    assert_eq!(bench.server.calls_to("crumb").len(), 1);
}

#[tokio::test]
async fn a_stale_crumb_is_replaced_once_and_what_was_refused_is_asked_again() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(500).await;
    let stale = bench.store.session().await.unwrap().unwrap();
    bench.server.set_crumb("freshCrumb1");
    bench.server.forget_calls();
    let answer = bench.poll(500).await;
    assert_eq!((answer.state, answer.quotes.len()), (SourceState::Ok, 500));
    assert_eq!(bench.server.calls_to("crumb").len(), 1);
    // At most as many as were under way when the first was refused, then all ten.
    let quote_calls = bench.server.calls_to("quote").len();
    assert!((11..=14).contains(&quote_calls), "{quote_calls}");
    let fresh = bench.store.session().await.unwrap().unwrap();
    assert_eq!(fresh.crumb, "freshCrumb1");
    assert_ne!(fresh, stale);
}

#[tokio::test]
async fn a_stale_crumb_that_somebody_else_replaced_costs_no_call_for_a_crumb() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(10).await;
    let other = bench.another();
    other.poll(&symbols(10)).await;
    bench.server.set_crumb("freshCrumb1");
    bench.poll(10).await;
    bench.server.forget_calls();
    let answer = other.poll(&symbols(10)).await;
    assert_eq!((answer.state, answer.calls), (SourceState::Ok, 2));
    assert_eq!(bench.store.session().await.unwrap().unwrap().crumb, "freshCrumb1");
}

#[tokio::test]
async fn when_a_fresh_session_is_refused_too_prices_come_through_spark_and_nothing_loops() {
    let refuse = |call: &crate::server::Call| match call.endpoint {
        "quote" => Act::Answer(401, invalid("Invalid Crumb")),
        _ => Act::Usual,
    };
    let bench = Bench::new(Server::start(refuse).await);
    let answer = bench.poll(45).await;
    assert_eq!((answer.state, answer.reason), (SourceState::Degraded, Some(SourceReason::SessionRefused)));
    assert_eq!(answer.quotes.len(), 45);
    assert_eq!(bench.server.calls_to("crumb").len(), 2);
    assert_eq!(bench.server.calls_to("quote").len(), 2);
    let spark = bench.server.calls_to("spark");
    assert_eq!(spark.iter().map(|call| call.symbols.len()).collect::<Vec<_>>(), [20, 20, 5]);
    assert!(spark.iter().all(|call| !call.headers.contains_key("cookie") && !call.query.contains_key("crumb")));
    assert!(spark.iter().all(|call| call.query["_"].parse::<i64>().is_ok() && call.headers["cache-control"] == "no-cache"));
    // The planner reckons with spark's smaller calls, and no session is asked for in the next minutes.
    assert_eq!(bench.client.symbols_per_call(), 20);
    bench.server.forget_calls();
    assert_eq!(bench.poll(45).await.calls, 3);
    // Then it is tried again.
    bench.clock.advance(Duration::from_mins(5));
    bench.server.follow(|_| Act::Usual);
    assert_eq!(bench.client.symbols_per_call(), 50);
    let answer = bench.poll(45).await;
    assert_eq!((answer.state, answer.quotes.len()), (SourceState::Ok, 45));
}

/// No session can be had: prices come through spark.
async fn no_session(act: fn() -> Act, endpoint: &'static str, reason: SourceReason) {
    let bench = Bench::new(Server::start(move |call| if call.endpoint == endpoint { act() } else { Act::Usual }).await);
    let answer = bench.poll(30).await;
    assert_eq!((answer.state, answer.reason), (SourceState::Degraded, Some(reason)), "{endpoint}");
    assert_eq!((answer.quotes.len(), bench.server.calls_to("quote").len()), (30, 0));
    assert_eq!(bench.store.session().await.unwrap(), None);
    // The refusal of a crumb is no reason for the breaker while spark answers.
    assert_eq!(bench.store.breaker().await.unwrap().trips, 0);
}

#[tokio::test]
async fn the_text_of_a_429_is_not_taken_for_a_crumb() {
    no_session(|| Act::Answer(200, "Too Many Requests\r\n".into()), "crumb", SourceReason::SessionRefused).await;
    no_session(|| Act::Answer(200, "Edge: Too Many Requests".into()), "crumb", SourceReason::SessionRefused).await;
    no_session(|| status(429), "crumb", SourceReason::SessionRefused).await;
}

#[tokio::test]
async fn without_a_crumb_or_a_cookie_prices_come_through_spark() {
    no_session(|| Act::Answer(200, String::new()), "crumb", SourceReason::SessionRefused).await;
    no_session(|| Act::Answer(401, invalid("Invalid Cookie")), "crumb", SourceReason::SessionRefused).await;
    no_session(|| Act::Answer(200, "<html>".into()), "crumb", SourceReason::SessionRefused).await;
    no_session(|| Act::Answer(302, String::new()), "cookie", SourceReason::SessionRefused).await;
    no_session(|| Act::Answer(503, String::new()), "crumb", SourceReason::Unreachable).await;
    no_session(|| Act::Hang, "cookie", SourceReason::Unreachable).await;
}

#[tokio::test]
async fn what_spark_leaves_out_is_unanswered_and_not_missing() {
    let script = |call: &crate::server::Call| {
        match call.endpoint {
        "crumb" => status(429),
        "spark" => Act::Answer(
            200,
            r#"{"spark":{"result":[{"symbol":"^GSPC","response":[{"meta":{"regularMarketPrice":5000.1,"instrumentType":"INDEX"}}]},{"symbol":"BRK-B","response":[{"meta":{}}]}],"error":null}}"#.into(),
        ),
        _ => Act::Usual,
    }
    };
    let bench = Bench::new(Server::start(script).await);
    let answer = bench.poll(5).await;
    assert_eq!((answer.quotes.len(), answer.missing.len(), answer.unanswered.len()), (1, 0, 4));
}

#[tokio::test]
async fn a_session_with_which_everything_is_empty_is_dropped_once_it_is_old_enough_to_blame() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(10).await;
    bench.server.follow(|call| if call.endpoint == "quote" { Act::Answer(200, quotes::<&str>(&[])) } else { Act::Usual });
    bench.poll(10).await;
    assert!(bench.store.session().await.unwrap().is_some());
    bench.clock.advance(Duration::from_mins(11));
    let answer = bench.poll(10).await;
    assert_eq!(
        (answer.state, answer.reason, answer.unanswered.len()),
        (SourceState::Unreachable, Some(SourceReason::BadAnswer), 10)
    );
    assert!(bench.store.session().await.unwrap().is_none());
}

#[tokio::test]
async fn a_store_that_fails_does_not_stop_polling() {
    let server = Server::usual().await;
    let (faulty, clock) = (Arc::new(Faulty::new(Arc::new(MemoryStore::new()))), Arc::new(FakeClock::default()));
    faulty.fail_everything(Fault::Unavailable);
    let client = YahooClient::new(&server.config(), faulty.clone(), faulty.clone(), clock.clone()).unwrap();
    let wanted = symbols(60);
    for _ in 0..2 {
        let answer = client.poll(&wanted).await;
        assert_eq!((answer.state, answer.quotes.len()), (SourceState::Ok, 60));
    }
    assert_eq!(server.calls_to("crumb").len(), 1);
    // It is still told to stop, and keeps to it by itself.
    server.follow(|_| status(429));
    let answer = client.poll(&wanted).await;
    assert_eq!((answer.state, answer.reason), (SourceState::Refused, Some(SourceReason::RateLimited)));
    server.forget_calls();
    let answer = client.poll(&wanted).await;
    assert_eq!((answer.state, answer.calls, server.calls().len()), (SourceState::Refused, 0, 0));
    // When the store is back the others learn of it.
    faulty.heal();
    client.poll(&wanted).await;
    assert_eq!(faulty.inner().breaker().await.unwrap().trips, 1);
    assert_eq!(server.calls().len(), 0);
    // And it probes alone while the store is away, too.
    faulty.fail(Method::SwapBreaker, Fault::Unavailable);
    clock.advance(Duration::from_mins(5));
    server.follow(|_| Act::Usual);
    assert_eq!(client.poll(&wanted).await.state, SourceState::Ok);
}
