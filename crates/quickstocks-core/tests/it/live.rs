//! The conversation with one connection.

use std::collections::BTreeSet;
use std::time::Duration;

use quickstocks_core::live::{
    ConnectError, Live, MAX_CONNECTIONS_PER_USER, ON_SCREEN_LEASE, Refusal, RefusalCode, Reply, Request,
};
use quickstocks_core::model::{
    CONNECTION_LIFETIME, Connection, MAX_FOLLOWED, MAX_WATCHED, Missing, MissingReason, PollEntry, Secret, SourceStatus, Symbol,
    TICKET_LIFETIME, TickNumber, Timestamp, Token, TokenKind,
};
use quickstocks_core::ports::{
    Clock, ConnectionReader, ConnectionWriter, QuoteWriter, SourceStatusWriter, StoreError, TokenWriter, WatchlistWriter,
};
use quickstocks_core::watchlists::FOLLOWED_LEASE;
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, NOW};

use crate::support::{World, follower, id, missing, stored};

/// The secret of a ticket, by a number.
fn secret(seed: u8) -> Secret {
    Secret::from_random([seed; 32])
}

impl World {
    fn live(&self) -> Live {
        Live {
            connections: self.store.clone(),
            registry: self.store.clone(),
            tickets: self.store.clone(),
            lists: self.store.clone(),
            poll_set: self.store.clone(),
            quotes: self.store.clone(),
            status: self.store.clone(),
            clock: self.clock.clone(),
        }
    }

    async fn ticket(&self, seed: u8, kind: TokenKind, of: &str) -> Secret {
        let secret = secret(seed);
        self.memory.put(&Token::new(&secret, kind, &sample::user(of), NOW, TICKET_LIFETIME)).await.unwrap();
        secret
    }

    async fn list(&self, of: &str, id: &str, symbols: &[&str]) {
        self.memory.insert(&sample::user(of), &sample::watchlist(id, "List", symbols)).await.unwrap();
    }

    async fn quoted(&self, quotes: &[(&str, u64)]) {
        let quotes: Vec<_> = quotes.iter().map(|(of, tick)| stored(of, "10", *tick)).collect();
        self.memory.store(&quotes).await.unwrap();
    }

    async fn at_tick(&self, tick: u64) -> SourceStatus {
        let status = SourceStatus { tick: TickNumber(tick), polled_at: NOW, ..SourceStatus::default() };
        self.memory.put_status(&status).await.unwrap();
        status
    }

    async fn ask(&self, request: Request) -> Vec<Reply> {
        self.live().answer(&id("c"), request).await.unwrap()
    }

    fn only_connection(&self) -> Connection {
        let [connection] = <[Connection; 1]>::try_from(self.memory.connections()).unwrap();
        connection
    }

    /// The poll set as symbol, on screen until, followed until.
    fn leases(&self) -> Vec<(String, Option<Timestamp>, Option<Timestamp>)> {
        let row = |entry: PollEntry| (entry.symbol.to_string(), entry.on_screen_until, entry.followed_until);
        self.memory.poll_set().into_iter().map(row).collect()
    }
}

/// The symbols of a snapshot, those without a quote with a minus.
fn shown(reply: &Reply) -> Vec<String> {
    let Reply::Snapshot { quotes, missing, .. } = reply else { panic!("no snapshot: {reply:?}") };
    assert!(missing.iter().all(|missing| missing.reason == MissingReason::Pending));
    let quotes = quotes.iter().map(|stored| stored.quote.symbol.to_string());
    quotes.chain(missing.iter().map(|missing| format!("-{}", missing.symbol))).collect()
}

#[tokio::test]
async fn whoever_holds_a_ticket_opens_a_connection_that_follows_their_lists() {
    let world = World::default();
    world.list("u", "1", &["AAPL", "MSFT"]).await;
    world.list("u", "2", &["MSFT", "SAP.DE"]).await;
    world.list("other", "3", &["IBM"]).await;
    let ticket = world.ticket(1, TokenKind::Ticket, "u").await;
    let user = world.live().connect(&id("c"), Some(ticket.reveal())).await.unwrap();
    assert_eq!(user, sample::user("u"));
    let expect = Connection { listed: sample::symbols(&["AAPL", "MSFT", "SAP.DE"]), ..sample::connection("c", "u") };
    assert_eq!(world.only_connection(), expect);
    let until = Some(NOW + FOLLOWED_LEASE);
    let leased = ["AAPL", "MSFT", "SAP.DE"].map(|of| (of.to_owned(), None, until));
    assert_eq!(world.leases(), leased, "nothing is on screen before hello");
}

#[tokio::test]
async fn a_ticket_opens_one_connection() {
    let world = World::default();
    let ticket = world.ticket(1, TokenKind::Ticket, "u").await;
    world.live().connect(&id("c"), Some(ticket.reveal())).await.unwrap();
    let again = world.live().connect(&id("d"), Some(ticket.reveal())).await;
    assert!(matches!(again, Err(ConnectError::Ticket)), "{again:?}");
    assert_eq!(world.stored_connections(), [id("c")]);
}

#[tokio::test]
async fn of_two_sockets_with_one_ticket_exactly_one_opens() {
    let world = World::default();
    let ticket = world.ticket(1, TokenKind::Ticket, "u").await;
    let gate = world.store.hold(Method::TakeToken);
    let live = world.live();
    let (one, other) = (id("c"), id("d"));
    let (first, second, ()) =
        tokio::join!(live.connect(&one, Some(ticket.reveal())), live.connect(&other, Some(ticket.reveal())), async {
            gate.reached_by(2).await;
            gate.open();
        });
    assert_eq!([first.is_ok(), second.is_ok()].into_iter().filter(|opened| *opened).count(), 1);
    assert_eq!(world.stored_connections().len(), 1);
}

#[tokio::test]
async fn without_a_good_ticket_nothing_opens_and_nobody_learns_why() {
    let moment = Duration::from_millis(1);
    let texts = [None, Some(String::new()), Some("canary".to_owned()), Some(secret(9).reveal().to_owned())];
    let text = |seed| Some(secret(seed).reveal().to_owned());
    let cases = texts.into_iter().map(|text| (text, Duration::ZERO)).chain([
        (text(0xab), TICKET_LIFETIME),
        (text(0xab), TICKET_LIFETIME + moment),
        (text(2), Duration::ZERO),
        (text(0xab).map(|text| text.to_uppercase()), Duration::ZERO),
    ]);
    for (text, later) in cases {
        let world = World::default();
        world.list("u", "1", &["AAPL"]).await;
        world.ticket(0xab, TokenKind::Ticket, "u").await;
        world.ticket(2, TokenKind::Session, "u").await;
        world.clock.advance(later);
        let answer = world.live().connect(&id("c"), text.as_deref()).await;
        let error = answer.unwrap_err();
        assert!(matches!(error, ConnectError::Ticket), "{text:?} after {later:?}: {error}");
        assert_eq!(error.to_string(), "the ticket is not good");
        assert!(world.memory.connections().is_empty() && world.memory.poll_set().is_empty(), "{text:?} after {later:?}");
    }
    let world = World::default();
    let ticket = world.ticket(1, TokenKind::Ticket, "u").await;
    world.clock.advance(TICKET_LIFETIME.saturating_sub(moment));
    assert!(world.live().connect(&id("c"), Some(ticket.reveal())).await.is_ok(), "good to the last moment");
}

#[tokio::test]
async fn a_failing_store_is_no_bad_ticket() {
    for method in [Method::TakeToken, Method::Watchlists, Method::ConnectionsOf, Method::AddConnection, Method::ExtendLeases] {
        let world = World::default();
        let ticket = world.ticket(1, TokenKind::Ticket, "u").await;
        world.store.fail(method, Fault::Unavailable);
        let answer = world.live().connect(&id("c"), Some(ticket.reveal())).await;
        assert!(matches!(answer, Err(ConnectError::Store(StoreError::Unavailable(_)))), "{method:?}: {answer:?}");
    }
}

#[tokio::test]
async fn the_oldest_connection_of_a_user_who_has_too_many_makes_room() {
    let world = World::default();
    for n in 0..MAX_CONNECTIONS_PER_USER {
        // The later its name, the older it is.
        let connected_at = NOW - Duration::from_secs(u64::try_from(n).unwrap());
        world.add(&[Connection { connected_at, ..sample::connection(&format!("c{n:02}"), "u") }]).await;
    }
    world.add(&[Connection { connected_at: NOW - Duration::from_hours(1), ..sample::connection("other", "other") }]).await;
    let ticket = world.ticket(1, TokenKind::Ticket, "u").await;
    world.live().connect(&id("new"), Some(ticket.reveal())).await.unwrap();
    let left = world.stored_connections();
    assert_eq!(left.len(), MAX_CONNECTIONS_PER_USER + 1, "and the other user's");
    let oldest = id(&format!("c{:02}", MAX_CONNECTIONS_PER_USER - 1));
    assert!(!left.contains(&oldest) && left.contains(&id("new")) && left.contains(&id("other")), "{left:?}");

    let world = World::default();
    for n in 1..MAX_CONNECTIONS_PER_USER {
        world.add(&[sample::connection(&format!("c{n:02}"), "u")]).await;
    }
    let ticket = world.ticket(1, TokenKind::Ticket, "u").await;
    world.live().connect(&id("new"), Some(ticket.reveal())).await.unwrap();
    assert_eq!(world.stored_connections().len(), MAX_CONNECTIONS_PER_USER, "there was room for it");
}

#[tokio::test]
async fn hello_is_answered_with_the_state_and_every_quote_that_is_followed() {
    let world = World::default();
    world.list("u", "1", &["SAP.DE", "AAPL", "NEW"]).await;
    world.add(&[Connection { watched: sample::symbols(&["IBM"]), ..follower("c", &["SAP.DE", "AAPL", "NEW"]) }]).await;
    world.quoted(&[("AAPL", 3), ("IBM", 7), ("SAP.DE", 5), ("MSFT", 6)]).await;
    let status = world.at_tick(7).await;
    let replies = world.ask(Request::Hello(None)).await;
    let hello = Reply::Hello { connection: id("c"), status: status.clone(), server_time: NOW };
    let snapshot = Reply::Snapshot {
        status,
        quotes: [("AAPL", 3), ("IBM", 7), ("SAP.DE", 5)].map(|(of, tick)| stored(of, "10", tick)).to_vec(),
        missing: vec![missing("NEW", MissingReason::Pending)],
    };
    assert_eq!(replies, [hello, snapshot]);
}

#[tokio::test]
async fn hello_and_resume_since_a_tick_tell_what_changed_after_it_and_what_is_missing() {
    for (since, expect) in [
        (None, vec!["AAPL", "IBM", "SAP.DE", "-NEW"]),
        (Some(0), vec!["AAPL", "IBM", "SAP.DE", "-NEW"]),
        (Some(3), vec!["IBM", "SAP.DE", "-NEW"]),
        (Some(6), vec!["IBM", "-NEW"]),
        (Some(7), vec!["-NEW"]),
        (Some(99), vec!["-NEW"]),
    ] {
        let world = World::default();
        world.list("u", "1", &["AAPL", "IBM", "NEW", "SAP.DE"]).await;
        world.add(&[follower("c", &["AAPL", "IBM", "NEW", "SAP.DE"])]).await;
        world.quoted(&[("AAPL", 3), ("IBM", 7), ("SAP.DE", 5)]).await;
        world.at_tick(7).await;
        let since = since.map(TickNumber);
        assert_eq!(shown(&world.ask(Request::Hello(since)).await[1]), expect, "hello {since:?}");
        assert_eq!(shown(&world.ask(Request::Resume(since)).await[0]), expect, "resume {since:?}");
    }
}

#[tokio::test]
async fn hello_puts_what_is_followed_on_screen_and_writes_that_again_only_when_the_lease_runs_low() {
    let world = World::default();
    world.list("u", "1", &["AAPL"]).await;
    world.add(&[Connection { watched: sample::symbols(&["IBM"]), ..follower("c", &["AAPL"]) }]).await;
    world.ask(Request::Hello(None)).await;
    let until = Some(NOW + ON_SCREEN_LEASE);
    assert_eq!(world.leases(), [("AAPL".to_owned(), until, None), ("IBM".to_owned(), until, None)]);
    assert_eq!(world.only_connection().leased_until, until);

    let mut writes = Vec::new();
    for _ in 0..12 {
        world.clock.advance(Duration::from_mins(5));
        let before = world.store.call_count(Method::ExtendLeases);
        world.ask(Request::Hello(None)).await;
        writes.push(world.store.call_count(Method::ExtendLeases) - before);
        let left = world.leases()[0].1.unwrap().since(world.clock.now());
        assert!(left > Duration::from_mins(5), "it never runs out while somebody says hello: {left:?}");
    }
    assert_eq!(writes, [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
}

#[tokio::test]
async fn hello_catches_up_with_a_list_edit_that_missed_the_connection() {
    let world = World::default();
    world.list("u", "1", &["AAPL", "MSFT"]).await;
    let leased_until = Some(NOW + ON_SCREEN_LEASE);
    world.add(&[Connection { leased_until, ..follower("c", &["AAPL", "GONE"]) }]).await;
    let replies = world.ask(Request::Hello(None)).await;
    assert_eq!(shown(&replies[1]), ["-AAPL", "-MSFT"]);
    assert_eq!(world.only_connection().listed, sample::symbols(&["AAPL", "MSFT"]));
    let on_screen: Vec<String> = world.leases().into_iter().map(|(symbol, ..)| symbol).collect();
    assert_eq!(on_screen, ["AAPL", "MSFT"], "although the old lease has long to go");
}

#[tokio::test]
async fn pause_stops_the_prices_and_resume_starts_them_and_puts_the_symbols_on_screen() {
    let world = World::default();
    world.add(&[follower("c", &["AAPL"])]).await;
    assert_eq!(world.ask(Request::Pause).await, []);
    assert!(world.only_connection().paused);
    assert_eq!(world.memory.poll_set(), []);
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(shown(&world.ask(Request::Resume(None)).await[0]), ["-AAPL"]);
    assert!(!world.only_connection().paused);
    let until = Some(NOW + Duration::from_hours(1) + ON_SCREEN_LEASE);
    assert_eq!(world.leases(), [("AAPL".to_owned(), until, None)]);
}

#[tokio::test]
async fn watch_adds_to_what_is_watched_and_shows_just_what_was_asked_for() {
    let world = World::default();
    world.add(&[Connection { watched: sample::symbols(&["IBM"]), ..follower("c", &["AAPL"]) }]).await;
    world.quoted(&[("AAPL", 1), ("IBM", 2), ("MSFT", 3)]).await;
    let replies = world.ask(Request::Watch(sample::symbols(&["NEW", "MSFT", "NEW"]))).await;
    assert_eq!(shown(&replies[0]), ["MSFT", "-NEW"]);
    assert_eq!(replies.len(), 1);
    assert_eq!(world.only_connection().watched, sample::symbols(&["IBM", "MSFT", "NEW"]));
    let until = Some(NOW + ON_SCREEN_LEASE);
    assert_eq!(world.leases(), [("MSFT".to_owned(), until, None), ("NEW".to_owned(), until, None)]);

    let writes = world.store.call_count(Method::SetWatched);
    assert_eq!(shown(&world.ask(Request::Watch(sample::symbols(&["MSFT"]))).await[0]), ["MSFT"]);
    assert_eq!(world.store.call_count(Method::SetWatched), writes, "there is nothing new to write");
}

#[tokio::test]
async fn unwatch_takes_away_what_is_watched_and_never_what_is_listed() {
    let world = World::default();
    world.add(&[Connection { watched: sample::symbols(&["AAPL", "IBM", "MSFT"]), ..follower("c", &["AAPL"]) }]).await;
    assert_eq!(world.ask(Request::Unwatch(sample::symbols(&["IBM", "AAPL", "WHAT"]))).await, []);
    let connection = world.only_connection();
    assert_eq!((connection.watched, connection.listed), (sample::symbols(&["MSFT"]), sample::symbols(&["AAPL"])));
    world.ask(Request::Unwatch(sample::symbols(&["WHAT", "AAPL"]))).await;
    assert_eq!(world.store.call_count(Method::SetWatched), 1, "there is nothing to write");
}

#[tokio::test]
async fn as_much_is_watched_and_followed_as_is_allowed_and_a_refused_watch_changes_nothing() {
    let all = sample::many_symbols(MAX_FOLLOWED + 1);
    let set = |from: usize, to: usize| -> BTreeSet<Symbol> { all[from..to].iter().cloned().collect() };
    for (listed, watched, asked, allowed) in [
        (set(0, 0), set(0, 0), set(0, MAX_WATCHED), true),
        (set(0, 0), set(0, 0), set(0, MAX_WATCHED + 1), false),
        (set(0, 0), set(0, MAX_WATCHED - 1), set(MAX_WATCHED, MAX_WATCHED + 1), true),
        (set(0, 0), set(0, MAX_WATCHED), set(MAX_WATCHED, MAX_WATCHED + 1), false),
        (set(0, 0), set(0, MAX_WATCHED), set(0, MAX_WATCHED), true),
        (set(0, MAX_FOLLOWED), set(0, 0), set(0, 1), true),
        (set(0, MAX_FOLLOWED), set(0, 0), set(MAX_FOLLOWED, MAX_FOLLOWED + 1), false),
        (set(0, MAX_FOLLOWED - 1), set(0, 0), set(MAX_FOLLOWED, MAX_FOLLOWED + 1), true),
    ] {
        let world = World::default();
        let before = Connection { listed, watched, ..sample::connection("c", "u") };
        world.add(std::slice::from_ref(&before)).await;
        let what = format!("{} listed, {} watched, {} asked for", before.listed.len(), before.watched.len(), asked.len());
        let replies = world.ask(Request::Watch(asked.iter().cloned().collect())).await;
        if allowed {
            assert!(matches!(replies[..], [Reply::Snapshot { .. }]), "{what}: {replies:?}");
            assert!(world.only_connection().watched.is_superset(&asked), "{what}");
        } else {
            let [Reply::Refusal(Refusal { code, field, .. })] = &replies[..] else { panic!("{what}: {replies:?}") };
            assert_eq!((*code, code.as_str()), (RefusalCode::TooManySymbols, "too_many_symbols"), "{what}");
            assert_eq!(field.as_deref(), Some("symbols"), "{what}");
            assert_eq!((world.only_connection(), world.memory.poll_set()), (before, Vec::new()), "{what}");
        }
    }
}

#[tokio::test]
async fn ping_is_answered_whoever_asks_and_reads_no_connection() {
    let world = World::default();
    let status = world.at_tick(7).await;
    assert_eq!(world.ask(Request::Ping).await, [Reply::Pong { status, server_time: NOW }]);
    assert_eq!(world.store.log(), [Method::Status]);
}

#[tokio::test]
async fn a_connection_that_is_unknown_or_too_old_is_told_to_open_a_new_one() {
    let symbols: Vec<Symbol> = sample::symbols(&["AAPL"]);
    let requests =
        [Request::Hello(None), Request::Resume(None), Request::Pause, Request::Watch(symbols.clone()), Request::Unwatch(symbols)];
    for request in requests {
        let world = World::default();
        let bye = [Reply::Bye { reason: "unknown_connection", reconnect_in: 1000 }];
        assert_eq!(world.ask(request.clone()).await, bye, "{request:?}");
        assert!(world.memory.connections().is_empty() && world.memory.poll_set().is_empty(), "{request:?}");

        world.add(&[sample::connection("c", "u")]).await;
        world.clock.advance(CONNECTION_LIFETIME);
        assert_eq!(world.ask(request.clone()).await, bye, "{request:?}");
        assert_eq!(world.only_connection(), sample::connection("c", "u"), "{request:?}");
    }
}

#[tokio::test]
async fn a_connection_that_closed_is_forgotten_and_closing_twice_is_no_error() {
    let world = World::default();
    world.add(&[follower("c", &["AAPL"]), follower("d", &["AAPL"])]).await;
    world.live().disconnect(&id("c")).await.unwrap();
    world.live().disconnect(&id("c")).await.unwrap();
    assert_eq!(world.stored_connections(), [id("d")]);
    let of_user = world.memory.connections_of(&sample::user("u"), NOW).await.unwrap();
    assert_eq!(of_user, [id("d")]);
}

#[tokio::test]
async fn one_connection_closes_while_another_request_of_it_is_under_way_and_stays_closed() {
    for method in [Method::SetListed, Method::SetLeasedUntil, Method::SetPaused, Method::SetWatched] {
        let world = World::default();
        world.list("u", "1", &["AAPL"]).await;
        world.add(&[sample::connection("c", "u")]).await;
        let gate = world.store.hold(method);
        let request = match method {
            Method::SetPaused => Request::Pause,
            Method::SetWatched => Request::Watch(sample::symbols(&["IBM"])),
            _ => Request::Hello(None),
        };
        let (live, connection) = (world.live(), id("c"));
        let (answer, ()) = tokio::join!(live.answer(&connection, request), async {
            gate.reached_by(1).await;
            world.memory.remove(&connection).await.unwrap();
            gate.open();
        });
        assert!(answer.is_ok(), "{method:?}");
        assert_eq!(world.memory.connections(), [], "{method:?}");
    }
}

#[tokio::test]
async fn a_quote_that_was_stored_meanwhile_is_in_the_snapshot_or_after_the_tick_it_names() {
    let world = World::default();
    world.list("u", "1", &["AAPL"]).await;
    world.add(&[follower("c", &["AAPL"])]).await;
    world.quoted(&[("AAPL", 3)]).await;
    world.at_tick(3).await;
    let gate = world.store.hold(Method::Quotes);
    let (live, connection) = (world.live(), id("c"));
    let (answer, ()) = tokio::join!(live.answer(&connection, Request::Hello(None)), async {
        gate.reached_by(1).await;
        world.quoted(&[("AAPL", 4)]).await;
        world.at_tick(4).await;
        gate.open();
    });
    let Some(Reply::Snapshot { status, quotes, missing }) = answer.unwrap().pop() else { panic!("no snapshot") };
    assert_eq!(status.tick, TickNumber(3), "so that hello since it tells of tick 4 again");
    assert_eq!(quotes[0].tick, TickNumber(4));
    assert_eq!(missing, Vec::<Missing>::new());
}
