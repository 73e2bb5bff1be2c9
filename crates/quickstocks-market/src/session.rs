//! Cookie and crumb.
//!
//! Both are derived from the seed, so nothing is stored: a cookie proves itself by its signature and a
//! crumb belongs to one cookie and one generation. A market that is started again with the same seed
//! accepts the sessions of the one before, as Yahoo does over months.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, header};

use crate::noise::mix;

/// Issues and checks cookies and crumbs.
#[derive(Debug)]
pub(crate) struct Sessions {
    seed: u64,
    issued: AtomicU64,
    generation: AtomicU64,
}

/// Why a request has no valid session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Cookie,
    Crumb,
}

impl Refusal {
    /// The body of the 401 answer, as recorded.
    pub(crate) fn body(self) -> String {
        crate::quote::finance_error(
            "Unauthorized",
            match self {
                Self::Cookie => "Invalid Cookie",
                Self::Crumb => "Invalid Crumb. For Developers - https://bit.ly/yahoo-finance-api-feedback",
            },
        )
    }
}

impl Sessions {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, issued: AtomicU64::new(0), generation: AtomicU64::new(0) }
    }

    /// A new cookie value. It contains `=` and `&`, which must survive the way to the client and back.
    pub(crate) fn issue(&self) -> String {
        let nonce = mix(self.seed ^ mix(self.issued.fetch_add(1, Ordering::Relaxed) + 1));
        format!("d=AQABB{nonce:016x}&S=AQAA{:016x}", self.signature(nonce))
    }

    /// The crumb that belongs to the cookie of a request.
    pub(crate) fn crumb(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let nonce = self.nonce(headers).ok_or(Refusal::Cookie)?;
        Ok(crumb(self.seed, nonce, self.generation.load(Ordering::SeqCst)))
    }

    /// Checks the cookie and crumb of a request for data.
    pub(crate) fn check(&self, headers: &HeaderMap, given: Option<&str>) -> Result<(), Refusal> {
        let given = given.filter(|crumb| !crumb.is_empty()).ok_or(Refusal::Crumb)?;
        if self.crumb(headers)? == given { Ok(()) } else { Err(Refusal::Crumb) }
    }

    /// Makes every crumb issued so far invalid; new ones are good.
    pub(crate) fn invalidate_crumbs(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    fn signature(&self, nonce: u64) -> u64 {
        mix(nonce ^ mix(self.seed ^ 0x5149_4743))
    }

    fn nonce(&self, headers: &HeaderMap) -> Option<u64> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            // Either of the two is enough, as with Yahoo.
            .filter(|(name, _)| matches!(*name, "A1" | "A3"))
            .find_map(|(_, value)| self.verified(value))
    }

    fn verified(&self, value: &str) -> Option<u64> {
        let (nonce, signature) = value.strip_prefix("d=AQABB")?.split_once("&S=AQAA")?;
        let nonce = u64::from_str_radix(nonce, 16).ok()?;
        let signature = u64::from_str_radix(signature, 16).ok()?;
        (signature == self.signature(nonce)).then_some(nonce)
    }
}

/// Eleven characters, among them now and then `.` and `/`.
fn crumb(seed: u64, nonce: u64, generation: u64) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./";
    let mut bits = mix(seed ^ mix(nonce ^ mix(generation)));
    (0..11)
        .map(|at| {
            if at == 5 {
                bits = mix(bits);
            }
            let index = usize::try_from(bits & 63).unwrap_or(0);
            bits >>= 6;
            char::from(ALPHABET[index])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_cookie(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("GUC=1; A3={value}; A1S=x").parse().unwrap());
        headers
    }

    #[test]
    fn a_crumb_is_bound_to_its_cookie_and_generation() {
        let sessions = Sessions::new(9);
        let (one, other) = (with_cookie(&sessions.issue()), with_cookie(&sessions.issue()));
        let crumb = sessions.crumb(&one).unwrap();
        assert_eq!(crumb.len(), 11);
        assert_eq!(sessions.check(&one, Some(&crumb)), Ok(()));
        assert_eq!(sessions.check(&other, Some(&crumb)), Err(Refusal::Crumb));
        assert_eq!(sessions.check(&one, None), Err(Refusal::Crumb));
        assert_eq!(sessions.check(&HeaderMap::new(), Some(&crumb)), Err(Refusal::Cookie));
        assert_eq!(sessions.check(&with_cookie("d=AQABB1&S=AQAA2"), Some(&crumb)), Err(Refusal::Cookie));
        sessions.invalidate_crumbs();
        assert_eq!(sessions.check(&one, Some(&crumb)), Err(Refusal::Crumb));
        let fresh = sessions.crumb(&one).unwrap();
        assert_eq!(sessions.check(&one, Some(&fresh)), Ok(()));
    }

    #[test]
    fn some_crumbs_hold_characters_that_must_be_encoded() {
        let crumbs: Vec<String> = (0..100).map(|nonce| crumb(1, nonce, 0)).collect();
        assert!(crumbs.iter().any(|crumb| crumb.contains('/')));
        assert!(crumbs.iter().any(|crumb| crumb.contains('.')));
        assert!(crumbs.iter().all(|crumb| crumb.len() == 11));
    }
}
