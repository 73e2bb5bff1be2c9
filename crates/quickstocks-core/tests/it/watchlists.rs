//! What somebody follows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use quickstocks_core::model::{
    CONNECTION_LIFETIME, Connection, InvalidWatchlist, ListId, MAX_FOLLOWED, MAX_LISTS, MAX_SYMBOLS_PER_LIST, PollEntry,
    SourceReason, Symbol, UserId, Watchlist,
};
use quickstocks_core::ports::{Clock, ConnectionWriter, ListChange, QuoteWriter, StoreError, WatchlistReader, WatchlistWriter};
use quickstocks_core::symbols::SymbolError;
use quickstocks_core::watchlists::{Draft, FOLLOWED_LEASE, WatchlistError, Watchlists, listed_symbols};
use quickstocks_testkit::SequenceRandom;
use quickstocks_testkit::faults::{Fault, Method};
use quickstocks_testkit::sample::{self, NOW};

use crate::support::{TICK, World, id, stored};

type Outcome = Result<Watchlist, WatchlistError>;

impl World {
    /// The editor, over a store in which these symbols have quotes.
    async fn watchlists(&self, known: &[&str]) -> Watchlists {
        let quotes: Vec<_> = known.iter().map(|of| stored(of, "10", 1)).collect();
        self.memory.store(&quotes).await.unwrap();
        Watchlists {
            lists: self.store.clone(),
            list_writer: self.store.clone(),
            poll_set: self.store.clone(),
            connections: self.store.clone(),
            connection_writer: self.store.clone(),
            announcer: self.announcer.clone(),
            symbols: self.symbols(),
            clock: self.clock.clone(),
            random: Arc::new(SequenceRandom::seeded(1)),
        }
    }

    async fn lists_of(&self, user: &UserId) -> Vec<Watchlist> {
        self.memory.watchlists(user).await.unwrap()
    }

    /// What is polled because it is on a list, if every lease is as long as it should be.
    fn followed(&self) -> Vec<String> {
        let until = Some(self.clock.now() + FOLLOWED_LEASE);
        let current = |entry: &PollEntry| entry.followed_until == until && entry.on_screen_until.is_none();
        self.memory.poll_set().into_iter().filter(current).map(|entry| entry.symbol.to_string()).collect()
    }

    /// The symbols by lists that each open connection has.
    fn listed(&self) -> Vec<(String, Vec<String>)> {
        let texts = |symbols: &BTreeSet<Symbol>| symbols.iter().map(ToString::to_string).collect();
        self.memory.connections().iter().map(|one| (one.id.to_string(), texts(&one.listed))).collect()
    }
}

fn u() -> UserId {
    sample::user("u")
}

async fn create(lists: &Watchlists, name: &str, symbols: &[&str]) -> Outcome {
    create_with(lists, name, sample::symbols(symbols)).await
}

async fn create_with(lists: &Watchlists, name: &str, symbols: Vec<Symbol>) -> Outcome {
    lists.create(&u(), Draft { name: name.to_owned(), symbols, ..Draft::default() }).await
}

async fn replace(lists: &Watchlists, user: &UserId, id: &ListId, to: (&str, &[&str]), expected: Option<u64>) -> Outcome {
    let draft = Draft { name: to.0.to_owned(), symbols: sample::symbols(to.1), ..Draft::default() };
    lists.replace(user, id, draft, expected).await
}

fn texts(list: &Watchlist) -> Vec<&str> {
    list.symbols.iter().map(Symbol::as_str).collect()
}

#[tokio::test]
async fn a_new_list_is_stored_in_its_owners_order_and_polled_from_now_on() {
    let world = World::default();
    let lists = world.watchlists(&["AAPL", "IBM", "MSFT"]).await;
    let list = create(&lists, "  Tech  ", &["MSFT", "AAPL"]).await.unwrap();
    assert_eq!((list.name.as_str(), texts(&list), list.version, list.updated_at), ("Tech", vec!["MSFT", "AAPL"], 1, NOW));
    assert_eq!(world.lists_of(&u()).await, std::slice::from_ref(&list));
    assert_eq!(lists.get(&u(), &list.id).await.unwrap(), list);
    assert_eq!(world.followed(), ["AAPL", "MSFT"]);
    let other = create(&lists, "Tech", &["IBM"]).await.unwrap();
    assert_ne!(other.id, list.id, "two lists may have one name");
    let all: BTreeSet<_> = lists.all(&u()).await.unwrap().into_iter().map(|list| list.id).collect();
    assert_eq!(all, BTreeSet::from([list.id, other.id]));
}

#[tokio::test]
async fn a_list_that_cannot_be_as_asked_is_refused_and_nothing_is_changed_or_polled() {
    let long = "x".repeat(61);
    let refused = [
        ("", vec!["AAPL"], InvalidWatchlist::Name),
        (" \t ", vec![], InvalidWatchlist::Name),
        ("a\nb", vec![], InvalidWatchlist::Name),
        (long.as_str(), vec![], InvalidWatchlist::Name),
        ("List", vec!["AAPL", "IBM", "AAPL"], InvalidWatchlist::Duplicate(sample::symbol("AAPL"))),
    ];
    for (name, symbols, expect) in refused {
        let world = World::default();
        let lists = world.watchlists(&["AAPL", "IBM"]).await;
        let before = create(&lists, "Before", &["IBM"]).await.unwrap();
        let polled = world.memory.poll_set();
        let answers = [create(&lists, name, &symbols).await, replace(&lists, &u(), &before.id, (name, &symbols), None).await];
        for answer in answers {
            let Err(WatchlistError::Invalid(error)) = answer else { panic!("{name:?}: {answer:?}") };
            assert_eq!(error, expect, "{name:?} {symbols:?}");
        }
        assert_eq!((world.lists_of(&u()).await, world.memory.poll_set()), (vec![before], polled), "{name:?} {symbols:?}");
        assert_eq!(world.source.polls(), Vec::<Vec<Symbol>>::new(), "the source is not asked about what cannot be");
    }
}

#[tokio::test]
async fn a_list_holds_two_hundred_symbols() {
    let all = sample::many_symbols(MAX_SYMBOLS_PER_LIST + 1);
    let names: Vec<&str> = all.iter().map(Symbol::as_str).collect();
    let (most, last) = (&names[..MAX_SYMBOLS_PER_LIST], &all[MAX_SYMBOLS_PER_LIST]);
    assert_eq!(most.len(), 200);
    let world = World::default();
    let lists = world.watchlists(most).await;
    world.price(last.as_str(), "10");

    let full = create(&lists, "Full", most).await.unwrap();
    assert_eq!(full.symbols, all[..MAX_SYMBOLS_PER_LIST]);
    for answer in [
        create(&lists, "More", &names).await,
        replace(&lists, &u(), &full.id, ("More", &names), None).await,
        lists.add_symbol(&u(), &full.id, last).await,
    ] {
        assert!(matches!(answer, Err(WatchlistError::Invalid(InvalidWatchlist::TooManySymbols))), "{answer:?}");
    }
    assert_eq!(world.source.polls(), Vec::<Vec<Symbol>>::new(), "a list that is full needs no call");
    assert_eq!(world.lists_of(&u()).await, std::slice::from_ref(&full));

    assert_eq!(lists.add_symbol(&u(), &full.id, &all[0]).await.unwrap(), full, "one that is there stays");
    lists.remove_symbol(&u(), &full.id, &all[0]).await.unwrap();
    let again = lists.add_symbol(&u(), &full.id, last).await.unwrap();
    assert_eq!(again.symbols, all[1..], "there was room for one");
}

#[tokio::test]
async fn a_user_has_twenty_lists() {
    let world = World::default();
    let lists = world.watchlists(&[]).await;
    for n in 0..MAX_LISTS {
        create(&lists, &format!("List {n}"), &[]).await.unwrap();
    }
    let answer = create(&lists, "One more", &["AAPL"]).await;
    assert!(matches!(answer, Err(WatchlistError::TooManyLists)), "{answer:?}");
    let all = world.lists_of(&u()).await;
    assert_eq!(all.len(), 20);
    lists.delete(&u(), &all[3].id, None).await.unwrap();
    create(&lists, "One more", &[]).await.unwrap();
    assert_eq!(world.source.polls(), Vec::<Vec<Symbol>>::new());
}

#[tokio::test]
async fn symbols_the_source_does_not_know_or_cannot_be_asked_about_are_not_put_on_a_list() {
    for refuses in [false, true] {
        let world = World::default();
        let lists = world.watchlists(&["AAPL", "IBM"]).await;
        let before = create(&lists, "Before", &["AAPL"]).await.unwrap();
        if refuses {
            world.source.refuse(SourceReason::RateLimited, Some(NOW + TICK));
        }
        let polled = world.memory.poll_set();
        for answer in [
            create(&lists, "New", &["IBM", "WHAT"]).await,
            replace(&lists, &u(), &before.id, ("Other", &["IBM", "WHAT"]), None).await,
            lists.add_symbol(&u(), &before.id, &sample::symbol("WHAT")).await,
        ] {
            let Err(WatchlistError::Symbol(error)) = answer else { panic!("{answer:?}") };
            match error {
                SymbolError::Unknown(symbols) if !refuses => assert_eq!(symbols, sample::symbols::<Vec<_>>(&["WHAT"])),
                SymbolError::Unchecked { symbols, retry_at } if refuses => {
                    assert_eq!((symbols, retry_at), (sample::symbols(&["WHAT"]), Some(NOW + TICK)));
                }
                other => panic!("refuses: {refuses}, {other}"),
            }
        }
        assert_eq!((world.lists_of(&u()).await, world.memory.poll_set()), (vec![before], polled));
    }
}

#[tokio::test]
async fn what_is_on_a_list_already_stays_there_whatever_the_source_says_of_it_now() {
    let world = World::default();
    let lists = world.watchlists(&["AAPL"]).await;
    let list = sample::watchlist("1", "Old", &["GONE", "AAPL"]);
    world.memory.insert(&u(), &list).await.unwrap();
    let after = replace(&lists, &u(), &list.id, ("New", &["AAPL", "GONE"]), Some(1)).await.unwrap();
    assert_eq!((texts(&after), after.name.as_str()), (vec!["AAPL", "GONE"], "New"));
    assert_eq!(world.source.polls(), Vec::<Vec<Symbol>>::new());
}

#[tokio::test]
async fn a_list_is_replaced_and_deleted_if_it_is_of_the_version_expected() {
    for (expected, done) in [(None, true), (Some(1), true), (Some(0), false), (Some(2), false)] {
        let world = World::default();
        let lists = world.watchlists(&["AAPL", "IBM"]).await;
        let before = create(&lists, "Before", &["AAPL"]).await.unwrap();
        let polled = world.memory.poll_set();
        world.clock.advance(TICK);

        let answer = replace(&lists, &u(), &before.id, ("After", &["IBM"]), expected).await;
        if done {
            let after = answer.unwrap();
            let expect = Watchlist {
                name: "After".to_owned(),
                symbols: sample::symbols(&["IBM"]),
                version: 2,
                updated_at: NOW + TICK,
                ..before.clone()
            };
            assert_eq!(after, expect, "{expected:?}");
            assert_eq!(world.lists_of(&u()).await, [after], "{expected:?}");
            assert_eq!(world.followed(), ["IBM"], "{expected:?}");
        } else {
            assert!(matches!(answer, Err(WatchlistError::Conflict)), "{expected:?}: {answer:?}");
            assert_eq!((world.lists_of(&u()).await, world.memory.poll_set()), (vec![before.clone()], polled), "{expected:?}");
        }

        let stored = world.lists_of(&u()).await;
        let answer = lists.delete(&u(), &before.id, expected.map(|version| version + stored[0].version - 1)).await;
        if done {
            assert!(answer.is_ok(), "{expected:?}");
            assert_eq!(world.lists_of(&u()).await, [], "{expected:?}");
        } else {
            assert!(matches!(answer, Err(WatchlistError::Conflict)), "{expected:?}: {answer:?}");
            assert_eq!(world.lists_of(&u()).await, stored, "{expected:?}");
        }
    }
}

#[tokio::test]
async fn a_symbol_is_added_at_the_end_and_taken_off_wherever_it_stands() {
    let world = World::default();
    let lists = world.watchlists(&["AAPL", "IBM"]).await;
    let list = create(&lists, "List", &["IBM", "AAPL"]).await.unwrap();
    world.price("MSFT", "10");
    world.clock.advance(TICK);
    let added = lists.add_symbol(&u(), &list.id, &sample::symbol("MSFT")).await.unwrap();
    assert_eq!((texts(&added), added.version, added.updated_at), (vec!["IBM", "AAPL", "MSFT"], 2, NOW + TICK));
    assert_eq!(world.followed(), ["AAPL", "IBM", "MSFT"], "its owner was seen: the whole list is polled longer");
    assert_eq!(world.memory.all_quotes().len(), 3, "the quote that told it exists is kept");

    let same = lists.add_symbol(&u(), &list.id, &sample::symbol("IBM")).await.unwrap();
    assert_eq!((same, world.store.call_count(Method::ReplaceWatchlist)), (added, 1), "nothing was written");

    let removed = lists.remove_symbol(&u(), &list.id, &sample::symbol("AAPL")).await.unwrap();
    assert_eq!((texts(&removed), removed.version), (vec!["IBM", "MSFT"], 3));
    let same = lists.remove_symbol(&u(), &list.id, &sample::symbol("AAPL")).await.unwrap();
    assert_eq!((&same, world.store.call_count(Method::ReplaceWatchlist)), (&removed, 2), "nothing was written");
    assert_eq!(world.lists_of(&u()).await, [removed]);
}

#[tokio::test]
async fn a_foreign_list_is_not_found_and_nothing_of_it_changes() {
    let world = World::default();
    let lists = world.watchlists(&["AAPL", "IBM"]).await;
    let list = create(&lists, "Mine", &["AAPL"]).await.unwrap();
    world.add(&[Connection { listed: sample::symbols(&["AAPL"]), ..sample::connection("c", "u") }]).await;
    let (polled, listed, told) = (world.memory.poll_set(), world.listed(), world.announcer.changes());
    let other = sample::user("other");
    let missing = ListId::new("nowhere");
    // To the other user there is no difference between a list of somebody else and none.
    for id in [&list.id, &missing] {
        let answers = [
            lists.get(&other, id).await.map(|_| ()),
            replace(&lists, &other, id, ("Theirs", &["IBM", "WHAT"]), None).await.map(|_| ()),
            replace(&lists, &other, id, ("Theirs", &["IBM"]), Some(1)).await.map(|_| ()),
            lists.add_symbol(&other, id, &sample::symbol("IBM")).await.map(|_| ()),
            lists.add_symbol(&other, id, &sample::symbol("WHAT")).await.map(|_| ()),
            lists.remove_symbol(&other, id, &sample::symbol("AAPL")).await.map(|_| ()),
            lists.delete(&other, id, None).await,
            lists.delete(&other, id, Some(1)).await,
        ];
        for (at, answer) in answers.into_iter().enumerate() {
            assert!(matches!(answer, Err(WatchlistError::NotFound)), "{at} of {id}: {answer:?}");
        }
    }
    assert_eq!(lists.all(&other).await.unwrap(), []);
    assert_eq!(world.lists_of(&u()).await, [list]);
    assert_eq!((world.memory.poll_set(), world.listed(), world.announcer.changes()), (polled, listed, told));
    assert_eq!(world.source.polls(), Vec::<Vec<Symbol>>::new(), "and the source was not asked for them");
}

#[tokio::test]
async fn an_edit_reaches_every_open_connection_of_its_user_and_no_other() {
    let world = World::default();
    let lists = world.watchlists(&["AAPL", "IBM", "MSFT"]).await;
    world.add(&[sample::connection("a", "u"), sample::connection("b", "u"), sample::connection("x", "other")]).await;
    let connected_at = NOW - CONNECTION_LIFETIME;
    world.add(&[Connection { connected_at, ..sample::connection("dead", "u") }]).await;
    let expect = |symbols: &[&str]| -> Vec<(String, Vec<String>)> {
        let listed: Vec<String> = symbols.iter().map(ToString::to_string).collect();
        let of = |id: &str, listed: &[String]| (id.to_owned(), listed.to_vec());
        vec![of("a", &listed), of("b", &listed), of("dead", &[]), of("x", &[])]
    };
    let one = create(&lists, "One", &["AAPL", "IBM"]).await.unwrap();
    assert_eq!(world.listed(), expect(&["AAPL", "IBM"]));
    let two = create(&lists, "Two", &["IBM", "MSFT"]).await.unwrap();
    assert_eq!(world.listed(), expect(&["AAPL", "IBM", "MSFT"]));
    lists.remove_symbol(&u(), &one.id, &sample::symbol("IBM")).await.unwrap();
    assert_eq!(world.listed(), expect(&["AAPL", "IBM", "MSFT"]), "it is on the other list");
    lists.add_symbol(&u(), &one.id, &sample::symbol("MSFT")).await.unwrap();
    replace(&lists, &u(), &two.id, ("Two", &[]), None).await.unwrap();
    assert_eq!(world.listed(), expect(&["AAPL", "MSFT"]));
    lists.delete(&u(), &one.id, None).await.unwrap();
    assert_eq!(world.listed(), expect(&[]));
}

#[tokio::test]
async fn an_edit_leaves_what_a_connection_watches_as_it_is() {
    let world = World::default();
    let lists = world.watchlists(&["AAPL"]).await;
    world.add(&[Connection { watched: sample::symbols(&["MSFT"]), paused: true, ..sample::connection("c", "u") }]).await;
    create(&lists, "List", &["AAPL"]).await.unwrap();
    let expect = Connection {
        listed: sample::symbols(&["AAPL"]),
        watched: sample::symbols(&["MSFT"]),
        paused: true,
        ..sample::connection("c", "u")
    };
    assert_eq!(world.memory.connections(), [expect]);
}

#[tokio::test]
async fn of_two_edits_at_once_without_a_version_both_are_done_and_with_one_the_second_is_told() {
    for (expected, done) in [(None, true), (Some(1), false)] {
        let world = World::default();
        let lists = world.watchlists(&["AAPL", "IBM", "MSFT"]).await;
        let list = create(&lists, "List", &["AAPL"]).await.unwrap();
        let quicker = Watchlist { symbols: sample::symbols(&["AAPL", "IBM"]), version: 2, ..list.clone() };
        let gate = world.store.hold(Method::ReplaceWatchlist);
        let user = u();
        let (answer, ()) = tokio::join!(
            async {
                match expected {
                    None => lists.add_symbol(&user, &list.id, &sample::symbol("MSFT")).await,
                    Some(_) => replace(&lists, &user, &list.id, ("Mine", &["MSFT"]), expected).await,
                }
            },
            async {
                gate.reached_by(1).await;
                world.memory.replace(&user, &quicker, 1).await.unwrap();
                gate.open();
            }
        );
        let stored = world.lists_of(&u()).await.pop().unwrap();
        if done {
            assert_eq!((texts(&stored), stored.version), (vec!["AAPL", "IBM", "MSFT"], 3), "neither is lost");
            assert_eq!(answer.unwrap(), stored);
        } else {
            assert!(matches!(answer, Err(WatchlistError::Conflict)), "{answer:?}");
            assert_eq!(stored, quicker);
        }
    }
}

#[tokio::test]
async fn an_edit_of_a_list_that_another_device_fills_or_deletes_meanwhile_fails_for_that_reason() {
    for fills in [true, false] {
        let all = sample::many_symbols(MAX_SYMBOLS_PER_LIST);
        let world = World::default();
        let lists = world.watchlists(&["AAPL"]).await;
        let list = create(&lists, "List", &[]).await.unwrap();
        let gate = world.store.hold(Method::ReplaceWatchlist);
        let (user, symbol) = (u(), sample::symbol("AAPL"));
        let (answer, ()) = tokio::join!(lists.add_symbol(&user, &list.id, &symbol), async {
            gate.reached_by(1).await;
            if fills {
                let full = Watchlist { symbols: all.clone(), version: 2, ..list.clone() };
                world.memory.replace(&user, &full, 1).await.unwrap();
            } else {
                world.memory.delete(&user, &list.id, None).await.unwrap();
            }
            gate.open();
        });
        match answer {
            Err(WatchlistError::Invalid(InvalidWatchlist::TooManySymbols)) if fills => {}
            Err(WatchlistError::NotFound) if !fills => {}
            other => panic!("fills: {fills}, {other:?}"),
        }
        assert_eq!(world.lists_of(&u()).await.len(), usize::from(fills));
    }
}

#[tokio::test]
async fn an_edit_that_loses_every_race_ends_in_a_conflict() {
    let world = World::default();
    let lists = world.watchlists(&["AAPL"]).await;
    let list = create(&lists, "List", &[]).await.unwrap();
    // The second of two equal writes loses against the first; what is wanted is there then, and the answer says so.
    world.store.double(Method::ReplaceWatchlist);
    let added = lists.add_symbol(&u(), &list.id, &sample::symbol("AAPL")).await.unwrap();
    assert_eq!((texts(&added), added.version), (vec!["AAPL"], 2), "a repeated request does nothing twice");
    let answer = replace(&lists, &u(), &list.id, ("Other", &["AAPL"]), None).await;
    assert!(matches!(answer, Err(WatchlistError::Conflict)), "{answer:?}");
    assert!(world.store.call_count(Method::ReplaceWatchlist) < 12, "it gives up");
}

#[tokio::test]
async fn a_store_that_fails_before_the_list_is_written_leaves_it_as_it_was() {
    for method in [Method::Watchlist, Method::Quotes, Method::Status, Method::ReplaceWatchlist] {
        for fault in [Fault::Throttled, Fault::Unavailable] {
            let world = World::default();
            let lists = world.watchlists(&["AAPL"]).await;
            let list = create(&lists, "List", &[]).await.unwrap();
            world.store.fail(method, fault);
            let answer = lists.add_symbol(&u(), &list.id, &sample::symbol("AAPL")).await;
            assert!(
                matches!(answer, Err(WatchlistError::Store(_) | WatchlistError::Symbol(SymbolError::Store(_)))),
                "{method:?}: {answer:?}"
            );
            assert_eq!((world.lists_of(&u()).await, world.followed()), (vec![list], Vec::new()), "{method:?}");
        }
    }
}

#[tokio::test]
async fn a_list_that_could_not_be_announced_is_safe_and_doing_it_again_mends_the_rest() {
    for method in [Method::ExtendLeases, Method::ConnectionsOf, Method::Watchlists, Method::SetListed] {
        let world = World::default();
        let lists = world.watchlists(&["AAPL"]).await;
        let list = create(&lists, "List", &[]).await.unwrap();
        world.add(&[sample::connection("c", "u")]).await;
        world.store.fail(method, Fault::Unavailable);
        let answer = replace(&lists, &u(), &list.id, ("List", &["AAPL"]), None).await;
        assert!(matches!(answer, Err(WatchlistError::Store(StoreError::Unavailable(_)))), "{method:?}: {answer:?}");
        assert_eq!(texts(&world.lists_of(&u()).await[0]), ["AAPL"], "{method:?}");
        world.store.heal();
        replace(&lists, &u(), &list.id, ("List", &["AAPL"]), None).await.unwrap();
        assert_eq!(
            (world.followed(), world.listed()),
            (vec!["AAPL".to_owned()], vec![("c".to_owned(), vec!["AAPL".to_owned()])])
        );
    }
}

#[tokio::test]
async fn every_change_is_announced_once_and_an_edit_is_done_even_if_that_fails() {
    let world = World::default();
    let lists = world.watchlists(&["AAPL", "IBM"]).await;
    let created = create(&lists, "List", &["AAPL"]).await.unwrap();
    let added = lists.add_symbol(&u(), &created.id, &sample::symbol("IBM")).await.unwrap();
    lists.add_symbol(&u(), &created.id, &sample::symbol("IBM")).await.unwrap();
    let replaced = replace(&lists, &u(), &created.id, ("Other", &["IBM"]), None).await.unwrap();
    assert!(replace(&lists, &u(), &created.id, ("Other", &["AAPL"]), Some(1)).await.is_err());
    let same = lists.remove_symbol(&u(), &created.id, &sample::symbol("AAPL")).await.unwrap();
    assert_eq!(same, replaced);
    lists.delete(&u(), &created.id, None).await.unwrap();
    let deleted = ListChange::Deleted(created.id.clone());
    let told = [created, added, replaced].map(ListChange::Changed).into_iter().chain([deleted]);
    assert_eq!(world.announcer.changes(), told.map(|change| (u(), change)).collect::<Vec<_>>());

    world.announcer.fail();
    let untold = create(&lists, "Untold", &["AAPL"]).await.unwrap();
    lists.remove_symbol(&u(), &untold.id, &sample::symbol("AAPL")).await.unwrap();
    lists.delete(&u(), &untold.id, None).await.unwrap();
    assert_eq!(world.lists_of(&u()).await, []);
}

#[tokio::test]
async fn a_connection_that_closes_during_an_edit_stays_closed() {
    let world = World::default();
    let lists = world.watchlists(&["AAPL"]).await;
    world.add(&[sample::connection("c", "u"), sample::connection("d", "u")]).await;
    let gate = world.store.hold(Method::SetListed);
    let (list, ()) = tokio::join!(create(&lists, "List", &["AAPL"]), async {
        gate.reached_by(1).await;
        world.memory.remove(&id("c")).await.unwrap();
        gate.open();
    });
    assert!(list.is_ok());
    assert_eq!(world.listed(), [("d".to_owned(), vec!["AAPL".to_owned()])]);
}

#[tokio::test]
async fn what_nobody_follows_any_more_is_polled_until_its_lease_runs_out() {
    let world = World::default();
    let lists = world.watchlists(&["AAPL"]).await;
    world.price("AAPL", "10");
    let list = create(&lists, "List", &["AAPL"]).await.unwrap();
    lists.delete(&u(), &list.id, None).await.unwrap();
    for (later, polled) in [(Duration::ZERO, 1), (FOLLOWED_LEASE.saturating_sub(TICK), 1), (FOLLOWED_LEASE, 0)] {
        world.clock.set(NOW + later);
        assert_eq!(world.fetch().run().await.unwrap().polled, polled, "{later:?}");
    }
}

#[test]
fn a_connection_is_given_as_much_of_the_lists_as_it_may_follow_the_first_lists_first() {
    let all = sample::many_symbols(MAX_FOLLOWED + 10);
    let list = |id: &str, symbols: &[Symbol]| Watchlist { symbols: symbols.to_vec(), ..sample::watchlist(id, "List", &[]) };
    let lists = [
        list("1", &all[..MAX_SYMBOLS_PER_LIST]),
        list("2", &all[MAX_SYMBOLS_PER_LIST - 10..2 * MAX_SYMBOLS_PER_LIST - 10]),
        list("3", &all[2 * MAX_SYMBOLS_PER_LIST - 10..]),
    ];
    let expect: BTreeSet<Symbol> = all[..MAX_FOLLOWED].iter().cloned().collect();
    assert_eq!(listed_symbols(&lists), expect);
    assert_eq!(listed_symbols(&lists[..1]).len(), MAX_SYMBOLS_PER_LIST);
    assert_eq!(listed_symbols(&[]), BTreeSet::new());
}

#[derive(Clone, Debug)]
enum Edit {
    Create(Vec<usize>),
    Replace(usize, Vec<usize>, Option<u64>),
    Add(usize, usize),
    Remove(usize, usize),
    Delete(usize, Option<u64>),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let symbols = || prop::collection::vec(0..6_usize, 0..5);
    let (list, symbol, version) = (0..3_usize, 0..6_usize, prop::option::of(0..4_u64));
    let edit = prop_oneof![
        2 => symbols().prop_map(Edit::Create),
        3 => (list.clone(), symbols(), version.clone()).prop_map(|(at, to, version)| Edit::Replace(at, to, version)),
        3 => (list.clone(), symbol.clone()).prop_map(|(at, symbol)| Edit::Add(at, symbol)),
        3 => (list.clone(), symbol).prop_map(|(at, symbol)| Edit::Remove(at, symbol)),
        1 => (list, version).prop_map(|(at, version)| Edit::Delete(at, version)),
    ];
    prop::collection::vec(edit, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// After any edits by anybody, done or refused: no list has a symbol twice, versions grow by one with each change and never
    /// without, every open connection has just what its user's lists have, all of that is polled, and nobody touched another's.
    #[test]
    fn connections_and_the_poll_set_follow_the_lists(edits in prop::collection::vec((any::<bool>(), edits()), 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::default();
            let all = sample::many_symbols(6);
            let names: Vec<&str> = all.iter().map(Symbol::as_str).collect();
            let lists = world.watchlists(&names).await;
            let users = [u(), sample::user("other")];
            world.add(&[sample::connection("a", "u"), sample::connection("b", "u"), sample::connection("x", "other")]).await;
            let pick = |symbols: &[usize]| -> Vec<Symbol> { symbols.iter().map(|n| all[*n].clone()).collect() };
            let edits = edits.into_iter().flat_map(|(mine, edits)| edits.into_iter().map(move |edit| (mine, edit)));
            for (mine, edit) in edits {
                let (user, stranger) = if mine { (&users[0], &users[1]) } else { (&users[1], &users[0]) };
                let (before, others) = (world.lists_of(user).await, world.lists_of(stranger).await);
                let at = |n: usize| before.get(n).map_or_else(|| ListId::new("nowhere"), |list| list.id.clone());
                let draft = |symbols: &[usize]| Draft { name: "List".to_owned(), symbols: pick(symbols), ..Draft::default() };
                let done = match &edit {
                    Edit::Create(to) => lists.create(user, draft(to)).await.is_ok(),
                    Edit::Replace(list, to, version) => lists.replace(user, &at(*list), draft(to), *version).await.is_ok(),
                    Edit::Add(list, symbol) => lists.add_symbol(user, &at(*list), &all[*symbol]).await.is_ok(),
                    Edit::Remove(list, symbol) => lists.remove_symbol(user, &at(*list), &all[*symbol]).await.is_ok(),
                    Edit::Delete(list, version) => lists.delete(user, &at(*list), *version).await.is_ok(),
                };
                let after = world.lists_of(user).await;
                prop_assert!(done || after == before, "refused, and changed: {:?}", edit);
                prop_assert_eq!(world.lists_of(stranger).await, others);
                for list in &after {
                    prop_assert_eq!(Watchlist::check_symbols(&list.symbols), Ok(()));
                    if let Some(old) = before.iter().find(|old| old.id == list.id) {
                        let rewritten = matches!(edit, Edit::Replace(..)) && list.version == old.version + 1;
                        let grown = u64::from(list.symbols != old.symbols || rewritten);
                        prop_assert_eq!(list.version, old.version + grown, "{:?}", edit);
                    }
                }
                let polled = world.followed();
                for connection in world.memory.connections() {
                    let listed = listed_symbols(&world.lists_of(&connection.user).await);
                    prop_assert!(listed.iter().all(|symbol| polled.contains(&symbol.to_string())), "{:?}", edit);
                    prop_assert_eq!(connection.listed, listed, "{:?}", edit);
                }
            }
            Ok(())
        })?;
    }
}
