//! The `ws-connect` function: wiring.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use quickstocks_aws::{ApiGatewaySender, DynamoStore, sdk_config};
use quickstocks_boot::{Env, LogFormat, SystemClock, init_tracing};
use serde_json::Value;
use ws_connect::{Config, WsConnect};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = Config::read(Env::process())?;
    init_tracing(LogFormat::Json, &config.log_level);
    let aws = sdk_config()?;
    let store = Arc::new(DynamoStore::new(&aws, &config.table));
    // One invocation answers one frame.
    let sender = ApiGatewaySender::new(&aws, &config.callback_url, NonZeroUsize::MIN)?;
    let function = WsConnect::new(&store, Arc::new(sender), Arc::new(SystemClock), config.allowed_origins);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| function.handle(event.payload).await)).await
}
