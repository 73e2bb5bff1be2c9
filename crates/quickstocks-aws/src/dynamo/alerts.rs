use async_trait::async_trait;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, ReturnValue, TransactWriteItem};
use futures_util::{StreamExt, TryStreamExt, stream};
use quickstocks_core::model::{ActionToken, Alert, AlertId, FollowerCursor, Notification, Symbol, Timestamp, TokenHash, UserId};
use quickstocks_core::ports::{ActionTokens, AlertReader, AlertWriter, ArmedPage, ArmedScan, Change, StoreError};
use serde::{Deserialize, Serialize};

use super::item::{corrupt_key, number, read, text, write};
use super::keys::{ALERT_PREFIX, ARMED_PREFIX, Item, Key, armed_partition, user_partition};
use super::sweep::{key_of, partition_key};
use super::{DynamoStore, notifications};
use crate::error::{conditional, store_error};

/// How many symbols' alerts are read at once.
const QUERIES_IN_FLIGHT: usize = 16;

/// An alert, under its owner and, while it is watched, once more under its symbol: whoever has quotes of a symbol reads everybody's alerts
/// on it as one partition, a few hundred a page.
#[derive(Serialize, Deserialize)]
struct AlertRow {
    revision: u64,
    /// JSON of [`Alert`].
    alert: String,
}

#[derive(Serialize, Deserialize)]
struct ActionRow {
    user: UserId,
    /// JSON: the ids.
    alerts: String,
    expires_at: Timestamp,
    ttl: i64,
}

fn to_item(key: &Key, alert: &Alert) -> Result<Item, StoreError> {
    let json = serde_json::to_string(alert).map_err(|error| corrupt_key(key, error))?;
    write(key, &AlertRow { revision: alert.revision, alert: json })
}

fn from_item(item: Item) -> Result<Alert, StoreError> {
    let key = Key::of(&item);
    let row: AlertRow = read(item)?;
    serde_json::from_str(&row.alert).map_err(|error| corrupt_key(&key, error))
}

#[async_trait]
impl AlertReader for DynamoStore {
    async fn alerts(&self, user: &UserId) -> Result<Vec<Alert>, StoreError> {
        let query = self
            .query(user_partition(user))
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :alert)")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_values(":alert", text(ALERT_PREFIX))
            .consistent_read(true);
        let items = self.query_all(query).await?;
        let mut alerts = items.into_iter().map(from_item).collect::<Result<Vec<_>, _>>()?;
        alerts.sort_by(|left, right| (left.created_at, &left.id).cmp(&(right.created_at, &right.id)));
        Ok(alerts)
    }

    async fn alert(&self, user: &UserId, id: &AlertId) -> Result<Option<Alert>, StoreError> {
        let answer = self.get(&Key::alert(user, id)).send().await.map_err(store_error)?;
        answer.item.map(from_item).transpose()
    }

    async fn armed_alerts(&self, symbols: &[Symbol]) -> Result<Vec<Alert>, StoreError> {
        let mut symbols = symbols.to_vec();
        symbols.sort();
        symbols.dedup();
        let read = async |symbol: Symbol| -> Result<Vec<Alert>, StoreError> {
            let items = self.query_all(self.query(armed_partition(&symbol)).consistent_read(true)).await?;
            items.into_iter().map(from_item).collect()
        };
        let alerts: Vec<Vec<Alert>> = stream::iter(symbols).map(read).buffer_unordered(QUERIES_IN_FLIGHT).try_collect().await?;
        Ok(alerts.into_iter().flatten().collect())
    }
}

#[async_trait]
impl AlertWriter for DynamoStore {
    async fn insert_alert(&self, alert: &Alert) -> Result<Change, StoreError> {
        let own = Key::alert(&alert.user, &alert.id);
        let put = self
            .put_in_transaction(to_item(&own, alert)?)
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", "pk");
        let parts = vec![put_part(put.build().map_err(refused)?), self.armed_part(alert)?];
        Ok(if self.transact_if(parts).await? { Change::Done } else { Change::Conflict })
    }

    async fn write_alert(&self, alert: &Alert, expected: u64, notices: &[Notification]) -> Result<bool, StoreError> {
        let own = Key::alert(&alert.user, &alert.id);
        let put = self
            .put_in_transaction(to_item(&own, alert)?)
            .condition_expression("#revision = :expected")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":expected", number(expected));
        let mut parts = vec![put_part(put.build().map_err(refused)?), self.armed_part(alert)?];
        for notice in notices {
            for item in notifications::to_items(notice)? {
                parts.push(put_part(self.put_in_transaction(item).build().map_err(refused)?));
            }
        }
        // One item may be there once in a transaction, so the outbox is filled once for all of them.
        parts.extend(self.outbox_part(notices)?);
        self.transact_if(parts).await
    }

    /// Its copy under the symbol is found by the symbol, so the alert is read first. Between the two nobody can watch another symbol with
    /// it: an alert's symbol never changes.
    async fn delete_alert(&self, user: &UserId, id: &AlertId) -> Result<bool, StoreError> {
        let Some(alert) = self.alert(user, id).await? else { return Ok(false) };
        let delete = self
            .delete_in_transaction(&Key::alert(user, id))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", "pk");
        let armed = Key::armed(&alert.symbol, user, id);
        let parts = vec![delete_part(delete.build().map_err(refused)?), self.delete_of(&armed)?];
        self.transact_if(parts).await
    }
}

#[async_trait]
impl ActionTokens for DynamoStore {
    async fn put_action(&self, token: &ActionToken) -> Result<(), StoreError> {
        let key = Key::action(&token.hash);
        let alerts = serde_json::to_string(&token.alerts).map_err(|error| corrupt_key(&key, error))?;
        let (user, expires_at) = (token.user.clone(), token.expires_at);
        let row = ActionRow { user, alerts, expires_at, ttl: expires_at.seconds() };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(write(&key, &row)?));
        put.send().await.map(|_| ()).map_err(store_error)
    }

    async fn take_action(&self, hash: &TokenHash, now: Timestamp) -> Result<Option<ActionToken>, StoreError> {
        let key = Key::action(hash);
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .condition_expression("#expires_at > :now")
            .expression_attribute_names("#expires_at", "expires_at")
            .expression_attribute_values(":now", number(now.millis()))
            .return_values(ReturnValue::AllOld);
        let Some(item) = conditional(delete.send().await)?.and_then(|answer| answer.attributes) else { return Ok(None) };
        let ActionRow { user, alerts, expires_at, .. } = read(item)?;
        let alerts = serde_json::from_str(&alerts).map_err(|error| corrupt_key(&key, error))?;
        Ok(Some(ActionToken { hash: hash.clone(), user, alerts, expires_at }))
    }
}

/// A scan of the whole table, as the one for followers is, once a day.
#[async_trait]
impl ArmedScan for DynamoStore {
    async fn armed_symbols(&self, after: Option<&FollowerCursor>) -> Result<ArmedPage, StoreError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .projection_expression("#pk")
            .filter_expression("begins_with(#pk, :armed)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_values(":armed", text(ARMED_PREFIX))
            .set_limit(self.page_size)
            .set_exclusive_start_key(after.map(key_of).transpose()?.as_ref().map(Key::attributes));
        let answer = scan.send().await.map_err(store_error)?;
        let next = answer.last_evaluated_key.as_ref().map(Key::of);
        let mut symbols = Vec::new();
        for item in answer.items.unwrap_or_default() {
            let symbol = partition_key(&item)?.trim_start_matches(ARMED_PREFIX);
            symbols.push(Symbol::parse(symbol).map_err(|error| corrupt_key(&Key::of(&item), error))?);
        }
        symbols.dedup();
        Ok(ArmedPage { symbols, next: next.map(|key| FollowerCursor::new(&format!("{} {}", key.pk, key.sk))) })
    }
}

impl DynamoStore {
    /// The alert under its symbol: there while it is watched.
    fn armed_part(&self, alert: &Alert) -> Result<TransactWriteItem, StoreError> {
        let key = Key::armed(&alert.symbol, &alert.user, &alert.id);
        if alert.state.status.is_watched() {
            return Ok(put_part(self.put_in_transaction(to_item(&key, alert)?).build().map_err(refused)?));
        }
        self.delete_of(&key)
    }

    fn delete_of(&self, key: &Key) -> Result<TransactWriteItem, StoreError> {
        Ok(delete_part(self.delete_in_transaction(key).build().map_err(refused)?))
    }

    /// Does all of it or nothing. Answers false when the condition of the first part did not hold, or when somebody else is writing
    /// one of these items in the same moment: the caller looks again.
    async fn transact_if(&self, parts: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        match self.client.transact_write_items().set_transact_items(Some(parts)).send().await {
            Ok(_) => Ok(true),
            Err(error) if lost(error.as_service_error()) => Ok(false),
            Err(error) => Err(super::transaction_error(error)),
        }
    }
}

fn lost(error: Option<&TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error else { return false };
    let codes: Vec<&str> = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect();
    codes.first() == Some(&"ConditionalCheckFailed")
        || codes.contains(&"TransactionConflict") && codes.iter().all(|code| matches!(*code, "None" | "TransactionConflict"))
}

pub(super) fn put_part(put: Put) -> TransactWriteItem {
    TransactWriteItem::builder().put(put).build()
}

pub(super) fn delete_part(delete: Delete) -> TransactWriteItem {
    TransactWriteItem::builder().delete(delete).build()
}

pub(super) fn refused(error: BuildError) -> StoreError {
    StoreError::Refused(error.into())
}
