//! The client against a scripted server on loopback that keeps Yahoo's protocol until a test says otherwise.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod breaker;
mod budget;
mod consent;
mod others;
mod reference;
mod secrets;
mod server;
mod session;
