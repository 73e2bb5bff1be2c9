use std::collections::BTreeSet;

use async_trait::async_trait;
use quickstocks_core::model::{Connection, ConnectionId, Shard, Symbol, Timestamp, UserId, connection_shard};
use quickstocks_core::ports::{ConnectionPage, ConnectionReader, ConnectionWriter, StoreError};

use super::{MemoryStore, page};

#[async_trait]
impl ConnectionReader for MemoryStore {
    async fn page(&self, shard: Shard, after: Option<&ConnectionId>, now: Timestamp) -> Result<ConnectionPage, StoreError> {
        let state = self.state();
        let (rows, next) = page(&state.connections, after, self.page_size, |id| connection_shard(id) == shard);
        Ok(ConnectionPage {
            connections: rows.into_iter().filter(|row| row.expires_at() > now).cloned().collect(),
            next: next.cloned(),
        })
    }

    async fn connection(&self, id: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        Ok(self.state().connections.get(id).filter(|row| row.expires_at() > now).cloned())
    }

    async fn connections_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<ConnectionId>, StoreError> {
        let state = self.state();
        Ok(state
            .connections
            .values()
            .filter(|row| row.user == *user && row.expires_at() > now)
            .map(|row| row.id.clone())
            .collect())
    }
}

#[async_trait]
impl ConnectionWriter for MemoryStore {
    async fn add(&self, connection: &Connection) -> Result<(), StoreError> {
        self.state().connections.insert(connection.id.clone(), connection.clone());
        Ok(())
    }

    async fn remove(&self, id: &ConnectionId) -> Result<Option<UserId>, StoreError> {
        Ok(self.state().connections.remove(id).map(|row| row.user))
    }

    async fn set_listed(&self, id: &ConnectionId, symbols: &BTreeSet<Symbol>) -> Result<bool, StoreError> {
        Ok(self.change(id, |row| row.listed.clone_from(symbols)))
    }

    async fn set_watched(&self, id: &ConnectionId, symbols: &BTreeSet<Symbol>) -> Result<bool, StoreError> {
        Ok(self.change(id, |row| row.watched.clone_from(symbols)))
    }

    async fn set_paused(&self, id: &ConnectionId, paused: bool) -> Result<bool, StoreError> {
        Ok(self.change(id, |row| row.paused = paused))
    }

    async fn set_leased_until(&self, id: &ConnectionId, until: Timestamp) -> Result<bool, StoreError> {
        Ok(self.change(id, |row| row.leased_until = Some(until)))
    }
}

impl MemoryStore {
    fn change(&self, id: &ConnectionId, change: impl FnOnce(&mut Connection)) -> bool {
        self.state().connections.get_mut(id).map(change).is_some()
    }
}
