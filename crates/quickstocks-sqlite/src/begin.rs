use rusqlite::params;

use quickstocks_core::ports::StoreError;

use crate::{SqliteStore, rows};

impl SqliteStore {
    /// What a process does first: forgets the connections of the process before it, whose sockets are gone, and, when prices
    /// now come from another source than before, what came from that one: quotes, session, breaker, status, counted calls
    /// and what the poll set noted. Otherwise a newer made-up price would hide an older real one for good. People, lists,
    /// what they want polled, and the number of the last tick stay. Answers whether the source is another one.
    ///
    /// `source` names where prices come from; two names that differ are two sources.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has been forgotten then.
    pub async fn begin(&self, source: &str) -> Result<bool, StoreError> {
        let source = source.to_owned();
        self.write(move |connection| {
            rows::execute(connection, "DELETE FROM connection", [])?;
            let sql = "UPDATE source SET name = ?1, session_cookie = NULL, session_crumb = NULL, session_fetched_at = NULL,
                breaker_trips = 0, breaker_open_until = 0, status_tick = 0, status = NULL
                WHERE name IS NOT ?1";
            let another = rows::execute(connection, sql, params![source])? == 1;
            if another {
                rows::execute(connection, "DELETE FROM quote", [])?;
                rows::execute(connection, "DELETE FROM source_calls", [])?;
                rows::execute(connection, "UPDATE poll_entry SET polled_at = NULL, rests_at = NULL, missing = NULL", [])?;
            }
            Ok(another)
        })
        .await
    }
}
