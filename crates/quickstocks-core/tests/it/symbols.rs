//! Symbols and their quotes, for somebody who asks now.

use proptest::prelude::*;
use quickstocks_core::model::{
    MAX_SYMBOL_LENGTH, Missing, MissingReason, SourceReason, SourceStatus, StoredQuote, Symbol, TickNumber, Urgency,
};
use quickstocks_core::ports::{QuoteWriter, SourceStatusWriter, StoreError};
use quickstocks_core::symbols::{Quotes, SymbolError, Symbols, UnknownSymbols};
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, NOW};

use crate::support::{TICK, World, missing, stored};

impl World {
    pub(crate) fn symbols(&self) -> Symbols {
        Symbols {
            quotes: self.store.clone(),
            quote_writer: self.store.clone(),
            source: self.source.clone(),
            status: self.store.clone(),
            status_writer: self.store.clone(),
            clock: self.clock.clone(),
            unknown: UnknownSymbols::default(),
        }
    }

    async fn quotes(&self, symbols: &[&str]) -> Quotes {
        self.symbols().quotes(&sample::symbols::<Vec<_>>(symbols)).await.unwrap()
    }

    async fn check(&self, symbols: &[&str]) -> Result<(), SymbolError> {
        self.symbols().check(&sample::symbols::<Vec<_>>(symbols)).await
    }
}

fn names(quotes: &Quotes) -> Vec<&str> {
    quotes.quotes.iter().map(|stored| stored.quote.symbol.as_str()).collect()
}

#[tokio::test]
async fn what_is_stored_is_answered_in_the_order_asked_for_each_once_and_the_source_is_not_asked() {
    let world = World::default();
    let known = ["AAPL", "IBM", "MSFT"].map(|of| stored(of, "10", 7));
    world.memory.store(&known).await.unwrap();
    let status = SourceStatus { tick: TickNumber(7), polled_at: NOW, ..SourceStatus::default() };
    world.memory.put_status(&status).await.unwrap();
    let found = world.quotes(&["MSFT", "AAPL", "MSFT"]).await;
    let [aapl, _, msft] = known;
    assert_eq!(found, Quotes { status, quotes: vec![msft, aapl], missing: Vec::new(), retry_at: None });
    assert_eq!(world.source.polls(), Vec::<Vec<Symbol>>::new());
    assert_eq!(world.store.call_count(Method::NextTick), 0);
}

#[tokio::test]
async fn what_is_not_stored_is_polled_once_and_kept_under_a_tick_number_of_its_own() {
    let world = World::default();
    world.memory.store(&[stored("AAPL", "10", 1)]).await.unwrap();
    let before = world.memory.next_tick().await.unwrap();
    world.price("MSFT", "20");
    let now = world.clock.advance(TICK);
    let found = world.quotes(&["MSFT", "AAPL", "GONE", "MSFT", "GONE"]).await;
    assert_eq!(names(&found), ["MSFT", "AAPL"]);
    assert_eq!(found.missing, [missing("GONE", MissingReason::Unknown)]);
    assert_eq!(world.source.polls(), [sample::symbols::<Vec<_>>(&["MSFT", "GONE"])]);
    let tick = TickNumber(before.0 + 1);
    let msft = StoredQuote { quote: sample::quote("MSFT", "20", NOW), tick, polled_at: now };
    assert_eq!(world.memory.all_quotes(), [stored("AAPL", "10", 1), msft.clone()]);
    assert_eq!(found.quotes[0], msft);

    assert_eq!(names(&world.quotes(&["MSFT"]).await), ["MSFT"]);
    assert_eq!(world.source.polls().len(), 1, "and is not polled again");
}

#[tokio::test]
async fn what_the_source_does_not_answer_is_pending_with_the_time_to_ask_again() {
    let world = World::default();
    world.memory.store(&[stored("AAPL", "10", 1)]).await.unwrap();
    world.source.refuse(SourceReason::RateLimited, Some(NOW + TICK));
    let found = world.quotes(&["AAPL", "MSFT"]).await;
    assert_eq!(names(&found), ["AAPL"], "the last good quote stays");
    assert_eq!(found.missing, [missing("MSFT", MissingReason::Pending)]);
    assert_eq!(found.retry_at, Some(NOW + TICK));
    assert_eq!(world.store.call_count(Method::NextTick), 0, "nothing is stored, so no number is taken");
    assert_eq!(world.quotes(&["AAPL"]).await.retry_at, None, "there is nothing to ask again");
}

#[tokio::test]
async fn a_fetcher_that_was_quicker_with_a_newer_quote_is_not_overwritten() {
    let world = World::default();
    world.price("AAPL", "10");
    let newer = StoredQuote { quote: sample::quote("AAPL", "11", NOW + TICK), tick: TickNumber(9), polled_at: NOW + TICK };
    let gate = world.store.hold(Method::StoreQuotes);
    let (symbols, asked) = (world.symbols(), sample::symbols::<Vec<_>>(&["AAPL"]));
    let (found, ()) = tokio::join!(symbols.quotes(&asked), async {
        gate.reached_by(1).await;
        world.memory.store(std::slice::from_ref(&newer)).await.unwrap();
        gate.open();
    });
    assert_eq!(names(&found.unwrap()), ["AAPL"]);
    assert_eq!(world.memory.all_quotes(), [newer]);
}

#[tokio::test]
async fn symbols_are_checked_against_what_is_stored_and_then_the_source() {
    let world = World::default();
    world.memory.store(&[stored("AAPL", "10", 1)]).await.unwrap();
    world.price("MSFT", "20");
    world.source.set_missing(&sample::symbol("GONE"), MissingReason::Delisted);
    world.source.set_unanswered(&sample::symbol("HUSH"));
    for (asked, expect) in [
        (&[][..], None),
        (&["AAPL"], None),
        (&["AAPL", "MSFT"], None),
        (&["AAPL", "WHAT", "GONE"], Some("not known to the source: WHAT, GONE")),
        (&["HUSH"], Some("cannot be checked now, since the source does not answer: HUSH")),
        (&["HUSH", "WHAT"], Some("not known to the source: WHAT")),
    ] {
        let answer = world.check(asked).await;
        assert_eq!(answer.err().map(|error| error.to_string()).as_deref(), expect, "{asked:?}");
    }
}

#[tokio::test]
async fn while_the_source_refuses_new_symbols_are_not_called_unknown() {
    let world = World::default();
    world.memory.store(&[stored("AAPL", "10", 1)]).await.unwrap();
    world.source.refuse(SourceReason::RateLimited, Some(NOW + TICK));
    assert!(world.check(&["AAPL"]).await.is_ok(), "it has a quote");
    let Err(SymbolError::Unchecked { symbols, retry_at }) = world.check(&["AAPL", "MSFT"]).await else {
        panic!("it could not be checked")
    };
    assert_eq!((symbols, retry_at), (sample::symbols(&["MSFT"]), Some(NOW + TICK)));
}

#[tokio::test]
async fn a_failing_store_is_told_and_nothing_unstored_is_answered() {
    for method in [Method::Status, Method::Quotes, Method::NextTick, Method::StoreQuotes] {
        let world = World::default();
        world.price("AAPL", "10");
        world.store.fail(method, Fault::Unavailable);
        let answer = world.symbols().quotes(&sample::symbols::<Vec<_>>(&["AAPL"])).await;
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{method:?}: {answer:?}");
        let checked = world.check(&["AAPL"]).await;
        assert!(matches!(checked, Err(SymbolError::Store(StoreError::Unavailable(_)))), "{method:?}: {checked:?}");
    }
}

#[tokio::test]
async fn who_follows_a_symbol_that_somebody_asked_about_between_two_ticks_is_told_by_the_next() {
    let world = World::default();
    world.want(&["AAPL", "MSFT"], Urgency::OnScreen).await;
    world.price("AAPL", "10");
    world.source.set_unanswered(&sample::symbol("MSFT"));
    world.fetch().run().await.unwrap();
    world.price("MSFT", "20");
    assert_eq!(names(&world.quotes(&["MSFT"]).await), ["MSFT"]);
    world.source.set_unanswered(&sample::symbol("MSFT"));
    world.clock.advance(TICK);
    world.fetch().run().await.unwrap();
    let told = world.publisher.published().pop().unwrap();
    let told: Vec<&str> = told.quotes.iter().map(|stored| stored.quote.symbol.as_str()).collect();
    assert_eq!(told, ["MSFT"]);
}

proptest! {
    /// Whatever mix of symbols is asked for: each is in one of the lists, once.
    #[test]
    fn every_symbol_asked_for_is_answered_once(
        asked in prop::collection::vec(0..8_usize, 0..20),
        in_store in prop::collection::btree_set(0..8_usize, 0..4),
        at_source in prop::collection::btree_set(0..8_usize, 0..4),
        silent in prop::collection::btree_set(0..8_usize, 0..3),
        refuses in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::default();
            let all = sample::many_symbols(8);
            let known: Vec<StoredQuote> = in_store.iter().map(|n| stored(all[*n].as_str(), "10", 1)).collect();
            world.memory.store(&known).await.unwrap();
            for n in &at_source {
                world.price(all[*n].as_str(), "20");
            }
            for n in &silent {
                world.source.set_unanswered(&all[*n]);
            }
            if refuses {
                world.source.refuse(SourceReason::Unreachable, None);
            }
            let asked: Vec<Symbol> = asked.into_iter().map(|n| all[n].clone()).collect();
            let found = world.symbols().quotes(&asked).await.unwrap();

            let mut expect = asked.clone();
            expect.sort();
            expect.dedup();
            let quoted = found.quotes.iter().map(|stored| stored.quote.symbol.clone());
            let mut answered: Vec<Symbol> = quoted.chain(found.missing.iter().map(|missing| missing.symbol.clone())).collect();
            answered.sort();
            prop_assert_eq!(&answered, &expect);
            let n = |symbol: &Symbol| all.iter().position(|one| one == symbol).unwrap();
            for Missing { symbol, reason } in &found.missing {
                let pending = refuses || silent.contains(&n(symbol));
                prop_assert_eq!(*reason == MissingReason::Pending, pending, "{}", symbol);
                prop_assert!(!in_store.contains(&n(symbol)), "{} is stored", symbol);
            }
            let first = |symbol: &Symbol| asked.iter().position(|one| one == symbol);
            prop_assert!(found.quotes.is_sorted_by_key(|stored| first(&stored.quote.symbol)));
            Ok(())
        })?;
    }

    #[test]
    fn a_symbol_is_read_back_as_it_is_written_in_any_case_and_with_spaces(text in "[A-Z0-9^][A-Z0-9.^=&_-]{0,31}") {
        let symbol = Symbol::parse(&text).unwrap();
        prop_assert_eq!(symbol.as_str(), &text);
        prop_assert_eq!(&symbol.to_string().parse::<Symbol>(), &Ok(symbol.clone()));
        prop_assert_eq!(Symbol::parse(&format!("  {} ", text.to_lowercase())), Ok(symbol.clone()));
        let json = serde_json::to_string(&symbol).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<Symbol>(&json).unwrap(), symbol);
    }

    #[test]
    fn what_is_read_as_a_symbol_needs_no_care_wherever_it_is_put(text in any::<String>().boxed().prop_union("[ -~]{1,3}|[ a-zA-Z0-9.^=&_-]{1,34}".boxed())) {
        if let Ok(symbol) = Symbol::parse(&text) {
            let kept = symbol.as_str();
            prop_assert!((1..=MAX_SYMBOL_LENGTH).contains(&kept.len()));
            prop_assert!(kept.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '^'));
            prop_assert!(kept.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_lowercase() && !b"\"'<>,;/\\#?%".contains(&b)));
            prop_assert_eq!(Symbol::parse(kept), Ok(symbol.clone()));
        }
    }
}
