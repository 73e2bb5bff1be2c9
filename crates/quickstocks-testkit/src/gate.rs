use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, Semaphore};

/// Holds calls back until a test lets them go on, so that a test can say what happens meanwhile without sleeping.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    passes: Semaphore,
    waiting: AtomicUsize,
    came: Notify,
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Inner { passes: Semaphore::new(0), waiting: AtomicUsize::new(0), came: Notify::new() }))
    }
}

impl Gate {
    /// Waits until at least `calls` calls have come to the gate, those it let through included.
    pub async fn reached_by(&self, calls: usize) {
        loop {
            let came = self.0.came.notified();
            tokio::pin!(came);
            came.as_mut().enable();
            if self.0.waiting.load(Ordering::SeqCst) >= calls {
                return;
            }
            came.await;
        }
    }

    /// Lets `calls` calls go on, now or when they come.
    pub fn let_through(&self, calls: usize) {
        self.0.passes.add_permits(calls);
    }

    /// Lets every call go on, from now on.
    pub fn open(&self) {
        self.0.passes.close();
    }

    /// Waits for the gate.
    pub(crate) async fn pass(&self) {
        self.0.waiting.fetch_add(1, Ordering::SeqCst);
        self.0.came.notify_waiters();
        // A closed semaphore is an open gate.
        if let Ok(permit) = self.0.passes.acquire().await {
            permit.forget();
        }
    }
}
