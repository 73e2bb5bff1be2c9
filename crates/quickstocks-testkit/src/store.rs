use quickstocks_core::ports::{
    ActionTokens, AlertReader, AlertWriter, ArmedScan, CallCounter, ConnectionReader, ConnectionWriter, NotificationReader,
    NotificationWriter, Outbox, PollSetReader, PollSetWriter, PreferencesReader, PreferencesWriter, PushSubscriptionReader,
    PushSubscriptionWriter, QuoteReader, QuoteWriter, RateCounter, RequestLog, ShareReader, ShareWriter, SourceGate,
    SourceStatusReader, SourceStatusWriter, SweepReader, SweepWriter, TokenReader, TokenWriter, UserReader, UserWriter,
    WatchlistReader, WatchlistScan, WatchlistWriter,
};

/// A store that keeps every store port. There is nothing to implement: whatever has all the ports has this.
///
/// Production code takes single ports; only tests ask for all of them at once.
pub trait AllStorePorts:
    QuoteReader
    + QuoteWriter
    + PollSetReader
    + PollSetWriter
    + ConnectionReader
    + ConnectionWriter
    + UserReader
    + UserWriter
    + TokenReader
    + TokenWriter
    + WatchlistReader
    + WatchlistWriter
    + WatchlistScan
    + ShareReader
    + ShareWriter
    + PreferencesReader
    + PreferencesWriter
    + PushSubscriptionReader
    + PushSubscriptionWriter
    + AlertReader
    + AlertWriter
    + NotificationReader
    + NotificationWriter
    + Outbox
    + ActionTokens
    + ArmedScan
    + RateCounter
    + RequestLog
    + SourceGate
    + CallCounter
    + SourceStatusReader
    + SourceStatusWriter
    + SweepReader
    + SweepWriter
    + Send
    + Sync
    + 'static
{
}

impl<S> AllStorePorts for S where
    S: QuoteReader
        + QuoteWriter
        + PollSetReader
        + PollSetWriter
        + ConnectionReader
        + ConnectionWriter
        + UserReader
        + UserWriter
        + TokenReader
        + TokenWriter
        + WatchlistReader
        + WatchlistWriter
        + WatchlistScan
        + ShareReader
        + ShareWriter
        + PreferencesReader
        + PreferencesWriter
        + PushSubscriptionReader
        + PushSubscriptionWriter
        + AlertReader
        + AlertWriter
        + NotificationReader
        + NotificationWriter
        + Outbox
        + ActionTokens
        + ArmedScan
        + RateCounter
        + RequestLog
        + SourceGate
        + CallCounter
        + SourceStatusReader
        + SourceStatusWriter
        + SweepReader
        + SweepWriter
        + Send
        + Sync
        + 'static
{
}
