use async_trait::async_trait;
use quickstocks_core::model::{Breaker, SourceSession, SourceStatus, TickNumber};
use quickstocks_core::ports::{CallCounter, SourceGate, SourceStatusReader, SourceStatusWriter, StoreError};

use super::MemoryStore;

#[async_trait]
impl SourceGate for MemoryStore {
    async fn session(&self) -> Result<Option<SourceSession>, StoreError> {
        Ok(self.state().session.clone())
    }

    async fn put_session(&self, session: &SourceSession) -> Result<(), StoreError> {
        self.state().session = Some(session.clone());
        Ok(())
    }

    async fn drop_session(&self, session: &SourceSession) -> Result<(), StoreError> {
        self.state().session.take_if(|stored| stored == session);
        Ok(())
    }

    async fn breaker(&self) -> Result<Breaker, StoreError> {
        Ok(self.state().breaker.clone())
    }

    async fn swap_breaker(&self, expected: &Breaker, new: &Breaker) -> Result<bool, StoreError> {
        let mut state = self.state();
        let wins = state.breaker == *expected;
        if wins {
            state.breaker = new.clone();
        }
        Ok(wins)
    }
}

#[async_trait]
impl CallCounter for MemoryStore {
    async fn add_calls(&self, hour: i64, calls: u32) -> Result<u32, StoreError> {
        let mut state = self.state();
        let count = state.calls.entry(hour).or_default();
        *count = count.saturating_add(calls);
        Ok(*count)
    }

    async fn calls(&self, hour: i64) -> Result<u32, StoreError> {
        Ok(self.state().calls.get(&hour).copied().unwrap_or_default())
    }
}

#[async_trait]
impl SourceStatusReader for MemoryStore {
    async fn status(&self) -> Result<SourceStatus, StoreError> {
        Ok(self.state().status.clone())
    }
}

#[async_trait]
impl SourceStatusWriter for MemoryStore {
    async fn next_tick(&self) -> Result<TickNumber, StoreError> {
        let mut state = self.state();
        state.last_tick += 1;
        Ok(TickNumber(state.last_tick))
    }

    async fn put_status(&self, status: &SourceStatus) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.status.tick <= status.tick {
            state.status = status.clone();
        }
        Ok(())
    }
}
