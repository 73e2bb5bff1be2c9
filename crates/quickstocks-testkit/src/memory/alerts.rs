use async_trait::async_trait;
use quickstocks_core::model::{
    ActionToken, Alert, AlertId, FollowerCursor, NoticeDelivery, NoticeState, Notification, NotificationId, OutboxLease,
    OutboxRest, Symbol, Timestamp, TokenHash, UserId,
};
use quickstocks_core::ports::{
    ActionTokens, AlertReader, AlertWriter, ArmedPage, ArmedScan, Change, NotificationReader, NotificationWriter, Outbox,
    StoreError,
};

use super::{MemoryStore, State};

/// What is pending for a user.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutboxRow {
    pending_since: Timestamp,
    due_at: Timestamp,
    leased_until: Option<Timestamp>,
    epoch: u64,
}

impl OutboxRow {
    fn is_free(&self, now: Timestamp) -> bool {
        self.due_at <= now && self.leased_until.is_none_or(|until| until <= now)
    }
}

#[async_trait]
impl AlertReader for MemoryStore {
    async fn alerts(&self, user: &UserId) -> Result<Vec<Alert>, StoreError> {
        let mut alerts: Vec<Alert> = self.state().alerts.values().filter(|alert| alert.user == *user).cloned().collect();
        alerts.sort_by_key(|alert| alert.created_at);
        Ok(alerts)
    }

    async fn alert(&self, user: &UserId, id: &AlertId) -> Result<Option<Alert>, StoreError> {
        Ok(self.state().alerts.get(&(user.clone(), id.clone())).cloned())
    }

    async fn armed_alerts(&self, symbols: &[Symbol]) -> Result<Vec<Alert>, StoreError> {
        let state = self.state();
        let armed = |alert: &&Alert| alert.state.status.is_watched() && symbols.contains(&alert.symbol);
        Ok(state.alerts.values().filter(armed).cloned().collect())
    }
}

#[async_trait]
impl AlertWriter for MemoryStore {
    async fn insert_alert(&self, alert: &Alert) -> Result<Change, StoreError> {
        let mut state = self.state();
        let key = (alert.user.clone(), alert.id.clone());
        if state.alerts.contains_key(&key) {
            return Ok(Change::Conflict);
        }
        state.alerts.insert(key, alert.clone());
        Ok(Change::Done)
    }

    async fn write_alert(&self, alert: &Alert, expected: u64, notices: &[Notification]) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(stored) = state.alerts.get_mut(&(alert.user.clone(), alert.id.clone())) else { return Ok(false) };
        if stored.revision != expected {
            return Ok(false);
        }
        *stored = alert.clone();
        for notice in notices {
            state.notifications.insert((notice.user.clone(), notice.id.clone()), notice.clone());
            fill(&mut state, notice);
        }
        Ok(true)
    }

    async fn delete_alert(&self, user: &UserId, id: &AlertId) -> Result<bool, StoreError> {
        Ok(self.state().alerts.remove(&(user.clone(), id.clone())).is_some())
    }
}

fn fill(state: &mut State, notice: &Notification) {
    let at = notice.created_at;
    let new = OutboxRow { pending_since: at, due_at: at, leased_until: None, epoch: 0 };
    let row = state.outboxes.entry(notice.user.clone()).or_insert(new);
    (row.pending_since, row.due_at, row.epoch) = (row.pending_since.min(at), at, row.epoch + 1);
}

#[async_trait]
impl NotificationReader for MemoryStore {
    async fn notifications(
        &self,
        user: &UserId,
        before: Option<&NotificationId>,
        limit: usize,
    ) -> Result<Vec<Notification>, StoreError> {
        let state = self.state();
        let theirs = |one: &&Notification| one.user == *user && before.is_none_or(|before| one.id < *before);
        Ok(state.notifications.values().rev().filter(theirs).take(limit).cloned().collect())
    }

    async fn notifications_of(&self, user: &UserId, alert: &AlertId, limit: usize) -> Result<Vec<Notification>, StoreError> {
        let state = self.state();
        let about = |one: &&Notification| one.user == *user && one.alert == *alert;
        Ok(state.notifications.values().rev().filter(about).take(limit).cloned().collect())
    }
}

#[async_trait]
impl NotificationWriter for MemoryStore {
    async fn mark_read(&self, user: &UserId, ids: &[NotificationId], at: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        for id in ids {
            if let Some(one) = state.notifications.get_mut(&(user.clone(), id.clone())) {
                one.read_at = one.read_at.or(Some(at));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn due_outboxes(&self, now: Timestamp, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let state = self.state();
        Ok(state.outboxes.iter().filter(|(_, row)| row.is_free(now)).map(|(user, _)| user.clone()).take(limit).collect())
    }

    async fn lease_outbox(&self, user: &UserId, now: Timestamp, until: Timestamp) -> Result<Option<OutboxLease>, StoreError> {
        let mut state = self.state();
        let Some(row) = state.outboxes.get_mut(user).filter(|row| row.is_free(now)) else { return Ok(None) };
        (row.leased_until, row.epoch) = (Some(until), row.epoch + 1);
        Ok(Some(OutboxLease { user: user.clone(), pending_since: row.pending_since, until, epoch: row.epoch }))
    }

    async fn pending_notifications(&self, lease: &OutboxLease) -> Result<Vec<Notification>, StoreError> {
        let state = self.state();
        let first = NotificationId::least(lease.pending_since);
        let pending =
            |one: &&Notification| one.user == lease.user && one.id >= first && one.delivery.state == NoticeState::Pending;
        Ok(state.notifications.values().filter(pending).cloned().collect())
    }

    async fn put_delivery(&self, user: &UserId, id: &NotificationId, delivery: &NoticeDelivery) -> Result<(), StoreError> {
        if let Some(one) = self.state().notifications.get_mut(&(user.clone(), id.clone())) {
            one.delivery = delivery.clone();
        }
        Ok(())
    }

    async fn finish_outbox(&self, lease: &OutboxLease, rest: Option<OutboxRest>) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(row) = state.outboxes.get_mut(&lease.user).filter(|row| row.leased_until == Some(lease.until)) else {
            return Ok(false);
        };
        row.leased_until = None;
        if row.epoch != lease.epoch {
            return Ok(false);
        }
        match rest {
            Some(rest) => (row.pending_since, row.due_at) = (rest.pending_since, rest.due_at),
            None => {
                state.outboxes.remove(&lease.user);
            }
        }
        Ok(true)
    }
}

#[async_trait]
impl ActionTokens for MemoryStore {
    async fn put_action(&self, token: &ActionToken) -> Result<(), StoreError> {
        self.state().actions.insert(token.hash.clone(), token.clone());
        Ok(())
    }

    async fn take_action(&self, hash: &TokenHash, now: Timestamp) -> Result<Option<ActionToken>, StoreError> {
        let mut state = self.state();
        let good = state.actions.get(hash).is_some_and(|token| token.expires_at > now);
        Ok(if good { state.actions.remove(hash) } else { None })
    }
}

#[async_trait]
impl ArmedScan for MemoryStore {
    async fn armed_symbols(&self, after: Option<&FollowerCursor>) -> Result<ArmedPage, StoreError> {
        let state = self.state();
        let mut symbols: Vec<Symbol> =
            state.alerts.values().filter(|alert| alert.state.status.is_watched()).map(|alert| alert.symbol.clone()).collect();
        symbols.sort();
        symbols.dedup();
        symbols.retain(|symbol| after.is_none_or(|after| symbol.as_str() > after.as_str()));
        symbols.truncate(self.page_size);
        let full = symbols.len() == self.page_size;
        let next = symbols.last().filter(|_| full).map(|last| FollowerCursor::new(last.as_str()));
        Ok(ArmedPage { symbols, next })
    }
}
