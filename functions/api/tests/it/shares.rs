//! Links to lists: made and ended by their owner, followed by anybody.

use std::time::Duration;

use api::Limits;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{self, HeaderName};
use quickstocks_core::model::{SourceHealth, SourceKind, SourceReason, SourceState, SourceStatus, StoredQuote, TickNumber};
use quickstocks_core::ports::{QuoteWriter, SourceStatusWriter};
use quickstocks_testkit::faults::Method;
use quickstocks_testkit::sample::{self, NOW};
use serde_json::{Value, json};

use crate::support::{Answer, Browser, World, request};

/// The path of the link to the first list of a guest, which it makes.
async fn share(browser: &mut Browser<'_>) -> Value {
    let path = format!("/watchlists/{}/share", browser.list);
    let made = browser.call("PUT", &path, None, &[]).await;
    assert_eq!(made.status, 200, "{made:?}");
    made.json()
}

/// The path below the API's.
fn path(share: &Value, kind: &str) -> String {
    share[kind].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned()
}

/// Somebody without any session follows a link.
async fn follow(world: &World, path: &str, headers: &[(&str, &str)]) -> Answer {
    let asked = headers.iter().fold(request("GET", path), |asked, (name, value)| asked.header(*name, *value));
    world.send(asked.body(Body::empty()).unwrap()).await
}

/// Leaves the state of the source behind as a tick would.
async fn tick(world: &World, tick: u64, health: SourceHealth) {
    let status = SourceStatus { tick: TickNumber(tick), polled_at: NOW, health, ..SourceStatus::default() };
    world.store.inner().put_status(&status).await.unwrap();
}

fn ok() -> SourceHealth {
    SourceHealth { state: SourceState::Ok, interval: 60, ..SourceHealth::default() }
}

const NOTED: &str = "a private thought";

/// A list with a note and symbols in an order of their own.
async fn fill(browser: &mut Browser<'_>) {
    let list = json!({ "name": "My picks", "symbols": ["VOD.L", "AAPL"], "notes": { "AAPL": NOTED } });
    let path = format!("/watchlists/{}", browser.list);
    assert_eq!(browser.put(&path, &list).await.status, 200);
}

#[tokio::test]
async fn whoever_has_the_link_sees_the_list_and_nothing_of_its_owner() {
    let world = World::new();
    let mut owner = world.guest().await;
    fill(&mut owner).await;
    tick(&world, 7, ok()).await;
    let share = share(&mut owner).await;
    let answer = follow(&world, &path(&share, "json_path"), &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let list = answer.json();
    assert_eq!((&list["name"], &list["symbols"]), (&json!("My picks"), &json!(["VOD.L", "AAPL"])));
    let quotes = owner.get("/quotes?symbols=VOD.L,AAPL").await.json();
    assert_eq!(
        (&list["quotes"], &list["missing"]),
        (&quotes["quotes"], &json!([])),
        "as its owner has them, in the list's order"
    );
    assert_eq!((&list["tick"], &list["polled_at"]), (&json!(7), &json!(NOW.millis())));
    assert_eq!(list["source"], json!({ "kind": "simulated", "state": "ok", "interval": 60 }));
    let user = owner.get("/session").await.json()["user"]["id"].as_str().unwrap().to_owned();
    for private in [NOTED, &user, &owner.list, "version", "updated_at"] {
        assert!(!answer.text.contains(private), "{private}: {answer:?}");
    }
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
    assert_eq!(answer.header(header::REFERRER_POLICY), "no-referrer");
    assert_eq!(answer.header(HeaderName::from_static("x-robots-tag")), "noindex");

    let text = follow(&world, &path(&share, "text_path"), &[]).await;
    assert_eq!(text.header(header::CONTENT_TYPE), "text/plain; charset=utf-8");
    let lines: Vec<&str> = text.text.lines().collect();
    assert_eq!(lines[0], "My picks");
    assert!(lines[3].starts_with("VOD.L") && lines[4].starts_with("AAPL"), "{text:?}");
    assert!(text.text.contains("The market is simulated") && !text.text.contains(NOTED), "{text:?}");
}

#[tokio::test]
async fn a_list_keeps_its_link_until_it_is_ended_and_then_has_another() {
    let world = World::new();
    let mut owner = world.guest().await;
    let of_list = format!("/watchlists/{}/share", owner.list);
    owner.get(&of_list).await.is_problem(404, "share_not_found", None);
    let first = share(&mut owner).await;
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(share(&mut owner).await, first);
    assert_eq!(owner.get(&of_list).await.json(), first);
    assert_eq!(first["created_at"], NOW.millis());
    assert_eq!(owner.get("/account/export").await.json()["shares"], json!([{ "list": owner.list, "created_at": NOW.millis() }]));
    assert!(!owner.get("/account/export").await.text.contains(first["token"].as_str().unwrap()), "a file holds no secret");

    assert_eq!(owner.delete(&of_list).await.status, 204);
    follow(&world, &path(&first, "json_path"), &[]).await.is_problem(404, "share_not_found", None);
    owner.delete(&of_list).await.is_problem(404, "share_not_found", None);
    owner.get(&of_list).await.is_problem(404, "share_not_found", None);
    let second = share(&mut owner).await;
    assert_ne!(second["token"], first["token"]);
    assert_eq!(follow(&world, &path(&second, "json_path"), &[]).await.status, 200);
    follow(&world, &path(&first, "text_path"), &[]).await.is_problem(404, "share_not_found", None);
}

#[tokio::test]
async fn a_link_shows_the_list_as_it_is_and_ends_with_it_and_with_its_owner() {
    let world = World::new();
    let mut owner = world.guest().await;
    fill(&mut owner).await;
    let first = share(&mut owner).await;
    let renamed = json!({ "name": "Renamed", "symbols": ["MSFT"] });
    let list = format!("/watchlists/{}", owner.list);
    owner.put(&list, &renamed).await;
    let seen = follow(&world, &path(&first, "json_path"), &[]).await.json();
    assert_eq!((&seen["name"], &seen["symbols"]), (&json!("Renamed"), &json!(["MSFT"])));
    assert_eq!(owner.delete(&list).await.status, 204);
    follow(&world, &path(&first, "json_path"), &[]).await.is_problem(404, "share_not_found", None);
    owner.call("PUT", &format!("{list}/share"), None, &[]).await.is_problem(404, "watchlist_not_found", None);

    let mut other = world.guest().await;
    let second = share(&mut other).await;
    assert_eq!(other.delete("/account").await.status, 204);
    follow(&world, &path(&second, "text_path"), &[]).await.is_problem(404, "share_not_found", None);
    assert_eq!(world.store.inner().all_shares(), []);
}

#[tokio::test]
async fn nobody_makes_reads_or_ends_the_link_to_anothers_list() {
    let world = World::new();
    let mut owner = world.guest().await;
    let made = share(&mut owner).await;
    let mut other = world.guest().await;
    for list in [owner.list.clone(), "0123456789abcdef".to_owned()] {
        let path = format!("/watchlists/{list}/share");
        other.call("PUT", &path, None, &[]).await.is_problem(404, "watchlist_not_found", None);
        other.get(&path).await.is_problem(404, "share_not_found", None);
        other.delete(&path).await.is_problem(404, "share_not_found", None);
    }
    assert_eq!(follow(&world, &path(&made, "json_path"), &[]).await.status, 200);
    let script =
        owner.post("/tokens", &json!({ "name": "x", "scope": "read" })).await.json()["secret"].as_str().unwrap().to_owned();
    let of_list = format!("/watchlists/{}/share", owner.list);
    world.script(&script, "PUT", &of_list, None).await.is_problem(403, "scope_insufficient", None);
    assert_eq!(world.script(&script, "GET", &of_list, None).await.json(), made);
}

#[tokio::test]
async fn of_wrong_tokens_nothing_is_learnt() {
    let world = World::new();
    let mut owner = world.guest().await;
    let made = share(&mut owner).await;
    let token = made["token"].as_str().unwrap();
    let session = owner.cookie.clone().unwrap();
    let (upper, zeros) = (token.to_uppercase(), "0".repeat(64));
    let mut answers = Vec::new();
    for wrong in [zeros.as_str(), &upper, &token[1..], "x", "%FF", "..%2F", &session, &"a".repeat(5000)] {
        for kind in ["json", "txt"] {
            let answer = follow(&world, &format!("/shared/{wrong}/list.{kind}"), &[("if-none-match", "*")]).await;
            answer.is_problem(404, "share_not_found", None);
            assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
            assert_eq!(answer.header(header::REFERRER_POLICY), "no-referrer");
            assert_eq!(answer.header(HeaderName::from_static("x-robots-tag")), "noindex");
            answers.push(answer.text);
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "they are told alike: {answers:?}");
    let before = world.store.log().len();
    follow(&world, "/shared/x/list.json", &[]).await;
    assert_eq!(world.store.log().len(), before, "what cannot be a token is not looked for");
}

#[tokio::test]
async fn what_is_known_is_not_sent_again_until_it_changes() {
    let world = World::new();
    let mut owner = world.guest().await;
    fill(&mut owner).await;
    tick(&world, 7, ok()).await;
    let made = share(&mut owner).await;
    world.clock.advance(Duration::from_secs(13));
    for kind in ["json_path", "text_path"] {
        let path = path(&made, kind);
        let first = follow(&world, &path, &[]).await;
        let tag = first.header(header::ETAG).to_owned();
        assert!(tag.starts_with('"') && tag.len() == 24, "{tag}");
        assert_eq!(first.header(header::CACHE_CONTROL), "private, max-age=47");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let same = follow(&world, &path, &[("if-none-match", &known)]).await;
            assert_eq!((same.status.as_u16(), same.text.as_str()), (304, ""), "{known}");
            assert_eq!((same.header(header::ETAG), same.header(header::CACHE_CONTROL)), (tag.as_str(), "private, max-age=47"));
        }
        assert_eq!(follow(&world, &path, &[("if-none-match", "\"other\"")]).await.status, 200);
        let head = request("HEAD", &path).body(Body::empty()).unwrap();
        let head = world.send(head).await;
        assert_eq!((head.status.as_u16(), head.header(header::ETAG)), (200, tag.as_str()));
        assert_eq!(head.header(header::CONTENT_LENGTH), first.text.len().to_string());
    }
    let json = path(&made, "json_path");
    let mut tag = follow(&world, &json, &[]).await.header(header::ETAG).to_owned();
    let quote =
        StoredQuote { quote: sample::quote("AAPL", "11", NOW + Duration::from_secs(1)), tick: TickNumber(8), polled_at: NOW };
    world.store.inner().store(&[quote]).await.unwrap();
    let mut changed = follow(&world, &json, &[("if-none-match", &tag)]).await;
    assert_eq!(changed.status, 200, "a price changed");
    for (what, symbols) in [("the order", ["AAPL", "VOD.L"]), ("the symbols", ["AAPL", "MSFT"])] {
        tag = changed.header(header::ETAG).to_owned();
        owner.put(&format!("/watchlists/{}", owner.list.clone()), &json!({ "name": "My picks", "symbols": symbols })).await;
        changed = follow(&world, &json, &[("if-none-match", &tag)]).await;
        assert_eq!(changed.status, 200, "{what} changed");
    }
    world.clock.advance(Duration::from_mins(10));
    let late = follow(&world, &json, &[]).await;
    assert_eq!(late.header(header::CACHE_CONTROL), "private, max-age=0", "the tick is overdue");
}

#[tokio::test]
async fn a_source_that_refuses_leaves_the_last_prices_and_is_told() {
    let world = World::new();
    let mut owner = world.guest().await;
    fill(&mut owner).await;
    let made = share(&mut owner).await;
    let refused =
        SourceHealth { state: SourceState::Refused, reason: Some(SourceReason::RateLimited), last_ok_at: Some(NOW), ..ok() };
    tick(&world, 8, refused).await;
    let polls = world.source.polls().len();
    let list = follow(&world, &path(&made, "json_path"), &[]).await.json();
    assert_eq!((&list["source"]["state"], &list["source"]["last_ok_at"]), (&json!("refused"), &json!(NOW.millis())));
    assert_eq!(list["quotes"].as_array().map(Vec::len), Some(2));
    let text = follow(&world, &path(&made, "text_path"), &[]).await.text;
    assert!(text.contains("STALE: the source of prices has refused since 2100-01-01"), "{text}");
    assert_eq!(world.source.polls().len(), polls, "nobody who looks makes a call to the source");
}

#[tokio::test]
async fn names_that_command_a_terminal_do_not_reach_it() {
    let world = World::new();
    let mut owner = world.guest().await;
    let mut quote = sample::quote("AAPL", "10", NOW);
    quote.name = "\u{1b}]0;owned\u{7}\u{202e}Apple\u{2066}\r\nVOD.L  999".repeat(12).into();
    world.source.set_quote(quote);
    // The name of a list may have what is no control character.
    let list = json!({ "name": "\u{202e}sknip\u{200b} \u{2066}", "symbols": ["AAPL"] });
    assert_eq!(owner.put(&format!("/watchlists/{}", owner.list.clone()), &list).await.status, 200);
    let made = share(&mut owner).await;
    let text = follow(&world, &path(&made, "text_path"), &[]).await.text;
    assert!(text.starts_with("sknip\n\nSYMBOL"), "{text:?}");
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
    assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{2066}']), "{text:?}");
    assert_eq!(text.lines().filter(|line| line.contains("999")).count(), 1, "a name makes no row: {text:?}");
}

#[tokio::test]
async fn where_sharing_is_off_links_lead_nowhere_and_come_back_with_it() {
    let mut world = World::new();
    let mut owner = world.guest().await;
    let (cookie, list) = (owner.cookie.clone(), owner.list.clone());
    let made = share(&mut owner).await;
    assert_eq!(owner.get("/config").await.json()["sharing"], true);
    let of_list = format!("/watchlists/{list}/share");
    for (sharing, seed) in [(false, 8), (true, 9)] {
        let settings = api::Settings {
            allowed_origins: vec![crate::support::ORIGIN.to_owned()],
            cookie: api::CookieMode::Secure,
            tick_seconds: 60,
            source: SourceKind::Yahoo,
            calls_per_hour: None,
            sign_up: quickstocks_core::model::SignUp::Open,
            sharing,
            limits: None,
            trusted_proxies: 0,
        };
        world.restart(settings, seed);
        let mut owner = world.stranger();
        owner.cookie.clone_from(&cookie);
        assert_eq!(owner.get("/config").await.json()["sharing"], sharing);
        assert_eq!(owner.get(&of_list).await.json(), made, "its owner still sees it");
        let (put, seen) = (owner.call("PUT", &of_list, None, &[]).await, follow(&world, &path(&made, "json_path"), &[]).await);
        if sharing {
            assert_eq!((put.status.as_u16(), seen.status.as_u16()), (200, 200));
            assert_eq!(seen.json()["source"]["kind"], "yahoo");
            continue;
        }
        put.is_problem(403, "sharing_off", None);
        seen.is_problem(403, "sharing_off", None);
        let before = world.store.log().len();
        follow(&world, &path(&made, "text_path"), &[]).await.is_problem(403, "sharing_off", None);
        follow(&world, "/shared/x/list.txt", &[]).await.is_problem(403, "sharing_off", None);
        assert_eq!(world.store.log().len(), before, "nothing is looked for");
    }
    let mut owner = world.stranger();
    owner.cookie = cookie;
    assert_eq!(owner.delete(&of_list).await.status, 204);
}

#[tokio::test]
async fn a_list_that_somebody_looks_at_is_polled_as_on_screen_and_that_is_written_once_in_a_while() {
    let world = World::new();
    let mut owner = world.guest().await;
    fill(&mut owner).await;
    let made = share(&mut owner).await;
    let on_screen = |symbol: &str| {
        let entries = world.store.inner().poll_set();
        entries.iter().find(|entry| entry.symbol == sample::symbol(symbol)).and_then(|entry| entry.on_screen_until)
    };
    assert_eq!(on_screen("AAPL"), None);
    let leases = || world.store.log().iter().filter(|method| **method == Method::ExtendLeases).count();
    let before = leases();
    for _ in 0..5 {
        follow(&world, &path(&made, "json_path"), &[]).await;
        follow(&world, &path(&made, "text_path"), &[]).await;
    }
    assert_eq!(
        (on_screen("AAPL"), on_screen("VOD.L")),
        (Some(NOW + Duration::from_mins(10)), Some(NOW + Duration::from_mins(10)))
    );
    assert_eq!(leases() - before, 1);
    let now = world.clock.advance(Duration::from_mins(5));
    follow(&world, &path(&made, "json_path"), &[]).await;
    assert_eq!(on_screen("AAPL"), Some(now + Duration::from_mins(10)));
}

#[tokio::test]
async fn links_are_followed_so_often_from_one_address_and_no_more() {
    let world = World::with(|settings| settings.limits = Some(Limits { per_address: 3, ..Limits::default() }));
    let mut owner = world.guest().await;
    world.clock.advance(Duration::from_mins(1));
    let made = share(&mut owner).await;
    world.clock.advance(Duration::from_mins(1));
    let from = async |peer: &str, path: &str| {
        let peer: std::net::SocketAddr = peer.parse().unwrap();
        world.send(request("GET", path).extension(ConnectInfo(peer)).body(Body::empty()).unwrap()).await
    };
    let path = path(&made, "json_path");
    for guess in [path.as_str(), "/shared/x/list.json", &path] {
        assert_ne!(from("192.0.2.1:1", guess).await.status, 429);
    }
    from("192.0.2.1:1", &path).await.is_problem(429, "rate_limited", None);
    assert_eq!(from("192.0.2.2:1", &path).await.status, 200, "another address");
}
