//! Who may come in, and how.

use anyhow::{Context, Result, ensure};
use reqwest::{StatusCode, header};
use serde_json::Value;

use super::scenario::{ANSWER, World};
use crate::visitor::{Guest, Handshake, Site, Socket};

/// Fetches what was uploaded by the distribution's host name.
pub(super) async fn page(world: &World<'_>, outputs: &Value) -> Result<()> {
    let host = outputs["WebDomain"].as_str().context("the stack has no output WebDomain")?;
    let http = reqwest::Client::builder().timeout(ANSWER).redirect(reqwest::redirect::Policy::none()).build()?;
    // By this header the emulator knows a viewer who came by https; it speaks http itself.
    let visit = |path: &str, scheme: &str| {
        http.get(format!("{}{path}", world.emulator.url)).header("host", host).header("x-forwarded-proto", scheme).send()
    };
    let plain = visit("/", "http").await?;
    let location = plain.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ensure!(
        plain.status() == StatusCode::MOVED_PERMANENTLY && location.starts_with(&format!("https://{host}/")),
        "a visit by http was answered {} {location:?}",
        plain.status()
    );

    let text = visit("/", "https").await?.text().await?;
    let scripts = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let script = scripts.filter(|path| path.starts_with("/assets/")).last().context("the page loads no script of the build")?;
    let expected = [("/", "text/html", "no-cache"), (script, "text/javascript", "public, max-age=31536000, immutable")];
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

pub(super) async fn refusals(site: &Site, guest: &Guest, used: &str, outputs: &Value) -> Result<()> {
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
    // The tests come by a proxy, an extra origin; users come by the distribution's own.
    let own = outputs["WebUrl"].as_str().context("the stack has no output WebUrl")?;
    match Socket::handshake(site, Some(&guest.ticket().await?), own).await? {
        Handshake::Open(socket) => socket.close().await,
        Handshake::Refused(status) => anyhow::bail!("the stack's own origin was refused with {status}"),
    }
}

pub(super) async fn strangers(site: &Site, list: &str) -> Result<()> {
    let stranger = Guest::arrive(site).await?;
    for path in [format!("/watchlists/{list}"), "/watchlists/0123456789abcdef".to_owned()] {
        for (status, body) in [stranger.get(&path).await?, stranger.put(&format!("{path}/symbols/MSFT")).await?] {
            let told = status == StatusCode::NOT_FOUND && body["code"] == "watchlist_not_found";
            ensure!(told, "{path} answered a stranger {status}: {body}");
        }
    }
    Ok(())
}
