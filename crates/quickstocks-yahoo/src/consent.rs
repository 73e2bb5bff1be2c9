//! The way to a cookie through the consent page that Yahoo shows in the EU and the UK: a chain of redirects to a form, which is answered
//! "reject", and a chain of redirects back, on which the cookie is set. Each step is a recorded one (`auth-*` of the recordings).

use std::collections::BTreeMap;

use reqwest::header::HeaderValue;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::http::{Ask, CallError, Errand, Http};
use crate::session::pick_cookie;

/// The name of its pages, for the log: addresses hold secrets of the session.
pub(crate) const ENDPOINT: &str = "consent";

/// More steps than a walk takes: six were recorded, and in 2026 one that came to the form three times.
const MOST_STEPS: usize = 12;

/// The hidden fields of the form that are sent back.
const FIELDS: [&str; 4] = ["csrfToken", "sessionId", "originalDoneUrl", "namespace"];

/// Why a walk brought no cookie.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConsentError {
    #[error("no cookie was set in {MOST_STEPS} steps, or in time")]
    TooLong,
    #[error("a page is neither a redirect nor a form (status {0})")]
    DeadEnd(u16),
    #[error("a redirect leads away from the source")]
    Astray,
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Walks from `start` until a cookie is set that opens the API. Answers it.
pub(crate) async fn walk(http: &Http, errand: &Errand, start: Url) -> Result<String, ConsentError> {
    let mut jar = Jar::default();
    let mut at = start.clone();
    let mut form = None;
    for _ in 0..MOST_STEPS {
        let cookie = jar.header();
        let ask = Ask { form: form.take(), ..Ask::get(ENDPOINT, at.clone(), cookie.as_deref()) };
        let reply = http.call(&ask, errand).await?;
        if let Some(cookie) = pick_cookie(&reply.cookies) {
            return Ok(cookie);
        }
        jar.keep(&reply.cookies);
        if let Some(location) = &reply.location {
            let to = location.to_str().ok().and_then(|to| at.join(to).ok()).ok_or(ConsentError::Astray)?;
            if !same_site(&start, &to) {
                return Err(ConsentError::Astray);
            }
            at = to;
        } else {
            let page = String::from_utf8_lossy(&reply.body);
            form = Some(refusal(&page).ok_or(ConsentError::DeadEnd(reply.status.as_u16()))?);
        }
    }
    Err(ConsentError::TooLong)
}

/// Whether a redirect stays with whom the walk began: at one of Yahoo's hosts over TLS, or, with another server, at that very one.
fn same_site(start: &Url, to: &Url) -> bool {
    let is_yahoo = |url: &Url| url.scheme() == "https" && url.domain().is_some_and(|host| host.ends_with(".yahoo.com"));
    if is_yahoo(start) { is_yahoo(to) } else { start.origin() == to.origin() }
}

/// The cookies of the walk, by name: the hosts on it share a domain.
#[derive(Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    fn keep(&mut self, set_cookies: &[HeaderValue]) {
        for header in set_cookies {
            let pair = header.to_str().ok().and_then(|text| text.split(';').next()?.trim().split_once('='));
            if let Some((name, value)) = pair {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn header(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// The answer to the form of a page, without consent; none when the page has no such form.
fn refusal(page: &str) -> Option<String> {
    let fields = hidden_fields(page);
    let mut answer = Serializer::new(String::new());
    for name in FIELDS {
        // The token and the session are what the answer is known by.
        match fields.get(name) {
            Some(value) => answer.append_pair(name, value),
            None if matches!(name, "csrfToken" | "sessionId") => return None,
            None => &mut answer,
        };
    }
    Some(answer.append_pair("reject", "reject").finish())
}

/// The names and values of a page's `<input>` elements.
fn hidden_fields(page: &str) -> BTreeMap<String, String> {
    let tags = page.split("<input").skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag);
    tags.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?))).collect()
}

/// The value of a quoted attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let begins = |at: usize| tag[..at].ends_with(|c: char| c.is_ascii_whitespace());
    let at = tag.match_indices(name).map(|(at, _)| at).find(|at| begins(*at) && tag[at + name.len()..].starts_with('='))?;
    let value = &tag[at + name.len() + 1..];
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split_once(quote).map(|(value, _)| plain(value))
}

/// A value without the character references that Yahoo writes in it (`&#x3D;`, `&amp;`).
fn plain(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let reference = after.split_once(';').and_then(|(name, tail)| Some((character(name)?, tail)));
        let (character, tail) = reference.unwrap_or(('&', after));
        text.push(character);
        rest = tail;
    }
    text.push_str(rest);
    text
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_answered_without_consent() {
        let page = r#"<form method="post"><input type="hidden" name="csrfToken" value="abc"><input value='3_cc-session_1' name='sessionId' type=hidden>
            <input type="hidden" name="originalDoneUrl" value="https://finance.yahoo.com/quote/AAPL?guccounter&#x3D;1&amp;a=&quot;&#39;">
            <input type="hidden" name="namespace" value="yahoo"><button name="agree" value="agree">yes</button>"#;
        assert_eq!(
            refusal(page).as_deref(),
            Some(
                "csrfToken=abc&sessionId=3_cc-session_1&originalDoneUrl=https%3A%2F%2Ffinance.yahoo.com%2Fquote%2FAAPL%3Fguccounter%3D1\
                 %26a%3D%22%27&namespace=yahoo&reject=reject"
            )
        );
        for nothing in ["", "<html>", r#"<input name="csrfToken" value="abc">"#, r"<input name=csrfToken value=x", "&<input &#"] {
            assert_eq!(refusal(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_redirect_may_not_lead_to_somebody_else() {
        let same = |start: &str, to: &str| same_site(&Url::parse(start).unwrap(), &Url::parse(to).unwrap());
        assert!(same("https://finance.yahoo.com/", "https://guce.yahoo.com/consent"));
        assert!(same("http://127.0.0.1:9/a", "http://127.0.0.1:9/b"));
        for (start, to) in [
            ("https://finance.yahoo.com/", "http://guce.yahoo.com/"),
            ("https://finance.yahoo.com/", "https://yahoo.com.evil.example/"),
            ("https://finance.yahoo.com/", "https://evilyahoo.com/"),
            ("https://finance.yahoo.com/", "http://169.254.169.254/"),
            ("http://127.0.0.1:9/a", "https://guce.yahoo.com/"),
            ("http://127.0.0.1:9/a", "http://127.0.0.1:10/"),
        ] {
            assert!(!same(start, to), "{to}");
        }
    }
}
