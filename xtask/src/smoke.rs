//! `cargo xtask smoke`: uses a deployed system once, as a new visitor's browser would, and takes the visitor away again.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::deploy::Place;
use crate::setup::{self, Need};
pub(crate) use crate::visitor::Site;
use crate::visitor::{Guest, Socket};

/// The longest wait for one answer, with a cold start in it.
const ANSWER: Duration = Duration::from_secs(30);

/// A price around the clock.
const SYMBOL: &str = "BTC-USD";

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    /// The address of the system, as `https://stocks.example.com`; with it no AWS credentials are needed.
    #[arg(long)]
    url: Option<String>,
}

/// Looks at the system that the options name.
pub(crate) fn with(options: &Options) -> Result<()> {
    if let Some(url) = &options.url {
        return run(&Site::at(url)?);
    }
    setup::ensure(&[Need::Python])?;
    let stack = options.place.account().existing_stack(&options.place.stack_name)?;
    run(&Site::of_stack(&stack, None)?)
}

/// Walks through the system; fails at the first thing that is not as it should be.
pub(crate) fn run(site: &Site) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    runtime.block_on(walk(site)).with_context(|| format!("{} does not work", site.origin))
}

async fn walk(site: &Site) -> Result<()> {
    page(site).await?;

    let visitor = Guest::stranger(site)?;
    let status = visitor.get_ok("/status").await?;
    let state = status["source"]["state"].as_str().context("the status names no state of the source")?;
    println!("status: the source is {state}, the last tick is {}", status["tick"]);

    let guest = match visitor.knock("/session", json!({})).await? {
        Ok(guest) => guest,
        Err((StatusCode::FORBIDDEN, body)) if body["code"] == "sign_up_closed" => {
            println!("session: sign-up is not open, as it was deployed; what needs a session is not tried");
            return Ok(());
        }
        Err((status, body)) => bail!("POST /session answered {status}: {body}"),
    };
    println!("session: a guest came in");
    let result = as_guest(site, &guest).await;
    // Whatever happened, nobody is left behind.
    let left = guest.call(Method::DELETE, "/account", None, StatusCode::NO_CONTENT).await;
    result?;
    left.map(drop).context("the guest could not be taken away again")
}

/// The page itself, which `sam deploy` does not upload.
async fn page(site: &Site) -> Result<()> {
    let http = reqwest::Client::builder().timeout(ANSWER).build()?;
    let answer = http.get(format!("{}/", site.api)).send().await.with_context(|| format!("{} is not answered", site.api))?;
    let status = answer.status();
    if status == StatusCode::FORBIDDEN || status == StatusCode::NOT_FOUND {
        bail!("there is no page at / ({status}): `cargo xtask deploy-web` uploads it");
    }
    ensure!(status == StatusCode::OK, "/ answered {status}");
    let head = |name: header::HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let policy = head(header::CONTENT_SECURITY_POLICY);
    ensure!(policy.contains("script-src 'self'"), "the page comes with the content security policy {policy:?}");
    ensure!(head(header::CACHE_CONTROL) == "no-cache", "the page may be cached: {:?}", head(header::CACHE_CONTROL));
    let body = answer.text().await?;
    ensure!(body.contains("<script"), "/ is not the web UI: {body:.200}");
    println!("page: served, with its headers");
    Ok(())
}

async fn as_guest(site: &Site, guest: &Guest) -> Result<()> {
    let session = guest.get_ok("/session").await?;
    let list = session["watchlists"][0].as_str().context("a new guest has no watchlist")?.to_owned();
    let path = format!("/watchlists/{list}/symbols/{SYMBOL}");
    let (status, body) = guest.put(&path).await?;
    ensure!(status.is_success(), "following {SYMBOL} answered {status}: {body}");
    let followed = guest.get_ok(&format!("/watchlists/{list}")).await?;
    ensure!(followed["symbols"] == json!([SYMBOL]), "the list is {followed}");
    println!("list: follows {SYMBOL}");

    let quotes = guest.get_ok(&format!("/quotes?symbols={SYMBOL}")).await?;
    match quotes["quotes"][0]["price"].as_str() {
        Some(price) => println!("quotes: {SYMBOL} is {price}"),
        // A source that is down is told, and is no fault of the deployment.
        None => println!("quotes: answered, without a price for {SYMBOL} yet"),
    }

    let mut socket = Socket::open(site, &guest.ticket().await?).await?;
    socket.send(&json!({"action": "hello"})).await?;
    for kind in ["hello", "snapshot"] {
        socket.wait_for(kind, ANSWER, |frame: &Value| (frame["type"] == kind).then_some(())).await?;
    }
    println!("socket: opened with a ticket, said hello and sent its snapshot");
    socket.close().await
}
