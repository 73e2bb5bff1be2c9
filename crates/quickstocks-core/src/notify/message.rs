//! What a push message says of notifications.

use std::time::Duration;

use rust_decimal::Decimal;

use super::Notifier;
use crate::model::{
    ActionToken, AlertEvent, AlertId, Direction, Fire, Notification, PushAction, PushMessage, PushTopic, PushUrgency, Rule,
    Secret, Since, Trigger, UserId,
};
use crate::ports::StoreError;

/// For how long the buttons of a notification are good.
pub const ACTION_LIFETIME: Duration = Duration::from_hours(24);

/// A price that somebody hears of after an hour is worth nothing.
const FIRE_TTL: Duration = Duration::from_hours(1);

/// What was held back is news for longer.
const DIGEST_TTL: Duration = Duration::from_hours(12);

/// How many of several notifications a message tells of; it says how many more there are.
const LINES: usize = 4;

impl Notifier {
    /// One message for these notifications. Its buttons get a token of their own, which is stored as a hash: it is made here, where it is
    /// sent, and nowhere kept.
    pub(super) async fn message(&self, user: &UserId, notices: &[&Notification]) -> Result<PushMessage, StoreError> {
        let now = self.clock.now();
        let mut fired: Vec<AlertId> = Vec::new();
        for notice in notices.iter().filter(|notice| matches!(notice.event, AlertEvent::Fired(_))) {
            if !fired.contains(&notice.alert) {
                fired.push(notice.alert.clone());
            }
        }
        let mut actions = Vec::new();
        if !fired.is_empty() {
            let mut bytes = [0; 32];
            self.random.fill(&mut bytes);
            let token = Secret::from_random(bytes);
            let expires_at = now + ACTION_LIFETIME;
            let stored = ActionToken { hash: token.hash(), user: user.clone(), alerts: fired, expires_at };
            self.actions.put_action(&stored).await?;
            for (id, title) in [("snooze", "Snooze 1 h"), ("rearm", "Re-arm"), ("mute", "Mute today")] {
                actions.push(PushAction { id: id.to_owned(), title: title.to_owned(), token: token.clone() });
            }
        }
        let digest = notices.iter().any(|notice| notice.delivery.held.is_some());
        let (name, title, body, navigate) = match notices {
            [one] => (format!("alert|{}", one.alert), title(one), body(one), page(one)),
            several => {
                let ids: Vec<&str> = several.iter().map(|notice| notice.id.as_str()).collect();
                (format!("alerts|{}", ids.join("|")), joined_title(several), joined_body(several), "/#/inbox".to_owned())
            }
        };
        let topic = PushTopic::of(&name);
        Ok(PushMessage {
            tag: topic.as_str().to_owned(),
            topic,
            urgency: if digest { PushUrgency::Normal } else { PushUrgency::High },
            ttl: if digest { DIGEST_TTL } else { FIRE_TTL },
            title,
            body,
            navigate,
            actions,
            about: notices.first().map(|notice| notice.id.to_string()),
            activation: None,
            created_at: notices.iter().map(|notice| notice.created_at).max().unwrap_or(now),
        })
    }
}

/// The page of the symbol. A symbol has no character that an address cannot hold but these.
fn page(notice: &Notification) -> String {
    let mut symbol = String::new();
    for character in notice.symbol.as_str().chars() {
        match character {
            '^' => symbol.push_str("%5E"),
            '=' => symbol.push_str("%3D"),
            '&' => symbol.push_str("%26"),
            '+' => symbol.push_str("%2B"),
            other => symbol.push(other),
        }
    }
    format!("/#/symbols/{symbol}")
}

fn title(notice: &Notification) -> String {
    let symbol = &notice.symbol;
    match &notice.event {
        AlertEvent::Fired(fire) => format!("{symbol} {}", priced(fire)),
        AlertEvent::SplitAdjusted { .. } => format!("{symbol}: shares split"),
        AlertEvent::Expired { .. } => format!("{symbol}: alert expired"),
    }
}

fn body(notice: &Notification) -> String {
    let what = why(notice);
    match &notice.note {
        Some(note) => format!("{what}\n{}", note.as_str()),
        None => what,
    }
}

fn joined_title(notices: &[&Notification]) -> String {
    let mut symbols: Vec<&str> = Vec::new();
    for notice in notices {
        if !symbols.contains(&notice.symbol.as_str()) {
            symbols.push(notice.symbol.as_str());
        }
    }
    let named = symbols.iter().take(LINES).copied().collect::<Vec<_>>().join(", ");
    let more = if symbols.len() > LINES { ", \u{2026}" } else { "" };
    format!("{} alerts: {named}{more}", notices.len())
}

fn joined_body(notices: &[&Notification]) -> String {
    // The newest say most.
    let mut lines: Vec<String> = notices
        .iter()
        .rev()
        .take(LINES)
        .map(|notice| match &notice.event {
            AlertEvent::Fired(fire) => format!("{} {}: {}", notice.symbol, priced(fire), why(notice)),
            _ => format!("{}: {}", notice.symbol, why(notice)),
        })
        .collect();
    if notices.len() > LINES {
        lines.push(format!("and {} more", notices.len() - LINES));
    }
    lines.join("\n")
}

/// A price with its currency and its change of the day.
fn priced(fire: &Fire) -> String {
    let currency = fire.currency.as_ref().map(|currency| format!(" {}", currency.as_str())).unwrap_or_default();
    let change = fire.change_percent.map(|change| format!(" ({}%)", signed(change))).unwrap_or_default();
    // 311.5 reads as 311.50, and 5000 stays as it is.
    let mut price = fire.price.normalize();
    if price.scale() == 1 {
        price.rescale(2);
    }
    format!("{price}{currency}{change}")
}

fn signed(change: Decimal) -> String {
    if change.is_sign_negative() { format!("\u{2212}{}", change.abs()) } else { format!("+{change}") }
}

/// What happened, in one sentence without its symbol.
pub(super) fn why(notice: &Notification) -> String {
    match &notice.event {
        AlertEvent::Fired(fire) => fired(&notice.rule, fire),
        AlertEvent::SplitAdjusted { ratio, price: Some(price), .. } => {
            format!("The target is {price} now, for {} shares of each old one. You can undo this.", ratio.normalize())
        }
        AlertEvent::SplitAdjusted { ratio, price: None, .. } => {
            format!("The alert counts in new shares now, {} of each old one. You can undo this.", ratio.normalize())
        }
        AlertEvent::Expired { .. } => "It did not fire in its time.".to_owned(),
    }
}

fn fired(rule: &Rule, fire: &Fire) -> String {
    let threshold = fire.threshold.normalize();
    let value = fire.value.normalize();
    let at = match fire.trigger {
        Trigger::DayHigh => format!(" (session's high {value})"),
        Trigger::DayLow => format!(" (session's low {value})"),
        Trigger::Price | Trigger::Volume => String::new(),
    };
    match rule {
        Rule::PriceAbove { .. } => format!("Reached {threshold} or above{at}"),
        Rule::PriceBelow { .. } => format!("Reached {threshold} or below{at}"),
        Rule::Move { percent, direction, since } => {
            let way = match (direction, fire.rising) {
                (Direction::Up, _) | (Direction::Either, true) => "Up",
                (Direction::Down, _) | (Direction::Either, false) => "Down",
            };
            let from = match since {
                Since::PreviousClose => "since the previous close".to_owned(),
                Since::Set => "since the alert was armed".to_owned(),
                Since::Window { window_minutes } => format!("within {window_minutes} minutes"),
            };
            format!("{way} {}% or more {from}{at}", percent.normalize())
        }
        Rule::NewHigh => format!("New 52-week high: {value}, above {threshold}"),
        Rule::NewLow => format!("New 52-week low: {value}, below {threshold}"),
        Rule::VolumeSpike { times } => format!("Volume {value}: {} times the average or more", times.normalize()),
    }
}
