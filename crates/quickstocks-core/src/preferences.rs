//! How somebody wants things shown.

use std::sync::Arc;

use crate::model::{Preferences, UserId};
use crate::ports::{Change, Clock, PreferencesReader, PreferencesWriter, StoreError};

/// How often a change that lost a race with another device is tried again.
const TRIES: usize = 5;

/// Reads and replaces preferences.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct PreferenceEditor {
    pub reader: Arc<dyn PreferencesReader>,
    pub writer: Arc<dyn PreferencesWriter>,
    pub clock: Arc<dyn Clock>,
}

/// Why preferences were not changed.
#[derive(Debug, thiserror::Error)]
pub enum PreferenceError {
    /// They are not of the version that the caller expects.
    #[error("the preferences were changed in the meantime")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PreferenceEditor {
    /// A user's preferences; the defaults, of version 0, for somebody who never changed any.
    pub async fn get(&self, user: &UserId) -> Result<Preferences, StoreError> {
        Ok(self.reader.preferences(user).await?.unwrap_or_default())
    }

    /// Replaces a user's preferences, if they are of the version the caller expects. Version and time of `wanted` do not matter.
    pub async fn replace(
        &self,
        user: &UserId,
        wanted: Preferences,
        expected: Option<u64>,
    ) -> Result<Preferences, PreferenceError> {
        for _ in 0..TRIES {
            let before = self.get(user).await?;
            if expected.is_some_and(|expected| expected != before.version) {
                return Err(PreferenceError::Conflict);
            }
            let after = Preferences { version: before.version + 1, updated_at: self.clock.now(), ..wanted.clone() };
            if self.writer.put_preferences(user, &after, before.version).await? == Change::Done {
                return Ok(after);
            }
        }
        Err(PreferenceError::Conflict)
    }
}
