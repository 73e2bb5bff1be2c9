use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use quickstocks_core::model::{CONNECTION_LIFETIME, Connection, ConnectionId, Shard, Symbol, Timestamp, UserId};
use quickstocks_core::ports::{ConnectionPage, ConnectionReader, ConnectionWriter, StoreError};
use serde::{Deserialize, Serialize};

use super::DynamoStore;
use super::item::{corrupt, number, read, sort_key, symbols, text, write};
use super::keys::{CONNECTION_PREFIX, Item, Key, connection_partition, user_partition};
use crate::error::{conditional, store_error};

#[derive(Serialize, Deserialize)]
struct ConnectionRow {
    user: UserId,
    #[serde(with = "symbols")]
    listed: BTreeSet<Symbol>,
    #[serde(with = "symbols")]
    watched: BTreeSet<Symbol>,
    paused: bool,
    connected_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    leased_until: Option<Timestamp>,
    ttl: i64,
}

/// The row under the user. It says only that the connection is there and until when.
#[derive(Serialize, Deserialize)]
struct UsersConnectionRow {
    connected_at: Timestamp,
    ttl: i64,
}

fn to_items(connection: &Connection) -> Result<[Item; 2], StoreError> {
    let ttl = connection.expires_at().seconds();
    let Connection { id, user, listed, watched, paused, connected_at, leased_until } = connection.clone();
    let of_user = write(&Key::users_connection(&user, &id), &UsersConnectionRow { connected_at, ttl })?;
    let row = ConnectionRow { user, listed, watched, paused, connected_at, leased_until, ttl };
    Ok([write(&Key::connection(&id), &row)?, of_user])
}

fn from_item(item: Item) -> Result<Connection, StoreError> {
    let id = ConnectionId::new(sort_key(&item)?);
    let ConnectionRow { user, listed, watched, paused, connected_at, leased_until, .. } = read(item)?;
    Ok(Connection { id, user, listed, watched, paused, connected_at, leased_until })
}

#[async_trait]
impl ConnectionReader for DynamoStore {
    /// Read eventually consistent, at half the price of the read that costs most: a connection that opened this very moment gets
    /// its prices from its own `hello`.
    async fn page(&self, shard: Shard, after: Option<&ConnectionId>, now: Timestamp) -> Result<ConnectionPage, StoreError> {
        let start = after.map(|id| Key { pk: connection_partition(shard), sk: id.to_string() }.attributes());
        let query = self.query(connection_partition(shard)).set_exclusive_start_key(start);
        let answer = query.send().await.map_err(store_error)?;
        let next = answer.last_evaluated_key.as_ref().map(|key| sort_key(key).map(ConnectionId::new)).transpose()?;
        let mut connections = answer.items.unwrap_or_default().into_iter().map(from_item).collect::<Result<Vec<_>, _>>()?;
        connections.retain(|connection| connection.expires_at() > now);
        Ok(ConnectionPage { connections, next })
    }

    async fn connection(&self, id: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        let answer = self.get(&Key::connection(id)).send().await.map_err(store_error)?;
        let connection = answer.item.map(from_item).transpose()?;
        Ok(connection.filter(|connection| connection.expires_at() > now))
    }

    /// Read as written last, so that a list edit misses no connection that opened before it.
    async fn connections_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<ConnectionId>, StoreError> {
        let query = self
            .query(user_partition(user))
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :connection)")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_values(":connection", text(CONNECTION_PREFIX))
            .consistent_read(true);
        let mut ids = Vec::new();
        for item in self.query_all(query).await? {
            let id = match sort_key(&item)?.strip_prefix(CONNECTION_PREFIX) {
                Some(id) => ConnectionId::new(id),
                None => return Err(corrupt(&item, "its sort key is not that of a connection")),
            };
            let row: UsersConnectionRow = read(item)?;
            if row.connected_at + CONNECTION_LIFETIME > now {
                ids.push(id);
            }
        }
        Ok(ids)
    }
}

#[async_trait]
impl ConnectionWriter for DynamoStore {
    async fn add(&self, connection: &Connection) -> Result<(), StoreError> {
        self.transact(to_items(connection)?.map(|item| self.put_in_transaction(item))).await
    }

    /// Two deletes, not a transaction: whose connection it is stands only in the row that the first one deletes. If the second
    /// fails, the user's row names a connection that is not there until it expires, which every setter takes in its stride.
    async fn remove(&self, id: &ConnectionId) -> Result<Option<UserId>, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::connection(id).attributes()))
            .return_values(ReturnValue::AllOld);
        let Some(item) = delete.send().await.map_err(store_error)?.attributes else { return Ok(None) };
        let user = from_item(item)?.user;
        let delete =
            self.client.delete_item().table_name(&self.table).set_key(Some(Key::users_connection(&user, id).attributes()));
        delete.send().await.map_err(store_error)?;
        Ok(Some(user))
    }

    async fn set_listed(&self, id: &ConnectionId, symbols: &BTreeSet<Symbol>) -> Result<bool, StoreError> {
        self.set(id, "listed", text(symbols::join(symbols))).await
    }

    async fn set_watched(&self, id: &ConnectionId, symbols: &BTreeSet<Symbol>) -> Result<bool, StoreError> {
        self.set(id, "watched", text(symbols::join(symbols))).await
    }

    async fn set_paused(&self, id: &ConnectionId, paused: bool) -> Result<bool, StoreError> {
        self.set(id, "paused", AttributeValue::Bool(paused)).await
    }

    async fn set_leased_until(&self, id: &ConnectionId, until: Timestamp) -> Result<bool, StoreError> {
        self.set(id, "leased_until", number(until.millis())).await
    }
}

impl DynamoStore {
    /// Sets one attribute of a connection that is there.
    async fn set(&self, id: &ConnectionId, name: &str, value: AttributeValue) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::connection(id).attributes()))
            .update_expression("SET #name = :value")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", value);
        Ok(conditional(update.send().await)?.is_some())
    }
}
