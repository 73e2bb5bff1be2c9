use serde::Deserialize;

use super::text::Text;

/// What Yahoo says is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Its code: `Unauthorized`, `Not Found`, `Bad Request`.
    pub code: String,
    /// Its sentence.
    pub description: String,
}

impl ApiError {
    /// Whether it is about the cookie or the crumb. The wording changed over the years (2024 added an address after
    /// `Invalid Crumb`), so it is searched for, not compared.
    pub fn refuses_session(&self) -> bool {
        self.code.eq_ignore_ascii_case("Unauthorized")
            || self.description.contains("Invalid Crumb")
            || self.description.contains("Invalid Cookie")
    }

    /// Whether the symbol is not known.
    pub fn not_found(&self) -> bool {
        self.code.eq_ignore_ascii_case("Not Found")
    }
}

/// Why a body could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is no JSON: the page that says Yahoo will be right back, an edge's text, a cut body.
    #[error("the body is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// It is JSON without what was asked for.
    #[error("the body has neither a result nor an error")]
    NoResult,
    /// It is an error, told in Yahoo's own envelope; that may come with status 200 too.
    #[error("the source says {}: {}", .0.code, .0.description)]
    Api(ApiError),
}

/// The part that every envelope of Yahoo's has, whatever its key (`quoteResponse`, `chart`, `spark`, `finance`).
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "R: Deserialize<'de>, 'de: 'a"))]
pub(super) struct Envelope<'a, R> {
    #[serde(default = "none")]
    result: Option<R>,
    #[serde(default)]
    error: Option<RawError<'a>>,
}

fn none<R>() -> Option<R> {
    None
}

#[derive(Debug, Deserialize)]
pub(super) struct RawError<'a> {
    #[serde(borrow, default)]
    code: Text<'a>,
    #[serde(borrow, default)]
    description: Text<'a>,
}

impl<R> Envelope<'_, R> {
    /// The result, else the error.
    pub(super) fn into_result(self) -> Result<R, DecodeError> {
        match (self.result, self.error) {
            (_, Some(error)) => Err(DecodeError::Api(error.into())),
            (Some(result), None) => Ok(result),
            (None, None) => Err(DecodeError::NoResult),
        }
    }
}

impl From<RawError<'_>> for ApiError {
    fn from(error: RawError<'_>) -> Self {
        // Error texts end up in logs and answers; Yahoo's are a line long.
        let cut = |text: Text<'_>| text.get().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect();
        Self { code: cut(error.code), description: cut(error.description) }
    }
}

/// The error in a body, if it is one in any of Yahoo's envelopes.
pub(crate) fn api_error(body: &[u8]) -> Option<ApiError> {
    #[derive(Deserialize)]
    struct AnyEnvelope<'a> {
        #[serde(borrow)]
        error: Option<RawError<'a>>,
    }
    let body = std::str::from_utf8(body).ok()?;
    let envelopes: std::collections::BTreeMap<String, &serde_json::value::RawValue> = serde_json::from_str(body).ok()?;
    envelopes.values().find_map(|envelope| Some(serde_json::from_str::<AnyEnvelope<'_>>(envelope.get()).ok()?.error?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_found_under_any_key() {
        let invalid_crumb =
            br#"{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb. For Developers - x"}}}"#;
        let error = api_error(invalid_crumb).unwrap();
        assert!(error.refuses_session());
        assert!(!error.not_found());
        assert_eq!(api_error(br#"{"chart":{"result":null,"error":{"code":"Not Found"}}}"#).unwrap().description, "");
        for none in ["", "<html>", "[]", "null", r#"{"quoteResponse":{"result":[],"error":null}}"#, r#"{"a":1}"#] {
            assert_eq!(api_error(none.as_bytes()), None, "{none}");
        }
    }
}
