//! Whatever a body holds, decoding it never panics, and what is odd in one entry costs no other.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use quickstocks_core::model::{HistoryRange, InstrumentKind, Interval, MarketState, Quote, Session, Symbol, Timestamp};
use quickstocks_yahoo::decode::{HistoryRequest, decode_chart, decode_quotes, decode_search, decode_spark};
use serde_json::{Value, json};

fn decode_everything(body: &[u8]) {
    let request = HistoryRequest { symbol: Symbol::parse("AAPL").unwrap(), range: HistoryRange::Max, interval: Interval::OneDay };
    for quote in decode_quotes(body).map(|entries| entries.quotes).unwrap_or_default() {
        check(&quote);
    }
    for quote in decode_spark(body, Timestamp::from_seconds(1_791_000_000)).map(|entries| entries.quotes).unwrap_or_default() {
        check(&quote);
    }
    if let Ok(history) = decode_chart(body, request) {
        assert!(history.bars.windows(2).all(|pair| pair[0].time < pair[1].time));
    }
    for find in decode_search(body).unwrap_or_default() {
        assert!(!find.name.is_empty());
    }
}

/// What holds for every quote whatever it was decoded from.
fn check(quote: &Quote) {
    assert!(!quote.name.is_empty() && quote.name.chars().count() <= 300 && !quote.name.chars().any(char::is_control));
    assert!(quote.price_hint <= 12);
    let text = serde_json::to_string(quote).unwrap();
    assert_eq!(serde_json::from_str::<Quote>(&text).unwrap(), *quote);
}

/// A JSON value of any shape.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        number_text().prop_map(|text| serde_json::from_str(&text).unwrap_or(Value::Null)),
        ".{0,40}".prop_map(Value::from),
        Just(json!({"raw": 269.7, "fmt": "269.70"})),
        Just(json!("EQUITY")),
        Just(json!("AAPL")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z]{0,12}", inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The text of a number, sane or not.
fn number_text() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,5})?"
}

const QUOTE_FIELDS: [&str; 14] = [
    "longName",
    "currency",
    "marketState",
    "priceHint",
    "regularMarketPrice",
    "regularMarketTime",
    "regularMarketPreviousClose",
    "regularMarketChange",
    "regularMarketVolume",
    "marketCap",
    "exchangeDataDelayedBy",
    "postMarketPrice",
    "postMarketTime",
    "preMarketPrice",
];

const META_FIELDS: [&str; 10] = [
    "instrumentType",
    "longName",
    "currency",
    "priceHint",
    "regularMarketPrice",
    "regularMarketTime",
    "previousClose",
    "chartPreviousClose",
    "regularMarketVolume",
    "currentTradingPeriod",
];

fn object(fields: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::collection::vec((prop::sample::select(fields), value()), 0..12)
        .prop_map(|fields| Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        decode_everything(&body);
    }

    #[test]
    fn random_json_never_panics(body in value(), key in prop::sample::select(vec!["quoteResponse", "spark", "chart", "finance", "quotes"])) {
        decode_everything(body.to_string().as_bytes());
        decode_everything(json!({key: body}).to_string().as_bytes());
        decode_everything(json!({key: {"result": body}}).to_string().as_bytes());
        decode_everything(json!({key: {"result": [body], "error": body}}).to_string().as_bytes());
    }

    #[test]
    fn an_odd_field_costs_no_quote(mut odd in object(&QUOTE_FIELDS)) {
        odd["symbol"] = "ODD".into();
        odd["quoteType"] = "EQUITY".into();
        let sane = json!({"symbol": "AAPL", "quoteType": "EQUITY", "regularMarketPrice": 269.7});
        let body = json!({"quoteResponse": {"result": [odd, sane], "error": null}}).to_string();
        let entries = decode_quotes(body.as_bytes()).unwrap();
        prop_assert_eq!(entries.quotes.len(), 2);
        entries.quotes.iter().for_each(check);
    }

    #[test]
    fn an_odd_entry_costs_no_other(odd in value()) {
        let sane = json!({"symbol": "AAPL", "quoteType": "EQUITY", "regularMarketPrice": 269.7});
        let body = json!({"quoteResponse": {"result": [odd, sane], "error": null}}).to_string();
        let entries = decode_quotes(body.as_bytes()).unwrap();
        prop_assert_eq!(entries.len(), 2);
        prop_assert_eq!(entries.quotes.last().unwrap().symbol.as_str(), "AAPL");
    }

    #[test]
    fn odd_charts_and_sparks_never_panic(meta in object(&META_FIELDS), times in prop::collection::vec(value(), 0..6), closes in prop::collection::vec(value(), 0..6)) {
        let quote = json!({"close": closes, "open": closes, "volume": times});
        let chart = json!({"meta": meta, "timestamp": times, "indicators": {"quote": [quote]}});
        decode_everything(json!({"chart": {"result": [chart], "error": null}}).to_string().as_bytes());
        let spark = json!({"symbol": "AAPL", "response": [{"meta": meta, "timestamp": times}]});
        decode_everything(json!({"spark": {"result": [spark], "error": null}}).to_string().as_bytes());
        decode_everything(json!({"AAPL": {"symbol": "AAPL", "timestamp": times, "close": closes}}).to_string().as_bytes());
    }

    #[test]
    fn any_number_text_is_read_or_left_out(price in number_text(), before in number_text(), hint in 0_u8..20) {
        let body = format!(
            r#"{{"quoteResponse":{{"result":[{{"symbol":"A","quoteType":"EQUITY","priceHint":{hint},"regularMarketPrice":{price},"regularMarketPreviousClose":{before},"marketCap":{price},"regularMarketTime":{before},"regularMarketVolume":{price},"trailingPE":{before}}}]}}}}"#
        );
        let entries = decode_quotes(body.as_bytes()).unwrap();
        prop_assert_eq!(entries.quotes.len(), 1);
        check(&entries.quotes[0]);
    }
}

fn one(entry: &Value) -> Quote {
    let body = json!({"quoteResponse": {"result": [entry], "error": null}}).to_string();
    decode_quotes(body.as_bytes()).unwrap().quotes.remove(0)
}

#[test]
fn the_change_is_reckoned_and_not_taken_over() {
    let quote = one(&json!({
        "symbol": "AAPL", "quoteType": "EQUITY", "priceHint": 2,
        "regularMarketPrice": 269.7, "regularMarketPreviousClose": 269.0,
        "regularMarketChange": 0.700_012, "regularMarketChangePercent": 0.260_227
    }));
    assert_eq!(quote.change.unwrap().to_string(), "0.7");
    assert_eq!(quote.change_percent.unwrap().to_string(), "0.26");
}

#[test]
fn a_quote_in_formatted_form_is_read_too() {
    let quote = one(&json!({
        "symbol": "AAPL", "quoteType": "EQUITY", "priceHint": {"raw": 2},
        "regularMarketPrice": {"raw": 269.7, "fmt": "269.70"}, "regularMarketOpen": {},
        "regularMarketTime": {"raw": 1_791_000_000, "fmt": "4:00PM EDT"}
    }));
    assert_eq!(quote.price.unwrap().to_string(), "269.7");
    assert_eq!((quote.open, quote.as_of), (None, Timestamp::from_seconds(1_791_000_000)));
}

#[test]
fn only_symbol_and_type_are_needed_and_unknown_words_are_no_error() {
    let quote = one(&json!({"symbol": "CRD.B", "quoteType": "SOMETHINGNEW", "marketState": "LUNCH"}));
    assert_eq!((quote.kind, quote.market_state), (InstrumentKind::Other, MarketState::Unknown));
    assert_eq!((&*quote.name, quote.price, quote.as_of), ("CRD.B", None, Timestamp::default()));
    assert_eq!(quote.price_hint, 2);
}

#[test]
fn nothing_costs_nothing_but_an_option() {
    let priced = |kind: &str| {
        one(
            &json!({"symbol": "X", "quoteType": kind, "regularMarketPrice": 0.0, "regularMarketOpen": 0, "regularMarketPreviousClose": 0, "regularMarketVolume": 0}),
        )
    };
    let equity = priced("EQUITY");
    assert_eq!((equity.price, equity.open, equity.previous_close, equity.volume), (None, None, None, Some(0)));
    let option = priced("OPTION");
    assert_eq!((option.price, option.change_percent), (Some(0.into()), None));
    assert_eq!(priced("INDEX").volume, None);
}

#[test]
fn the_price_outside_the_session_follows_the_state_of_the_market() {
    let quote = |state: &str, pre: bool| {
        let mut entry = json!({
            "symbol": "AAPL", "quoteType": "EQUITY", "marketState": state, "regularMarketPrice": 200, "regularMarketTime": 1000,
            "postMarketPrice": 202, "postMarketTime": 2000
        });
        if pre {
            entry["preMarketPrice"] = 198.into();
            entry["preMarketTime"] = 3000.into();
        }
        one(&entry)
    };
    let session =
        |state, pre| quote(state, pre).extended.map(|extended| (extended.session, extended.change.unwrap().to_string()));
    assert_eq!(session("PRE", true), Some((Session::Pre, "-2".into())));
    assert_eq!(session("PREPRE", true), Some((Session::Pre, "-2".into())));
    assert_eq!(session("PRE", false), None);
    for state in ["POST", "POSTPOST", "CLOSED", "PREPRE"] {
        assert_eq!(session(state, false), Some((Session::Post, "2".into())), "{state}");
    }
    assert_eq!(session("REGULAR", true), None);
    assert_eq!(session("LUNCH", true), None);
    // One from before the regular price is of the day before, and one without a date is of no use.
    for time in [json!(999), json!(1000), json!(null)] {
        let stale = one(&json!({
            "symbol": "AAPL", "quoteType": "EQUITY", "marketState": "POST", "regularMarketPrice": 200, "regularMarketTime": 1000,
            "postMarketPrice": 202, "postMarketTime": time
        }));
        assert_eq!(stale.extended, None);
    }
}

#[test]
fn spark_tells_the_state_of_the_market_by_its_trading_periods() {
    let state = |now: i64| {
        let meta = json!({
            "instrumentType": "EQUITY", "regularMarketPrice": 1, "range": "1d", "chartPreviousClose": 2,
            "currentTradingPeriod": {"pre": {"start": 100, "end": 200}, "regular": {"start": 200, "end": 300}, "post": {"start": 300, "end": 400}}
        });
        let body = json!({"spark": {"result": [{"symbol": "AAPL", "response": [{"meta": meta}]}], "error": null}}).to_string();
        let quote = decode_spark(body.as_bytes(), Timestamp::from_seconds(now)).unwrap().quotes.remove(0);
        // The chart's previous close is the day's only when the chart is of one day.
        assert_eq!(quote.change.unwrap().to_string(), "-1");
        quote.market_state
    };
    for (now, expect) in [
        (99, MarketState::Closed),
        (100, MarketState::Pre),
        (200, MarketState::Regular),
        (299, MarketState::Regular),
        (300, MarketState::Post),
        (400, MarketState::Closed),
    ] {
        assert_eq!(state(now), expect, "{now}");
    }
}

#[test]
fn spark_gives_a_crypto_pair_no_change_since_it_has_not_that_of_24_hours() {
    let meta = json!({"instrumentType": "CRYPTOCURRENCY", "regularMarketPrice": 84613.75, "previousClose": 84506.336});
    let body = json!({"spark": {"result": [{"symbol": "BTC-USD", "response": [{"meta": meta}]}], "error": null}}).to_string();
    let quote = decode_spark(body.as_bytes(), Timestamp::default()).unwrap().quotes.remove(0);
    assert_eq!((quote.change, quote.change_percent), (None, None));
    assert_eq!(quote.previous_close.unwrap().to_string(), "84506.34");
}
