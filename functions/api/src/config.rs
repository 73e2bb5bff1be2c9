//! The settings of this function, from its environment.

use quickstocks_boot::{ConfigError, Env, SourceSettings};
use quickstocks_core::model::{Sharing, SignUp};

use crate::limits::Limits;
use crate::state::{CookieMode, Settings};

/// Every variable this function reads; a check holds it against the template.
pub const ENV: &[&str] = &[
    "TABLE_NAME",
    "TICK_TOPIC_ARN",
    "VAPID_KEY_ARN",
    "ALLOWED_ORIGINS",
    "SIGN_UP",
    "SHARING",
    "TICK_SECONDS",
    "SOURCE_KIND",
    "YAHOO_BASE_URL",
    "YAHOO_COOKIE_URL",
    "YAHOO_USER_AGENTS",
    "YAHOO_CALLS_PER_HOUR",
    "YAHOO_SPARK_ONLY",
    "LOG_LEVEL",
];

/// The settings of this function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the DynamoDB table.
    pub table: String,
    /// `TICK_TOPIC_ARN`: the SNS topic that `dispatch` listens to; changed lists go there.
    pub topic_arn: String,
    /// `VAPID_KEY_ARN`: the KMS key of push messages; browsers subscribe with its public half.
    pub vapid_key: String,
    /// `ALLOWED_ORIGINS`: the origins whose pages may change something, separated by commas.
    pub allowed_origins: Vec<String>,
    /// `SIGN_UP`: who may become a guest: `open` (the default), `invite` or `closed`.
    pub sign_up: SignUp,
    /// `SHARING`: whether lists may be shared by a link: `auto` (the default: unless prices are Yahoo's), `on` or `off`.
    pub sharing: Sharing,
    /// `TICK_SECONDS`: the time between two ticks, told to clients; 60 by default.
    pub tick_seconds: u32,
    /// `SOURCE_KIND` and `YAHOO_…`: where quotes come from.
    pub source: SourceSettings,
    /// `LOG_LEVEL`: a level or a list of directives, `info` by default.
    pub log_level: String,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names everything that is missing or wrong.
    pub fn read(mut env: Env) -> Result<Self, ConfigError> {
        let config = Self {
            table: env.required("TABLE_NAME"),
            topic_arn: env.required("TICK_TOPIC_ARN"),
            vapid_key: env.required("VAPID_KEY_ARN"),
            allowed_origins: env.list("ALLOWED_ORIGINS"),
            sign_up: env.parsed("SIGN_UP", SignUp::Open),
            sharing: env.parsed("SHARING", Sharing::Auto),
            tick_seconds: env.parsed("TICK_SECONDS", 60),
            source: SourceSettings::read(&mut env),
            log_level: env.optional("LOG_LEVEL").unwrap_or_else(|| "info".to_owned()),
        };
        if config.allowed_origins.is_empty() {
            env.problem("ALLOWED_ORIGINS is not set: without one no browser could change anything");
        }
        env.finish(config)
    }

    /// What the API is told about its surroundings on AWS.
    pub fn settings(self) -> Settings {
        Settings {
            calls_per_hour: self.source.calls_per_hour(),
            sharing: self.sharing.allowed(self.source.kind),
            source: self.source.kind,
            tick_seconds: self.tick_seconds,
            allowed_origins: self.allowed_origins,
            cookie: CookieMode::Secure,
            sign_up: self.sign_up,
            limits: Some(Limits::default()),
            // CloudFront, which the template always puts in front.
            trusted_proxies: 1,
        }
    }
}
