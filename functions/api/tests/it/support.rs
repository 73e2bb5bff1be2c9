//! The router over a store in memory, and browsers that keep their cookie.

use std::sync::Arc;

use api::{CookieMode, Deps, Limits, Ports, Settings};
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use quickstocks_core::model::{SignUp, SourceKind};
use quickstocks_push::EndpointRule;
use quickstocks_testkit::faults::Faulty;
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_testkit::{
    AllStorePorts, FakeClock, FixedSigner, MemoryStore, RecordingAnnouncer, RecordingRequester, ScriptedSource, SequenceRandom,
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::contract;

pub(crate) const ORIGIN: &str = "https://stocks.example.org";

pub(crate) struct World<S: AllStorePorts = MemoryStore> {
    pub(crate) store: Arc<Faulty<S>>,
    pub(crate) source: Arc<ScriptedSource>,
    pub(crate) announcer: Arc<RecordingAnnouncer>,
    pub(crate) push_requester: Arc<RecordingRequester>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) router: Router,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::over(Arc::new(MemoryStore::new()), change)
    }
}

impl<S: AllStorePorts> World<S> {
    /// The API over this store.
    pub(crate) fn over(store: Arc<S>, change: impl FnOnce(&mut Settings)) -> Self {
        let store = Arc::new(Faulty::new(store));
        let source = Arc::new(ScriptedSource::with_symbols_per_call(50));
        let clock = Arc::new(FakeClock::at(NOW));
        let announcer = Arc::new(RecordingAnnouncer::default());
        let push_requester = Arc::new(RecordingRequester::default());
        for symbol in ["AAPL", "MSFT", "VOD.L", "^GSPC"] {
            source.set_quote(sample::quote(symbol, "10", NOW));
        }
        let mut settings = Settings {
            allowed_origins: vec![ORIGIN.to_owned()],
            cookie: CookieMode::Secure,
            tick_seconds: 60,
            source: SourceKind::Simulated,
            calls_per_hour: Some(300),
            sign_up: SignUp::Open,
            sharing: true,
            limits: Some(Limits::default()),
            trusted_proxies: 0,
        };
        change(&mut settings);
        let mut world = Self { store, source, announcer, push_requester, clock, router: axum::Router::new() };
        world.restart(settings, 7);
        world
    }

    /// Starts the API anew over the same store.
    pub(crate) fn restart(&mut self, settings: Settings, seed: u64) {
        let ports = Ports {
            announcer: Arc::clone(&self.announcer) as _,
            push_requester: Arc::clone(&self.push_requester) as _,
            subscription_rule: Arc::new(EndpointRule::default()),
            signer: Arc::new(FixedSigner(7)),
            clock: Arc::clone(&self.clock) as _,
            random: Arc::new(SequenceRandom::seeded(seed)),
        };
        self.router = api::router(Deps::new(&self.store, &self.source, ports, settings));
    }

    /// Sends a request. Its answer has to be one that the OpenAPI document allows.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(body.to_vec()).unwrap() };
        contract::check(&method, &path, &answer);
        answer
    }

    /// A browser that has just become a guest.
    pub(crate) async fn guest(&self) -> Browser<'_, S> {
        let mut browser = Browser { world: self, cookie: None, list: String::new() };
        let made = browser.post("/session", &json!({})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.json()["watchlists"][0].as_str().unwrap().clone_into(&mut browser.list);
        browser
    }

    /// A browser that was never here.
    pub(crate) fn stranger(&self) -> Browser<'_, S> {
        Browser { world: self, cookie: None, list: String::new() }
    }

    /// A request by a script with this token.
    pub(crate) async fn script(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let request = request(method, path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(with_body(request, body)).await
    }
}

/// A browser: it sends its cookie and says where it comes from, and takes over what it is given.
pub(crate) struct Browser<'a, S: AllStorePorts = MemoryStore> {
    world: &'a World<S>,
    pub(crate) cookie: Option<String>,
    /// The id of its first list.
    pub(crate) list: String,
}

impl<S: AllStorePorts> Browser<'_, S> {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.call("GET", path, None, &[]).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(body), &[]).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path, Some(body), &[]).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Answer {
        self.call("DELETE", path, None, &[]).await
    }

    pub(crate) async fn call(&mut self, method: &str, path: &str, body: Option<&Value>, headers: &[(&str, &str)]) -> Answer {
        let mut request = request(method, path).header(header::ORIGIN, ORIGIN);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, format!("__Host-qs={cookie}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.world.send(with_body(request, body)).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let value = cookie.to_str().unwrap().strip_prefix("__Host-qs=").unwrap().split(';').next().unwrap();
            self.cookie = (!value.is_empty()).then(|| value.to_owned());
        }
        answer
    }

    /// The symbols on its first list.
    pub(crate) async fn symbols(&mut self) -> Value {
        let path = format!("/watchlists/{}", self.list);
        self.get(&path).await.json()["symbols"].clone()
    }
}

pub(crate) fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(format!("/api/v1{path}"))
}

fn with_body(request: http::request::Builder, body: Option<&Value>) -> Request<Body> {
    match body {
        Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).unwrap(),
        None => request.body(Body::empty()).unwrap(),
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Checks that it is a problem of RFC 9457 with this status, code and field.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str, field: Option<&str>) {
        assert_eq!(self.header(header::CONTENT_TYPE), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(
            (self.status.as_u16(), problem["code"].as_str(), problem.get("field").and_then(Value::as_str)),
            (status, Some(code), field),
            "{problem}"
        );
        assert_eq!(
            (problem["type"].as_str(), problem["status"].as_u64()),
            (Some("about:blank"), Some(status.into())),
            "{problem}"
        );
        assert!(problem["title"].is_string() && problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
    }
}
