//! Asks Yahoo, or another server that speaks like it, for everything this client relies on, and says what does not hold. Some twelve calls.
//! `cargo xtask yahoo-check` starts it.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]
#![expect(clippy::disallowed_methods, reason = "this is the wiring: the clock is read once, here")]

use std::process::ExitCode;
use std::sync::Arc;

use quickstocks_core::model::CallBudget;
use quickstocks_testkit::{FakeClock, MemoryStore};
use quickstocks_yahoo::{YahooClient, YahooConfig, contract};

const HELP: &str = "Checks what QuickStocks relies on of Yahoo Finance, in some twelve calls.

Usage: cargo xtask yahoo-check [--base-url URL] [--cookie-url URL] [--user-agent TEXT]

  --base-url URL     where the API is (default: Yahoo's)
  --cookie-url URL   the page that sets the cookie (default: Yahoo's, or the base URL when that is given)
  --user-agent TEXT  the User-Agent header to send

It ends with 0 when everything holds, with 1 when something does not, with 2 when it was started wrongly.
Yahoo's terms allow personal use only: run it once a day at the most.";

#[tokio::main]
async fn main() -> ExitCode {
    let config = match settings(std::env::args().skip(1)) {
        Ok(Some(config)) => config,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            println!("{wrong}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = quickstocks_core::model::Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap_or_default());
    let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(FakeClock::at(now)));
    let client = match YahooClient::new(&config, store.clone(), store, clock) {
        Ok(client) => client,
        Err(error) => {
            println!("{error}");
            return ExitCode::from(2);
        }
    };
    println!("asking {} …", config.base_url);
    let findings = contract::check(&client).await;
    for finding in &findings {
        println!("{finding}");
    }
    let wrong = findings.iter().filter(|finding| finding.outcome.is_err()).count();
    println!("{} of {} hold", findings.len() - wrong, findings.len());
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The settings that the arguments make; none for help.
fn settings(mut arguments: impl Iterator<Item = String>) -> Result<Option<YahooConfig>, String> {
    let mut config = YahooConfig { budget: CallBudget::PerHour(40), ..YahooConfig::default() };
    let mut cookie_url = None;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "--base-url" => {
                config.base_url = value()?;
                cookie_url.get_or_insert_with(|| config.base_url.clone());
            }
            "--cookie-url" => cookie_url = Some(value()?),
            "--user-agent" => config.user_agents = vec![value()?],
            other => return Err(format!("{other} is no argument of this command")),
        }
    }
    config.cookie_url = cookie_url.unwrap_or(config.cookie_url);
    Ok(Some(config))
}
