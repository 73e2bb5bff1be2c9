//! Serves a simulated market on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{ArgAction, Parser};
use quickstocks_market::{Limits, Market, MarketConfig, MarketServer};

/// A simulated exchange that speaks the HTTP protocol of Yahoo Finance on loopback.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Loopback address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8790")]
    listen: SocketAddr,
    /// Two markets with one seed quote the same prices at the same time.
    #[arg(long, default_value_t = MarketConfig::default().seed)]
    seed: u64,
    /// Serve the recorded bodies of this folder instead of simulated prices.
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
    /// Keep every market open at every hour, so that prices always move.
    #[arg(long, default_value_t = true, num_args = 0..=1, default_missing_value = "true", action = ArgAction::Set)]
    always_open: bool,
    /// Where the clock starts, in milliseconds since 1970; the time of the machine if not given.
    #[arg(long, value_name = "MS")]
    start_ms: Option<i64>,
    /// Stop the clock; it then moves only through /_market/clock.
    #[arg(long)]
    frozen: bool,
    /// How often a price may change, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    step_ms: u64,
    /// Add this many made-up listings, SIM00001 and so on.
    #[arg(long, value_name = "N", default_value_t = 0)]
    synthetic: u32,
    /// Answer 429 beyond this many calls within an hour.
    #[arg(long, value_name = "N")]
    calls_per_hour: Option<usize>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let server = MarketServer::start_on(arguments.config(), arguments.listen).await.context("the market did not start")?;
    announce(&server);
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")?;
    server.stop().await;
    Ok(())
}

/// The URL alone on standard output, so that a script can read it.
#[expect(clippy::print_stdout, reason = "a program started by hand or by a script says where it listens")]
fn announce(server: &MarketServer) {
    let market: &Market = server.market();
    println!("{}", server.base_url());
    tracing::info!(symbols = market.symbols().len(), url = server.base_url(), "market is open");
}

impl Arguments {
    fn config(&self) -> MarketConfig {
        MarketConfig {
            seed: self.seed,
            start_ms: self.start_ms,
            frozen: self.frozen,
            always_open: self.always_open,
            step: Duration::from_millis(self.step_ms),
            synthetic_listings: self.synthetic,
            limits: Limits { calls_per_hour: self.calls_per_hour, ..Limits::default() },
            replay: self.replay.clone(),
        }
    }
}
