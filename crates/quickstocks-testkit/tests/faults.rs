//! The fault decorator does what it is told, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::model::TokenKind;
use quickstocks_core::ports::{
    CallCounter as _, QuoteReader as _, QuoteWrite, QuoteWriter as _, SourceStatusWriter as _, StoreError, TokenWriter as _,
};
use quickstocks_testkit::faults::{Fault, Faulty, Method};
use quickstocks_testkit::{MemoryStore, sample};

fn store() -> Arc<Faulty<MemoryStore>> {
    Arc::new(Faulty::new(Arc::new(MemoryStore::new())))
}

#[tokio::test]
async fn the_nth_call_fails_with_the_error_chosen_and_only_that_one() {
    let store = store();
    store.next_tick().await.unwrap();
    store.fail_call(2, Fault::Throttled);
    store.fail_nth(Method::NextTick, 3, Fault::Refused);
    assert_eq!(store.next_tick().await.unwrap().0, 2);
    assert!(matches!(store.calls(7).await, Err(StoreError::Throttled(_))));
    assert_eq!(store.next_tick().await.unwrap().0, 3);
    assert!(matches!(store.next_tick().await, Err(StoreError::Refused(_))));
    assert_eq!(store.next_tick().await.unwrap().0, 4, "a failed call does nothing");
    assert_eq!(store.call_count(Method::NextTick), 5);
    assert_eq!(store.log()[..3], [Method::NextTick, Method::NextTick, Method::Calls]);
}

#[tokio::test]
async fn a_method_fails_until_it_is_healed_and_the_others_do_not() {
    let store = store();
    store.fail(Method::NextTick, Fault::Corrupt);
    for _ in 0..3 {
        assert!(matches!(store.next_tick().await, Err(StoreError::Corrupt { .. })));
    }
    assert_eq!(store.add_calls(7, 1).await.unwrap(), 1);
    store.fail_everything(Fault::Unavailable);
    assert!(matches!(store.add_calls(7, 1).await, Err(StoreError::Unavailable(_))));
    store.heal();
    assert_eq!(store.next_tick().await.unwrap().0, 1);
    assert_eq!(store.add_calls(7, 1).await.unwrap(), 2);
    assert_eq!(store.call_count(Method::NextTick), 4);
}

#[tokio::test]
async fn a_lost_answer_is_an_error_for_what_was_done() {
    let store = store();
    store.fail_nth(Method::AddCalls, 1, Fault::AnswerLost);
    assert!(matches!(store.add_calls(7, 3).await, Err(StoreError::Unavailable(_))));
    assert_eq!(store.inner().calls(7).await.unwrap(), 3);
}

#[tokio::test]
async fn a_doubled_call_is_done_twice_and_answered_by_the_second() {
    let store = store();
    store.double(Method::AddCalls);
    store.double(Method::TakeToken);
    assert_eq!(store.add_calls(7, 3).await.unwrap(), 6);
    let ticket = sample::token("a1", TokenKind::Ticket, "ann");
    store.put(&ticket).await.unwrap();
    assert_eq!(
        store.take(&ticket.hash, TokenKind::Ticket, sample::NOW).await.unwrap(),
        None,
        "the first has it, and nobody heard"
    );
}

#[tokio::test]
async fn a_quote_fails_alone_and_the_outcomes_stay_in_order() {
    let store = store();
    store.fail_quotes_of(&sample::symbol("BAD"));
    let batch = ["AAPL", "BAD", "MSFT"].map(|symbol| sample::stored(symbol, "1", Duration::ZERO, 1));
    assert_eq!(store.store(&batch).await.unwrap(), [QuoteWrite::Stored, QuoteWrite::Failed, QuoteWrite::Stored]);
    assert_eq!(store.quotes(&sample::symbols::<Vec<_>>(&["AAPL", "BAD", "MSFT"])).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_held_call_waits_at_the_gate_while_others_go_on() {
    let store = store();
    let gate = store.hold(Method::NextTick);
    let draw = || {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.next_tick().await.unwrap().0 })
    };
    let mut held = vec![draw(), draw(), draw()];
    gate.reached_by(3).await;
    assert_eq!(store.add_calls(7, 1).await.unwrap(), 1, "another method is not held");
    assert_eq!(store.inner().next_tick().await.unwrap().0, 1, "none of the held has drawn");
    gate.let_through(1);
    let (first, _, rest) = futures_util::future::select_all(held.drain(..)).await;
    assert_eq!(first.unwrap(), 2);
    assert!(rest.iter().all(|held| !held.is_finished()));
    gate.open();
    let mut ticks: Vec<u64> = futures_util::future::try_join_all(rest).await.unwrap();
    ticks.sort_unstable();
    assert_eq!(ticks, [3, 4]);
    assert_eq!(store.next_tick().await.unwrap().0, 5, "an open gate stays open");
}
