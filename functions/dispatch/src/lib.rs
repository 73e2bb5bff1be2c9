//! The fan-out: takes ticks and changed lists from SNS and sends each connection its message.

pub mod config;
mod error;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sns::SnsEvent;
use quickstocks_boot::{DispatchMetrics, Metrics};
use quickstocks_core::dispatch::{Dispatch, DispatchReport, STALE_AFTER};
use quickstocks_core::model::{Tick, Timestamp};
use quickstocks_core::ports::{Clock, ConnectionReader, ConnectionSender, ConnectionWriter, TickPublisher};
use quickstocks_wire::sns::{TopicMessage, decode};
use quickstocks_wire::ws::{TickFrames, list_frame};
use serde_json::Value;

pub use config::Config;
pub use error::Error;

/// What the function keeps of its time to hand on what is left: an SNS call and the frames that are under way.
const HAND_ON_RESERVE: Duration = Duration::from_secs(8);

/// The function.
pub struct Dispatcher {
    dispatch: Dispatch,
    metrics: Metrics,
}

impl Dispatcher {
    /// The function over one store and these ports; `in_flight` frames may be under way at once.
    pub fn new<S>(
        store: &Arc<S>,
        sender: Arc<dyn ConnectionSender>,
        publisher: Arc<dyn TickPublisher>,
        clock: Arc<dyn Clock>,
        in_flight: usize,
    ) -> Self
    where
        S: ConnectionReader + ConnectionWriter + 'static,
    {
        let dispatch = Dispatch {
            connections: Arc::clone(store) as _,
            registry: Arc::clone(store) as _,
            sender,
            publisher,
            clock,
            in_flight,
        };
        Self { dispatch, metrics: Metrics::off() }
    }

    /// The function, telling what each tick did.
    #[must_use]
    pub fn metered(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Handles an SNS event; `ends_at` is when the platform ends the invocation. A record that cannot be used does not keep
    /// the others from being dispatched; the first error is the invocation's.
    pub async fn handle(&self, event: Value, ends_at: Timestamp) -> Result<Value, Error> {
        let event: SnsEvent = serde_json::from_value(event)?;
        let deadline = ends_at - HAND_ON_RESERVE;
        let mut reports = Vec::new();
        let mut first_error = None;
        for record in event.records {
            match self.record(&record.sns.message, deadline).await {
                Ok(report) => reports.push(report),
                Err(error) => {
                    tracing::error!(sns.message_id = %record.sns.message_id, error = &error as &dyn std::error::Error, "record failed");
                    first_error = first_error.or(Some(error));
                }
            }
        }
        first_error.map_or(Ok(Value::Array(reports)), Err)
    }

    async fn record(&self, message: &str, deadline: Timestamp) -> Result<Value, Error> {
        match decode(message)? {
            TopicMessage::Tick(tick) => Ok(answer(&self.tick(&tick, deadline).await?)),
            TopicMessage::List(user, change) => {
                let sent = self.dispatch.tell(&user, &list_frame(&change)).await.map_err(Error::List)?;
                tracing::info!(user.id = %user, connections.sent = sent, "list dispatched");
                Ok(serde_json::json!({ "sent": sent }))
            }
        }
    }

    async fn tick(&self, tick: &Tick, deadline: Timestamp) -> Result<DispatchReport, Error> {
        let report = self.dispatch.run(tick, &TickFrames::new(tick), deadline).await?;
        let now = self.dispatch.clock.now();
        self.metrics.tell(now, &measured(&report, tick.made_at));
        tracing::info!(
            tick = tick.tick.0,
            quotes.changed = tick.quotes.len(),
            shards.first = tick.shards.first,
            shards.last = tick.shards.last,
            connections.read = report.connections,
            connections.sent = report.sent,
            connections.gone = report.gone,
            connections.throttled = report.throttled,
            connections.failed = report.failed,
            stale = report.stale,
            handed_on.shards = report.handed_on.len(),
            "tick dispatched"
        );
        Ok(report)
    }
}

fn measured(report: &DispatchReport, made_at: Timestamp) -> DispatchMetrics {
    let age = if report.stale { Some(STALE_AFTER) } else { report.last_sent_at.map(|at| at.since(made_at)) };
    DispatchMetrics {
        connections: report.connections as u64,
        posts: report.sent as u64,
        gone: report.gone as u64,
        throttled: report.throttled as u64,
        posts_failed: report.failed as u64,
        handed_on: (!report.handed_on.is_empty()).into(),
        stale: report.stale.into(),
        tick_age_ms: age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
    }
}

fn answer(report: &DispatchReport) -> Value {
    serde_json::json!({
        "connections": report.connections,
        "sent": report.sent,
        "gone": report.gone,
        "throttled": report.throttled,
        "failed": report.failed,
        "stale": report.stale,
        "handed_on": !report.handed_on.is_empty(),
    })
}
