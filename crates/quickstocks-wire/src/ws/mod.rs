//! Frames over the WebSocket. `docs/PROTOCOL.md` is the contract; its examples are parsed by a test here.

mod frames;
mod notices;
mod request;

pub use frames::{TickFrames, encode_reply, list_frame};
pub use notices::{NoticeFrames, NoticeView};
pub use request::parse_request;

/// API Gateway's largest frame, and the unit it bills messages by.
pub const MAX_FRAME_BYTES: usize = 32 * 1024;

/// Renders a value that cannot fail to be rendered: it has no map with keys that are not strings, and no float.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("messages are made of strings, numbers, lists and structs")
}
