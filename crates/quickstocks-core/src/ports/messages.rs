use async_trait::async_trait;

use crate::model::{AlertWork, ConnectionId, ListId, Notification, Tick, UserId, Watchlist};

/// Why ticks could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Some or all messages were not taken; which shards miss theirs stands in the log.
    #[error("{failed} of {total} messages were not taken")]
    Failed {
        /// How many.
        failed: usize,
        /// Of how many.
        total: usize,
        /// The first cause.
        #[source]
        source: super::BoxError,
    },
}

/// Hands ticks to the dispatchers.
#[async_trait]
pub trait TickPublisher: Send + Sync {
    /// Publishes each tick as one message, or as several when its quotes do not fit one. Delivery is at least once and unordered.
    /// A failure of one message MUST NOT keep the others from being published.
    async fn publish(&self, ticks: &[Tick]) -> Result<(), PublishError>;
}

/// Hands quotes to whoever holds them against alerts.
#[async_trait]
pub trait AlertWorkPublisher: Send + Sync {
    /// Publishes the quotes as one message, or as several when they do not fit one, apart from any tick. Delivery is at least once and
    /// unordered.
    async fn publish_alert_work(&self, work: &AlertWork) -> Result<(), PublishError>;
}

/// Renders notifications for open pages.
pub trait NoticeEncoder: Send + Sync {
    /// The frames that tell of these; more than one only above the platform's frame size.
    fn frames(&self, notices: &[&Notification]) -> Vec<String>;
}

/// How a list is after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListChange {
    /// It is so now.
    Changed(Watchlist),
    /// It is no more.
    Deleted(ListId),
}

/// Tells a user's open connections how a list now is.
#[async_trait]
pub trait ListAnnouncer: Send + Sync {
    /// Hands the change to a dispatcher, which tells the user's connections. Delivery is at least once and unordered; the version tells
    /// which is the newest.
    async fn announce(&self, user: &UserId, change: &ListChange) -> Result<(), PublishError>;
}

/// What became of a frame.
#[derive(Debug)]
pub enum Delivery {
    /// The platform took it. (No proof that the browser has it: API Gateway answers 200 for a client that lost its network.)
    Sent,
    /// The connection is no more: forget it, do not try again.
    Gone,
    /// Too many posts, or this client does not read: skip it, the next tick says more.
    Throttled,
    /// It could not be sent.
    Failed(super::BoxError),
}

/// Sends frames to connections.
#[async_trait]
pub trait ConnectionSender: Send + Sync {
    /// Sends one text frame to one connection. MUST end within its time-out and MUST NOT retry by itself.
    async fn send(&self, connection: &ConnectionId, frame: &str) -> Delivery;
}

/// Renders a tick into frames for the connections that follow a part of its quotes. Made once a tick, so that a quote is
/// rendered once and not once a connection.
pub trait FrameEncoder: Send + Sync {
    /// The frames that hold the tick's quotes and missing symbols at these positions (of `tick.quotes` and of `tick.missing`);
    /// more than one only above the platform's frame size.
    fn quotes(&self, quotes: &[usize], missing: &[usize]) -> Vec<String>;

    /// The frame that tells the state of the source.
    fn status(&self) -> &str;
}
