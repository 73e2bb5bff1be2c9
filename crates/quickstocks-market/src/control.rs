//! The control endpoints under `/_market/`, for tests and chaos runs in another process.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::config::MarketError;
use crate::fault::Fault;
use crate::market::{Inner, Market};
use crate::source::Source;

type Shared = State<Arc<Inner>>;

pub(crate) fn router(market: Arc<Inner>) -> Router {
    Router::new()
        .route("/state", get(state).post(change_state))
        .route("/symbols", get(symbols))
        .route("/price", get(price).post(set_price))
        .route("/clock", get(clock).post(set_clock))
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/calls", get(calls).post(reset_calls).delete(reset_calls))
        .layer(middleware::from_fn(only_loopback))
        .with_state(market)
}

/// Bodies must be JSON by content type, so a web page elsewhere cannot post here without a preflight.
async fn only_loopback(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    match peer {
        Some(ConnectInfo(peer)) if peer.ip().is_loopback() => next.run(request).await,
        _ => refusal(StatusCode::FORBIDDEN, "the control endpoints answer on loopback only"),
    }
}

#[derive(Serialize)]
struct StateAnswer {
    mode: &'static str,
    seed: u64,
    always_open: bool,
    step_ms: u64,
    symbols: usize,
    now_ms: i64,
    frozen: bool,
    faults: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateChange {
    always_open: bool,
}

async fn state(State(inner): Shared) -> Json<StateAnswer> {
    let market = Market::from_inner(Arc::clone(&inner));
    Json(StateAnswer {
        mode: match inner.source {
            Source::Simulated(_) => "simulated",
            Source::Recorded(_) => "replay",
        },
        seed: inner.config.seed,
        always_open: market.is_always_open(),
        step_ms: u64::try_from(inner.config.step.as_millis()).unwrap_or(u64::MAX),
        symbols: market.symbols().len(),
        now_ms: market.now_ms(),
        frozen: market.is_frozen(),
        faults: market.faults(),
    })
}

async fn change_state(State(inner): Shared, change: Result<Json<StateChange>, JsonRejection>) -> Response {
    match change {
        Ok(Json(change)) => {
            Market::from_inner(Arc::clone(&inner)).set_always_open(change.always_open);
            state(State(inner)).await.into_response()
        }
        Err(error) => refusal(error.status(), &error.body_text()),
    }
}

async fn symbols(State(inner): Shared) -> Json<Vec<String>> {
    Json(inner.source.symbols())
}

#[derive(Deserialize)]
struct PriceQuery {
    symbol: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceChange {
    symbol: String,
    /// `null` lets the simulation price the symbol again.
    price: Option<f64>,
}

#[derive(Serialize)]
struct PriceAnswer {
    symbol: String,
    price: f64,
}

async fn price(State(inner): Shared, Query(query): Query<PriceQuery>) -> Response {
    price_answer(&Market::from_inner(inner), query.symbol)
}

async fn set_price(State(inner): Shared, change: Result<Json<PriceChange>, JsonRejection>) -> Response {
    let Json(change) = match change {
        Ok(change) => change,
        Err(error) => return refusal(error.status(), &error.body_text()),
    };
    let market = Market::from_inner(inner);
    let changed = match change.price {
        Some(price) => market.set_price(&change.symbol, price),
        None => market.release_price(&change.symbol),
    };
    match changed {
        Ok(()) => price_answer(&market, change.symbol),
        Err(error) => refused(&error),
    }
}

fn price_answer(market: &Market, symbol: String) -> Response {
    match market.price(&symbol) {
        Ok(price) => Json(PriceAnswer { symbol, price }).into_response(),
        Err(error) => refused(&error),
    }
}

#[derive(Serialize)]
struct ClockAnswer {
    now_ms: i64,
    frozen: bool,
}

/// Applied in this order: freeze or run, set, advance.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    frozen: Option<bool>,
    set_ms: Option<i64>,
    #[serde(default)]
    advance_ms: i64,
}

async fn clock(State(inner): Shared) -> Json<ClockAnswer> {
    Json(ClockAnswer { now_ms: inner.clock.now_ms(), frozen: inner.clock.is_frozen() })
}

async fn set_clock(State(inner): Shared, change: Result<Json<ClockChange>, JsonRejection>) -> Response {
    let Json(change) = match change {
        Ok(change) => change,
        Err(error) => return refusal(error.status(), &error.body_text()),
    };
    match change.frozen {
        Some(true) => inner.clock.freeze(),
        Some(false) => inner.clock.run(),
        None => {}
    }
    if let Some(to_ms) = change.set_ms {
        inner.clock.set_ms(to_ms);
    }
    if change.advance_ms != 0 {
        inner.clock.advance_ms(change.advance_ms);
    }
    clock(State(inner)).await.into_response()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FaultBody {
    Several(Vec<Fault>),
    One(Fault),
}

async fn faults(State(inner): Shared) -> Json<Vec<Fault>> {
    Json(inner.faults.list())
}

async fn add_faults(State(inner): Shared, body: Result<Json<FaultBody>, JsonRejection>) -> Response {
    match body {
        Ok(Json(FaultBody::One(fault))) => inner.faults.add(fault),
        Ok(Json(FaultBody::Several(faults))) => faults.into_iter().for_each(|fault| inner.faults.add(fault)),
        Err(error) => return refusal(error.status(), &error.body_text()),
    }
    faults(State(inner)).await.into_response()
}

async fn clear_faults(State(inner): Shared) -> Json<Vec<Fault>> {
    inner.faults.clear();
    faults(State(inner)).await
}

async fn calls(State(inner): Shared) -> Response {
    Json(inner.counter.snapshot()).into_response()
}

/// Answers with the counters as they were.
async fn reset_calls(State(inner): Shared) -> Response {
    let before = inner.counter.snapshot();
    inner.counter.reset();
    Json(before).into_response()
}

fn refused(error: &MarketError) -> Response {
    let status = match error {
        MarketError::UnknownSymbol(_) => StatusCode::NOT_FOUND,
        MarketError::Recorded => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    refusal(status, &error.to_string())
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(serde_json::json!({ "error": message }))).into_response()
}
