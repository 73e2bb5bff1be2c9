//! The contracts of `AlertReader`, `AlertWriter`, `ActionTokens` and `ArmedScan`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::collections::BTreeSet;
use std::time::Duration;

use quickstocks_core::model::{ActionToken, Alert, AlertId, AlertState, AlertStatus, Notification, Symbol, TokenHash};
use quickstocks_core::ports::Change;

use super::{CALLERS, Store, at_once};
use crate::sample::{self, NOW};

async fn insert(to: &Store, alert: &Alert) {
    assert_eq!(to.insert_alert(alert).await.expect("an alert can be written"), Change::Done);
}

async fn write(to: &Store, alert: &Alert, expected: u64, notices: &[Notification]) -> bool {
    to.write_alert(alert, expected, notices).await.expect("an alert can be written")
}

async fn get(from: &Store, user: &str) -> Vec<Alert> {
    from.alerts(&sample::user(user)).await.expect("alerts can be read")
}

async fn armed(on: &Store, symbols: &[&str]) -> BTreeSet<String> {
    let symbols: Vec<Symbol> = sample::symbols(symbols);
    let alerts = on.armed_alerts(&symbols).await.expect("armed alerts can be read");
    let ids: BTreeSet<String> = alerts.iter().map(|alert| alert.id.to_string()).collect();
    assert_eq!(ids.len(), alerts.len(), "each is there once");
    ids
}

async fn inbox(of: &Store, user: &str) -> Vec<Notification> {
    of.notifications(&sample::user(user), None, 10).await.expect("notifications can be read")
}

/// The alert as the next change leaves it.
fn changed(alert: &Alert, status: AlertStatus) -> Alert {
    let state = AlertState { status, fired: alert.state.fired + 1, ..alert.state.clone() };
    Alert { state, revision: alert.revision + 1, ..alert.clone() }
}

/// With everything that an alert can have.
pub async fn an_alert_is_read_back_whole(under_test: Store) {
    let alert = sample::full_alert("a1", "ann", "BRK-B");
    insert(&under_test, &alert).await;
    assert_eq!(get(&under_test, "ann").await, std::slice::from_ref(&alert));
    let user = sample::user("ann");
    assert_eq!(under_test.alert(&user, &alert.id).await.expect("an alert can be read"), Some(alert.clone()));
    let symbols = [alert.symbol.clone()];
    assert_eq!(under_test.armed_alerts(&symbols).await.expect("armed alerts can be read"), [alert]);
}

/// "Ordered by when they were made and then by id; none for a user nobody knows."
pub async fn the_alerts_of_a_user_are_ordered_and_nobody_elses(under_test: Store) {
    let later = Alert { created_at: NOW + Duration::from_secs(1), ..sample::alert("a0", "ann", "AAPL") };
    for alert in [&later, &sample::alert("a2", "ann", "AAPL"), &sample::alert("a1", "ann", "MSFT")] {
        insert(&under_test, alert).await;
    }
    insert(&under_test, &sample::alert("a1", "bob", "AAPL")).await;
    let ids: Vec<String> = get(&under_test, "ann").await.iter().map(|alert| alert.id.to_string()).collect();
    assert_eq!(ids, ["a1", "a2", "a0"]);
    assert_eq!(get(&under_test, "cid").await, []);
}

/// "Another user's alert MUST be answered with `None`."
pub async fn another_users_alert_is_out_of_reach(under_test: Store) {
    let alert = sample::alert("a1", "ann", "AAPL");
    insert(&under_test, &alert).await;
    let bob = sample::user("bob");
    assert_eq!(under_test.alert(&bob, &alert.id).await.expect("an alert can be read"), None);
    assert!(!under_test.delete_alert(&bob, &alert.id).await.expect("an alert can be removed"));
    let theirs = Alert { user: bob, ..changed(&alert, AlertStatus::Fired) };
    assert!(!write(&under_test, &theirs, alert.revision, &[]).await);
    assert_eq!(get(&under_test, "ann").await, [alert]);
    assert_eq!(get(&under_test, "bob").await, []);
}

/// "[`Change::Conflict`] when the user has an alert of that id."
pub async fn inserting_a_second_time_conflicts_and_changes_nothing(under_test: Store) {
    let alert = sample::alert("a1", "ann", "AAPL");
    insert(&under_test, &alert).await;
    let other = sample::alert("a1", "ann", "MSFT");
    assert_eq!(under_test.insert_alert(&other).await.expect("an alert can be written"), Change::Conflict);
    assert_eq!(get(&under_test, "ann").await, [alert]);
    assert!(armed(&under_test, &["MSFT"]).await.is_empty());
}

/// "Everybody's alerts on these symbols that are watched."
pub async fn armed_alerts_are_those_that_are_watched(under_test: Store) {
    for (id, user, symbol, status) in [
        ("a1", "ann", "AAPL", AlertStatus::Armed),
        ("a2", "ann", "AAPL", AlertStatus::Resting),
        ("a3", "ann", "AAPL", AlertStatus::Paused),
        ("a4", "ann", "AAPL", AlertStatus::Fired),
        ("a5", "ann", "AAPL", AlertStatus::Expired),
        ("a6", "bob", "AAPL", AlertStatus::Armed),
        ("a7", "bob", "^GSPC", AlertStatus::Armed),
        ("a8", "bob", "MSFT", AlertStatus::Armed),
    ] {
        let state = AlertState { status, ..AlertState::default() };
        insert(&under_test, &Alert { state, ..sample::alert(id, user, symbol) }).await;
    }
    let expected = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(armed(&under_test, &["AAPL", "^GSPC", "AAPL", "TSLA"]).await, expected(&["a1", "a2", "a6", "a7"]));
    assert_eq!(armed(&under_test, &[]).await, expected(&[]));
}

/// An alert that stops being watched, and is watched again.
pub async fn armed_alerts_follow_every_change(under_test: Store) {
    let alert = sample::alert("a1", "ann", "AAPL");
    insert(&under_test, &alert).await;
    let fired = changed(&alert, AlertStatus::Fired);
    assert!(write(&under_test, &fired, alert.revision, &[]).await);
    assert!(armed(&under_test, &["AAPL"]).await.is_empty());
    let again = changed(&fired, AlertStatus::Armed);
    assert!(write(&under_test, &again, fired.revision, &[]).await);
    let armed_again = under_test.armed_alerts(std::slice::from_ref(&again.symbol)).await.expect("armed alerts can be read");
    assert_eq!(armed_again, std::slice::from_ref(&again));
    assert!(under_test.delete_alert(&again.user, &again.id).await.expect("an alert can be removed"));
    assert!(armed(&under_test, &["AAPL"]).await.is_empty());
}

/// More than any page holds.
pub async fn many_alerts_on_a_symbol_are_all_found(under_test: Store) {
    let mut expected = BTreeSet::new();
    for n in 0..25 {
        let id = format!("a{n:02}");
        insert(&under_test, &sample::alert(&id, &format!("user{}", n % 7), "AAPL")).await;
        expected.insert(id);
    }
    assert_eq!(armed(&under_test, &["AAPL"]).await, expected);
}

/// "In one step: all of it or nothing."
pub async fn a_change_and_its_notifications_are_stored_together(under_test: Store) {
    let alert = sample::alert("a1", "ann", "AAPL");
    insert(&under_test, &alert).await;
    let fired = changed(&alert, AlertStatus::Fired);
    let notices = [sample::notification("n1", &alert), sample::notification("n2", &alert)];
    assert!(write(&under_test, &fired, alert.revision, &notices).await);
    assert_eq!(get(&under_test, "ann").await, [fired]);
    assert_eq!(inbox(&under_test, "ann").await, [notices[1].clone(), notices[0].clone()]);
}

/// "When the alert is of another revision or gone, nothing MUST be changed."
pub async fn a_change_of_another_revision_stores_nothing(under_test: Store) {
    let alert = sample::alert("a1", "ann", "AAPL");
    let fired = changed(&alert, AlertStatus::Fired);
    let notices = [sample::notification("n1", &alert)];
    assert!(!write(&under_test, &fired, alert.revision, &notices).await, "it is not there");
    insert(&under_test, &alert).await;
    assert!(!write(&under_test, &fired, alert.revision + 1, &notices).await);
    assert_eq!(get(&under_test, "ann").await, [alert]);
    assert_eq!(inbox(&under_test, "ann").await, []);
    assert_eq!(armed(&under_test, &["AAPL"]).await.len(), 1);
    assert_eq!(under_test.due_outboxes(NOW + Duration::from_hours(1), 10).await.expect("outboxes can be read"), []);
}

/// "Of any number of callers with one `expected` exactly one MUST get `true`."
pub async fn of_callers_that_fire_one_revision_exactly_one_does(under_test: Store) {
    let alert = sample::alert("a1", "ann", "AAPL");
    insert(&under_test, &alert).await;
    let answers = at_once(CALLERS, |n| {
        let (under_test, alert) = (under_test.clone(), alert.clone());
        async move {
            let notices = [sample::notification(&format!("n{n:02}"), &alert)];
            // One that meets another may be told to look again, which is no success either.
            under_test.write_alert(&changed(&alert, AlertStatus::Fired), alert.revision, &notices).await.unwrap_or(false)
        }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| **answer).count(), 1, "{answers:?}");
    assert_eq!(inbox(&under_test, "ann").await.len(), 1);
}

/// "What was told of it stays. Answers whether it was there."
pub async fn a_deleted_alert_leaves_what_was_told_of_it(under_test: Store) {
    let alert = sample::alert("a1", "ann", "AAPL");
    insert(&under_test, &alert).await;
    let notices = [sample::notification("n1", &alert)];
    assert!(write(&under_test, &changed(&alert, AlertStatus::Armed), alert.revision, &notices).await);
    for expected in [true, false] {
        assert_eq!(under_test.delete_alert(&alert.user, &alert.id).await.expect("an alert can be removed"), expected);
    }
    assert_eq!(get(&under_test, "ann").await, []);
    assert_eq!(inbox(&under_test, "ann").await, notices);
}

/// `UserWriter::remove_user`: "everything that is theirs".
pub async fn a_removed_user_has_no_alerts_and_no_notifications(under_test: Store) {
    for user in ["ann", "bob"] {
        let alert = sample::alert("a1", user, "AAPL");
        insert(&under_test, &alert).await;
        let notices = [sample::notification(&format!("n-{user}"), &alert)];
        assert!(write(&under_test, &changed(&alert, AlertStatus::Armed), alert.revision, &notices).await);
    }
    under_test.remove_user(&sample::user("ann")).await.expect("removing is no error");
    assert_eq!(get(&under_test, "ann").await, []);
    assert_eq!(inbox(&under_test, "ann").await, []);
    let about = under_test.notifications_of(&sample::user("ann"), &AlertId::new("a1"), 10).await;
    assert_eq!(about.expect("notifications can be read"), []);
    let left = under_test.armed_alerts(&sample::symbols::<Vec<_>>(&["AAPL"])).await.expect("armed alerts can be read");
    assert_eq!(left.iter().map(|alert| alert.user.as_str()).collect::<Vec<_>>(), ["bob"]);
    let due = under_test.due_outboxes(NOW + Duration::from_hours(1), 10).await.expect("outboxes can be read");
    assert_eq!(due, [sample::user("bob")]);
    assert_eq!(inbox(&under_test, "bob").await.len(), 1);
}

fn token(hash: &str) -> ActionToken {
    ActionToken {
        hash: TokenHash::new(hash),
        user: sample::user("ann"),
        alerts: vec![AlertId::new("a1"), AlertId::new("a2")],
        expires_at: NOW + Duration::from_hours(1),
    }
}

/// "Exactly one MUST get it."
pub async fn of_twenty_callers_exactly_one_takes_an_action(under_test: Store) {
    under_test.put_action(&token("70")).await.expect("a token can be written");
    let answers = at_once(CALLERS, |_| {
        let under_test = under_test.clone();
        async move { under_test.take_action(&TokenHash::new("70"), NOW).await.expect("a token can be taken") }
    })
    .await;
    let got: Vec<ActionToken> = answers.into_iter().flatten().collect();
    assert_eq!(got, [token("70")]);
}

/// "One that expired at `now` MUST be answered with `None`."
pub async fn an_expired_or_unknown_action_is_answered_with_none(under_test: Store) {
    under_test.put_action(&token("70")).await.expect("a token can be written");
    for (hash, now) in [("70", token("70").expires_at), ("71", NOW)] {
        let taken = under_test.take_action(&TokenHash::new(hash), now).await.expect("a token can be taken");
        assert_eq!(taken, None, "{hash}");
    }
}

/// "Each of them that was watched throughout at least once."
pub async fn every_symbol_that_is_watched_is_paged(under_test: Store) {
    let names: Vec<String> = (0..12).map(|n| format!("SYM{n:02}")).collect();
    for (n, name) in names.iter().enumerate() {
        let status = if n % 3 == 0 { AlertStatus::Paused } else { AlertStatus::Armed };
        for user in ["ann", "bob"] {
            let state = AlertState { status, ..AlertState::default() };
            insert(&under_test, &Alert { state, ..sample::alert(&format!("a{n}"), user, name) }).await;
        }
    }
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let page = under_test.armed_symbols(after.as_ref()).await.expect("armed symbols can be read");
        found.extend(page.symbols.iter().map(ToString::to_string));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: BTreeSet<String> = names.into_iter().enumerate().filter(|(n, _)| n % 3 != 0).map(|(_, name)| name).collect();
    assert_eq!(found, expected);
}
