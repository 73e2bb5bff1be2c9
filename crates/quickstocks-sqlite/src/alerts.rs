use async_trait::async_trait;
use quickstocks_core::model::{ActionToken, Alert, AlertId, FollowerCursor, Notification, Symbol, Timestamp, TokenHash, UserId};
use quickstocks_core::ports::{ActionTokens, AlertReader, AlertWriter, ArmedPage, ArmedScan, Change, StoreError};
use rusqlite::{Row, params};

use crate::error::Failure;
use crate::{SqliteStore, notifications, rows};

/// How many symbols a page of the scan has.
const PAGE: u32 = 100;

fn decode(row: &Row<'_>) -> Result<Alert, Failure> {
    let id: String = row.get("id")?;
    rows::from_json(row, "json", || format!("the alert {id}"))
}

#[async_trait]
impl AlertReader for SqliteStore {
    async fn alerts(&self, user: &UserId) -> Result<Vec<Alert>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            let sql = "SELECT id, json FROM alert WHERE user = ?1 ORDER BY created_at, id";
            rows::all(connection, sql, [user.as_str()], decode)
        })
        .await
    }

    async fn alert(&self, user: &UserId, id: &AlertId) -> Result<Option<Alert>, StoreError> {
        let (user, id) = (user.clone(), id.clone());
        self.read(move |connection| {
            let sql = "SELECT id, json FROM alert WHERE user = ?1 AND id = ?2";
            rows::one(connection, sql, params![user.as_str(), id.as_str()], decode)
        })
        .await
    }

    async fn armed_alerts(&self, symbols: &[Symbol]) -> Result<Vec<Alert>, StoreError> {
        let mut symbols = symbols.to_vec();
        symbols.sort();
        symbols.dedup();
        self.read(move |connection| {
            let sql = "SELECT id, json FROM alert WHERE symbol = ?1 AND watched = 1";
            let mut armed = Vec::new();
            for symbol in &symbols {
                armed.extend(rows::all(connection, sql, [symbol.as_str()], decode)?);
            }
            Ok(armed)
        })
        .await
    }
}

#[async_trait]
impl AlertWriter for SqliteStore {
    async fn insert_alert(&self, alert: &Alert) -> Result<Change, StoreError> {
        let (alert, json) = (alert.clone(), rows::to_json(alert)?);
        self.write(move |connection| {
            let sql =
                "INSERT INTO alert (user, id, symbol, watched, revision, created_at, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                ON CONFLICT DO NOTHING";
            let Alert { user, id, symbol, state, revision, created_at, .. } = &alert;
            let watched = state.status.is_watched();
            let params =
                params![user.as_str(), id.as_str(), symbol.as_str(), watched, revision.cast_signed(), created_at.millis(), json];
            Ok(if rows::execute(connection, sql, params)? == 1 { Change::Done } else { Change::Conflict })
        })
        .await
    }

    async fn write_alert(&self, alert: &Alert, expected: u64, notices: &[Notification]) -> Result<bool, StoreError> {
        let (alert, json) = (alert.clone(), rows::to_json(alert)?);
        let notices = notices.iter().map(notifications::NoticeRow::of).collect::<Result<Vec<_>, _>>()?;
        self.write(move |connection| {
            let sql = "UPDATE alert SET watched = ?4, revision = ?5, json = ?6 WHERE user = ?1 AND id = ?2 AND revision = ?3";
            let Alert { user, id, state, revision, .. } = &alert;
            let (expected, revision) = (expected.cast_signed(), revision.cast_signed());
            let params = params![user.as_str(), id.as_str(), expected, state.status.is_watched(), revision, json];
            if rows::execute(connection, sql, params)? == 0 {
                return Ok(false);
            }
            for notice in &notices {
                notice.insert(connection)?;
            }
            Ok(true)
        })
        .await
    }

    async fn delete_alert(&self, user: &UserId, id: &AlertId) -> Result<bool, StoreError> {
        let (user, id) = (user.clone(), id.clone());
        self.write(move |connection| {
            let sql = "DELETE FROM alert WHERE user = ?1 AND id = ?2";
            Ok(rows::execute(connection, sql, params![user.as_str(), id.as_str()])? == 1)
        })
        .await
    }
}

#[async_trait]
impl ActionTokens for SqliteStore {
    async fn put_action(&self, token: &ActionToken) -> Result<(), StoreError> {
        let (token, alerts) = (token.clone(), rows::to_json(&token.alerts)?);
        self.write(move |connection| {
            let sql = "INSERT OR REPLACE INTO action_token (hash, user, alerts, expires_at) VALUES (?1, ?2, ?3, ?4)";
            let params = params![token.hash.as_str(), token.user.as_str(), alerts, token.expires_at.millis()];
            rows::execute(connection, sql, params).map(|_| ())
        })
        .await
    }

    async fn take_action(&self, hash: &TokenHash, now: Timestamp) -> Result<Option<ActionToken>, StoreError> {
        let hash = hash.clone();
        self.write(move |connection| {
            let sql = "DELETE FROM action_token WHERE hash = ?1 AND expires_at > ?2 RETURNING user, alerts, expires_at";
            rows::one(connection, sql, params![hash.as_str(), now.millis()], |row| {
                Ok(ActionToken {
                    hash: hash.clone(),
                    user: UserId::new(&row.get::<_, String>("user")?),
                    alerts: rows::from_json(row, "alerts", || "the alerts of an action's token".to_owned())?,
                    expires_at: rows::moment(row, "expires_at")?,
                })
            })
        })
        .await
    }
}

#[async_trait]
impl ArmedScan for SqliteStore {
    async fn armed_symbols(&self, after: Option<&FollowerCursor>) -> Result<ArmedPage, StoreError> {
        // Every symbol comes after the empty text.
        let after = after.map(FollowerCursor::as_str).unwrap_or_default().to_owned();
        self.read(move |connection| {
            let sql = "SELECT DISTINCT symbol FROM alert WHERE watched = 1 AND symbol > ?1 ORDER BY symbol LIMIT ?2";
            let symbols = rows::all(connection, sql, params![after, PAGE], |row| rows::symbol(row, "symbol"))?;
            let full = symbols.len() == PAGE as usize;
            let next = symbols.last().filter(|_| full).map(|last| FollowerCursor::new(last.as_str()));
            Ok(ArmedPage { symbols, next })
        })
        .await
    }
}
