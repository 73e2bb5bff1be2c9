//! The topic of ticks in this process: what SNS is on AWS. Messages travel as the JSON that SNS gives a function.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use quickstocks_core::model::{AlertWork, PushOrder, Tick, UserId};
use quickstocks_core::ports::{AlertWorkPublisher, ListAnnouncer, ListChange, PublishError, PushRequester, TickPublisher};
use quickstocks_wire::sns::{MAX_MESSAGE_BYTES, encode_alert_work, encode_list, encode_push, encode_tick};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

/// How many messages wait for the dispatcher: some minutes' worth. More means that it stands still.
const QUEUE_MESSAGES: usize = 256;

/// How many orders to push are fulfilled at once: each may wait for a push service.
const ORDERS_AT_ONCE: usize = 8;

/// The sending end. Orders to push and quotes for alerts have queues of their own, so that no push service can delay a price and no price an
/// alert.
#[derive(Clone)]
pub(crate) struct Topic {
    messages: Queue,
    alerts: Queue,
    orders: Queue,
}

#[derive(Clone)]
struct Queue {
    messages: mpsc::Sender<String>,
    queued: Arc<AtomicU64>,
    handled: watch::Receiver<u64>,
}

/// An end at which the dispatcher listens.
pub(crate) struct Subscription {
    pub(crate) messages: mpsc::Receiver<String>,
    /// How many messages it has handled.
    pub(crate) handled: watch::Sender<u64>,
    /// How many it may handle at once; with one, in order.
    pub(crate) at_once: usize,
}

/// A topic, and the ends at which the dispatcher listens.
pub(crate) fn topic() -> (Topic, [Subscription; 3]) {
    let (messages, to_messages) = queue(1);
    let (alerts, to_alerts) = queue(1);
    let (orders, to_orders) = queue(ORDERS_AT_ONCE);
    (Topic { messages, alerts, orders }, [to_messages, to_alerts, to_orders])
}

fn queue(at_once: usize) -> (Queue, Subscription) {
    let (sender, messages) = mpsc::channel(QUEUE_MESSAGES);
    let (handled, counted) = watch::channel(0);
    (Queue { messages: sender, queued: Arc::default(), handled: counted }, Subscription { messages, handled, at_once })
}

/// The event that SNS makes of a message.
pub(crate) fn sns_event(message: &str, number: u64) -> Value {
    json!({
        "Records": [{
            "EventVersion": "1.0",
            "EventSubscriptionArn": "arn:aws:sns:local:000000000000:ticks:dispatch",
            "EventSource": "aws:sns",
            "Sns": {
                "SignatureVersion": "1",
                "Timestamp": "1970-01-01T00:00:00.000Z",
                "Signature": "",
                "SigningCertUrl": "",
                "MessageId": format!("local-{number}"),
                "Message": message,
                "MessageAttributes": {},
                "Type": "Notification",
                "UnsubscribeUrl": "",
                "TopicArn": "arn:aws:sns:local:000000000000:ticks"
            }
        }]
    })
}

#[async_trait]
impl TickPublisher for Topic {
    async fn publish(&self, ticks: &[Tick]) -> Result<(), PublishError> {
        self.messages.put(ticks.iter().flat_map(|tick| encode_tick(tick, MAX_MESSAGE_BYTES)).collect())
    }
}

#[async_trait]
impl AlertWorkPublisher for Topic {
    async fn publish_alert_work(&self, work: &AlertWork) -> Result<(), PublishError> {
        self.alerts.put(encode_alert_work(work, MAX_MESSAGE_BYTES))
    }
}

#[async_trait]
impl ListAnnouncer for Topic {
    async fn announce(&self, user: &UserId, change: &ListChange) -> Result<(), PublishError> {
        self.messages.put(vec![encode_list(user, change)])
    }
}

#[async_trait]
impl PushRequester for Topic {
    async fn request(&self, order: &PushOrder) -> Result<(), PublishError> {
        self.orders.put(vec![encode_push(order)])
    }
}

impl Topic {
    /// Waits until every message that is in the topic now has been handled.
    pub(crate) async fn settled(&self) {
        for queue in [&self.messages, &self.alerts, &self.orders] {
            let queued = queue.queued.load(Ordering::Acquire);
            // An error means that the dispatcher has stopped: nothing is under way any more.
            drop(queue.handled.clone().wait_for(|handled| *handled >= queued).await);
        }
    }
}

impl Queue {
    fn put(&self, messages: Vec<String>) -> Result<(), PublishError> {
        let total = messages.len();
        let mut failed = 0;
        let mut cause = None;
        for message in messages {
            match self.messages.try_send(message) {
                Ok(()) => {
                    self.queued.fetch_add(1, Ordering::AcqRel);
                }
                Err(error) => {
                    failed += 1;
                    cause = Some(match error {
                        mpsc::error::TrySendError::Full(_) => "the dispatcher does not keep up",
                        mpsc::error::TrySendError::Closed(_) => "the dispatcher has stopped",
                    });
                }
            }
        }
        match cause {
            Some(cause) => Err(PublishError::Failed { failed, total, source: cause.into() }),
            None => Ok(()),
        }
    }
}
