//! Cookie, crumb, limits, headers and the shape of every endpoint.

use quickstocks_market::{Limits, MarketConfig};
use serde_json::{Value, json};

use crate::support::{AGENT, Yahoo, frozen, url_encoded};

const INVALID_CRUMB: &str = r#"{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb. For Developers - https://bit.ly/yahoo-finance-api-feedback"}}}"#;
const INVALID_COOKIE: &str = r#"{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Cookie"}}}"#;

#[tokio::test]
async fn the_cookie_page_is_no_success_and_sets_cookies_that_loopback_keeps() {
    let yahoo = Yahoo::start(frozen()).await;
    for path in ["/", "/consent"] {
        let page = yahoo.send(path).await;
        assert_eq!(page.status(), 404);
        let cookies: Vec<&str> = page.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
        assert_eq!(cookies.len(), 3);
        for cookie in cookies {
            assert!(!cookie.contains("Domain") && !cookie.contains("Secure"), "{cookie}");
            let (_, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            assert!(value.contains('=') && value.contains('&'), "{value}");
        }
    }
}

#[tokio::test]
async fn a_crumb_needs_a_cookie() {
    let mut yahoo = Yahoo::start(frozen()).await;
    let answer = yahoo.send("/v1/test/getcrumb").await;
    assert_eq!(answer.headers()["content-type"], "text/plain;charset=utf-8");
    assert_eq!(answer.text().await.unwrap(), yahoo.crumb);
    assert_eq!(yahoo.crumb.len(), 11);
    yahoo.cookie.clear();
    let refused = yahoo.send("/v1/test/getcrumb").await;
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.text().await.unwrap(), INVALID_COOKIE);
}

#[tokio::test]
async fn quotes_need_the_crumb_of_their_cookie() {
    let mut yahoo = Yahoo::start(frozen()).await;
    assert_eq!(yahoo.quotes("AAPL").await.len(), 1);
    let (own_cookie, own_crumb) = (yahoo.cookie.clone(), yahoo.crumb.clone());

    for path in ["/v7/finance/quote?symbols=AAPL", "/v7/finance/quote?symbols=AAPL&crumb=haT3oykhHqZ"] {
        let refused = yahoo.send(path).await;
        assert_eq!(refused.status(), 401);
        assert_eq!(refused.text().await.unwrap(), INVALID_CRUMB);
    }
    // A crumb of one cookie is no good with another.
    yahoo.log_in().await;
    yahoo.crumb = own_crumb;
    assert_eq!(yahoo.text(&yahoo.quote_path("AAPL")).await, INVALID_CRUMB);
    yahoo.cookie = own_cookie;
    assert_eq!(yahoo.quotes("AAPL").await.len(), 1);
    yahoo.cookie.clear();
    assert_eq!(yahoo.text(&yahoo.quote_path("AAPL")).await, INVALID_COOKIE);
}

#[tokio::test]
async fn a_session_outlives_the_market_that_gave_it() {
    let first = Yahoo::start(frozen()).await;
    let mut second = Yahoo::start(frozen()).await;
    second.cookie.clone_from(&first.cookie);
    second.crumb.clone_from(&first.crumb);
    assert_eq!(second.quotes("AAPL").await.len(), 1);
}

#[tokio::test]
async fn missing_and_library_user_agents_are_refused() {
    let yahoo = Yahoo::start(frozen()).await;
    let url = format!("{}/v1/finance/search?q=apple", yahoo.server.base_url());
    for agent in [None, Some("curl/8.5.0"), Some("python-requests/2.32"), Some("reqwest/0.13"), Some("Go-http-client/1.1")] {
        let mut request = yahoo.client.get(&url);
        if let Some(agent) = agent {
            request = request.header("user-agent", agent);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 429, "{agent:?}");
        assert!(answer.headers().get("retry-after").is_none());
        assert_eq!(answer.text().await.unwrap(), "Too Many Requests\r\n");
    }
    assert_eq!(yahoo.client.get(&url).header("user-agent", AGENT).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn too_many_symbols_are_refused() {
    let yahoo = Yahoo::start(MarketConfig { synthetic_listings: 200, ..frozen() }).await;
    let symbols = |count: usize| (1..=count).map(|number| format!("SIM{number:05}")).collect::<Vec<_>>().join(",");
    assert_eq!(yahoo.quotes(&symbols(100)).await.len(), 100);
    assert_eq!(yahoo.send(&yahoo.quote_path(&symbols(101))).await.status(), 429);
    for version in ["v7", "v8"] {
        let spark = |count| format!("/{version}/finance/spark?symbols={}&range=1d&interval=5m", symbols(count));
        assert_eq!(yahoo.send(&spark(20)).await.status(), 200);
        let refused = yahoo.send(&spark(21)).await;
        assert_eq!(refused.status(), 400);
        assert_eq!(
            refused.text().await.unwrap(),
            r#"{"spark":{"result":null,"error":{"code":"Bad Request","description":"Number of symbols needs to be less than or equal to 20"}}}"#
        );
    }
}

#[tokio::test]
async fn calls_beyond_the_hourly_budget_are_refused_until_the_hour_is_over() {
    let limits = Limits { calls_per_hour: Some(5), ..Limits::default() };
    let yahoo = Yahoo::start(MarketConfig { limits, ..frozen() }).await;
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(yahoo.send("/v1/finance/search?q=apple").await.status().as_u16());
    }
    // The cookie and the crumb were two of the five.
    assert_eq!(answers, [200, 200, 200, 429, 429]);
    yahoo.server.advance_clock(std::time::Duration::from_hours(1));
    assert_eq!(yahoo.send("/v1/finance/search?q=apple").await.status(), 200);
}

#[tokio::test]
async fn quotes_come_in_the_order_of_the_request_without_unknown_and_repeated_symbols() {
    let yahoo = Yahoo::start(frozen()).await;
    let quotes = yahoo.quotes("msft,NONEXIST,^GSPC,EURUSD=X,MSFT,AAPL").await;
    let symbols: Vec<&str> = quotes.iter().map(|quote| quote["symbol"].as_str().unwrap()).collect();
    assert_eq!(symbols, ["MSFT", "^GSPC", "EURUSD=X", "AAPL"]);
    assert_eq!(yahoo.text(&yahoo.quote_path("NONEXIST")).await, r#"{"quoteResponse":{"result":[],"error":null}}"#);
}

#[tokio::test]
async fn fields_are_picked_and_some_always_come() {
    let yahoo = Yahoo::start(frozen()).await;
    let path = yahoo.quote_path("AAPL") + "&fields=beta,currency";
    let body = yahoo.json(&path).await;
    let quote = body["quoteResponse"]["result"][0].as_object().unwrap();
    for name in ["beta", "currency", "symbol", "marketState", "regularMarketPrice", "regularMarketTime", "priceHint"] {
        assert!(quote.contains_key(name), "{name}");
    }
    for name in ["shortName", "regularMarketChange", "regularMarketPreviousClose", "marketCap"] {
        assert!(!quote.contains_key(name), "{name}");
    }
    let whole = yahoo.quote("AAPL").await;
    assert!(whole.get("beta").is_none() && whole.get("shortName").is_some());
}

#[tokio::test]
async fn headers_are_those_of_yahoo() {
    let yahoo = Yahoo::start(frozen()).await;
    for (path, cache) in [
        (yahoo.quote_path("AAPL"), "public, max-age=1, stale-while-revalidate=9"),
        ("/v8/finance/chart/AAPL".into(), "public, max-age=10, stale-while-revalidate=20"),
        ("/v1/finance/search?q=apple".into(), "public, max-age=600, stale-while-revalidate=180"),
        ("/v1/finance/trending/US".into(), "public, max-age=300, stale-while-revalidate=30"),
        ("/v1/finance/search".into(), "max-age=0, private"),
    ] {
        let answer = yahoo.send(&path).await;
        assert_eq!(answer.headers()["content-type"], "application/json;charset=utf-8", "{path}");
        assert_eq!(answer.headers()["cache-control"], cache, "{path}");
        assert_eq!(answer.headers()["age"], "0");
    }
}

#[tokio::test]
async fn search_ranks_symbols_then_names_then_parts() {
    let yahoo = Yahoo::start(frozen()).await;
    for (query, expected) in [
        ("app", "AAPL"),
        ("apple", "AAPL"),
        ("aapl", "AAPL"),
        ("goo", "GOOG"),
        ("US0378331005", "AAPL"),
        ("micro", "MSFT"),
        ("hospitality", "APLE"),
        ("loreal", "OR.PA"),
        ("munchener", "MUV2.DE"),
        ("gspc", "^GSPC"),
        ("vodafone group", "VOD.L"),
        ("bitcoin", "BTC-USD"),
        ("F", "F"),
    ] {
        let found = yahoo.json(&format!("/v1/finance/search?q={}&quotesCount=6", url_encoded(query))).await;
        assert_eq!(found["quotes"][0]["symbol"], expected, "{query}: {found}");
        assert!(found["quotes"].as_array().unwrap().len() <= 6);
        assert_eq!(found["count"], found["quotes"].as_array().unwrap().len());
    }
    let nothing = yahoo.json("/v1/finance/search?q=zzzzqqq").await;
    assert_eq!((&nothing["count"], &nothing["quotes"]), (&json!(0), &json!([])));
    let refused = yahoo.send("/v1/finance/search?quotesCount=6").await;
    assert_eq!(refused.status(), 400);
    assert_eq!(
        refused.text().await.unwrap(),
        r#"{"finance":{"result":null,"error":{"code":"Bad Request","description":"Missing required query parameter=q"}}}"#
    );
}

#[tokio::test]
async fn trending_names_symbols_of_the_region_that_have_quotes() {
    let yahoo = Yahoo::start(frozen()).await;
    for region in ["US", "GB", "AU", "XX"] {
        let body = yahoo.json(&format!("/v1/finance/trending/{region}?count=5")).await;
        let quotes = body["finance"]["result"][0]["quotes"].as_array().unwrap().clone();
        assert_eq!((quotes.len(), &body["finance"]["result"][0]["count"]), (5, &json!(5)));
        let symbols: Vec<&str> = quotes.iter().map(|quote| quote["symbol"].as_str().unwrap()).collect();
        assert_eq!(yahoo.quotes(&symbols.join(",")).await.len(), 5, "{region} {symbols:?}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_answer_as_yahoo_does() {
    let yahoo = Yahoo::start(frozen()).await;
    let answer = yahoo.send("/v6/finance/quote?symbols=AAPL").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(
        answer.text().await.unwrap(),
        r#"{"finance":{"result":null,"error":{"code":"Not Found","description":"HTTP 404 Not Found"}}}"#
    );
}

#[tokio::test]
async fn each_odd_form_is_there() {
    let yahoo = Yahoo::start(frozen()).await;
    let quote = yahoo.quote("ADH").await;
    assert_eq!((&quote["quoteType"], &quote["regularMarketTime"]), (&json!("MUTUALFUND"), &json!(1_561_759_658)));
    for absent in ["regularMarketPrice", "currency", "regularMarketPreviousClose"] {
        assert!(quote.get(absent).is_none(), "{absent}");
    }
    let none = yahoo.quote("SIMP").await;
    assert_eq!(none["quoteType"], "NONE");
    assert!(none.get("marketState").is_none() && none.as_object().unwrap().len() == 11);
    let suspended = yahoo.quote("WSKT.JK").await;
    assert_eq!((&suspended["regularMarketTime"], &suspended["bid"]), (&json!(1_721_764_800), &json!(0.0)));
    assert_eq!(yahoo.quote("NZ").await["quoteType"], "ECNQUOTE");
    let expired = yahoo.quote("ZNC=F").await;
    assert_eq!((&expired["quoteType"], &expired["regularMarketTime"]), (&json!("ALTSYMBOL"), &json!(1_787_241_181)));
    assert!(yahoo.quote("SWVXX").await.get("regularMarketPreviousClose").is_none());
    let fund = yahoo.quote("VFINX").await;
    assert!(fund.get("regularMarketDayHigh").is_none() && fund.get("regularMarketPrice").is_some());
    let pair = yahoo.quote("EURUSD=X").await;
    assert!(pair["bid"].as_f64() > pair["ask"].as_f64());
    assert_eq!(pair["priceHint"], 4);
    let coin = yahoo.quote("BTC-USD").await;
    let difference = coin["regularMarketPrice"].as_f64().unwrap() - coin["regularMarketPreviousClose"].as_f64().unwrap();
    assert!((difference - coin["regularMarketChange"].as_f64().unwrap()).abs() > 1.0, "{coin}");
}

#[tokio::test]
async fn pence_are_pence_and_market_values_are_pounds() {
    let yahoo = Yahoo::start(frozen()).await;
    let quote = yahoo.quote("OCDO.L").await;
    assert_eq!((&quote["currency"], &quote["financialCurrency"]), (&json!("GBp"), &json!("GBP")));
    let number = |name: &str| quote[name].as_f64().unwrap();
    let pounds = number("regularMarketPrice") / 100.0 * number("sharesOutstanding");
    assert!((number("marketCap") / pounds - 1.0).abs() < 1e-6);
    assert_eq!(yahoo.quote("VWRL.L").await["currency"], "GBP");
    assert_eq!(yahoo.quote("NPN.JO").await["currency"], "ZAc");
    assert_eq!(yahoo.quote("TEVA.TA").await["currency"], "ILA");
}

#[tokio::test]
async fn floats_keep_their_point_and_single_precision() {
    let yahoo = Yahoo::start(frozen()).await;
    yahoo.server.set_price("AAPL", 202.0).unwrap();
    let body = yahoo.text(&yahoo.quote_path("AAPL")).await;
    assert!(body.contains(r#""regularMarketPrice":202.0,"#), "{body}");
    assert!(!body.contains("null,\"symbol\"") && body.ends_with(r#""symbol":"AAPL"}],"error":null}}"#));
    let quote = yahoo.quote("AAPL").await;
    for (name, value) in quote.as_object().unwrap() {
        if let Value::Number(number) = value
            && number.is_f64()
            && name != "netAssets"
        {
            #[expect(clippy::cast_possible_truncation, reason = "the point of the test")]
            let single = number.as_f64().unwrap() as f32;
            assert_eq!(single.to_string().parse::<f64>().unwrap().to_bits(), number.as_f64().unwrap().to_bits(), "{name}");
        }
    }
}

#[tokio::test]
async fn the_state_of_the_market_follows_its_hours_when_it_is_not_always_open() {
    let yahoo = Yahoo::start(MarketConfig { always_open: false, ..frozen() }).await;
    let hour = std::time::Duration::from_hours(1);
    assert_eq!(yahoo.quote("AAPL").await["marketState"], "REGULAR");
    assert_eq!(yahoo.quote("7203.T").await["marketState"], "PREPRE");
    yahoo.server.advance_clock(hour * 6);
    let evening = yahoo.quote("AAPL").await;
    assert_eq!(evening["marketState"], "POST");
    for name in ["postMarketPrice", "postMarketChange", "postMarketChangePercent", "postMarketTime"] {
        assert!(evening.get(name).is_some(), "{name}");
    }
    yahoo.server.advance_clock(hour * 24 * 5);
    assert_eq!(yahoo.quote("AAPL").await["marketState"], "CLOSED");
    assert_eq!(yahoo.quote("BTC-USD").await["marketState"], "REGULAR");
    yahoo.server.set_always_open(true);
    assert_eq!(yahoo.quote("AAPL").await["marketState"], "REGULAR");
}
