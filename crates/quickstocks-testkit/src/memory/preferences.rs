use async_trait::async_trait;
use quickstocks_core::model::{Preferences, UserId};
use quickstocks_core::ports::{Change, PreferencesReader, PreferencesWriter, StoreError};

use super::MemoryStore;

#[async_trait]
impl PreferencesReader for MemoryStore {
    async fn preferences(&self, user: &UserId) -> Result<Option<Preferences>, StoreError> {
        Ok(self.state().preferences.get(user).cloned())
    }
}

#[async_trait]
impl PreferencesWriter for MemoryStore {
    async fn put_preferences(&self, user: &UserId, preferences: &Preferences, expected: u64) -> Result<Change, StoreError> {
        let mut state = self.state();
        if state.preferences.get(user).map_or(0, |stored| stored.version) != expected {
            return Ok(Change::Conflict);
        }
        state.preferences.insert(user.clone(), preferences.clone());
        Ok(Change::Done)
    }
}
