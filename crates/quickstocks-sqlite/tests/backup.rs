//! Backups of a store that is written to meanwhile.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use quickstocks_core::model::TokenKind;
use quickstocks_core::ports::{UserWriter as _, WatchlistReader as _};
use quickstocks_sqlite::{BackupError, SqliteStore, back_up};
use quickstocks_testkit::sample;

async fn arrive(store: &SqliteStore, number: usize) {
    let id = format!("{number:04x}");
    let session = sample::token(&id, TokenKind::Session, &id);
    store.create(&sample::guest(&id), &sample::watchlist(&id, "First", &["AAPL"]), &session).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_store_in_use_is_whole_and_can_be_opened() {
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("quickstocks.db"), directory.path().join("copy.db"));
    let store = SqliteStore::open(&path).unwrap();
    for number in 0..50 {
        arrive(&store, number).await;
    }
    let writes = async {
        for number in 50..250 {
            arrive(&store, number).await;
        }
    };
    let backup = tokio::task::spawn_blocking({
        let (path, copy) = (path.clone(), copy.clone());
        move || back_up(&path, &copy)
    });
    let ((), size) = tokio::join!(writes, backup);
    assert_eq!(size.unwrap().unwrap(), copy.metadata().unwrap().len());
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&copy.metadata().unwrap().permissions()) & 0o777, 0o600);

    let copied = rusqlite::Connection::open(&copy).unwrap();
    let count = |table: &str| copied.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap();
    let users = count("user");
    assert!((50..=250).contains(&users), "{users}");
    assert_eq!((count("watchlist"), count("token")), (users, users), "each guest is there whole");
    drop(copied);
    let restored = SqliteStore::open(&copy).unwrap();
    assert_eq!(restored.watchlists(&sample::user("0000")).await.unwrap().len(), 1);
}

#[test]
fn a_backup_replaces_nothing_and_leaves_nothing_when_it_cannot_be_made() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    assert!(matches!(back_up(&at("none.db"), &at("copy.db")), Err(BackupError::NoDatabase { .. })));

    drop(SqliteStore::open(at("quickstocks.db")).unwrap());
    std::fs::write(at("taken.db"), "mine").unwrap();
    assert!(matches!(back_up(&at("quickstocks.db"), &at("taken.db")), Err(BackupError::Exists { .. })));
    assert_eq!(std::fs::read_to_string(at("taken.db")).unwrap(), "mine");
    assert!(matches!(back_up(&at("quickstocks.db"), &at("no/folder/copy.db")), Err(BackupError::Failed { .. })));

    rusqlite::Connection::open(at("foreign.db")).unwrap().execute_batch("CREATE TABLE theirs (n)").unwrap();
    assert!(matches!(back_up(&at("foreign.db"), &at("copy.db")), Err(BackupError::Foreign { .. })));
    assert!(!at("copy.db").exists() && !at("copy.db.part").exists());
}
