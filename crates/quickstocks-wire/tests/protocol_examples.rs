//! Every example of `docs/PROTOCOL.md` is what this crate reads and writes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use quickstocks_core::live::Request;
use quickstocks_core::model::{ListId, Missing, SourceHealth, StoredQuote};
use quickstocks_core::ports::ListChange;
use quickstocks_wire::ws::{NoticeView, list_frame, parse_request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn examples() -> Vec<Value> {
    let page = include_str!("../../../docs/PROTOCOL.md");
    page.split("```json\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .map(|block| serde_json::from_str(block).unwrap_or_else(|error| panic!("{error} in\n{block}")))
        .collect()
}

/// The value reads as `T`, and `T` writes the very same value: no field is unknown, none is missing.
fn is_exactly<T: DeserializeOwned + Serialize>(value: &Value) {
    let read: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error} in {value}"));
    assert_eq!(&serde_json::to_value(&read).unwrap(), value);
}

#[test]
fn every_client_frame_is_understood() {
    let actions: BTreeSet<String> = examples()
        .iter()
        .filter(|example| example.get("action").is_some())
        .map(|example| {
            let request = parse_request(&example.to_string()).unwrap_or_else(|refusal| panic!("{refusal}: {example}"));
            match request {
                Request::Hello(_) => "hello",
                Request::Watch(_) => "watch",
                Request::Unwatch(_) => "unwatch",
                Request::Pause => "pause",
                Request::Resume(_) => "resume",
                Request::Ping => "ping",
            }
            .to_owned()
        })
        .collect();
    assert_eq!(actions, ["hello", "pause", "ping", "resume", "unwatch", "watch"].map(str::to_owned).into());
}

#[test]
fn every_server_frame_is_made_of_what_this_crate_writes() {
    let mut types = BTreeSet::new();
    for example in examples() {
        let Some(kind) = example.get("type").and_then(Value::as_str) else {
            assert!(example.get("action").is_some(), "neither action nor type: {example}");
            continue;
        };
        types.insert(kind.to_owned());
        if let Some(source) = example.get("source") {
            is_exactly::<SourceHealth>(source);
        }
        if let Some(list) = example.get("list") {
            let change = if list.get("deleted").is_some() {
                ListChange::Deleted(ListId::new(list["id"].as_str().unwrap()))
            } else {
                ListChange::Changed(serde_json::from_value(list.clone()).unwrap())
            };
            assert_eq!(serde_json::from_str::<Value>(&list_frame(&change)).unwrap(), example);
        }
        for quote in example.get("quotes").and_then(Value::as_array).into_iter().flatten() {
            is_exactly::<StoredQuote>(quote);
        }
        for notice in example.get("notifications").and_then(Value::as_array).into_iter().flatten() {
            is_exactly::<NoticeView>(notice);
        }
        for missing in example.get("missing").and_then(Value::as_array).into_iter().flatten() {
            is_exactly::<Missing>(missing);
        }
    }
    assert_eq!(
        types,
        ["alert", "bye", "error", "hello", "list", "pong", "quotes", "snapshot", "status"].map(str::to_owned).into()
    );
}
