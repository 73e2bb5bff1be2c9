use async_trait::async_trait;
use quickstocks_core::model::{Lease, PollEntry, PollRecord, Shard, Symbol, Timestamp, Urgency, poll_shard};
use quickstocks_core::ports::{PollPage, PollSetReader, PollSetWriter, StoreError};
use rusqlite::{Row, params};

use crate::error::Failure;
use crate::{SqliteStore, rows};

/// How many entries a page has.
const PAGE: u32 = 100;

#[async_trait]
impl PollSetReader for SqliteStore {
    async fn page(&self, shard: Shard, after: Option<&Symbol>) -> Result<PollPage, StoreError> {
        // Every symbol comes after the empty text.
        let after = after.map(Symbol::as_str).unwrap_or_default().to_owned();
        self.read(move |connection| {
            let sql = "SELECT symbol, on_screen_until, armed_until, followed_until, polled_at, rests_at, missing
                FROM poll_entry WHERE shard = ?1 AND symbol > ?2 ORDER BY symbol LIMIT ?3";
            let entries = rows::all(connection, sql, params![shard.0, after, PAGE], entry)?;
            let next = if entries.len() == PAGE as usize { entries.last().map(|entry| entry.symbol.clone()) } else { None };
            Ok(PollPage { entries, next })
        })
        .await
    }
}

#[async_trait]
impl PollSetWriter for SqliteStore {
    async fn extend(&self, leases: &[Lease]) -> Result<(), StoreError> {
        if leases.is_empty() {
            return Ok(());
        }
        let leases = leases.to_vec();
        self.write(move |connection| {
            // `max` of two values is null when one of them is.
            let sql = "INSERT INTO poll_entry (shard, symbol, on_screen_until, armed_until, followed_until) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (shard, symbol) DO UPDATE SET
                on_screen_until = coalesce(max(on_screen_until, excluded.on_screen_until), on_screen_until, excluded.on_screen_until),
                armed_until = coalesce(max(armed_until, excluded.armed_until), armed_until, excluded.armed_until),
                followed_until = coalesce(max(followed_until, excluded.followed_until), followed_until, excluded.followed_until)";
            for Lease { symbol, urgency, until } in &leases {
                let of = |one: Urgency| (*urgency == one).then_some(until.millis());
                let (on_screen, armed, followed) = (of(Urgency::OnScreen), of(Urgency::Armed), of(Urgency::Followed));
                rows::execute(connection, sql, params![poll_shard(symbol).0, symbol.as_str(), on_screen, armed, followed])?;
            }
            Ok(())
        })
        .await
    }

    async fn end_followed(&self, symbols: &[Symbol], before: Timestamp) -> Result<(), StoreError> {
        let symbols = symbols.to_vec();
        self.write(move |connection| {
            let sql = "UPDATE poll_entry SET followed_until = NULL WHERE shard = ?1 AND symbol = ?2 AND followed_until < ?3";
            for symbol in &symbols {
                rows::execute(connection, sql, params![poll_shard(symbol).0, symbol.as_str(), before.millis()])?;
            }
            Ok(())
        })
        .await
    }

    async fn record(&self, records: &[PollRecord]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let records = records.to_vec();
        self.write(move |connection| {
            let sql = "UPDATE poll_entry SET polled_at = ?3, rests_at = ?4, missing = ?5 WHERE shard = ?1 AND symbol = ?2";
            for PollRecord { symbol, polled_at, rests_at, missing } in &records {
                let polled_at = polled_at.map(Timestamp::millis);
                let missing = missing.map(rows::to_word).transpose()?;
                rows::execute(connection, sql, params![poll_shard(symbol).0, symbol.as_str(), polled_at, rests_at, missing])?;
            }
            Ok(())
        })
        .await
    }
}

fn entry(row: &Row<'_>) -> Result<PollEntry, Failure> {
    let symbol = rows::symbol(row, "symbol")?;
    let missing = row.get::<_, Option<String>>("missing")?;
    Ok(PollEntry {
        on_screen_until: rows::moment_or_none(row, "on_screen_until")?,
        armed_until: rows::moment_or_none(row, "armed_until")?,
        followed_until: rows::moment_or_none(row, "followed_until")?,
        polled_at: rows::moment_or_none(row, "polled_at")?,
        rests_at: row.get("rests_at")?,
        missing: missing.map(|word| rows::from_word(word, || format!("the poll entry of {symbol}"))).transpose()?,
        symbol,
    })
}
