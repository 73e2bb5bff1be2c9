//! The endpoints of Yahoo, as one axum router.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use axum::body::Body;
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, extract};
use tower_http::compression::CompressionLayer;

use crate::answer::{self, json, too_many_requests};
use crate::calls::Call;
use crate::chart::{ChartError, ChartRequest};
use crate::fault::{Family, FaultKind};
use crate::market::Inner;
use crate::quote::{envelope, finance_error};
use crate::{control, session::Refusal};

/// What Yahoo says of how long an answer may be kept.
mod cache {
    pub(super) const QUOTE: &str = "public, max-age=1, stale-while-revalidate=9";
    pub(super) const CHART: &str = "public, max-age=10, stale-while-revalidate=20";
    pub(super) const SEARCH: &str = "public, max-age=600, stale-while-revalidate=180";
    pub(super) const TRENDING: &str = "public, max-age=300, stale-while-revalidate=30";
    pub(super) const ERROR: &str = "max-age=0, private";
}

/// Library User-Agents that Yahoo turns away on the first request.
const REFUSED_AGENTS: [&str; 12] = [
    "curl/",
    "wget/",
    "reqwest",
    "hyper/",
    "python-requests",
    "python-urllib",
    "python-httpx",
    "aiohttp",
    "libsoup",
    "go-http-client",
    "java/",
    "okhttp",
];

/// Symbols that a fault makes unknown for one call.
#[derive(Clone, Debug, Default)]
struct Missing(Vec<String>);

type Parameters = Query<HashMap<String, String>>;

pub(crate) fn router(market: Arc<Inner>) -> Router {
    let yahoo = Router::new()
        .route("/", get(cookie_page))
        .route("/consent", get(cookie_page))
        .route("/v1/test/getcrumb", get(crumb))
        .route("/v7/finance/quote", get(quote))
        .route("/v7/finance/spark", get(spark))
        .route("/v8/finance/spark", get(flat_spark))
        .route("/v8/finance/chart/{symbol}", get(chart))
        .route("/v1/finance/search", get(search))
        .route("/v1/finance/trending/{region}", get(trending))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_path)
        .layer(middleware::from_fn_with_state(Arc::clone(&market), as_yahoo_would))
        .with_state(Arc::clone(&market));
    Router::new().nest("/_market", control::router(market)).merge(yahoo).layer(CompressionLayer::new().gzip(true))
}

/// Counts the call, then refuses, delays or spoils it where a limit or a fault says so.
async fn as_yahoo_would(State(market): State<Arc<Inner>>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let family = Family::of(&path);
    let in_flight = market.counter.begin(Call {
        method: request.method().to_string(),
        path,
        family,
        symbols: count_symbols(&request),
        status: None,
        at_ms: market.clock.now_ms(),
    });
    let response = if is_refused_agent(request.headers()) || is_over_budget(&market) {
        too_many_requests(false)
    } else {
        let mut missing = Missing::default();
        let mut replacement = None;
        for fault in market.faults.strike(family) {
            match fault {
                FaultKind::Delay { ms } => tokio::time::sleep(std::time::Duration::from_millis(ms)).await,
                FaultKind::StaleCrumb => market.sessions.invalidate_crumbs(),
                FaultKind::MissingSymbols { symbols } => {
                    missing.0.extend(symbols.iter().map(|symbol| symbol.to_uppercase()));
                }
                fault => replacement = Some(fault),
            }
        }
        request.extensions_mut().insert(missing);
        match replacement {
            Some(fault) => answer::spoiled(&fault, family, request, next).await,
            None => next.run(request).await,
        }
    };
    in_flight.answered(response.status().as_u16());
    response
}

fn count_symbols(request: &Request) -> u64 {
    let Ok(Query(parameters)) = Query::<HashMap<String, String>>::try_from_uri(request.uri()) else {
        return 0;
    };
    match parameters.get("symbols") {
        Some(symbols) => u64::try_from(split_symbols(symbols).len()).unwrap_or(u64::MAX),
        None => u64::from(request.uri().path().starts_with("/v8/finance/chart/")),
    }
}

fn is_refused_agent(headers: &HeaderMap) -> bool {
    let Some(agent) = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()) else {
        return true;
    };
    let agent = agent.trim().to_lowercase();
    agent.is_empty() || REFUSED_AGENTS.iter().any(|refused| agent.starts_with(refused))
}

/// Whether this call is one too many within an hour of the market's clock; refused calls count as well.
fn is_over_budget(market: &Inner) -> bool {
    let Some(budget) = market.limits().calls_per_hour else {
        return false;
    };
    let now_ms = market.clock.now_ms();
    let mut recent = market.recent_calls.lock().unwrap_or_else(PoisonError::into_inner);
    while recent.front().is_some_and(|at| *at <= now_ms - 3_600_000) {
        recent.pop_front();
    }
    // More than the budget need not be remembered to know that it is used up.
    if recent.len() > budget {
        recent.pop_front();
    }
    recent.push_back(now_ms);
    recent.len() > budget
}

/// The page whose only use is its cookies. Without Domain and Secure, so that a client on plain loopback
/// keeps them; the status is no success, as with fc.yahoo.com.
async fn cookie_page(State(market): State<Arc<Inner>>) -> Response {
    let value = market.sessions.issue();
    let mut response = answer::html(StatusCode::NOT_FOUND, "Not Found on Accelerator", "");
    for (name, age) in [("A1", "; Max-Age=31557600"), ("A3", "; Max-Age=31557600"), ("A1S", "")] {
        let cookie = format!("{name}={value}{age}; Path=/; SameSite=Lax; HttpOnly");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

async fn crumb(State(market): State<Arc<Inner>>, headers: HeaderMap) -> Response {
    match market.sessions.crumb(&headers) {
        Ok(crumb) => (
            [
                (header::CONTENT_TYPE, "text/plain;charset=utf-8"),
                (header::CACHE_CONTROL, "private, max-age=60, stale-while-revalidate=30"),
            ],
            crumb,
        )
            .into_response(),
        Err(refusal) => unauthorized(refusal),
    }
}

async fn quote(
    State(market): State<Arc<Inner>>,
    Extension(missing): Extension<Missing>,
    headers: HeaderMap,
    Query(parameters): Parameters,
) -> Response {
    let crumb = parameters.get("crumb").map(String::as_str);
    if let Err(refusal) = market.sessions.check(&headers, crumb) {
        return unauthorized(refusal);
    }
    let symbols = match symbols(&parameters, &missing) {
        Ok(symbols) => symbols,
        Err(response) => return *response,
    };
    if symbols.asked > market.limits().quote_symbols {
        return too_many_requests(false);
    }
    let fields = parameters.get("fields").map(String::as_str);
    let quotes = market.source.quotes(&symbols.known, fields, market.moment());
    json(StatusCode::OK, cache::QUOTE, envelope(quotes))
}

async fn spark(state: State<Arc<Inner>>, missing: Extension<Missing>, parameters: Parameters) -> Response {
    any_spark(&state, &missing, &parameters, false)
}

async fn flat_spark(state: State<Arc<Inner>>, missing: Extension<Missing>, parameters: Parameters) -> Response {
    any_spark(&state, &missing, &parameters, true)
}

fn any_spark(market: &Inner, missing: &Missing, parameters: &HashMap<String, String>, flat: bool) -> Response {
    let symbols = match symbols(parameters, missing) {
        Ok(symbols) => symbols,
        Err(response) => return *response,
    };
    let limit = market.limits().spark_symbols;
    if symbols.asked > limit {
        let body = format!(
            r#"{{"spark":{{"result":null,"error":{{"code":"Bad Request","description":"Number of symbols needs to be less than or equal to {limit}"}}}}}}"#
        );
        return json(StatusCode::BAD_REQUEST, cache::ERROR, body);
    }
    let mut request = chart_request(parameters);
    request.interval.get_or_insert_with(|| "5m".into());
    let at = market.moment();
    let found = if flat {
        market.source.flat_spark(&symbols.known, &request, at)
    } else {
        market.source.spark(&symbols.known, &request, at)
    };
    charted(found.map_err(|error| ChartError { body: error.body.replacen(r#"{"chart""#, r#"{"spark""#, 1), ..error }))
}

async fn chart(
    State(market): State<Arc<Inner>>,
    Extension(missing): Extension<Missing>,
    Path(symbol): Path<String>,
    Query(parameters): Parameters,
) -> Response {
    if missing.0.contains(&symbol.to_uppercase()) {
        return charted(Err(ChartError::not_found()));
    }
    charted(market.source.chart(&symbol, &chart_request(&parameters), market.moment()))
}

async fn search(State(market): State<Arc<Inner>>, Query(parameters): Parameters) -> Response {
    let Some(query) = parameters.get("q").filter(|query| !query.is_empty()) else {
        return bad_request("Missing required query parameter=q");
    };
    let count = parameters.get("quotesCount").and_then(|count| count.parse().ok()).unwrap_or(7);
    json(StatusCode::OK, cache::SEARCH, market.source.search(query, count))
}

async fn trending(
    State(market): State<Arc<Inner>>,
    extract::Path(region): Path<String>,
    Query(parameters): Parameters,
) -> Response {
    let count = parameters.get("count").and_then(|count| count.parse().ok()).unwrap_or(20);
    let body = market.source.trending(&region, count, market.moment());
    json(StatusCode::OK, cache::TRENDING, body)
}

async fn unknown_path() -> Response {
    json(StatusCode::NOT_FOUND, cache::ERROR, finance_error("Not Found", "HTTP 404 Not Found"))
}

/// The symbols of a request.
struct Symbols<'a> {
    /// How many were asked for.
    asked: usize,
    /// Each once, without those that a fault hides.
    known: Vec<&'a str>,
}

fn symbols<'a>(parameters: &'a HashMap<String, String>, missing: &Missing) -> Result<Symbols<'a>, Box<Response>> {
    let asked = parameters.get("symbols").map(|symbols| split_symbols(symbols)).unwrap_or_default();
    if asked.is_empty() {
        return Err(Box::new(bad_request("Missing required query parameter=symbols")));
    }
    let mut seen = std::collections::HashSet::new();
    let count = asked.len();
    let known = asked
        .into_iter()
        .filter(|symbol| {
            let upper = symbol.to_uppercase();
            !missing.0.contains(&upper) && seen.insert(upper)
        })
        .collect();
    Ok(Symbols { asked: count, known })
}

fn split_symbols(symbols: &str) -> Vec<&str> {
    symbols.split(',').map(str::trim).filter(|symbol| !symbol.is_empty()).collect()
}

fn chart_request(parameters: &HashMap<String, String>) -> ChartRequest {
    let text = |name: &str| parameters.get(name).filter(|value| !value.is_empty()).cloned();
    let number = |name: &str| parameters.get(name).and_then(|value| value.parse().ok());
    ChartRequest {
        range: text("range"),
        interval: text("interval"),
        period1: number("period1"),
        period2: number("period2"),
        events: text("events").unwrap_or_default(),
        include_pre_post: parameters.get("includePrePost").is_some_and(|value| value == "true"),
    }
}

fn charted(found: Result<String, ChartError>) -> Response {
    match found {
        Ok(body) => json(StatusCode::OK, cache::CHART, body),
        Err(error) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            json(status, cache::ERROR, error.body)
        }
    }
}

fn bad_request(description: &str) -> Response {
    json(StatusCode::BAD_REQUEST, cache::ERROR, finance_error("Bad Request", description))
}

pub(crate) fn unauthorized(refusal: Refusal) -> Response {
    json(StatusCode::UNAUTHORIZED, cache::ERROR, refusal.body())
}

/// Headers that every answer of Yahoo carries.
pub(crate) fn with_common_headers(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::AGE, HeaderValue::from_static("0"));
    headers.insert(header::SERVER, HeaderValue::from_static("ATS"));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(
        HeaderName::from_static("x-envoy-decorator-operation"),
        HeaderValue::from_static("finance-quote-api--mtls-simulated-market"),
    );
    response
}
