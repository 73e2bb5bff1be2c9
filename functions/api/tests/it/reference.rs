//! Details, small drawings, what many want to see, and what currencies are worth.

use std::time::Duration;

use quickstocks_core::model::{Details, Followed, MissingReason, SourceReason, Spark, SweepState};
use quickstocks_core::ports::{PollSetReader, SourceError, SweepWriter};
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, NOW};
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn an_instrument_is_its_quote_and_what_changes_slowly() {
    let world = World::new();
    let mut browser = world.guest().await;
    let details = Details { eps: Some(sample::decimal("6.59")), ..Details::default() };
    world.source.set_details(&sample::symbol("AAPL"), details);
    let apple = browser.get("/symbols/aapl").await.json();
    assert_eq!(
        (&apple["symbol"], &apple["quote"]["price"], &apple["details"]),
        (&json!("AAPL"), &json!("10"), &json!({ "eps": "6.59" }))
    );
    browser.get("/symbols/AAPL").await;
    assert_eq!(world.source.reference_calls(), ["details AAPL"], "they are kept");
    browser.get("/symbols/NOPE").await.is_problem(404, "symbol_unknown", Some("symbol"));
    browser.get("/symbols/A%20B").await.is_problem(422, "symbol_invalid", Some("symbol"));
    // What is known is told while the rest cannot be had.
    world.source.fail_next(SourceError::Refused { retry_at: None });
    let microsoft = browser.get("/symbols/MSFT").await.json();
    assert_eq!((&microsoft["quote"]["symbol"], microsoft.get("details")), (&json!("MSFT"), None));
    world.source.refuse(SourceReason::RateLimited, None);
    world.source.fail_next(SourceError::Refused { retry_at: Some(NOW + Duration::from_secs(30)) });
    browser.get("/symbols/VOD.L").await.is_problem(503, "source_unavailable", None);
}

#[tokio::test]
async fn small_drawings_are_read_together_and_kept() {
    let world = World::new();
    let mut browser = world.guest().await;
    let closes = vec![sample::decimal("9.5"), sample::decimal("10")];
    world.source.set_spark(&sample::symbol("AAPL"), Spark { from: NOW, until: NOW, previous_close: None, closes });
    let drawn = browser.get("/sparks?symbols=AAPL,MSFT,AAPL").await.json();
    assert_eq!(drawn["sparks"]["AAPL"]["closes"], json!(["9.5", "10"]));
    assert_eq!(drawn["missing"], json!(["MSFT"]));
    world.source.fail_next(SourceError::Refused { retry_at: None });
    let again = browser.get("/sparks?symbols=VOD.L,AAPL,MSFT").await.json();
    assert_eq!((again["sparks"].as_object().map(serde_json::Map::len), &again["missing"]), (Some(1), &json!(["VOD.L", "MSFT"])));
    assert_eq!(
        world.source.reference_calls(),
        ["sparks AAPL,MSFT", "sparks VOD.L"],
        "each once, and not what is known not to be"
    );
    world.source.fail_next(SourceError::Refused { retry_at: None });
    browser.get("/sparks?symbols=VOD.L").await.is_problem(503, "source_unavailable", None);
    browser.get("/sparks?symbols=").await.is_problem(422, "symbols_missing", Some("symbols"));
    browser.get("/sparks?symbols=A,B%20C").await.is_problem(422, "symbol_invalid", Some("symbols[1]"));
}

#[tokio::test]
async fn what_many_want_to_see_is_told_with_names_where_they_are_known() {
    let world = World::new();
    let mut browser = world.guest().await;
    assert_eq!(browser.get("/trending").await.json(), json!({ "trending": [], "most_followed": [] }));
    world.clock.advance(Duration::from_mins(15));
    browser.get("/quotes?symbols=AAPL").await;
    world.source.set_trending(sample::symbols(&["NVDA", "AAPL"]));
    let followed = Followed { symbol: sample::symbol("AAPL"), followers: 12 };
    let swept = SweepState { swept_at: Some(NOW), most_followed: vec![followed], unfinished: None };
    world.store.put_sweep(&swept).await.unwrap();
    let popular = browser.get("/trending").await.json();
    assert_eq!(popular["trending"][0], json!({ "symbol": "NVDA" }));
    assert_eq!(popular["trending"][1]["name"], popular["most_followed"][0]["name"]);
    assert_eq!((&popular["most_followed"][0]["followers"], &popular["counted_at"]), (&json!(12), &json!(NOW.millis())));
    assert_eq!(world.stranger().get("/status").await.json()["swept_at"], json!(NOW.millis()));
    let calls = world.source.reference_calls().len();
    browser.get("/trending").await;
    assert_eq!(world.source.reference_calls().len(), calls);
    // Where the source cannot be asked nothing trends, and what is followed here is told all the same.
    let other = World::new();
    other.store.put_sweep(&swept).await.unwrap();
    other.source.fail_next(SourceError::Refused { retry_at: None });
    let popular = other.guest().await.get("/trending").await.json();
    assert_eq!((&popular["trending"], popular["most_followed"].as_array().map(Vec::len)), (&json!([]), Some(1)));
    other.store.fail(Method::Sweep, Fault::Unavailable);
    other.clock.advance(Duration::from_hours(1));
    assert_eq!(other.stranger().get("/status").await.status, 200, "what was counted before stands in");
}

#[tokio::test]
async fn currencies_are_told_in_the_one_that_is_asked_for() {
    let world = World::new();
    let mut browser = world.guest().await;
    for (pair, price) in [("EURUSD=X", "1.25"), ("GBPUSD=X", "1.5"), ("JPY=X", "150"), ("ZAR=X", "20")] {
        world.source.set_quote(sample::quote(pair, price, NOW));
    }
    let rates = browser.get("/rates?to=EUR&from=USD,GBp,GBP,JPY,ZAc,EUR,XAU").await.json();
    let rate = |currency: &str| rates["rates"][currency]["rate"].as_str().unwrap().to_owned();
    assert_eq!(["USD", "GBp", "GBP", "JPY", "ZAc", "EUR"].map(rate), ["0.8", "0.012", "1.2", "0.0053333333", "0.0004", "1"]);
    assert_eq!((&rates["to"], &rates["missing"]), (&json!("EUR"), &json!(["XAU"])));
    // The pairs are polled from now on, the unknown one is not.
    let mut polled = Vec::new();
    for shard in (0..quickstocks_core::model::POLL_SHARDS).map(quickstocks_core::model::Shard) {
        polled.extend(world.store.page(shard, None).await.unwrap().entries.into_iter().map(|entry| entry.symbol.to_string()));
    }
    polled.sort();
    assert_eq!(polled, ["EURUSD=X", "GBPUSD=X", "JPY=X", "ZAR=X"]);
    let polls = world.source.polls().len();
    browser.get("/rates?to=EUR&from=USD,GBp,JPY,XAU").await;
    assert_eq!(world.source.polls().len(), polls);
    assert_eq!(browser.get("/rates?to=USD&from=USD").await.json()["rates"]["USD"]["rate"], "1");
    world.source.set_missing(&sample::symbol("CHF=X"), MissingReason::Unknown);
    assert_eq!(browser.get("/rates?to=CHF&from=USD").await.json()["missing"], json!(["USD"]));
    for (query, code, field) in [
        ("", "currency_invalid", "to"),
        ("?to=eur&from=USD", "currency_invalid", "to"),
        ("?to=EUR", "currencies_invalid", "from"),
        ("?to=EUR&from=USD,DOLLAR", "currency_invalid", "from[1]"),
        ("?to=EUR&from=U%2FD", "currency_invalid", "from[0]"),
    ] {
        browser.get(&format!("/rates{query}")).await.is_problem(422, code, Some(field));
    }
    let many = vec!["USD"; 51].join(",");
    browser.get(&format!("/rates?to=EUR&from={many}")).await.is_problem(422, "currencies_invalid", Some("from"));
}
