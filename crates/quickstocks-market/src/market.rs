//! The market as a library: what embeds it, steers it and serves it.

use std::future::Future;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::calls::{Calls, Counter};
use crate::clock::Clock;
use crate::config::{Limits, MarketConfig, MarketError};
use crate::fault::{Fault, Faults};
use crate::replay::Replay;
use crate::server;
use crate::session::Sessions;
use crate::simulation::Simulation;
use crate::source::{Moment, Simulated, Source};

/// A market; clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct Market {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: MarketConfig,
    pub(crate) source: Source,
    pub(crate) clock: Clock,
    pub(crate) sessions: Sessions,
    pub(crate) faults: Faults,
    pub(crate) counter: Counter,
    pub(crate) recent_calls: Mutex<std::collections::VecDeque<i64>>,
    always_open: AtomicBool,
}

impl Inner {
    pub(crate) fn moment(&self) -> Moment {
        Moment { now_ms: self.clock.now_ms(), always_open: self.always_open.load(Ordering::SeqCst) }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.config.limits
    }

    fn simulation(&self) -> Result<&Simulation, MarketError> {
        match &self.source {
            Source::Simulated(market) => Ok(&market.simulation),
            Source::Recorded(_) => Err(MarketError::Recorded),
        }
    }
}

impl Market {
    /// Sets a market up.
    ///
    /// # Errors
    ///
    /// If the step is out of bounds or the folder of recordings cannot be read.
    pub fn new(config: MarketConfig) -> Result<Self, MarketError> {
        if config.step < Duration::from_millis(100) || config.step > Duration::from_secs(30) {
            return Err(MarketError::Step(config.step));
        }
        let source = if let Some(folder) = &config.replay {
            Source::Recorded(Box::new(Replay::open(folder)?))
        } else {
            let step_ms = i64::try_from(config.step.as_millis()).unwrap_or(1_000);
            let simulation = Simulation::new(config.seed, step_ms, config.synthetic_listings).map_err(MarketError::Data)?;
            Source::Simulated(Box::new(Simulated::new(simulation, config.seed)))
        };
        let inner = Inner {
            source,
            clock: Clock::new(config.start_ms, config.frozen),
            sessions: Sessions::new(config.seed),
            faults: Faults::default(),
            counter: Counter::default(),
            recent_calls: Mutex::default(),
            always_open: AtomicBool::new(config.always_open),
            config,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Every endpoint of Yahoo, and the control endpoints under `/_market/`.
    ///
    /// The control endpoints need `ConnectInfo<SocketAddr>`, and refuse every client without it.
    pub fn router(&self) -> Router {
        server::router(Arc::clone(&self.inner))
    }

    /// Serves until `shutdown` ends, then finishes the calls that are in flight.
    ///
    /// # Errors
    ///
    /// If the listener is not on a loopback address or stops working.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), MarketError> {
        let failed = |source| MarketError::Listen { address: "the given listener".into(), source };
        let address = listener.local_addr().map_err(failed)?;
        if !address.ip().is_loopback() {
            return Err(MarketError::NotLoopback(address));
        }
        let service = self.router().into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).with_graceful_shutdown(shutdown).await.map_err(failed)
    }

    /// The time of the market in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.inner.clock.now_ms()
    }

    /// Whether the clock stands still.
    pub fn is_frozen(&self) -> bool {
        self.inner.clock.is_frozen()
    }

    /// Stops the clock where it is.
    pub fn freeze_clock(&self) {
        self.inner.clock.freeze();
    }

    /// Lets a stopped clock run on at the speed of real time.
    pub fn run_clock(&self) {
        self.inner.clock.run();
    }

    /// Moves the clock forward; a stopped clock stays stopped.
    pub fn advance_clock(&self, by: Duration) {
        self.inner.clock.advance_ms(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
    }

    /// Sets the clock to a time in milliseconds since 1970; a stopped clock stays stopped.
    pub fn set_clock_ms(&self, to_ms: i64) {
        self.inner.clock.set_ms(to_ms);
    }

    /// Whether every market is open at every hour.
    pub fn is_always_open(&self) -> bool {
        self.inner.always_open.load(Ordering::SeqCst)
    }

    /// Changes between markets that are always open and the hours of the exchanges. Prices jump, since
    /// the session of a day is another one.
    pub fn set_always_open(&self, always_open: bool) {
        self.inner.always_open.store(always_open, Ordering::SeqCst);
    }

    /// The symbols that are listed or recorded.
    pub fn symbols(&self) -> Vec<String> {
        self.inner.source.symbols()
    }

    /// The price of a symbol at this moment.
    ///
    /// # Errors
    ///
    /// If the symbol is not listed or the market replays recordings.
    pub fn price(&self, symbol: &str) -> Result<f64, MarketError> {
        let simulation = self.inner.simulation()?;
        let instrument = simulation.find(symbol).ok_or_else(|| MarketError::UnknownSymbol(symbol.into()))?;
        let at = self.inner.moment();
        Ok(simulation.snapshot(instrument, at.now_ms, at.always_open).price)
    }

    /// Sets the price of a symbol from now on. Its exchange time becomes newer than before, by a second
    /// even while the clock stands still; the exchange's delay does not apply; the day's range stretches.
    ///
    /// # Errors
    ///
    /// If the symbol is not listed, the price is no positive number or the market replays recordings.
    pub fn set_price(&self, symbol: &str, price: f64) -> Result<(), MarketError> {
        if !(price.is_finite() && price > 0.0) {
            return Err(MarketError::Price(price));
        }
        self.pin(symbol, Some(price))
    }

    /// Lets the simulation price a symbol again whose price was set.
    ///
    /// # Errors
    ///
    /// If the symbol is not listed or the market replays recordings.
    pub fn release_price(&self, symbol: &str) -> Result<(), MarketError> {
        self.pin(symbol, None)
    }

    fn pin(&self, symbol: &str, price: Option<f64>) -> Result<(), MarketError> {
        let simulation = self.inner.simulation()?;
        let instrument = simulation.find(symbol).ok_or_else(|| MarketError::UnknownSymbol(symbol.into()))?;
        let at = self.inner.moment();
        simulation.pin(instrument, price, at.now_ms, at.always_open);
        Ok(())
    }

    /// Switches a fault on, besides those that are on already.
    pub fn add_fault(&self, fault: Fault) {
        self.inner.faults.add(fault);
    }

    /// Switches all faults off.
    pub fn clear_faults(&self) {
        self.inner.faults.clear();
    }

    /// The faults that are on, each with the number of times that it has left.
    pub fn faults(&self) -> Vec<Fault> {
        self.inner.faults.list()
    }

    /// Makes every crumb issued so far invalid.
    pub fn invalidate_crumbs(&self) {
        self.inner.sessions.invalidate_crumbs();
    }

    /// What was called since the start or the last reset. The control endpoints are not counted.
    pub fn calls(&self) -> Calls {
        self.inner.counter.snapshot()
    }

    /// Sets the counters to nought.
    pub fn reset_calls(&self) {
        self.inner.counter.reset();
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self { inner }
    }
}

/// A market that is served on a port of its own; dropped, it stops.
#[derive(Debug)]
pub struct MarketServer {
    market: Market,
    address: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), MarketError>>,
}

impl MarketServer {
    /// Sets a market up and serves it on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// As [`Market::new`], or if no port is to be had.
    pub async fn start(config: MarketConfig) -> Result<Self, MarketError> {
        Self::start_on(config, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Sets a market up and serves it on the given loopback address.
    ///
    /// # Errors
    ///
    /// As [`Market::new`], or if the address is taken or not a loopback address.
    pub async fn start_on(config: MarketConfig, address: SocketAddr) -> Result<Self, MarketError> {
        if !address.ip().is_loopback() {
            return Err(MarketError::NotLoopback(address));
        }
        let market = Market::new(config)?;
        let failed = |source| MarketError::Listen { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (shutdown, asked) = oneshot::channel::<()>();
        let serving = market.clone().serve(listener, async {
            // A sender that is gone means the same as one that sent.
            let _either_way = asked.await;
        });
        Ok(Self { market, address, shutdown: Some(shutdown), task: tokio::spawn(serving) })
    }

    /// The market behind it.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL under which every endpoint is found, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops taking calls, finishes those in flight and returns.
    pub async fn stop(mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            // The server may have ended already.
            let _either_way = shutdown.send(());
        }
        match (&mut self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the market did not stop cleanly"),
            Err(error) => tracing::warn!(%error, "the market's task ended badly"),
        }
    }
}

impl Deref for MarketServer {
    type Target = Market;

    fn deref(&self) -> &Market {
        &self.market
    }
}

impl Drop for MarketServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
