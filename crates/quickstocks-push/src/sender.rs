use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quickstocks_core::model::{PushMessage, PushSubscription};
use quickstocks_core::ports::{BoxError, Clock, PushOutcome, PushSender, SubscriptionRule, VapidSigner};
use quickstocks_wire::push::payload;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};

use crate::encrypt::{EncryptError, encrypt};
use crate::origins::{Origin, Origins};
use crate::resolve::PublicAddresses;
use crate::rule::EndpointRule;
use crate::vapid::{Headers, Subject};

/// How long a connection may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(2);

/// How long a connection is kept for the next message.
const IDLE_CONNECTION: Duration = Duration::from_secs(50);

/// How much of an answer is read: enough for the word that says why. A hostile one could fill the memory.
const MAX_ANSWER: usize = 4096;

/// WNS says with 406 that it is too much, and goes on so for an hour to a day.
const WNS_REST: Duration = Duration::from_mins(15);

/// Sends messages to devices by Web Push. One for a process: it keeps the connections, the signed headers and what is known of each push
/// service.
pub struct WebPushSender {
    rule: EndpointRule,
    client: Client,
    headers: Headers,
    origins: Origins,
    clock: Arc<dyn Clock>,
}

/// The sender cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("there can be no client of push services")]
pub struct SenderError(#[source] BoxError);

/// What a push service answered, in its own word for it. Nothing else of the answer is kept.
#[derive(Debug, thiserror::Error)]
#[error("the push service {origin} answers {status} ({reason})")]
struct Answered {
    origin: String,
    status: StatusCode,
    reason: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the endpoint is not one that may be called")]
struct NotAllowed;

impl WebPushSender {
    /// A sender that calls what the rule allows.
    ///
    /// # Errors
    /// [`SenderError`] when TLS cannot be set up.
    pub fn new(
        rule: EndpointRule,
        signer: Arc<dyn VapidSigner>,
        subject: Subject,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SenderError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls().map_err(|error| SenderError(error.into()))?)
            .https_only(!rule.takes_loopback())
            // A redirect could lead anywhere.
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would resolve names by itself.
            .no_proxy()
            .no_gzip()
            .dns_resolver(Arc::new(PublicAddresses))
            .connect_timeout(CONNECT_TIME)
            .pool_idle_timeout(IDLE_CONNECTION)
            .build()
            .map_err(|error| SenderError(error.into()))?;
        Ok(Self { rule, client, headers: Headers::new(signer, subject), origins: Origins::default(), clock })
    }

    async fn attempt(&self, to: &PushSubscription, message: &PushMessage, origin: &Origin) -> PushOutcome {
        let name = to.endpoint.origin();
        let body = match encrypt(&to.keys, payload(message, &to.site).as_bytes()) {
            Ok(body) => body,
            Err(EncryptError::TooLarge) => return PushOutcome::TooLarge,
            Err(error) => return PushOutcome::Refused(error.into()),
        };
        let authorization = match self.headers.header(name, self.clock.now()).await {
            Ok(header) => header,
            Err(error) => return PushOutcome::Failed(error.into()),
        };
        let request = || {
            self.client
                .post(to.endpoint.reveal())
                .header("TTL", message.ttl.as_secs())
                .header("Urgency", message.urgency.as_str())
                .header("Topic", message.topic.as_str())
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_ENCODING, "aes128gcm")
                .header(AUTHORIZATION, authorization.clone())
                .body(body.clone())
        };
        let mut answer = request().send().await;
        // A function is frozen between events, and a connection from before may be dead without knowing. The topic makes two one.
        if answer.as_ref().is_err_and(|error| error.is_request() && !error.is_timeout() && !error.is_connect()) {
            answer = request().send().await;
        }
        match answer {
            Ok(answer) => self.outcome(answer, name, origin).await,
            Err(error) => {
                origin.failed(self.clock.now());
                // Without its address, which is a secret of the device.
                PushOutcome::Failed(error.without_url().into())
            }
        }
    }

    async fn outcome(&self, answer: Response, name: &str, origin: &Origin) -> PushOutcome {
        let (status, now) = (answer.status(), self.clock.now());
        match Verdict::of(name, status, retry_after(answer.headers())) {
            Verdict::Throttled { whole_service, asked } => {
                tracing::warn!(push.origin = name, push.status = status.as_u16(), "a push service throttles");
                PushOutcome::Throttled { retry_after: whole_service.then(|| origin.throttled(now, asked)) }
            }
            Verdict::Failed => {
                origin.failed(now);
                PushOutcome::Failed(self.answered(answer, name).await)
            }
            Verdict::Accepted => {
                origin.works();
                PushOutcome::Accepted
            }
            Verdict::Gone => {
                origin.works();
                PushOutcome::Gone
            }
            Verdict::TooLarge => {
                origin.works();
                PushOutcome::TooLarge
            }
            Verdict::Refused => {
                origin.works();
                if status.is_redirection() {
                    tracing::error!(push.origin = name, push.status = status.as_u16(), "a push service redirects; not followed");
                }
                PushOutcome::Refused(self.answered(answer, name).await)
            }
        }
    }

    async fn answered(&self, answer: Response, name: &str) -> BoxError {
        let status = answer.status();
        Answered { origin: name.to_owned(), status, reason: reason(answer).await }.into()
    }
}

#[async_trait]
impl PushSender for WebPushSender {
    async fn send(&self, subscription: &PushSubscription, message: &PushMessage, time_out: Duration) -> PushOutcome {
        // Here too: the rule may have changed since the row was written.
        if self.rule.check(&subscription.endpoint, &subscription.keys).is_err() {
            return PushOutcome::Refused(NotAllowed.into());
        }
        let origin = self.origins.of(subscription.endpoint.origin());
        if let Some(rest) = origin.rest(self.clock.now()) {
            return PushOutcome::Throttled { retry_after: Some(rest) };
        }
        let sending = async {
            let _permit = origin.in_flight.acquire().await;
            self.attempt(subscription, message, &origin).await
        };
        match tokio::time::timeout(time_out, sending).await {
            Ok(outcome) => outcome,
            Err(elapsed) => {
                origin.failed(self.clock.now());
                PushOutcome::Failed(elapsed.into())
            }
        }
    }
}

impl fmt::Debug for WebPushSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebPushSender").finish_non_exhaustive()
    }
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Gone,
    TooLarge,
    Refused,
    Failed,
    Throttled {
        /// Whether it is meant for every device of the push service.
        whole_service: bool,
        /// For how long.
        asked: Option<Duration>,
    },
}

impl Verdict {
    /// `name` is the push service's origin: some have their own ways.
    fn of(name: &str, status: StatusCode, retry_after: Option<Duration>) -> Self {
        let throttled = |asked: Option<Duration>| {
            // Apple means the one device, and says nothing of the others.
            let whole_service = asked.is_some() || !name.ends_with(".push.apple.com");
            Self::Throttled { whole_service, asked }
        };
        match status {
            _ if status.is_success() => Self::Accepted,
            StatusCode::TOO_MANY_REQUESTS => throttled(retry_after),
            StatusCode::NOT_ACCEPTABLE if name.ends_with(".notify.windows.com") => throttled(retry_after.or(Some(WNS_REST))),
            // A failure, but with a time it is a request to wait.
            StatusCode::SERVICE_UNAVAILABLE if retry_after.is_some() => throttled(retry_after),
            _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Self::Failed,
            StatusCode::NOT_FOUND | StatusCode::GONE => Self::Gone,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::Refused,
        }
    }
}

/// The seconds of `Retry-After`. Push services do not use its other form, a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The first word of an answer that says why, such as Apple's `BadJwtToken`: letters, digits and `_` only, so that nothing from outside
/// gets into a log but a word.
async fn reason(mut answer: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        body.extend_from_slice(&chunk[..chunk.len().min(MAX_ANSWER - body.len())]);
        if body.len() >= MAX_ANSWER {
            break;
        }
    }
    let text = String::from_utf8_lossy(&body);
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let word = words.filter(|word| (4..=40).contains(&word.len())).find(|word| !matches!(*word, "reason" | "error" | "code"));
    word.unwrap_or("no reason").to_owned()
}

/// rustls with Mozilla's roots compiled in: loading the system's takes tens of milliseconds of a function's start.
fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots: rustls::RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_push_service_means_by_its_answers() {
        const GOOGLE: &str = "https://fcm.googleapis.com";
        const MICROSOFT: &str = "https://wns2-par02p.notify.windows.com";
        const APPLE: &str = "https://web.push.apple.com";
        let minutes = |minutes: u64| Some(Duration::from_mins(minutes));
        let throttled = |whole_service, asked| Verdict::Throttled { whole_service, asked };
        for (name, status, retry_after, expect) in [
            (GOOGLE, 201, None, Verdict::Accepted),
            (GOOGLE, 404, None, Verdict::Gone),
            (APPLE, 410, None, Verdict::Gone),
            (GOOGLE, 429, None, throttled(true, None)),
            (GOOGLE, 429, minutes(2), throttled(true, minutes(2))),
            (APPLE, 429, None, throttled(false, None)),
            (APPLE, 429, minutes(2), throttled(true, minutes(2))),
            // It says so for an hour to a day; senders that take it for the end unsubscribe everybody.
            (MICROSOFT, 406, None, throttled(true, minutes(15))),
            (MICROSOFT, 406, minutes(60), throttled(true, minutes(60))),
            (GOOGLE, 406, None, Verdict::Refused),
            (MICROSOFT, 403, None, Verdict::Refused),
            (GOOGLE, 503, minutes(2), throttled(true, minutes(2))),
            (GOOGLE, 503, None, Verdict::Failed),
            (GOOGLE, 500, minutes(2), Verdict::Failed),
            (GOOGLE, 408, None, Verdict::Failed),
            (GOOGLE, 413, None, Verdict::TooLarge),
            (GOOGLE, 307, None, Verdict::Refused),
            (GOOGLE, 400, None, Verdict::Refused),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Verdict::of(name, status, retry_after), expect, "{name} {status} {retry_after:?}");
        }
    }
}
