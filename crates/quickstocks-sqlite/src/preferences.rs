use async_trait::async_trait;
use quickstocks_core::model::{Preferences, UserId};
use quickstocks_core::ports::{Change, PreferencesReader, PreferencesWriter, StoreError};
use rusqlite::params;

use crate::{SqliteStore, rows};

#[async_trait]
impl PreferencesReader for SqliteStore {
    async fn preferences(&self, user: &UserId) -> Result<Option<Preferences>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            rows::one(connection, "SELECT json FROM preferences WHERE user = ?1", [user.as_str()], |row| {
                rows::from_json(row, "json", || format!("the preferences of user {user}"))
            })
        })
        .await
    }
}

#[async_trait]
impl PreferencesWriter for SqliteStore {
    async fn put_preferences(&self, user: &UserId, preferences: &Preferences, expected: u64) -> Result<Change, StoreError> {
        let (user, version, json) = (user.clone(), preferences.version.cast_signed(), rows::to_json(preferences)?);
        self.write(move |connection| {
            let changed = if expected == 0 {
                let sql = "INSERT INTO preferences (user, version, json) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
                rows::execute(connection, sql, params![user.as_str(), version, json])?
            } else {
                let sql = "UPDATE preferences SET version = ?2, json = ?3 WHERE user = ?1 AND version = ?4";
                rows::execute(connection, sql, params![user.as_str(), version, json, expected.cast_signed()])?
            };
            Ok(if changed == 1 { Change::Done } else { Change::Conflict })
        })
        .await
    }
}
