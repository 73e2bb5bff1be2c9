//! The settings of this function, from its environment.

use quickstocks_boot::{ConfigError, Env};

/// Every variable this function reads; a check holds it against the template.
pub const ENV: &[&str] = &["TABLE_NAME", "ALLOWED_ORIGINS", "WS_CALLBACK_URL", "LOG_LEVEL"];

/// The settings of this function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the DynamoDB table.
    pub table: String,
    /// `ALLOWED_ORIGINS`: the origins whose pages may open a socket, separated by commas.
    pub allowed_origins: Vec<String>,
    /// `WS_CALLBACK_URL`: where frames are posted to, `https://API.execute-api.REGION.amazonaws.com/STAGE`.
    pub callback_url: String,
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
            allowed_origins: env.list("ALLOWED_ORIGINS"),
            callback_url: env.required("WS_CALLBACK_URL"),
            log_level: env.optional("LOG_LEVEL").unwrap_or_else(|| "info".to_owned()),
        };
        if config.allowed_origins.is_empty() {
            env.problem("ALLOWED_ORIGINS is not set: without one no browser could connect");
        }
        env.finish(config)
    }
}
