use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;

use super::plan::{Plan, PlanConfig, plan, woken};
use crate::alerts::carry_split;
use crate::model::{
    AlertWork, CallBudget, Missing, MissingReason, POLL_SHARDS, PollEntry, PollRecord, Quote, QuoteStep, Shard, ShardRange,
    SourceHealth, SourceReason, SourceState, SourceStatus, StoredQuote, Symbol, Tick, TickNumber, Timestamp,
};
use crate::ports::{
    AlertWorkPublisher, CallCounter, Clock, PollSetReader, PollSetWriter, PublishError, QuoteReader, QuoteSource, QuoteWrite,
    QuoteWriter, SourceAnswer, SourceStatusReader, SourceStatusWriter, StoreError, TickPublisher,
};

/// Settings of the fetcher.
#[derive(Clone, Copy, Debug)]
pub struct FetchConfig {
    /// The time between two ticks.
    pub tick: Duration,
    /// How many calls an hour the source may have.
    pub budget: CallBudget,
    /// Over how many dispatchers a tick is spread.
    pub dispatch_messages: u8,
}

/// The fetcher and what it works with.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Fetch {
    pub poll_set: Arc<dyn PollSetReader>,
    pub poll_records: Arc<dyn PollSetWriter>,
    pub quotes: Arc<dyn QuoteReader>,
    pub quote_writer: Arc<dyn QuoteWriter>,
    pub source: Arc<dyn QuoteSource>,
    pub calls: Arc<dyn CallCounter>,
    pub status: Arc<dyn SourceStatusReader>,
    pub status_writer: Arc<dyn SourceStatusWriter>,
    pub publisher: Arc<dyn TickPublisher>,
    pub alert_work: Arc<dyn AlertWorkPublisher>,
    pub clock: Arc<dyn Clock>,
    pub config: FetchConfig,
}

/// Why a tick could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The store failed.
    #[error("the store failed while making a tick")]
    Store(#[from] StoreError),
    /// The quotes are stored, but not all dispatchers were told; the next tick tells them.
    #[error("the tick could not be published")]
    Publish(#[from] PublishError),
}

/// What a tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchReport {
    /// Its number.
    pub tick: TickNumber,
    /// How many symbols were polled.
    pub polled: usize,
    /// How many calls that took.
    pub calls: u32,
    /// How many quotes changed.
    pub changed: usize,
    /// How many symbols lost their quote.
    pub missing: usize,
    /// About how many the source said nothing.
    pub unanswered: usize,
    /// How the source did.
    pub health: SourceHealth,
    /// How many messages were published.
    pub published: usize,
    /// How many quotes were published to be held against alerts.
    pub alert_steps: usize,
}

impl Fetch {
    /// Makes one tick: plans, polls, keeps what is new, tells the dispatchers.
    pub async fn run(&self) -> Result<FetchReport, FetchError> {
        let now = self.clock.now();
        let before = self.status.status().await?;
        let entries = self.poll_set().await?;
        let spent = match self.config.budget {
            CallBudget::Off => 0,
            CallBudget::PerHour(_) => self.calls.calls(now.millis().div_euclid(3_600_000)).await?,
        };
        let plan = plan(&entries, now, spent, &self.plan_config());
        if plan.symbols.is_empty() {
            return self.nothing_to_poll(now, before, &entries, &plan, spent).await;
        }

        let (tick, answer) = (self.status_writer.next_tick().await?, self.source.poll(&plan.symbols).await);
        let earlier = self.earlier(&answer).await?;
        let changed = changed_quotes(&answer, &earlier, tick, now);
        let mut changed = self.keep(changed).await?;
        changed.extend(self.carried(&before, tick, &entries, &changed).await?);
        let mut notes = Notes::of(&answer, &entries, &plan, now);

        let health = health_after(&answer, &before, &plan);
        let outcome = Tick {
            tick,
            made_at: now,
            polled_at: now,
            source_changed: before.health.changed_to(&health),
            source: health.clone(),
            quotes: changed,
            missing: std::mem::take(&mut notes.newly_missing),
            shards: ShardRange::ALL,
            rest: None,
        };
        let work = alert_work(&outcome, earlier, &entries);
        let published = self.publish(&outcome, &work).await;
        if published.is_err() {
            notes.forget(&outcome.missing);
        }
        let recorded = self.poll_records.record(&notes.records).await;
        self.status_writer.put_status(&status_after(&before, &outcome, &plan, published.is_ok())).await?;
        let published = published?;
        recorded?;
        Ok(FetchReport {
            tick,
            polled: plan.symbols.len(),
            calls: answer.calls,
            changed: outcome.quotes.len(),
            missing: outcome.missing.len(),
            unanswered: answer.unanswered.len(),
            health,
            published,
            alert_steps: work.steps.len(),
        })
    }

    fn plan_config(&self) -> PlanConfig {
        PlanConfig { tick: self.config.tick, symbols_per_call: self.source.symbols_per_call(), budget: self.config.budget }
    }

    async fn poll_set(&self) -> Result<Vec<PollEntry>, StoreError> {
        let mut entries = Vec::new();
        for shard in (0..POLL_SHARDS).map(Shard) {
            let mut after = None;
            loop {
                let page = self.poll_set.page(shard, after.as_ref()).await?;
                entries.extend(page.entries);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(entries)
    }

    /// Nobody wants anything, everything rests, or the budget is spent. Only the last is news, beside what could not be
    /// published before.
    async fn nothing_to_poll(
        &self,
        now: Timestamp,
        before: SourceStatus,
        entries: &[PollEntry],
        plan: &Plan,
        spent: u32,
    ) -> Result<FetchReport, FetchError> {
        let moving = plan.demand.on_screen + plan.demand.armed + plan.demand.followed > plan.demand.resting;
        let budget_spent = moving && matches!(self.config.budget, CallBudget::PerHour(limit) if spent >= limit);
        let mut after = with_demand(before.clone(), plan);
        let (mut published, mut changed) = (0, Vec::new());
        let news = budget_spent && before.health.reason != Some(SourceReason::BudgetSpent);
        if news {
            let answer = SourceAnswer {
                state: SourceState::Refused,
                reason: Some(SourceReason::BudgetSpent),
                retry_at: Some(Timestamp::from_millis((now.millis().div_euclid(3_600_000) + 1) * 3_600_000)),
                ..SourceAnswer::default()
            };
            after.health = health_after(&answer, &before, plan);
        }
        if news || before.published < before.tick {
            after.tick = self.status_writer.next_tick().await?;
            changed = self.carried(&before, after.tick, entries, &[]).await?;
            let tick = Tick {
                tick: after.tick,
                made_at: now,
                polled_at: before.polled_at,
                source: after.health.clone(),
                source_changed: news,
                quotes: changed.clone(),
                missing: Vec::new(),
                shards: ShardRange::ALL,
                rest: None,
            };
            published = self.publish(&tick, &alert_work(&tick, HashMap::new(), entries)).await?;
            after.published = after.tick;
        }
        if after != before {
            self.status_writer.put_status(&after).await?;
        }
        let changed = changed.len();
        Ok(FetchReport { tick: after.tick, health: after.health, changed, published, ..FetchReport::default() })
    }

    async fn earlier(&self, answer: &SourceAnswer) -> Result<HashMap<Symbol, StoredQuote>, StoreError> {
        let symbols: Vec<Symbol> = answer.quotes.iter().map(|quote| quote.symbol.clone()).collect();
        let stored = self.quotes.quotes(&symbols).await?;
        Ok(stored.into_iter().map(|stored| (stored.quote.symbol.clone(), stored)).collect())
    }

    /// Stores what changed and drops what the store has newer: another fetcher was quicker. A quote that could not be
    /// stored is published all the same; it still differs from the stored one in the next tick.
    async fn keep(&self, changed: Vec<StoredQuote>) -> Result<Vec<StoredQuote>, StoreError> {
        if changed.is_empty() {
            return Ok(changed);
        }
        let outcomes = self.quote_writer.store(&changed).await?;
        let kept = changed.into_iter().zip(outcomes).filter(|(_, outcome)| *outcome != QuoteWrite::Older);
        Ok(kept.map(|(quote, _)| quote).collect())
    }

    /// What was stored since the last published tick and nobody was told of: a tick failed after storing it, or somebody
    /// asked for a new symbol between two ticks. Whoever stores quotes takes a tick number first, so when no number lies
    /// between the last published tick and this one there is nothing to look for, and that is the usual case.
    async fn carried(
        &self,
        before: &SourceStatus,
        tick: TickNumber,
        entries: &[PollEntry],
        changed: &[StoredQuote],
    ) -> Result<Vec<StoredQuote>, StoreError> {
        if tick.0 <= before.published.0 + 1 {
            return Ok(Vec::new());
        }
        let told: HashSet<&Symbol> = changed.iter().map(|stored| &stored.quote.symbol).collect();
        let others: Vec<Symbol> =
            entries.iter().map(|entry| &entry.symbol).filter(|symbol| !told.contains(symbol)).cloned().collect();
        let mut stored = self.quotes.quotes(&others).await?;
        stored.retain(|stored| stored.tick > before.published);
        Ok(stored)
    }

    /// Publishes a tick, and apart from it what alerts make of it. When either fails the next tick carries both: alerts look at no tick
    /// twice.
    async fn publish(&self, tick: &Tick, work: &AlertWork) -> Result<usize, PublishError> {
        if tick.quotes.is_empty() && tick.missing.is_empty() && !tick.source_changed {
            return Ok(0);
        }
        let ticks: Vec<Tick> =
            ShardRange::split(self.config.dispatch_messages).into_iter().map(|shards| Tick { shards, ..tick.clone() }).collect();
        let alert_work = async { if work.steps.is_empty() { Ok(()) } else { self.alert_work.publish_alert_work(work).await } };
        let (told, watched) = join(self.publisher.publish(&ticks), alert_work).await;
        told?;
        watched?;
        Ok(ticks.len())
    }
}

/// The quotes of a tick that alerts watch, or did, with those before them. A lease that ran out is no reason to leave one out: it costs a
/// look, and the sweep may be late.
fn alert_work(tick: &Tick, mut earlier: HashMap<Symbol, StoredQuote>, entries: &[PollEntry]) -> AlertWork {
    let armed: HashSet<&Symbol> = entries.iter().filter(|entry| entry.armed_until.is_some()).map(|entry| &entry.symbol).collect();
    let steps = tick.quotes.iter().filter(|stored| armed.contains(&stored.quote.symbol)).map(|stored| QuoteStep {
        // What was stored before but told by nobody is a step of its own, and is not known any more.
        previous: earlier.remove(&stored.quote.symbol).filter(|previous| previous.tick < stored.tick),
        quote: stored.clone(),
    });
    AlertWork { made_at: tick.made_at, tries: 0, steps: steps.collect() }
}

/// The quotes that differ from what is stored and are not older than it.
fn changed_quotes(
    answer: &SourceAnswer,
    earlier: &HashMap<Symbol, StoredQuote>,
    tick: TickNumber,
    polled_at: Timestamp,
) -> Vec<StoredQuote> {
    let mut changed = Vec::new();
    for quote in &answer.quotes {
        let mut quote: Quote = quote.clone();
        let stored = earlier.get(&quote.symbol);
        if let Some(stored) = stored {
            if quote.newest() < stored.quote.newest() {
                continue;
            }
            if answer.state == SourceState::Degraded {
                quote.complete_from(&stored.quote);
            }
            // The source tells no splits: one is found here, where two quotes meet, and travels with the symbol's quotes.
            carry_split(&stored.quote, &mut quote, polled_at);
            if !quote.differs_from(&stored.quote) {
                continue;
            }
        }
        changed.push(StoredQuote { quote, tick, polled_at });
    }
    changed
}

/// What a poll leaves behind in the poll set.
struct Notes {
    records: Vec<PollRecord>,
    newly_missing: Vec<Missing>,
}

impl Notes {
    fn of(answer: &SourceAnswer, entries: &[PollEntry], plan: &Plan, now: Timestamp) -> Self {
        let by_symbol: HashMap<&Symbol, &PollEntry> = entries.iter().map(|entry| (&entry.symbol, entry)).collect();
        let mut records = Vec::new();
        let mut moving_exchanges: HashSet<Arc<str>> = HashSet::new();
        let mut polled: HashSet<Symbol> = HashSet::new();
        let mut note = |symbol: &Symbol, rests_at: Option<Arc<str>>, missing: Option<MissingReason>| {
            polled.insert(symbol.clone());
            let Some(entry) = by_symbol.get(symbol) else { return };
            // In the usual case, a symbol that is due in every tick, there is nothing to write.
            if rests_at.is_some() || missing.is_some() || plan.stretched || entry.rests_at.is_some() || entry.missing.is_some() {
                records.push(PollRecord { symbol: symbol.clone(), polled_at: Some(now), rests_at, missing });
            }
        };
        for quote in &answer.quotes {
            let exchange = quote.exchange_code.clone().unwrap_or_else(|| "?".into());
            let moves = quote.market_state.can_move();
            let rested = by_symbol.get(&quote.symbol).is_some_and(|entry| entry.rests_at.is_some());
            if moves && rested {
                moving_exchanges.insert(Arc::clone(&exchange));
            }
            note(&quote.symbol, (!moves).then_some(exchange), None);
        }
        let mut newly_missing = Vec::new();
        for missing in &answer.missing {
            if by_symbol.get(&missing.symbol).is_some_and(|entry| entry.missing != Some(missing.reason)) {
                newly_missing.push(missing.clone());
            }
            note(&missing.symbol, None, Some(missing.reason));
        }
        for sleeper in woken(entries, &moving_exchanges, &polled) {
            records.push(PollRecord {
                symbol: sleeper.symbol.clone(),
                polled_at: None,
                rests_at: None,
                missing: sleeper.missing,
            });
        }
        Self { records, newly_missing }
    }

    /// Forgets that these were missing, so that the next tick finds it out anew: nobody was told.
    fn forget(&mut self, untold: &[Missing]) {
        self.records.retain(|record| !untold.iter().any(|missing| missing.symbol == record.symbol));
    }
}

fn health_after(answer: &SourceAnswer, before: &SourceStatus, plan: &Plan) -> SourceHealth {
    let ok = answer.state == SourceState::Ok;
    let last_ok_at = match before.health.state {
        SourceState::Ok | SourceState::Degraded => Some(before.polled_at),
        _ => before.health.last_ok_at,
    };
    SourceHealth {
        state: answer.state,
        interval: plan.interval(),
        reason: answer.reason.filter(|_| !ok),
        retry_at: answer.retry_at.filter(|_| !ok),
        last_ok_at: last_ok_at.filter(|_| !matches!(answer.state, SourceState::Ok | SourceState::Degraded)),
    }
}

fn with_demand(status: SourceStatus, plan: &Plan) -> SourceStatus {
    SourceStatus {
        on_screen: plan.demand.on_screen,
        armed: plan.demand.armed,
        followed: plan.demand.followed,
        on_screen_interval: plan.on_screen_interval,
        armed_interval: plan.armed_interval,
        followed_interval: plan.followed_interval,
        ..status
    }
}

fn status_after(before: &SourceStatus, tick: &Tick, plan: &Plan, published: bool) -> SourceStatus {
    // A new state that nobody was told of is told by the next tick; until then the status stays with the poll of the old one,
    // so that nothing pretends to be fresh.
    let untold = tick.source_changed && !published;
    let status = SourceStatus {
        tick: tick.tick,
        polled_at: if untold { before.polled_at } else { tick.polled_at },
        published: if published { tick.tick } else { before.published },
        health: if untold { before.health.clone() } else { tick.source.clone() },
        ..before.clone()
    };
    with_demand(status, plan)
}
