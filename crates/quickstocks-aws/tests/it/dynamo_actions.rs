//! What each port asks of `DynamoDB`: the actions its table of permissions promises, and names only through placeholders.

use std::collections::BTreeSet;
use std::future::Future;

use quickstocks_aws::DynamoStore;
use quickstocks_core::model::{
    ActionToken, Alert, AlertState, AlertStatus, Breaker, ConnectionId, FollowerCursor, Lease, ListId, MissingReason,
    NoticeDelivery, OutboxRest, PollRecord, PushPurpose, PushState, RequestRecord, Shard, SourceSession, SourceStatus,
    SweepState, TokenHash, TokenKind, Urgency,
};
use quickstocks_core::ports::{
    ActionTokens, AlertReader, AlertWriter, ArmedScan, CallCounter, ConnectionReader, ConnectionWriter, NotificationReader,
    NotificationWriter, Outbox, PollSetReader, PollSetWriter, PreferencesReader, PreferencesWriter, PushSubscriptionReader,
    PushSubscriptionWriter, QuoteReader, QuoteWriter, RateCounter, RequestLog, ShareReader, ShareWrite, ShareWriter, SourceGate,
    SourceStatusReader, SourceStatusWriter, SweepReader, SweepWriter, TokenReader, TokenWriter, UserReader, UserWriter,
    WatchlistReader, WatchlistScan, WatchlistWriter,
};
use quickstocks_testkit::sample::{self, NOW};
use serde_json::Value;

use crate::scripted::{Answer, Request, Service};

/// Every request of a use of the store. The service answers as if the table were empty, or, where an update answers what it made or a
/// delete what it took, with that. A user has a token and a profile.
async fn requests<F: Future<Output = ()>>(using: impl FnOnce(DynamoStore) -> F) -> Vec<Request> {
    let service = Service::new(|_, request| match request.operation.as_str() {
        "PutItem" if request.body.contains("REQUEST#there") && request.body.contains("attribute_not_exists") => {
            Answer::dynamo_error(400, "ConditionalCheckFailedException")
        }
        "UpdateItem" => Answer::ok(
            r#"{"Attributes":{"v":{"N":"1"},"count":{"N":"1"},"calls":{"N":"1"},"orders":{"N":"1"},"tick":{"N":"1"},
            "kind":{"S":"session"},"user":{"S":"u"},"pending_since":{"N":"1"},"due_at":{"N":"1"},"epoch":{"N":"1"},"created_at":{"N":"1"},"used_at":{"N":"1"},"expires_at":{"N":"1"},"ttl":{"N":"1"}}}"#,
        ),
        "GetItem" if request.body.contains("PUSH#") => Answer::ok(
            r#"{"Item":{"pk":{"S":"PUSH#d"},"sk":{"S":"-"},"v":{"N":"1"},"user":{"S":"other"},"endpoint":{"S":"e"},"p256dh":{"S":"p"},
                "auth":{"S":"a"},"vapid_key":{"S":"k"},"site":{"S":"s"},"name":{"S":"n"},"state":{"S":"{\"is\":\"active\",\"token\":\"70\"}"},
                "created_at":{"N":"1"}}}"#,
        ),
        "Query" if request.body.contains("PUSH#") => {
            Answer::ok(r#"{"Items":[{"pk":{"S":"USER#u"},"sk":{"S":"PUSH#d"},"v":{"N":"1"}}]}"#)
        }
        "GetItem" if request.body.contains("ALERT#") => {
            let alert = serde_json::to_string(&sample::alert("a1", "u", "AAPL")).unwrap();
            let row = serde_json::json!({"Item": {"pk": {"S": "USER#u"}, "sk": {"S": "ALERT#a1"}, "v": {"N": "1"},
                "revision": {"N": "1"}, "alert": {"S": alert}}});
            Answer::ok(row.to_string())
        }
        "Query" if request.body.contains("RECEIPT#") => {
            Answer::ok(r#"{"Items":[{"pk":{"S":"USER#u"},"sk":{"S":"RECEIPT#a1#n1"},"v":{"N":"1"}}]}"#)
        }
        "DeleteItem" if request.body.contains("ACTION#") || request.body.contains("OUTBOX#") => Answer::ok("{}"),
        "DeleteItem" if request.body.contains("WS#") => Answer::ok(
            r#"{"Attributes":{"pk":{"S":"WS#1"},"sk":{"S":"c"},"v":{"N":"1"},"user":{"S":"u"},"listed":{"S":""},"watched":{"S":""},
                "paused":{"BOOL":false},"connected_at":{"N":"1"},"ttl":{"N":"1"}}}"#,
        ),
        "GetItem" if request.body.contains("SHARE#there") => {
            let token = sample::share(1, "u", "there").token;
            let row = serde_json::json!({"Item": {"pk": {"S": "USER#u"}, "sk": {"S": "SHARE#there"}, "v": {"N": "1"},
                "token": {"S": token.reveal()}, "created_at": {"N": "1"}}});
            Answer::ok(row.to_string())
        }
        "Query" if request.body.contains("TOKEN#") || !request.body.contains("#sk") && request.body.contains("USER#") => {
            Answer::ok(
                r#"{"Items":[{"pk":{"S":"USER#u"},"sk":{"S":"TOKEN#a"},"v":{"N":"1"}},
                {"pk":{"S":"USER#u"},"sk":{"S":"LIST#there"},"v":{"N":"1"},"symbols":{"S":""}},
                {"pk":{"S":"USER#u"},"sk":{"S":"PROFILE"},"v":{"N":"1"},"created_at":{"N":"1"}}]}"#,
            )
        }
        "Scan" => Answer::ok(r#"{"Items":[],"LastEvaluatedKey":{"pk":{"S":"USER#u"},"sk":{"S":"PROFILE"}}}"#),
        _ => Answer::ok("{}"),
    });
    using(DynamoStore::new(&service.config(), "table")).await;
    service.requests()
}

/// The actions of IAM that requests need: those of a transaction's parts in place of its own.
fn actions(requests: &[Request]) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    for request in requests {
        if request.operation == "TransactWriteItems" {
            for part in request.json()["TransactItems"].as_array().unwrap() {
                actions.extend(part.as_object().unwrap().keys().map(|part| format!("{part}Item")));
            }
        } else {
            actions.insert(request.operation.clone());
        }
    }
    actions
}

/// The row of the port in the table of the module's documentation.
fn documented(port: &str) -> BTreeSet<String> {
    let source = include_str!("../../src/dynamo/mod.rs");
    let row =
        source.lines().find(|line| line.starts_with(&format!("//! | `{port}` |"))).unwrap_or_else(|| panic!("no row for {port}"));
    let names = row.split('`').skip(1).step_by(2).skip(1);
    names.filter(|name| name.starts_with(char::is_uppercase)).map(ToOwned::to_owned).collect()
}

/// Every key in a request.
fn keys(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = ["pk", "sk"].iter().filter_map(|name| fields.get(*name)?["S"].as_str()).map(str::to_owned);
            own.chain(fields.values().flat_map(keys)).collect()
        }
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}

/// The names in expressions that are not placeholders, nor functions and words of the expression language.
fn bare_names(value: &Value) -> Vec<String> {
    const WORDS: [&str; 11] = [
        "SET",
        "ADD",
        "REMOVE",
        "AND",
        "OR",
        "begins_with",
        "attribute_exists",
        "attribute_not_exists",
        "NOT",
        "BETWEEN",
        "if_not_exists",
    ];
    let Some(fields) = value.as_object() else {
        return value.as_array().map(|all| all.iter().flat_map(bare_names).collect()).unwrap_or_default();
    };
    let mut bare = Vec::new();
    for (name, value) in fields {
        match value.as_str() {
            Some(expression) if name.ends_with("Expression") => {
                let words = expression
                    .split(|c: char| !(c.is_alphanumeric() || matches!(c, '#' | ':' | '_')))
                    .filter(|word| !word.is_empty());
                bare.extend(words.filter(|word| !word.starts_with(['#', ':']) && !WORDS.contains(word)).map(ToOwned::to_owned));
            }
            _ => bare.extend(bare_names(value)),
        }
    }
    bare
}

fn check(port: &str, requests: &[Request]) {
    assert_eq!(actions(requests), documented(port), "{port}");
    for request in requests {
        assert_eq!(bare_names(&request.json()), Vec::<String>::new(), "{port}: {}", request.body);
    }
}

#[tokio::test]
async fn quotes_and_poll_set() {
    let stored = sample::stored("AAPL", "1", std::time::Duration::ZERO, 1);
    check(
        "QuoteReader",
        &requests(async |store| {
            store.quotes(&sample::symbols::<Vec<_>>(&["AAPL"])).await.unwrap();
        })
        .await,
    );
    check(
        "QuoteWriter",
        &requests(async |store| {
            store.store(&[stored]).await.unwrap();
        })
        .await,
    );
    check(
        "PollSetReader",
        &requests(async |store| {
            PollSetReader::page(&store, Shard(0), Some(&sample::symbol("A"))).await.unwrap();
        })
        .await,
    );
    let writes = requests(async |store| {
        for urgency in [Urgency::OnScreen, Urgency::Armed, Urgency::Followed] {
            PollSetWriter::extend(&store, &[Lease { symbol: sample::symbol("AAPL"), urgency, until: NOW }]).await.unwrap();
        }
        for (at, rests, missing) in
            [(None, None, None), (Some(NOW), Some("NMS".into()), Some(MissingReason::Unknown)), (Some(NOW), None, None)]
        {
            store
                .record(&[PollRecord { symbol: sample::symbol("AAPL"), polled_at: at, rests_at: rests, missing }])
                .await
                .unwrap();
        }
    })
    .await;
    check("PollSetWriter", &writes);
}

#[tokio::test]
async fn requests_and_events() {
    let (user, until) = (sample::user("u"), NOW + std::time::Duration::from_mins(1));
    let counted = requests(async |store| {
        store.count_event("guest#192.0.2.1", until).await.unwrap();
    });
    check("RateCounter", &counted.await);
    let logged = requests(async |store| {
        for key in ["new", "there"] {
            let record = RequestRecord { key: key.into(), fingerprint: "f".into(), answer: Some("s".into()), expires_at: until };
            store.claim_request(&user, &record, NOW).await.unwrap();
            store.keep_answer(&user, &record).await.unwrap();
            store.forget_request(&user, key).await.unwrap();
        }
    });
    check("RequestLog", &logged.await);
}

#[tokio::test]
async fn links() {
    let (user, hash) = (sample::user("u"), TokenHash::new("h"));
    let links = requests(async |store| {
        assert_eq!(store.share(&user, &ListId::new("l")).await.unwrap(), None);
        store.shares(&user).await.unwrap();
        store.shared_list(&hash).await.unwrap();
    });
    check("ShareReader", &links.await);
    let (new, there) = (sample::share(1, "u", "l"), sample::share(1, "u", "there"));
    let links = requests(async |store| {
        assert_eq!(store.put_share(&new).await.unwrap(), ShareWrite::Made);
        assert!(matches!(store.put_share(&there).await.unwrap(), ShareWrite::There(_)));
        assert!(!store.end_share(&user, &new.list).await.unwrap());
        assert!(store.end_share(&user, &there.list).await.unwrap());
    });
    let links = links.await;
    check("ShareWriter", &links);
    let token = there.token.reveal();
    let keys: Vec<String> = links.iter().flat_map(|request| keys(&request.json())).collect();
    assert!(keys.iter().any(|key| key.contains("SHARED#")) && !keys.iter().any(|key| key.contains(token)), "{keys:?}");
}

#[tokio::test]
async fn people() {
    let user = sample::user("u");
    let list = sample::watchlist("l", "Picks", &["AAPL"]);
    let token = sample::token("a", TokenKind::Session, "u");
    let reads = requests(async |store| {
        store.watchlists(&user).await.unwrap();
        store.watchlist(&user, &list.id).await.unwrap();
    });
    check("WatchlistReader", &reads.await);
    let writes = requests(async |store| {
        store.insert(&user, &list).await.unwrap();
        store.replace(&user, &list, 1).await.unwrap();
        WatchlistWriter::delete(&store, &user, &list.id, Some(1)).await.unwrap();
        WatchlistWriter::delete(&store, &user, &list.id, None).await.unwrap();
    });
    check("WatchlistWriter", &writes.await);
    check(
        "PreferencesReader",
        &requests(async |store| {
            store.preferences(&user).await.unwrap();
        })
        .await,
    );
    let writes = requests(async |store| {
        for expected in [0, 1] {
            store.put_preferences(&user, &sample::preferences(), expected).await.unwrap();
        }
    });
    check("PreferencesWriter", &writes.await);
    let writes = requests(async |store| {
        store.create(&sample::guest("u"), &list, &token).await.unwrap();
        store.remove_user(&user).await.unwrap();
    });
    check("UserWriter", &writes.await);
    let reads = requests(async |store| {
        store.user(&user).await.unwrap();
    });
    check("UserReader", &reads.await);
    check(
        "TokenReader",
        &requests(async |store| {
            store.token(&token.hash, TokenKind::Session, NOW).await.unwrap();
            store.tokens_of(&user, NOW).await.unwrap();
        })
        .await,
    );
    let writes = requests(async |store| {
        store.put(&token).await.unwrap();
        store.take(&token.hash, TokenKind::Session, NOW).await.unwrap();
        TokenWriter::extend(&store, &token.hash, NOW, NOW).await.unwrap();
        TokenWriter::delete(&store, &token.hash).await.unwrap();
    });
    check("TokenWriter", &writes.await);
}

#[tokio::test]
async fn push_subscriptions() {
    let subscription = sample::push_subscription("one", "u");
    let (user, id) = (&subscription.user, &subscription.id);
    let reads = requests(async |store| {
        store.push_subscriptions(user).await.unwrap();
    });
    check("PushSubscriptionReader", &reads.await);
    let writes = requests(async |store| {
        store.put_push_subscription(&subscription).await.unwrap();
        store.remove_push_subscription(user, id, None).await.unwrap();
        store.remove_push_subscription(user, id, Some(&subscription.keys)).await.unwrap();
        store.move_push_subscription(user, id, &PushState::Pending, &sample::active()).await.unwrap();
        store.count_push_order(user, PushPurpose::Test, 1).await.unwrap();
    });
    check("PushSubscriptionWriter", &writes.await);
}

#[tokio::test]
async fn connections() {
    let id = ConnectionId::new("c");
    let reads = requests(async |store| {
        ConnectionReader::page(&store, Shard(0), Some(&id), NOW).await.unwrap();
        store.connection(&id, NOW).await.unwrap();
        store.connections_of(&sample::user("u"), NOW).await.unwrap();
    });
    check("ConnectionReader", &reads.await);
    let writes = requests(async |store| {
        store.add(&sample::connection("c", "u")).await.unwrap();
        store.remove(&id).await.unwrap();
        store.set_listed(&id, &sample::symbols(&["AAPL"])).await.unwrap();
        store.set_watched(&id, &sample::symbols(&["AAPL"])).await.unwrap();
        store.set_paused(&id, true).await.unwrap();
        store.set_leased_until(&id, NOW).await.unwrap();
    });
    check("ConnectionWriter", &writes.await);
}

#[tokio::test]
async fn the_source() {
    let session = SourceSession { cookie: "c".to_owned(), crumb: "c".to_owned(), fetched_at: NOW };
    let gate = requests(async |store| {
        store.session().await.unwrap();
        store.put_session(&session).await.unwrap();
        store.drop_session(&session).await.unwrap();
        store.breaker().await.unwrap();
        store.swap_breaker(&Breaker::default(), &Breaker::default().tripped(NOW)).await.unwrap();
        store.swap_breaker(&Breaker::default().tripped(NOW), &Breaker::default()).await.unwrap();
    });
    check("SourceGate", &gate.await);
    let counter = requests(async |store| {
        store.add_calls(1, 1).await.unwrap();
        store.calls(1).await.unwrap();
    });
    check("CallCounter", &counter.await);
    check(
        "SourceStatusReader",
        &requests(async |store| {
            store.status().await.unwrap();
        })
        .await,
    );
    let writes = requests(async |store| {
        store.next_tick().await.unwrap();
        store.put_status(&SourceStatus::default()).await.unwrap();
    });
    check("SourceStatusWriter", &writes.await);
}

#[tokio::test]
async fn alerts_and_notifications() {
    let (user, alert) = (sample::user("u"), sample::alert("a1", "u", "AAPL"));
    let notice = sample::notification("n1", &alert);
    let reads = requests(async |store| {
        store.alerts(&user).await.unwrap();
        store.alert(&user, &alert.id).await.unwrap();
        store.armed_alerts(std::slice::from_ref(&alert.symbol)).await.unwrap();
    });
    check("AlertReader", &reads.await);
    let writes = requests(async |store| {
        store.insert_alert(&alert).await.unwrap();
        let state = AlertState { status: AlertStatus::Fired, ..AlertState::default() };
        let fired = Alert { state, ..alert.clone() };
        store.write_alert(&fired, 1, std::slice::from_ref(&notice)).await.unwrap();
        store.delete_alert(&user, &alert.id).await.unwrap();
    });
    check("AlertWriter", &writes.await);
    let reads = requests(async |store| {
        store.notifications(&user, None, 10).await.unwrap();
        store.notifications_of(&user, &alert.id, 10).await.unwrap();
    });
    check("NotificationReader", &reads.await);
    let writes = requests(async |store| {
        store.mark_read(&user, std::slice::from_ref(&notice.id), NOW).await.unwrap();
    });
    check("NotificationWriter", &writes.await);
    let outbox = requests(async |store| {
        store.due_outboxes(NOW, 10).await.unwrap();
        let lease = store.lease_outbox(&user, NOW, NOW + std::time::Duration::from_secs(1)).await.unwrap().unwrap();
        store.pending_notifications(&lease).await.unwrap();
        store.put_delivery(&user, &notice.id, &NoticeDelivery::default()).await.unwrap();
        store.finish_outbox(&lease, None).await.unwrap();
        store.finish_outbox(&lease, Some(OutboxRest { pending_since: NOW, due_at: NOW })).await.unwrap();
    });
    check("Outbox", &outbox.await);
    let tokens = requests(async |store| {
        let hash = TokenHash::new("70");
        let token = ActionToken { hash: hash.clone(), user: user.clone(), alerts: Vec::new(), expires_at: NOW };
        store.put_action(&token).await.unwrap();
        store.take_action(&hash, NOW).await.unwrap();
    });
    check("ActionTokens", &tokens.await);
    let scan = requests(async |store| {
        store.armed_symbols(Some(&FollowerCursor::new("ARMED#AAPL u#a1"))).await.unwrap();
    });
    check("ArmedScan", &scan.await);
}

#[tokio::test]
async fn the_sweep() {
    let scan = requests(async |store| {
        store.followers(Some(&FollowerCursor::new("QUOTE#AAPL LATEST")), NOW).await.unwrap();
    });
    check("WatchlistScan", &scan.await);
    let read = requests(async |store| {
        store.sweep().await.unwrap();
    });
    check("SweepReader", &read.await);
    let write = requests(async |store| {
        store.put_sweep(&SweepState::default()).await.unwrap();
    });
    check("SweepWriter", &write.await);
}
