//! Notifications to devices: who gets them, and how one is delivered to every device of somebody.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use crate::model::{
    Activation, DeviceId, DeviceName, Endpoint, MAX_PUSH_SUBSCRIPTIONS, PushKeys, PushMessage, PushOrder, PushPurpose, PushState,
    PushSubscription, PushTopic, PushUrgency, Secret, Timestamp, UserId, VapidKeyId,
};
use crate::ports::{
    Clock, PublishError, PushOutcome, PushRequester, PushSender, PushSubscriptionReader, PushSubscriptionWriter, Random,
    SignError, StoreError, SubscriptionFault, SubscriptionRule, SubscriptionWrite, VapidSigner,
};

/// How many activating messages somebody may cause in an hour: each calls an address that they chose.
pub const ACTIVATIONS_PER_HOUR: u32 = 5;

/// How many test messages somebody may ask for in an hour.
pub const TESTS_PER_HOUR: u32 = 20;

/// How long a message to one device may take.
const SEND_TIME: Duration = Duration::from_secs(5);

/// What is kept of the time to note what became of the messages.
const RESERVE: Duration = Duration::from_millis(250);

/// A device that is off for a day has missed its chance to be activated; the page asks again when it is opened.
const ACTIVATION_TTL: Duration = Duration::from_hours(1);

/// A test that arrives later confuses.
const TEST_TTL: Duration = Duration::from_mins(5);

/// Somebody's devices: adding, naming, removing them.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Devices {
    pub subscriptions: Arc<dyn PushSubscriptionReader>,
    pub subscription_writer: Arc<dyn PushSubscriptionWriter>,
    pub rule: Arc<dyn SubscriptionRule>,
    pub signer: Arc<dyn VapidSigner>,
    pub requester: Arc<dyn PushRequester>,
    pub clock: Arc<dyn Clock>,
}

/// What a page says of its subscription.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Where its push service is called.
    pub endpoint: Endpoint,
    /// What its messages are encrypted for.
    pub keys: PushKeys,
    /// The origin of the page.
    pub site: String,
    /// What to call the device.
    pub name: DeviceName,
    /// The subscription that this one takes the place of, when the browser renewed it.
    pub replaces: Option<DeviceId>,
}

/// Why something about a device was not done.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// There is no such device among theirs.
    #[error("there is no such device")]
    NotFound,
    /// The subscription cannot be used.
    #[error(transparent)]
    Fault(#[from] SubscriptionFault),
    /// They have as many as they may.
    #[error("at most {MAX_PUSH_SUBSCRIPTIONS} devices get notifications: remove one first")]
    TooMany,
    /// They asked for as many messages as they may in an hour.
    #[error("too many of these within an hour: try again later")]
    TooOften {
        /// When they may again.
        again_at: Timestamp,
    },
    /// Somebody else has the endpoint with other keys.
    #[error("this push subscription belongs to somebody else: remove it in the browser and subscribe again")]
    Taken,
    /// The token is none of this device, or a newer one took its place.
    #[error("this token does not activate the device: it may be replaced by a newer one")]
    Token,
    /// The device has not confirmed that messages arrive.
    #[error("this device is not active yet: its first message has not come back")]
    NotActive,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The order could not be handed on.
    #[error(transparent)]
    Request(#[from] PublishError),
    /// The key of this server is not to be had.
    #[error(transparent)]
    Key(#[from] SignError),
}

impl Devices {
    /// The public key that browsers subscribe with: an uncompressed point of P-256.
    pub async fn key(&self) -> Result<[u8; 65], SignError> {
        self.signer.public_key().await
    }

    /// Somebody's devices, the oldest first.
    pub async fn list(&self, user: &UserId) -> Result<Vec<PushSubscription>, StoreError> {
        self.subscriptions.push_subscriptions(user).await
    }

    /// Adds a device, or hears again of one that is there, which changes nothing but its name. One that is not active gets its activating
    /// message.
    pub async fn subscribe(&self, user: &UserId, new: NewSubscription) -> Result<PushSubscription, DeviceError> {
        self.rule.check(&new.endpoint, &new.keys)?;
        let now = self.clock.now();
        let vapid_key = VapidKeyId::of(&self.signer.public_key().await?);
        let theirs = self.list(user).await?;
        let id = DeviceId::of(&new.endpoint);
        let replaced = new.replaces.filter(|old| *old != id && theirs.iter().any(|one| one.id == *old));
        let known = theirs.iter().find(|one| one.id == id);
        if known.is_none() && theirs.len() - usize::from(replaced.is_some()) >= MAX_PUSH_SUBSCRIPTIONS {
            return Err(DeviceError::TooMany);
        }
        let stays = known.filter(|known| known.keys == new.keys && known.vapid_key == vapid_key && known.state.is_active());
        let subscription = PushSubscription {
            id,
            user: user.clone(),
            endpoint: new.endpoint,
            keys: new.keys,
            vapid_key,
            site: new.site,
            name: new.name,
            state: stays.map_or(PushState::Pending, |known| known.state.clone()),
            created_at: known.map_or(now, |known| known.created_at),
        };
        if known == Some(&subscription) && stays.is_some() {
            return Ok(subscription);
        }
        if stays.is_none() {
            self.count(user, PushPurpose::Activate, ACTIVATIONS_PER_HOUR).await?;
        }
        if self.subscription_writer.put_push_subscription(&subscription).await? == SubscriptionWrite::Taken {
            return Err(DeviceError::Taken);
        }
        if let Some(old) = replaced {
            self.subscription_writer.remove_push_subscription(user, &old, None).await?;
        }
        if stays.is_none() {
            self.request(user, &subscription.id, PushPurpose::Activate).await?;
        }
        Ok(subscription)
    }

    /// Makes a device active with the token that its first message brought. The same token does so again, since a device may have missed the
    /// first answer.
    pub async fn activate(&self, user: &UserId, id: &DeviceId, token: &Secret) -> Result<PushSubscription, DeviceError> {
        let device = self.find(user, id).await?;
        let (from, to) = (PushState::Activating { token: token.hash() }, PushState::Active { token: token.hash() });
        if device.state == to {
            return Ok(device);
        }
        if device.state != from || !self.subscription_writer.move_push_subscription(user, id, &from, &to).await? {
            return Err(DeviceError::Token);
        }
        Ok(PushSubscription { state: to, ..device })
    }

    /// Removes a device.
    pub async fn remove(&self, user: &UserId, id: &DeviceId) -> Result<(), DeviceError> {
        let removed = self.subscription_writer.remove_push_subscription(user, id, None).await?;
        if removed { Ok(()) } else { Err(DeviceError::NotFound) }
    }

    /// Has a message sent to a device that shows that messages arrive.
    pub async fn test(&self, user: &UserId, id: &DeviceId) -> Result<(), DeviceError> {
        if !self.find(user, id).await?.state.is_active() {
            return Err(DeviceError::NotActive);
        }
        self.count(user, PushPurpose::Test, TESTS_PER_HOUR).await?;
        self.request(user, id, PushPurpose::Test).await
    }

    async fn find(&self, user: &UserId, id: &DeviceId) -> Result<PushSubscription, DeviceError> {
        self.list(user).await?.into_iter().find(|one| one.id == *id).ok_or(DeviceError::NotFound)
    }

    async fn count(&self, user: &UserId, purpose: PushPurpose, most: u32) -> Result<(), DeviceError> {
        let hour = self.clock.now().seconds().div_euclid(3600);
        if self.subscription_writer.count_push_order(user, purpose, hour).await? <= most {
            return Ok(());
        }
        Err(DeviceError::TooOften { again_at: Timestamp::from_seconds((hour + 1) * 3600) })
    }

    async fn request(&self, user: &UserId, device: &DeviceId, purpose: PushPurpose) -> Result<(), DeviceError> {
        Ok(self.requester.request(&PushOrder { user: user.clone(), device: device.clone(), purpose }).await?)
    }
}

/// What became of a notification on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceDelivery {
    /// Which device.
    pub device: DeviceId,
    /// What became of it there.
    pub outcome: DeviceOutcome,
}

/// What became of a notification on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceOutcome {
    /// The push service took it.
    Accepted,
    /// The device had gone and was forgotten.
    Gone,
    /// It is not taken and will not be.
    Refused,
    /// It could not be sent: later.
    Later {
        /// Not before this moment, if the push service said so.
        not_before: Option<Timestamp>,
    },
    /// There was no time left to begin it.
    NotBegun,
}

impl DeviceOutcome {
    /// Whether there is nothing left to do for this device.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Accepted | Self::Gone | Self::Refused)
    }
}

/// Delivers notifications to devices.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Push {
    pub subscriptions: Arc<dyn PushSubscriptionReader>,
    pub subscription_writer: Arc<dyn PushSubscriptionWriter>,
    pub sender: Arc<dyn PushSender>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

impl Push {
    /// Sends a notification to every active device of a user that is not in `already_done`, all at once (there are at most
    /// [`MAX_PUSH_SUBSCRIPTIONS`]); what cannot be begun and ended before `deadline` is [`DeviceOutcome::NotBegun`]. One device that hangs,
    /// fails or is throttled keeps no other waiting. The outcomes are ordered as the devices are.
    pub async fn deliver(
        &self,
        user: &UserId,
        message: &PushMessage,
        already_done: &BTreeSet<DeviceId>,
        deadline: Timestamp,
    ) -> Result<Vec<DeviceDelivery>, StoreError> {
        let devices = self.subscriptions.push_subscriptions(user).await?;
        let open = devices.iter().filter(|device| device.state.is_active() && !already_done.contains(&device.id));
        // Collected, as a stream of borrowing closures is not general enough for async_trait's callers.
        let sends: Vec<_> = open
            .map(|device| async {
                DeviceDelivery { device: device.id.clone(), outcome: self.send(device, message, deadline).await }
            })
            .collect();
        Ok(stream::iter(sends).buffered(MAX_PUSH_SUBSCRIPTIONS).collect().await)
    }

    /// Sends what was ordered for one device. An order that comes twice, or whose device is gone, sends nothing more.
    pub async fn fulfil(&self, order: &PushOrder, deadline: Timestamp) -> Result<Option<DeviceOutcome>, StoreError> {
        let devices = self.subscriptions.push_subscriptions(&order.user).await?;
        let Some(device) = devices.into_iter().find(|device| device.id == order.device) else { return Ok(None) };
        match order.purpose {
            PushPurpose::Activate => self.activate(&device, deadline).await,
            PushPurpose::Test if device.state.is_active() => Ok(Some(self.send(&device, &self.test_message(), deadline).await)),
            PushPurpose::Test => Ok(None),
        }
    }

    /// Sends a new device its only message before it is active. Whoever moves its state sends it, so that there is one.
    async fn activate(&self, device: &PushSubscription, deadline: Timestamp) -> Result<Option<DeviceOutcome>, StoreError> {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes);
        let token = Secret::from_random(bytes);
        let activating = PushState::Activating { token: token.hash() };
        let (user, id) = (&device.user, &device.id);
        if !self.subscription_writer.move_push_subscription(user, id, &PushState::Pending, &activating).await? {
            return Ok(None);
        }
        let message = self.activation_message(Activation { device: id.clone(), token });
        let outcome = self.send(device, &message, deadline).await;
        if !outcome.is_done() {
            // Nothing came out, so the next time its page is opened may try again.
            self.subscription_writer.move_push_subscription(user, id, &activating, &PushState::Pending).await?;
        }
        Ok(Some(outcome))
    }

    fn activation_message(&self, activation: Activation) -> PushMessage {
        PushMessage {
            topic: PushTopic::of(&format!("activation|{}", activation.device)),
            tag: "device".to_owned(),
            urgency: PushUrgency::High,
            ttl: ACTIVATION_TTL,
            title: "Notifications are on".to_owned(),
            body: "This device gets your price alerts now.".to_owned(),
            navigate: "/".to_owned(),
            actions: Vec::new(),
            about: None,
            activation: Some(activation),
            created_at: self.clock.now(),
        }
    }

    fn test_message(&self) -> PushMessage {
        PushMessage {
            topic: PushTopic::of("test"),
            tag: "device".to_owned(),
            urgency: PushUrgency::High,
            ttl: TEST_TTL,
            title: "Test notification".to_owned(),
            body: "Notifications arrive on this device.".to_owned(),
            navigate: "/".to_owned(),
            actions: Vec::new(),
            about: None,
            activation: None,
            created_at: self.clock.now(),
        }
    }

    async fn send(&self, device: &PushSubscription, message: &PushMessage, deadline: Timestamp) -> DeviceOutcome {
        let mut outcome = self.attempt(device, message, deadline).await;
        if matches!(outcome, Some(PushOutcome::TooLarge)) {
            tracing::error!(device.id = %device.id, "a push message was too large; sent again without its actions");
            outcome = self.attempt(device, &message.shortened(), deadline).await;
        }
        match outcome {
            None => DeviceOutcome::NotBegun,
            Some(PushOutcome::Accepted) => DeviceOutcome::Accepted,
            Some(PushOutcome::Gone) => self.forget(device).await,
            Some(PushOutcome::Throttled { retry_after }) => {
                DeviceOutcome::Later { not_before: retry_after.map(|after| self.clock.now() + after) }
            }
            Some(PushOutcome::TooLarge) => DeviceOutcome::Refused,
            Some(PushOutcome::Refused(error)) => {
                tracing::error!(device.id = %device.id, error = &*error as &dyn std::error::Error, "a push message is refused");
                DeviceOutcome::Refused
            }
            Some(PushOutcome::Failed(error)) => {
                tracing::warn!(device.id = %device.id, error = &*error as &dyn std::error::Error, "a push message could not be sent");
                DeviceOutcome::Later { not_before: None }
            }
        }
    }

    /// One attempt; none when the time is up.
    async fn attempt(&self, device: &PushSubscription, message: &PushMessage, deadline: Timestamp) -> Option<PushOutcome> {
        let left = deadline.since(self.clock.now()).checked_sub(RESERVE).filter(|left| !left.is_zero())?;
        Some(self.sender.send(device, message, left.min(SEND_TIME)).await)
    }

    async fn forget(&self, device: &PushSubscription) -> DeviceOutcome {
        // Only with the keys it was sent to: the same device may have subscribed again meanwhile.
        match self.subscription_writer.remove_push_subscription(&device.user, &device.id, Some(&device.keys)).await {
            Ok(removed) => tracing::info!(device.id = %device.id, removed, "a device that is gone was forgotten"),
            // Nothing is lost: the next message is answered with 410 again.
            Err(error) => {
                tracing::warn!(device.id = %device.id, error = &error as &dyn std::error::Error, "a device that is gone could not be removed");
            }
        }
        DeviceOutcome::Gone
    }
}
