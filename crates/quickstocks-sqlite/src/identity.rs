use async_trait::async_trait;
use quickstocks_core::model::{InvalidTokenName, Timestamp, Token, TokenHash, TokenKind, TokenName, User, UserId, Watchlist};
use quickstocks_core::ports::{StoreError, TokenReader, TokenWriter, UserReader, UserWriter};
use rusqlite::{Connection, Row, params};

use crate::error::{Failure, corrupt};
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
            write_token(connection, "INSERT", &session)
        })
        .await
    }

    async fn remove_user(&self, user: &UserId) -> Result<(), StoreError> {
        let user = user.clone();
        // One transaction, so there is no half-way.
        self.write(move |connection| {
            for sql in [
                "DELETE FROM share WHERE user = ?1",
                "DELETE FROM watchlist WHERE user = ?1",
                "DELETE FROM preferences WHERE user = ?1",
                "DELETE FROM push_subscription WHERE user = ?1",
                "DELETE FROM push_order WHERE user = ?1",
                "DELETE FROM alert WHERE user = ?1",
                "DELETE FROM notification WHERE user = ?1",
                "DELETE FROM outbox WHERE user = ?1",
                "DELETE FROM action_token WHERE user = ?1",
                "DELETE FROM connection WHERE user = ?1",
                "DELETE FROM request WHERE user = ?1",
                "DELETE FROM user WHERE id = ?1",
            ] {
                rows::execute(connection, sql, [user.as_str()])?;
            }
            let hashes = rows::all(
                connection,
                "SELECT hash, kind, user, name, created_at, used_at, expires_at FROM token WHERE user = ?1",
                [user.as_str()],
                decode,
            )?;
            for token in hashes.iter().filter(|token| token.kind.is_listed()) {
                rows::execute(connection, "DELETE FROM token WHERE hash = ?1", [token.hash.as_str()])?;
            }
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl UserReader for SqliteStore {
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        let id = id.clone();
        self.read(move |connection| {
            rows::one(connection, "SELECT created_at FROM user WHERE id = ?1", [id.as_str()], |row| {
                Ok(User { id: id.clone(), created_at: rows::moment(row, "created_at")? })
            })
        })
        .await
    }
}

#[async_trait]
impl TokenReader for SqliteStore {
    async fn token(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let (hash, kind) = (hash.clone(), rows::to_word(kind)?);
        self.read(move |connection| {
            let sql = "SELECT hash, kind, user, name, created_at, used_at, expires_at FROM token
                WHERE hash = ?1 AND kind = ?2 AND expires_at > ?3";
            rows::one(connection, sql, params![hash.as_str(), kind, now.millis()], decode)
        })
        .await
    }

    async fn tokens_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<Token>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            let sql = "SELECT hash, kind, user, name, created_at, used_at, expires_at FROM token
                WHERE user = ?1 AND expires_at > ?2 ORDER BY created_at, hash";
            let mut tokens = rows::all(connection, sql, params![user.as_str(), now.millis()], decode)?;
            tokens.retain(|token| token.kind.is_listed());
            Ok(tokens)
        })
        .await
    }
}

#[async_trait]
impl TokenWriter for SqliteStore {
    async fn put(&self, token: &Token) -> Result<(), StoreError> {
        let token = token.clone();
        self.write(move |connection| write_token(connection, "INSERT OR REPLACE", &token)).await
    }

    async fn take(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let (hash, kind) = (hash.clone(), rows::to_word(kind)?);
        self.write(move |connection| {
            let sql = "DELETE FROM token WHERE hash = ?1 AND kind = ?2 AND expires_at > ?3
                RETURNING hash, kind, user, name, created_at, used_at, expires_at";
            rows::one(connection, sql, params![hash.as_str(), kind, now.millis()], decode)
        })
        .await
    }

    async fn extend(&self, hash: &TokenHash, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let hash = hash.clone();
        self.write(move |connection| {
            Ok(rows::execute(
                connection,
                "UPDATE token SET used_at = ?2, expires_at = ?3 WHERE hash = ?1",
                params![hash.as_str(), now.millis(), until.millis()],
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

/// `verb` says what is to happen when the token is there already.
fn write_token(connection: &Connection, verb: &str, token: &Token) -> Result<(), Failure> {
    let sql = format!(
        "{verb} INTO token (hash, kind, user, name, created_at, used_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    );
    let params = params![
        token.hash.as_str(),
        rows::to_word(token.kind)?,
        token.user.as_str(),
        token.name.as_ref().map(TokenName::as_str),
        token.created_at.millis(),
        token.used_at.millis(),
        token.expires_at.millis()
    ];
    rows::execute(connection, &sql, params).map(|_| ())
}

fn decode(row: &Row<'_>) -> Result<Token, Failure> {
    let hash = TokenHash::new(&row.get::<_, String>("hash")?);
    let item = || format!("the token {}", hash.as_str());
    let name: Option<String> = row.get("name")?;
    Ok(Token {
        kind: rows::from_word(row.get("kind")?, item)?,
        user: UserId::new(&row.get::<_, String>("user")?),
        name: name.map(|name| name.parse().map_err(|error: InvalidTokenName| corrupt(item(), error))).transpose()?,
        created_at: rows::moment(row, "created_at")?,
        used_at: rows::moment(row, "used_at")?,
        expires_at: rows::moment(row, "expires_at")?,
        hash,
    })
}
