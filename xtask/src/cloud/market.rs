//! The market server, which stands in for Yahoo, and its faults.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::scenario::ANSWER;
use crate::background::{Background, url_in};
use crate::{command, workspace};

/// A running market.
pub(super) struct Market {
    pub(super) url: String,
    http: reqwest::Client,
    _process: Background,
}

impl Market {
    pub(super) fn start(folder: &Path) -> Result<Self> {
        command::run(command::cargo().args(["build", "--quiet", "--package", "quickstocks-market"]))?;
        let mut program = Command::new(workspace::debug_binary("quickstocks-market"));
        program.args(["--listen", "127.0.0.1:0"]);
        let mut process = Background::start("quickstocks-market", &mut program, Stdio::null(), &folder.join("market.log"))?;
        let url = process.wait_for_line(Duration::from_secs(30), url_in)?;
        Ok(Self { url, http: reqwest::Client::builder().timeout(ANSWER).build()?, _process: process })
    }

    /// Every endpoint answers 503 from now on.
    pub(super) async fn fail(&self) -> Result<()> {
        let fault = json!({"family": "all", "kind": "unavailable"});
        self.control(self.http.post(self.address("faults")).json(&fault)).await.map(drop)
    }

    /// Everything works again.
    pub(super) async fn mend(&self) -> Result<()> {
        self.control(self.http.delete(self.address("faults"))).await.map(drop)
    }

    /// Sets a price, which the next poll then sees as a change.
    pub(super) async fn set_price(&self, symbol: &str, price: &str) -> Result<()> {
        let price = json!({"symbol": symbol, "price": price.parse::<f64>()?});
        self.control(self.http.post(self.address("price")).json(&price)).await.map(drop)
    }

    fn address(&self, what: &str) -> String {
        format!("{}/_market/{what}", self.url)
    }

    async fn control(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let answer = request.send().await.context("the market server does not answer")?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "the market server answered {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }
}
