//! The WebSocket routes of API Gateway: `$connect` checks the origin and the ticket, `$disconnect` forgets, everything else is a frame.

pub mod config;
mod error;

use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use quickstocks_core::live::{ConnectError, Live, Refusal, RefusalCode, Reply};
use quickstocks_core::model::ConnectionId;
use quickstocks_core::ports::{
    Clock, ConnectionReader, ConnectionSender, ConnectionWriter, Delivery, PollSetWriter, QuoteReader, SourceStatusReader,
    TokenWriter, WatchlistReader,
};
use quickstocks_wire::ws::{encode_reply, parse_request};
use serde_json::{Value, json};

pub use config::Config;
pub use error::Error;

/// The function.
pub struct WsConnect {
    live: Live,
    sender: Arc<dyn ConnectionSender>,
    allowed_origins: Vec<String>,
}

impl WsConnect {
    /// The function over one store and these ports.
    pub fn new<S>(store: &Arc<S>, sender: Arc<dyn ConnectionSender>, clock: Arc<dyn Clock>, allowed_origins: Vec<String>) -> Self
    where
        S: ConnectionReader
            + ConnectionWriter
            + TokenWriter
            + WatchlistReader
            + PollSetWriter
            + QuoteReader
            + SourceStatusReader
            + 'static,
    {
        let live = Live {
            connections: Arc::clone(store) as _,
            registry: Arc::clone(store) as _,
            tickets: Arc::clone(store) as _,
            lists: Arc::clone(store) as _,
            poll_set: Arc::clone(store) as _,
            quotes: Arc::clone(store) as _,
            status: Arc::clone(store) as _,
            clock,
        };
        Self { live, sender, allowed_origins }
    }

    /// Handles an event of the WebSocket API. The status code of the answer decides, for `$connect`, whether the socket opens.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        let event: ApiGatewayWebsocketProxyRequest = serde_json::from_value(event)?;
        let id = ConnectionId::new(event.request_context.connection_id.as_deref().unwrap_or_default());
        let status = match event.request_context.event_type.as_deref() {
            Some("CONNECT") => self.connect(&id, &event).await,
            Some("DISCONNECT") => self.disconnect(&id).await,
            _ => self.message(&id, event.body.as_deref().unwrap_or_default()).await,
        };
        Ok(json!({ "statusCode": status }))
    }

    async fn connect(&self, id: &ConnectionId, event: &ApiGatewayWebsocketProxyRequest) -> u16 {
        let origin = event.headers.get("origin").and_then(|origin| origin.to_str().ok());
        if !origin.is_some_and(|origin| self.allowed_origins.iter().any(|allowed| allowed == origin)) {
            // The origin is the browser's word for a page, and no secret.
            tracing::info!(origin = origin.unwrap_or("none"), "socket refused: the origin is not allowed");
            return 403;
        }
        match self.live.connect(id, event.query_string_parameters.first("ticket")).await {
            Ok(user) => {
                tracing::info!(connection.id = %id, user.id = %user, "socket opened");
                200
            }
            Err(ConnectError::Ticket) => {
                tracing::info!(connection.id = %id, "socket refused: the ticket is not good");
                403
            }
            Err(ConnectError::Store(error)) => {
                tracing::error!(connection.id = %id, error = &error as &dyn std::error::Error, "socket refused: the store failed");
                500
            }
        }
    }

    async fn disconnect(&self, id: &ConnectionId) -> u16 {
        match self.live.disconnect(id).await {
            Ok(()) => {
                tracing::debug!(connection.id = %id, "socket closed");
                200
            }
            Err(error) => {
                // The row expires by itself, and the first post that finds it gone removes it.
                tracing::warn!(connection.id = %id, error = &error as &dyn std::error::Error, "a closed socket could not be forgotten");
                500
            }
        }
    }

    async fn message(&self, id: &ConnectionId, frame: &str) -> u16 {
        let replies = match parse_request(frame) {
            Ok(request) => match self.live.answer(id, request).await {
                Ok(replies) => replies,
                Err(error) => {
                    tracing::error!(connection.id = %id, error = &error as &dyn std::error::Error, "a frame could not be answered");
                    vec![Reply::Refusal(Refusal {
                        code: RefusalCode::Internal,
                        message: "the server failed; try again".to_owned(),
                        field: None,
                    })]
                }
            },
            Err(refusal) => vec![Reply::Refusal(refusal)],
        };
        for frame in replies.iter().flat_map(encode_reply) {
            match self.sender.send(id, &frame).await {
                Delivery::Sent => {}
                Delivery::Gone => return self.disconnect(id).await,
                Delivery::Throttled => {
                    tracing::warn!(connection.id = %id, "a reply was throttled");
                    return 429;
                }
                Delivery::Failed(error) => {
                    tracing::error!(connection.id = %id, error = &*error as &dyn std::error::Error, "a reply could not be sent");
                    return 500;
                }
            }
        }
        200
    }
}
