//! What is followed, derived anew from everybody's lists.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::alerts::ARMED_LEASE;
use quickstocks_core::model::{
    Alert, AlertState, AlertStatus, Lease, ListId, POLL_SHARDS, Symbol, Timestamp, TokenKind, Urgency,
};
use quickstocks_core::ports::{
    AlertWriter, Change, Clock, PollSetWriter, SweepReader, TokenWriter, UserWriter, WatchlistReader, WatchlistWriter,
};
use quickstocks_core::sweep::{SEEN_WITHIN, SWEEP_EVERY, Sweep, SweepOutcome, SweepReport};
use quickstocks_core::watchlists::FOLLOWED_LEASE;
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample;

use crate::support::World;

const HOUR: Duration = Duration::from_hours(1);

impl World {
    fn sweep(&self) -> Sweep {
        Sweep {
            lists: Arc::clone(&self.store) as _,
            armed: Arc::clone(&self.store) as _,
            poll_set: Arc::clone(&self.store) as _,
            poll_writer: Arc::clone(&self.store) as _,
            state: Arc::clone(&self.store) as _,
            state_writer: Arc::clone(&self.store) as _,
            clock: Arc::clone(&self.clock) as _,
        }
    }

    async fn swept(&self) -> SweepReport {
        self.sweep().run(self.later()).await.unwrap()
    }

    /// A guest with a list of these symbols and a session that was used now and lives long.
    async fn arrive(&self, id: &str, symbols: &[&str]) {
        let now = self.clock.now();
        let mut session = sample::token(id, TokenKind::Session, id);
        (session.created_at, session.used_at, session.expires_at) = (now, now, now + Duration::from_hours(90 * 24));
        self.memory.create(&sample::guest(id), &sample::watchlist("1f", "First", symbols), &session).await.unwrap();
    }

    async fn lease(&self, symbols: &[&str], urgency: Urgency, until: Timestamp) {
        let leases: Vec<Lease> = symbols.iter().map(|of| Lease { symbol: sample::symbol(of), urgency, until }).collect();
        PollSetWriter::extend(&*self.memory, &leases).await.unwrap();
    }

    /// What the planner would take for followed.
    fn wanted(&self) -> BTreeSet<Symbol> {
        let now = self.clock.now();
        let entries = self.memory.poll_set();
        entries.into_iter().filter(|entry| entry.urgency(now).is_some()).map(|entry| entry.symbol).collect()
    }
}

#[tokio::test]
async fn what_seen_users_follow_stays_and_what_nobody_follows_goes() {
    let world = World::default();
    world.arrive("ann", &["AAPL", "MSFT"]).await;
    world.arrive("bob", &["AAPL", "IBM"]).await;
    let soon = world.clock.now() + HOUR;
    world.lease(&["AAPL", "GONE", "SEEN"], Urgency::Followed, soon).await;
    world.lease(&["SEEN"], Urgency::OnScreen, soon).await;
    let report = world.swept().await;
    let expected = SweepReport { outcome: SweepOutcome::Finished, users: 2, unseen: 0, symbols: 3, armed: 0, ended: 2 };
    assert_eq!(report, expected);
    assert_eq!(world.wanted(), sample::symbols(&["AAPL", "IBM", "MSFT", "SEEN"]));
    let until = world.clock.now() + FOLLOWED_LEASE;
    let leased = world.memory.poll_set().into_iter().filter(|entry| entry.followed_until == Some(until));
    assert_eq!(leased.map(|entry| entry.symbol).collect::<BTreeSet<_>>(), sample::symbols(&["AAPL", "IBM", "MSFT"]));
}

#[tokio::test]
async fn a_guest_who_was_not_seen_for_long_keeps_nothing_polled() {
    let world = World::default();
    world.arrive("ann", &["AAPL"]).await;
    world.clock.advance(SEEN_WITHIN);
    world.arrive("bob", &["MSFT"]).await;
    world.lease(&["AAPL"], Urgency::Followed, world.clock.now() + HOUR).await;
    let report = world.swept().await;
    assert_eq!((report.users, report.unseen, report.ended), (2, 1, 1));
    assert_eq!(world.wanted(), sample::symbols(&["MSFT"]));

    let ann = sample::token("ann", TokenKind::Session, "ann");
    TokenWriter::extend(&*world.memory, &ann.hash, world.clock.now(), world.clock.now() + HOUR).await.unwrap();
    world.clock.advance(SWEEP_EVERY);
    assert_eq!(world.swept().await.unseen, 1, "her session has run out by now");
}

#[tokio::test]
async fn a_lease_that_was_written_during_the_sweep_stays() {
    let world = World::default();
    for n in 0..8 {
        world.arrive(&format!("{n}"), &["AAPL"]).await;
    }
    let gate = world.store.hold(Method::EndFollowed);
    world.lease(&["OLD", "NEW"], Urgency::Followed, world.clock.now() + HOUR).await;
    let (sweep, deadline) = (world.sweep(), world.later());
    let sweeping = tokio::spawn(async move { sweep.run(deadline).await.unwrap() });
    gate.reached_by(1).await;
    // Somebody whom the walk has passed puts NEW on their list.
    world.lease(&["NEW"], Urgency::Followed, world.clock.now() + FOLLOWED_LEASE).await;
    gate.open();
    sweeping.await.unwrap();
    assert_eq!(world.wanted(), sample::symbols(&["AAPL", "NEW"]));
}

#[tokio::test]
async fn it_is_made_once_a_day_and_twice_does_no_harm() {
    let world = World::default();
    world.arrive("ann", &["AAPL"]).await;
    let (one, other) = (world.sweep(), world.sweep());
    let (one, other) = tokio::join!(one.run(world.later()), other.run(world.later()));
    assert_eq!(one.unwrap().outcome, SweepOutcome::Finished);
    other.unwrap();
    let after = world.memory.poll_set();
    world.clock.advance(SWEEP_EVERY.checked_sub(Duration::from_millis(1)).unwrap());
    assert_eq!(world.swept().await.outcome, SweepOutcome::NotDue);
    assert_eq!(world.memory.poll_set(), after);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.swept().await.outcome, SweepOutcome::Finished);
}

#[tokio::test]
async fn a_sweep_whose_time_is_up_goes_on_where_it_was() {
    let world = World::default();
    for n in 0..10 {
        world.arrive(&format!("{n}"), &["AAPL", &format!("S{n}")]).await;
    }
    world.lease(&["GONE"], Urgency::Followed, world.clock.now() + HOUR).await;
    // Each page is held back until the clock has passed the deadline.
    let gate = world.store.hold(Method::Followers);
    let mut users = 0;
    for round in 1..=4 {
        let (sweep, deadline) = (world.sweep(), world.later());
        let sweeping = tokio::spawn(async move { sweep.run(deadline).await.unwrap() });
        gate.reached_by(round).await;
        world.clock.set(deadline);
        gate.let_through(1);
        let report = sweeping.await.unwrap();
        assert_eq!(report.outcome, SweepOutcome::TimeUp);
        users += report.users;
        assert!(world.wanted().contains(&sample::symbol("GONE")), "nothing ends before everybody was seen");
    }
    gate.open();
    assert_eq!(users, 10, "nobody is visited twice");
    let report = world.swept().await;
    assert_eq!((report.outcome, report.symbols, report.ended), (SweepOutcome::Finished, 11, 1));
    assert!(world.memory.sweep().await.unwrap().unfinished.is_none());
}

#[tokio::test]
async fn a_sweep_that_fails_ends_nothing_and_the_next_one_makes_up_for_it() {
    for method in
        [Method::Sweep, Method::Followers, Method::ExtendLeases, Method::PollPage, Method::EndFollowed, Method::PutSweep]
    {
        let world = World::default();
        world.arrive("ann", &["AAPL"]).await;
        world.lease(&["AAPL", "GONE"], Urgency::Followed, world.clock.now() + HOUR).await;
        world.store.fail_nth(method, 1, Fault::Unavailable);
        world.sweep().run(world.later()).await.unwrap_err();
        assert!(world.wanted().contains(&sample::symbol("AAPL")), "{method:?}");
        assert_eq!(world.swept().await.outcome, SweepOutcome::Finished, "{method:?}");
        assert_eq!(world.wanted(), sample::symbols(&["AAPL"]), "{method:?}");
    }
}

/// Two devices of each of a thousand guests edit one list at once, each again on what the other left; then the sweep.
#[tokio::test]
async fn no_edit_of_a_thousand_guests_is_lost_and_the_poll_set_is_what_they_follow() {
    let world = World::with_page_size(100);
    for n in 0..1000 {
        let id = format!("{n:03x}");
        world.arrive(&id, &[]).await;
        for list in ["2f", "3f"] {
            let shared = format!("L{}", n % 40);
            world.memory.insert(&sample::user(&id), &sample::watchlist(list, "More", &[&shared])).await.unwrap();
        }
    }
    world.lease(&["GONE", "L7"], Urgency::Followed, world.clock.now() + HOUR).await;
    let device = async |id: &str, symbol: &str| {
        let (user, list) = (sample::user(id), ListId::new("1f"));
        let mut conflicts = 0;
        loop {
            let before = WatchlistReader::watchlist(&*world.memory, &user, &list).await.unwrap().unwrap();
            tokio::task::yield_now().await;
            let mut after = before.clone();
            after.symbols.push(sample::symbol(symbol));
            after.version += 1;
            match world.memory.replace(&user, &after, before.version).await.unwrap() {
                Change::Done => return conflicts,
                _ => conflicts += 1,
            }
        }
    };
    let mut conflicts = 0;
    let mut followed: BTreeSet<Symbol> = (0..40).map(|n| sample::symbol(&format!("L{n}"))).collect();
    for n in 0..1000 {
        let (id, mine, yours) = (format!("{n:03x}"), format!("A{n}"), format!("B{}", n % 7));
        let (one, other) = tokio::join!(device(&id, &mine), device(&id, &yours));
        conflicts += one + other;
        followed.extend([&mine, &yours].map(|text| sample::symbol(text)));
        let list = WatchlistReader::watchlist(&*world.memory, &sample::user(&id), &ListId::new("1f")).await.unwrap().unwrap();
        assert_eq!(list.symbols.into_iter().collect::<BTreeSet<_>>(), sample::symbols(&[&mine, &yours]));
    }
    assert_eq!(conflicts, 1000, "each pair met");
    let report = world.swept().await;
    assert_eq!((report.users, report.symbols, report.ended), (1000, followed.len(), 1));
    assert_eq!(world.wanted(), followed);
}

#[tokio::test]
async fn planning_a_tick_of_twenty_thousand_symbols_is_one_paged_read_a_shard() {
    const PAGE: usize = 1000;
    let world = World::with_page_size(PAGE);
    let symbols = sample::many_symbols(20_000);
    let until = world.clock.now() + HOUR;
    let lease = |symbol: &Symbol| Lease { symbol: symbol.clone(), urgency: Urgency::Followed, until };
    PollSetWriter::extend(&*world.memory, &symbols.iter().map(lease).collect::<Vec<_>>()).await.unwrap();
    world.fetch().run().await.unwrap();
    let mut pages = 0;
    for shard in 0..POLL_SHARDS {
        let rows = symbols.iter().filter(|symbol| quickstocks_core::model::poll_shard(symbol).0 == shard).count();
        // A page that is full says that there may be more.
        pages += rows / PAGE + 1;
    }
    assert_eq!(world.store.call_count(Method::PollPage), pages);
    let before_the_poll = world.store.log().into_iter().take_while(|method| *method != Method::NextTick);
    let others: Vec<Method> = before_the_poll.filter(|method| *method != Method::PollPage).collect();
    assert_eq!(others, [Method::Status], "nothing is read a symbol");
}

#[tokio::test]
async fn what_three_or_more_follow_is_remembered_as_followed_most() {
    let world = World::default();
    for (user, symbols) in [("ann", vec!["AAPL", "MSFT"]), ("ben", vec!["AAPL", "MSFT"]), ("cat", vec!["AAPL", "^GSPC"])] {
        world.arrive(user, &symbols).await;
    }
    world.swept().await;
    let most = async || {
        let state = world.memory.sweep().await.unwrap();
        state.most_followed.iter().map(|one| format!("{} {}", one.symbol, one.followers)).collect::<Vec<_>>()
    };
    assert_eq!(most().await, ["AAPL 3"], "two followers are two people");
    // A sweep that runs out of time leaves the last one's counts.
    world.arrive("dan", &["MSFT"]).await;
    world.clock.advance(SWEEP_EVERY);
    assert_eq!(world.sweep().run(world.clock.now()).await.unwrap().outcome, SweepOutcome::TimeUp);
    assert_eq!(most().await, ["AAPL 3"]);
    assert_eq!(world.swept().await.outcome, SweepOutcome::Finished);
    assert_eq!(most().await, ["AAPL 3", "MSFT 3"]);
}

#[tokio::test]
async fn what_alerts_watch_stays_polled_whoever_follows_it() {
    let world = World::default();
    for (id, symbol, status) in
        [("a1", "AAPL", AlertStatus::Armed), ("a2", "MSFT", AlertStatus::Resting), ("a3", "IBM", AlertStatus::Fired)]
    {
        let state = AlertState { status, ..AlertState::default() };
        world.memory.insert_alert(&Alert { state, ..sample::alert(id, "ann", symbol) }).await.unwrap();
    }
    let report = world.swept().await;
    assert_eq!((report.armed, report.users, report.ended), (2, 0, 0));
    assert_eq!(world.wanted(), sample::symbols(&["AAPL", "MSFT"]));
    world.clock.advance(SWEEP_EVERY);
    world.swept().await;
    world.clock.advance(ARMED_LEASE.checked_sub(HOUR).unwrap());
    assert_eq!(world.wanted(), sample::symbols(&["AAPL", "MSFT"]), "two sweeps may fail");
}
