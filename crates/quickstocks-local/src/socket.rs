//! The WebSocket endpoint: what API Gateway's WebSocket API is on AWS. Every step goes to `ws-connect` as the event API Gateway
//! would send, and its limits hold here too: text frames only, 32 KB, two hours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, StatusCode};
use quickstocks_core::model::ConnectionId;
use quickstocks_core::ports::{Clock, Random};
use quickstocks_wire::ws::MAX_FRAME_BYTES;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use ws_connect::WsConnect;

use crate::hub::Hub;

/// API Gateway ends a socket after two hours; so does this, before its row expires.
const LIFETIME: Duration = Duration::from_hours(2);

/// A client that has not answered a ping for this long has vanished.
const PING_EVERY: Duration = Duration::from_secs(30);

/// What the sockets work with.
pub(crate) struct Sockets {
    pub(crate) ws_connect: WsConnect,
    pub(crate) hub: Arc<Hub>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) requests: AtomicU64,
}

/// `GET /ws?ticket=…`
pub(crate) async fn open(
    State(sockets): State<Arc<Sockets>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let mut id = [0; 12];
    sockets.random.fill(&mut id);
    let id = ConnectionId::new(&format!("{:024x}", id.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte))));
    // Before the row is written: a dispatcher that finds the row must find the socket too. What it sends waits in the queue.
    let outgoing = sockets.hub.open(&id);
    let connect = sockets.event(
        &id,
        "CONNECT",
        "$connect",
        json!({ "headers": one_value_each(&headers), "queryStringParameters": parameters(query.as_deref()) }),
    );
    let status = sockets.handle(connect).await;
    if status != StatusCode::OK {
        sockets.hub.close(&id);
        return status.into_response();
    }
    upgrade
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .on_failed_upgrade({
            let (sockets, id) = (Arc::clone(&sockets), id.clone());
            move |error| {
                tracing::info!(connection.id = %id, error = &error as &dyn std::error::Error, "socket not opened");
                let tasks = sockets.tasks.clone();
                tasks.spawn(async move { sockets.disconnect(&id).await });
            }
        })
        .on_upgrade(move |socket| {
            let tasks = sockets.tasks.clone();
            tasks.track_future(async move { serve(&sockets, id, outgoing, socket).await })
        })
}

impl Sockets {
    fn event(&self, id: &ConnectionId, kind: &str, route: &str, rest: Value) -> Value {
        let mut event = rest;
        event["requestContext"] = json!({
            "connectionId": id.as_str(),
            "eventType": kind,
            "routeKey": route,
            "stage": "ws",
            "domainName": "localhost",
            "messageDirection": "IN",
            "requestId": format!("local-{}", self.requests.fetch_add(1, Ordering::Relaxed)),
            "requestTimeEpoch": self.clock.now().millis(),
            "connectedAt": self.clock.now().millis(),
        });
        event["isBase64Encoded"] = Value::Bool(false);
        event
    }

    /// Calls the function; a failed invocation is what API Gateway makes a 500 of.
    async fn handle(&self, event: Value) -> StatusCode {
        match self.ws_connect.handle(event).await {
            Ok(answer) => {
                let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
                status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a WebSocket event failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    async fn disconnect(&self, id: &ConnectionId) {
        self.hub.close(id);
        self.handle(self.event(id, "DISCONNECT", "$disconnect", json!({}))).await;
    }
}

async fn serve(sockets: &Sockets, id: ConnectionId, outgoing: mpsc::Receiver<Message>, socket: WebSocket) {
    let (sink, stream) = socket.split();
    let ended = CancellationToken::new();
    // Reading and writing are apart: a client that does not read must still be heard, and one that is silent be written to.
    let writer = write(sockets, outgoing, sink, &ended);
    let reader = async {
        read(sockets, &id, stream, &ended).await;
        ended.cancel();
    };
    tokio::join!(writer, reader);
    sockets.disconnect(&id).await;
}

/// Why the server closes a socket.
fn goodbye(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}

fn bye(reason: &str, reconnect_in: u32) -> Message {
    Message::Text(json!({ "type": "bye", "reason": reason, "reconnect_in": reconnect_in }).to_string().into())
}

async fn write(
    sockets: &Sockets,
    mut outgoing: mpsc::Receiver<Message>,
    mut sink: SplitSink<WebSocket, Message>,
    ended: &CancellationToken,
) {
    let end_of_life = sleep_until(Instant::now() + LIFETIME);
    tokio::pin!(end_of_life);
    let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    loop {
        let last_words = tokio::select! {
            frame = outgoing.recv() => match frame {
                Some(frame) => {
                    let closing = matches!(frame, Message::Close(_));
                    if sink.send(frame).await.is_err() || closing {
                        break;
                    }
                    continue;
                }
                None => break,
            },
            _ = ping.tick() => {
                if sink.send(Message::Ping(Vec::new().into())).await.is_err() {
                    break;
                }
                continue;
            }
            () = &mut end_of_life => [bye("lifetime", 1000), goodbye(close_code::AWAY, "lifetime")],
            () = sockets.stop.cancelled() => [bye("shutdown", 2000), goodbye(close_code::AWAY, "shutdown")],
            () = ended.cancelled() => break,
        };
        for message in last_words {
            if sink.send(message).await.is_err() {
                break;
            }
        }
        break;
    }
    ended.cancel();
}

async fn read(sockets: &Sockets, id: &ConnectionId, mut stream: SplitStream<WebSocket>, ended: &CancellationToken) {
    let mut heard = Instant::now();
    loop {
        let message = tokio::select! {
            message = stream.next() => message,
            () = ended.cancelled() => return,
            // Two pings without an answer: the client's network is gone.
            () = sleep_until(heard + PING_EVERY * 2 + PING_EVERY / 2) => return,
        };
        heard = Instant::now();
        match message {
            Some(Ok(Message::Text(frame))) => {
                let event = sockets.event(id, "MESSAGE", "$default", json!({ "body": frame.as_str() }));
                sockets.handle(event).await;
            }
            Some(Ok(Message::Binary(_))) => {
                sockets.hub.close_with(id, goodbye(close_code::UNSUPPORTED, "text frames only"));
                return ended.cancelled().await;
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Err(error)) if is_too_large(&error) => {
                sockets.hub.close_with(id, goodbye(close_code::SIZE, "a frame has at most 32 KB"));
                return ended.cancelled().await;
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return,
        }
    }
}

/// Whether the client sent more than a frame may have: the library's error says it in its text only.
fn is_too_large(error: &axum::Error) -> bool {
    error.to_string().to_ascii_lowercase().contains("too long") || error.to_string().to_ascii_lowercase().contains("too large")
}

fn one_value_each(headers: &HeaderMap) -> serde_json::Map<String, Value> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), Value::from(value.to_str().ok()?)))).collect()
}

fn parameters(query: Option<&str>) -> serde_json::Map<String, Value> {
    query
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect()
}
