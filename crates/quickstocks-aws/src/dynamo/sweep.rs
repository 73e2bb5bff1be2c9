use async_trait::async_trait;
use quickstocks_core::model::{Follower, FollowerCursor, SweepState, Symbol, Timestamp, UserId};
use quickstocks_core::ports::{FollowerPage, StoreError, SweepReader, SweepWriter, WatchlistScan};
use serde::{Deserialize, Serialize};

use super::DynamoStore;
use super::identity::UsersTokenRow;
use super::item::{corrupt, corrupt_key, read, sort_key, symbols, text, write};
use super::keys::{Item, Key, LIST_PREFIX, TOKEN_PREFIX, USER_PREFIX, user_partition};
use crate::error::store_error;

/// What a page reads of a user's items: not the notes, which are most of a list.
const READ: &str = "#pk, #sk, #v, #symbols, #used_at, #expires_at";

const LISTS_AND_TOKENS: &str = "begins_with(#pk, :user) AND (begins_with(#sk, :list) OR begins_with(#sk, :token))";

/// What the sweep reads of a list.
#[derive(Deserialize)]
struct ListedRow {
    #[serde(with = "symbols")]
    symbols: Vec<Symbol>,
}

#[derive(Serialize, Deserialize)]
struct SweepRow {
    state: String,
}

/// A scan, since users have no index: it reads the whole table, once a day, at half a read unit for each 4 KB. What is on it beside
/// users (quotes, the poll set, tokens, connections) is of the same order of size. A scan goes from partition to partition, so a user's
/// items come one after the other; the user at whom a page ends is read once more, whole, and the rest of them is passed over in the
/// next page.
#[async_trait]
impl WatchlistScan for DynamoStore {
    async fn followers(&self, after: Option<&FollowerCursor>, now: Timestamp) -> Result<FollowerPage, StoreError> {
        let after = after.map(key_of).transpose()?;
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .projection_expression(READ)
            .filter_expression(LISTS_AND_TOKENS)
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_names("#v", "v")
            .expression_attribute_names("#symbols", "symbols")
            .expression_attribute_names("#used_at", "used_at")
            .expression_attribute_names("#expires_at", "expires_at")
            .expression_attribute_values(":user", text(USER_PREFIX))
            .expression_attribute_values(":list", text(LIST_PREFIX))
            .expression_attribute_values(":token", text(TOKEN_PREFIX))
            .set_limit(self.page_size)
            .set_exclusive_start_key(after.as_ref().map(Key::attributes));
        let answer = scan.send().await.map_err(store_error)?;
        let next = answer
            .last_evaluated_key
            .as_ref()
            .map(|key| Ok(Key { pk: partition_key(key)?.to_owned(), sk: sort_key(key)?.to_owned() }));
        let next = next.transpose()?;
        let mut users: Vec<Found> = Vec::new();
        for item in answer.items.unwrap_or_default() {
            let pk = partition_key(&item)?;
            if after.as_ref().is_some_and(|after| after.pk == pk) {
                continue;
            }
            if users.last().is_none_or(|found| found.pk != pk) {
                users.push(Found::new(pk));
            }
            if let Some(found) = users.last_mut() {
                found.add(item, now)?;
            }
        }
        // The user at whom the page ends, though none of their items may be on it yet.
        let split = next
            .as_ref()
            .filter(|next| next.pk.starts_with(USER_PREFIX) && after.as_ref().is_none_or(|after| after.pk != next.pk));
        if let Some(next) = split {
            users.retain(|found| found.pk != next.pk);
            users.push(self.whole_user(&next.pk, now).await?);
        }
        Ok(FollowerPage {
            followers: users.into_iter().filter_map(Found::follower).collect(),
            next: next.map(|key| FollowerCursor::new(&format!("{} {}", key.pk, key.sk))),
        })
    }
}

impl DynamoStore {
    async fn whole_user(&self, pk: &str, now: Timestamp) -> Result<Found, StoreError> {
        let mut found = Found::new(pk);
        let user = UserId::new(pk.trim_start_matches(USER_PREFIX));
        for prefix in [LIST_PREFIX, TOKEN_PREFIX] {
            let query = self
                .query(user_partition(&user))
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
                .expression_attribute_names("#sk", "sk")
                .expression_attribute_values(":prefix", text(prefix));
            for item in self.query_all(query).await? {
                found.add(item, now)?;
            }
        }
        Ok(found)
    }
}

/// What was found of a user.
struct Found {
    pk: String,
    lists: usize,
    follower: Follower,
}

impl Found {
    fn new(pk: &str) -> Self {
        let user = UserId::new(pk.trim_start_matches(USER_PREFIX));
        Self { pk: pk.to_owned(), lists: 0, follower: Follower { user, symbols: [].into(), seen_at: None } }
    }

    fn add(&mut self, item: Item, now: Timestamp) -> Result<(), StoreError> {
        if sort_key(&item)?.starts_with(LIST_PREFIX) {
            let row: ListedRow = read(item)?;
            self.lists += 1;
            self.follower.symbols.extend(row.symbols);
        } else {
            let row: UsersTokenRow = read(item)?;
            if row.expires_at.is_none_or(|expires_at| expires_at > now) {
                // Of a row from before these were kept nobody knows: better polled for nothing than not polled.
                self.follower.seen_at = self.follower.seen_at.max(Some(row.used_at.unwrap_or(now)));
            }
        }
        Ok(())
    }

    fn follower(self) -> Option<Follower> {
        (self.lists > 0).then_some(self.follower)
    }
}

pub(super) fn partition_key(item: &Item) -> Result<&str, StoreError> {
    item.get("pk")
        .and_then(|pk| pk.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| corrupt(item, "its partition key is not a text"))
}

/// No partition key has a space.
pub(super) fn key_of(cursor: &FollowerCursor) -> Result<Key, StoreError> {
    let (pk, sk) = cursor.as_str().split_once(' ').ok_or_else(|| corrupt_key(&Key::sweep(), "its cursor is no key"))?;
    Ok(Key { pk: pk.to_owned(), sk: sk.to_owned() })
}

#[async_trait]
impl SweepReader for DynamoStore {
    async fn sweep(&self) -> Result<SweepState, StoreError> {
        let key = Key::sweep();
        let Some(item) = self.get(&key).send().await.map_err(store_error)?.item else { return Ok(SweepState::default()) };
        let row: SweepRow = read(item)?;
        serde_json::from_str(&row.state).map_err(|error| corrupt_key(&key, error))
    }
}

#[async_trait]
impl SweepWriter for DynamoStore {
    async fn put_sweep(&self, state: &SweepState) -> Result<(), StoreError> {
        let key = Key::sweep();
        let state = serde_json::to_string(state).map_err(|error| corrupt_key(&key, error))?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(write(&key, &SweepRow { state })?));
        put.send().await.map(|_| ()).map_err(store_error)
    }
}
