//! The whole system in this process, and clients that know it by HTTP and WebSocket only.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use quickstocks_local::{Options, Running, start};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Nothing here takes long; what takes this long does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct System {
    pub(crate) running: Running,
    pub(crate) origin: String,
    pub(crate) data: TempDir,
    options: Options,
    http: reqwest::Client,
}

pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(PATIENCE).build().unwrap()
}

impl System {
    /// A system whose ticks are made by the test.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut options = Options::default_options();
        options.listen = "127.0.0.1:0".parse().unwrap();
        options.data_dir = data.path().to_owned();
        options.no_web = true;
        options.tick_seconds = Some(3600);
        change(&mut options);
        let running = start(&options).await.unwrap();
        let origin = format!("http://{}", running.address);
        Self { running, origin, data, options, http: http() }
    }

    /// Stops the system and starts it again on the same data.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    pub(crate) async fn restart_with(self, change: impl FnOnce(&mut Options)) -> Self {
        let Self { running, data, mut options, http, .. } = self;
        running.stop().await.unwrap();
        change(&mut options);
        let running = start(&options).await.unwrap();
        let origin = format!("http://{}", running.address);
        Self { running, origin, data, options, http }
    }

    pub(crate) async fn guest(&self) -> Guest {
        let answer = self.http.post(format!("{}/api/v1/session", self.origin)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let body: Value = answer.json().await.unwrap();
        let list = body["watchlists"][0].as_str().unwrap().to_owned();
        Guest { origin: self.origin.clone(), list, cookie, http: self.http.clone() }
    }

    /// Makes a tick and waits until it has been dispatched, so that what a test does next comes after it. What the function answered.
    pub(crate) async fn tick(&self) -> Value {
        let answer = self.running.tick().await.unwrap();
        self.running.settled().await;
        answer
    }

    /// The market's control endpoint.
    pub(crate) async fn market(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/_market/{path}", self.running.market_url.as_ref().unwrap());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap_or(Value::Null)
    }

    pub(crate) async fn status(&self) -> Value {
        self.http.get(format!("{}/api/v1/status", self.origin)).send().await.unwrap().json().await.unwrap()
    }
}

/// Somebody with a session.
pub(crate) struct Guest {
    pub(crate) origin: String,
    pub(crate) list: String,
    pub(crate) cookie: String,
    http: reqwest::Client,
}

impl Guest {
    /// The same guest, at a system that was started again.
    pub(crate) fn at(self, system: &System) -> Self {
        Self { origin: system.origin.clone(), ..self }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.origin));
        let request = request.header("cookie", &self.cookie).header("origin", &self.origin);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    pub(crate) async fn pick(&self, symbol: &str) -> Response {
        self.send(Method::PUT, &format!("/watchlists/{}/symbols/{symbol}", self.list), None).await
    }

    /// Makes these the guest's list.
    pub(crate) async fn follow(&self, symbols: &[String]) {
        let body = json!({ "name": "picks", "symbols": symbols });
        let answer = self.send(Method::PUT, &format!("/watchlists/{}", self.list), Some(body)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    }

    pub(crate) async fn ticket(&self) -> String {
        let answer = self.send(Method::POST, "/ws-ticket", None).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        answer.json::<Value>().await.unwrap()["ticket"].as_str().unwrap().to_owned()
    }

    /// A socket that has said hello, and the snapshot it was given.
    pub(crate) async fn connect(&self) -> (Socket, Value) {
        let mut socket = Socket::open(&self.origin, Some(&self.origin), Some(&self.ticket().await)).await.unwrap();
        socket.send(json!({ "action": "hello" })).await;
        socket.next_of("hello").await;
        let snapshot = socket.next_of("snapshot").await;
        (socket, snapshot)
    }
}

pub(crate) struct Socket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket; the error is the status that refused it.
    pub(crate) async fn open(base: &str, origin: Option<&str>, ticket: Option<&str>) -> Result<Self, u16> {
        let query = ticket.map(|ticket| format!("?ticket={ticket}")).unwrap_or_default();
        let mut request = format!("{}/ws{query}", base.replace("http://", "ws://")).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame; pings of the transport are not frames.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a frame within the patience").unwrap().unwrap() {
                Message::Text(frame) => return serde_json::from_str(&frame).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?} instead of a frame"),
            }
        }
    }

    /// The next frame of a type. Those before it are dropped: frames to one connection may overtake each other.
    pub(crate) async fn next_of(&mut self, wanted: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == wanted {
                return frame;
            }
        }
    }

    /// What the server closes the socket with; frames before it are dropped.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a close within the patience") {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(Message::Close(None)) | Err(_)) | None => panic!("closed without a code"),
                Some(Ok(_)) => {}
            }
        }
    }
}

/// Waits until a condition holds, asking again as often as the other tasks allow.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    timeout(PATIENCE, async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{what}: not within the patience"));
}

/// The symbols of a frame's quotes.
pub(crate) fn symbols(frame: &Value) -> Vec<String> {
    frame["quotes"].as_array().unwrap().iter().map(|quote| quote["symbol"].as_str().unwrap().to_owned()).collect()
}
