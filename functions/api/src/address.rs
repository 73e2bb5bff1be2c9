//! Where a request comes from, as far as that can be known.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use http::{Extensions, HeaderMap};
use lambda_http::request::RequestContext;

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The network of whoever sent it, as the nearest of the trusted proxies saw it.
    pub(crate) network: String,
    /// The network of whoever is connected to us: nobody can forge that one. Many share it when it is a proxy's.
    pub(crate) hop: Option<String>,
}

impl Client {
    /// Reads it from the connection and, where so many proxies in front are trusted, from what they added to `X-Forwarded-For`. `None`
    /// for somebody on this very machine, whom no limit by address keeps from anything.
    pub(crate) fn of(request: &Request, trusted_proxies: usize) -> Option<Self> {
        Self::from_parts(peer(request.extensions()), request.headers(), trusted_proxies)
    }

    fn from_parts(peer: Option<IpAddr>, headers: &HeaderMap, trusted_proxies: usize) -> Option<Self> {
        let Some(peer) = peer else { return Some(Self { network: "unknown".to_owned(), hop: None }) };
        let mut chain = forwarded(headers);
        // API Gateway adds the address that it gives as the source too.
        if chain.last() == Some(&Some(peer)) {
            chain.pop();
        }
        // What stands further to the left than the trusted proxies wrote is whatever the client wrote.
        let trusted = chain.len().checked_sub(trusted_proxies).filter(|_| trusted_proxies > 0);
        let client = trusted.and_then(|at| chain.get(at).copied().flatten()).unwrap_or(peer);
        if peer.is_loopback() && client.is_loopback() {
            return None;
        }
        let hop = (client != peer && !peer.is_loopback()).then(|| network(peer));
        Some(Self { network: network(client), hop })
    }
}

/// The address at the other end of the connection: API Gateway's word for it, or the socket's.
fn peer(extensions: &Extensions) -> Option<IpAddr> {
    if let Some(RequestContext::ApiGatewayV2(context)) = extensions.get() {
        return context.http.source_ip.as_deref().and_then(|text| text.parse().ok());
    }
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

/// The addresses in all `X-Forwarded-For` headers, the nearest last; `None` for what is no address.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).map(|text| address(text.trim())).collect()
}

/// Some proxies write the port too.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// An address of version 4, or the /64 of one of version 6: that is what one line or one machine is given, and it may use all of it.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_who_the_trusted_proxies_say_it_is() {
        for (peer, forwarded, trusted, network, hop) in [
            ("192.0.2.1", None, 0, "192.0.2.1", None),
            ("192.0.2.1", Some("203.0.113.9"), 0, "192.0.2.1", None),
            // A proxy on this machine.
            ("127.0.0.1", Some("203.0.113.9"), 1, "203.0.113.9", None),
            ("127.0.0.1", Some("198.51.100.7, 203.0.113.9"), 1, "203.0.113.9", None),
            ("127.0.0.1", Some("127.0.0.1, 203.0.113.9:4711"), 1, "203.0.113.9", None),
            // CloudFront before API Gateway, which adds CloudFront's address.
            ("192.0.2.1", Some("203.0.113.9, 192.0.2.1"), 1, "203.0.113.9", Some("192.0.2.1")),
            ("192.0.2.1", Some("forged, 203.0.113.9, 192.0.2.1"), 1, "203.0.113.9", Some("192.0.2.1")),
            // Past CloudFront, with a forged header: the hop counts too.
            ("192.0.2.1", Some("127.0.0.1, 192.0.2.1"), 1, "127.0.0.1", Some("192.0.2.1")),
            ("192.0.2.1", Some("nonsense, 192.0.2.1"), 1, "192.0.2.1", None),
            ("192.0.2.1", None, 1, "192.0.2.1", None),
            ("192.0.2.1", Some("198.51.100.7, 203.0.113.9, 192.0.2.2"), 2, "203.0.113.9", Some("192.0.2.1")),
            ("2001:db8:1:2:3:4:5:6", None, 0, "2001:db8:1:2::/64", None),
            ("::ffff:192.0.2.1", None, 0, "192.0.2.1", None),
            ("127.0.0.1", Some("[2001:db8::1]:443"), 1, "2001:db8:0:0::/64", None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(line) = forwarded {
                headers.insert("x-forwarded-for", line.parse().unwrap());
            }
            let found = Client::from_parts(Some(peer.parse().unwrap()), &headers, trusted);
            let expect = Client { network: network.to_owned(), hop: hop.map(str::to_owned) };
            assert_eq!(found, Some(expect), "{peer} {forwarded:?} {trusted}");
        }
        assert_eq!(Client::from_parts(Some("127.0.0.1".parse().unwrap()), &HeaderMap::new(), 0), None);
        assert_eq!(Client::from_parts(Some("::1".parse().unwrap()), &HeaderMap::new(), 1), None);
    }
}
