//! What travels over SNS, version 1: ticks, quotes to be held against alerts, changed lists and orders to push something to a device, one
//! JSON object a message. The others say what they are in `kind`; a tick says nothing.

use quickstocks_core::model::{
    AlertWork, ConnectionId, ListId, Missing, PushOrder, Shard, ShardRange, ShardRest, SourceHealth, StoredQuote, Tick,
    TickNumber, Timestamp, UserId, Watchlist,
};
use quickstocks_core::ports::ListChange;
use serde::{Deserialize, Serialize};

/// The version this crate writes. A reader refuses others: during a deployment the old dispatcher's messages fail into
/// the dead-letter queue instead of being misread, and the next tick is a minute away.
pub const VERSION: u32 = 1;

/// The version of a tick that was handed on, since one that read only version 1 would serve the whole range again.
pub const HANDED_ON_VERSION: u32 = 2;

/// The largest message: the SNS default of 256 KiB, less room for attributes.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024 - 1024;

/// Why a message cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is not the JSON of a message.
    #[error("the message is none of those that this program knows")]
    Malformed(#[from] serde_json::Error),
    /// It is of a version this program does not know.
    #[error("the message is of version {0}, this program reads {VERSION} and {HANDED_ON_VERSION}")]
    Version(u32),
    /// It is of a kind this program does not know.
    #[error("the message is of the kind {0:?}, which this program does not know")]
    Kind(String),
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq)]
pub enum TopicMessage {
    /// A tick.
    Tick(Box<Tick>),
    /// Quotes to be held against alerts.
    Alerts(AlertWork),
    /// How a list of somebody's is now.
    List(UserId, ListChange),
    /// The order to push something to a device.
    Push(PushOrder),
}

/// The kind of a message that holds a list.
pub const LIST_KIND: &str = "list";

/// The kind of a message that holds quotes for alerts.
pub const ALERTS_KIND: &str = "alerts";

#[derive(Serialize, Deserialize)]
struct AlertWorkMessage {
    v: u32,
    kind: String,
    #[serde(flatten)]
    work: AlertWork,
}

/// Renders quotes for alerts as one message, or as several of at most `max_bytes` that each hold some of them.
pub fn encode_alert_work(work: &AlertWork, max_bytes: usize) -> Vec<String> {
    let whole = crate::ws::json(&AlertWorkMessage { v: VERSION, kind: ALERTS_KIND.to_owned(), work: work.clone() });
    if whole.len() <= max_bytes || work.steps.len() < 2 {
        return vec![whole];
    }
    let parts = whole.len().div_ceil(max_bytes).max(2);
    let part = |steps: &[_]| encode_alert_work(&AlertWork { steps: steps.to_vec(), ..work.clone() }, max_bytes);
    work.steps.chunks(work.steps.len().div_ceil(parts)).flat_map(part).collect()
}

/// The kind of a message that holds an order to push something.
pub const PUSH_KIND: &str = "push";

#[derive(Serialize, Deserialize)]
struct ListMessage {
    v: u32,
    kind: String,
    user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list: Option<Watchlist>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted: Option<ListId>,
}

/// Renders a changed list, without its notes: they are for whoever asks, and would make a frame too large.
pub fn encode_list(user: &UserId, change: &ListChange) -> String {
    let (list, deleted) = match change {
        ListChange::Changed(list) => (Some(Watchlist { notes: std::collections::BTreeMap::new(), ..list.clone() }), None),
        ListChange::Deleted(id) => (None, Some(id.clone())),
    };
    crate::ws::json(&ListMessage { v: VERSION, kind: LIST_KIND.to_owned(), user: user.clone(), list, deleted })
}

#[derive(Serialize, Deserialize)]
struct PushOrderMessage {
    v: u32,
    kind: String,
    #[serde(flatten)]
    order: PushOrder,
}

/// Renders an order to push something. It holds no secret: what the device has to show is made where it is sent.
pub fn encode_push(order: &PushOrder) -> String {
    crate::ws::json(&PushOrderMessage { v: VERSION, kind: PUSH_KIND.to_owned(), order: order.clone() })
}

/// Reads a message of any kind.
pub fn decode(message: &str) -> Result<TopicMessage, DecodeError> {
    #[derive(Deserialize)]
    struct Kind {
        v: u32,
        kind: Option<String>,
    }
    let Kind { v, kind } = serde_json::from_str(message)?;
    match kind.as_deref() {
        None => Ok(TopicMessage::Tick(Box::new(decode_tick(message)?))),
        _ if v != VERSION => Err(DecodeError::Version(v)),
        Some(LIST_KIND) => {
            let ListMessage { user, list, deleted, .. } = serde_json::from_str(message)?;
            match (list, deleted) {
                (Some(list), _) => Ok(TopicMessage::List(user, ListChange::Changed(list))),
                (None, Some(id)) => Ok(TopicMessage::List(user, ListChange::Deleted(id))),
                (None, None) => Err(DecodeError::Malformed(serde::de::Error::missing_field("list"))),
            }
        }
        Some(ALERTS_KIND) => Ok(TopicMessage::Alerts(serde_json::from_str::<AlertWorkMessage>(message)?.work)),
        Some(PUSH_KIND) => Ok(TopicMessage::Push(serde_json::from_str::<PushOrderMessage>(message)?.order)),
        Some(other) => Err(DecodeError::Kind(other.to_owned())),
    }
}

#[derive(Serialize, Deserialize)]
struct Message {
    v: u32,
    tick: TickNumber,
    made_at: Timestamp,
    polled_at: Timestamp,
    source: SourceHealth,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    source_changed: bool,
    quotes: Vec<StoredQuote>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
    shards: ShardRange,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest: Option<Vec<ShardRest>>,
    /// Where a dispatcher of an earlier release stopped in the first shard of the range; none writes it any more.
    #[serde(default, skip_serializing)]
    after: Option<ConnectionId>,
}

/// Renders a tick as one message, or as several of at most `max_bytes` that each hold a part of its quotes. Every part
/// but the first says nothing of a changed source, so that nobody is told twice.
pub fn encode_tick(tick: &Tick, max_bytes: usize) -> Vec<String> {
    let whole = encode(tick, &tick.quotes, true);
    if whole.len() <= max_bytes || tick.quotes.len() < 2 {
        return vec![whole];
    }
    // Quotes are of nearly one size; a tenth in reserve for those that are not.
    let parts = (whole.len() * 11 / 10).div_ceil(max_bytes).max(2);
    let mut messages = Vec::with_capacity(parts);
    for (at, quotes) in tick.quotes.chunks(tick.quotes.len().div_ceil(parts)).enumerate() {
        let part = Tick {
            quotes: quotes.to_vec(),
            missing: if at == 0 { tick.missing.clone() } else { Vec::new() },
            source_changed: tick.source_changed && at == 0,
            ..tick.clone()
        };
        messages.extend(encode_tick(&part, max_bytes));
    }
    messages
}

fn encode(tick: &Tick, quotes: &[StoredQuote], first: bool) -> String {
    let message = Message {
        v: if tick.rest.is_some() { HANDED_ON_VERSION } else { VERSION },
        tick: tick.tick,
        made_at: tick.made_at,
        polled_at: tick.polled_at,
        source: tick.source.clone(),
        source_changed: tick.source_changed && first,
        quotes: quotes.to_vec(),
        missing: tick.missing.clone(),
        shards: tick.shards,
        rest: tick.rest.clone(),
        after: None,
    };
    crate::ws::json(&message)
}

/// Reads a message.
pub fn decode_tick(message: &str) -> Result<Tick, DecodeError> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u32,
    }
    let Versioned { v } = serde_json::from_str(message)?;
    if v != VERSION && v != HANDED_ON_VERSION {
        return Err(DecodeError::Version(v));
    }
    let Message { tick, made_at, polled_at, source, source_changed, quotes, missing, shards, rest, after, .. } =
        serde_json::from_str(message)?;
    let from = |after: ConnectionId| {
        let first = Some(after);
        let after = |shard: Shard| if shard.0 == shards.first { first.clone() } else { None };
        shards.shards().map(|shard| ShardRest { shard, after: after(shard) }).collect()
    };
    let rest = rest.or_else(|| after.map(from));
    Ok(Tick { tick, made_at, polled_at, source, source_changed, quotes, missing, shards, rest })
}

#[cfg(test)]
mod tests {
    use quickstocks_core::model::{DeviceId, PushPurpose, QuoteStep};

    use super::*;
    use crate::fixtures::{quote, tick};

    #[test]
    fn a_tick_survives_the_journey() {
        let sent = Tick { source_changed: true, ..tick(vec![quote("AAPL", "1.50"), quote("^GSPC", "4000")]) };
        let rest = vec![
            ShardRest { shard: Shard(9), after: Some(ConnectionId::new("abc=")) },
            ShardRest { shard: Shard(3), after: None },
        ];
        for (rest, version) in [(None, VERSION), (Some(rest), HANDED_ON_VERSION)] {
            let sent = Tick { rest, ..sent.clone() };
            let messages = encode_tick(&sent, MAX_MESSAGE_BYTES);
            assert_eq!(messages.len(), 1);
            assert!(messages[0].starts_with(&format!(r#"{{"v":{version},"#)), "{}", messages[0]);
            assert_eq!(decode_tick(&messages[0]).unwrap(), sent);
        }
    }

    #[test]
    fn what_a_dispatcher_of_an_earlier_release_handed_on_is_understood() {
        let message = encode_tick(&tick(Vec::new()), MAX_MESSAGE_BYTES).remove(0);
        let handed_on = message.replace(r#""shards":[0,15]"#, r#""shards":[14,15],"after":"abc=""#);
        let rest = vec![
            ShardRest { shard: Shard(14), after: Some(ConnectionId::new("abc=")) },
            ShardRest { shard: Shard(15), after: None },
        ];
        assert_eq!(decode_tick(&handed_on).unwrap().rest, Some(rest));
    }

    #[test]
    fn a_tick_that_does_not_fit_is_split_and_no_quote_is_lost_or_doubled() {
        let sent = Tick { source_changed: true, ..tick((0..1000).map(|n| quote(&format!("S{n}"), "12.34")).collect()) };
        let messages = encode_tick(&sent, 20_000);
        assert!(messages.len() > 5);
        let parts: Vec<Tick> = messages.iter().map(|message| decode_tick(message).unwrap()).collect();
        assert!(messages.iter().all(|message| message.len() <= 20_000));
        assert_eq!(parts.iter().filter(|part| part.source_changed).count(), 1);
        let quotes: Vec<_> = parts.into_iter().flat_map(|part| part.quotes).collect();
        assert_eq!(quotes, sent.quotes);
    }

    #[test]
    fn a_list_survives_the_journey_without_its_notes() {
        let list: Watchlist = serde_json::from_str(
            r#"{"id":"1f","name":"My picks","symbols":["AAPL"],"notes":{"AAPL":"the yardstick"},"version":3,"updated_at":5}"#,
        )
        .unwrap();
        let user = UserId::new("ann");
        let bare = Watchlist { notes: std::collections::BTreeMap::new(), ..list.clone() };
        let journey = |change: &ListChange| decode(&encode_list(&user, change)).unwrap();
        assert_eq!(journey(&ListChange::Changed(list)), TopicMessage::List(user.clone(), ListChange::Changed(bare)));
        let deleted = ListChange::Deleted(ListId::new("1f"));
        assert_eq!(journey(&deleted), TopicMessage::List(user.clone(), deleted.clone()));
        let message = encode_list(&user, &deleted);
        assert!(matches!(decode(&message.replace("\"v\":1", "\"v\":2")), Err(DecodeError::Version(2))));
        assert!(matches!(decode(&message.replace("list", "alert")), Err(DecodeError::Kind(kind)) if kind == "alert"));
        assert!(matches!(decode(&message.replace("deleted", "gone")), Err(DecodeError::Malformed(_))));
        let tick = tick(vec![quote("AAPL", "1.50")]);
        assert_eq!(decode(&encode_tick(&tick, MAX_MESSAGE_BYTES)[0]).unwrap(), TopicMessage::Tick(Box::new(tick)));
    }

    #[test]
    fn quotes_for_alerts_survive_the_journey_in_parts() {
        let stored = tick((0..500).map(|n| quote(&format!("S{n}"), "12.34")).collect()).quotes;
        let steps = stored.iter().map(|quote| QuoteStep { previous: Some(quote.clone()), quote: quote.clone() });
        let work = AlertWork { made_at: Timestamp::from_millis(5), tries: 0, steps: steps.collect() };
        let whole = AlertWork { steps: vec![QuoteStep { previous: None, quote: stored[0].clone() }], ..work.clone() };
        let messages = encode_alert_work(&whole, MAX_MESSAGE_BYTES);
        assert_eq!(messages.len(), 1);
        assert_eq!(decode(&messages[0]).unwrap(), TopicMessage::Alerts(whole));
        assert!(matches!(decode(&messages[0].replace("\"v\":1", "\"v\":2")), Err(DecodeError::Version(2))));
        let messages = encode_alert_work(&work, 20_000);
        assert!(messages.len() > 10 && messages.iter().all(|message| message.len() <= 20_000));
        let mut arrived = Vec::new();
        for message in messages {
            let TopicMessage::Alerts(part) = decode(&message).unwrap() else { panic!("{message}") };
            assert_eq!(part.made_at, work.made_at);
            arrived.extend(part.steps);
        }
        assert_eq!(arrived, work.steps);
    }

    #[test]
    fn an_order_to_push_survives_the_journey() {
        for purpose in [PushPurpose::Activate, PushPurpose::Test] {
            let order = PushOrder { user: UserId::new("ann"), device: DeviceId::new("1f"), purpose };
            assert_eq!(decode(&encode_push(&order)).unwrap(), TopicMessage::Push(order.clone()));
            let message = encode_push(&order);
            assert!(matches!(decode(&message.replace("\"v\":1", "\"v\":2")), Err(DecodeError::Version(2))));
            assert!(matches!(decode(&message.replace("device", "gone")), Err(DecodeError::Malformed(_))));
        }
    }

    #[test]
    fn other_versions_and_nonsense_are_refused() {
        let message = encode_tick(&tick(Vec::new()), MAX_MESSAGE_BYTES).remove(0);
        assert!(matches!(decode_tick(&message.replace("\"v\":1", "\"v\":3")), Err(DecodeError::Version(3))));
        assert!(matches!(decode_tick("{}"), Err(DecodeError::Malformed(_))));
        assert!(matches!(decode_tick("nonsense"), Err(DecodeError::Malformed(_))));
    }
}
