use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use quickstocks_core::model::{MAX_LISTS, MAX_SYMBOLS_PER_LIST};
use quickstocks_wire::rest::{ConfigBody, ConfigLimits, ConfigSource, StatusBody};

use crate::error::ApiError;
use crate::openapi;
use crate::routes::live::WS_PATH;
use crate::state::AppState;

/// How the service and its source of prices are doing. Public.
#[utoipa::path(get, path = "/api/v1/status", tag = "service", responses((status = 200, body = StatusBody)))]
pub(crate) async fn status(State(deps): State<AppState>) -> Result<Json<StatusBody>, ApiError> {
    let now = deps.clock.now();
    let status = deps.status.status().await?;
    let used = deps.calls.calls(now.millis().div_euclid(3_600_000)).await?;
    let mut body = StatusBody::new(deps.settings.source, &status, now, deps.settings.calls_per_hour, used);
    body.swept_at = deps.reference.swept_at().await?;
    Ok(Json(body))
}

/// What a client needs to know before it begins. Public.
#[utoipa::path(get, path = "/api/v1/config", tag = "service", responses((status = 200, body = ConfigBody)))]
pub(crate) async fn config(State(deps): State<AppState>) -> Json<ConfigBody> {
    Json(ConfigBody {
        version: quickstocks_boot::VERSION.to_owned(),
        source: ConfigSource { kind: deps.settings.source },
        tick_seconds: deps.settings.tick_seconds,
        limits: ConfigLimits { symbols_per_list: MAX_SYMBOLS_PER_LIST, lists: MAX_LISTS },
        sign_up: deps.settings.sign_up,
        sharing: deps.settings.sharing,
        ws_path: WS_PATH.to_owned(),
    })
}

/// This document. Public.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "service", responses((status = 200, description = "an OpenAPI 3.1 document")))]
pub(crate) async fn openapi(State(deps): State<AppState>) -> Response {
    ([(header::CACHE_CONTROL, "public, max-age=300")], Json(openapi::document_with(deps.settings.cookie))).into_response()
}
