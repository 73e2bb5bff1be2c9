//! The `fetch-quotes` function: wiring.

use std::sync::Arc;
use std::time::Duration;

use fetch_quotes::{Config, FetchQuotes};
use lambda_runtime::{LambdaEvent, service_fn};
use quickstocks_aws::{DynamoStore, SnsTickPublisher, sdk_config};
use quickstocks_boot::{Env, LogFormat, Metrics, SystemClock, ends_at, init_tracing};
use quickstocks_core::fetch::FetchConfig;
use quickstocks_yahoo::{YahooClient, YahooConfig};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = Config::read(Env::process())?;
    init_tracing(LogFormat::Json, &config.log_level);
    let (aws, clock) = (sdk_config()?, Arc::new(SystemClock));
    let store = Arc::new(DynamoStore::new(&aws, &config.table));
    let yahoo = YahooConfig {
        base_url: config.source.base_url.clone(),
        cookie_url: config.source.cookie_url.clone(),
        user_agents: config.source.user_agents.clone(),
        budget: config.source.budget,
        spark_only: config.source.spark_only,
        ..YahooConfig::default()
    };
    let source = YahooClient::new(&yahoo, store.clone(), store.clone(), clock.clone())?;
    let publisher = Arc::new(SnsTickPublisher::new(&aws, &config.topic_arn));
    let settings = FetchConfig {
        tick: Duration::from_secs(config.tick_seconds.into()),
        budget: config.source.budget,
        dispatch_messages: config.dispatch_messages,
    };
    let function = FetchQuotes::new(&store, Arc::new(source), &publisher, clock, settings).metered(Metrics::of_process());
    lambda_runtime::run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        function.handle(event.payload, ends_at(event.context.deadline)).await
    }))
    .await
}
