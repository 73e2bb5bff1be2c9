//! What a poll makes of each kind of answer.

use quickstocks_core::model::{MissingReason, SourceReason, SourceState, Symbol};
use quickstocks_core::ports::QuoteSource;

use crate::server::{Act, Bench, Server, assert_complete, quotes, status};

#[tokio::test]
async fn five_hundred_symbols_are_ten_calls_and_never_more_than_four_at_once() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(1).await;
    bench.server.forget_calls();
    bench.server.hold_until(4);
    let answer = bench.poll(500).await;
    assert_eq!((answer.state, answer.reason, answer.quotes.len()), (SourceState::Ok, None, 500));
    assert_eq!((answer.calls, bench.server.calls().len()), (10, 10));
    assert_eq!(bench.server.most_in_flight(), 4);
    assert!(bench.server.calls().iter().all(|call| call.symbols.len() == 50));
}

#[tokio::test]
async fn a_call_says_what_yahoo_wants_to_hear() {
    let bench = Bench::new(Server::usual().await);
    let answer = bench.poll(5).await;
    assert_eq!(answer.quotes[0].price.unwrap().to_string(), "269.7");
    assert_eq!(answer.quotes[0].change.unwrap().to_string(), "0.7");
    let call = &bench.server.calls_to("quote")[0];
    assert_eq!(call.symbols, ["^GSPC", "EURUSD=X", "BRK-B", "M&M.NS", "0P000071W8.TO"]);
    for (name, value) in [("formatted", "false"), ("lang", "en-US"), ("region", "US"), ("crumb", "CRUMB/canary")] {
        assert_eq!(call.query[name], value);
    }
    assert!(call.query["fields"].split(',').any(|field| field == "regularMarketPreviousClose"));
    assert_eq!(call.headers["user-agent"], "Mozilla/5.0 (compatible; QuickStocks/0.1)");
    assert_eq!(call.headers["accept-encoding"], "gzip");
    assert!(bench.server.calls_to("cookie")[0].headers["accept"].starts_with("text/html"));
}

#[tokio::test]
async fn nothing_asked_is_no_call_and_a_symbol_asked_twice_is_asked_once() {
    let bench = Bench::new(Server::usual().await);
    let answer = bench.poll(0).await;
    assert_eq!((answer.state, answer.calls), (SourceState::Ok, 0));
    let aapl = Symbol::parse("AAPL").unwrap();
    let asked = [aapl.clone(), Symbol::parse("aapl").unwrap(), aapl];
    let answer = bench.client.poll(&asked).await;
    assert_complete(&answer, &asked);
    assert_eq!(bench.server.calls_to("quote")[0].symbols, ["AAPL"]);
}

#[tokio::test]
async fn unknown_delisted_and_malformed_symbols_each_have_their_outcome() {
    let body = r#"{"quoteResponse":{"result":[
        {"symbol":"S1","quoteType":"NONE","language":"en-US"},
        {"symbol":"S0","quoteType":"EQUITY","regularMarketPrice":7,"someNewField":{"a":[1]},"longName":5},
        {"symbol":"S2","regularMarketPrice":7},
        {"symbol":"OTHER","quoteType":"EQUITY","regularMarketPrice":7}
    ],"error":null}}"#;
    let bench = Bench::new(
        Server::start(move |call| if call.endpoint == "quote" { Act::Answer(200, body.into()) } else { Act::Usual }).await,
    );
    let asked: Vec<Symbol> = (0..4).map(|n| Symbol::parse(&format!("S{n}")).unwrap()).collect();
    let answer = bench.client.poll(&asked).await;
    assert_complete(&answer, &asked);
    assert_eq!(answer.state, SourceState::Ok);
    assert_eq!(answer.quotes.len(), 1);
    assert_eq!(&*answer.quotes[0].name, "S0");
    let reasons: Vec<_> = answer.missing.iter().map(|missing| (missing.symbol.as_str(), missing.reason)).collect();
    assert_eq!(reasons, [("S1", MissingReason::Delisted), ("S2", MissingReason::Malformed), ("S3", MissingReason::Unknown)]);
}

#[tokio::test]
async fn while_an_entry_has_no_symbol_nobody_is_called_unknown() {
    let body = r#"{"quoteResponse":{"result":[{"symbol":"^GSPC","quoteType":"INDEX"},{"quoteType":"EQUITY"},7],"error":null}}"#;
    let bench = Bench::new(
        Server::start(move |call| if call.endpoint == "quote" { Act::Answer(200, body.into()) } else { Act::Usual }).await,
    );
    let answer = bench.poll(3).await;
    assert_eq!((answer.quotes.len(), answer.missing.len(), answer.unanswered.len()), (1, 0, 2));
    assert_eq!((answer.state, answer.reason), (SourceState::Degraded, Some(SourceReason::BadAnswer)));
}

/// One of three chunks fails: the others stand, and it is not asked again.
async fn one_bad_chunk(act: fn() -> Act, reason: SourceReason, extra_calls: u32) {
    let script = move |call: &crate::server::Call| {
        if call.endpoint == "quote" && call.symbols.contains(&"S50".to_owned()) { act() } else { Act::Usual }
    };
    let bench = Bench::new(Server::start(script).await);
    let answer = bench.poll(150).await;
    assert_eq!((answer.state, answer.reason), (SourceState::Degraded, Some(reason)));
    assert_eq!((answer.quotes.len(), answer.unanswered.len()), (100, 50));
    assert_eq!(answer.calls, 2 + 3 + extra_calls);
    assert_eq!(bench.server.calls().len(), usize::try_from(answer.calls).unwrap());
}

#[tokio::test]
async fn a_server_error_costs_only_its_chunk() {
    one_bad_chunk(|| Act::Answer(503, "<html>".into()), SourceReason::Unreachable, 0).await;
}

#[tokio::test]
async fn a_page_instead_of_an_answer_costs_only_its_chunk() {
    one_bad_chunk(|| Act::Answer(200, "<html>Will be right back</html>".into()), SourceReason::BadAnswer, 0).await;
}

#[tokio::test]
async fn json_of_another_kind_costs_only_its_chunk() {
    one_bad_chunk(|| Act::Answer(200, r#"{"a":[1,2]}"#.into()), SourceReason::BadAnswer, 0).await;
    one_bad_chunk(|| Act::Answer(404, "not here".into()), SourceReason::BadAnswer, 0).await;
    let redirect = || Act::Answer(302, String::new());
    one_bad_chunk(redirect, SourceReason::BadAnswer, 0).await;
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_costs_only_its_chunk() {
    one_bad_chunk(|| Act::Cut, SourceReason::Unreachable, 0).await;
}

#[tokio::test]
async fn an_answer_that_takes_too_long_costs_only_its_chunk() {
    one_bad_chunk(|| Act::Hang, SourceReason::Unreachable, 0).await;
}

#[tokio::test]
async fn an_empty_answer_for_many_symbols_is_suspect_and_makes_nothing_disappear() {
    one_bad_chunk(|| Act::Answer(200, quotes::<&str>(&[])), SourceReason::BadAnswer, 0).await;
}

#[tokio::test]
async fn an_empty_answer_for_one_symbol_means_that_it_is_unknown() {
    let bench = Bench::new(
        Server::start(|call| if call.endpoint == "quote" { Act::Answer(200, quotes::<&str>(&[])) } else { Act::Usual }).await,
    );
    let answer = bench.poll(1).await;
    assert_eq!((answer.state, answer.missing[0].reason), (SourceState::Ok, MissingReason::Unknown));
}

#[tokio::test]
async fn a_lost_connection_is_tried_again_once_in_a_poll() {
    one_bad_chunk(|| Act::Lost, SourceReason::Unreachable, 1).await;
    let bench =
        Bench::new(Server::start(|call| if call.endpoint == "quote" && call.nth == 0 { Act::Lost } else { Act::Usual }).await);
    let answer = bench.poll(10).await;
    assert_eq!((answer.state, answer.calls), (SourceState::Ok, 4));
}

#[tokio::test]
async fn a_source_that_does_not_answer_is_given_up_after_as_many_calls_as_may_be_under_way() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(1).await;
    bench.server.follow(|_| Act::Answer(502, String::new()));
    let answer = bench.poll(1000).await;
    assert_eq!((answer.state, answer.reason), (SourceState::Unreachable, Some(SourceReason::Unreachable)));
    assert_eq!(answer.unanswered.len(), 1000);
    assert!(answer.calls <= 7, "{} calls", answer.calls);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let bench = Bench::with(Server::usual().await, |config| {
        config.base_url.clone_from(&nobody);
        config.cookie_url = nobody;
    });
    let answer = bench.poll(60).await;
    assert_eq!((answer.state, answer.reason), (SourceState::Unreachable, Some(SourceReason::Unreachable)));
}

#[tokio::test]
async fn a_first_request_answered_429_is_tried_with_the_next_user_agent_once() {
    let picky = |call: &crate::server::Call| match (call.endpoint, call.headers["user-agent"].as_str()) {
        ("cookie", _) | (_, "good/1") => Act::Usual,
        _ => status(429),
    };
    let agents = |config: &mut quickstocks_yahoo::YahooConfig| {
        config.user_agents = ["bad/1", "good/1", "other/1"].map(String::from).to_vec();
    };
    let bench = Bench::with(Server::start(picky).await, agents);
    let answer = bench.poll(60).await;
    assert_eq!((answer.state, answer.quotes.len()), (SourceState::Ok, 60));
    // Cookie, the crumb twice, two chunks.
    assert_eq!(answer.calls, 5);
    // Now that one was answered, a 429 is about the rate: no more changing.
    bench.server.follow(|call| if call.endpoint == "quote" { status(429) } else { Act::Usual });
    bench.server.forget_calls();
    bench.poll(10).await;
    assert_eq!(bench.server.calls().len(), 1);
    assert_eq!(bench.server.calls()[0].headers["user-agent"], "good/1");
}

#[tokio::test]
async fn a_call_that_is_too_large_is_asked_once_more_in_halves_and_the_size_is_kept() {
    let bench = Bench::new(Server::usual().await);
    bench.poll(1).await;
    bench.server.forget_calls();
    bench.server.follow(|call| if call.symbols.len() > 40 { status(429) } else { Act::Usual });
    // Two chunks of which the second is small enough.
    let answer = bench.poll(70).await;
    assert_eq!((answer.state, answer.quotes.len()), (SourceState::Ok, 70));
    assert_eq!(bench.client.symbols_per_call(), 25);
    let sizes: Vec<usize> = bench.server.calls().iter().map(|call| call.symbols.len()).collect();
    assert_eq!(sizes.iter().filter(|size| **size == 25).count(), 2, "{sizes:?}");
    bench.server.forget_calls();
    bench.poll(500).await;
    assert_eq!(bench.server.calls().len(), 20);
    // A day later the setting is tried again.
    bench.clock.advance(std::time::Duration::from_hours(24));
    assert_eq!(bench.client.symbols_per_call(), 50);
}

#[tokio::test]
async fn symbols_are_never_in_two_lists_whatever_happens() {
    for seed in 0_u64..15 {
        let script = move |call: &crate::server::Call| {
            let mut word = (seed * 1_000 + call.nth as u64 + call.endpoint.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            word ^= word >> 29;
            match word.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 60 {
                0 => status(429),
                1 => Act::Answer(401, crate::server::invalid("Invalid Crumb")),
                2 => Act::Answer(500, String::new()),
                3 => Act::Lost,
                4 => Act::Cut,
                5 => Act::Answer(200, quotes::<&str>(&[])),
                6 => Act::Answer(200, "{".into()),
                _ => Act::Usual,
            }
        };
        let bench = Bench::new(Server::start(script).await);
        for _ in 0..4 {
            let answer = bench.poll(230).await;
            assert_eq!(answer.state == SourceState::Ok, answer.reason.is_none());
            if answer.state == SourceState::Ok {
                assert!(answer.unanswered.is_empty());
            }
            bench.clock.advance(std::time::Duration::from_mins(6));
        }
    }
}
