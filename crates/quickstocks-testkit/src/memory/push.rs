use async_trait::async_trait;
use quickstocks_core::model::{DeviceId, PushKeys, PushPurpose, PushState, PushSubscription, UserId};
use quickstocks_core::ports::{PushSubscriptionReader, PushSubscriptionWriter, StoreError, SubscriptionWrite};

use super::MemoryStore;

#[async_trait]
impl PushSubscriptionReader for MemoryStore {
    async fn push_subscriptions(&self, user: &UserId) -> Result<Vec<PushSubscription>, StoreError> {
        let state = self.state();
        let mut theirs: Vec<_> = state.push_subscriptions.values().filter(|one| one.user == *user).cloned().collect();
        theirs.sort_by_key(|one| one.created_at);
        Ok(theirs)
    }
}

#[async_trait]
impl PushSubscriptionWriter for MemoryStore {
    async fn put_push_subscription(&self, subscription: &PushSubscription) -> Result<SubscriptionWrite, StoreError> {
        let mut state = self.state();
        let stored = state.push_subscriptions.get(&subscription.id);
        if stored.is_some_and(|stored| stored.user != subscription.user && stored.keys != subscription.keys) {
            return Ok(SubscriptionWrite::Taken);
        }
        state.push_subscriptions.insert(subscription.id.clone(), subscription.clone());
        Ok(SubscriptionWrite::Stored)
    }

    async fn remove_push_subscription(&self, user: &UserId, id: &DeviceId, keys: Option<&PushKeys>) -> Result<bool, StoreError> {
        let mut state = self.state();
        let matches = |stored: &PushSubscription| stored.user == *user && keys.is_none_or(|keys| stored.keys == *keys);
        let found = state.push_subscriptions.get(id).is_some_and(matches);
        Ok(found && state.push_subscriptions.remove(id).is_some())
    }

    async fn move_push_subscription(
        &self,
        user: &UserId,
        id: &DeviceId,
        from: &PushState,
        to: &PushState,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let stored = state.push_subscriptions.get_mut(id).filter(|stored| stored.user == *user && stored.state == *from);
        Ok(stored.map(|stored| stored.state = to.clone()).is_some())
    }

    async fn count_push_order(&self, user: &UserId, purpose: PushPurpose, hour: i64) -> Result<u32, StoreError> {
        let mut state = self.state();
        let count = state.push_orders.entry((user.clone(), purpose, hour)).or_default();
        *count += 1;
        Ok(*count)
    }
}
