//! The scheduled poller. One event makes one tick, or as many as fit the window that the event names: the schedule's
//! shortest interval is a minute, and a tick may be shorter. Another event, each hour, makes the daily sweep when it is due.

pub mod config;
mod error;

use std::sync::Arc;
use std::time::Duration;

use quickstocks_boot::{FetchMetrics, Metrics};
use quickstocks_core::fetch::{Fetch, FetchConfig, FetchReport};
use quickstocks_core::model::{SourceState, Timestamp};
use quickstocks_core::ports::{
    AlertWorkPublisher, ArmedScan, CallCounter, Clock, PollSetReader, PollSetWriter, QuoteReader, QuoteSource, QuoteWriter,
    SourceStatusReader, SourceStatusWriter, SweepReader, SweepWriter, TickPublisher, WatchlistScan,
};
use quickstocks_core::sweep::{Sweep, SweepOutcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

pub use config::Config;
pub use error::Error;

/// What the schedule sends. The scheduler's own fields, if it sends any, do not matter.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Event {
    /// Seconds for which ticks are made, one every `TICK_SECONDS`. Absent: one tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u32>,
    /// Makes the sweep instead of ticks, if one is due or unfinished.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sweep: bool,
}

/// How long before its end an invocation leaves off sweeping: a page of a megabyte, with a lease for each symbol on it, takes seconds.
const SWEEP_MARGIN: Duration = Duration::from_secs(15);

/// The function.
pub struct FetchQuotes {
    fetch: Fetch,
    sweep: Sweep,
    metrics: Metrics,
}

impl FetchQuotes {
    /// The function over one store and these ports.
    pub fn new<S, P>(
        store: &Arc<S>,
        source: Arc<dyn QuoteSource>,
        publisher: &Arc<P>,
        clock: Arc<dyn Clock>,
        config: FetchConfig,
    ) -> Self
    where
        S: PollSetReader
            + PollSetWriter
            + QuoteReader
            + QuoteWriter
            + CallCounter
            + SourceStatusReader
            + SourceStatusWriter
            + WatchlistScan
            + ArmedScan
            + SweepReader
            + SweepWriter
            + 'static,
        P: TickPublisher + AlertWorkPublisher + 'static,
    {
        let sweep = Sweep {
            lists: Arc::clone(store) as _,
            armed: Arc::clone(store) as _,
            poll_set: Arc::clone(store) as _,
            poll_writer: Arc::clone(store) as _,
            state: Arc::clone(store) as _,
            state_writer: Arc::clone(store) as _,
            clock: Arc::clone(&clock),
        };
        let fetch = Fetch {
            poll_set: Arc::clone(store) as _,
            poll_records: Arc::clone(store) as _,
            quotes: Arc::clone(store) as _,
            quote_writer: Arc::clone(store) as _,
            source,
            calls: Arc::clone(store) as _,
            status: Arc::clone(store) as _,
            status_writer: Arc::clone(store) as _,
            publisher: Arc::clone(publisher) as _,
            alert_work: Arc::clone(publisher) as _,
            clock,
            config,
        };
        Self { fetch, sweep, metrics: Metrics::off() }
    }

    /// The function, telling what each tick did.
    #[must_use]
    pub fn metered(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Handles an event in an invocation that ends at `ends_at`. The answer tells what the last tick, or the sweep, did; nobody reads it
    /// but people.
    pub async fn handle(&self, event: Value, ends_at: Timestamp) -> Result<Value, Error> {
        let event: Event = if event.is_null() { Event::default() } else { serde_json::from_value(event)? };
        if event.sweep {
            return self.sweep(ends_at - SWEEP_MARGIN).await;
        }
        let tick = self.fetch.config.tick;
        let window = Duration::from_secs(event.window_seconds.unwrap_or_default().into());
        let begun = Instant::now();
        let mut next = begun;
        loop {
            let report = self.tick().await;
            next += tick;
            // The last tick's result is the invocation's; an earlier one that failed is in the log, and this one made up for it.
            if next >= begun + window {
                return Ok(answer(&report?));
            }
            tokio::time::sleep_until(next).await;
        }
    }

    async fn sweep(&self, deadline: Timestamp) -> Result<Value, Error> {
        let report = self.sweep.run(deadline).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "the sweep failed");
            Error::Sweep(error)
        })?;
        if report.outcome != SweepOutcome::NotDue {
            tracing::info!(
                sweep.outcome = ?report.outcome,
                users.seen = report.users - report.unseen,
                users.unseen = report.unseen,
                symbols.followed = report.symbols,
                symbols.armed = report.armed,
                symbols.ended = report.ended,
                "swept"
            );
        }
        Ok(serde_json::json!({
            "sweep": format!("{:?}", report.outcome),
            "users": report.users,
            "unseen": report.unseen,
            "symbols": report.symbols,
            "armed": report.armed,
            "ended": report.ended,
        }))
    }

    async fn tick(&self) -> Result<FetchReport, Error> {
        let made = self.fetch.run().await;
        self.metrics.tell(self.fetch.clock.now(), &made.as_ref().map_or_else(|_| failed(), measured));
        match made {
            Ok(report) => {
                tracing::info!(
                    tick = report.tick.0,
                    symbols.polled = report.polled,
                    symbols.unanswered = report.unanswered,
                    source.calls = report.calls,
                    source.state = ?report.health.state,
                    source.reason = ?report.health.reason,
                    quotes.changed = report.changed,
                    quotes.missing = report.missing,
                    messages.published = report.published,
                    quotes.for_alerts = report.alert_steps,
                    "tick made"
                );
                Ok(report)
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "tick failed");
                Err(error.into())
            }
        }
    }
}

fn failed() -> FetchMetrics {
    FetchMetrics { ticks_failed: 1, ..FetchMetrics::default() }
}

fn measured(report: &FetchReport) -> FetchMetrics {
    FetchMetrics {
        ticks: 1,
        ticks_failed: 0,
        source_calls: report.calls.into(),
        source_down: matches!(report.health.state, SourceState::Refused | SourceState::Unreachable).into(),
        symbols_polled: report.polled as u64,
        symbols_unanswered: report.unanswered as u64,
        quotes_changed: report.changed as u64,
        messages_published: report.published as u64,
    }
}

fn answer(report: &FetchReport) -> Value {
    serde_json::json!({
        "tick": report.tick,
        "polled": report.polled,
        "calls": report.calls,
        "changed": report.changed,
        "published": report.published,
        "state": report.health.state,
    })
}
