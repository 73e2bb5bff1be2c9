use async_trait::async_trait;
use quickstocks_core::model::{
    AlertId, NoticeDelivery, NoticeState, Notification, NotificationId, OutboxLease, OutboxRest, Timestamp, UserId,
};
use quickstocks_core::ports::{NotificationReader, NotificationWriter, Outbox, StoreError};
use rusqlite::{Connection, Row, params};

use crate::error::Failure;
use crate::{SqliteStore, rows};

/// A new notification as its row.
pub(crate) struct NoticeRow {
    notice: Notification,
    json: String,
    delivery: String,
}

impl NoticeRow {
    pub(crate) fn of(notice: &Notification) -> Result<Self, StoreError> {
        Ok(Self { notice: notice.clone(), json: rows::to_json(notice)?, delivery: rows::to_json(&notice.delivery)? })
    }

    /// Stores it, and makes its user's outbox due.
    pub(crate) fn insert(&self, connection: &Connection) -> Result<(), Failure> {
        let Notification { id, user, alert, created_at, read_at, delivery, .. } = &self.notice;
        let sql = "INSERT INTO notification (user, id, alert, created_at, read_at, pending, delivery, json)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let (read_at, pending) = (read_at.map(Timestamp::millis), delivery.state == NoticeState::Pending);
        let params =
            params![user.as_str(), id.as_str(), alert.as_str(), created_at.millis(), read_at, pending, self.delivery, self.json];
        rows::execute(connection, sql, params)?;
        let sql = "INSERT INTO outbox (user, pending_since, due_at, epoch) VALUES (?1, ?2, ?2, 1)
            ON CONFLICT (user) DO UPDATE SET pending_since = min(pending_since, ?2), due_at = ?2, epoch = epoch + 1";
        rows::execute(connection, sql, params![user.as_str(), created_at.millis()]).map(|_| ())
    }
}

const COLUMNS: &str = "id, read_at, delivery, json";

fn decode(row: &Row<'_>) -> Result<Notification, Failure> {
    let id: String = row.get("id")?;
    let item = || format!("the notification {id}");
    let made: Notification = rows::from_json(row, "json", item)?;
    Ok(Notification { read_at: rows::moment_or_none(row, "read_at")?, delivery: rows::from_json(row, "delivery", item)?, ..made })
}

fn as_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[async_trait]
impl NotificationReader for SqliteStore {
    async fn notifications(
        &self,
        user: &UserId,
        before: Option<&NotificationId>,
        limit: usize,
    ) -> Result<Vec<Notification>, StoreError> {
        let (user, before) = (user.clone(), before.cloned());
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM notification WHERE user = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3"
            );
            let before = before.as_ref().map(NotificationId::as_str);
            rows::all(connection, &sql, params![user.as_str(), before, as_limit(limit)], decode)
        })
        .await
    }

    async fn notifications_of(&self, user: &UserId, alert: &AlertId, limit: usize) -> Result<Vec<Notification>, StoreError> {
        let (user, alert) = (user.clone(), alert.clone());
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM notification WHERE user = ?1 AND alert = ?2 ORDER BY id DESC LIMIT ?3");
            rows::all(connection, &sql, params![user.as_str(), alert.as_str(), as_limit(limit)], decode)
        })
        .await
    }
}

#[async_trait]
impl NotificationWriter for SqliteStore {
    async fn mark_read(&self, user: &UserId, ids: &[NotificationId], at: Timestamp) -> Result<(), StoreError> {
        let (user, ids) = (user.clone(), ids.to_vec());
        self.write(move |connection| {
            let sql = "UPDATE notification SET read_at = ?3 WHERE user = ?1 AND id = ?2 AND read_at IS NULL";
            for id in &ids {
                rows::execute(connection, sql, params![user.as_str(), id.as_str(), at.millis()])?;
            }
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn due_outboxes(&self, now: Timestamp, limit: usize) -> Result<Vec<UserId>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT user FROM outbox WHERE due_at <= ?1 AND ifnull(leased_until, 0) <= ?1 ORDER BY due_at LIMIT ?2";
            rows::all(connection, sql, params![now.millis(), as_limit(limit)], |row| {
                Ok(UserId::new(&row.get::<_, String>("user")?))
            })
        })
        .await
    }

    async fn lease_outbox(&self, user: &UserId, now: Timestamp, until: Timestamp) -> Result<Option<OutboxLease>, StoreError> {
        let user = user.clone();
        self.write(move |connection| {
            let sql = "UPDATE outbox SET leased_until = ?3, epoch = epoch + 1
                WHERE user = ?1 AND due_at <= ?2 AND ifnull(leased_until, 0) <= ?2 RETURNING pending_since, epoch";
            rows::one(connection, sql, params![user.as_str(), now.millis(), until.millis()], |row| {
                Ok(OutboxLease {
                    user: user.clone(),
                    pending_since: rows::moment(row, "pending_since")?,
                    until,
                    epoch: row.get::<_, i64>("epoch")?.cast_unsigned(),
                })
            })
        })
        .await
    }

    async fn pending_notifications(&self, lease: &OutboxLease) -> Result<Vec<Notification>, StoreError> {
        let (user, first) = (lease.user.clone(), NotificationId::least(lease.pending_since));
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM notification WHERE user = ?1 AND id >= ?2 AND pending = 1 ORDER BY id");
            rows::all(connection, &sql, params![user.as_str(), first.as_str()], decode)
        })
        .await
    }

    async fn put_delivery(&self, user: &UserId, id: &NotificationId, delivery: &NoticeDelivery) -> Result<(), StoreError> {
        let (user, id, pending) = (user.clone(), id.clone(), delivery.state == NoticeState::Pending);
        let delivery = rows::to_json(delivery)?;
        self.write(move |connection| {
            let sql = "UPDATE notification SET delivery = ?3, pending = ?4 WHERE user = ?1 AND id = ?2";
            rows::execute(connection, sql, params![user.as_str(), id.as_str(), delivery, pending]).map(|_| ())
        })
        .await
    }

    async fn finish_outbox(&self, lease: &OutboxLease, rest: Option<OutboxRest>) -> Result<bool, StoreError> {
        let lease = lease.clone();
        self.write(move |connection| {
            let (user, until, epoch) = (lease.user.as_str(), lease.until.millis(), lease.epoch.cast_signed());
            let noted = match rest {
                None => {
                    let sql = "DELETE FROM outbox WHERE user = ?1 AND leased_until = ?2 AND epoch = ?3";
                    rows::execute(connection, sql, params![user, until, epoch])?
                }
                Some(rest) => {
                    let sql = "UPDATE outbox SET leased_until = NULL, pending_since = ?4, due_at = ?5
                        WHERE user = ?1 AND leased_until = ?2 AND epoch = ?3";
                    let (since, due) = (rest.pending_since.millis(), rest.due_at.millis());
                    rows::execute(connection, sql, params![user, until, epoch, since, due])?
                }
            };
            if noted == 0 {
                let sql = "UPDATE outbox SET leased_until = NULL WHERE user = ?1 AND leased_until = ?2";
                rows::execute(connection, sql, params![user, until])?;
            }
            Ok(noted == 1)
        })
        .await
    }
}
