//! The function from the topic's event to the connections API, which a stub on loopback plays.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use dispatch::Dispatcher;
use quickstocks_aws::{ApiGatewaySender, sdk_config_from};
use quickstocks_boot::Metrics;
use quickstocks_core::model::{
    Connection, ConnectionId, ShardRange, SourceHealth, SourceState, Symbol, Tick, TickNumber, Timestamp,
};
use quickstocks_core::ports::{ConnectionSender, ConnectionWriter, Delivery};
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_testkit::{FakeClock, MemoryStore, RecordingPublisher, RecordingSender, SendAnswer};
use quickstocks_wire::sns::{MAX_MESSAGE_BYTES, encode_tick};
use serde_json::{Value, json};

const POSTS_IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(64).unwrap();

fn tick(shards: ShardRange, made_at: Timestamp) -> Tick {
    Tick {
        tick: TickNumber(7),
        made_at,
        polled_at: made_at,
        source: SourceHealth { state: SourceState::Ok, interval: 60, ..SourceHealth::default() },
        source_changed: false,
        quotes: vec![sample::stored("AAPL", "101.50", Duration::from_secs(1), 7)],
        missing: Vec::new(),
        shards,
        rest: None,
    }
}

/// What SNS sends for a tick.
fn event(tick: &Tick) -> Value {
    let records: Vec<Value> = encode_tick(tick, MAX_MESSAGE_BYTES)
        .into_iter()
        .map(|message| {
            json!({
                "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:ticks:1",
                "Sns": {
                    "Type": "Notification", "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                    "TopicArn": "arn:aws:sns:us-east-1:123456789012:ticks", "Subject": null, "Message": message,
                    "Timestamp": "2026-11-24T12:00:00.000Z", "SignatureVersion": "1", "Signature": "none",
                    "SigningCertUrl": "https://sns.us-east-1.amazonaws.com/none.pem",
                    "UnsubscribeUrl": "https://sns.us-east-1.amazonaws.com/none", "MessageAttributes": {}
                }
            })
        })
        .collect();
    json!({ "Records": records })
}

fn follower(id: &str, symbol: &str) -> Connection {
    Connection { listed: [Symbol::parse(symbol).unwrap()].into(), ..sample::connection(id, "somebody") }
}

fn deadline() -> Timestamp {
    NOW + Duration::from_secs(30)
}

type Posts = Arc<Mutex<HashMap<String, Vec<String>>>>;

async fn take_post(State(posts): State<Posts>, Path(connection): Path<String>, body: String) -> StatusCode {
    posts.lock().unwrap().entry(connection).or_default().push(body);
    StatusCode::OK
}

/// The connections API, as far as a post needs it. Answers its address and what it was sent, by connection.
async fn connections_api() -> (String, Posts) {
    let posts = Posts::default();
    let router = Router::new().route("/ws/@connections/{id}", post(take_post)).with_state(Arc::clone(&posts));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ws", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, posts)
}

#[tokio::test]
async fn four_ranges_serve_ten_thousand_connections_once_each() {
    let (url, posts) = connections_api().await;
    let store = Arc::new(MemoryStore::default());
    for at in 0..10_000 {
        store.add(&follower(&format!("connection-{at}"), "AAPL")).await.unwrap();
        if at % 100 == 0 {
            store.add(&follower(&format!("elsewhere-{at}"), "MSFT")).await.unwrap();
        }
    }
    let aws = sdk_config_from(|name| (name != "AWS_ENDPOINT_URL").then(|| "us-east-1".to_owned())).unwrap();
    let ranges = ShardRange::split(4);
    assert_eq!(ranges.len(), 4);
    let publisher = Arc::new(RecordingPublisher::default());
    // A function of its own for each message, as Lambda has it, one sender each.
    let runs = ranges.into_iter().map(|range| {
        let sender = Arc::new(ApiGatewaySender::new(&aws, &url, POSTS_IN_FLIGHT).unwrap());
        let clock = Arc::new(FakeClock::at(NOW));
        let function = Dispatcher::new(&store, sender, Arc::clone(&publisher) as _, clock, POSTS_IN_FLIGHT.get());
        async move { function.handle(event(&tick(range, NOW)), deadline()).await.unwrap() }
    });
    let sent: Vec<u64> =
        futures_util::future::join_all(runs).await.iter().map(|answer| answer[0]["sent"].as_u64().unwrap()).collect();

    assert_eq!(sent.iter().sum::<u64>(), 10_000);
    assert!(sent.iter().all(|&sent| sent > 1_500), "every range has its share: {sent:?}");
    let posts = posts.lock().unwrap();
    assert_eq!(posts.len(), 10_000, "nobody is left out, and nobody who follows something else is told");
    assert!(posts.values().all(|frames| frames.len() == 1 && frames[0].contains("101.50")));
    assert_eq!(publisher.published(), [], "nothing was left at the deadline");
}

#[tokio::test]
async fn what_one_invocation_has_no_time_for_the_next_one_sends_and_nobody_is_sent_it_twice() {
    let (url, posts) = connections_api().await;
    let store = Arc::new(MemoryStore::default());
    for at in 0..500 {
        store.add(&follower(&format!("connection-{at}"), "AAPL")).await.unwrap();
    }
    let aws = sdk_config_from(|name| (name != "AWS_ENDPOINT_URL").then(|| "us-east-1".to_owned())).unwrap();
    let publisher = Arc::new(RecordingPublisher::default());
    let clock = Arc::new(FakeClock::at(NOW));
    let sender = Timed { sender: ApiGatewaySender::new(&aws, &url, POSTS_IN_FLIGHT).unwrap(), clock: Arc::clone(&clock) };
    let function = Dispatcher::new(&store, Arc::new(sender), Arc::clone(&publisher) as _, Arc::clone(&clock) as _, 16);
    let mut next = tick(ShardRange::ALL, NOW);
    for invocation in 1.. {
        clock.set(NOW);
        let answer = function.handle(event(&next), deadline()).await.unwrap();
        if answer[0]["handed_on"] == false {
            assert!(invocation > 2, "a run has time for some 220 posts");
            break;
        }
        // Through the topic, as it travels.
        next = publisher.published().last().cloned().unwrap();
        assert!(invocation < 10, "it never ends");
    }
    let posts = posts.lock().unwrap();
    assert_eq!(posts.len(), 500);
    assert!(posts.values().all(|frames| frames.len() == 1));
}

/// Each post takes a tenth of a second of the function's time.
struct Timed {
    sender: ApiGatewaySender,
    clock: Arc<FakeClock>,
}

#[async_trait]
impl ConnectionSender for Timed {
    async fn send(&self, connection: &ConnectionId, frame: &str) -> Delivery {
        let delivery = self.sender.send(connection, frame).await;
        self.clock.advance(Duration::from_millis(100));
        delivery
    }
}

#[tokio::test]
async fn a_tick_is_told_in_metrics_with_its_age() {
    let store = Arc::new(MemoryStore::default());
    let sender = Arc::new(RecordingSender::default());
    for id in ["one", "two", "gone"] {
        store.add(&Connection { connected_at: NOW - Duration::from_mins(1), ..follower(id, "AAPL") }).await.unwrap();
    }
    sender.answer(&sample::connection("gone", "somebody").id, SendAnswer::Gone);
    let lines = Arc::new(Mutex::new(Vec::<Value>::new()));
    let kept = Arc::clone(&lines);
    let metrics = Metrics::to("stack-Dispatch", move |line| kept.lock().unwrap().push(serde_json::from_str(line).unwrap()));
    let publisher = Arc::new(RecordingPublisher::default());
    let function = Dispatcher::new(&store, sender, publisher, Arc::new(FakeClock::at(NOW)), 4).metered(metrics);

    let made_at = NOW - Duration::from_millis(1_250);
    function.handle(event(&tick(ShardRange::ALL, made_at)), deadline()).await.unwrap();
    let stale = tick(ShardRange::ALL, NOW - Duration::from_hours(1));
    function.handle(event(&stale), deadline()).await.unwrap();
    let of_nobody = Tick { quotes: vec![sample::stored("MSFT", "1", Duration::ZERO, 7)], ..tick(ShardRange::ALL, made_at) };
    function.handle(event(&of_nobody), deadline()).await.unwrap();

    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[2]["TickAgeMs"], &lines[2]["Connections"]), (&Value::Null, &json!(2)), "nobody waited");
    assert_eq!((&lines[0]["Connections"], &lines[0]["Posts"], &lines[0]["Gone"]), (&json!(3), &json!(2), &json!(1)));
    assert_eq!((&lines[0]["TickAgeMs"], &lines[0]["Stale"]), (&json!(1_250), &json!(0)));
    assert_eq!((&lines[1]["TickAgeMs"], &lines[1]["Stale"], &lines[1]["Posts"]), (&json!(90_000), &json!(1), &json!(0)));
}
