//! Which addresses are called. An endpoint comes from a browser, so it may come from anybody: without this rule everyone could make the
//! server call whatever it can reach.

use std::net::SocketAddr;

use quickstocks_core::model::{Endpoint, MAX_ENDPOINT_BYTES, PushKeys};
use quickstocks_core::ports::{SubscriptionFault, SubscriptionRule};
use url::{Host, Url};

use crate::encrypt::{BadKey, DeviceKeys};

/// The push services of Chrome (and what is made from it), Firefox, Safari and Edge. Never `*.googleapis.com`, which is all of Google's
/// APIs and everybody's files.
const HOSTS: [&str; 2] = ["fcm.googleapis.com", "jmt17.google.com"];
const PARENTS: [&str; 3] = [".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com"];

/// The addresses of the push services of the known browsers, over https, and none else.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndpointRule {
    loopback: Option<SocketAddr>,
}

/// Why a push service of a test is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an address of this machine alone, such as 127.0.0.1:8090")]
pub struct NotLoopback(SocketAddr);

impl EndpointRule {
    /// Also allows `http://ADDRESS/`: the one push service of a test, on this machine. No function is built with it, and `quickstocks-local`
    /// takes it only while no other machine can reach it.
    ///
    /// # Errors
    /// [`NotLoopback`].
    pub fn with_loopback(address: SocketAddr) -> Result<Self, NotLoopback> {
        if address.ip().is_loopback() { Ok(Self { loopback: Some(address) }) } else { Err(NotLoopback(address)) }
    }

    /// Whether plain http is called at all.
    pub(crate) fn takes_loopback(self) -> bool {
        self.loopback.is_some()
    }

    /// Whether the address is one that may be called.
    pub(crate) fn allows(self, endpoint: &str) -> bool {
        // Before parsing: the parser strips tabs and takes a backslash for a slash.
        let plain = endpoint.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if endpoint.is_empty() || endpoint.len() > MAX_ENDPOINT_BYTES || !plain {
            return false;
        }
        let Ok(url) = Url::parse(endpoint) else { return false };
        // What it is parsed to is what was written: nothing that another parser could read otherwise.
        let literal = url.as_str() == endpoint;
        if self.loopback.is_some_and(|address| literal && endpoint.starts_with(&format!("http://{address}/"))) {
            return true;
        }
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && url.port().is_none();
        let known = match url.host() {
            Some(Host::Domain(host)) => HOSTS.contains(&host) || PARENTS.iter().any(|parent| is_below(host, parent)),
            _ => false,
        };
        literal && bare && known && url.scheme() == "https"
    }
}

/// Whether a host is of a parent, with a label of its own.
fn is_below(host: &str, parent: &str) -> bool {
    host.strip_suffix(parent).is_some_and(|label| !label.is_empty() && !label.split('.').any(str::is_empty))
}

impl SubscriptionRule for EndpointRule {
    fn check(&self, endpoint: &Endpoint, keys: &PushKeys) -> Result<(), SubscriptionFault> {
        if !self.allows(endpoint.reveal()) {
            return Err(SubscriptionFault::EndpointNotAllowed);
        }
        DeviceKeys::parse(keys).map(|_| ()).map_err(|bad| match bad {
            BadKey::Public => SubscriptionFault::PublicKey,
            BadKey::Auth => SubscriptionFault::Auth,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quickstocks_testkit::HOSTILE_ENDPOINTS;

    use super::*;

    const GOOD: [&str; 8] = [
        "https://fcm.googleapis.com/fcm/send/cX-y_z:APA91bE",
        "https://fcm.googleapis.com/wp/abc:def",
        "https://jmt17.google.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "https://api.push.apple.com/3/device/x",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAB%2bx%3d",
        "https://updates-autopush.push.services.mozilla.com/wpush/v1/x",
    ];

    #[test]
    fn known_push_services_are_allowed() {
        for good in GOOD {
            assert!(EndpointRule::default().allows(good), "{good}");
        }
        let longest = format!("https://web.push.apple.com/{}", "x".repeat(MAX_ENDPOINT_BYTES - 27));
        assert!(EndpointRule::default().allows(&longest));
        assert!(!EndpointRule::default().allows(&format!("{longest}x")));
    }

    #[test]
    fn hostile_addresses_are_refused() {
        for hostile in HOSTILE_ENDPOINTS {
            assert!(!EndpointRule::default().allows(hostile), "{hostile:?}");
        }
    }

    #[test]
    fn the_push_service_of_a_test_is_one_address_of_this_machine() {
        for beyond in ["0.0.0.0:80", "10.0.0.1:80", "169.254.169.254:80", "[::]:80", "[fe80::1]:80"] {
            assert!(EndpointRule::with_loopback(beyond.parse().unwrap()).is_err(), "{beyond}");
        }
        let rule = EndpointRule::with_loopback("127.0.0.1:8090".parse().unwrap()).unwrap();
        assert!(rule.allows("http://127.0.0.1:8090/push/1") && rule.allows(GOOD[0]));
        for other in [
            "http://127.0.0.1:8091/push/1",
            "http://127.0.0.1:80901/push/1",
            "http://127.0.0.1/push/1",
            "http://127.0.0.1:8090@evil.example/",
            "http://127.0.0.1:8090/../x",
            "http://127.0.0.1:8090",
            "http://localhost:8090/push/1",
            "https://127.0.0.1:8090/push/1",
            "http://127.0.0.2:8090/push/1",
        ] {
            assert!(!rule.allows(other), "{other}");
        }
        for hostile in HOSTILE_ENDPOINTS {
            assert!(!rule.allows(hostile), "{hostile:?}");
        }
    }

    #[test]
    fn faults_are_told_apart() {
        let keys = PushKeys { p256dh: "A".repeat(87), auth: "A".repeat(22) };
        let check = |endpoint: &str| EndpointRule::default().check(&Endpoint::new(endpoint), &keys);
        assert_eq!(check("https://evil.example/"), Err(SubscriptionFault::EndpointNotAllowed));
        assert_eq!(check(GOOD[0]), Err(SubscriptionFault::PublicKey));
    }

    proptest! {
        /// Whatever is put together from the pieces of good and bad addresses: what is allowed goes to a known host, by https, at no port.
        #[test]
        fn what_is_allowed_is_https_to_a_known_host(
            parts in prop::collection::vec(prop::sample::select(vec![
                "https", "http", ":", "/", "//", "\\", "@", ".", "#", "?", "%2e", "fcm.googleapis.com", "push.apple.com", "evil.example",
                "127.0.0.1", "[::1]", ":443", "web", "\t", "x", "https://", "https://web.push.apple.com/",
            ]), 0..8)
        ) {
            let text = parts.concat();
            if EndpointRule::default().allows(&text) {
                let url = Url::parse(&text).unwrap();
                let host = url.host_str().unwrap();
                prop_assert!(host == "fcm.googleapis.com" || host.ends_with(".push.apple.com"), "{}", text);
                prop_assert_eq!((url.scheme(), url.port(), url.username()), ("https", None, ""));
            }
        }
    }
}
