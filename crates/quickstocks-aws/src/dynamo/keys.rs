//! The keys of the table's items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use quickstocks_core::model::{
    AlertId, ConnectionId, DeviceId, ListId, NotificationId, PushPurpose, Shard, Symbol, Timestamp, TokenHash, UserId,
    connection_shard, poll_shard,
};

/// An item's attributes.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// What the partition keys of users begin with.
pub(crate) const USER_PREFIX: &str = "USER#";

/// What the sort keys of a user's lists begin with.
pub(crate) const LIST_PREFIX: &str = "LIST#";

/// What the sort keys of a user's connections begin with.
pub(crate) const CONNECTION_PREFIX: &str = "CONN#";

/// What the sort keys of a user's tokens begin with.
pub(crate) const TOKEN_PREFIX: &str = "TOKEN#";

/// What the sort keys of a user's push subscriptions begin with.
pub(crate) const PUSH_PREFIX: &str = "PUSH#";

/// What the sort keys of a user's alerts begin with.
pub(crate) const ALERT_PREFIX: &str = "ALERT#";

/// What the sort keys of the links to a user's lists begin with.
pub(crate) const SHARE_PREFIX: &str = "SHARE#";

/// What the sort keys of a user's notifications begin with.
pub(crate) const NOTE_PREFIX: &str = "NOTE#";

/// What the partition keys of watched alerts begin with; the symbol follows.
pub(crate) const ARMED_PREFIX: &str = "ARMED#";

/// Over how many partitions the outboxes are spread.
pub(crate) const OUTBOX_SHARDS: u8 = 4;

/// The key of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    pub(crate) fn profile(user: &UserId) -> Self {
        Self { pk: user_partition(user), sk: "PROFILE".to_owned() }
    }

    pub(crate) fn watchlist(user: &UserId, list: &ListId) -> Self {
        Self { pk: user_partition(user), sk: format!("{LIST_PREFIX}{list}") }
    }

    /// The link to a list, under its owner.
    pub(crate) fn share(user: &UserId, list: &ListId) -> Self {
        Self { pk: user_partition(user), sk: format!("{SHARE_PREFIX}{list}") }
    }

    /// Where the link leads whose token has this hash.
    pub(crate) fn shared_list(token: &TokenHash) -> Self {
        Self { pk: format!("SHARED#{}", token.as_str()), sk: "-".to_owned() }
    }

    pub(crate) fn preferences(user: &UserId) -> Self {
        Self { pk: user_partition(user), sk: "PREFERENCES".to_owned() }
    }

    pub(crate) fn request(user: &UserId, key: &str) -> Self {
        Self { pk: user_partition(user), sk: format!("REQUEST#{key}") }
    }

    /// The count of events in the window that ends at `until`.
    pub(crate) fn events(key: &str, until: Timestamp) -> Self {
        Self { pk: format!("EVENTS#{key}"), sk: until.millis().to_string() }
    }

    pub(crate) fn users_connection(user: &UserId, id: &ConnectionId) -> Self {
        Self { pk: user_partition(user), sk: format!("{CONNECTION_PREFIX}{id}") }
    }

    pub(crate) fn connection(id: &ConnectionId) -> Self {
        Self { pk: connection_partition(connection_shard(id)), sk: id.to_string() }
    }

    pub(crate) fn poll_entry(symbol: &Symbol) -> Self {
        Self { pk: poll_partition(poll_shard(symbol)), sk: symbol.to_string() }
    }

    pub(crate) fn quote(symbol: &Symbol) -> Self {
        Self { pk: format!("QUOTE#{symbol}"), sk: "LATEST".to_owned() }
    }

    pub(crate) fn token(hash: &TokenHash) -> Self {
        Self { pk: format!("TOKEN#{}", hash.as_str()), sk: "-".to_owned() }
    }

    pub(crate) fn users_token(user: &UserId, hash: &TokenHash) -> Self {
        Self { pk: user_partition(user), sk: format!("{TOKEN_PREFIX}{}", hash.as_str()) }
    }

    pub(crate) fn push_subscription(id: &DeviceId) -> Self {
        Self { pk: format!("PUSH#{id}"), sk: "-".to_owned() }
    }

    pub(crate) fn users_push_subscription(user: &UserId, id: &DeviceId) -> Self {
        Self { pk: user_partition(user), sk: format!("{PUSH_PREFIX}{id}") }
    }

    /// The count of push messages of an hour that a user asked for.
    pub(crate) fn push_orders(user: &UserId, purpose: PushPurpose, hour: i64) -> Self {
        let purpose = match purpose {
            PushPurpose::Activate => "activate",
            PushPurpose::Test => "test",
        };
        Self { pk: user_partition(user), sk: format!("ORDERS#{purpose}#{hour}") }
    }

    pub(crate) fn alert(user: &UserId, id: &AlertId) -> Self {
        Self { pk: user_partition(user), sk: format!("{ALERT_PREFIX}{id}") }
    }

    /// The copy of an alert under its symbol.
    pub(crate) fn armed(symbol: &Symbol, user: &UserId, id: &AlertId) -> Self {
        Self { pk: armed_partition(symbol), sk: format!("{user}#{id}") }
    }

    pub(crate) fn notification(user: &UserId, id: &NotificationId) -> Self {
        Self { pk: user_partition(user), sk: format!("{NOTE_PREFIX}{id}") }
    }

    /// The name of a notification under its alert.
    pub(crate) fn receipt(user: &UserId, alert: &AlertId, id: &NotificationId) -> Self {
        Self { pk: user_partition(user), sk: format!("{}{id}", receipt_prefix(alert)) }
    }

    pub(crate) fn outbox(user: &UserId) -> Self {
        let shard = user.as_str().bytes().fold(0u8, u8::wrapping_add) % OUTBOX_SHARDS;
        Self { pk: outbox_partition(shard), sk: user.to_string() }
    }

    pub(crate) fn action(hash: &TokenHash) -> Self {
        Self { pk: format!("ACTION#{}", hash.as_str()), sk: "-".to_owned() }
    }

    /// The key that an item was read with; what it lacks is empty.
    pub(crate) fn of(item: &Item) -> Self {
        let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        Self { pk: part("pk"), sk: part("sk") }
    }

    /// What the sweep remembers.
    pub(crate) fn sweep() -> Self {
        Self { pk: "SWEEP".to_owned(), sk: "STATE".to_owned() }
    }

    /// One of the few items about the source of prices.
    pub(crate) fn source(item: &str) -> Self {
        Self { pk: "SOURCE#yahoo".to_owned(), sk: item.to_owned() }
    }

    /// The count of calls of an hour.
    pub(crate) fn calls(hour: i64) -> Self {
        Self::source(&format!("CALLS#{hour}"))
    }

    /// The attributes that make up the key.
    pub(crate) fn attributes(&self) -> Item {
        Item::from([("pk".to_owned(), AttributeValue::S(self.pk.clone())), ("sk".to_owned(), AttributeValue::S(self.sk.clone()))])
    }
}

pub(crate) fn user_partition(user: &UserId) -> String {
    format!("{USER_PREFIX}{user}")
}

pub(crate) fn armed_partition(symbol: &Symbol) -> String {
    format!("{ARMED_PREFIX}{symbol}")
}

pub(crate) fn outbox_partition(shard: u8) -> String {
    format!("OUTBOX#{shard}")
}

/// What the sort keys of an alert's receipts begin with.
pub(crate) fn receipt_prefix(alert: &AlertId) -> String {
    format!("RECEIPT#{alert}#")
}

pub(crate) fn connection_partition(shard: Shard) -> String {
    format!("WS#{}", shard.0)
}

pub(crate) fn poll_partition(shard: Shard) -> String {
    format!("POLL#{}", shard.0)
}
