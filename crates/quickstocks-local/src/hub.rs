//! The sockets of this process: what API Gateway's connections API is on AWS.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use axum::extract::ws::Message;
use quickstocks_core::model::ConnectionId;
use quickstocks_core::ports::{ConnectionSender, Delivery};
use tokio::sync::mpsc;

/// How many frames wait for a client that does not read, before it is skipped. Frames carry whole quotes, so a skipped one
/// is made up for by the next.
const QUEUE_FRAMES: usize = 64;

/// The open sockets by their id.
#[derive(Default)]
pub(crate) struct Hub {
    sockets: Mutex<HashMap<ConnectionId, mpsc::Sender<Message>>>,
}

impl Hub {
    /// Makes a socket known; what is sent to it comes out of the receiver.
    pub(crate) fn open(&self, id: &ConnectionId) -> mpsc::Receiver<Message> {
        let (sender, receiver) = mpsc::channel(QUEUE_FRAMES);
        self.sockets().insert(id.clone(), sender);
        receiver
    }

    /// Forgets a socket.
    pub(crate) fn close(&self, id: &ConnectionId) {
        self.sockets().remove(id);
    }

    /// Sends a last message to a socket that breaks the rules. One whose queue is full is cut off without it.
    pub(crate) fn close_with(&self, id: &ConnectionId, last: Message) {
        if let Some(socket) = self.sockets().remove(id) {
            drop(socket.try_send(last));
        }
    }

    fn sockets(&self) -> std::sync::MutexGuard<'_, HashMap<ConnectionId, mpsc::Sender<Message>>> {
        // Nothing panics while the lock is held, and a map of senders cannot be half-changed.
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ConnectionSender for Hub {
    async fn send(&self, connection: &ConnectionId, frame: &str) -> Delivery {
        let Some(socket) = self.sockets().get(connection).cloned() else { return Delivery::Gone };
        match socket.try_send(Message::Text(frame.into())) {
            Ok(()) => Delivery::Sent,
            Err(mpsc::error::TrySendError::Full(_)) => Delivery::Throttled,
            Err(mpsc::error::TrySendError::Closed(_)) => Delivery::Gone,
        }
    }
}
