use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use quickstocks_core::model::{Follower, FollowerCursor, SweepState, Symbol, Timestamp, UserId};
use quickstocks_core::ports::{FollowerPage, StoreError, SweepReader, SweepWriter, WatchlistScan};

use super::{MemoryStore, page};

#[async_trait]
impl WatchlistScan for MemoryStore {
    async fn followers(&self, after: Option<&FollowerCursor>, now: Timestamp) -> Result<FollowerPage, StoreError> {
        let state = self.state();
        let mut followed: BTreeMap<UserId, BTreeSet<Symbol>> = BTreeMap::new();
        for ((user, _), list) in &state.watchlists {
            followed.entry(user.clone()).or_default().extend(list.symbols.iter().cloned());
        }
        let rows: BTreeMap<UserId, Follower> = followed
            .into_iter()
            .map(|(user, symbols)| {
                let good =
                    state.tokens.values().filter(|token| token.user == user && token.kind.is_listed() && token.expires_at > now);
                let seen_at = good.map(|token| token.used_at).max();
                (user.clone(), Follower { user, symbols, seen_at })
            })
            .collect();
        let after = after.map(|cursor| UserId::new(cursor.as_str()));
        let (followers, next) = page(&rows, after.as_ref(), self.page_size, |_| true);
        Ok(FollowerPage {
            followers: followers.into_iter().cloned().collect(),
            next: next.map(|user| FollowerCursor::new(user.as_str())),
        })
    }
}

#[async_trait]
impl SweepReader for MemoryStore {
    async fn sweep(&self) -> Result<SweepState, StoreError> {
        Ok(self.state().sweep.clone())
    }
}

#[async_trait]
impl SweepWriter for MemoryStore {
    async fn put_sweep(&self, sweep: &SweepState) -> Result<(), StoreError> {
        self.state().sweep = sweep.clone();
        Ok(())
    }
}
