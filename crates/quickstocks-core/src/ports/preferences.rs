use async_trait::async_trait;

use super::{Change, StoreError};
use crate::model::{Preferences, UserId};

/// Reads preferences, each only through their owner.
#[async_trait]
pub trait PreferencesReader: Send + Sync {
    /// A user's preferences as they were written last; `None` for somebody who never wrote any.
    async fn preferences(&self, user: &UserId) -> Result<Option<Preferences>, StoreError>;
}

/// Writes preferences, each only through their owner.
#[async_trait]
pub trait PreferencesWriter: Send + Sync {
    /// Replaces a user's preferences if the stored version is `expected`, in one step; 0 expects that none are stored. Anything else
    /// MUST be answered with [`Change::Conflict`] and change nothing.
    async fn put_preferences(&self, user: &UserId, preferences: &Preferences, expected: u64) -> Result<Change, StoreError>;
}
