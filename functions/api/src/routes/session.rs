use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use quickstocks_core::model::{ListId, SignUp, UserId};
use quickstocks_wire::rest::{Problem, SessionBody, SessionInput, UserBody};

use crate::address::Client;
use crate::auth::{clear_cookie, session_of, set_cookie};
use crate::error::ApiError;
use crate::extract::{Holder, OptionalBody};
use crate::limits::{self, Door};
use crate::state::{AppState, Deps};

/// Makes a guest with an empty watchlist, and a session in a cookie. With a good session it changes nothing and answers who that is.
/// Where not everybody may come it takes an invitation.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body(content = Option<SessionInput>),
    responses((status = 201, body = SessionBody, description = "a new guest; Set-Cookie carries the session"),
        (status = 200, body = SessionBody, description = "who you are already"), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn begin(
    State(deps): State<AppState>,
    headers: HeaderMap,
    client: Option<Extension<Client>>,
    OptionalBody(input): OptionalBody<SessionInput>,
) -> Result<Response, ApiError> {
    if let Some(body) = known(&deps, &headers).await? {
        return Ok((StatusCode::OK, Json(body)).into_response());
    }
    let client = client.as_deref();
    limits::admit(&deps, client, if input.invite.is_some() { Door::Code } else { Door::Guest }).await?;
    admit(&deps, input.invite.as_deref()).await?;
    let guest = deps.guests.arrive().await?;
    tracing::info!(user.id = %guest.user.id, "guest made");
    let mut response = (StatusCode::CREATED, Json(body(&guest.user.id, [guest.list.id]))).into_response();
    response.headers_mut().append(header::SET_COOKIE, set_cookie(&guest.session, deps.settings.cookie));
    Ok(response)
}

async fn admit(deps: &Deps, invite: Option<&str>) -> Result<(), ApiError> {
    match (deps.settings.sign_up, invite) {
        (SignUp::Open, _) => Ok(()),
        (SignUp::Invite, Some(code)) => {
            deps.accounts.accept_invite(code).await.map_err(|error| ApiError::account(error, "invite"))
        }
        (SignUp::Invite, None) => {
            let detail = "this server takes invited guests only: send the code of an invitation";
            Err(ApiError::field(StatusCode::FORBIDDEN, "invite_required", "invite", detail))
        }
        (SignUp::Closed, _) => {
            let detail = "this server takes no new guests; pair this device with one that is in, or use a recovery code";
            Err(ApiError::client(StatusCode::FORBIDDEN, "sign_up_closed", detail))
        }
    }
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
pub(crate) async fn end(State(deps): State<AppState>, _: Holder, headers: HeaderMap) -> Result<Response, ApiError> {
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

pub(crate) fn body(user: &UserId, lists: impl IntoIterator<Item = ListId>) -> SessionBody {
    SessionBody { user: UserBody { id: user.to_string() }, watchlists: lists.into_iter().map(|id| id.to_string()).collect() }
}
