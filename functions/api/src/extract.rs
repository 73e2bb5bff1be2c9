//! Reading requests: what cannot be read is told by its field.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use quickstocks_core::model::{MAX_SYMBOLS_PER_LIST, Symbol, TokenHash, UserId};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// The largest body: 200 symbols of the greatest length and a name are some 8 KB.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        check_media_type(&parts.headers)?;
        parse(&whole(body).await?).map(Self)
    }
}

/// A JSON body that may be left out, or be `null`.
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let bytes = whole(body).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        check_media_type(&parts.headers)?;
        parse(&bytes).map(|body: Option<T>| Self(body.unwrap_or_default()))
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::client(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "content_type_invalid",
        "the body has to be JSON, with Content-Type: application/json",
    ))
}

async fn whole(body: axum::body::Body) -> Result<axum::body::Bytes, ApiError> {
    axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| {
        let detail = format!("a body has at most {MAX_BODY_BYTES} bytes");
        ApiError::client(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // Every body is an object. serde would take an array for one too, and `[]` for an object of nothing but defaults.
    if bytes.trim_ascii_start().first().is_some_and(|first| *first == b'[') {
        return Err(ApiError::client(StatusCode::BAD_REQUEST, "body_malformed", "the body has to be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let detail = format!("the body cannot be read: {}", error.inner());
        match path.as_str() {
            "." => ApiError::client(StatusCode::BAD_REQUEST, "body_malformed", detail),
            _ => ApiError::field(StatusCode::BAD_REQUEST, "body_malformed", path, detail),
        }
    })?;
    json.end().map_err(|error| {
        ApiError::client(StatusCode::BAD_REQUEST, "body_malformed", format!("the body cannot be read: {error}"))
    })?;
    Ok(value)
}

/// Query parameters.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|query| Self(query.0))
            .map_err(|error| ApiError::client(StatusCode::BAD_REQUEST, "query_malformed", error.body_text()))
    }
}

/// Path parameters.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|path| Self(path.0))
            .map_err(|error| ApiError::client(StatusCode::BAD_REQUEST, "path_malformed", error.body_text()))
    }
}

/// Who asks; put there by the check in front of the routes.
#[derive(Clone)]
pub(crate) struct Caller(pub(crate) UserId);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::session_required)
    }
}

/// Who asks by a browser's session. What decides over the account itself is not for scripts' tokens: one that leaks must not be able to
/// make more of its kind or to lock its owner out.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(crate) user: UserId,
    pub(crate) session: TokenHash,
}

impl<S: Send + Sync> FromRequestParts<S> for Holder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            ApiError::client(StatusCode::FORBIDDEN, "session_only", "this needs a browser's session; a token may not do it")
        })
    }
}

/// Reads symbols that came as texts; `field` names where each stood.
pub(crate) fn symbols<'a>(texts: impl Iterator<Item = &'a str>, field: &str) -> Result<Vec<Symbol>, ApiError> {
    texts
        .enumerate()
        .map(|(at, text)| {
            Symbol::parse(text).map_err(|error| ApiError::invalid("symbol_invalid", format!("{field}[{at}]"), error.to_string()))
        })
        .collect()
}

/// Reads 1 to 200 symbols, separated by commas, from the query parameter `symbols`.
pub(crate) fn symbol_list(text: &str) -> Result<Vec<Symbol>, ApiError> {
    let texts: Vec<&str> = text.split(',').filter(|text| !text.trim().is_empty()).collect();
    if texts.is_empty() {
        return Err(ApiError::invalid("symbols_missing", "symbols", "name 1 to 200 symbols, separated by commas"));
    }
    if texts.len() > MAX_SYMBOLS_PER_LIST {
        return Err(ApiError::invalid("too_many_symbols", "symbols", format!("at most {MAX_SYMBOLS_PER_LIST} symbols at once")));
    }
    symbols(texts.into_iter(), "symbols")
}

/// Reads one symbol from the path.
pub(crate) fn symbol(text: &str) -> Result<Symbol, ApiError> {
    Symbol::parse(text).map_err(|error| ApiError::invalid("symbol_invalid", "symbol", error.to_string()))
}

/// The version that `If-Match` asks for; `*` and no header ask for none.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|version| version.parse().ok());
    // Tags are compared as texts: "+1" and "01" read as 1 too, but were never given.
    version.filter(|version: &u64| text == format!("\"{version}\"")).map(Some).ok_or_else(|| {
        ApiError::field(
            StatusCode::BAD_REQUEST,
            "if_match_malformed",
            "If-Match",
            "If-Match is an ETag as it was given, quotes included",
        )
    })
}
