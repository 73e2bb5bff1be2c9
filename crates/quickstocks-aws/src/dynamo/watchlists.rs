use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
use quickstocks_core::model::{ListId, Note, Symbol, Timestamp, UserId, Watchlist};
use quickstocks_core::ports::{Change, ShareReader, StoreError, WatchlistReader, WatchlistWriter};
use serde::{Deserialize, Serialize};

use super::DynamoStore;
use super::alerts::{delete_part, refused};
use super::backoff::{MAX_RETRIES, pause};
use super::item::{corrupt, number, read, sort_key, symbols, text, write};
use super::keys::{Item, Key, LIST_PREFIX, user_partition};
use super::shares::{Lost, lost};
use crate::error::{conditional, store_error};

#[derive(Serialize, Deserialize)]
struct WatchlistRow {
    name: String,
    #[serde(with = "symbols")]
    symbols: Vec<Symbol>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    notes: BTreeMap<Symbol, Note>,
    version: u64,
    updated_at: Timestamp,
}

pub(super) fn to_item(user: &UserId, list: &Watchlist) -> Result<Item, StoreError> {
    let row = WatchlistRow {
        name: list.name.clone(),
        symbols: list.symbols.clone(),
        notes: list.notes.clone(),
        version: list.version,
        updated_at: list.updated_at,
    };
    write(&Key::watchlist(user, &list.id), &row)
}

fn from_item(item: Item) -> Result<Watchlist, StoreError> {
    let id = match sort_key(&item)?.strip_prefix(LIST_PREFIX) {
        Some(id) => ListId::new(id),
        None => return Err(corrupt(&item, "its sort key is not that of a list")),
    };
    let WatchlistRow { name, symbols, notes, version, updated_at } = read(item)?;
    Ok(Watchlist { id, name, symbols, notes, version, updated_at })
}

/// Lists are read as they were written last, since a person looks at what they have just changed.
#[async_trait]
impl WatchlistReader for DynamoStore {
    async fn watchlists(&self, user: &UserId) -> Result<Vec<Watchlist>, StoreError> {
        let query = self
            .query(user_partition(user))
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :list)")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_values(":list", text(LIST_PREFIX))
            .consistent_read(true);
        self.query_all(query).await?.into_iter().map(from_item).collect()
    }

    async fn watchlist(&self, user: &UserId, id: &ListId) -> Result<Option<Watchlist>, StoreError> {
        let answer = self.get(&Key::watchlist(user, id)).send().await.map_err(store_error)?;
        answer.item.map(from_item).transpose()
    }
}

#[async_trait]
impl WatchlistWriter for DynamoStore {
    async fn insert(&self, user: &UserId, list: &Watchlist) -> Result<Change, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(user, list)?))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", "pk");
        Ok(conditional(put.send().await)?.map_or(Change::Conflict, |_| Change::Done))
    }

    async fn replace(&self, user: &UserId, list: &Watchlist, expected: u64) -> Result<Change, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(user, list)?))
            .condition_expression("#version = :expected")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":expected", number(expected))
            .return_values_on_condition_check_failure(AllOld);
        match put.send().await {
            Ok(_) => Ok(Change::Done),
            Err(SdkError::ServiceError(context)) if context.err().is_conditional_check_failed_exception() => {
                match context.into_err() {
                    PutItemError::ConditionalCheckFailedException(failed) => Ok(missing_or_conflict(failed.item())),
                    _ => Ok(Change::Conflict),
                }
            }
            Err(error) => Err(store_error(error)),
        }
    }

    /// The link to the list goes with it. Whether there is one is read first, and the transaction holds only if that is still so.
    async fn delete(&self, user: &UserId, id: &ListId, expected: Option<u64>) -> Result<Change, StoreError> {
        let mut retry = 0;
        loop {
            let share = self.share(user, id).await?;
            let mut delete =
                self.delete_in_transaction(&Key::watchlist(user, id)).return_values_on_condition_check_failure(AllOld);
            delete = match expected {
                Some(version) => delete
                    .condition_expression("#version = :expected")
                    .expression_attribute_names("#version", "version")
                    .expression_attribute_values(":expected", number(version)),
                None => delete.condition_expression("attribute_exists(#pk)").expression_attribute_names("#pk", "pk"),
            };
            let mut parts = vec![delete_part(delete.build().map_err(refused)?)];
            parts.extend(self.end_parts(user, id, share.as_ref())?);
            let sent = self.client.transact_write_items().set_transact_items(Some(parts)).send().await;
            let Err(error) = sent else { return Ok(Change::Done) };
            match lost(error.as_service_error()) {
                Some(Lost::List) => return Ok(missing_or_conflict(first_item(error.as_service_error()))),
                Some(Lost::Race) if retry < MAX_RETRIES => pause(retry).await,
                _ => return Err(super::transaction_error(error)),
            }
            retry += 1;
        }
    }
}

/// The item of the part of a cancelled transaction that comes first.
fn first_item(error: Option<&TransactWriteItemsError>) -> Option<&Item> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error else { return None };
    cancelled.cancellation_reasons().first()?.item()
}

/// A failed condition comes back with the item that failed it, if there is one.
fn missing_or_conflict(item: Option<&Item>) -> Change {
    if item.is_some() { Change::Conflict } else { Change::Missing }
}
