//! What somebody follows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::model::{InvalidWatchlist, Lease, ListId, MAX_FOLLOWED, MAX_LISTS, Note, Symbol, Urgency, UserId, Watchlist};
use crate::ports::{
    Change, Clock, ConnectionReader, ConnectionWriter, ListAnnouncer, ListChange, PollSetWriter, Random, StoreError,
    WatchlistReader, WatchlistWriter,
};
use crate::symbols::{SymbolError, Symbols};

/// How long a symbol on a list is polled after its owner was last seen: a holiday of a week loses nothing.
pub const FOLLOWED_LEASE: Duration = Duration::from_hours(8 * 24);

/// How often an edit that lost a race with another device is tried again on what that one left.
const EDIT_TRIES: usize = 5;

/// Reads and edits watchlists.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct Watchlists {
    pub lists: Arc<dyn WatchlistReader>,
    pub list_writer: Arc<dyn WatchlistWriter>,
    pub poll_set: Arc<dyn PollSetWriter>,
    pub connections: Arc<dyn ConnectionReader>,
    pub connection_writer: Arc<dyn ConnectionWriter>,
    pub announcer: Arc<dyn ListAnnouncer>,
    pub symbols: Symbols,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// A list as somebody wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The name.
    pub name: String,
    /// The symbols in their order.
    pub symbols: Vec<Symbol>,
    /// The notes; `None` keeps those of the symbols that stay.
    pub notes: Option<BTreeMap<Symbol, Note>>,
}

/// What an edit leaves: the name, the symbols, the notes.
type Edited = (String, Vec<Symbol>, BTreeMap<Symbol, Note>);

/// Why a list was not changed. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum WatchlistError {
    /// There is no such list, or it is somebody else's.
    #[error("there is no such watchlist")]
    NotFound,
    /// It is not of the version that the caller expects.
    #[error("the watchlist was changed in the meantime")]
    Conflict,
    /// It cannot be as asked.
    #[error(transparent)]
    Invalid(#[from] InvalidWatchlist),
    /// The user has as many lists as they may.
    #[error("a user has at most {MAX_LISTS} watchlists")]
    TooManyLists,
    /// An import brings too many symbols at once.
    #[error("an import may bring at most {} symbols that are new: split the file", crate::import::MAX_NEW_SYMBOLS)]
    ImportTooLarge,
    /// A symbol cannot be followed.
    #[error(transparent)]
    Symbol(#[from] SymbolError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Watchlists {
    /// A user's lists.
    pub async fn all(&self, user: &UserId) -> Result<Vec<Watchlist>, StoreError> {
        self.lists.watchlists(user).await
    }

    /// One list.
    pub async fn get(&self, user: &UserId, id: &ListId) -> Result<Watchlist, WatchlistError> {
        self.lists.watchlist(user, id).await?.ok_or(WatchlistError::NotFound)
    }

    /// Adds a list.
    pub async fn create(&self, user: &UserId, draft: Draft) -> Result<Watchlist, WatchlistError> {
        let Draft { name, symbols, notes } = checked(draft)?;
        if self.all(user).await?.len() >= MAX_LISTS {
            return Err(WatchlistError::TooManyLists);
        }
        self.symbols.check(&symbols).await?;
        let mut id = [0; 8];
        self.random.fill(&mut id);
        let (id, notes) = (ListId::from_random(id), notes.unwrap_or_default());
        let list = Watchlist { id, name, symbols, notes, version: 1, updated_at: self.clock.now() };
        match self.list_writer.insert(user, &list).await? {
            Change::Done => self.announce(user, list).await,
            Change::Conflict | Change::Missing => Err(WatchlistError::Conflict),
        }
    }

    /// Replaces a list's name, symbols and notes, if it is of the version the caller expects.
    pub async fn replace(
        &self,
        user: &UserId,
        id: &ListId,
        draft: Draft,
        expected: Option<u64>,
    ) -> Result<Watchlist, WatchlistError> {
        let Draft { name, symbols, notes } = checked(draft)?;
        let before = self.get(user, id).await?;
        if expected.is_some_and(|expected| expected != before.version) {
            return Err(WatchlistError::Conflict);
        }
        let new: Vec<Symbol> = symbols.iter().filter(|symbol| !before.symbols.contains(symbol)).cloned().collect();
        self.symbols.check(&new).await?;
        self.edit(user, id, expected, |list| {
            let notes = notes.clone().unwrap_or_else(|| notes_of(list, &symbols));
            Ok(Some((name.clone(), symbols.clone(), notes)))
        })
        .await
    }

    /// Removes a list.
    pub async fn delete(&self, user: &UserId, id: &ListId, expected: Option<u64>) -> Result<(), WatchlistError> {
        match self.list_writer.delete(user, id, expected).await? {
            Change::Done => {
                self.update_connections(user).await?;
                self.tell(user, &ListChange::Deleted(id.clone())).await;
                Ok(())
            }
            Change::Conflict => Err(WatchlistError::Conflict),
            Change::Missing => Err(WatchlistError::NotFound),
        }
    }

    /// Puts a symbol at the end of a list; one that is there stays where it is.
    pub async fn add_symbol(&self, user: &UserId, id: &ListId, symbol: &Symbol) -> Result<Watchlist, WatchlistError> {
        let before = self.get(user, id).await?;
        if before.symbols.contains(symbol) {
            return Ok(before);
        }
        // Before the source is asked: a list that is full needs no call.
        Watchlist::check_symbols(&with(&before.symbols, symbol))?;
        self.symbols.check(std::slice::from_ref(symbol)).await?;
        self.edit(user, id, None, |list| {
            if list.symbols.contains(symbol) {
                return Ok(None);
            }
            let symbols = with(&list.symbols, symbol);
            Watchlist::check_symbols(&symbols)?;
            Ok(Some((list.name.clone(), symbols, list.notes.clone())))
        })
        .await
    }

    /// Takes a symbol and its note off a list; one that is not there is no error.
    pub async fn remove_symbol(&self, user: &UserId, id: &ListId, symbol: &Symbol) -> Result<Watchlist, WatchlistError> {
        self.edit(user, id, None, |list| {
            let symbols: Vec<Symbol> = list.symbols.iter().filter(|one| *one != symbol).cloned().collect();
            let notes = notes_of(list, &symbols);
            Ok((symbols.len() < list.symbols.len()).then(|| (list.name.clone(), symbols, notes)))
        })
        .await
    }

    /// Applies an edit to the list as it is now, again if another device was quicker. `None` from the edit leaves it as it is.
    async fn edit(
        &self,
        user: &UserId,
        id: &ListId,
        expected: Option<u64>,
        edit: impl Fn(&Watchlist) -> Result<Option<Edited>, WatchlistError>,
    ) -> Result<Watchlist, WatchlistError> {
        for _ in 0..EDIT_TRIES {
            let before = self.get(user, id).await?;
            if expected.is_some_and(|expected| expected != before.version) {
                return Err(WatchlistError::Conflict);
            }
            let Some((name, symbols, notes)) = edit(&before)? else { return Ok(before) };
            let version = before.version + 1;
            let after = Watchlist { id: id.clone(), name, symbols, notes, version, updated_at: self.clock.now() };
            match self.list_writer.replace(user, &after, before.version).await? {
                Change::Done => return self.announce(user, after).await,
                Change::Conflict => {}
                Change::Missing => return Err(WatchlistError::NotFound),
            }
        }
        Err(WatchlistError::Conflict)
    }

    /// Lets the poll set and the user's open connections know. The list itself is safe by then.
    async fn announce(&self, user: &UserId, list: Watchlist) -> Result<Watchlist, WatchlistError> {
        let until = self.clock.now() + FOLLOWED_LEASE;
        let leases: Vec<Lease> =
            list.symbols.iter().map(|symbol| Lease { symbol: symbol.clone(), urgency: Urgency::Followed, until }).collect();
        self.poll_set.extend(&leases).await?;
        self.update_connections(user).await?;
        self.tell(user, &ListChange::Changed(list.clone())).await;
        Ok(list)
    }

    /// Other devices that miss it read the list when they next connect, so this is no reason to fail an edit that is done.
    async fn tell(&self, user: &UserId, change: &ListChange) {
        if let Err(error) = self.announcer.announce(user, change).await {
            tracing::warn!(user.id = %user, error = &error as &dyn std::error::Error, "open connections were not told of a list's change");
        }
    }

    async fn update_connections(&self, user: &UserId) -> Result<(), StoreError> {
        let connections = self.connections.connections_of(user, self.clock.now()).await?;
        if connections.is_empty() {
            return Ok(());
        }
        let listed = listed_symbols(&self.all(user).await?);
        for connection in connections {
            self.connection_writer.set_listed(&connection, &listed).await?;
        }
        Ok(())
    }
}

/// Everything on these lists, each symbol once, as much of it as a connection may follow.
pub fn listed_symbols(lists: &[Watchlist]) -> BTreeSet<Symbol> {
    let mut listed = BTreeSet::new();
    for symbol in lists.iter().flat_map(|list| &list.symbols) {
        if listed.len() >= MAX_FOLLOWED {
            break;
        }
        listed.insert(symbol.clone());
    }
    listed
}

fn checked(draft: Draft) -> Result<Draft, InvalidWatchlist> {
    let name = Watchlist::check_name(&draft.name)?;
    Watchlist::check_symbols(&draft.symbols)?;
    if let Some(stray) = draft.notes.iter().flat_map(BTreeMap::keys).find(|symbol| !draft.symbols.contains(symbol)) {
        return Err(InvalidWatchlist::StrayNote(stray.clone()));
    }
    Ok(Draft { name, ..draft })
}

/// The notes of a list that are about these symbols.
fn notes_of(list: &Watchlist, symbols: &[Symbol]) -> BTreeMap<Symbol, Note> {
    symbols
        .iter()
        .filter_map(|symbol| list.notes.get_key_value(symbol))
        .map(|(symbol, note)| (symbol.clone(), note.clone()))
        .collect()
}

fn with(symbols: &[Symbol], symbol: &Symbol) -> Vec<Symbol> {
    let mut symbols = symbols.to_vec();
    symbols.push(symbol.clone());
    symbols
}
