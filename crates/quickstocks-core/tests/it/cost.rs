//! The calls of a simulated day, against the table in docs/COST.md that the prices there are reckoned from.

use std::collections::BTreeMap;

use quickstocks_core::model::{Connection, Urgency};
use quickstocks_core::ports::ConnectionWriter;
use quickstocks_testkit::sample::{self, NOW};

use crate::support::{TICK, Words, World, follower};

/// The minutes of a session of the US market.
const TICKS: usize = 390;

/// API Gateway ends a socket after two hours.
const SOCKET_MINUTES: usize = 120;

const USERS: usize = 24;
const SYMBOLS: usize = 30;

/// Each follows ten, so that every symbol is somebody's.
fn followed(user: usize) -> Vec<String> {
    (0..10).map(|at| symbol((user * 5 + at) % SYMBOLS)).collect()
}

fn symbol(at: usize) -> String {
    format!("S{at:02}")
}

/// A day in which every price changes each minute and everybody looks on.
async fn a_day() -> BTreeMap<String, usize> {
    let world = World::with_page_size(1000);
    let symbols: Vec<String> = (0..SYMBOLS).map(symbol).collect();
    let names: Vec<&str> = symbols.iter().map(String::as_str).collect();
    world.want(&names, Urgency::OnScreen).await;
    let mut counted = BTreeMap::new();
    for minute in 0..TICKS {
        world.clock.set(NOW + TICK * u32::try_from(minute).unwrap());
        if minute % SOCKET_MINUTES == 0 {
            world.everybody_connects(minute).await;
        }
        for name in &names {
            world.price(name, &format!("{}", 100 + minute));
        }
        world.fetch().run().await.unwrap();
        let tick = world.publisher.published().last().cloned().unwrap();
        world.dispatch().run(&tick, &Words::of(&tick), world.later()).await.unwrap();
        *counted.entry("quotes stored".to_owned()).or_default() += tick.quotes.len();
    }
    counted.insert("posts".to_owned(), world.sender.attempts());
    counted.insert("messages to the topic".to_owned(), world.publisher.published().len());
    counted.insert("symbols asked for".to_owned(), world.source.polls().iter().map(Vec::len).sum());
    for method in world.store.log() {
        *counted.entry(format!("{method:?}")).or_default() += 1;
    }
    counted
}

impl World {
    async fn everybody_connects(&self, minute: usize) {
        for user in 0..USERS {
            let follows = followed(user);
            let follows: Vec<&str> = follows.iter().map(String::as_str).collect();
            let connection = follower(&format!("u{user}-{minute}"), &follows);
            self.memory
                .add(&Connection { connected_at: sample::NOW + TICK * u32::try_from(minute).unwrap(), ..connection })
                .await
                .unwrap();
            let before = minute.checked_sub(SOCKET_MINUTES).map(|before| follower(&format!("u{user}-{before}"), &[]).id);
            if let Some(before) = before {
                self.memory.remove(&before).await.unwrap();
            }
        }
    }
}

/// The rows of the table: what, a tick, a user and tick, a symbol and tick.
fn documented() -> BTreeMap<String, usize> {
    let text = include_str!("../../../../docs/COST.md");
    let rows =
        text.lines().skip_while(|line| !line.starts_with("| call | a tick |")).skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let number = |at: usize| if cells[at].is_empty() { 0 } else { cells[at].parse::<usize>().unwrap() };
        let expected = number(1) * TICKS + number(2) * USERS * TICKS + number(3) * SYMBOLS * TICKS;
        (cells[0].trim_matches('`').to_owned(), expected)
    })
    .collect()
}

#[tokio::test]
async fn a_day_makes_the_calls_that_the_document_reckons_with() {
    assert_eq!(a_day().await, documented());
}
