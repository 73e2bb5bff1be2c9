use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode, header};
use quickstocks_core::model::{DeviceId, Endpoint, InvalidDeviceName, PushKeys, Secret};
use quickstocks_core::push::NewSubscription;
use quickstocks_wire::rest::{ActivationInput, DeviceBody, DeviceInput, DevicesBody, Problem, PushKeyBody};

use crate::error::ApiError;
use crate::extract::{Body, Caller, Holder, Path};
use crate::state::AppState;

/// The key that browsers subscribe with. It is the same for everybody and changes hardly ever.
#[utoipa::path(get, path = "/api/v1/push/key", tag = "push", security(("session" = []), ("token" = [])),
    responses((status = 200, body = PushKeyBody), (status = 401, body = Problem)))]
pub(crate) async fn key(State(deps): State<AppState>, _: Caller) -> Result<Json<PushKeyBody>, ApiError> {
    Ok(Json(PushKeyBody::new(&deps.devices.key().await?)))
}

/// The devices that your notifications are pushed to, the oldest first.
#[utoipa::path(get, path = "/api/v1/push/subscriptions", tag = "push", security(("session" = []), ("token" = [])),
    responses((status = 200, body = DevicesBody), (status = 401, body = Problem)))]
pub(crate) async fn list(State(deps): State<AppState>, Caller(user): Caller) -> Result<Json<DevicesBody>, ApiError> {
    let devices = deps.devices.list(&user).await?;
    Ok(Json(DevicesBody { devices: devices.iter().map(DeviceBody::new).collect() }))
}

/// Adds this browser to your devices, or says again that it is there. A new one is pending: it gets one message, whose token it has to send
/// back before anything else is pushed to it.
#[utoipa::path(post, path = "/api/v1/push/subscriptions", tag = "push", security(("session" = [])), request_body = DeviceInput,
    responses((status = 201, body = DeviceBody, description = "it is pending; its first message is on its way"),
        (status = 200, body = DeviceBody, description = "it is active already"), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn subscribe(
    State(deps): State<AppState>,
    holder: Holder,
    headers: HeaderMap,
    Body(input): Body<DeviceInput>,
) -> Result<(StatusCode, Json<DeviceBody>), ApiError> {
    let name =
        input.name.parse().map_err(|error: InvalidDeviceName| ApiError::invalid("name_invalid", "name", error.to_string()))?;
    let new = NewSubscription {
        endpoint: Endpoint::new(&input.endpoint),
        keys: PushKeys { p256dh: input.keys.p256dh, auth: input.keys.auth },
        // The check in front of the routes has let through allowed origins only.
        site: headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default().to_owned(),
        name,
        replaces: input.replaces.as_deref().map(DeviceId::new),
    };
    let made = deps.devices.subscribe(&holder.user, new).await.map_err(|error| ApiError::device(error, deps.clock.now()))?;
    tracing::info!(user.id = %holder.user, device.id = %made.id, push.origin = made.endpoint.origin(), "device subscribed");
    let status = if made.state.is_active() { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(DeviceBody::new(&made))))
}

/// Makes a device active with the token that its first message brought. Sent again, it answers the same.
#[utoipa::path(post, path = "/api/v1/push/subscriptions/{id}/activate", tag = "push", security(("session" = [])),
    params(("id" = String, Path)),
    request_body = ActivationInput,
    responses((status = 200, body = DeviceBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn activate(
    State(deps): State<AppState>,
    holder: Holder,
    Path(id): Path<String>,
    Body(input): Body<ActivationInput>,
) -> Result<Json<DeviceBody>, ApiError> {
    let token = Secret::parse(&input.token).map_err(|_| {
        ApiError::invalid("activation_invalid", "token", "this is no token of a first message: it has 64 hexadecimal digits")
    })?;
    let active = deps.devices.activate(&holder.user, &DeviceId::new(&id), &token).await;
    let active = active.map_err(|error| ApiError::device(error, deps.clock.now()))?;
    tracing::info!(user.id = %holder.user, device.id = %active.id, "device active");
    Ok(Json(DeviceBody::new(&active)))
}

/// Pushes a message to a device that shows that messages arrive.
#[utoipa::path(post, path = "/api/v1/push/subscriptions/{id}/test", tag = "push", security(("session" = []), ("token" = [])),
    params(("id" = String, Path)),
    responses((status = 202, description = "it is on its way"), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn test(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let tested = deps.devices.test(&user, &DeviceId::new(&id)).await;
    tested.map(|()| StatusCode::ACCEPTED).map_err(|error| ApiError::device(error, deps.clock.now()))
}

/// Removes a device: nothing is pushed to it any more.
#[utoipa::path(delete, path = "/api/v1/push/subscriptions/{id}", tag = "push", security(("session" = []), ("token" = [])),
    params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    deps.devices.remove(&user, &DeviceId::new(&id)).await.map_err(|error| ApiError::device(error, deps.clock.now()))?;
    Ok(StatusCode::NO_CONTENT)
}
