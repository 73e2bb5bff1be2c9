//! From the quotes of a tick to what it makes of everybody's alerts, each decided once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::step;
use crate::model::{
    Alert, AlertEvent, AlertWork, NoticeDelivery, Notification, NotificationId, Quote, QuoteStep, Symbol, Timestamp, UserId,
};
use crate::ports::{AlertReader, AlertWriter, Clock, Random, StoreError};

/// How many users' alerts are written at once.
const USERS_IN_FLIGHT: usize = 16;

/// How often an alert is looked at again that somebody else changed meanwhile: its owner, or another dispatcher.
const TRIES: usize = 5;

/// Holds quotes against alerts. What happens to an alert is decided with the write of it, in one step with what is to be told: whoever
/// else has the same quotes finds the alert changed.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct AlertWatch {
    pub alerts: Arc<dyn AlertReader>,
    pub writer: Arc<dyn AlertWriter>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// What quotes made of alerts.
#[derive(Debug, Default)]
pub struct WatchReport {
    /// How many alerts they were held against.
    pub alerts: usize,
    /// How many fired.
    pub fired: usize,
    /// How many of them had their numbers adjusted for a split.
    pub adjusted: usize,
    /// How many ran out.
    pub expired: usize,
    /// Of whom something is to be told.
    pub told: BTreeSet<UserId>,
    /// Why some alerts could not be decided; the same quotes do so when they come again. The others were.
    pub failed: Option<StoreError>,
}

impl AlertWatch {
    /// Holds the quotes against every alert on them.
    ///
    /// # Errors
    /// When the alerts cannot be read. Quotes that come again find what was decided before.
    pub async fn run(&self, work: &AlertWork) -> Result<WatchReport, StoreError> {
        let steps: HashMap<&Symbol, &QuoteStep> = work.steps.iter().map(|step| (&step.quote.quote.symbol, step)).collect();
        let symbols: Vec<Symbol> = steps.keys().map(|symbol| (*symbol).clone()).collect();
        let mut by_user: BTreeMap<UserId, Vec<Alert>> = BTreeMap::new();
        for alert in self.alerts.armed_alerts(&symbols).await? {
            by_user.entry(alert.user.clone()).or_default().push(alert);
        }
        let mut report = WatchReport { alerts: by_user.values().map(Vec::len).sum(), ..WatchReport::default() };
        // A user's alerts one after the other: they fill one outbox.
        let decisions: Vec<_> = by_user.into_values().map(|alerts| self.decide_all(alerts, &steps)).collect();
        let mut decided = stream::iter(decisions).buffer_unordered(USERS_IN_FLIGHT);
        while let Some(outcomes) = decided.next().await {
            for outcome in outcomes {
                report.add(outcome);
            }
        }
        Ok(report)
    }

    async fn decide_all(&self, alerts: Vec<Alert>, steps: &HashMap<&Symbol, &QuoteStep>) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(alerts.len());
        for alert in alerts {
            let Some(step) = steps.get(&alert.symbol) else { continue };
            let (id, user) = (alert.id.clone(), alert.user.clone());
            let decided = self.decide(alert, step).await;
            if let Err(error) = &decided {
                tracing::warn!(alert.id = %id, user.id = %user, error = error as &dyn std::error::Error, "an alert could not be decided");
            }
            outcomes.push((user, decided));
        }
        outcomes
    }

    /// Holds a quote against one alert and writes what came of it; answers the events.
    async fn decide(&self, mut alert: Alert, quote: &QuoteStep) -> Result<Vec<AlertEvent>, StoreError> {
        for _ in 0..TRIES {
            let now = self.clock.now();
            let (state, events) = step(&alert.terms, &alert.state, quote.previous.as_ref(), &quote.quote, now);
            if events.is_empty() && !state.differs_from(&alert.state) {
                return Ok(events);
            }
            let expected = alert.revision;
            let next = Alert { state, revision: expected + 1, ..alert };
            let notices: Vec<Notification> =
                events.iter().map(|event| self.notice(&next, &quote.quote.quote, event, now)).collect();
            if self.writer.write_alert(&next, expected, &notices).await? {
                return Ok(events);
            }
            match self.alerts.alert(&next.user, &next.id).await? {
                Some(again) => alert = again,
                None => return Ok(Vec::new()),
            }
        }
        Err(StoreError::Throttled("the alert was changed again and again".into()))
    }

    fn notice(&self, alert: &Alert, quote: &Quote, event: &AlertEvent, now: Timestamp) -> Notification {
        let mut bytes = [0; 10];
        self.random.fill(&mut bytes);
        Notification {
            id: NotificationId::from_random(now, bytes),
            user: alert.user.clone(),
            alert: alert.id.clone(),
            symbol: alert.symbol.clone(),
            name: Arc::clone(&quote.name),
            rule: alert.terms.rule.clone(),
            note: alert.terms.note.clone(),
            event: event.clone(),
            created_at: now,
            read_at: None,
            delivery: NoticeDelivery::default(),
        }
    }
}

/// Whose alert, and what happened to it.
type Outcome = (UserId, Result<Vec<AlertEvent>, StoreError>);

impl WatchReport {
    fn add(&mut self, (user, decided): Outcome) {
        match decided {
            Ok(events) => {
                for event in &events {
                    match event {
                        AlertEvent::Fired(_) => self.fired += 1,
                        AlertEvent::SplitAdjusted { .. } => self.adjusted += 1,
                        AlertEvent::Expired { .. } => self.expired += 1,
                    }
                }
                if !events.is_empty() {
                    self.told.insert(user);
                }
            }
            Err(error) => {
                // It may have been written though its answer was lost: what is pending is looked for all the same.
                self.told.insert(user);
                self.failed = self.failed.take().or(Some(error));
            }
        }
    }
}
