//! The contract of the store ports, sentence by sentence, as tests that any store can be put to.
//!
//! [`store_conformance!`](crate::store_conformance) turns every function of these modules into a test of its own, so that
//! what a store gets wrong stands in the name of the test that fails. Each test is given an empty store of its own.

pub mod alerts;
pub mod connections;
pub mod identity;
pub mod model;
pub mod notifications;
mod operation;
pub mod poll_set;
pub mod preferences;
pub mod push;
pub mod quotes;
pub mod requests;
pub mod shares;
pub mod source_state;
mod suite;
pub mod sweep;
pub mod watchlists;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::Barrier;

use crate::AllStorePorts;

/// A store as the contract tests take it.
pub type Store = Arc<dyn AllStorePorts>;

/// How many callers race in the tests of what only one may win.
const CALLERS: usize = 20;

/// An empty store of its own, and whatever must outlive it.
pub struct StoreUnderTest {
    store: Store,
    _kept: Option<Box<dyn Any + Send>>,
}

impl StoreUnderTest {
    /// The store.
    pub fn new(store: Arc<impl AllStorePorts>) -> Self {
        Self { store, _kept: None }
    }

    /// Keeps something until the test is over, such as the directory the store's file is in.
    #[must_use]
    pub fn keeping(self, kept: impl Any + Send) -> Self {
        Self { _kept: Some(Box::new(kept)), ..self }
    }

    /// The store.
    pub fn store(&self) -> Store {
        Arc::clone(&self.store)
    }
}

impl fmt::Debug for StoreUnderTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreUnderTest").finish_non_exhaustive()
    }
}

/// Makes so many calls from as many tasks, none before all are ready, and answers what they said.
async fn at_once<T, F>(count: usize, call: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|n| {
            let (barrier, call) = (Arc::clone(&barrier), call(n));
            tokio::spawn(async move {
                barrier.wait().await;
                call.await
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(count);
    for task in tasks {
        answers.push(task.await.expect("a caller panicked"));
    }
    answers
}
