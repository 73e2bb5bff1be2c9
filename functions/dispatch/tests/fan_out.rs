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
use dispatch::{Dispatcher, Ports};
use quickstocks_aws::{ApiGatewaySender, sdk_config_from};
use quickstocks_boot::Metrics;
use quickstocks_core::alerts::step;
use quickstocks_core::model::{
    Alert, AlertWork, Connection, ConnectionId, DeviceId, PushOrder, PushPurpose, QuoteStep, ShardRange, SourceHealth,
    SourceState, Symbol, Tick, TickNumber, Timestamp,
};
use quickstocks_core::ports::{
    AlertWriter, ConnectionSender, ConnectionWriter, Delivery, PushSubscriptionReader, PushSubscriptionWriter,
};
use quickstocks_testkit::faults::{Fault, Faulty, Method};
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_testkit::{
    FakeClock, MemoryStore, PushAnswer, RecordingPublisher, RecordingPushSender, RecordingSender, SendAnswer, SequenceRandom,
};
use quickstocks_wire::sns::{MAX_MESSAGE_BYTES, encode_alert_work, encode_push, encode_tick};
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

fn ports(sender: Arc<dyn ConnectionSender>, publisher: &Arc<RecordingPublisher>, clock: Arc<FakeClock>) -> Ports {
    let random = Arc::new(SequenceRandom::seeded(7));
    let alert_work = Arc::clone(publisher) as _;
    Ports {
        sender,
        publisher: Arc::clone(publisher) as _,
        alert_work,
        push_sender: Arc::new(RecordingPushSender::default()),
        clock,
        random,
    }
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
        let function = Dispatcher::new(&store, ports(sender, &publisher, clock), POSTS_IN_FLIGHT.get());
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
    let function = Dispatcher::new(&store, ports(Arc::new(sender), &publisher, Arc::clone(&clock)), 16);
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
    let ports = ports(sender, &publisher, Arc::new(FakeClock::at(NOW)));
    let function = Dispatcher::new(&store, ports, 4).metered(metrics);

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

/// The record of an order, as SNS sends it.
fn ordered(order: &PushOrder) -> Value {
    let mut event = event(&tick(ShardRange::ALL, NOW));
    event["Records"][0]["Sns"]["Message"] = encode_push(order).into();
    event
}

#[tokio::test]
async fn an_order_to_push_is_fulfilled_once_and_a_test_only_where_a_device_is_active() {
    let store = Arc::new(MemoryStore::default());
    let push_sender = Arc::new(RecordingPushSender::default());
    let publisher = Arc::new(RecordingPublisher::default());
    let ports = Ports {
        push_sender: Arc::clone(&push_sender) as _,
        ..ports(Arc::new(RecordingSender::default()), &publisher, Arc::new(FakeClock::at(NOW)))
    };
    let function = Dispatcher::new(&store, ports, 4);
    let device = sample::push_subscription("phone", "ann");
    store.put_push_subscription(&device).await.unwrap();
    let order = |purpose| PushOrder { user: device.user.clone(), device: device.id.clone(), purpose };
    let push = async |order: &PushOrder| function.handle(ordered(order), deadline()).await.unwrap()[0]["push"].clone();

    assert_eq!(push(&order(PushPurpose::Test)).await, "nothing_to_send");
    assert_eq!(push(&order(PushPurpose::Activate)).await, "accepted");
    assert_eq!(push(&order(PushPurpose::Activate)).await, "nothing_to_send", "SNS delivers at least once");
    let sent = push_sender.sent_to(&device.id);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].activation.is_some());

    let active = sample::active_push_subscription("phone", "ann");
    store.put_push_subscription(&active).await.unwrap();
    assert_eq!(push(&order(PushPurpose::Test)).await, "accepted");
    let gone = PushOrder { device: DeviceId::new("gone"), ..order(PushPurpose::Test) };
    assert_eq!(push(&gone).await, "nothing_to_send");
    push_sender.answer_next(&device.id, PushAnswer::Gone);
    assert_eq!(push(&order(PushPurpose::Test)).await, "gone");
    assert_eq!(store.push_subscriptions(&device.user).await.unwrap(), [], "what is gone is forgotten");
}

#[tokio::test(start_paused = true)]
async fn quotes_that_could_not_be_held_against_all_alerts_come_again_and_fire_once() {
    let memory = Arc::new(MemoryStore::default());
    let store = Arc::new(Faulty::new(Arc::clone(&memory)));
    let publisher = Arc::new(RecordingPublisher::default());
    let function =
        Dispatcher::new(&store, ports(Arc::new(RecordingSender::default()), &publisher, Arc::new(FakeClock::at(NOW))), 4);
    for user in ["ann", "bob"] {
        let alert = sample::alert("a1", user, "AAPL");
        let quote = sample::stored("AAPL", "140", Duration::ZERO, 1);
        let (state, _) = step(&alert.terms, &alert.state, None, &quote, NOW);
        memory.insert_alert(&Alert { state, ..alert }).await.unwrap();
    }
    let quote = sample::stored("AAPL", "151", Duration::from_secs(1), 2);
    let mut work = AlertWork { made_at: NOW, tries: 0, steps: vec![QuoteStep { previous: None, quote }] };
    let handle = async |work: &AlertWork| {
        let mut event = event(&tick(ShardRange::ALL, NOW));
        event["Records"][0]["Sns"]["Message"] = encode_alert_work(work, MAX_MESSAGE_BYTES).remove(0).into();
        function.handle(event, deadline()).await
    };

    store.fail_nth(Method::WriteAlert, 1, Fault::Unavailable);
    let answer = handle(&work).await.unwrap();
    assert_eq!((&answer[0]["alerts"], &answer[0]["fired"]), (&json!(2), &json!(1)));
    let again = publisher.alert_work();
    assert_eq!(again, [AlertWork { tries: 1, ..work.clone() }]);
    let answer = handle(&again[0]).await.unwrap();
    assert_eq!(answer[0]["fired"], json!(1));
    assert_eq!(memory.all_notifications().len(), 2);

    // Not for ever.
    store.fail(Method::ArmedAlerts, Fault::Unavailable);
    while handle(&work).await.is_ok() {
        work = publisher.alert_work().pop().unwrap();
    }
    assert_eq!(work.tries, 3);
    assert_eq!(memory.all_notifications().len(), 2);
}

#[tokio::test]
async fn the_schedule_delivers_what_was_left() {
    let store = Arc::new(MemoryStore::default());
    let push_sender = Arc::new(RecordingPushSender::default());
    let publisher = Arc::new(RecordingPublisher::default());
    let ports = Ports {
        push_sender: Arc::clone(&push_sender) as _,
        ..ports(Arc::new(RecordingSender::default()), &publisher, Arc::new(FakeClock::at(NOW)))
    };
    let function = Dispatcher::new(&store, ports, 4);
    let alert = sample::alert("a1", "ann", "AAPL");
    store.insert_alert(&alert).await.unwrap();
    store.put_push_subscription(&sample::active_push_subscription("phone", "ann")).await.unwrap();
    assert!(store.write_alert(&alert, 1, &[sample::notification("n1", &alert)]).await.unwrap());
    let answer = function.handle(json!({ "reconcile": true }), deadline()).await.unwrap();
    assert_eq!((&answer["users"], &answer["delivered"], &answer["pushed"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(push_sender.sent().len(), 1);
    let answer = function.handle(json!({ "reconcile": true }), deadline()).await.unwrap();
    assert_eq!(answer["users"], json!(0));
    assert!(function.handle(json!({ "something": "else" }), deadline()).await.is_err());
}
