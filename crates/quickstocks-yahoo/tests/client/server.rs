//! The server, and a client on it with a store in memory and a clock that stands still.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use quickstocks_core::model::{CallBudget, Symbol};
use quickstocks_core::ports::{QuoteSource, SourceAnswer};
use quickstocks_testkit::{FakeClock, MemoryStore};
use quickstocks_yahoo::{YahooClient, YahooConfig};
use tokio::sync::Notify;

/// A call as the server sees it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `cookie`, `crumb`, `quote`, `spark`, `chart` or `search`.
    pub(crate) endpoint: &'static str,
    /// How many calls to that endpoint came before.
    pub(crate) nth: usize,
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) symbols: Vec<String>,
    pub(crate) headers: HashMap<String, String>,
}

/// What the server does about a call.
pub(crate) enum Act {
    /// What Yahoo would.
    Usual,
    Answer(u16, String),
    /// The connection ends before an answer.
    Lost,
    /// The connection ends in the middle of the answer.
    Cut,
    /// No answer ever.
    Hang,
}

/// A status with a text, as Yahoo's edge answers.
pub(crate) fn status(code: u16) -> Act {
    Act::Answer(code, "Too Many Requests\r\n".into())
}

type Script = dyn Fn(&Call) -> Act + Send + Sync;

pub(crate) struct Server {
    pub(crate) base: String,
    inner: Arc<Inner>,
}

struct Inner {
    script: Mutex<Arc<Script>>,
    calls: Mutex<Vec<Call>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    /// No answer before so many calls were under way at once.
    hold_until: AtomicUsize,
    came: Notify,
    crumb: Mutex<String>,
}

/// The secrets the server hands out; nothing else may hold them.
pub(crate) const COOKIE: &str = "A3=d=COOKIECANARY&S=AQAAAq";
pub(crate) const CRUMB: &str = "CRUMB/canary";

impl Server {
    pub(crate) async fn start(script: impl Fn(&Call) -> Act + Send + Sync + 'static) -> Self {
        let inner = Arc::new(Inner {
            script: Mutex::new(Arc::new(script)),
            calls: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            hold_until: AtomicUsize::new(0),
            came: Notify::new(),
            crumb: Mutex::new(CRUMB.into()),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handle).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, inner }
    }

    pub(crate) async fn usual() -> Self {
        Self::start(|_| Act::Usual).await
    }

    pub(crate) fn follow(&self, script: impl Fn(&Call) -> Act + Send + Sync + 'static) {
        *self.inner.script.lock().unwrap() = Arc::new(script);
    }

    /// The crumb it gives and takes from now on.
    pub(crate) fn set_crumb(&self, crumb: &str) {
        *self.inner.crumb.lock().unwrap() = crumb.into();
    }

    /// Keeps every answer back until so many calls are under way.
    pub(crate) fn hold_until(&self, calls: usize) {
        self.inner.hold_until.store(calls, Ordering::SeqCst);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.inner.calls.lock().unwrap().clone()
    }

    pub(crate) fn calls_to(&self, endpoint: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.endpoint == endpoint).collect()
    }

    pub(crate) fn forget_calls(&self) {
        self.inner.calls.lock().unwrap().clear();
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.inner.most_in_flight.load(Ordering::SeqCst)
    }

    pub(crate) fn config(&self) -> YahooConfig {
        YahooConfig {
            base_url: self.base.clone(),
            cookie_url: format!("{}/cookie", self.base),
            budget: CallBudget::Off,
            call_timeout: Duration::from_millis(300),
            ..YahooConfig::default()
        }
    }
}

/// A client and what it works with.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) client: Arc<YahooClient>,
}

impl Bench {
    pub(crate) fn new(server: Server) -> Self {
        Self::with(server, |_| {})
    }

    pub(crate) fn with(server: Server, change: impl FnOnce(&mut YahooConfig)) -> Self {
        let mut config = server.config();
        change(&mut config);
        let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(FakeClock::default()));
        let client = YahooClient::new(&config, store.clone(), store.clone(), clock.clone()).unwrap();
        Self { server, store, clock, client: Arc::new(client) }
    }

    pub(crate) async fn poll(&self, count: usize) -> SourceAnswer {
        let symbols = symbols(count);
        let answer = self.client.poll(&symbols).await;
        assert_complete(&answer, &symbols);
        answer
    }

    /// Another environment with the same store, clock and server.
    pub(crate) fn another(&self) -> Arc<YahooClient> {
        let config = self.server.config();
        Arc::new(YahooClient::new(&config, self.store.clone(), self.store.clone(), self.clock.clone()).unwrap())
    }
}

/// So many symbols, the odd characters of Yahoo's among them.
pub(crate) fn symbols(count: usize) -> Vec<Symbol> {
    let odd = ["^GSPC", "EURUSD=X", "BRK-B", "M&M.NS", "0P000071W8.TO"].map(|text| Symbol::parse(text).unwrap());
    odd.into_iter().chain((0..).map(|n| Symbol::parse(&format!("S{n}")).unwrap())).take(count).collect()
}

/// The contract of a poll: every symbol is in exactly one list.
pub(crate) fn assert_complete(answer: &SourceAnswer, asked: &[Symbol]) {
    let mut told: Vec<&Symbol> = answer
        .quotes
        .iter()
        .map(|quote| &quote.symbol)
        .chain(answer.missing.iter().map(|missing| &missing.symbol))
        .chain(&answer.unanswered)
        .collect();
    told.sort();
    let mut asked: Vec<&Symbol> = asked.iter().collect();
    asked.sort();
    asked.dedup();
    assert_eq!(told, asked);
}

async fn handle(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let call = inner.note(&request);
    let script = Arc::clone(&*inner.script.lock().unwrap());
    let act = script(&call);
    inner.wait().await;
    let response = match act {
        Act::Usual => inner.usual(&call),
        Act::Answer(status, body) => answer(status, body),
        // Unwinds without the message of a panic; hyper drops the connection.
        Act::Lost => std::panic::resume_unwind(Box::new(())),
        Act::Cut => cut(),
        Act::Hang => std::future::pending().await,
    };
    inner.in_flight.fetch_sub(1, Ordering::SeqCst);
    response
}

impl Inner {
    fn note(&self, request: &Request) -> Call {
        let uri = request.uri();
        let path = uri.path().to_owned();
        let query: HashMap<String, String> =
            url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let endpoint = match path.as_str() {
            "/cookie" => "cookie",
            "/v1/test/getcrumb" => "crumb",
            "/v7/finance/quote" => "quote",
            "/v7/finance/spark" => "spark",
            "/v1/finance/search" => "search",
            path if path.starts_with("/v8/finance/chart/") => "chart",
            path if path.starts_with("/v1/finance/trending/") => "trending",
            path => panic!("nobody should call {path}"),
        };
        let headers =
            request.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let symbols = query.get("symbols").map(|list| list.split(',').map(str::to_owned).collect()).unwrap_or_default();
        let mut calls = self.calls.lock().unwrap();
        let nth = calls.iter().filter(|call| call.endpoint == endpoint).count();
        let call = Call { endpoint, nth, path, query, symbols, headers };
        calls.push(call.clone());
        let in_flight = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_flight.fetch_max(in_flight, Ordering::SeqCst);
        self.came.notify_waiters();
        call
    }

    async fn wait(&self) {
        loop {
            let came = self.came.notified();
            if self.most_in_flight.load(Ordering::SeqCst) >= self.hold_until.load(Ordering::SeqCst) {
                return;
            }
            came.await;
        }
    }

    fn usual(&self, call: &Call) -> Response {
        let crumb = self.crumb.lock().unwrap().clone();
        let cookie_fits = call.headers.get("cookie").is_some_and(|cookie| cookie == COOKIE);
        match call.endpoint {
            "cookie" => Response::builder()
                .status(404)
                .header(header::SET_COOKIE, "A1=d=other; Domain=.yahoo.com; Secure")
                .header(header::SET_COOKIE, format!("{COOKIE}; Max-Age=31557600; Domain=.yahoo.com; Path=/; SameSite=None; Secure; HttpOnly"))
                .body(Body::empty())
                .unwrap(),
            "crumb" if cookie_fits => answer(200, crumb),
            "crumb" => answer(401, invalid("Invalid Cookie")),
            "quote" if !cookie_fits || call.query.get("crumb") != Some(&crumb) => answer(401, invalid("Invalid Crumb")),
            "quote" => answer(200, quotes(&call.symbols)),
            "spark" if call.symbols.len() > 20 => {
                answer(400, r#"{"spark":{"result":null,"error":{"code":"Bad Request","description":"Number of symbols needs to be less than or equal to 20"}}}"#.into())
            }
            "spark" => answer(200, spark(&call.symbols)),
            other => panic!("the test has to say what {other} answers"),
        }
    }
}

fn answer(status: u16, body: String) -> Response {
    Response::builder().status(status).body(Body::from(body)).unwrap()
}

fn cut() -> Response {
    let half = stream::once(async { Ok(Bytes::from_static(b"{\"quoteResponse\":{\"result\":[{\"sym")) });
    // The pause lets the server send what it has before the connection breaks.
    let end = stream::once(async {
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    });
    let body = Body::from_stream(half.chain(end));
    Response::builder().header(header::CONTENT_LENGTH, "100000").body(body).unwrap()
}

pub(crate) fn invalid(what: &str) -> String {
    format!(r#"{{"finance":{{"result":null,"error":{{"code":"Unauthorized","description":"{what}. For Developers - x"}}}}}}"#)
}

/// A body of v7 with a quote for each symbol.
pub(crate) fn quotes<T: AsRef<str>>(symbols: &[T]) -> String {
    let quotes: Vec<String> = symbols
        .iter()
        .map(|symbol| {
            format!(
                r#"{{"quoteType":"EQUITY","marketState":"REGULAR","currency":"USD","priceHint":2,"regularMarketPrice":269.7,"regularMarketPreviousClose":269.0,"regularMarketTime":1791000000,"symbol":"{}"}}"#,
                symbol.as_ref()
            )
        })
        .collect();
    format!(r#"{{"quoteResponse":{{"result":[{}],"error":null}}}}"#, quotes.join(","))
}

/// A body of spark with a quote for each symbol.
fn spark(symbols: &[String]) -> String {
    let quotes: Vec<String> = symbols
        .iter()
        .map(|symbol| {
            format!(
                r#"{{"symbol":"{symbol}","response":[{{"meta":{{"symbol":"{symbol}","instrumentType":"EQUITY","currency":"USD","regularMarketPrice":269.7,"regularMarketTime":1791000000,"previousClose":269.0}}}}]}}"#
            )
        })
        .collect();
    format!(r#"{{"spark":{{"result":[{}],"error":null}}}}"#, quotes.join(","))
}
