use serde::Serialize;

use super::{FORMAT, PortableEntry, PortableList, VERSION};

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    watchlists: Vec<List<'a>>,
}

#[derive(Serialize)]
struct List<'a> {
    name: &'a str,
    symbols: &'a [PortableEntry],
}

/// The lists as JSON, for people to read too.
pub fn write_json(lists: &[PortableList]) -> String {
    let watchlists =
        lists.iter().map(|list| List { name: list.name.as_deref().unwrap_or_default(), symbols: &list.entries }).collect();
    let document = Document { format: FORMAT, version: VERSION, watchlists };
    // Strings and numbers only: nothing that JSON could not hold.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// The lists as CSV (RFC 4180): one row a symbol, and one without a symbol for a list that is empty.
///
/// Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula, so such texts (and those that begin with an
/// apostrophe) get an apostrophe in front, which [`super::read()`] takes away again.
pub fn write_csv(lists: &[PortableList]) -> String {
    let mut rows = vec![["Watchlist".to_owned(), "Symbol".to_owned(), "Note".to_owned()]];
    for list in lists {
        let name = text_cell(list.name.as_deref().unwrap_or_default());
        if list.entries.is_empty() {
            rows.push([name.clone(), String::new(), String::new()]);
        }
        for entry in &list.entries {
            let note = entry.note.as_deref().map(text_cell).unwrap_or_default();
            rows.push([name.clone(), entry.symbol.as_str().to_owned(), note]);
        }
    }
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Rows of equal length into memory: neither can fail.
    let written = rows.iter().try_for_each(|row| writer.write_record(row)).ok().and_then(|()| writer.into_inner().ok());
    written.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn text_cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\'', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
