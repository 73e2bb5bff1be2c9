//! What can be opened, what is refused, and with which sentence.

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use quickstocks_core::model::{Shard, TokenKind, poll_shard};
use quickstocks_core::ports::{
    CallCounter as _, ConnectionReader, PollSetReader, PreferencesReader as _, QuoteReader as _, SourceGate as _,
    SourceStatusReader as _, SourceStatusWriter as _, TokenReader as _, WatchlistReader as _,
};
use quickstocks_sqlite::{OpenError, SqliteStore};
use quickstocks_testkit::sample;
use rusqlite::Connection;
use tempfile::TempDir;

/// A path for a database, in a directory that lives as long as the first of the pair.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let path = directory.path().join("quickstocks.db");
    (directory, path)
}

/// Opens what must not open; answers the error and checks that its sentence names the file and ends with advice.
fn refused(path: &Path, advice: &str) -> OpenError {
    let error = SqliteStore::open(path).expect_err("it must be refused");
    let sentence = error.to_string();
    assert!(sentence.contains(&path.display().to_string()) && sentence.contains(advice), "{sentence}");
    if let Some(cause) = error.source() {
        assert!(!sentence.contains(&cause.to_string()), "the cause stands in the source and not in the sentence: {sentence}");
    }
    error
}

fn sql(path: &Path, script: &str) {
    Connection::open(path).and_then(|connection| connection.execute_batch(script)).expect("the script can be run");
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let (_directory, path) = place();
    for tick in 1..=3 {
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.next_tick().await.unwrap().0, tick);
    }
}

#[test]
fn a_second_opener_is_told_that_the_database_is_in_use_and_may_come_when_it_is_closed() {
    let (_directory, path) = place();
    let first = SqliteStore::open(&path).unwrap();
    assert!(matches!(refused(&path, "stop that one"), OpenError::InUse { .. }));
    drop(first);
    SqliteStore::open(&path).unwrap();
}

#[test]
fn a_folder_that_is_missing_and_a_path_that_is_a_folder_are_refused() {
    let (directory, path) = place();
    fs::create_dir(&path).unwrap();
    for path in [directory.path().join("missing").join("quickstocks.db"), path] {
        assert!(matches!(refused(&path, "check that its folder exists"), OpenError::Unusable { .. }));
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let (_directory, path) = place();
    let diary = "Dear diary, today I bought an index fund. ".repeat(100);
    fs::write(&path, &diary).unwrap();
    assert!(matches!(refused(&path, "move that file away"), OpenError::Foreign { .. }));
    assert_eq!(fs::read_to_string(&path).unwrap(), diary);
}

#[test]
fn another_programs_database_is_refused_and_left_as_it_is() {
    let (_directory, path) = place();
    sql(&path, "CREATE TABLE recipe (name TEXT)");
    let bytes = fs::read(&path).unwrap();
    assert!(matches!(refused(&path, "is not a QuickStocks database"), OpenError::Foreign { .. }));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_newer_database_is_refused_with_both_versions() {
    let (_directory, path) = place();
    drop(SqliteStore::open(&path).unwrap());
    sql(&path, "PRAGMA user_version = 4711");
    let error = refused(&path, "update this program");
    assert!(matches!(error, OpenError::Newer { found: 4711, .. }), "{error:?}");
    assert!(error.to_string().contains("4711"), "{error}");
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    let quotes: Vec<_> = sample::many_symbols(200)
        .iter()
        .map(|symbol| sample::stored(symbol.as_str(), "1", std::time::Duration::ZERO, 1))
        .collect();
    quickstocks_core::ports::QuoteWriter::store(&store, &quotes).await.unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let (pages, size) = (bytes.len() / 4096, bytes.len());
    assert!(pages > 20, "{size} bytes");
    bytes[4096..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(refused(&path, "put a backup in its place"), OpenError::Damaged { .. }));
}

#[test]
#[cfg(unix)]
fn the_files_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (directory, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    assert!(names.iter().any(|name| name.ends_with("-wal")), "{names:?}");
    drop(store);
}

/// The file as version 1 wrote it, with a row of everything.
#[tokio::test]
async fn a_database_of_version_1_is_opened_with_all_that_is_in_it() {
    let (_directory, path) = place();
    sql(&path, include_str!("fixtures/version-1.sql"));
    let store = SqliteStore::open(&path).unwrap();

    let ann = sample::user("ann");
    let quote = store.quotes(&[sample::symbol("VOD.L")]).await.unwrap().pop().unwrap();
    assert_eq!(quote.quote, sample::full_quote("VOD.L", sample::NOW));
    let entry = PollSetReader::page(&store, poll_shard(&sample::symbol("VOD.L")), None).await.unwrap().entries.pop().unwrap();
    assert_eq!(
        (entry.on_screen_until, entry.polled_at, entry.rests_at.as_deref()),
        (Some(sample::NOW), Some(sample::NOW), Some("LSE"))
    );
    let connection = store.connections_of(&ann, sample::NOW).await.unwrap().pop().unwrap();
    let connection = store.connection(&connection, sample::NOW).await.unwrap().unwrap();
    assert_eq!((connection.listed, connection.paused), (sample::symbols(&["VOD.L", "^GSPC"]), true));
    assert_eq!(store.watchlists(&ann).await.unwrap(), [sample::watchlist("1f", "Änderung", &["VOD.L", "^GSPC"])]);
    assert_eq!(store.preferences(&ann).await.unwrap(), Some(sample::preferences()));
    let session = sample::token("5e55", TokenKind::Session, "ann");
    assert_eq!(store.token(&session.hash, TokenKind::Session, sample::NOW).await.unwrap(), Some(session));
    assert_eq!(store.session().await.unwrap().unwrap().crumb, "crumb");
    assert_eq!(store.breaker().await.unwrap().trips, 1);
    assert_eq!(store.calls(7).await.unwrap(), 12);
    assert_eq!(store.status().await.unwrap().on_screen, 12);
    assert_eq!(store.next_tick().await.unwrap().0, 42);
    assert!(ConnectionReader::page(&store, Shard(200), None, sample::NOW).await.unwrap().connections.is_empty());
}
