//! What there is: plain values, checked where they are made.

mod alert;
mod connection;
mod history;
mod identity;
mod notification;
mod owned_alert;
mod poll;
mod preferences;
mod push;
mod quote;
mod reference;
mod request;
mod shard;
mod share;
mod source;
mod sweep;
mod symbol;
mod tick;
mod time;
mod watchlist;

pub use alert::{
    AlertEvent, AlertState, AlertStatus, AppliedSplit, Baseline, DEFAULT_COOL_DOWN_MINUTES, Direction, Fire, InvalidRule,
    PriceSample, Repeat, Rule, Seen, Since, Terms, Trigger, WINDOW_MINUTES,
};
pub use connection::{CONNECTION_LIFETIME, Connection, ConnectionId, MAX_FOLLOWED, MAX_WATCHED};
pub use history::{Bar, Dividend, History, HistoryEvents, HistoryRange, Interval, PastSplit, SymbolMatch};
pub use identity::{
    INVITE_CODE_LENGTH, InvalidSecret, InvalidSignUp, InvalidTokenName, PAIRING_CODE_LENGTH, PAIRING_LIFETIME,
    RECOVERY_CODE_LENGTH, RECOVERY_LIFETIME, SESSION_LIFETIME, Scope, Secret, SignUp, TICKET_LIFETIME, Token, TokenHash,
    TokenKind, TokenName, User, UserId,
};
pub use notification::{
    DeviceReceipt, Hold, HoldReason, INBOX_COUNTED, NOTIFICATION_LIFETIME, NoticeDelivery, NoticeState, Notification,
    NotificationId, OutboxLease, OutboxRest, RECEIPT_LIFETIME, ReceiptOutcome,
};
pub use owned_alert::{ActionToken, Alert, AlertId, MAX_ALERTS};
pub use poll::{Lease, PollEntry, PollRecord, Urgency};
pub use preferences::{Colours, DisplayCurrency, InvalidPreference, Locale, Preferences, QuietHours, Theme, TimeOfDay, TimeZone};
pub use push::{
    Activation, DeviceId, DeviceName, Endpoint, InvalidDeviceName, MAX_DEVICE_NAME_CHARS, MAX_ENDPOINT_BYTES,
    MAX_PUSH_SUBSCRIPTIONS, PushAction, PushKeys, PushMessage, PushOrder, PushPurpose, PushState, PushSubscription, PushTopic,
    PushUrgency, VapidKeyId,
};
pub use quote::{Currency, Extended, InstrumentKind, MarketState, Missing, MissingReason, Quote, Session, Split, StoredQuote};
pub use reference::{Details, Followed, Named, Spark};
pub use request::RequestRecord;
pub use shard::{CONNECTION_SHARDS, POLL_SHARDS, Shard, ShardRange, connection_shard, poll_shard};
pub use share::{InvalidSharing, Share, Sharing};
pub use source::{
    Breaker, BreakerState, CallBudget, SourceHealth, SourceKind, SourceReason, SourceSession, SourceState, SourceStatus,
};
pub use sweep::{Follower, FollowerCursor, SweepState, UnfinishedSweep};
pub use symbol::{InvalidSymbol, MAX_SYMBOL_LENGTH, Symbol};
pub use tick::{AlertWork, QuoteStep, ShardRest, Tick, TickNumber};
pub use time::Timestamp;
pub use watchlist::{
    InvalidNote, InvalidWatchlist, ListId, MAX_LIST_NAME_CHARS, MAX_LISTS, MAX_NOTE_CHARS, MAX_SYMBOLS_PER_LIST, Note, Watchlist,
};
