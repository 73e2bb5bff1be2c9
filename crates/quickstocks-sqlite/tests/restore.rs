//! A backup that takes the place of a database.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use quickstocks_core::model::TokenKind;
use quickstocks_core::ports::{UserWriter as _, WatchlistReader as _};
use quickstocks_sqlite::{OpenError, RestoreError, SqliteStore, back_up, restore};
use quickstocks_testkit::sample;

async fn with_guest(path: &Path, id: &str) -> SqliteStore {
    let store = SqliteStore::open(path).unwrap();
    let session = sample::token(id, TokenKind::Session, id);
    store.create(&sample::guest(id), &sample::watchlist(id, "First", &["AAPL"]), &session).await.unwrap();
    store
}

async fn knows(path: &Path, id: &str) -> bool {
    !SqliteStore::open(path).unwrap().watchlists(&sample::user(id)).await.unwrap().is_empty()
}

#[tokio::test]
async fn a_backup_takes_the_place_of_the_data_which_is_kept_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("quickstocks.db"), folder.path().join("copy.db"));
    drop(with_guest(&path, "0a").await);
    back_up(&path, &copy).unwrap();
    drop(with_guest(&path, "0b").await);
    let replaced = restore(&copy, &path).unwrap().expect("there was a database");
    assert!(knows(&path, "0a").await && !knows(&path, "0b").await);
    assert!(knows(&replaced, "0a").await && knows(&replaced, "0b").await);
    assert_ne!(restore(&copy, &path).unwrap(), Some(replaced), "nothing that was replaced is replaced");
}

/// A program that was killed leaves a log beside its database. Read into another database it would destroy that one.
#[tokio::test]
async fn the_log_of_a_killed_program_is_set_aside_with_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("quickstocks.db"), folder.path().join("copy.db"));
    drop(with_guest(&path, "0a").await);
    back_up(&path, &copy).unwrap();
    // As a kill would leave them: copied while the store is open, with its last commits in the log alone.
    let store = with_guest(&path, "0b").await;
    let killed = folder.path().join("killed");
    std::fs::create_dir(&killed).unwrap();
    for name in ["quickstocks.db", "quickstocks.db-wal", "quickstocks.db-shm"] {
        std::fs::copy(folder.path().join(name), killed.join(name)).unwrap();
    }
    drop(store);
    let path = killed.join("quickstocks.db");
    let replaced = restore(&copy, &path).unwrap().unwrap();
    assert!(!killed.join("quickstocks.db-wal").exists());
    assert!(knows(&path, "0a").await && !knows(&path, "0b").await);
    assert!(knows(&replaced, "0b").await, "the last commits are not lost");
}

#[tokio::test]
async fn a_backup_is_put_where_nothing_was() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("quickstocks.db"), folder.path().join("copy.db"));
    drop(with_guest(&path, "0a").await);
    back_up(&path, &copy).unwrap();
    let elsewhere = folder.path().join("elsewhere.db");
    assert_eq!(restore(&copy, &elsewhere).unwrap(), None);
    assert!(knows(&elsewhere, "0a").await);
}

#[tokio::test]
async fn what_cannot_be_put_in_place_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let store = with_guest(&at("quickstocks.db"), "0a").await;
    back_up(&at("quickstocks.db"), &at("copy.db")).unwrap();
    let refused = restore(&at("copy.db"), &at("quickstocks.db"));
    assert!(matches!(refused, Err(RestoreError::Unusable(OpenError::InUse { .. }))), "{refused:?}");
    drop(store);

    assert!(matches!(restore(&at("none.db"), &at("quickstocks.db")), Err(RestoreError::NoBackup { .. })));
    rusqlite::Connection::open(at("foreign.db")).unwrap().execute_batch("CREATE TABLE theirs (n)").unwrap();
    assert!(matches!(restore(&at("foreign.db"), &at("quickstocks.db")), Err(RestoreError::Foreign { .. })));
    std::fs::write(at("text.db"), "no database").unwrap();
    assert!(matches!(restore(&at("text.db"), &at("quickstocks.db")), Err(RestoreError::Failed { .. })));
    assert!(knows(&at("quickstocks.db"), "0a").await);
    assert!(!at("quickstocks.db.part").exists() && !at("quickstocks.db.replaced-1").exists());
}
