//! The REST API under `/api/v1`: one axum router, served by Lambda and by the local server alike.

mod address;
mod auth;

pub mod config;
mod error;
mod extract;
mod idempotency;
mod limits;
mod openapi;
mod respond;
mod routes;
mod state;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use http::{HeaderValue, StatusCode, header};

use crate::error::ApiError;
use crate::routes::{
    account, alerts, live, notifications, preferences, prices, push, reference, service, session, shares, tokens, transfer,
    watchlists,
};

pub use config::Config;
pub use limits::Limits;
pub use openapi::document as openapi_document;
pub use state::{CookieMode, Deps, Ports, Settings};

/// The API over these ports.
pub fn router(deps: Deps) -> Router {
    let state = Arc::new(deps);
    let with_caller = Router::new()
        .route("/watchlists", get(watchlists::list).post(watchlists::create))
        .route("/watchlists/{id}", get(watchlists::read).put(watchlists::replace).delete(watchlists::remove))
        .route("/watchlists/{id}/symbols/{symbol}", put(watchlists::add_symbol).delete(watchlists::remove_symbol))
        .route("/watchlists/{id}/share", get(shares::read).put(shares::make).delete(shares::end))
        .route("/export", get(transfer::export))
        .route("/import", post(transfer::import))
        .route("/alerts", get(alerts::list).post(alerts::create))
        .route("/alerts/preview", post(alerts::preview))
        .route("/alerts/{id}", get(alerts::read).put(alerts::replace).delete(alerts::remove))
        .route("/alerts/{id}/actions", post(alerts::act))
        .route("/alerts/{id}/receipts", get(alerts::receipts))
        .route("/notifications", get(notifications::list))
        .route("/notifications/read", post(notifications::read))
        .route("/preferences", get(preferences::read).put(preferences::replace))
        .route("/quotes", get(prices::quotes))
        .route("/symbols/search", get(prices::search))
        .route("/symbols/{symbol}", get(reference::instrument))
        .route("/symbols/{symbol}/history", get(prices::history))
        .route("/sparks", get(reference::sparks))
        .route("/trending", get(reference::trending))
        .route("/rates", get(reference::rates))
        .route("/push/key", get(push::key))
        .route("/push/subscriptions", get(push::list).post(push::subscribe))
        .route("/push/subscriptions/{id}", delete(push::remove))
        .route("/push/subscriptions/{id}/activate", post(push::activate))
        .route("/push/subscriptions/{id}/test", post(push::test))
        .route("/ws-ticket", post(live::ticket))
        .route("/session", delete(session::end))
        .route("/tokens", get(tokens::list).post(tokens::create).delete(tokens::end_all))
        .route("/tokens/{id}", delete(tokens::end))
        .route("/pairing", post(account::pairing))
        .route("/recovery", post(account::recovery))
        .route("/invites", post(account::invite))
        .route("/account", delete(account::delete))
        .route("/account/export", get(account::export))
        .route_layer(from_fn_with_state(Arc::clone(&state), idempotency::once))
        .route_layer(from_fn_with_state(Arc::clone(&state), limits::by_user))
        .route_layer(from_fn_with_state(Arc::clone(&state), auth::require_caller));
    let open = Router::new()
        .route("/session", get(session::read).post(session::begin))
        .route("/pairing/redeem", post(account::pair))
        .route("/recovery/redeem", post(account::recover))
        .route("/actions/{token}", post(alerts::press))
        .route("/status", get(service::status))
        .route("/config", get(service::config))
        .route("/openapi.json", get(service::openapi))
        .route_layer(from_fn_with_state(Arc::clone(&state), auth::same_origin));
    let by_link = Router::new()
        .route("/shared/{token}/list.json", get(shares::json))
        .route("/shared/{token}/list.txt", get(shares::text))
        .route_layer(from_fn(shares::private_address));
    Router::new()
        .nest("/api/v1", with_caller.merge(open).merge(by_link))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(Arc::clone(&state), limits::by_address))
        .layer(from_fn(headers))
        .with_state(state)
}

async fn no_route() -> ApiError {
    ApiError::client(
        StatusCode::NOT_FOUND,
        "route_not_found",
        "there is nothing here; GET /api/v1/openapi.json tells what there is",
    )
}

async fn no_method() -> ApiError {
    ApiError::client(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this cannot be done here; the Allow header tells what can",
    )
}

/// What every answer says: prices and lists are nobody's to keep, and what is sent is what it says it is.
async fn headers(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let mut response = next.run(request).await.into_response();
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
