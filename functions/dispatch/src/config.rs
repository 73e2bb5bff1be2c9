//! The settings of this function, from its environment.

use std::num::NonZeroUsize;

use quickstocks_boot::{ConfigError, Env};
use quickstocks_push::Subject;

/// Every variable this function reads; a check holds it against the template.
pub const ENV: &[&str] =
    &["TABLE_NAME", "TICK_TOPIC_ARN", "WS_CALLBACK_URL", "POSTS_IN_FLIGHT", "VAPID_KEY_ARN", "PUSH_CONTACT", "LOG_LEVEL"];

const DEFAULT_POSTS_IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// The settings of this function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the DynamoDB table.
    pub table: String,
    /// `TICK_TOPIC_ARN`: the SNS topic of ticks, to hand on what is left at the deadline.
    pub topic_arn: String,
    /// `WS_CALLBACK_URL`: where frames are posted to, `https://API.execute-api.REGION.amazonaws.com/STAGE`.
    pub callback_url: String,
    /// `POSTS_IN_FLIGHT`: how many posts may be under way at once, 256 by default; Lambda has 1,024 file descriptors and
    /// HTTP/1.1 needs up to two a post.
    pub posts_in_flight: NonZeroUsize,
    /// `VAPID_KEY_ARN`: the KMS key by which push services know this server; devices are bound to it.
    pub vapid_key: String,
    /// `PUSH_CONTACT`: whom push services may write to, `mailto:` and an address or `https://` and a public host.
    pub push_contact: String,
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
            callback_url: env.required("WS_CALLBACK_URL"),
            posts_in_flight: env.parsed("POSTS_IN_FLIGHT", DEFAULT_POSTS_IN_FLIGHT),
            vapid_key: env.required("VAPID_KEY_ARN"),
            push_contact: env.required("PUSH_CONTACT"),
            log_level: env.optional("LOG_LEVEL").unwrap_or_else(|| "info".to_owned()),
        };
        if config.posts_in_flight.get() > 350 {
            env.problem("POSTS_IN_FLIGHT is not between 1 and 350");
        }
        if let (false, Err(error)) = (config.push_contact.is_empty(), config.push_contact.parse::<Subject>()) {
            env.problem(format!("PUSH_CONTACT cannot be used: {error}"));
        }
        env.finish(config)
    }
}
