//! An account's life on AWS: tokens, one more device, files, the end.

use anyhow::{Context, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::scenario::ANSWER;
use crate::visitor::{Guest, Site, Socket};

/// An edit by REST reaches the open socket: api, SNS, dispatch.
pub(super) async fn an_edit_is_heard(guest: &Guest, socket: &mut Socket) -> Result<()> {
    let made = guest.call(Method::POST, "/watchlists", Some(json!({ "name": "Second" })), StatusCode::CREATED).await?;
    let id = made["id"].clone();
    let named = |frame: &Value| (frame["type"] == "list" && frame["list"]["id"] == id).then(|| frame["list"].clone());
    let list = socket.wait_for("list frame", ANSWER, named).await?;
    ensure!(list["name"] == "Second", "the list frame says {list}");
    let path = format!("/watchlists/{}", id.as_str().unwrap_or_default());
    guest.call(Method::DELETE, &path, None, StatusCode::NO_CONTENT).await?;
    let deleted = |frame: &Value| (frame["list"]["id"] == id && frame["list"]["deleted"] == true).then_some(());
    socket.wait_for("frame of a deleted list", ANSWER, deleted).await
}

/// Tokens, pairing, import, export, and an end that leaves nothing.
pub(super) async fn a_life(site: &Site) -> Result<()> {
    let guest = Guest::arrive(site).await?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text is missing in an answer");
    let imported = guest.upload("/import?mode=replace", "Watchlist,Symbol,Note\nTech,AAPL,the yardstick\nTech,NOPE,\n").await?;
    ensure!(imported["lists"][0]["added"] == json!(["AAPL"]), "the import did {imported}");
    ensure!(imported["rejected"][0]["reason"] == "symbol_unknown", "the import did {imported}");

    let made =
        guest.call(Method::POST, "/tokens", Some(json!({ "name": "cloud test", "scope": "read" })), StatusCode::CREATED).await?;
    let script = guest.with_token(&text(&made["secret"])?);
    let file = script.get_ok("/export").await?;
    ensure!(file.to_string().contains("the yardstick"), "the export is {file}");
    let (status, body) = script.put("/preferences").await?;
    ensure!(
        status == StatusCode::FORBIDDEN && body["code"] == "scope_insufficient",
        "a reading token may write: {status} {body}"
    );

    let code = guest.call(Method::POST, "/pairing", None, StatusCode::CREATED).await?;
    let redeemed = Guest::stranger(site)?.enter("/pairing/redeem", json!({ "code": text(&code["code"])? })).await?;
    ensure!(redeemed.get_ok("/session").await? == guest.get_ok("/session").await?, "the paired device is somebody else");
    let code = guest.call(Method::POST, "/recovery", None, StatusCode::CREATED).await?;
    let recovered = Guest::stranger(site)?.enter("/recovery/redeem", json!({ "code": text(&code["code"])? })).await?;
    let tokens = recovered.get_ok("/tokens").await?;
    ensure!(tokens["tokens"].as_array().is_some_and(|tokens| tokens.len() == 5), "the tokens are {tokens}");

    recovered.call(Method::DELETE, "/account", None, StatusCode::NO_CONTENT).await?;
    for gone in [&guest, &script, &redeemed, &recovered] {
        let (status, body) = gone.get("/watchlists").await?;
        ensure!(status == StatusCode::UNAUTHORIZED, "a deleted account still answers {status}: {body}");
    }
    Ok(())
}
