//! Fan-out: who gets what, and how often.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Guest, Socket, System, symbols, until};
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

const SYMBOLS: usize = 300;
const CLIENTS: usize = 200;
const FOLLOWED: usize = 10;

fn synthetic(n: usize) -> String {
    format!("SIM{:05}", n % SYMBOLS + 1)
}

async fn crowd() -> System {
    let system = System::start_with(|options| options.synthetic_listings = u32::try_from(SYMBOLS).unwrap()).await;
    system.market("clock", json!({ "frozen": true })).await;
    system
}

/// A guest with a list of ten symbols, each client another ten.
async fn client(system: &System, number: usize) -> (Guest, Socket, BTreeSet<String>) {
    let picks: Vec<String> = (0..FOLLOWED).map(|n| synthetic(number * 7 + n * 31)).collect();
    let guest = system.guest().await;
    guest.follow(&picks).await;
    let (socket, _) = guest.connect().await;
    (guest, socket, picks.into_iter().collect())
}

#[tokio::test]
async fn two_hundred_sockets_get_one_message_a_tick_with_just_what_changed_and_they_follow() {
    let system = crowd().await;
    let mut clients: Vec<(Socket, BTreeSet<String>)> = stream::iter(0..CLIENTS)
        .map(|number| client(&system, number))
        .buffered(16)
        .map(|(_, socket, picks)| (socket, picks))
        .collect()
        .await;
    // The first tick tells of the quotes that were stored when the lists were made, since others may follow the same symbols.
    system.tick().await;
    for (number, (socket, picks)) in clients.iter_mut().enumerate() {
        assert_eq!(symbols(&price_message(socket).await).into_iter().collect::<BTreeSet<_>>(), *picks, "client {number}");
    }

    // Three ticks, each with another tenth of the market moving; the last moves everything, so that every client hears of it.
    let mut expected: Vec<BTreeMap<String, f64>> = Vec::new();
    for round in 0..4 {
        let mut moved = BTreeMap::new();
        for n in (0..SYMBOLS).filter(|n| round == 3 || n % 10 == round) {
            let price = f64::from(u32::try_from(400 + 4 * n + round).unwrap()) / 4.0;
            system.market("price", json!({ "symbol": synthetic(n), "price": price })).await;
            moved.insert(synthetic(n), price);
        }
        system.tick().await;
        // A tick in which nothing moved, in between: it must send nothing to anybody.
        system.tick().await;
        expected.push(moved);
    }

    for (number, (socket, picks)) in clients.iter_mut().enumerate() {
        let mut ticks = BTreeSet::new();
        for moved in &expected {
            let due: BTreeSet<String> = picks.iter().filter(|symbol| moved.contains_key(*symbol)).cloned().collect();
            if due.is_empty() {
                continue;
            }
            let frame = price_message(socket).await;
            assert_eq!(symbols(&frame).into_iter().collect::<BTreeSet<_>>(), due, "client {number}");
            assert_eq!(frame["quotes"].as_array().unwrap().len(), due.len(), "client {number}: none twice");
            for quote in frame["quotes"].as_array().unwrap() {
                let price: f64 = quote["price"].as_str().unwrap().parse().unwrap();
                assert!((price - moved[quote["symbol"].as_str().unwrap()]).abs() < 0.001, "client {number}: {quote}");
            }
            assert!(ticks.insert(frame["tick"].as_u64().unwrap()), "client {number}: two messages in one tick");
        }
        // Frames keep their order on one machine: had there been another message, it would come before this.
        socket.send(json!({ "action": "ping" })).await;
        assert_eq!(socket.next().await["type"], "pong", "client {number}");
    }
}

/// The next message about prices. The very first poll may tell that the source is up.
async fn price_message(socket: &mut Socket) -> Value {
    loop {
        let frame = socket.next().await;
        if frame["type"] != "status" {
            assert_eq!(frame["type"], "quotes");
            return frame;
        }
    }
}

#[tokio::test]
async fn a_client_that_vanishes_without_closing_is_forgotten_and_the_others_go_on() {
    let system = crowd().await;
    let (_, vanishing, _) = client(&system, 1).await;
    let (_, mut staying, _) = client(&system, 1).await;
    system.tick().await;
    price_message(&mut staying).await;
    // The TCP connection ends without a word of WebSocket.
    drop(vanishing);
    until("the vanished connection is forgotten", || async { system.running.connections().await.unwrap() == 1 }).await;

    system.market("price", json!({ "symbol": synthetic(7), "price": 777.0 })).await;
    system.tick().await;
    let frame = price_message(&mut staying).await;
    assert_eq!(symbols(&frame), [synthetic(7)]);
}
