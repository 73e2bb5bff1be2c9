//! The contracts of `ConnectionReader` and `ConnectionWriter`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use quickstocks_core::model::{
    CONNECTION_SHARDS, Connection, ConnectionId, MAX_FOLLOWED, Shard, Symbol, Timestamp, connection_shard,
};
use quickstocks_core::ports::{ConnectionReader, StoreError};

use super::{CALLERS, Store, at_once};
use crate::sample;

/// An id as API Gateway makes them: base64, with everything that may need quoting.
const ID: &str = "L0SM9cOF/vHc+IhQ=";
const MILLISECOND: Duration = Duration::from_millis(1);

fn id(text: &str) -> ConnectionId {
    ConnectionId::new(text)
}

/// Ids that all live in one shard, ordered.
fn ids_in(shard: Shard, count: usize) -> Vec<ConnectionId> {
    let mut ids: Vec<ConnectionId> =
        (0..).map(|n: u32| id(&format!("c{n}="))).filter(|id| connection_shard(id) == shard).take(count).collect();
    ids.sort_unstable();
    ids
}

fn following(of: &str) -> Connection {
    Connection {
        listed: sample::symbols(&["AAPL", "MSFT", "^GSPC"]),
        watched: sample::symbols(&["BTC-USD", "MSFT"]),
        paused: true,
        leased_until: Some(sample::NOW + Duration::from_mins(10)),
        ..sample::connection(ID, of)
    }
}

async fn add(to: &Store, connection: &Connection) {
    to.add(connection).await.expect("a connection can be added");
}

async fn add_all(to: &Store, ids: &[ConnectionId], of: &str) {
    stream::iter(ids)
        .map(|id| async move { to.add(&sample::connection(id.as_str(), of)).await })
        .buffer_unordered(8)
        .try_collect::<()>()
        .await
        .expect("connections can be added");
}

async fn get(from: &Store, id: &ConnectionId, now: Timestamp) -> Option<Connection> {
    from.connection(id, now).await.expect("a connection can be read")
}

async fn of_user(from: &Store, user: &str, now: Timestamp) -> Vec<ConnectionId> {
    from.connections_of(&sample::user(user), now).await.expect("a user's connections can be read")
}

/// Follows `next` through a shard to its end.
async fn shard(of: &Store, shard: Shard, now: Timestamp) -> Vec<Connection> {
    let (mut connections, mut after) = (Vec::new(), None);
    loop {
        let page = ConnectionReader::page(&**of, shard, after.as_ref(), now).await.expect("connections can be read");
        connections.extend(page.connections);
        match page.next {
            Some(next) => {
                assert!(after.is_none_or(|after| after < next), "paging goes forwards");
                after = Some(next);
            }
            None => return connections,
        }
    }
}

async fn shard_ids(of: &Store, number: Shard) -> Vec<ConnectionId> {
    shard(of, number, sample::NOW).await.into_iter().map(|connection| connection.id).collect()
}

async fn is_read_back(under_test: &Store, connection: Connection) {
    add(under_test, &connection).await;
    assert_eq!(get(under_test, &connection.id, sample::NOW).await.as_ref(), Some(&connection));
    assert_eq!(shard(under_test, connection_shard(&connection.id), sample::NOW).await, [connection]);
}

/// Every property, by the id and in its shard.
pub async fn a_connection_is_read_back_whole(under_test: Store) {
    is_read_back(&under_test, following("ann")).await;
}

/// Empty sets and an absent lease stay so.
pub async fn a_connection_that_follows_nothing_is_read_back_whole(under_test: Store) {
    is_read_back(&under_test, sample::connection(ID, "ann")).await;
}

/// As many as a connection may follow.
pub async fn a_connection_that_follows_four_hundred_symbols_is_read_back_whole(under_test: Store) {
    let symbols = sample::many_symbols(MAX_FOLLOWED);
    let (listed, watched) = symbols.split_at(MAX_FOLLOWED / 2);
    let connection = Connection {
        listed: listed.iter().cloned().collect(),
        watched: watched.iter().cloned().collect(),
        ..sample::connection(ID, "ann")
    };
    is_read_back(&under_test, connection).await;
}

/// "Adds a connection, under its shard and under its user"; and nowhere else.
pub async fn a_connection_is_under_its_shard_and_under_its_user(under_test: Store) {
    add(&under_test, &following("ann")).await;
    for number in (0..CONNECTION_SHARDS).map(Shard) {
        let expected: &[ConnectionId] = if connection_shard(&id(ID)) == number { &[id(ID)] } else { &[] };
        assert_eq!(shard_ids(&under_test, number).await, expected);
    }
    assert_eq!(of_user(&under_test, "ann", sample::NOW).await, [id(ID)]);
    assert_eq!(of_user(&under_test, "bob", sample::NOW).await, []);
}

/// A client repeats a request whose answer was lost.
pub async fn adding_twice_equals_adding_once(under_test: Store) {
    add(&under_test, &following("ann")).await;
    is_read_back(&under_test, following("ann")).await;
    assert_eq!(of_user(&under_test, "ann", sample::NOW).await, [id(ID)]);
}

/// "`None` when it is not there."
pub async fn an_unknown_connection_is_answered_with_none(under_test: Store) {
    add(&under_test, &following("ann")).await;
    assert_eq!(get(&under_test, &id("other"), sample::NOW).await, None);
}

/// "Removes a connection from its shard and from its user. Answers whose it was."
pub async fn removing_answers_whose_it_was_and_takes_it_from_shard_and_user(under_test: Store) {
    add(&under_test, &following("ann")).await;
    add(&under_test, &sample::connection("stays", "ann")).await;
    assert_eq!(under_test.remove(&id(ID)).await.expect("it can be removed"), Some(sample::user("ann")));
    assert_eq!(get(&under_test, &id(ID), sample::NOW).await, None);
    assert!(!shard_ids(&under_test, connection_shard(&id(ID))).await.contains(&id(ID)));
    assert_eq!(of_user(&under_test, "ann", sample::NOW).await, [id("stays")]);
}

/// "`None` when it was not there, which is no error."
pub async fn removing_what_is_not_there_is_no_error(under_test: Store) {
    assert_eq!(under_test.remove(&id(ID)).await.expect("it is no error"), None);
    add(&under_test, &following("ann")).await;
    under_test.remove(&id(ID)).await.expect("it can be removed");
    assert_eq!(under_test.remove(&id(ID)).await.expect("it is no error"), None);
}

/// "`$disconnect` and a pruning dispatcher may meet."
pub async fn removers_that_meet_leave_nothing_and_one_learns_whose_it_was(under_test: Store) {
    add(&under_test, &following("ann")).await;
    let answers = at_once(CALLERS, |_| {
        let under_test = under_test.clone();
        async move {
            loop {
                match under_test.remove(&id(ID)).await {
                    // Transactions that meet may be told to come again.
                    Err(StoreError::Throttled(_)) => tokio::task::yield_now().await,
                    answer => return answer.expect("it is no error"),
                }
            }
        }
    })
    .await;
    assert!(answers.iter().any(Option::is_some));
    assert!(answers.into_iter().flatten().all(|owner| owner == sample::user("ann")));
    assert_eq!(get(&under_test, &id(ID), sample::NOW).await, None);
    assert_eq!(of_user(&under_test, "ann", sample::NOW).await, []);
}

/// "The ids of a user's connections, ordered by id." As many as a family of devices never opens.
pub async fn connections_of_a_user_are_ordered_and_nobody_elses(under_test: Store) {
    let mut ids: Vec<ConnectionId> = (0..40).map(|n| id(&format!("{n}="))).collect();
    add_all(&under_test, &ids, "ann").await;
    add_all(&under_test, &[id("foreign")], "anna").await;
    add_all(&under_test, &[id("also foreign")], "an").await;
    ids.sort_unstable();
    assert_eq!(of_user(&under_test, "ann", sample::NOW).await, ids);
    assert_eq!(of_user(&under_test, "anna", sample::NOW).await, [id("foreign")]);
}

/// "Connections that expired at `now` MUST be left out": from the very moment they expire.
pub async fn an_expired_connection_is_left_out_everywhere(under_test: Store) {
    let connection = following("ann");
    add(&under_test, &connection).await;
    let number = connection_shard(&connection.id);
    for (now, there) in [
        (connection.expires_at() - MILLISECOND, true),
        (connection.expires_at(), false),
        (connection.expires_at() + MILLISECOND, false),
    ] {
        assert_eq!(get(&under_test, &connection.id, now).await.is_some(), there);
        assert_eq!(!of_user(&under_test, "ann", now).await.is_empty(), there);
        assert_eq!(!shard(&under_test, number, now).await.is_empty(), there);
    }
}

/// "The setters touch one property each; they answer whether the connection was there."
pub async fn each_setter_touches_its_property_only(under_test: Store) {
    let mut expected = following("ann");
    add(&under_test, &expected).await;
    expected.listed = sample::symbols(&["IBM"]);
    assert!(under_test.set_listed(&expected.id, &expected.listed).await.expect("symbols can be set"));
    assert_eq!(get(&under_test, &expected.id, sample::NOW).await.as_ref(), Some(&expected));
    expected.watched = sample::symbols(&["M&M.NS", "NAME"]);
    assert!(under_test.set_watched(&expected.id, &expected.watched).await.expect("symbols can be set"));
    assert_eq!(get(&under_test, &expected.id, sample::NOW).await.as_ref(), Some(&expected));
    for paused in [false, true, true] {
        expected.paused = paused;
        assert!(under_test.set_paused(&expected.id, paused).await.expect("it can be paused"));
        assert_eq!(get(&under_test, &expected.id, sample::NOW).await.as_ref(), Some(&expected));
    }
    expected.leased_until = Some(sample::NOW + Duration::from_mins(20));
    assert!(
        under_test.set_leased_until(&expected.id, sample::NOW + Duration::from_mins(20)).await.expect("a lease can be noted")
    );
    assert_eq!(get(&under_test, &expected.id, sample::NOW).await.as_ref(), Some(&expected));
    assert_eq!(shard(&under_test, connection_shard(&expected.id), sample::NOW).await, [expected], "the shard says the same");
}

/// Some databases cannot store an empty set.
pub async fn symbols_can_be_set_to_none_at_all(under_test: Store) {
    let connection = following("ann");
    add(&under_test, &connection).await;
    assert!(under_test.set_listed(&connection.id, &BTreeSet::new()).await.expect("symbols can be set"));
    assert!(under_test.set_watched(&connection.id, &BTreeSet::new()).await.expect("symbols can be set"));
    let expected = Connection { listed: BTreeSet::new(), watched: BTreeSet::new(), ..connection };
    assert_eq!(get(&under_test, &expected.id, sample::NOW).await.as_ref(), Some(&expected));
    assert!(under_test.set_listed(&expected.id, &sample::symbols(&["IBM"])).await.expect("symbols can be set"));
    assert_eq!(
        get(&under_test, &expected.id, sample::NOW).await,
        Some(Connection { listed: sample::symbols(&["IBM"]), ..expected })
    );
}

/// Calls every setter; answers what each said.
async fn set_everything(on: &Store, id: &ConnectionId) -> [bool; 4] {
    let symbols: BTreeSet<Symbol> = sample::symbols(&["AAPL"]);
    [
        on.set_listed(id, &symbols).await.expect("it is no error"),
        on.set_watched(id, &symbols).await.expect("it is no error"),
        on.set_paused(id, true).await.expect("it is no error"),
        on.set_leased_until(id, sample::NOW).await.expect("it is no error"),
    ]
}

/// "MUST NOT make one": not where none was, nor where one was removed.
pub async fn a_setter_makes_no_connection(under_test: Store) {
    assert_eq!(set_everything(&under_test, &id(ID)).await, [false; 4]);
    add(&under_test, &following("ann")).await;
    under_test.remove(&id(ID)).await.expect("it can be removed");
    assert_eq!(set_everything(&under_test, &id(ID)).await, [false; 4]);
    assert_eq!(get(&under_test, &id(ID), sample::NOW).await, None);
    assert_eq!(shard_ids(&under_test, connection_shard(&id(ID))).await, []);
    assert_eq!(of_user(&under_test, "ann", sample::NOW).await, []);
}

/// "So that a list edit and a `watch` that meet do not undo each other."
pub async fn setters_that_meet_do_not_undo_each_other(under_test: Store) {
    add(&under_test, &sample::connection(ID, "ann")).await;
    let expected = Connection { paused: true, ..following("ann") };
    at_once(CALLERS, |caller| {
        let (under_test, Connection { id, listed, watched, paused, leased_until, .. }) = (under_test.clone(), expected.clone());
        async move {
            let there = match caller % 4 {
                0 => under_test.set_listed(&id, &listed).await,
                1 => under_test.set_watched(&id, &watched).await,
                2 => under_test.set_paused(&id, paused).await,
                _ => under_test.set_leased_until(&id, leased_until.expect("it has one")).await,
            };
            assert!(there.expect("a property can be set"));
        }
    })
    .await;
    assert_eq!(get(&under_test, &expected.id, sample::NOW).await, Some(expected));
}

/// "Following `next` to its end MUST give each connection that was there throughout exactly once", ordered by id.
pub async fn every_connection_of_a_large_shard_is_paged_in_order_once(under_test: Store) {
    let (mine, other) = (ids_in(Shard(3), 260), ids_in(Shard(4), 5));
    add_all(&under_test, &mine, "ann").await;
    add_all(&under_test, &other, "ann").await;
    assert_eq!(shard_ids(&under_test, Shard(3)).await, mine);
    assert_eq!(shard_ids(&under_test, Shard(4)).await, other);
}

/// A dispatcher prunes what it was just given.
pub async fn paging_goes_on_when_the_connection_it_stopped_at_is_gone(under_test: Store) {
    let ids = ids_in(Shard(3), 12);
    add_all(&under_test, &ids, "ann").await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page =
            ConnectionReader::page(&*under_test, Shard(3), after.as_ref(), sample::NOW).await.expect("connections can be read");
        for connection in page.connections {
            under_test.remove(&connection.id).await.expect("it can be removed");
            seen.push(connection.id);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids);
    assert_eq!(shard_ids(&under_test, Shard(3)).await, []);
}

/// Those that were there throughout are given exactly once, whatever happens before and after them.
pub async fn connections_that_come_and_go_do_not_disturb_the_others(under_test: Store) {
    let ids = ids_in(Shard(3), 60);
    let staying: Vec<ConnectionId> = ids.iter().step_by(3).cloned().collect();
    let mut going = ids.iter().skip(1).step_by(3);
    let mut coming = ids.iter().skip(2).step_by(3);
    add_all(&under_test, &staying, "ann").await;
    add_all(&under_test, &going.clone().cloned().collect::<Vec<_>>(), "ann").await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page =
            ConnectionReader::page(&*under_test, Shard(3), after.as_ref(), sample::NOW).await.expect("connections can be read");
        seen.extend(page.connections.into_iter().map(|connection| connection.id));
        if let (Some(going), Some(coming)) = (going.next_back(), coming.next()) {
            under_test.remove(going).await.expect("it can be removed");
            add(&under_test, &sample::connection(coming.as_str(), "bob")).await;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(seen.is_sorted_by(|a, b| a < b), "each once, in order");
    assert!(staying.iter().all(|id| seen.contains(id)));
}

/// "A page may then be empty and still have a `next`": one live connection behind many dead ones is found.
pub async fn a_shard_of_expired_connections_is_paged_to_its_end(under_test: Store) {
    let ids = ids_in(Shard(3), 30);
    let (last, dead) = ids.split_last().expect("there are some");
    add_all(&under_test, dead, "ann").await;
    let now = sample::connection(ID, "ann").expires_at();
    add(&under_test, &Connection { connected_at: now, ..sample::connection(last.as_str(), "ann") }).await;
    let live: Vec<ConnectionId> = shard(&under_test, Shard(3), now).await.into_iter().map(|connection| connection.id).collect();
    assert_eq!(live, std::slice::from_ref(last));
    assert_eq!(of_user(&under_test, "ann", now).await, std::slice::from_ref(last));
}

/// There is nothing where nothing was put.
pub async fn an_empty_shard_has_no_connections(under_test: Store) {
    assert_eq!(shard_ids(&under_test, Shard(0)).await, []);
    assert_eq!(of_user(&under_test, "nobody", sample::NOW).await, []);
}
