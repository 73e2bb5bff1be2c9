use std::collections::btree_map::Entry;

use async_trait::async_trait;
use quickstocks_core::model::{ListId, UserId, Watchlist};
use quickstocks_core::ports::{Change, StoreError, WatchlistReader, WatchlistWriter};

use super::MemoryStore;

#[async_trait]
impl WatchlistReader for MemoryStore {
    async fn watchlists(&self, user: &UserId) -> Result<Vec<Watchlist>, StoreError> {
        let state = self.state();
        Ok(state.watchlists.iter().filter(|((owner, _), _)| owner == user).map(|(_, list)| list.clone()).collect())
    }

    async fn watchlist(&self, user: &UserId, id: &ListId) -> Result<Option<Watchlist>, StoreError> {
        Ok(self.state().watchlists.get(&(user.clone(), id.clone())).cloned())
    }
}

#[async_trait]
impl WatchlistWriter for MemoryStore {
    async fn insert(&self, user: &UserId, list: &Watchlist) -> Result<Change, StoreError> {
        Ok(match self.state().watchlists.entry((user.clone(), list.id.clone())) {
            Entry::Occupied(_) => Change::Conflict,
            Entry::Vacant(place) => {
                place.insert(list.clone());
                Change::Done
            }
        })
    }

    async fn replace(&self, user: &UserId, list: &Watchlist, expected: u64) -> Result<Change, StoreError> {
        Ok(match self.state().watchlists.get_mut(&(user.clone(), list.id.clone())) {
            None => Change::Missing,
            Some(stored) if stored.version != expected => Change::Conflict,
            Some(stored) => {
                stored.clone_from(list);
                Change::Done
            }
        })
    }

    async fn delete(&self, user: &UserId, id: &ListId, expected: Option<u64>) -> Result<Change, StoreError> {
        let mut state = self.state();
        let key = (user.clone(), id.clone());
        Ok(match state.watchlists.entry(key.clone()) {
            Entry::Vacant(_) => Change::Missing,
            Entry::Occupied(stored) if expected.is_some_and(|expected| stored.get().version != expected) => Change::Conflict,
            Entry::Occupied(stored) => {
                stored.remove();
                state.shares.remove(&key);
                Change::Done
            }
        })
    }
}
