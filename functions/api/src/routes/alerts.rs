use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use quickstocks_core::alerts::{AlertAction, CheckedAlert, SNOOZE};
use quickstocks_core::model::{AlertId, InvalidNote, Repeat, Secret, Terms, Timestamp};
use quickstocks_wire::rest::{
    AlertActionInput, AlertActionKind, AlertBody, AlertChange, AlertInput, AlertsBody, ButtonInput, ButtonKind, CheckBody,
    Problem, ReceiptBody, ReceiptsBody, RepeatInput, RuleInput,
};
use rust_decimal::Decimal;

use crate::error::ApiError;
use crate::extract::{Body, Caller, Path, if_match, symbol};
use crate::respond::versioned;
use crate::state::AppState;

/// Your alerts, each as it stands against the last quote.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", security(("session" = []), ("token" = [])),
    responses((status = 200, body = AlertsBody), (status = 401, body = Problem)))]
pub(crate) async fn list(State(deps): State<AppState>, Caller(user): Caller) -> Result<Json<AlertsBody>, ApiError> {
    Ok(Json(AlertsBody { alerts: deps.alerts.list(&user).await?.iter().map(AlertBody::from).collect() }))
}

/// Makes an alert. It watches from the present price on: what stands beyond its threshold already has to go back first.
#[utoipa::path(post, path = "/api/v1/alerts", tag = "alerts", security(("session" = []), ("token" = [])), request_body = AlertInput,
    responses((status = 201, body = AlertBody), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(crate) async fn create(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Body(input): Body<AlertInput>,
) -> Result<Response, ApiError> {
    let (symbol, terms) = (symbol(&input.symbol)?, terms(input.rule, input.repeat, input.expires_at, input.note)?);
    let made = deps.alerts.create(&user, &symbol, terms).await.map_err(|error| ApiError::alert(error, deps.clock.now()))?;
    tracing::info!(user.id = %user, alert.id = %made.alert.id, "alert made");
    let mut response = whole(StatusCode::CREATED, &made);
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/alerts/{}", made.alert.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// How an alert would stand if it were made now. Nothing is made.
#[utoipa::path(post, path = "/api/v1/alerts/preview", tag = "alerts", security(("session" = []), ("token" = [])), request_body = AlertInput,
    responses((status = 200, body = CheckBody), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(crate) async fn preview(
    State(deps): State<AppState>,
    Caller(_): Caller,
    Body(input): Body<AlertInput>,
) -> Result<Json<CheckBody>, ApiError> {
    let (symbol, terms) = (symbol(&input.symbol)?, terms(input.rule, input.repeat, input.expires_at, input.note)?);
    let check = deps.alerts.preview(&symbol, &terms).await.map_err(|error| ApiError::alert(error, deps.clock.now()))?;
    Ok(Json((&check).into()))
}

/// One alert. Its `ETag` is for `If-Match`.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts", security(("session" = []), ("token" = [])), params(("id" = String, Path)),
    responses((status = 200, body = AlertBody), (status = 401, body = Problem)))]
pub(crate) async fn read(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let alert = deps.alerts.get(&user, &AlertId::new(&id)).await;
    Ok(whole(StatusCode::OK, &alert.map_err(|error| ApiError::alert(error, deps.clock.now()))?))
}

/// Replaces an alert's terms.
#[utoipa::path(put, path = "/api/v1/alerts/{id}", tag = "alerts", security(("session" = []), ("token" = [])), request_body = AlertChange,
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "change only this version")),
    responses((status = 200, body = AlertBody), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(crate) async fn replace(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(input): Body<AlertChange>,
) -> Result<Response, ApiError> {
    let expected = if_match(&headers)?;
    let terms = terms(input.rule, input.repeat, input.expires_at, input.note)?;
    let alert = deps.alerts.replace(&user, &AlertId::new(&id), terms, expected).await;
    Ok(whole(StatusCode::OK, &alert.map_err(|error| ApiError::alert(error, deps.clock.now()))?))
}

/// Removes an alert. What it told stays in the inbox.
#[utoipa::path(delete, path = "/api/v1/alerts/{id}", tag = "alerts", security(("session" = []), ("token" = [])),
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "remove only this version")),
    responses((status = 204), (status = 401, body = Problem)))]
pub(crate) async fn remove(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let expected = if_match(&headers)?;
    let removed = deps.alerts.delete(&user, &AlertId::new(&id), expected).await;
    removed.map_err(|error| ApiError::alert(error, deps.clock.now()))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Snoozes an alert, mutes it for the day, arms it again, switches it off, or takes back its adjustment for a split.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/actions", tag = "alerts", security(("session" = []), ("token" = [])),
    params(("id" = String, Path)), request_body = AlertActionInput,
    responses((status = 200, body = AlertBody), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(crate) async fn act(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
    Body(input): Body<AlertActionInput>,
) -> Result<Response, ApiError> {
    let action = match (input.action, input.minutes) {
        (AlertActionKind::Snooze, minutes) => snooze(minutes),
        (_, Some(_)) => return Err(ApiError::invalid("minutes_invalid", "minutes", "minutes are for a snooze: leave them out")),
        (AlertActionKind::Mute, None) => AlertAction::Mute,
        (AlertActionKind::Rearm, None) => AlertAction::Rearm,
        (AlertActionKind::Pause, None) => AlertAction::Pause,
        (AlertActionKind::UndoSplit, None) => AlertAction::UndoSplit,
    };
    let alert = deps.alerts.act(&user, &AlertId::new(&id), action).await;
    Ok(whole(StatusCode::OK, &alert.map_err(|error| ApiError::alert(error, deps.clock.now()))?))
}

/// Why an alert fired or did not, by which quotes, and where it was told.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/receipts", tag = "alerts", security(("session" = []), ("token" = [])),
    params(("id" = String, Path)), responses((status = 200, body = ReceiptsBody), (status = 401, body = Problem)))]
pub(crate) async fn receipts(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Json<ReceiptsBody>, ApiError> {
    let found = deps.alerts.receipts(&user, &AlertId::new(&id)).await;
    let (alert, receipts) = found.map_err(|error| ApiError::alert(error, deps.clock.now()))?;
    Ok(Json(ReceiptsBody { alert: (&alert).into(), receipts: receipts.iter().map(ReceiptBody::from).collect() }))
}

/// Does what a notification's button says, for whoever holds the notification: once, within a day, without a session.
#[utoipa::path(post, path = "/api/v1/actions/{token}", tag = "alerts", request_body = ButtonInput,
    params(("token" = String, Path, description = "the token that the notification carries")),
    responses((status = 200, body = AlertsBody), (status = 400, body = Problem)))]
pub(crate) async fn press(
    State(deps): State<AppState>,
    Path(token): Path<String>,
    Body(input): Body<ButtonInput>,
) -> Result<Json<AlertsBody>, ApiError> {
    let action = match input.action {
        ButtonKind::Snooze => snooze(None),
        ButtonKind::Rearm => AlertAction::Rearm,
        ButtonKind::Mute => AlertAction::Mute,
    };
    let token = Secret::parse(&token).map_err(|_| ApiError::action_token())?;
    let done = deps.alerts.act_by_token(&token, action).await.map_err(|error| ApiError::alert(error, deps.clock.now()))?;
    if let Some(one) = done.first() {
        tracing::info!(user.id = %one.alert.user, alerts = done.len(), action = ?input.action, "button pressed");
    }
    Ok(Json(AlertsBody { alerts: done.iter().map(AlertBody::from).collect() }))
}

fn snooze(minutes: Option<u32>) -> AlertAction {
    AlertAction::Snooze { minutes: minutes.unwrap_or(u32::try_from(SNOOZE.as_secs() / 60).unwrap_or(60)) }
}

fn whole(status: StatusCode, alert: &CheckedAlert) -> Response {
    versioned(status, alert.alert.version, &AlertBody::from(alert))
}

fn terms(
    rule: Option<RuleInput>,
    repeat: Option<RepeatInput>,
    expires_at: Option<i64>,
    note: Option<String>,
) -> Result<Terms, ApiError> {
    let rule = rule.ok_or_else(|| ApiError::invalid("rule_invalid", "rule", "an alert has a rule"))?;
    let rule = rule.rule().map_err(|fault| ApiError::rule(fault.field, fault.message))?;
    let note =
        note.map(|text| text.parse().map_err(|error: InvalidNote| ApiError::invalid("note_invalid", "note", error.to_string())));
    Ok(Terms {
        rule,
        repeat: repeat.map(repetition).transpose()?,
        expires_at: expires_at.map(Timestamp::from_millis),
        note: note.transpose()?,
    })
}

fn repetition(input: RepeatInput) -> Result<Repeat, ApiError> {
    let usual = Repeat::default();
    let percent = input.hysteresis_percent.map(|text| {
        let detail = "hysteresis_percent is a decimal number as a text, such as \"0.5\"";
        Decimal::from_str_exact(&text).map_err(|_| ApiError::invalid("repeat_invalid", "repeat.hysteresis_percent", detail))
    });
    Ok(Repeat {
        cool_down_minutes: input.cool_down_minutes.unwrap_or(usual.cool_down_minutes),
        hysteresis_percent: percent.transpose()?.unwrap_or(usual.hysteresis_percent),
    })
}
