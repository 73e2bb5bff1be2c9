//! The order in which connections are read, several shards at once, and how far each shard got.

use std::collections::BTreeMap;

use futures_util::Stream;
use futures_util::stream::{self, BoxStream, StreamExt};

use super::Dispatch;
use crate::model::{Connection, ConnectionId, ShardRest, Tick, Timestamp};
use crate::ports::StoreError;

/// How many shards are read at once. A page is a megabyte that takes tens of milliseconds: read one after the other, the pages of
/// 100,000 connections took longer than the posts to them.
const READS: usize = 4;

/// A shard of the run.
pub(super) type Lane = usize;

/// What reading the lanes brings.
pub(super) enum Step {
    /// Some connections of a lane, in order.
    Page {
        lane: Lane,
        /// How many of the lane came before these.
        begins_at: usize,
        /// The last one of those.
        before: Option<ConnectionId>,
        connections: Vec<Connection>,
    },
    /// The deadline came first: the connections after `before` were not read.
    Stopped { lane: Lane, at: usize, before: Option<ConnectionId> },
    /// The rest of the lane cannot be read.
    Unreadable(StoreError),
}

/// The shards of a tick, each from where it is to begin. Each tick begins with another shard, so that it is not always the same
/// people who are served last.
pub(super) fn of(tick: &Tick) -> Vec<ShardRest> {
    if let Some(rest) = &tick.rest {
        return rest.clone();
    }
    let mut lanes: Vec<ShardRest> = tick.shards.shards().map(|shard| ShardRest { shard, after: None }).collect();
    if let Some(turns) = tick.tick.0.checked_rem(lanes.len() as u64) {
        lanes.rotate_left(usize::try_from(turns).unwrap_or_default());
    }
    lanes
}

impl Dispatch {
    /// Reads the lanes: the pages of each in order, those of several lanes at once.
    pub(super) fn read<'a>(&'a self, lanes: &[ShardRest], deadline: Timestamp) -> impl Stream<Item = Step> + Send + 'a {
        let pages: Vec<_> = lanes.iter().enumerate().map(|(lane, begin)| self.pages(lane, begin.clone(), deadline)).collect();
        stream::iter(pages).flatten_unordered(READS)
    }

    fn pages(&self, lane: Lane, begin: ShardRest, deadline: Timestamp) -> BoxStream<'_, Step> {
        let shard = begin.shard;
        let first = Some((0_usize, begin.after));
        stream::unfold(first, move |cursor| async move {
            let (at, before) = cursor?;
            if self.clock.now() >= deadline {
                return Some((Step::Stopped { lane, at, before }, None));
            }
            let page = match self.connections.page(shard, before.as_ref(), self.clock.now()).await {
                Ok(page) => page,
                Err(error) => return Some((Step::Unreadable(error), None)),
            };
            let last = page.connections.last().map(|connection| connection.id.clone());
            let next =
                page.next.map(|next| (at + page.connections.len(), Some(last.map_or(next.clone(), |last| last.max(next)))));
            Some((Step::Page { lane, begins_at: at, before, connections: page.connections }, next))
        })
        .boxed()
    }
}

/// How far each lane got.
#[derive(Default)]
pub(super) struct Progress {
    read: BTreeMap<Lane, usize>,
    stopped: BTreeMap<Lane, (usize, Option<ConnectionId>)>,
}

impl Progress {
    /// The lane's connection of this number was read.
    pub(super) fn read(&mut self, lane: Lane, at: usize) {
        let read = self.read.entry(lane).or_default();
        *read = (*read).max(at + 1);
    }

    /// The lane's connection of this number was not begun, the one before it was. The lane goes on after the earliest of these.
    pub(super) fn stopped(&mut self, lane: Lane, at: usize, before: Option<ConnectionId>) {
        let earlier = self.stopped.get(&lane).is_some_and(|(known, _)| *known <= at);
        if !earlier {
            self.stopped.insert(lane, (at, before));
        }
    }

    /// How many connections were begun.
    pub(super) fn begun(&self) -> usize {
        let until_stop = |(lane, read): (&Lane, &usize)| self.stopped.get(lane).map_or(*read, |(at, _)| *read.min(at));
        self.read.iter().map(until_stop).sum()
    }

    /// What is left of the lanes.
    pub(super) fn rest(self, lanes: &[ShardRest]) -> Vec<ShardRest> {
        self.stopped.into_iter().map(|(lane, (_, after))| ShardRest { shard: lanes[lane].shard, after }).collect()
    }
}
