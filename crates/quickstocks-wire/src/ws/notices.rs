//! Notifications and what became of alerts, for open pages.

use quickstocks_core::model::{AlertEvent, AlertId, Note, Notification, NotificationId, Rule, Symbol, Timestamp};
use quickstocks_core::ports::NoticeEncoder;
use serde::{Deserialize, Serialize};

use super::{MAX_FRAME_BYTES, json};

/// Room for `{"type":"alert","notifications":[]}`.
const FRAME_RESERVE: usize = 64;

/// A notification as its owner sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoticeView {
    /// The id; a later one is greater.
    pub id: NotificationId,
    /// The alert it is about, which may be gone.
    pub alert: AlertId,
    /// What that alert watched.
    pub symbol: Symbol,
    /// What the symbol is called.
    pub name: String,
    /// What the alert waited for.
    pub rule: Rule,
    /// What its owner wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// What happened.
    #[serde(flatten)]
    pub event: AlertEvent,
    /// Whether its owner read it.
    pub read: bool,
    /// When it was written down.
    pub created_at: Timestamp,
}

impl NoticeView {
    /// The view of a notification.
    pub fn of(notice: &Notification) -> Self {
        Self {
            id: notice.id.clone(),
            alert: notice.alert.clone(),
            symbol: notice.symbol.clone(),
            name: notice.name.to_string(),
            rule: notice.rule.clone(),
            note: notice.note.clone(),
            event: notice.event.clone(),
            read: notice.read_at.is_some(),
            created_at: notice.created_at,
        }
    }
}

/// Renders the frames of type `alert`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoticeFrames;

impl NoticeEncoder for NoticeFrames {
    fn frames(&self, notices: &[&Notification]) -> Vec<String> {
        let mut parts: Vec<Vec<String>> = Vec::new();
        let mut bytes = 0;
        for notice in notices {
            let item = json(&NoticeView::of(notice));
            if parts.is_empty() || bytes + item.len() + 1 > MAX_FRAME_BYTES - FRAME_RESERVE {
                parts.push(Vec::new());
                bytes = 0;
            }
            bytes += item.len() + 1;
            if let Some(part) = parts.last_mut() {
                part.push(item);
            }
        }
        parts.into_iter().map(|part| format!(r#"{{"type":"alert","notifications":[{}]}}"#, part.join(","))).collect()
    }
}

#[cfg(test)]
mod tests {
    use quickstocks_core::model::{NoticeDelivery, UserId};
    use rust_decimal::Decimal;

    use super::*;

    fn notice(n: usize, note: &str) -> Notification {
        let at = Timestamp::from_millis(5);
        Notification {
            id: NotificationId::new(&format!("{n:032}")),
            user: UserId::new("ann"),
            alert: AlertId::new("1f"),
            symbol: Symbol::parse("AAPL").unwrap(),
            name: "Apple Inc.".into(),
            rule: Rule::PriceAbove { price: Decimal::new(150, 0) },
            note: note.parse().ok(),
            event: AlertEvent::SplitAdjusted { at, ratio: Decimal::TWO, price: None },
            created_at: at,
            read_at: None,
            delivery: NoticeDelivery::default(),
        }
    }

    #[test]
    fn a_frame_holds_notifications_without_whose_they_are_and_how_they_travel() {
        let one = notice(1, "sell");
        let frames = NoticeFrames.frames(&[&one]);
        let expected = concat!(
            r#"{"type":"alert","notifications":[{"id":"00000000000000000000000000000001","alert":"1f","symbol":"AAPL","#,
            r#""name":"Apple Inc.","rule":{"kind":"price_above","price":"150"},"note":"sell","#,
            r#""event":"split_adjusted","at":5,"ratio":"2","read":false,"created_at":5}]}"#
        );
        assert_eq!(frames, [expected]);
    }

    #[test]
    fn no_frame_is_larger_than_the_platform_takes_and_none_is_lost() {
        let many: Vec<Notification> = (0..200).map(|n| notice(n, &"\u{20ac}".repeat(200))).collect();
        let frames = NoticeFrames.frames(&many.iter().collect::<Vec<_>>());
        assert!(frames.len() > 1 && frames.iter().all(|frame| frame.len() <= MAX_FRAME_BYTES));
        let ids: Vec<String> = frames
            .iter()
            .flat_map(|frame| {
                serde_json::from_str::<serde_json::Value>(frame).unwrap()["notifications"].as_array().unwrap().clone()
            })
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(ids, many.iter().map(|one| one.id.to_string()).collect::<Vec<_>>());
        assert!(NoticeFrames.frames(&[]).is_empty());
    }
}
