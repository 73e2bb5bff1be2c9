use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use futures_util::{StreamExt, TryStreamExt, stream};
use quickstocks_core::model::{
    AlertId, ConnectionId, DeviceId, ListId, Timestamp, Token, TokenHash, TokenKind, TokenName, User, UserId, Watchlist,
};
use quickstocks_core::ports::{
    AlertWriter, ConnectionWriter, PushSubscriptionWriter, StoreError, TokenReader, TokenWriter, UserReader, UserWriter,
    WatchlistWriter,
};
use serde::{Deserialize, Serialize};

use super::item::{corrupt_key, number, read, sort_key, text, write};
use super::keys::{ALERT_PREFIX, CONNECTION_PREFIX, Item, Key, LIST_PREFIX, PUSH_PREFIX, TOKEN_PREFIX, user_partition};
use super::{DynamoStore, WRITES_IN_FLIGHT, watchlists};
use crate::error::{conditional, store_error};

/// How many tokens of a user are read at once.
const READS_IN_FLIGHT: usize = 8;

#[derive(Serialize, Deserialize)]
struct UserRow {
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct TokenRow {
    kind: TokenKind,
    user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<TokenName>,
    created_at: Timestamp,
    used_at: Timestamp,
    expires_at: Timestamp,
    ttl: i64,
}

/// The row under the user: that the token is there, and a copy of what the sweep asks of it, so that it finds when a user was last
/// seen among the user's own items. Everything else about the token stands in one place.
#[derive(Serialize, Deserialize)]
pub(super) struct UsersTokenRow {
    /// Absent in rows of before there was a sweep.
    pub(super) used_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
    ttl: Option<i64>,
}

fn to_item(token: &Token) -> Result<Item, StoreError> {
    let Token { hash, kind, user, name, created_at, used_at, expires_at } = token.clone();
    let key = Key::token(&hash);
    write(&key, &TokenRow { kind, user, name, created_at, used_at, expires_at, ttl: expires_at.seconds() })
}

/// The row under the user, for a kind that is listed.
fn to_users_item(token: &Token) -> Result<Option<Item>, StoreError> {
    let row =
        UsersTokenRow { used_at: Some(token.used_at), expires_at: Some(token.expires_at), ttl: Some(token.expires_at.seconds()) };
    token.kind.is_listed().then(|| write(&Key::users_token(&token.user, &token.hash), &row)).transpose()
}

fn from_item(hash: &TokenHash, item: Item) -> Result<Token, StoreError> {
    let TokenRow { kind, user, name, created_at, used_at, expires_at, .. } = read(item)?;
    Ok(Token { hash: hash.clone(), kind, user, name, created_at, used_at, expires_at })
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
        let items = [profile, watchlists::to_item(&user.id, list)?, to_item(session)?];
        self.transact(items.into_iter().chain(to_users_item(session)?).map(new)).await
    }

    async fn remove_user(&self, user: &UserId) -> Result<(), StoreError> {
        let rows = self.query_all(self.query(user_partition(user)).consistent_read(true)).await?;
        let (mut tokens, mut others) = (Vec::new(), Vec::new());
        for row in &rows {
            let key = sort_key(row)?;
            if let Some(hash) = key.strip_prefix(TOKEN_PREFIX) {
                tokens.push(TokenHash::new(hash));
            } else if let Some(id) = key.strip_prefix(CONNECTION_PREFIX) {
                self.remove(&ConnectionId::new(id)).await?;
                others.push(Key::users_connection(user, &ConnectionId::new(id)));
            } else if let Some(id) = key.strip_prefix(PUSH_PREFIX) {
                // Answers false when it has become somebody else's: theirs it stays.
                self.remove_push_subscription(user, &DeviceId::new(id), None).await?;
                others.push(Key::users_push_subscription(user, &DeviceId::new(id)));
            } else if let Some(id) = key.strip_prefix(LIST_PREFIX) {
                // With the link to it, also one that is being made.
                WatchlistWriter::delete(self, user, &ListId::new(id), None).await?;
            } else if let Some(id) = key.strip_prefix(ALERT_PREFIX) {
                self.delete_alert(user, &AlertId::new(id)).await?;
            } else {
                others.push(Key { pk: user_partition(user), sk: key.to_owned() });
            }
        }
        stream::iter(others).map(Ok).try_for_each_concurrent(WRITES_IN_FLIGHT, |key| self.delete_key(key)).await?;
        self.delete_key(Key::outbox(user)).await?;
        for hash in tokens {
            self.delete_key(Key::token(&hash)).await?;
            self.delete_key(Key::users_token(user, &hash)).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl UserReader for DynamoStore {
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        let answer = self.get(&Key::profile(id)).send().await.map_err(store_error)?;
        answer.item.map(|item| read(item).map(|row: UserRow| User { id: id.clone(), created_at: row.created_at })).transpose()
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

    /// The rows under the user only name tokens; what they are is read from the tokens themselves, as written last. A row whose
    /// token is gone is passed over.
    async fn tokens_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<Token>, StoreError> {
        let query = self
            .query(user_partition(user))
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :token)")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_values(":token", text(TOKEN_PREFIX))
            .consistent_read(true);
        let mut hashes = Vec::new();
        for row in self.query_all(query).await? {
            hashes.push(TokenHash::new(sort_key(&row)?.trim_start_matches(TOKEN_PREFIX)));
        }
        let read = async |hash: TokenHash| -> Result<Option<Token>, StoreError> {
            let answer = self.get(&Key::token(&hash)).send().await.map_err(store_error)?;
            answer.item.map(|item| from_item(&hash, item)).transpose()
        };
        let found: Vec<Option<Token>> = stream::iter(hashes).map(read).buffered(READS_IN_FLIGHT).try_collect().await?;
        let mut tokens: Vec<Token> = found.into_iter().flatten().filter(|token| token.expires_at > now).collect();
        tokens.sort_by(|left, right| (left.created_at, &left.hash).cmp(&(right.created_at, &right.hash)));
        Ok(tokens)
    }
}

#[async_trait]
impl TokenWriter for DynamoStore {
    async fn put(&self, token: &Token) -> Result<(), StoreError> {
        let item = to_item(token)?;
        if let Some(users) = to_users_item(token)? {
            return self.transact([item, users].map(|item| self.put_in_transaction(item))).await;
        }
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
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
        let taken = taken.map(|item| from_item(hash, item)).transpose()?;
        if let Some(token) = &taken {
            self.forget_users_row(token).await?;
        }
        Ok(taken)
    }

    /// Two updates, not a transaction: whose token it is stands only in the item that the first one changes. If the second fails, the
    /// user counts as seen a day less, and the token's next use makes up for it.
    async fn extend(&self, hash: &TokenHash, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let update = self.extend_key(&Key::token(hash), now, until).return_values(ReturnValue::AllNew);
        let Some(answer) = conditional(update.send().await)? else { return Ok(false) };
        let token = from_item(hash, answer.attributes.unwrap_or_default())?;
        if token.kind.is_listed() {
            conditional(self.extend_key(&Key::users_token(&token.user, hash), now, until).send().await)?;
        }
        Ok(true)
    }

    async fn delete(&self, hash: &TokenHash) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::token(hash).attributes()))
            .return_values(ReturnValue::AllOld);
        let Some(item) = delete.send().await.map_err(store_error)?.attributes else { return Ok(()) };
        self.forget_users_row(&from_item(hash, item)?).await
    }
}

impl DynamoStore {
    /// An update that makes one of a token's items last longer, if it is there.
    fn extend_key(&self, key: &Key, now: Timestamp, until: Timestamp) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("SET #used_at = :now, #expires_at = :until, #ttl = :ttl")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#expires_at", "expires_at")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_names("#used_at", "used_at")
            .expression_attribute_values(":now", number(now.millis()))
            .expression_attribute_values(":until", number(until.millis()))
            .expression_attribute_values(":ttl", number(until.seconds()))
    }

    /// After the token itself: should this fail, the user's row names a token that is gone, which readers pass over.
    async fn forget_users_row(&self, token: &Token) -> Result<(), StoreError> {
        if token.kind.is_listed() { self.delete_key(Key::users_token(&token.user, &token.hash)).await } else { Ok(()) }
    }

    pub(super) async fn delete_key(&self, key: Key) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key.attributes()));
        delete.send().await.map(|_| ()).map_err(store_error)
    }
}
