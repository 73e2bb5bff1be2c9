//! What goes out to SNS, and what becomes of messages it does not take.

use std::collections::BTreeMap;
use std::time::Duration;

use quickstocks_aws::SnsTickPublisher;
use quickstocks_core::model::{
    DeviceId, Missing, MissingReason, PushOrder, PushPurpose, ShardRange, SourceHealth, Tick, TickNumber,
};
use quickstocks_core::ports::{PublishError, PushRequester, TickPublisher};
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_wire::sns::{TopicMessage, decode, decode_tick};

use crate::scripted::{Answer, Request, Service};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:ticks";
const MAX_BATCH_BYTES: usize = 256 * 1024;

fn tick(number: u64, quotes: usize) -> Tick {
    Tick {
        tick: TickNumber(number),
        made_at: NOW,
        polled_at: NOW,
        source: SourceHealth::default(),
        source_changed: false,
        quotes: (0..quotes).map(|n| sample::stored(&format!("S{n}"), "12.34", Duration::ZERO, number)).collect(),
        missing: Vec::new(),
        shards: ShardRange::ALL,
        rest: None,
    }
}

/// The form fields of a request.
fn fields(request: &Request) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect()
}

/// The bodies of a request's entries, by their ids.
fn entries(request: &Request) -> BTreeMap<String, String> {
    let fields = fields(request);
    let entry = |n: usize, name: &str| fields.get(&format!("PublishBatchRequestEntries.member.{n}.{name}")).cloned();
    (1..).map_while(|n| Some((entry(n, "Id")?, entry(n, "Message")?))).collect()
}

/// The answer that takes every entry but those that `fails` names with "is it the sender's fault".
fn answer(request: &Request, fails: impl Fn(&Tick) -> Option<bool>) -> Answer {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, message) in entries(request) {
        match fails(&decode_tick(&message).unwrap()) {
            None => successful.push(format!("<member><Id>{id}</Id><MessageId>m{id}</MessageId></member>")),
            Some(fault) => {
                failed.push(format!("<member><Id>{id}</Id><Code>Scripted</Code><SenderFault>{fault}</SenderFault></member>"));
            }
        }
    }
    let (successful, failed) = (successful.concat(), failed.concat());
    Answer::ok(format!(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult>\
         <Successful>{successful}</Successful><Failed>{failed}</Failed></PublishBatchResult></PublishBatchResponse>"
    ))
}

fn publisher(service: &Service) -> SnsTickPublisher {
    SnsTickPublisher::new(&service.config(), TOPIC)
}

/// The numbers of the ticks in all requests, in order.
fn published(service: &Service) -> Vec<u64> {
    let messages = service.requests().iter().flat_map(|request| entries(request).into_values()).collect::<Vec<_>>();
    let mut numbers: Vec<u64> = messages.iter().map(|message| decode_tick(message).unwrap().tick.0).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn eleven_ticks_are_two_batches_and_each_entry_carries_its_kind() {
    let service = Service::new(|_, request| answer(request, |_| None));
    let ticks: Vec<Tick> = (0..11).map(|n| tick(n, 3)).collect();
    publisher(&service).publish(&ticks).await.unwrap();
    let mut sizes: Vec<usize> = service.requests().iter().map(|request| entries(request).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 10]);
    assert_eq!(published(&service), (0..11).collect::<Vec<_>>());
    for request in service.requests() {
        let fields = fields(&request);
        assert_eq!(fields["Action"], "PublishBatch");
        assert_eq!(fields["TopicArn"], TOPIC);
        for n in 1..=entries(&request).len() {
            let attribute =
                |name: &str| &fields[&format!("PublishBatchRequestEntries.member.{n}.MessageAttributes.entry.1.{name}")];
            assert_eq!((attribute("Name").as_str(), attribute("Value.StringValue").as_str()), ("kind", "tick"));
        }
    }
}

#[tokio::test]
async fn no_ticks_are_no_call() {
    let service = Service::new(|_, request| answer(request, |_| None));
    publisher(&service).publish(&[]).await.unwrap();
    assert_eq!(service.requests().len(), 0);
}

#[tokio::test]
async fn a_tick_above_256_kib_is_split_and_no_batch_is_larger() {
    let service = Service::new(|_, request| answer(request, |_| None));
    let sent = tick(1, 4000);
    publisher(&service).publish(std::slice::from_ref(&sent)).await.unwrap();
    let requests = service.requests();
    assert!(requests.len() >= 2, "{} requests", requests.len());
    let mut quotes = Vec::new();
    for request in &requests {
        let messages: Vec<String> = entries(request).into_values().collect();
        assert!(messages.iter().map(|message| message.len() + 14).sum::<usize>() <= MAX_BATCH_BYTES);
        quotes.extend(messages.iter().flat_map(|message| decode_tick(message).unwrap().quotes));
    }
    quotes.sort_by_key(|quote| quote.quote.symbol.clone());
    let mut expect = sent.quotes;
    expect.sort_by_key(|quote| quote.quote.symbol.clone());
    assert_eq!(quotes, expect);
}

#[tokio::test]
async fn a_message_that_cannot_be_split_fails_alone_and_is_not_sent() {
    let service = Service::new(|_, request| answer(request, |_| None));
    let missing =
        (0..20_000).map(|n| Missing { symbol: sample::symbol(&format!("S{n}")), reason: MissingReason::Unknown }).collect();
    let ticks = [tick(1, 1), Tick { missing, ..tick(2, 0) }, tick(3, 1)];
    let error = publisher(&service).publish(&ticks).await.unwrap_err();
    assert!(matches!(error, PublishError::Failed { failed: 1, total: 3, .. }), "{error}");
    assert_eq!(published(&service), [1, 3]);
}

#[tokio::test]
async fn entries_that_failed_are_published_once_more() {
    let service = Service::new(|n, request| answer(request, |tick| (n == 0 && tick.tick.0 == 2).then_some(false)));
    publisher(&service).publish(&[tick(1, 1), tick(2, 1), tick(3, 1)]).await.unwrap();
    assert_eq!(published(&service), [1, 2, 2, 3]);
}

#[tokio::test]
async fn entries_that_fail_twice_are_reported_and_the_others_are_published() {
    let service = Service::new(|_, request| answer(request, |tick| (tick.tick.0 == 2).then_some(false)));
    let error = publisher(&service).publish(&[tick(1, 1), tick(2, 1), tick(3, 1)]).await.unwrap_err();
    let PublishError::Failed { failed, total, source } = error;
    assert_eq!((failed, total), (1, 3));
    assert!(source.to_string().contains("Scripted"), "{source}");
    assert_eq!(published(&service), [1, 2, 2, 3]);
}

#[tokio::test]
async fn entries_that_fail_by_our_fault_are_not_repeated() {
    let service = Service::new(|_, request| answer(request, |tick| (tick.tick.0 == 2).then_some(true)));
    publisher(&service).publish(&[tick(1, 1), tick(2, 1)]).await.unwrap_err();
    assert_eq!(published(&service), [1, 2]);
}

#[tokio::test]
async fn a_batch_that_is_refused_does_not_keep_the_others_from_being_published() {
    let service = Service::new(|_, request| {
        if entries(request).len() == 10 {
            Answer::Http(
                403,
                "<ErrorResponse><Error><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>".to_owned(),
            )
        } else {
            answer(request, |_| None)
        }
    });
    let ticks: Vec<Tick> = (0..11).map(|n| tick(n, 1)).collect();
    let PublishError::Failed { failed, total, source } = publisher(&service).publish(&ticks).await.unwrap_err();
    assert_eq!((failed, total), (10, 11));
    assert!(source.to_string().contains("AuthorizationError"), "{source}");
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn an_order_to_push_goes_out_under_its_kind_and_its_failure_is_told() {
    let order = PushOrder { user: sample::user("ann"), device: DeviceId::new("1f"), purpose: PushPurpose::Test };
    let service = Service::new(|number, _| {
        if number == 0 {
            return Answer::ok("<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>");
        }
        Answer::Http(403, "<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>".to_owned())
    });
    publisher(&service).request(&order).await.unwrap();
    let sent = fields(&service.requests()[0]);
    assert_eq!(sent["MessageAttributes.entry.1.Value.StringValue"], "push");
    assert_eq!(decode(&sent["Message"]).unwrap(), TopicMessage::Push(order.clone()));
    let refused = publisher(&service).request(&order).await;
    assert!(matches!(refused, Err(PublishError::Failed { failed: 1, total: 1, .. })), "{refused:?}");
}
