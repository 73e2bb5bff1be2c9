#![doc = include_str!("../README.md")]

mod cold_start;
pub mod conformance;
pub mod faults;
mod gate;
mod hostile;
mod memory;
mod messages;
mod push;
mod push_service;
pub mod sample;
mod source;
mod store;
mod world;

pub use cold_start::{ColdStart, cold_start};
pub use gate::Gate;
pub use hostile::HOSTILE_ENDPOINTS;
pub use memory::MemoryStore;
pub use messages::{RecordingAnnouncer, RecordingPublisher, RecordingSender, SendAnswer};
pub use push::{FixedSigner, OriginRule, PushAnswer, RecordingPushSender, RecordingRequester};
pub use push_service::{BrowserSubscription, FakePushService, ReceivedMessage, ServiceAnswer};
pub use source::ScriptedSource;
pub use store::AllStorePorts;
pub use world::{FakeClock, SequenceRandom};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex even after another test thread panicked with it: that thread's failure is reported by itself.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
