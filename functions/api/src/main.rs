//! The `api` function: wiring.

use std::sync::Arc;

use api::{Config, Deps, Ports};
use quickstocks_aws::{DynamoStore, KmsVapidSigner, SnsTickPublisher, sdk_config};
use quickstocks_boot::{Env, LogFormat, OsRandom, SystemClock, init_tracing};
use quickstocks_push::EndpointRule;
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
    let publisher = Arc::new(SnsTickPublisher::new(&aws, &config.topic_arn));
    let ports = Ports {
        announcer: publisher.clone(),
        push_requester: publisher,
        subscription_rule: Arc::new(EndpointRule::default()),
        signer: Arc::new(KmsVapidSigner::new(&aws, &config.vapid_key)),
        clock,
        random: Arc::new(OsRandom),
    };
    let deps = Deps::new(&store, &Arc::new(source), ports, config.settings());
    lambda_http::run(api::router(deps)).await
}
