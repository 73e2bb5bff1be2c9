//! The settings of this function, from its environment.

use quickstocks_boot::{ConfigError, Env, SourceSettings};

/// Every variable this function reads; a check holds it against the template.
pub const ENV: &[&str] = &[
    "TABLE_NAME",
    "TICK_TOPIC_ARN",
    "TICK_SECONDS",
    "DISPATCH_MESSAGES",
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
    /// `TICK_TOPIC_ARN`: the SNS topic of ticks.
    pub topic_arn: String,
    /// `TICK_SECONDS`: the time between two ticks, 60 by default.
    pub tick_seconds: u32,
    /// `DISPATCH_MESSAGES`: over how many dispatchers a tick is spread, 1 by default, at most 16.
    pub dispatch_messages: u8,
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
            tick_seconds: env.parsed("TICK_SECONDS", 60),
            dispatch_messages: env.parsed("DISPATCH_MESSAGES", 1),
            source: SourceSettings::read(&mut env),
            log_level: env.optional("LOG_LEVEL").unwrap_or_else(|| "info".to_owned()),
        };
        if !(1..=3600).contains(&config.tick_seconds) {
            env.problem("TICK_SECONDS is not between 1 and 3600");
        }
        env.finish(config)
    }
}
