//! What an operator and users do, in order, and what must not be possible.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::emulator::Emulator;
use super::front::Front;
use super::market::Market;
use super::{Progress, account, alerts, browser, deploy, doors, policies, prices, troubles};
use crate::visitor::{Guest, Site, Socket};

pub(super) const STACK: &str = "quickstocks-test";

const FUNCTIONS: [&str; 4] = ["fetch-quotes", "dispatch", "api", "ws-connect"];

/// The longest wait for one answer: an emulated cold start on a busy machine.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// What is deployed, and the way to it.
pub(super) struct World<'a> {
    pub(super) progress: &'a Progress,
    pub(super) folder: &'a Path,
    pub(super) emulator: &'a Emulator,
    pub(super) market: &'a Market,
    pub(super) front: &'a Front,
    pub(super) site: Site,
}

pub(super) async fn run(progress: &Progress, folder: &Path, emulator: &Emulator, market: &Market, no_build: bool) -> Result<()> {
    let front = Front::start(emulator).await?;
    let site = Site::at(&front.url)?;
    let world = World { progress, folder, emulator, market, front: &front, site };

    progress.step("deployments that cannot work say what is missing");
    deploy::refusals(emulator)?;

    progress.step("`cargo xtask deploy`: build, deploy, upload the web UI, use it once");
    let callback = format!("{}/_aws/execute-api", emulator.url);
    let cookies = format!("{}/", market.url);
    let parameters = [
        deploy::for_this_machine(),
        ("SourceKind", "simulated"),
        ("YahooBaseUrl", market.url.as_str()),
        ("YahooCookieUrl", cookies.as_str()),
        ("YahooCallsPerHour", "0"),
        ("WebSocketCallbackBase", callback.as_str()),
        ("ExtraOrigins", front.url.as_str()),
    ];
    let outputs = deploy::deploy(emulator, &front.url, if no_build { &["--no-build"] } else { &[] }, &parameters)?;

    progress.step("the page comes through CloudFront with its headers");
    doors::page(&world, &outputs).await?;

    progress.step("a guest arrives and follows symbols");
    let guest = Guest::arrive(&world.site).await?;
    let list = prices::follow(&guest).await?;

    progress.step("the WebSocket opens with a ticket, and answers hello");
    let ticket = guest.ticket().await?;
    let mut socket = Socket::open(&world.site, &ticket).await?;
    prices::greet(&mut socket, json!({"action": "hello"})).await?;

    progress.step("handshakes that must be refused");
    doors::refusals(&world.site, &guest, &ticket, &outputs).await?;

    progress.step("another guest cannot reach the first one's list");
    doors::strangers(&world.site, &list).await?;

    progress.step("an edit reaches the open socket");
    account::an_edit_is_heard(&guest, &mut socket).await?;

    progress.step("an account's life: import, tokens, pairing, recovery, export, the end");
    account::a_life(&world.site).await?;

    progress.step("wait for a price: schedule, fetch-quotes, SNS, dispatch, WebSocket");
    let (symbol, price, tick) = prices::price(&mut socket).await?;
    progress.step(&format!("  {symbol} is {price} in tick {tick}"));

    Box::pin(troubles::run(&world, &guest, socket)).await?;
    browser::run(&world)?;
    alerts::run(&world, &guest).await?;
    upgrade(&world, &guest, &list, &outputs).await?;

    progress.step("nothing was left undelivered, and nothing failed");
    let queues = emulator.ask(&["queues", STACK])?;
    ensure!(queues == json!({"UndeliveredEvents": [], "FailedInvocations": []}), "events failed: {queues:#}");
    let errors = errors(&world)?;
    ensure!(errors.is_empty(), "functions logged errors:\n{}", errors.join("\n"));

    // From here on functions fail as they should.
    troubles::poison(&world, &guest).await?;
    policies::run(&world, &guest).await?;
    the_end(&world, &parameters, &outputs).await
}

/// A second deployment, in place and with another parameter, changes nothing that users have.
async fn upgrade(world: &World<'_>, guest: &Guest, list: &str, before: &Value) -> Result<()> {
    world.progress.step("deploy again, in place, with another parameter");
    let kept = guest.get_ok(&format!("/watchlists/{list}")).await?;
    let after = deploy::deploy(world.emulator, &world.front.url, &["--no-build", "--no-web"], &[("LogLevel", "debug")])?;
    for name in ["HttpApiId", "WebSocketApiId", "TableName", "TickTopicArn", "WebUrl"] {
        ensure!(before[name] == after[name], "the second deploy changed {name}: {} is now {}", before[name], after[name]);
    }

    world.progress.step("session, list and prices are still there");
    let found = guest.get_ok(&format!("/watchlists/{list}")).await?;
    ensure!(found == kept, "the second deploy changed the list from {kept} to {found}");
    let mut socket = Socket::open(&world.site, &guest.ticket().await?).await?;
    let snapshot = prices::greet(&mut socket, json!({"action": "hello"})).await?;
    ensure!(snapshot["quotes"].as_array().is_some_and(|quotes| !quotes.is_empty()), "the snapshot has no quotes: {snapshot}");
    let tick = prices::poll(world, &mut socket).await?;
    ensure!(snapshot["tick"].as_u64() < Some(tick), "the ticks went back from {} to {tick}", snapshot["tick"]);
    socket.close().await
}

/// The lines that functions logged as errors.
fn errors(world: &World<'_>) -> Result<Vec<String>> {
    world.emulator.save_function_logs(world.folder)?;
    let mut errors = Vec::new();
    for function in FUNCTIONS {
        let log = fs::read_to_string(world.folder.join(format!("{function}.log")))?;
        let is_error = |line: &&str| serde_json::from_str::<Value>(line).is_ok_and(|line| line["level"] == "ERROR");
        errors.extend(log.lines().filter(is_error).map(|line| format!("{function}: {line}")));
    }
    Ok(errors)
}

/// Takes the stack away twice: once its data stays, once it goes.
async fn the_end(world: &World<'_>, parameters: &[(&str, &str)], outputs: &Value) -> Result<()> {
    let text = |outputs: &Value, name: &str| outputs[name].as_str().map(str::to_owned).context("an output is missing");
    let data = |outputs: &Value| Ok::<_, anyhow::Error>((text(outputs, "TableName")?, text(outputs, "WebBucketName")?));

    world.progress.step("`cargo xtask destroy` keeps the data and says so");
    let (table, bucket) = data(outputs)?;
    let said = deploy::destroy(world.emulator)?;
    ensure!(
        said.contains(&format!("stays (DataPolicy=Retain): the table {table} and the web bucket {bucket}")),
        "it said:\n{said}"
    );
    let there = world.emulator.ask(&["exists", &table, &bucket])?;
    ensure!(there == json!({"table": true, "bucket": true}), "of what stays there is {there}");

    world.progress.step("deploy anew with DataPolicy=Delete, and destroy that too");
    world.front.forget().await;
    let parameters: Vec<_> = parameters.iter().copied().chain([("DataPolicy", "Delete")]).collect();
    let outputs = deploy::deploy(world.emulator, &world.front.url, &["--no-build"], &parameters)?;
    let (table, bucket) = data(&outputs)?;
    let said = deploy::destroy(world.emulator)?;
    ensure!(said.contains(&format!("goes with everything in it (DataPolicy=Delete): the table {table}")), "it said:\n{said}");
    let there = world.emulator.ask(&["exists", &table, &bucket])?;
    ensure!(there == json!({"table": false, "bucket": false}), "of what goes there is still {there}");
    Ok(())
}
