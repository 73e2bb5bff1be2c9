use async_trait::async_trait;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::{DeleteBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use quickstocks_core::model::{ListId, Secret, Share, Timestamp, TokenHash, UserId};
use quickstocks_core::ports::{ShareReader, ShareWrite, ShareWriter, StoreError};
use serde::{Deserialize, Serialize};

use super::DynamoStore;
use super::alerts::{delete_part, put_part, refused};
use super::backoff::{MAX_RETRIES, pause};
use super::item::{corrupt, layout, read, sort_key, text, write};
use super::keys::{Item, Key, SHARE_PREFIX, user_partition};
use crate::error::store_error;

/// The row under the user, from which they read their link again.
#[derive(Serialize, Deserialize)]
struct ShareRow {
    token: String,
    created_at: Timestamp,
}

/// The row that is asked for by whoever has the link. Keys appear in an account's audit log where somebody switches that on, so it is
/// found by the token's hash.
#[derive(Serialize, Deserialize)]
struct SharedListRow {
    user: UserId,
    list: ListId,
}

fn from_item(user: &UserId, item: Item) -> Result<Share, StoreError> {
    let list = match sort_key(&item)?.strip_prefix(SHARE_PREFIX) {
        Some(list) => ListId::new(list),
        None => return Err(corrupt(&item, "its sort key is not that of a link")),
    };
    let named = Key::of(&item);
    let ShareRow { token, created_at } = read(item)?;
    let token = Secret::parse(&token).map_err(|error| super::item::corrupt_key(&named, error))?;
    Ok(Share { token, user: user.clone(), list, created_at })
}

/// Read as written last: a link that was ended must not lead anywhere for a moment longer.
#[async_trait]
impl ShareReader for DynamoStore {
    async fn share(&self, user: &UserId, list: &ListId) -> Result<Option<Share>, StoreError> {
        let answer = self.get(&Key::share(user, list)).send().await.map_err(store_error)?;
        answer.item.map(|item| from_item(user, item)).transpose()
    }

    async fn shares(&self, user: &UserId) -> Result<Vec<Share>, StoreError> {
        let query = self
            .query(user_partition(user))
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :share)")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_values(":share", text(SHARE_PREFIX))
            .consistent_read(true);
        self.query_all(query).await?.into_iter().map(|item| from_item(user, item)).collect()
    }

    async fn shared_list(&self, token: &TokenHash) -> Result<Option<(UserId, ListId)>, StoreError> {
        let answer = self.get(&Key::shared_list(token)).send().await.map_err(store_error)?;
        answer.item.map(|item| read(item).map(|row: SharedListRow| (row.user, row.list))).transpose()
    }
}

#[async_trait]
impl ShareWriter for DynamoStore {
    /// Looks first: most who ask for a link have it. Then all rows are written on the condition that there is still none, and that the
    /// list is there.
    async fn put_share(&self, share: &Share) -> Result<ShareWrite, StoreError> {
        let Share { token, user, list, created_at } = share;
        let row = ShareRow { token: token.reveal().to_owned(), created_at: *created_at };
        let own = write(&Key::share(user, list), &row)?;
        let shared = write(&Key::shared_list(&token.hash()), &SharedListRow { user: user.clone(), list: list.clone() })?;
        let mut retry = 0;
        loop {
            if let Some(there) = self.share(user, list).await? {
                return Ok(ShareWrite::There(there));
            }
            let new = self
                .put_in_transaction(own.clone())
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", "pk");
            let parts = vec![
                update_part(self.touch(&Key::watchlist(user, list)))?,
                put_part(new.build().map_err(refused)?),
                put_part(self.put_in_transaction(shared.clone()).build().map_err(refused)?),
            ];
            match self.client.transact_write_items().set_transact_items(Some(parts)).send().await {
                Ok(_) => return Ok(ShareWrite::Made),
                Err(error) => match lost(error.as_service_error()) {
                    Some(Lost::List) => return Ok(ShareWrite::NoList),
                    Some(Lost::Race) if retry < MAX_RETRIES => pause(retry).await,
                    _ => return Err(super::transaction_error(error)),
                },
            }
            retry += 1;
        }
    }

    async fn end_share(&self, user: &UserId, list: &ListId) -> Result<bool, StoreError> {
        let mut retry = 0;
        loop {
            let Some(share) = self.share(user, list).await? else { return Ok(false) };
            let parts = self.end_parts(user, list, Some(&share))?;
            match self.client.transact_write_items().set_transact_items(Some(parts)).send().await {
                Ok(_) => return Ok(true),
                Err(error) if retry < MAX_RETRIES && lost(error.as_service_error()).is_some() => pause(retry).await,
                Err(error) => return Err(super::transaction_error(error)),
            }
            retry += 1;
        }
    }
}

/// What a transaction about a list and its link was cancelled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The list, its first part, is not as it should be.
    List,
    /// Somebody else was there first, or is there now: look again.
    Race,
}

/// Why a transaction whose first part is about a list was cancelled, if it was for a condition or for another one under way.
pub(super) fn lost(error: Option<&TransactWriteItemsError>) -> Option<Lost> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error else { return None };
    let codes: Vec<&str> = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect();
    if codes.first() == Some(&"ConditionalCheckFailed") {
        return Some(Lost::List);
    }
    let known = |code: &&str| matches!(*code, "None" | "ConditionalCheckFailed" | "TransactionConflict");
    (codes.iter().any(|code| *code != "None") && codes.iter().all(known)).then_some(Lost::Race)
}

impl DynamoStore {
    /// Has an item be there when a transaction is done: it is written as it is. (A check of a condition would be an action of its own.)
    fn touch(&self, key: &Key) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("SET #v = :v")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#v", "v")
            .expression_attribute_values(":v", layout())
    }

    /// The parts of a transaction that ends the link to a list, on the condition that it is still the one that was read: none, for `None`.
    pub(super) fn end_parts(
        &self,
        user: &UserId,
        list: &ListId,
        share: Option<&Share>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let own = self.delete_in_transaction(&Key::share(user, list));
        let Some(share) = share else {
            let own = own.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", "pk");
            return Ok(vec![delete_part(own.build().map_err(refused)?)]);
        };
        let own = own
            .condition_expression("#token = :token")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", text(share.token.reveal()));
        let shared = self.delete_in_transaction(&Key::shared_list(&share.token.hash()));
        Ok(vec![delete_part(own.build().map_err(refused)?), delete_part(shared.build().map_err(refused)?)])
    }

    /// A delete of an item, to be part of a transaction.
    pub(super) fn delete_in_transaction(&self, key: &Key) -> DeleteBuilder {
        Delete::builder().table_name(&self.table).set_key(Some(key.attributes()))
    }
}

fn update_part(update: UpdateBuilder) -> Result<TransactWriteItem, StoreError> {
    Ok(TransactWriteItem::builder().update(update.build().map_err(refused)?).build())
}
