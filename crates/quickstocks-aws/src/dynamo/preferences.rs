use async_trait::async_trait;
use quickstocks_core::model::{Preferences, UserId};
use quickstocks_core::ports::{Change, PreferencesReader, PreferencesWriter, StoreError};

use super::DynamoStore;
use super::item::{number, read, write};
use super::keys::Key;
use crate::error::{conditional, store_error};

/// Preferences are read as they were written last, since a person looks at what they have just changed.
#[async_trait]
impl PreferencesReader for DynamoStore {
    async fn preferences(&self, user: &UserId) -> Result<Option<Preferences>, StoreError> {
        let answer = self.get(&Key::preferences(user)).send().await.map_err(store_error)?;
        answer.item.map(read).transpose()
    }
}

#[async_trait]
impl PreferencesWriter for DynamoStore {
    async fn put_preferences(&self, user: &UserId, preferences: &Preferences, expected: u64) -> Result<Change, StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(write(&Key::preferences(user), preferences)?));
        let put = if expected == 0 {
            put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", "pk")
        } else {
            put.condition_expression("#version = :expected")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":expected", number(expected))
        };
        Ok(conditional(put.send().await)?.map_or(Change::Conflict, |_| Change::Done))
    }
}
