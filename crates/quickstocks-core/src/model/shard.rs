use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ConnectionId, Symbol};

/// How many shards the connections are spread over: 500 new connections a second, API Gateway's account limit,
/// are then some 31 writes a second and partition, far below DynamoDB's 1,000.
pub const CONNECTION_SHARDS: u8 = 16;

/// How many shards the poll set is spread over. A plan reads them all, so there are few.
pub const POLL_SHARDS: u8 = 4;

/// The number of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(pub u8);

/// The shards from `first` to `last`, both included. On the wire a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "(u8, u8)", into = "(u8, u8)")]
pub struct ShardRange {
    /// The first shard.
    pub first: u8,
    /// The last shard.
    pub last: u8,
}

impl From<(u8, u8)> for ShardRange {
    fn from((first, last): (u8, u8)) -> Self {
        Self { first, last }
    }
}

impl From<ShardRange> for (u8, u8) {
    fn from(range: ShardRange) -> Self {
        (range.first, range.last)
    }
}

impl ShardRange {
    /// Every connection shard.
    pub const ALL: Self = Self { first: 0, last: CONNECTION_SHARDS - 1 };

    /// Every connection shard in `parts` ranges of nearly one size; at least one, at most one a shard.
    pub fn split(parts: u8) -> Vec<Self> {
        let parts = parts.clamp(1, CONNECTION_SHARDS);
        let bound = |part: u8| {
            u8::try_from(u16::from(part) * u16::from(CONNECTION_SHARDS) / u16::from(parts)).unwrap_or(CONNECTION_SHARDS)
        };
        (0..parts).map(|part| Self { first: bound(part), last: bound(part + 1) - 1 }).collect()
    }

    /// The shards in the range, none beyond the last there is.
    pub fn shards(self) -> impl Iterator<Item = Shard> {
        (self.first..=self.last.min(CONNECTION_SHARDS - 1)).map(Shard)
    }
}

/// The shard a connection lives in. It follows from the id alone, so `$disconnect` needs no look-up.
pub fn connection_shard(id: &ConnectionId) -> Shard {
    Shard(first_byte(id.as_str()) % CONNECTION_SHARDS)
}

/// The shard of the poll set a symbol lives in.
pub fn poll_shard(symbol: &Symbol) -> Shard {
    Shard(first_byte(symbol.as_str()) % POLL_SHARDS)
}

/// A hash that stays the same over versions of this program and of Rust: stored keys depend on it.
fn first_byte(text: &str) -> u8 {
    Sha256::digest(text.as_bytes())[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_shard_once() {
        for parts in 0..=40 {
            let covered: Vec<u8> = ShardRange::split(parts).into_iter().flat_map(|range| range.shards().map(|s| s.0)).collect();
            assert_eq!(covered, (0..CONNECTION_SHARDS).collect::<Vec<_>>(), "{parts} parts");
        }
        assert_eq!(ShardRange::split(4).len(), 4);
    }

    #[test]
    fn shards_are_those_stored_by_earlier_versions() {
        assert_eq!(connection_shard(&ConnectionId::new("Rk2s9fQ=")), Shard(0xc1 % CONNECTION_SHARDS));
        assert_eq!(poll_shard(&Symbol::parse("AAPL").unwrap()), Shard(0x1e % POLL_SHARDS));
    }
}
