use std::time::Duration;

use async_trait::async_trait;

use super::{BoxError, PublishError, StoreError};
use crate::model::{DeviceId, Endpoint, PushKeys, PushMessage, PushOrder, PushPurpose, PushState, PushSubscription, UserId};

/// Reads the devices that notifications are pushed to.
#[async_trait]
pub trait PushSubscriptionReader: Send + Sync {
    /// A user's subscriptions in every state, ordered by when they were made and then by id.
    async fn push_subscriptions(&self, user: &UserId) -> Result<Vec<PushSubscription>, StoreError>;
}

/// What became of a subscription that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionWrite {
    /// It is stored.
    Stored,
    /// Somebody else has the endpoint, with other keys: nothing was changed.
    Taken,
}

/// Writes them. An endpoint has one subscription, whoever's it is: otherwise the notifications of one user of a browser would be shown
/// to the next.
#[async_trait]
pub trait PushSubscriptionWriter: Send + Sync {
    /// Stores a subscription over the one of its endpoint, if there is one. When that is another user's, it MUST be moved when the keys are
    /// the same, which only the device knows, and MUST stay as it is otherwise ([`SubscriptionWrite::Taken`]).
    async fn put_push_subscription(&self, subscription: &PushSubscription) -> Result<SubscriptionWrite, StoreError>;

    /// Removes a user's subscription; with `keys`, only while it has those, so that one that was made anew survives the answer that the
    /// former is gone. Answers whether it did. Another user's MUST stay.
    async fn remove_push_subscription(&self, user: &UserId, id: &DeviceId, keys: Option<&PushKeys>) -> Result<bool, StoreError>;

    /// Moves a user's subscription from one state to another, in one step: of any number of callers with the same `from` and another `to`
    /// exactly one MUST get `true`. Answers whether it did; it MUST NOT make one.
    async fn move_push_subscription(
        &self,
        user: &UserId,
        id: &DeviceId,
        from: &PushState,
        to: &PushState,
    ) -> Result<bool, StoreError>;

    /// Counts one more message of this purpose that a user asked for in that hour (of the epoch) and answers how many that makes. Calls that
    /// meet MUST all be counted. The counts of past hours may be forgotten.
    async fn count_push_order(&self, user: &UserId, purpose: PushPurpose, hour: i64) -> Result<u32, StoreError>;
}

/// Why a subscription is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionFault {
    /// The endpoint is none of a push service that this server calls.
    #[error("this is not the address of a push service that this server knows")]
    EndpointNotAllowed,
    /// The public key is none.
    #[error("p256dh has to be an uncompressed point of P-256 in 87 characters of base64url")]
    PublicKey,
    /// The shared secret is none.
    #[error("auth has to be 16 bytes in 22 characters of base64url")]
    Auth,
}

/// Says whether a subscription may be used: the endpoint is an address from outside that we would call. It is asked when one is made and
/// again before every message.
pub trait SubscriptionRule: Send + Sync {
    /// Checks an endpoint and its keys, without calling anybody.
    fn check(&self, endpoint: &Endpoint, keys: &PushKeys) -> Result<(), SubscriptionFault>;
}

/// What became of a message to one device.
#[derive(Debug)]
pub enum PushOutcome {
    /// The push service took it. (No proof that it is ever shown.)
    Accepted,
    /// The subscription is no more: remove it, do not try again.
    Gone,
    /// Too much, for this device or for its push service; the message may be tried again, not before this much time.
    Throttled {
        /// What the push service, or what is known of it, asks for.
        retry_after: Option<Duration>,
    },
    /// The message is larger than the push service takes.
    TooLarge,
    /// It is not taken and will not be: the request, its signature or the endpoint is wrong. The subscription stays.
    Refused(BoxError),
    /// It could not be sent now: a failure of the push service or of the network, or a time-out.
    Failed(BoxError),
}

/// Sends messages to devices.
#[async_trait]
pub trait PushSender: Send + Sync {
    /// Sends one message to one device. MUST end within the time-out, MUST NOT wait for a push service that throttles, and MUST NOT call an
    /// endpoint that the rule does not allow, whatever is stored.
    async fn send(&self, subscription: &PushSubscription, message: &PushMessage, time_out: Duration) -> PushOutcome;
}

/// Has messages sent from where they may be sent: devices are called by dispatchers only.
#[async_trait]
pub trait PushRequester: Send + Sync {
    /// Hands the order to a dispatcher. Delivery is at least once.
    async fn request(&self, order: &PushOrder) -> Result<(), PublishError>;
}

/// Why something could not be signed, or the public key is not known.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Later, perhaps.
    #[error("the key that signs push messages cannot be used now")]
    Unavailable(#[source] BoxError),
    /// A permission or a setting is missing, or the key is none of P-256.
    #[error("the key that signs push messages is refused")]
    Refused(#[source] BoxError),
}

/// The key by which push services know this server (VAPID, RFC 8292). Its private half never leaves the adapter.
#[async_trait]
pub trait VapidSigner: Send + Sync {
    /// The public key: an uncompressed point of P-256, 65 bytes. MUST be the same for the life of the adapter.
    async fn public_key(&self) -> Result<[u8; 65], SignError>;

    /// The ES256 signature of a text: ECDSA on P-256 over its SHA-256, as r and s of 32 bytes each (RFC 7518, section 3.4).
    async fn sign(&self, text: &[u8]) -> Result<[u8; 64], SignError>;
}
