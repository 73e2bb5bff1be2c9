use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderValue, StatusCode, header};
use quickstocks_core::accounts::NewToken;
use quickstocks_core::model::{INBOX_COUNTED, SignUp, UserId};
use quickstocks_wire::rest::{
    AccountExport, AlertBody, CodeBody, CodeInput, DeviceBody, Problem, RecoveredBody, SessionBody, SharedListName, TokenBody,
};
use quickstocks_wire::ws::NoticeView;

use super::session;
use crate::address::Client;
use crate::auth::{clear_cookie, set_cookie};
use crate::error::ApiError;
use crate::extract::{Body, Holder};
use crate::limits::{self, Door};
use crate::state::{AppState, Deps};

const EXPORT_VERSION: u32 = 1;

/// A code that gives one more device a session, within five minutes and once.
#[utoipa::path(post, path = "/api/v1/pairing", tag = "account", security(("session" = [])),
    responses((status = 201, body = CodeBody), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn pairing(State(deps): State<AppState>, holder: Holder) -> Result<(StatusCode, Json<CodeBody>), ApiError> {
    Ok((StatusCode::CREATED, Json(code(&deps.accounts.pairing_code(&holder.user).await?))))
}

/// Makes this device one of the account's that made the code. A session it had before is left behind.
#[utoipa::path(post, path = "/api/v1/pairing/redeem", tag = "account", request_body = CodeInput,
    responses((status = 200, body = SessionBody, description = "Set-Cookie carries the session"), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn pair(
    State(deps): State<AppState>,
    client: Option<Extension<Client>>,
    Body(input): Body<CodeInput>,
) -> Result<Response, ApiError> {
    limits::admit(&deps, client.as_deref(), Door::Code).await?;
    let session = deps.accounts.pair(&input.code).await.map_err(|error| ApiError::account(error, "code"))?;
    tracing::info!(user.id = %session.token.user, "device paired");
    let body = session_body(&deps, &session.token.user).await?;
    Ok(with_session(&deps, &session, Json(body)))
}

/// A code that brings the account back when every device is lost. The one before it is no longer good.
#[utoipa::path(post, path = "/api/v1/recovery", tag = "account", security(("session" = [])),
    responses((status = 201, body = CodeBody), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn recovery(State(deps): State<AppState>, holder: Holder) -> Result<(StatusCode, Json<CodeBody>), ApiError> {
    let made = deps.accounts.recovery_code(&holder.user).await.map_err(|error| ApiError::account(error, "code"))?;
    Ok((StatusCode::CREATED, Json(code(&made))))
}

/// Brings an account back to this device. The code is used up; the answer has the next one.
#[utoipa::path(post, path = "/api/v1/recovery/redeem", tag = "account", request_body = CodeInput,
    responses((status = 200, body = RecoveredBody, description = "Set-Cookie carries the session"), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn recover(
    State(deps): State<AppState>,
    client: Option<Extension<Client>>,
    Body(input): Body<CodeInput>,
) -> Result<Response, ApiError> {
    limits::admit(&deps, client.as_deref(), Door::Code).await?;
    let (session, next) = deps.accounts.recover(&input.code).await.map_err(|error| ApiError::account(error, "code"))?;
    tracing::info!(user.id = %session.token.user, "account recovered");
    let body =
        RecoveredBody { session: session_body(&deps, &session.token.user).await?, recovery_code: next.secret.reveal_grouped() };
    Ok(with_session(&deps, &session, Json(body)))
}

/// An invitation for one guest, good for two weeks. Where everybody may come none is needed; where nobody may, none is given.
#[utoipa::path(post, path = "/api/v1/invites", tag = "account", security(("session" = [])),
    responses((status = 201, body = CodeBody), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn invite(State(deps): State<AppState>, holder: Holder) -> Result<(StatusCode, Json<CodeBody>), ApiError> {
    if deps.settings.sign_up == SignUp::Closed {
        let detail = "this server takes no new guests, so an invitation would be of no use";
        return Err(ApiError::client(StatusCode::FORBIDDEN, "sign_up_closed", detail));
    }
    Ok((StatusCode::CREATED, Json(code(&deps.accounts.invite(Some(&holder.user)).await?))))
}

/// Everything that is kept about you, as a file.
#[utoipa::path(get, path = "/api/v1/account/export", tag = "account", security(("session" = [])),
    responses((status = 200, body = AccountExport), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn export(State(deps): State<AppState>, holder: Holder) -> Result<Response, ApiError> {
    let Holder { user, session } = &holder;
    let tokens = deps.accounts.tokens(user).await?;
    let export = AccountExport {
        version: EXPORT_VERSION,
        user: user.to_string(),
        created_at: deps.accounts.since(user).await?,
        watchlists: deps.watchlists.all(user).await?,
        shares: deps.shares.all(user).await?.iter().map(SharedListName::new).collect(),
        preferences: deps.preferences.get(user).await?,
        alerts: deps.alerts.list(user).await?.iter().map(AlertBody::from).collect(),
        notifications: whole_inbox(&deps, user).await?,
        tokens: tokens.iter().map(|token| TokenBody::new(token, Some(session))).collect(),
        devices: deps.devices.list(user).await?.iter().map(DeviceBody::new).collect(),
    };
    let attachment = (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"quickstocks-account.json\""));
    Ok(([attachment], Json(export)).into_response())
}

/// Deletes your account and everything in it: lists, preferences, sessions, tokens. Nothing brings it back.
#[utoipa::path(delete, path = "/api/v1/account", tag = "account", security(("session" = [])),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn delete(State(deps): State<AppState>, holder: Holder) -> Result<Response, ApiError> {
    deps.accounts.delete(&holder.user).await?;
    tracing::info!(user.id = %holder.user, "account deleted");
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().append(header::SET_COOKIE, clear_cookie(deps.settings.cookie));
    Ok(response)
}

async fn whole_inbox(deps: &Deps, user: &UserId) -> Result<Vec<NoticeView>, ApiError> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = deps.inbox.page(user, before.as_ref(), INBOX_COUNTED).await?;
        all.extend(page.notifications.iter().map(NoticeView::of));
        before = page.next;
        if before.is_none() {
            return Ok(all);
        }
    }
}

fn code(made: &NewToken) -> CodeBody {
    CodeBody { code: made.secret.reveal_grouped(), expires_at: made.token.expires_at }
}

async fn session_body(deps: &Deps, user: &UserId) -> Result<SessionBody, ApiError> {
    let lists = deps.watchlists.all(user).await?;
    Ok(session::body(user, lists.into_iter().map(|list| list.id)))
}

fn with_session(deps: &Deps, session: &NewToken, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    response.headers_mut().append(header::SET_COOKIE, set_cookie(&session.secret, deps.settings.cookie));
    response
}
