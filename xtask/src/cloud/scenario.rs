//! What a user does, and what must not be possible.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use super::client::{Guest, Handshake, Site, Socket};
use super::deploy::{FUNCTIONS, STACK, deploy};
use super::emulator::Emulator;
use super::{Progress, account};
use crate::deploy_web;

/// The schedule fires each minute, the emulator looks every ten seconds, and a busy machine is slow.
const TICK: Duration = Duration::from_mins(3);
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// What is followed: a crypto pair moves around the clock.
const SYMBOLS: [&str; 2] = ["AAPL", "BTC-USD"];

pub(super) async fn run(progress: &Progress, folder: &Path, emulator: &Emulator, market: &str) -> Result<()> {
    progress.step("deploy the template");
    let callback = format!("{}/_aws/execute-api", emulator.url);
    let cookies = format!("{market}/");
    let parameters = [
        ("SourceKind", "simulated"),
        ("YahooBaseUrl", market),
        ("YahooCookieUrl", cookies.as_str()),
        ("YahooCallsPerHour", "0"),
        ("WebSocketCallbackBase", callback.as_str()),
        ("ExtraOrigins", "http://localhost:5173"),
    ];
    let outputs = deploy(emulator, folder, &parameters)?;
    let site = site(emulator, &outputs)?;

    progress.step("upload a web UI, and read it through CloudFront");
    web(emulator, folder, &outputs).await?;

    progress.step("a guest arrives and follows symbols");
    let guest = Guest::arrive(&site).await?;
    let list = follow(&guest).await?;

    progress.step("the WebSocket opens with a ticket, and answers hello");
    let ticket = guest.ticket().await?;
    let mut socket = Socket::open(&site, &ticket).await?;
    greet(&mut socket).await?;

    progress.step("handshakes that must be refused");
    refusals(&site, &guest, &ticket).await?;

    progress.step("another guest cannot reach the first one's list");
    strangers(&site, &list).await?;

    progress.step("an edit reaches the open socket");
    account::an_edit_is_heard(&guest, &mut socket).await?;

    progress.step("an account's life: import, tokens, pairing, recovery, export, the end");
    account::a_life(&site).await?;

    progress.step("wait for a price: schedule, fetch-quotes, SNS, dispatch, WebSocket");
    let (symbol, price, tick) = price(&mut socket).await?;
    progress.step(&format!("  {symbol} is {price} in tick {tick}"));
    socket.close().await?;

    progress.step("deploy again, in place, with another parameter");
    let changed: Vec<_> = parameters.iter().copied().chain([("LogLevel", "debug")]).collect();
    let after = deploy(emulator, folder, &changed)?;
    for name in ["HttpApiId", "WebSocketApiId", "TableName", "TickTopicArn", "WebUrl"] {
        ensure!(outputs[name] == after[name], "the second deploy changed {name}: {} is now {}", outputs[name], after[name]);
    }

    progress.step("session, list and prices are still there");
    let kept = guest.get_ok(&format!("/watchlists/{list}")).await?;
    ensure!(kept["symbols"] == json!(SYMBOLS), "the second deploy lost the list: {kept}");
    let mut socket = Socket::open(&site, &guest.ticket().await?).await?;
    let snapshot = greet(&mut socket).await?;
    ensure!(snapshot["quotes"].as_array().is_some_and(|quotes| !quotes.is_empty()), "the snapshot has no quotes: {snapshot}");
    let (symbol, price, later) = self::price(&mut socket).await?;
    ensure!(later > tick, "the ticks went back from {tick} to {later}");
    progress.step(&format!("  {symbol} is {price} in tick {later}"));
    socket.close().await?;

    progress.step("nothing was left undelivered, and nothing failed");
    let queues = emulator.ask(&["queues", STACK])?;
    ensure!(queues == json!({"UndeliveredEvents": [], "FailedInvocations": []}), "events failed: {queues:#}");
    let errors = errors(emulator, folder)?;
    ensure!(errors.is_empty(), "functions logged errors:\n{}", errors.join("\n"));

    progress.step("the policies allow what the code needs, and nothing else");
    policies(emulator)?;
    denial(emulator, &guest).await
}

/// The lines that functions logged as errors.
fn errors(emulator: &Emulator, folder: &Path) -> Result<Vec<String>> {
    emulator.save_function_logs(folder)?;
    let mut errors = Vec::new();
    for function in FUNCTIONS {
        let log = fs::read_to_string(folder.join(format!("{function}.log")))?;
        let is_error = |line: &&str| serde_json::from_str::<Value>(line).is_ok_and(|line| line["level"] == "ERROR");
        errors.extend(log.lines().filter(is_error).map(|line| format!("{function}: {line}")));
    }
    Ok(errors)
}

fn site(emulator: &Emulator, outputs: &Value) -> Result<Site> {
    let output = |name: &str| outputs[name].as_str().with_context(|| format!("the stack has no output {name}"));
    let data_plane = format!("{}/_aws/execute-api", emulator.url);
    Ok(Site {
        api: format!("{data_plane}/{}", output("HttpApiId")?),
        socket: format!("{}/{}/ws", data_plane.replacen("http", "ws", 1), output("WebSocketApiId")?),
        // The emulator's CloudFront does not reach its own APIs, so the browser's origin is all that is left of it.
        origin: output("WebUrl")?.to_owned(),
    })
}

/// Uploads a page and a script, and fetches them by the distribution's host name.
async fn web(emulator: &Emulator, folder: &Path, outputs: &Value) -> Result<()> {
    let site = folder.join("web");
    fs::create_dir_all(site.join("assets"))?;
    fs::write(site.join("index.html"), "<!doctype html>")?;
    fs::write(site.join("assets/app-0a1b2c.js"), "export {};")?;
    deploy_web::upload(emulator.client("python"), STACK, &site)?;

    let host = outputs["WebDomain"].as_str().context("the stack has no output WebDomain")?;
    let http = reqwest::Client::builder().timeout(ANSWER).redirect(reqwest::redirect::Policy::none()).build()?;
    // By this header the emulator knows a viewer who came by https; it speaks http itself.
    let visit = |path: &str, scheme: &str| {
        http.get(format!("{}{path}", emulator.url)).header("host", host).header("x-forwarded-proto", scheme).send()
    };
    let plain = visit("/", "http").await?;
    let location = plain.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ensure!(
        plain.status() == StatusCode::MOVED_PERMANENTLY && location.starts_with(&format!("https://{host}/")),
        "a visit by http was answered {} {location:?}",
        plain.status()
    );

    let expected =
        [("/", "text/html", "no-cache"), ("/assets/app-0a1b2c.js", "text/javascript", "public, max-age=31536000, immutable")];
    for (path, kind, cache) in expected {
        let answer = visit(path, "https").await?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("none").to_owned();
        let found = (answer.status(), header("content-type"), header("cache-control"));
        ensure!(found == (StatusCode::OK, kind.to_owned(), cache.to_owned()), "{path} answered {found:?}");
        let policy = header("content-security-policy");
        ensure!(policy.contains("script-src 'self'"), "{path} came with the content security policy {policy:?}");
    }
    Ok(())
}

/// Puts the symbols into the guest's first list and answers its id.
async fn follow(guest: &Guest) -> Result<String> {
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
async fn greet(socket: &mut Socket) -> Result<Value> {
    socket.send(&json!({"action": "hello"})).await?;
    let of_type = |wanted: &'static str| move |frame: &Value| (frame["type"] == wanted).then(|| frame.clone());
    socket.wait_for("hello", ANSWER, of_type("hello")).await?;
    socket.wait_for("snapshot", ANSWER, of_type("snapshot")).await
}

async fn refusals(site: &Site, guest: &Guest, used: &str) -> Result<()> {
    let fresh = guest.ticket().await?;
    let tries = [
        ("without a ticket", None, site.origin.as_str()),
        ("with an unknown ticket", Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &site.origin),
        ("with a used ticket", Some(used), &site.origin),
        ("from a foreign origin", Some(fresh.as_str()), "https://example.com"),
    ];
    for (how, ticket, origin) in tries {
        match Socket::handshake(site, ticket, origin).await? {
            Handshake::Refused(403) => {}
            Handshake::Refused(status) => {
                anyhow::bail!("a handshake {how} was refused with {status}, not 403")
            }
            Handshake::Open(_) => anyhow::bail!("a handshake {how} was accepted"),
        }
    }
    // A development server, named by the parameter ExtraOrigins.
    match Socket::handshake(site, Some(&guest.ticket().await?), "http://localhost:5173").await? {
        Handshake::Open(socket) => socket.close().await,
        Handshake::Refused(status) => anyhow::bail!("an allowed origin was refused with {status}"),
    }
}

async fn strangers(site: &Site, list: &str) -> Result<()> {
    let stranger = Guest::arrive(site).await?;
    for path in [format!("/watchlists/{list}"), "/watchlists/0123456789abcdef".to_owned()] {
        for (status, body) in [stranger.get(&path).await?, stranger.put(&format!("{path}/symbols/MSFT")).await?] {
            let told = status == StatusCode::NOT_FOUND && body["code"] == "watchlist_not_found";
            ensure!(told, "{path} answered a stranger {status}: {body}");
        }
    }
    Ok(())
}

/// Waits for the price message of a tick, which only `dispatch` sends.
async fn price(socket: &mut Socket) -> Result<(String, String, u64)> {
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

/// Calls that each function's policy must allow, of those that `stack.py` tries; it must deny all others.
fn policies(emulator: &Emulator) -> Result<()> {
    let allowed = emulator.ask(&["policies", STACK])?;
    let expected = json!({
        "fetch-quotes": [
            "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem", "sns:Publish"
        ],
        "dispatch": [
            "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem", "execute-api POST",
            "kms:GetPublicKey", "kms:Sign", "sns:Publish"
        ],
        "api": [
            "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem", "kms:GetPublicKey",
            "sns:Publish"
        ],
        "ws-connect": [
            "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem", "execute-api POST"
        ],
    });
    ensure!(allowed == expected, "the policies allow {allowed:#}\nand not {expected:#}");
    Ok(())
}

/// The functions themselves are under their roles, too: a denied one fails, and tells the client nothing of it.
async fn denial(emulator: &Emulator, guest: &Guest) -> Result<()> {
    emulator.ask(&["deny", STACK, "api"])?;
    let (status, body) = guest.get("/watchlists").await?;
    emulator.ask(&["allow", STACK, "api"])?;
    ensure!(status.is_server_error(), "api still reads the table that its role may not read: {status} {body}");
    let told = body.to_string();
    ensure!(!told.contains("AccessDenied") && !told.contains("dynamodb"), "the client is told too much: {told}");
    guest.get_ok("/watchlists").await.map(drop)
}
