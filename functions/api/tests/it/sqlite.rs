//! The same API over the store of one machine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use quickstocks_sqlite::SqliteStore;
use quickstocks_testkit::sample::NOW;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::scene::{REQUESTS, Scene};
use crate::support::World;

fn world(file: &Path) -> World<SqliteStore> {
    World::over(Arc::new(SqliteStore::open(file).unwrap()), |_| {})
}

#[tokio::test]
async fn every_operation_succeeds_on_sqlite_as_the_document_says() {
    for request in REQUESTS {
        let folder = tempfile::tempdir().unwrap();
        let world = world(&folder.path().join("quickstocks.db"));
        let mut scene = Scene::set(&world).await;
        let answer = scene.call(request).await;
        assert!(answer.status.is_success(), "{request:?}: {answer:?}");
    }
}

/// Every cell of every table that holds one of these texts: `table.column`.
fn cells_with(file: &Path, texts: &[String]) -> Vec<String> {
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(tables.len() > 10, "{tables:?}");
    let mut found = Vec::new();
    for table in tables {
        let mut all = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns: Vec<String> = all.column_names().map(str::to_owned).collect();
        let mut rows = all.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (at, column) in columns.iter().enumerate() {
                let cell = match row.get_ref(at).unwrap() {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    _ => continue,
                };
                if texts.iter().any(|text| cell.contains(text.as_str())) {
                    found.push(format!("{table}.{column}"));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

#[tokio::test]
async fn of_an_account_that_was_deleted_nothing_is_left_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("quickstocks.db");
    let world = world(&file);
    let mut scene = Scene::set(&world).await;
    let user = scene.browser.get("/session").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let secret = scene.browser.cookie.clone().unwrap();
    let traces = [user, scene.browser.list.clone(), "the yardstick".to_owned(), "sell half".to_owned()];
    assert!(cells_with(&file, &traces).len() > 5, "the search finds what is there");
    assert_eq!(cells_with(&file, &[secret]), [""; 0], "secrets are not kept");
    let gone = scene.browser.delete("/account").await;
    assert_eq!(gone.status, 204, "{gone:?}");
    assert_eq!(cells_with(&file, &traces), ["token.user"], "the code for another device, which opens nothing any more");
    world.store.inner().purge(NOW + Duration::from_mins(10)).await.unwrap();
    assert_eq!(cells_with(&file, &traces), [""; 0], "it is good for five minutes");
}
