use async_trait::async_trait;
use quickstocks_core::model::{ListId, Secret, Share, TokenHash, UserId};
use quickstocks_core::ports::{ShareReader, ShareWrite, ShareWriter, StoreError};
use rusqlite::{Connection, Row, params};

use crate::error::{Failure, corrupt};
use crate::{SqliteStore, rows, watchlists};

#[async_trait]
impl ShareReader for SqliteStore {
    async fn share(&self, user: &UserId, list: &ListId) -> Result<Option<Share>, StoreError> {
        let (user, list) = (user.clone(), list.clone());
        self.read(move |connection| find(connection, &user, &list)).await
    }

    async fn shares(&self, user: &UserId) -> Result<Vec<Share>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            let sql = "SELECT user, list, token, created_at FROM share WHERE user = ?1 ORDER BY list";
            rows::all(connection, sql, [user.as_str()], decode)
        })
        .await
    }

    async fn shared_list(&self, token: &TokenHash) -> Result<Option<(UserId, ListId)>, StoreError> {
        let token = token.clone();
        self.read(move |connection| {
            rows::one(connection, "SELECT user, list FROM share WHERE hash = ?1", [token.as_str()], |row| {
                Ok((UserId::new(&row.get::<_, String>("user")?), ListId::new(&row.get::<_, String>("list")?)))
            })
        })
        .await
    }
}

#[async_trait]
impl ShareWriter for SqliteStore {
    async fn put_share(&self, share: &Share) -> Result<ShareWrite, StoreError> {
        let share = share.clone();
        self.write(move |connection| {
            let Share { token, user, list, created_at } = &share;
            if let Some(there) = find(connection, user, list)? {
                return Ok(ShareWrite::There(there));
            }
            if !watchlists::exists(connection, user, list)? {
                return Ok(ShareWrite::NoList);
            }
            let sql = "INSERT INTO share (user, list, token, hash, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
            let hash = token.hash();
            let params = params![user.as_str(), list.as_str(), token.reveal(), hash.as_str(), created_at.millis()];
            rows::execute(connection, sql, params)?;
            Ok(ShareWrite::Made)
        })
        .await
    }

    async fn end_share(&self, user: &UserId, list: &ListId) -> Result<bool, StoreError> {
        let (user, list) = (user.clone(), list.clone());
        self.write(move |connection| end(connection, &user, &list)).await
    }
}

/// Ends the link to a list; answers whether there was one.
pub(crate) fn end(connection: &Connection, user: &UserId, list: &ListId) -> Result<bool, Failure> {
    let ended = rows::execute(connection, "DELETE FROM share WHERE user = ?1 AND list = ?2", [user.as_str(), list.as_str()])?;
    Ok(ended > 0)
}

fn find(connection: &Connection, user: &UserId, list: &ListId) -> Result<Option<Share>, Failure> {
    let sql = "SELECT user, list, token, created_at FROM share WHERE user = ?1 AND list = ?2";
    rows::one(connection, sql, [user.as_str(), list.as_str()], decode)
}

fn decode(row: &Row<'_>) -> Result<Share, Failure> {
    let list = ListId::new(&row.get::<_, String>("list")?);
    let token = Secret::parse(&row.get::<_, String>("token")?);
    Ok(Share {
        token: token.map_err(|error| corrupt(format!("the link to list {list}"), error))?,
        user: UserId::new(&row.get::<_, String>("user")?),
        created_at: rows::moment(row, "created_at")?,
        list,
    })
}
