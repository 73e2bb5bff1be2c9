//! `Idempotency-Key`: a POST that is sent again with the same key is not done again, and gets the same answer.
//!
//! The answer is kept sealed. Some answers show a secret once, so nothing that is kept may be readable from the store alone: the key
//! to it is made from the caller's own session or token, of which the store has a hash only, and from the `Idempotency-Key`.

use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{Context, SHA256};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use quickstocks_core::model::{RequestRecord, Secret, UserId};
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::extract::Caller;
use crate::routes::transfer::MAX_FILE_BYTES;
use crate::state::{AppState, Deps};

/// The request's header.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How long an answer is kept.
const KEPT: Duration = Duration::from_hours(24);

/// How long a request may be under way: twice what a function has. After that it counts as broken off, and may be done anew.
const UNDER_WAY: Duration = Duration::from_mins(1);

/// The largest answer that is kept: an item of the store has at most 400 KB, and a sealed text is a third longer.
const MAX_KEPT_BYTES: usize = 256 * 1024;

/// The headers that are a part of what was answered.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// The secret that a caller showed; put there by the check in front of the routes.
#[derive(Clone)]
pub(crate) struct Credential(pub(crate) Secret);

/// What was answered.
#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// A request that may be sent again.
struct Repeatable {
    user: UserId,
    record: RequestRecord,
    sealing: [u8; 32],
}

/// Does a POST with a key once.
pub(crate) async fn once(State(deps): State<AppState>, request: Request, next: Next) -> Response {
    let callers = (request.extensions().get::<Caller>().cloned(), request.extensions().get::<Credential>().cloned());
    let (Some(Caller(user)), Some(credential)) = callers else { return next.run(request).await };
    let key = match key_of(request.method(), request.headers()) {
        Ok(None) => return next.run(request).await,
        Ok(Some(key)) => key,
        Err(refused) => return refused.into_response(),
    };
    with_key(&deps, user, &credential, &key, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

fn key_of(method: &Method, headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY).filter(|_| *method == Method::POST) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(key.to_owned()));
    }
    let detail = "Idempotency-Key has 1 to 255 letters, digits and signs of ASCII: a UUID will do";
    Err(ApiError::field(StatusCode::BAD_REQUEST, "idempotency_key_malformed", "Idempotency-Key", detail))
}

async fn with_key(
    deps: &Deps,
    user: UserId,
    Credential(secret): &Credential,
    key: &str,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_FILE_BYTES).await.map_err(|_| {
        let detail = format!("a body has at most {} MB", MAX_FILE_BYTES / 1024 / 1024);
        ApiError::client(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    })?;
    let path = parts.uri.path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default();
    let media_type = parts.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let now = deps.clock.now();
    let repeatable = Repeatable {
        user,
        sealing: digest(&[b"sealing", secret.reveal().as_bytes(), key.as_bytes()]),
        record: RequestRecord {
            key: URL_SAFE_NO_PAD.encode(digest(&[b"key", secret.hash().as_str().as_bytes(), key.as_bytes()])),
            fingerprint: URL_SAFE_NO_PAD.encode(digest(&[path.as_bytes(), media_type, &body])),
            answer: None,
            expires_at: now + UNDER_WAY,
        },
    };
    if let Some(before) = deps.requests.claim_request(&repeatable.user, &repeatable.record, now).await? {
        return repeatable.again(&before);
    }
    let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
    Ok(repeatable.keep(deps, answer).await)
}

impl Repeatable {
    /// The answer to a request that came before.
    fn again(&self, before: &RequestRecord) -> Result<Response, ApiError> {
        if before.fingerprint != self.record.fingerprint {
            let detail = "this Idempotency-Key came with another request: take a new one for each";
            return Err(ApiError::invalid("idempotency_key_reused", "Idempotency-Key", detail));
        }
        let Some(sealed) = &before.answer else { return Err(ApiError::UnderWay) };
        let answer = self.open(sealed).ok_or_else(|| ApiError::Internal(anyhow::anyhow!("a kept answer cannot be opened")))?;
        let mut response = Response::new(Body::from(answer.body));
        *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
        for (name, value) in answer.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
                response.headers_mut().insert(name, value);
            }
        }
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }

    /// Keeps a success. Whatever else was answered did nothing, so it is forgotten and may be tried again.
    async fn keep(self, deps: &Deps, answer: Response) -> Response {
        let (parts, body) = answer.into_parts();
        let body: Bytes = match to_bytes(body, usize::MAX).await {
            Ok(body) => body,
            Err(error) => return ApiError::Internal(error.into()).into_response(),
        };
        let kept = if parts.status.is_success() && body.len() <= MAX_KEPT_BYTES { self.seal(&parts, &body) } else { None };
        let done = match kept {
            Some(sealed) => {
                let record = RequestRecord { answer: Some(sealed), expires_at: deps.clock.now() + KEPT, ..self.record };
                deps.requests.keep_answer(&self.user, &record).await
            }
            None => deps.requests.forget_request(&self.user, &self.record.key).await,
        };
        if let Err(error) = done {
            // The request itself is done or refused; its sender may know.
            tracing::warn!(error = &error as &dyn std::error::Error, "what came of a request with a key was not noted");
        }
        Response::from_parts(parts, Body::from(body))
    }

    fn seal(&self, parts: &http::response::Parts, body: &[u8]) -> Option<String> {
        let text = |name: &HeaderName| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned()));
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: KEPT_HEADERS.iter().filter_map(text).collect(),
            body: String::from_utf8(body.to_vec()).ok()?,
        };
        let mut sealed = serde_json::to_vec(&answer).ok()?;
        let nonce = self.cipher()?.seal_in_place_append_tag(self.bound(), &mut sealed).ok()?;
        sealed.extend_from_slice(nonce.as_ref());
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    fn open(&self, sealed: &str) -> Option<Answer> {
        let mut sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let nonce = sealed.split_off(sealed.len().checked_sub(NONCE_LEN)?);
        let nonce = Nonce::try_assume_unique_for_key(&nonce).ok()?;
        let answer = self.cipher()?.open_in_place(nonce, self.bound(), &mut sealed).ok()?;
        serde_json::from_slice(answer).ok()
    }

    fn cipher(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.sealing).ok()
    }

    /// A sealed answer is of one user and one request.
    fn bound(&self) -> Aad<String> {
        Aad::from(format!("{} {}", self.user, self.record.fingerprint))
    }
}

/// The SHA-256 of some parts, each with its length before it.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
