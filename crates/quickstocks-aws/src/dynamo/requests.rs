use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValue;
use quickstocks_core::model::{RequestRecord, Timestamp, UserId};
use quickstocks_core::ports::{RateCounter, RequestLog, StoreError};
use serde::{Deserialize, Serialize};

use super::DynamoStore;
use super::item::{corrupt_key, layout, number, read, write};
use super::keys::{Item, Key};
use crate::error::{conditional, store_error};

#[derive(Serialize, Deserialize)]
struct EventsRow {
    count: u64,
}

#[derive(Serialize, Deserialize)]
struct RequestRow {
    fingerprint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    expires_at: Timestamp,
    ttl: i64,
}

fn to_item(user: &UserId, record: &RequestRecord) -> Result<Item, StoreError> {
    let RequestRecord { key, fingerprint, answer, expires_at } = record.clone();
    write(&Key::request(user, &key), &RequestRow { fingerprint, answer, expires_at, ttl: expires_at.seconds() })
}

fn from_item(key: &str, item: Item) -> Result<RequestRecord, StoreError> {
    let RequestRow { fingerprint, answer, expires_at, .. } = read(item)?;
    Ok(RequestRecord { key: key.to_owned(), fingerprint, answer, expires_at })
}

#[async_trait]
impl RateCounter for DynamoStore {
    async fn count_event(&self, key: &str, until: Timestamp) -> Result<u32, StoreError> {
        let key = Key::events(key, until);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("ADD #count :one SET #ttl = :ttl, #v = :v")
            .expression_attribute_names("#count", "count")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_names("#v", "v")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":ttl", number(until.seconds()))
            .expression_attribute_values(":v", layout())
            .return_values(ReturnValue::AllNew);
        let item = update.send().await.map_err(store_error)?.attributes;
        let row: EventsRow = read(item.ok_or_else(|| corrupt_key(&key, "an update answered no item"))?)?;
        Ok(u32::try_from(row.count).unwrap_or(u32::MAX))
    }
}

#[async_trait]
impl RequestLog for DynamoStore {
    /// When the answer to a claim is lost and the SDK asks again, its own record is answered: the request then counts as being done
    /// until the claim runs out, and is not done twice.
    async fn claim_request(
        &self,
        user: &UserId,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Option<RequestRecord>, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(user, record)?))
            .condition_expression("attribute_not_exists(#pk) OR #expires_at <= :now")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#expires_at", "expires_at")
            .expression_attribute_values(":now", number(now.millis()));
        if conditional(put.send().await)?.is_some() {
            return Ok(None);
        }
        let key = Key::request(user, &record.key);
        let item = self.get(&key).send().await.map_err(store_error)?.item;
        // Forgotten in between: whoever did so failed, and the sender may ask again.
        item.map_or_else(|| Ok(Some(record.clone())), |item| from_item(&record.key, item).map(Some))
    }

    async fn keep_answer(&self, user: &UserId, record: &RequestRecord) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(user, record)?))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", "pk");
        conditional(put.send().await).map(|_| ())
    }

    async fn forget_request(&self, user: &UserId, key: &str) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(Key::request(user, key).attributes()));
        delete.send().await.map(|_| ()).map_err(store_error)
    }
}
