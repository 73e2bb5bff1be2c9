//! What happened to alerts, told to their owners: at once on their open pages, and to their devices when they want to be told.
//!
//! Notifications are written with the alerts they are about ([`AlertWriter::write_alert`](crate::ports::AlertWriter::write_alert)). From
//! there on each step may be the last that is done: what is pending stays so until it is noted as done, a lease keeps two from doing the
//! same at once, and [`Notifier::reconcile`] looks for what was left. So each is delivered at least once, and again only when
//! something ended between the push service's answer and the note of it; it then takes the place of the first.

mod inbox;
mod message;
mod peace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use self::peace::Peace;
use crate::dispatch::Dispatch;
use crate::model::{
    AlertEvent, DeviceId, DeviceReceipt, Hold, HoldReason, NoticeState, Notification, OutboxLease, OutboxRest, ReceiptOutcome,
    Timestamp, UserId,
};
use crate::ports::{ActionTokens, Clock, NoticeEncoder, Outbox, PreferencesReader, Random, RateCounter, StoreError};
use crate::push::{DeviceOutcome, Push};

pub use inbox::{Inbox, InboxPage, Reading};
pub use message::ACTION_LIFETIME;
pub use peace::{DAILY_PUSHES, end_of_day};

/// For how much longer than its time a delivery may keep others away.
const LEASE_RESERVE: Duration = Duration::from_secs(2);

/// How many users are told at once.
const USERS_IN_FLIGHT: usize = 16;

/// How often one user's outbox is looked at again because something came meanwhile.
const ROUNDS: usize = 3;

/// How many users the reconciler looks up at a time.
const RECONCILE_PAGE: usize = 100;

/// How often a device is tried: about two hours. What is older is worth nothing.
const MAX_ATTEMPTS: u32 = 7;

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_mins(1);

/// Tells people what happened to their alerts.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Notifier {
    pub outbox: Arc<dyn Outbox>,
    pub preferences: Arc<dyn PreferencesReader>,
    pub counter: Arc<dyn RateCounter>,
    pub actions: Arc<dyn ActionTokens>,
    pub encoder: Arc<dyn NoticeEncoder>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// The way to open pages.
    pub dispatch: Dispatch,
    /// The way to devices.
    pub push: Push,
}

/// What became of pending notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotifyReport {
    /// How many users' outboxes were gone through.
    pub users: usize,
    /// How many notifications are done with.
    pub delivered: usize,
    /// How many messages the push services took.
    pub pushed: usize,
    /// How many notifications wait.
    pub held: usize,
    /// How many were given up.
    pub given_up: usize,
    /// How many users' outboxes could not be gone through.
    pub failed: usize,
    /// How long the oldest was pending, in milliseconds.
    pub oldest_ms: u64,
}

impl Notifier {
    /// Delivers what is pending for these users, as far as it is due. What cannot be done before `deadline`, or fails, stays pending.
    pub async fn deliver(&self, users: BTreeSet<UserId>, deadline: Timestamp) -> NotifyReport {
        let deliveries: Vec<_> = users
            .into_iter()
            .map(|user| async move {
                let told = self.deliver_to(&user, deadline).await;
                told.unwrap_or_else(|error| {
                    tracing::warn!(user.id = %user, error = &error as &dyn std::error::Error, "notifications stay pending");
                    NotifyReport { failed: 1, ..NotifyReport::default() }
                })
            })
            .collect();
        stream::iter(deliveries)
            .buffer_unordered(USERS_IN_FLIGHT)
            .fold(NotifyReport::default(), |sum, one| async move { sum.plus(one) })
            .await
    }

    /// Delivers whatever is due and was left, whoever's it is, until `deadline`.
    ///
    /// # Errors
    /// When it cannot be found out what was left.
    pub async fn reconcile(&self, deadline: Timestamp) -> Result<NotifyReport, StoreError> {
        let mut report = NotifyReport::default();
        let mut seen = BTreeSet::new();
        while self.clock.now() < deadline {
            let due = self.outbox.due_outboxes(self.clock.now(), RECONCILE_PAGE).await?;
            // One that fails stays due; it is not tried twice in one run.
            let new: BTreeSet<UserId> = due.into_iter().filter(|user| !seen.contains(user)).collect();
            if new.is_empty() {
                break;
            }
            seen.extend(new.iter().cloned());
            report = report.plus(self.deliver(new, deadline).await);
        }
        Ok(report)
    }

    async fn deliver_to(&self, user: &UserId, deadline: Timestamp) -> Result<NotifyReport, StoreError> {
        let mut report = NotifyReport { users: 1, ..NotifyReport::default() };
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            let until = deadline.max(now) + LEASE_RESERVE;
            let Some(lease) = self.outbox.lease_outbox(user, now, until).await? else { break };
            let (done, rest) = self.work_off(&lease, deadline).await?;
            report = report.plus(done);
            if self.outbox.finish_outbox(&lease, rest).await? {
                break;
            }
        }
        Ok(report)
    }

    /// Does what can be done for the pending notifications of a lease; answers what is left.
    async fn work_off(&self, lease: &OutboxLease, deadline: Timestamp) -> Result<(NotifyReport, Option<OutboxRest>), StoreError> {
        let mut report = NotifyReport::default();
        let mut pending = self.outbox.pending_notifications(lease).await?;
        let Some(first) = pending.first() else { return Ok((report, None)) };
        let age = self.clock.now().since(first.created_at);
        report.oldest_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        self.show(&lease.user, &mut pending).await?;
        self.push_all(&lease.user, &mut pending, deadline, &mut report).await?;
        let now = self.clock.now();
        let mut rest: Option<OutboxRest> = None;
        for notice in pending {
            match notice.delivery.state {
                NoticeState::Delivered => report.delivered += 1,
                NoticeState::GivenUp => report.given_up += 1,
                NoticeState::Pending => {
                    report.held += 1;
                    let due_at = notice.delivery.held.map_or(now, |hold| hold.until);
                    let known = rest.unwrap_or(OutboxRest { pending_since: notice.created_at, due_at });
                    rest = Some(OutboxRest { due_at: known.due_at.min(due_at), ..known });
                }
            }
        }
        Ok((report, rest))
    }

    /// Tells the open pages, whatever the hour: the inbox shows it anyway. A page that misses it reads its inbox when it next connects.
    async fn show(&self, user: &UserId, pending: &mut [Notification]) -> Result<(), StoreError> {
        let unshown: Vec<&Notification> = pending.iter().filter(|notice| !notice.delivery.shown).collect();
        if unshown.is_empty() {
            return Ok(());
        }
        for frame in self.encoder.frames(&unshown) {
            self.dispatch.tell(user, &frame).await?;
        }
        for notice in pending {
            notice.delivery.shown = true;
        }
        Ok(())
    }

    /// Pushes what may be pushed now, those with the same devices left to one message, and notes what became of each.
    async fn push_all(
        &self,
        user: &UserId,
        pending: &mut [Notification],
        deadline: Timestamp,
        report: &mut NotifyReport,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let devices = self.push.subscriptions.push_subscriptions(user).await?;
        let reachable = devices.iter().any(|device| device.state.is_active());
        let mut groups: BTreeMap<BTreeSet<DeviceId>, Vec<&mut Notification>> = BTreeMap::new();
        let mut peace: Option<Peace> = None;
        for notice in pending {
            if !reachable || matches!(notice.event, AlertEvent::Expired { .. }) {
                end(notice, NoticeState::Delivered, now);
                self.note(notice).await?;
                continue;
            }
            if peace.is_none() {
                peace = Some(Peace::of(self.preferences.preferences(user).await?.as_ref(), now));
            }
            if let Some(hold) = peace.as_ref().and_then(|peace| peace.hold(notice.delivery.held, now)) {
                notice.delivery.held = Some(hold);
                self.note(notice).await?;
                continue;
            }
            groups.entry(notice.delivery.devices.iter().map(|one| one.device.clone()).collect()).or_default().push(notice);
        }
        for (done, mut notices) in groups {
            // What was begun for some devices goes on; only what is new counts.
            if let (true, Some(peace)) = (done.is_empty(), &peace)
                && let Some(hold) = self.over_budget(user, peace, &notices).await?
            {
                for notice in notices {
                    notice.delivery.held = Some(hold);
                    self.note(notice).await?;
                }
                continue;
            }
            self.push(user, &done, &mut notices, deadline, report).await?;
        }
        Ok(())
    }

    /// Counts a message to come against the day; a hold when there were as many as there may be. What waited for the day before counts too,
    /// but is not held again.
    async fn over_budget(&self, user: &UserId, peace: &Peace, notices: &[&mut Notification]) -> Result<Option<Hold>, StoreError> {
        let counted = self.counter.count_event(&format!("pushes#{user}"), peace.day_ends).await?;
        let waited = notices.iter().any(|notice| notice.delivery.held.is_some());
        Ok((counted > DAILY_PUSHES && !waited).then_some(Hold { by: HoldReason::DailyBudget, until: peace.day_ends }))
    }

    async fn push(
        &self,
        user: &UserId,
        done: &BTreeSet<DeviceId>,
        notices: &mut [&mut Notification],
        deadline: Timestamp,
        report: &mut NotifyReport,
    ) -> Result<(), StoreError> {
        let told: Vec<&Notification> = notices.iter().map(|notice| &**notice).collect();
        let message = self.message(user, &told).await?;
        let outcomes = self.push.deliver(user, &message, done, deadline).await?;
        let now = self.clock.now();
        let (mut not_before, mut tried, mut left) = (None, false, false);
        let mut devices = Vec::new();
        for one in outcomes {
            let outcome = match one.outcome {
                DeviceOutcome::Accepted => {
                    report.pushed += 1;
                    ReceiptOutcome::Accepted
                }
                DeviceOutcome::Gone => ReceiptOutcome::Gone,
                DeviceOutcome::Refused => ReceiptOutcome::Refused,
                DeviceOutcome::Later { not_before: moment } => {
                    (tried, left, not_before) = (true, true, not_before.max(moment));
                    continue;
                }
                DeviceOutcome::NotBegun => {
                    left = true;
                    continue;
                }
            };
            devices.push(DeviceReceipt { device: one.device, outcome, at: now });
        }
        for notice in notices {
            let delivery = &mut notice.delivery;
            delivery.devices.extend(devices.iter().cloned());
            delivery.attempts += u32::from(tried || !left);
            if !left {
                end(notice, NoticeState::Delivered, now);
            } else if delivery.attempts >= MAX_ATTEMPTS {
                end(notice, NoticeState::GivenUp, now);
            } else if tried {
                let pause = FIRST_PAUSE * 2u32.pow(delivery.attempts.saturating_sub(1));
                let until = not_before.map_or(now + pause, |moment| moment.max(now + pause));
                delivery.held = Some(Hold { by: HoldReason::PushService, until });
            }
            self.note(notice).await?;
        }
        Ok(())
    }

    async fn note(&self, notice: &Notification) -> Result<(), StoreError> {
        self.outbox.put_delivery(&notice.user, &notice.id, &notice.delivery).await
    }
}

fn end(notice: &mut Notification, state: NoticeState, now: Timestamp) {
    notice.delivery.state = state;
    notice.delivery.ended_at = Some(now);
}

impl NotifyReport {
    fn plus(self, other: Self) -> Self {
        Self {
            users: self.users + other.users,
            delivered: self.delivered + other.delivered,
            pushed: self.pushed + other.pushed,
            held: self.held + other.held,
            given_up: self.given_up + other.given_up,
            failed: self.failed + other.failed,
            oldest_ms: self.oldest_ms.max(other.oldest_ms),
        }
    }
}
