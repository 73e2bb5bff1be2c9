//! `index.json` of a folder of recordings.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::ReplayError;

/// One recorded body with what the index says of it.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) path: PathBuf,
    pub(super) endpoint: String,
    pub(super) url: String,
    pub(super) status: u16,
    /// When it was recorded, in seconds since 1970; nought if nobody knows.
    pub(super) recorded_s: i64,
    pub(super) body: String,
}

#[derive(Deserialize)]
struct Index {
    files: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    file: PathBuf,
    endpoint: String,
    #[serde(default)]
    request_url: Option<String>,
    /// Absent for recordings of streams.
    #[serde(default)]
    http_status: Option<u16>,
    #[serde(default)]
    recorded_at: Option<String>,
}

/// Reads the index and the bodies that it names.
pub(super) fn read(folder: &Path) -> Result<Vec<Recording>, ReplayError> {
    let path = folder.join("index.json");
    let text = std::fs::read_to_string(&path).map_err(|source| ReplayError::NoIndex { folder: folder.to_owned(), source })?;
    let index: Index = serde_json::from_str(&text).map_err(|source| ReplayError::BadIndex { path, source })?;
    index
        .files
        .into_iter()
        .filter(|file| file.http_status.is_some())
        .map(|file| {
            let path = folder.join(&file.file);
            let text = std::fs::read_to_string(&path).map_err(|source| ReplayError::Unreadable { path: path.clone(), source })?;
            Ok(Recording {
                path,
                endpoint: file.endpoint,
                url: file.request_url.unwrap_or_default(),
                status: file.http_status.unwrap_or_default(),
                recorded_s: file.recorded_at.as_deref().map_or(0, recorded_s),
                body: unwrapped(text),
            })
        })
        .collect()
}

/// The body within an envelope of request, status, headers and body; a plain body as it is.
fn unwrapped(text: String) -> String {
    let Ok(Value::Object(mut envelope)) = serde_json::from_str::<Value>(&text) else {
        return text;
    };
    if !(envelope.contains_key("request") && envelope.contains_key("status")) {
        return text;
    }
    match envelope.remove("body") {
        Some(Value::String(body)) => body,
        Some(body) => body.to_string(),
        None => text,
    }
}

/// The time in texts such as `data time 2025-08-15T20:00:01Z`, `recorded ~2026-07-27` or
/// `Mon, 17 Feb 2025 10:54:50 GMT`.
fn recorded_s(text: &str) -> i64 {
    if let Ok(time) = jiff::fmt::rfc2822::parse(text) {
        return time.timestamp().as_second();
    }
    let is_date = |word: &&str| {
        let bytes = word.as_bytes();
        bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && bytes[7] == b'-'
    };
    let words = text.split([' ', ',', '~']);
    let Some(word) = words.clone().find(is_date) else {
        return 0;
    };
    if let Ok(time) = word.parse::<jiff::Timestamp>() {
        return time.as_second();
    }
    word.get(..10)
        .and_then(|date| date.parse::<jiff::civil::Date>().ok())
        .map_or(0, |date| crate::calendar::day_number(date) * 86_400)
}

/// A parameter of a recorded URL, decoded.
pub(super) fn query_value(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    let value = value.replace('+', " ");
    Some(percent_encoding::percent_decode_str(&value).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_times_are_read_in_every_form_that_occurs() {
        for (text, expected) in [
            ("2025-02-17T10:54:51Z", 1_739_789_691),
            ("data time 2025-08-15T20:00:01Z", 1_755_288_001),
            ("committed 2025-09-17T20:06:05+02:00", 1_758_132_365),
            ("Mon, 17 Feb 2025 10:54:50 GMT", 1_739_789_690),
            ("recorded ~2026-07-27", 1_785_110_400),
            ("measured 2026-08-06, 2026-09-07", 1_785_974_400),
            ("nobody knows", 0),
        ] {
            assert_eq!(recorded_s(text), expected, "{text}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        let url = "https://query2.finance.yahoo.com/v1/finance/search?lang=en&q=Evolution+Gaming%20Group";
        assert_eq!(query_value(url, "q").as_deref(), Some("Evolution Gaming Group"));
        assert_eq!(query_value(url, "fields"), None);
    }

    #[test]
    fn envelopes_are_opened() {
        let envelope = r#"{"request":{"url":"u"},"status":200,"headers":{},"body":"haT3oykhHqZ"}"#;
        assert_eq!(unwrapped(envelope.into()), "haT3oykhHqZ");
        assert_eq!(unwrapped(r#"{"body":1}"#.into()), r#"{"body":1}"#);
    }
}
