//! From quotes to notifications: what fires is written with what is told, and told in peace.

mod crash;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::alerts::{AlertWatch, WatchReport, step};
use quickstocks_core::model::{
    Alert, AlertEvent, AlertState, AlertStatus, AlertWork, DeviceReceipt, Hold, HoldReason, NoticeState, Notification,
    Preferences, PushUrgency, QuietHours, QuoteStep, ReceiptOutcome, Rule, Split, Terms, Timestamp, UserId,
};
use quickstocks_core::notify::{DAILY_PUSHES, Notifier, NotifyReport};
use quickstocks_core::ports::{
    ActionTokens, AlertReader, AlertWriter, Change, Clock, ConnectionWriter, NoticeEncoder, PreferencesWriter,
    PushSubscriptionWriter,
};
use quickstocks_core::push::Push;
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, decimal};
use quickstocks_testkit::{PushAnswer, RecordingPushSender, SequenceRandom};

use crate::support::{World, id};

const MINUTE: Duration = Duration::from_mins(1);

/// Frames to read at a glance: the ids of the notifications.
struct Ids;

impl NoticeEncoder for Ids {
    fn frames(&self, notices: &[&Notification]) -> Vec<String> {
        vec![notices.iter().map(|notice| notice.id.as_str()).collect::<Vec<_>>().join(" ")]
    }
}

#[derive(Default)]
struct Desk {
    world: World,
    pushes: Arc<RecordingPushSender>,
    random: Arc<SequenceRandom>,
}

impl Desk {
    fn watch(&self) -> AlertWatch {
        AlertWatch {
            alerts: self.world.store.clone(),
            writer: self.world.store.clone(),
            clock: self.world.clock.clone(),
            random: self.random.clone(),
        }
    }

    fn notifier(&self) -> Notifier {
        Notifier {
            outbox: self.world.store.clone(),
            preferences: self.world.store.clone(),
            counter: self.world.store.clone(),
            actions: self.world.store.clone(),
            encoder: Arc::new(Ids),
            clock: self.world.clock.clone(),
            random: self.random.clone(),
            dispatch: self.world.dispatch(),
            push: Push {
                subscriptions: self.world.store.clone(),
                subscription_writer: self.world.store.clone(),
                sender: self.pushes.clone(),
                clock: self.world.clock.clone(),
                random: self.random.clone(),
            },
        }
    }

    /// What the function does with a message.
    async fn handle(&self, work: &AlertWork) -> (WatchReport, NotifyReport) {
        let mut report = self.watch().run(work).await.unwrap();
        let told = self.notifier().deliver(std::mem::take(&mut report.told), self.world.later()).await;
        (report, told)
    }

    async fn reconcile(&self) -> NotifyReport {
        self.notifier().reconcile(self.world.later()).await.unwrap()
    }

    /// An alert above 150 that saw a price of 140.
    async fn arm(&self, id: &str, user: &str, on: &str) -> Alert {
        self.arm_as(id, user, on, sample::alert(id, user, on).terms).await
    }

    async fn arm_as(&self, id: &str, user: &str, on: &str, terms: Terms) -> Alert {
        let quote = self.quote(on, "140", 1);
        let (state, _) = step(&terms, &AlertState::default(), None, &quote.quote, self.world.clock.now());
        let alert = Alert { terms, state, ..sample::alert(id, user, on) };
        assert_eq!(self.world.memory.insert_alert(&alert).await.unwrap(), Change::Done);
        alert
    }

    fn quote(&self, on: &str, price: &str, tick: u64) -> QuoteStep {
        let mut quote = sample::stored(on, price, Duration::ZERO, tick);
        quote.quote.as_of = self.world.clock.now();
        QuoteStep { previous: None, quote }
    }

    fn work(&self, price: &str, tick: u64, symbols: &[&str]) -> AlertWork {
        let steps = symbols.iter().map(|on| self.quote(on, price, tick)).collect();
        AlertWork { made_at: self.world.clock.now(), tries: 0, steps }
    }

    async fn device(&self, device: &str, of: &str) {
        self.world.memory.put_push_subscription(&sample::active_push_subscription(device, of)).await.unwrap();
    }

    async fn page(&self, connection: &str, of: &str) {
        let connection =
            quickstocks_core::model::Connection { connected_at: self.world.clock.now(), ..sample::connection(connection, of) };
        self.world.memory.add(&connection).await.unwrap();
    }

    async fn quiet(&self, of: &str, from: &str, to: &str) {
        let quiet_hours = Some(QuietHours { from: from.parse().unwrap(), to: to.parse().unwrap() });
        let preferences = Preferences { quiet_hours, version: 1, ..Preferences::default() };
        self.world.memory.put_preferences(&sample::user(of), &preferences, 0).await.unwrap();
    }

    fn told(&self) -> Vec<Notification> {
        self.world.memory.all_notifications()
    }

    /// The text of every push, in order.
    fn pushed(&self) -> Vec<String> {
        self.pushes.sent().into_iter().map(|(_, message)| format!("{} | {}", message.title, message.body)).collect()
    }

    async fn stored(&self, alert: &Alert) -> Alert {
        self.world.memory.alert(&alert.user, &alert.id).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn an_alert_that_fires_is_told_on_open_pages_and_on_every_device() {
    let desk = Desk::default();
    let alert = desk.arm("a1", "ann", "AAPL").await;
    desk.device("d1", "ann").await;
    desk.device("d2", "ann").await;
    desk.device("d3", "bob").await;
    desk.page("c1", "ann").await;
    desk.page("c2", "bob").await;
    let (report, told) = desk.handle(&desk.work("151.20", 2, &["AAPL", "MSFT"])).await;
    assert_eq!((report.alerts, report.fired), (1, 1));
    assert_eq!((told.users, told.delivered, told.pushed, told.held), (1, 1, 2, 0));
    let fired = desk.stored(&alert).await;
    assert_eq!((fired.state.status, fired.revision, fired.version), (AlertStatus::Fired, 2, 1));
    let notices = desk.told();
    let [notice] = &notices[..] else { panic!("{notices:?}") };
    assert!(matches!(&notice.event, AlertEvent::Fired(fire) if fire.price == decimal("151.20")));
    assert_eq!(notice.delivery.state, NoticeState::Delivered);
    let outcomes: Vec<ReceiptOutcome> = notice.delivery.devices.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [ReceiptOutcome::Accepted; 2]);
    assert_eq!(desk.world.sender.frames(&id("c1")), [notice.id.to_string()]);
    assert_eq!(desk.world.sender.frames(&id("c2")), [""; 0]);
    assert_eq!(desk.pushed(), ["AAPL 151.20 | Reached 150 or above"; 2]);
    let (_, message) = desk.pushes.sent().remove(0);
    assert_eq!(message.navigate, "/#/symbols/AAPL");
    assert_eq!(message.actions.iter().map(|action| action.id.as_str()).collect::<Vec<_>>(), ["snooze", "rearm", "mute"]);
    let token = desk.world.memory.take_action(&message.actions[0].token.hash(), desk.world.clock.now()).await.unwrap();
    assert_eq!(token.unwrap().alerts, [alert.id]);
    assert_eq!(desk.reconcile().await, NotifyReport::default(), "nothing is left");
}

#[tokio::test]
async fn without_a_device_the_inbox_is_all() {
    let desk = Desk::default();
    desk.arm("a1", "ann", "AAPL").await;
    let (_, told) = desk.handle(&desk.work("151", 2, &["AAPL"])).await;
    assert_eq!((told.delivered, told.pushed), (1, 0));
    assert_eq!(desk.told()[0].delivery.state, NoticeState::Delivered);
    assert_eq!(desk.world.store.call_count(Method::CountEvent), 0, "nothing counts against the day");
}

#[tokio::test]
async fn quotes_that_come_again_or_late_fire_nothing_more() {
    let desk = Desk::default();
    let alert = desk.arm("a1", "ann", "AAPL").await;
    let work = desk.work("151", 3, &["AAPL"]);
    let late = desk.work("139", 2, &["AAPL"]);
    for work in [&work, &work, &late, &work] {
        desk.handle(work).await;
    }
    assert_eq!(desk.stored(&alert).await.state.fired, 1);
    assert_eq!(desk.told().len(), 1);
}

#[tokio::test]
async fn a_quote_that_changes_nothing_writes_nothing() {
    let desk = Desk::default();
    desk.arm("a1", "ann", "AAPL").await;
    let (report, _) = desk.handle(&desk.work("149.99", 2, &["AAPL"])).await;
    assert_eq!((report.alerts, report.fired), (1, 0));
    assert_eq!(desk.world.store.call_count(Method::WriteAlert), 0);
    assert_eq!(desk.world.store.call_count(Method::LeaseOutbox), 0);
}

#[tokio::test]
async fn dispatchers_that_meet_fire_once_and_tell_once() {
    for round in 0..20 {
        let desk = Desk::default();
        let alert = desk.arm("a1", "ann", "AAPL").await;
        desk.device("d1", "ann").await;
        let work = desk.work("151", 2, &["AAPL"]);
        let gate = desk.world.store.hold(Method::WriteAlert);
        let all = futures_util::future::join_all((0..3).map(|_| desk.handle(&work)));
        let (reports, ()) = futures_util::future::join(all, async {
            gate.reached_by(3).await;
            gate.open();
        })
        .await;
        assert_eq!(reports.iter().map(|(report, _)| report.fired).sum::<usize>(), 1, "round {round}");
        assert_eq!(desk.stored(&alert).await.state.fired, 1);
        assert_eq!((desk.told().len(), desk.pushed().len()), (1, 1));
    }
}

#[tokio::test]
async fn an_edit_wins_over_an_evaluation_that_began_before_it() {
    let desk = Desk::default();
    let alert = desk.arm("a1", "ann", "AAPL").await;
    let gate = desk.world.store.hold(Method::WriteAlert);
    let work = desk.work("151", 2, &["AAPL"]);
    let edited = Alert {
        terms: Terms { rule: Rule::PriceAbove { price: decimal("200") }, ..alert.terms.clone() },
        revision: alert.revision + 1,
        version: 2,
        ..alert.clone()
    };
    let (_, ()) = futures_util::future::join(desk.handle(&work), async {
        gate.reached_by(1).await;
        assert!(desk.world.memory.write_alert(&edited, alert.revision, &[]).await.unwrap());
        gate.open();
    })
    .await;
    assert_eq!(desk.stored(&alert).await.terms, edited.terms);
    assert_eq!(desk.told(), []);
}

#[tokio::test]
async fn an_alert_that_cannot_be_written_fails_the_message_and_no_other_alert() {
    let desk = Desk::default();
    let one = desk.arm("a1", "ann", "AAPL").await;
    let other = desk.arm("a1", "bob", "AAPL").await;
    desk.world.store.fail_nth(Method::WriteAlert, 1, Fault::Throttled);
    let work = desk.work("151", 2, &["AAPL"]);
    let (report, _) = desk.handle(&work).await;
    assert!(report.failed.is_some());
    assert_eq!(report.fired, 1);
    let (report, _) = desk.handle(&work).await;
    assert!(report.failed.is_none());
    for alert in [one, other] {
        assert_eq!(desk.stored(&alert).await.state.fired, 1);
    }
    assert_eq!(desk.told().len(), 2);
}

#[tokio::test]
async fn a_split_adjusts_and_says_so_and_an_expiry_stays_in_the_inbox() {
    let desk = Desk::default();
    let split = desk.arm("a1", "ann", "AAPL").await;
    let terms = Terms { expires_at: Some(desk.world.clock.now() + MINUTE), ..split.terms.clone() };
    desk.arm_as("a2", "ann", "AAPL", terms).await;
    desk.device("d1", "ann").await;
    desk.world.clock.advance(MINUTE);
    let mut work = desk.work("70", 2, &["AAPL"]);
    work.steps[0].quote.quote.split = Some(Split { since: desk.world.clock.now(), ratio: decimal("2") });
    let (report, told) = desk.handle(&work).await;
    assert_eq!((report.fired, report.adjusted, report.expired), (0, 1, 1));
    assert_eq!((told.delivered, told.pushed), (2, 1));
    assert_eq!(desk.pushed(), ["AAPL: shares split | The target is 75 now, for 2 shares of each old one. You can undo this."]);
    assert!(desk.pushes.sent()[0].1.actions.is_empty());
}

#[tokio::test]
async fn several_fires_of_one_poll_are_one_message() {
    let desk = Desk::default();
    for (alert, on) in [("a1", "AAPL"), ("a2", "MSFT"), ("a3", "AAPL")] {
        desk.arm(alert, "ann", on).await;
    }
    desk.device("d1", "ann").await;
    desk.page("c1", "ann").await;
    let (report, told) = desk.handle(&desk.work("151", 2, &["AAPL", "MSFT"])).await;
    assert_eq!((report.fired, told.delivered, told.pushed), (3, 3, 1));
    let (_, message) = desk.pushes.sent().remove(0);
    assert!(message.title.starts_with("3 alerts: "), "{}", message.title);
    assert_eq!(message.body.lines().count(), 3);
    assert_eq!(message.navigate, "/#/inbox");
    assert_eq!(desk.world.sender.frames(&id("c1")).len(), 1);
}

#[tokio::test]
async fn quiet_hours_hold_pushes_back_and_end_with_one_message() {
    let desk = Desk::default();
    for alert in ["a1", "a2"] {
        desk.arm(alert, "ann", "AAPL").await;
    }
    desk.device("d1", "ann").await;
    desk.page("c1", "ann").await;
    // It is midnight in UTC.
    desk.quiet("ann", "22:00", "07:00").await;
    let until = desk.world.clock.now() + Duration::from_hours(7);
    let (_, told) = desk.handle(&desk.work("151", 2, &["AAPL"])).await;
    assert_eq!((told.held, told.delivered, told.pushed), (2, 0, 0));
    assert_eq!(desk.told()[0].delivery.held, Some(Hold { by: HoldReason::QuietHours, until }));
    assert_eq!(desk.world.sender.frames(&id("c1")).len(), 1, "an open page makes no noise");
    assert_eq!(desk.reconcile().await, NotifyReport::default());
    desk.world.clock.set(until);
    let report = desk.reconcile().await;
    assert_eq!((report.delivered, report.pushed), (2, 1));
    let (_, message) = desk.pushes.sent().remove(0);
    assert!(message.title.starts_with("2 alerts"), "{}", message.title);
    assert_eq!(message.urgency, PushUrgency::Normal);
    assert_eq!(desk.world.sender.frames(&id("c1")).len(), 1, "what was shown is not shown again");
}

#[tokio::test]
async fn beyond_the_budget_of_a_day_pushes_wait_for_the_next_as_one() {
    let desk = Desk::default();
    desk.device("d1", "ann").await;
    let beyond = 3;
    for n in 0..DAILY_PUSHES + beyond {
        let alert = format!("a{n:03}");
        desk.arm(&alert, "ann", "AAPL").await;
        desk.handle(&desk.work("151", 2, &["AAPL"])).await;
    }
    assert_eq!(desk.pushed().len(), usize::try_from(DAILY_PUSHES).unwrap());
    let held: Vec<Notification> = desk.told().into_iter().filter(|one| one.delivery.state == NoticeState::Pending).collect();
    assert_eq!(held.len(), usize::try_from(beyond).unwrap());
    let until = desk.world.clock.now() + Duration::from_hours(24);
    assert!(held.iter().all(|one| one.delivery.held == Some(Hold { by: HoldReason::DailyBudget, until })));
    desk.world.clock.set(until);
    let report = desk.reconcile().await;
    assert_eq!((report.delivered, report.pushed), (3, 1));
}

#[tokio::test]
async fn a_device_that_cannot_be_reached_is_tried_again_and_no_other() {
    let desk = Desk::default();
    desk.arm("a1", "ann", "AAPL").await;
    for device in ["d1", "d2", "d3"] {
        desk.device(device, "ann").await;
    }
    let device = |name| sample::push_subscription(name, "ann").id;
    desk.pushes.answer_next(&device("d1"), PushAnswer::Throttled(Some(Duration::from_mins(9))));
    desk.pushes.answer_next(&device("d2"), PushAnswer::Gone);
    let (_, told) = desk.handle(&desk.work("151", 2, &["AAPL"])).await;
    assert_eq!((told.held, told.delivered, told.pushed), (1, 0, 1));
    let until = desk.world.clock.now() + Duration::from_mins(9);
    assert_eq!(desk.told()[0].delivery.held, Some(Hold { by: HoldReason::PushService, until }));
    desk.world.clock.set(until - MINUTE);
    assert_eq!(desk.reconcile().await, NotifyReport::default(), "not before the push service wants it");
    desk.world.clock.set(until);
    let report = desk.reconcile().await;
    assert_eq!((report.delivered, report.pushed), (1, 1));
    let sent: Vec<_> = desk.pushes.sent().into_iter().map(|(device, _)| device).collect();
    assert_eq!(sent, [device("d3"), device("d1")]);
    let delivery = desk.told().remove(0).delivery;
    let outcome = |name| delivery.devices.iter().find(|one: &&DeviceReceipt| one.device == device(name)).map(|one| one.outcome);
    assert_eq!(outcome("d1"), Some(ReceiptOutcome::Accepted));
    assert_eq!(outcome("d2"), Some(ReceiptOutcome::Gone));
}

#[tokio::test]
async fn what_no_push_service_takes_is_given_up_at_last() {
    let desk = Desk::default();
    desk.arm("a1", "ann", "AAPL").await;
    desk.device("d1", "ann").await;
    let device = sample::push_subscription("d1", "ann").id;
    for _ in 0..20 {
        desk.pushes.answer_next(&device, PushAnswer::Failed);
    }
    let work = desk.work("151", 2, &["AAPL"]);
    desk.handle(&work).await;
    for _ in 0..30 {
        desk.world.clock.advance(Duration::from_mins(10));
        desk.reconcile().await;
    }
    assert_eq!(desk.told()[0].delivery.state, NoticeState::GivenUp);
    assert_eq!(desk.pushes.attempts(), 7);
}

#[tokio::test]
async fn what_there_is_no_time_for_stays_due() {
    let desk = Desk::default();
    desk.arm("a1", "ann", "AAPL").await;
    desk.device("d1", "ann").await;
    let mut report = desk.watch().run(&desk.work("151", 2, &["AAPL"])).await.unwrap();
    let told = desk.notifier().deliver(std::mem::take(&mut report.told), desk.world.clock.now()).await;
    assert_eq!((told.held, told.pushed), (1, 0));
    assert_eq!(desk.told()[0].delivery.attempts, 0);
    assert_eq!(desk.reconcile().await.pushed, 1);
}

#[tokio::test]
async fn one_user_whose_outbox_fails_keeps_no_other_waiting() {
    let desk = Desk::default();
    for user in ["ann", "bob"] {
        desk.arm("a1", user, "AAPL").await;
        desk.device(&format!("d-{user}"), user).await;
    }
    let mut report = desk.watch().run(&desk.work("151", 2, &["AAPL"])).await.unwrap();
    desk.world.store.fail_nth(Method::PendingNotifications, 1, Fault::Unavailable);
    let told = desk.notifier().deliver(std::mem::take(&mut report.told), desk.world.later()).await;
    assert_eq!((told.failed, told.pushed), (1, 1));
    desk.world.clock.advance(2 * MINUTE);
    assert_eq!(desk.reconcile().await.pushed, 1, "the lease ran out");
    let users: BTreeSet<UserId> = desk.told().into_iter().map(|one| one.user).collect();
    assert_eq!(users.len(), 2);
}

/// For [`Timestamp`] in this module's tests: the moment samples are made at.
#[test]
fn samples_are_made_at_midnight() {
    assert_eq!(sample::NOW.millis() % Timestamp::from_seconds(86_400).millis(), 0);
}
