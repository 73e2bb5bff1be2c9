//! How fast the client is; figures are printed and never asserted.
//! `QUICKSTOCKS_YAHOO_RECORDINGS=folder cargo test --release -p quickstocks-yahoo --test measure -- --ignored --nocapture`

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement prints, and fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quickstocks_testkit::{FakeClock, MemoryStore};
use quickstocks_yahoo::decode::decode_quotes;
use quickstocks_yahoo::{YahooClient, YahooConfig};

/// The shortest of some runs: the one the machine disturbed least.
fn shortest<T>(runs: u32, mut work: impl FnMut() -> T) -> Duration {
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            let result = work();
            let took = start.elapsed();
            drop(result);
            took
        })
        .min()
        .unwrap()
}

/// The body of one recorded quote of 80 fields, and the symbol in it.
const RECORDED: (&str, &str) = ("quote-AAPL-20250815-postpost-0120b.json", "\"AAPL\"");

#[test]
#[ignore = "a measurement"]
fn decoding_a_thousand_full_quotes() {
    let folder =
        std::env::var("QUICKSTOCKS_YAHOO_RECORDINGS").expect("QUICKSTOCKS_YAHOO_RECORDINGS names the folder of recordings");
    let (file, symbol) = RECORDED;
    let body: serde_json::Value = serde_json::from_slice(&std::fs::read(Path::new(&folder).join(file)).unwrap()).unwrap();
    let quote = body["quoteResponse"]["result"][0].to_string();
    let bodies: Vec<String> = (0..20)
        .map(|call| {
            let quotes: Vec<String> = (0..50).map(|n| quote.replace(symbol, &format!("\"S{}\"", call * 50 + n))).collect();
            format!(r#"{{"quoteResponse":{{"result":[{}],"error":null}}}}"#, quotes.join(","))
        })
        .collect();
    let bytes: usize = bodies.iter().map(String::len).sum();
    let took = shortest(50, || {
        let entries: Vec<_> = bodies.iter().map(|body| decode_quotes(body.as_bytes()).unwrap()).collect();
        assert_eq!(entries.iter().map(|entries| entries.quotes.len()).sum::<usize>(), 1000);
        entries
    });
    println!("1,000 full quotes in 20 bodies, {} KB: {:.2} ms", bytes / 1024, took.as_secs_f64() * 1e3);
}

#[test]
#[ignore = "a measurement"]
fn building_the_client() {
    let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(FakeClock::default()));
    let build = || YahooClient::new(&YahooConfig::default(), store.clone(), store.clone(), clock.clone()).unwrap();
    let start = Instant::now();
    build();
    println!("the first client of the process, roots compiled in: {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    println!("another one: {:.3} ms", shortest(20, build).as_secs_f64() * 1e3);
    let system = || reqwest::Client::builder().timeout(Duration::from_secs(1)).build().unwrap();
    println!("reqwest with the system's roots: {:.2} ms", shortest(20, system).as_secs_f64() * 1e3);
}
