//! What is polled when: leases, urgency, the budget of calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use quickstocks_core::fetch::{Demand, Fetch, FetchConfig, Plan, PlanConfig, RESTING_INTERVAL, plan};
use quickstocks_core::model::{
    CallBudget, Lease, MarketState, MissingReason, POLL_SHARDS, PollEntry, Quote, Symbol, Timestamp, Urgency, poll_shard,
};
use quickstocks_core::ports::{CallCounter, Clock, PollSetWriter};
use quickstocks_testkit::faults::Method;
use quickstocks_testkit::sample::{self, NOW};

use crate::support::{TICK, World};

/// The calls an hour that the source has unless told otherwise.
const USUAL_BUDGET: CallBudget = CallBudget::PerHour(300);

const DAY: Duration = Duration::from_hours(24);

fn config(budget: CallBudget) -> PlanConfig {
    PlanConfig { tick: TICK, symbols_per_call: 50, budget }
}

/// A symbol that is wanted for a day and was polled so long ago.
fn wanted(of: &str, urgency: Urgency, polled: Option<Duration>) -> PollEntry {
    let mut entry = PollEntry { polled_at: polled.map(|ago| NOW - ago), ..PollEntry::new(sample::symbol(of)) };
    entry.extend(urgency, NOW + DAY);
    entry
}

fn resting(of: &str, polled: Duration) -> PollEntry {
    PollEntry { rests_at: Some(sample::code("NMS")), ..wanted(of, Urgency::OnScreen, Some(polled)) }
}

fn many(prefix: &str, count: usize, urgency: Urgency) -> Vec<PollEntry> {
    (0..count).map(|n| wanted(&format!("{prefix}{n}"), urgency, None)).collect()
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.symbols.iter().map(Symbol::as_str).collect()
}

#[test]
fn a_symbol_is_wanted_as_its_most_urgent_live_lease_says_and_not_from_the_moment_the_last_runs_out() {
    let moment = Duration::from_millis(1);
    let (live, over) = (Some(NOW + moment), Some(NOW));
    for (on_screen_until, armed_until, followed_until, expect) in [
        (live, live, live, Some(Urgency::OnScreen)),
        (over, live, live, Some(Urgency::Armed)),
        (None, live, None, Some(Urgency::Armed)),
        (over, over, live, Some(Urgency::Followed)),
        (None, None, live, Some(Urgency::Followed)),
        (over, over, over, None),
        (None, None, None, None),
    ] {
        let entry = PollEntry { on_screen_until, armed_until, followed_until, ..PollEntry::new(sample::symbol("AAPL")) };
        let plan = plan(&[entry], NOW, 0, &config(CallBudget::Off));
        let count = |urgency| u32::from(expect == Some(urgency));
        let demand = Demand {
            on_screen: count(Urgency::OnScreen),
            armed: count(Urgency::Armed),
            followed: count(Urgency::Followed),
            resting: 0,
        };
        assert_eq!((names(&plan).len(), plan.demand), (usize::from(expect.is_some()), demand), "{expect:?}");
    }
}

#[test]
fn a_lease_only_ever_grows() {
    let mut entry = PollEntry::new(sample::symbol("AAPL"));
    assert_eq!(entry.wanted_until(), None);
    for (urgency, until, expect) in [
        (Urgency::Followed, NOW + TICK, NOW + TICK),
        (Urgency::Followed, NOW, NOW + TICK),
        (Urgency::OnScreen, NOW + DAY, NOW + DAY),
        (Urgency::Followed, NOW + TICK * 2, NOW + DAY),
        (Urgency::Armed, NOW + DAY * 2, NOW + DAY * 2),
    ] {
        entry.extend(urgency, until);
        assert_eq!(entry.wanted_until(), Some(expect), "{urgency:?} until {until}");
    }
    assert_eq!((entry.on_screen_until, entry.followed_until), (Some(NOW + DAY), Some(NOW + TICK * 2)));
}

#[test]
fn the_most_urgent_come_first_then_who_waited_longest_and_who_rests_comes_last() {
    let minutes = |n| Some(Duration::from_mins(n));
    let entries = [
        resting("REST", RESTING_INTERVAL * 3),
        wanted("LIST", Urgency::Followed, minutes(9)),
        wanted("ARMED", Urgency::Armed, minutes(2)),
        wanted("SCREEN2", Urgency::OnScreen, minutes(2)),
        wanted("NEWLIST", Urgency::Followed, None),
        wanted("SCREEN5", Urgency::OnScreen, minutes(5)),
        wanted("NEWSCREEN", Urgency::OnScreen, None),
    ];
    let plan = plan(&entries, NOW, 0, &config(USUAL_BUDGET));
    assert_eq!(names(&plan), ["NEWSCREEN", "SCREEN5", "SCREEN2", "ARMED", "NEWLIST", "LIST", "REST"]);
    assert_eq!(plan.demand, Demand { on_screen: 4, armed: 1, followed: 2, resting: 1 });
}

#[test]
fn what_moves_is_due_in_every_tick_even_if_the_last_came_up_to_half_a_tick_late() {
    for (ago_s, due) in [(90, true), (60, true), (30, true), (29, false), (0, false)] {
        let entries = [wanted("AAPL", Urgency::OnScreen, Some(Duration::from_secs(ago_s)))];
        let plan = plan(&entries, NOW, 0, &config(CallBudget::Off));
        assert_eq!(plan.symbols.len(), usize::from(due), "{ago_s} s ago");
    }
}

#[test]
fn what_rests_or_has_no_quote_is_due_every_quarter_of_an_hour() {
    let soon = RESTING_INTERVAL.saturating_sub(TICK / 2);
    let moment = Duration::from_millis(1);
    for (ago, due) in [(soon.saturating_sub(moment), false), (soon, true), (RESTING_INTERVAL, true)] {
        let gone = PollEntry { missing: Some(MissingReason::Delisted), ..wanted("GONE", Urgency::OnScreen, Some(ago)) };
        for entry in [resting("REST", ago), gone] {
            let plan = plan(std::slice::from_ref(&entry), NOW, 0, &config(CallBudget::Off));
            assert_eq!(plan.symbols.len(), usize::from(due), "{} {ago:?} ago", entry.symbol);
            assert_eq!((plan.demand.on_screen, plan.demand.resting), (1, 1));
        }
    }
}

#[test]
fn a_woken_symbol_is_due_at_once() {
    let woken = PollEntry { polled_at: None, ..wanted("AAPL", Urgency::OnScreen, Some(Duration::ZERO)) };
    assert_eq!(names(&plan(&[woken], NOW, 0, &config(USUAL_BUDGET))), ["AAPL"]);
}

#[test]
fn what_room_is_left_in_the_last_call_goes_to_who_waited_longest() {
    let rests = |of: &str, minutes| resting(of, Duration::from_mins(minutes));
    let entries =
        [wanted("A", Urgency::OnScreen, None), rests("R3", 3), rests("R5", 5), rests("R1", 1), rests("R4", 4), rests("R2", 2)];
    for (symbols_per_call, expect) in
        [(1, &["A"][..]), (2, &["A", "R5"]), (4, &["A", "R5", "R4", "R3"]), (50, &["A", "R5", "R4", "R3", "R2", "R1"])]
    {
        let plan = plan(&entries, NOW, 0, &PlanConfig { symbols_per_call, ..config(USUAL_BUDGET) });
        assert_eq!(names(&plan), expect, "{symbols_per_call} a call");
    }
    let rest_only = plan(&entries[1..], NOW, 0, &config(USUAL_BUDGET));
    assert!(rest_only.symbols.is_empty(), "no call is made just to fill it");
}

#[test]
fn without_a_budget_everything_that_moves_is_polled_in_every_tick() {
    let entries: Vec<PollEntry> = [(Urgency::OnScreen, 700), (Urgency::Armed, 300), (Urgency::Followed, 5000)]
        .into_iter()
        .flat_map(|(urgency, count)| many(&format!("{urgency:?}"), count, urgency))
        .collect();
    let plan = plan(&entries, NOW, 100_000, &config(CallBudget::Off));
    assert_eq!(plan.symbols.len(), 6000);
    assert_eq!((plan.on_screen_interval, plan.armed_interval, plan.followed_interval), (60, 60, 60));
    assert!(!plan.stretched);
}

#[test]
fn the_budget_stretches_the_least_urgent_first() {
    let entries = |counts: [usize; 3]| -> Vec<PollEntry> {
        [Urgency::OnScreen, Urgency::Armed, Urgency::Followed]
            .into_iter()
            .zip(counts)
            .flat_map(|(urgency, count)| many(&format!("{urgency:?}"), count, urgency))
            .collect()
    };
    // 300 calls an hour are five a tick, of 50 symbols each.
    for (counts, expect) in [
        ([0, 0, 0], [60, 60, 60]),
        ([250, 0, 0], [60, 60, 60]),
        ([50, 50, 150], [60, 60, 60]),
        ([0, 0, 251], [60, 60, 120]),
        ([0, 0, 500], [60, 60, 120]),
        ([100, 0, 450], [60, 60, 180]),
        ([100, 0, 500], [60, 60, 240]),
        ([50, 300, 0], [60, 120, 120]),
    ] {
        let plan = plan(&entries(counts), NOW, 0, &config(USUAL_BUDGET));
        let intervals = [plan.on_screen_interval, plan.armed_interval, plan.followed_interval];
        assert_eq!(intervals, expect, "{counts:?}");
        assert_eq!(plan.stretched, expect[2] > 60, "{counts:?}");
    }
}

#[test]
fn the_interval_told_is_that_of_the_least_urgent_that_is_wanted() {
    let intervals = Plan {
        symbols: Vec::new(),
        demand: Demand::default(),
        on_screen_interval: 60,
        armed_interval: 120,
        followed_interval: 240,
        stretched: true,
    };
    for (on_screen, armed, followed, expect) in [(1, 1, 1, 240), (0, 0, 1, 240), (1, 1, 0, 120), (1, 0, 0, 60), (0, 0, 0, 60)] {
        let plan = Plan { demand: Demand { on_screen, armed, followed, resting: 0 }, ..intervals.clone() };
        assert_eq!(plan.interval(), expect, "{:?}", plan.demand);
    }
}

#[test]
fn what_is_left_of_the_budget_is_spread_over_what_is_left_of_the_hour() {
    let entries = many("S", 5000, Urgency::Followed);
    for (into_hour_s, spent, calls) in [
        (0, 0, 5),
        (0, 299, 1),
        (0, 300, 0),
        (0, 1000, 0),
        (1800, 150, 5),
        (1800, 0, 10),
        (1800, 290, 1),
        (3540, 290, 10),
        (3599, 0, 300),
    ] {
        let now = NOW + Duration::from_secs(into_hour_s);
        let plan = plan(&entries, now, spent, &config(USUAL_BUDGET));
        assert_eq!(plan.symbols.len(), (calls * 50).min(5000), "{into_hour_s} s into the hour, {spent} spent");
    }
}

/// What happened in a run of the fetcher.
struct Ticks {
    /// The symbols of each tick.
    polled: Vec<BTreeSet<Symbol>>,
    /// The calls of each hour.
    calls: BTreeMap<i64, u32>,
}

impl Ticks {
    /// How long a symbol waited at most from one poll to the next, the ends of the run included.
    fn longest_wait(&self, of: &str) -> Duration {
        let symbol = sample::symbol(of);
        let mut waits = vec![0_u32];
        for polled in &self.polled {
            if polled.contains(&symbol) {
                waits.push(0);
            }
            *waits.last_mut().unwrap() += 1;
        }
        TICK * waits.into_iter().max().unwrap()
    }
}

impl World {
    /// A world with pages that hold a shard.
    fn wide() -> Self {
        Self::with_page_size(1000)
    }

    /// Puts so many quoted symbols into the poll set: `A0`, `A1`, …
    async fn want_many(&self, prefix: &str, count: usize, urgency: Urgency, state: MarketState) {
        let mut leases = Vec::new();
        for n in 0..count {
            let quote = sample::quote(&format!("{prefix}{n}"), "10", NOW);
            leases.push(Lease { symbol: quote.symbol.clone(), urgency, until: NOW + DAY });
            self.source.set_quote(Quote { market_state: state, exchange_code: Some(sample::code("NMS")), ..quote });
        }
        self.memory.extend(&leases).await.unwrap();
    }

    /// Runs the fetcher tick by tick with that budget and counts its calls, as the source's client does.
    async fn run_for(&self, ticks: usize, budget: CallBudget) -> Ticks {
        let fetch = Fetch { config: FetchConfig { tick: TICK, budget, dispatch_messages: 1 }, ..self.fetch() };
        let (mut asked, mut calls) = (Vec::new(), BTreeMap::new());
        for _ in 0..ticks {
            let hour = self.clock.now().millis().div_euclid(3_600_000);
            let report = fetch.run().await.unwrap();
            calls.insert(hour, self.memory.add_calls(hour, report.calls).await.unwrap());
            asked.push(report.polled > 0);
            self.clock.advance(TICK);
        }
        let mut polls = self.source.polls().into_iter();
        let polled = asked.into_iter().map(|asked| polls.by_ref().take(usize::from(asked)).flatten().collect()).collect();
        Ticks { polled, calls }
    }
}

#[tokio::test]
async fn five_hundred_followed_symbols_of_every_shard_take_ten_calls() {
    let world = World::with_page_size(100);
    world.want_many("S", 500, Urgency::Followed, MarketState::Regular).await;
    let shards: BTreeSet<_> = sample::many_symbols(500).iter().map(poll_shard).collect();
    assert_eq!(shards.len(), usize::from(POLL_SHARDS), "the sample spreads over every shard");
    let report = world.fetch().run().await.unwrap();
    assert_eq!((report.polled, report.calls, report.changed), (500, 10, 500));
    assert_eq!(report.health.interval, 60);
    assert!(world.store.call_count(Method::PollPage) > usize::from(POLL_SHARDS), "more pages than shards");
    let polled: BTreeSet<Symbol> = world.source.polls().concat().into_iter().collect();
    assert_eq!(polled.len(), 500);
}

#[tokio::test]
async fn with_the_usual_budget_five_hundred_followed_symbols_are_polled_every_two_minutes_and_the_budget_is_kept() {
    let world = World::wide();
    world.want_many("S", 500, Urgency::Followed, MarketState::Regular).await;
    let ran = world.run_for(65, USUAL_BUDGET).await;
    assert_eq!(world.status().await.followed_interval, 120);
    for n in 0..500 {
        assert_eq!(ran.longest_wait(&format!("S{n}")), Duration::from_mins(2), "S{n}");
    }
    assert!(ran.calls.values().all(|calls| *calls <= 300), "{:?}", ran.calls);
}

#[tokio::test]
async fn however_much_is_on_screen_what_is_armed_followed_or_resting_does_not_wait_for_ever() {
    for on_screen in [250, 500] {
        let world = World::wide();
        world.want_many("S", on_screen, Urgency::OnScreen, MarketState::Regular).await;
        world.want_many("A", 20, Urgency::Armed, MarketState::Regular).await;
        world.want_many("F", 20, Urgency::Followed, MarketState::Regular).await;
        world.want_many("R", 20, Urgency::OnScreen, MarketState::Closed).await;
        let ran = world.run_for(75, USUAL_BUDGET).await;
        let status = world.status().await;
        for (prefix, count, told) in [
            ("S", on_screen, status.on_screen_interval),
            ("A", 20, status.armed_interval),
            ("F", 20, status.followed_interval),
            ("R", 20, 900),
        ] {
            let longest = (0..count).map(|n| ran.longest_wait(&format!("{prefix}{n}"))).max().unwrap();
            // The first round takes longer: nothing of the closed market is known to rest yet.
            let allowed = Duration::from_secs(u64::from(told)) * 2 + TICK;
            assert!(longest <= allowed, "{prefix} of {on_screen}: {longest:?}, told {told} s");
        }
        assert!(ran.calls.values().all(|calls| *calls <= 300), "{:?}", ran.calls);
    }
}

#[tokio::test]
async fn when_others_spend_of_the_budget_the_symbols_that_find_no_room_take_turns() {
    let world = World::wide();
    world.want_many("S", 250, Urgency::OnScreen, MarketState::Regular).await;
    let hour = NOW.millis().div_euclid(3_600_000);
    world.memory.add_calls(hour, 60).await.unwrap();
    let ran = world.run_for(60, USUAL_BUDGET).await;
    for n in 0..250 {
        assert!(ran.longest_wait(&format!("S{n}")) <= TICK * 3, "S{n}: {:?}", ran.longest_wait(&format!("S{n}")));
    }
    assert_eq!(ran.calls[&hour], 300);
}

fn entries() -> impl Strategy<Value = Vec<PollEntry>> {
    let until = || prop::option::of((-600..3600_i64).prop_map(|s| Timestamp::from_millis(NOW.millis() + s * 1000)));
    let polled = prop::option::of((0..3600_u64).prop_map(|s| NOW - Duration::from_secs(s)));
    // Fewer names than entries: two rows for one symbol are not expected and must do no harm.
    let entry = (0..150_u32, until(), until(), until(), polled, 0..6_u8).prop_map(
        |(of, on_screen_until, armed_until, followed_until, polled_at, rests)| PollEntry {
            symbol: sample::symbol(&format!("S{of}")),
            on_screen_until,
            armed_until,
            followed_until,
            polled_at,
            rests_at: (rests == 0).then(|| sample::code("NMS")),
            missing: (rests == 1).then_some(MissingReason::Delisted),
        },
    );
    prop::collection::vec(entry, 0..200)
}

proptest! {
    #[test]
    fn a_plan_has_no_symbol_twice_none_that_nobody_wants_and_no_more_calls_than_are_left(
        entries in entries(),
        budget in prop::option::of(1..2000_u32),
        spent in 0..2500_u32,
        into_hour in 0..3600_u64,
        symbols_per_call in 1..60_usize,
        tick_s in 1..600_u64,
    ) {
        let budget = budget.map_or(CallBudget::Off, CallBudget::PerHour);
        let now = NOW + Duration::from_secs(into_hour);
        let plan = plan(&entries, now, spent, &PlanConfig { tick: Duration::from_secs(tick_s), symbols_per_call, budget });

        let polled: BTreeSet<&Symbol> = plan.symbols.iter().collect();
        prop_assert_eq!(polled.len(), plan.symbols.len(), "twice");
        let wanted: BTreeSet<&Symbol> =
            entries.iter().filter(|entry| entry.urgency(now).is_some()).map(|entry| &entry.symbol).collect();
        prop_assert!(polled.is_subset(&wanted), "not wanted");
        let demand = plan.demand.on_screen + plan.demand.armed + plan.demand.followed;
        prop_assert_eq!(usize::try_from(demand).unwrap(), wanted.len());
        if let CallBudget::PerHour(calls) = budget {
            let needed = u32::try_from(plan.symbols.len().div_ceil(symbols_per_call)).unwrap();
            prop_assert!(needed <= calls.saturating_sub(spent), "{} calls of {}, {} spent", needed, calls, spent);
        }
        prop_assert!(plan.on_screen_interval <= plan.armed_interval && plan.armed_interval <= plan.followed_interval);
        prop_assert!(u64::from(plan.on_screen_interval) >= tick_s);
    }

    #[test]
    fn what_was_polled_long_enough_ago_or_never_is_polled_before_anything_of_its_urgency_that_was_later(
        entries in entries(),
        calls in 60..300_u32,
    ) {
        let plan = plan(&entries, NOW, 0, &PlanConfig { symbols_per_call: 4, ..config(CallBudget::PerHour(calls)) });
        let mut first = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.urgency(NOW).is_some()) {
            first.entry(&entry.symbol).or_insert(entry);
        }
        let chosen: BTreeSet<&Symbol> = plan.symbols.iter().collect();
        let rank = |entry: &PollEntry| (entry.rests_at.is_some() || entry.missing.is_some(), entry.urgency(NOW));
        for left_out in first.values().filter(|entry| !chosen.contains(&entry.symbol)) {
            for taken in chosen.iter().map(|symbol| first[symbol]).filter(|taken| rank(taken) == rank(left_out)) {
                prop_assert!(taken.polled_at <= left_out.polled_at, "{} before {}", taken.symbol, left_out.symbol);
            }
        }
    }
}
