//! The sender and the domain against a push service on loopback.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(test)]
mod sender;
#[cfg(test)]
mod story;
#[cfg(test)]
mod support;
