use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use quickstocks_core::model::{InvalidPreference, Preferences, QuietHours};
use quickstocks_wire::rest::{PreferencesInput, Problem, schema};

use crate::error::ApiError;
use crate::extract::{Body, Caller, if_match};
use crate::respond::versioned;
use crate::state::AppState;

/// How you want things shown. Its `ETag` is for `If-Match`.
#[utoipa::path(get, path = "/api/v1/preferences", tag = "preferences", security(("session" = []), ("token" = [])),
    responses((status = 200, body = schema::Preferences), (status = 401, body = Problem)))]
pub(crate) async fn read(State(deps): State<AppState>, Caller(user): Caller) -> Result<Response, ApiError> {
    let preferences = deps.preferences.get(&user).await?;
    Ok(versioned(StatusCode::OK, preferences.version, &preferences))
}

/// Replaces your preferences, all of them.
#[utoipa::path(put, path = "/api/v1/preferences", tag = "preferences", security(("session" = []), ("token" = [])), request_body = PreferencesInput,
    params(("If-Match" = Option<String>, Header, description = "change only this version")),
    responses((status = 200, body = schema::Preferences), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 412, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn replace(
    State(deps): State<AppState>,
    Caller(user): Caller,
    headers: HeaderMap,
    Body(input): Body<PreferencesInput>,
) -> Result<Response, ApiError> {
    let expected = if_match(&headers)?;
    let preferences = deps.preferences.replace(&user, wanted(&input)?, expected).await.map_err(ApiError::preferences)?;
    Ok(versioned(StatusCode::OK, preferences.version, &preferences))
}

fn wanted(input: &PreferencesInput) -> Result<Preferences, ApiError> {
    let quiet_hours = input.quiet_hours.as_ref().map(|quiet| {
        Ok::<_, ApiError>(QuietHours {
            from: checked(&quiet.from, "quiet_hours.from", "time_of_day_invalid")?,
            to: checked(&quiet.to, "quiet_hours.to", "time_of_day_invalid")?,
        })
    });
    Ok(Preferences {
        locale: optional(input.locale.as_deref(), "locale", "locale_invalid")?,
        time_zone: optional(input.time_zone.as_deref(), "time_zone", "time_zone_invalid")?,
        currency: optional(input.currency.as_deref(), "currency", "currency_invalid")?,
        theme: input.theme,
        colours: input.colours,
        quiet_hours: quiet_hours.transpose()?,
        ..Preferences::default()
    })
}

fn optional<T: std::str::FromStr<Err = InvalidPreference>>(
    text: Option<&str>,
    field: &str,
    code: &'static str,
) -> Result<Option<T>, ApiError> {
    text.map(|text| checked(text, field, code)).transpose()
}

fn checked<T: std::str::FromStr<Err = InvalidPreference>>(text: &str, field: &str, code: &'static str) -> Result<T, ApiError> {
    text.parse().map_err(|error: InvalidPreference| ApiError::invalid(code, field, error.to_string()))
}
