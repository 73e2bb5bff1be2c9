//! From a tick to one message per connection.

mod hand_on;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use proptest::prelude::*;
use quickstocks_core::dispatch::{Dispatch, DispatchError, DispatchReport, STALE_AFTER};
use quickstocks_core::model::{
    CONNECTION_LIFETIME, CONNECTION_SHARDS, Connection, ConnectionId, MissingReason, Shard, ShardRange, ShardRest, Symbol, Tick,
    TickNumber, Timestamp, UserId, connection_shard,
};
use quickstocks_core::ports::{ConnectionPage, ConnectionReader, ConnectionSender, Delivery, FrameEncoder, StoreError};
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_testkit::{FakeClock, MemoryStore, RecordingSender, SendAnswer};

use self::hand_on::run_to_the_end;
use crate::support::{Words, World, follower, followers, id, missing, tick};

/// Takes as long for each frame as the clock is told to move, and lets the others be under way meanwhile.
struct Slow {
    sender: Arc<RecordingSender>,
    clock: Arc<FakeClock>,
    per_frame: Duration,
}

#[async_trait]
impl ConnectionSender for Slow {
    async fn send(&self, connection: &ConnectionId, frame: &str) -> Delivery {
        let delivery = self.sender.send(connection, frame).await;
        self.clock.advance(self.per_frame);
        delivery
    }
}

/// Notes the order in which frames are begun, and how many are under way at once.
#[derive(Default)]
struct Watched {
    order: std::sync::Mutex<Vec<ConnectionId>>,
    throttled_first: BTreeSet<ConnectionId>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Watched {
    fn order(&self) -> Vec<ConnectionId> {
        self.order.lock().unwrap().clone()
    }
}

#[async_trait]
impl ConnectionSender for Watched {
    async fn send(&self, connection: &ConnectionId, _: &str) -> Delivery {
        let again = self.order().contains(connection);
        self.order.lock().unwrap().push(connection.clone());
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        if !again && self.throttled_first.contains(connection) { Delivery::Throttled } else { Delivery::Sent }
    }
}

async fn run(world: &World, tick: &Tick) -> DispatchReport {
    untimed(world.dispatch().run(tick, &Words::of(tick), world.later()).await.unwrap())
}

/// What a report says but for the time.
fn untimed(report: DispatchReport) -> DispatchReport {
    assert_eq!(report.last_sent_at.is_some(), report.sent > 0, "{report:?}");
    DispatchReport { last_sent_at: None, ..report }
}

#[tokio::test]
async fn each_connection_gets_one_message_with_just_the_changed_symbols_it_follows() {
    let changed = {
        let mut tick = tick(&["AAPL", "MSFT", "SAP.DE"]);
        tick.missing = vec![missing("GONE", MissingReason::Delisted)];
        tick
    };
    for (listed, watched, expect) in [
        (&["AAPL"][..], &[][..], Some("quotes AAPL")),
        (&["AAPL", "IBM"], &[], Some("quotes AAPL")),
        (&["AAPL", "MSFT", "SAP.DE"], &[], Some("quotes AAPL MSFT SAP.DE")),
        (&["MSFT"], &["AAPL"], Some("quotes AAPL MSFT")),
        (&["AAPL"], &["AAPL"], Some("quotes AAPL")),
        (&[], &["SAP.DE"], Some("quotes SAP.DE")),
        (&["GONE"], &[], Some("quotes -GONE")),
        (&["GONE", "MSFT"], &[], Some("quotes MSFT -GONE")),
        (&["IBM"], &["^GSPC"], None),
        (&[], &[], None),
    ] {
        let world = World::default();
        world.add(&[Connection { watched: sample::symbols(watched), ..follower("c", listed) }]).await;
        let report = run(&world, &changed).await;
        assert_eq!(world.sender.frames(&id("c")), expect.into_iter().collect::<Vec<_>>(), "{listed:?} {watched:?}");
        assert_eq!((report.connections, report.sent), (1, usize::from(expect.is_some())), "{listed:?} {watched:?}");
    }
}

#[tokio::test]
async fn connections_of_every_shard_and_every_page_are_served_once() {
    let world = World::default();
    let all = followers(200, &["AAPL"]);
    world.add(&all).await;
    let report = run(&world, &tick(&["AAPL"])).await;
    assert_eq!(report, DispatchReport { connections: 200, sent: 200, ..DispatchReport::default() });
    assert_eq!(world.sender.attempts(), 200);
    assert_eq!(world.sender.recipients(), all.iter().map(|one| one.id.clone()).collect::<Vec<_>>());
    let shards: BTreeSet<_> = all.iter().map(|one| connection_shard(&one.id)).collect();
    assert_eq!(shards.len(), usize::from(CONNECTION_SHARDS), "the sample spreads over every shard");
    assert!(world.store.call_count(Method::ConnectionPage) > 60, "three a page");
}

#[tokio::test]
async fn only_the_connections_of_the_ticks_shards_are_served_and_the_ranges_together_serve_everybody_once() {
    let world = World::default();
    let all = followers(120, &["AAPL"]);
    world.add(&all).await;
    for shards in ShardRange::split(5) {
        world.sender.clear();
        let mine: Vec<ConnectionId> = all
            .iter()
            .map(|one| one.id.clone())
            .filter(|id| (shards.first..=shards.last).contains(&connection_shard(id).0))
            .collect();
        run(&world, &Tick { shards, ..tick(&["AAPL"]) }).await;
        assert_eq!(world.sender.recipients(), mine, "{shards:?}");
        assert_eq!(world.sender.attempts(), mine.len(), "{shards:?}");
    }
}

#[tokio::test]
async fn as_many_frames_are_under_way_as_are_allowed_and_never_more() {
    for (allowed, expect) in [(0, 1), (1, 1), (7, 7), (50, 50)] {
        let world = World::with_page_size(1000);
        world.add(&followers(1600, &["AAPL"])).await;
        let sender = Arc::new(Watched::default());
        let dispatch = Dispatch { in_flight: allowed, ..world.dispatch_through(Arc::clone(&sender) as _) };
        let tick = tick(&["AAPL"]);
        let report = dispatch.run(&tick, &Words::of(&tick), world.later()).await.unwrap();
        assert_eq!(report.sent, 1600);
        assert_eq!(sender.most.load(Ordering::SeqCst), expect, "{allowed} allowed");
    }
}

#[tokio::test]
async fn each_tick_begins_with_another_shard() {
    let all = followers(200, &["AAPL"]);
    let mut firsts = BTreeSet::new();
    for number in 0..u64::from(CONNECTION_SHARDS) {
        let world = World::with_page_size(100);
        world.add(&all).await;
        let sender = Arc::new(Watched::default());
        let tick = Tick { tick: TickNumber(number), ..tick(&["AAPL"]) };
        let dispatch = Dispatch { in_flight: 1, ..world.dispatch_through(Arc::clone(&sender) as _) };
        assert_eq!(dispatch.run(&tick, &Words::of(&tick), world.later()).await.unwrap().sent, 200);
        firsts.insert(connection_shard(&sender.order()[0]).0);
    }
    assert_eq!(firsts.len(), usize::from(CONNECTION_SHARDS), "somebody is always served before the others: {firsts:?}");
}

/// Notes how many pages are read at once, and whether posts are under way meanwhile.
struct WatchedPages {
    memory: Arc<MemoryStore>,
    reading: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl ConnectionReader for WatchedPages {
    async fn page(&self, shard: Shard, after: Option<&ConnectionId>, now: Timestamp) -> Result<ConnectionPage, StoreError> {
        let reading = self.reading.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(reading, Ordering::SeqCst);
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        self.reading.fetch_sub(1, Ordering::SeqCst);
        ConnectionReader::page(&*self.memory, shard, after, now).await
    }

    async fn connection(&self, id: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        self.memory.connection(id, now).await
    }

    async fn connections_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<ConnectionId>, StoreError> {
        self.memory.connections_of(user, now).await
    }
}

#[tokio::test]
async fn four_shards_are_read_at_once() {
    let world = World::with_page_size(5);
    world.add(&followers(200, &["AAPL"])).await;
    let pages = Arc::new(WatchedPages {
        memory: Arc::clone(&world.memory),
        reading: AtomicUsize::default(),
        most: AtomicUsize::default(),
    });
    let dispatch = Dispatch { connections: Arc::clone(&pages) as _, ..world.dispatch() };
    let tick = tick(&["AAPL"]);
    assert_eq!(dispatch.run(&tick, &Words::of(&tick), world.later()).await.unwrap().sent, 200);
    assert_eq!(pages.most.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn the_report_tells_when_the_last_message_was_taken_and_not_when_the_run_ended() {
    let world = World::with_page_size(100);
    world.add(&[follower("c", &["AAPL"]), follower("gone", &["AAPL"])]).await;
    world.sender.answer(&id("gone"), SendAnswer::Gone);
    let sender = Slow { sender: Arc::clone(&world.sender), clock: Arc::clone(&world.clock), per_frame: Duration::from_secs(1) };
    let tick = tick(&["AAPL"]);
    let dispatch = Dispatch { in_flight: 1, ..world.dispatch_through(Arc::new(sender)) };
    let report = dispatch.run(&tick, &Words::of(&tick), world.later()).await.unwrap();
    let first = [id("c"), id("gone")].into_iter().min_by_key(|id| (16 + connection_shard(id).0 - 7) % 16);
    let seconds = if first == Some(id("c")) { 1 } else { 2 };
    assert_eq!(report.last_sent_at, Some(NOW + Duration::from_secs(seconds)));
}

#[tokio::test]
async fn a_connection_that_hangs_does_not_keep_the_others_of_its_page_waiting() {
    let world = World::with_page_size(100);
    world.add(&followers(40, &["AAPL"])).await;
    let gate = world.sender.hold();
    let dispatch = Dispatch { in_flight: 100, ..world.dispatch() };
    let tick = Tick { shards: (0, 0).into(), ..tick(&["AAPL"]) };
    let mine = world.stored_connections().iter().filter(|id| connection_shard(id).0 == 0).count();
    assert!(mine > 1);
    let words = Words::of(&tick);
    let (report, ()) = tokio::join!(dispatch.run(&tick, &words, world.later()), async {
        gate.reached_by(mine).await;
        gate.let_through(mine - 1);
        while world.sender.recipients().len() < mine - 1 {
            tokio::task::yield_now().await;
        }
        gate.open();
    });
    assert_eq!(report.unwrap().sent, mine);
}

#[tokio::test]
async fn who_has_gone_is_forgotten_unless_it_is_so_young_that_its_opening_may_still_be_under_way() {
    for (age_ms, forgotten) in [(0, false), (9_999, false), (10_000, true), (3_600_000, true)] {
        let world = World::default();
        let connected_at = NOW - Duration::from_millis(age_ms);
        world.add(&[Connection { connected_at, ..follower("c", &["AAPL"]) }, follower("other", &["AAPL"])]).await;
        world.sender.answer(&id("c"), SendAnswer::Gone);
        let report = run(&world, &tick(&["AAPL"])).await;
        let (gone, failed) = if forgotten { (1, 0) } else { (0, 1) };
        let expect = DispatchReport { connections: 2, sent: 1, gone, failed, ..DispatchReport::default() };
        assert_eq!(report, expect, "{age_ms} ms old");
        assert_eq!(world.stored_connections().contains(&id("c")), !forgotten, "{age_ms} ms old");
        assert_eq!(world.sender.attempts(), 2, "nobody is tried again: {age_ms} ms old");
    }
}

#[tokio::test]
async fn who_is_throttled_is_tried_once_more_after_the_others() {
    let world = World::with_page_size(100);
    let all: Vec<Connection> = followers(100, &["AAPL"]).into_iter().filter(|one| connection_shard(&one.id).0 == 3).collect();
    assert!(all.len() >= 3);
    world.add(&all).await;
    let unlucky = &all[0].id;
    let sender = Arc::new(Watched { throttled_first: [unlucky.clone()].into(), ..Watched::default() });
    let tick = tick(&["AAPL"]);
    let dispatch = world.dispatch_through(Arc::clone(&sender) as _);
    let report = untimed(dispatch.run(&tick, &Words::of(&tick), world.later()).await.unwrap());
    assert_eq!(report, DispatchReport { connections: all.len(), sent: all.len(), ..DispatchReport::default() });
    let mut expect: Vec<ConnectionId> = all.iter().map(|one| one.id.clone()).collect();
    expect.push(unlucky.clone());
    assert_eq!(sender.order(), expect);
}

#[tokio::test]
async fn the_throttled_are_tried_again_fewer_at_once() {
    let world = World::with_page_size(1000);
    let all = followers(400, &["AAPL"]);
    world.add(&all).await;
    world.sender.clear();
    for one in &all {
        world.sender.answer_next(&one.id, SendAnswer::Throttled);
    }
    let dispatch = Dispatch { in_flight: 4, ..world.dispatch() };
    let tick = Tick { shards: (0, 0).into(), ..tick(&["AAPL"]) };
    let gate = world.sender.hold();
    let mine = all.iter().filter(|one| connection_shard(&one.id).0 == 0).count();
    let words = Words::of(&tick);
    let (report, ()) = tokio::join!(dispatch.run(&tick, &words, world.later()), async {
        gate.let_through(mine);
        gate.reached_by(mine + 1).await;
        world.sender.clear();
        gate.open();
    });
    assert_eq!(report.unwrap().sent, mine);
    assert_eq!(world.sender.most_in_flight(), 1);
}

#[tokio::test]
async fn what_a_second_try_is_answered_counts_and_there_is_no_third() {
    use SendAnswer::{Failed, Gone, Sent, Throttled};
    for (answers, expect, stays) in [
        (&[Sent][..], DispatchReport { sent: 1, ..DispatchReport::default() }, true),
        (&[Failed], DispatchReport { failed: 1, ..DispatchReport::default() }, true),
        (&[Gone], DispatchReport { gone: 1, ..DispatchReport::default() }, false),
        (&[Throttled, Sent], DispatchReport { sent: 1, ..DispatchReport::default() }, true),
        (&[Throttled, Throttled], DispatchReport { throttled: 1, ..DispatchReport::default() }, true),
        (&[Throttled, Failed], DispatchReport { failed: 1, ..DispatchReport::default() }, true),
        (&[Throttled, Gone], DispatchReport { gone: 1, ..DispatchReport::default() }, false),
    ] {
        let world = World::default();
        world.add(&[follower("c", &["AAPL"])]).await;
        world.will_answer("c", answers);
        let report = run(&world, &tick(&["AAPL"])).await;
        assert_eq!(report, DispatchReport { connections: 1, ..expect }, "{answers:?}");
        assert_eq!(!world.stored_connections().is_empty(), stays, "{answers:?}");
        assert_eq!(world.sender.attempts(), answers.len(), "{answers:?}");
    }
}

#[tokio::test]
async fn the_parts_of_a_message_are_sent_in_order_and_the_first_not_taken_ends_it() {
    use SendAnswer::{Failed, Gone, Sent, Throttled};
    let parts = ["quotes AAPL", "quotes IBM", "quotes MSFT"];
    for (answers, taken, attempts) in
        [(&[][..], &parts[..], 3), (&[Sent, Failed], &parts[..1], 2), (&[Sent, Gone], &parts[..1], 2), (&[Failed], &[], 1)]
    {
        let world = World::default();
        world.add(&[follower("c", &["AAPL", "IBM", "MSFT"])]).await;
        world.will_answer("c", answers);
        let tick = tick(&["AAPL", "IBM", "MSFT"]);
        world.dispatch().run(&tick, &Words::in_parts(&tick, 1), world.later()).await.unwrap();
        assert_eq!(world.sender.frames(&id("c")), taken, "{answers:?}");
        assert_eq!(world.sender.attempts(), attempts, "{answers:?}");
    }
    for throttled_at in 0..3 {
        let world = World::default();
        world.add(&[follower("c", &["AAPL", "IBM", "MSFT"])]).await;
        world.will_answer("c", &vec![Sent; throttled_at]);
        world.will_answer("c", &[Throttled]);
        let tick = tick(&["AAPL", "IBM", "MSFT"]);
        let report = world.dispatch().run(&tick, &Words::in_parts(&tick, 1), world.later()).await.unwrap();
        assert_eq!(report.sent, 1);
        assert_eq!(world.sender.frames(&id("c")), parts, "no part is sent twice: throttled at part {throttled_at}");
    }
}

#[tokio::test]
async fn a_tick_with_no_change_sends_nothing() {
    let world = World::default();
    world.add(&followers(20, &["AAPL"])).await;
    let report = run(&world, &tick(&[])).await;
    assert_eq!(report, DispatchReport { connections: 20, ..DispatchReport::default() });
    assert_eq!(world.sender.attempts(), 0);
}

#[tokio::test]
async fn a_new_state_of_the_source_is_told_to_everybody_and_only_once() {
    let world = World::default();
    let all = [
        follower("changed", &["AAPL"]),
        follower("unchanged", &["IBM"]),
        follower("idle", &[]),
        Connection { paused: true, ..follower("paused", &["AAPL"]) },
    ];
    world.add(&all).await;
    let report = run(&world, &Tick { source_changed: true, ..tick(&["AAPL"]) }).await;
    assert_eq!((report.connections, report.sent), (4, 3));
    for (of, expect) in [("changed", &["quotes AAPL"][..]), ("unchanged", &["status"]), ("idle", &["status"]), ("paused", &[])] {
        assert_eq!(world.sender.frames(&id(of)), expect, "{of}");
    }
}

#[tokio::test]
async fn a_tick_is_dropped_when_it_is_older_than_90_seconds() {
    for (age, stale) in [
        (Duration::ZERO, false),
        (STALE_AFTER, false),
        (STALE_AFTER + Duration::from_millis(1), true),
        (Duration::from_hours(9), true),
    ] {
        let world = World::default();
        world.add(&followers(5, &["AAPL"])).await;
        let report = run(&world, &Tick { made_at: NOW - age, ..tick(&["AAPL"]) }).await;
        let sent = if stale { 0 } else { 5 };
        assert_eq!(report, DispatchReport { stale, connections: sent, sent, ..DispatchReport::default() }, "{age:?}");
        assert_eq!(world.store.log().is_empty(), stale, "a stale tick reads nothing: {age:?}");
    }
    let world = World::default();
    world.add(&followers(5, &["AAPL"])).await;
    let ahead = Tick { made_at: NOW + Duration::from_mins(5), ..tick(&["AAPL"]) };
    assert_eq!(run(&world, &ahead).await.sent, 5, "the fetcher's clock is ahead of ours");
}

#[tokio::test]
async fn connections_that_expired_are_left_alone() {
    let world = World::default();
    let dying_in = |id: &str, rest| Connection { connected_at: NOW - CONNECTION_LIFETIME + rest, ..follower(id, &["AAPL"]) };
    world.add(&[dying_in("dead", Duration::ZERO), dying_in("alive", Duration::from_secs(1))]).await;
    assert_eq!(run(&world, &tick(&["AAPL"])).await.sent, 1);
    assert_eq!(world.sender.recipients(), [id("alive")]);
}

#[tokio::test]
async fn connections_that_follow_the_same_changes_share_one_rendering() {
    struct Counted(Words, AtomicUsize);
    impl FrameEncoder for Counted {
        fn quotes(&self, quotes: &[usize], missing: &[usize]) -> Vec<String> {
            self.1.fetch_add(1, Ordering::SeqCst);
            self.0.quotes(quotes, missing)
        }
        fn status(&self) -> &'static str {
            "status"
        }
    }
    let world = World::with_page_size(1000);
    let tick = Tick { shards: (0, 0).into(), ..tick(&["AAPL", "MSFT"]) };
    let mut all = followers(200, &["AAPL", "IBM"]);
    all.iter_mut().skip(1).step_by(2).for_each(|one| one.listed = sample::symbols(&["AAPL", "TSLA"]));
    world.add(&all).await;
    let encoder = Counted(Words::of(&tick), AtomicUsize::default());
    world.dispatch().run(&tick, &encoder, world.later()).await.unwrap();
    assert_eq!(encoder.1.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_shard_that_cannot_be_read_is_an_error_and_the_others_are_served() {
    for fault in [Fault::Throttled, Fault::Unavailable, Fault::Corrupt, Fault::Refused] {
        let world = World::with_page_size(100);
        let all = followers(100, &["AAPL"]);
        world.add(&all).await;
        world.store.fail_nth(Method::ConnectionPage, 4, fault);
        let tick = tick(&["AAPL"]);
        let error = world.dispatch().run(&tick, &Words::of(&tick), world.later()).await.unwrap_err();
        assert!(matches!(error, DispatchError::Store(_)), "{error}");
        // The tick's number is 7, so it begins with shard 7; one page is a whole shard.
        let served = all.iter().map(|one| one.id.clone()).filter(|id| connection_shard(id).0 != 10);
        assert_eq!(world.sender.recipients(), served.collect::<Vec<_>>(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_shard_that_cannot_be_read_does_not_keep_the_rest_from_being_handed_on() {
    let world = World::with_page_size(100);
    world.add(&followers(100, &["AAPL"])).await;
    world.store.fail_nth(Method::ConnectionPage, 1, Fault::Unavailable);
    let sender = Slow { sender: Arc::clone(&world.sender), clock: Arc::clone(&world.clock), per_frame: Duration::from_secs(1) };
    let tick = tick(&["AAPL"]);
    let error =
        world.dispatch_through(Arc::new(sender)).run(&tick, &Words::of(&tick), NOW + Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(error, DispatchError::Store(StoreError::Unavailable(_))), "{error}");
    assert_eq!(world.publisher.published().len(), 1);
}

#[tokio::test]
async fn whatever_call_to_the_store_fails_it_is_told_or_harmless_and_no_open_connection_is_lost() {
    for page_size in [2, 100] {
        let calls = {
            let world = World::with_page_size(page_size);
            world.add(&followers(40, &["AAPL"])).await;
            world.sender.answer(&id("c007"), SendAnswer::Gone);
            run(&world, &tick(&["AAPL"])).await;
            world.store.log()
        };
        for (at, called) in calls.iter().enumerate() {
            for fault in [Fault::Unavailable, Fault::AnswerLost] {
                let world = World::with_page_size(page_size);
                world.add(&followers(40, &["AAPL"])).await;
                world.sender.answer(&id("c007"), SendAnswer::Gone);
                world.store.fail_call(at + 1, fault);
                let tick = tick(&["AAPL"]);
                let outcome = world.dispatch().run(&tick, &Words::of(&tick), world.later()).await;
                let what = format!("call {at}: {called:?}, {fault:?}");
                // Only a page that could not be read leaves somebody without their message, and that is said.
                assert_eq!(outcome.is_err(), *called == Method::ConnectionPage, "{what}");
                let served = world.sender.recipients().len();
                assert!(if outcome.is_ok() { served == 39 } else { served < 40 }, "{what}");
                let open = world.stored_connections().into_iter().filter(|one| *one != id("c007")).count();
                assert_eq!(open, 39, "{what}");
                // The same tick once more serves everybody.
                assert_eq!(run(&world, &tick).await.sent, 39, "{what}");
                assert_eq!(world.stored_connections().len(), 39, "{what}");
            }
        }
    }
}

/// Connections by id with what they list, what they watch and whether they are paused; the changed symbols and the missing.
type Case = (BTreeMap<String, (BTreeSet<usize>, BTreeSet<usize>, bool)>, BTreeSet<usize>, BTreeSet<usize>);

fn cases() -> impl Strategy<Value = Case> {
    let some = || prop::collection::btree_set(0..12_usize, 0..8);
    (prop::collection::btree_map("[a-zA-Z0-9]{6}=", (some(), some(), prop::bool::weighted(0.1)), 0..40), some(), some())
}

fn named(numbers: &BTreeSet<usize>) -> BTreeSet<Symbol> {
    numbers.iter().map(|n| sample::symbol(&format!("S{n}"))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_a_connection_gets_is_what_it_follows_and_what_changed(
        (connections, changed, gone) in cases(),
        page_size in 1..20_usize,
        in_flight in 1..10_usize,
        frames_in_time in 1..60_u32,
        throttled in prop::collection::btree_set(0..40_usize, 0..10),
    ) {
        let gone: BTreeSet<usize> = gone.difference(&changed).copied().collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::with_page_size(page_size);
            let all: Vec<Connection> = connections
                .iter()
                .map(|(id, (listed, watched, paused))| Connection {
                    listed: named(listed), watched: named(watched), paused: *paused, ..follower(id, &[])
                })
                .collect();
            world.add(&all).await;
            for at in throttled {
                if let Some(unlucky) = all.get(at) {
                    world.sender.answer_next(&unlucky.id, SendAnswer::Throttled);
                }
            }
            let names = |numbers: &BTreeSet<usize>| numbers.iter().map(|n| format!("S{n}")).collect::<Vec<_>>();
            let changed_names = names(&changed);
            let mut whole = tick(&changed_names.iter().map(String::as_str).collect::<Vec<_>>());
            whole.missing = names(&gone).iter().map(|of| missing(of, MissingReason::Unknown)).collect();
            // Time passes with each frame; the second tries happen in no time.
            let per_frame = Duration::from_millis(10);
            let reports = run_to_the_end(&world, &whole, in_flight, per_frame, per_frame * frames_in_time).await;
            let unserved = reports.iter().map(|report| report.throttled).sum::<usize>();
            let mut without = 0;
            for connection in &all {
                let expect: BTreeSet<String> = named(&changed).union(&named(&gone))
                    .filter(|symbol| !connection.paused && connection.follows(symbol))
                    .map(|symbol| if named(&gone).contains(symbol) { format!("-{symbol}") } else { symbol.to_string() })
                    .collect();
                let frames = world.sender.frames(&connection.id);
                prop_assert!(frames.len() <= 1);
                let got: Vec<String> = frames.iter().flat_map(|frame| frame.split(' ').skip(1)).map(str::to_owned).collect();
                if got.is_empty() && !expect.is_empty() {
                    without += 1;
                    continue;
                }
                prop_assert_eq!(got.len(), expect.len(), "each symbol once");
                prop_assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), expect);
            }
            prop_assert_eq!(without, unserved, "who got nothing is counted as throttled");
            prop_assert_eq!(reports.iter().map(|report| report.connections).sum::<usize>(), all.len());
            Ok(())
        })?;
    }
}
