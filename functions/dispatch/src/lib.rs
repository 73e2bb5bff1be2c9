//! The fan-out: takes ticks and changed lists from SNS and sends each connection its message, holds quotes against alerts and tells their
//! owners; and the one place that calls push services. Another event, each five minutes, delivers what was left.

pub mod config;
mod error;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sns::{SnsEvent, SnsRecord};
use quickstocks_boot::{AlertMetrics, DispatchMetrics, Metrics};
use quickstocks_core::alerts::{AlertWatch, WatchReport};
use quickstocks_core::dispatch::{Dispatch, DispatchReport, STALE_AFTER};
use quickstocks_core::model::{AlertWork, PushOrder, Tick, Timestamp};
use quickstocks_core::notify::{Notifier, NotifyReport};
use quickstocks_core::ports::{
    ActionTokens, AlertReader, AlertWorkPublisher, AlertWriter, Clock, ConnectionReader, ConnectionSender, ConnectionWriter,
    Outbox, PreferencesReader, PushSender, PushSubscriptionReader, PushSubscriptionWriter, Random, RateCounter, StoreError,
    TickPublisher,
};
use quickstocks_core::push::{DeviceOutcome, Push};
use quickstocks_wire::sns::{TopicMessage, decode};
use quickstocks_wire::ws::{NoticeFrames, TickFrames, list_frame};
use serde::Deserialize;
use serde_json::Value;

pub use config::Config;
pub use error::Error;

/// What the function keeps of its time to hand on what is left: an SNS call and the frames that are under way.
const HAND_ON_RESERVE: Duration = Duration::from_secs(8);

/// How often quotes are handed on that could not be held against all alerts, and the pause before the first time; it doubles.
const MAX_TRIES: u8 = 3;
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// What arrives: records of the topic, or the schedule's.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Event {
    /// Delivers what was left of notifications.
    Reconcile {
        /// Always true.
        reconcile: bool,
    },
    /// Records of the topic.
    Topic(SnsEvent),
}

/// By what the function reaches the world, but for the store.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Ports {
    pub sender: Arc<dyn ConnectionSender>,
    pub publisher: Arc<dyn TickPublisher>,
    pub alert_work: Arc<dyn AlertWorkPublisher>,
    pub push_sender: Arc<dyn PushSender>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// The function.
pub struct Dispatcher {
    dispatch: Dispatch,
    push: Push,
    watch: AlertWatch,
    notifier: Notifier,
    alert_work: Arc<dyn AlertWorkPublisher>,
    metrics: Metrics,
}

impl Dispatcher {
    /// The function over one store and these ports; `in_flight` frames may be under way at once.
    pub fn new<S>(store: &Arc<S>, ports: Ports, in_flight: usize) -> Self
    where
        S: ConnectionReader
            + ConnectionWriter
            + PushSubscriptionReader
            + PushSubscriptionWriter
            + AlertReader
            + AlertWriter
            + Outbox
            + ActionTokens
            + PreferencesReader
            + RateCounter
            + 'static,
    {
        let Ports { sender, publisher, alert_work, push_sender, clock, random } = ports;
        let push = Push {
            subscriptions: Arc::clone(store) as _,
            subscription_writer: Arc::clone(store) as _,
            sender: push_sender,
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
        };
        let dispatch = Dispatch {
            connections: Arc::clone(store) as _,
            registry: Arc::clone(store) as _,
            sender,
            publisher,
            clock: Arc::clone(&clock),
            in_flight,
        };
        let watch = AlertWatch {
            alerts: Arc::clone(store) as _,
            writer: Arc::clone(store) as _,
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
        };
        let notifier = Notifier {
            outbox: Arc::clone(store) as _,
            preferences: Arc::clone(store) as _,
            counter: Arc::clone(store) as _,
            actions: Arc::clone(store) as _,
            encoder: Arc::new(NoticeFrames),
            clock,
            random,
            dispatch: dispatch.clone(),
            push: push.clone(),
        };
        Self { dispatch, push, watch, notifier, alert_work, metrics: Metrics::off() }
    }

    /// The function, telling what each tick did.
    #[must_use]
    pub fn metered(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Handles an event; `ends_at` is when the platform ends the invocation. A record that cannot be used does not keep the others
    /// from being dispatched; the first error is the invocation's.
    pub async fn handle(&self, event: Value, ends_at: Timestamp) -> Result<Value, Error> {
        let deadline = ends_at - HAND_ON_RESERVE;
        match serde_json::from_value(event)? {
            Event::Reconcile { reconcile: true } => self.reconcile(deadline).await,
            Event::Reconcile { reconcile: false } => Ok(Value::Null),
            Event::Topic(event) => self.records(event.records, deadline).await,
        }
    }

    async fn records(&self, records: Vec<SnsRecord>, deadline: Timestamp) -> Result<Value, Error> {
        let mut reports = Vec::new();
        let mut first_error = None;
        for record in records {
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
            TopicMessage::Alerts(work) => self.alerts(&work, deadline).await,
            TopicMessage::Push(order) => self.push(&order, deadline).await,
        }
    }

    /// Decides first, all of it, and then tells: what fired is safe before anybody is called.
    async fn alerts(&self, work: &AlertWork, deadline: Timestamp) -> Result<Value, Error> {
        let mut watched = match self.watch.run(work).await {
            Ok(watched) => watched,
            Err(error) => return self.hand_on(work, error).await.map(|()| Value::Null),
        };
        let told = self.notifier.deliver(std::mem::take(&mut watched.told), deadline).await;
        let age = self.dispatch.clock.now().since(work.made_at);
        self.tell_alerts(&watched, &told);
        tracing::info!(
            quotes.changed = work.steps.len(),
            alerts.watched = watched.alerts,
            alerts.fired = watched.fired,
            alerts.adjusted = watched.adjusted,
            alerts.expired = watched.expired,
            notifications.delivered = told.delivered,
            notifications.held = told.held,
            pushes.accepted = told.pushed,
            users.failed = told.failed,
            age_ms = age.as_millis(),
            "alerts watched"
        );
        let answer = serde_json::json!({
            "alerts": watched.alerts,
            "fired": watched.fired,
            "delivered": told.delivered,
            "held": told.held,
            "pushed": told.pushed,
        });
        match watched.failed {
            Some(error) => self.hand_on(work, error).await.map(|()| answer),
            None => Ok(answer),
        }
    }

    /// Has the same quotes come again: they find what was decided, and decide the rest. Nothing else repeats them, since the platform is not to
    /// repeat ticks.
    async fn hand_on(&self, work: &AlertWork, error: StoreError) -> Result<(), Error> {
        if work.tries >= MAX_TRIES {
            return Err(Error::Alerts(error));
        }
        tracing::warn!(tries = work.tries, error = &error as &dyn std::error::Error, "quotes for alerts are handed on");
        tokio::time::sleep(RETRY_PAUSE * 2u32.pow(work.tries.into())).await;
        let again = AlertWork { tries: work.tries + 1, ..work.clone() };
        self.alert_work.publish_alert_work(&again).await.map_err(|lost| {
            tracing::error!(error = &lost as &dyn std::error::Error, "quotes for alerts could not be handed on");
            Error::Alerts(error)
        })
    }

    async fn reconcile(&self, deadline: Timestamp) -> Result<Value, Error> {
        let report = self.notifier.reconcile(deadline).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "what is left of notifications could not be found out");
            Error::Reconcile(error)
        })?;
        self.tell_alerts(&WatchReport::default(), &report);
        if report != NotifyReport::default() {
            tracing::info!(
                users.seen = report.users,
                users.failed = report.failed,
                notifications.delivered = report.delivered,
                notifications.held = report.held,
                notifications.given_up = report.given_up,
                pushes.accepted = report.pushed,
                "reconciled"
            );
        }
        Ok(serde_json::json!({
            "users": report.users,
            "delivered": report.delivered,
            "held": report.held,
            "pushed": report.pushed,
            "given_up": report.given_up,
            "failed": report.failed,
        }))
    }

    fn tell_alerts(&self, watched: &WatchReport, told: &NotifyReport) {
        let metrics = AlertMetrics {
            alerts_watched: watched.alerts as u64,
            alerts_fired: watched.fired as u64,
            notifications_delivered: told.delivered as u64,
            notifications_held: told.held as u64,
            notifications_given_up: told.given_up as u64,
            pushes_accepted: told.pushed as u64,
            notification_age_ms: (told.delivered > 0).then_some(told.oldest_ms),
        };
        self.metrics.tell(self.dispatch.clock.now(), &metrics);
    }

    async fn push(&self, order: &PushOrder, deadline: Timestamp) -> Result<Value, Error> {
        let outcome = self.push.fulfil(order, deadline).await.map_err(Error::Push)?;
        let outcome = outcome.map_or("nothing_to_send", word);
        tracing::info!(user.id = %order.user, device.id = %order.device, push.purpose = ?order.purpose, push.outcome = outcome, "push order fulfilled");
        Ok(serde_json::json!({ "push": outcome }))
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

fn word(outcome: DeviceOutcome) -> &'static str {
    match outcome {
        DeviceOutcome::Accepted => "accepted",
        DeviceOutcome::Gone => "gone",
        DeviceOutcome::Refused => "refused",
        DeviceOutcome::Later { .. } => "later",
        DeviceOutcome::NotBegun => "not_begun",
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
