use quickstocks_core::live::{MAX_CLIENT_FRAME_BYTES, Reply};
use quickstocks_core::model::{
    ConnectionId, ListId, MAX_FOLLOWED, Missing, SourceHealth, StoredQuote, Tick, TickNumber, Timestamp,
};
use quickstocks_core::ports::{FrameEncoder, ListChange};
use serde::Serialize;

use super::{MAX_FRAME_BYTES, json};

/// What every price message and snapshot begins with.
#[derive(Serialize)]
struct Head<'a> {
    r#type: &'static str,
    tick: TickNumber,
    polled_at: Timestamp,
    source: &'a SourceHealth,
}

#[derive(Serialize)]
struct Limits {
    symbols: usize,
    frame_bytes: usize,
}

#[derive(Serialize)]
struct HelloFrame<'a> {
    r#type: &'static str,
    connection: &'a ConnectionId,
    tick: TickNumber,
    polled_at: Timestamp,
    server_time: Timestamp,
    source: &'a SourceHealth,
    limits: Limits,
}

#[derive(Serialize)]
struct PongFrame<'a> {
    r#type: &'static str,
    tick: TickNumber,
    polled_at: Timestamp,
    server_time: Timestamp,
    source: &'a SourceHealth,
}

#[derive(Serialize)]
struct ByeFrame {
    r#type: &'static str,
    reason: &'static str,
    reconnect_in: u32,
}

#[derive(Serialize)]
struct ErrorFrame<'a> {
    r#type: &'static str,
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

#[derive(Serialize)]
struct ListFrame<T> {
    r#type: &'static str,
    list: T,
}

#[derive(Serialize)]
struct DeletedList<'a> {
    id: &'a ListId,
    deleted: bool,
}

/// The frame that tells a user's devices how a list now is.
pub fn list_frame(change: &ListChange) -> String {
    match change {
        ListChange::Changed(list) => json(&ListFrame { r#type: "list", list }),
        ListChange::Deleted(id) => json(&ListFrame { r#type: "list", list: DeletedList { id, deleted: true } }),
    }
}

/// Renders a reply; a snapshot that does not fit one frame becomes several.
pub fn encode_reply(reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Hello { connection, status, server_time } => vec![json(&HelloFrame {
            r#type: "hello",
            connection,
            tick: status.tick,
            polled_at: status.polled_at,
            server_time: *server_time,
            source: &status.health,
            limits: Limits { symbols: MAX_FOLLOWED, frame_bytes: MAX_CLIENT_FRAME_BYTES },
        })],
        Reply::Snapshot { status, quotes, missing } => {
            let head = head("snapshot", status.tick, status.polled_at, &status.health);
            let quotes: Vec<String> = quotes.iter().map(json::<StoredQuote>).collect();
            let missing: Vec<String> = missing.iter().map(json::<Missing>).collect();
            frames(
                &head,
                &quotes.iter().map(String::as_str).collect::<Vec<_>>(),
                &missing.iter().map(String::as_str).collect::<Vec<_>>(),
            )
        }
        Reply::Pong { status, server_time } => vec![json(&PongFrame {
            r#type: "pong",
            tick: status.tick,
            polled_at: status.polled_at,
            server_time: *server_time,
            source: &status.health,
        })],
        Reply::Bye { reason, reconnect_in } => vec![json(&ByeFrame { r#type: "bye", reason, reconnect_in: *reconnect_in })],
        Reply::Refusal(refusal) => vec![json(&ErrorFrame {
            r#type: "error",
            code: refusal.code.as_str(),
            message: &refusal.message,
            field: refusal.field.as_deref(),
        })],
    }
}

/// A tick with each quote rendered once, however many connections follow it.
pub struct TickFrames {
    head: String,
    status: String,
    quotes: Vec<String>,
    missing: Vec<String>,
}

impl TickFrames {
    /// Renders the quotes of a tick.
    pub fn new(tick: &Tick) -> Self {
        Self {
            head: head("quotes", tick.tick, tick.polled_at, &tick.source),
            status: json(&Head { r#type: "status", tick: tick.tick, polled_at: tick.polled_at, source: &tick.source }),
            quotes: tick.quotes.iter().map(json::<StoredQuote>).collect(),
            missing: tick.missing.iter().map(json::<Missing>).collect(),
        }
    }
}

impl FrameEncoder for TickFrames {
    fn quotes(&self, quotes: &[usize], missing: &[usize]) -> Vec<String> {
        let pick =
            |all: &'_ [String], which: &[usize]| -> Vec<String> { which.iter().filter_map(|at| all.get(*at).cloned()).collect() };
        let (quotes, missing) = (pick(&self.quotes, quotes), pick(&self.missing, missing));
        frames(
            &self.head,
            &quotes.iter().map(String::as_str).collect::<Vec<_>>(),
            &missing.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    }

    fn status(&self) -> &str {
        &self.status
    }
}

/// The head's JSON object, left open.
fn head(kind: &'static str, tick: TickNumber, polled_at: Timestamp, source: &SourceHealth) -> String {
    let mut head = json(&Head { r#type: kind, tick, polled_at, source });
    head.pop();
    head
}

/// Room for `,"part":nnn,"parts":nnn`, the brackets and the names of the lists.
const FRAME_RESERVE: usize = 96;

/// Puts rendered items together into frames of at most [`MAX_FRAME_BYTES`]. The missing symbols travel in the first.
fn frames(head: &str, quotes: &[&str], missing: &[&str]) -> Vec<String> {
    let missing_bytes: usize = missing.iter().map(|item| item.len() + 1).sum();
    let mut room = MAX_FRAME_BYTES.saturating_sub(head.len() + missing_bytes + FRAME_RESERVE);
    let mut parts: Vec<Vec<&str>> = vec![Vec::new()];
    for quote in quotes {
        if quote.len() + 1 > room && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(Vec::new());
            room = MAX_FRAME_BYTES.saturating_sub(head.len() + FRAME_RESERVE);
        }
        room = room.saturating_sub(quote.len() + 1);
        if let Some(part) = parts.last_mut() {
            part.push(quote);
        }
    }
    let count = parts.len();
    parts
        .iter()
        .enumerate()
        .map(|(at, part)| {
            let position = if count > 1 { format!(",\"part\":{},\"parts\":{count}", at + 1) } else { String::new() };
            let mut frame = String::with_capacity(
                head.len() + part.iter().map(|item| item.len() + 1).sum::<usize>() + missing_bytes + FRAME_RESERVE,
            );
            frame.push_str(head);
            frame.push_str(&position);
            push_list(&mut frame, "quotes", part);
            if at == 0 && !missing.is_empty() {
                push_list(&mut frame, "missing", missing);
            }
            frame.push('}');
            frame
        })
        .collect()
}

fn push_list(frame: &mut String, name: &str, items: &[&str]) {
    frame.push_str(",\"");
    frame.push_str(name);
    frame.push_str("\":[");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            frame.push(',');
        }
        frame.push_str(item);
    }
    frame.push(']');
}

#[cfg(test)]
mod tests {
    use quickstocks_core::live::{Refusal, RefusalCode};
    use quickstocks_core::model::{MissingReason, SourceStatus, Symbol};
    use serde_json::Value;

    use super::*;
    use crate::fixtures::{quote, tick};

    fn value(frame: &str) -> Value {
        serde_json::from_str(frame).unwrap()
    }

    #[test]
    fn a_price_message_holds_just_the_chosen_quotes_each_whole() {
        let tick = tick(vec![quote("AAPL", "1"), quote("MSFT", "2"), quote("GOOG", "3")]);
        let frames = TickFrames::new(&tick).quotes(&[0, 2], &[]);
        assert_eq!(frames.len(), 1);
        let frame = value(&frames[0]);
        assert_eq!(frame["type"], "quotes");
        assert_eq!(frame["tick"], 1843);
        assert_eq!(frame["source"]["state"], "ok");
        let sent: Vec<StoredQuote> = serde_json::from_value(frame["quotes"].clone()).unwrap();
        assert_eq!(sent, [tick.quotes[0].clone(), tick.quotes[2].clone()]);
        assert!(frame.get("missing").is_none() && frame.get("part").is_none());
    }

    #[test]
    fn a_message_above_the_frame_size_is_split_into_numbered_parts() {
        let tick = tick((0..400).map(|n| quote(&format!("SYM{n}"), "123.45")).collect());
        let all: Vec<usize> = (0..400).collect();
        let frames = TickFrames::new(&tick).quotes(&all, &[]);
        assert!(frames.len() > 1);
        let mut sent: Vec<StoredQuote> = Vec::new();
        for (at, frame) in frames.iter().enumerate() {
            assert!(frame.len() <= MAX_FRAME_BYTES, "{}", frame.len());
            let frame = value(frame);
            assert_eq!((frame["part"].as_u64(), frame["parts"].as_u64()), (Some(at as u64 + 1), Some(frames.len() as u64)));
            sent.extend(serde_json::from_value::<Vec<StoredQuote>>(frame["quotes"].clone()).unwrap());
        }
        assert_eq!(sent, tick.quotes);
    }

    #[test]
    fn replies_have_the_shapes_of_the_protocol() {
        let status = SourceStatus { tick: TickNumber(9), ..SourceStatus::default() };
        let missing = vec![Missing { symbol: Symbol::parse("NEWCO").unwrap(), reason: MissingReason::Pending }];
        let snapshot = encode_reply(&Reply::Snapshot { status: status.clone(), quotes: Vec::new(), missing });
        assert_eq!(value(&snapshot[0])["missing"][0]["reason"], "pending");
        assert_eq!(value(&snapshot[0])["quotes"], Value::Array(Vec::new()));
        let hello =
            encode_reply(&Reply::Hello { connection: ConnectionId::new("a="), status, server_time: Timestamp::from_millis(5) });
        assert_eq!(value(&hello[0])["limits"]["symbols"], 400);
        let refusal = Refusal { code: RefusalCode::UnknownAction, message: "m".into(), field: None };
        assert_eq!(encode_reply(&Reply::Refusal(refusal)), [r#"{"type":"error","code":"unknown_action","message":"m"}"#]);
    }
}
