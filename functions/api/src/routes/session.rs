use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use quickstocks_core::model::{ListId, UserId};
use quickstocks_wire::rest::{Problem, SessionBody, UserBody};

use crate::auth::{clear_cookie, session_of, set_cookie};
use crate::error::ApiError;
use crate::state::{AppState, Deps};

/// Makes a guest with an empty watchlist, and a session in a cookie. With a good session it changes nothing and answers who that is.
#[utoipa::path(post, path = "/api/v1/session", tag = "session",
    responses((status = 201, body = SessionBody, description = "a new guest; Set-Cookie carries the session"),
        (status = 200, body = SessionBody, description = "who you are already"), (status = 403, body = Problem)))]
pub(crate) async fn begin(State(deps): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(body) = known(&deps, &headers).await? {
        return Ok((StatusCode::OK, Json(body)).into_response());
    }
    let guest = deps.guests.arrive().await?;
    tracing::info!(user.id = %guest.user.id, "guest made");
    let mut response = (StatusCode::CREATED, Json(body(&guest.user.id, [guest.list.id]))).into_response();
    response.headers_mut().append(header::SET_COOKIE, set_cookie(&guest.session, deps.settings.cookie));
    Ok(response)
}

/// Who you are.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", security(("session" = [])),
    responses((status = 200, body = SessionBody), (status = 401, body = Problem)))]
pub(crate) async fn read(State(deps): State<AppState>, headers: HeaderMap) -> Result<Json<SessionBody>, ApiError> {
    known(&deps, &headers).await?.map(Json).ok_or_else(ApiError::session_required)
}

/// Ends the session; the cookie is taken away.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", security(("session" = [])),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn end(State(deps): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(session) = session_of(&headers, deps.settings.cookie) {
        deps.guests.leave(&session).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().append(header::SET_COOKIE, clear_cookie(deps.settings.cookie));
    Ok(response)
}

async fn known(deps: &Deps, headers: &HeaderMap) -> Result<Option<SessionBody>, ApiError> {
    let Some(session) = session_of(headers, deps.settings.cookie) else { return Ok(None) };
    let Some(guest) = deps.guests.recognise(&session).await? else { return Ok(None) };
    let lists = deps.watchlists.all(&guest.user).await?;
    Ok(Some(body(&guest.user, lists.into_iter().map(|list| list.id))))
}

fn body(user: &UserId, lists: impl IntoIterator<Item = ListId>) -> SessionBody {
    SessionBody { user: UserBody { id: user.to_string() }, watchlists: lists.into_iter().map(|id| id.to_string()).collect() }
}
