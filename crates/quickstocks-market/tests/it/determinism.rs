//! Two markets with one seed agree at any time, whatever was asked before.

use std::time::Duration;

use proptest::prelude::*;
use quickstocks_market::{Market, MarketConfig};

use crate::support::{MONDAY_11_NEW_YORK, Yahoo, frozen};

fn market(seed: u64, start_ms: i64, always_open: bool) -> Market {
    let start_ms = Some(start_ms);
    Market::new(MarketConfig { seed, start_ms, frozen: true, always_open, ..MarketConfig::default() }).unwrap()
}

const SYMBOLS: [&str; 8] = ["AAPL", "VOD.L", "BTC-USD", "EURUSD=X", "^N225", "GC=F", "VFINX", "AZT.OL"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prices_depend_on_seed_symbol_and_time_alone(
        seed: u64,
        at_s in 1_600_000_000_i64..2_000_000_000,
        detour_s in 0_u64..10_000_000,
        symbol in prop::sample::select(SYMBOLS.as_slice()),
        always_open: bool,
    ) {
        let straight = market(seed, at_s * 1000, always_open);
        let detour = market(seed, 0, always_open);
        detour.advance_clock(Duration::from_secs(detour_s));
        detour.price(symbol).unwrap();
        detour.set_clock_ms(at_s * 1000);
        let price = straight.price(symbol).unwrap();
        prop_assert_eq!(price.to_bits(), detour.price(symbol).unwrap().to_bits());
        prop_assert!(price.is_finite() && price > 0.0);
    }
}

#[test]
fn another_seed_is_another_market() {
    let (one, other) = (market(1, MONDAY_11_NEW_YORK, true), market(2, MONDAY_11_NEW_YORK, true));
    let differ = SYMBOLS.iter().filter(|symbol| one.price(symbol).unwrap().to_bits() != other.price(symbol).unwrap().to_bits());
    assert_eq!(differ.count(), SYMBOLS.len());
}

#[tokio::test]
async fn two_servers_with_one_seed_give_the_same_bytes() {
    let (one, other) = (Yahoo::start(frozen()).await, Yahoo::start(frozen()).await);
    for path in [
        one.quote_path(&SYMBOLS.join(",")),
        "/v8/finance/chart/AAPL?range=5d&interval=5m".into(),
        "/v1/finance/trending/US".into(),
    ] {
        assert_eq!(one.text(&path).await, other.text(&path).await, "{path}");
    }
}

#[tokio::test]
async fn in_each_step_some_symbols_change_and_some_do_not() {
    let yahoo = Yahoo::start(frozen()).await;
    let symbols = yahoo.server.symbols();
    let batches: Vec<String> = symbols.chunks(50).map(|batch| batch.join(",")).collect();
    let mut before = Vec::new();
    for step in 0..4 {
        let mut now = Vec::new();
        for batch in &batches {
            now.extend(yahoo.quotes(batch).await);
        }
        if step > 0 {
            let changed = now.iter().zip(&before).filter(|(now, before)| now != before).count();
            assert!((50..symbols.len() - 50).contains(&changed), "{changed} of {}", symbols.len());
        }
        before = now;
        yahoo.server.advance_clock(Duration::from_secs(1));
    }
}

#[test]
fn wrong_settings_are_refused_with_a_sentence() {
    let error = Market::new(MarketConfig { step: Duration::from_millis(1), ..MarketConfig::default() }).unwrap_err();
    assert_eq!(error.to_string(), "the step of 1ms is not between 100 ms and 30 s; choose one in between");
}
