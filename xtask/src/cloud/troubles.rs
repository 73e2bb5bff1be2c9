//! What goes wrong in operation, and what users notice of it: nothing, or the truth.

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use super::prices::{self, greet, poll_once};
use super::scenario::{ANSWER, STACK, World};
use crate::visitor::{Guest, Socket};

/// The source's breaker waits before it asks again, and a symbol is polled when it is due.
const DUE: Duration = Duration::from_mins(4);

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(world: &World<'_>, guest: &Guest, socket: Socket) -> Result<()> {
    world.progress.step("who reconnects hears what was missed and nothing else");
    let mut socket = reconnect(world, guest, socket).await?;

    world.progress.step("a second user hears of what that user follows");
    second_user(world, &mut socket).await?;

    world.progress.step("a connection that is gone is forgotten");
    gone(world, &mut socket).await?;

    world.progress.step("a tick that comes twice is the same tick, one that comes late is dropped");
    twice_and_late(world, &mut socket).await?;

    world.progress.step("the source goes down and comes back");
    source_down(world, guest, &mut socket).await?;

    world.progress.step("every function starts cold");
    for function in ["fetch-quotes", "dispatch", "api", "ws-connect"] {
        world.emulator.ask(&["restart", STACK, function])?;
    }
    change(world).await?;
    prices::price(&mut socket).await?;
    guest.get_ok("/watchlists").await?;
    let again = Socket::open(&world.site, &guest.ticket().await?).await?;
    again.close().await?;
    socket.close().await
}

/// Polls until the condition holds of a report of `fetch-quotes`.
async fn poll_until(world: &World<'_>, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let begin = Instant::now();
    loop {
        let report = poll_once(world)?;
        if holds(&report) {
            return Ok(report);
        }
        if begin.elapsed() > DUE {
            bail!("{what} did not come within {DUE:?}; the last report is {report}");
        }
        sleep(LOOK).await;
    }
}

/// Lets a price change be polled and published; answers the tick.
async fn change(world: &World<'_>) -> Result<u64> {
    let report = poll_until(world, "a changed price", |report| report["changed"].as_u64() > Some(0)).await?;
    report["tick"].as_u64().with_context(|| format!("a report without a tick: {report}"))
}

async fn reconnect(world: &World<'_>, guest: &Guest, mut socket: Socket) -> Result<Socket> {
    let seen = greet(&mut socket, json!({"action": "hello"})).await?["tick"].as_u64().context("a snapshot without a tick")?;
    socket.close().await?;
    let missed = change(world).await?;
    let mut socket = Socket::open(&world.site, &guest.ticket().await?).await?;
    let snapshot = greet(&mut socket, json!({"action": "hello", "since": seen})).await?;
    let ticks: Vec<u64> =
        snapshot["quotes"].as_array().into_iter().flatten().filter_map(|quote| quote["tick"].as_u64()).collect();
    ensure!(
        !ticks.is_empty() && ticks.iter().all(|tick| *tick > seen) && ticks.contains(&missed),
        "since tick {seen}, with tick {missed} missed, the snapshot is {snapshot}"
    );
    Ok(socket)
}

async fn second_user(world: &World<'_>, first: &mut Socket) -> Result<()> {
    let second = Guest::arrive(&world.site).await?;
    let list = second.get_ok("/session").await?["watchlists"][0].as_str().context("no watchlist")?.to_owned();
    second.call(Method::PUT, &format!("/watchlists/{list}/symbols/MSFT"), None, reqwest::StatusCode::OK).await?;
    let mut socket = Socket::open(&world.site, &second.ticket().await?).await?;
    greet(&mut socket, json!({"action": "hello"})).await?;
    // A price at which the market never was.
    world.market.set_price("MSFT", "123.45").await?;
    world.market.set_price("AAPL", "543.21").await?;
    let quote_of = |symbol: &'static str, price: &'static str| {
        move |frame: &Value| {
            let quotes = frame["quotes"].as_array().filter(|_| frame["type"] == "quotes")?;
            let found = quotes.iter().any(|quote| quote["symbol"] == symbol && quote["price"] == price);
            found.then(|| quotes.iter().map(|quote| quote["symbol"].clone()).collect::<Vec<_>>())
        }
    };
    poll_until(world, "both prices", |report| report["changed"].as_u64() > Some(1)).await?;
    let of_second = socket.wait_for("price of MSFT", DUE, quote_of("MSFT", "123.45")).await?;
    let of_first = first.wait_for("price of AAPL", DUE, quote_of("AAPL", "543.21")).await?;
    ensure!(of_second == [json!("MSFT")], "who follows MSFT only is sent {of_second:?}");
    ensure!(!of_first.contains(&json!("MSFT")), "who does not follow MSFT is sent {of_first:?}");
    socket.close().await
}

async fn gone(world: &World<'_>, socket: &mut Socket) -> Result<()> {
    let ghost = world.emulator.ask(&["ghost", STACK])?;
    let connections = || world.emulator.ask(&["connections", STACK]);
    let is_there = |rows: &Value| rows.as_array().is_some_and(|rows| rows.contains(&ghost));
    ensure!(is_there(&connections()?), "the row that was made up is not there");
    change(world).await?;
    prices::price(socket).await?;
    let left = connections()?;
    ensure!(!is_there(&left), "a connection that answers 410 is still there: {left}");
    ensure!(left.as_array().is_some_and(|rows| !rows.is_empty()), "the connections that are there were forgotten too");
    Ok(())
}

async fn twice_and_late(world: &World<'_>, socket: &mut Socket) -> Result<()> {
    let queue = world.emulator.ask(&["listen", STACK])?;
    let queue = queue.as_str().context("the copies have no queue")?;
    let tick = change(world).await?;
    let heard = world.emulator.ask(&["heard", queue])?;
    let message = heard.as_array().into_iter().flatten().find(|message| message["tick"] == tick);
    let message = message.with_context(|| format!("tick {tick} is not on the topic: {heard}"))?;
    let of_tick = |frame: &Value| (frame["type"] == "quotes" && frame["tick"] == tick).then(|| frame.clone());
    let first = socket.wait_for("price message of the tick", ANSWER, of_tick).await?;

    let mut late = message.clone();
    let ahead = tick + 1_000;
    late["tick"] = json!(ahead);
    late["made_at"] = json!(message["made_at"].as_i64().context("a tick without its time")? - 120_000);
    for message in [&late, message] {
        world.emulator.ask(&["publish", STACK, &message.to_string()])?;
    }
    let second = socket.wait_for("price message of the tick that came twice", ANSWER, of_tick).await?;
    ensure!(first == second, "the same tick said {first} and then {second}");
    ensure!(socket.frames().iter().all(|frame| frame["tick"] != ahead), "a tick of two minutes ago was sent");
    Ok(())
}

async fn source_down(world: &World<'_>, guest: &Guest, socket: &mut Socket) -> Result<()> {
    let before = guest.get_ok("/quotes?symbols=AAPL").await?;
    world.market.fail().await?;
    poll_until(world, "a source that is down", |report| report["state"] != "ok").await?;
    let down = |frame: &Value| (frame["type"] == "status" && frame["source"]["state"] != "ok").then(|| frame["source"].clone());
    let told = socket.wait_for("status of a source that is down", ANSWER, down).await?;
    let status = guest.get_ok("/status").await?;
    ensure!(status["source"]["state"] == told["state"], "the socket is told {told}, the status is {status}");
    let after = guest.get_ok("/quotes?symbols=AAPL").await?;
    ensure!(
        before["quotes"][0]["price"] == after["quotes"][0]["price"] && after["quotes"][0]["price"].is_string(),
        "the last price went from {before} to {after}"
    );

    world.market.mend().await?;
    poll_until(world, "a source that is back", |report| report["state"] == "ok").await?;
    let back = |frame: &Value| (frame["source"]["state"] == "ok" && frame["type"] != "snapshot").then_some(());
    socket.wait_for("message of a source that is back", ANSWER, back).await
}

/// An event that no version of `dispatch` can read ends in the queue of what failed, and stands in nobody's way.
pub(super) async fn poison(world: &World<'_>, guest: &Guest) -> Result<()> {
    world.progress.step("a poisoned event ends in its queue and blocks nothing");
    let mut socket = Socket::open(&world.site, &guest.ticket().await?).await?;
    greet(&mut socket, json!({"action": "hello"})).await?;
    let record = json!({
        "EventVersion": "1.0", "EventSource": "aws:sns", "EventSubscriptionArn": "arn:aws:sns:us-east-1:000000000000:ticks:1",
        "Sns": {
            "Type": "Notification", "MessageId": "poison", "TopicArn": "arn:aws:sns:us-east-1:000000000000:ticks",
            "Timestamp": "2026-11-26T09:30:00.000Z", "SignatureVersion": "1", "Signature": "x", "SigningCertUrl": "https://example.com/",
            "UnsubscribeUrl": "https://example.com/", "Message": "{\"v\":1,\"tick\":\"poison\"}", "MessageAttributes": {}
        }
    });
    let event = json!({"Records": [record]});
    let answer = world.emulator.ask(&["invoke", STACK, "dispatch", "Event", &event.to_string()])?;
    ensure!(answer["status"] == 202, "the event was not accepted: {answer}");

    let begin = Instant::now();
    let failed = loop {
        let queues = world.emulator.ask(&["queues", STACK])?;
        let bodies: Vec<String> = serde_json::from_value(queues["FailedInvocations"].clone())?;
        if let Some(body) = bodies.into_iter().next() {
            break serde_json::from_str::<Value>(&body).context("what failed is no JSON")?;
        }
        ensure!(begin.elapsed() < ANSWER, "the poisoned event did not reach its queue within {ANSWER:?}");
        sleep(LOOK).await;
    };
    ensure!(failed["requestPayload"] == event, "the queue holds another event: {failed}");
    let kind = &failed["responsePayload"]["errorType"];
    ensure!(kind == "Dispatch.Record", "the error's type is {kind}");

    change(world).await?;
    prices::price(&mut socket).await?;
    socket.close().await
}
