//! The topic of ticks in this process: what SNS is on AWS. Messages travel as the JSON that SNS gives a function.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use quickstocks_core::model::{Tick, UserId};
use quickstocks_core::ports::{ListAnnouncer, ListChange, PublishError, TickPublisher};
use quickstocks_wire::sns::{MAX_MESSAGE_BYTES, encode_list, encode_tick};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// How many messages wait for the dispatcher: some minutes' worth. More means that it stands still.
const QUEUE_MESSAGES: usize = 256;

/// The sending end.
#[derive(Clone)]
pub(crate) struct Topic {
    messages: mpsc::Sender<String>,
    queued: Arc<AtomicU64>,
}

/// A topic, and the end at which the dispatcher listens.
pub(crate) fn topic() -> (Topic, mpsc::Receiver<String>) {
    let (messages, receiver) = mpsc::channel(QUEUE_MESSAGES);
    (Topic { messages, queued: Arc::default() }, receiver)
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
        self.queue(ticks.iter().flat_map(|tick| encode_tick(tick, MAX_MESSAGE_BYTES)).collect())
    }
}

#[async_trait]
impl ListAnnouncer for Topic {
    async fn announce(&self, user: &UserId, change: &ListChange) -> Result<(), PublishError> {
        self.queue(vec![encode_list(user, change)])
    }
}

impl Topic {
    /// How many messages were ever taken into the queue.
    pub(crate) fn queued(&self) -> u64 {
        self.queued.load(Ordering::Acquire)
    }

    fn queue(&self, messages: Vec<String>) -> Result<(), PublishError> {
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
