use async_trait::async_trait;
use quickstocks_core::model::{DeviceId, PushKeys, PushPurpose, PushState, PushSubscription, UserId};
use quickstocks_core::ports::{PushSubscriptionReader, PushSubscriptionWriter, StoreError, SubscriptionWrite};
use rusqlite::params;

use crate::{SqliteStore, rows};

#[async_trait]
impl PushSubscriptionReader for SqliteStore {
    async fn push_subscriptions(&self, user: &UserId) -> Result<Vec<PushSubscription>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            let sql = "SELECT id, state, json FROM push_subscription WHERE user = ?1 ORDER BY created_at, id";
            rows::all(connection, sql, [user.as_str()], |row| {
                let id: String = row.get("id")?;
                let item = || format!("the push subscription {id}");
                let subscription: PushSubscription = rows::from_json(row, "json", item)?;
                Ok(PushSubscription { state: rows::from_json(row, "state", item)?, ..subscription })
            })
        })
        .await
    }
}

#[async_trait]
impl PushSubscriptionWriter for SqliteStore {
    async fn put_push_subscription(&self, subscription: &PushSubscription) -> Result<SubscriptionWrite, StoreError> {
        let (subscription, json, state) =
            (subscription.clone(), rows::to_json(subscription)?, rows::to_json(&subscription.state)?);
        self.write(move |connection| {
            let sql = "INSERT INTO push_subscription (id, user, p256dh, auth, state, created_at, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                ON CONFLICT (id) DO UPDATE SET user = ?2, p256dh = ?3, auth = ?4, state = ?5, created_at = ?6, json = ?7
                WHERE user = ?2 OR p256dh = ?3 AND auth = ?4";
            let PushSubscription { id, user, keys, created_at, .. } = &subscription;
            let params = params![id.as_str(), user.as_str(), keys.p256dh, keys.auth, state, created_at.millis(), json];
            let changed = rows::execute(connection, sql, params)?;
            Ok(if changed == 1 { SubscriptionWrite::Stored } else { SubscriptionWrite::Taken })
        })
        .await
    }

    async fn remove_push_subscription(&self, user: &UserId, id: &DeviceId, keys: Option<&PushKeys>) -> Result<bool, StoreError> {
        let (user, id, keys) = (user.clone(), id.clone(), keys.cloned());
        self.write(move |connection| {
            let sql = "DELETE FROM push_subscription
                WHERE user = ?1 AND id = ?2 AND p256dh = ifnull(?3, p256dh) AND auth = ifnull(?4, auth)";
            let (p256dh, auth) = keys.map(|keys| (keys.p256dh, keys.auth)).unzip();
            Ok(rows::execute(connection, sql, params![user.as_str(), id.as_str(), p256dh, auth])? == 1)
        })
        .await
    }

    async fn move_push_subscription(
        &self,
        user: &UserId,
        id: &DeviceId,
        from: &PushState,
        to: &PushState,
    ) -> Result<bool, StoreError> {
        let (user, id, from, to) = (user.clone(), id.clone(), rows::to_json(from)?, rows::to_json(to)?);
        self.write(move |connection| {
            let sql = "UPDATE push_subscription SET state = ?4 WHERE user = ?1 AND id = ?2 AND state = ?3";
            Ok(rows::execute(connection, sql, params![user.as_str(), id.as_str(), from, to])? == 1)
        })
        .await
    }

    async fn count_push_order(&self, user: &UserId, purpose: PushPurpose, hour: i64) -> Result<u32, StoreError> {
        let (user, purpose) = (user.clone(), rows::to_word(purpose)?);
        self.write(move |connection| {
            let sql = "INSERT INTO push_order (user, purpose, hour, orders) VALUES (?1, ?2, ?3, 1)
                ON CONFLICT DO UPDATE SET orders = orders + 1 RETURNING orders";
            let count = rows::one(connection, sql, params![user.as_str(), purpose, hour], |row| Ok(row.get(0)?))?;
            Ok(count.unwrap_or(1))
        })
        .await
    }
}
