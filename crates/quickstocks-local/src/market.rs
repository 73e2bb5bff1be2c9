//! Where prices come from on this machine: Yahoo, or a market server in this process that the very same client polls.

use std::sync::Arc;

use anyhow::Context;
use quickstocks_core::model::CallBudget;
use quickstocks_core::ports::Clock;
use quickstocks_market::{MarketConfig, MarketServer};
use quickstocks_sqlite::SqliteStore;
use quickstocks_yahoo::{YahooClient, YahooConfig};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::options::{Options, Source};

/// Starts the market server, if the source needs one; answers its address.
pub(crate) async fn start(
    source: &Source,
    options: &Options,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<Option<String>> {
    let replay = match source {
        Source::Yahoo => return Ok(None),
        Source::Demo => None,
        Source::Replay(folder) => Some(folder.clone()),
    };
    let config =
        MarketConfig { seed: options.seed, synthetic_listings: options.synthetic_listings, replay, ..MarketConfig::default() };
    let server = MarketServer::start_on(config, options.market_listen).await?;
    let url = server.base_url();
    let stop = stop.clone();
    tasks.spawn(async move {
        stop.cancelled().await;
        server.stop().await;
    });
    Ok(Some(url))
}

/// The client of the source.
pub(crate) fn client(
    market_url: Option<&str>,
    options: &Options,
    budget: CallBudget,
    store: &Arc<SqliteStore>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<YahooClient> {
    let mut config = YahooConfig {
        budget,
        user_agents: if options.user_agents.is_empty() {
            vec![quickstocks_boot::default_user_agent()]
        } else {
            options.user_agents.clone()
        },
        spark_only: options.spark_only,
        ..YahooConfig::default()
    };
    if let Some(url) = market_url {
        url.clone_into(&mut config.base_url);
        config.cookie_url = format!("{url}/");
    }
    YahooClient::new(&config, Arc::clone(store) as _, Arc::clone(store) as _, Arc::clone(clock))
        .context("the client of the source cannot be made")
}

/// How many calls an hour the source may have: a budget spares Yahoo, and a market in this process needs no sparing.
pub(crate) fn budget(source: &Source, options: &Options) -> CallBudget {
    let default = if *source == Source::Yahoo { 300 } else { 0 };
    CallBudget::from_setting(options.calls_per_hour.unwrap_or(default))
}
