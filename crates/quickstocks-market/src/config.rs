//! How a market is set up, and what can be wrong with that.

use std::path::PathBuf;
use std::time::Duration;

use crate::replay::ReplayError;

/// How a market is set up. The default is what the demo runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketConfig {
    /// Two markets with one seed quote the same prices at the same time.
    pub seed: u64,
    /// Where the clock starts, in milliseconds since 1970; `None` for the time of the machine.
    pub start_ms: Option<i64>,
    /// Whether the clock stands still until it is moved.
    pub frozen: bool,
    /// Whether every market is open at every hour, so that prices always move.
    pub always_open: bool,
    /// How often a price may change; between 100 ms and 30 s.
    pub step: Duration,
    /// How many made-up listings (`SIM00001` and so on) join the real names, for load tests.
    pub synthetic_listings: u32,
    /// What is refused.
    pub limits: Limits,
    /// A folder of recorded bodies to serve instead of simulated prices.
    pub replay: Option<PathBuf>,
}

/// What is refused, as far as is known of Yahoo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Symbols in a quote call; more are answered with 429.
    pub quote_symbols: usize,
    /// Symbols in a spark call; more are answered with 400.
    pub spark_symbols: usize,
    /// Calls within an hour of the market's clock; more are answered with 429. `None` for no limit.
    pub calls_per_hour: Option<usize>,
}

impl Default for MarketConfig {
    fn default() -> Self {
        Self {
            seed: 2016,
            start_ms: None,
            frozen: false,
            always_open: true,
            step: Duration::from_secs(1),
            synthetic_listings: 0,
            limits: Limits::default(),
            replay: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { quote_symbols: 100, spark_symbols: 20, calls_per_hour: None }
    }
}

/// Why a market cannot start or does not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum MarketError {
    /// The step is too short or too long.
    #[error("the step of {0:?} is not between 100 ms and 30 s; choose one in between")]
    Step(Duration),
    /// The data that is compiled in does not hold together.
    #[error("the listings of the market are broken: {0}")]
    Data(String),
    /// The folder of recordings cannot be served.
    #[error("cannot replay")]
    Replay(#[from] ReplayError),
    /// No address to listen on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was tried.
        address: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The address can be reached from other machines.
    #[error("{0} is not a loopback address; the market has no protection, so listen on 127.0.0.1")]
    NotLoopback(std::net::SocketAddr),
    /// The symbol is not listed.
    #[error("{0} is not listed")]
    UnknownSymbol(String),
    /// The price is no positive number.
    #[error("{0} is no price; it must be a positive number")]
    Price(f64),
    /// Recorded bodies cannot be changed.
    #[error("prices cannot be set while recorded bodies are replayed")]
    Recorded,
}
