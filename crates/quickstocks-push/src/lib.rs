#![doc = include_str!("../README.md")]

mod encrypt;
mod key;
mod origins;
mod resolve;
mod rule;
mod sender;
mod vapid;

pub use key::{FileVapidKey, KeyError};
pub use rule::{EndpointRule, NotLoopback};
pub use sender::{SenderError, WebPushSender};
pub use vapid::{InvalidSubject, Subject};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The bytes of base64url without padding, in its one canonical form.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
