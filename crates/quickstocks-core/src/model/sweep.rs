use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Followed, Symbol, Timestamp, UserId};

/// What a user follows, as the sweep counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follower {
    /// Who.
    pub user: UserId,
    /// Everything on all their lists, each symbol once.
    pub symbols: BTreeSet<Symbol>,
    /// When a session or token of theirs was last used, give or take a day; `None` when they have none that is good.
    pub seen_at: Option<Timestamp>,
}

/// Where a walk over all users goes on. Only the store that gave it can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FollowerCursor(Arc<str>);

impl FollowerCursor {
    /// The cursor as a store writes it.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The cursor's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the sweep remembers from one run to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepState {
    /// When the last sweep that came to its end began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swept_at: Option<Timestamp>,
    /// What it found to be followed most, by at least three, the most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub most_followed: Vec<Followed>,
    /// The sweep that has not come to its end yet, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<UnfinishedSweep>,
}

/// A sweep that ran out of time, to be gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedSweep {
    /// When it began.
    pub begun_at: Timestamp,
    /// After whom it goes on; `None` before the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<FollowerCursor>,
    /// Whether every user was seen, so that only the leases of nobody's symbols are left to end.
    pub walked: bool,
    /// How many users were found so far that follow a symbol.
    pub followers: BTreeMap<Symbol, u32>,
}
