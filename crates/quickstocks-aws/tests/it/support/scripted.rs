//! A service that answers what a test tells it to, and remembers what it was asked.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use quickstocks_aws::sdk_config_from;
use serde_json::Value;

/// A request as it went out.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The operation of a JSON service: `GetItem`.
    pub(crate) operation: String,
    /// The body's text.
    pub(crate) body: String,
}

impl Request {
    /// The body of a JSON service.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

/// What a test has a request answered with.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A status and a body.
    Http(u16, String),
    /// No answer within the time-out.
    TimedOut,
    /// No connection.
    Unreachable,
}

impl Answer {
    /// Success, with that body.
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::Http(200, body.into())
    }

    /// An error of `DynamoDB`.
    pub(crate) fn dynamo_error(status: u16, code: &str) -> Self {
        Self::Http(status, format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"scripted"}}"#))
    }
}

type Script = dyn Fn(usize, &Request) -> Answer + Send + Sync;

/// A scripted service. Clones share what they remember.
#[derive(Clone)]
pub(crate) struct Service {
    script: Arc<Script>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    under_way: usize,
    most_under_way: usize,
}

impl Service {
    /// A service that answers request number n (from 0) with what the script says.
    pub(crate) fn new(script: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), state: Arc::default() }
    }

    /// A configuration whose clients talk to this service, by default with retries, but without long pauses between them.
    pub(crate) fn config(&self) -> SdkConfig {
        let config = sdk_config_from(|name| (name != "AWS_ENDPOINT_URL").then(|| "us-east-1".to_owned()))
            .expect("every variable is there");
        let retries =
            config.retry_config().expect("retries are set").clone().with_initial_backoff(std::time::Duration::from_millis(1));
        config.into_builder().http_client(self.clone()).retry_config(retries).build()
    }

    /// The same without retries.
    pub(crate) fn config_without_retries(&self) -> SdkConfig {
        self.config().into_builder().retry_config(RetryConfig::disabled()).build()
    }

    /// What it was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// How many requests were under way at once at the most.
    pub(crate) fn most_under_way(&self) -> usize {
        self.state.lock().unwrap().most_under_way
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scripted::Service")
    }
}

impl HttpClient for Service {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let service = self.clone();
        HttpConnectorFuture::new(async move {
            let operation =
                request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            let request = Request { operation, body };
            let number = {
                let mut state = service.state.lock().unwrap();
                state.requests.push(request.clone());
                state.under_way += 1;
                state.most_under_way = state.most_under_way.max(state.under_way);
                state.requests.len() - 1
            };
            // Whoever means to send more at the same time gets the chance to.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            service.state.lock().unwrap().under_way -= 1;
            match (service.script)(number, &request) {
                Answer::Http(status, body) => Ok(HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))),
                Answer::TimedOut => Err(ConnectorError::timeout("scripted".into())),
                Answer::Unreachable => Err(ConnectorError::io("scripted".into())),
            }
        })
    }
}
