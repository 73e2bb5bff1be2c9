//! Watchlists that come from a file.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ListId, MAX_LISTS, MAX_SYMBOLS_PER_LIST, Note, Symbol, UserId, Watchlist};
use crate::watchlists::{Draft, WatchlistError, Watchlists};

/// What a list is called that came without a name.
pub const UNNAMED: &str = "Imported";

/// How many symbols that are on none of the user's lists one import may bring: 20 calls to the source.
pub const MAX_NEW_SYMBOLS: usize = 1000;

/// A list as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingList {
    /// The name; `None` when the file has none.
    pub name: Option<String>,
    /// The symbols in their order, none twice, with what is written about them.
    pub entries: Vec<(Symbol, Option<Note>)>,
}

/// What becomes of a list that has the name of an incoming one. Lists of other names stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// What it lacks is added at its end. Its own notes stay.
    Merge,
    /// It becomes what the file has.
    Replace,
}

/// What became of an incoming list, or would become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedList {
    /// Which list it is; `None` for one that is only to be made.
    pub id: Option<ListId>,
    /// Its name.
    pub name: String,
    /// What happened.
    pub outcome: ImportOutcome,
    /// The symbols that were not on it before.
    pub added: Vec<Symbol>,
    /// The symbols that are no longer on it.
    pub removed: Vec<Symbol>,
    /// The symbols that the source does not know.
    pub unknown: Vec<Symbol>,
    /// The symbols for which there is no room.
    pub too_many: Vec<Symbol>,
}

/// What happened to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It was made.
    Created,
    /// It was changed.
    Changed,
    /// It was so already.
    Unchanged,
}

impl Watchlists {
    /// Takes over lists from a file; the n-th of a name goes to the user's n-th list of that name. With `dry_run` nothing is changed
    /// and the answer says what would be. Each list is written whole or not at all; after a failure half-way the same import can
    /// be repeated, and does what is left.
    ///
    /// # Errors
    /// [`WatchlistError::Conflict`] when another device edited a list in this very moment; otherwise what the lists' own edits say.
    pub async fn import(
        &self,
        user: &UserId,
        incoming: Vec<IncomingList>,
        mode: ImportMode,
        dry_run: bool,
    ) -> Result<Vec<ImportedList>, WatchlistError> {
        let mut existing = self.all(user).await?;
        let count = existing.len();
        let mut pairs = Vec::with_capacity(incoming.len());
        for list in incoming {
            let name = Watchlist::check_name(list.name.as_deref().unwrap_or(UNNAMED))?;
            let at = existing.iter().position(|one| one.name == name);
            pairs.push((name, list.entries, at.map(|at| existing.remove(at))));
        }
        if count + pairs.iter().filter(|(_, _, before)| before.is_none()).count() > MAX_LISTS {
            return Err(WatchlistError::TooManyLists);
        }
        let followed: BTreeSet<&Symbol> = pairs.iter().flat_map(|(_, _, before)| before).flat_map(|list| &list.symbols).collect();
        let new: BTreeSet<&Symbol> = pairs.iter().flat_map(|(_, entries, _)| entries).map(|(symbol, _)| symbol).collect();
        let new: Vec<Symbol> = new.difference(&followed).map(|symbol| (*symbol).clone()).collect();
        if new.len() > MAX_NEW_SYMBOLS {
            return Err(WatchlistError::ImportTooLarge);
        }
        let unknown: BTreeSet<Symbol> = self.symbols.unknown(&new).await?.into_iter().collect();

        let mut outcomes = Vec::with_capacity(pairs.len());
        for (name, entries, before) in pairs {
            let (draft, mut outcome) = planned(name, entries, before.as_ref(), &unknown, mode);
            if !dry_run && outcome.outcome != ImportOutcome::Unchanged {
                let list = match &before {
                    Some(before) => self.replace(user, &before.id, draft, Some(before.version)).await?,
                    None => self.create(user, draft).await?,
                };
                outcome.id = Some(list.id);
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }
}

/// How a list is to be, and what that changes.
fn planned(
    name: String,
    entries: Vec<(Symbol, Option<Note>)>,
    before: Option<&Watchlist>,
    unknown: &BTreeSet<Symbol>,
    mode: ImportMode,
) -> (Draft, ImportedList) {
    let (mut symbols, mut notes) = match (before, mode) {
        (Some(list), ImportMode::Merge) => (list.symbols.clone(), list.notes.clone()),
        _ => (Vec::new(), BTreeMap::new()),
    };
    let mut there: BTreeSet<Symbol> = symbols.iter().cloned().collect();
    let (mut not_known, mut too_many) = (Vec::new(), Vec::new());
    for (symbol, note) in entries {
        if unknown.contains(&symbol) {
            not_known.push(symbol);
            continue;
        }
        if !there.contains(&symbol) {
            if symbols.len() >= MAX_SYMBOLS_PER_LIST {
                too_many.push(symbol);
                continue;
            }
            symbols.push(symbol.clone());
            there.insert(symbol.clone());
        }
        if let Some(note) = note {
            notes.entry(symbol).or_insert(note);
        }
    }
    let former: &[Symbol] = before.map_or(&[], |list| &list.symbols);
    let outcome = match before {
        None => ImportOutcome::Created,
        Some(list) if list.symbols == symbols && list.notes == notes => ImportOutcome::Unchanged,
        Some(_) => ImportOutcome::Changed,
    };
    let imported = ImportedList {
        id: before.map(|list| list.id.clone()),
        name: name.clone(),
        outcome,
        added: symbols.iter().filter(|symbol| !former.contains(symbol)).cloned().collect(),
        removed: former.iter().filter(|symbol| !there.contains(*symbol)).cloned().collect(),
        unknown: not_known,
        too_many,
    };
    (Draft { name, symbols, notes: Some(notes) }, imported)
}
