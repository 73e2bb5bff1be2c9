use async_trait::async_trait;
use quickstocks_core::model::{RequestRecord, Timestamp, UserId};
use quickstocks_core::ports::{RateCounter, RequestLog, StoreError};
use rusqlite::params;

use crate::{SqliteStore, rows};

#[async_trait]
impl RateCounter for SqliteStore {
    async fn count_event(&self, key: &str, until: Timestamp) -> Result<u32, StoreError> {
        let key = key.to_owned();
        self.write(move |connection| {
            let sql = "INSERT INTO event_count (key, until, count) VALUES (?1, ?2, 1)
                ON CONFLICT (key, until) DO UPDATE SET count = min(count + 1, ?3) RETURNING count";
            let count =
                rows::one(connection, sql, params![key, until.millis(), u32::MAX], |row| Ok(row.get::<_, u32>("count")?))?;
            Ok(count.unwrap_or(1))
        })
        .await
    }
}

#[async_trait]
impl RequestLog for SqliteStore {
    async fn claim_request(
        &self,
        user: &UserId,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Option<RequestRecord>, StoreError> {
        let (user, record) = (user.clone(), record.clone());
        self.write(move |connection| {
            let sql = "INSERT INTO request (user, key, fingerprint, answer, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (user, key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = excluded.answer,
                expires_at = excluded.expires_at WHERE expires_at <= ?6";
            let RequestRecord { key, fingerprint, answer, expires_at } = &record;
            let claimed = params![user.as_str(), key, fingerprint, answer, expires_at.millis(), now.millis()];
            if rows::execute(connection, sql, claimed)? == 1 {
                return Ok(None);
            }
            let sql = "SELECT fingerprint, answer, expires_at FROM request WHERE user = ?1 AND key = ?2";
            rows::one(connection, sql, params![user.as_str(), key], |row| {
                Ok(RequestRecord {
                    key: key.clone(),
                    fingerprint: row.get("fingerprint")?,
                    answer: row.get("answer")?,
                    expires_at: rows::moment(row, "expires_at")?,
                })
            })
        })
        .await
    }

    async fn keep_answer(&self, user: &UserId, record: &RequestRecord) -> Result<(), StoreError> {
        let (user, record) = (user.clone(), record.clone());
        self.write(move |connection| {
            let sql = "UPDATE request SET fingerprint = ?3, answer = ?4, expires_at = ?5 WHERE user = ?1 AND key = ?2";
            let RequestRecord { key, fingerprint, answer, expires_at } = &record;
            rows::execute(connection, sql, params![user.as_str(), key, fingerprint, answer, expires_at.millis()]).map(|_| ())
        })
        .await
    }

    async fn forget_request(&self, user: &UserId, key: &str) -> Result<(), StoreError> {
        let (user, key) = (user.clone(), key.to_owned());
        self.write(move |connection| {
            rows::execute(connection, "DELETE FROM request WHERE user = ?1 AND key = ?2", params![user.as_str(), key]).map(|_| ())
        })
        .await
    }
}
