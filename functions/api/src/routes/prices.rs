use axum::Json;
use axum::extract::State;
use quickstocks_core::model::{History, HistoryRange};
use quickstocks_core::search::MAX_MATCHES;
use quickstocks_wire::rest::{Problem, QuotesBody, SearchBody, schema};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::{Caller, Path, Query, symbol, symbol_list};
use crate::state::AppState;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QuotesQuery {
    /// 1 to 200 symbols, separated by commas.
    #[param(example = "AAPL,^GSPC")]
    #[serde(default)]
    symbols: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// A company's name, a part of it, a symbol or an ISIN: 1 to 64 characters.
    #[param(example = "app", min_length = 1, max_length = 64)]
    #[serde(default)]
    q: String,
    /// How many matches at the most: 1 to 25, 10 by default.
    #[param(minimum = 1, maximum = 25, nullable = false)]
    limit: Option<usize>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// How far back: 1d, 5d, 1mo, 6mo, 1y, 5y or max; 1d by default.
    #[param(example = "1d", nullable = false)]
    range: Option<String>,
    /// What one bar covers: 1m, 5m, 15m, 1h, 1d, 1wk or 1mo; by default what suits the range.
    #[param(example = "5m", nullable = false)]
    interval: Option<String>,
}

/// The last known quotes of some symbols. Symbols that nobody follows yet are polled now.
#[utoipa::path(get, path = "/api/v1/quotes", tag = "prices", security(("session" = []), ("token" = [])), params(QuotesQuery),
    responses((status = 200, body = QuotesBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn quotes(
    State(deps): State<AppState>,
    Caller(_): Caller,
    Query(query): Query<QuotesQuery>,
) -> Result<Json<QuotesBody>, ApiError> {
    let found = deps.symbols.quotes(&symbol_list(&query.symbols)?).await?;
    Ok(Json(QuotesBody {
        tick: found.status.tick,
        polled_at: found.status.polled_at,
        source: found.status.health,
        quotes: found.quotes,
        missing: found.missing,
    }))
}

/// Finds symbols by a company's name, by symbol or by ISIN.
#[utoipa::path(get, path = "/api/v1/symbols/search", tag = "prices", security(("session" = []), ("token" = [])), params(SearchQuery),
    responses((status = 200, body = SearchBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn search(
    State(deps): State<AppState>,
    Caller(_): Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchBody>, ApiError> {
    let limit = query.limit.unwrap_or(10);
    if !(1..=MAX_MATCHES).contains(&limit) {
        return Err(ApiError::invalid("limit_invalid", "limit", format!("limit is between 1 and {MAX_MATCHES}")));
    }
    let found = deps.search.find(&query.q, limit).await;
    let matches = found.map_err(|error| ApiError::search(error, deps.clock.now()))?;
    Ok(Json(SearchBody { query: query.q.trim().to_owned(), matches }))
}

/// The prices of a symbol over time.
#[utoipa::path(get, path = "/api/v1/symbols/{symbol}/history", tag = "prices", security(("session" = []), ("token" = [])),
    params(("symbol" = String, Path, example = "AAPL"), HistoryQuery),
    responses((status = 200, body = schema::History), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn history(
    State(deps): State<AppState>,
    Caller(_): Caller,
    Path(text): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<History>, ApiError> {
    let symbol = symbol(&text)?;
    let range: HistoryRange = query
        .range
        .as_deref()
        .unwrap_or("1d")
        .parse()
        .map_err(|()| ApiError::invalid("range_invalid", "range", "range is one of 1d, 5d, 1mo, 6mo, 1y, 5y, max"))?;
    let interval = match query.interval.as_deref() {
        None => range.usual_interval(),
        Some(text) => text.parse().ok().filter(|interval| range.has(*interval)).ok_or_else(|| {
            let detail = "interval is one of 1m, 5m, 15m, 1h, 1d, 1wk, 1mo, and not too short for the range: 1m reaches back 5d, \
                              5m and 15m 1mo, 1h 1y";
            ApiError::invalid("interval_invalid", "interval", detail)
        })?,
    };
    deps.history.history(&symbol, range, interval).await.map(Json).map_err(|error| ApiError::source(error, deps.clock.now()))
}
