//! A client that behaves as Yahoo demands, and the folder of recordings.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quickstocks_market::{MarketConfig, MarketServer};
use reqwest::header::{COOKIE, SET_COOKIE, USER_AGENT};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

pub(crate) const AGENT: &str = "Mozilla/5.0 (compatible; QuickStocks/0.1)";

/// Monday 2026-10-05, 11:00 in New York: a US session under way.
pub(crate) const MONDAY_11_NEW_YORK: i64 = 1_791_212_400_000;

pub(crate) fn frozen() -> MarketConfig {
    MarketConfig { start_ms: Some(MONDAY_11_NEW_YORK), frozen: true, ..MarketConfig::default() }
}

pub(crate) struct Yahoo {
    pub(crate) server: MarketServer,
    pub(crate) client: Client,
    pub(crate) cookie: String,
    pub(crate) crumb: String,
}

impl Yahoo {
    pub(crate) async fn start(config: MarketConfig) -> Self {
        let server = MarketServer::start(config).await.unwrap();
        let client = Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
        let mut yahoo = Self { server, client, cookie: String::new(), crumb: String::new() };
        yahoo.log_in().await;
        yahoo
    }

    /// Fetches a cookie and the crumb that belongs to it.
    pub(crate) async fn log_in(&mut self) {
        let page = self.get("/").send().await.unwrap();
        let cookies = page.headers().get_all(SET_COOKIE).iter();
        let mut pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        self.cookie = pairs.find(|cookie| cookie.starts_with("A3=")).unwrap().to_string();
        self.crumb = self.text("/v1/test/getcrumb").await;
    }

    /// A request with the cookie, if there is one yet.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        let request = self.client.get(format!("{}{path}", self.server.base_url())).header(USER_AGENT, AGENT);
        if self.cookie.is_empty() { request } else { request.header(COOKIE, &self.cookie) }
    }

    pub(crate) async fn send(&self, path: &str) -> Response {
        self.get(path).send().await.unwrap()
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        self.send(path).await.text().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path).await).unwrap()
    }

    pub(crate) fn quote_path(&self, symbols: &str) -> String {
        let encode = |text: &str| url_encoded(text);
        format!("/v7/finance/quote?symbols={}&formatted=false&crumb={}", encode(symbols), encode(&self.crumb))
    }

    /// The quote objects of an answer.
    pub(crate) async fn quotes(&self, symbols: &str) -> Vec<Value> {
        let body = self.json(&self.quote_path(symbols)).await;
        body["quoteResponse"]["result"].as_array().unwrap().clone()
    }

    pub(crate) async fn quote(&self, symbol: &str) -> Value {
        self.quotes(symbol).await.remove(0)
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/_market/{path}", self.server.base_url());
        let response = self.client.post(url).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

pub(crate) fn url_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~,".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// The folder of recorded bodies, or nothing where it is not at hand.
pub(crate) fn recordings() -> Option<PathBuf> {
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
pub(crate) fn recorded(folder: &Path, file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap()
}
