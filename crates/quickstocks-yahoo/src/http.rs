//! One call: counted, bounded, and its outcome told apart by what the caller can do about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, LOCATION, SET_COOKIE, USER_AGENT};
use tokio::sync::Semaphore;
use url::Url;

use crate::config::{InvalidYahooConfig, YahooConfig};
use crate::decode::{ApiError, DecodeError};
use crate::ledger::{Budget, BudgetSpent, Ledger};
use crate::session::NoSession;

/// A body beyond this is none of Yahoo's: 50 full quotes are 120 KB, the longest chart some 2 MB.
const LONGEST_BODY: usize = 16 << 20;

/// How long a connection is kept for the next call. A function is frozen between two ticks, and a connection from
/// before may be dead without knowing; within one poll it is used many times.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// 429, or the 999 of old hosts.
    #[error("the source limits the rate of requests")]
    Limited,
    /// 401 or 403: the cookie or the crumb.
    #[error("the source refuses the session")]
    SessionRefused,
    /// 408 or 5xx.
    #[error("the source answers {0}")]
    Status(StatusCode),
    /// No connection, no answer in time, or half an answer.
    #[error("the source cannot be reached")]
    Transport(#[source] reqwest::Error),
    /// An answer that is none to this call.
    #[error("the answer cannot be read")]
    BadAnswer(#[from] BadAnswer),
    /// No call was made.
    #[error("the budget of calls is spent")]
    BudgetSpent(BudgetSpent),
}

/// What is wrong with an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadAnswer {
    #[error("the source answers {status}: {}", .error.description)]
    Status { status: StatusCode, error: ApiError },
    #[error("its status is {0}")]
    BareStatus(StatusCode),
    #[error("it cannot be decoded")]
    Body(#[from] DecodeError),
    #[error("it is longer than {LONGEST_BODY} bytes")]
    TooLong,
}

impl From<NoSession> for CallError {
    fn from(none: NoSession) -> Self {
        match none {
            NoSession::Refused | NoSession::Unreachable => Self::SessionRefused,
            NoSession::BudgetSpent(retry_at) => Self::BudgetSpent(BudgetSpent { retry_at }),
        }
    }
}

impl From<BudgetSpent> for CallError {
    fn from(spent: BudgetSpent) -> Self {
        Self::BudgetSpent(spent)
    }
}

impl CallError {
    /// Whether there was no connection at all: the host cannot be found, or refuses.
    pub(crate) fn not_connected(&self) -> bool {
        matches!(self, Self::Transport(error) if error.is_connect() && !error.is_timeout())
    }

    /// Whether the connection failed before any answer came, and not by taking too long: worth another try.
    fn lost_connection(&self) -> bool {
        matches!(self, Self::Transport(error) if !error.is_timeout() && (error.is_connect() || error.is_request()))
    }
}

/// What one poll, search or history does: counts its calls and says what may be tried again within it.
#[derive(Debug)]
pub(crate) struct Errand {
    calls: AtomicU32,
    reconnects: AtomicU32,
    single: bool,
}

impl Errand {
    /// An errand of any number of calls. One lost connection is tried again.
    pub(crate) fn new() -> Self {
        Self { calls: AtomicU32::new(0), reconnects: AtomicU32::new(1), single: false }
    }

    /// An errand of one call and no second try: a probe.
    pub(crate) fn probe() -> Self {
        Self { single: true, reconnects: AtomicU32::new(0), ..Self::new() }
    }

    /// Whether it may make one call only.
    pub(crate) fn is_probe(&self) -> bool {
        self.single
    }

    /// How many calls it made.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    fn may_reconnect(&self) -> bool {
        self.reconnects.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// What to ask for.
pub(crate) struct Ask<'a> {
    /// The name of the endpoint, for the log: addresses hold the crumb.
    pub(crate) endpoint: &'static str,
    pub(crate) url: Url,
    pub(crate) cookie: Option<&'a str>,
    /// Whether a cached answer will not do. Spark was seen to answer the same for 80 s to one address.
    pub(crate) fresh: bool,
    /// A form to post; without one it is a GET.
    pub(crate) form: Option<String>,
}

impl<'a> Ask<'a> {
    /// A GET that any answer will do for.
    pub(crate) fn get(endpoint: &'static str, url: Url, cookie: Option<&'a str>) -> Self {
        Self { endpoint, url, cookie, fresh: false, form: None }
    }

    /// A GET without a cookie that must not be answered from a cache.
    pub(crate) fn fresh(endpoint: &'static str, url: Url) -> Self {
        Self { endpoint, url, cookie: None, fresh: true, form: None }
    }
}

/// An answer with a status that means what was asked for, or why there is none such thing.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
    pub(crate) cookies: Vec<HeaderValue>,
    /// Where it redirects to.
    pub(crate) location: Option<HeaderValue>,
}

/// The one HTTP client of the process.
pub(crate) struct Http {
    client: reqwest::Client,
    ledger: Ledger,
    in_flight: Semaphore,
    user_agents: Vec<HeaderValue>,
    /// Which user agent is sent.
    agent: AtomicUsize,
    /// Whether it was answered with anything but 429 yet. Once it was, a 429 is about the rate.
    agent_proven: AtomicBool,
}

impl Http {
    pub(crate) fn new(config: &YahooConfig, user_agents: Vec<HeaderValue>, ledger: Ledger) -> Result<Self, InvalidYahooConfig> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            // A redirect leads to a consent page, never to an answer; and the cookie must not go anywhere else.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(config.connect_timeout)
            .timeout(config.call_timeout)
            .pool_idle_timeout(IDLE_CONNECTION)
            .build()?;
        Ok(Self {
            client,
            ledger,
            in_flight: Semaphore::new(config.calls_in_flight),
            user_agents,
            agent: AtomicUsize::new(0),
            agent_proven: AtomicBool::new(false),
        })
    }

    /// Whether a call could be made now out of this part of the budget.
    pub(crate) async fn check_budget(&self, budget: Budget) -> Result<(), BudgetSpent> {
        self.ledger.check(budget).await
    }

    /// Makes the call. It is tried again in two cases, each at most once in an errand that is no probe: when the very
    /// first answers of this process are 429, with the next user agent; when the connection is lost before an answer.
    pub(crate) async fn call(&self, ask: &Ask<'_>, errand: &Errand) -> Result<Reply, CallError> {
        let agent = self.agent.load(Ordering::Relaxed);
        match self.call_once(ask, errand).await {
            Err(CallError::Limited) if self.change_agent(agent) && !errand.single => {
                tracing::warn!(yahoo.endpoint = ask.endpoint, "the first request was answered 429; trying the next user agent");
                self.call_once(ask, errand).await
            }
            Err(error) if error.lost_connection() && errand.may_reconnect() => {
                tracing::debug!(
                    yahoo.endpoint = ask.endpoint,
                    error = &error as &dyn std::error::Error,
                    "the connection was lost; trying once more"
                );
                self.call_once(ask, errand).await
            }
            outcome => outcome,
        }
    }

    /// Takes the next user agent after `refused` if that one was never answered. Answers whether another one is sent
    /// now: of several calls that were refused at once one changes it, and all may try again.
    fn change_agent(&self, refused: usize) -> bool {
        if self.user_agents.len() > 1 && !self.agent_proven.load(Ordering::Relaxed) {
            // Whoever is late finds it changed.
            let _ = self.agent.compare_exchange(refused, refused.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
        }
        self.agent.load(Ordering::Relaxed) != refused
    }

    async fn call_once(&self, ask: &Ask<'_>, errand: &Errand) -> Result<Reply, CallError> {
        // The semaphore is never closed, so there is always a permit to be had.
        let _permit = self.in_flight.acquire().await.ok();
        self.ledger.take().await?;
        errand.calls.fetch_add(1, Ordering::Relaxed);
        let outcome = self.exchange(ask).await;
        match &outcome {
            Ok(reply) => tracing::debug!(
                yahoo.endpoint = ask.endpoint,
                http.status = reply.status.as_u16(),
                body_bytes = reply.body.len(),
                "called"
            ),
            Err(error) => {
                tracing::debug!(yahoo.endpoint = ask.endpoint, error = error as &dyn std::error::Error, "called in vain");
            }
        }
        outcome
    }

    async fn exchange(&self, ask: &Ask<'_>) -> Result<Reply, CallError> {
        let request = match &ask.form {
            None => self.client.get(ask.url.clone()),
            Some(form) => {
                self.client.post(ask.url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.clone())
            }
        };
        let request = request.headers(self.headers(ask));
        // The address holds the crumb, and an error would print it.
        let transport = |error: reqwest::Error| CallError::Transport(error.without_url());
        let mut response = request.send().await.map_err(transport)?;
        let status = response.status();
        let cookies = response.headers().get_all(SET_COOKIE).iter().cloned().collect();
        let location = response.headers().get(LOCATION).cloned();
        if ask.endpoint == crate::session::COOKIE_ENDPOINT {
            // Its status says nothing (the page is a 404 or a 502) and its body is of no use.
            return Ok(Reply { status, body: Vec::new(), cookies, location });
        }
        match status.as_u16() {
            429 | 999 => return Err(CallError::Limited),
            401 | 403 => {
                self.agent_proven.store(true, Ordering::Relaxed);
                return Err(CallError::SessionRefused);
            }
            408 | 500..=599 => return Err(CallError::Status(status)),
            _ => self.agent_proven.store(true, Ordering::Relaxed),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > LONGEST_BODY {
                return Err(BadAnswer::TooLong.into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body, cookies, location })
    }

    fn headers(&self, ask: &Ask<'_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let agent = self.agent.load(Ordering::Relaxed) % self.user_agents.len();
        headers.insert(USER_AGENT, self.user_agents[agent].clone());
        // Without text/html in it no cookie is set.
        let is_page = matches!(ask.endpoint, crate::session::COOKIE_ENDPOINT | crate::consent::ENDPOINT);
        let accept = if is_page { "text/html,application/xhtml+xml,*/*;q=0.8" } else { "*/*" };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        if ask.fresh {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        if let Some(Ok(mut cookie)) = ask.cookie.map(HeaderValue::from_str) {
            cookie.set_sensitive(true);
            headers.insert(COOKIE, cookie);
        }
        headers
    }
}

impl Reply {
    /// The body of a 200, decoded by `decode`; an error in Yahoo's envelope keeps its meaning whatever the status.
    pub(crate) fn decoded<T>(&self, decode: impl FnOnce(&[u8]) -> Result<T, DecodeError>) -> Result<T, CallError> {
        if self.status != StatusCode::OK {
            return Err(match crate::decode::api_error(&self.body) {
                Some(error) if error.refuses_session() => CallError::SessionRefused,
                Some(error) => BadAnswer::Status { status: self.status, error }.into(),
                None => BadAnswer::BareStatus(self.status).into(),
            });
        }
        decode(&self.body).map_err(|error| match error {
            DecodeError::Api(error) if error.refuses_session() => CallError::SessionRefused,
            error => BadAnswer::Body(error).into(),
        })
    }
}

/// rustls with Mozilla's roots compiled in: loading the system's takes tens of milliseconds of a function's start.
/// Yahoo answers 429 to OpenSSL's handshake, so it is rustls on purpose.
fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots: rustls::RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}
