//! A world to put a use case in: a store with faults, a clock that stands still, a source and a platform that do as they are told.

use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::dispatch::Dispatch;
use quickstocks_core::fetch::{Fetch, FetchConfig};
use quickstocks_core::model::{
    CallBudget, Connection, ConnectionId, Lease, Missing, MissingReason, ShardRange, SourceHealth, SourceState, SourceStatus,
    StoredQuote, Tick, TickNumber, Timestamp, Urgency,
};
use quickstocks_core::ports::{Clock, ConnectionSender, ConnectionWriter, FrameEncoder, PollSetWriter, SourceStatusReader};
use quickstocks_testkit::faults::Faulty;
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_testkit::{
    FakeClock, MemoryStore, RecordingAnnouncer, RecordingPublisher, RecordingSender, ScriptedSource, SendAnswer,
};

/// The time between two ticks.
pub(crate) const TICK: Duration = Duration::from_mins(1);

pub(crate) struct World {
    /// The store itself, to look at what is in it.
    pub(crate) memory: Arc<MemoryStore>,
    /// The store as the use cases see it.
    pub(crate) store: Arc<Faulty<MemoryStore>>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) sender: Arc<RecordingSender>,
    pub(crate) publisher: Arc<RecordingPublisher>,
    pub(crate) announcer: Arc<RecordingAnnouncer>,
    pub(crate) source: Arc<ScriptedSource>,
}

impl Default for World {
    fn default() -> Self {
        Self::with_page_size(3)
    }
}

impl World {
    pub(crate) fn with_page_size(page_size: usize) -> Self {
        let memory = Arc::new(MemoryStore::with_page_size(page_size));
        Self {
            store: Arc::new(Faulty::new(Arc::clone(&memory))),
            memory,
            clock: Arc::default(),
            sender: Arc::default(),
            publisher: Arc::default(),
            announcer: Arc::default(),
            source: Arc::default(),
        }
    }

    pub(crate) fn dispatch(&self) -> Dispatch {
        self.dispatch_through(Arc::clone(&self.sender) as _)
    }

    pub(crate) fn dispatch_through(&self, sender: Arc<dyn ConnectionSender>) -> Dispatch {
        Dispatch {
            connections: Arc::clone(&self.store) as _,
            registry: Arc::clone(&self.store) as _,
            sender,
            publisher: Arc::clone(&self.publisher) as _,
            clock: Arc::clone(&self.clock) as _,
            in_flight: 8,
        }
    }

    /// Another world over the same store, clock and topic, with a source and with faults of its own.
    pub(crate) fn another(&self) -> Self {
        Self {
            memory: Arc::clone(&self.memory),
            store: Arc::new(Faulty::new(Arc::clone(&self.memory))),
            clock: Arc::clone(&self.clock),
            sender: Arc::clone(&self.sender),
            publisher: Arc::clone(&self.publisher),
            announcer: Arc::clone(&self.announcer),
            source: Arc::default(),
        }
    }

    pub(crate) fn fetch(&self) -> Fetch {
        Fetch {
            poll_set: Arc::clone(&self.store) as _,
            poll_records: Arc::clone(&self.store) as _,
            quotes: Arc::clone(&self.store) as _,
            quote_writer: Arc::clone(&self.store) as _,
            source: Arc::clone(&self.source) as _,
            calls: Arc::clone(&self.store) as _,
            status: Arc::clone(&self.store) as _,
            status_writer: Arc::clone(&self.store) as _,
            publisher: Arc::clone(&self.publisher) as _,
            alert_work: Arc::clone(&self.publisher) as _,
            clock: Arc::clone(&self.clock) as _,
            config: FetchConfig { tick: TICK, budget: CallBudget::Off, dispatch_messages: 1 },
        }
    }

    /// Puts symbols into the poll set for a day.
    pub(crate) async fn want(&self, symbols: &[&str], urgency: Urgency) {
        let until = self.clock.now() + Duration::from_hours(24);
        let leases: Vec<Lease> = symbols.iter().map(|of| Lease { symbol: sample::symbol(of), urgency, until }).collect();
        self.memory.extend(&leases).await.unwrap();
    }

    /// Has the source quote a symbol at that price, dated now.
    pub(crate) fn price(&self, of: &str, price: &str) {
        self.source.set_quote(sample::quote(of, price, self.clock.now()));
    }

    pub(crate) async fn status(&self) -> SourceStatus {
        self.memory.status().await.unwrap()
    }

    /// A deadline that no test reaches unless it moves the clock.
    pub(crate) fn later(&self) -> Timestamp {
        self.clock.now() + Duration::from_mins(1)
    }

    /// What the next frames to the connection are answered with.
    pub(crate) fn will_answer(&self, to: &str, answers: &[SendAnswer]) {
        for answer in answers {
            self.sender.answer_next(&id(to), *answer);
        }
    }

    pub(crate) async fn add(&self, connections: &[Connection]) {
        for connection in connections {
            self.memory.add(connection).await.unwrap();
        }
    }

    /// The ids of the connections the store has, expired ones included.
    pub(crate) fn stored_connections(&self) -> Vec<ConnectionId> {
        self.memory.connections().into_iter().map(|connection| connection.id).collect()
    }
}

/// A connection that opened a while ago and follows these symbols by a list.
pub(crate) fn follower(id: &str, symbols: &[&str]) -> Connection {
    Connection { listed: sample::symbols(symbols), connected_at: NOW - Duration::from_mins(10), ..sample::connection(id, "u") }
}

/// So many connections, `c000`, `c001`, …, that all follow these.
pub(crate) fn followers(count: usize, symbols: &[&str]) -> Vec<Connection> {
    (0..count).map(|n| follower(&format!("c{n:03}"), symbols)).collect()
}

pub(crate) fn id(text: &str) -> ConnectionId {
    ConnectionId::new(text)
}

/// A tick made now in which the quotes of these symbols changed.
pub(crate) fn tick(changed: &[&str]) -> Tick {
    let quotes = changed.iter().map(|of| stored(of, "10", 7)).collect();
    Tick {
        tick: TickNumber(7),
        made_at: NOW,
        polled_at: NOW,
        source: SourceHealth { state: SourceState::Ok, interval: 60, ..SourceHealth::default() },
        source_changed: false,
        quotes,
        missing: Vec::new(),
        shards: ShardRange::ALL,
        rest: None,
    }
}

pub(crate) fn stored(of: &str, price: &str, tick: u64) -> StoredQuote {
    sample::stored(of, price, Duration::ZERO, tick)
}

pub(crate) fn missing(of: &str, reason: MissingReason) -> Missing {
    Missing { symbol: sample::symbol(of), reason }
}

/// Frames to read at a glance: `quotes AAPL MSFT -GONE`, at most so many symbols each, and `status`.
pub(crate) struct Words {
    words: (Vec<String>, Vec<String>),
    per_frame: usize,
}

impl Words {
    pub(crate) fn of(tick: &Tick) -> Self {
        Self::in_parts(tick, usize::MAX)
    }

    pub(crate) fn in_parts(tick: &Tick, per_frame: usize) -> Self {
        let quotes = tick.quotes.iter().map(|stored| stored.quote.symbol.to_string()).collect();
        let missing = tick.missing.iter().map(|missing| format!("-{}", missing.symbol)).collect();
        Self { words: (quotes, missing), per_frame }
    }
}

impl FrameEncoder for Words {
    fn quotes(&self, quotes: &[usize], missing: &[usize]) -> Vec<String> {
        let quotes = quotes.iter().map(|at| self.words.0[*at].as_str());
        let words: Vec<&str> = quotes.chain(missing.iter().map(|at| self.words.1[*at].as_str())).collect();
        words.chunks(self.per_frame.min(words.len())).map(|part| format!("quotes {}", part.join(" "))).collect()
    }

    fn status(&self) -> &'static str {
        "status"
    }
}
