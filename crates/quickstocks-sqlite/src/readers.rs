//! The connections that only read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quickstocks_core::ports::StoreError;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Failure;

/// A few reading connections. With WAL they read while the writer writes; more than the machine has cores gain nothing.
pub(crate) struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(connections: Vec<Connection>) -> Self {
        Self { permits: Arc::new(Semaphore::new(connections.len())), idle: Mutex::new(connections) }
    }

    /// Runs a query on a blocking thread, once a connection is free.
    pub(crate) async fn read<T: Send + 'static>(
        self: Arc<Self>,
        query: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|error| StoreError::Unavailable(error.into()))?;
        let answer = tokio::task::spawn_blocking(move || Borrowed::take(self, permit).query(query));
        answer.await.map_err(|error| StoreError::Unavailable(error.into()))?.map_err(|Failure(error)| error)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A vector of connections has no half-done state.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. It goes back before its permit does, whatever happens to the query.
struct Borrowed {
    connection: Option<Connection>,
    from: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Borrowed {
    fn take(from: Arc<Readers>, permit: OwnedSemaphorePermit) -> Self {
        let connection = from.idle().pop();
        Self { connection, from, _permit: permit }
    }

    fn query<T>(&self, query: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        // There are as many permits as connections.
        let connection = self.connection.as_ref().ok_or_else(|| StoreError::Unavailable("no connection is free".into()))?;
        query(connection)
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        self.from.idle().extend(self.connection.take());
    }
}
