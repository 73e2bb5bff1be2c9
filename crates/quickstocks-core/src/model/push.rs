use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Secret, Timestamp, TokenHash, UserId};

/// How many devices of somebody get notifications.
pub const MAX_PUSH_SUBSCRIPTIONS: usize = 10;

/// How many bytes the address of a push service may have. The longest seen, of WNS, has some 500.
pub const MAX_ENDPOINT_BYTES: usize = 1024;

/// How many characters the name of a device may have.
pub const MAX_DEVICE_NAME_CHARS: usize = 80;

/// Names a push subscription: the first 128 bits of the SHA-256 of its endpoint, in hex. It gives no right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(Arc<str>);

impl DeviceId {
    /// The id as it was stored or sent; one that no device has is found nowhere.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id of the device that is reached at that endpoint.
    pub fn of(endpoint: &Endpoint) -> Self {
        Self(half_digest(endpoint.reveal()).into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first half of a SHA-256, in hex.
fn half_digest(text: &str) -> String {
    let mut digest = hex::encode(Sha256::digest(text.as_bytes()));
    digest.truncate(32);
    digest
}

/// The address at which a push service takes messages for one device. Who knows it can nearly write to the device, so neither
/// `Debug` nor anything else prints it whole. Whether it may be called at all is for [`SubscriptionRule`](crate::ports::SubscriptionRule).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Endpoint(Arc<str>);

impl Endpoint {
    /// The endpoint of that text.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The whole address: to call it, and to store it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port: which push service it is.
    pub fn origin(&self) -> &str {
        let after_scheme = self.0.find("://").map_or(0, |at| at + 3);
        let path = self.0[after_scheme..].find(['/', '?', '#']).map_or(self.0.len(), |at| after_scheme + at);
        &self.0[..path]
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = half_digest(&self.0);
        write!(f, "Endpoint({}/…{})", self.origin(), digest.get(..8).unwrap_or_default())
    }
}

/// The keys of a subscription: what a message is encrypted for (RFC 8291, section 3.1). `Debug` does not print them.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PushKeys {
    /// The device's public key: an uncompressed point of P-256 in 87 characters of base64url.
    pub p256dh: String,
    /// The secret it shares with us: 16 bytes in 22 characters of base64url.
    pub auth: String,
}

impl fmt::Debug for PushKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushKeys(…)")
    }
}

/// Names the VAPID key that a subscription is bound to (RFC 8292, section 4.2): the first 64 bits of the SHA-256 of the public key, in hex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VapidKeyId(Arc<str>);

impl VapidKeyId {
    /// The id as it was stored.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id of a public key, given as the uncompressed point.
    pub fn of(public_key: &[u8]) -> Self {
        let digest = hex::encode(Sha256::digest(public_key));
        Self(digest.get(..16).unwrap_or_default().into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What somebody's device is called: 1 to [`MAX_DEVICE_NAME_CHARS`] characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceName(String);

/// Why a text is no name of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device's name has 1 to {MAX_DEVICE_NAME_CHARS} characters, none of them a control character")]
pub struct InvalidDeviceName;

impl DeviceName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for DeviceName {
    type Err = InvalidDeviceName;

    /// Takes away white space around it.
    fn from_str(text: &str) -> Result<Self, InvalidDeviceName> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= MAX_DEVICE_NAME_CHARS && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidDeviceName) }
    }
}

impl TryFrom<String> for DeviceName {
    type Error = InvalidDeviceName;

    fn try_from(text: String) -> Result<Self, InvalidDeviceName> {
        text.parse()
    }
}

impl From<DeviceName> for String {
    fn from(name: DeviceName) -> Self {
        name.0
    }
}

/// How far a subscription has come. Only an active one gets notifications: that something came back proves that the endpoint is a
/// device's and not an address somebody wants us to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum PushState {
    /// It is new: nothing was sent to it.
    Pending,
    /// Its one activating message was sent; who shows the token in it has the device.
    Activating {
        /// The hash of that token.
        #[serde(with = "token_hash")]
        token: TokenHash,
    },
    /// The token came back.
    Active {
        /// The hash of that token: a device that did not hear the answer says it again.
        #[serde(with = "token_hash")]
        token: TokenHash,
    },
}

impl PushState {
    /// Whether notifications are sent to it.
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active { .. })
    }
}

mod token_hash {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::TokenHash;

    pub(super) fn serialize<S: Serializer>(hash: &TokenHash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hash.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TokenHash, D::Error> {
        String::deserialize(deserializer).map(|hash| TokenHash::new(&hash))
    }
}

/// A device of somebody that notifications are pushed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushSubscription {
    /// Which one: made from its endpoint.
    pub id: DeviceId,
    /// Whose it is.
    pub user: UserId,
    /// Where its push service is called.
    pub endpoint: Endpoint,
    /// What its messages are encrypted for.
    pub keys: PushKeys,
    /// The key it was made with; messages signed with another are refused by the push service.
    pub vapid_key: VapidKeyId,
    /// The origin of the page that made it, such as `https://stocks.example.org`: what its notifications open is there.
    pub site: String,
    /// What its owner knows it by.
    pub name: DeviceName,
    /// How far it has come.
    pub state: PushState,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How soon a device should be woken for a message (RFC 8030, section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PushUrgency {
    /// On power, and on Wi-Fi.
    VeryLow,
    /// On power, or on Wi-Fi.
    Low,
    /// On neither.
    Normal,
    /// Even when the battery is low.
    High,
}

impl PushUrgency {
    /// The value of the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VeryLow => "very-low",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// What a message replaces: an undelivered one of the same topic (RFC 8030, section 5.4).
///
/// 32 lower-case hex digits. Apple decodes a topic as base64 and refuses some lengths, Autopush takes letters and digits only; this form
/// is good for all, and a digest tells the push service nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PushTopic(String);

impl PushTopic {
    /// The topic of something that has this name, such as `alert|` and its id.
    pub fn of(name: &str) -> Self {
        Self(half_digest(&format!("v1|{name}")))
    }

    /// The topic's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something that can be done about a notification without opening the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushAction {
    /// What it is: `snooze`, `rearm` or `mute`.
    pub id: String,
    /// What its button says.
    pub title: String,
    /// The right to do it, once, for whoever holds the device.
    pub token: Secret,
}

/// The right to make a subscription active: only its device gets to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Which subscription.
    pub device: DeviceId,
    /// The token that has to come back.
    pub token: Secret,
}

/// A notification on its way to the devices of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushMessage {
    /// What it replaces at the push service.
    pub topic: PushTopic,
    /// What it replaces on the screen.
    pub tag: String,
    /// How soon it should be shown.
    pub urgency: PushUrgency,
    /// For how long the push service keeps it for a device that is off; after that it is worth nothing.
    pub ttl: Duration,
    /// The first line.
    pub title: String,
    /// What it says.
    pub body: String,
    /// What it opens: a path of our own site that begins with `/`, never one from outside.
    pub navigate: String,
    /// What can be done about it.
    pub actions: Vec<PushAction>,
    /// The notification or the alert it is about.
    pub about: Option<String>,
    /// The token of a subscription's first message.
    pub activation: Option<Activation>,
    /// When what it tells happened.
    pub created_at: Timestamp,
}

impl PushMessage {
    /// The same without what makes it large.
    #[must_use]
    pub fn shortened(&self) -> Self {
        Self { body: self.body.chars().take(80).collect(), actions: Vec::new(), ..self.clone() }
    }
}

/// What a dispatcher is asked to send to one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushPurpose {
    /// The message that makes the subscription active.
    Activate,
    /// A message that shows its owner that notifications arrive.
    Test,
}

/// The order to send something to one device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PushOrder {
    /// Whose device it is.
    pub user: UserId,
    /// Which device.
    pub device: DeviceId,
    /// What to send.
    pub purpose: PushPurpose,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_and_its_keys_are_not_printed() {
        let endpoint = Endpoint::new("https://fcm.googleapis.com/fcm/send/canary-secret?x=1");
        assert_eq!(endpoint.origin(), "https://fcm.googleapis.com");
        let keys = PushKeys { p256dh: "canary-key".to_owned(), auth: "canary-auth".to_owned() };
        let printed = format!("{endpoint:?} {keys:?}");
        assert!(printed.starts_with("Endpoint(https://fcm.googleapis.com/…"), "{printed}");
        assert!(!printed.contains("canary"), "{printed}");
        for (text, origin) in [("https://a.example", "https://a.example"), ("no url", "no url"), ("https://a?b", "https://a")] {
            assert_eq!(Endpoint::new(text).origin(), origin, "{text}");
        }
    }

    #[test]
    fn ids_and_topics_are_digests_of_a_form_every_push_service_takes() {
        let id = DeviceId::of(&Endpoint::new("https://web.push.apple.com/x"));
        let topic = PushTopic::of("alert|1");
        for text in [id.as_str(), topic.as_str()] {
            assert_eq!(text.len(), 32);
            assert!(text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{text}");
        }
        assert_ne!(topic, PushTopic::of("alert|2"));
        assert_eq!(VapidKeyId::of(&[4; 65]).as_str().len(), 16);
    }

    #[test]
    fn names_of_devices_are_short_and_printable() {
        assert_eq!(" My phone ".parse::<DeviceName>().map(String::from), Ok("My phone".to_owned()));
        for bad in ["", " ", "a\u{7}b", &"x".repeat(81)] {
            assert_eq!(bad.parse::<DeviceName>(), Err(InvalidDeviceName), "{bad:?}");
        }
    }
}
