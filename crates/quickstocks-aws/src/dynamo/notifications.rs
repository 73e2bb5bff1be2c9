use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{ReturnValue, TransactWriteItem, Update};
use futures_util::{StreamExt, TryStreamExt, stream};
use quickstocks_core::model::{
    AlertId, NOTIFICATION_LIFETIME, NoticeDelivery, NoticeState, Notification, NotificationId, OutboxLease, OutboxRest,
    RECEIPT_LIFETIME, Timestamp, UserId,
};
use quickstocks_core::ports::{NotificationReader, NotificationWriter, Outbox, StoreError};
use serde::{Deserialize, Serialize};

use super::alerts::refused;
use super::item::{corrupt_key, layout, number, read, sort_key, text, write};
use super::keys::{Item, Key, NOTE_PREFIX, OUTBOX_SHARDS, outbox_partition, receipt_prefix, user_partition};
use super::{DynamoStore, WRITES_IN_FLIGHT};
use crate::error::{conditional, store_error};

/// How many notifications of an alert are read at once.
const READS_IN_FLIGHT: usize = 16;

/// By how much the clocks of two environments may differ.
const CLOCK_SKEW: Duration = Duration::from_mins(5);

#[derive(Serialize, Deserialize)]
struct NoticeRow {
    /// JSON of [`Notification`], as it was made.
    notice: String,
    /// JSON of [`NoticeDelivery`].
    delivery: String,
    pending: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
    ttl: i64,
}

/// Names a notification under its alert.
#[derive(Serialize, Deserialize)]
struct ReceiptRow {
    ttl: i64,
}

#[derive(Serialize, Deserialize)]
struct OutboxRow {
    pending_since: Timestamp,
    due_at: Timestamp,
    #[serde(default)]
    leased_until: Option<Timestamp>,
    epoch: u64,
}

/// The items of a new notification: its own, and the one that names it under its alert.
pub(super) fn to_items(notice: &Notification) -> Result<[Item; 2], StoreError> {
    let key = Key::notification(&notice.user, &notice.id);
    let json = serde_json::to_string(notice).map_err(|error| corrupt_key(&key, error))?;
    let row = NoticeRow {
        notice: json,
        delivery: delivery_text(&notice.delivery, &key)?,
        pending: notice.delivery.state == NoticeState::Pending,
        read_at: notice.read_at,
        ttl: (notice.created_at + NOTIFICATION_LIFETIME).seconds(),
    };
    let receipt = ReceiptRow { ttl: (notice.created_at + RECEIPT_LIFETIME).seconds() };
    Ok([write(&key, &row)?, write(&Key::receipt(&notice.user, &notice.alert, &notice.id), &receipt)?])
}

fn from_item(item: Item) -> Result<Notification, StoreError> {
    let key = Key::of(&item);
    let row: NoticeRow = read(item)?;
    let made: Notification = serde_json::from_str(&row.notice).map_err(|error| corrupt_key(&key, error))?;
    let delivery = serde_json::from_str(&row.delivery).map_err(|error| corrupt_key(&key, error))?;
    Ok(Notification { read_at: row.read_at, delivery, ..made })
}

fn delivery_text(delivery: &NoticeDelivery, key: &Key) -> Result<String, StoreError> {
    serde_json::to_string(delivery).map_err(|error| corrupt_key(key, error))
}

#[async_trait]
impl NotificationReader for DynamoStore {
    async fn notifications(
        &self,
        user: &UserId,
        before: Option<&NotificationId>,
        limit: usize,
    ) -> Result<Vec<Notification>, StoreError> {
        // Nothing in the inbox has an id beyond this one.
        let before = before.map_or("g", NotificationId::as_str);
        let query = self
            .query(user_partition(user))
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_values(":first", text(NOTE_PREFIX))
            .expression_attribute_values(":last", text(format!("{NOTE_PREFIX}{before}")))
            .scan_index_forward(false)
            .consistent_read(true);
        // One more, since the last of the range is not to be answered.
        let page = query.limit(i32::try_from(limit + 1).unwrap_or(i32::MAX)).send().await.map_err(store_error)?;
        let mut notices = page.items.unwrap_or_default().into_iter().map(from_item).collect::<Result<Vec<_>, _>>()?;
        notices.retain(|notice| notice.id.as_str() < before);
        notices.truncate(limit);
        Ok(notices)
    }

    async fn notifications_of(&self, user: &UserId, alert: &AlertId, limit: usize) -> Result<Vec<Notification>, StoreError> {
        let prefix = receipt_prefix(alert);
        let query = self
            .query(user_partition(user))
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :receipt)")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_values(":receipt", text(prefix.as_str()))
            .scan_index_forward(false)
            .consistent_read(true);
        let page = query.limit(i32::try_from(limit).unwrap_or(i32::MAX)).send().await.map_err(store_error)?;
        let mut ids = Vec::new();
        for item in page.items.unwrap_or_default() {
            ids.push(NotificationId::new(sort_key(&item)?.trim_start_matches(prefix.as_str())));
        }
        let read = async |id: NotificationId| -> Result<Option<Notification>, StoreError> {
            let answer = self.get(&Key::notification(user, &id)).send().await.map_err(store_error)?;
            answer.item.map(from_item).transpose()
        };
        let found: Vec<Option<Notification>> = stream::iter(ids).map(read).buffered(READS_IN_FLIGHT).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }
}

#[async_trait]
impl NotificationWriter for DynamoStore {
    async fn mark_read(&self, user: &UserId, ids: &[NotificationId], at: Timestamp) -> Result<(), StoreError> {
        let mark = async |id: &NotificationId| -> Result<(), StoreError> {
            let update = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(Key::notification(user, id).attributes()))
                .update_expression("SET #read_at = :at")
                .condition_expression("attribute_exists(#pk) AND attribute_not_exists(#read_at)")
                .expression_attribute_names("#pk", "pk")
                .expression_attribute_names("#read_at", "read_at")
                .expression_attribute_values(":at", number(at.millis()));
            conditional(update.send().await).map(|_| ())
        };
        let marks: Vec<_> = ids.iter().map(mark).collect();
        stream::iter(marks).buffer_unordered(WRITES_IN_FLIGHT).try_collect().await
    }
}

#[async_trait]
impl Outbox for DynamoStore {
    async fn due_outboxes(&self, now: Timestamp, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let mut users = Vec::new();
        for shard in 0..OUTBOX_SHARDS {
            let query = self
                .query(outbox_partition(shard))
                .filter_expression("#due_at <= :now AND (attribute_not_exists(#leased_until) OR #leased_until <= :now)")
                .expression_attribute_names("#due_at", "due_at")
                .expression_attribute_names("#leased_until", "leased_until")
                .expression_attribute_values(":now", number(now.millis()))
                .consistent_read(true);
            let mut items = query.into_paginator().items().send();
            while let Some(item) = items.next().await {
                users.push(UserId::new(sort_key(&item.map_err(store_error)?)?));
                if users.len() >= limit {
                    return Ok(users);
                }
            }
        }
        Ok(users)
    }

    /// When the answer is lost and the SDK asks again, the lease seems taken: it runs out, and the reconciler comes.
    async fn lease_outbox(&self, user: &UserId, now: Timestamp, until: Timestamp) -> Result<Option<OutboxLease>, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::outbox(user).attributes()))
            .update_expression("SET #leased_until = :until ADD #epoch :one")
            .condition_expression("#due_at <= :now AND (attribute_not_exists(#leased_until) OR #leased_until <= :now)")
            .expression_attribute_names("#due_at", "due_at")
            .expression_attribute_names("#leased_until", "leased_until")
            .expression_attribute_names("#epoch", "epoch")
            .expression_attribute_values(":now", number(now.millis()))
            .expression_attribute_values(":until", number(until.millis()))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew);
        let Some(item) = conditional(update.send().await)?.and_then(|answer| answer.attributes) else { return Ok(None) };
        let row: OutboxRow = read(item)?;
        Ok(Some(OutboxLease { user: user.clone(), pending_since: row.pending_since, until, epoch: row.epoch }))
    }

    async fn pending_notifications(&self, lease: &OutboxLease) -> Result<Vec<Notification>, StoreError> {
        let first = NotificationId::least(lease.pending_since);
        let query = self
            .query(user_partition(&lease.user))
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .filter_expression("#pending = :true")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_names("#pending", "pending")
            .expression_attribute_values(":first", text(format!("{NOTE_PREFIX}{first}")))
            .expression_attribute_values(":last", text(format!("{NOTE_PREFIX}g")))
            .expression_attribute_values(":true", aws_sdk_dynamodb::types::AttributeValue::Bool(true))
            .consistent_read(true);
        self.query_all(query).await?.into_iter().map(from_item).collect()
    }

    async fn put_delivery(&self, user: &UserId, id: &NotificationId, delivery: &NoticeDelivery) -> Result<(), StoreError> {
        let key = Key::notification(user, id);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("SET #delivery = :delivery, #pending = :pending")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#delivery", "delivery")
            .expression_attribute_names("#pending", "pending")
            .expression_attribute_values(":delivery", text(delivery_text(delivery, &key)?))
            .expression_attribute_values(
                ":pending",
                aws_sdk_dynamodb::types::AttributeValue::Bool(delivery.state == NoticeState::Pending),
            );
        conditional(update.send().await).map(|_| ())
    }

    async fn finish_outbox(&self, lease: &OutboxLease, rest: Option<OutboxRest>) -> Result<bool, StoreError> {
        const MINE: &str = "#leased_until = :until AND #epoch = :epoch";
        let key = Key::outbox(&lease.user);
        let noted = if let Some(rest) = rest {
            let update = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(key.attributes()))
                .update_expression("SET #pending_since = :since, #due_at = :due REMOVE #leased_until")
                .condition_expression(MINE)
                .expression_attribute_names("#leased_until", "leased_until")
                .expression_attribute_names("#epoch", "epoch")
                .expression_attribute_names("#pending_since", "pending_since")
                .expression_attribute_names("#due_at", "due_at")
                .expression_attribute_values(":until", number(lease.until.millis()))
                .expression_attribute_values(":epoch", number(lease.epoch))
                .expression_attribute_values(":since", number(rest.pending_since.millis()))
                .expression_attribute_values(":due", number(rest.due_at.millis()));
            conditional(update.send().await)?.is_some()
        } else {
            let delete = self
                .client
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(key.attributes()))
                .condition_expression(MINE)
                .expression_attribute_names("#leased_until", "leased_until")
                .expression_attribute_names("#epoch", "epoch")
                .expression_attribute_values(":until", number(lease.until.millis()))
                .expression_attribute_values(":epoch", number(lease.epoch));
            conditional(delete.send().await)?.is_some()
        };
        if !noted {
            let update = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(key.attributes()))
                .update_expression("REMOVE #leased_until")
                .condition_expression("#leased_until = :until")
                .expression_attribute_names("#leased_until", "leased_until")
                .expression_attribute_values(":until", number(lease.until.millis()));
            conditional(update.send().await)?;
        }
        Ok(noted)
    }
}

impl DynamoStore {
    /// The part of a transaction that makes the outbox of these notifications' user due; none when there are no notifications.
    pub(super) fn outbox_part(&self, notices: &[Notification]) -> Result<Option<TransactWriteItem>, StoreError> {
        let moments = || notices.iter().map(|notice| notice.created_at);
        let (Some(notice), Some(first), Some(last)) = (notices.first(), moments().min(), moments().max()) else {
            return Ok(None);
        };
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::outbox(&notice.user).attributes()))
            // A later one keeps the moment of the first, which may be by another clock.
            .update_expression(
                "SET #v = :v, #due_at = :due, #pending_since = if_not_exists(#pending_since, :since) ADD #epoch :one",
            )
            .expression_attribute_names("#v", "v")
            .expression_attribute_names("#due_at", "due_at")
            .expression_attribute_names("#pending_since", "pending_since")
            .expression_attribute_names("#epoch", "epoch")
            .expression_attribute_values(":v", layout())
            .expression_attribute_values(":due", number(last.millis()))
            .expression_attribute_values(":since", number((first - CLOCK_SKEW).millis()))
            .expression_attribute_values(":one", number(1));
        Ok(Some(TransactWriteItem::builder().update(update.build().map_err(refused)?).build()))
    }
}
