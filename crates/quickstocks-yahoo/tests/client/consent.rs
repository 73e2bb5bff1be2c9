//! The walk through the consent page of the EU, as it was recorded in the UK in 2025: each step's answer is the recorded one, with the hosts
//! of Yahoo put in this server's place.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use quickstocks_core::model::{CallBudget, SourceReason, SourceState, Symbol};
use quickstocks_core::ports::{QuoteSource, SourceGate};
use quickstocks_testkit::{FakeClock, MemoryStore};
use quickstocks_yahoo::{YahooClient, YahooConfig};
use serde_json::Value;

use crate::server::{quotes, symbols};

/// The recorded steps after the first, in their order.
const STEPS: [&str; 4] = [
    "auth-quote-AAPL-consent-2025.json",
    "auth-quote-AAPL-collectConsent-2025.json",
    "auth-quote-AAPL-collectConsentSubmit-2025.json",
    "auth-quote-AAPL-copyConsent-2025.json",
];

/// The first step: it redirects to the second one's address.
const START: &str = "auth-quote-AAPL-2025.json";

struct Stage {
    base: String,
    answers: HashMap<String, Value>,
    seen: Mutex<Vec<(String, String, String)>>,
}

fn recorded(file: &str) -> Option<Value> {
    #[expect(clippy::disallowed_methods, reason = "a test has no main to read the environment in")]
    let folder = std::env::var("QUICKSTOCKS_YAHOO_RECORDINGS")
        .map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/yahoo"), PathBuf::from);
    let bytes = std::fs::read(folder.join(file)).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// Everything after the host.
fn path_of(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

impl Stage {
    /// Plays the recorded steps; none where there are no recordings.
    async fn set() -> Option<Arc<Self>> {
        let mut answers = HashMap::new();
        let mut start = recorded(START)?;
        for file in STEPS {
            let step = recorded(file)?;
            let url = step["request"]["url"].as_str().unwrap();
            if file == STEPS[0] {
                // The start was recorded on another day, with another token.
                start["headers"]["location"] = url.into();
            }
            answers.insert(format!("{} {}", step["request"]["method"].as_str().unwrap(), path_of(url)), step);
        }
        answers.insert("GET /quote/AAPL".to_owned(), start);
        Some(Self::with(answers).await)
    }

    async fn with(answers: HashMap<String, Value>) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stage = Arc::new(Self { base, answers, seen: Mutex::default() });
        let router = Router::new().fallback(play).with_state(Arc::clone(&stage));
        tokio::spawn(async move { axum::serve(listener, router).await });
        stage
    }

    fn client(&self, store: &Arc<MemoryStore>) -> YahooClient {
        let config = YahooConfig {
            base_url: self.base.clone(),
            cookie_url: format!("{}/nothing", self.base),
            consent_url: Some(format!("{}/quote/AAPL", self.base)),
            budget: CallBudget::Off,
            ..YahooConfig::default()
        };
        YahooClient::new(&config, store.clone(), store.clone(), Arc::new(FakeClock::default())).unwrap()
    }

    fn seen(&self) -> Vec<(String, String, String)> {
        self.seen.lock().unwrap().clone()
    }
}

async fn play(State(stage): State<Arc<Stage>>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let name = format!("{} {path}", request.method());
    let cookie = request.headers().get(header::COOKIE).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let body = axum::body::to_bytes(request.into_body(), 10_000).await.unwrap();
    stage.seen.lock().unwrap().push((name.clone(), cookie.clone(), String::from_utf8(body.to_vec()).unwrap()));
    let Some(step) = stage.answers.get(&name) else {
        return match path.split('?').next().unwrap() {
            "/v1/test/getcrumb" if cookie.starts_with("A3=") => Response::new(Body::from("haT3oykhHqZ")),
            "/v7/finance/quote" => Response::new(Body::from(quotes(&symbols(3).iter().map(Symbol::as_str).collect::<Vec<_>>()))),
            _ => Response::builder().status(404).body(Body::empty()).unwrap(),
        };
    };
    let mut response = Response::builder().status(u16::try_from(step["status"].as_u64().unwrap()).unwrap());
    if let Some(location) = step["headers"]["location"].as_str() {
        response = response.header(header::LOCATION, format!("{}{}", stage.base, path_of(location)));
    }
    for cookie in step["headers"]["set-cookie"].as_array().into_iter().flatten() {
        response = response.header(header::SET_COOKIE, cookie.as_str().unwrap());
    }
    response.body(Body::from(step["body"].as_str().unwrap().to_owned())).unwrap()
}

#[tokio::test]
async fn where_consent_is_asked_for_the_walk_brings_the_cookie_without_consenting() {
    let Some(stage) = Stage::set().await else { return };
    let store = Arc::new(MemoryStore::new());
    let answer = stage.client(&store).poll(&symbols(3)).await;
    assert_eq!((answer.state, answer.quotes.len()), (SourceState::Ok, 3));
    let cookie = store.session().await.unwrap().unwrap().cookie;
    assert!(cookie.starts_with("A3=x=xxx"), "{cookie}");
    let seen = stage.seen();
    let names: Vec<&str> = seen.iter().map(|(name, ..)| name.split('?').next().unwrap()).collect();
    assert_eq!(
        names,
        [
            "GET /nothing",
            "GET /quote/AAPL",
            "GET /consent",
            "GET /v2/collectConsent",
            "POST /v2/collectConsent",
            "GET /copyConsent",
            "GET /v1/test/getcrumb",
            "GET /v7/finance/quote"
        ]
    );
    assert_eq!(answer.calls, 8, "each step is a call of the budget");
    assert_eq!(seen[2].1, "GUCS=xxxxx-xx", "what the walk was given it carries");
    assert_eq!(
        seen[4].2,
        "csrfToken=GoNrer0&sessionId=x_xx-xxxxxxx_xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx&originalDoneUrl=https%3A%2F%2Ffinance.yahoo.com\
         %2Fquote%2FAAPL%3Fguccounter%3D1&namespace=yahoo&reject=reject"
    );
    assert_eq!(seen[6].1, cookie, "of all cookies of the walk one goes on");
}

#[tokio::test]
async fn a_walk_that_leads_nowhere_ends_and_prices_come_through_spark() {
    for (name, wrong) in [
        // In a circle.
        (
            "GET /quote/AAPL",
            r#"{ "status": 302, "headers": { "location": "https://finance.yahoo.com/quote/AAPL" }, "body": "" }"#,
        ),
        // To a page without a form.
        ("GET /quote/AAPL", r#"{ "status": 200, "headers": {}, "body": "<html>hello</html>" }"#),
    ] {
        let stage = Stage::with(HashMap::from([(name.to_owned(), serde_json::from_str(wrong).unwrap())])).await;
        let answer = stage.client(&Arc::new(MemoryStore::new())).poll(&symbols(3)).await;
        assert_eq!((answer.state, answer.reason), (SourceState::Unreachable, Some(SourceReason::BadAnswer)), "{wrong}");
        assert!(stage.seen().len() <= 14, "{:?}", stage.seen());
        assert!(stage.seen().last().unwrap().0.starts_with("GET /v7/finance/spark"), "{:?}", stage.seen().last());
    }
}
