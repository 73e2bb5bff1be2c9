//! The whole system in this process, used through HTTP and WebSocket only.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alerts;
mod doors;
mod killed;
mod many_sockets;
mod one_guest;
mod program;
mod readme;
mod self_hosting;
mod shares;
mod source_trouble;
mod support;
