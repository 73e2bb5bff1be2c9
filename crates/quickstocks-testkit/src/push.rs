use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use quickstocks_core::model::{DeviceId, Endpoint, PushKeys, PushMessage, PushOrder, PushSubscription};
use quickstocks_core::ports::{
    PublishError, PushOutcome, PushRequester, PushSender, SignError, SubscriptionFault, SubscriptionRule, VapidSigner,
};

use crate::{Gate, lock};

/// What a [`RecordingPushSender`] answers for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushAnswer {
    /// [`PushOutcome::Accepted`]; the message is recorded.
    Accepted,
    /// [`PushOutcome::Gone`].
    Gone,
    /// [`PushOutcome::Throttled`].
    Throttled(Option<Duration>),
    /// [`PushOutcome::TooLarge`].
    TooLarge,
    /// [`PushOutcome::Refused`].
    Refused,
    /// [`PushOutcome::Failed`].
    Failed,
}

/// Keeps the messages it is given instead of sending them. A device answers [`PushAnswer::Accepted`] unless told otherwise.
#[derive(Debug, Default)]
pub struct RecordingPushSender {
    state: Mutex<Sending>,
}

#[derive(Debug, Default)]
struct Sending {
    sent: Vec<(DeviceId, PushMessage)>,
    time_outs: Vec<Duration>,
    answers: HashMap<DeviceId, VecDeque<PushAnswer>>,
    gates: HashMap<DeviceId, Gate>,
    attempts: usize,
}

impl RecordingPushSender {
    /// What the next message to the device is answered with; several calls make a queue.
    pub fn answer_next(&self, device: &DeviceId, answer: PushAnswer) {
        lock(&self.state).answers.entry(device.clone()).or_default().push_back(answer);
    }

    /// Holds every message to the device from now on at a gate.
    pub fn hold(&self, device: &DeviceId) -> Gate {
        lock(&self.state).gates.entry(device.clone()).or_default().clone()
    }

    /// The messages that were taken, in order.
    pub fn sent(&self) -> Vec<(DeviceId, PushMessage)> {
        lock(&self.state).sent.clone()
    }

    /// The messages that a device took, in order.
    pub fn sent_to(&self, device: &DeviceId) -> Vec<PushMessage> {
        lock(&self.state).sent.iter().filter(|(to, _)| to == device).map(|(_, message)| message.clone()).collect()
    }

    /// How long each message might take, in order.
    pub fn time_outs(&self) -> Vec<Duration> {
        lock(&self.state).time_outs.clone()
    }

    /// How many messages were to be sent, those not taken included.
    pub fn attempts(&self) -> usize {
        lock(&self.state).attempts
    }
}

#[async_trait]
impl PushSender for RecordingPushSender {
    async fn send(&self, subscription: &PushSubscription, message: &PushMessage, time_out: Duration) -> PushOutcome {
        let gate = {
            let mut state = lock(&self.state);
            state.attempts += 1;
            state.time_outs.push(time_out);
            state.gates.get(&subscription.id).cloned()
        };
        if let Some(gate) = gate {
            gate.pass().await;
        }
        let mut state = lock(&self.state);
        let answer = state.answers.get_mut(&subscription.id).and_then(VecDeque::pop_front).unwrap_or(PushAnswer::Accepted);
        match answer {
            PushAnswer::Accepted => {
                state.sent.push((subscription.id.clone(), message.clone()));
                PushOutcome::Accepted
            }
            PushAnswer::Gone => PushOutcome::Gone,
            PushAnswer::Throttled(retry_after) => PushOutcome::Throttled { retry_after },
            PushAnswer::TooLarge => PushOutcome::TooLarge,
            PushAnswer::Refused => PushOutcome::Refused("scripted refusal".into()),
            PushAnswer::Failed => PushOutcome::Failed("scripted failure".into()),
        }
    }
}

/// Keeps the orders it is given instead of handing them to a dispatcher.
#[derive(Debug, Default)]
pub struct RecordingRequester {
    orders: Mutex<Vec<PushOrder>>,
    failing: Mutex<bool>,
}

impl RecordingRequester {
    /// Every order so far, in order.
    pub fn orders(&self) -> Vec<PushOrder> {
        lock(&self.orders).clone()
    }

    /// Fails every order from now on.
    pub fn fail(&self) {
        *lock(&self.failing) = true;
    }
}

#[async_trait]
impl PushRequester for RecordingRequester {
    async fn request(&self, order: &PushOrder) -> Result<(), PublishError> {
        if *lock(&self.failing) {
            return Err(PublishError::Failed { failed: 1, total: 1, source: "told to fail".into() });
        }
        lock(&self.orders).push(order.clone());
        Ok(())
    }
}

/// A rule that allows every endpoint but the origins it is told to refuse.
#[derive(Debug, Default)]
pub struct OriginRule {
    refused: Mutex<HashSet<String>>,
}

impl OriginRule {
    /// Refuses every endpoint of an origin from now on.
    pub fn refuse(&self, origin: &str) {
        lock(&self.refused).insert(origin.to_owned());
    }
}

impl SubscriptionRule for OriginRule {
    fn check(&self, endpoint: &Endpoint, _: &PushKeys) -> Result<(), SubscriptionFault> {
        if lock(&self.refused).contains(endpoint.origin()) { Err(SubscriptionFault::EndpointNotAllowed) } else { Ok(()) }
    }
}

/// A signer whose key and signatures are bytes of one value: of the form of the real ones, and good for nothing.
#[derive(Clone, Copy, Debug)]
pub struct FixedSigner(pub u8);

#[async_trait]
impl VapidSigner for FixedSigner {
    async fn public_key(&self) -> Result<[u8; 65], SignError> {
        let mut key = [self.0; 65];
        key[0] = 4;
        Ok(key)
    }

    async fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignError> {
        Ok([self.0; 64])
    }
}
