//! A client that behaves as Yahoo demands, and the folder of recordings.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use quickstocks_market::{MarketConfig, MarketServer};
use reqwest::header::{COOKIE, SET_COOKIE, USER_AGENT};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

pub const AGENT: &str = "Mozilla/5.0 (compatible; QuickStocks/0.1)";

/// Monday 2026-10-05, 11:00 in New York: a US session under way.
pub const MONDAY_11_NEW_YORK: i64 = 1_791_212_400_000;

pub fn frozen() -> MarketConfig {
    MarketConfig { start_ms: Some(MONDAY_11_NEW_YORK), frozen: true, ..MarketConfig::default() }
}

pub struct Yahoo {
    pub server: MarketServer,
    pub client: Client,
    pub cookie: String,
    pub crumb: String,
}

impl Yahoo {
    pub async fn start(config: MarketConfig) -> Self {
        let server = MarketServer::start(config).await.unwrap();
        let client = Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        let mut yahoo = Self { server, client, cookie: String::new(), crumb: String::new() };
        yahoo.log_in().await;
        yahoo
    }

    /// Fetches a cookie and the crumb that belongs to it.
    pub async fn log_in(&mut self) {
        let page = self.get("/").send().await.unwrap();
        self.cookie = page
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .find(|cookie| cookie.starts_with("A3="))
            .unwrap()
            .to_owned();
        self.crumb = self.text("/v1/test/getcrumb").await;
    }

    /// A request with the cookie, if there is one yet.
    pub fn get(&self, path: &str) -> RequestBuilder {
        let request = self.client.get(format!("{}{path}", self.server.base_url())).header(USER_AGENT, AGENT);
        if self.cookie.is_empty() { request } else { request.header(COOKIE, &self.cookie) }
    }

    pub async fn send(&self, path: &str) -> Response {
        self.get(path).send().await.unwrap()
    }

    pub async fn text(&self, path: &str) -> String {
        self.send(path).await.text().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path).await).unwrap()
    }

    pub fn quote_path(&self, symbols: &str) -> String {
        let encode = |text: &str| url_encoded(text);
        format!("/v7/finance/quote?symbols={}&formatted=false&crumb={}", encode(symbols), encode(&self.crumb))
    }

    /// The quote objects of an answer.
    pub async fn quotes(&self, symbols: &str) -> Vec<Value> {
        let body = self.json(&self.quote_path(symbols)).await;
        body["quoteResponse"]["result"].as_array().unwrap().clone()
    }

    pub async fn quote(&self, symbol: &str) -> Value {
        self.quotes(symbol).await.remove(0)
    }

    pub async fn control(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/_market/{path}", self.server.base_url());
        let response = self.client.post(url).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

pub fn url_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~,".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// The folder of recorded bodies, or nothing where it is not at hand.
pub fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("QUICKSTOCKS_YAHOO_RECORDINGS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/yahoo"), PathBuf::from);
    if folder.join("index.json").is_file() {
        return Some(folder);
    }
    println!(
        "skipped: {} holds no index.json; set QUICKSTOCKS_YAHOO_RECORDINGS to a folder of recorded Yahoo bodies",
        folder.display()
    );
    None
}

/// A recorded file as JSON.
pub fn recorded(folder: &Path, file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap()
}
