//! What the deadline cuts off is handed on.

use super::*;

/// Runs a tick, and then whatever is handed on, each with so much time; answers the reports.
pub(super) async fn run_to_the_end(
    world: &World,
    first: &Tick,
    in_flight: usize,
    per_frame: Duration,
    time: Duration,
) -> Vec<DispatchReport> {
    let sender = Slow { sender: Arc::clone(&world.sender), clock: Arc::clone(&world.clock), per_frame };
    let dispatch = Dispatch { in_flight, ..world.dispatch_through(Arc::new(sender)) };
    let mut reports = Vec::new();
    let mut next = Some(first.clone());
    while let Some(tick) = next {
        world.clock.set(NOW);
        reports.push(untimed(dispatch.run(&tick, &Words::of(&tick), NOW + time).await.unwrap()));
        next = world.publisher.published().get(reports.len() - 1).cloned();
        assert!(reports.len() < 500, "it never ends");
    }
    reports
}

#[tokio::test]
async fn what_the_deadline_cuts_off_is_handed_on_and_nobody_is_served_twice_or_left_out() {
    for (in_flight, page_size, frames_in_time) in [(1, 3, 10), (1, 100, 10), (4, 3, 5), (8, 100, 30), (8, 100, 1), (3, 1, 7)] {
        let world = World::with_page_size(page_size);
        world.add(&followers(100, &["AAPL"])).await;
        let per_frame = Duration::from_millis(100);
        let reports = run_to_the_end(&world, &tick(&["AAPL"]), in_flight, per_frame, per_frame * frames_in_time).await;
        let what = format!("{in_flight} in flight, {page_size} a page, time for {frames_in_time}");
        assert_eq!(world.sender.attempts(), 100, "{what}");
        assert_eq!(world.sender.recipients().len(), 100, "{what}");
        assert_eq!(reports.iter().map(|report| report.connections).sum::<usize>(), 100, "{what}");
        assert_eq!(reports.iter().map(|report| report.sent).sum::<usize>(), 100, "{what}");
        let (last, others) = reports.split_last().unwrap();
        assert!(!others.is_empty(), "{what}");
        assert_eq!(last.handed_on, [], "{what}");
        for report in others {
            assert!(!report.handed_on.is_empty(), "{what}");
            assert!(report.sent <= frames_in_time as usize + in_flight, "what was begun in time is finished: {what}");
        }
    }
}

fn rest(shard: u8, after: Option<&str>) -> ShardRest {
    ShardRest { shard: Shard(shard), after: after.map(id) }
}

/// Reads as slowly as the clock is told to move for each page.
struct SlowPages {
    world: Arc<MemoryStore>,
    clock: Arc<FakeClock>,
    per_page: Duration,
}

#[async_trait]
impl ConnectionReader for SlowPages {
    async fn page(&self, shard: Shard, after: Option<&ConnectionId>, now: Timestamp) -> Result<ConnectionPage, StoreError> {
        self.clock.advance(self.per_page);
        ConnectionReader::page(&*self.world, shard, after, now).await
    }

    async fn connection(&self, id: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        self.world.connection(id, now).await
    }

    async fn connections_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<ConnectionId>, StoreError> {
        self.world.connections_of(user, now).await
    }
}

#[tokio::test]
async fn a_deadline_that_passes_while_a_page_is_read_hands_on_that_page() {
    let world = World::default();
    world.add(&followers(100, &["AAPL"])).await;
    let (clock, per_page) = (Arc::clone(&world.clock), Duration::from_secs(1));
    let pages = Arc::new(SlowPages { world: Arc::clone(&world.memory), clock, per_page });
    let dispatch = Dispatch { connections: pages, ..world.dispatch() };
    let mut next = tick(&["AAPL"]);
    for rounds in 1.. {
        world.clock.set(NOW);
        // Time for one page, and for the others that are read at once to come too late.
        let report = dispatch.run(&next, &Words::of(&next), NOW + Duration::from_millis(1500)).await.unwrap();
        if report.handed_on.is_empty() {
            break;
        }
        assert!(report.sent <= 3, "{report:?}");
        assert!(rounds < 100, "it never ends");
        next = world.publisher.published().last().cloned().unwrap();
    }
    assert_eq!((world.sender.attempts(), world.sender.recipients().len()), (100, 100));
}

#[tokio::test]
async fn what_is_handed_on_is_the_same_tick_with_the_rest_of_its_range_published_once() {
    let world = World::default();
    world.add(&followers(60, &["AAPL"])).await;
    let whole = Tick { shards: (2, 9).into(), ..tick(&["AAPL", "MSFT"]) };
    let sender =
        Slow { sender: Arc::clone(&world.sender), clock: Arc::clone(&world.clock), per_frame: Duration::from_millis(100) };
    let dispatch = Dispatch { in_flight: 1, ..world.dispatch_through(Arc::new(sender)) };
    let report = dispatch.run(&whole, &Words::of(&whole), NOW + Duration::from_secs(1)).await.unwrap();
    assert_eq!(report.sent, 10);
    assert_eq!(world.publisher.calls(), [[Tick { rest: Some(report.handed_on), ..whole }]]);
}

#[tokio::test]
async fn with_no_time_at_all_everything_is_handed_on_from_where_it_was_to_begin() {
    let whole: Vec<ShardRest> = [7, 4, 5, 6].map(|shard| rest(shard, None)).into();
    let part = vec![rest(4, Some("c010")), rest(6, None)];
    for given in [None, Some(part)] {
        let world = World::default();
        world.add(&followers(30, &["AAPL"])).await;
        let late = Tick { shards: (4, 7).into(), rest: given.clone(), ..tick(&["AAPL"]) };
        let report = world.dispatch().run(&late, &Words::of(&late), NOW).await.unwrap();
        assert_eq!(report.sent, 0);
        assert_eq!(world.publisher.published(), [Tick { rest: Some(given.unwrap_or_else(|| whole.clone())), ..late }]);
    }
}

#[tokio::test]
async fn a_handed_on_tick_with_nobody_left_sends_nothing_and_hands_nothing_on() {
    let world = World::default();
    let all = followers(60, &["AAPL"]);
    world.add(&all).await;
    let mine: Vec<&ConnectionId> = all.iter().map(|one| &one.id).filter(|id| connection_shard(id).0 == 5).collect();
    let left = ShardRest { shard: Shard(5), after: mine.last().copied().cloned() };
    let rest = Tick { rest: Some(vec![left]), ..tick(&["AAPL"]) };
    assert_eq!(run(&world, &rest).await, DispatchReport::default());
    assert!(world.sender.recipients().is_empty() && world.publisher.calls().is_empty());
}

#[tokio::test]
async fn a_handed_on_tick_is_for_the_rest_of_its_shards_and_for_no_other() {
    let world = World::default();
    let all = followers(60, &["AAPL"]);
    world.add(&all).await;
    let of = |shard: u8| all.iter().map(|one| one.id.clone()).filter(move |id| connection_shard(id).0 == shard);
    let cut = of(5).nth(1).unwrap();
    let rest = vec![ShardRest { shard: Shard(6), after: None }, ShardRest { shard: Shard(5), after: Some(cut.clone()) }];
    run(&world, &Tick { rest: Some(rest), ..tick(&["AAPL"]) }).await;
    let mut expect: Vec<ConnectionId> = of(5).filter(|id| *id > cut).chain(of(6)).collect();
    expect.sort();
    assert_eq!(world.sender.recipients(), expect);
}

#[tokio::test]
async fn who_is_throttled_at_the_deadline_is_not_tried_again_and_not_handed_on() {
    let world = World::with_page_size(100);
    world.add(&[follower("c", &["AAPL"])]).await;
    world.sender.answer_next(&id("c"), SendAnswer::Throttled);
    let reports = run_to_the_end(&world, &tick(&["AAPL"]), 1, Duration::from_secs(1), Duration::from_secs(1)).await;
    assert_eq!(reports.iter().map(|report| report.throttled).sum::<usize>(), 1);
    assert_eq!(world.sender.attempts(), 1);
    assert_eq!(world.stored_connections(), [id("c")]);
}

#[tokio::test]
async fn that_the_rest_could_not_be_handed_on_is_an_error() {
    let world = World::default();
    world.add(&followers(5, &["AAPL"])).await;
    world.publisher.fail_next(1);
    let tick = tick(&["AAPL"]);
    let error = world.dispatch().run(&tick, &Words::of(&tick), NOW).await.unwrap_err();
    assert!(matches!(error, DispatchError::HandOn(_)), "{error}");
}
