//! The reference store: every port, in memory, by the letter of its contract.

mod alerts;
mod connections;
mod identity;
mod poll_set;
mod preferences;
mod push;
mod quotes;
mod requests;
mod shares;
mod source_state;
mod sweep;
mod watchlists;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard};

use quickstocks_core::model::{
    ActionToken, Alert, AlertId, Breaker, Connection, ConnectionId, DeviceId, ListId, Notification, NotificationId, PollEntry,
    Preferences, PushPurpose, PushSubscription, RequestRecord, Share, SourceSession, SourceStatus, StoredQuote, SweepState,
    Symbol, Timestamp, Token, TokenHash, User, UserId, Watchlist,
};

/// Every store port in memory. It behaves as a real store does: it orders, it pages (three rows a page unless told
/// otherwise, so that whoever forgets to page is caught), its conditional writes are conditional.
///
/// Like `DynamoDB` it counts expired rows into a page, and says that there may be more whenever a page is full; the last
/// page can therefore be empty.
#[derive(Debug)]
pub struct MemoryStore {
    page_size: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    quotes: BTreeMap<Symbol, StoredQuote>,
    poll_set: BTreeMap<Symbol, PollEntry>,
    connections: BTreeMap<ConnectionId, Connection>,
    users: BTreeMap<UserId, User>,
    tokens: BTreeMap<TokenHash, Token>,
    watchlists: BTreeMap<(UserId, ListId), Watchlist>,
    shares: BTreeMap<(UserId, ListId), Share>,
    preferences: BTreeMap<UserId, Preferences>,
    push_subscriptions: BTreeMap<DeviceId, PushSubscription>,
    push_orders: HashMap<(UserId, PushPurpose, i64), u32>,
    alerts: BTreeMap<(UserId, AlertId), Alert>,
    notifications: BTreeMap<(UserId, NotificationId), Notification>,
    outboxes: BTreeMap<UserId, alerts::OutboxRow>,
    actions: BTreeMap<TokenHash, ActionToken>,
    session: Option<SourceSession>,
    breaker: Breaker,
    calls: BTreeMap<i64, u32>,
    events: BTreeMap<(String, Timestamp), u32>,
    requests: BTreeMap<(UserId, String), RequestRecord>,
    last_tick: u64,
    status: SourceStatus,
    sweep: SweepState,
}

impl MemoryStore {
    /// An empty store with pages of three.
    pub fn new() -> Self {
        Self::with_page_size(3)
    }

    /// An empty store with pages of `page_size`, at least one.
    pub fn with_page_size(page_size: usize) -> Self {
        Self { page_size: page_size.max(1), state: Mutex::default() }
    }

    /// Every user, ordered by id. No port reads users yet, so tests ask here.
    pub fn users(&self) -> Vec<User> {
        self.state().users.values().cloned().collect()
    }

    /// Every connection, expired ones included, ordered by id.
    pub fn connections(&self) -> Vec<Connection> {
        self.state().connections.values().cloned().collect()
    }

    /// The whole poll set, ordered by symbol.
    pub fn poll_set(&self) -> Vec<PollEntry> {
        self.state().poll_set.values().cloned().collect()
    }

    /// Every quote, ordered by symbol.
    pub fn all_quotes(&self) -> Vec<StoredQuote> {
        self.state().quotes.values().cloned().collect()
    }

    /// The link to every list, ordered by user and then by list.
    pub fn all_shares(&self) -> Vec<Share> {
        self.state().shares.values().cloned().collect()
    }

    /// Every notification of everybody, ordered by user and then by id.
    pub fn all_notifications(&self) -> Vec<Notification> {
        self.state().notifications.values().cloned().collect()
    }

    /// Every token, expired ones included, ordered by hash.
    pub fn tokens(&self) -> Vec<Token> {
        self.state().tokens.values().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        crate::lock(&self.state)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// The rows of a shard after a key, as many as a page has, and where the next page begins.
fn page<'a, K: Ord, V>(
    rows: &'a BTreeMap<K, V>,
    after: Option<&K>,
    size: usize,
    belongs: impl Fn(&K) -> bool,
) -> (Vec<&'a V>, Option<&'a K>) {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let examined: Vec<(&K, &V)> = rows.range((start, Bound::Unbounded)).filter(|(key, _)| belongs(key)).take(size).collect();
    let next = if examined.len() == size { examined.last().map(|(key, _)| *key) } else { None };
    (examined.into_iter().map(|(_, row)| row).collect(), next)
}
