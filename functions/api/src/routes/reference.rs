//! What is known of instruments beside their prices, and what currencies are worth.

use axum::Json;
use axum::extract::State;
use quickstocks_core::currencies::MAX_CURRENCIES;
use quickstocks_core::model::{Currency, DisplayCurrency, MissingReason};
use quickstocks_core::ports::SourceError;
use quickstocks_wire::rest::{InstrumentBody, Problem, RateBody, RatesBody, SparksBody, TrendingBody};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::{Caller, Path, Query, symbol, symbol_list};
use crate::state::AppState;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SparksQuery {
    /// 1 to 200 symbols, separated by commas.
    #[param(example = "AAPL,^GSPC")]
    #[serde(default)]
    symbols: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RatesQuery {
    /// The currency to tell the others in: a code of ISO 4217.
    #[param(example = "EUR", min_length = 3, max_length = 3)]
    #[serde(default)]
    to: String,
    /// 1 to 50 currencies as quotes have them, separated by commas; `GBp`, `ZAc` and `ILA` are hundredths.
    #[param(example = "USD,GBp")]
    #[serde(default)]
    from: String,
}

/// What is known of one instrument: its quote, and dates and figures that change slowly.
#[utoipa::path(get, path = "/api/v1/symbols/{symbol}", tag = "prices", security(("session" = []), ("token" = [])),
    params(("symbol" = String, Path, example = "AAPL")),
    responses((status = 200, body = InstrumentBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn instrument(
    State(deps): State<AppState>,
    Caller(_): Caller,
    Path(text): Path<String>,
) -> Result<Json<InstrumentBody>, ApiError> {
    let symbol = symbol(&text)?;
    let now = deps.clock.now();
    let mut found = deps.symbols.quotes(std::slice::from_ref(&symbol)).await?;
    let is_unknown = |reason| matches!(reason, MissingReason::Unknown | MissingReason::Delisted);
    if found.missing.iter().any(|missing| is_unknown(missing.reason)) {
        return Err(ApiError::source(SourceError::NotFound, now));
    }
    let quote = found.quotes.pop();
    let details = match deps.reference.details(&symbol).await {
        Ok(details) => Some(details),
        // What is there is told; what is not may be there in a minute.
        Err(error) if quote.is_some() => {
            tracing::debug!(error = &error as &dyn std::error::Error, "details could not be had");
            None
        }
        Err(error) => return Err(ApiError::source(error, now)),
    };
    Ok(Json(InstrumentBody { symbol, quote, details }))
}

/// The closes of some symbols' last session, for small drawings. They may be a quarter of an hour old; the live price is the last point.
#[utoipa::path(get, path = "/api/v1/sparks", tag = "prices", security(("session" = []), ("token" = [])), params(SparksQuery),
    responses((status = 200, body = SparksBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn sparks(
    State(deps): State<AppState>,
    Caller(_): Caller,
    Query(query): Query<SparksQuery>,
) -> Result<Json<SparksBody>, ApiError> {
    let symbols = symbol_list(&query.symbols)?;
    let sparks = deps.reference.sparks(&symbols).await.map_err(|error| ApiError::source(error, deps.clock.now()))?;
    let missing = symbols.into_iter().filter(|symbol| !sparks.contains_key(symbol)).collect();
    Ok(Json(SparksBody { sparks, missing }))
}

/// The symbols that many want to see: what trends at the source, and what is followed most here. Nobody can be told from it who follows
/// what: less than three followers are not counted.
#[utoipa::path(get, path = "/api/v1/trending", tag = "prices", security(("session" = []), ("token" = [])),
    responses((status = 200, body = TrendingBody), (status = 401, body = Problem)))]
pub(crate) async fn trending(State(deps): State<AppState>, Caller(_): Caller) -> Result<Json<TrendingBody>, ApiError> {
    Ok(Json(deps.reference.popular().await?.into()))
}

/// What some currencies are worth in another one. The pairs are polled with the ticks for an hour after somebody asked.
#[utoipa::path(get, path = "/api/v1/rates", tag = "prices", security(("session" = []), ("token" = [])), params(RatesQuery),
    responses((status = 200, body = RatesBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn rates(
    State(deps): State<AppState>,
    Caller(_): Caller,
    Query(query): Query<RatesQuery>,
) -> Result<Json<RatesBody>, ApiError> {
    let to: DisplayCurrency = query.to.parse().map_err(|error: quickstocks_core::model::InvalidPreference| {
        ApiError::invalid("currency_invalid", "to", error.to_string())
    })?;
    let texts: Vec<&str> = query.from.split(',').filter(|text| !text.is_empty()).collect();
    if texts.is_empty() || texts.len() > MAX_CURRENCIES {
        return Err(ApiError::invalid(
            "currencies_invalid",
            "from",
            format!("name 1 to {MAX_CURRENCIES} currencies, separated by commas"),
        ));
    }
    let is_code = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if let Some(at) = texts.iter().position(|text| !is_code(text)) {
        return Err(ApiError::invalid(
            "currency_invalid",
            format!("from[{at}]"),
            "a currency has three letters, such as USD or GBp",
        ));
    }
    let from: Vec<Currency> = texts.into_iter().map(Currency::new).collect();
    let found = deps.exchange_rates.rates(&to, &from).await?;
    let missing = from.iter().filter(|currency| !found.contains_key(currency)).map(ToString::to_string).collect();
    let rates = found.into_iter().map(|(currency, rate)| (currency.to_string(), RateBody::from(rate))).collect();
    Ok(Json(RatesBody { to: to.to_string(), rates, missing }))
}
