use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Symbol, Timestamp, UserId};

/// How long a connection can live: API Gateway ends it after 2 hours; ten minutes more for clocks that differ.
/// Rows older than this are dead whatever `$disconnect` did, which AWS calls best effort.
pub const CONNECTION_LIFETIME: Duration = Duration::from_mins(130);

/// How many symbols a connection may watch beside those on its user's watchlists.
pub const MAX_WATCHED: usize = 200;

/// How many symbols a connection follows at the most, lists and watched together.
pub const MAX_FOLLOWED: usize = 400;

/// The id that API Gateway (or the local server) gave a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionId(Arc<str>);

impl ConnectionId {
    /// The id as the platform wrote it.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An open socket and what it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The platform's id.
    pub id: ConnectionId,
    /// Whose it is.
    pub user: UserId,
    /// The symbols of the user's watchlists, copied here so that a dispatch reads one row a connection.
    pub listed: BTreeSet<Symbol>,
    /// The symbols this connection watches beside them.
    pub watched: BTreeSet<Symbol>,
    /// Whether price messages are stopped (a hidden tab).
    pub paused: bool,
    /// When it opened.
    pub connected_at: Timestamp,
    /// Until when the poll set knows that its symbols are on screen; saves writing that lease with every `hello`.
    pub leased_until: Option<Timestamp>,
}

impl Connection {
    /// When the row is dead, whatever `$disconnect` did.
    pub fn expires_at(&self) -> Timestamp {
        self.connected_at + CONNECTION_LIFETIME
    }

    /// Whether it follows the symbol, by a list or by watching it.
    pub fn follows(&self, symbol: &Symbol) -> bool {
        self.listed.contains(symbol) || self.watched.contains(symbol)
    }

    /// Everything it follows, each once, in order.
    pub fn followed(&self) -> BTreeSet<Symbol> {
        self.listed.union(&self.watched).cloned().collect()
    }
}
