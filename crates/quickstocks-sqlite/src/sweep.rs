use async_trait::async_trait;
use quickstocks_core::model::{Follower, FollowerCursor, SweepState, Symbol, Timestamp, TokenKind, UserId};
use quickstocks_core::ports::{FollowerPage, StoreError, SweepReader, SweepWriter, WatchlistScan};
use rusqlite::{Connection, params};

use crate::error::Failure;
use crate::{SqliteStore, rows};

/// How many users a page has.
const PAGE: u32 = 100;

#[async_trait]
impl WatchlistScan for SqliteStore {
    async fn followers(&self, after: Option<&FollowerCursor>, now: Timestamp) -> Result<FollowerPage, StoreError> {
        // Every user comes after the empty text.
        let after = after.map(FollowerCursor::as_str).unwrap_or_default().to_owned();
        self.read(move |connection| {
            let sql = "SELECT DISTINCT user FROM watchlist WHERE user > ?1 ORDER BY user LIMIT ?2";
            let users = rows::all(connection, sql, params![after, PAGE], |row| Ok(UserId::new(&row.get::<_, String>("user")?)))?;
            let next =
                if users.len() == PAGE as usize { users.last().map(|user| FollowerCursor::new(user.as_str())) } else { None };
            let followers = users.into_iter().map(|user| follower(connection, user, now)).collect::<Result<_, _>>()?;
            Ok(FollowerPage { followers, next })
        })
        .await
    }
}

fn follower(connection: &Connection, user: UserId, now: Timestamp) -> Result<Follower, Failure> {
    let lists: Vec<Vec<Symbol>> =
        rows::all(connection, "SELECT symbols FROM watchlist WHERE user = ?1", [user.as_str()], |row| {
            rows::from_json(row, "symbols", || format!("the symbols of a list of user {user}"))
        })?;
    let last_used: Vec<(TokenKind, Timestamp)> = rows::all(
        connection,
        "SELECT kind, used_at FROM token WHERE user = ?1 AND expires_at > ?2",
        params![user.as_str(), now.millis()],
        |row| {
            let kind = rows::from_word(row.get("kind")?, || format!("the kind of a token of user {user}"))?;
            Ok((kind, rows::moment(row, "used_at")?))
        },
    )?;
    let seen_at = last_used.into_iter().filter(|(kind, _)| kind.is_listed()).map(|(_, used_at)| used_at).max();
    Ok(Follower { user, symbols: lists.into_iter().flatten().collect(), seen_at })
}

#[async_trait]
impl SweepReader for SqliteStore {
    async fn sweep(&self) -> Result<SweepState, StoreError> {
        self.read(|connection| {
            let state = rows::one(connection, "SELECT json FROM sweep", [], |row| {
                rows::from_json(row, "json", || "the state of the sweep".to_owned())
            })?;
            Ok(state.unwrap_or_default())
        })
        .await
    }
}

#[async_trait]
impl SweepWriter for SqliteStore {
    async fn put_sweep(&self, state: &SweepState) -> Result<(), StoreError> {
        let json = rows::to_json(state)?;
        self.write(move |connection| {
            let sql = "INSERT INTO sweep (one, json) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET json = excluded.json";
            rows::execute(connection, sql, [json]).map(|_| ())
        })
        .await
    }
}
