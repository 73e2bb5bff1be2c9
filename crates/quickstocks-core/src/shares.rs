//! A list and its quotes, for whoever has the link to it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, try_join};

use crate::model::{
    Lease, ListId, Missing, MissingReason, Secret, Share, SourceStatus, StoredQuote, Symbol, TokenHash, Urgency, UserId,
    Watchlist,
};
use crate::ports::{
    Clock, PollSetWriter, QuoteReader, Random, ShareReader, ShareWrite, ShareWriter, SourceStatusReader, StoreError,
    WatchlistReader,
};
use crate::recent::Recent;

/// How long a list that somebody looks at by its link counts as on screen.
const VIEWED_LEASE: Duration = Duration::from_mins(10);

/// How often that is written down, by each process: half of it, so that it never runs out while somebody looks.
const LEASE_EVERY: Duration = Duration::from_mins(5);

/// How many links a process remembers to have somebody looking.
const MAX_VIEWED: usize = 2_000;

/// Makes and ends links to lists, and shows what is behind them.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Shares {
    pub reader: Arc<dyn ShareReader>,
    pub writer: Arc<dyn ShareWriter>,
    pub lists: Arc<dyn WatchlistReader>,
    pub quotes: Arc<dyn QuoteReader>,
    pub status: Arc<dyn SourceStatusReader>,
    pub poll_set: Arc<dyn PollSetWriter>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub viewed: Viewed,
}

/// Which lists, in which version, were put on screen lately: many who look cost one lease.
#[derive(Clone)]
pub struct Viewed(Arc<Recent<(TokenHash, u64), ()>>);

impl Default for Viewed {
    fn default() -> Self {
        Self(Arc::new(Recent::new(MAX_VIEWED, LEASE_EVERY)))
    }
}

impl fmt::Debug for Viewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Viewed").field(&self.0).finish()
    }
}

/// What a link shows. No notes, no ids: only what its owner means to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedList {
    /// The list's name.
    pub name: String,
    /// Its symbols in their order.
    pub symbols: Vec<Symbol>,
    /// What the last tick left behind.
    pub status: SourceStatus,
    /// The last known quotes, in the order of the symbols.
    pub quotes: Vec<StoredQuote>,
    /// The symbols without one.
    pub missing: Vec<Missing>,
}

/// Why a link was not made, found or ended.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// There is no such list, or it is somebody else's.
    #[error("there is no such watchlist")]
    NoList,
    /// The list has no link, or is no list of theirs.
    #[error("there is no link to this watchlist")]
    NotShared,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Shares {
    /// The link to a list, made if there is none. It stays the same until it is ended.
    pub async fn make(&self, user: &UserId, list: &ListId) -> Result<Share, ShareError> {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes);
        let (token, created_at) = (Secret::from_random(bytes), self.clock.now());
        let share = Share { token, user: user.clone(), list: list.clone(), created_at };
        match self.writer.put_share(&share).await? {
            ShareWrite::Made => Ok(share),
            ShareWrite::There(there) => Ok(there),
            ShareWrite::NoList => Err(ShareError::NoList),
        }
    }

    /// The link to a list.
    pub async fn get(&self, user: &UserId, list: &ListId) -> Result<Share, ShareError> {
        self.reader.share(user, list).await?.ok_or(ShareError::NotShared)
    }

    /// The links to all lists of a user.
    pub async fn all(&self, user: &UserId) -> Result<Vec<Share>, StoreError> {
        self.reader.shares(user).await
    }

    /// Ends the link to a list: from now on it leads nowhere.
    pub async fn end(&self, user: &UserId, list: &ListId) -> Result<(), ShareError> {
        if self.writer.end_share(user, list).await? { Ok(()) } else { Err(ShareError::NotShared) }
    }

    /// What the link of this token shows; `None` when it leads nowhere. Nobody who looks makes a call to the source: what is on the list
    /// counts as on screen, and the next ticks bring it.
    pub async fn view(&self, token: &Secret) -> Result<Option<SharedList>, StoreError> {
        let hash = token.hash();
        let Some((user, list)) = self.reader.shared_list(&hash).await? else { return Ok(None) };
        let (list, status) = try_join(self.lists.watchlist(&user, &list), self.status.status()).await?;
        let Some(list) = list else { return Ok(None) };
        let (quotes, ()) = join(self.quotes.quotes(&list.symbols), self.keep_on_screen(hash, &list)).await;
        let mut by_symbol: BTreeMap<Symbol, StoredQuote> =
            quotes?.into_iter().map(|stored| (stored.quote.symbol.clone(), stored)).collect();
        let (mut quotes, mut missing) = (Vec::with_capacity(list.symbols.len()), Vec::new());
        for symbol in &list.symbols {
            match by_symbol.remove(symbol) {
                Some(stored) => quotes.push(stored),
                None => missing.push(Missing { symbol: symbol.clone(), reason: MissingReason::Pending }),
            }
        }
        Ok(Some(SharedList { name: list.name, symbols: list.symbols, status, quotes, missing }))
    }

    /// Has the list polled as one that is on screen. Who looks sees the last prices all the same when that fails.
    async fn keep_on_screen(&self, hash: TokenHash, list: &Watchlist) {
        let now = self.clock.now();
        let lease = |symbol: &Symbol| Lease { symbol: symbol.clone(), urgency: Urgency::OnScreen, until: now + VIEWED_LEASE };
        let leases: Vec<Lease> = list.symbols.iter().map(lease).collect();
        let written = self.viewed.0.get(&(hash, list.version), now, self.poll_set.extend(&leases)).await;
        if let Err(error) = written {
            tracing::warn!(error = &error as &dyn std::error::Error, "a shared list is not polled as one that is on screen");
        }
    }
}
