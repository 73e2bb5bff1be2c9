//! The contracts of `NotificationReader`, `NotificationWriter` and `Outbox`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::time::Duration;

use quickstocks_core::model::{
    Alert, AlertId, DeviceId, DeviceReceipt, Hold, HoldReason, NoticeDelivery, NoticeState, Notification, NotificationId,
    OutboxLease, OutboxRest, ReceiptOutcome, Timestamp,
};
use quickstocks_core::ports::Change;

use super::{CALLERS, Store, at_once};
use crate::sample::{self, NOW};

const MINUTE: Duration = Duration::from_mins(1);

/// Stores an alert, and notifications of it that were made at these moments; answers them, the oldest first.
async fn told(to: &Store, id: &str, user: &str, moments: &[Timestamp]) -> Vec<Notification> {
    let mut alert = sample::alert(id, user, "AAPL");
    assert_eq!(to.insert_alert(&alert).await.expect("an alert can be written"), Change::Done);
    let mut notices = Vec::new();
    for at in moments {
        notices.push(tell(to, &mut alert, *at).await);
    }
    notices
}

async fn tell(to: &Store, alert: &mut Alert, at: Timestamp) -> Notification {
    let id = NotificationId::from_random(at, [u8::try_from(alert.revision).unwrap_or_default(); 10]);
    let notice = Notification { id, created_at: at, ..sample::notification("n", alert) };
    let next = Alert { revision: alert.revision + 1, ..alert.clone() };
    let stored = to.write_alert(&next, alert.revision, std::slice::from_ref(&notice)).await;
    assert!(stored.expect("an alert can be written"));
    *alert = next;
    notice
}

async fn inbox(of: &Store, user: &str, before: Option<&NotificationId>, limit: usize) -> Vec<Notification> {
    of.notifications(&sample::user(user), before, limit).await.expect("notifications can be read")
}

async fn due(of: &Store, now: Timestamp) -> Vec<String> {
    let mut users: Vec<String> =
        of.due_outboxes(now, 10).await.expect("outboxes can be read").iter().map(ToString::to_string).collect();
    users.sort();
    users
}

async fn lease(of: &Store, user: &str, now: Timestamp, until: Timestamp) -> Option<OutboxLease> {
    of.lease_outbox(&sample::user(user), now, until).await.expect("an outbox can be leased")
}

async fn pending(of: &Store, lease: &OutboxLease) -> Vec<Notification> {
    of.pending_notifications(lease).await.expect("pending notifications can be read")
}

async fn finish(of: &Store, lease: &OutboxLease, rest: Option<OutboxRest>) -> bool {
    of.finish_outbox(lease, rest).await.expect("a lease can be given back")
}

/// With everything that a notification can have.
pub async fn a_notification_is_read_back_whole(under_test: Store) {
    let alert = sample::full_alert("a1", "ann", "BRK-B");
    under_test.insert_alert(&alert).await.expect("an alert can be written");
    let notice = sample::full_notification("n1", &alert);
    let next = Alert { revision: alert.revision + 1, ..alert.clone() };
    assert!(under_test.write_alert(&next, alert.revision, std::slice::from_ref(&notice)).await.expect("it can be written"));
    assert_eq!(inbox(&under_test, "ann", None, 10).await, [notice]);
}

/// "At most `limit`, those before `before`, the newest first."
pub async fn notifications_are_paged_from_the_newest(under_test: Store) {
    let moments: Vec<Timestamp> = (0..7).map(|n| NOW + n * MINUTE).collect();
    let mut expected = told(&under_test, "a1", "ann", &moments).await;
    expected.reverse();
    told(&under_test, "a1", "bob", &[NOW]).await;
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = inbox(&under_test, "ann", before.as_ref(), 3).await;
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        before = Some(last.id.clone());
        found.extend(page);
    }
    assert_eq!(found, expected);
    assert_eq!(inbox(&under_test, "cid", None, 3).await, []);
}

/// "About that alert, the newest first", and nobody else's.
pub async fn the_notifications_of_an_alert_are_its_own(under_test: Store) {
    let mut first = told(&under_test, "a1", "ann", &[NOW, NOW + MINUTE, NOW + 2 * MINUTE]).await;
    told(&under_test, "a10", "ann", &[NOW + 5 * MINUTE]).await;
    told(&under_test, "a1", "bob", &[NOW + 3 * MINUTE]).await;
    first.reverse();
    let about = async |limit| {
        let found = under_test.notifications_of(&sample::user("ann"), &AlertId::new("a1"), limit).await;
        found.expect("notifications can be read")
    };
    assert_eq!(about(10).await, first);
    assert_eq!(about(2).await, first[..2]);
}

/// "One that was read before keeps its moment, one that is not there MUST NOT be made."
pub async fn what_was_read_is_noted_once(under_test: Store) {
    let notices = told(&under_test, "a1", "ann", &[NOW, NOW + MINUTE]).await;
    let mark = async |user: &str, id: &NotificationId, at| {
        let ids = [id.clone(), NotificationId::new("nothing")];
        under_test.mark_read(&sample::user(user), &ids, at).await.expect("reading can be noted");
    };
    mark("bob", &notices[0].id, NOW).await;
    mark("ann", &notices[0].id, NOW + MINUTE).await;
    mark("ann", &notices[0].id, NOW + 2 * MINUTE).await;
    let read: Vec<Option<Timestamp>> = inbox(&under_test, "ann", None, 10).await.iter().map(|one| one.read_at).collect();
    assert_eq!(read, [None, Some(NOW + MINUTE)]);
    assert_eq!(inbox(&under_test, "bob", None, 10).await, []);
}

/// "Whose outbox is due at `now` and not leased."
pub async fn an_outbox_is_due_from_its_notification_on(under_test: Store) {
    assert_eq!(due(&under_test, NOW).await, [""; 0]);
    told(&under_test, "a1", "ann", &[NOW]).await;
    told(&under_test, "a1", "bob", &[NOW + MINUTE]).await;
    assert_eq!(due(&under_test, NOW).await, ["ann"]);
    assert_eq!(due(&under_test, NOW + MINUTE).await, ["ann", "bob"]);
    assert!(lease(&under_test, "ann", NOW + MINUTE, NOW + 2 * MINUTE).await.is_some());
    assert_eq!(due(&under_test, NOW + MINUTE).await, ["bob"]);
    assert_eq!(due(&under_test, NOW + 2 * MINUTE).await, ["ann", "bob"], "a lease runs out");
    let limited = under_test.due_outboxes(NOW + 2 * MINUTE, 1).await.expect("outboxes can be read");
    assert_eq!(limited.len(), 1);
}

/// "Of any number of callers exactly one MUST get it."
pub async fn of_twenty_callers_exactly_one_leases_an_outbox(under_test: Store) {
    told(&under_test, "a1", "ann", &[NOW]).await;
    let answers = at_once(CALLERS, |_| {
        let under_test = under_test.clone();
        async move { lease(&under_test, "ann", NOW, NOW + MINUTE).await }
    })
    .await;
    assert_eq!(answers.iter().flatten().count(), 1, "{answers:?}");
    assert!(lease(&under_test, "ann", NOW + MINUTE, NOW + 2 * MINUTE).await.is_some(), "a lease runs out");
    assert_eq!(lease(&under_test, "bob", NOW, NOW + MINUTE).await, None, "there is nothing for somebody else");
}

/// "What is pending, the oldest first."
pub async fn what_is_pending_is_given_until_it_is_done(under_test: Store) {
    let notices = told(&under_test, "a1", "ann", &[NOW, NOW + MINUTE, NOW + 2 * MINUTE]).await;
    told(&under_test, "a1", "bob", &[NOW]).await;
    let mine = lease(&under_test, "ann", NOW + 2 * MINUTE, NOW + 3 * MINUTE).await.expect("it is due");
    assert_eq!(pending(&under_test, &mine).await, notices);
    let delivery = NoticeDelivery {
        state: NoticeState::Delivered,
        shown: true,
        held: Some(Hold { by: HoldReason::QuietHours, until: NOW }),
        devices: vec![DeviceReceipt { device: DeviceId::new("d1"), outcome: ReceiptOutcome::Accepted, at: NOW + MINUTE }],
        attempts: 2,
        ended_at: Some(NOW + MINUTE),
    };
    under_test.put_delivery(&mine.user, &notices[1].id, &delivery).await.expect("a delivery can be noted");
    assert_eq!(pending(&under_test, &mine).await, [notices[0].clone(), notices[2].clone()]);
    assert_eq!(inbox(&under_test, "ann", None, 10).await[1], Notification { delivery, ..notices[1].clone() });
}

/// "One that is not there MUST NOT be made."
pub async fn noting_a_delivery_makes_no_notification(under_test: Store) {
    let id = NotificationId::from_random(NOW, [1; 10]);
    under_test.put_delivery(&sample::user("ann"), &id, &NoticeDelivery::default()).await.expect("it is no error");
    assert_eq!(inbox(&under_test, "ann", None, 10).await, []);
}

/// "Notes what is left: nothing, or something that is due later."
pub async fn a_lease_is_given_back_with_what_is_left(under_test: Store) {
    let notices = told(&under_test, "a1", "ann", &[NOW, NOW + MINUTE]).await;
    let mine = lease(&under_test, "ann", NOW + MINUTE, NOW + 2 * MINUTE).await.expect("it is due");
    let rest = OutboxRest { pending_since: notices[1].created_at, due_at: NOW + 10 * MINUTE };
    assert!(finish(&under_test, &mine, Some(rest)).await);
    assert_eq!(due(&under_test, NOW + 9 * MINUTE).await, [""; 0]);
    assert_eq!(lease(&under_test, "ann", NOW + 9 * MINUTE, NOW + 11 * MINUTE).await, None);
    let mine = lease(&under_test, "ann", NOW + 10 * MINUTE, NOW + 11 * MINUTE).await.expect("it is due again");
    assert_eq!(pending(&under_test, &mine).await, notices[1..]);
    assert!(finish(&under_test, &mine, None).await);
    assert_eq!(due(&under_test, NOW + 20 * MINUTE).await, [""; 0]);
    assert_eq!(lease(&under_test, "ann", NOW + 20 * MINUTE, NOW + 21 * MINUTE).await, None);
}

/// "When a notification came since the lease was taken, that MUST NOT be noted, so that the outbox stays due."
pub async fn what_came_meanwhile_is_not_forgotten(under_test: Store) {
    for rest in [None, Some(OutboxRest { pending_since: NOW, due_at: NOW + Duration::from_hours(9) })] {
        let name = if rest.is_some() { "ann" } else { "bob" };
        let mut alert = sample::alert("a1", name, "AAPL");
        under_test.insert_alert(&alert).await.expect("an alert can be written");
        tell(&under_test, &mut alert, NOW).await;
        let mine = lease(&under_test, name, NOW, NOW + 5 * MINUTE).await.expect("it is due");
        let late = tell(&under_test, &mut alert, NOW + MINUTE).await;
        assert!(!finish(&under_test, &mine, rest).await);
        let again = lease(&under_test, name, NOW + MINUTE, NOW + 2 * MINUTE).await.expect("it stays due, and is free");
        assert!(pending(&under_test, &again).await.contains(&late));
    }
}

/// "When the lease ran out and somebody else has one, nothing MUST be changed."
pub async fn a_lease_that_ran_out_ends_nothing(under_test: Store) {
    told(&under_test, "a1", "ann", &[NOW]).await;
    let first = lease(&under_test, "ann", NOW, NOW + MINUTE).await.expect("it is due");
    let second = lease(&under_test, "ann", NOW + MINUTE, NOW + 3 * MINUTE).await.expect("the first ran out");
    assert!(!finish(&under_test, &first, None).await);
    assert_eq!(lease(&under_test, "ann", NOW + 2 * MINUTE, NOW + 4 * MINUTE).await, None, "the second is in force");
    assert!(finish(&under_test, &second, None).await);
}
