//! From the schedule to a published tick.

mod source_state;
mod unpublished;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use quickstocks_core::fetch::{Fetch, FetchConfig, FetchError, FetchReport, RESTING_INTERVAL};
use quickstocks_core::model::{
    CallBudget, MarketState, MissingReason, Quote, ShardRange, SourceReason, SourceState, StoredQuote, Symbol, Tick, TickNumber,
    Timestamp, Urgency,
};
use quickstocks_core::ports::{CallCounter, Clock, QuoteWriter, SourceAnswer, SourceStatusWriter};
use quickstocks_testkit::ScriptedSource;
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, NOW};

use crate::support::{TICK, World, missing};

/// The symbols and prices of a tick.
fn prices(tick: &Tick) -> Vec<(&str, String)> {
    tick.quotes
        .iter()
        .map(|stored| (stored.quote.symbol.as_str(), stored.quote.price.map(|price| price.to_string()).unwrap_or_default()))
        .collect()
}

/// What a browser shows that got these ticks in this order: the newest quote of each symbol.
fn folded(ticks: &[Tick]) -> BTreeMap<Symbol, StoredQuote> {
    let mut board: BTreeMap<Symbol, StoredQuote> = BTreeMap::new();
    let rank = |stored: &StoredQuote| (stored.quote.newest(), stored.tick);
    for stored in ticks.iter().flat_map(|tick| &tick.quotes) {
        let shown = board.entry(stored.quote.symbol.clone()).or_insert_with(|| stored.clone());
        if rank(stored) >= rank(shown) {
            *shown = stored.clone();
        }
    }
    board
}

fn hour_of(now: Timestamp) -> i64 {
    now.millis() / 3_600_000
}

impl World {
    async fn run(&self) -> FetchReport {
        self.fetch().run().await.unwrap()
    }

    /// Lets the time between two ticks pass and runs the next.
    async fn next(&self) -> FetchReport {
        self.clock.advance(TICK);
        self.run().await
    }

    fn budgeted(&self, calls_an_hour: u32) -> Fetch {
        let fetch = self.fetch();
        Fetch { config: FetchConfig { budget: CallBudget::PerHour(calls_an_hour), ..fetch.config }, ..fetch }
    }

    fn last_tick(&self) -> Tick {
        self.publisher.published().pop().unwrap()
    }
}

#[tokio::test]
async fn the_first_poll_stores_and_publishes_every_quote_and_says_that_the_source_is_ok() {
    let world = World::default();
    world.want(&["AAPL", "MSFT"], Urgency::OnScreen).await;
    world.want(&["GONE"], Urgency::Followed).await;
    world.price("AAPL", "10");
    world.price("MSFT", "20");
    let report = world.run().await;
    let told = world.last_tick();
    assert_eq!(prices(&told), [("AAPL", "10".to_owned()), ("MSFT", "20".to_owned())]);
    assert_eq!(told.missing, [missing("GONE", MissingReason::Unknown)]);
    assert_eq!((told.tick, told.made_at, told.polled_at), (TickNumber(1), NOW, NOW));
    assert!(told.source_changed);
    assert_eq!((told.source.state, told.source.interval), (SourceState::Ok, 60));
    assert_eq!(world.memory.all_quotes(), told.quotes);
    let expect = FetchReport {
        tick: TickNumber(1),
        polled: 3,
        calls: 1,
        changed: 2,
        missing: 1,
        unanswered: 0,
        health: told.source,
        published: 1,
        alert_steps: 0,
    };
    assert_eq!(report, expect);
    let status = world.status().await;
    assert_eq!((status.tick, status.published, status.polled_at), (TickNumber(1), TickNumber(1), NOW));
    assert_eq!((status.on_screen, status.armed, status.followed), (2, 0, 1));
    assert_eq!((status.on_screen_interval, status.armed_interval, status.followed_interval), (60, 60, 60));
}

#[tokio::test]
async fn a_tick_goes_to_as_many_dispatchers_as_the_settings_say_each_with_its_shards() {
    for (messages, expect) in [(0, 1), (1, 1), (4, 4), (16, 16), (40, 16)] {
        let world = World::default();
        world.want(&["AAPL"], Urgency::OnScreen).await;
        world.price("AAPL", "10");
        let fetch = world.fetch();
        let config = FetchConfig { dispatch_messages: messages, ..fetch.config };
        let report = Fetch { config, ..fetch }.run().await.unwrap();
        let calls = world.publisher.calls();
        assert_eq!((report.published, calls.len()), (expect, 1), "{messages}");
        let shards: Vec<ShardRange> = calls[0].iter().map(|tick| tick.shards).collect();
        assert_eq!(shards, ShardRange::split(messages), "{messages}");
        for tick in &calls[0] {
            assert_eq!(*tick, Tick { shards: tick.shards, ..calls[0][0].clone() }, "they differ in nothing else");
        }
    }
}

#[tokio::test]
async fn every_symbol_of_every_shard_and_page_is_polled_once() {
    let world = World::default();
    let names: Vec<String> = (0..120).map(|n| format!("S{n}")).collect();
    world.want(&names.iter().map(String::as_str).collect::<Vec<_>>(), Urgency::Followed).await;
    let report = world.run().await;
    assert_eq!((report.polled, report.calls), (120, 3));
    let polled: BTreeSet<Symbol> = world.source.polls().concat().into_iter().collect();
    assert_eq!(polled, sample::many_symbols(120).into_iter().collect());
}

#[tokio::test]
async fn a_poll_that_finds_nothing_new_writes_no_quote_and_publishes_nothing() {
    let world = World::default();
    world.want(&["AAPL"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.run().await;
    let (quotes, writes) = (world.memory.all_quotes(), world.store.call_count(Method::StoreQuotes));
    let report = world.next().await;
    assert_eq!((report.changed, report.missing, report.published), (0, 0, 0));
    assert_eq!(world.publisher.calls().len(), 1);
    assert_eq!(world.memory.all_quotes(), quotes);
    assert_eq!(world.store.call_count(Method::StoreQuotes), writes);
    assert_eq!(world.status().await.polled_at, NOW + TICK, "that it was confirmed is noted all the same");
    assert_eq!(world.source.polls().len(), 2);
}

#[tokio::test]
async fn a_quote_is_kept_and_told_when_it_differs_and_is_not_older() {
    let first = sample::full_quote("VOD.L", NOW);
    let with = |edit: &dyn Fn(&mut Quote)| {
        let mut quote = first.clone();
        edit(&mut quote);
        quote
    };
    let second = Duration::from_secs(1);
    let session_ended = with(&|quote| (quote.extended, quote.market_state) = (None, MarketState::Closed));
    for (what, next, told) in [
        ("the same", first.clone(), false),
        ("another price at the same time", with(&|quote| quote.price = Some(sample::decimal("1"))), true),
        ("another price, newer", with(&|quote| (quote.price, quote.as_of) = (Some(sample::decimal("1")), NOW + second)), true),
        ("the same price, newer", with(&|quote| quote.as_of = NOW + TICK + second), true),
        ("another volume only", with(&|quote| quote.volume = Some(1)), true),
        ("a price that is gone", with(&|quote| quote.price = None), true),
        ("an older price after hours", with(&|quote| quote.extended.as_mut().unwrap().as_of = NOW + second), false),
        ("an older day", sample::full_quote("VOD.L", NOW - second), false),
        ("no after-hours price any more, so an older one", session_ended, false),
    ] {
        let world = World::default();
        world.want(&["VOD.L"], Urgency::OnScreen).await;
        world.source.set_quote(first.clone());
        world.run().await;
        world.source.set_quote(next.clone());
        world.clock.advance(RESTING_INTERVAL);
        let report = world.run().await;
        assert_eq!((report.changed, report.published), (usize::from(told), usize::from(told)), "{what}");
        let expect = if told { (next, TickNumber(2)) } else { (first.clone(), TickNumber(1)) };
        let stored = world.memory.all_quotes().remove(0);
        assert_eq!((stored.quote, stored.tick), expect, "{what}");
    }
}

#[tokio::test]
async fn when_nobody_wants_anything_nothing_is_polled_numbered_or_published() {
    let world = World::default();
    assert_eq!(world.run().await, FetchReport::default());
    world.want(&["AAPL"], Urgency::OnScreen).await;
    world.clock.advance(Duration::from_hours(25));
    assert_eq!(world.run().await, FetchReport::default(), "its lease has run out");
    assert!(world.source.polls().is_empty() && world.publisher.calls().is_empty());
    assert_eq!(world.store.call_count(Method::NextTick), 0);
}

#[tokio::test]
async fn a_symbol_that_stops_having_a_quote_is_told_once_and_again_for_another_reason() {
    let world = World::default();
    world.want(&["AAPL"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.run().await;
    for (reason, told) in [
        (MissingReason::Unknown, true),
        (MissingReason::Unknown, false),
        (MissingReason::Delisted, true),
        (MissingReason::Delisted, false),
        (MissingReason::Malformed, true),
    ] {
        world.source.set_missing(&sample::symbol("AAPL"), reason);
        world.clock.advance(RESTING_INTERVAL);
        let report = world.run().await;
        assert_eq!((report.polled, report.missing, report.published), (1, usize::from(told), usize::from(told)), "{reason:?}");
        if told {
            assert_eq!(world.last_tick().missing, [missing("AAPL", reason)]);
        }
        assert_eq!(world.memory.all_quotes().len(), 1, "its last-good quote stays");
    }
    world.clock.advance(RESTING_INTERVAL);
    world.price("AAPL", "11");
    world.run().await;
    assert_eq!(prices(&world.last_tick()), [("AAPL", "11".to_owned())]);
    assert_eq!(world.memory.poll_set()[0].missing, None);
}

#[tokio::test]
async fn a_symbol_without_a_quote_is_polled_rarely() {
    let world = World::default();
    world.want(&["GONE"], Urgency::OnScreen).await;
    for _ in 0..60 {
        world.next().await;
    }
    assert_eq!(world.source.polls().len(), 4, "each 15 minutes");
}

#[tokio::test]
async fn about_what_the_source_says_nothing_is_neither_missing_nor_changed() {
    let world = World::default();
    world.want(&["AAPL", "HUSH"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.price("HUSH", "20");
    world.run().await;
    world.source.set_unanswered(&sample::symbol("HUSH"));
    world.price("AAPL", "11");
    let report = world.next().await;
    assert_eq!((report.changed, report.missing, report.unanswered), (1, 0, 1));
    assert_eq!(prices(&world.last_tick()), [("AAPL", "11".to_owned())]);
    assert_eq!(world.memory.all_quotes()[1].quote.price, Some(sample::decimal("20")));
    let entry = &world.memory.poll_set()[1];
    assert_eq!((entry.missing, entry.polled_at), (None, None), "it is as due as it was");
}

#[tokio::test]
async fn a_quote_that_could_not_be_stored_is_told_all_the_same_and_stored_by_the_next_tick() {
    let world = World::default();
    world.want(&["AAPL", "MSFT"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.price("MSFT", "20");
    world.store.fail_quotes_of(&sample::symbol("MSFT"));
    assert_eq!(world.run().await.changed, 2);
    assert_eq!(world.memory.all_quotes().len(), 1);
    world.store.heal();
    assert_eq!(world.next().await.changed, 1);
    assert_eq!(prices(&world.last_tick()), [("MSFT", "20".to_owned())]);
    assert_eq!(world.memory.all_quotes().len(), 2);
}

#[tokio::test]
async fn a_poorer_answer_is_completed_from_the_stored_quote_and_a_full_one_is_not() {
    for (state, reason, kept) in
        [(SourceState::Degraded, Some(SourceReason::SessionRefused), true), (SourceState::Ok, None, false)]
    {
        let world = World::default();
        world.want(&["VOD.L"], Urgency::OnScreen).await;
        let full = sample::full_quote("VOD.L", NOW);
        world.source.set_quote(full.clone());
        world.run().await;
        let poor = Quote { name: "VOD.L".into(), ..sample::quote("VOD.L", "5", NOW + Duration::from_hours(1)) };
        world.source.set_quote(poor.clone());
        world.source.set_state(state, reason, None);
        world.clock.advance(RESTING_INTERVAL);
        world.run().await;
        let stored = world.memory.all_quotes().remove(0).quote;
        assert_eq!(stored.price, poor.price, "{state:?}");
        assert_eq!((stored.market_cap, stored.name), if kept { (full.market_cap, full.name) } else { (None, poor.name) });
    }
}

#[tokio::test]
async fn a_symbol_somebody_asked_for_between_two_ticks_is_told_to_those_who_follow_it() {
    let world = World::default();
    world.want(&["AAPL"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.run().await;
    world.price("MSFT", "20");
    let tick = world.memory.next_tick().await.unwrap();
    let asked = StoredQuote { quote: sample::quote("MSFT", "20", NOW), tick, polled_at: NOW };
    world.memory.store(std::slice::from_ref(&asked)).await.unwrap();
    world.want(&["MSFT"], Urgency::OnScreen).await;
    world.next().await;
    assert_eq!(world.last_tick().quotes, [asked]);
    assert_eq!(world.next().await.published, 0, "and not again");
}

#[tokio::test]
async fn a_usual_tick_reads_the_quotes_it_polled_and_no_others() {
    let world = World::default();
    world.want(&["AAPL"], Urgency::OnScreen).await;
    for n in 0..3 {
        world.price("AAPL", &format!("1{n}"));
        world.next().await;
    }
    assert_eq!(world.store.call_count(Method::Quotes), 3);
    assert_eq!(world.store.call_count(Method::RecordPolls), 3);
    assert_eq!(world.memory.poll_set()[0].polled_at, None, "there is nothing to note of a symbol that is due in every tick");
}

#[tokio::test]
async fn whatever_call_to_the_store_fails_the_next_tick_tells_every_change() {
    let prepare = || async {
        let world = World::default();
        world.want(&["AAPL", "IBM", "MSFT"], Urgency::OnScreen).await;
        for of in ["AAPL", "IBM", "MSFT"] {
            world.price(of, "10");
        }
        world.run().await;
        world.clock.advance(TICK);
        world.price("AAPL", "11");
        // It closes, so that something is to be noted in the poll set.
        world.source.set_quote(Quote { market_state: MarketState::Closed, ..sample::quote("IBM", "12", world.clock.now()) });
        world.source.set_missing(&sample::symbol("MSFT"), MissingReason::Delisted);
        world
    };
    let calls = {
        let world = prepare().await;
        let before = world.store.log().len();
        world.run().await;
        world.store.log().split_off(before)
    };
    for method in [Method::Status, Method::NextTick, Method::Quotes, Method::StoreQuotes, Method::RecordPolls, Method::PutStatus]
    {
        assert!(calls.contains(&method), "{method:?}");
    }
    for (at, called) in calls.iter().enumerate() {
        for fault in [Fault::Unavailable, Fault::Throttled, Fault::AnswerLost] {
            let world = prepare().await;
            world.store.fail_call(at + 1, fault);
            let error = world.fetch().run().await.unwrap_err();
            let what = format!("call {at}: {called:?}, {fault:?}");
            assert!(matches!(error, FetchError::Store(_)), "{what}: {error}");
            world.next().await;
            let ticks = world.publisher.published();
            let board = folded(&ticks);
            for (of, price) in [("AAPL", "11"), ("IBM", "12"), ("MSFT", "10")] {
                let shown = &board[&sample::symbol(of)].quote;
                assert_eq!(shown.price, Some(sample::decimal(price)), "{of} on screen: {what}");
            }
            assert_eq!(board.into_values().collect::<Vec<_>>(), world.memory.all_quotes(), "{what}");
            assert!(ticks.iter().any(|tick| tick.missing == [missing("MSFT", MissingReason::Delisted)]), "{what}");
            let status = world.status().await;
            assert_eq!((status.health.state, status.published), (SourceState::Ok, status.tick), "{what}");
            assert_eq!(world.next().await.published, 0, "and then it is quiet: {what}");
        }
    }
}

#[tokio::test]
async fn of_two_fetchers_at_once_the_newer_quote_wins_and_their_ticks_have_numbers_of_their_own() {
    let second = Duration::from_secs(1);
    for (slow_price, slow_at, fast_at, expect) in
        [("11", NOW - second, NOW, "12"), ("11", NOW, NOW, "12"), ("11", NOW + second, NOW, "11"), ("12", NOW, NOW, "12")]
    {
        // The slow one is about to compare with what is stored, or about to store, when the fast one comes and goes.
        for held_at in [Method::Quotes, Method::StoreQuotes] {
            let slow = World::default();
            let fast = slow.another();
            slow.want(&["AAPL"], Urgency::OnScreen).await;
            slow.source.set_quote(sample::quote("AAPL", slow_price, slow_at));
            fast.source.set_quote(sample::quote("AAPL", "12", fast_at));
            let gate = slow.store.hold(held_at);
            let fetch = slow.fetch();
            let (report, fast_report) = tokio::join!(fetch.run(), async {
                gate.reached_by(1).await;
                let report = fast.run().await;
                gate.open();
                report
            });
            let report = report.unwrap();
            let what = format!("{slow_price} at {slow_at}, held at {held_at:?}");
            assert!(report.tick < fast_report.tick, "{what}");
            assert_eq!(slow.status().await.tick, fast_report.tick, "the later tick's status stays: {what}");
            let shown = folded(&slow.publisher.published());
            assert_eq!(shown[&sample::symbol("AAPL")].quote.price, Some(sample::decimal(expect)), "{what}");
            assert_eq!(shown.into_values().collect::<Vec<_>>(), slow.memory.all_quotes(), "{what}");
        }
    }
}

#[tokio::test]
async fn a_closed_market_rests_and_the_first_symbol_that_moves_wakes_its_exchange_and_no_other() {
    let world = World::default();
    let at = |of: &str, exchange: &str, state| Quote {
        exchange_code: Some(exchange.into()),
        market_state: state,
        ..sample::quote(of, "10", NOW)
    };
    let listings = [("AAPL", "NMS"), ("IBM", "NYQ"), ("MSFT", "NMS"), ("SAP.DE", "GER")];
    for (of, exchange) in listings {
        world.want(&[of], Urgency::OnScreen).await;
        world.source.set_quote(at(of, exchange, MarketState::Closed));
    }
    world.run().await;
    for _ in 1..15 {
        assert_eq!(world.next().await.polled, 0);
    }
    let rests: Vec<Option<String>> =
        world.memory.poll_set().iter().map(|entry| entry.rests_at.as_ref().map(ToString::to_string)).collect();
    assert_eq!(rests, listings.map(|(_, exchange)| Some(exchange.to_owned())));

    // Only one of them comes before the exchange opens; the others are asked about a moment too early.
    let opened = SourceAnswer {
        quotes: vec![at("AAPL", "NMS", MarketState::Pre)],
        unanswered: sample::symbols(&["IBM", "MSFT", "SAP.DE"]),
        state: SourceState::Ok,
        calls: 1,
        ..SourceAnswer::default()
    };
    world.source.answer_next(opened);
    assert_eq!(world.next().await.polled, 4);
    let awake: Vec<bool> = world.memory.poll_set().iter().map(|entry| entry.rests_at.is_none()).collect();
    assert_eq!(awake, [true, false, true, false], "AAPL and MSFT");
}

#[derive(Clone, Debug)]
enum Step {
    Price(usize, u32),
    Missing(usize),
    Closed(usize, bool),
    State(SourceState),
    StoreFault(usize, bool),
    PublishFails,
    Tick,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let symbol = 0..8_usize;
    let state =
        prop::sample::select(vec![SourceState::Ok, SourceState::Degraded, SourceState::Refused, SourceState::Unreachable]);
    let step = prop_oneof![
        4 => (symbol.clone(), 1..100_u32).prop_map(|(of, price)| Step::Price(of, price)),
        1 => symbol.clone().prop_map(Step::Missing),
        1 => (symbol, any::<bool>()).prop_map(|(of, closed)| Step::Closed(of, closed)),
        1 => state.prop_map(Step::State),
        2 => (1..30_usize, any::<bool>()).prop_map(|(call, lost)| Step::StoreFault(call, lost)),
        2 => Just(Step::PublishFails),
        5 => Just(Step::Tick),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Whatever failed before, when all is well again and every symbol had its turn, who got every tick shows what the
    /// source says, and nothing is told twice for nothing.
    #[test]
    fn no_change_is_lost_for_good(steps in steps(), budget in prop::option::of(60..200_u32)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World { source: Arc::new(ScriptedSource::with_symbols_per_call(2)), ..World::default() };
            let names: Vec<String> = (0..8).map(|n| format!("S{n}")).collect();
            let mut quotes: Vec<Quote> = names.iter().map(|of| sample::quote(of, "1", NOW)).collect();
            world.want(&names.iter().map(String::as_str).collect::<Vec<_>>(), Urgency::OnScreen).await;
            for quote in &quotes {
                world.source.set_quote(quote.clone());
            }
            let fetch = budget.map_or_else(|| world.fetch(), |calls| world.budgeted(calls));
            for step in steps {
                let now = world.clock.now();
                match step {
                    Step::Price(of, price) => {
                        (quotes[of].price, quotes[of].as_of) = (Some(price.into()), now);
                        world.source.set_quote(quotes[of].clone());
                    }
                    Step::Missing(of) => world.source.set_missing(&quotes[of].symbol, MissingReason::Unknown),
                    Step::Closed(of, closed) => {
                        quotes[of].market_state = if closed { MarketState::Closed } else { MarketState::Regular };
                        world.source.set_quote(quotes[of].clone());
                    }
                    Step::State(state) => world.source.set_state(state, Some(SourceReason::BadAnswer), None),
                    Step::StoreFault(call, lost) => {
                        world.store.fail_call(call, if lost { Fault::AnswerLost } else { Fault::Unavailable });
                    }
                    Step::PublishFails => world.publisher.fail_next(1),
                    Step::Tick => {
                        let _ = fetch.run().await;
                        world.clock.advance(TICK);
                    }
                }
            }
            world.store.heal();
            world.source.set_state(SourceState::Ok, None, None);
            for quote in &quotes {
                world.source.set_quote(quote.clone());
            }
            // Failures of the topic that are still to come.
            while fetch.run().await.is_err() || world.status().await.health.state != SourceState::Ok {
                world.clock.advance(TICK);
            }
            for _ in 0..40 {
                world.clock.advance(TICK);
                let _ = fetch.run().await;
            }
            let board = folded(&world.publisher.published());
            prop_assert_eq!(board.values().map(|shown| shown.quote.clone()).collect::<Vec<_>>(), quotes);
            prop_assert_eq!(board.into_values().collect::<Vec<_>>(), world.memory.all_quotes());
            let published = world.publisher.calls().len();
            for _ in 0..3 {
                world.clock.advance(TICK);
                fetch.run().await.unwrap();
            }
            prop_assert_eq!(world.publisher.calls().len(), published, "nothing changed any more");
            Ok(())
        })?;
    }
}
