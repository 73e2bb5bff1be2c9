use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValue;
use quickstocks_core::model::{Breaker, SourceSession, SourceStatus, TickNumber};
use quickstocks_core::ports::{CallCounter, SourceGate, SourceStatusReader, SourceStatusWriter, StoreError};
use serde::{Deserialize, Serialize};

use super::DynamoStore;
use super::item::{corrupt_key, layout, number, read, text, write};
use super::keys::{Item, Key};
use crate::error::{conditional, store_error};

/// How long an hour's count is kept: long enough for a person to look at yesterday's.
const COUNT_KEPT_SECONDS: i64 = 48 * 3600;

/// A session, or the place of one that was dropped.
#[derive(Serialize, Deserialize)]
struct SessionRow {
    #[serde(flatten)]
    session: Option<SourceSession>,
}

#[derive(Serialize, Deserialize)]
struct CallsRow {
    calls: u64,
}

#[derive(Serialize, Deserialize)]
struct TickRow {
    tick: TickNumber,
}

#[derive(Serialize, Deserialize)]
struct StatusRow {
    tick: TickNumber,
    status: String,
}

fn session_key() -> Key {
    Key::source("SESSION")
}

fn breaker_key() -> Key {
    Key::source("BREAKER")
}

fn status_key() -> Key {
    Key::source("STATUS")
}

#[async_trait]
impl SourceGate for DynamoStore {
    async fn session(&self) -> Result<Option<SourceSession>, StoreError> {
        let answer = self.get(&session_key()).send().await.map_err(store_error)?;
        Ok(answer.item.map(read::<SessionRow>).transpose()?.and_then(|row| row.session))
    }

    async fn put_session(&self, session: &SourceSession) -> Result<(), StoreError> {
        let item = write(&session_key(), &SessionRow { session: Some(session.clone()) })?;
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await.map(|_| ()).map_err(store_error)
    }

    /// Writes the place of a dropped session instead of deleting the item, so that the fetcher needs no right to delete.
    async fn drop_session(&self, session: &SourceSession) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(write(&session_key(), &SessionRow { session: None })?))
            .condition_expression("#cookie = :cookie AND #crumb = :crumb AND #fetched_at = :fetched_at")
            .expression_attribute_names("#cookie", "cookie")
            .expression_attribute_names("#crumb", "crumb")
            .expression_attribute_names("#fetched_at", "fetched_at")
            .expression_attribute_values(":cookie", text(&session.cookie))
            .expression_attribute_values(":crumb", text(&session.crumb))
            .expression_attribute_values(":fetched_at", number(session.fetched_at.millis()));
        conditional(put.send().await).map(|_| ())
    }

    async fn breaker(&self) -> Result<Breaker, StoreError> {
        let answer = self.get(&breaker_key()).send().await.map_err(store_error)?;
        Ok(answer.item.map(read).transpose()?.unwrap_or_default())
    }

    /// When the answer to a swap is lost and the SDK asks again, the winner is told that it lost: then nobody probes until the pause
    /// it wrote is over. The other way round two would probe.
    async fn swap_breaker(&self, expected: &Breaker, new: &Breaker) -> Result<bool, StoreError> {
        let equal = "(#trips = :trips AND #open_until = :open_until)";
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(write(&breaker_key(), new)?))
            .expression_attribute_names("#trips", "trips")
            .expression_attribute_names("#open_until", "open_until")
            .expression_attribute_values(":trips", number(expected.trips))
            .expression_attribute_values(":open_until", number(expected.open_until.millis()));
        put = if *expected == Breaker::default() {
            // None stored is a closed one.
            put.condition_expression(format!("attribute_not_exists(#pk) OR {equal}")).expression_attribute_names("#pk", "pk")
        } else {
            put.condition_expression(equal)
        };
        Ok(conditional(put.send().await)?.is_some())
    }
}

#[async_trait]
impl CallCounter for DynamoStore {
    async fn add_calls(&self, hour: i64, calls: u32) -> Result<u32, StoreError> {
        let key = Key::calls(hour);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("ADD #calls :calls SET #ttl = :ttl, #v = :v")
            .expression_attribute_names("#calls", "calls")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_names("#v", "v")
            .expression_attribute_values(":calls", number(calls))
            .expression_attribute_values(":ttl", number(hour.saturating_mul(3600).saturating_add(COUNT_KEPT_SECONDS)))
            .expression_attribute_values(":v", layout())
            .return_values(ReturnValue::AllNew);
        let answer = update.send().await.map_err(store_error)?;
        count(&key, answer.attributes)
    }

    async fn calls(&self, hour: i64) -> Result<u32, StoreError> {
        let key = Key::calls(hour);
        let answer = self.get(&key).send().await.map_err(store_error)?;
        answer.item.map_or(Ok(0), |item| count(&key, Some(item)))
    }
}

fn count(key: &Key, item: Option<Item>) -> Result<u32, StoreError> {
    let row: CallsRow = read(item.ok_or_else(|| corrupt_key(key, "an update answered no item"))?)?;
    Ok(u32::try_from(row.calls).unwrap_or(u32::MAX))
}

#[async_trait]
impl SourceStatusReader for DynamoStore {
    /// Read eventually consistent: every `ping` of every browser asks for it, and it is a moment old anyway.
    async fn status(&self) -> Result<SourceStatus, StoreError> {
        let key = status_key();
        let answer = self.get(&key).consistent_read(false).send().await.map_err(store_error)?;
        let Some(item) = answer.item else { return Ok(SourceStatus::default()) };
        let row: StatusRow = read(item)?;
        serde_json::from_str(&row.status).map_err(|error| corrupt_key(&key, error))
    }
}

#[async_trait]
impl SourceStatusWriter for DynamoStore {
    async fn next_tick(&self) -> Result<TickNumber, StoreError> {
        let key = Key::source("TICK");
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("ADD #tick :one SET #v = :v")
            .expression_attribute_names("#tick", "tick")
            .expression_attribute_names("#v", "v")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":v", layout())
            .return_values(ReturnValue::AllNew);
        let item = update.send().await.map_err(store_error)?.attributes;
        let row: TickRow = read(item.ok_or_else(|| corrupt_key(&key, "an update answered no item"))?)?;
        Ok(row.tick)
    }

    async fn put_status(&self, status: &SourceStatus) -> Result<(), StoreError> {
        let key = status_key();
        let json = serde_json::to_string(status).map_err(|error| corrupt_key(&key, error))?;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(write(&key, &StatusRow { tick: status.tick, status: json })?))
            .condition_expression("attribute_not_exists(#pk) OR #tick <= :tick")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#tick", "tick")
            .expression_attribute_values(":tick", number(status.tick.0));
        conditional(put.send().await).map(|_| ())
    }
}
