//! Every recorded answer of Yahoo's is decoded, and `recordings.tsv` says what to, file by file.
//!
//! The recordings are read where they lie, beside the checkout or where `QUICKSTOCKS_YAHOO_RECORDINGS` says. The table was
//! reckoned from the files by another program than this one (Python's `decimal`), and the odd ones by hand.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says why it is skipped")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use quickstocks_core::model::{Extended, HistoryRange, Interval, Quote, Session, Symbol, Timestamp};
use quickstocks_yahoo::decode::{
    DecodeError, Entries, HistoryRequest, decode_chart, decode_details, decode_quotes, decode_search, decode_spark,
    decode_sparks, decode_trending,
};
use rust_decimal::Decimal;
use serde::Deserialize;

#[derive(Deserialize)]
struct Index {
    files: Vec<Recording>,
}

#[derive(Deserialize)]
struct Recording {
    file: String,
    endpoint: String,
    http_status: Option<u16>,
}

/// Where the recordings are; none, and a word about it, on a machine without them.
fn folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test has no main to read the environment in")]
    let folder = std::env::var("QUICKSTOCKS_YAHOO_RECORDINGS")
        .map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/yahoo"), PathBuf::from);
    let found = folder.join("index.json").is_file();
    if !found {
        println!("skipped: there are no recordings at {}; set QUICKSTOCKS_YAHOO_RECORDINGS to their folder", folder.display());
    }
    found.then_some(folder)
}

fn body(file: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(folder()?.join(file)).unwrap())
}

#[test]
fn every_recorded_body_decodes_to_what_the_table_says() {
    let Some(folder) = folder() else { return };
    let index: Index = serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap();
    let mut table: BTreeMap<&str, &str> =
        include_str!("recordings.tsv").lines().map(|line| line.split_once('\t').unwrap()).collect();
    let mut wrong = Vec::new();
    for recording in &index.files {
        let outcome = match recording.endpoint.as_str() {
            // The consent walk has a test of its own; the others are dead, or nothing here needs them.
            "auth" | "autoc" | "download" | "options" | "screener" | "stream" => continue,
            endpoint => outcome(endpoint, recording, &std::fs::read(folder.join(&recording.file)).unwrap()),
        };
        match table.remove(recording.file.as_str()) {
            Some(expect) if expect == outcome => {}
            Some(expect) => wrong.push(format!("{}:\n  expected {expect}\n  found    {outcome}", recording.file)),
            None => wrong.push(format!("{} is not in the table:\n  found    {outcome}", recording.file)),
        }
    }
    wrong.extend(table.keys().map(|file| format!("{file} is in the table and not among the recordings")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn outcome(endpoint: &str, recording: &Recording, body: &[u8]) -> String {
    let spark = endpoint == "spark" || recording.file.starts_with("error-spark");
    match endpoint {
        "quote" | "spark" | "error" if spark => {
            decode_spark(body, Timestamp::default()).map_or_else(|e| error(&e), |e| entries(&e))
        }
        "quote" | "error" => decode_quotes(body).map_or_else(|e| error(&e), |e| entries(&e)),
        "chart" => {
            let request = HistoryRequest {
                symbol: Symbol::parse("AAPL").unwrap(),
                range: HistoryRange::OneYear,
                interval: Interval::OneDay,
            };
            decode_chart(body, request).map_or_else(|e| error(&e), |history| chart(&history))
        }
        "trending" => decode_trending(body)
            .map_or_else(|e| error(&e), |symbols| symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(" ")),
        "search" => decode_search(body).map_or_else(|e| error(&e), |finds| search(&finds)),
        unknown => {
            panic!("{}: nobody has said what to do with the endpoint {unknown} ({:?})", recording.file, recording.http_status)
        }
    }
}

fn error(error: &DecodeError) -> String {
    match error {
        DecodeError::NotJson(_) => "not JSON".into(),
        DecodeError::NoResult => "no result".into(),
        DecodeError::Api(api) => {
            let meaning = match (api.refuses_session(), api.not_found()) {
                (true, _) => " (refuses the session)",
                (_, true) => " (not found)",
                _ => "",
            };
            format!("error {}: {}{meaning}", api.code, api.description)
        }
    }
}

fn entries(entries: &Entries) -> String {
    if entries.is_empty() {
        return "empty".into();
    }
    assert!(entries.malformed.is_empty() && entries.nameless == 0, "{entries:?}");
    // The table has them in the order of the answer; the delisted are told apart here, so they are put back by symbol.
    let mut lines: Vec<String> = entries.quotes.iter().map(quote).collect();
    lines.extend(entries.delisted.iter().map(|symbol| format!("{symbol} delisted")));
    lines.sort();
    lines.join(" | ")
}

fn quote(quote: &Quote) -> String {
    let extended = match &quote.extended {
        None => "-".into(),
        Some(Extended { session: Session::Pre, price, .. }) => format!("pre {price}"),
        Some(Extended { session: Session::Post, price, .. }) => format!("post {price}"),
    };
    format!(
        "{} {:?} {:?} price {} {} change {} {}% open {} range {} {} volume {} delay {} at {} {extended}",
        quote.symbol,
        quote.kind,
        quote.market_state,
        or_dash(quote.price),
        or_dash(quote.currency.as_ref()),
        or_dash(quote.change),
        or_dash(quote.change_percent),
        or_dash(quote.open),
        or_dash(quote.day_low),
        or_dash(quote.day_high),
        or_dash(quote.volume),
        or_dash(quote.delay_minutes),
        quote.as_of.seconds(),
    )
}

fn chart(history: &quickstocks_core::model::History) -> String {
    let zone = history.time_zone.as_deref().unwrap_or("-");
    let bar = |bar: &quickstocks_core::model::Bar| {
        format!("{} open {} close {} volume {}", bar.time.seconds(), or_dash(bar.open), or_dash(bar.close), or_dash(bar.volume))
    };
    let mut text = format!(
        "{} bars {} {zone} before {}",
        history.bars.len(),
        or_dash(history.currency.as_ref()),
        or_dash(history.previous_close)
    );
    if let (Some(first), Some(last)) = (history.bars.first(), history.bars.last()) {
        write!(text, " first {} last {}", bar(first), bar(last)).unwrap();
    }
    assert!(history.bars.windows(2).all(|pair| pair[0].time < pair[1].time));
    text
}

fn search(finds: &[quickstocks_core::model::SymbolMatch]) -> String {
    if finds.is_empty() {
        return "nothing".into();
    }
    let line = |find: &quickstocks_core::model::SymbolMatch| {
        format!("{} {:?} {} \"{}\"", find.symbol, find.kind, find.exchange.as_deref().unwrap_or("-"), find.name)
    };
    finds.iter().map(line).collect::<Vec<_>>().join(" | ")
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

/// A price that is there.
fn decimal(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| panic!("{text} is no decimal"))
}

fn recorded_quotes(file: &str) -> Option<Vec<Quote>> {
    Some(decode_quotes(&body(file)?).unwrap().quotes)
}

#[test]
fn a_price_in_pence_keeps_its_unit_and_market_capitalisation_is_in_pounds() {
    let Some(quotes) = recorded_quotes("quote-OCDO.L-20261003-closed-7fc54.json") else { return };
    let quote = &quotes[0];
    assert_eq!(quote.currency.as_ref().unwrap().as_str(), "GBp");
    assert_eq!(quote.currency.as_ref().unwrap().major(), ("GBP", 100));
    assert_eq!(quote.price, decimal("260.4"));
    // 8 hundred million shares at 2.60 pounds.
    assert!(quote.market_cap > decimal("1000000000") && quote.market_cap < decimal("5000000000"), "{:?}", quote.market_cap);
}

#[test]
fn a_crypto_pair_keeps_yahoos_own_change_of_24_hours() {
    let Some(quotes) = recorded_quotes("quote-BTC-USD-20261003-regular-bc663.json") else { return };
    let quote = &quotes[0];
    assert_eq!((quote.price, quote.previous_close), (decimal("84613.75"), decimal("84506.34")));
    assert_eq!((quote.change, quote.change_percent), (decimal("-1621.90"), decimal("-1.88")));
}

#[test]
fn a_suspended_stock_keeps_the_date_of_its_last_price_and_has_no_open_of_zero() {
    let Some(quotes) = recorded_quotes("quote-WSKT.JK-20260529-postpost-7e626.json") else { return };
    let quote = &quotes[0];
    // 2024-07-23, though it was recorded in 2026.
    assert_eq!(quote.as_of, Timestamp::from_seconds(1_721_764_800));
    assert_eq!((quote.open, quote.price, quote.change), (None, decimal("202"), decimal("0")));
}

#[test]
fn a_fund_without_a_price_and_a_money_market_without_a_previous_close_are_quotes_all_the_same() {
    let Some(quotes) = recorded_quotes("quote-ADH-20250217-closed-95adf.json") else { return };
    let adh = &quotes[0];
    assert_eq!((adh.price, adh.currency.as_ref(), adh.change), (None, None, None));
    assert_eq!((&*adh.name, adh.fifty_two_week_high), ("54688", decimal("9.24")));
    let money = recorded_quotes("quote-SWVXX-20261003-closed-1a987.json").unwrap();
    assert_eq!((money[0].price, money[0].change, money[0].change_percent), (decimal("1"), None, None));
}

#[test]
fn a_full_quote_has_every_field() {
    let Some(quotes) = recorded_quotes("quote-AAPL-20250815-postpost-0120b.json") else { return };
    let quote = &quotes[0];
    assert_eq!(&*quote.name, "Apple Inc.");
    assert_eq!((quote.exchange.as_deref(), quote.exchange_code.as_deref()), (Some("NasdaqGS"), Some("NMS")));
    assert_eq!(quote.time_zone.as_deref(), Some("America/New_York"));
    assert_eq!((quote.fifty_two_week_low, quote.fifty_two_week_high), (decimal("169.21"), decimal("260.1")));
    assert_eq!((quote.market_cap, quote.pe_ratio), (decimal("3436888195072"), decimal("35.14")));
    assert_eq!(quote.price_hint, 2);
    let extended = quote.extended.as_ref().unwrap();
    assert_eq!((extended.change, extended.change_percent), (decimal("-0.41"), decimal("-0.18")));
    assert_eq!(extended.as_of, Timestamp::from_seconds(1_755_302_398));
    assert_eq!(quote.newest(), extended.as_of);
}

fn recorded_chart(file: &str) -> Option<quickstocks_core::model::History> {
    let request =
        HistoryRequest { symbol: Symbol::parse("AAPL").unwrap(), range: HistoryRange::OneYear, interval: Interval::OneDay };
    Some(decode_chart(&body(file)?, request).unwrap())
}

#[test]
fn a_chart_tells_its_splits_and_dividends_in_their_order() {
    let Some(apple) = recorded_chart("chart-AAPL-20211113-6ced6.json") else { return };
    let split = &apple.events.splits[0];
    assert_eq!((split.at, split.numerator, split.denominator), (Timestamp::from_seconds(1_598_880_600), 4.into(), 1.into()));
    let dividends: Vec<String> =
        apple.events.dividends.iter().map(|one| format!("{} {}", one.at.seconds(), one.amount)).collect();
    assert_eq!(dividends.len(), 4);
    assert_eq!(dividends[..2], ["1581085800 0.1925", "1588944600 0.205"]);
    // A fund's, whose keys are not the dates of its events.
    let fund = recorded_chart("chart-VFINX-20251028-4b59e.json").unwrap();
    assert_eq!((fund.events.dividends.len(), fund.events.splits.len()), (164, 0));
    assert!(fund.events.dividends.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert_eq!(fund.events.dividends[0].at, Timestamp::from_seconds(330_960_600));
    assert_eq!(recorded_chart("chart-BABA-20211113-c028b.json").unwrap().events.dividends, []);
}

#[test]
fn details_are_read_from_full_quotes_of_any_year() {
    let details = |file: &str, symbol: &str| {
        decode_details(&body(file)?, &Symbol::parse(symbol).unwrap()).unwrap().or_else(|| panic!("{symbol} is not in {file}"))
    };
    let Some(apple) = details("quote-AAPL-20250815-postpost-0120b.json", "AAPL") else { return };
    assert_eq!(
        (apple.earnings_at, apple.last_earnings_at),
        (Some(Timestamp::from_seconds(1_761_854_400)), Some(Timestamp::from_seconds(1_753_992_000)))
    );
    assert_eq!(
        (apple.eps, apple.dividend_yield, apple.trailing_dividend_yield),
        (decimal("6.59"), decimal("0.45"), decimal("0.43"))
    );
    // Two days on which it may be, and no estimate told in 2022.
    let early = details("quote-AAPL+NONEXIST-20220224-pre-789e7.json", "AAPL").unwrap();
    assert_eq!(
        (early.earnings_at, early.earnings_until),
        (Some(Timestamp::from_seconds(1_651_003_200)), Some(Timestamp::from_seconds(1_651_521_600)))
    );
    assert_eq!((early.earnings_estimated, early.dividend_rate), (None, None));
    // Pence: the accounts are in pounds; nothing was paid; what was announced is not to come.
    let ocado = details("quote-OCDO.L-20261003-closed-7fc54.json", "OCDO.L").unwrap();
    assert_eq!((ocado.currency.unwrap().as_str(), ocado.eps, ocado.trailing_dividend_rate), ("GBP", decimal("-0.3"), None));
    let before = details("quote-AMZN+OCDO.L-20210218-postpost+regular-98422.json", "OCDO.L").unwrap();
    assert_eq!((before.earnings_at, before.last_earnings_at), (None, Some(Timestamp::from_seconds(1_612_836_000))));
    // A stub has none of it.
    let fund = details("quote-ADH-20250217-closed-95adf.json", "ADH").unwrap();
    assert_eq!((fund.eps, fund.earnings_at, fund.dividend_at), (None, None, None));
}

#[test]
fn a_spark_without_closes_draws_nothing() {
    // The one recorded answer of v7 was kept without its closes.
    let Some(body) = body("spark-MSFT+AAPL-20260727-419f0.json") else { return };
    let sparks = decode_sparks(&body).unwrap();
    assert_eq!(
        sparks.into_iter().map(|(symbol, spark)| (symbol.to_string(), spark)).collect::<Vec<_>>(),
        [("AAPL".to_owned(), None), ("MSFT".to_owned(), None)]
    );
}
