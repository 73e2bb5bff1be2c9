use axum::Json;
use axum::extract::State;
use http::StatusCode;
use quickstocks_wire::rest::{Problem, TicketBody};

use crate::error::ApiError;
use crate::extract::Caller;
use crate::state::AppState;

/// The path of the WebSocket, on this origin: the name of the WebSocket API's stage.
pub(crate) const WS_PATH: &str = "/ws";

/// A ticket that opens one WebSocket within a minute.
#[utoipa::path(post, path = "/api/v1/ws-ticket", tag = "live", security(("session" = []), ("token" = [])),
    responses((status = 201, body = TicketBody), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn ticket(
    State(deps): State<AppState>,
    Caller(user): Caller,
) -> Result<(StatusCode, Json<TicketBody>), ApiError> {
    let ticket = deps.guests.ticket(&user).await?;
    let body = TicketBody { ticket: ticket.secret.reveal().to_owned(), expires_at: ticket.expires_at, path: WS_PATH.to_owned() };
    Ok((StatusCode::CREATED, Json(body)))
}
