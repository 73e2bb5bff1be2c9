//! Faults by decorator: [`Faulty`] stands between the code under test and any store and fails, loses, repeats or holds
//! back the calls it is told to.

mod ports;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use quickstocks_core::model::Symbol;
use quickstocks_core::ports::StoreError;

use crate::{Gate, lock};

/// A method of a store port; a name of its own for each, since several ports have a `page`, an `extend` or a `delete`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named after the method it stands for")]
pub enum Method {
    Quotes,
    StoreQuotes,
    PollPage,
    ExtendLeases,
    EndFollowed,
    RecordPolls,
    ConnectionPage,
    Connection,
    ConnectionsOf,
    AddConnection,
    RemoveConnection,
    SetListed,
    SetWatched,
    SetPaused,
    SetLeasedUntil,
    CreateUser,
    RemoveUser,
    User,
    Token,
    TokensOf,
    PutToken,
    TakeToken,
    ExtendToken,
    DeleteToken,
    Watchlists,
    Watchlist,
    InsertWatchlist,
    ReplaceWatchlist,
    DeleteWatchlist,
    Share,
    Shares,
    SharedList,
    PutShare,
    EndShare,
    Preferences,
    PutPreferences,
    PushSubscriptions,
    PutPushSubscription,
    RemovePushSubscription,
    MovePushSubscription,
    CountPushOrder,
    Alerts,
    Alert,
    ArmedAlerts,
    InsertAlert,
    WriteAlert,
    DeleteAlert,
    Notifications,
    NotificationsOf,
    MarkRead,
    DueOutboxes,
    LeaseOutbox,
    PendingNotifications,
    PutDelivery,
    FinishOutbox,
    PutAction,
    TakeAction,
    ArmedSymbols,
    CountEvent,
    ClaimRequest,
    KeepAnswer,
    ForgetRequest,
    Session,
    PutSession,
    DropSession,
    Breaker,
    SwapBreaker,
    AddCalls,
    Calls,
    Status,
    NextTick,
    PutStatus,
    Followers,
    Sweep,
    PutSweep,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// [`StoreError::Throttled`]; nothing is done.
    Throttled,
    /// [`StoreError::Unavailable`]; nothing is done.
    Unavailable,
    /// [`StoreError::Corrupt`]; nothing is done.
    Corrupt,
    /// [`StoreError::Refused`]; nothing is done.
    Refused,
    /// [`StoreError::Unavailable`], but it *is* done: the answer was lost on the way.
    AnswerLost,
}

impl Fault {
    fn error(self) -> StoreError {
        let cause = "injected fault".into();
        match self {
            Self::Throttled => StoreError::Throttled(cause),
            Self::Unavailable | Self::AnswerLost => StoreError::Unavailable(cause),
            Self::Corrupt => StoreError::Corrupt { item: "injected".to_owned(), source: cause },
            Self::Refused => StoreError::Refused(cause),
        }
    }
}

/// Any store, with faults. Without any it changes nothing.
#[derive(Debug)]
pub struct Faulty<S: ?Sized> {
    plan: Mutex<Plan>,
    inner: Arc<S>,
}

#[derive(Debug, Default)]
struct Plan {
    log: Vec<Method>,
    by_call: HashMap<usize, Fault>,
    by_method_call: HashMap<(Method, usize), Fault>,
    by_method: HashMap<Method, Fault>,
    everything: Option<Fault>,
    failing_quotes: HashSet<Symbol>,
    doubled: HashSet<Method>,
    gates: HashMap<Method, Gate>,
}

impl<S: ?Sized> Faulty<S> {
    /// The store, without faults as yet.
    pub fn new(inner: Arc<S>) -> Self {
        Self { plan: Mutex::default(), inner }
    }

    /// The store behind, which has no faults.
    pub fn inner(&self) -> &Arc<S> {
        &self.inner
    }

    /// Fails the `nth` call from now, whatever it calls; 1 is the next.
    pub fn fail_call(&self, nth: usize, fault: Fault) {
        let mut plan = lock(&self.plan);
        let nth = plan.log.len() + nth;
        plan.by_call.insert(nth, fault);
    }

    /// Fails the `nth` call of the method from now; 1 is the next.
    pub fn fail_nth(&self, method: Method, nth: usize, fault: Fault) {
        let mut plan = lock(&self.plan);
        let nth = plan.calls(method) + nth;
        plan.by_method_call.insert((method, nth), fault);
    }

    /// Fails every call of the method from now on.
    pub fn fail(&self, method: Method, fault: Fault) {
        lock(&self.plan).by_method.insert(method, fault);
    }

    /// Fails every call from now on.
    pub fn fail_everything(&self, fault: Fault) {
        lock(&self.plan).everything = Some(fault);
    }

    /// Answers `QuoteWrite::Failed` for quotes of the symbol, whose batch is stored otherwise.
    pub fn fail_quotes_of(&self, symbol: &Symbol) {
        lock(&self.plan).failing_quotes.insert(symbol.clone());
    }

    /// Does every call of the method twice and answers what the second said, as when a client repeats a request whose
    /// answer was lost.
    pub fn double(&self, method: Method) {
        lock(&self.plan).doubled.insert(method);
    }

    /// Holds every call of the method at a gate before anything is done.
    pub fn hold(&self, method: Method) -> Gate {
        lock(&self.plan).gates.entry(method).or_default().clone()
    }

    /// Takes all faults back and opens the gates. What was counted stays.
    pub fn heal(&self) {
        let mut plan = lock(&self.plan);
        plan.gates.values().for_each(Gate::open);
        *plan = Plan { log: std::mem::take(&mut plan.log), ..Plan::default() };
    }

    /// How often the method was called, failed calls included and a doubled call once.
    pub fn call_count(&self, method: Method) -> usize {
        lock(&self.plan).calls(method)
    }

    /// Every call, in order.
    pub fn log(&self) -> Vec<Method> {
        lock(&self.plan).log.clone()
    }

    /// Notes a call, waits at its gate and decides what goes wrong with it.
    async fn enter(&self, method: Method) -> Result<Verdict, StoreError> {
        let (fault, twice, gate) = {
            let mut plan = lock(&self.plan);
            plan.log.push(method);
            let (call, method_call) = (plan.log.len(), plan.calls(method));
            let fault = plan.by_call.remove(&call);
            let fault = fault.or_else(|| plan.by_method_call.remove(&(method, method_call)));
            let fault = fault.or_else(|| plan.by_method.get(&method).copied()).or(plan.everything);
            (fault, plan.doubled.contains(&method), plan.gates.get(&method).cloned())
        };
        if let Some(gate) = gate {
            gate.pass().await;
        }
        match fault {
            Some(fault) if fault != Fault::AnswerLost => Err(fault.error()),
            lost => Ok(Verdict { twice, lost }),
        }
    }

    /// Which of a batch's quotes are to fail.
    fn failing_quotes(&self) -> HashSet<Symbol> {
        lock(&self.plan).failing_quotes.clone()
    }
}

impl Plan {
    fn calls(&self, method: Method) -> usize {
        self.log.iter().filter(|called| **called == method).count()
    }
}

/// What is to happen to a call that is let through.
struct Verdict {
    twice: bool,
    lost: Option<Fault>,
}

impl Verdict {
    fn answer<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        match self.lost {
            Some(fault) => Err(fault.error()),
            None => answer,
        }
    }
}
