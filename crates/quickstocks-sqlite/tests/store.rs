//! What the ports do not say: purging, damage to single rows, other programs at the file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::model::{
    ActionToken, Breaker, Lease, NOTIFICATION_LIFETIME, Notification, NotificationId, RequestRecord, SourceStatus, TokenHash,
    TokenKind, Urgency, poll_shard,
};
use quickstocks_core::ports::{
    ActionTokens as _, AlertWriter as _, CallCounter as _, ConnectionReader as _, ConnectionWriter as _, PollSetReader,
    PollSetWriter, QuoteReader as _, QuoteWrite, QuoteWriter as _, RateCounter as _, RequestLog as _, SourceGate as _,
    SourceStatusReader as _, SourceStatusWriter as _, StoreError, TokenReader as _, TokenWriter, WatchlistReader as _,
    WatchlistWriter as _,
};
use quickstocks_sqlite::{Purged, SqliteStore};
use quickstocks_testkit::sample;
use rusqlite::Connection;
use tempfile::TempDir;

fn new_store() -> (TempDir, PathBuf, SqliteStore) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let path = directory.path().join("quickstocks.db");
    let store = SqliteStore::open(&path).expect("a database can be made");
    (directory, path, store)
}

/// Another program at the file.
fn other_program(path: &Path) -> Connection {
    Connection::open(path).expect("another program may open it")
}

#[tokio::test]
async fn a_purge_deletes_what_has_run_out_and_nothing_else() {
    let (_directory, path, store) = new_store();
    let hour = sample::NOW.seconds() / 3600;
    let connection = sample::connection("old", "ann");
    let now = connection.expires_at();
    store.add(&connection).await.unwrap();
    store.add(&quickstocks_core::model::Connection { connected_at: now, ..sample::connection("new", "ann") }).await.unwrap();
    store.put(&sample::token("01d", TokenKind::Ticket, "ann")).await.unwrap();
    let good = sample::token("2ea", TokenKind::Session, "ann");
    store.put(&good).await.unwrap();
    TokenWriter::extend(&store, &good.hash, sample::NOW, now + Duration::from_millis(1)).await.unwrap();
    let lease = |symbol, urgency, until| Lease { symbol: sample::symbol(symbol), urgency, until };
    let leases = [
        lease("OLD", Urgency::OnScreen, now),
        lease("OLD", Urgency::Followed, now - Duration::from_secs(1)),
        lease("NEW", Urgency::OnScreen, now),
        lease("NEW", Urgency::Armed, now + Duration::from_millis(1)),
    ];
    PollSetWriter::extend(&store, &leases).await.unwrap();
    for hour in [hour - 48, hour - 1, hour] {
        store.add_calls(hour, 5).await.unwrap();
    }
    store.insert(&sample::user("ann"), &sample::watchlist("1f", "Picks", &["OLD"])).await.unwrap();

    for (key, expires_at) in [("old", now), ("new", now + Duration::from_secs(1))] {
        let record = RequestRecord { key: key.to_owned(), fingerprint: "f".to_owned(), answer: None, expires_at };
        store.claim_request(&sample::user("ann"), &record, sample::NOW).await.unwrap();
        store.count_event("key", expires_at).await.unwrap();
    }

    let alert = sample::alert("a1", "ann", "AAPL");
    store.insert_alert(&alert).await.unwrap();
    let notices = [("01d", now - NOTIFICATION_LIFETIME), ("2ea", now)].map(|(id, created_at)| {
        let id = NotificationId::new(id);
        Notification { id, created_at, ..sample::notification("n", &alert) }
    });
    assert!(store.write_alert(&alert, 1, &notices).await.unwrap());
    for (hash, expires_at) in [("01d", now), ("2ea", now + Duration::from_secs(1))] {
        let (hash, alerts) = (TokenHash::new(hash), vec![alert.id.clone()]);
        store.put_action(&ActionToken { hash, user: alert.user.clone(), alerts, expires_at }).await.unwrap();
    }

    assert_eq!(
        store.purge(now).await.unwrap(),
        Purged { connections: 1, tokens: 1, requests: 1, notifications: 1, actions: 1, events: 1, symbols: 1, hours: 1 }
    );
    assert_eq!(store.purge(now).await.unwrap(), Purged::default());
    let count = |sql: &str| other_program(&path).query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    for table in ["connection", "token", "poll_entry", "watchlist", "request", "event_count", "notification", "action_token"] {
        assert_eq!(count(&format!("SELECT count(*) FROM {table}")), 1, "{table}");
    }
    assert_eq!(store.calls(hour).await.unwrap(), 5);
    assert!(store.token(&good.hash, TokenKind::Session, now).await.unwrap().is_some());
}

/// A database with a row of everything, its source named "yahoo".
fn filled_store() -> (TempDir, SqliteStore) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let path = directory.path().join("quickstocks.db");
    other_program(&path).execute_batch(include_str!("fixtures/version-1.sql")).expect("the fixture is good SQL");
    let store = SqliteStore::open(&path).expect("the database is good");
    (directory, store)
}

#[tokio::test]
async fn prices_stay_when_the_same_source_begins_again_and_connections_do_not() {
    let (_directory, store) = filled_store();
    let ann = sample::user("ann");
    assert_eq!(store.connections_of(&ann, sample::NOW).await.unwrap().len(), 1);
    assert!(!store.begin("yahoo").await.unwrap());
    assert!(store.connections_of(&ann, sample::NOW).await.unwrap().is_empty());
    assert_eq!(store.quotes(&[sample::symbol("VOD.L")]).await.unwrap().len(), 1);
    assert_eq!(store.status().await.unwrap().on_screen, 12);
    assert_eq!(store.breaker().await.unwrap().trips, 1);
    assert_eq!(store.calls(7).await.unwrap(), 12);
    assert!(store.session().await.unwrap().is_some());
}

#[tokio::test]
async fn another_source_begins_without_the_prices_of_the_one_before_and_with_all_lists() {
    let (_directory, store) = filled_store();
    let vodafone = sample::symbol("VOD.L");
    assert!(store.begin("simulated").await.unwrap());
    assert!(!store.begin("simulated").await.unwrap());

    assert!(store.quotes(std::slice::from_ref(&vodafone)).await.unwrap().is_empty());
    assert_eq!(store.status().await.unwrap(), SourceStatus::default());
    assert_eq!(store.breaker().await.unwrap(), Breaker::default());
    assert_eq!(store.calls(7).await.unwrap(), 0);
    assert!(store.session().await.unwrap().is_none());

    let entry = PollSetReader::page(&store, poll_shard(&vodafone), None).await.unwrap().entries.pop().unwrap();
    assert_eq!((entry.on_screen_until, entry.polled_at, entry.rests_at), (Some(sample::NOW), None, None), "leases stay");
    assert_eq!(store.watchlists(&sample::user("ann")).await.unwrap().len(), 1);
    let session = sample::token("5e55", TokenKind::Session, "ann");
    assert!(store.token(&session.hash, TokenKind::Session, sample::NOW).await.unwrap().is_some());
    assert_eq!(store.next_tick().await.unwrap().0, 42, "ticks go on, or browsers would take new prices for old");

    // A price that is older than the forgotten one is shown now.
    let old = sample::stored("VOD.L", "1", Duration::from_hours(24), 43);
    assert_eq!(store.store(&[old]).await.unwrap(), [QuoteWrite::Stored]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named() {
    let (_directory, path, store) = new_store();
    store.store(&[sample::stored("AAPL", "1", Duration::ZERO, 1)]).await.unwrap();
    store.add(&sample::connection("c1", "ann")).await.unwrap();
    store.insert(&sample::user("ann"), &sample::watchlist("1f", "Picks", &["AAPL"])).await.unwrap();
    let lease = Lease { symbol: sample::symbol("AAPL"), urgency: Urgency::OnScreen, until: sample::NOW };
    PollSetWriter::extend(&store, &[lease]).await.unwrap();
    other_program(&path)
        .execute_batch(
            "UPDATE quote SET json = '{}'; UPDATE connection SET watched = '[\"not a symbol\"]'; UPDATE watchlist SET symbols = 'AAPL';
            UPDATE poll_entry SET missing = 'mislaid';",
        )
        .unwrap();
    let named = |answer: Result<(), StoreError>, name: &str| match answer {
        Err(StoreError::Corrupt { item, .. }) => assert!(item.contains(name), "{item}"),
        other => panic!("{name}: {other:?}"),
    };
    let symbol = sample::symbol("AAPL");
    named(store.quotes(std::slice::from_ref(&symbol)).await.map(drop), "AAPL");
    named(store.connection(&sample::connection("c1", "ann").id, sample::NOW).await.map(drop), "c1");
    named(store.watchlists(&sample::user("ann")).await.map(drop), "1f");
    named(PollSetReader::page(&store, poll_shard(&symbol), None).await.map(drop), "AAPL");
}

#[tokio::test]
async fn a_quote_that_cannot_be_stored_leaves_the_rest_of_its_batch() {
    let (_directory, path, store) = new_store();
    other_program(&path)
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON quote WHEN new.symbol = 'BAD' BEGIN SELECT raise(ABORT, 'no'); END",
        )
        .unwrap();
    let quote = |symbol| sample::stored(symbol, "1", Duration::ZERO, 1);
    let batch = [quote("AAPL"), quote("BAD"), quote("MSFT")];
    assert_eq!(store.store(&batch).await.unwrap(), [QuoteWrite::Stored, QuoteWrite::Failed, QuoteWrite::Stored]);
    assert_eq!(store.quotes(&sample::symbols::<Vec<_>>(&["AAPL", "BAD", "MSFT"])).await.unwrap().len(), 2);
    assert!(matches!(store.store(&batch[1..2]).await, Err(StoreError::Refused(_))), "nothing at all could be stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_waits_for_another_programs_lock_and_reads_go_on_meanwhile() {
    let (_directory, path, store) = new_store();
    let other = other_program(&path);
    other.execute_batch("BEGIN IMMEDIATE; UPDATE source SET last_tick = 41").unwrap();
    let mut write = Box::pin(store.next_tick());
    tokio::select! {
        biased;
        early = &mut write => panic!("the lock was not respected: {early:?}"),
        read = store.calls(7) => assert_eq!(read.unwrap(), 0),
    }
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(write.await.unwrap().0, 42);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_callers_than_connections_and_places_in_the_queue_are_all_served() {
    let (_directory, _path, store) = new_store();
    let store = Arc::new(store);
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..3000_i64 {
        let store = Arc::clone(&store);
        calls.spawn(async move {
            store.add_calls(n % 3, 1).await.unwrap();
            store.calls(n % 3).await.unwrap()
        });
    }
    let mut highest = 0;
    while let Some(count) = calls.join_next().await {
        highest = highest.max(count.unwrap());
    }
    assert_eq!(highest, 1000);
}
