//! Killed at any moment, the store loses no acknowledged write and keeps no half-done one.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use quickstocks_core::model::{Lease, TokenKind, Urgency};
use quickstocks_core::ports::{PollSetWriter as _, TokenReader as _, UserWriter as _, WatchlistReader as _};
use quickstocks_sqlite::{OpenError, SqliteStore};
use quickstocks_testkit::sample;

/// How many tasks of the child write at once, so that writes are committed together.
const WRITERS: usize = 8;

/// What the child says when a write was acknowledged.
const ACKNOWLEDGED: &str = "acknowledged ";

/// The child: writes until it is killed and says what was acknowledged. It takes the path from its standard input.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test below, as a process that it kills"]
async fn writes_until_killed() {
    let mut path = String::new();
    std::io::stdin().read_line(&mut path).unwrap();
    if path.trim().is_empty() {
        return; // Somebody runs the ignored tests.
    }
    let store = Arc::new(SqliteStore::open(path.trim()).unwrap());
    let writers = (0..WRITERS).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0.. {
                let id = format!("{writer}-{n}");
                let session = sample::token(&id, TokenKind::Session, &id);
                store.create(&sample::guest(&id), &sample::watchlist(&id, "First", &["AAPL"]), &session).await.unwrap();
                let lease = Lease { symbol: sample::symbol(&id), urgency: Urgency::OnScreen, until: sample::NOW };
                store.extend(&[lease]).await.unwrap();
                let mut out = std::io::stdout().lock();
                writeln!(out, "{ACKNOWLEDGED}{id}").and_then(|()| out.flush()).unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

fn start(path: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().expect("a test has a program"))
        .args(["writes_until_killed", "--exact", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child can be started");
    writeln!(child.stdin.take().expect("it is piped"), "{}", path.display()).expect("the child reads its path");
    child
}

#[tokio::test]
async fn a_kill_loses_no_acknowledged_write_and_leaves_no_half_done_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("quickstocks.db");
    let mut acknowledged = BTreeSet::new();
    let mut child = start(&path);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        if let Some((_, id)) = line.split_once(ACKNOWLEDGED) {
            acknowledged.insert(id.to_owned());
        }
        if acknowledged.len() == 200 {
            // The file is held by another process, which says so now and lets go of it when it is killed.
            assert!(matches!(SqliteStore::open(&path), Err(OpenError::InUse { .. })));
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= 200, "only {} writes were acknowledged", acknowledged.len());

    let store = SqliteStore::open(&path).unwrap();
    for id in &acknowledged {
        assert_eq!(store.watchlists(&sample::user(id)).await.unwrap(), [sample::watchlist(id, "First", &["AAPL"])]);
    }
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let users = count("SELECT count(*) FROM user");
    let least = i64::try_from(acknowledged.len()).unwrap();
    assert!(users >= least);
    assert_eq!(
        count("SELECT count(*) FROM user JOIN watchlist ON watchlist.user = user.id JOIN token ON token.user = user.id"),
        users
    );
    assert_eq!(count("SELECT count(*) FROM watchlist"), users);
    assert_eq!(count("SELECT count(*) FROM token"), users);
    assert!(count("SELECT count(*) FROM poll_entry") >= least);
}

#[tokio::test]
async fn a_write_that_was_handed_over_is_made_even_when_its_caller_goes_away() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("quickstocks.db");
    let store = SqliteStore::open(&path).unwrap();
    let (guest, list, session) =
        (sample::guest("ann"), sample::watchlist("1f", "First", &[]), sample::token("5e55", TokenKind::Session, "ann"));
    tokio::select! {
        biased;
        answer = store.create(&guest, &list, &session) => answer.unwrap(),
        () = std::future::ready(()) => {}
    }
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.watchlists(&sample::user("ann")).await.unwrap().len(), 1);
    assert_eq!(store.token(&session.hash, TokenKind::Session, sample::NOW).await.unwrap(), Some(session));
}
