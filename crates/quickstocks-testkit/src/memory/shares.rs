use async_trait::async_trait;
use quickstocks_core::model::{ListId, Share, TokenHash, UserId};
use quickstocks_core::ports::{ShareReader, ShareWrite, ShareWriter, StoreError};

use super::MemoryStore;

#[async_trait]
impl ShareReader for MemoryStore {
    async fn share(&self, user: &UserId, list: &ListId) -> Result<Option<Share>, StoreError> {
        Ok(self.state().shares.get(&(user.clone(), list.clone())).cloned())
    }

    async fn shares(&self, user: &UserId) -> Result<Vec<Share>, StoreError> {
        Ok(self.state().shares.values().filter(|share| share.user == *user).cloned().collect())
    }

    async fn shared_list(&self, token: &TokenHash) -> Result<Option<(UserId, ListId)>, StoreError> {
        let state = self.state();
        let share = state.shares.values().find(|share| share.token.hash() == *token);
        Ok(share.map(|share| (share.user.clone(), share.list.clone())))
    }
}

#[async_trait]
impl ShareWriter for MemoryStore {
    async fn put_share(&self, share: &Share) -> Result<ShareWrite, StoreError> {
        let mut state = self.state();
        let key = (share.user.clone(), share.list.clone());
        if let Some(there) = state.shares.get(&key) {
            return Ok(ShareWrite::There(there.clone()));
        }
        if !state.watchlists.contains_key(&key) {
            return Ok(ShareWrite::NoList);
        }
        state.shares.insert(key, share.clone());
        Ok(ShareWrite::Made)
    }

    async fn end_share(&self, user: &UserId, list: &ListId) -> Result<bool, StoreError> {
        Ok(self.state().shares.remove(&(user.clone(), list.clone())).is_some())
    }
}
