//! From a tick to one message per connection that follows a symbol which changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use crate::model::{Connection, ConnectionId, Shard, ShardRange, Symbol, Tick, Timestamp, UserId};
use crate::ports::{
    Clock, ConnectionReader, ConnectionSender, ConnectionWriter, Delivery, FrameEncoder, PublishError, StoreError, TickPublisher,
};

/// A tick older than this is dropped: SNS retries for days, and a stale price is worse than none.
pub const STALE_AFTER: Duration = Duration::from_secs(90);

/// A connection this young is not forgotten when it seems to have gone: API Gateway answers 410 for a socket whose `$connect`
/// has written its row but not yet returned.
const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// The dispatcher and what it works with.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Dispatch {
    pub connections: Arc<dyn ConnectionReader>,
    pub registry: Arc<dyn ConnectionWriter>,
    pub sender: Arc<dyn ConnectionSender>,
    pub publisher: Arc<dyn TickPublisher>,
    pub clock: Arc<dyn Clock>,
    /// How many frames may be under way at once.
    pub in_flight: usize,
}

/// Why a tick could not be dispatched to everybody.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The connections of some shard could not be read. Those of the others were served.
    #[error("the connections could not be read")]
    Store(#[from] StoreError),
    /// What was left at the deadline could not be handed on.
    #[error("what was left at the deadline could not be handed on")]
    HandOn(#[from] PublishError),
}

/// What became of a tick, connection by connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DispatchReport {
    /// Whether it was too old to be worth anything.
    pub stale: bool,
    /// How many connections there are in the range.
    pub connections: usize,
    /// How many were sent their message.
    pub sent: usize,
    /// How many had gone and were forgotten.
    pub gone: usize,
    /// How many were skipped because they were throttled twice.
    pub throttled: usize,
    /// How many could not be sent their message.
    pub failed: usize,
    /// Where another dispatcher takes over, if the deadline came first.
    pub handed_on: Option<(Shard, Option<ConnectionId>)>,
}

impl Dispatch {
    /// Sends a frame to each open connection of a user; answers how many took it. One that has gone is left for the next tick to
    /// forget, and one that misses the frame reads its lists when it next connects.
    pub async fn tell(&self, user: &UserId, frame: &str) -> Result<usize, StoreError> {
        let connections = self.connections.connections_of(user, self.clock.now()).await?;
        let sends: Vec<_> = connections.iter().map(|id| self.sender.send(id, frame)).collect();
        let deliveries: Vec<Delivery> = stream::iter(sends).buffer_unordered(self.in_flight.max(1)).collect().await;
        Ok(deliveries.iter().filter(|delivery| matches!(delivery, Delivery::Sent)).count())
    }

    /// Sends each connection of the tick's shards its message. What cannot be begun before `deadline` is handed on
    /// to another dispatcher by publishing the rest of the range.
    pub async fn run(
        &self,
        tick: &Tick,
        encoder: &dyn FrameEncoder,
        deadline: Timestamp,
    ) -> Result<DispatchReport, DispatchError> {
        let mut report = DispatchReport::default();
        if self.clock.now().since(tick.made_at) > STALE_AFTER {
            report.stale = true;
            return Ok(report);
        }
        let changes = Changes::of(tick);
        let mut unreadable = None;
        let mut after = tick.after.clone();
        for shard in tick.shards.shards() {
            match self.shard(shard, after.take(), tick, &changes, encoder, deadline, &mut report).await {
                Ok(None) => {}
                Ok(Some(rest)) => {
                    self.hand_on(tick, shard, rest.clone()).await?;
                    report.handed_on = Some((shard, rest));
                    break;
                }
                Err(error) => unreadable = Some(error),
            }
        }
        match unreadable {
            Some(error) => Err(error.into()),
            None => Ok(report),
        }
    }

    /// Serves one shard. Answers where it had to stop, if it had to: the last connection that was begun.
    #[expect(clippy::too_many_arguments, reason = "one private step of `run`, cut out to be readable")]
    async fn shard(
        &self,
        shard: Shard,
        mut after: Option<ConnectionId>,
        tick: &Tick,
        changes: &Changes<'_>,
        encoder: &dyn FrameEncoder,
        deadline: Timestamp,
        report: &mut DispatchReport,
    ) -> Result<Option<Option<ConnectionId>>, StoreError> {
        loop {
            if self.clock.now() >= deadline {
                return Ok(Some(after));
            }
            let page = self.connections.page(shard, after.as_ref(), self.clock.now()).await?;
            let last = page.connections.last().map(|connection| connection.id.clone());
            let begun = self.serve(&page.connections, tick, changes, encoder, deadline, report).await;
            report.connections += begun;
            if begun < page.connections.len() {
                let stopped_at = begun.checked_sub(1).map(|last| page.connections[last].id.clone());
                return Ok(Some(stopped_at.or(after)));
            }
            let Some(next) = page.next else { return Ok(None) };
            after = Some(last.map_or(next.clone(), |last| last.max(next)));
        }
    }

    /// Serves some connections, in order; answers how many of them were begun before the deadline.
    async fn serve(
        &self,
        connections: &[Connection],
        tick: &Tick,
        changes: &Changes<'_>,
        encoder: &dyn FrameEncoder,
        deadline: Timestamp,
        report: &mut DispatchReport,
    ) -> usize {
        let mut rendered = Rendered { encoder, changes, source_changed: tick.source_changed, by_change: HashMap::new() };
        let mut begun = connections.len();
        let mut throttled: Vec<(ConnectionId, Frames, usize)> = Vec::new();
        let work: Vec<(ConnectionId, Option<Frames>)> =
            connections.iter().map(|connection| (connection.id.clone(), rendered.frames(connection))).collect();
        let now = self.clock.now();
        let unsettled: HashSet<&ConnectionId> = connections
            .iter()
            .filter(|connection| now.since(connection.connected_at) < SETTLED_AFTER)
            .map(|connection| &connection.id)
            .collect();
        let mut outcomes = stream::iter(work.into_iter().enumerate())
            .map(|(at, (id, frames))| async move {
                match frames {
                    None => (at, id, Outcome::NothingToSend, None),
                    Some(_) if self.clock.now() >= deadline => (at, id, Outcome::NotBegun, None),
                    Some(frames) => {
                        let outcome = self.send(&id, &frames, 0).await;
                        (at, id, outcome, Some(frames))
                    }
                }
            })
            .buffer_unordered(self.in_flight.max(1));
        let mut gone = Vec::new();
        while let Some((at, id, outcome, frames)) = outcomes.next().await {
            match outcome {
                Outcome::Sent => report.sent += 1,
                Outcome::Gone => gone.push(id),
                Outcome::Throttled { sent } => throttled.extend(frames.map(|frames| (id, frames, sent))),
                Outcome::Failed => report.failed += 1,
                Outcome::NothingToSend => {}
                // They are begun in order, so what is handed on is the rest of the page from the first of these.
                Outcome::NotBegun => begun = begun.min(at),
            }
        }
        drop(outcomes);
        self.retry_throttled(throttled, deadline, &mut gone, report).await;
        let before = gone.len();
        gone.retain(|id| !unsettled.contains(id));
        report.failed += before - gone.len();
        self.forget(gone, report).await;
        begun
    }

    /// A throttled post is tried once more, after everybody else had their turn: the pause it needs, for nothing.
    /// A message in parts goes on where it stopped.
    async fn retry_throttled(
        &self,
        throttled: Vec<(ConnectionId, Frames, usize)>,
        deadline: Timestamp,
        gone: &mut Vec<ConnectionId>,
        report: &mut DispatchReport,
    ) {
        let mut outcomes = stream::iter(throttled)
            .map(|(id, frames, sent)| async move {
                let late = self.clock.now() >= deadline;
                let outcome = if late { Outcome::Throttled { sent } } else { self.send(&id, &frames, sent).await };
                (id, outcome)
            })
            // Fewer at once: the platform has just said that it was too much.
            .buffer_unordered((self.in_flight / 4).max(1));
        while let Some((id, outcome)) = outcomes.next().await {
            match outcome {
                Outcome::Sent => report.sent += 1,
                Outcome::Gone => gone.push(id),
                Outcome::Failed => report.failed += 1,
                _ => report.throttled += 1,
            }
        }
    }

    async fn forget(&self, gone: Vec<ConnectionId>, report: &mut DispatchReport) {
        report.gone += gone.len();
        let mut removals = stream::iter(gone)
            .map(|id| async move {
                let outcome = self.registry.remove(&id).await;
                (id, outcome)
            })
            .buffer_unordered(16);
        while let Some((id, outcome)) = removals.next().await {
            if let Err(error) = outcome {
                // Nothing is lost: the next post answers 410 again, and the row expires by itself.
                tracing::warn!(connection.id = %id, error = &error as &dyn std::error::Error, "a connection that is gone could not be removed");
            }
        }
    }

    /// Sends the parts of one message in order, those after the first `sent`; the first that is not taken ends it.
    async fn send(&self, id: &ConnectionId, frames: &[String], sent: usize) -> Outcome {
        for (sent, frame) in frames.iter().enumerate().skip(sent) {
            match self.sender.send(id, frame).await {
                Delivery::Sent => {}
                Delivery::Gone => return Outcome::Gone,
                Delivery::Throttled => return Outcome::Throttled { sent },
                Delivery::Failed(error) => {
                    tracing::warn!(connection.id = %id, error = &*error as &dyn std::error::Error, "a frame could not be sent");
                    return Outcome::Failed;
                }
            }
        }
        Outcome::Sent
    }

    async fn hand_on(&self, tick: &Tick, shard: Shard, after: Option<ConnectionId>) -> Result<(), PublishError> {
        let rest = Tick { shards: ShardRange { first: shard.0, last: tick.shards.last }, after, ..tick.clone() };
        self.publisher.publish(&[rest]).await
    }
}

enum Outcome {
    NothingToSend,
    NotBegun,
    Sent,
    Gone,
    /// After so many parts of the message were sent.
    Throttled {
        sent: usize,
    },
    Failed,
}

type Frames = Arc<[String]>;

/// Where in the tick each symbol stands.
struct Changes<'a> {
    quotes: HashMap<&'a Symbol, usize>,
    missing: HashMap<&'a Symbol, usize>,
}

impl<'a> Changes<'a> {
    fn of(tick: &'a Tick) -> Self {
        Self {
            quotes: tick.quotes.iter().enumerate().map(|(at, stored)| (&stored.quote.symbol, at)).collect(),
            missing: tick.missing.iter().enumerate().map(|(at, missing)| (&missing.symbol, at)).collect(),
        }
    }
}

/// The frames of a tick, rendered once for all connections that follow the same part of it.
struct Rendered<'a> {
    encoder: &'a dyn FrameEncoder,
    changes: &'a Changes<'a>,
    source_changed: bool,
    by_change: HashMap<(Vec<usize>, Vec<usize>), Frames>,
}

impl Rendered<'_> {
    /// What to send a connection; `None` when nothing it follows changed.
    fn frames(&mut self, connection: &Connection) -> Option<Frames> {
        if connection.paused {
            return None;
        }
        let mut quotes = Vec::new();
        let mut missing = Vec::new();
        for symbol in connection.listed.union(&connection.watched) {
            quotes.extend(self.changes.quotes.get(symbol));
            missing.extend(self.changes.missing.get(symbol));
        }
        if quotes.is_empty() && missing.is_empty() {
            return self.source_changed.then(|| Arc::from([self.encoder.status().to_owned()]));
        }
        let key = (quotes, missing);
        if let Some(frames) = self.by_change.get(&key) {
            return Some(Arc::clone(frames));
        }
        let frames: Frames = self.encoder.quotes(&key.0, &key.1).into();
        self.by_change.insert(key, Arc::clone(&frames));
        Some(frames)
    }
}
