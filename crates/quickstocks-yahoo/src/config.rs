use std::time::Duration;

use quickstocks_core::model::CallBudget;
use reqwest::header::HeaderValue;
use url::Url;

/// Settings of the client. Hosts are settings, so that the whole client runs against another server.
#[derive(Clone, Debug)]
pub struct YahooConfig {
    /// Where the API is, without a slash at the end. `query1` and `query2` are one backend.
    pub base_url: String,
    /// Where the cookie is got. `fc.yahoo.com` answers no 200 but sets the cookie, and does not redirect to a consent page.
    pub cookie_url: String,
    /// Where the walk through the consent page of the EU begins when the cookie's page gives none: a page that redirects there. `None`
    /// walks from Yahoo's own when the cookie is Yahoo's, and not at all otherwise.
    pub consent_url: Option<String>,
    /// Whether quotes are asked for through spark alone, which needs no cookie: they are poorer (no open, no market capitalisation, no
    /// pre-market), and take 20 symbols a call.
    pub spark_only: bool,
    /// The `User-Agent` headers to send: the first one, and the next when the very first request is answered 429.
    /// Without one, or with a library's, Yahoo answers 429; a browser's without that browser's TLS may be worse.
    pub user_agents: Vec<String>,
    /// How many calls an hour may be made, over all environments. Reports speak of 360 an hour and address.
    pub budget: CallBudget,
    /// How many symbols a call for quotes holds. Yahoo names no limit; with 65 to 100 it has answered 429.
    pub symbols_per_call: usize,
    /// How many calls may be under way at once, in the whole process. Those who kept to 4 were not banned.
    pub calls_in_flight: usize,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a call may take from its first byte out to its last byte in.
    pub call_timeout: Duration,
}

/// A page of Yahoo's that redirects to the consent page where consent is asked for.
const CONSENT_URL: &str = "https://finance.yahoo.com/quote/AAPL";

impl Default for YahooConfig {
    fn default() -> Self {
        Self {
            base_url: "https://query1.finance.yahoo.com".into(),
            cookie_url: "https://fc.yahoo.com".into(),
            consent_url: None,
            spark_only: false,
            user_agents: vec!["Mozilla/5.0 (compatible; QuickStocks/0.1)".into()],
            budget: CallBudget::PerHour(300),
            symbols_per_call: 50,
            calls_in_flight: 4,
            connect_timeout: Duration::from_secs(3),
            call_timeout: Duration::from_secs(8),
        }
    }
}

/// A setting that cannot work, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum InvalidYahooConfig {
    #[error("the {setting} \"{value}\" is not an http or https address: set it to one such as https://query1.finance.yahoo.com")]
    Address { setting: &'static str, value: String },
    #[error("there is no user agent: name at least one, since Yahoo refuses requests without")]
    NoUserAgent,
    #[error("the user agent {0:?} has characters that no header may have: use printable ASCII")]
    UserAgent(String),
    #[error("the number of {0} is 0: set it to at least 1")]
    Zero(&'static str),
    #[error("the HTTP client could not be set up")]
    Client(#[from] reqwest::Error),
    #[error("the TLS configuration could not be set up")]
    Tls(#[from] rustls::Error),
}

/// The settings, checked.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) base_url: String,
    pub(crate) cookie_url: Url,
    pub(crate) consent_url: Option<Url>,
    pub(crate) user_agents: Vec<HeaderValue>,
}

impl YahooConfig {
    pub(crate) fn check(&self) -> Result<Checked, InvalidYahooConfig> {
        let address = |setting, value: &str| {
            Url::parse(value)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none())
                .ok_or_else(|| InvalidYahooConfig::Address { setting, value: value.to_owned() })
        };
        let base_url = address("base URL", &self.base_url)?;
        let cookie_url = address("cookie URL", &self.cookie_url)?;
        let is_yahoo = cookie_url.domain().is_some_and(|domain| domain.ends_with(".yahoo.com"));
        let consent_url = match &self.consent_url {
            Some(value) => Some(address("consent URL", value)?),
            None if is_yahoo => Some(address("consent URL", CONSENT_URL)?),
            None => None,
        };
        for (name, number) in [("symbols per call", self.symbols_per_call), ("calls in flight", self.calls_in_flight)] {
            if number == 0 {
                return Err(InvalidYahooConfig::Zero(name));
            }
        }
        let user_agents: Vec<HeaderValue> = self
            .user_agents
            .iter()
            .map(|agent| match HeaderValue::from_str(agent) {
                Ok(value) if !agent.trim().is_empty() => Ok(value),
                _ => Err(InvalidYahooConfig::UserAgent(agent.clone())),
            })
            .collect::<Result<_, _>>()?;
        if user_agents.is_empty() {
            return Err(InvalidYahooConfig::NoUserAgent);
        }
        Ok(Checked { base_url: base_url.as_str().trim_end_matches('/').to_owned(), cookie_url, consent_url, user_agents })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_cannot_work_is_refused_with_a_sentence_that_names_it() {
        let check = |change: fn(&mut YahooConfig), expect: &str| {
            let mut config = YahooConfig::default();
            change(&mut config);
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(|config| config.base_url = "query1.finance.yahoo.com".into(), "base URL");
        check(|config| config.cookie_url = "ftp://fc.yahoo.com".into(), "cookie URL");
        check(|config| config.consent_url = Some("consent".into()), "consent URL");
        check(|config| config.user_agents = vec![], "no user agent");
        check(|config| config.user_agents = vec!["a\nb".into()], "characters");
        check(|config| config.user_agents = vec![" ".into()], "characters");
        check(|config| config.symbols_per_call = 0, "symbols per call");
        check(|config| config.calls_in_flight = 0, "calls in flight");
        let checked = YahooConfig::default().check().unwrap();
        assert_eq!(checked.base_url, "https://query1.finance.yahoo.com");
        assert_eq!(checked.consent_url.unwrap().as_str(), CONSENT_URL);
    }

    #[test]
    fn another_server_than_yahoos_is_never_left_for_yahoos_consent_page() {
        for cookie_url in ["http://127.0.0.1:9000", "https://fc.yahoo.com.example.org", "https://yahoo.example"] {
            let config = YahooConfig { cookie_url: cookie_url.into(), ..YahooConfig::default() };
            assert_eq!(config.check().unwrap().consent_url, None, "{cookie_url}");
        }
    }
}
