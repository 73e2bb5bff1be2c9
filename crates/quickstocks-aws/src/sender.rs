use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::error::SdkError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_sdk_apigatewaymanagement::{Client, config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use quickstocks_core::model::ConnectionId;
use quickstocks_core::ports::{ConnectionSender, Delivery};
use tokio::sync::Semaphore;

use crate::config::{CONNECT_TIMEOUT, ConfigError, http_client};

/// How many clients share the posts. Over HTTP/2 a client has one connection, and posts beyond the peer's limit of streams (128 at
/// AWS) wait for it: one client then did 1,900 posts a second where four did 6,900. Over HTTP/1.1 it makes no difference.
const CLIENTS: usize = 4;

/// A post takes some 15 ms. One that takes seconds is late anyway, and the next tick says more.
const POST_TIMEOUT: Duration = Duration::from_secs(2);

/// Posts frames to the connections of an API Gateway WebSocket API. Needs the action `execute-api:ManageConnections` on
/// `…/POST/@connections/*`.
///
/// However many posts its callers start, at most the given number is under way: a Lambda environment has 1,024 file descriptors, and
/// over HTTP/1.1 each post under way has a socket (hyper was seen to open up to 1.75 sockets for one, when it connects for a post that
/// then gets a connection which has just become free).
#[derive(Debug)]
pub struct ApiGatewaySender {
    pace: Option<DefaultDirectRateLimiter>,
    clients: Vec<Client>,
    next: AtomicUsize,
    posts: Semaphore,
}

impl ApiGatewaySender {
    /// A sender to the API whose connections are at `callback_url`: `https://{api}.execute-api.{region}.amazonaws.com/{stage}`.
    /// It is never that of `CloudFront`, where the signature does not fit.
    ///
    /// # Errors
    /// [`ConfigError::CallbackUrl`] when it is no address of HTTP or HTTPS.
    pub fn new(config: &SdkConfig, callback_url: &str, posts_in_flight: NonZeroUsize) -> Result<Self, ConfigError> {
        let uri: Option<http::Uri> = callback_url.parse().ok();
        if !uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https"))) {
            return Err(ConfigError::CallbackUrl { given: callback_url.to_owned() });
        }
        let client = |_| {
            let config = config::Builder::from(config)
                .endpoint_url(callback_url)
                // Each client its own: clients that share one share its connections.
                .http_client(http_client())
                // The port demands it: of a frame that failed, the next tick is the retry.
                .retry_config(RetryConfig::disabled())
                .timeout_config(
                    TimeoutConfig::builder()
                        .connect_timeout(CONNECT_TIMEOUT)
                        .operation_attempt_timeout(POST_TIMEOUT)
                        .operation_timeout(POST_TIMEOUT)
                        .build(),
                )
                .build();
            Client::from_conf(config)
        };
        Ok(Self {
            pace: None,
            clients: (0..CLIENTS).map(client).collect(),
            next: AtomicUsize::new(0),
            posts: Semaphore::new(posts_in_flight.get().min(Semaphore::MAX_PERMITS)),
        })
    }

    /// The same sender, beginning no more posts a second than this, and at most a quarter of them at once: posts take from the same
    /// requests a second of the account as the API and new connections do.
    #[must_use]
    pub fn paced(self, per_second: NonZeroU32) -> Self {
        let burst = NonZeroU32::new(per_second.get() / 4).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self { pace: Some(RateLimiter::direct(quota)), ..self }
    }

    /// Waits until a post may begin.
    async fn turn(&self) {
        let Some(pace) = &self.pace else { return };
        while let Err(early) = pace.check() {
            tokio::time::sleep(early.wait_time_from(DefaultClock::default().now())).await;
        }
    }
}

#[async_trait]
impl ConnectionSender for ApiGatewaySender {
    async fn send(&self, connection: &ConnectionId, frame: &str) -> Delivery {
        let _permit = match self.posts.acquire().await {
            Ok(permit) => permit,
            Err(closed) => return Delivery::Failed(closed.into()),
        };
        self.turn().await;
        let client = &self.clients[self.next.fetch_add(1, Ordering::Relaxed) % self.clients.len()];
        let post = client.post_to_connection().connection_id(connection.as_str()).data(Blob::new(frame.as_bytes()));
        match post.send().await {
            Ok(_) => Delivery::Sent,
            Err(error) => delivery(error),
        }
    }
}

/// What became of a frame whose post was answered with an error. An emulator may name no error type, so the status counts too.
fn delivery(error: SdkError<PostToConnectionError, HttpResponse>) -> Delivery {
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    match (error.as_service_error(), status) {
        (Some(PostToConnectionError::GoneException(_)), _) | (_, Some(410)) => Delivery::Gone,
        // 429 is both "too many posts" and "this client's buffer is full": either way this frame is skipped.
        (Some(PostToConnectionError::LimitExceededException(_)), _) | (_, Some(429)) => Delivery::Throttled,
        _ => Delivery::Failed(error.into()),
    }
}
