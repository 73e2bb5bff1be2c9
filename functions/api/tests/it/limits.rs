//! How much one client may ask for.

use std::net::SocketAddr;
use std::time::Duration;

use api::Limits;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header;
use quickstocks_core::rates::Limit;
use quickstocks_testkit::sample::NOW;
use serde_json::json;

use crate::support::{Answer, ORIGIN, World, request};

async fn from(world: &World, peer: &str, forwarded: Option<&str>, path: &str, body: &str) -> Answer {
    let peer: SocketAddr = peer.parse().unwrap();
    let mut sent = request("POST", path).header(header::ORIGIN, ORIGIN).extension(ConnectInfo(peer));
    if let Some(forwarded) = forwarded {
        sent = sent.header("x-forwarded-for", forwarded);
    }
    if !body.is_empty() {
        sent = sent.header(header::CONTENT_TYPE, "application/json");
    }
    world.send(sent.body(Body::from(body.to_owned())).unwrap()).await
}

fn tight() -> Limits {
    let few = |most| Limit { most, window: Duration::from_hours(1) };
    Limits { per_address: 1000, reads: 4, writes: 3, source_calls: 2, guests: few(2), codes: few(2), proxy_factor: 2 }
}

#[tokio::test]
async fn so_many_guests_come_from_one_address_and_no_more_in_any_environment() {
    let world = World::with(|settings| settings.limits = Some(tight()));
    for port in [1000, 1001] {
        assert_eq!(from(&world, &format!("192.0.2.1:{port}"), None, "/session", "").await.status, 201);
    }
    let refused = from(&world, "192.0.2.1:1002", Some("203.0.113.1"), "/session", "").await;
    refused.is_problem(429, "rate_limited", None);
    let wait = u64::try_from(3_600_000 - NOW.millis().rem_euclid(3_600_000)).unwrap().div_ceil(1000);
    assert_eq!(refused.header(header::RETRY_AFTER), wait.to_string());
    assert_eq!(world.store.inner().users().len(), 2, "nobody was made");
    assert_eq!(from(&world, "192.0.2.2:1000", None, "/session", "").await.status, 201, "another address");
    // A whole /64 is one client.
    for (address, status) in
        [("[2001:db8::1]:1", 201), ("[2001:db8::2]:1", 201), ("[2001:db8::3]:1", 429), ("[2001:db8:0:1::]:1", 201)]
    {
        assert_eq!(from(&world, address, None, "/session", "").await.status, status, "{address}");
    }
    world.clock.advance(Duration::from_secs(wait));
    assert_eq!(from(&world, "192.0.2.1:1003", None, "/session", "").await.status, 201, "in the next hour");
    for _ in 0..5 {
        assert_eq!(from(&world, "127.0.0.1:1", None, "/session", "").await.status, 201, "this machine is its owner's");
    }
}

#[tokio::test]
async fn whoever_forges_addresses_past_the_proxy_is_counted_by_their_own() {
    let world = World::with(|settings| (settings.limits, settings.trusted_proxies) = (Some(tight()), 1));
    for (n, status) in [(1, 201), (2, 201), (3, 201), (4, 201), (5, 429)] {
        let forged = format!("203.0.113.{n}, 192.0.2.1");
        assert_eq!(from(&world, "192.0.2.1:1", Some(&forged), "/session", "").await.status, status, "{forged}");
    }
    assert_eq!(from(&world, "192.0.2.9:1", Some("203.0.113.1, 192.0.2.9"), "/session", "").await.status, 201, "another hop");
    assert_eq!(
        from(&world, "192.0.2.9:1", Some("203.0.113.1, 192.0.2.9"), "/session", "").await.status,
        429,
        "thrice one client"
    );
}

#[tokio::test]
async fn codes_cannot_be_guessed_for_long() {
    let world = World::with(|settings| settings.limits = Some(tight()));
    let mut owner = world.guest().await;
    let code = owner.post("/pairing", &json!({})).await.json()["code"].to_string();
    for path in ["/pairing/redeem", "/recovery/redeem"] {
        let guess = from(&world, "192.0.2.1:1", None, path, r#"{ "code": "0000-0000-0000" }"#).await;
        guess.is_problem(422, "code_invalid", Some("code"));
    }
    let body = format!(r#"{{ "code": {code} }}"#);
    from(&world, "192.0.2.1:1", None, "/pairing/redeem", &body).await.is_problem(429, "rate_limited", None);
    from(&world, "192.0.2.1:1", None, "/session", r#"{ "invite": "0000" }"#).await.is_problem(429, "rate_limited", None);
    assert_eq!(from(&world, "192.0.2.2:1", None, "/pairing/redeem", &body).await.status, 200, "the code was not used up");
}

#[tokio::test]
async fn one_user_may_ask_so_much_a_minute_of_each_kind() {
    let world = World::with(|settings| settings.limits = Some(tight()));
    let (mut busy, mut other) = (world.guest().await, world.guest().await);
    let pick = format!("/watchlists/{}/symbols/AAPL", busy.list);
    for (method, path, most, every) in
        [("GET", "/watchlists", 4, 15), ("PUT", pick.as_str(), 3, 20), ("GET", "/symbols/search?q=a", 2, 30)]
    {
        for _ in 0..most {
            assert_eq!(busy.call(method, path, None, &[]).await.status, 200, "{method} {path}");
        }
        let refused = busy.call(method, path, None, &[]).await;
        refused.is_problem(429, "rate_limited", None);
        assert_eq!(refused.header(header::RETRY_AFTER), every.to_string(), "{method} {path}");
        if method == "GET" {
            assert_eq!(other.call(method, path, None, &[]).await.status, 200, "somebody else");
        }
    }
    busy.get("/quotes?symbols=AAPL").await.is_problem(429, "rate_limited", None);
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(busy.get("/quotes?symbols=AAPL").await.status, 200);
    busy.get("/quotes?symbols=AAPL").await.is_problem(429, "rate_limited", None);
}

#[tokio::test]
async fn one_address_may_ask_so_much_before_anything_is_read() {
    let world = World::with(|settings| settings.limits = Some(Limits { per_address: 3, ..tight() }));
    let before = world.store.log().len();
    for status in [401, 401, 401, 429] {
        let peer: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let sent = request("GET", "/watchlists").extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
        assert_eq!(world.send(sent).await.status, status);
    }
    assert_eq!(world.store.log().len(), before);
}
