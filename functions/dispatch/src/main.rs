//! The `dispatch` function: wiring.

use std::sync::Arc;

use dispatch::{Config, Dispatcher};
use lambda_runtime::{LambdaEvent, service_fn};
use quickstocks_aws::{ApiGatewaySender, DynamoStore, SnsTickPublisher, sdk_config};
use quickstocks_boot::{Env, LogFormat, Metrics, SystemClock, ends_at, init_tracing};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = Config::read(Env::process())?;
    init_tracing(LogFormat::Json, &config.log_level);
    let aws = sdk_config()?;
    let store = Arc::new(DynamoStore::new(&aws, &config.table));
    let sender = ApiGatewaySender::new(&aws, &config.callback_url, config.posts_in_flight)?.paced(config.posts_per_second);
    let publisher = SnsTickPublisher::new(&aws, &config.topic_arn);
    let in_flight = config.posts_in_flight.get();
    let function = Dispatcher::new(&store, Arc::new(sender), Arc::new(publisher), Arc::new(SystemClock), in_flight)
        .metered(Metrics::of_process());
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        function.handle(event.payload, ends_at(event.context.deadline)).await
    }))
    .await
}
