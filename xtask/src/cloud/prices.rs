//! Following symbols, and hearing of their prices.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::scenario::{ANSWER, STACK, World};
use crate::visitor::{Guest, Socket};

/// The schedule fires each minute, the emulator looks every ten seconds, and a busy machine is slow.
const TICK: Duration = Duration::from_mins(3);

/// What is followed: a crypto pair moves around the clock.
pub(super) const SYMBOLS: [&str; 2] = ["AAPL", "BTC-USD"];

/// Puts the symbols into the guest's first list and answers its id.
pub(super) async fn follow(guest: &Guest) -> Result<String> {
    let session = guest.get_ok("/session").await?;
    let list = session["watchlists"][0].as_str().context("a new guest has no watchlist")?.to_owned();
    for symbol in SYMBOLS {
        let (status, body) = guest.put(&format!("/watchlists/{list}/symbols/{symbol}")).await?;
        ensure!(status == StatusCode::OK, "following {symbol} answered {status}: {body}");
    }
    let followed = guest.get_ok(&format!("/watchlists/{list}")).await?;
    ensure!(followed["symbols"] == json!(SYMBOLS), "the list is {followed}");
    Ok(list)
}

/// Says hello and answers the snapshot.
pub(super) async fn greet(socket: &mut Socket, hello: Value) -> Result<Value> {
    socket.send(&hello).await?;
    let of_type = |wanted: &'static str| move |frame: &Value| (frame["type"] == wanted).then(|| frame.clone());
    socket.wait_for("hello", ANSWER, of_type("hello")).await?;
    socket.wait_for("snapshot", ANSWER, of_type("snapshot")).await
}

/// Waits for the price message of a tick, which only `dispatch` sends.
pub(super) async fn price(socket: &mut Socket) -> Result<(String, String, u64)> {
    let found = |frame: &Value| {
        let quote = frame["quotes"].as_array()?.first()?;
        let price = quote["price"].as_str()?;
        (frame["type"] == "quotes" && frame["source"]["state"] == "ok").then_some(())?;
        Some((quote["symbol"].as_str()?.to_owned(), price.to_owned(), frame["tick"].as_u64()?))
    };
    let (symbol, price, tick) = socket.wait_for("price message", TICK, found).await?;
    ensure!(SYMBOLS.contains(&symbol.as_str()), "{symbol} was never followed");
    ensure!(price.parse::<f64>().is_ok_and(|price| price > 0.0), "{symbol} has the price {price:?}");
    Ok((symbol, price, tick))
}

/// Makes `fetch-quotes` poll now, as an event of the schedule does; answers its report.
pub(super) fn poll_once(world: &World<'_>) -> Result<Value> {
    let answer = world.emulator.ask(&["invoke", STACK, "fetch-quotes", "RequestResponse", "{}"])?;
    ensure!(answer["error"].is_null(), "fetch-quotes failed: {answer}");
    Ok(answer["body"].clone())
}

/// Polls until the socket hears of a price; answers the tick. A symbol is polled when it is due, which the next one may not be yet.
pub(super) async fn poll(world: &World<'_>, socket: &mut Socket) -> Result<u64> {
    poll_once(world)?;
    price(socket).await.map(|(_, _, tick)| tick)
}
