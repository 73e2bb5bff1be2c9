//! Sessions and access tokens: reading and writing the cookie, and the checks in front of the routes.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use quickstocks_core::model::{SESSION_LIFETIME, Scope, Secret};

use crate::error::ApiError;
use crate::extract::{Caller, Holder};
use crate::idempotency::Credential;
use crate::state::{AppState, CookieMode, Deps};

/// The session that the request's cookie carries, if it has the form of one.
pub(crate) fn session_of(headers: &HeaderMap, mode: CookieMode) -> Option<Secret> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == mode.name())
        .find_map(|(_, value)| Secret::parse(value).ok())
}

/// The header that gives a browser its session.
pub(crate) fn set_cookie(session: &Secret, mode: CookieMode) -> HeaderValue {
    cookie(session.reveal(), SESSION_LIFETIME.as_secs(), mode)
}

/// The header that takes it away.
pub(crate) fn clear_cookie(mode: CookieMode) -> HeaderValue {
    cookie("", 0, mode)
}

fn cookie(value: &str, seconds: u64, mode: CookieMode) -> HeaderValue {
    let secure = if mode == CookieMode::Secure { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}", mode.name());
    let mut header = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    header.set_sensitive(true);
    header
}

/// Lets through who shows a good session or a good access token. A token is looked at first: who sends one means it.
pub(crate) async fn require_caller(State(deps): State<AppState>, request: Request, next: Next) -> Response {
    match request.headers().get(header::AUTHORIZATION).cloned() {
        Some(authorization) => by_token(&deps, &authorization, request, next).await,
        None => by_session(&deps, request, next).await,
    }
    .unwrap_or_else(IntoResponse::into_response)
}

/// A token rides on no cookie, so no page of another origin can make a browser send it: the origin does not matter.
async fn by_token(deps: &Deps, authorization: &HeaderValue, mut request: Request, next: Next) -> Result<Response, ApiError> {
    let text = authorization.to_str().unwrap_or_default();
    let text = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, text)| text.trim());
    let (secret, scope) = text.and_then(|text| Secret::parse_access(text).ok()).ok_or_else(ApiError::token_invalid)?;
    let user = deps.accounts.recognise(&secret, scope).await?.ok_or_else(ApiError::token_invalid)?;
    if scope == Scope::Read && !is_safe(request.method()) {
        return Err(ApiError::client(
            StatusCode::FORBIDDEN,
            "scope_insufficient",
            "this token may read only: make one with the scope write",
        ));
    }
    request.extensions_mut().insert(Caller(user));
    request.extensions_mut().insert(Credential(secret));
    Ok(next.run(request).await)
}

/// A session is made to last again when it is time.
async fn by_session(deps: &Deps, mut request: Request, next: Next) -> Result<Response, ApiError> {
    let mode = deps.settings.cookie;
    let session = session_of(request.headers(), mode).ok_or_else(ApiError::session_required)?;
    let guest = deps.guests.recognise(&session).await?.ok_or_else(ApiError::session_required)?;
    check_origin(&request, &deps.settings.allowed_origins, true)?;
    request.extensions_mut().insert(Caller(guest.user.clone()));
    request.extensions_mut().insert(Holder { user: guest.user, session: session.hash() });
    request.extensions_mut().insert(Credential(session.clone()));
    let mut response = next.run(request).await;
    if guest.renewed && !response.headers().contains_key(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, set_cookie(&session, mode));
    }
    Ok(response)
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses a change that a page of another origin asks for. With `required`, one that does not say where it comes from is refused too:
/// it rides on a cookie, and a browser always says.
pub(crate) fn check_origin(request: &Request, allowed: &[String], required: bool) -> Result<(), ApiError> {
    if is_safe(request.method()) {
        return Ok(());
    }
    match request.headers().get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) {
        Some(origin) if allowed.iter().any(|one| one == origin) => Ok(()),
        None if !required => Ok(()),
        None => Err(ApiError::field(
            StatusCode::FORBIDDEN,
            "origin_required",
            "Origin",
            "a change by cookie has to say where it comes from: send the Origin header of this site",
        )),
        Some(_) => Err(ApiError::field(
            StatusCode::FORBIDDEN,
            "origin_not_allowed",
            "Origin",
            "this origin may not change anything here",
        )),
    }
}

/// The origin check for routes that need no session.
pub(crate) async fn same_origin(State(deps): State<AppState>, request: Request, next: Next) -> Response {
    match check_origin(&request, &deps.settings.allowed_origins, false) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}
