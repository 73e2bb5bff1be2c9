//! The handlers over this machine's adapters: the wiring that each function's `main` does on AWS.

use std::sync::Arc;
use std::time::Duration;

use api::{CookieMode, Deps, Limits, Settings};
use dispatch::Dispatcher;
use fetch_quotes::FetchQuotes;
use quickstocks_core::fetch::FetchConfig;
use quickstocks_core::model::{CallBudget, SignUp, SourceKind};
use quickstocks_core::ports::{Clock, Random};
use quickstocks_sqlite::SqliteStore;
use quickstocks_yahoo::YahooClient;
use ws_connect::WsConnect;

use crate::hub::Hub;
use crate::push::Pushing;
use crate::topic::Topic;

/// How many frames the dispatcher hands to the hub at once: each is a push onto a queue.
const FRAMES_IN_FLIGHT: usize = 64;

/// Every adapter of this process.
pub(crate) struct Ports {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) source: Arc<YahooClient>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) push: Pushing,
    pub(crate) hub: Arc<Hub>,
    pub(crate) topic: Arc<Topic>,
    pub(crate) tick_seconds: u32,
    pub(crate) source_kind: SourceKind,
    pub(crate) budget: CallBudget,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) https: bool,
    pub(crate) sign_up: SignUp,
    pub(crate) sharing: bool,
    pub(crate) limits: Option<Limits>,
    pub(crate) trusted_proxies: usize,
}

impl Ports {
    pub(crate) fn fetch_quotes(&self) -> FetchQuotes {
        let tick = Duration::from_secs(self.tick_seconds.into());
        let config = FetchConfig { tick, budget: self.budget, dispatch_messages: 1 };
        FetchQuotes::new(&self.store, Arc::clone(&self.source) as _, &self.topic, Arc::clone(&self.clock), config)
    }

    pub(crate) fn dispatcher(&self) -> Dispatcher {
        let ports = dispatch::Ports {
            sender: Arc::clone(&self.hub) as _,
            publisher: Arc::clone(&self.topic) as _,
            alert_work: Arc::clone(&self.topic) as _,
            push_sender: Arc::clone(&self.push.sender) as _,
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
        };
        Dispatcher::new(&self.store, ports, FRAMES_IN_FLIGHT)
    }

    pub(crate) fn ws_connect(&self) -> WsConnect {
        WsConnect::new(&self.store, Arc::clone(&self.hub) as _, Arc::clone(&self.clock), self.allowed_origins.clone())
    }

    pub(crate) fn api(&self) -> Deps {
        let settings = Settings {
            allowed_origins: self.allowed_origins.clone(),
            cookie: if self.https { CookieMode::Secure } else { CookieMode::Plain },
            sign_up: self.sign_up,
            sharing: self.sharing,
            limits: self.limits,
            trusted_proxies: self.trusted_proxies,
            tick_seconds: self.tick_seconds,
            source: self.source_kind,
            calls_per_hour: match self.budget {
                CallBudget::Off => None,
                CallBudget::PerHour(calls) => Some(calls),
            },
        };
        let ports = api::Ports {
            announcer: Arc::clone(&self.topic) as _,
            push_requester: Arc::clone(&self.topic) as _,
            subscription_rule: Arc::new(self.push.rule),
            signer: Arc::clone(&self.push.signer) as _,
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
        };
        Deps::new(&self.store, &self.source, ports, settings)
    }
}
