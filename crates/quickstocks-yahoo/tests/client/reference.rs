//! Details, small drawings, what trends, and quotes through spark alone.

use quickstocks_core::model::{SourceReason, SourceState, Symbol, Timestamp};
use quickstocks_core::ports::{QuoteSource, ReferenceSource, SourceError};

use crate::server::{Act, Bench, Call, Server, invalid, status, symbols};

fn symbol(text: &str) -> Symbol {
    Symbol::parse(text).unwrap()
}

const DETAILS: &str = r#"{"quoteResponse":{"result":[
    {"symbol":"AAPL","quoteType":"EQUITY","priceHint":2,"regularMarketPrice":231.59,"regularMarketTime":1755288001,
     "earningsTimestamp":1753992000,"earningsTimestampStart":1761854400,"earningsTimestampEnd":1761854400,"isEarningsDateEstimate":true,
     "dividendDate":1755129600,"dividendRate":1.04,"dividendYield":0.45,"trailingAnnualDividendRate":1.01,
     "trailingAnnualDividendYield":0.0043388605,"epsTrailingTwelveMonths":6.59,"epsForward":8.31,"forwardPE":27.868832,
     "priceToBook":52.26585,"sharesOutstanding":14840399872,"fiftyDayAverage":209.5868,"twoHundredDayAverage":221.05106,
     "financialCurrency":"USD"}],"error":null}}"#;

#[tokio::test]
async fn details_are_asked_for_with_the_session_of_the_polls() {
    let answer = |call: &Call| match call.endpoint {
        "quote" if call.query["fields"].contains("earningsTimestamp") => Act::Answer(200, DETAILS.into()),
        _ => Act::Usual,
    };
    let bench = Bench::new(Server::start(answer).await);
    bench.poll(3).await;
    bench.server.forget_calls();
    let details = bench.client.details(&symbol("AAPL")).await.unwrap();
    assert_eq!(bench.server.calls().len(), 1);
    assert_eq!((details.earnings_at, details.earnings_until), (Some(Timestamp::from_seconds(1_761_854_400)), None));
    assert_eq!(
        (details.earnings_estimated, details.last_earnings_at),
        (Some(true), Some(Timestamp::from_seconds(1_753_992_000)))
    );
    let texts = [
        details.dividend_rate,
        details.dividend_yield,
        details.trailing_dividend_yield,
        details.forward_pe,
        details.average_50_days,
    ];
    assert_eq!(texts.map(|number| number.unwrap().to_string()), ["1.04", "0.45", "0.43", "27.87", "209.59"]);
    assert_eq!((details.shares, details.currency.unwrap().as_str()), (Some(14_840_399_872), "USD"));
    assert!(matches!(bench.client.details(&symbol("MSFT")).await, Err(SourceError::NotFound)));
}

#[tokio::test]
async fn for_details_a_stale_session_is_replaced_once_and_no_more() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(3).await;
    bench.server.set_crumb("freshCrumb1");
    bench.server.forget_calls();
    let details = bench.client.details(&symbol("^GSPC")).await;
    assert!(details.is_ok(), "{details:?}");
    assert_eq!(bench.server.calls_to("crumb").len(), 1);
    bench.server.follow(|call| if call.endpoint == "quote" { Act::Answer(401, invalid("Invalid Crumb")) } else { Act::Usual });
    bench.server.forget_calls();
    let refused = bench.client.details(&symbol("^GSPC")).await.unwrap_err();
    assert!(matches!(refused, SourceError::Refused { .. }), "{refused:?}");
    assert_eq!((bench.server.calls_to("quote").len(), bench.server.calls_to("crumb").len()), (2, 1));
}

#[tokio::test]
async fn a_limit_on_details_opens_the_breaker_for_everybody() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(3).await;
    bench.server.follow(|_| status(429));
    let refused = bench.client.details(&symbol("^GSPC")).await.unwrap_err();
    assert!(matches!(refused, SourceError::Refused { retry_at: Some(_) }), "{refused:?}");
    bench.server.forget_calls();
    assert_eq!(bench.poll(3).await.reason, Some(SourceReason::RateLimited));
    assert!(bench.client.details(&symbol("^GSPC")).await.is_err());
    assert!(bench.server.calls().is_empty());
}

#[tokio::test]
async fn small_drawings_come_twenty_symbols_a_call_and_what_spark_leaves_out_has_none() {
    let answer = |call: &Call| {
        let entry = |symbol: &String| {
            format!(
                r#"{{"symbol":"{symbol}","response":[{{"meta":{{"instrumentType":"EQUITY","priceHint":2,"range":"1d",
                "chartPreviousClose":9.0}},"timestamp":[60,120,180],"indicators":{{"quote":[{{"close":[9.5,null,10.006]}}]}}}}]}}"#
            )
        };
        let known: Vec<String> = call.symbols.iter().filter(|symbol| *symbol != "S3").map(entry).collect();
        match call.symbols.first().map(String::as_str) {
            // The third call.
            Some("S35") => status(503),
            _ => Act::Answer(200, format!(r#"{{"spark":{{"result":[{}],"error":null}}}}"#, known.join(","))),
        }
    };
    let bench = Bench::new(Server::start(answer).await);
    let sparks = bench.client.sparks(&symbols(45)).await.unwrap();
    let calls = bench.server.calls();
    assert!(calls.iter().all(|call| call.symbols.len() <= 20 && !call.headers.contains_key("cookie")));
    assert_eq!((calls.len(), sparks.len()), (3, 40), "those of the failed call are not in it");
    assert_eq!(sparks[&symbol("S3")], None);
    let spark = sparks[&symbol("^GSPC")].as_ref().unwrap();
    assert_eq!((spark.from, spark.until), (Timestamp::from_seconds(60), Timestamp::from_seconds(180)));
    assert_eq!(spark.closes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["9.5", "10.01"]);
    assert_eq!(spark.previous_close.unwrap().to_string(), "9");
    bench
        .server
        .follow(|_| Act::Answer(404, r#"{"finance":{"result":null,"error":{"code":"Not Found","description":"x"}}}"#.into()));
    let error = bench.client.sparks(&symbols(3)).await.unwrap_err();
    assert!(matches!(error, SourceError::BadAnswer(_)), "that the endpoint is gone says nothing of a symbol: {error:?}");
}

#[tokio::test]
async fn what_trends_is_a_list_of_symbols() {
    let body = r#"{"finance":{"result":[{"count":3,"quotes":[{"symbol":"NVDA"},{"symbol":"not one"},{},{"symbol":"BTC-USD"},{"symbol":"NVDA"}],
        "jobTimestamp":1}],"error":null}}"#;
    let bench = Bench::new(Server::start(move |_| Act::Answer(200, body.into())).await);
    assert_eq!(bench.client.trending().await.unwrap(), ["NVDA", "BTC-USD"].map(symbol));
    let call = &bench.server.calls()[0];
    assert_eq!((call.path.as_str(), call.query["count"].as_str()), ("/v1/finance/trending/US", "20"));
    bench.server.follow(|_| Act::Answer(200, r#"{"finance":{"result":[],"error":null}}"#.into()));
    assert!(matches!(bench.client.trending().await, Err(SourceError::BadAnswer(_))));
}

#[tokio::test]
async fn with_spark_alone_no_session_is_asked_for_and_all_is_well() {
    let bench = Bench::with(Server::usual().await, |config| config.spark_only = true);
    assert_eq!(bench.client.symbols_per_call(), 20);
    let answer = bench.poll(45).await;
    assert_eq!((answer.state, answer.reason, answer.quotes.len(), answer.calls), (SourceState::Ok, None, 45, 3));
    assert!(bench.server.calls().iter().all(|call| call.endpoint == "spark"));
    assert!(matches!(bench.client.details(&symbol("AAPL")).await, Err(SourceError::Refused { .. })));
    assert_eq!(bench.server.calls().len(), 3);
    // The breaker's probe goes the same way.
    bench.server.follow(|_| status(429));
    bench.poll(5).await;
    bench.server.follow(|_| Act::Usual);
    bench.clock.advance(std::time::Duration::from_mins(6));
    bench.server.forget_calls();
    let answer = bench.poll(45).await;
    assert_eq!((answer.state, answer.quotes.len()), (SourceState::Ok, 45));
    assert!(bench.server.calls().iter().all(|call| call.endpoint == "spark"));
}
