//! The budget of calls an hour.

use std::time::Duration;

use futures_util::future::join_all;
use quickstocks_core::model::{CallBudget, SourceReason, SourceState, Symbol, Timestamp};
use quickstocks_core::ports::{CallCounter, Clock, QuoteSource, SourceError, SymbolSearch};

use crate::server::{Act, Bench, Server, status, symbols};

fn hour(now: Timestamp) -> i64 {
    now.millis().div_euclid(3_600_000)
}

fn next_hour(now: Timestamp) -> Timestamp {
    Timestamp::from_millis((hour(now) + 1) * 3_600_000)
}

#[tokio::test]
async fn every_call_is_counted_in_its_hour() {
    let bench = Bench::new(Server::usual().await);
    let answer = bench.poll(120).await;
    assert_eq!(answer.calls, 5);
    assert_eq!(bench.store.calls(hour(bench.clock.now())).await.unwrap(), 5);
    let now = bench.clock.advance(Duration::from_hours(1));
    bench.poll(120).await;
    assert_eq!(bench.store.calls(hour(now)).await.unwrap(), 3);
}

#[tokio::test]
async fn when_the_budget_is_spent_no_call_is_made_until_the_next_hour() {
    let bench = Bench::with(Server::usual().await, |config| config.budget = CallBudget::PerHour(8));
    bench.clock.advance(Duration::from_mins(17));
    let answer = bench.poll(500).await;
    let next_hour = next_hour(bench.clock.now());
    let retry_at = Some(next_hour);
    assert_eq!(
        (answer.state, answer.reason, answer.retry_at),
        (SourceState::Degraded, Some(SourceReason::BudgetSpent), retry_at)
    );
    assert_eq!((answer.calls, answer.quotes.len(), answer.unanswered.len()), (8, 300, 200));
    assert_eq!(bench.server.calls().len(), 8);
    // What was not made was not counted.
    assert_eq!(bench.store.calls(hour(bench.clock.now())).await.unwrap(), 8);
    let answer = bench.poll(500).await;
    assert_eq!((answer.state, answer.reason, answer.retry_at), (SourceState::Refused, Some(SourceReason::BudgetSpent), retry_at));
    assert_eq!((answer.calls, bench.server.calls().len()), (0, 8));
    let refused = bench.client.search("apple", 3).await.unwrap_err();
    assert!(matches!(refused, SourceError::Refused { retry_at: at } if at == retry_at));
    bench.clock.set(next_hour);
    assert_eq!(bench.poll(100).await.state, SourceState::Ok);
}

#[tokio::test]
async fn the_last_fifth_of_the_budget_is_for_polls_alone() {
    let answer = |call: &crate::server::Call| match call.endpoint {
        "search" => Act::Answer(200, r#"{"quotes":[]}"#.into()),
        _ => Act::Usual,
    };
    let bench = Bench::with(Server::start(answer).await, |config| config.budget = CallBudget::PerHour(10));
    for _ in 0..8 {
        assert!(bench.client.search("apple", 3).await.is_ok());
    }
    let refused = bench.client.search("apple", 3).await.unwrap_err();
    let next_hour = next_hour(bench.clock.now());
    assert!(matches!(refused, SourceError::Refused { retry_at: Some(at) } if at == next_hour), "{refused:?}");
    let asked_for = bench.client.look_up(&[Symbol::parse("NEW1").unwrap()]).await;
    assert_eq!(
        (asked_for.retry_at, asked_for.calls, asked_for.unanswered.len()),
        (Some(next_hour), 0, 1),
        "nor is it for who asks for new symbols"
    );
    assert_eq!(bench.server.calls().len(), 8);
    // Two are left: a session. Prices come when the next hour begins, through no fault of the searches.
    assert_eq!(bench.poll(5).await.calls, 2);
}

#[tokio::test]
async fn the_budget_holds_over_all_environments_together() {
    let bench = Bench::with(Server::usual().await, |config| config.budget = CallBudget::PerHour(20));
    bench.poll(10).await;
    let mut config = bench.server.config();
    config.budget = CallBudget::PerHour(20);
    let clients: Vec<_> = (0..5)
        .map(|_| {
            quickstocks_yahoo::YahooClient::new(&config, bench.store.clone(), bench.store.clone(), bench.clock.clone()).unwrap()
        })
        .collect();
    let wanted = symbols(300);
    join_all(clients.iter().map(|client| client.poll(&wanted))).await;
    assert_eq!(bench.server.calls().len(), 20);
}

#[tokio::test]
async fn a_spent_budget_takes_no_probe_and_allows_no_second_try() {
    let bench = Bench::with(Server::usual().await, |config| config.budget = CallBudget::PerHour(3));
    bench.poll(1).await;
    bench.server.follow(|_| Act::Lost);
    let answer = bench.poll(1).await;
    assert_eq!((answer.calls, answer.reason), (0, Some(SourceReason::BudgetSpent)));
    bench.clock.set(next_hour(bench.clock.now()));
    bench.server.follow(|_| status(429));
    bench.poll(1).await;
    bench.clock.advance(Duration::from_mins(5));
    for _ in 0..2 {
        bench.store.add_calls(hour(bench.clock.now()), 1).await.unwrap();
    }
    bench.server.forget_calls();
    let answer = bench.poll(1).await;
    // The store's count was raised by others; the one call it is good for is counted beyond the budget and not made.
    assert_eq!((answer.reason, bench.server.calls().len()), (Some(SourceReason::BudgetSpent), 0));
}
