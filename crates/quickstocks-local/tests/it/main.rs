//! The whole system in this process, used through HTTP and WebSocket only.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod doors;
mod many_sockets;
mod one_guest;
mod source_trouble;
mod support;
