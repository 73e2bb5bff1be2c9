use async_trait::async_trait;
use quickstocks_core::model::{StoredQuote, Symbol};
use quickstocks_core::ports::{QuoteReader, QuoteWrite, QuoteWriter, StoreError};
use rusqlite::Connection;

use crate::error::Failure;
use crate::{SqliteStore, rows};

#[async_trait]
impl QuoteReader for SqliteStore {
    async fn quotes(&self, symbols: &[Symbol]) -> Result<Vec<StoredQuote>, StoreError> {
        if symbols.is_empty() {
            return Ok(Vec::new());
        }
        // One parameter, however many symbols: SQLite has a limit of parameters, and a statement is prepared once.
        let symbols = rows::to_json(&symbols)?;
        self.read(move |connection| {
            let sql = "SELECT symbol, json FROM quote WHERE symbol IN (SELECT value FROM json_each(?1))";
            rows::all(connection, sql, [symbols], |row| {
                let symbol: String = row.get("symbol")?;
                rows::from_json(row, "json", || format!("the quote of {symbol}"))
            })
        })
        .await
    }
}

#[async_trait]
impl QuoteWriter for SqliteStore {
    async fn store(&self, quotes: &[StoredQuote]) -> Result<Vec<QuoteWrite>, StoreError> {
        if quotes.is_empty() {
            return Ok(Vec::new());
        }
        let quotes = quotes.to_vec();
        self.write(move |connection| {
            let mut outcomes = Vec::with_capacity(quotes.len());
            let mut first_failure = None;
            for quote in &quotes {
                outcomes.push(store_one(connection, quote).unwrap_or_else(|Failure(error)| {
                    tracing::warn!(error = &error as &dyn std::error::Error, quote.symbol = %quote.quote.symbol, "a quote could not be stored");
                    first_failure.get_or_insert(error);
                    QuoteWrite::Failed
                }));
            }
            match first_failure {
                // After some errors SQLite has given up the transaction, and the quotes before are not stored either.
                Some(error) if connection.is_autocommit() || outcomes.iter().all(|outcome| *outcome == QuoteWrite::Failed) => Err(Failure(error)),
                _ => Ok(outcomes),
            }
        })
        .await
    }
}

fn store_one(connection: &Connection, quote: &StoredQuote) -> Result<QuoteWrite, Failure> {
    let sql = "INSERT INTO quote (symbol, newest, tick, json) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (symbol) DO UPDATE SET newest = excluded.newest, tick = excluded.tick, json = excluded.json
        WHERE (excluded.newest, excluded.tick) >= (quote.newest, quote.tick)";
    let json = rows::to_json(quote)?;
    let params = (quote.quote.symbol.as_str(), quote.quote.newest().millis(), quote.tick.0.cast_signed(), json);
    let changed = rows::execute(connection, sql, params)?;
    Ok(if changed == 0 { QuoteWrite::Older } else { QuoteWrite::Stored })
}
