//! The `api` function: wiring.

use std::sync::Arc;

use api::{Config, CookieMode, Deps, Limits, Settings};
use quickstocks_aws::{DynamoStore, SnsTickPublisher, sdk_config};
use quickstocks_boot::{Env, LogFormat, OsRandom, SystemClock, init_tracing};
use quickstocks_yahoo::{YahooClient, YahooConfig};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
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
    let settings = Settings {
        calls_per_hour: config.source.calls_per_hour(),
        source: config.source.kind,
        tick_seconds: config.tick_seconds,
        allowed_origins: config.allowed_origins,
        cookie: CookieMode::Secure,
        sign_up: config.sign_up,
        limits: Some(Limits::default()),
        // CloudFront, which the template always puts in front.
        trusted_proxies: 1,
    };
    let announcer = Arc::new(SnsTickPublisher::new(&aws, &config.topic_arn));
    let deps = Deps::new(&store, &Arc::new(source), announcer, clock, Arc::new(OsRandom), settings);
    lambda_http::run(api::router(deps)).await
}
