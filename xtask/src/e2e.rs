//! The web UI in a browser, against the running system.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::background::{Background, url_in};
use crate::{command, setup, web, workspace};

/// A debug build on a busy machine, with an empty data directory.
const START: Duration = Duration::from_mins(1);

/// The program that plays the browsers' push service.
const PUSH_SERVICE: &str = "fake-push-service";

/// Starts quickstocks-local on the simulated market and runs the web UI's browser tests on it.
pub(crate) fn run() -> Result<()> {
    web::build_when_stale()?;
    command::run(command::cargo().args(["build", "--package", "quickstocks-local"]))?;
    command::run(command::cargo().args(["build", "--package", "quickstocks-testkit", "--bin", PUSH_SERVICE]))?;
    let browser = setup::browser()?;

    let folder = tempfile::tempdir().context("cannot make a data directory")?;
    let mut program = Command::new(workspace::debug_binary("quickstocks-local"));
    program
        .args(["--source", "demo", "--tick-seconds", "1", "--listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(folder.path())
        .arg("--web-dir")
        .arg(workspace::web().join("dist"));
    let log = folder.path().join("quickstocks-local.log");
    let mut local = Background::start("quickstocks-local", &mut program, Stdio::null(), &log)?;
    let mut url_after = |words: &str| local.wait_for_line(START, |line| line.starts_with(words).then(|| url_in(line)).flatten());
    let url = url_after("QuickStocks is at")?;
    let market = url_after("The market server is at")?;
    println!("quickstocks-local is at {url}, its market at {market}");

    let browser = browser.to_string_lossy().into_owned();
    let binary = workspace::debug_binary("quickstocks-local").to_string_lossy().into_owned();
    let push_service = workspace::debug_binary(PUSH_SERVICE).to_string_lossy().into_owned();
    let environment = [
        ("QUICKSTOCKS_URL", url.as_str()),
        ("QUICKSTOCKS_MARKET_URL", &market),
        ("CHROMIUM_PATH", &browser),
        ("QUICKSTOCKS_BINARY", &binary),
        ("PUSH_SERVICE_BINARY", &push_service),
    ];
    let result = web::npm_with(&["run", "e2e"], &environment);
    if result.is_err() {
        println!("---- the end of quickstocks-local's output ----\n{}", local.tail());
    }
    result
}
