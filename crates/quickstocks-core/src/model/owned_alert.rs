use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{AlertState, Symbol, Terms, Timestamp, TokenHash, UserId};

/// How many alerts a user may have.
pub const MAX_ALERTS: usize = 100;

/// The id of an alert: 64 random bits in hex. Only its owner can reach it by the id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertId(Arc<str>);

impl AlertId {
    /// The id as it was stored or asked for.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// A new id from random bytes.
    pub fn from_random(bytes: [u8; 8]) -> Self {
        Self(hex::encode(bytes).into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An alert of somebody: what they ask for, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The id.
    pub id: AlertId,
    /// Whose it is.
    pub user: UserId,
    /// What it watches.
    pub symbol: Symbol,
    /// What it asks for.
    pub terms: Terms,
    /// Where it stands.
    pub state: AlertState,
    /// Grows by one with every change its owner makes; what `ETag` and `If-Match` carry.
    pub version: u64,
    /// Grows by one with every change whoever makes it: an evaluation that began before another change is not written over it.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its owner last changed it.
    pub updated_at: Timestamp,
}

/// The right to do something about some alerts without a session, once: what the buttons of a notification carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionToken {
    /// The hash of its secret.
    pub hash: TokenHash,
    /// Whose alerts.
    pub user: UserId,
    /// Which of them.
    pub alerts: Vec<AlertId>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}
