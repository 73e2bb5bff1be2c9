//! What travels to a device: a Declarative Web Push message <https://www.w3.org/TR/push-api/#declarative-push-message>, which Safari shows by
//! itself and the service worker reads in every other browser.

use quickstocks_core::model::PushMessage;
use serde::Serialize;

/// How much of a title and a text is sent: more than any device shows.
const MAX_TITLE_CHARS: usize = 120;
const MAX_BODY_CHARS: usize = 400;

/// What says that a message is declarative: the number of the RFC of Web Push.
const MAGIC: u32 = 8030;

#[derive(Serialize)]
struct Payload<'a> {
    web_push: u32,
    notification: Notification<'a>,
    /// Lets the service worker take the former notification away first, since iOS does not replace by tag.
    mutable: bool,
}

#[derive(Serialize)]
struct Notification<'a> {
    title: String,
    body: String,
    navigate: String,
    tag: &'a str,
    timestamp: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action<'a>>,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Action<'a> {
    #[serde(rename = "action")]
    id: &'a str,
    title: &'a str,
    /// Where Safari goes when it shows the message by itself: the page of the notification, where the same can be done.
    navigate: String,
}

#[derive(Serialize)]
struct Data<'a> {
    navigate: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<Token<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<Token<'a>>,
}

#[derive(Serialize)]
struct Token<'a> {
    id: &'a str,
    token: &'a str,
}

/// The JSON for one device, whose page is of `site`. What it opens is there, whatever the message says.
pub fn payload(message: &PushMessage, site: &str) -> String {
    let path =
        if message.navigate.starts_with('/') && !message.navigate.starts_with("//") { message.navigate.as_str() } else { "/" };
    let navigate = format!("{site}{path}");
    let payload = Payload {
        web_push: MAGIC,
        notification: Notification {
            title: clean(&message.title.replace('\n', " "), MAX_TITLE_CHARS),
            body: clean(&message.body, MAX_BODY_CHARS),
            navigate: navigate.clone(),
            tag: &message.tag,
            timestamp: message.created_at.millis(),
            actions: message
                .actions
                .iter()
                .map(|one| Action { id: &one.id, title: &one.title, navigate: navigate.clone() })
                .collect(),
            data: Data {
                navigate,
                about: message.about.as_deref(),
                activation: message.activation.as_ref().map(|one| Token { id: one.device.as_str(), token: one.token.reveal() }),
                tokens: message.actions.iter().map(|one| Token { id: &one.id, token: one.token.reveal() }).collect(),
            },
        },
        mutable: true,
    };
    crate::ws::json(&payload)
}

/// A text without what could change how the rest is read: names come from outside. Several alerts take a line each.
fn clean(text: &str, longest: usize) -> String {
    let harmless = |letter: &char| {
        (*letter == '\n' || !letter.is_control())
            && !matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{61c}')
    };
    text.chars().filter(harmless).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use quickstocks_core::model::{Activation, DeviceId, PushAction, PushTopic, PushUrgency, Secret, Timestamp};
    use serde_json::{Value, json};

    use super::*;

    fn message() -> PushMessage {
        PushMessage {
            topic: PushTopic::of("alert|1"),
            tag: "alert-1".to_owned(),
            urgency: PushUrgency::High,
            ttl: Duration::from_hours(1),
            title: "AAPL 270.00".to_owned(),
            body: "Above 269.00".to_owned(),
            navigate: "/?symbol=AAPL".to_owned(),
            actions: vec![PushAction {
                id: "snooze".to_owned(),
                title: "Snooze 1 h".to_owned(),
                token: Secret::from_random([1; 32]),
            }],
            about: Some("1".to_owned()),
            activation: None,
            created_at: Timestamp::from_millis(1_795_421_520_000),
        }
    }

    fn read(message: &PushMessage) -> Value {
        serde_json::from_str(&payload(message, "https://stocks.example")).unwrap()
    }

    #[test]
    fn a_message_is_declarative_and_its_worker_finds_the_tokens() {
        let expect = json!({
            "web_push": 8030,
            "notification": {
                "title": "AAPL 270.00",
                "body": "Above 269.00",
                "navigate": "https://stocks.example/?symbol=AAPL",
                "tag": "alert-1",
                "timestamp": 1_795_421_520_000_i64,
                "actions": [{"action": "snooze", "title": "Snooze 1 h", "navigate": "https://stocks.example/?symbol=AAPL"}],
                "data": {
                    "navigate": "https://stocks.example/?symbol=AAPL",
                    "about": "1",
                    "tokens": [{"id": "snooze", "token": "01".repeat(32)}]
                }
            },
            "mutable": true
        });
        assert_eq!(read(&message()), expect);
        let activation = Some(Activation { device: DeviceId::new("d"), token: Secret::from_random([2; 32]) });
        let activating = read(&PushMessage { activation, ..message() });
        assert_eq!(activating["notification"]["data"]["activation"], json!({"id": "d", "token": "02".repeat(32)}));
    }

    #[test]
    fn what_comes_from_outside_opens_no_other_site_and_hides_nothing() {
        for elsewhere in ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "", "x"] {
            let found = read(&PushMessage { navigate: elsewhere.to_owned(), ..message() });
            assert_eq!(found["notification"]["navigate"], "https://stocks.example/", "{elsewhere}");
        }
        let title = format!("<img onerror>\u{202e}evil\n{}", "x".repeat(200));
        let found = read(&PushMessage { title, ..message() });
        let shown = found["notification"]["title"].as_str().unwrap();
        assert!(shown.starts_with("<img onerror>evil x") && shown.chars().count() == 120, "{shown}");
        let body = "Above 269.00\nthe \u{2066}yardstick\u{7}".to_owned();
        assert_eq!(read(&PushMessage { body, ..message() })["notification"]["body"], "Above 269.00\nthe yardstick");
    }
}
