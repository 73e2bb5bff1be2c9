//! Every store port on one `DynamoDB` table.
//!
//! # Items
//!
//! The keys are `pk` and `sk`, both texts. Every item carries `v`, the version of its layout, and one that is of no use after some
//! moment carries `ttl` in epoch seconds. `DynamoDB` deletes such items within two days, so `ttl` is only garbage collection: whatever
//! must not be seen after its time is filtered when it is read. Times are epoch milliseconds unless they are called `ttl`.
//!
//! | item | `pk` | `sk` | attributes |
//! |---|---|---|---|
//! | user | `USER#id` | `PROFILE` | `created_at` |
//! | watchlist | `USER#id` | `LIST#list` | `name`, `symbols` (one text), `notes` (a map, absent when there are none), `version`, `updated_at` |
//! | link to a list | `USER#id` | `SHARE#list` | `token`, `created_at` |
//! | shared list | `SHARED#sha256` | `-` | `user`, `list`: where the link of that token leads |
//! | preferences | `USER#id` | `PREFERENCES` | those of [`Preferences`](quickstocks_core::model::Preferences), which are absent where nothing is said |
//! | user's connection | `USER#id` | `CONN#connection` | `connected_at`, `ttl` |
//! | connection | `WS#shard` | connection id | `user`, `listed`, `watched` (one text each), `paused`, `connected_at`, `leased_until`, `ttl` |
//! | poll entry | `POLL#shard` | symbol | `on_screen_until`, `armed_until`, `followed_until`, `polled_at`, `rests_at`, `missing`, `ttl` |
//! | quote | `QUOTE#symbol` | `LATEST` | `as_of` (the newest moment in it), `tick`, `quote` (JSON) |
//! | token | `TOKEN#sha256` | `-` | `kind`, `user`, `name`, `created_at`, `used_at`, `expires_at`, `ttl` |
//! | user's token | `USER#id` | `TOKEN#sha256` | `used_at`, `expires_at`, `ttl`: those of a token of a kind that is listed |
//! | push subscription | `PUSH#device` | `-` | `user`, `endpoint`, `p256dh`, `auth`, `vapid_key`, `site`, `name`, `state` (JSON), `created_at` |
//! | user's push subscription | `USER#id` | `PUSH#device` | none: it names a subscription that is or was theirs |
//! | push orders of an hour | `USER#id` | `ORDERS#purpose#hour` | `orders`, `ttl` |
//! | alert | `USER#id` | `ALERT#alert` | `revision`, `alert` (JSON) |
//! | watched alert | `ARMED#symbol` | `user#alert` | a copy of the alert, there while quotes are held against it |
//! | notification | `USER#id` | `NOTE#notification` | `notice` (JSON, as it was made), `delivery` (JSON), `pending`, `read_at`, `ttl` |
//! | receipt | `USER#id` | `RECEIPT#alert#notification` | `ttl`: it names a notification about the alert |
//! | outbox | `OUTBOX#shard` | user id | `pending_since`, `due_at`, `leased_until`, `epoch`: there while something is pending for the user |
//! | action's token | `ACTION#sha256` | `-` | `user`, `alerts` (JSON), `expires_at`, `ttl` |
//! | request | `USER#id` | `REQUEST#key` | `fingerprint`, `answer`, `expires_at`, `ttl` |
//! | events of a window | `EVENTS#key` | `until` in milliseconds | `count`, `ttl` |
//! | Yahoo's session | `SOURCE#yahoo` | `SESSION` | `cookie`, `crumb`, `fetched_at`; none of them once it is dropped |
//! | breaker | `SOURCE#yahoo` | `BREAKER` | `trips`, `open_until` |
//! | calls of an hour | `SOURCE#yahoo` | `CALLS#hour` | `calls`, `ttl` |
//! | tick counter | `SOURCE#yahoo` | `TICK` | `tick` |
//! | status | `SOURCE#yahoo` | `STATUS` | `tick`, `status` (JSON) |
//! | sweep | `SWEEP` | `STATE` | `state` (JSON) |
//!
//! A quote is kept as the JSON of [`StoredQuote`](quickstocks_core::model::StoredQuote), with native copies only of what its condition
//! compares. Either form fits the smallest unit of a write (1 KB) and of a read (4 KB), so both cost the same; JSON is the form the
//! wire and the `SQLite` store have too, and saves a map of some 27 attribute values a quote in the hottest batch of the fetcher.
//!
//! # Actions
//!
//! What a function's policy must allow for the ports it takes. `TransactWriteItems` is no action of IAM: its parts are.
//!
//! | port | actions (`dynamodb:`) |
//! |---|---|
//! | `QuoteReader` | `BatchGetItem` |
//! | `QuoteWriter` | `PutItem` |
//! | `WatchlistReader` | `GetItem`, `Query` |
//! | `WatchlistWriter` | `insert`, `replace`: `PutItem`; `delete`: `GetItem`, `DeleteItem` |
//! | `ShareReader` | `share`, `shared_list`: `GetItem`; `shares`: `Query` |
//! | `ShareWriter` | `put_share`: `GetItem`, `UpdateItem`, `PutItem`; `end_share`: `GetItem`, `DeleteItem` |
//! | `PreferencesReader` | `GetItem` |
//! | `PreferencesWriter` | `PutItem` |
//! | `PushSubscriptionReader` | `Query`, `GetItem` |
//! | `PushSubscriptionWriter` | `put`: `GetItem`, `PutItem`, `DeleteItem`; `remove`: `DeleteItem`; `move`, `count`: `UpdateItem` |
//! | `AlertReader` | `alerts`, `armed_alerts`: `Query`; `alert`: `GetItem` |
//! | `AlertWriter` | `insert_alert`, `write_alert`: `PutItem`, `DeleteItem`, `UpdateItem`; `delete_alert`: `GetItem`, `DeleteItem` |
//! | `NotificationReader` | `Query`, `GetItem` |
//! | `NotificationWriter` | `UpdateItem` |
//! | `Outbox` | `due_outboxes`, `pending_notifications`: `Query`; the others: `UpdateItem`, `DeleteItem` |
//! | `ActionTokens` | `PutItem`, `DeleteItem` |
//! | `ArmedScan` | `Scan` |
//! | `UserReader` | `GetItem` |
//! | `UserWriter` | `create`: `PutItem`; `remove_user`: `Query`, `GetItem`, `DeleteItem` |
//! | `TokenReader` | `token`: `GetItem`; `tokens_of`: `Query`, `GetItem` |
//! | `TokenWriter` | `put`: `PutItem`; `take`, `delete`: `DeleteItem`; `extend`: `UpdateItem` |
//! | `ConnectionReader` | `page`, `connections_of`: `Query`; `connection`: `GetItem` |
//! | `ConnectionWriter` | `add`: `PutItem`; `remove`: `DeleteItem`; the setters: `UpdateItem` |
//! | `PollSetReader` | `Query` |
//! | `PollSetWriter` | `UpdateItem` |
//! | `RateCounter` | `UpdateItem` |
//! | `RequestLog` | `claim_request`: `PutItem`, `GetItem`; `keep_answer`: `PutItem`; `forget_request`: `DeleteItem` |
//! | `SourceGate` | `GetItem`, `PutItem` |
//! | `CallCounter` | `add_calls`: `UpdateItem`; `calls`: `GetItem` |
//! | `SourceStatusReader` | `GetItem` |
//! | `SourceStatusWriter` | `next_tick`: `UpdateItem`; `put_status`: `PutItem` |
//! | `WatchlistScan` | `Scan`, `Query` |
//! | `SweepReader` | `GetItem` |
//! | `SweepWriter` | `PutItem` |
//!
//! `Scan` is for the sweep, once a day; `BatchWriteItem` and the actions on tables are never used.

mod alerts;
mod backoff;
mod connections;
mod identity;
mod item;
mod keys;
mod notifications;
mod poll_set;
mod preferences;
mod push;
mod quotes;
mod requests;
mod shares;
mod source;
mod sweep;
mod watchlists;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use quickstocks_core::ports::StoreError;

use self::keys::{Item, Key};
use crate::error::{Class, classify_cancellation, store_error};

/// How many single-item requests of one batch are under way at once. At some 5 ms each this is 3,000 a second, below what a new
/// on-demand table takes (4,000 writes a second).
const WRITES_IN_FLIGHT: usize = 16;

/// The store ports on one table.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    client: Client,
    table: String,
    page_size: Option<i32>,
}

impl DynamoStore {
    /// A store on the table of that name.
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(config), table: table.into(), page_size: None }
    }

    /// Bounds the items of one page of a query; otherwise `DynamoDB`'s 1 MB does.
    #[must_use]
    pub fn with_page_size(mut self, items: u16) -> Self {
        self.page_size = Some(i32::from(items.max(1)));
        self
    }

    /// A request for one item as it was written last.
    fn get(&self, key: &Key) -> GetItemFluentBuilder {
        self.client.get_item().table_name(&self.table).set_key(Some(key.attributes())).consistent_read(true)
    }

    /// A query of a partition.
    fn query(&self, partition: String) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_values(":pk", item::text(partition))
            .set_limit(self.page_size)
    }

    /// Every item of a query, all its pages.
    async fn query_all(&self, query: QueryFluentBuilder) -> Result<Vec<Item>, StoreError> {
        query.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.map_err(store_error)
    }

    /// A put of an item, to be part of a transaction.
    fn put_in_transaction(&self, item: Item) -> PutBuilder {
        Put::builder().table_name(&self.table).set_item(Some(item))
    }

    /// Does all puts or none of them.
    async fn transact(&self, puts: impl IntoIterator<Item = PutBuilder>) -> Result<(), StoreError> {
        let part = |put: PutBuilder| put.build().map(|put| TransactWriteItem::builder().put(put).build());
        let puts =
            puts.into_iter().map(part).collect::<Result<Vec<_>, _>>().map_err(|error| StoreError::Refused(error.into()))?;
        // The SDK adds a token that makes its own retries of one transaction count as one.
        let result = self.client.transact_write_items().set_transact_items(Some(puts)).send().await;
        result.map(|_| ()).map_err(transaction_error)
    }
}

/// What a failed transaction means.
fn transaction_error(error: SdkError<TransactWriteItemsError, HttpResponse>) -> StoreError {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
            match classify_cancellation(codes) {
                Class::Throttled => StoreError::Throttled(error.into()),
                Class::Unavailable => StoreError::Unavailable(error.into()),
                Class::Refused => StoreError::Refused(error.into()),
            }
        }
        _ => store_error(error),
    }
}
