//! Values for this crate's tests.

use quickstocks_core::model::{
    InstrumentKind, MarketState, Quote, ShardRange, SourceHealth, SourceState, StoredQuote, Symbol, Tick, TickNumber, Timestamp,
};

pub(crate) fn quote(symbol: &str, price: &str) -> StoredQuote {
    let symbol = Symbol::parse(symbol).unwrap();
    StoredQuote {
        quote: Quote {
            name: symbol.as_str().into(),
            symbol,
            kind: InstrumentKind::Equity,
            exchange: None,
            exchange_code: Some("NMS".into()),
            time_zone: None,
            currency: None,
            price: Some(price.parse().unwrap()),
            price_hint: 2,
            change: None,
            change_percent: None,
            previous_close: None,
            open: None,
            day_low: None,
            day_high: None,
            volume: Some(51_204_045),
            average_volume: None,
            split: None,
            fifty_two_week_low: None,
            fifty_two_week_high: None,
            market_cap: None,
            pe_ratio: None,
            market_state: MarketState::Regular,
            delay_minutes: Some(0),
            extended: None,
            as_of: Timestamp::from_seconds(1_795_421_518),
        },
        tick: TickNumber(1843),
        polled_at: Timestamp::from_seconds(1_795_421_520),
    }
}

pub(crate) fn tick(quotes: Vec<StoredQuote>) -> Tick {
    Tick {
        tick: TickNumber(1843),
        made_at: Timestamp::from_seconds(1_795_421_580),
        polled_at: Timestamp::from_seconds(1_795_421_580),
        source: SourceHealth { state: SourceState::Ok, interval: 60, ..SourceHealth::default() },
        source_changed: false,
        quotes,
        missing: Vec::new(),
        shards: ShardRange::ALL,
        rest: None,
    }
}
