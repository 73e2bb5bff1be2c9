//! What `DynamoStore` makes of the answers an emulator never gives.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use quickstocks_aws::DynamoStore;
use quickstocks_core::model::{ConnectionId, Lease, Shard, SourceStatus, StoredQuote, Symbol, TokenKind, Urgency};
use quickstocks_core::ports::{
    Change, ConnectionReader, ConnectionWriter, PollSetWriter, QuoteReader, QuoteWrite, QuoteWriter, ShareReader, ShareWrite,
    ShareWriter, SourceStatusReader, StoreError, TokenWriter, UserWriter, WatchlistReader, WatchlistWriter,
};
use quickstocks_testkit::sample::{self, NOW};
use serde_json::{Value, json};

use crate::scripted::{Answer, Service};

fn store(service: &Service) -> DynamoStore {
    DynamoStore::new(&service.config(), "table")
}

fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Throttled(_) => "throttled",
        StoreError::Unavailable(_) => "unavailable",
        StoreError::Corrupt { .. } => "corrupt",
        StoreError::Refused(_) => "refused",
    }
}

/// The error and all its causes.
fn chain(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {}", chain(cause)))
}

#[tokio::test]
async fn errors_say_what_to_do_and_are_retried_where_that_may_help() {
    for (answer, expect, attempts) in [
        (Answer::dynamo_error(400, "ThrottlingException"), "throttled", 3),
        (Answer::dynamo_error(400, "ProvisionedThroughputExceededException"), "throttled", 3),
        (Answer::dynamo_error(500, "InternalServerError"), "unavailable", 3),
        (Answer::Http(503, String::new()), "unavailable", 3),
        (Answer::TimedOut, "unavailable", 3),
        (Answer::Unreachable, "unavailable", 3),
        (Answer::ok("<html>not DynamoDB</html>"), "unavailable", 1),
        (Answer::dynamo_error(400, "AccessDeniedException"), "refused", 1),
        (Answer::dynamo_error(400, "ValidationException"), "refused", 1),
        (Answer::dynamo_error(400, "ResourceNotFoundException"), "refused", 1),
    ] {
        let given = answer.clone();
        let service = Service::new(move |_, _| given.clone());
        let error = store(&service).status().await.unwrap_err();
        assert_eq!(kind(&error), expect, "{answer:?}: {}", chain(&error));
        assert_eq!(service.requests().len(), attempts, "{answer:?}");
    }
}

#[tokio::test]
async fn the_cause_of_an_error_stays_with_it() {
    let service = Service::new(|_, _| Answer::dynamo_error(400, "AccessDeniedException"));
    let error = store(&service).status().await.unwrap_err();
    assert!(chain(&error).contains("AccessDeniedException"), "{}", chain(&error));
}

#[tokio::test]
async fn one_retry_is_enough_when_the_service_recovers() {
    let service = Service::new(|n, _| if n == 0 { Answer::dynamo_error(400, "ThrottlingException") } else { Answer::ok("{}") });
    assert_eq!(store(&service).status().await.unwrap(), SourceStatus::default());
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn a_cancelled_transaction_is_classified_by_its_reasons() {
    for (reasons, expect) in [
        (vec!["None", "ConditionalCheckFailed"], "refused"),
        (vec!["TransactionConflict", "None"], "throttled"),
        (vec!["ThrottlingError", "None", "None"], "throttled"),
    ] {
        let given = cancelled(&reasons);
        let service = Service::new(move |_, _| given.clone());
        let session = sample::token("a", TokenKind::Session, "u");
        let created = store(&service).create(&sample::guest("u"), &sample::watchlist("l", "Picks", &["AAPL"]), &session).await;
        assert_eq!(kind(&created.unwrap_err()), expect, "{reasons:?}");
    }
}

/// What a transaction is answered that was cancelled for these reasons.
fn cancelled(reasons: &[&str]) -> Answer {
    let listed: Vec<Value> = reasons.iter().map(|code| json!({ "Code": code })).collect();
    let body = json!({"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "CancellationReasons": listed});
    Answer::Http(400, body.to_string())
}

/// Transactions that are cancelled as often as there are reasons, and the outcomes of making a link, ending it and deleting its list.
#[tokio::test]
async fn whoever_meets_another_writer_of_a_link_looks_again_and_not_for_ever() {
    let (conflict, lost) = (["TransactionConflict", "None", "None"], ["None", "ConditionalCheckFailed", "None"]);
    for (reasons, times, makes, ends) in [
        (conflict, 1, "made", "true"),
        (conflict, 4, "made", "true"),
        (conflict, 5, "throttled", "throttled"),
        (lost, 2, "made", "true"),
        (lost, 9, "refused", "refused"),
        (["ConditionalCheckFailed", "None", "None"], 1, "no list", "true"),
        (["ThrottlingError", "None", "None"], 1, "throttled", "throttled"),
        (["TransactionConflict", "ThrottlingError", "None"], 1, "throttled", "throttled"),
        (["ValidationError", "None", "None"], 1, "refused", "refused"),
    ] {
        let service = |shared: bool| {
            let left = std::sync::atomic::AtomicI32::new(times);
            Service::new(move |_, request| match request.operation.as_str() {
                "TransactWriteItems" if left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) > 0 => cancelled(&reasons),
                "GetItem" if shared => {
                    let token = sample::share(1, "u", "l").token;
                    let row = json!({"Item": {"pk": {"S": "USER#u"}, "sk": {"S": "SHARE#l"}, "v": {"N": "1"},
                        "token": {"S": token.reveal()}, "created_at": {"N": "1"}}});
                    Answer::ok(row.to_string())
                }
                _ => Answer::ok("{}"),
            })
        };
        let share = sample::share(2, "u", "l");
        let made = match store(&service(false)).put_share(&share).await {
            Ok(ShareWrite::Made) => "made",
            Ok(ShareWrite::NoList) => "no list",
            Ok(ShareWrite::There(_)) => "there",
            Err(error) => kind(&error),
        };
        assert_eq!(made, makes, "{reasons:?}, {times} times");
        let ended = match store(&service(true)).end_share(&share.user, &share.list).await {
            Ok(ended) => ended.to_string(),
            Err(error) => kind(&error).to_owned(),
        };
        assert_eq!(ended, ends, "{reasons:?}, {times} times");
        let deleted = match WatchlistWriter::delete(&store(&service(true)), &share.user, &share.list, None).await {
            Ok(Change::Done) => "true",
            Ok(Change::Missing) => "no list",
            Ok(Change::Conflict) => "another version",
            Err(error) => kind(&error),
        };
        assert_eq!(deleted, if makes == "no list" { makes } else { ends }, "{reasons:?}, {times} times");
    }
}

#[tokio::test]
async fn a_link_that_cannot_be_read_is_told_by_its_key_and_not_by_its_token() {
    let service = Service::new(|_, _| {
        let row = json!({"Item": {"pk": {"S": "USER#u"}, "sk": {"S": "SHARE#l"}, "v": {"N": "1"},
            "token": {"S": "canary"}, "created_at": {"N": "1"}}});
        Answer::ok(row.to_string())
    });
    let share = sample::share(1, "u", "l");
    let error = store(&service).share(&share.user, &share.list).await.unwrap_err();
    assert_eq!(kind(&error), "corrupt");
    let told = format!("{} {error:?}", chain(&error));
    assert!(told.contains("USER#u SHARE#l") && !told.contains("canary"), "{told}");
}

/// The keys of a `BatchGetItem` request.
fn asked(body: &Value) -> Vec<Value> {
    body["RequestItems"]["table"]["Keys"].as_array().unwrap().clone()
}

fn found(keys: &[Value]) -> Value {
    let item = |key: &Value| {
        let symbol = key["pk"]["S"].as_str().unwrap().strip_prefix("QUOTE#").unwrap();
        let quote = sample::stored(symbol, "1", Duration::ZERO, 1);
        json!({
            "pk": key["pk"], "sk": key["sk"], "v": {"N": "1"}, "as_of": {"N": "1"}, "tick": {"N": "1"},
            "quote": {"S": serde_json::to_string(&quote).unwrap()},
        })
    };
    json!({ "table": keys.iter().map(item).collect::<Vec<_>>() })
}

#[tokio::test]
async fn a_batch_read_asks_for_100_at_most_and_again_for_what_was_left() {
    let service = Service::new(|_, request| {
        let keys = asked(&request.json());
        assert!(keys.len() <= 100, "{} keys", keys.len());
        // Half of each batch is left unprocessed, as long as there is more than one.
        let (now, later) = keys.split_at(keys.len().div_ceil(2));
        let rest = if later.is_empty() { json!({}) } else { json!({ "table": {"Keys": later} }) };
        Answer::ok(json!({"Responses": found(now), "UnprocessedKeys": rest}).to_string())
    });
    let mut symbols = sample::many_symbols(210);
    symbols.extend(sample::many_symbols(5));
    // 100, 50, 25, 13, 7 would be left of a full batch after five tries: this is the case of ten, twice and a bit.
    let quotes = store(&service).quotes(&symbols[200..]).await.unwrap();
    let expect: BTreeSet<Symbol> = symbols[200..].iter().cloned().collect();
    assert_eq!(quotes.into_iter().map(|quote| quote.quote.symbol).collect::<BTreeSet<_>>(), expect);
}

#[tokio::test]
async fn a_batch_read_names_no_key_twice_and_makes_no_call_for_nothing() {
    let service = Service::new(|_, request| Answer::ok(json!({"Responses": found(&asked(&request.json()))}).to_string()));
    assert_eq!(store(&service).quotes(&[]).await.unwrap(), []);
    assert_eq!(service.requests().len(), 0);

    let mut symbols = sample::many_symbols(250);
    symbols.extend(sample::many_symbols(250));
    assert_eq!(store(&service).quotes(&symbols).await.unwrap().len(), 250);
    let mut sizes: Vec<usize> = service.requests().iter().map(|request| asked(&request.json()).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
}

#[tokio::test]
async fn a_batch_read_that_never_ends_is_given_up_as_throttled() {
    let service = Service::new(|_, request| Answer::ok(json!({"UnprocessedKeys": request.json()["RequestItems"]}).to_string()));
    let error = store(&service).quotes(&sample::many_symbols(3)).await.unwrap_err();
    assert_eq!(kind(&error), "throttled");
    assert!(chain(&error).contains("3 of 3 items"), "{}", chain(&error));
    assert_eq!(service.requests().len(), 5);
}

fn quotes(count: usize) -> Vec<StoredQuote> {
    (0..count).map(|n| sample::stored(&format!("S{n}"), "1", Duration::ZERO, 1)).collect()
}

#[tokio::test]
async fn quotes_are_written_at_most_16_at_once_and_one_failure_stays_one() {
    let service = Service::new(|_, request| match request.json()["Item"]["pk"]["S"].as_str().unwrap() {
        "QUOTE#S7" => Answer::dynamo_error(400, "ThrottlingException"),
        "QUOTE#S9" => Answer::dynamo_error(400, "ConditionalCheckFailedException"),
        _ => Answer::ok("{}"),
    });
    let outcomes = DynamoStore::new(&service.config_without_retries(), "table").store(&quotes(100)).await.unwrap();
    assert_eq!(service.requests().len(), 100);
    assert_eq!(service.most_under_way(), 16);
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let expect = match n {
            7 => QuoteWrite::Failed,
            9 => QuoteWrite::Older,
            _ => QuoteWrite::Stored,
        };
        assert_eq!(outcome, expect, "quote {n}");
    }
}

#[tokio::test]
async fn only_when_no_quote_at_all_could_be_stored_is_it_an_error() {
    let service = Service::new(|_, _| Answer::dynamo_error(400, "AccessDeniedException"));
    assert_eq!(kind(&store(&service).store(&quotes(3)).await.unwrap_err()), "refused");
    assert_eq!(store(&service).store(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_lease_that_fails_does_not_keep_the_others_from_being_written() {
    let service = Service::new(|_, request| match request.json()["Key"]["sk"]["S"].as_str().unwrap() {
        "S1" => Answer::dynamo_error(400, "ThrottlingException"),
        _ => Answer::ok("{}"),
    });
    let leases: Vec<Lease> =
        sample::many_symbols(40).into_iter().map(|symbol| Lease { symbol, urgency: Urgency::Followed, until: NOW }).collect();
    let store = DynamoStore::new(&service.config_without_retries(), "table");
    assert_eq!(kind(&PollSetWriter::extend(&store, &leases).await.unwrap_err()), "throttled");
    assert_eq!(service.requests().len(), 40);
    assert_eq!(service.most_under_way(), 16);
}

#[tokio::test]
async fn several_leases_of_one_kind_are_one_write_of_the_longest() {
    let service = Service::new(|_, _| Answer::ok("{}"));
    let lease =
        |minutes| Lease { symbol: sample::symbol("AAPL"), urgency: Urgency::OnScreen, until: NOW + Duration::from_mins(minutes) };
    PollSetWriter::extend(&store(&service), &[lease(1), lease(3), lease(2)]).await.unwrap();
    let [request] = &service.requests()[..] else { panic!("one request") };
    let until = NOW + Duration::from_mins(3);
    let values = &request.json()["ExpressionAttributeValues"];
    assert_eq!(values[":until"]["N"], until.millis().to_string());
    assert_eq!(values[":ttl"]["N"], (until + Duration::from_hours(30 * 24)).seconds().to_string());
}

#[tokio::test]
async fn an_item_of_another_layout_or_without_a_field_is_corrupt_and_named() {
    let key = json!({"pk": {"S": "USER#u"}, "sk": {"S": "LIST#l"}});
    let whole = json!({"name": {"S": "Picks"}, "symbols": {"S": "AAPL MSFT"}, "version": {"N": "1"}, "updated_at": {"N": "1"}, "v": {"N": "1"}});
    for (name, value) in [
        ("v", Some(json!({"N": "2"}))),
        ("v", None),
        ("symbols", Some(json!({"S": "AAPL <b>"}))),
        ("name", None),
        ("version", Some(json!({"S": "1"}))),
    ] {
        let mut item = whole.as_object().unwrap().clone();
        item.extend(key.as_object().unwrap().clone());
        match value {
            Some(value) => item.insert(name.to_owned(), value),
            None => item.remove(name),
        };
        let body = json!({"Items": [item]}).to_string();
        let service = Service::new(move |_, _| Answer::ok(body.clone()));
        match store(&service).watchlists(&sample::user("u")).await.unwrap_err() {
            StoreError::Corrupt { item, .. } => assert_eq!(item, "USER#u LIST#l"),
            other => panic!("{name}: {other}"),
        }
    }
}

#[tokio::test]
async fn a_query_is_read_to_its_last_page() {
    let service = Service::new(|n, request| {
        let id = format!("CONN#c{n}");
        let row = json!({
            "pk": {"S": "USER#u"}, "sk": {"S": id}, "v": {"N": "1"}, "ttl": {"N": "1"}, "connected_at": {"N": NOW.millis().to_string()},
        });
        assert_eq!(request.json()["ExclusiveStartKey"].is_null(), n == 0);
        let mut answer = json!({ "Items": [row] });
        if n < 2 {
            answer["LastEvaluatedKey"] = json!({"pk": {"S": "USER#u"}, "sk": {"S": id}});
        }
        Answer::ok(answer.to_string())
    });
    let ids = store(&service).connections_of(&sample::user("u"), NOW).await.unwrap();
    assert_eq!(ids, ["c0", "c1", "c2"].map(ConnectionId::new));
}

#[tokio::test]
async fn an_empty_page_of_connections_still_names_the_next() {
    let service = Service::new(|_, _| {
        Answer::ok(json!({"Items": [], "LastEvaluatedKey": {"pk": {"S": "WS#3"}, "sk": {"S": "abc="}}}).to_string())
    });
    let page = store(&service).page(Shard(3), None, NOW).await.unwrap();
    assert_eq!((page.connections.len(), page.next), (0, Some(ConnectionId::new("abc="))));
}

#[tokio::test]
async fn rows_that_expire_carry_their_ttl_in_seconds() {
    let service = Service::new(|_, _| Answer::ok("{}"));
    let token = sample::token("a", TokenKind::Ticket, "u");
    let connection = sample::connection("c", "u");
    store(&service).put(&token).await.unwrap();
    store(&service).add(&connection).await.unwrap();
    let requests = service.requests();
    assert_eq!(requests[0].json()["Item"]["ttl"]["N"], token.expires_at.seconds().to_string());
    for put in requests[1].json()["TransactItems"].as_array().unwrap() {
        assert_eq!(put["Put"]["Item"]["ttl"]["N"], connection.expires_at().seconds().to_string());
    }
}
