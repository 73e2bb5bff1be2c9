//! The settings of this function, from its environment.

use std::num::{NonZeroU32, NonZeroUsize};

use quickstocks_boot::{ConfigError, Env};
use quickstocks_push::Subject;

/// Every variable this function reads; a check holds it against the template.
pub const ENV: &[&str] = &[
    "TABLE_NAME",
    "TICK_TOPIC_ARN",
    "WS_CALLBACK_URL",
    "POSTS_IN_FLIGHT",
    "POSTS_PER_SECOND",
    "DISPATCH_MESSAGES",
    "VAPID_KEY_ARN",
    "PUSH_CONTACT",
    "LOG_LEVEL",
];

/// Of the 10,000 requests a second that an account has, users keep a fifth.
const DEFAULT_POSTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(8_000).unwrap();

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
    /// `POSTS_PER_SECOND` shared by `DISPATCH_MESSAGES`, the dispatchers of one tick: how many posts this one begins in a second.
    /// 8,000 and 1 by default.
    pub posts_per_second: NonZeroU32,
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
        let of_all = env.parsed("POSTS_PER_SECOND", DEFAULT_POSTS_PER_SECOND);
        let dispatchers = env.parsed("DISPATCH_MESSAGES", NonZeroU32::MIN);
        let config = Self {
            table: env.required("TABLE_NAME"),
            topic_arn: env.required("TICK_TOPIC_ARN"),
            callback_url: env.required("WS_CALLBACK_URL"),
            posts_in_flight: env.parsed("POSTS_IN_FLIGHT", DEFAULT_POSTS_IN_FLIGHT),
            posts_per_second: NonZeroU32::new(of_all.get() / dispatchers.get()).unwrap_or(NonZeroU32::MIN),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn config(more: &[(&'static str, &'static str)]) -> Config {
        let given = [
            ("TABLE_NAME", "table"),
            ("TICK_TOPIC_ARN", "topic"),
            ("WS_CALLBACK_URL", "https://api/ws"),
            ("VAPID_KEY_ARN", "key"),
            ("PUSH_CONTACT", "https://stocks.example.org"),
        ];
        let given = given.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::read(Env::of(given)).unwrap()
    }

    #[test]
    fn the_dispatchers_of_a_tick_share_the_posts_of_a_second() {
        for (more, expect) in [
            (&[][..], 8_000),
            (&[("DISPATCH_MESSAGES", "4")], 2_000),
            (&[("POSTS_PER_SECOND", "2000"), ("DISPATCH_MESSAGES", "16")], 125),
            (&[("POSTS_PER_SECOND", "3"), ("DISPATCH_MESSAGES", "16")], 1),
        ] {
            assert_eq!(config(more).posts_per_second.get(), expect, "{more:?}");
        }
    }
}
