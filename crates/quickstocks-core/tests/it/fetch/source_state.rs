//! How the source is doing, and what is told of it.

use super::*;

#[tokio::test]
async fn each_change_of_the_sources_state_is_told_once_with_when_it_was_last_ok() {
    use SourceReason::{BadAnswer, RateLimited, SessionRefused, Unreachable as NoAnswer};
    use SourceState::{Degraded, Ok, Refused, Unreachable};
    let world = World::default();
    world.want(&["AAPL"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    let at = |ticks: u32| Some(NOW + TICK * ticks);
    for (n, (state, reason, told, last_ok)) in [
        (Refused, Some(RateLimited), true, None),
        (Ok, None, true, None),
        (Ok, None, false, None),
        (Degraded, Some(SessionRefused), true, None),
        (Degraded, Some(SessionRefused), false, None),
        (Degraded, Some(BadAnswer), true, None),
        (Refused, Some(RateLimited), true, at(6)),
        (Refused, Some(RateLimited), false, at(6)),
        (Refused, Some(SessionRefused), true, at(6)),
        (Unreachable, Some(NoAnswer), true, at(6)),
        (Ok, None, true, None),
    ]
    .into_iter()
    .enumerate()
    {
        let retry_at = (state == Refused).then(|| NOW + Duration::from_hours(5));
        world.source.set_state(state, reason, retry_at);
        let published = world.publisher.published().len();
        let report = world.next().await;
        let what = format!("{n}: {state:?} {reason:?}");
        assert_eq!((report.health.state, report.health.reason), (state, reason), "{what}");
        assert_eq!((report.health.last_ok_at, report.health.retry_at), (last_ok, retry_at), "{what}");
        assert_eq!(world.status().await.health, report.health, "{what}");
        let new = &world.publisher.published()[published..];
        assert_eq!(new.iter().map(|tick| tick.source_changed).collect::<Vec<_>>(), vec![true; usize::from(told)], "{what}");
        if n != 1 {
            assert!(new.iter().all(|tick| tick.quotes.is_empty()), "{what}");
        }
    }
}

#[tokio::test]
async fn while_the_source_refuses_the_last_good_quotes_stay_and_the_first_answer_after_it_is_told() {
    let world = World::default();
    world.want(&["AAPL", "MSFT"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.price("MSFT", "20");
    world.run().await;
    let good = world.memory.all_quotes();
    for reason in [SourceReason::RateLimited, SourceReason::Unreachable] {
        world.source.refuse(reason, None);
        for _ in 0..3 {
            let report = world.next().await;
            assert_eq!((report.changed, report.missing, report.unanswered), (0, 0, 2));
        }
        assert_eq!(world.memory.all_quotes(), good);
    }
    world.source.set_state(SourceState::Ok, None, None);
    world.price("AAPL", "11");
    world.next().await;
    let told = world.last_tick();
    assert_eq!(prices(&told), [("AAPL", "11".to_owned())]);
    assert!(told.source_changed && told.source.last_ok_at.is_none());
}

#[tokio::test]
async fn that_the_budget_is_spent_is_told_once_and_over_with_the_hour() {
    // Ten symbols need little; others, a search perhaps, spent what there was.
    for symbols in [10, 5000] {
        let world = World::with_page_size(5000);
        let names: Vec<String> = (0..symbols).map(|n| format!("S{n}")).collect();
        world.want(&names.iter().map(String::as_str).collect::<Vec<_>>(), Urgency::OnScreen).await;
        for of in &names {
            world.price(of, "9");
        }
        let fetch = world.budgeted(300);
        fetch.run().await.unwrap();
        let polls = world.source.polls().len();
        world.memory.add_calls(hour_of(NOW), 300).await.unwrap();
        world.price("S0", "10");
        for n in 1..=3 {
            world.clock.advance(TICK);
            let report = fetch.run().await.unwrap();
            assert_eq!((report.health.state, report.health.reason), (SourceState::Refused, Some(SourceReason::BudgetSpent)));
            assert_eq!(report.health.retry_at, Some(NOW + Duration::from_hours(1)), "the next hour");
            assert_eq!(report.health.last_ok_at, Some(NOW));
            assert_eq!(report.published, usize::from(n == 1), "{symbols} symbols, tick {n}");
        }
        let told = world.last_tick();
        assert!(told.source_changed && told.quotes.is_empty());
        assert_eq!((told.made_at, told.polled_at), (NOW + TICK, NOW), "nothing pretends to be fresh");
        assert_eq!(world.status().await.polled_at, NOW);
        assert_eq!(world.source.polls().len(), polls, "nothing is asked of the source");

        world.clock.set(NOW + Duration::from_hours(1));
        fetch.run().await.unwrap();
        let told = world.last_tick();
        assert_eq!((told.source.state, told.source.reason), (SourceState::Ok, None));
        assert!(told.source_changed);
    }
}

#[tokio::test]
async fn a_spent_budget_is_no_news_when_every_market_rests() {
    let world = World::default();
    world.want(&["AAPL"], Urgency::OnScreen).await;
    world.source.set_quote(Quote { market_state: MarketState::Closed, ..sample::quote("AAPL", "10", NOW) });
    let fetch = world.budgeted(300);
    fetch.run().await.unwrap();
    world.memory.add_calls(hour_of(NOW), 300).await.unwrap();
    world.clock.advance(RESTING_INTERVAL);
    let report = fetch.run().await.unwrap();
    assert_eq!((report.health.state, report.published), (SourceState::Ok, 0));
}
