//! The `dispatch` function: wiring.

use std::sync::Arc;

use dispatch::{Config, Dispatcher, Ports};
use lambda_runtime::{LambdaEvent, service_fn};
use quickstocks_aws::{ApiGatewaySender, DynamoStore, KmsVapidSigner, SnsTickPublisher, sdk_config};
use quickstocks_boot::{Env, LogFormat, Metrics, OsRandom, SystemClock, ends_at, init_tracing};
use quickstocks_push::{EndpointRule, WebPushSender};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = Config::read(Env::process())?;
    init_tracing(LogFormat::Json, &config.log_level);
    let (aws, clock) = (sdk_config()?, Arc::new(SystemClock));
    let store = Arc::new(DynamoStore::new(&aws, &config.table));
    let signer = Arc::new(KmsVapidSigner::new(&aws, config.vapid_key));
    let push_sender = WebPushSender::new(EndpointRule::default(), signer, config.push_contact.parse()?, clock.clone())?;
    let publisher = Arc::new(SnsTickPublisher::new(&aws, &config.topic_arn));
    let sender = ApiGatewaySender::new(&aws, &config.callback_url, config.posts_in_flight)?.paced(config.posts_per_second);
    let ports = Ports {
        sender: Arc::new(sender),
        publisher: publisher.clone(),
        alert_work: publisher,
        push_sender: Arc::new(push_sender),
        clock,
        random: Arc::new(OsRandom),
    };
    let function = Dispatcher::new(&store, ports, config.posts_in_flight.get()).metered(Metrics::of_process());
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        function.handle(event.payload, ends_at(event.context.deadline)).await
    }))
    .await
}
