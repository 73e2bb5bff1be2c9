//! What a tick could not publish is not lost.

use super::*;

#[tokio::test]
async fn what_could_not_be_published_is_told_by_the_next_tick() {
    let world = World::default();
    world.want(&["AAPL", "GONE"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.publisher.fail_next(1);
    let error = world.fetch().run().await.unwrap_err();
    assert!(matches!(error, FetchError::Publish(_)), "{error}");
    let status = world.status().await;
    assert_eq!((status.tick, status.published), (TickNumber(1), TickNumber(0)));
    assert_eq!(status.health.state, SourceState::Starting, "nobody was told that it is ok");
    world.next().await;
    let told = world.last_tick();
    assert_eq!(told.tick, TickNumber(2));
    assert_eq!(prices(&told), [("AAPL", "10".to_owned())]);
    assert_eq!(told.quotes[0].tick, TickNumber(1), "as it is stored");
    assert_eq!(told.missing, [missing("GONE", MissingReason::Unknown)]);
    assert!(told.source_changed);
    assert_eq!(world.next().await.published, 0, "and not again");
}

#[tokio::test]
async fn what_could_not_be_published_is_told_even_if_the_next_tick_polls_something_else() {
    let world = World { source: Arc::new(ScriptedSource::with_symbols_per_call(1)), ..World::default() };
    world.want(&["AAPL", "MSFT"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.price("MSFT", "20");
    // One call each tick, so one symbol each tick.
    let fetch = world.budgeted(60);
    fetch.run().await.unwrap();
    let mut polled = world.source.polls();
    for n in 1..=4 {
        world.clock.advance(TICK);
        world.price("AAPL", &format!("1{n}"));
        world.price("MSFT", &format!("2{n}"));
        world.publisher.fail_next(1);
        fetch.run().await.unwrap_err();
        world.clock.advance(TICK);
        fetch.run().await.unwrap();
        polled = world.source.polls().split_off(polled.len());
        assert_ne!(polled[0], polled[1], "the next tick polls something else");
        let told: BTreeSet<Symbol> = world.last_tick().quotes.into_iter().map(|stored| stored.quote.symbol).collect();
        assert!(polled.iter().flatten().all(|symbol| told.contains(symbol)), "{polled:?} {told:?}");
        polled = world.source.polls();
    }
}

#[tokio::test]
async fn what_could_not_be_published_is_told_even_if_the_next_tick_polls_nothing() {
    let world = World::default();
    world.want(&["AAPL"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.run().await;
    world.clock.advance(TICK);
    let close = Quote { market_state: MarketState::Closed, ..sample::quote("AAPL", "11", world.clock.now()) };
    world.source.set_quote(close);
    world.publisher.fail_next(1);
    world.fetch().run().await.unwrap_err();
    let polls = world.source.polls().len();
    let report = world.next().await;
    assert_eq!((report.polled, report.changed, report.published), (0, 1, 1));
    assert_eq!(world.source.polls().len(), polls, "its market is closed");
    assert_eq!(prices(&world.last_tick()), [("AAPL", "11".to_owned())]);
    assert_eq!(world.last_tick().polled_at, NOW + TICK);
    assert_eq!(world.next().await.published, 0, "and not again");
}

#[tokio::test]
async fn a_state_that_could_not_be_told_leaves_the_status_with_the_poll_of_the_old_one() {
    let world = World::default();
    world.want(&["AAPL"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.run().await;
    world.source.refuse(SourceReason::RateLimited, None);
    world.publisher.fail_next(1);
    world.clock.advance(TICK);
    world.fetch().run().await.unwrap_err();
    let status = world.status().await;
    assert_eq!((status.health.state, status.polled_at), (SourceState::Ok, NOW), "ok, as of then");
    let report = world.next().await;
    assert_eq!((report.health.state, report.published), (SourceState::Refused, 1));
    assert_eq!(report.health.last_ok_at, Some(NOW), "the failed tick was not ok");
}

#[tokio::test]
async fn what_alerts_watch_travels_apart_with_the_quote_before_it() {
    let world = World::default();
    world.want(&["AAPL", "MSFT"], Urgency::OnScreen).await;
    world.want(&["AAPL"], Urgency::Armed).await;
    for (price, before) in [("10", None), ("11", Some("10"))] {
        world.price("AAPL", price);
        world.price("MSFT", price);
        assert_eq!(world.next().await.alert_steps, 1);
        let work = world.publisher.alert_work().pop().unwrap();
        let [step] = &work.steps[..] else { panic!("{work:?}") };
        assert_eq!(step.quote, world.last_tick().quotes[0]);
        let previous = step.previous.as_ref().and_then(|stored| stored.quote.price).map(|price| price.to_string());
        assert_eq!(previous.as_deref(), before);
    }
    assert_eq!(world.next().await.alert_steps, 0, "nothing changed");
    assert_eq!(world.publisher.alert_work().len(), 2);
}

#[tokio::test]
async fn what_alerts_could_not_be_told_comes_with_the_next_tick() {
    let world = World::default();
    world.want(&["AAPL"], Urgency::Armed).await;
    world.price("AAPL", "10");
    world.publisher.fail_next_alert_work();
    world.fetch().run().await.unwrap_err();
    assert_eq!(world.publisher.alert_work(), []);
    assert_eq!(world.next().await.alert_steps, 1);
    let work = world.publisher.alert_work().pop().unwrap();
    assert_eq!(work.steps[0].quote.tick, TickNumber(1), "as it is stored");
}
