use std::collections::HashSet;

use quickstocks_core::model::{MAX_LISTS, MAX_SYMBOLS_PER_LIST, Symbol};
use serde::{Deserialize, Serialize};

use super::{FORMAT, FileKind, PortableEntry, PortableFile, PortableList, VERSION};

/// How much of an unusable text is shown again.
const SHOWN_CHARS: usize = 40;

/// How many unusable parts are told of: somebody's film collection need not come back whole.
const MAX_REJECTED: usize = 1000;

/// A part of a file that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The line it stands on, the first being 1. In JSON, which has no lines to speak of, the position on its list.
    pub line: usize,
    /// Its beginning.
    pub text: String,
    /// Why.
    pub reason: Rejection,
}

/// Why a part of a file could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// It has not the form of a symbol.
    SymbolInvalid,
    /// It is on its list already.
    SymbolDuplicate,
    /// Its list is full.
    TooManySymbols,
    /// There are more lists than a user may have.
    TooManyLists,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableFile {
    /// It is empty.
    #[error("the file is empty")]
    Empty,
    /// There is nothing in it that could be a symbol.
    #[error("the file names no symbol")]
    NoSymbol,
    /// It is not text.
    #[error("the file is not UTF-8 text")]
    NotText,
    /// It looks like JSON and is not ours.
    #[error("the JSON is no export of watchlists: {0}")]
    Json(String),
    /// It is of a later version.
    #[error("the file has version {found}, and this server knows those up to {VERSION}: update the server")]
    TooNew {
        /// Which.
        found: u32,
    },
    /// It is a table without symbols.
    #[error("the table cannot be read: {0}")]
    Table(#[from] csv::Error),
}

/// Reads a file, whatever form it has.
///
/// # Errors
/// [`UnreadableFile`] when nothing of it can be used.
pub fn read(bytes: &[u8]) -> Result<PortableFile, UnreadableFile> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| UnreadableFile::NotText)?;
    if text.trim().is_empty() {
        return Err(UnreadableFile::Empty);
    }
    if text.trim_start().starts_with(['{', '[']) {
        return json(text);
    }
    if let Some(columns) = Columns::of(text) {
        return table(text, &columns);
    }
    let file = symbols(text);
    let nothing = file.rejected.is_empty() && file.lists.iter().all(|list| list.entries.is_empty());
    if nothing { Err(UnreadableFile::NoSymbol) } else { Ok(file) }
}

/// Reads a file that is said to be JSON: it has to be ours.
///
/// # Errors
/// [`UnreadableFile`] when it is not.
pub fn read_json(bytes: &[u8]) -> Result<PortableFile, UnreadableFile> {
    let file = read(bytes)?;
    if file.kind == FileKind::Json {
        Ok(file)
    } else {
        Err(UnreadableFile::Json("it is no object; send other files as text/csv or text/plain".to_owned()))
    }
}

/// Puts lists together, entry by entry, and notes what cannot be used.
struct Collector {
    lists: Vec<(PortableList, HashSet<Symbol>)>,
    rejected: Vec<Rejected>,
}

impl Collector {
    fn new() -> Self {
        Self { lists: Vec::new(), rejected: Vec::new() }
    }

    /// The place of the list of that name; a new one when it is not there.
    fn list(&mut self, name: Option<&str>) -> usize {
        let found = self.lists.iter().position(|(list, _)| list.name.as_deref() == name);
        found.unwrap_or_else(|| {
            let list = PortableList { name: name.map(ToOwned::to_owned), entries: Vec::new() };
            self.lists.push((list, HashSet::new()));
            self.lists.len() - 1
        })
    }

    fn add(&mut self, list: usize, line: usize, text: &str, note: Option<&str>) {
        let Ok(symbol) = Symbol::parse(text) else { return self.reject(line, text, Rejection::SymbolInvalid) };
        if list >= MAX_LISTS {
            return self.reject(line, text, Rejection::TooManyLists);
        }
        let (list, seen) = &mut self.lists[list];
        if !seen.insert(symbol.clone()) {
            return self.reject(line, text, Rejection::SymbolDuplicate);
        }
        if list.entries.len() >= MAX_SYMBOLS_PER_LIST {
            return self.reject(line, text, Rejection::TooManySymbols);
        }
        let note = note.map(str::trim).filter(|note| !note.is_empty()).map(ToOwned::to_owned);
        list.entries.push(PortableEntry { symbol, note });
    }

    fn reject(&mut self, line: usize, text: &str, reason: Rejection) {
        if self.rejected.len() < MAX_REJECTED {
            let shown = text.trim().chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
            self.rejected.push(Rejected { line, text: shown, reason });
        }
    }

    fn file(self, kind: FileKind) -> PortableFile {
        let lists = self.lists.into_iter().take(MAX_LISTS).map(|(list, _)| list).collect();
        PortableFile { kind, lists, rejected: self.rejected }
    }
}

#[derive(Deserialize)]
struct Document {
    format: String,
    #[serde(deserialize_with = "crate::rest::whole_number")]
    version: u32,
    watchlists: Vec<List>,
}

#[derive(Deserialize)]
struct List {
    name: String,
    symbols: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    symbol: String,
    #[serde(default)]
    note: Option<String>,
}

/// What a later version may have changed is not looked at before its number is.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    format: String,
    #[serde(default, deserialize_with = "crate::rest::whole_number")]
    version: u32,
}

fn json(text: &str) -> Result<PortableFile, UnreadableFile> {
    let unreadable = |error: serde_json::Error| UnreadableFile::Json(error.to_string());
    let head: Head = serde_json::from_str(text).map_err(unreadable)?;
    if head.format != FORMAT {
        return Err(UnreadableFile::Json(format!("its \"format\" is not \"{FORMAT}\"")));
    }
    if head.version > VERSION {
        return Err(UnreadableFile::TooNew { found: head.version });
    }
    if head.version == 0 {
        return Err(UnreadableFile::Json(format!("its \"version\" is none of 1 to {VERSION}")));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let document: Document =
        serde_path_to_error::deserialize(&mut json).map_err(|error| UnreadableFile::Json(error.to_string()))?;
    debug_assert_eq!((document.format.as_str(), document.version), (FORMAT, head.version));
    let mut collector = Collector::new();
    for list in &document.watchlists {
        // Two lists may have one name, so the name does not find them here.
        collector.lists.push((PortableList { name: Some(list.name.clone()), entries: Vec::new() }, HashSet::new()));
        let place = collector.lists.len() - 1;
        for (at, entry) in list.symbols.iter().enumerate() {
            collector.add(place, at + 1, &entry.symbol, entry.note.as_deref());
        }
    }
    Ok(collector.file(FileKind::Json))
}

/// Where a table has what.
struct Columns {
    delimiter: u8,
    symbol: usize,
    list: Option<usize>,
    note: Option<usize>,
}

impl Columns {
    /// The columns that the first line names, if it is the head of a table of symbols.
    fn of(text: &str) -> Option<Self> {
        let head = text.lines().next()?;
        let (delimiter, names) = [b',', b';', b'\t'].into_iter().find_map(|delimiter| {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(head.as_bytes());
            let names: Vec<String> = reader.records().next()?.ok()?.iter().map(|name| name.trim().to_lowercase()).collect();
            names.iter().any(|name| name == "symbol").then_some((delimiter, names))
        })?;
        let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        Some(Self {
            delimiter,
            symbol: find(&["symbol"])?,
            list: find(&["watchlist", "portfolio", "list"]),
            note: find(&["note", "notes", "comment"]),
        })
    }
}

fn table(text: &str, columns: &Columns) -> Result<PortableFile, UnreadableFile> {
    let kind = if columns.list.is_some() { FileKind::Csv } else { FileKind::Portfolio };
    let mut reader = csv::ReaderBuilder::new().delimiter(columns.delimiter).flexible(true).from_reader(text.as_bytes());
    let mut collector = Collector::new();
    for row in reader.records() {
        let row = row?;
        let line = row.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(usize::MAX));
        let cell = |column: Option<usize>| column.and_then(|column| row.get(column)).map(plain_text);
        let list = collector.list(cell(columns.list));
        let symbol = row.get(columns.symbol).unwrap_or_default();
        // A row without a symbol names an empty list, or is the sum under a portfolio.
        if !symbol.trim().is_empty() {
            collector.add(list, line, symbol, cell(columns.note));
        }
    }
    Ok(collector.file(kind))
}

/// The cell without the apostrophe that keeps spreadsheets from taking it for a formula.
fn plain_text(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

/// Symbols between white space, commas and semicolons; what follows a `#` is a comment.
fn symbols(text: &str) -> PortableFile {
    let mut collector = Collector::new();
    let list = collector.list(None);
    for (at, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        for word in line.split([' ', '\t', ',', ';', '"', '\u{a0}']).filter(|word| !word.is_empty()) {
            collector.add(list, at + 1, word, None);
        }
    }
    collector.file(FileKind::Symbols)
}
