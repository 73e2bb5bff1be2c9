use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Timestamp;

/// How long a session lives after its last use.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(90 * 24);

/// How long a WebSocket ticket lives.
pub const TICKET_LIFETIME: Duration = Duration::from_mins(1);

/// The id of a user: 128 random bits in hex. It is no secret and gives no right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The id as it was stored.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// A new id from random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(hex::encode(bytes).into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user. Everybody starts as a guest: there is no name and no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// When the guest came.
    pub created_at: Timestamp,
}

/// An opaque secret of 256 random bits: a session or a ticket. It is shown to its owner once and stored as a
/// hash only; `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a text is not a secret of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this service")]
pub struct InvalidSecret;

impl Secret {
    /// A new secret from random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(hex::encode(bytes))
    }

    /// Reads a secret somebody presents.
    ///
    /// # Errors
    /// [`InvalidSecret`] when it does not have the form of one: 64 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let fits = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidSecret) }
    }

    /// The text, to hand to its owner and to nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored in its place. A plain hash is enough, since there are 256 random bits to guess.
    pub fn hash(&self) -> TokenHash {
        TokenHash(hex::encode(Sha256::digest(self.0.as_bytes())).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a [`Secret`], in hex: the key of its [`Token`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(Arc<str>);

impl TokenHash {
    /// The hash as it was stored.
    pub fn new(hash: &str) -> Self {
        Self(hash.into())
    }

    /// The hash's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a token is good for. One is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A browser's session.
    Session,
    /// The right to open one WebSocket.
    Ticket,
}

/// A right somebody holds by knowing a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The hash of the secret.
    pub hash: TokenHash,
    /// What it is good for.
    pub kind: TokenKind,
    /// Whose it is.
    pub user: UserId,
    /// When it stops being good.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed_and_its_hash_is_sha256_of_its_text() {
        let secret = Secret::from_random([7; 32]);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(Secret::parse(secret.reveal()), Ok(secret.clone()));
        assert_eq!(secret.hash().as_str().len(), 64);
        assert_ne!(secret.hash().as_str(), secret.reveal());
        for bad in ["", "07", &"g".repeat(64), &"A".repeat(64), &"0".repeat(65)] {
            assert_eq!(Secret::parse(bad), Err(InvalidSecret), "{bad}");
        }
    }
}
