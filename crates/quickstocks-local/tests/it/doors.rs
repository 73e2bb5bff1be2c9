//! Who gets in, and what nonsense does.

use crate::support::{Socket, System};
use futures_util::SinkExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_second_guest_can_neither_read_nor_change_the_list_of_the_first() {
    let system = System::start().await;
    let (owner, other) = (system.guest().await, system.guest().await);
    owner.pick("AAPL").await;
    let list = format!("/watchlists/{}", owner.list);
    let input = Some(json!({ "name": "mine now", "symbols": [] }));
    for (method, path, body) in [
        (Method::GET, list.clone(), None),
        (Method::PUT, list.clone(), input),
        (Method::DELETE, list.clone(), None),
        (Method::PUT, format!("{list}/symbols/MSFT"), None),
        (Method::DELETE, format!("{list}/symbols/AAPL"), None),
    ] {
        let answer = other.send(method.clone(), &path, body).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "watchlist_not_found");
    }
    assert_eq!(owner.get(&list).await["symbols"], json!(["AAPL"]));
}

#[tokio::test]
async fn a_socket_needs_a_fresh_ticket_and_an_allowed_origin() {
    let system = System::start().await;
    let guest = system.guest().await;
    let origin = system.origin.as_str();
    let open = async |origin: Option<&str>, ticket: Option<&str>| Socket::open(&system.origin, origin, ticket).await.map(|_| ());

    assert_eq!(open(Some(origin), None).await, Err(403), "no ticket");
    assert_eq!(open(Some(origin), Some("nonsense")).await, Err(403), "a malformed ticket");
    assert_eq!(open(Some(origin), Some(&"0".repeat(64))).await, Err(403), "an unknown ticket");
    let session = guest.cookie.split_once('=').unwrap().1;
    assert_eq!(open(Some(origin), Some(session)).await, Err(403), "a session is no ticket");

    let ticket = guest.ticket().await;
    assert_eq!(open(Some("https://evil.example"), Some(&ticket)).await, Err(403), "a foreign origin");
    assert_eq!(open(None, Some(&ticket)).await, Err(403), "no origin");
    assert_eq!(open(Some(origin), Some(&ticket)).await, Ok(()), "the ticket was not used up by the refusals");
    assert_eq!(open(Some(origin), Some(&ticket)).await, Err(403), "a used ticket");
}

#[tokio::test]
async fn a_frame_that_cannot_be_used_is_answered_and_changes_nothing() {
    let system = System::start().await;
    let guest = system.guest().await;
    guest.pick("AAPL").await;
    let (mut socket, _) = guest.connect().await;
    let many: Vec<String> = (0..201).map(|n| format!("S{n}")).collect();
    for (frame, code, field) in [
        (json!({ "action": "sell" }), "unknown_action", Some("action")),
        (json!({ "action": "watch", "symbols": ["AAPL", "\u{7}"] }), "symbol_invalid", Some("symbols[1]")),
        (json!({ "action": "watch", "symbols": "AAPL" }), "frame_malformed", Some("symbols")),
        (json!({ "action": "watch", "symbols": many }), "too_many_symbols", Some("symbols")),
        (json!("just a text"), "frame_malformed", None),
        (json!({ "action": "ping", "padding": "x".repeat(9000) }), "frame_too_large", None),
    ] {
        socket.send(frame).await;
        let answer = socket.next().await;
        assert_eq!(
            (answer["type"].as_str(), answer["code"].as_str(), answer["field"].as_str()),
            (Some("error"), Some(code), field)
        );
    }
    socket.send(json!({ "action": "ping" })).await;
    assert_eq!(socket.next().await["type"], "pong", "the socket is as it was");
    assert_eq!(guest.get("/watchlists").await["watchlists"][0]["symbols"], json!(["AAPL"]));
}

#[tokio::test]
async fn a_binary_frame_and_one_above_32_kb_close_the_socket() {
    let system = System::start().await;
    let guest = system.guest().await;
    let (mut socket, _) = guest.connect().await;
    socket.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(socket.close_code().await, 1003);

    let (mut socket, _) = guest.connect().await;
    socket.0.send(Message::text("x".repeat(40_000))).await.unwrap();
    assert_eq!(socket.close_code().await, 1009);
}

#[tokio::test]
async fn the_server_says_goodbye_when_it_stops() {
    let system = System::start().await;
    let guest = system.guest().await;
    let (mut socket, _) = guest.connect().await;
    let stopping = tokio::spawn(system.running.stop());
    let frame = socket.next().await;
    assert_eq!((frame["type"].as_str(), frame["reason"].as_str()), (Some("bye"), Some("shutdown")));
    assert_eq!(socket.close_code().await, 1001);
    stopping.await.unwrap().unwrap();
}

#[tokio::test]
async fn bad_requests_get_their_status_code_and_field_and_change_nothing() {
    let system = System::start().await;
    let guest = system.guest().await;
    guest.pick("AAPL").await;
    let list = format!("/watchlists/{}", guest.list);
    let many: Vec<String> = (0..201).map(|n| format!("S{n}")).collect();
    for (method, path, body, status, code, field) in [
        (Method::PUT, format!("{list}/symbols/NOSUCHTHING"), None, 422, "symbol_unknown", Some("symbol")),
        (Method::PUT, format!("{list}/symbols/%00%07"), None, 422, "symbol_invalid", Some("symbol")),
        (Method::PUT, list.clone(), Some(json!({ "name": "x", "symbols": many })), 422, "too_many_symbols", Some("symbols")),
        (
            Method::PUT,
            list.clone(),
            Some(json!({ "name": "x", "symbols": ["AAPL", 7] })),
            400,
            "body_malformed",
            Some("symbols[1]"),
        ),
        (
            Method::PUT,
            list.clone(),
            Some(json!({ "name": "x", "symbols": ["AAPL", "AAPL"] })),
            422,
            "symbol_duplicate",
            Some("symbols"),
        ),
        (Method::PUT, list.clone(), Some(json!({ "name": "\u{7}", "symbols": [] })), 422, "name_invalid", Some("name")),
        (Method::PUT, list.clone(), Some(json!({ "name": "x".repeat(1_000_000), "symbols": [] })), 413, "body_too_large", None),
        (Method::GET, "/symbols/search?q=%07".to_owned(), None, 422, "query_invalid", Some("q")),
        (Method::GET, "/quotes".to_owned(), None, 422, "symbols_missing", Some("symbols")),
        (Method::GET, "/symbols/AAPL/history?range=9y".to_owned(), None, 422, "range_invalid", Some("range")),
        (Method::GET, "/nothing".to_owned(), None, 404, "route_not_found", None),
        (Method::PATCH, "/watchlists".to_owned(), None, 405, "method_not_allowed", None),
    ] {
        let answer = guest.send(method.clone(), &path, body).await;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!((problem["code"].as_str(), problem["field"].as_str()), (Some(code), field), "{method} {path}: {problem}");
    }
    assert_eq!(guest.get(&list).await["symbols"], json!(["AAPL"]));
}
