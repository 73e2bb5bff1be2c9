use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use quickstocks_core::model::{Lease, MissingReason, PollEntry, PollRecord, Shard, Symbol, Timestamp, Urgency};
use quickstocks_core::ports::{PollPage, PollSetReader, PollSetWriter, StoreError};
use serde::{Deserialize, Serialize};

use super::item::{corrupt, corrupt_key, layout, number, read, sort_key, text};
use super::keys::{Item, Key, poll_partition};
use super::{DynamoStore, WRITES_IN_FLIGHT};
use crate::error::{conditional, store_error};

/// How long a row stays after the lease that was written last. No lease reaches further than this into the future, so a short
/// lease never lets a row die before a longer one of another urgency that it knows nothing of; and what the last poll found
/// (that a symbol rests, or is unknown) outlives a symbol's absence of some days.
const GRACE: Duration = Duration::from_hours(30 * 24);

#[derive(Serialize, Deserialize)]
struct PollRow {
    on_screen_until: Option<Timestamp>,
    armed_until: Option<Timestamp>,
    followed_until: Option<Timestamp>,
    polled_at: Option<Timestamp>,
    rests_at: Option<Arc<str>>,
    missing: Option<MissingReason>,
}

fn symbol_of(item: &Item) -> Result<Symbol, StoreError> {
    Symbol::parse(sort_key(item)?).map_err(|error| corrupt(item, error))
}

fn from_item(item: Item) -> Result<PollEntry, StoreError> {
    let symbol = symbol_of(&item)?;
    let PollRow { on_screen_until, armed_until, followed_until, polled_at, rests_at, missing } = read(item)?;
    Ok(PollEntry { symbol, on_screen_until, armed_until, followed_until, polled_at, rests_at, missing })
}

#[async_trait]
impl PollSetReader for DynamoStore {
    async fn page(&self, shard: Shard, after: Option<&Symbol>) -> Result<PollPage, StoreError> {
        let start = after.map(|symbol| Key { pk: poll_partition(shard), sk: symbol.to_string() }.attributes());
        let query = self.query(poll_partition(shard)).set_exclusive_start_key(start);
        let answer = query.send().await.map_err(store_error)?;
        let next = answer.last_evaluated_key.as_ref().map(symbol_of).transpose()?;
        let entries = answer.items.unwrap_or_default().into_iter().map(from_item).collect::<Result<_, _>>()?;
        Ok(PollPage { entries, next })
    }
}

#[async_trait]
impl PollSetWriter for DynamoStore {
    async fn extend(&self, leases: &[Lease]) -> Result<(), StoreError> {
        let mut longest: BTreeMap<(&Symbol, Urgency), Timestamp> = BTreeMap::new();
        for lease in leases {
            let until = longest.entry((&lease.symbol, lease.urgency)).or_insert(lease.until);
            *until = (*until).max(lease.until);
        }
        let longest: Vec<_> = longest.into_iter().collect();
        let extend = |at: usize| {
            let ((symbol, urgency), until) = longest[at];
            self.extend_one(symbol, urgency, until)
        };
        all_of(stream::iter(0..longest.len()).map(extend).buffer_unordered(WRITES_IN_FLIGHT).collect().await)
    }

    async fn end_followed(&self, symbols: &[Symbol], before: Timestamp) -> Result<(), StoreError> {
        let end = |at: usize| self.end_followed_one(&symbols[at], before);
        all_of(stream::iter(0..symbols.len()).map(end).buffer_unordered(WRITES_IN_FLIGHT).collect().await)
    }

    async fn record(&self, records: &[PollRecord]) -> Result<(), StoreError> {
        let record = |at: usize| self.record_one(&records[at]);
        all_of(stream::iter(0..records.len()).map(record).buffer_unordered(WRITES_IN_FLIGHT).collect().await)
    }
}

/// One failure does not keep the other rows from being written; the first one is answered.
fn all_of(results: Vec<Result<(), StoreError>>) -> Result<(), StoreError> {
    results.into_iter().collect()
}

impl DynamoStore {
    async fn extend_one(&self, symbol: &Symbol, urgency: Urgency, until: Timestamp) -> Result<(), StoreError> {
        let lease = match urgency {
            Urgency::OnScreen => "on_screen_until",
            Urgency::Armed => "armed_until",
            Urgency::Followed => "followed_until",
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::poll_entry(symbol).attributes()))
            .update_expression("SET #lease = :until, #ttl = :ttl, #v = :v")
            .condition_expression("attribute_not_exists(#lease) OR #lease < :until")
            .expression_attribute_names("#lease", lease)
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_names("#v", "v")
            .expression_attribute_values(":until", number(until.millis()))
            .expression_attribute_values(":ttl", number((until + GRACE).seconds()))
            .expression_attribute_values(":v", layout());
        conditional(update.send().await).map(|_| ())
    }

    async fn end_followed_one(&self, symbol: &Symbol, before: Timestamp) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::poll_entry(symbol).attributes()))
            .update_expression("REMOVE #lease")
            // A lease that is not there is not earlier than anything: no row is made.
            .condition_expression("#lease < :before")
            .expression_attribute_names("#lease", "followed_until")
            .expression_attribute_values(":before", number(before.millis()));
        conditional(update.send().await).map(|_| ())
    }

    async fn record_one(&self, record: &PollRecord) -> Result<(), StoreError> {
        let PollRecord { symbol, polled_at, rests_at, missing } = record;
        let key = Key::poll_entry(symbol);
        let missing = missing.map(serde_dynamo::to_attribute_value).transpose();
        let missing = missing.map_err(|error: serde_dynamo::Error| corrupt_key(&key, error))?;
        let found = [
            ("polled_at", polled_at.map(|at| number(at.millis()))),
            ("rests_at", rests_at.as_deref().map(text)),
            ("missing", missing),
        ];
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", "pk");
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        for (name, value) in found {
            update = update.expression_attribute_names(format!("#{name}"), name);
            match value {
                Some(value) => {
                    set.push(format!("#{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), value);
                }
                None => remove.push(format!("#{name}")),
            }
        }
        let clause = |verb: &str, parts: Vec<String>| {
            if parts.is_empty() { String::new() } else { format!("{verb} {} ", parts.join(", ")) }
        };
        let expression = clause("SET", set) + &clause("REMOVE", remove);
        conditional(update.update_expression(expression.trim_end()).send().await).map(|_| ())
    }
}
