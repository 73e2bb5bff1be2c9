use async_trait::async_trait;
use quickstocks_core::model::{Breaker, SourceSession, SourceStatus, TickNumber};
use quickstocks_core::ports::{CallCounter, SourceGate, SourceStatusReader, SourceStatusWriter, StoreError};
use rusqlite::{Connection, Params, Row, params};

use crate::error::{Failure, corrupt};
use crate::{SqliteStore, rows};

#[async_trait]
impl SourceGate for SqliteStore {
    async fn session(&self) -> Result<Option<SourceSession>, StoreError> {
        self.read(|connection| {
            the_row(connection, "SELECT session_cookie, session_crumb, session_fetched_at FROM source", [], |row| {
                let Some(cookie) = row.get("session_cookie")? else { return Ok(None) };
                Ok(Some(SourceSession {
                    cookie,
                    crumb: row.get("session_crumb")?,
                    fetched_at: rows::moment(row, "session_fetched_at")?,
                }))
            })
        })
        .await
    }

    async fn put_session(&self, session: &SourceSession) -> Result<(), StoreError> {
        let session = session.clone();
        self.write(move |connection| {
            let sql = "UPDATE source SET session_cookie = ?1, session_crumb = ?2, session_fetched_at = ?3";
            rows::execute(connection, sql, params![session.cookie, session.crumb, session.fetched_at.millis()]).map(|_| ())
        })
        .await
    }

    async fn drop_session(&self, session: &SourceSession) -> Result<(), StoreError> {
        let session = session.clone();
        self.write(move |connection| {
            let sql = "UPDATE source SET session_cookie = NULL, session_crumb = NULL, session_fetched_at = NULL
                WHERE session_cookie = ?1 AND session_crumb = ?2 AND session_fetched_at = ?3";
            rows::execute(connection, sql, params![session.cookie, session.crumb, session.fetched_at.millis()]).map(|_| ())
        })
        .await
    }

    async fn breaker(&self) -> Result<Breaker, StoreError> {
        self.read(|connection| {
            the_row(connection, "SELECT breaker_trips, breaker_open_until FROM source", [], |row| {
                Ok(Breaker { trips: row.get("breaker_trips")?, open_until: rows::moment(row, "breaker_open_until")? })
            })
        })
        .await
    }

    async fn swap_breaker(&self, expected: &Breaker, new: &Breaker) -> Result<bool, StoreError> {
        let (expected, new) = (expected.clone(), new.clone());
        self.write(move |connection| {
            let sql = "UPDATE source SET breaker_trips = ?1, breaker_open_until = ?2 WHERE breaker_trips = ?3 AND breaker_open_until = ?4";
            let params = params![new.trips, new.open_until.millis(), expected.trips, expected.open_until.millis()];
            Ok(rows::execute(connection, sql, params)? == 1)
        })
        .await
    }
}

#[async_trait]
impl CallCounter for SqliteStore {
    async fn add_calls(&self, hour: i64, calls: u32) -> Result<u32, StoreError> {
        self.write(move |connection| {
            let sql = "INSERT INTO source_calls (hour, calls) VALUES (?1, ?2)
                ON CONFLICT (hour) DO UPDATE SET calls = min(calls + excluded.calls, ?3) RETURNING calls";
            the_row(connection, sql, params![hour, calls, u32::MAX], |row| Ok(row.get("calls")?))
        })
        .await
    }

    async fn calls(&self, hour: i64) -> Result<u32, StoreError> {
        self.read(move |connection| {
            let calls =
                rows::one(connection, "SELECT calls FROM source_calls WHERE hour = ?1", [hour], |row| Ok(row.get("calls")?))?;
            Ok(calls.unwrap_or_default())
        })
        .await
    }
}

#[async_trait]
impl SourceStatusReader for SqliteStore {
    async fn status(&self) -> Result<SourceStatus, StoreError> {
        self.read(|connection| {
            let sql = "SELECT status FROM source WHERE status IS NOT NULL";
            let status =
                rows::one(connection, sql, [], |row| rows::from_json(row, "status", || "the status of the source".to_owned()))?;
            Ok(status.unwrap_or_default())
        })
        .await
    }
}

#[async_trait]
impl SourceStatusWriter for SqliteStore {
    async fn next_tick(&self) -> Result<TickNumber, StoreError> {
        self.write(|connection| {
            the_row(connection, "UPDATE source SET last_tick = last_tick + 1 RETURNING last_tick", [], |row| {
                Ok(TickNumber(row.get::<_, i64>("last_tick")?.cast_unsigned()))
            })
        })
        .await
    }

    async fn put_status(&self, status: &SourceStatus) -> Result<(), StoreError> {
        let (tick, json) = (status.tick.0.cast_signed(), rows::to_json(status)?);
        self.write(move |connection| {
            rows::execute(
                connection,
                "UPDATE source SET status_tick = ?1, status = ?2 WHERE status_tick <= ?1",
                params![tick, json],
            )
            .map(|_| ())
        })
        .await
    }
}

/// The row a statement always has.
fn the_row<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    decode: impl FnOnce(&Row<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let row = rows::one(connection, sql, params, decode)?;
    Ok(row.ok_or_else(|| corrupt("the row of the source", "it is not there"))?)
}
