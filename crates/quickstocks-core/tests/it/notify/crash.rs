//! A dispatcher that is killed between any two steps of a fire: one fire, and every notification delivered.

use std::pin::pin;

use futures_util::future::{Either, select};
use quickstocks_core::model::PushTopic;

use super::*;

/// What a death leaves: whether the alert fired before it, and how often a push service took the message before it.
async fn recover(desk: &Desk, alert: &Alert, work: &AlertWork, what: &str) {
    desk.world.store.heal();
    // The topic sends the message again, to another process, while the lease of the dead one is in force; later the reconciler comes.
    desk.handle(work).await;
    desk.world.clock.advance(Duration::from_mins(5));
    desk.reconcile().await;

    let stored = desk.stored(alert).await;
    assert_eq!((stored.state.fired, stored.state.status), (1, AlertStatus::Fired), "{what}");
    let notices = desk.told();
    let [notice] = &notices[..] else { panic!("{what}: {notices:?}") };
    assert_eq!(notice.delivery.state, NoticeState::Delivered, "{what}");
    let sent = desk.pushes.sent_to(&sample::push_subscription("d1", "ann").id);
    assert!((1..=2).contains(&sent.len()), "{what}: {} messages", sent.len());
    let topic = PushTopic::of("alert|a1");
    assert!(
        sent.iter().all(|message| message.topic == topic && message.tag == sent[0].tag),
        "{what}: a repetition replaces the first"
    );
    assert!(!desk.world.sender.frames(&id("c1")).is_empty(), "{what}: the open page was told");
    assert_eq!(desk.reconcile().await, NotifyReport::default(), "{what}: nothing is left");
}

async fn scene() -> (Desk, Alert, AlertWork) {
    let desk = Desk::default();
    let alert = desk.arm("a1", "ann", "AAPL").await;
    desk.device("d1", "ann").await;
    desk.page("c1", "ann").await;
    let work = desk.work("151", 2, &["AAPL"]);
    (desk, alert, work)
}

/// The calls of a fire that nothing interrupts.
async fn calls() -> usize {
    let (desk, alert, work) = scene().await;
    desk.handle(&work).await;
    let calls = desk.world.store.log().len();
    recover(&desk, &alert, &work, "undisturbed").await;
    assert_eq!(desk.pushes.sent().len(), 1, "without a crash there is one message");
    calls
}

#[tokio::test]
async fn a_process_that_ends_before_or_after_any_call_loses_and_doubles_nothing() {
    let calls = calls().await;
    assert!(calls >= 10, "{calls}");
    for nth in 1..=calls {
        for last in [Fault::Unavailable, Fault::AnswerLost] {
            let (desk, alert, work) = scene().await;
            desk.world.store.fail_call(nth, last);
            for later in nth + 1..nth + 200 {
                desk.world.store.fail_call(later, Fault::Unavailable);
            }
            if let Ok(mut report) = desk.watch().run(&work).await {
                desk.notifier().deliver(std::mem::take(&mut report.told), desk.world.later()).await;
            }
            let log = desk.world.store.log();
            recover(&desk, &alert, &work, &format!("{last:?} at call {nth}, {:?}", log.get(nth - 1))).await;
        }
    }
}

#[tokio::test]
async fn an_invocation_that_is_dropped_at_any_call_loses_and_doubles_nothing() {
    let (desk, _, work) = scene().await;
    desk.handle(&work).await;
    let methods: Vec<Method> = desk.world.store.log();
    for (at, method) in methods.iter().enumerate() {
        let nth = methods[..=at].iter().filter(|called| *called == method).count();
        let (desk, alert, work) = scene().await;
        let gate = desk.world.store.hold(*method);
        gate.let_through(nth - 1);
        {
            let handled = pin!(desk.handle(&work));
            let reached = pin!(gate.reached_by(nth));
            assert!(matches!(select(reached, handled).await, Either::Left(_)), "{method:?} is called {nth} times");
        }
        recover(&desk, &alert, &work, &format!("dropped at {method:?} {nth}")).await;
    }
}

#[tokio::test]
async fn an_invocation_that_is_dropped_while_a_push_is_under_way_sends_it_again() {
    let (desk, alert, work) = scene().await;
    let gate = desk.pushes.hold(&sample::push_subscription("d1", "ann").id);
    {
        let handled = pin!(desk.handle(&work));
        let reached = pin!(gate.reached_by(1));
        assert!(matches!(select(reached, handled).await, Either::Left(_)));
    }
    gate.open();
    recover(&desk, &alert, &work, "dropped while pushing").await;
}

/// Messages in any order, each twice, to two dispatchers at once: as many fires as by the rising ticks alone.
#[tokio::test]
async fn messages_doubled_and_reordered_fire_as_often_as_in_order() {
    let rising: [(&str, u64); 6] = [("151", 2), ("148", 3), ("152", 4), ("147", 5), ("139", 6), ("155", 7)];
    let orders: [[usize; 6]; 4] = [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [1, 0, 3, 2, 5, 4], [3, 5, 0, 2, 1, 4]];
    for order in orders {
        let (desk, alert, _) = scene().await;
        let other =
            Desk { world: desk.world.another(), pushes: desk.pushes.clone(), random: Arc::new(SequenceRandom::seeded(9)) };
        for at in order {
            let (price, tick) = rising[at];
            let work = desk.work(price, tick, &["AAPL"]);
            futures_util::future::join(desk.handle(&work), other.handle(&work)).await;
        }
        let stored = desk.stored(&alert).await;
        // It fires once and is done, whichever of the prices above it comes first.
        assert_eq!(stored.state.fired, 1, "{order:?}");
        assert_eq!(desk.told().len(), 1, "{order:?}");
        desk.world.clock.advance(Duration::from_mins(5));
        desk.reconcile().await;
        assert_eq!(desk.pushed().len(), 1, "{order:?}");
    }
}
