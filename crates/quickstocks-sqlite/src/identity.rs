use async_trait::async_trait;
use quickstocks_core::model::{Timestamp, Token, TokenHash, TokenKind, User, UserId, Watchlist};
use quickstocks_core::ports::{StoreError, TokenReader, TokenWriter, UserWriter};
use rusqlite::{Connection, Row, params};

use crate::error::Failure;
use crate::{SqliteStore, rows, watchlists};

#[async_trait]
impl UserWriter for SqliteStore {
    async fn create(&self, user: &User, list: &Watchlist, session: &Token) -> Result<(), StoreError> {
        let (user, list, session) = (user.clone(), list.clone(), session.clone());
        self.write(move |connection| {
            // Plain inserts: what is there already makes them fail, and the whole write with them.
            rows::execute(
                connection,
                "INSERT INTO user (id, created_at) VALUES (?1, ?2)",
                params![user.id.as_str(), user.created_at.millis()],
            )?;
            watchlists::insert_new(connection, &user.id, &list)?;
            write_token(connection, "INSERT INTO token (hash, kind, user, expires_at) VALUES (?1, ?2, ?3, ?4)", &session)
        })
        .await
    }
}

#[async_trait]
impl TokenReader for SqliteStore {
    async fn token(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let (hash, kind) = (hash.clone(), rows::to_word(kind)?);
        self.read(move |connection| {
            let sql = "SELECT hash, kind, user, expires_at FROM token WHERE hash = ?1 AND kind = ?2 AND expires_at > ?3";
            rows::one(connection, sql, params![hash.as_str(), kind, now.millis()], decode)
        })
        .await
    }
}

#[async_trait]
impl TokenWriter for SqliteStore {
    async fn put(&self, token: &Token) -> Result<(), StoreError> {
        let token = token.clone();
        self.write(move |connection| {
            write_token(connection, "INSERT OR REPLACE INTO token (hash, kind, user, expires_at) VALUES (?1, ?2, ?3, ?4)", &token)
        })
        .await
    }

    async fn take(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let (hash, kind) = (hash.clone(), rows::to_word(kind)?);
        self.write(move |connection| {
            let sql =
                "DELETE FROM token WHERE hash = ?1 AND kind = ?2 AND expires_at > ?3 RETURNING hash, kind, user, expires_at";
            rows::one(connection, sql, params![hash.as_str(), kind, now.millis()], decode)
        })
        .await
    }

    async fn extend(&self, hash: &TokenHash, until: Timestamp) -> Result<bool, StoreError> {
        let hash = hash.clone();
        self.write(move |connection| {
            Ok(rows::execute(
                connection,
                "UPDATE token SET expires_at = ?2 WHERE hash = ?1",
                params![hash.as_str(), until.millis()],
            )? == 1)
        })
        .await
    }

    async fn delete(&self, hash: &TokenHash) -> Result<(), StoreError> {
        let hash = hash.clone();
        self.write(move |connection| rows::execute(connection, "DELETE FROM token WHERE hash = ?1", [hash.as_str()]).map(|_| ()))
            .await
    }
}

fn write_token(connection: &Connection, sql: &str, token: &Token) -> Result<(), Failure> {
    let params = params![token.hash.as_str(), rows::to_word(token.kind)?, token.user.as_str(), token.expires_at.millis()];
    rows::execute(connection, sql, params).map(|_| ())
}

fn decode(row: &Row<'_>) -> Result<Token, Failure> {
    let hash = TokenHash::new(&row.get::<_, String>("hash")?);
    Ok(Token {
        kind: rows::from_word(row.get("kind")?, || format!("the token {}", hash.as_str()))?,
        user: UserId::new(&row.get::<_, String>("user")?),
        expires_at: rows::moment(row, "expires_at")?,
        hash,
    })
}
