//! A browser, as far as the server can tell: one origin, one cookie, one WebSocket.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::deploy::Stack;

/// The longest that one answer may take: an emulated cold start on a busy machine.
const ANSWER: Duration = Duration::from_secs(30);

/// The three addresses of a deployed system.
#[derive(Clone)]
pub(crate) struct Site {
    /// What stands before `/api`, and before the page's own path.
    pub(crate) api: String,
    /// The WebSocket's address.
    pub(crate) socket: String,
    /// What a browser calls the page's origin.
    pub(crate) origin: String,
}

impl Site {
    /// A system whose three paths are served by one address.
    pub(crate) fn at(url: &str) -> Result<Self> {
        let url = url.trim_end_matches('/');
        let parsed: reqwest::Url =
            url.parse().with_context(|| format!("{url:?} is no address, as https://stocks.example.com is"))?;
        ensure!(
            matches!(parsed.scheme(), "https" | "http") && parsed.path() == "/",
            "{url:?} is not the address of a web server without a path, as https://stocks.example.com is"
        );
        Ok(Self { api: url.to_owned(), socket: format!("{}/ws", url.replacen("http", "ws", 1)), origin: url.to_owned() })
    }

    /// A deployed stack, at its own address or at that of a proxy in front of it.
    pub(crate) fn of_stack(stack: &Stack, url: Option<&str>) -> Result<Self> {
        Self::at(url.map_or_else(|| stack.output("WebUrl"), Ok)?)
    }
}

/// A visitor with a session.
pub(crate) struct Guest {
    site: Site,
    http: reqwest::Client,
    cookie: Option<String>,
    token: Option<String>,
}

impl Guest {
    /// Somebody who is not in yet.
    pub(crate) fn stranger(site: &Site) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(ANSWER).build()?;
        Ok(Self { site: site.clone(), http, cookie: None, token: None })
    }

    /// Makes a session, as the first visit of the page does.
    pub(crate) async fn arrive(site: &Site) -> Result<Self> {
        Self::stranger(site)?.enter("/session", json!({})).await
    }

    /// Asks for a session by a POST, and keeps it.
    pub(crate) async fn enter(self, path: &str, body: Value) -> Result<Self> {
        match self.knock(path, body).await? {
            Ok(guest) => Ok(guest),
            Err((status, body)) => bail!("POST {path} answered {status}: {body}"),
        }
    }

    /// Asks for a session by a POST; answers what was said instead when there is none.
    pub(crate) async fn knock(mut self, path: &str, body: Value) -> Result<Result<Self, (StatusCode, Value)>> {
        let answer = self.send(Method::POST, path, Some(body)).await?;
        if !answer.status().is_success() {
            return read(answer).await.map(Err);
        }
        let cookie = answer.headers().get(header::SET_COOKIE).with_context(|| format!("POST {path} sets no cookie"))?;
        let cookie = cookie.to_str()?.split(';').next().unwrap_or_default();
        ensure!(cookie.starts_with("__Host-qs="), "the cookie has another name: {cookie}");
        self.cookie = Some(cookie.to_owned());
        Ok(Ok(self))
    }

    /// A script that has this access token and no cookie.
    pub(crate) fn with_token(&self, secret: &str) -> Self {
        Self { site: self.site.clone(), http: self.http.clone(), cookie: None, token: Some(secret.to_owned()) }
    }

    /// A call that must be answered with this status.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>, expected: StatusCode) -> Result<Value> {
        let (status, body) = read(self.send(method.clone(), path, body).await?).await?;
        ensure!(status == expected, "{method} {path} answered {status}: {body}");
        Ok(body)
    }

    /// Posts a file.
    pub(crate) async fn upload(&self, path: &str, file: &'static str) -> Result<Value> {
        let (status, body) = read(self.request(Method::POST, path).body(file).send().await?).await?;
        ensure!(status == StatusCode::OK, "POST {path} answered {status}: {body}");
        Ok(body)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<(StatusCode, Value)> {
        read(self.send(Method::GET, path, None).await?).await
    }

    pub(crate) async fn put(&self, path: &str) -> Result<(StatusCode, Value)> {
        read(self.send(Method::PUT, path, None).await?).await
    }

    /// The answer's body, which must come with the status 200.
    pub(crate) async fn get_ok(&self, path: &str) -> Result<Value> {
        let (status, body) = self.get(path).await?;
        ensure!(status == StatusCode::OK, "GET {path} answered {status}: {body}");
        Ok(body)
    }

    /// A ticket for one WebSocket.
    pub(crate) async fn ticket(&self) -> Result<String> {
        let (status, body) = read(self.send(Method::POST, "/ws-ticket", None).await?).await?;
        ensure!(status == StatusCode::CREATED, "POST /ws-ticket answered {status}: {body}");
        Ok(body["ticket"].as_str().context("POST /ws-ticket answered no ticket")?.to_owned())
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<reqwest::Response> {
        let mut request = self.request(method.clone(), path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.with_context(|| format!("{method} {path} was not answered"))
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/api/v1{path}", self.site.api);
        let request = self.http.request(method, &url).header(header::ORIGIN, &self.site.origin);
        match (&self.cookie, &self.token) {
            (Some(cookie), _) => request.header(header::COOKIE, cookie),
            (None, Some(token)) => request.bearer_auth(token),
            (None, None) => request,
        }
    }
}

async fn read(answer: reqwest::Response) -> Result<(StatusCode, Value)> {
    let status = answer.status();
    let text = answer.text().await?;
    // What is no JSON still has to be shown when it was not expected.
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

/// An open WebSocket, and every frame that came through it.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    frames: Vec<Value>,
}

/// What the handshake came to.
pub(crate) enum Handshake {
    Open(Box<Socket>),
    /// Refused, with this status.
    Refused(u16),
}

impl Socket {
    /// Tries to open a WebSocket.
    pub(crate) async fn handshake(site: &Site, ticket: Option<&str>, origin: &str) -> Result<Handshake> {
        let mut url = site.socket.clone();
        if let Some(ticket) = ticket {
            write!(url, "?ticket={ticket}")?;
        }
        let mut request = url.into_client_request()?;
        request.headers_mut().insert("origin", origin.parse()?);
        match tokio::time::timeout(ANSWER, connect_async(request)).await.context("the WebSocket's handshake was not answered")? {
            Ok((stream, _)) => Ok(Handshake::Open(Box::new(Self { stream, frames: Vec::new() }))),
            Err(Error::Http(answer)) => Ok(Handshake::Refused(answer.status().as_u16())),
            Err(error) => Err(error).context("the WebSocket's handshake failed"),
        }
    }

    /// Opens a WebSocket, which must succeed.
    pub(crate) async fn open(site: &Site, ticket: &str) -> Result<Self> {
        match Self::handshake(site, Some(ticket), &site.origin).await? {
            Handshake::Open(socket) => Ok(*socket),
            Handshake::Refused(status) => bail!("the WebSocket was refused with {status}"),
        }
    }

    pub(crate) async fn send(&mut self, frame: &Value) -> Result<()> {
        Ok(self.stream.send(Message::text(frame.to_string())).await?)
    }

    /// Waits for the first frame that `find` makes something of.
    pub(crate) async fn wait_for<T>(&mut self, what: &str, limit: Duration, find: impl Fn(&Value) -> Option<T>) -> Result<T> {
        let begin = Instant::now();
        loop {
            let left = limit.saturating_sub(begin.elapsed());
            let Ok(message) = tokio::time::timeout(left, self.stream.next()).await else {
                bail!("no {what} came within {limit:?}; what came instead: {:#}", Value::from(self.frames.clone()));
            };
            match message.with_context(|| format!("the socket closed before {what} came"))?? {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).with_context(|| format!("a frame is no JSON: {text}"))?;
                    let found = find(&frame);
                    self.frames.push(frame);
                    if let Some(found) = found {
                        return Ok(found);
                    }
                }
                Message::Close(reason) => {
                    bail!("the server closed the socket before {what} came: {reason:?}")
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => bail!("the server sent {other:?}"),
            }
        }
    }

    /// What came so far.
    pub(crate) fn frames(&self) -> &[Value] {
        &self.frames
    }

    pub(crate) async fn close(mut self) -> Result<()> {
        Ok(self.stream.close(None).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_of_a_site_is_at_the_same_address() {
        let site = Site::at("https://stocks.example.com/").unwrap();
        assert_eq!(site.socket, "wss://stocks.example.com/ws");
        assert_eq!(site.origin, "https://stocks.example.com");
        assert_eq!(Site::at("http://127.0.0.1:8080").unwrap().socket, "ws://127.0.0.1:8080/ws");
        for wrong in ["stocks.example.com", "https://example.com/stocks", "ftp://example.com"] {
            assert!(Site::at(wrong).is_err(), "{wrong}");
        }
    }

    /// Deployed systems are reached by TLS; a build without it would say so before it connects.
    #[tokio::test]
    async fn a_secure_socket_speaks_tls() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let first_byte = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncReadExt::read_u8(&mut stream).await.unwrap()
        });
        let site = Site { socket: format!("wss://{address}/ws"), ..Site::at("https://localhost").unwrap() };
        assert!(Socket::handshake(&site, None, &site.origin).await.is_err());
        assert_eq!(first_byte.await.unwrap(), 22, "a TLS record of the handshake");
    }
}
