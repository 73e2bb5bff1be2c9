//! The HTTP side: what a request deserves, and what it gets.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State as Shares};
use axum::http::{HeaderMap, Response, header};
use axum::routing::post;
use futures_util::stream;

use super::{ReceivedMessage, ServiceAnswer, Shared, control, vapid};
use crate::lock;

/// The most that every service has to take (RFC 8030, section 7.2).
const MAX_BODY: usize = 4096;

/// The longest that Autopush keeps a message for.
const MAX_TTL: Duration = Duration::from_hours(30 * 24);

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/push/{token}", post(take))
        .layer(DefaultBodyLimit::max(1024 * 1024))
        .merge(control::router())
        .with_state(shared)
}

async fn take(Shares(shared): Shares<Arc<Shared>>, Path(token): Path<String>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let endpoint = format!("{}/push/{token}", shared.origin);
    let (answer, deserved) = {
        let mut state = lock(&shared.state);
        let Some(browser) = state.browsers.iter_mut().find(|browser| browser.endpoint == endpoint) else {
            return plain(404, "no such subscription");
        };
        let answer = browser.answers.pop_front().unwrap_or(ServiceAnswer::Deserved);
        let read = read(&shared, browser, &headers, &body);
        let deserved = match read {
            Ok(message) => Ok(message),
            Err((status, fault)) => {
                state.faults.push(fault.clone());
                Err((status, fault))
            }
        };
        (answer, deserved)
    };
    shared.requests.send_modify(|requests| *requests += 1);
    if let ServiceAnswer::Held(gate) = &answer {
        gate.pass().await;
    }
    let status = match &answer {
        ServiceAnswer::Deserved | ServiceAnswer::Held(_) => deserved.as_ref().map_or_else(|(status, _)| *status, |_| 201),
        ServiceAnswer::Status { status, .. } | ServiceAnswer::Endless(status) => *status,
        ServiceAnswer::Redirect(_) => 307,
    };
    let word = match deserved {
        Ok(message) => {
            lock(&shared.state).messages.push(ReceivedMessage { status, ..message });
            String::new()
        }
        Err((_, word)) => word,
    };
    respond(&shared, answer, status, word)
}

fn respond(shared: &Arc<Shared>, answer: ServiceAnswer, status: u16, word: String) -> Response<Body> {
    match answer {
        ServiceAnswer::Deserved | ServiceAnswer::Held(_) => plain(status, word),
        ServiceAnswer::Status { retry_after, body, .. } => {
            let mut response = plain(status, body);
            if let Some(after) = retry_after.and_then(|after| after.parse().ok()) {
                response.headers_mut().insert(header::RETRY_AFTER, after);
            }
            response
        }
        ServiceAnswer::Redirect(to) => {
            let mut response = plain(status, "");
            response.headers_mut().extend(to.parse().ok().map(|to| (header::LOCATION, to)));
            response
        }
        ServiceAnswer::Endless(_) => {
            let shared = Arc::clone(shared);
            let chunks = stream::repeat_with(move || {
                let chunk = Bytes::from_static(&[b' '; 4096]);
                lock(&shared.state).endless_bytes += chunk.len();
                Ok::<_, Infallible>(chunk)
            });
            build(status, Body::from_stream(chunks))
        }
    }
}

fn plain(status: u16, body: impl Into<Body>) -> Response<Body> {
    build(status, body.into())
}

fn build(status: u16, body: Body) -> Response<Body> {
    Response::builder().status(status).body(body).expect("a status and a body are a response")
}

/// What a request says to a device; otherwise the status it deserves and why.
fn read(shared: &Shared, browser: &super::Browser, headers: &HeaderMap, body: &[u8]) -> Result<ReceivedMessage, (u16, String)> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let fault = |status: u16, word: &str| (status, word.to_owned());
    let authorization = text("authorization").ok_or_else(|| fault(401, "MissingProviderToken"))?;
    let now = shared.clock.now();
    let claims = vapid::check(&authorization, &shared.origin, &browser.application_server_key, now)
        .map_err(|word| fault(if word == "MissingProviderToken" { 401 } else { 403 }, word))?;
    let ttl = text("ttl").and_then(|ttl| ttl.parse().ok()).map(Duration::from_secs);
    let ttl = ttl.filter(|ttl| *ttl <= MAX_TTL).ok_or_else(|| fault(400, "BadTtl"))?;
    let urgency = text("urgency").unwrap_or_else(|| "normal".to_owned());
    if !["very-low", "low", "normal", "high"].contains(&urgency.as_str()) {
        return Err(fault(400, "BadUrgency"));
    }
    let topic = text("topic");
    // What all services together take: Autopush letters and digits only, Apple no length that base64 does not have.
    let good_topic =
        |topic: &String| topic.len() <= 32 && topic.len() % 4 != 1 && topic.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !topic.as_ref().is_none_or(good_topic) {
        return Err(fault(400, "BadWebPushTopic"));
    }
    if text("content-encoding").as_deref() != Some("aes128gcm") {
        return Err(fault(400, "BadContentEncoding"));
    }
    if body.len() > MAX_BODY {
        return Err(fault(413, "PayloadTooLarge"));
    }
    let plaintext = browser.read(body).map_err(|wrong| (400, wrong))?;
    let payload = serde_json::from_slice(&plaintext).map_err(|error| (400, format!("the message is no JSON: {error}")))?;
    Ok(ReceivedMessage {
        endpoint: browser.endpoint.clone(),
        payload,
        body_bytes: body.len(),
        topic,
        urgency,
        ttl,
        authorization,
        contact: claims.contact,
        expires_at: claims.expires_at,
        status: 0,
    })
}
