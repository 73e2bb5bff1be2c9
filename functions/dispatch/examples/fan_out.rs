//! Measures a tick for 10,000 connections against a stub of the connections API that answers after 10 ms in a process of its own:
//! the time until the last one has its message, and what the function costs beside the posts that it cannot do without.
//!
//! ```sh
//! cargo run --release -p dispatch --example fan_out
//! ```
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on stdout")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![expect(clippy::cast_precision_loss, reason = "figures to look at")]

use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use dispatch::{Dispatcher, Ports};
use futures_util::{StreamExt, stream};
use quickstocks_aws::{ApiGatewaySender, sdk_config_from};
use quickstocks_boot::SystemClock;
use quickstocks_core::model::{
    Connection, ConnectionId, ShardRange, SourceHealth, SourceState, Symbol, Tick, TickNumber, Timestamp,
};
use quickstocks_core::ports::{Clock, ConnectionSender, ConnectionWriter, Delivery};
use quickstocks_testkit::{MemoryStore, RecordingPublisher, RecordingPushSender, SequenceRandom, sample};
use quickstocks_wire::sns::{MAX_MESSAGE_BYTES, encode_tick};
use serde_json::{Value, json};

const CONNECTIONS: usize = 10_000;
const LATENCY: Duration = Duration::from_millis(10);
const IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// As many connections as a page of a megabyte holds.
const PAGE: usize = 3_000;

#[tokio::main]
async fn main() {
    if std::env::args().nth(1).as_deref() == Some("stub") {
        return stub().await;
    }
    let mut child =
        Command::new(std::env::current_exe().unwrap()).arg("stub").stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let ideal = LATENCY.as_secs_f64() * (CONNECTIONS as f64 / IN_FLIGHT.get() as f64);
    println!("{CONNECTIONS} connections, {} ms a post, {IN_FLIGHT} under way: {ideal:.2} s at best", LATENCY.as_millis());

    let store = everybody().await;
    let bare = measured("posts alone", posts_alone(url.trim())).await;
    let tick = measured("a tick", a_tick(&store, url.trim())).await;
    println!(
        "a tick costs {:.2} × the processor time of its posts alone; {} KB of memory at most",
        tick / bare,
        peak_kilobytes()
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Answers posts until it is ended.
async fn stub() {
    let answer = async || {
        tokio::time::sleep(LATENCY).await;
        StatusCode::OK
    };
    let router = Router::new().route("/ws/@connections/{id}", post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}/ws", listener.local_addr().unwrap());
    axum::serve(listener, router).await.unwrap();
}

fn sender(url: &str) -> ApiGatewaySender {
    let aws = sdk_config_from(|name| (name != "AWS_ENDPOINT_URL").then(|| "us-east-1".to_owned())).unwrap();
    ApiGatewaySender::new(&aws, url, IN_FLIGHT).unwrap()
}

async fn posts_alone(url: &str) {
    let (sender, frame) = (sender(url), "x".repeat(600));
    let ids: Vec<ConnectionId> = (0..CONNECTIONS).map(|at| ConnectionId::new(&format!("connection-{at}"))).collect();
    let mut posts = stream::iter(ids.iter().map(|id| sender.send(id, &frame))).buffer_unordered(IN_FLIGHT.get());
    while let Some(delivery) = posts.next().await {
        assert!(matches!(delivery, Delivery::Sent), "{delivery:?}");
    }
}

async fn everybody() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::with_page_size(PAGE));
    let connected_at = SystemClock.now();
    for at in 0..CONNECTIONS {
        let listed = [Symbol::parse("AAPL").unwrap()].into();
        let connection = Connection { listed, connected_at, ..sample::connection(&format!("connection-{at}"), "u") };
        store.add(&connection).await.unwrap();
    }
    store
}

async fn a_tick(store: &Arc<MemoryStore>, url: &str) {
    let publisher = Arc::new(RecordingPublisher::default());
    let ports = Ports {
        sender: Arc::new(sender(url)),
        publisher: publisher.clone(),
        alert_work: publisher,
        push_sender: Arc::new(RecordingPushSender::default()),
        clock: Arc::new(SystemClock),
        random: Arc::new(SequenceRandom::seeded(7)),
    };
    let function = Dispatcher::new(store, ports, IN_FLIGHT.get());
    let now = SystemClock.now();
    let answer = function.handle(event(now), now + Duration::from_mins(1)).await.unwrap();
    assert_eq!(answer[0]["sent"], CONNECTIONS);
}

fn event(made_at: Timestamp) -> Value {
    let tick = Tick {
        tick: TickNumber(7),
        made_at,
        polled_at: made_at,
        source: SourceHealth { state: SourceState::Ok, interval: 60, ..SourceHealth::default() },
        source_changed: false,
        quotes: vec![sample::stored("AAPL", "101.50", Duration::from_secs(1), 7)],
        missing: Vec::new(),
        shards: ShardRange::ALL,
        rest: None,
    };
    json!({"Records": [{
        "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:ticks:1",
        "Sns": {
            "Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:123456789012:ticks", "Subject": null,
            "Message": encode_tick(&tick, MAX_MESSAGE_BYTES)[0], "Timestamp": "2026-11-24T12:00:00.000Z", "SignatureVersion": "1",
            "Signature": "none", "SigningCertUrl": "https://example.com", "UnsubscribeUrl": "https://example.com",
            "MessageAttributes": {}
        }
    }]})
}

/// Tells how long something took and answers its processor time.
async fn measured(what: &str, work: impl Future<Output = ()>) -> f64 {
    let (begin, before) = (Instant::now(), processor_time());
    work.await;
    let (seconds, used) = (begin.elapsed().as_secs_f64(), processor_time() - before);
    println!("{what}: {seconds:.2} s, {:.0} µs of processor time a post", used / CONNECTIONS as f64);
    used
}

/// Microseconds that this process has used, in user mode and in the kernel; Linux counts hundredths of a second.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let hundredths: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    hundredths * 10_000.0
}

fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
