use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValue;
use quickstocks_core::model::{Timestamp, Token, TokenHash, TokenKind, User, UserId, Watchlist};
use quickstocks_core::ports::{StoreError, TokenReader, TokenWriter, UserWriter};
use serde::{Deserialize, Serialize};

use super::item::{corrupt_key, number, read, write};
use super::keys::{Item, Key};
use super::{DynamoStore, watchlists};
use crate::error::{conditional, store_error};

#[derive(Serialize, Deserialize)]
struct UserRow {
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct TokenRow {
    kind: TokenKind,
    user: UserId,
    expires_at: Timestamp,
    ttl: i64,
}

fn to_item(token: &Token) -> Result<Item, StoreError> {
    let Token { hash, kind, user, expires_at } = token;
    let row = TokenRow { kind: *kind, user: user.clone(), expires_at: *expires_at, ttl: expires_at.seconds() };
    write(&Key::token(hash), &row)
}

fn from_item(hash: &TokenHash, item: Item) -> Result<Token, StoreError> {
    let TokenRow { kind, user, expires_at, .. } = read(item)?;
    Ok(Token { hash: hash.clone(), kind, user, expires_at })
}

#[async_trait]
impl UserWriter for DynamoStore {
    async fn create(&self, user: &User, list: &Watchlist, session: &Token) -> Result<(), StoreError> {
        let profile = write(&Key::profile(&user.id), &UserRow { created_at: user.created_at })?;
        let new = |item| {
            self.put_in_transaction(item)
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", "pk")
        };
        self.transact([profile, watchlists::to_item(&user.id, list)?, to_item(session)?].map(new)).await
    }
}

#[async_trait]
impl TokenReader for DynamoStore {
    /// Read as written last: a token that was deleted must not be good for a moment longer.
    async fn token(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let answer = self.get(&Key::token(hash)).send().await.map_err(store_error)?;
        let token = answer.item.map(|item| from_item(hash, item)).transpose()?;
        Ok(token.filter(|token| token.kind == kind && token.expires_at > now))
    }
}

#[async_trait]
impl TokenWriter for DynamoStore {
    async fn put(&self, token: &Token) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(token)?));
        put.send().await.map(|_| ()).map_err(store_error)
    }

    /// A conditional delete that answers what it deleted. When its answer is lost and the SDK asks again, the token is used up
    /// though nobody got it: the safe side of the two.
    async fn take(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let key = Key::token(hash);
        let kind: aws_sdk_dynamodb::types::AttributeValue =
            serde_dynamo::to_attribute_value(kind).map_err(|error: serde_dynamo::Error| corrupt_key(&key, error))?;
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .condition_expression("#kind = :kind AND #expires_at > :now")
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_names("#expires_at", "expires_at")
            .expression_attribute_values(":kind", kind)
            .expression_attribute_values(":now", number(now.millis()))
            .return_values(ReturnValue::AllOld);
        let taken = conditional(delete.send().await)?.and_then(|answer| answer.attributes);
        taken.map(|item| from_item(hash, item)).transpose()
    }

    async fn extend(&self, hash: &TokenHash, until: Timestamp) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::token(hash).attributes()))
            .update_expression("SET #expires_at = :until, #ttl = :ttl")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#expires_at", "expires_at")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":until", number(until.millis()))
            .expression_attribute_values(":ttl", number(until.seconds()));
        Ok(conditional(update.send().await)?.is_some())
    }

    async fn delete(&self, hash: &TokenHash) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(Key::token(hash).attributes()));
        delete.send().await.map(|_| ()).map_err(store_error)
    }
}
