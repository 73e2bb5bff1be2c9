//! A proxy that serves what CloudFront serves: the page, `/api/*` and `/ws` at one address. The emulator's own CloudFront
//! does not reach its APIs, and a browser needs one origin.

use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::{Message as Incoming, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use reqwest::{StatusCode, header};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message as Outgoing};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::emulator::Emulator;
use super::scenario::STACK;

/// What a browser may send in one request: API Gateway's own limit.
const LONGEST_BODY: usize = 10 << 20;

/// Headers of one hop, which a proxy does not pass on.
const HOP: [header::HeaderName; 3] = [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH];

/// The running proxy; dropping it ends it.
pub(super) struct Front {
    /// Its address, which browsers call the page's origin.
    pub(super) url: String,
    origins: Arc<Origins>,
    task: AbortHandle,
}

/// The three origins of the distribution.
struct Origins {
    emulator: Emulator,
    http: reqwest::Client,
    /// Learned from the stack's outputs at the first request: the proxy has an address before the stack has.
    of_stack: Mutex<Option<Paths>>,
}

#[derive(Clone)]
struct Paths {
    /// What stands before `/api`.
    api: String,
    socket: String,
    /// The distribution's host name, by which the emulator knows whose page is asked for.
    web: String,
}

impl Front {
    pub(super) async fn start(emulator: &Emulator) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port is free")?;
        let url = format!("http://{}", listener.local_addr()?);
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let origins = Arc::new(Origins { emulator: emulator.clone(), http, of_stack: Mutex::new(None) });
        let app = Router::new().route("/ws", any(socket)).fallback(request).with_state(Arc::clone(&origins));
        let task = tokio::spawn(async move { axum::serve(listener, app).await }).abort_handle();
        Ok(Self { url, origins, task })
    }

    /// Serves the stack that is there now, which has replaced the one it served.
    pub(super) async fn forget(&self) {
        *self.origins.of_stack.lock().await = None;
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Origins {
    async fn paths(&self) -> Result<Paths> {
        let mut known = self.of_stack.lock().await;
        if let Some(paths) = &*known {
            return Ok(paths.clone());
        }
        let emulator = self.emulator.clone();
        let outputs = tokio::task::spawn_blocking(move || emulator.ask(&["outputs", STACK])).await??;
        let output = |name: &str| outputs[name].as_str().with_context(|| format!("the stack has no output {name}"));
        let data_plane = format!("{}/_aws/execute-api", self.emulator.url);
        let paths = Paths {
            api: format!("{data_plane}/{}", output("HttpApiId")?),
            socket: format!("{}/{}/ws", data_plane.replacen("http", "ws", 1), output("WebSocketApiId")?),
            web: output("WebDomain")?.to_owned(),
        };
        *known = Some(paths.clone());
        Ok(paths)
    }

    async fn forward(&self, request: Request) -> Result<Response> {
        let paths = self.paths().await?;
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let of_api = parts.uri.path().starts_with("/api/");
        let url = format!("{}{path}", if of_api { &paths.api } else { &self.emulator.url });
        let mut headers = parts.headers;
        // The policy AllViewerExceptHostHeader on the API; a bucket gets its own name.
        headers.remove(header::HOST);
        if !of_api {
            headers.insert(header::HOST, paths.web.parse()?);
            // By this header the emulator knows a viewer who came by https.
            headers.insert("x-forwarded-proto", "https".parse()?);
        }
        let body: Bytes = axum::body::to_bytes(body, LONGEST_BODY).await?;
        let answer = self.http.request(parts.method, url).headers(headers).body(body).send().await?;
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers().iter().filter(|(name, _)| !HOP.contains(name)) {
            // One by one: an answer may set two cookies.
            response = response.header(name, value);
        }
        Ok(response.body(Body::from(answer.bytes().await?))?)
    }

    /// Opens the socket behind, or answers how it was refused.
    async fn open(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Result<WebSocketStream<MaybeTlsStream<TcpStream>>, StatusCode>> {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let mut behind = format!("{}{query}", self.paths().await?.socket).into_client_request()?;
        for name in [header::ORIGIN, header::COOKIE] {
            if let Some(value) = headers.get(&name) {
                behind.headers_mut().insert(name, value.clone());
            }
        }
        match connect_async(behind).await {
            Ok((stream, _)) => Ok(Ok(stream)),
            Err(Error::Http(answer)) => Ok(Err(answer.status())),
            Err(error) => Err(error.into()),
        }
    }
}

async fn request(State(origins): State<Arc<Origins>>, request: Request) -> Response {
    origins.forward(request).await.unwrap_or_else(|error| unreachable(&error))
}

async fn socket(
    State(origins): State<Arc<Origins>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    match origins.open(query.as_deref(), &headers).await {
        Ok(Ok(behind)) => upgrade.on_upgrade(|viewer| join(viewer, behind)),
        Ok(Err(refused)) => refused.into_response(),
        Err(error) => unreachable(&error),
    }
}

fn unreachable(error: &anyhow::Error) -> Response {
    (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response()
}

/// Passes text from each side to the other until one of them closes.
async fn join(viewer: WebSocket, behind: WebSocketStream<MaybeTlsStream<TcpStream>>) {
    let (mut to_viewer, mut from_viewer) = viewer.split();
    let (mut to_origin, mut from_origin) = behind.split();
    let up = async {
        while let Some(Ok(message)) = from_viewer.next().await {
            if let Incoming::Text(text) = message
                && to_origin.send(Outgoing::text(text.as_str())).await.is_err()
            {
                break;
            }
        }
    };
    let down = async {
        while let Some(Ok(message)) = from_origin.next().await {
            if let Outgoing::Text(text) = message
                && to_viewer.send(Incoming::text(text.as_str())).await.is_err()
            {
                break;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
    // Either side may have closed already; the other one has to hear it.
    drop(to_origin.close().await);
    drop(to_viewer.close().await);
}
