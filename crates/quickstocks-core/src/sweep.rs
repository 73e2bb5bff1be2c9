//! Once a day, what is followed is derived anew from everybody's lists.
//!
//! A symbol's `followed` lease is written by list edits and by connects, and each lasts for [`FOLLOWED_LEASE`]. The sweep writes it once
//! more for what is on the lists of users who were seen lately, so that a list nobody edits stays polled, and ends it for what is on no
//! such list, so that a symbol nobody follows is not polled for days. It also counts followers.
//!
//! It goes from user to user in pages, and remembers where it is when its time is up. Two at once, or one that is repeated, do no
//! harm: leases grow, and the sweep ends none that was written since it began.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::alerts::ARMED_LEASE;
use crate::model::{
    Followed, Follower, Lease, POLL_SHARDS, PollEntry, Shard, SweepState, Symbol, Timestamp, UnfinishedSweep, Urgency,
};
use crate::ports::{ArmedScan, Clock, PollSetReader, PollSetWriter, StoreError, SweepReader, SweepWriter, WatchlistScan};
use crate::watchlists::FOLLOWED_LEASE;

/// The time between the beginnings of two sweeps.
pub const SWEEP_EVERY: Duration = Duration::from_hours(24);

/// Whose last use is longer ago than this follows nothing: what a lease allows, and a day because use is noted once a day.
pub const SEEN_WITHIN: Duration = FOLLOWED_LEASE.saturating_add(Duration::from_hours(24));

/// How far the clocks of two environments may be apart: a lease is taken for older than the sweep only when it is by more than this.
const CLOCK_SKEW: Duration = Duration::from_mins(1);

/// How many symbols have a counter. Beyond that counts are lower bounds, as in Misra and Gries, "Finding repeated elements" (1982):
/// none is too small by more than the number of users' symbols divided by this.
const MAX_COUNTED: usize = 20_000;

/// How many counters an unfinished sweep keeps, the largest: what surely fits an item of `DynamoDB` (400 KB).
const MAX_KEPT: usize = 8_000;

/// How many must follow a symbol before anybody is told that somebody does.
const FEWEST_SHOWN: u32 = 3;

/// How many of the most followed symbols are kept.
const MOST_SHOWN: usize = 50;

/// Sweeps, and what it works with.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Sweep {
    pub lists: Arc<dyn WatchlistScan>,
    pub armed: Arc<dyn ArmedScan>,
    pub poll_set: Arc<dyn PollSetReader>,
    pub poll_writer: Arc<dyn PollSetWriter>,
    pub state: Arc<dyn SweepReader>,
    pub state_writer: Arc<dyn SweepWriter>,
    pub clock: Arc<dyn Clock>,
}

/// How far a sweep came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SweepOutcome {
    /// The last one began less than [`SWEEP_EVERY`] ago: nothing was done.
    #[default]
    NotDue,
    /// To its end.
    Finished,
    /// Its time was up; the next run goes on.
    TimeUp,
}

/// What a run of the sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// How far it came.
    pub outcome: SweepOutcome,
    /// How many users with a list it saw.
    pub users: usize,
    /// How many of them were not seen lately.
    pub unseen: usize,
    /// How many symbols have followers, in the whole sweep as yet.
    pub symbols: usize,
    /// How many symbols alerts watch.
    pub armed: usize,
    /// How many leases of symbols that nobody follows it ended.
    pub ended: usize,
}

impl Sweep {
    /// Sweeps if a sweep is due or unfinished, until `deadline`.
    pub async fn run(&self, deadline: Timestamp) -> Result<SweepReport, StoreError> {
        let now = self.clock.now();
        let before = self.state.sweep().await?;
        let Some(mut sweep) = due(&before, now) else { return Ok(SweepReport::default()) };
        let mut report = SweepReport::default();
        if sweep.after.is_none() && !sweep.walked {
            // First, as what it is for cannot wait for another day.
            report.armed = self.extend_armed(sweep.begun_at).await?;
        }
        if !sweep.walked {
            sweep.walked = self.walk(&mut sweep, &mut report, now, deadline).await?;
        }
        let finished = sweep.walked && self.end_unfollowed(&sweep, &mut report, now, deadline).await?;
        report.symbols = sweep.followers.len();
        let after = if finished {
            report.outcome = SweepOutcome::Finished;
            SweepState { swept_at: Some(sweep.begun_at), most_followed: most_followed(sweep.followers), unfinished: None }
        } else {
            report.outcome = SweepOutcome::TimeUp;
            sweep.followers = largest(sweep.followers, MAX_KEPT);
            SweepState { unfinished: Some(sweep), ..before }
        };
        self.state_writer.put_sweep(&after).await?;
        Ok(report)
    }

    /// Extends the leases of everything that alerts watch.
    async fn extend_armed(&self, begun_at: Timestamp) -> Result<usize, StoreError> {
        let until = begun_at + ARMED_LEASE;
        let (mut count, mut last, mut after) = (0, None, None);
        loop {
            let page = self.armed.armed_symbols(after.as_ref()).await?;
            let mut leases = Vec::new();
            for symbol in page.symbols {
                if last.as_ref() != Some(&symbol) {
                    last = Some(symbol.clone());
                    leases.push(Lease { symbol, urgency: Urgency::Armed, until });
                }
            }
            self.poll_writer.extend(&leases).await?;
            count += leases.len();
            after = page.next;
            if after.is_none() {
                return Ok(count);
            }
        }
    }

    /// Goes from user to user. Answers whether it came to the end.
    async fn walk(
        &self,
        sweep: &mut UnfinishedSweep,
        report: &mut SweepReport,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<bool, StoreError> {
        let until = sweep.begun_at + FOLLOWED_LEASE;
        while self.clock.now() < deadline {
            let page = self.lists.followers(sweep.after.as_ref(), now).await?;
            report.users += page.followers.len();
            let mut leases = Vec::new();
            for follower in page.followers {
                if !seen_lately(&follower, sweep.begun_at) {
                    report.unseen += 1;
                    continue;
                }
                for symbol in follower.symbols {
                    // Whatever has a counter has its lease already; one that lost its counter gets it once more.
                    if count(&mut sweep.followers, &symbol, MAX_COUNTED) {
                        leases.push(Lease { symbol, urgency: Urgency::Followed, until });
                    }
                }
            }
            self.poll_writer.extend(&leases).await?;
            let Some(next) = page.next else { return Ok(true) };
            sweep.after = Some(next);
        }
        Ok(false)
    }

    /// Ends the leases of what nobody follows: those that neither this sweep nor anybody since it began has written. Answers whether
    /// it came to the end.
    async fn end_unfollowed(
        &self,
        sweep: &UnfinishedSweep,
        report: &mut SweepReport,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<bool, StoreError> {
        let written_since = sweep.begun_at + FOLLOWED_LEASE - CLOCK_SKEW;
        let stale = |entry: &PollEntry| entry.followed_until.is_some_and(|until| until > now && until < written_since);
        for shard in (0..POLL_SHARDS).map(Shard) {
            let mut after = None;
            loop {
                if self.clock.now() >= deadline {
                    return Ok(false);
                }
                let page = self.poll_set.page(shard, after.as_ref()).await?;
                let symbols: Vec<Symbol> = page.entries.into_iter().filter(stale).map(|entry| entry.symbol).collect();
                if !symbols.is_empty() {
                    self.poll_writer.end_followed(&symbols, written_since).await?;
                }
                report.ended += symbols.len();
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(true)
    }
}

/// The sweep to make now: the rest of one that ran out of time, or a new one when it is time.
fn due(state: &SweepState, now: Timestamp) -> Option<UnfinishedSweep> {
    match &state.unfinished {
        // One that could not be finished in a day is not worth going on with.
        Some(unfinished) if now < unfinished.begun_at + SWEEP_EVERY => Some(unfinished.clone()),
        _ if state.swept_at.is_some_and(|swept_at| now < swept_at + SWEEP_EVERY) => None,
        _ => Some(UnfinishedSweep { begun_at: now, after: None, walked: false, followers: BTreeMap::new() }),
    }
}

fn seen_lately(follower: &Follower, begun_at: Timestamp) -> bool {
    follower.seen_at.is_some_and(|seen_at| begun_at < seen_at + SEEN_WITHIN)
}

/// Counts one more follower of a symbol with at most `counters` counters. Answers whether the symbol had none before.
fn count(followers: &mut BTreeMap<Symbol, u32>, symbol: &Symbol, counters: usize) -> bool {
    if let Some(count) = followers.get_mut(symbol) {
        *count += 1;
        return false;
    }
    if followers.len() < counters {
        followers.insert(symbol.clone(), 1);
    } else {
        // The symbol and as many others as there are counters lose one each.
        followers.retain(|_, count| {
            *count -= 1;
            *count > 0
        });
    }
    true
}

/// What may be shown to everybody of who follows what: too few followers would tell of one of them.
fn most_followed(followers: BTreeMap<Symbol, u32>) -> Vec<Followed> {
    let many = followers.into_iter().filter(|(_, followers)| *followers >= FEWEST_SHOWN);
    let mut most: Vec<Followed> = many.map(|(symbol, followers)| Followed { symbol, followers }).collect();
    most.sort_by(|left, right| right.followers.cmp(&left.followers).then_with(|| left.symbol.cmp(&right.symbol)));
    most.truncate(MOST_SHOWN);
    most
}

/// The largest of these counts.
fn largest(followers: BTreeMap<Symbol, u32>, most: usize) -> BTreeMap<Symbol, u32> {
    if followers.len() <= most {
        return followers;
    }
    let mut counts: Vec<(Symbol, u32)> = followers.into_iter().collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    counts.truncate(most);
    counts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(text: &str) -> Symbol {
        Symbol::parse(text).unwrap()
    }

    #[test]
    fn with_too_few_counters_the_most_followed_stay_and_none_is_overstated() {
        let mut followers = BTreeMap::new();
        let mut all = 0;
        for round in 0..50 {
            for text in ["AAPL", "MSFT", &format!("S{round}")] {
                count(&mut followers, &symbol(text), 4);
                all += 1;
            }
        }
        for text in ["AAPL", "MSFT"] {
            let counted = followers[&symbol(text)];
            assert!((50 - all / 5..=50).contains(&counted), "{text}: {counted}");
        }
        assert!(followers.len() <= 4);
    }

    #[test]
    fn what_few_follow_is_shown_to_nobody() {
        let counts = [("A", 2), ("B", 3), ("C", 9), ("D", 3), ("E", 1)].map(|(text, count)| (symbol(text), count));
        let shown: Vec<String> =
            most_followed(counts.into()).into_iter().map(|one| format!("{} {}", one.symbol, one.followers)).collect();
        assert_eq!(shown, ["C 9", "B 3", "D 3"]);
        let many = (0..100).map(|n| (symbol(&format!("S{n}")), 3 + n)).collect();
        assert_eq!(most_followed(many).len(), 50);
    }

    #[test]
    fn the_largest_counts_are_kept() {
        let counts = [("A", 1), ("B", 3), ("C", 2), ("D", 3)].map(|(text, count)| (symbol(text), count));
        let kept = largest(counts.clone().into(), 3);
        assert_eq!(kept, counts[1..].iter().cloned().collect());
        assert_eq!(largest(counts.clone().into(), 4).len(), 4);
    }
}
