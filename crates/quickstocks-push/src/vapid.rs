//! How this server says who it is to a push service: RFC 8292.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quickstocks_core::model::Timestamp;
use quickstocks_core::ports::{SignError, VapidSigner};
use reqwest::header::HeaderValue;
use url::{Host, Url};

use crate::encode;

/// For how long a header is good. RFC 8292 allows 24 hours, and Autopush allows not a second more.
const LIFETIME: Duration = Duration::from_hours(12);

/// It is made anew when less than this is left. Apple asks not to do so more than once an hour.
const RENEW_BELOW: Duration = Duration::from_hours(1);

/// There are about five push services; wildcard hosts must not fill the memory.
const MAX_HEADERS: usize = 256;

/// Whom a push service may write to about this server: `mailto:` and an address, or `https:` and a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

/// Why a text is no subject. Apple answers 403 to such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a contact for push services is mailto: and an address or https:// and a public host, without spaces and <>")]
pub struct InvalidSubject;

impl Subject {
    /// A contact of the right form that is nobody's, for a server that is reached from a home network at most: `home.arpa` is for these
    /// (RFC 8375), and Apple refuses `localhost`.
    pub fn nobody() -> Self {
        Self("mailto:nobody@home.arpa".to_owned())
    }
}

impl FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, InvalidSubject> {
        let clean = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b'\\'));
        let host = match text.strip_prefix("mailto:") {
            Some(address) => address.split_once('@').filter(|(name, _)| !name.is_empty()).map(|(_, host)| host.to_owned()),
            None => Url::parse(text).ok().filter(|url| url.scheme() == "https").and_then(|url| match url.host() {
                Some(Host::Domain(host)) => Some(host.to_owned()),
                _ => None,
            }),
        };
        let public = |host: &String| {
            let last = host.rsplit('.').next().unwrap_or_default();
            host.contains('.')
                && !host.split('.').any(str::is_empty)
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
                && !matches!(last, "local" | "localhost" | "invalid" | "internal" | "test")
                && !last.bytes().all(|byte| byte.is_ascii_digit())
        };
        if clean && host.as_ref().is_some_and(public) { Ok(Self(text.to_owned())) } else { Err(InvalidSubject) }
    }
}

/// The headers of a process, one for each push service.
pub(crate) struct Headers {
    signer: Arc<dyn VapidSigner>,
    subject: Subject,
    by_origin: Mutex<HashMap<String, (HeaderValue, Timestamp)>>,
}

impl Headers {
    pub(crate) fn new(signer: Arc<dyn VapidSigner>, subject: Subject) -> Self {
        Self { signer, subject, by_origin: Mutex::default() }
    }

    /// The `Authorization` for an origin.
    pub(crate) async fn header(&self, origin: &str, now: Timestamp) -> Result<HeaderValue, SignError> {
        if let Some((header, ends_at)) = self.cached().get(origin)
            && ends_at.since(now) >= RENEW_BELOW
        {
            return Ok(header.clone());
        }
        let ends_at = now + LIFETIME;
        let claims = serde_json::json!({ "aud": origin, "exp": ends_at.seconds(), "sub": self.subject.0 });
        let text = format!("{}.{}", encode(br#"{"typ":"JWT","alg":"ES256"}"#), encode(claims.to_string().as_bytes()));
        let (signature, key) = (self.signer.sign(text.as_bytes()).await?, self.signer.public_key().await?);
        let text = format!("vapid t={text}.{}, k={}", encode(&signature), encode(&key));
        let mut header = HeaderValue::from_str(&text).map_err(|error| SignError::Refused(error.into()))?;
        header.set_sensitive(true);
        let mut cached = self.cached();
        if cached.len() >= MAX_HEADERS {
            cached.clear();
        }
        cached.insert(origin.to_owned(), (header.clone(), ends_at));
        Ok(header)
    }

    fn cached(&self) -> std::sync::MutexGuard<'_, HashMap<String, (HeaderValue, Timestamp)>> {
        self.by_origin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use quickstocks_testkit::FixedSigner;
    use quickstocks_testkit::sample::NOW;

    use super::*;

    #[test]
    fn a_contact_is_one_that_apple_takes() {
        let nobody = Subject::nobody().0;
        for good in [&*nobody, "mailto:me@example.org", "https://stocks.example.org", "https://example.org/contact"] {
            assert!(good.parse::<Subject>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "mailto:",
            "mailto:@example.org",
            "mailto:me@localhost",
            "mailto:<me@example.org>",
            "mailto: me@example.org",
            "me@example.org",
            "http://example.org",
            "https://localhost",
            "https://host.local",
            "https://x.invalid",
            "https://192.0.2.1",
            "https://[::1]/",
        ] {
            assert_eq!(bad.parse::<Subject>(), Err(InvalidSubject), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_header_is_used_again_for_its_origin_until_little_of_its_time_is_left() {
        let headers = Headers::new(Arc::new(FixedSigner(7)), "mailto:me@example.org".parse().unwrap());
        let first = headers.header("https://a.example", NOW).await.unwrap();
        assert!(first.is_sensitive());
        for (origin, after, same) in [
            ("https://a.example", Duration::from_hours(11), true),
            ("https://b.example", Duration::ZERO, false),
            ("https://a.example", Duration::from_hours(11) + Duration::from_millis(1), false),
        ] {
            assert_eq!(headers.header(origin, NOW + after).await.unwrap() == first, same, "{origin} {after:?}");
        }
        let token = first.to_str().unwrap().split_once("t=").unwrap().1.split('.').nth(1).unwrap().to_owned();
        let claims: serde_json::Value = serde_json::from_slice(&crate::decode(&token).unwrap()).unwrap();
        let expect = serde_json::json!({
            "aud": "https://a.example", "exp": (NOW + LIFETIME).seconds(), "sub": "mailto:me@example.org"
        });
        assert_eq!(claims, expect);
    }
}
