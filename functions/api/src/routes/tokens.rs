use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use quickstocks_core::model::InvalidTokenName;
use quickstocks_wire::rest::{NewTokenBody, Problem, TokenBody, TokenInput, TokensBody};

use crate::auth::clear_cookie;
use crate::error::ApiError;
use crate::extract::{Body, Holder, Path};
use crate::state::AppState;

const DAY: Duration = Duration::from_hours(24);
const USUAL_DAYS: u32 = 90;
const MOST_DAYS: u32 = 366;

/// What lets you in: your sessions, access tokens and recovery code, the oldest first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "account", security(("session" = [])),
    responses((status = 200, body = TokensBody), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn list(State(deps): State<AppState>, holder: Holder) -> Result<Json<TokensBody>, ApiError> {
    let tokens = deps.accounts.tokens(&holder.user).await?;
    Ok(Json(TokensBody { tokens: tokens.iter().map(|token| TokenBody::new(token, Some(&holder.session))).collect() }))
}

/// Makes an access token for scripts. Its secret is shown this once.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "account", security(("session" = [])), request_body = TokenInput,
    responses((status = 201, body = NewTokenBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn create(
    State(deps): State<AppState>,
    holder: Holder,
    Body(input): Body<TokenInput>,
) -> Result<Response, ApiError> {
    let name =
        input.name.parse().map_err(|error: InvalidTokenName| ApiError::invalid("name_invalid", "name", error.to_string()))?;
    let days = input.expires_in_days.unwrap_or(USUAL_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        let detail = format!("a token is good for 1 to {MOST_DAYS} days");
        return Err(ApiError::invalid("expires_in_days_invalid", "expires_in_days", detail));
    }
    let made = deps.accounts.grant_access(&holder.user, name, input.scope, DAY * days).await;
    let made = made.map_err(|error| ApiError::account(error, "name"))?;
    tracing::info!(user.id = %holder.user, token.id = made.token.id(), "access token made");
    let body = NewTokenBody { token: TokenBody::new(&made.token, None), secret: made.secret.reveal().to_owned() };
    let location = HeaderValue::from_str(&format!("/api/v1/tokens/{}", made.token.id()));
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Ends one session, access token or recovery code.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "account", security(("session" = [])), params(("id" = String, Path)),
    responses((status = 204), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn end(State(deps): State<AppState>, holder: Holder, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    deps.accounts.revoke(&holder.user, &id).await.map_err(|error| ApiError::account(error, "id"))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Logs out everywhere: ends every session, token, recovery code and connection, this one included.
#[utoipa::path(delete, path = "/api/v1/tokens", tag = "account", security(("session" = [])),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn end_all(State(deps): State<AppState>, holder: Holder) -> Result<Response, ApiError> {
    deps.accounts.revoke_all(&holder.user).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().append(header::SET_COOKIE, clear_cookie(deps.settings.cookie));
    Ok(response)
}
