//! A push service on loopback: it makes subscriptions as a browser would, is as strict about requests as the real ones are together, and
//! reads messages with the browser's keys. RFC 8030, 8291 and 8292 are written here a second time, on purpose: what only understands itself
//! proves nothing.
#![expect(clippy::missing_panics_doc, reason = "a test fails by panicking")]

mod browser;
mod control;
mod server;
mod vapid;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quickstocks_core::model::{Endpoint, PushKeys, Timestamp};
use quickstocks_core::ports::Clock;
use serde_json::Value;
use tokio::sync::watch;

use crate::push_service::browser::Browser;
use crate::{Gate, lock};

/// What the service says to the next message for a device.
#[derive(Clone, Debug)]
pub enum ServiceAnswer {
    /// Whatever the request deserves.
    Deserved,
    /// A status, with the time it asks to be left alone for and a body.
    Status {
        /// The status.
        status: u16,
        /// `Retry-After`, in whatever form.
        retry_after: Option<String>,
        /// The body.
        body: String,
    },
    /// 307, to that address.
    Redirect(String),
    /// A status and a body that never ends.
    Endless(u16),
    /// What the request deserves, once the gate lets it through.
    Held(Gate),
}

impl ServiceAnswer {
    /// A bare status.
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None, body: String::new() }
    }

    /// 429, for so long.
    pub fn throttled(retry_after: Duration) -> Self {
        Self::Status { status: 429, retry_after: Some(retry_after.as_secs().to_string()), body: String::new() }
    }
}

/// What a browser tells its page of a subscription: `PushSubscription.toJSON()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserSubscription {
    /// Where messages go.
    pub endpoint: Endpoint,
    /// What they are encrypted for.
    pub keys: PushKeys,
}

/// A request as the service understood it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedMessage {
    /// The endpoint it came to.
    pub endpoint: String,
    /// What the device reads.
    pub payload: Value,
    /// The bytes of the request's body.
    pub body_bytes: usize,
    /// `Topic`.
    pub topic: Option<String>,
    /// `Urgency`.
    pub urgency: String,
    /// `TTL`.
    pub ttl: Duration,
    /// The whole `Authorization`.
    pub authorization: String,
    /// The token's `sub`.
    pub contact: String,
    /// The token's `exp`.
    pub expires_at: Timestamp,
    /// What it was answered with.
    pub status: u16,
}

/// A push service on loopback.
pub struct FakePushService {
    address: SocketAddr,
    shared: Arc<Shared>,
    _stop: watch::Sender<()>,
}

pub(crate) struct Shared {
    origin: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// How many requests there were.
    requests: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    browsers: Vec<Browser>,
    messages: Vec<ReceivedMessage>,
    faults: Vec<String>,
    /// The bytes of endless answers that somebody took.
    endless_bytes: usize,
}

impl FakePushService {
    /// Starts one on a free port.
    pub async fn start(clock: Arc<dyn Clock>) -> Self {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0)), clock).await.expect("loopback has a free port")
    }

    /// Starts one.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start_on(address: SocketAddr, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(());
        let shared = Arc::new(Shared {
            origin: format!("http://{address}"),
            clock,
            state: Mutex::default(),
            requests: watch::Sender::new(0),
        });
        let router = server::router(Arc::clone(&shared));
        tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(async move {
                // Its end is an error, and means the same.
                drop(stopped.changed().await);
            });
            served.await.expect("a server that listens goes on");
        });
        Ok(Self { address, shared, _stop: stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes a subscription that takes messages signed with that key only (RFC 8292, section 4).
    pub fn subscribe(&self, application_server_key: &[u8]) -> BrowserSubscription {
        self.shared.subscribe(application_server_key)
    }

    /// What the next message to a device is answered with; several calls make a queue.
    pub fn answer_next(&self, subscription: &BrowserSubscription, answer: ServiceAnswer) {
        self.shared.answer_next(subscription.endpoint.reveal(), answer);
    }

    /// Every request that could be read so far, refused ones included.
    pub fn messages(&self) -> Vec<ReceivedMessage> {
        lock(&self.shared.state).messages.clone()
    }

    /// The messages that were taken for a device, in order.
    pub fn taken_by(&self, subscription: &BrowserSubscription) -> Vec<ReceivedMessage> {
        let endpoint = subscription.endpoint.reveal();
        let taken = |message: &ReceivedMessage| message.endpoint == endpoint && message.status == 201;
        self.messages().into_iter().filter(taken).collect()
    }

    /// What a device that was off finds when it comes back: of the messages of one topic the last (RFC 8030, section 5.4).
    pub fn outstanding(&self, subscription: &BrowserSubscription) -> Vec<ReceivedMessage> {
        let mut left: Vec<ReceivedMessage> = Vec::new();
        for message in self.taken_by(subscription) {
            left.retain(|earlier| earlier.topic.is_none() || earlier.topic != message.topic);
            left.push(message);
        }
        left
    }

    /// Waits until there were so many requests.
    pub async fn reached_by(&self, requests: usize) {
        let mut counted = self.shared.requests.subscribe();
        counted.wait_for(|count| *count >= requests).await.expect("the service is there");
    }

    /// What was wrong with requests, a sentence each. A sender in order has none.
    pub fn faults(&self) -> Vec<String> {
        lock(&self.shared.state).faults.clone()
    }

    /// How many bytes of endless answers were taken.
    pub fn endless_bytes(&self) -> usize {
        lock(&self.shared.state).endless_bytes
    }
}

impl Shared {
    fn subscribe(&self, application_server_key: &[u8]) -> BrowserSubscription {
        let mut state = lock(&self.state);
        let browser = Browser::new(&self.origin, state.browsers.len(), application_server_key);
        let subscription = browser.subscription();
        state.browsers.push(browser);
        subscription
    }

    fn answer_next(&self, endpoint: &str, answer: ServiceAnswer) {
        let mut state = lock(&self.state);
        let browser = state.browsers.iter_mut().find(|browser| browser.endpoint == endpoint);
        browser.expect("a subscription of this service").answers.push_back(answer);
    }
}
