#![doc = include_str!("../README.md")]

mod alerts;
mod backup;
mod begin;
mod connections;
mod error;
mod identity;
mod notifications;
mod open;
mod poll_set;
mod preferences;
mod push;
mod quotes;
mod readers;
mod requests;
mod restore;
mod rows;
mod schema;
mod shares;
mod source_state;
mod sweep;
mod watchlists;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use quickstocks_core::model::{NOTIFICATION_LIFETIME, Timestamp};
use quickstocks_core::ports::StoreError;
use rusqlite::Connection;

pub use backup::{BackupError, back_up};
use error::Failure;
pub use open::OpenError;
use readers::Readers;
pub use restore::{RestoreError, restore};
use writer::Writer;

/// Every store port on one SQLite database.
///
/// Dropping it waits until the writes that were handed over are done.
pub struct SqliteStore {
    writer: Writer,
    /// None for a database in memory, which only the connection that made it can see: reads then go through the writer.
    readers: Option<Arc<Readers>>,
}

/// How many rows [`SqliteStore::purge`] deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Connections older than a connection can get.
    pub connections: usize,
    /// Sessions and tickets that had stopped being good.
    pub tokens: usize,
    /// Requests that need not be remembered any more.
    pub requests: usize,
    /// Notifications that were in the inbox for long enough.
    pub notifications: usize,
    /// Tokens of actions that had stopped being good.
    pub actions: usize,
    /// Counts of events whose window is over.
    pub events: usize,
    /// Symbols of the poll set that nobody wanted any more.
    pub symbols: usize,
    /// Hours whose calls and orders count for nothing any more.
    pub hours: usize,
}

impl SqliteStore {
    /// Opens the database in that file, making it when there is none (readable by its owner only: it holds sessions) and
    /// bringing it up to date when it is of an older version. Blocks; meant for the start of the program.
    ///
    /// # Errors
    /// [`OpenError`], each with a sentence that says what to do.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let opened = open::open(path.as_ref())?;
        let writer =
            Writer::start(opened.writer, Some(opened.lock)).map_err(|source| OpenError::unusable(path.as_ref(), source))?;
        Ok(Self { writer, readers: Some(Arc::new(Readers::new(opened.readers))) })
    }

    /// A database in memory, gone when it is dropped.
    ///
    /// # Errors
    /// [`OpenError`] when there is no memory or no thread for it.
    pub fn open_in_memory() -> Result<Self, OpenError> {
        let writer =
            Writer::start(open::in_memory()?, None).map_err(|source| OpenError::unusable(Path::new(":memory:"), source))?;
        Ok(Self { writer, readers: None })
    }

    /// Deletes what has run out at `now`: to be called every hour or so. What has run out is never answered before either.
    pub async fn purge(&self, now: Timestamp) -> Result<Purged, StoreError> {
        /// A day is more than anybody looks back at the calls of an hour.
        const HOURS_KEPT: i64 = 24;
        let hour = now.seconds().div_euclid(3600);
        self.write(move |connection| {
            let run_out = |sql| rows::execute(connection, sql, [now.millis()]);
            Ok(Purged {
                connections: run_out("DELETE FROM connection WHERE expires_at <= ?1")?,
                tokens: run_out("DELETE FROM token WHERE expires_at <= ?1")?,
                requests: run_out("DELETE FROM request WHERE expires_at <= ?1")?,
                notifications: rows::execute(
                    connection,
                    "DELETE FROM notification WHERE created_at <= ?1",
                    [(now - NOTIFICATION_LIFETIME).millis()],
                )?,
                actions: run_out("DELETE FROM action_token WHERE expires_at <= ?1")?,
                events: run_out("DELETE FROM event_count WHERE until <= ?1")?,
                symbols: run_out(
                    "DELETE FROM poll_entry WHERE ifnull(on_screen_until, ?1) <= ?1 AND ifnull(armed_until, ?1) <= ?1 AND ifnull(followed_until, ?1) <= ?1",
                )?,
                hours: rows::execute(connection, "DELETE FROM source_calls WHERE hour < ?1", [hour - HOURS_KEPT])?
                    + rows::execute(connection, "DELETE FROM push_order WHERE hour < ?1", [hour - HOURS_KEPT])?,
            })
        })
        .await
    }

    /// Runs a query.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.readers {
            Some(readers) => Arc::clone(readers).read(query).await,
            None => self.writer.write(query).await,
        }
    }

    /// Makes a change, whole or not at all; when it answers, the change is on the disk.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work).await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
