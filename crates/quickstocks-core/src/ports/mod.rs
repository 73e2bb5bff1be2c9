//! What the domain asks of the world. Each method's comment is its contract: MUST is checked by the conformance
//! suite on every adapter. All methods are cancel-safe in the sense that a dropped future leaves nothing half-written.

mod alerts;
mod connections;
mod identity;
mod messages;
mod poll_set;
mod preferences;
mod push;
mod quotes;
mod requests;
mod shares;
mod source;
mod source_state;
mod sweep;
mod watchlists;
mod world;

pub use alerts::{ActionTokens, AlertReader, AlertWriter, ArmedPage, ArmedScan, NotificationReader, NotificationWriter, Outbox};
pub use connections::{ConnectionPage, ConnectionReader, ConnectionWriter};
pub use identity::{TokenReader, TokenWriter, UserReader, UserWriter};
pub use messages::{
    AlertWorkPublisher, ConnectionSender, Delivery, FrameEncoder, ListAnnouncer, ListChange, NoticeEncoder, PublishError,
    TickPublisher,
};
pub use poll_set::{PollPage, PollSetReader, PollSetWriter};
pub use preferences::{PreferencesReader, PreferencesWriter};
pub use push::{
    PushOutcome, PushRequester, PushSender, PushSubscriptionReader, PushSubscriptionWriter, SignError, SubscriptionFault,
    SubscriptionRule, SubscriptionWrite, VapidSigner,
};
pub use quotes::{QuoteReader, QuoteWrite, QuoteWriter};
pub use requests::{RateCounter, RequestLog};
pub use shares::{ShareReader, ShareWrite, ShareWriter};
pub use source::{HistorySource, QuoteSource, ReferenceSource, SourceAnswer, SourceError, SymbolSearch};
pub use source_state::{CallCounter, SourceGate, SourceStatusReader, SourceStatusWriter};
pub use sweep::{FollowerPage, SweepReader, SweepWriter, WatchlistScan};
pub use watchlists::{Change, WatchlistReader, WatchlistWriter};
pub use world::{Clock, Random};

/// Why a store could not do what it was asked; what the caller can do about it.
///
/// A write that lost a race is no error but an outcome, and each method has its own type for it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Too many requests: try later, less.
    #[error("the store is throttling")]
    Throttled(#[source] BoxError),
    /// It could not be reached, or failed: the same request may work later.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// It holds something this version cannot read. Trying again does not help.
    #[error("the store holds an item that cannot be read: {item}")]
    Corrupt {
        /// Which item, by its key.
        item: String,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// It refused the request: a permission or a setting is missing. Trying again does not help.
    #[error("the store refused the request")]
    Refused(#[source] BoxError),
}

/// A cause from an adapter's library.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
