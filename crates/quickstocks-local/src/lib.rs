//! QuickStocks on one machine: the same handlers as on AWS, called with the same events, in one process.
//!
//! | on AWS | here |
//! |---|---|
//! | EventBridge Scheduler | a timer |
//! | SNS | a channel ([`mod@topic`]) |
//! | API Gateway, HTTP | axum |
//! | API Gateway, WebSocket | axum and the [`hub`] of sockets |
//! | DynamoDB | SQLite |
//! | S3 and CloudFront | static files |

mod hub;
mod market;
mod options;
mod ports;
mod push;
mod socket;
mod topic;
mod web;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context;
use api::Limits;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use dispatch::Dispatcher;
use fetch_quotes::FetchQuotes;
use futures_util::{StreamExt, stream};
use quickstocks_boot::{OsRandom, SystemClock};
use quickstocks_core::model::{ShardRange, SignUp};
use quickstocks_core::ports::{Clock, ConnectionReader, StoreError};
use quickstocks_sqlite::SqliteStore;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;

use crate::hub::Hub;
use crate::ports::Ports;
use crate::socket::Sockets;
use crate::topic::{Subscription, Topic, sns_event, topic};

pub use options::{Command, LogFormat, Options, Source};

/// The database's name in the data folder.
pub const DATABASE: &str = "quickstocks.db";

/// The name in the data folder of the key by which push services know this server.
pub const VAPID_KEY: &str = "vapid-key.der";

/// How long a dispatcher may take: what the function has on AWS.
const DISPATCH_TIME: Duration = Duration::from_mins(1);

/// How long a run of `fetch-quotes` may take: what the function has on AWS.
const FETCH_TIME: Duration = Duration::from_mins(1);

/// How often it is looked whether the daily sweep is due.
const SWEEP_CHECK_EVERY: Duration = Duration::from_hours(1);

/// How often notifications that were left are looked for.
const RECONCILE_EVERY: Duration = Duration::from_mins(5);

/// How often what ran out is deleted from the store.
const PURGE_EVERY: Duration = Duration::from_hours(1);

/// How long a stop waits for what is under way.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// A running system.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where the simulated or replaying market listens, if there is one.
    pub market_url: Option<String>,
    /// An invitation for one guest, where they need one.
    pub invitation: Option<String>,
    store: Arc<SqliteStore>,
    fetch_quotes: Arc<FetchQuotes>,
    dispatcher: Arc<Dispatcher>,
    topic: Topic,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    /// The address people type.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Makes a tick now, as if the schedule had. The answer is the function's.
    ///
    /// # Errors
    /// The function's.
    pub async fn tick(&self) -> Result<Value, fetch_quotes::Error> {
        self.fetch_quotes.handle(json!({}), SystemClock.now() + FETCH_TIME).await
    }

    /// Makes the daily sweep if it is due, as if its schedule had come round. The answer is the function's.
    ///
    /// # Errors
    /// The function's.
    pub async fn sweep(&self) -> Result<Value, fetch_quotes::Error> {
        self.fetch_quotes.handle(json!({ "sweep": true }), SystemClock.now() + FETCH_TIME).await
    }

    /// Delivers what was left of notifications, as if its schedule had come round. The answer is the function's.
    ///
    /// # Errors
    /// The function's.
    pub async fn reconcile(&self) -> Result<Value, dispatch::Error> {
        self.dispatcher.handle(json!({ "reconcile": true }), SystemClock.now() + DISPATCH_TIME).await
    }

    /// Waits until every message that is in the topic now has been dispatched.
    pub async fn settled(&self) {
        self.topic.settled().await;
    }

    /// How many open sockets the store knows.
    ///
    /// # Errors
    /// The store's.
    pub async fn connections(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        for shard in ShardRange::ALL.shards() {
            let mut after = None;
            loop {
                let page = self.store.page(shard, after.as_ref(), SystemClock.now()).await?;
                count += page.connections.len();
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(count)
    }

    /// Stops: says goodbye to every socket, ends what is under way, closes the store.
    ///
    /// # Errors
    /// When something does not end within its time.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(STOP_GRACE, self.tasks.wait()).await.context("something did not end within 10 seconds")
    }
}

/// Starts the system.
///
/// # Errors
/// A sentence that says what is missing or wrong, and what to do.
pub async fn start(options: &Options) -> anyhow::Result<Running> {
    let source = options.source()?;
    options.check_exposure()?;
    let web = if options.no_web { Router::new() } else { web::router(&options.web_dir)? };
    make_data_folder(&options.data_dir)?;
    let store = SqliteStore::open(options.data_dir.join(DATABASE))?;
    if store.begin(&source.name()).await.context("the database cannot be written to")? {
        tracing::info!(
            source = source.name(),
            "prices come from here now; those of another source, if there were any, are forgotten"
        );
    }
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("{} cannot be listened on; is it in use? choose another with --listen", options.listen))?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let market = market::start(&source, options, &stop, &tasks).await?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let hub = Arc::new(Hub::default());
    let (topic, subscriptions) = topic();
    let store = Arc::new(store);
    let budget = market::budget(&source, options);
    let ports = Ports {
        source: Arc::new(market::client(market.as_deref(), options, budget, &store, &clock)?),
        store,
        clock: Arc::clone(&clock),
        random: Arc::new(OsRandom),
        push: push::start(options, &clock)?,
        hub: Arc::clone(&hub),
        topic: Arc::new(topic.clone()),
        tick_seconds: options.tick_seconds(&source),
        source_kind: source.kind(),
        budget,
        allowed_origins: options.allowed_origins(address),
        https: options.is_https(),
        sign_up: options.sign_up,
        sharing: options.sharing.allowed(source.kind()),
        limits: (!options.no_rate_limits).then(Limits::default),
        trusted_proxies: options.trusted_proxies.into(),
    };

    let api = ports.api();
    let invitation = match options.sign_up {
        SignUp::Invite => Some(api.accounts.invite(None).await?.secret.reveal_grouped()),
        SignUp::Open | SignUp::Closed => None,
    };

    let sockets = Arc::new(Sockets {
        ws_connect: ports.ws_connect(),
        hub,
        clock: Arc::clone(&clock),
        random: Arc::new(OsRandom),
        stop: stop.clone(),
        tasks: tasks.clone(),
        requests: AtomicU64::new(0),
    });
    let app = Router::new()
        .route("/ws", get(socket::open).with_state(sockets))
        .merge(web)
        .merge(api_routes(api::router(api)))
        .layer(CompressionLayer::new());
    let serving = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(stop.clone().cancelled_owned());
    tasks.spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(error = &error as &dyn std::error::Error, "the server ended");
        }
    });
    let fetch_quotes = Arc::new(ports.fetch_quotes());
    let tick = Duration::from_secs(ports.tick_seconds.into());
    for (event, every) in [(json!({}), tick), (json!({ "sweep": true }), SWEEP_CHECK_EVERY)] {
        tasks.spawn(schedule(Arc::clone(&fetch_quotes), event, every, Arc::clone(&clock), stop.clone()));
    }
    let dispatcher = Arc::new(ports.dispatcher());
    for subscription in subscriptions {
        tasks.spawn(dispatch_all(Arc::clone(&dispatcher), subscription, Arc::clone(&clock), stop.clone()));
    }
    tasks.spawn(reconcile(Arc::clone(&dispatcher), Arc::clone(&clock), stop.clone()));
    tasks.spawn(purge(Arc::clone(&ports.store), stop.clone()));
    Ok(Running { address, market_url: market, invitation, store: ports.store, fetch_quotes, dispatcher, topic, stop, tasks })
}

/// Makes the folder of the data where it is missing. It is for its owner alone, since it holds people's lists.
///
/// # Errors
/// A sentence that says what to do.
pub fn make_data_folder(path: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(path)
        .with_context(|| format!("the data folder {} cannot be made; choose another with --data-dir", path.display()))
}

/// A schedule: an event every so often, the first at once. A run that takes longer than that delays the next.
async fn schedule(function: Arc<FetchQuotes>, event: Value, every: Duration, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let mut times = interval_at(Instant::now(), every);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = times.tick() => {}
            () = stop.cancelled() => return,
        }
        // The function has logged its failure; the next run is a new attempt.
        drop(function.handle(event.clone(), clock.now() + FETCH_TIME).await);
    }
}

/// A subscription: each message of the topic becomes an event.
async fn dispatch_all(function: Arc<Dispatcher>, subscription: Subscription, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let Subscription { messages, handled, at_once } = subscription;
    let numbered = stream::unfold((messages, 0), async |(mut messages, number)| {
        let message = messages.recv().await?;
        Some(((message, number + 1), (messages, number + 1)))
    });
    let handling = numbered.take_until(stop.cancelled()).for_each_concurrent(at_once, async |(message, number)| {
        drop(function.handle(sns_event(&message, number), clock.now() + DISPATCH_TIME).await);
        handled.send_modify(|handled| *handled += 1);
    });
    handling.await;
}

/// The schedule of the reconciler. What was left by the process before this one is due at once.
async fn reconcile(function: Arc<Dispatcher>, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let mut times = interval_at(Instant::now(), RECONCILE_EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = times.tick() => {}
            () = stop.cancelled() => return,
        }
        // The function has logged its failure; the next run is a new attempt.
        drop(function.handle(json!({ "reconcile": true }), clock.now() + DISPATCH_TIME).await);
    }
}

async fn purge(store: Arc<SqliteStore>, stop: CancellationToken) {
    let mut hours = interval_at(Instant::now(), PURGE_EVERY);
    loop {
        tokio::select! {
            _ = hours.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = store.purge(SystemClock.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "what ran out could not be deleted");
        }
    }
}

/// The API has an answer for every path below `/api`; the web UI has one for every other.
fn api_routes(api: Router) -> Router {
    Router::new().route("/api", any(call_api)).route("/api/{*rest}", any(call_api)).with_state(api)
}

async fn call_api(State(api): State<Router>, mut request: Request) -> Response {
    // The path parameters found out here would count as the API's own.
    let peer = request.extensions_mut().remove::<ConnectInfo<SocketAddr>>();
    *request.extensions_mut() = http::Extensions::new();
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    match api.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
