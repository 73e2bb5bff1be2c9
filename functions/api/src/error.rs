//! What a request can fail with, and how it is told: one enum, one table of status and code. 4xx explain; 5xx say nothing
//! of the inside, which goes to the log, once, here.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use quickstocks_core::accounts::AccountError;
use quickstocks_core::alerts::AlertError;
use quickstocks_core::model::{InvalidWatchlist, Timestamp};
use quickstocks_core::ports::{SignError, SourceError, StoreError, SubscriptionFault};
use quickstocks_core::preferences::PreferenceError;
use quickstocks_core::push::DeviceError;
use quickstocks_core::search::SearchError;
use quickstocks_core::shares::ShareError;
use quickstocks_core::symbols::SymbolError;
use quickstocks_core::watchlists::WatchlistError;
use quickstocks_wire::rest::Problem;

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request failed.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// The request is wrong; the client can mend it.
    Client { status: StatusCode, code: &'static str, detail: String, field: Option<String> },
    /// The source of prices cannot be asked now.
    SourceUnavailable { detail: String, retry_at: Option<Timestamp>, now: Timestamp },
    /// There were too many requests; `wait` tells for how long there may be none.
    RateLimited { wait: Duration },
    /// The same request is being done.
    UnderWay,
    /// Something inside failed.
    Internal(anyhow::Error),
    /// What the request needs, the store nearly always, cannot be used now.
    Unavailable(anyhow::Error),
}

impl ApiError {
    pub(crate) fn client(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Client { status, code, detail: detail.into(), field: None }
    }

    pub(crate) fn field(status: StatusCode, code: &'static str, field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Client { status, code, detail: detail.into(), field: Some(field.into()) }
    }

    pub(crate) fn invalid(code: &'static str, field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::field(StatusCode::UNPROCESSABLE_ENTITY, code, field, detail)
    }

    pub(crate) fn session_required() -> Self {
        Self::client(StatusCode::UNAUTHORIZED, "session_required", "this needs a session: make one with POST /api/v1/session")
    }

    pub(crate) fn token_invalid() -> Self {
        let detail = "this is no good access token: send `Authorization: Bearer` and one that is not ended or too old";
        Self::client(StatusCode::UNAUTHORIZED, "token_invalid", detail)
    }

    /// A list edit's failure; `now` dates the advice when to try again.
    pub(crate) fn watchlist(error: WatchlistError, symbols_field: &str, now: Timestamp) -> Self {
        let detail = error.to_string();
        match error {
            WatchlistError::NotFound => Self::client(StatusCode::NOT_FOUND, "watchlist_not_found", detail),
            WatchlistError::Conflict => Self::client(StatusCode::PRECONDITION_FAILED, "version_conflict", detail),
            WatchlistError::TooManyLists => Self::client(StatusCode::UNPROCESSABLE_ENTITY, "too_many_watchlists", detail),
            WatchlistError::ImportTooLarge => Self::client(StatusCode::UNPROCESSABLE_ENTITY, "import_too_large", detail),
            WatchlistError::Invalid(invalid) => match invalid {
                InvalidWatchlist::Name => Self::invalid("name_invalid", "name", detail),
                InvalidWatchlist::TooManySymbols => Self::invalid("too_many_symbols", symbols_field, detail),
                InvalidWatchlist::StrayNote(symbol) => Self::invalid("note_stray", format!("notes.{symbol}"), detail),
                InvalidWatchlist::Duplicate(_) => Self::invalid("symbol_duplicate", symbols_field, detail),
            },
            WatchlistError::Symbol(SymbolError::Unknown(_)) => Self::invalid("symbol_unknown", symbols_field, detail),
            WatchlistError::Symbol(SymbolError::Unchecked { retry_at, .. }) => Self::SourceUnavailable { detail, retry_at, now },
            WatchlistError::Symbol(SymbolError::Store(error)) | WatchlistError::Store(error) => error.into(),
        }
    }

    /// A failure about the link to a list.
    pub(crate) fn share(error: ShareError) -> Self {
        let detail = error.to_string();
        match error {
            ShareError::NoList => Self::client(StatusCode::NOT_FOUND, "watchlist_not_found", detail),
            ShareError::NotShared => Self::client(StatusCode::NOT_FOUND, "share_not_found", detail),
            ShareError::Store(error) => error.into(),
        }
    }

    /// A failure about an account; `code_field` is where a code stood.
    pub(crate) fn account(error: AccountError, code_field: &str) -> Self {
        let detail = error.to_string();
        match error {
            AccountError::NotFound => Self::client(StatusCode::NOT_FOUND, "token_not_found", detail),
            AccountError::TooManyTokens => Self::client(StatusCode::UNPROCESSABLE_ENTITY, "too_many_tokens", detail),
            AccountError::Code => Self::invalid("code_invalid", code_field, detail),
            AccountError::Store(error) => error.into(),
        }
    }

    /// A failure about a device; `now` dates the advice when to try again.
    pub(crate) fn device(error: DeviceError, now: Timestamp) -> Self {
        let detail = error.to_string();
        match error {
            DeviceError::NotFound => Self::client(StatusCode::NOT_FOUND, "device_not_found", detail),
            DeviceError::Fault(SubscriptionFault::EndpointNotAllowed) => {
                Self::invalid("endpoint_not_allowed", "endpoint", detail)
            }
            DeviceError::Fault(SubscriptionFault::PublicKey) => Self::invalid("push_key_invalid", "keys.p256dh", detail),
            DeviceError::Fault(SubscriptionFault::Auth) => Self::invalid("push_key_invalid", "keys.auth", detail),
            DeviceError::TooMany => Self::client(StatusCode::UNPROCESSABLE_ENTITY, "too_many_devices", detail),
            DeviceError::TooOften { again_at } => Self::RateLimited { wait: again_at.since(now) },
            DeviceError::Taken => Self::invalid("endpoint_taken", "endpoint", detail),
            DeviceError::Token => Self::invalid("activation_invalid", "token", detail),
            DeviceError::NotActive => Self::client(StatusCode::UNPROCESSABLE_ENTITY, "device_not_active", detail),
            DeviceError::Store(error) => error.into(),
            DeviceError::Request(error) => Self::Unavailable(error.into()),
            DeviceError::Key(error) => error.into(),
        }
    }

    /// A rule that cannot be; `field` is the part of it that is wrong.
    pub(crate) fn rule(field: &str, detail: impl Into<String>) -> Self {
        Self::invalid("rule_invalid", format!("rule.{field}"), detail)
    }

    /// A token of a button that is not good.
    pub(crate) fn action_token() -> Self {
        Self::client(StatusCode::NOT_FOUND, "action_token_invalid", AlertError::Token.to_string())
    }

    /// A failure about an alert; `now` dates the advice when to try again.
    pub(crate) fn alert(error: AlertError, now: Timestamp) -> Self {
        let detail = error.to_string();
        match error {
            AlertError::NotFound => Self::client(StatusCode::NOT_FOUND, "alert_not_found", detail),
            AlertError::Conflict => Self::client(StatusCode::PRECONDITION_FAILED, "version_conflict", detail),
            AlertError::Rule(rule) => Self::rule(rule.field(), detail),
            AlertError::Impossible { .. } => Self::invalid("rule_impossible", "rule.kind", detail),
            AlertError::Repeat => Self::invalid("repeat_invalid", "repeat", detail),
            AlertError::ExpiresAt => Self::invalid("expires_at_invalid", "expires_at", detail),
            AlertError::Snooze => Self::invalid("minutes_invalid", "minutes", detail),
            AlertError::TooMany => Self::client(StatusCode::UNPROCESSABLE_ENTITY, "too_many_alerts", detail),
            AlertError::NotNow(_) => Self::invalid("action_impossible", "action", detail),
            AlertError::Token => Self::action_token(),
            AlertError::Symbol(SymbolError::Unknown(_)) => Self::invalid("symbol_unknown", "symbol", detail),
            AlertError::Symbol(SymbolError::Unchecked { retry_at, .. }) => Self::SourceUnavailable { detail, retry_at, now },
            AlertError::Symbol(SymbolError::Store(error)) | AlertError::Store(error) => error.into(),
        }
    }

    /// A failure to change preferences.
    pub(crate) fn preferences(error: PreferenceError) -> Self {
        match error {
            PreferenceError::Conflict => Self::client(StatusCode::PRECONDITION_FAILED, "version_conflict", error.to_string()),
            PreferenceError::Store(error) => error.into(),
        }
    }

    /// A failure of the source's.
    pub(crate) fn source(error: SourceError, now: Timestamp) -> Self {
        let detail = error.to_string();
        match error {
            SourceError::NotFound => Self::field(StatusCode::NOT_FOUND, "symbol_unknown", "symbol", detail),
            SourceError::NoData(_) => Self::field(StatusCode::NOT_FOUND, "history_not_found", "range", detail),
            SourceError::Refused { retry_at } => Self::SourceUnavailable { detail, retry_at, now },
            SourceError::Unreachable(cause) | SourceError::BadAnswer(cause) => {
                tracing::warn!(error = &*cause as &dyn std::error::Error, "{detail}");
                Self::SourceUnavailable { detail, retry_at: None, now }
            }
        }
    }

    /// A search's failure.
    pub(crate) fn search(error: SearchError, now: Timestamp) -> Self {
        let detail = error.to_string();
        match error {
            SearchError::Text => Self::invalid("query_invalid", "q", detail),
            SearchError::Isin => Self::invalid("isin_invalid", "q", detail),
            SearchError::Source(error) => Self::source(error, now),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Client { status, .. } => *status,
            Self::SourceUnavailable { .. } | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::UnderWay => StatusCode::CONFLICT,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled(_) | StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Corrupt { .. } | StoreError::Refused(_) => Self::Internal(error.into()),
        }
    }
}

impl From<SignError> for ApiError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Unavailable(_) => Self::Unavailable(error.into()),
            SignError::Refused(_) => Self::Internal(error.into()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut retry_after = None;
        let (code, detail, field) = match self {
            Self::Client { code, detail, field, .. } => (code, detail, field),
            Self::SourceUnavailable { detail, retry_at, now } => {
                // Without better advice: the next tick.
                retry_after = Some(retry_at.map_or(60, |at| at.since(now).as_secs().max(1)));
                ("source_unavailable", detail, None)
            }
            Self::RateLimited { wait } => {
                retry_after = Some(wait.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX));
                ("rate_limited", "these were too many requests; wait a while".to_owned(), None)
            }
            Self::UnderWay => {
                retry_after = Some(1);
                let detail = "a request with this Idempotency-Key is under way; ask again for its answer".to_owned();
                ("idempotency_under_way", detail, Some("Idempotency-Key".to_owned()))
            }
            Self::Unavailable(error) => {
                tracing::error!(error = &*error as &dyn std::error::Error, "what a request needs is unavailable");
                retry_after = Some(5);
                ("unavailable", "the service is unavailable; try again in a moment".to_owned(), None)
            }
            Self::Internal(error) => {
                tracing::error!(error = &*error as &dyn std::error::Error, "a request failed");
                ("internal", "the service failed; the failure is logged".to_owned(), None)
            }
        };
        let mut response = problem(status, code, detail, field);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn problem(status: StatusCode, code: &str, detail: String, field: Option<String>) -> Response {
    let body = Problem {
        r#type: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        code: code.to_owned(),
        detail,
        field,
    };
    let mut response = (status, axum::Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    response
}
