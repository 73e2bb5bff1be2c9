use std::collections::BTreeSet;

use async_trait::async_trait;
use quickstocks_core::model::{Connection, ConnectionId, Shard, Symbol, Timestamp, UserId, connection_shard};
use quickstocks_core::ports::{ConnectionPage, ConnectionReader, ConnectionWriter, StoreError};
use rusqlite::types::ToSql;
use rusqlite::{Row, params};

use crate::error::Failure;
use crate::{SqliteStore, rows};

/// How many connections a page has: some hundred kilobytes when each follows all it may.
const PAGE: u32 = 100;

#[async_trait]
impl ConnectionReader for SqliteStore {
    async fn page(&self, shard: Shard, after: Option<&ConnectionId>, now: Timestamp) -> Result<ConnectionPage, StoreError> {
        // Every id comes after the empty text.
        let after = after.map(ConnectionId::as_str).unwrap_or_default().to_owned();
        self.read(move |connection| {
            let sql = "SELECT id, user, listed, watched, paused, connected_at, leased_until
                FROM connection WHERE shard = ?1 AND id > ?2 AND expires_at > ?3 ORDER BY id LIMIT ?4";
            let connections = rows::all(connection, sql, params![shard.0, after, now.millis(), PAGE], decode)?;
            let next = if connections.len() == PAGE as usize {
                connections.last().map(|connection| connection.id.clone())
            } else {
                None
            };
            Ok(ConnectionPage { connections, next })
        })
        .await
    }

    async fn connection(&self, id: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        let id = id.clone();
        self.read(move |connection| {
            let sql = "SELECT id, user, listed, watched, paused, connected_at, leased_until
                FROM connection WHERE shard = ?1 AND id = ?2 AND expires_at > ?3";
            rows::one(connection, sql, params![connection_shard(&id).0, id.as_str(), now.millis()], decode)
        })
        .await
    }

    async fn connections_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<ConnectionId>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            let sql = "SELECT id FROM connection WHERE user = ?1 AND expires_at > ?2 ORDER BY id";
            rows::all(connection, sql, params![user.as_str(), now.millis()], |row| {
                Ok(ConnectionId::new(&row.get::<_, String>("id")?))
            })
        })
        .await
    }
}

#[async_trait]
impl ConnectionWriter for SqliteStore {
    async fn add(&self, added: &Connection) -> Result<(), StoreError> {
        let added = added.clone();
        self.write(move |connection| {
            let sql = "INSERT OR REPLACE INTO connection (shard, id, user, listed, watched, paused, connected_at, leased_until, expires_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            let params = params![
                connection_shard(&added.id).0,
                added.id.as_str(),
                added.user.as_str(),
                rows::to_json(&added.listed)?,
                rows::to_json(&added.watched)?,
                added.paused,
                added.connected_at.millis(),
                added.leased_until.map(Timestamp::millis),
                added.expires_at().millis(),
            ];
            rows::execute(connection, sql, params).map(|_| ())
        })
        .await
    }

    async fn remove(&self, id: &ConnectionId) -> Result<Option<UserId>, StoreError> {
        let id = id.clone();
        self.write(move |connection| {
            let sql = "DELETE FROM connection WHERE shard = ?1 AND id = ?2 RETURNING user";
            rows::one(connection, sql, params![connection_shard(&id).0, id.as_str()], |row| {
                Ok(UserId::new(&row.get::<_, String>("user")?))
            })
        })
        .await
    }

    async fn set_listed(&self, id: &ConnectionId, symbols: &BTreeSet<Symbol>) -> Result<bool, StoreError> {
        self.set(id, "UPDATE connection SET listed = ?3 WHERE shard = ?1 AND id = ?2", rows::to_json(symbols)?).await
    }

    async fn set_watched(&self, id: &ConnectionId, symbols: &BTreeSet<Symbol>) -> Result<bool, StoreError> {
        self.set(id, "UPDATE connection SET watched = ?3 WHERE shard = ?1 AND id = ?2", rows::to_json(symbols)?).await
    }

    async fn set_paused(&self, id: &ConnectionId, paused: bool) -> Result<bool, StoreError> {
        self.set(id, "UPDATE connection SET paused = ?3 WHERE shard = ?1 AND id = ?2", paused).await
    }

    async fn set_leased_until(&self, id: &ConnectionId, until: Timestamp) -> Result<bool, StoreError> {
        self.set(id, "UPDATE connection SET leased_until = ?3 WHERE shard = ?1 AND id = ?2", until.millis()).await
    }
}

impl SqliteStore {
    /// Sets one column of a connection; answers whether it was there.
    async fn set(&self, id: &ConnectionId, sql: &'static str, value: impl ToSql + Send + 'static) -> Result<bool, StoreError> {
        let id = id.clone();
        self.write(move |connection| {
            Ok(rows::execute(connection, sql, params![connection_shard(&id).0, id.as_str(), value])? == 1)
        })
        .await
    }
}

fn decode(row: &Row<'_>) -> Result<Connection, Failure> {
    let id = ConnectionId::new(&row.get::<_, String>("id")?);
    let symbols = |column| rows::from_json(row, column, || format!("the {column} symbols of connection {id}"));
    Ok(Connection {
        user: UserId::new(&row.get::<_, String>("user")?),
        listed: symbols("listed")?,
        watched: symbols("watched")?,
        paused: row.get("paused")?,
        connected_at: rows::moment(row, "connected_at")?,
        leased_until: rows::moment_or_none(row, "leased_until")?,
        id,
    })
}
