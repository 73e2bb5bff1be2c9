//! The session with Yahoo: a cookie and the crumb bound to it.

use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::model::{SourceSession, Timestamp};
use quickstocks_core::ports::{Clock, SourceGate};
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use url::Url;

use crate::address::Addresses;
use crate::consent::{self, ConsentError};
use crate::http::{Ask, CallError, Errand, Http};

/// The endpoint that is asked for a cookie, whose status means nothing.
pub(crate) const COOKIE_ENDPOINT: &str = "cookie";

/// How long no session is asked for after Yahoo refused one. Waves of 429 on the crumb last hours, and two calls a
/// tick would be lost on them; without a session prices come through spark.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_mins(5);

/// How long none is asked for when the host could not be reached: long enough that those who waited for the same
/// attempt do not repeat it one after the other, short enough for the next tick.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(20);

/// How long the walk through the consent page may take in all: a poll waits for it, and each of its steps has the time of a call.
const LONGEST_WALK: Duration = Duration::from_secs(20);

/// A session younger than this is not blamed for an answer without a single quote.
const SUSPECT_AGE: Duration = Duration::from_mins(10);

/// Why there is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSession {
    /// Yahoo gives no cookie or no crumb.
    Refused,
    /// It cannot be reached.
    Unreachable,
    /// The budget is spent.
    BudgetSpent(Timestamp),
}

/// Holds the session: fetched by one task at a time, shared with the other environments, used for 24 hours.
pub(crate) struct Sessions {
    shared: Arc<dyn SourceGate>,
    clock: Arc<dyn Clock>,
    cookie_url: Url,
    consent_url: Option<Url>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    session: Option<Arc<SourceSession>>,
    paused: Option<(Timestamp, NoSession)>,
}

impl Sessions {
    pub(crate) fn new(shared: Arc<dyn SourceGate>, clock: Arc<dyn Clock>, cookie_url: Url, consent_url: Option<Url>) -> Self {
        Self { shared, clock, cookie_url, consent_url, held: Mutex::default() }
    }

    /// The session: this process's, else the shared one, else a fresh one. Whoever comes while one is fetched waits for it.
    pub(crate) async fn get(&self, http: &Http, addresses: &Addresses, errand: &Errand) -> Result<Arc<SourceSession>, NoSession> {
        let mut held = self.held.lock().await;
        if let Some(session) = self.known(&mut held).await {
            return Ok(session);
        }
        self.fetch(&mut held, http, addresses, errand).await
    }

    /// The session if there is one, without asking Yahoo.
    pub(crate) async fn peek(&self) -> Option<Arc<SourceSession>> {
        self.known(&mut *self.held.lock().await).await
    }

    /// Another session in place of one that Yahoo refused. That very pair is dropped, once; if somebody has put another
    /// one in its place, that is it.
    pub(crate) async fn replace(
        &self,
        refused: &SourceSession,
        http: &Http,
        addresses: &Addresses,
        errand: &Errand,
    ) -> Result<Arc<SourceSession>, NoSession> {
        let mut held = self.held.lock().await;
        self.forget(&mut held, refused).await;
        if let Some(session) = self.known(&mut held).await {
            return Ok(session);
        }
        self.fetch(&mut held, http, addresses, errand).await
    }

    /// Notes that even a fresh session was refused: none is asked for in the next minutes.
    pub(crate) async fn pause(&self) {
        let mut held = self.held.lock().await;
        held.session = None;
        held.paused = Some((self.clock.now() + PAUSE_AFTER_REFUSAL, NoSession::Refused));
    }

    /// Whether Yahoo lately refused a session, so that polls go through spark.
    pub(crate) fn paused(&self) -> bool {
        // Somebody who holds the lock is about to know better; until then the usual way is assumed.
        self.held.try_lock().is_ok_and(|held| held.paused.is_some_and(|(until, _)| until > self.clock.now()))
    }

    /// Drops a session with which every answer was empty: Yahoo was seen to answer so when the crumb is missing. One
    /// that is young is not to blame, so that a list of nothing but unknown symbols does not cost a session a tick.
    pub(crate) async fn suspect(&self, session: &SourceSession) {
        if self.clock.now().since(session.fetched_at) > SUSPECT_AGE {
            tracing::warn!("every answer of a poll was empty; the session is dropped");
            self.forget(&mut *self.held.lock().await, session).await;
        }
    }

    async fn known(&self, held: &mut Held) -> Option<Arc<SourceSession>> {
        let now = self.clock.now();
        if let Some(session) = held.session.as_ref().filter(|session| !session.expired(now)) {
            return Some(Arc::clone(session));
        }
        if held.paused.is_some_and(|(until, _)| until > now) {
            return None;
        }
        held.session = match self.shared.session().await {
            Ok(shared) => shared.filter(|session| !session.expired(now)).map(Arc::new),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the shared session could not be read");
                None
            }
        };
        held.session.clone()
    }

    async fn forget(&self, held: &mut Held, session: &SourceSession) {
        if held.session.as_deref() == Some(session) {
            held.session = None;
            if let Err(error) = self.shared.drop_session(session).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the shared session could not be dropped");
            }
        }
    }

    async fn fetch(
        &self,
        held: &mut Held,
        http: &Http,
        addresses: &Addresses,
        errand: &Errand,
    ) -> Result<Arc<SourceSession>, NoSession> {
        if let Some((_, reason)) = held.paused.filter(|(until, _)| *until > self.clock.now()) {
            return Err(reason);
        }
        match self.fetch_pair(http, addresses, errand).await {
            Ok(session) => {
                tracing::info!("a new session with the source");
                if let Err(error) = self.shared.put_session(&session).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the session could not be shared");
                }
                let session = Arc::new(session);
                *held = Held { session: Some(Arc::clone(&session)), paused: None };
                Ok(session)
            }
            Err(error) => {
                let reason = reason_of(&error);
                if !matches!(reason, NoSession::BudgetSpent(_)) {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "no session with the source; prices come through spark"
                    );
                    let pause = if reason == NoSession::Refused { PAUSE_AFTER_REFUSAL } else { PAUSE_AFTER_FAILURE };
                    held.paused = Some((self.clock.now() + pause, reason));
                }
                Err(reason)
            }
        }
    }

    async fn fetch_pair(&self, http: &Http, addresses: &Addresses, errand: &Errand) -> Result<SourceSession, SessionError> {
        let cookie = self.fetch_cookie(http, errand).await?;
        let ask = Ask::get("getcrumb", addresses.crumb(), Some(&cookie));
        let reply = http.call(&ask, errand).await?;
        let crumb = std::str::from_utf8(&reply.body).unwrap_or_default();
        if !reply.status.is_success() || !is_crumb(crumb.trim()) {
            return Err(SessionError::NoCrumb(reply.status.as_u16()));
        }
        Ok(SourceSession { cookie, crumb: crumb.trim().to_owned(), fetched_at: self.clock.now() })
    }

    /// The cookie, from the page that sets it. Where that page gives none, or a block list keeps its host from being found, by a walk
    /// through the consent page of the EU.
    async fn fetch_cookie(&self, http: &Http, errand: &Errand) -> Result<String, SessionError> {
        let error = match http.call(&Ask::get(COOKIE_ENDPOINT, self.cookie_url.clone(), None), errand).await {
            Ok(reply) => match pick_cookie(&reply.cookies) {
                Some(cookie) => return Ok(cookie),
                None => SessionError::NoCookie(reply.status.as_u16()),
            },
            Err(error) => error.into(),
        };
        let walk =
            matches!(&error, SessionError::NoCookie(..500)) || matches!(&error, SessionError::Call(call) if call.not_connected());
        match &self.consent_url {
            Some(start) if walk => {
                let walked = tokio::time::timeout(LONGEST_WALK, consent::walk(http, errand, start.clone())).await;
                Ok(walked.unwrap_or(Err(ConsentError::TooLong))?)
            }
            _ => Err(error),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error("the cookie host sets neither A3 nor A1 (status {0})")]
    NoCookie(u16),
    #[error("the answer for the crumb holds none (status {0})")]
    NoCrumb(u16),
    #[error("the walk through the consent page led nowhere")]
    NoConsent(#[from] ConsentError),
    #[error(transparent)]
    Call(#[from] CallError),
}

fn reason_of(error: &SessionError) -> NoSession {
    match error {
        SessionError::Call(call) | SessionError::NoConsent(ConsentError::Call(call)) => match call {
            CallError::BudgetSpent(spent) => NoSession::BudgetSpent(spent.retry_at),
            CallError::Transport(_) | CallError::Status(_) => NoSession::Unreachable,
            _ => NoSession::Refused,
        },
        SessionError::NoCookie(500..) => NoSession::Unreachable,
        _ => NoSession::Refused,
    }
}

/// The cookie to send, verbatim (its value has `=` and `&` in it): A3, else A1; either is enough.
pub(crate) fn pick_cookie(set_cookies: &[HeaderValue]) -> Option<String> {
    let pairs: Vec<(&str, &str)> = set_cookies
        .iter()
        .filter_map(|header| header.to_str().ok()?.split(';').next()?.trim().split_once('='))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let named = |wanted: &str| pairs.iter().find(|(name, _)| *name == wanted);
    named("A3").or_else(|| named("A1")).map(|(name, value)| format!("{name}={value}"))
}

/// Whether a text can be a crumb. A limit's text ("Too Many Requests") was used as one by more than one client.
pub(crate) fn is_crumb(text: &str) -> bool {
    (8..=16).contains(&text.len()) && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_a3_else_a1_with_its_value_verbatim() {
        let check = |headers: &[&'static str], expect: Option<&str>| {
            let headers: Vec<_> = headers.iter().map(|header| HeaderValue::from_static(header)).collect();
            assert_eq!(pick_cookie(&headers).as_deref(), expect, "{headers:?}");
        };
        let a1 = "A1=d=AQABBD&S=AQAAAq; Expires=x; Max-Age=31557600; Domain=.yahoo.com; Path=/; SameSite=Lax; Secure; HttpOnly";
        check(&["GUC=x", a1], Some("A1=d=AQABBD&S=AQAAAq"));
        check(&[a1, "A3=d=AQ3&S=AQ4=; Secure"], Some("A3=d=AQ3&S=AQ4="));
        check(&["A1S=no; Path=/", "A3=; Path=/", "GUCS=1"], None);
        check(&[], None);
    }

    #[test]
    fn only_a_crumb_is_taken_for_one() {
        for crumb in ["haT3oykhHqZ", "Mm.oQGSe2By", "ptm/idCTN/J"] {
            assert!(is_crumb(crumb), "{crumb}");
        }
        for text in [
            "",
            "short",
            "Too Many Requests",
            "Edge: Too Many Requests",
            "<html></html>",
            r#"{"finance":1}"#,
            "x".repeat(17).as_str(),
        ] {
            assert!(!is_crumb(text), "{text}");
        }
    }
}
