//! Every port of the store behind, each call through [`Faulty::enter`].

use std::collections::BTreeSet;

use async_trait::async_trait;
use quickstocks_core::model::{
    ActionToken, Alert, AlertId, Breaker, Connection, ConnectionId, DeviceId, FollowerCursor, Lease, ListId, NoticeDelivery,
    Notification, NotificationId, OutboxLease, OutboxRest, PollRecord, Preferences, PushKeys, PushPurpose, PushState,
    PushSubscription, RequestRecord, Shard, Share, SourceSession, SourceStatus, StoredQuote, SweepState, Symbol, TickNumber,
    Timestamp, Token, TokenHash, TokenKind, User, UserId, Watchlist,
};
use quickstocks_core::ports::{
    ActionTokens, AlertReader, AlertWriter, ArmedPage, ArmedScan, CallCounter, Change, ConnectionPage, ConnectionReader,
    ConnectionWriter, FollowerPage, NotificationReader, NotificationWriter, Outbox, PollPage, PollSetReader, PollSetWriter,
    PreferencesReader, PreferencesWriter, PushSubscriptionReader, PushSubscriptionWriter, QuoteReader, QuoteWrite, QuoteWriter,
    RateCounter, RequestLog, ShareReader, ShareWrite, ShareWriter, SourceGate, SourceStatusReader, SourceStatusWriter,
    StoreError, SubscriptionWrite, SweepReader, SweepWriter, TokenReader, TokenWriter, UserReader, UserWriter, WatchlistReader,
    WatchlistScan, WatchlistWriter,
};

use super::{Faulty, Method};

/// Writes a port's implementation: every method enters under its name, and is called once or twice.
macro_rules! through {
    ($port:ident { $(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty => $method:ident;)+ }) => {
        #[async_trait]
        impl<S: $port + ?Sized> $port for Faulty<S> {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let verdict = self.enter(Method::$method).await?;
                let mut answer = $port::$name(&*self.inner, $($argument),*).await;
                if verdict.twice {
                    answer = $port::$name(&*self.inner, $($argument),*).await;
                }
                verdict.answer(answer)
            })+
        }
    };
}

through!(QuoteReader {
    fn quotes(symbols: &[Symbol]) -> Vec<StoredQuote> => Quotes;
});

#[async_trait]
impl<S: QuoteWriter + ?Sized> QuoteWriter for Faulty<S> {
    async fn store(&self, quotes: &[StoredQuote]) -> Result<Vec<QuoteWrite>, StoreError> {
        let verdict = self.enter(Method::StoreQuotes).await?;
        let failing = self.failing_quotes();
        let fails = |quote: &StoredQuote| failing.contains(&quote.quote.symbol);
        let good: Vec<StoredQuote> = quotes.iter().filter(|quote| !fails(quote)).cloned().collect();
        let mut answer = self.inner.store(&good).await;
        if verdict.twice {
            answer = self.inner.store(&good).await;
        }
        let mut outcomes = verdict.answer(answer)?.into_iter();
        Ok(quotes
            .iter()
            .map(|quote| if fails(quote) { QuoteWrite::Failed } else { outcomes.next().unwrap_or(QuoteWrite::Failed) })
            .collect())
    }
}

through!(PollSetReader {
    fn page(shard: Shard, after: Option<&Symbol>) -> PollPage => PollPage;
});

through!(PollSetWriter {
    fn extend(leases: &[Lease]) -> () => ExtendLeases;
    fn end_followed(symbols: &[Symbol], before: Timestamp) -> () => EndFollowed;
    fn record(records: &[PollRecord]) -> () => RecordPolls;
});

through!(ConnectionReader {
    fn page(shard: Shard, after: Option<&ConnectionId>, now: Timestamp) -> ConnectionPage => ConnectionPage;
    fn connection(id: &ConnectionId, now: Timestamp) -> Option<Connection> => Connection;
    fn connections_of(user: &UserId, now: Timestamp) -> Vec<ConnectionId> => ConnectionsOf;
});

through!(ConnectionWriter {
    fn add(connection: &Connection) -> () => AddConnection;
    fn remove(id: &ConnectionId) -> Option<UserId> => RemoveConnection;
    fn set_listed(id: &ConnectionId, symbols: &BTreeSet<Symbol>) -> bool => SetListed;
    fn set_watched(id: &ConnectionId, symbols: &BTreeSet<Symbol>) -> bool => SetWatched;
    fn set_paused(id: &ConnectionId, paused: bool) -> bool => SetPaused;
    fn set_leased_until(id: &ConnectionId, until: Timestamp) -> bool => SetLeasedUntil;
});

through!(UserWriter {
    fn create(user: &User, list: &Watchlist, session: &Token) -> () => CreateUser;
    fn remove_user(user: &UserId) -> () => RemoveUser;
});

through!(UserReader {
    fn user(id: &UserId) -> Option<User> => User;
});

through!(TokenReader {
    fn token(hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Option<Token> => Token;
    fn tokens_of(user: &UserId, now: Timestamp) -> Vec<Token> => TokensOf;
});

through!(TokenWriter {
    fn put(token: &Token) -> () => PutToken;
    fn take(hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Option<Token> => TakeToken;
    fn extend(hash: &TokenHash, now: Timestamp, until: Timestamp) -> bool => ExtendToken;
    fn delete(hash: &TokenHash) -> () => DeleteToken;
});

through!(WatchlistReader {
    fn watchlists(user: &UserId) -> Vec<Watchlist> => Watchlists;
    fn watchlist(user: &UserId, id: &ListId) -> Option<Watchlist> => Watchlist;
});

through!(WatchlistWriter {
    fn insert(user: &UserId, list: &Watchlist) -> Change => InsertWatchlist;
    fn replace(user: &UserId, list: &Watchlist, expected: u64) -> Change => ReplaceWatchlist;
    fn delete(user: &UserId, id: &ListId, expected: Option<u64>) -> Change => DeleteWatchlist;
});

through!(ShareReader {
    fn share(user: &UserId, list: &ListId) -> Option<Share> => Share;
    fn shares(user: &UserId) -> Vec<Share> => Shares;
    fn shared_list(token: &TokenHash) -> Option<(UserId, ListId)> => SharedList;
});

through!(ShareWriter {
    fn put_share(share: &Share) -> ShareWrite => PutShare;
    fn end_share(user: &UserId, list: &ListId) -> bool => EndShare;
});

through!(PreferencesReader {
    fn preferences(user: &UserId) -> Option<Preferences> => Preferences;
});

through!(PreferencesWriter {
    fn put_preferences(user: &UserId, preferences: &Preferences, expected: u64) -> Change => PutPreferences;
});

through!(PushSubscriptionReader {
    fn push_subscriptions(user: &UserId) -> Vec<PushSubscription> => PushSubscriptions;
});

through!(PushSubscriptionWriter {
    fn put_push_subscription(subscription: &PushSubscription) -> SubscriptionWrite => PutPushSubscription;
    fn remove_push_subscription(user: &UserId, id: &DeviceId, keys: Option<&PushKeys>) -> bool => RemovePushSubscription;
    fn move_push_subscription(user: &UserId, id: &DeviceId, from: &PushState, to: &PushState) -> bool => MovePushSubscription;
    fn count_push_order(user: &UserId, purpose: PushPurpose, hour: i64) -> u32 => CountPushOrder;
});

through!(AlertReader {
    fn alerts(user: &UserId) -> Vec<Alert> => Alerts;
    fn alert(user: &UserId, id: &AlertId) -> Option<Alert> => Alert;
    fn armed_alerts(symbols: &[Symbol]) -> Vec<Alert> => ArmedAlerts;
});

through!(AlertWriter {
    fn insert_alert(alert: &Alert) -> Change => InsertAlert;
    fn write_alert(alert: &Alert, expected: u64, notices: &[Notification]) -> bool => WriteAlert;
    fn delete_alert(user: &UserId, id: &AlertId) -> bool => DeleteAlert;
});

through!(NotificationReader {
    fn notifications(user: &UserId, before: Option<&NotificationId>, limit: usize) -> Vec<Notification> => Notifications;
    fn notifications_of(user: &UserId, alert: &AlertId, limit: usize) -> Vec<Notification> => NotificationsOf;
});

through!(NotificationWriter {
    fn mark_read(user: &UserId, ids: &[NotificationId], at: Timestamp) -> () => MarkRead;
});

through!(Outbox {
    fn due_outboxes(now: Timestamp, limit: usize) -> Vec<UserId> => DueOutboxes;
    fn lease_outbox(user: &UserId, now: Timestamp, until: Timestamp) -> Option<OutboxLease> => LeaseOutbox;
    fn pending_notifications(lease: &OutboxLease) -> Vec<Notification> => PendingNotifications;
    fn put_delivery(user: &UserId, id: &NotificationId, delivery: &NoticeDelivery) -> () => PutDelivery;
    fn finish_outbox(lease: &OutboxLease, rest: Option<OutboxRest>) -> bool => FinishOutbox;
});

through!(ActionTokens {
    fn put_action(token: &ActionToken) -> () => PutAction;
    fn take_action(hash: &TokenHash, now: Timestamp) -> Option<ActionToken> => TakeAction;
});

through!(ArmedScan {
    fn armed_symbols(after: Option<&FollowerCursor>) -> ArmedPage => ArmedSymbols;
});

through!(RateCounter {
    fn count_event(key: &str, until: Timestamp) -> u32 => CountEvent;
});

through!(RequestLog {
    fn claim_request(user: &UserId, record: &RequestRecord, now: Timestamp) -> Option<RequestRecord> => ClaimRequest;
    fn keep_answer(user: &UserId, record: &RequestRecord) -> () => KeepAnswer;
    fn forget_request(user: &UserId, key: &str) -> () => ForgetRequest;
});

through!(SourceGate {
    fn session() -> Option<SourceSession> => Session;
    fn put_session(session: &SourceSession) -> () => PutSession;
    fn drop_session(session: &SourceSession) -> () => DropSession;
    fn breaker() -> Breaker => Breaker;
    fn swap_breaker(expected: &Breaker, new: &Breaker) -> bool => SwapBreaker;
});

through!(CallCounter {
    fn add_calls(hour: i64, calls: u32) -> u32 => AddCalls;
    fn calls(hour: i64) -> u32 => Calls;
});

through!(SourceStatusReader {
    fn status() -> SourceStatus => Status;
});

through!(SourceStatusWriter {
    fn next_tick() -> TickNumber => NextTick;
    fn put_status(status: &SourceStatus) -> () => PutStatus;
});

through!(WatchlistScan {
    fn followers(after: Option<&FollowerCursor>, now: Timestamp) -> FollowerPage => Followers;
});

through!(SweepReader {
    fn sweep() -> SweepState => Sweep;
});

through!(SweepWriter {
    fn put_sweep(state: &SweepState) -> () => PutSweep;
});
