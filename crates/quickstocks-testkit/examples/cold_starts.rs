//! Measures how long functions need from the start of their process until they ask for their first event, in turns, so that
//! whatever else the machine does meets them alike. The first program is what the others are compared with.
//!
//! ```sh
//! cargo build --release -p ws-connect --example empty
//! cargo run -p quickstocks-testkit --example cold_starts -- target/release/examples/empty target/lambda/*/bootstrap
//! ```
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on stdout")]

use std::time::Duration;

use quickstocks_testkit::cold_start;

const ROUNDS: usize = 41;

#[tokio::main]
async fn main() {
    let programs: Vec<String> = std::env::args().skip(1).collect();
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); programs.len()];
    for _ in 0..ROUNDS {
        for (program, times) in programs.iter().zip(&mut times) {
            times.push(cold_start(program, everything).await.time);
        }
    }
    let medians: Vec<Duration> = times
        .into_iter()
        .map(|mut times| {
            times.sort();
            times[times.len() / 2]
        })
        .collect();
    for (program, median) in programs.iter().zip(&medians) {
        let ratio = median.as_secs_f64() / medians[0].as_secs_f64();
        println!("{:>7.2} ms  {ratio:>5.2} ×  {program}", median.as_secs_f64() * 1_000.0);
    }
}

/// The variables of every function; one that needs fewer does not mind.
fn everything(elsewhere: &str) -> Vec<(&'static str, String)> {
    vec![
        ("TABLE_NAME", "table".to_owned()),
        ("TICK_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:ticks".to_owned()),
        ("VAPID_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/1".to_owned()),
        ("PUSH_CONTACT", "mailto:ops@example.com".to_owned()),
        ("ALLOWED_ORIGINS", "https://stocks.example.com".to_owned()),
        ("WS_CALLBACK_URL", format!("{elsewhere}/ws")),
        ("YAHOO_BASE_URL", elsewhere.to_owned()),
        ("YAHOO_COOKIE_URL", format!("{elsewhere}/")),
    ]
}
