use async_trait::async_trait;
use quickstocks_core::model::{ListId, UserId, Watchlist};
use quickstocks_core::ports::{Change, StoreError, WatchlistReader, WatchlistWriter};
use rusqlite::{Connection, Row, params};

use crate::error::Failure;
use crate::{SqliteStore, rows, shares};

#[async_trait]
impl WatchlistReader for SqliteStore {
    async fn watchlists(&self, user: &UserId) -> Result<Vec<Watchlist>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            let sql = "SELECT id, name, symbols, notes, version, updated_at FROM watchlist WHERE user = ?1 ORDER BY id";
            rows::all(connection, sql, [user.as_str()], decode)
        })
        .await
    }

    async fn watchlist(&self, user: &UserId, id: &ListId) -> Result<Option<Watchlist>, StoreError> {
        let (user, id) = (user.clone(), id.clone());
        self.read(move |connection| {
            let sql = "SELECT id, name, symbols, notes, version, updated_at FROM watchlist WHERE user = ?1 AND id = ?2";
            rows::one(connection, sql, [user.as_str(), id.as_str()], decode)
        })
        .await
    }
}

#[async_trait]
impl WatchlistWriter for SqliteStore {
    async fn insert(&self, user: &UserId, list: &Watchlist) -> Result<Change, StoreError> {
        let (user, list) = (user.clone(), list.clone());
        self.write(move |connection| {
            if exists(connection, &user, &list.id)? {
                return Ok(Change::Conflict);
            }
            insert_new(connection, &user, &list)?;
            Ok(Change::Done)
        })
        .await
    }

    async fn replace(&self, user: &UserId, list: &Watchlist, expected: u64) -> Result<Change, StoreError> {
        let (user, list) = (user.clone(), list.clone());
        self.write(move |connection| {
            let sql = "UPDATE watchlist SET name = ?3, symbols = ?4, notes = ?5, version = ?6, updated_at = ?7
                WHERE user = ?1 AND id = ?2 AND version = ?8";
            let (symbols, notes) = (rows::to_json(&list.symbols)?, rows::to_json(&list.notes)?);
            let (version, expected) = (list.version.cast_signed(), expected.cast_signed());
            let params =
                params![user.as_str(), list.id.as_str(), list.name, symbols, notes, version, list.updated_at.millis(), expected];
            let changed = rows::execute(connection, sql, params)?;
            outcome(connection, &user, &list.id, changed)
        })
        .await
    }

    async fn delete(&self, user: &UserId, id: &ListId, expected: Option<u64>) -> Result<Change, StoreError> {
        let (user, id) = (user.clone(), id.clone());
        self.write(move |connection| {
            let sql = "DELETE FROM watchlist WHERE user = ?1 AND id = ?2 AND version = ifnull(?3, version)";
            let changed = rows::execute(connection, sql, params![user.as_str(), id.as_str(), expected.map(u64::cast_signed)])?;
            if changed > 0 {
                shares::end(connection, &user, &id)?;
            }
            outcome(connection, &user, &id, changed)
        })
        .await
    }
}

/// Adds a list. It is an error when the user has one of that id.
pub(crate) fn insert_new(connection: &Connection, user: &UserId, list: &Watchlist) -> Result<(), Failure> {
    let sql = "INSERT INTO watchlist (user, id, name, symbols, notes, version, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (symbols, notes, version) = (rows::to_json(&list.symbols)?, rows::to_json(&list.notes)?, list.version.cast_signed());
    rows::execute(
        connection,
        sql,
        params![user.as_str(), list.id.as_str(), list.name, symbols, notes, version, list.updated_at.millis()],
    )
    .map(|_| ())
}

/// What a conditional change came to that changed so many rows.
fn outcome(connection: &Connection, user: &UserId, id: &ListId, changed: usize) -> Result<Change, Failure> {
    Ok(match changed {
        0 if exists(connection, user, id)? => Change::Conflict,
        0 => Change::Missing,
        _ => Change::Done,
    })
}

pub(crate) fn exists(connection: &Connection, user: &UserId, id: &ListId) -> Result<bool, Failure> {
    let found =
        rows::one(connection, "SELECT 1 FROM watchlist WHERE user = ?1 AND id = ?2", [user.as_str(), id.as_str()], |_| Ok(()))?;
    Ok(found.is_some())
}

fn decode(row: &Row<'_>) -> Result<Watchlist, Failure> {
    let id = ListId::new(&row.get::<_, String>("id")?);
    Ok(Watchlist {
        name: row.get("name")?,
        symbols: rows::from_json(row, "symbols", || format!("the symbols of list {id}"))?,
        notes: rows::from_json(row, "notes", || format!("the notes of list {id}"))?,
        // Bits kept: 64 of them, which SQLite takes for signed.
        version: row.get::<_, i64>("version")?.cast_unsigned(),
        updated_at: rows::moment(row, "updated_at")?,
        id,
    })
}
