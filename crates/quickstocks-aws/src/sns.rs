use std::collections::HashMap;
use std::error::Error;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use futures_util::{StreamExt, stream};
use quickstocks_core::model::{AlertWork, PushOrder, ShardRange, Tick, UserId};
use quickstocks_core::ports::{
    AlertWorkPublisher, BoxError, ListAnnouncer, ListChange, PublishError, PushRequester, TickPublisher,
};
use quickstocks_wire::sns::{
    ALERTS_KIND, LIST_KIND, MAX_MESSAGE_BYTES, PUSH_KIND, encode_alert_work, encode_list, encode_push, encode_tick,
};

/// How many entries `PublishBatch` takes.
const MAX_ENTRIES: usize = 10;

/// How many bytes its entries may have in sum, attributes included: 256 KiB, the default size of a topic's messages.
const MAX_BATCH_BYTES: usize = 256 * 1024;

/// The attribute by which a subscription's filter tells ticks from whatever else the topic may carry.
const KIND: (&str, &str, &str) = ("kind", "String", "tick");

/// What the attribute adds to a message's size.
const ATTRIBUTE_BYTES: usize = KIND.0.len() + KIND.1.len() + KIND.2.len();

/// How many batches are under way at once. Sixteen messages, one a shard, are two batches when they are small.
const BATCHES_IN_FLIGHT: usize = 4;

/// Publishes ticks to an SNS topic. Needs the action `sns:Publish`, which covers `PublishBatch`.
#[derive(Clone, Debug)]
pub struct SnsTickPublisher {
    client: Client,
    topic: String,
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
enum Rejection {
    #[error("a message of {bytes} bytes is larger than SNS takes, and holds no quotes by which to split it")]
    TooLarge { bytes: usize },
    #[error("SNS failed an entry of a batch: {code}: {text}")]
    Entry { code: String, text: String },
    #[error("SNS answered neither success nor failure for an entry of a batch")]
    Unmentioned,
}

struct Message {
    body: String,
    shards: ShardRange,
}

impl Message {
    fn bytes(&self) -> usize {
        self.body.len() + ATTRIBUTE_BYTES
    }
}

struct Failure<'a> {
    message: &'a Message,
    cause: BoxError,
    may_pass_later: bool,
}

impl SnsTickPublisher {
    /// A publisher to the topic of that ARN.
    pub fn new(config: &SdkConfig, topic_arn: impl Into<String>) -> Self {
        Self { client: Client::new(config), topic: topic_arn.into() }
    }
}

#[async_trait]
impl TickPublisher for SnsTickPublisher {
    async fn publish(&self, ticks: &[Tick]) -> Result<(), PublishError> {
        let messages: Vec<Message> = ticks
            .iter()
            .flat_map(|tick| encode_tick(tick, MAX_MESSAGE_BYTES).into_iter().map(|body| Message { body, shards: tick.shards }))
            .collect();
        // One message that is too large would fail its whole batch.
        let (fitting, too_large): (Vec<&Message>, Vec<&Message>) =
            messages.iter().partition(|message| message.bytes() <= MAX_BATCH_BYTES);
        let mut failures: Vec<Failure<'_>> = too_large
            .into_iter()
            .map(|message| Failure {
                message,
                cause: Rejection::TooLarge { bytes: message.bytes() }.into(),
                may_pass_later: false,
            })
            .collect();

        let (again, lost): (Vec<_>, Vec<_>) =
            self.publish_once(&fitting).await.into_iter().partition(|failure| failure.may_pass_later);
        failures.extend(lost);
        if !again.is_empty() {
            let again: Vec<&Message> = again.into_iter().map(|failure| failure.message).collect();
            failures.extend(self.publish_once(&again).await);
        }

        for Failure { message, cause, .. } in &failures {
            let ShardRange { first, last } = message.shards;
            tracing::error!(
                shards.first = first,
                shards.last = last,
                error = &**cause as &dyn Error,
                "a tick could not be published"
            );
        }
        let (failed, total) = (failures.len(), messages.len());
        failures.into_iter().next().map_or(Ok(()), |first| Err(PublishError::Failed { failed, total, source: first.cause }))
    }
}

/// Hands quotes for alerts to dispatchers on the same topic, mostly as one message a tick. Needs the action `sns:Publish`.
#[async_trait]
impl AlertWorkPublisher for SnsTickPublisher {
    async fn publish_alert_work(&self, work: &AlertWork) -> Result<(), PublishError> {
        let messages = encode_alert_work(work, MAX_MESSAGE_BYTES);
        let total = messages.len();
        let sends: Vec<_> = messages.into_iter().map(|message| self.publish_one(ALERTS_KIND, message)).collect();
        let answers: Vec<_> = stream::iter(sends).buffer_unordered(BATCHES_IN_FLIGHT).collect().await;
        let mut failures: Vec<PublishError> = answers.into_iter().filter_map(Result::err).collect();
        let failed = failures.len();
        failures.pop().map_or(Ok(()), |PublishError::Failed { source, .. }| Err(PublishError::Failed { failed, total, source }))
    }
}

/// Announces changed lists on the same topic. Needs the action `sns:Publish`.
#[async_trait]
impl ListAnnouncer for SnsTickPublisher {
    async fn announce(&self, user: &UserId, change: &ListChange) -> Result<(), PublishError> {
        self.publish_one(LIST_KIND, encode_list(user, change)).await
    }
}

/// Hands orders to dispatchers on the same topic. Needs the action `sns:Publish`.
#[async_trait]
impl PushRequester for SnsTickPublisher {
    async fn request(&self, order: &PushOrder) -> Result<(), PublishError> {
        self.publish_one(PUSH_KIND, encode_push(order)).await
    }
}

impl SnsTickPublisher {
    async fn publish_one(&self, kind: &str, message: String) -> Result<(), PublishError> {
        let failed = |source: BoxError| PublishError::Failed { failed: 1, total: 1, source };
        let kind = MessageAttributeValue::builder().data_type(KIND.1).string_value(kind).build();
        let kind = kind.map_err(|error| failed(error.into()))?;
        let publish = self.client.publish().topic_arn(&self.topic).message(message).message_attributes(KIND.0, kind);
        publish.send().await.map(|_| ()).map_err(|error| failed(error.into()))
    }

    /// Publishes every message once (the SDK repeats calls that fail as a whole) and answers those that were not taken.
    async fn publish_once<'a>(&self, messages: &[&'a Message]) -> Vec<Failure<'a>> {
        let batches = batches(messages);
        let publish = |at: usize| self.publish_batch(&batches[at]);
        stream::iter(0..batches.len()).map(publish).buffer_unordered(BATCHES_IN_FLIGHT).flat_map(stream::iter).collect().await
    }

    async fn publish_batch<'a>(&self, batch: &[&'a Message]) -> Vec<Failure<'a>> {
        let entries = batch.iter().enumerate().map(|(at, message)| entry(at, message)).collect::<Result<Vec<_>, _>>();
        let answer = match entries {
            Ok(entries) => {
                let call = self.client.publish_batch().topic_arn(&self.topic).set_publish_batch_request_entries(Some(entries));
                call.send().await.map_err(BoxError::from)
            }
            Err(error) => Err(error.into()),
        };
        let answer = match answer {
            Ok(answer) => answer,
            // Each of its messages failed; the cause is shared as text, since an error cannot be.
            Err(error) => {
                let text = aws_sdk_sns::error::DisplayErrorContext(&*error).to_string();
                return batch
                    .iter()
                    .map(|message| Failure { message, cause: text.clone().into(), may_pass_later: false })
                    .collect();
            }
        };
        let mut unmentioned: HashMap<String, &Message> =
            batch.iter().enumerate().map(|(at, message)| (at.to_string(), *message)).collect();
        for taken in answer.successful() {
            unmentioned.remove(taken.id().unwrap_or_default());
        }
        let mut failures = Vec::new();
        for failed in answer.failed() {
            if let Some(message) = unmentioned.remove(failed.id()) {
                let rejection =
                    Rejection::Entry { code: failed.code().to_owned(), text: failed.message().unwrap_or_default().to_owned() };
                failures.push(Failure { message, cause: rejection.into(), may_pass_later: !failed.sender_fault() });
            }
        }
        let rest = unmentioned.into_values();
        failures.extend(rest.map(|message| Failure { message, cause: Rejection::Unmentioned.into(), may_pass_later: true }));
        failures
    }
}

/// Groups messages so that no group is beyond what `PublishBatch` takes.
fn batches<'a>(messages: &[&'a Message]) -> Vec<Vec<&'a Message>> {
    let mut batches: Vec<Vec<&Message>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_ENTRIES && bytes + message.bytes() <= MAX_BATCH_BYTES => {
                bytes += message.bytes();
                batch.push(message);
            }
            _ => {
                bytes = message.bytes();
                batches.push(vec![message]);
            }
        }
    }
    batches
}

fn entry(at: usize, message: &Message) -> Result<PublishBatchRequestEntry, aws_sdk_sns::error::BuildError> {
    let kind = MessageAttributeValue::builder().data_type(KIND.1).string_value(KIND.2).build()?;
    PublishBatchRequestEntry::builder().id(at.to_string()).message(&message.body).message_attributes(KIND.0, kind).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(bodies: &[usize]) -> Vec<usize> {
        let messages: Vec<Message> =
            bodies.iter().map(|bytes| Message { body: "x".repeat(*bytes), shards: ShardRange::ALL }).collect();
        batches(&messages.iter().collect::<Vec<_>>()).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_has_at_most_10_entries_and_256_kib_with_attributes() {
        assert_eq!(sizes(&[]), Vec::<usize>::new());
        assert_eq!(sizes(&[100; 10]), [10]);
        assert_eq!(sizes(&[100; 11]), [10, 1]);
        let half = MAX_BATCH_BYTES / 2 - ATTRIBUTE_BYTES;
        assert_eq!(sizes(&[half, half, 1]), [2, 1]);
        assert_eq!(sizes(&[half, half + 1, 1]), [1, 2]);
    }
}
