//! Killed at any moment, the program loses nothing that it has acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::program::Program;
use crate::support::http;

const KILLS: usize = 20;
const WRITERS: usize = 4;
/// How many acknowledged edits there are in a round before the kill, on the average.
const EDITS: usize = 30;

/// Somebody who numbers the edits of their list, and what became of them.
struct Writer {
    cookie: String,
    list: String,
    /// The last edit that was acknowledged, and the last that was sent.
    acknowledged: usize,
    sent: usize,
}

impl Writer {
    async fn arrive(origin: &str) -> Self {
        let answer = http().post(format!("{origin}/api/v1/session")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let body: Value = answer.json().await.unwrap();
        Self { cookie, list: body["watchlists"][0].as_str().unwrap().to_owned(), acknowledged: 0, sent: 0 }
    }

    /// Edits the list until the server is gone.
    async fn edit(mut self, origin: String, edits: Arc<AtomicUsize>, enough: Arc<Notify>, limit: usize) -> Self {
        let client = http();
        loop {
            self.sent += 1;
            let request = client
                .put(format!("{origin}/api/v1/watchlists/{}", self.list))
                .header("cookie", &self.cookie)
                .header("origin", &origin)
                .json(&json!({ "name": format!("edit {}", self.sent), "symbols": [] }));
            let Ok(answer) = request.send().await else { return self };
            assert_eq!(answer.status(), StatusCode::OK);
            self.acknowledged = self.sent;
            if edits.fetch_add(1, Ordering::AcqRel) + 1 == limit {
                enough.notify_one();
            }
        }
    }

    /// The edit that the list now has.
    async fn stored(&self, origin: &str) -> usize {
        let request = http().get(format!("{origin}/api/v1/watchlists/{}", self.list)).header("cookie", &self.cookie);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "the session or the list is lost");
        let list: Value = answer.json().await.unwrap();
        list["name"].as_str().unwrap().trim_start_matches("edit ").parse().unwrap_or(0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_twenty_times_during_writes_it_loses_no_acknowledged_one() {
    let data = tempfile::tempdir().unwrap();
    let mut program = Program::start(data.path());
    let mut writers = Vec::new();
    for _ in 0..WRITERS {
        writers.push(Writer::arrive(&program.origin).await);
    }
    for round in 0..KILLS {
        let (edits, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let limit = EDITS / 2 + (round * 7) % EDITS;
        let tasks: Vec<_> = writers
            .into_iter()
            .map(|writer| tokio::spawn(writer.edit(program.origin.clone(), Arc::clone(&edits), Arc::clone(&enough), limit)))
            .collect();
        enough.notified().await;
        program.kill();
        writers = Vec::new();
        for task in tasks {
            writers.push(task.await.unwrap());
        }

        program = Program::start(data.path());
        for writer in &mut writers {
            let stored = writer.stored(&program.origin).await;
            let allowed = writer.acknowledged..=writer.sent;
            assert!(allowed.contains(&stored), "round {round}: edit {stored} is stored, and should be one of {allowed:?}");
            writer.sent = stored;
        }
    }
    assert!(writers.iter().map(|writer| writer.acknowledged).sum::<usize>() >= KILLS * EDITS / 2);
}
