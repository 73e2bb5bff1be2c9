//! The client against the simulated exchange, which somebody else wrote from the same facts about Yahoo.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::model::{
    CallBudget, HistoryRange, InstrumentKind, MissingReason, Quote, SourceReason, SourceState, Symbol, Timestamp,
};
use quickstocks_core::ports::{HistorySource, QuoteSource, SymbolSearch};
use quickstocks_market::{Family, Fault, FaultKind, MarketConfig, MarketServer};
use quickstocks_testkit::{FakeClock, MemoryStore};
use quickstocks_yahoo::{YahooClient, YahooConfig};

/// A Tuesday in the afternoon in New York.
const NOW: i64 = 1_790_709_000_000;

struct Bench {
    market: MarketServer,
    clock: Arc<FakeClock>,
    client: YahooClient,
}

impl Bench {
    async fn new() -> Self {
        let market = MarketServer::start(MarketConfig {
            start_ms: Some(NOW),
            frozen: true,
            synthetic_listings: 1000,
            ..MarketConfig::default()
        })
        .await
        .unwrap();
        let config = YahooConfig {
            base_url: market.base_url(),
            cookie_url: market.base_url(),
            budget: CallBudget::Off,
            call_timeout: Duration::from_secs(5),
            ..YahooConfig::default()
        };
        let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(FakeClock::at(Timestamp::from_millis(NOW))));
        let client = YahooClient::new(&config, store.clone(), store, clock.clone()).unwrap();
        Self { market, clock, client }
    }

    fn symbols(&self, count: usize) -> Vec<Symbol> {
        let symbols: Vec<Symbol> =
            self.market.symbols().iter().map(|symbol| Symbol::parse(symbol).unwrap()).take(count).collect();
        assert_eq!(symbols.len(), count);
        symbols
    }

    fn calls(&self, family: Family) -> u64 {
        self.market.calls().family(family).calls
    }
}

fn symbol(text: &str) -> Symbol {
    Symbol::parse(text).unwrap()
}

#[tokio::test]
async fn five_hundred_symbols_are_ten_calls_and_a_session_is_two() {
    let bench = Bench::new().await;
    let answer = bench.client.poll(&bench.symbols(500)).await;
    assert_eq!((answer.state, answer.reason, answer.unanswered.len()), (SourceState::Ok, None, 0));
    assert_eq!((bench.calls(Family::Quote), bench.calls(Family::Session), answer.calls), (10, 2, 12));
    assert!(bench.market.calls().max_in_flight <= 4);
    let priced = answer.quotes.iter().filter(|quote| quote.price.is_some()).count();
    assert!(priced > 480, "{priced} of 500 have a price");
    let apple = answer.quotes.iter().find(|quote| quote.symbol == symbol("AAPL")).unwrap();
    assert_eq!((&*apple.name, apple.kind, apple.exchange_code.as_deref()), ("Apple Inc.", InstrumentKind::Equity, Some("NMS")));
    assert!(apple.change.is_some() && apple.day_high >= apple.price && apple.market_cap.is_some() && apple.pe_ratio.is_some());
}

#[tokio::test]
async fn spark_and_v7_agree() {
    let bench = Bench::new().await;
    let wanted = ["AAPL", "MSFT", "OCDO.L", "^GSPC", "EURUSD=X"].map(symbol);
    let rich = bench.client.poll(&wanted).await;
    bench.market.add_fault(Fault::new(Family::Quote, FaultKind::InvalidCrumb));
    let poor = bench.client.poll(&wanted).await;
    assert_eq!((poor.state, poor.reason), (SourceState::Degraded, Some(SourceReason::SessionRefused)));
    let shown = |quote: &Quote| {
        (
            quote.symbol.clone(),
            quote.name.clone(),
            quote.kind,
            quote.currency.clone(),
            quote.price,
            quote.previous_close,
            quote.as_of,
        )
    };
    assert_eq!(poor.quotes.iter().map(shown).collect::<Vec<_>>(), rich.quotes.iter().map(shown).collect::<Vec<_>>());
}

#[tokio::test]
async fn each_fault_has_its_outcome() {
    use FaultKind as Kind;
    let degraded = |reason| (SourceState::Degraded, Some(reason));
    let unreachable = |reason| (SourceState::Unreachable, Some(reason));
    let ok = (SourceState::Ok, None);
    for (family, kind, expect) in [
        (Family::Quote, Kind::StaleCrumb, ok),
        (Family::Quote, Kind::Delay { ms: 20 }, ok),
        (Family::Quote, Kind::InvalidCookie, degraded(SourceReason::SessionRefused)),
        (Family::Session, Kind::TooManyRequests { edge: true }, degraded(SourceReason::SessionRefused)),
        (Family::Session, Kind::WillBeRightBack, degraded(SourceReason::SessionRefused)),
        (Family::Session, Kind::EmptyBody, degraded(SourceReason::SessionRefused)),
        (Family::Quote, Kind::TooManyRequests { edge: false }, (SourceState::Refused, Some(SourceReason::RateLimited))),
        (Family::All, Kind::TooManyRequests { edge: true }, (SourceState::Refused, Some(SourceReason::RateLimited))),
        (Family::Quote, Kind::InternalError, unreachable(SourceReason::Unreachable)),
        (Family::Quote, Kind::Unavailable, unreachable(SourceReason::Unreachable)),
        (Family::All, Kind::Unavailable, unreachable(SourceReason::Unreachable)),
        (Family::Quote, Kind::CutConnection, unreachable(SourceReason::Unreachable)),
        (Family::Quote, Kind::WillBeRightBack, unreachable(SourceReason::BadAnswer)),
        (Family::Quote, Kind::EmptyResult, unreachable(SourceReason::BadAnswer)),
        (Family::Quote, Kind::EmptyBody, unreachable(SourceReason::BadAnswer)),
        (Family::Quote, Kind::Garbage, unreachable(SourceReason::BadAnswer)),
        (Family::Quote, Kind::TruncatedJson, unreachable(SourceReason::BadAnswer)),
    ] {
        let bench = Bench::new().await;
        let times = if matches!(kind, Kind::StaleCrumb) { Some(1) } else { None };
        if matches!(kind, Kind::StaleCrumb) {
            bench.client.poll(&[symbol("AAPL")]).await;
        }
        bench.market.add_fault(Fault { times, ..Fault::new(family, kind.clone()) });
        let wanted = bench.symbols(60);
        let answer = bench.client.poll(&wanted).await;
        assert_eq!((answer.state, answer.reason), expect, "{kind:?} of {family:?}");
        assert_eq!(answer.quotes.len() + answer.missing.len() + answer.unanswered.len(), 60, "{kind:?} of {family:?}");
        // Whatever it was, when it is over all is well again within the longest first pause.
        bench.market.clear_faults();
        bench.clock.advance(Duration::from_mins(6));
        assert_eq!(bench.client.poll(&wanted).await.state, SourceState::Ok, "after {kind:?} of {family:?}");
    }
}

#[tokio::test]
async fn a_symbol_that_vanishes_is_unknown_while_the_others_stand() {
    let bench = Bench::new().await;
    bench.market.add_fault(Fault::new(Family::Quote, FaultKind::MissingSymbols { symbols: vec!["MSFT".into()] }));
    let answer = bench.client.poll(&["AAPL", "MSFT", "NOSUCHTHING"].map(symbol)).await;
    assert_eq!((answer.state, answer.quotes.len()), (SourceState::Ok, 1));
    assert!(answer.missing.iter().all(|missing| missing.reason == MissingReason::Unknown));
    assert_eq!(answer.missing.len(), 2);
}

#[tokio::test]
async fn whatever_the_client_relies_on_is_found_to_hold_or_told() {
    let bench = Bench::new().await;
    let findings = quickstocks_yahoo::contract::check(&bench.client).await;
    let wrong: Vec<String> = findings.iter().filter(|finding| finding.outcome.is_err()).map(ToString::to_string).collect();
    assert_eq!(wrong, [""; 0]);
    assert!(findings.len() > 6);
    let calls = bench.market.calls();
    assert!(calls.total <= 14, "{} calls", calls.total);
    bench.market.add_fault(Fault::new(Family::Search, FaultKind::MissingSymbols { symbols: vec!["AAPL".into()] }));
    bench.market.add_fault(Fault::new(Family::Quote, FaultKind::MissingSymbols { symbols: vec!["SPY".into()] }));
    bench.market.add_fault(Fault::new(Family::Trending, FaultKind::InvalidCrumb));
    let findings = quickstocks_yahoo::contract::check(&bench.client).await;
    let wrong: Vec<String> = findings.iter().filter(|finding| finding.outcome.is_err()).map(ToString::to_string).collect();
    assert!(wrong.len() >= 2 && wrong[0].contains("SPY is missing"), "{wrong:?}");
}

#[tokio::test]
async fn search_and_history_work() {
    let bench = Bench::new().await;
    let finds = bench.client.search("apple", 5).await.unwrap();
    assert!(finds.iter().any(|find| find.symbol == symbol("AAPL")), "{finds:?}");
    for range in HistoryRange::ALL {
        let history = bench.client.history(&symbol("AAPL"), range, range.usual_interval()).await.unwrap();
        assert!(
            history.bars.len() > 3 && history.bars.iter().all(|bar| bar.close.is_some()),
            "{range}: {} bars",
            history.bars.len()
        );
    }
    assert!(
        bench.client.history(&symbol("NOSUCHTHING"), HistoryRange::OneDay, HistoryRange::OneDay.usual_interval()).await.is_err()
    );
}
