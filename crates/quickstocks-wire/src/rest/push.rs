use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quickstocks_core::model::{PushSubscription, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema;

/// The key that browsers subscribe with.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PushKeyBody {
    /// The `applicationServerKey` of `PushManager.subscribe()`: an uncompressed point of P-256, in base64url.
    #[schema(example = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")]
    pub key: String,
}

impl PushKeyBody {
    /// What is told of a key.
    pub fn new(key: &[u8]) -> Self {
        Self { key: URL_SAFE_NO_PAD.encode(key) }
    }
}

/// A push subscription as its browser has it, and what to call the device.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceInput {
    /// The address of its push service.
    #[schema(max_length = 1024, example = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk")]
    pub endpoint: String,
    /// What its messages are encrypted for.
    pub keys: DeviceKeysInput,
    /// 1 to 80 characters, no control characters.
    #[schema(min_length = 1, max_length = 80, example = "Firefox on Linux")]
    pub name: String,
    /// The id of the subscription that this one takes the place of, when the browser renewed it.
    #[serde(default)]
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015")]
    pub replaces: Option<String>,
}

/// The keys of a push subscription.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceKeysInput {
    /// The device's public key: an uncompressed point of P-256, in 87 characters of base64url.
    #[schema(example = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")]
    pub p256dh: String,
    /// The secret it shares with this server: 16 bytes, in 22 characters of base64url.
    #[schema(example = "BTBZMqHH6r4Tts7J_aSIgg")]
    pub auth: String,
}

/// How far a device has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Its first message has not come back.
    Pending,
    /// It gets notifications.
    Active,
}

/// A device that notifications are pushed to. Its endpoint and its keys are told nobody.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeviceBody {
    /// What to name it by; it gives no right. It is made from the endpoint: the first 16 bytes of its SHA-256, in hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015")]
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// The origin of its push service.
    #[schema(example = "https://updates.push.services.mozilla.com")]
    pub service: String,
    /// The origin of the page that subscribed it.
    pub site: String,
    /// Only an active one gets notifications.
    #[schema(value_type = schema::DeviceState)]
    pub state: DeviceState,
    /// When it was made.
    #[schema(value_type = i64)]
    pub created_at: Timestamp,
}

impl DeviceBody {
    /// What is told of a device.
    pub fn new(device: &PushSubscription) -> Self {
        Self {
            id: device.id.to_string(),
            name: device.name.as_str().to_owned(),
            service: device.endpoint.origin().to_owned(),
            site: device.site.clone(),
            state: if device.state.is_active() { DeviceState::Active } else { DeviceState::Pending },
            created_at: device.created_at,
        }
    }
}

/// Somebody's devices.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DevicesBody {
    /// The oldest first.
    pub devices: Vec<DeviceBody>,
}

/// What a device's first message brought.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivationInput {
    /// The token in it.
    #[schema(example = "5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592")]
    pub token: String,
}
