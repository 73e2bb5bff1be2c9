//! What was told to somebody, and what of it they read.

use std::sync::Arc;

use crate::model::{INBOX_COUNTED, Notification, NotificationId, UserId};
use crate::ports::{Clock, NotificationReader, NotificationWriter, StoreError};

/// Somebody's inbox.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Inbox {
    pub notifications: Arc<dyn NotificationReader>,
    pub writer: Arc<dyn NotificationWriter>,
    pub clock: Arc<dyn Clock>,
}

/// What somebody read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// These.
    These(Vec<NotificationId>),
    /// All that count as unread.
    All,
}

/// Some of an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxPage {
    /// The notifications, the newest first.
    pub notifications: Vec<Notification>,
    /// Pass this as `before` for the next page; `None` at the end.
    pub next: Option<NotificationId>,
}

impl Inbox {
    /// At most `limit` notifications, those before `before`, the newest first.
    pub async fn page(&self, user: &UserId, before: Option<&NotificationId>, limit: usize) -> Result<InboxPage, StoreError> {
        let mut notifications = self.notifications.notifications(user, before, limit + 1).await?;
        let more = notifications.len() > limit;
        notifications.truncate(limit);
        let next = notifications.last().filter(|_| more).map(|last| last.id.clone());
        Ok(InboxPage { notifications, next })
    }

    /// How many of the newest [`INBOX_COUNTED`] were not read.
    pub async fn unread(&self, user: &UserId) -> Result<usize, StoreError> {
        Ok(self.unread_ids(user).await?.len())
    }

    /// Notes what was read; answers how many are left.
    pub async fn read(&self, user: &UserId, reading: Reading) -> Result<usize, StoreError> {
        let ids = match reading {
            Reading::These(ids) => ids,
            Reading::All => self.unread_ids(user).await?,
        };
        self.writer.mark_read(user, &ids, self.clock.now()).await?;
        self.unread(user).await
    }

    async fn unread_ids(&self, user: &UserId) -> Result<Vec<NotificationId>, StoreError> {
        let newest = self.notifications.notifications(user, None, INBOX_COUNTED).await?;
        Ok(newest.into_iter().filter(|one| one.read_at.is_none()).map(|one| one.id).collect())
    }
}
