//! The cookie and the crumb are in no log line, no `Debug` and no error.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Mutex};

use quickstocks_core::model::{HistoryRange, Interval};
use quickstocks_core::ports::{HistorySource, QuoteSource, SourceGate, SymbolSearch};
use tracing_subscriber::fmt::MakeWriter;

use crate::server::{Act, Bench, COOKIE, CRUMB, Server, invalid, status, symbols};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_secret_is_printed_whatever_happens() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut printed = String::new();
    for act in [
        || Act::Usual,
        || status(429),
        || Act::Answer(500, String::new()),
        || Act::Answer(401, invalid("Invalid Crumb")),
        || Act::Answer(200, "<html>".into()),
        || Act::Lost,
        || Act::Cut,
        || Act::Hang,
    ] as [fn() -> Act; 8]
    {
        let bench = Bench::new(Server::usual().await);
        bench.poll(10).await;
        bench.server.follow(move |call| if matches!(call.endpoint, "quote" | "search" | "chart") { act() } else { Act::Usual });
        if !matches!(act(), Act::Usual) {
            write!(printed, "{:?}", bench.client.search("apple", 5).await).unwrap();
            write!(printed, "{:?}", bench.client.history(&symbols(1)[0], HistoryRange::OneDay, Interval::OneMinute).await)
                .unwrap();
        }
        write!(printed, "{:?}", bench.client.poll(&symbols(60)).await).unwrap();
        write!(printed, "{:?} {:?}", bench.client, bench.store.session().await.unwrap()).unwrap();
    }
    printed += &String::from_utf8_lossy(&lines.0.lock().unwrap());
    assert!(printed.contains("a new session with the source"), "the log was not caught");
    assert!(printed.contains("called in vain"), "the log was not caught");
    let (_, cookie) = COOKIE.split_once('=').unwrap();
    for secret in [cookie, "COOKIECANARY", CRUMB, "CRUMB%2Fcanary"] {
        let at = printed.find(secret);
        assert!(at.is_none(), "{secret} in: {}", &printed[at.unwrap_or(0).saturating_sub(300)..at.unwrap_or(0) + 50]);
    }
}
