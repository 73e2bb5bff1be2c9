//! The conversation with one WebSocket connection.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::model::{
    Connection, ConnectionId, Lease, MAX_FOLLOWED, MAX_WATCHED, Missing, MissingReason, Secret, SourceStatus, StoredQuote,
    Symbol, TickNumber, Timestamp, TokenKind, Urgency, UserId,
};
use crate::ports::{
    Clock, ConnectionReader, ConnectionWriter, PollSetWriter, QuoteReader, SourceStatusReader, StoreError, TokenWriter,
    WatchlistReader,
};
use crate::watchlists::{FOLLOWED_LEASE, listed_symbols};

/// How long a symbol counts as on screen after its connection last said `hello`.
pub const ON_SCREEN_LEASE: Duration = Duration::from_mins(30);

/// A lease with more than this left is not written again.
const LEASE_RESERVE: Duration = Duration::from_mins(12);

/// How many sockets a user may have. The oldest makes room: its browser may be long gone, since `$disconnect` is best effort.
pub const MAX_CONNECTIONS_PER_USER: usize = 20;

/// The longest frame a client may send, in bytes: 200 symbols of the greatest length fit.
pub const MAX_CLIENT_FRAME_BYTES: usize = 8 * 1024;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Begin or resume: tell me everything that changed after this tick.
    Hello(Option<TickNumber>),
    /// Follow these too.
    Watch(Vec<Symbol>),
    /// Follow these no more.
    Unwatch(Vec<Symbol>),
    /// Send no prices.
    Pause,
    /// Send prices again, beginning with what changed after this tick.
    Resume(Option<TickNumber>),
    /// Are you there?
    Ping,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Answers `hello`.
    Hello {
        /// The connection.
        connection: ConnectionId,
        /// The last tick.
        status: SourceStatus,
        /// The server's time.
        server_time: Timestamp,
    },
    /// Quotes as they stand.
    Snapshot {
        /// The last tick.
        status: SourceStatus,
        /// The quotes.
        quotes: Vec<StoredQuote>,
        /// The symbols without one.
        missing: Vec<Missing>,
    },
    /// Answers `ping`.
    Pong {
        /// The last tick.
        status: SourceStatus,
        /// The server's time.
        server_time: Timestamp,
    },
    /// The server does not know this connection (any more): open a new one.
    Bye {
        /// Why, as a stable word.
        reason: &'static str,
        /// After how many milliseconds.
        reconnect_in: u32,
    },
    /// The request could not be used; nothing was changed by it.
    Refusal(Refusal),
}

/// Why a request could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// A stable code.
    pub code: RefusalCode,
    /// A sentence for people.
    pub message: String,
    /// The part of the frame that is wrong.
    pub field: Option<String>,
}

/// The stable codes of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "docs/PROTOCOL.md says what each means")]
pub enum RefusalCode {
    FrameMalformed,
    FrameTooLarge,
    UnknownAction,
    SymbolInvalid,
    TooManySymbols,
    Internal,
}

impl RefusalCode {
    /// How it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FrameMalformed => "frame_malformed",
            Self::FrameTooLarge => "frame_too_large",
            Self::UnknownAction => "unknown_action",
            Self::SymbolInvalid => "symbol_invalid",
            Self::TooManySymbols => "too_many_symbols",
            Self::Internal => "internal",
        }
    }
}

/// Why a socket was not opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The ticket is missing, malformed, unknown, used or expired; which of these is nobody's business.
    #[error("the ticket is not good")]
    Ticket,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Talks with connections.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Live {
    pub connections: Arc<dyn ConnectionReader>,
    pub registry: Arc<dyn ConnectionWriter>,
    pub tickets: Arc<dyn TokenWriter>,
    pub lists: Arc<dyn WatchlistReader>,
    pub poll_set: Arc<dyn PollSetWriter>,
    pub quotes: Arc<dyn QuoteReader>,
    pub status: Arc<dyn SourceStatusReader>,
    pub clock: Arc<dyn Clock>,
}

impl Live {
    /// Opens a connection for whoever holds the ticket, which is used up by it.
    pub async fn connect(&self, id: &ConnectionId, ticket: Option<&str>) -> Result<UserId, ConnectError> {
        let now = self.clock.now();
        let secret = Secret::parse(ticket.unwrap_or_default()).map_err(|_| ConnectError::Ticket)?;
        let token = self.tickets.take(&secret.hash(), TokenKind::Ticket, now).await?.ok_or(ConnectError::Ticket)?;
        let listed = listed_symbols(&self.lists.watchlists(&token.user).await?);
        self.make_room(&token.user, now).await?;
        self.registry
            .add(&Connection {
                id: id.clone(),
                user: token.user.clone(),
                listed: listed.clone(),
                watched: BTreeSet::new(),
                paused: false,
                connected_at: now,
                leased_until: None,
            })
            .await?;
        // Its owner was seen: what is on their lists stays in the poll set.
        self.lease(&listed, Urgency::Followed, now + FOLLOWED_LEASE).await?;
        Ok(token.user)
    }

    /// Forgets a connection.
    pub async fn disconnect(&self, id: &ConnectionId) -> Result<(), StoreError> {
        self.registry.remove(id).await.map(|_| ())
    }

    /// Answers a request. The replies are to be sent in their order.
    pub async fn answer(&self, id: &ConnectionId, request: Request) -> Result<Vec<Reply>, StoreError> {
        let now = self.clock.now();
        let connection = match request {
            // It comes often and needs nothing of the connection.
            Request::Ping => None,
            _ => self.connections.connection(id, now).await?,
        };
        match (request, connection) {
            (Request::Ping, _) => Ok(vec![Reply::Pong { status: self.status.status().await?, server_time: now }]),
            (_, None) => Ok(vec![Reply::Bye { reason: "unknown_connection", reconnect_in: 1000 }]),
            (Request::Hello(since), Some(mut connection)) => {
                self.refresh_listed(&mut connection).await?;
                self.put_on_screen(&connection, now).await?;
                let status = self.status.status().await?;
                let hello = Reply::Hello { connection: id.clone(), status: status.clone(), server_time: now };
                Ok(vec![hello, self.snapshot(status, &connection.followed(), since).await?])
            }
            (Request::Resume(since), Some(connection)) => {
                self.registry.set_paused(id, false).await?;
                self.put_on_screen(&connection, now).await?;
                Ok(vec![self.snapshot(self.status.status().await?, &connection.followed(), since).await?])
            }
            (Request::Pause, Some(_)) => {
                self.registry.set_paused(id, true).await?;
                Ok(Vec::new())
            }
            (Request::Watch(symbols), Some(connection)) => self.watch(connection, symbols, now).await,
            (Request::Unwatch(symbols), Some(mut connection)) => {
                let before = connection.watched.len();
                for symbol in &symbols {
                    connection.watched.remove(symbol);
                }
                if connection.watched.len() < before {
                    self.registry.set_watched(id, &connection.watched).await?;
                }
                Ok(Vec::new())
            }
        }
    }

    async fn watch(&self, mut connection: Connection, symbols: Vec<Symbol>, now: Timestamp) -> Result<Vec<Reply>, StoreError> {
        let asked: BTreeSet<Symbol> = symbols.into_iter().collect();
        let watched: BTreeSet<Symbol> = connection.watched.union(&asked).cloned().collect();
        if watched.len() > MAX_WATCHED || connection.listed.union(&watched).count() > MAX_FOLLOWED {
            return Ok(vec![Reply::Refusal(Refusal {
                code: RefusalCode::TooManySymbols,
                message: format!("a connection watches at most {MAX_WATCHED} symbols and follows at most {MAX_FOLLOWED} in all"),
                field: Some("symbols".to_owned()),
            })]);
        }
        if watched != connection.watched {
            connection.watched = watched;
            self.registry.set_watched(&connection.id, &connection.watched).await?;
            self.lease(&asked, Urgency::OnScreen, now + ON_SCREEN_LEASE).await?;
        }
        Ok(vec![self.snapshot(self.status.status().await?, &asked, None).await?])
    }

    /// A list edit that met the opening of this connection may have missed it; here it is caught up with.
    async fn refresh_listed(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let listed = listed_symbols(&self.lists.watchlists(&connection.user).await?);
        if listed != connection.listed {
            self.registry.set_listed(&connection.id, &listed).await?;
            connection.listed = listed;
            connection.leased_until = None;
        }
        Ok(())
    }

    async fn put_on_screen(&self, connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
        if connection.leased_until.is_some_and(|until| until.since(now) > LEASE_RESERVE) {
            return Ok(());
        }
        let until = now + ON_SCREEN_LEASE;
        self.lease(&connection.followed(), Urgency::OnScreen, until).await?;
        self.registry.set_leased_until(&connection.id, until).await?;
        Ok(())
    }

    async fn lease(&self, symbols: &BTreeSet<Symbol>, urgency: Urgency, until: Timestamp) -> Result<(), StoreError> {
        let leases: Vec<Lease> = symbols.iter().map(|symbol| Lease { symbol: symbol.clone(), urgency, until }).collect();
        self.poll_set.extend(&leases).await
    }

    async fn snapshot(
        &self,
        status: SourceStatus,
        symbols: &BTreeSet<Symbol>,
        since: Option<TickNumber>,
    ) -> Result<Reply, StoreError> {
        let asked: Vec<Symbol> = symbols.iter().cloned().collect();
        let mut quotes = self.quotes.quotes(&asked).await?;
        quotes.sort_by(|a, b| a.quote.symbol.cmp(&b.quote.symbol));
        let known: HashSet<&Symbol> = quotes.iter().map(|stored| &stored.quote.symbol).collect();
        let missing = asked
            .iter()
            .filter(|symbol| !known.contains(symbol))
            .map(|symbol| Missing { symbol: symbol.clone(), reason: MissingReason::Pending })
            .collect();
        if let Some(since) = since {
            quotes.retain(|stored| stored.tick > since);
        }
        Ok(Reply::Snapshot { status, quotes, missing })
    }

    async fn make_room(&self, user: &UserId, now: Timestamp) -> Result<(), StoreError> {
        let ids = self.connections.connections_of(user, now).await?;
        if ids.len() < MAX_CONNECTIONS_PER_USER {
            return Ok(());
        }
        let mut open = Vec::with_capacity(ids.len());
        for id in &ids {
            open.extend(self.connections.connection(id, now).await?);
        }
        open.sort_by_key(|connection| connection.connected_at);
        for oldest in open.iter().take((ids.len() + 1).saturating_sub(MAX_CONNECTIONS_PER_USER)) {
            self.registry.remove(&oldest.id).await?;
        }
        Ok(())
    }
}
