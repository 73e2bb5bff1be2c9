//! An alert, from the API through the ticks to the open page and the inbox; and the key that browsers subscribe with.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::prices;
use super::scenario::World;
use crate::visitor::{Guest, Socket};

/// How often a poll is made for the alert to be heard of: the symbol is polled when it is due.
const POLLS: usize = 8;

/// The wait after each.
const HEARD: Duration = Duration::from_secs(15);

pub(super) async fn run(world: &World<'_>, guest: &Guest) -> Result<()> {
    world.progress.step("the key that browsers subscribe with comes from KMS");
    let key = guest.get_ok("/push/key").await?;
    // An uncompressed point of P-256 is 65 bytes.
    ensure!(key["key"].as_str().is_some_and(|key| key.len() == 87), "the key is {key}");

    world.progress.step("an alert fires once: api, fetch-quotes, SNS, dispatch, WebSocket, inbox");
    // Above whatever the steps before have made of its price.
    let wanted = json!({"symbol": "AAPL", "rule": {"kind": "price_above", "price": "1000"}, "note": "sell half"});
    let alert = guest.call(Method::POST, "/alerts", Some(wanted), StatusCode::CREATED).await?;
    let id = alert["id"].as_str().with_context(|| format!("the alert is {alert}"))?;
    let mut socket = Socket::open(&world.site, &guest.ticket().await?).await?;
    prices::greet(&mut socket, json!({"action": "hello"})).await?;
    world.market.set_price("AAPL", "1200").await?;
    let fired = heard(world, &mut socket, id).await?;
    ensure!(fired["event"] == "fired" && fired["note"] == "sell half" && fired["threshold"] == "1000", "it was told {fired}");

    let inbox = guest.get_ok("/notifications").await?;
    let about = |one: &&Value| one["alert"] == id;
    let told = inbox["notifications"].as_array().into_iter().flatten().filter(about).count();
    ensure!(told == 1 && inbox["unread"] == 1, "the inbox is {inbox}");
    let receipts = guest.get_ok(&format!("/alerts/{id}/receipts")).await?;
    ensure!(receipts["alert"]["fired"] == 1 && receipts["alert"]["status"] == "fired", "the receipts are {receipts}");
    guest.call(Method::DELETE, &format!("/alerts/{id}"), None, StatusCode::NO_CONTENT).await?;
    socket.close().await
}

/// Polls until the socket hears of the alert.
async fn heard(world: &World<'_>, socket: &mut Socket, id: &str) -> Result<Value> {
    let of_alert = |frame: &Value| frame["notifications"].as_array()?.iter().find(|one| one["alert"] == id).cloned();
    for _ in 1..POLLS {
        prices::poll_once(world)?;
        if let Ok(fired) = socket.wait_for("alert", HEARD, of_alert).await {
            return Ok(fired);
        }
    }
    prices::poll_once(world)?;
    socket.wait_for("alert", HEARD, of_alert).await
}
