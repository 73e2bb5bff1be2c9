use async_trait::async_trait;
use quickstocks_core::model::{Timestamp, Token, TokenHash, TokenKind, User, UserId, Watchlist};
use quickstocks_core::ports::{StoreError, TokenReader, TokenWriter, UserReader, UserWriter};

use super::MemoryStore;

#[async_trait]
impl UserWriter for MemoryStore {
    async fn create(&self, user: &User, list: &Watchlist, session: &Token) -> Result<(), StoreError> {
        let mut state = self.state();
        let list_key = (user.id.clone(), list.id.clone());
        if state.users.contains_key(&user.id)
            || state.watchlists.contains_key(&list_key)
            || state.tokens.contains_key(&session.hash)
        {
            return Err(StoreError::Refused("it is already there".into()));
        }
        state.users.insert(user.id.clone(), user.clone());
        state.watchlists.insert(list_key, list.clone());
        state.tokens.insert(session.hash.clone(), session.clone());
        Ok(())
    }

    async fn remove_user(&self, user: &UserId) -> Result<(), StoreError> {
        let mut state = self.state();
        state.users.remove(user);
        state.watchlists.retain(|(owner, _), _| owner != user);
        state.shares.retain(|(owner, _), _| owner != user);
        state.preferences.remove(user);
        state.push_subscriptions.retain(|_, subscription| subscription.user != *user);
        state.push_orders.retain(|(owner, _, _), _| owner != user);
        state.alerts.retain(|(owner, _), _| owner != user);
        state.notifications.retain(|(owner, _), _| owner != user);
        state.outboxes.remove(user);
        state.actions.retain(|_, token| token.user != *user);
        state.requests.retain(|(owner, _), _| owner != user);
        state.connections.retain(|_, connection| connection.user != *user);
        state.tokens.retain(|_, token| token.user != *user || !token.kind.is_listed());
        Ok(())
    }
}

#[async_trait]
impl UserReader for MemoryStore {
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state().users.get(id).cloned())
    }
}

#[async_trait]
impl TokenReader for MemoryStore {
    async fn token(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError> {
        Ok(self.state().tokens.get(hash).filter(|token| good(token, kind, now)).cloned())
    }

    async fn tokens_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<Token>, StoreError> {
        let state = self.state();
        let listed = |token: &&Token| token.user == *user && token.kind.is_listed() && token.expires_at > now;
        let mut tokens: Vec<Token> = state.tokens.values().filter(listed).cloned().collect();
        tokens.sort_by_key(|token| token.created_at);
        Ok(tokens)
    }
}

#[async_trait]
impl TokenWriter for MemoryStore {
    async fn put(&self, token: &Token) -> Result<(), StoreError> {
        self.state().tokens.insert(token.hash.clone(), token.clone());
        Ok(())
    }

    async fn take(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let mut state = self.state();
        let taken = state.tokens.get(hash).is_some_and(|token| good(token, kind, now));
        Ok(if taken { state.tokens.remove(hash) } else { None })
    }

    async fn extend(&self, hash: &TokenHash, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(token) = state.tokens.get_mut(hash) else { return Ok(false) };
        (token.used_at, token.expires_at) = (now, until);
        Ok(true)
    }

    async fn delete(&self, hash: &TokenHash) -> Result<(), StoreError> {
        self.state().tokens.remove(hash);
        Ok(())
    }
}

fn good(token: &Token, kind: TokenKind, now: Timestamp) -> bool {
    token.kind == kind && token.expires_at > now
}
