use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use quickstocks_core::model::{ListId, Secret, Timestamp};
use quickstocks_wire::rest::{Problem, ShareBody, SharedListBody};
use quickstocks_wire::shared::table;

use crate::error::ApiError;
use crate::extract::{Caller, Path};
use crate::state::{AppState, Deps};

/// The link to a watchlist, made if there is none: whoever has it sees the list's name, its symbols and their quotes, without an account, until
/// it is ended. It stays the same; for another one, end it first.
#[utoipa::path(put, path = "/api/v1/watchlists/{id}/share", tag = "sharing", security(("session" = []), ("token" = [])), params(("id" = String, Path)),
    responses((status = 200, body = ShareBody), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn make(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Json<ShareBody>, ApiError> {
    check_allowed(&deps)?;
    let share = deps.shares.make(&user, &ListId::new(&id)).await.map_err(ApiError::share)?;
    tracing::info!(user.id = %user, list.id = %share.list, "list shared");
    Ok(Json(ShareBody::new(&share)))
}

/// The link to a watchlist, if it has one. It is told also while sharing is switched off and the link leads nowhere.
#[utoipa::path(get, path = "/api/v1/watchlists/{id}/share", tag = "sharing", security(("session" = []), ("token" = [])), params(("id" = String, Path)),
    responses((status = 200, body = ShareBody), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn read(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Json<ShareBody>, ApiError> {
    let share = deps.shares.get(&user, &ListId::new(&id)).await.map_err(ApiError::share)?;
    Ok(Json(ShareBody::new(&share)))
}

/// Ends the link to a watchlist: it leads nowhere from now on.
#[utoipa::path(delete, path = "/api/v1/watchlists/{id}/share", tag = "sharing", security(("session" = []), ("token" = [])),
    params(("id" = String, Path)),
    responses((status = 204), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn end(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let list = ListId::new(&id);
    deps.shares.end(&user, &list).await.map_err(ApiError::share)?;
    tracing::info!(user.id = %user, list.id = %list, "list no longer shared");
    Ok(StatusCode::NO_CONTENT)
}

/// What a link shows, for whoever has it: a list's name, its symbols and their last known quotes. Ask again when `Cache-Control` says that it
/// may have changed, with `If-None-Match`. Public.
#[utoipa::path(get, path = "/api/v1/shared/{token}/list.json", tag = "sharing",
    params(("token" = String, Path, description = "the token of the link"),
        ("If-None-Match" = Option<String>, Header, description = "the `ETag` of what you have")),
    responses((status = 200, body = SharedListBody, headers(("ETag" = String, description = "of what is told, for `If-None-Match`"))),
        (status = 304, description = "it is what you have", headers(("ETag" = String, description = "of what is told, for `If-None-Match`")))))]
pub(crate) async fn json(
    State(deps): State<AppState>,
    token: Result<Path<String>, ApiError>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let list = view(&deps, token).await?;
    let body = serde_json::to_vec(&list).map_err(|error| ApiError::Internal(error.into()))?;
    Ok(tagged(&deps, list.polled_at, &headers, "application/json", body))
}

/// The same as a table for a terminal. Public.
#[utoipa::path(get, path = "/api/v1/shared/{token}/list.txt", tag = "sharing",
    params(("token" = String, Path, description = "the token of the link"),
        ("If-None-Match" = Option<String>, Header, description = "the `ETag` of what you have")),
    responses((status = 200, body = String, content_type = "text/plain", headers(("ETag" = String, description = "of what is told, for `If-None-Match`"))),
        (status = 304, description = "it is what you have", headers(("ETag" = String, description = "of what is told, for `If-None-Match`")))))]
pub(crate) async fn text(
    State(deps): State<AppState>,
    token: Result<Path<String>, ApiError>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let list = view(&deps, token).await?;
    Ok(tagged(&deps, list.polled_at, &headers, "text/plain; charset=utf-8", table(&list).into_bytes()))
}

/// What every answer at a link says, a refusal too: the address is a secret that no other site is told, and no search engine.
pub(crate) async fn private_address(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    response
}

fn check_allowed(deps: &Deps) -> Result<(), ApiError> {
    if deps.settings.sharing {
        return Ok(());
    }
    Err(ApiError::client(
        StatusCode::FORBIDDEN,
        "sharing_off",
        "lists cannot be shared here: whoever runs this server has not switched it on",
    ))
}

/// Whatever is wrong with a token, nobody learns: it leads nowhere.
async fn view(deps: &Deps, token: Result<Path<String>, ApiError>) -> Result<SharedListBody, ApiError> {
    check_allowed(deps)?;
    let nowhere =
        || ApiError::client(StatusCode::NOT_FOUND, "share_not_found", "this link leads nowhere: it has ended, or is mistyped");
    let token = token.ok().and_then(|Path(token)| Secret::parse(&token).ok()).ok_or_else(nowhere)?;
    let list = deps.shares.view(&token).await?.ok_or_else(nowhere)?;
    Ok(SharedListBody::new(list, deps.settings.source))
}

/// A body with a tag of what it says, or that tag alone for who has it. A browser may keep it until the next tick is due, and no proxy may.
fn tagged(deps: &Deps, polled_at: Timestamp, asked: &HeaderMap, media_type: &'static str, body: Vec<u8>) -> Response {
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest(&SHA256, &body).as_ref()[..16]));
    let known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        // Compared weakly (RFC 9110, 13.1.2): whoever compresses a body on its way makes its tag a weak one.
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == tag || one == "*");
    let age = deps.clock.now().since(polled_at).as_secs();
    let fresh = u64::from(deps.settings.tick_seconds).saturating_sub(age);
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
    let headers = response.headers_mut();
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    for (name, value) in [(header::ETAG, tag), (header::CACHE_CONTROL, format!("private, max-age={fresh}"))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}
