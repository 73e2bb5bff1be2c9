use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// A connection within one region is made in a few milliseconds, TLS included: a second means that something is broken.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// `DynamoDB` and SNS answer within some ten milliseconds; a 1 MB page of connections takes longest.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// All attempts of a call together, the pauses between them included.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);

/// The SDK's own default, written down: the one layer at which calls to AWS are repeated.
const MAX_ATTEMPTS: u32 = 3;

/// The settings cannot be used; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable that AWS sets for every function is missing.
    #[error("{names} not set: Lambda sets it for every function; elsewhere, export it")]
    Missing {
        /// Which ones.
        names: String,
    },
    /// The address that frames are posted to is no address.
    #[error(
        "{given:?} is not the address of a WebSocket API's connections: https://{{api}}.execute-api.{{region}}.amazonaws.com/{{stage}}"
    )]
    CallbackUrl {
        /// What was given.
        given: String,
    },
}

/// The configuration that every AWS client is made from, out of AWS's own variables: `AWS_REGION`, `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` and, to talk to an emulator, `AWS_ENDPOINT_URL`.
///
/// Nothing is read but these: no profile file and no instance metadata, so that a cold start makes no call before its first
/// event and a function without its role fails at once instead of seconds later.
///
/// # Errors
/// [`ConfigError::Missing`] names all variables that are not there.
pub fn sdk_config() -> Result<SdkConfig, ConfigError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "these are variables of AWS, not settings of ours; the SDK would read them by itself"
    )]
    sdk_config_from(|name| std::env::var(name).ok())
}

/// Does what [`sdk_config`] does, with variables from elsewhere.
///
/// # Errors
/// [`ConfigError::Missing`] names all variables that are not there.
pub fn sdk_config_from(variable: impl Fn(&str) -> Option<String>) -> Result<SdkConfig, ConfigError> {
    let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let (region, key, secret) = match (variable("AWS_REGION"), variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(region), Some(key), Some(secret)) => (region, key, secret),
        (region, key, secret) => {
            let all = [("AWS_REGION", region), ("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)];
            let missing: Vec<&str> = all.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
            return Err(ConfigError::Missing { names: missing.join(", ") });
        }
    };
    // Lambda's credentials outlive the environment that got them, so there is nothing to refresh.
    let credentials = Credentials::new(key, secret, variable("AWS_SESSION_TOKEN"), None, "environment");
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client())
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(OPERATION_TIMEOUT)
                .build(),
        )
        // It guards streamed bodies; ours are small and the time-out of the attempt covers them.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    Ok(config.build())
}

/// A pool of HTTP connections: rustls on aws-lc-rs, no proxy.
pub(crate) fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(given: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        move |name| given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn all_missing_variables_are_named_at_once_and_blank_ones_are_missing() {
        let error = sdk_config_from(variables(&[("AWS_ACCESS_KEY_ID", "key"), ("AWS_REGION", " ")])).unwrap_err();
        assert!(error.to_string().starts_with("AWS_REGION, AWS_SECRET_ACCESS_KEY not set"), "{error}");
    }

    #[test]
    fn region_endpoint_time_outs_and_retries_are_set() {
        let given = &[
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ];
        let config = sdk_config_from(variables(given)).unwrap();
        assert_eq!(config.region().unwrap().as_ref(), "eu-central-1");
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:4566"));
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(CONNECT_TIMEOUT));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(ATTEMPT_TIMEOUT));
        assert_eq!(timeouts.operation_timeout(), Some(OPERATION_TIMEOUT));
        assert_eq!(config.retry_config().unwrap().max_attempts(), MAX_ATTEMPTS);
    }
}
