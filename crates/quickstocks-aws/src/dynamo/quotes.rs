use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::{StreamExt, TryStreamExt, stream};
use quickstocks_core::model::{StoredQuote, Symbol, TickNumber, Timestamp};
use quickstocks_core::ports::{QuoteReader, QuoteWrite, QuoteWriter, StoreError};
use serde::{Deserialize, Serialize};

use super::item::{corrupt_key, number, read, write};
use super::keys::{Item, Key};
use super::{DynamoStore, WRITES_IN_FLIGHT, backoff};
use crate::error::{conditional, store_error};

/// How many items `BatchGetItem` answers at most.
const BATCH: usize = 100;

/// How many of those batches are under way at once.
const BATCHES_IN_FLIGHT: usize = 4;

#[derive(Serialize, Deserialize)]
struct QuoteRow {
    as_of: Timestamp,
    tick: TickNumber,
    quote: String,
}

/// What is left when a batch was asked for again and again.
#[derive(Debug, thiserror::Error)]
#[error("{left} of {asked} items were not read after {} tries", backoff::MAX_RETRIES + 1)]
struct Unprocessed {
    left: usize,
    asked: usize,
}

fn from_item(item: Item) -> Result<StoredQuote, StoreError> {
    let key = Key::of(&item);
    let row: QuoteRow = read(item)?;
    serde_json::from_str(&row.quote).map_err(|error| corrupt_key(&key, error))
}

/// Read eventually consistent, at half the price: what a reader may miss is the last moment's quote, which the tick brings anyway.
#[async_trait]
impl QuoteReader for DynamoStore {
    async fn quotes(&self, symbols: &[Symbol]) -> Result<Vec<StoredQuote>, StoreError> {
        // BatchGetItem refuses a request that names a key twice.
        let symbols: Vec<&Symbol> = symbols.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let batches: Vec<Vec<Item>> =
            symbols.chunks(BATCH).map(|batch| batch.iter().map(|symbol| Key::quote(symbol).attributes()).collect()).collect();
        let items: Vec<Vec<Item>> =
            stream::iter(batches).map(|keys| self.batch_get(keys)).buffer_unordered(BATCHES_IN_FLIGHT).try_collect().await?;
        items.into_iter().flatten().map(from_item).collect()
    }
}

#[async_trait]
impl QuoteWriter for DynamoStore {
    async fn store(&self, quotes: &[StoredQuote]) -> Result<Vec<QuoteWrite>, StoreError> {
        let put = |at: usize| self.put_quote(&quotes[at]);
        let results: Vec<Result<QuoteWrite, StoreError>> =
            stream::iter(0..quotes.len()).map(put).buffered(WRITES_IN_FLIGHT).collect().await;
        let mut outcomes = Vec::with_capacity(results.len());
        let mut failures = Vec::new();
        for (quote, result) in quotes.iter().zip(results) {
            outcomes.push(result.unwrap_or_else(|error| {
                failures.push((&quote.quote.symbol, error));
                QuoteWrite::Failed
            }));
        }
        if !quotes.is_empty() && failures.len() == quotes.len() {
            return Err(failures.swap_remove(0).1);
        }
        for (symbol, error) in failures {
            // The outcome carries no cause, so this is where it is told.
            tracing::warn!(quote.symbol = %symbol, error = &error as &dyn std::error::Error, "a quote could not be stored");
        }
        Ok(outcomes)
    }
}

impl DynamoStore {
    async fn put_quote(&self, quote: &StoredQuote) -> Result<QuoteWrite, StoreError> {
        let key = Key::quote(&quote.quote.symbol);
        let json = serde_json::to_string(quote).map_err(|error| corrupt_key(&key, error))?;
        let row = QuoteRow { as_of: quote.quote.newest(), tick: quote.tick, quote: json };
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(write(&key, &row)?))
            .condition_expression("attribute_not_exists(#pk) OR #as_of < :as_of OR (#as_of = :as_of AND #tick <= :tick)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#as_of", "as_of")
            .expression_attribute_names("#tick", "tick")
            .expression_attribute_values(":as_of", number(row.as_of.millis()))
            .expression_attribute_values(":tick", number(row.tick.0));
        Ok(conditional(put.send().await)?.map_or(QuoteWrite::Older, |_| QuoteWrite::Stored))
    }

    /// Reads up to 100 items; what `DynamoDB` leaves unprocessed (a batch above 16 MB, or throttling) is asked for again.
    async fn batch_get(&self, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let asked = keys.len();
        let mut pending = keys;
        let mut items = Vec::with_capacity(asked);
        for retry in 0.. {
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(pending))
                .projection_expression("#pk, #sk, #v, #as_of, #tick, #quote")
                .expression_attribute_names("#pk", "pk")
                .expression_attribute_names("#sk", "sk")
                .expression_attribute_names("#v", "v")
                .expression_attribute_names("#as_of", "as_of")
                .expression_attribute_names("#tick", "tick")
                .expression_attribute_names("#quote", "quote")
                .build()
                .map_err(|error| StoreError::Refused(error.into()))?;
            let answer = self.client.batch_get_item().request_items(&self.table, keys).send().await.map_err(store_error)?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            pending = answer.unprocessed_keys.unwrap_or_default().into_values().flat_map(|rest| rest.keys).collect();
            if pending.is_empty() {
                break;
            }
            if retry == backoff::MAX_RETRIES {
                return Err(StoreError::Throttled(Unprocessed { left: pending.len(), asked }.into()));
            }
            backoff::pause(retry).await;
        }
        Ok(items)
    }
}
