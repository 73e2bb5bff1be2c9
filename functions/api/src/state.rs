use std::sync::Arc;

use quickstocks_core::accounts::Accounts;
use quickstocks_core::alerts::AlertBook;
use quickstocks_core::currencies::ExchangeRates;
use quickstocks_core::guests::Guests;
use quickstocks_core::model::{SignUp, SourceKind};
use quickstocks_core::notify::Inbox;
use quickstocks_core::ports::{
    ActionTokens, AlertReader, AlertWriter, CallCounter, Clock, ConnectionReader, ConnectionWriter, HistorySource, ListAnnouncer,
    NotificationReader, NotificationWriter, PollSetWriter, PreferencesReader, PreferencesWriter, PushRequester,
    PushSubscriptionReader, PushSubscriptionWriter, QuoteReader, QuoteSource, QuoteWriter, Random, RateCounter, ReferenceSource,
    RequestLog, ShareReader, ShareWriter, SourceStatusReader, SourceStatusWriter, SubscriptionRule, SweepReader, SymbolSearch,
    TokenReader, TokenWriter, UserReader, UserWriter, VapidSigner, WatchlistReader, WatchlistWriter,
};
use quickstocks_core::preferences::PreferenceEditor;
use quickstocks_core::push::Devices;
use quickstocks_core::rates::Rates;
use quickstocks_core::reference::Reference;
use quickstocks_core::search::Search;
use quickstocks_core::shares::{Shares, Viewed};
use quickstocks_core::symbols::{Symbols, UnknownSymbols};
use quickstocks_core::watchlists::Watchlists;

use crate::limits::{Buckets, Limits};

/// By what the API reaches the world, but for the store and the source of prices.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Ports {
    pub announcer: Arc<dyn ListAnnouncer>,
    pub push_requester: Arc<dyn PushRequester>,
    pub subscription_rule: Arc<dyn SubscriptionRule>,
    pub signer: Arc<dyn VapidSigner>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// What the API works with.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the use case or the port of its name")]
pub struct Deps {
    pub guests: Guests,
    pub accounts: Accounts,
    pub watchlists: Watchlists,
    pub shares: Shares,
    pub preferences: PreferenceEditor,
    pub alerts: AlertBook,
    pub inbox: Inbox,
    pub devices: Devices,
    pub symbols: Symbols,
    pub search: Search,
    pub reference: Reference,
    pub exchange_rates: ExchangeRates,
    pub history: Arc<dyn HistorySource>,
    pub status: Arc<dyn SourceStatusReader>,
    pub calls: Arc<dyn CallCounter>,
    pub rates: Rates,
    pub requests: Arc<dyn RequestLog>,
    pub clock: Arc<dyn Clock>,
    pub settings: Settings,
    pub(crate) buckets: Option<Arc<Buckets>>,
}

impl Deps {
    /// Everything over one store and these ports.
    pub fn new<S, Q>(store: &Arc<S>, source: &Arc<Q>, ports: Ports, settings: Settings) -> Self
    where
        S: UserReader
            + UserWriter
            + TokenReader
            + TokenWriter
            + WatchlistReader
            + WatchlistWriter
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
            + ActionTokens
            + PollSetWriter
            + ConnectionReader
            + ConnectionWriter
            + QuoteReader
            + QuoteWriter
            + CallCounter
            + RateCounter
            + RequestLog
            + SourceStatusReader
            + SourceStatusWriter
            + SweepReader
            + 'static,
        Q: QuoteSource + SymbolSearch + HistorySource + ReferenceSource + 'static,
    {
        if settings.sharing && settings.source != SourceKind::Simulated {
            tracing::warn!("lists can be shared while prices come from Yahoo Finance, whose terms do not allow to pass them on");
        }
        let Ports { announcer, push_requester, subscription_rule, signer, clock, random } = ports;
        let symbols = Symbols {
            quotes: Arc::clone(store) as _,
            quote_writer: Arc::clone(store) as _,
            source: Arc::clone(source) as _,
            status: Arc::clone(store) as _,
            status_writer: Arc::clone(store) as _,
            clock: Arc::clone(&clock),
            unknown: UnknownSymbols::default(),
        };
        Self {
            guests: Guests {
                users: Arc::clone(store) as _,
                tokens: Arc::clone(store) as _,
                token_writer: Arc::clone(store) as _,
                clock: Arc::clone(&clock),
                random: Arc::clone(&random),
            },
            accounts: Accounts {
                users: Arc::clone(store) as _,
                user_writer: Arc::clone(store) as _,
                tokens: Arc::clone(store) as _,
                token_writer: Arc::clone(store) as _,
                connections: Arc::clone(store) as _,
                connection_writer: Arc::clone(store) as _,
                clock: Arc::clone(&clock),
                random: Arc::clone(&random),
            },
            watchlists: Watchlists {
                lists: Arc::clone(store) as _,
                list_writer: Arc::clone(store) as _,
                poll_set: Arc::clone(store) as _,
                connections: Arc::clone(store) as _,
                connection_writer: Arc::clone(store) as _,
                announcer,
                symbols: symbols.clone(),
                clock: Arc::clone(&clock),
                random: Arc::clone(&random),
            },
            shares: Shares {
                reader: Arc::clone(store) as _,
                writer: Arc::clone(store) as _,
                lists: Arc::clone(store) as _,
                quotes: Arc::clone(store) as _,
                status: Arc::clone(store) as _,
                poll_set: Arc::clone(store) as _,
                clock: Arc::clone(&clock),
                random: Arc::clone(&random),
                viewed: Viewed::default(),
            },
            preferences: PreferenceEditor {
                reader: Arc::clone(store) as _,
                writer: Arc::clone(store) as _,
                clock: Arc::clone(&clock),
            },
            exchange_rates: ExchangeRates::new(symbols.clone(), Arc::clone(store) as _, Arc::clone(&clock)),
            alerts: AlertBook {
                alerts: Arc::clone(store) as _,
                writer: Arc::clone(store) as _,
                notifications: Arc::clone(store) as _,
                actions: Arc::clone(store) as _,
                poll_set: Arc::clone(store) as _,
                quotes: Arc::clone(store) as _,
                preferences: Arc::clone(store) as _,
                symbols: symbols.clone(),
                clock: Arc::clone(&clock),
                random: Arc::clone(&random),
            },
            inbox: Inbox { notifications: Arc::clone(store) as _, writer: Arc::clone(store) as _, clock: Arc::clone(&clock) },
            devices: Devices {
                subscriptions: Arc::clone(store) as _,
                subscription_writer: Arc::clone(store) as _,
                rule: subscription_rule,
                signer,
                requester: push_requester,
                clock: Arc::clone(&clock),
            },
            symbols,
            search: Search::new(Arc::clone(source) as _, Arc::clone(&clock)),
            reference: Reference::new(
                Arc::clone(source) as _,
                Arc::clone(store) as _,
                Arc::clone(store) as _,
                Arc::clone(&clock),
            ),
            history: Arc::clone(source) as _,
            status: Arc::clone(store) as _,
            calls: Arc::clone(store) as _,
            rates: Rates { counter: Arc::clone(store) as _, clock: Arc::clone(&clock) },
            requests: Arc::clone(store) as _,
            buckets: settings.limits.as_ref().map(|limits| Arc::new(Buckets::new(limits, &clock))),
            clock,
            settings,
        }
    }
}

/// What the API is told about its surroundings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The origins whose pages may change something.
    pub allowed_origins: Vec<String>,
    /// How the session's cookie is made.
    pub cookie: CookieMode,
    /// Seconds between two ticks.
    pub tick_seconds: u32,
    /// Where prices come from.
    pub source: SourceKind,
    /// How many calls an hour the source may have; `None` for no limit.
    pub calls_per_hour: Option<u32>,
    /// Who may become a guest.
    pub sign_up: SignUp,
    /// Whether lists may be shared by a link.
    pub sharing: bool,
    /// How much one client may ask for; `None` for as much as it likes, which is for load tests.
    pub limits: Option<Limits>,
    /// How many proxies in front write `X-Forwarded-For` truthfully; 0 for none.
    pub trusted_proxies: usize,
}

/// How the session's cookie is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieMode {
    /// `__Host-qs` with `Secure`: for a site reached by https. Browsers keep it from being set by another host or path.
    Secure,
    /// `qs` without `Secure`: for plain http on one machine, where not every browser takes a secure cookie.
    Plain,
}

impl CookieMode {
    /// The cookie's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-qs",
            Self::Plain => "qs",
        }
    }
}

pub(crate) type AppState = Arc<Deps>;
