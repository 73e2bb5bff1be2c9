//! The sender and the domain against a push service on loopback.

#[cfg(test)]
mod sender;
#[cfg(test)]
mod story;
#[cfg(test)]
mod support;
