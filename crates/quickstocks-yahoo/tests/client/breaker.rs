//! 429: nobody calls until one probe was answered.

use std::time::Duration;

use futures_util::future::join_all;
use quickstocks_core::model::{SourceReason, SourceState};
use quickstocks_core::ports::{Clock, QuoteSource, SourceError, SourceGate, SymbolSearch};

use crate::server::{Act, Bench, Server, status, symbols};

#[tokio::test]
async fn a_breaker_opens_doubles_and_closes_by_one_answered_probe() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(10).await;
    bench.server.follow(|_| status(429));
    let mut expect = 5;
    let answer = bench.poll(120).await;
    assert_eq!((answer.state, answer.reason), (SourceState::Refused, Some(SourceReason::RateLimited)));
    assert_eq!(answer.unanswered.len(), 120);
    for _ in 0..5 {
        let until = bench.store.breaker().await.unwrap().open_until;
        assert_eq!(until, bench.clock.now() + Duration::from_mins(expect));
        // While it is open no call is made, and the answer says until when.
        bench.server.forget_calls();
        bench.clock.set(until - Duration::from_millis(1));
        let answer = bench.poll(120).await;
        assert_eq!(
            (answer.state, answer.reason, answer.retry_at),
            (SourceState::Refused, Some(SourceReason::RateLimited), Some(until))
        );
        assert_eq!((answer.calls, answer.unanswered.len(), bench.server.calls().len()), (0, 120, 0));
        // Then one call of one small chunk.
        bench.clock.set(until);
        let answer = bench.poll(120).await;
        assert_eq!((answer.state, answer.calls), (SourceState::Refused, 1));
        assert_eq!(bench.server.calls().len(), 1);
        assert_eq!(bench.server.calls()[0].symbols.len(), 20);
        expect = (expect * 2).min(60);
        assert_eq!(answer.retry_at, Some(bench.clock.now() + Duration::from_mins(expect)));
    }
    bench.server.follow(|_| Act::Usual);
    bench.clock.advance(Duration::from_hours(1));
    bench.server.forget_calls();
    let answer = bench.poll(120).await;
    assert_eq!((answer.state, answer.quotes.len(), answer.retry_at), (SourceState::Ok, 120, None));
    assert_eq!(answer.calls, 1 + 2, "the probe, and the other hundred");
    assert_eq!(bench.store.breaker().await.unwrap().trips, 0);
}

#[tokio::test]
async fn of_many_environments_one_probes() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(10).await;
    bench.server.follow(|_| status(429));
    bench.poll(10).await;
    bench.clock.advance(Duration::from_mins(5));
    bench.server.forget_calls();
    let clients: Vec<_> = (0..20).map(|_| bench.another()).collect();
    let wanted = symbols(10);
    let answers = join_all(clients.iter().map(|client| client.poll(&wanted))).await;
    assert_eq!(bench.server.calls().len(), 1);
    assert!(answers.iter().all(|answer| answer.state == SourceState::Refused && answer.retry_at.is_some()));
    assert_eq!(answers.iter().map(|answer| answer.calls).sum::<u32>(), 1);
    assert_eq!(bench.store.breaker().await.unwrap().trips, 2);
}

#[tokio::test]
async fn many_refusals_at_once_are_one_trip() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(10).await;
    bench.server.follow(|_| status(429));
    let wanted = symbols(200);
    let others: Vec<_> = (0..3).map(|_| bench.another()).collect();
    let answers = join_all(others.iter().map(|client| client.poll(&wanted))).await;
    assert!(answers.iter().all(|answer| answer.retry_at == answers[0].retry_at));
    assert_eq!(bench.store.breaker().await.unwrap().trips, 1);
}

#[tokio::test]
async fn no_call_is_begun_after_the_first_refusal() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(10).await;
    bench.server.forget_calls();
    bench.server.follow(|_| status(429));
    let answer = bench.poll(1000).await;
    assert!(answer.calls <= 4, "{} calls", answer.calls);
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_a_poll_keeps_what_was_answered() {
    let bench = Bench::with(Server::usual().await, |config| config.calls_in_flight = 1);
    bench.poll(10).await;
    bench.server.forget_calls();
    bench.server.follow(|call| if call.nth < 3 { Act::Usual } else { status(429) });
    let answer = bench.poll(500).await;
    assert_eq!((answer.state, answer.reason), (SourceState::Degraded, Some(SourceReason::RateLimited)));
    assert_eq!((answer.quotes.len(), answer.unanswered.len()), (150, 350));
    assert_eq!(answer.retry_at, Some(bench.clock.now() + Duration::from_mins(5)));
    // Three chunks, the refused one, the first of its halves.
    assert_eq!(answer.calls, 5);
    assert_eq!(bench.client.symbols_per_call(), 50);
}

#[tokio::test]
async fn a_probe_without_a_session_is_one_call_to_spark() {
    let bench = Bench::new(Server::start(|call| if call.endpoint == "cookie" { Act::Usual } else { status(429) }).await);
    let answer = bench.poll(60).await;
    assert_eq!((answer.state, answer.reason), (SourceState::Refused, Some(SourceReason::RateLimited)));
    bench.server.follow(|_| Act::Usual);
    bench.server.forget_calls();
    bench.clock.advance(Duration::from_mins(5));
    let answer = bench.poll(60).await;
    assert_eq!((answer.state, answer.quotes.len()), (SourceState::Ok, 60));
    assert_eq!(bench.server.calls()[0].endpoint, "spark");
    assert_eq!(bench.server.calls_to("spark").len(), 1);
    assert_eq!(bench.server.calls_to("quote").len(), 2);
}

#[tokio::test]
async fn a_probe_that_is_not_answered_leaves_it_to_the_next_a_minute_later() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(10).await;
    bench.server.follow(|_| status(429));
    bench.poll(10).await;
    bench.server.follow(|_| Act::Hang);
    let now = bench.clock.advance(Duration::from_mins(5));
    let answer = bench.poll(120).await;
    assert_eq!((answer.state, answer.reason, answer.calls), (SourceState::Unreachable, Some(SourceReason::Unreachable), 1));
    assert_eq!(answer.retry_at, Some(now + Duration::from_mins(1)));
    assert_eq!(bench.store.breaker().await.unwrap().trips, 1);
    bench.clock.advance(Duration::from_mins(1));
    bench.server.follow(|_| Act::Usual);
    assert_eq!(bench.poll(120).await.state, SourceState::Ok);
}

#[tokio::test]
async fn a_probe_with_a_stale_session_closes_the_breaker_and_gets_a_fresh_one() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(10).await;
    bench.server.follow(|_| status(429));
    bench.poll(10).await;
    bench.server.set_crumb("freshCrumb1");
    bench.server.follow(|_| Act::Usual);
    bench.clock.advance(Duration::from_mins(5));
    let answer = bench.poll(120).await;
    assert_eq!((answer.state, answer.quotes.len()), (SourceState::Ok, 120));
    assert_eq!(bench.store.breaker().await.unwrap().trips, 0);
}

#[tokio::test]
async fn a_search_is_stopped_by_the_breaker_trips_it_and_may_probe() {
    let bench = Bench::new(Server::start(|_| status(429)).await);
    let refused = bench.client.search("apple", 5).await.unwrap_err();
    let until = bench.clock.now() + Duration::from_mins(5);
    assert!(matches!(refused, SourceError::Refused { retry_at: Some(at) } if at == until), "{refused:?}");
    bench.server.forget_calls();
    assert!(matches!(bench.client.search("apple", 5).await, Err(SourceError::Refused { retry_at: Some(at) }) if at == until));
    assert_eq!(bench.server.calls().len(), 0);
    bench.clock.set(until);
    bench.server.follow(|_| Act::Answer(200, r#"{"quotes":[{"symbol":"AAPL","quoteType":"EQUITY"}]}"#.into()));
    assert_eq!(bench.client.search("apple", 5).await.unwrap().len(), 1);
    assert_eq!(bench.store.breaker().await.unwrap().trips, 0);
}
