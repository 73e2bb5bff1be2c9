use async_trait::async_trait;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, ReturnValue, TransactWriteItem};
use futures_util::{StreamExt, TryStreamExt, stream};
use quickstocks_core::model::{
    DeviceId, DeviceName, Endpoint, PushKeys, PushPurpose, PushState, PushSubscription, Timestamp, UserId, VapidKeyId,
};
use quickstocks_core::ports::{PushSubscriptionReader, PushSubscriptionWriter, StoreError, SubscriptionWrite};
use serde::{Deserialize, Serialize};

use super::DynamoStore;
use super::item::{corrupt_key, layout, number, read, sort_key, text, write};
use super::keys::{Item, Key, PUSH_PREFIX, user_partition};
use crate::error::{conditional, store_error};

/// How many subscriptions of a user are read at once; they have no more.
const READS_IN_FLIGHT: usize = 10;

/// For how many seconds after its hour a count is kept.
const COUNT_KEPT_SECONDS: i64 = 2 * 3600;

#[derive(Serialize, Deserialize)]
struct SubscriptionRow {
    user: UserId,
    endpoint: Endpoint,
    p256dh: String,
    auth: String,
    vapid_key: VapidKeyId,
    site: String,
    name: DeviceName,
    /// JSON: one text to compare.
    state: String,
    created_at: Timestamp,
}

/// The row under the user. It says only that the subscription was theirs once; whose it is stands in the subscription.
#[derive(Serialize, Deserialize)]
struct UsersSubscriptionRow {}

fn state_text(state: &PushState, key: &Key) -> Result<String, StoreError> {
    serde_json::to_string(state).map_err(|error| corrupt_key(key, error))
}

fn to_item(subscription: &PushSubscription) -> Result<Item, StoreError> {
    let PushSubscription { id, user, endpoint, keys, vapid_key, site, name, state, created_at } = subscription.clone();
    let key = Key::push_subscription(&id);
    let PushKeys { p256dh, auth } = keys;
    let state = state_text(&state, &key)?;
    write(&key, &SubscriptionRow { user, endpoint, p256dh, auth, vapid_key, site, name, state, created_at })
}

fn from_item(id: &DeviceId, item: Item) -> Result<PushSubscription, StoreError> {
    let SubscriptionRow { user, endpoint, p256dh, auth, vapid_key, site, name, state, created_at } = read(item)?;
    let state = serde_json::from_str(&state).map_err(|error| corrupt_key(&Key::push_subscription(id), error))?;
    let keys = PushKeys { p256dh, auth };
    Ok(PushSubscription { id: id.clone(), user, endpoint, keys, vapid_key, site, name, state, created_at })
}

#[async_trait]
impl PushSubscriptionReader for DynamoStore {
    /// The rows under the user only name subscriptions; what they are, and whose by now, is read from the subscriptions themselves.
    async fn push_subscriptions(&self, user: &UserId) -> Result<Vec<PushSubscription>, StoreError> {
        let query = self
            .query(user_partition(user))
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :push)")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_values(":push", text(PUSH_PREFIX))
            .consistent_read(true);
        let mut ids = Vec::new();
        for row in self.query_all(query).await? {
            ids.push(DeviceId::new(sort_key(&row)?.trim_start_matches(PUSH_PREFIX)));
        }
        let read = async |id: DeviceId| self.push_subscription(&id).await;
        let found: Vec<Option<PushSubscription>> = stream::iter(ids).map(read).buffered(READS_IN_FLIGHT).try_collect().await?;
        let mut theirs: Vec<PushSubscription> = found.into_iter().flatten().filter(|one| one.user == *user).collect();
        theirs.sort_by(|left, right| (left.created_at, &left.id).cmp(&(right.created_at, &right.id)));
        Ok(theirs)
    }
}

#[async_trait]
impl PushSubscriptionWriter for DynamoStore {
    /// Whose it was is looked up only to tidy the row under them; the condition decides.
    async fn put_push_subscription(&self, subscription: &PushSubscription) -> Result<SubscriptionWrite, StoreError> {
        let former = self.push_subscription(&subscription.id).await?.map(|former| former.user);
        let put = self
            .put_in_transaction(to_item(subscription)?)
            .condition_expression("attribute_not_exists(#pk) OR #user = :user OR (#p256dh = :p256dh AND #auth = :auth)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#user", "user")
            .expression_attribute_names("#p256dh", "p256dh")
            .expression_attribute_names("#auth", "auth")
            .expression_attribute_values(":user", text(subscription.user.as_str()))
            .expression_attribute_values(":p256dh", text(subscription.keys.p256dh.as_str()))
            .expression_attribute_values(":auth", text(subscription.keys.auth.as_str()));
        let of_user = self.put_in_transaction(write(
            &Key::users_push_subscription(&subscription.user, &subscription.id),
            &UsersSubscriptionRow {},
        )?);
        let refused = |error: aws_sdk_dynamodb::error::BuildError| StoreError::Refused(error.into());
        let part = |put: Put| TransactWriteItem::builder().put(put).build();
        let mut parts = vec![part(put.build().map_err(refused)?), part(of_user.build().map_err(refused)?)];
        if let Some(former) = former.filter(|former| *former != subscription.user) {
            let key = Key::users_push_subscription(&former, &subscription.id);
            let delete = Delete::builder().table_name(&self.table).set_key(Some(key.attributes())).build().map_err(refused)?;
            parts.push(TransactWriteItem::builder().delete(delete).build());
        }
        match self.client.transact_write_items().set_transact_items(Some(parts)).send().await {
            Ok(_) => Ok(SubscriptionWrite::Stored),
            Err(error) if is_taken(error.as_service_error()) => Ok(SubscriptionWrite::Taken),
            Err(error) => Err(super::transaction_error(error)),
        }
    }

    async fn remove_push_subscription(&self, user: &UserId, id: &DeviceId, keys: Option<&PushKeys>) -> Result<bool, StoreError> {
        let condition = if keys.is_some() { "#user = :user AND #p256dh = :p256dh AND #auth = :auth" } else { "#user = :user" };
        let mut delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::push_subscription(id).attributes()))
            .condition_expression(condition)
            .expression_attribute_names("#user", "user")
            .expression_attribute_values(":user", text(user.as_str()));
        if let Some(keys) = keys {
            delete = delete
                .expression_attribute_names("#p256dh", "p256dh")
                .expression_attribute_names("#auth", "auth")
                .expression_attribute_values(":p256dh", text(keys.p256dh.as_str()))
                .expression_attribute_values(":auth", text(keys.auth.as_str()));
        }
        if conditional(delete.send().await)?.is_none() {
            return Ok(false);
        }
        // After the subscription itself: should this fail, the user's row names one that is gone, which readers pass over.
        self.delete_key(Key::users_push_subscription(user, id)).await?;
        Ok(true)
    }

    async fn move_push_subscription(
        &self,
        user: &UserId,
        id: &DeviceId,
        from: &PushState,
        to: &PushState,
    ) -> Result<bool, StoreError> {
        let key = Key::push_subscription(id);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("SET #state = :to")
            .condition_expression("#user = :user AND #state = :from")
            .expression_attribute_names("#user", "user")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":user", text(user.as_str()))
            .expression_attribute_values(":from", text(state_text(from, &key)?))
            .expression_attribute_values(":to", text(state_text(to, &key)?));
        Ok(conditional(update.send().await)?.is_some())
    }

    async fn count_push_order(&self, user: &UserId, purpose: PushPurpose, hour: i64) -> Result<u32, StoreError> {
        let key = Key::push_orders(user, purpose, hour);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("SET #v = :v, #ttl = :ttl ADD #orders :one")
            .expression_attribute_names("#v", "v")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_names("#orders", "orders")
            .expression_attribute_values(":v", layout())
            .expression_attribute_values(":ttl", number((hour + 1) * 3600 + COUNT_KEPT_SECONDS))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew);
        let attributes = update.send().await.map_err(store_error)?.attributes.unwrap_or_default();
        match attributes.get("orders") {
            Some(AttributeValue::N(orders)) => orders.parse().map_err(|error: std::num::ParseIntError| corrupt_key(&key, error)),
            _ => Err(corrupt_key(&key, "it counts nothing")),
        }
    }
}

/// Whether a transaction failed because the first of its parts, the subscription, is somebody else's.
fn is_taken(error: Option<&TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error else { return false };
    cancelled.cancellation_reasons().first().and_then(|reason| reason.code()) == Some("ConditionalCheckFailed")
}

impl DynamoStore {
    /// A subscription as it was written last.
    async fn push_subscription(&self, id: &DeviceId) -> Result<Option<PushSubscription>, StoreError> {
        let answer = self.get(&Key::push_subscription(id)).send().await.map_err(store_error)?;
        answer.item.map(|item| from_item(id, item)).transpose()
    }
}
