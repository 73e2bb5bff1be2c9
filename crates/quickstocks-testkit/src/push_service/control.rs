//! How another process, a browser's test, tells the service what to do:
//!
//! | request | does |
//! |---|---|
//! | `POST /control/subscriptions` `{"key": BASE64URL}` | makes a subscription for that key; answers what `PushSubscription.toJSON()` would |
//! | `GET /control/messages` | every message so far, and what was wrong with requests |
//! | `POST /control/answers` `{"endpoint", "status", "retry_after"?}` | what the next message to that endpoint is answered with |

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{ReceivedMessage, ServiceAnswer, Shared};
use crate::lock;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/control/subscriptions", post(subscribe))
        .route("/control/messages", get(messages))
        .route("/control/answers", post(answer))
}

async fn subscribe(State(shared): State<Arc<Shared>>, Json(asked): Json<Value>) -> Result<Json<Value>, StatusCode> {
    let key = asked["key"].as_str().and_then(|key| URL_SAFE_NO_PAD.decode(key).ok()).ok_or(StatusCode::BAD_REQUEST)?;
    let made = shared.subscribe(&key);
    Ok(Json(json!({
        "endpoint": made.endpoint.reveal(), "expirationTime": null, "keys": { "p256dh": made.keys.p256dh, "auth": made.keys.auth }
    })))
}

async fn messages(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let state = lock(&shared.state);
    let messages: Vec<Value> = state.messages.iter().map(told).collect();
    Json(json!({ "messages": messages, "faults": state.faults }))
}

fn told(message: &ReceivedMessage) -> Value {
    json!({
        "endpoint": message.endpoint, "payload": message.payload, "topic": message.topic, "urgency": message.urgency,
        "ttl": message.ttl.as_secs(), "status": message.status
    })
}

async fn answer(State(shared): State<Arc<Shared>>, Json(asked): Json<Value>) -> Result<StatusCode, StatusCode> {
    let status = asked["status"].as_u64().and_then(|status| u16::try_from(status).ok()).ok_or(StatusCode::BAD_REQUEST)?;
    let endpoint = asked["endpoint"].as_str().ok_or(StatusCode::BAD_REQUEST)?;
    let known = lock(&shared.state).browsers.iter().any(|browser| browser.endpoint == endpoint);
    if !known {
        return Err(StatusCode::NOT_FOUND);
    }
    let retry_after = asked["retry_after"].as_u64().map(|seconds| seconds.to_string());
    shared.answer_next(endpoint, ServiceAnswer::Status { status, retry_after, body: String::new() });
    Ok(StatusCode::NO_CONTENT)
}
