use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ConnectionId, Missing, Shard, ShardRange, SourceHealth, StoredQuote, Timestamp};

/// The number of a tick. It only grows; gaps are allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TickNumber(pub u64);

impl fmt::Display for TickNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What one poll changed, addressed to a range of connection shards. One poll makes K of them, which differ
/// only in `shards`, or more when the quotes do not fit one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Its number.
    pub tick: TickNumber,
    /// When it was made: what its age counts from.
    pub made_at: Timestamp,
    /// When the last poll was made; earlier than `made_at` in a tick that only tells a new state of the source.
    pub polled_at: Timestamp,
    /// The state of the source after the poll.
    pub source: SourceHealth,
    /// Whether that state differs from the tick before: everybody is then told, whatever they follow.
    pub source_changed: bool,
    /// The quotes that changed.
    pub quotes: Vec<StoredQuote>,
    /// The symbols that stopped having quotes.
    pub missing: Vec<Missing>,
    /// Whose connections it is for.
    pub shards: ShardRange,
    /// What an earlier dispatcher left of the range when its time was up; the others of the range are served. `None` for the whole range.
    pub rest: Option<Vec<ShardRest>>,
}

/// A shard of which some connections have not been served yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRest {
    /// The shard.
    pub shard: Shard,
    /// Connections up to and with this one are served; `None` when none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ConnectionId>,
}

/// A quote that was accepted, and the one it took the place of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteStep {
    /// The quote before it; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<StoredQuote>,
    /// The quote.
    pub quote: StoredQuote,
}

/// What one poll changed of what alerts watch. It travels apart from ticks, so that prices never delay alerts, and is never too old:
/// whoever saw a later quote looks at none before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertWork {
    /// When it was made.
    pub made_at: Timestamp,
    /// How often it was handed on because something failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u8,
    /// The quotes, one a symbol.
    pub steps: Vec<QuoteStep>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(tries: &u8) -> bool {
    *tries == 0
}
