//! The same API over the store of one machine and over the cloud's, emulated.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use quickstocks_aws::DynamoStore;
use quickstocks_sqlite::SqliteStore;
use quickstocks_testkit::AllStorePorts;
use quickstocks_testkit::sample::NOW;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::emulator;
use crate::scene::{REQUESTS, Request, Scene};
use crate::support::{Browser, World};

fn sqlite(file: &Path) -> World<SqliteStore> {
    World::over(Arc::new(SqliteStore::open(file).unwrap()), |_| {})
}

async fn dynamo() -> World<DynamoStore> {
    World::over(Arc::new(emulator::store().await), |_| {})
}

/// Requests of somebody else about what is another one's; the same about what is not there would be answered alike.
const FOREIGN: [Request; 20] = [
    ("GET", "/watchlists/LIST", ""),
    ("PUT", "/watchlists/LIST", r#"{ "name": "Mine", "symbols": [] }"#),
    ("DELETE", "/watchlists/LIST", ""),
    ("PUT", "/watchlists/LIST/symbols/MSFT", ""),
    ("DELETE", "/watchlists/LIST/symbols/AAPL", ""),
    ("GET", "/watchlists/LIST/share", ""),
    ("PUT", "/watchlists/LIST/share", ""),
    ("DELETE", "/watchlists/LIST/share", ""),
    ("DELETE", "/tokens/TOKEN", ""),
    ("GET", "/alerts/ALERT", ""),
    ("PUT", "/alerts/ALERT", r#"{ "rule": { "kind": "new_high" } }"#),
    ("DELETE", "/alerts/ALERT", ""),
    ("POST", "/alerts/ALERT/actions", r#"{ "action": "snooze", "minutes": 120 }"#),
    ("GET", "/alerts/ALERT/receipts", ""),
    ("DELETE", "/push/subscriptions/DEVICE", ""),
    ("POST", "/push/subscriptions/DEVICE/test", ""),
    ("POST", "/push/subscriptions/DEVICE/activate", r#"{ "token": "ACTIVATION" }"#),
    ("GET", "/watchlists/0123456789abcdef", ""),
    ("GET", "/alerts/0123456789abcdef", ""),
    ("DELETE", "/tokens/0123456789abcdef", ""),
];

/// What is refused is refused by every store alike, and changes nothing.
async fn refuses_what_it_has_to<S: AllStorePorts>(world: World<S>) {
    let mut scene = Scene::set(&world).await;
    let before = scene.browser.get("/account/export").await.json();

    let mut other = world.guest().await;
    for (method, path, body) in FOREIGN {
        let body = (!body.is_empty()).then(|| scene.body(body));
        let answer = other.call(method, &scene.named(path), body.as_ref(), &[]).await;
        assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
    }

    let list = format!("/watchlists/{}", scene.browser.list);
    let (named, preferences) = (json!({ "name": "Other", "symbols": [] }), json!({ "currency": "EUR" }));
    let alert = (scene.named("/alerts/ALERT"), json!({ "rule": { "kind": "new_high" } }));
    for (path, body) in [(&list, &named), (&"/preferences".to_owned(), &preferences), (&alert.0, &alert.1)] {
        let stale = scene.browser.call("PUT", path, Some(body), &[("If-Match", "\"99\"")]).await;
        stale.is_problem(412, "version_conflict", None);
    }
    let many: Vec<String> = (0..201).map(|n| format!("S{n}")).collect();
    for (symbols, code) in
        [(json!(["NOPE"]), "symbol_unknown"), (json!(many), "too_many_symbols"), (json!(["AAPL", "aapl"]), "symbol_duplicate")]
    {
        let refused = scene.browser.put(&list, &json!({ "name": "x", "symbols": symbols })).await;
        refused.is_problem(422, code, Some("symbols"));
    }
    let impossible = json!({ "symbol": "AAPL", "rule": { "kind": "price_above", "price": "-1" } });
    assert_eq!(scene.browser.post("/alerts", &impossible).await.status, 422);
    let after = scene.browser.get("/account/export").await.json();
    let kept = |export: &Value| [export["watchlists"].clone(), export["alerts"].clone(), export["preferences"].clone()];
    assert_eq!(kept(&after), kept(&before), "nothing was changed");

    // As much as one may have, and no more.
    let limit = other.get("/config").await.json()["limits"]["lists"].as_u64().unwrap();
    for _ in 1..limit {
        assert_eq!(other.post("/watchlists", &named).await.status, 201);
    }
    other.post("/watchlists", &named).await.is_problem(422, "too_many_watchlists", None);

    // A key brings the first answer again, and no second list; whoever has left is nobody.
    let keyed = async |browser: &mut Browser<'_, S>, name: &str| {
        let body = json!({ "name": name });
        browser.call("POST", "/watchlists", Some(&body), &[("Idempotency-Key", "once")]).await
    };
    let mut third = world.guest().await;
    assert_eq!(keyed(&mut third, "A").await.json()["id"], keyed(&mut third, "A").await.json()["id"]);
    keyed(&mut third, "B").await.is_problem(422, "idempotency_key_reused", Some("Idempotency-Key"));
    assert_eq!(third.get("/watchlists").await.json()["watchlists"].as_array().map(Vec::len), Some(2));
    let cookie = third.cookie.clone();
    assert_eq!(third.delete("/account").await.status, 204);
    third.cookie = cookie;
    third.get("/watchlists").await.is_problem(401, "session_required", None);
}

#[tokio::test]
async fn what_memory_has_to_refuse_it_refuses() {
    refuses_what_it_has_to(World::new()).await;
}

#[tokio::test]
async fn what_sqlite_has_to_refuse_it_refuses() {
    let folder = tempfile::tempdir().unwrap();
    refuses_what_it_has_to(sqlite(&folder.path().join("quickstocks.db"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_dynamo_db_has_to_refuse_it_refuses() {
    refuses_what_it_has_to(dynamo().await).await;
}

#[tokio::test]
async fn every_operation_succeeds_on_sqlite_as_the_document_says() {
    for request in REQUESTS {
        let folder = tempfile::tempdir().unwrap();
        let world = sqlite(&folder.path().join("quickstocks.db"));
        let mut scene = Scene::set(&world).await;
        let answer = scene.call(request).await;
        assert!(answer.status.is_success(), "{request:?}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_succeeds_on_dynamo_db_as_the_document_says() {
    for request in REQUESTS {
        let world = dynamo().await;
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
    let world = sqlite(&file);
    let mut scene = Scene::set(&world).await;
    let user = scene.browser.get("/session").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let secret = scene.browser.cookie.clone().unwrap();
    let (list, link) = (scene.browser.list.clone(), scene.named("SHARED"));
    assert_eq!(cells_with(&file, std::slice::from_ref(&link)), ["share.token"], "its owner may see it again");
    let traces = [user, list, link, "the yardstick".to_owned(), "sell half".to_owned()];
    assert!(cells_with(&file, &traces).len() > 5, "the search finds what is there");
    assert_eq!(cells_with(&file, &[secret]), [""; 0], "secrets are not kept");
    let gone = scene.browser.delete("/account").await;
    assert_eq!(gone.status, 204, "{gone:?}");
    assert_eq!(cells_with(&file, &traces), ["token.user"], "the code for another device, which opens nothing any more");
    world.store.inner().purge(NOW + Duration::from_mins(10)).await.unwrap();
    assert_eq!(cells_with(&file, &traces), [""; 0], "it is good for five minutes");
}
