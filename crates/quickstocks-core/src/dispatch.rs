//! From a tick to one message per connection that follows a symbol which changed.

mod frames;
mod lanes;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use self::frames::{Changes, Frames, Rendered};
use self::lanes::{Lane, Progress, Step};
use crate::model::{Connection, ConnectionId, ShardRest, Tick, Timestamp, UserId};
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
    /// When the last of those that were sent their message had it.
    pub last_sent_at: Option<Timestamp>,
    /// What another dispatcher takes over, if the deadline came first.
    pub handed_on: Vec<ShardRest>,
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

    /// Sends each connection of the tick's shards its message: pages are read, several shards at once, while the connections of
    /// others are posted to. What cannot be begun before `deadline` is handed on to another dispatcher by publishing what is left.
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
        let lanes = lanes::of(tick);
        let left = self.serve(&lanes, tick, encoder, deadline, &mut report).await;
        // Before anything else: those who have waited longest are waiting for it.
        let handed_on = if left.rest.is_empty() { Ok(()) } else { self.hand_on(tick, left.rest.clone()).await };
        report.handed_on = left.rest;
        let mut gone = left.gone;
        self.retry_throttled(left.throttled, deadline, &mut gone, &mut report).await;
        let before = gone.len();
        gone.retain(|gone| gone.settled);
        report.failed += before - gone.len();
        self.forget(gone, &mut report).await;
        handed_on?;
        match left.unreadable {
            Some(error) => Err(error.into()),
            None => Ok(report),
        }
    }

    /// Posts to everybody whose turn comes before the deadline; answers what is left to do.
    async fn serve(
        &self,
        lanes: &[ShardRest],
        tick: &Tick,
        encoder: &dyn FrameEncoder,
        deadline: Timestamp,
        report: &mut DispatchReport,
    ) -> Left {
        let changes = Changes::of(tick);
        let mut rendered = Rendered::new(encoder, &changes, tick.source_changed);
        let mut outcomes = self
            .read(lanes, deadline)
            .flat_map(|step| stream::iter(self.turns(step, &mut rendered)))
            .map(|turn| {
                // Asked in the order of the connections, so those that are not begun are the last ones of their lane.
                let late = self.clock.now() >= deadline;
                async move {
                    let outcome = match &turn {
                        Turn::Connection(addressee) => match &addressee.frames {
                            None => Outcome::NothingToSend,
                            Some(_) if late => Outcome::NotBegun,
                            Some(frames) => self.send(&addressee.id, frames, 0).await,
                        },
                        Turn::Stopped { .. } | Turn::Unreadable(_) => Outcome::NotBegun,
                    };
                    (turn, outcome)
                }
            })
            .buffer_unordered(self.in_flight.max(1));
        let mut left = Left::default();
        let mut progress = Progress::default();
        while let Some((turn, outcome)) = outcomes.next().await {
            let addressee = match turn {
                Turn::Connection(addressee) => addressee,
                Turn::Stopped { lane, at, before } => {
                    progress.stopped(lane, at, before);
                    continue;
                }
                Turn::Unreadable(error) => {
                    left.unreadable = Some(error);
                    continue;
                }
            };
            progress.read(addressee.lane, addressee.at);
            match outcome {
                Outcome::Sent => self.count_sent(report),
                Outcome::Gone => left.gone.push(addressee.into()),
                Outcome::Throttled { sent } => left.throttled.push((addressee, sent)),
                Outcome::Failed => report.failed += 1,
                Outcome::NothingToSend => {}
                Outcome::NotBegun => progress.stopped(addressee.lane, addressee.at, addressee.before),
            }
        }
        drop(outcomes);
        report.connections = progress.begun();
        left.rest = progress.rest(lanes);
        left
    }

    /// The connections of a page, each with what it is to be sent.
    fn turns(&self, step: Step, rendered: &mut Rendered<'_>) -> Vec<Turn> {
        let (lane, begins_at, mut before, connections) = match step {
            Step::Page { lane, begins_at, before, connections } => (lane, begins_at, before, connections),
            Step::Stopped { lane, at, before } => return vec![Turn::Stopped { lane, at, before }],
            Step::Unreadable(error) => return vec![Turn::Unreadable(error)],
        };
        let now = self.clock.now();
        let turn = |(at, connection): (usize, Connection)| {
            let frames = rendered.frames(&connection);
            let settled = now.since(connection.connected_at) >= SETTLED_AFTER;
            let before = before.replace(connection.id.clone());
            Turn::Connection(Addressee { lane, at: begins_at + at, before, id: connection.id, frames, settled })
        };
        connections.into_iter().enumerate().map(turn).collect()
    }

    fn count_sent(&self, report: &mut DispatchReport) {
        report.sent += 1;
        report.last_sent_at = Some(self.clock.now());
    }

    /// A throttled post is tried once more, after everybody else had their turn: the pause it needs, for nothing.
    /// A message in parts goes on where it stopped.
    async fn retry_throttled(
        &self,
        throttled: Vec<(Addressee, usize)>,
        deadline: Timestamp,
        gone: &mut Vec<Gone>,
        report: &mut DispatchReport,
    ) {
        let mut outcomes = stream::iter(throttled)
            .map(|(addressee, sent)| async move {
                let late = self.clock.now() >= deadline;
                let outcome = match &addressee.frames {
                    Some(frames) if !late => self.send(&addressee.id, frames, sent).await,
                    _ => Outcome::Throttled { sent },
                };
                (addressee, outcome)
            })
            // Fewer at once: the platform has just said that it was too much.
            .buffer_unordered((self.in_flight / 4).max(1));
        while let Some((addressee, outcome)) = outcomes.next().await {
            match outcome {
                Outcome::Sent => self.count_sent(report),
                Outcome::Gone => gone.push(addressee.into()),
                Outcome::Failed => report.failed += 1,
                _ => report.throttled += 1,
            }
        }
    }

    async fn forget(&self, gone: Vec<Gone>, report: &mut DispatchReport) {
        report.gone += gone.len();
        let mut removals = stream::iter(gone)
            .map(|Gone { id, .. }| async move {
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

    async fn hand_on(&self, tick: &Tick, rest: Vec<ShardRest>) -> Result<(), PublishError> {
        self.publisher.publish(&[Tick { rest: Some(rest), ..tick.clone() }]).await
    }
}

/// What is left to do after the posts.
#[derive(Default)]
struct Left {
    throttled: Vec<(Addressee, usize)>,
    gone: Vec<Gone>,
    rest: Vec<ShardRest>,
    unreadable: Option<StoreError>,
}

/// What comes next.
enum Turn {
    Connection(Addressee),
    Stopped { lane: Lane, at: usize, before: Option<ConnectionId> },
    Unreadable(StoreError),
}

/// A connection and what it is to be sent, if anything.
struct Addressee {
    lane: Lane,
    /// Which one of its lane it is.
    at: usize,
    /// The one before it.
    before: Option<ConnectionId>,
    id: ConnectionId,
    frames: Option<Frames>,
    settled: bool,
}

/// A connection that answered that it is gone.
struct Gone {
    id: ConnectionId,
    settled: bool,
}

impl From<Addressee> for Gone {
    fn from(Addressee { id, settled, .. }: Addressee) -> Self {
        Self { id, settled }
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
