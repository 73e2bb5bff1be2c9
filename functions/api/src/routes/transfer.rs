use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use quickstocks_core::import::{ImportMode, ImportOutcome, ImportedList, IncomingList};
use quickstocks_core::model::{Note, Symbol, Watchlist};
use quickstocks_wire::rest::{ImportBody, ImportedListBody, Problem, RejectedBody, schema};
use quickstocks_wire::transfer::{self, PortableEntry, PortableList, Rejection, UnreadableFile};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::{Caller, Query};
use crate::state::AppState;

/// The largest file: 20 full lists with long notes are some 1.3 MB as JSON, and Lambda takes 6 MB.
pub(crate) const MAX_FILE_BYTES: usize = 2 * 1024 * 1024;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `json` (the default) or `csv`.
    #[param(example = "csv", nullable = false)]
    format: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// What becomes of a list that has the name of one in the file: `merge` (the default) adds what it lacks, `replace` makes it what
    /// the file has. Other lists stay as they are.
    #[param(example = "merge", nullable = false)]
    mode: Option<String>,
    /// `true` tells what would be done, and does nothing.
    #[serde(default)]
    #[param(nullable = false)]
    dry_run: bool,
}

/// Your watchlists as a file, with their notes: JSON, which is exact, or CSV for a spreadsheet.
#[utoipa::path(get, path = "/api/v1/export", tag = "watchlists", security(("session" = []), ("token" = [])), params(ExportQuery),
    responses((status = 200, description = "the file", content((schema::WatchlistsFile = "application/json"), (String = "text/csv"))),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn export(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let lists = deps.watchlists.all(&user).await?.iter().map(portable).collect::<Vec<_>>();
    let (media_type, attachment, text) = match query.format.as_deref() {
        None | Some("json") => {
            ("application/json", "attachment; filename=\"quickstocks-watchlists.json\"", transfer::write_json(&lists))
        }
        Some("csv") => {
            ("text/csv; charset=utf-8", "attachment; filename=\"quickstocks-watchlists.csv\"", transfer::write_csv(&lists))
        }
        Some(_) => return Err(ApiError::invalid("format_invalid", "format", "format is json or csv")),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(attachment)),
    ];
    Ok((headers, text).into_response())
}

/// Takes over watchlists from a file: our JSON or CSV, a portfolio that Yahoo Finance exported, or plain symbols. What the file is, is told
/// from its content. Each list is written whole or not at all, and an import that failed half-way can be repeated.
#[utoipa::path(post, path = "/api/v1/import", tag = "watchlists", security(("session" = []), ("token" = [])), params(ImportQuery),
    request_body(content((String = "text/csv"), (String = "text/plain"), (schema::WatchlistsFile = "application/json")), description = "the file, at most 2 MB"),
    responses((status = 200, body = ImportBody), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 412, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn import(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Json<ImportBody>, ApiError> {
    let mode = match query.mode.as_deref() {
        None | Some("merge") => ImportMode::Merge,
        Some("replace") => ImportMode::Replace,
        Some(_) => return Err(ApiError::invalid("mode_invalid", "mode", "mode is merge or replace")),
    };
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let said_json =
        media_type.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"));
    let bytes = axum::body::to_bytes(request.into_body(), MAX_FILE_BYTES).await.map_err(|_| {
        let detail = format!("a file has at most {} MB", MAX_FILE_BYTES / 1024 / 1024);
        ApiError::client(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    })?;
    let file = if said_json { transfer::read_json(&bytes) } else { transfer::read(&bytes) };
    let file = file.map_err(|error| unreadable(&error))?;
    let mut rejected: Vec<RejectedBody> = file
        .rejected
        .iter()
        .map(|one| RejectedBody { line: Some(one.line), text: one.text.clone(), reason: reason(one.reason).to_owned() })
        .collect();
    let incoming = file.lists.into_iter().map(|list| incoming(list, &mut rejected)).collect();
    let imported = deps.watchlists.import(&user, incoming, mode, query.dry_run).await;
    let imported = imported.map_err(|error| ApiError::watchlist(error, "body", deps.clock.now()))?;
    let lists = imported.into_iter().map(|list| body(list, &mut rejected)).collect();
    Ok(Json(ImportBody { kind: file.kind, dry_run: query.dry_run, lists, rejected }))
}

fn portable(list: &Watchlist) -> PortableList {
    let note = |symbol: &Symbol| list.notes.get(symbol).map(|note| note.as_str().to_owned());
    let entries = list.symbols.iter().map(|symbol| PortableEntry { symbol: symbol.clone(), note: note(symbol) }).collect();
    PortableList { name: Some(list.name.clone()), entries }
}

/// A note that is too long is left out, and told; its symbol is followed all the same.
fn incoming(list: PortableList, rejected: &mut Vec<RejectedBody>) -> IncomingList {
    let mut entries = Vec::with_capacity(list.entries.len());
    for (at, PortableEntry { symbol, note }) in list.entries.into_iter().enumerate() {
        let note: Option<Result<Note, _>> = note.map(|note| note.parse());
        if matches!(note, Some(Err(_))) {
            rejected.push(RejectedBody { line: Some(at + 1), text: symbol.to_string(), reason: "note_invalid".to_owned() });
        }
        entries.push((symbol, note.and_then(Result::ok)));
    }
    IncomingList { name: list.name.filter(|name| !name.trim().is_empty()), entries }
}

fn body(list: ImportedList, rejected: &mut Vec<RejectedBody>) -> ImportedListBody {
    for (symbols, reason) in [(&list.unknown, "symbol_unknown"), (&list.too_many, "too_many_symbols")] {
        rejected.extend(symbols.iter().map(|symbol| RejectedBody {
            line: None,
            text: symbol.to_string(),
            reason: reason.to_owned(),
        }));
    }
    let texts = |symbols: &[Symbol]| symbols.iter().map(Symbol::to_string).collect();
    ImportedListBody {
        id: list.id.map(|id| id.to_string()),
        outcome: match list.outcome {
            ImportOutcome::Created => "created",
            ImportOutcome::Changed => "changed",
            ImportOutcome::Unchanged => "unchanged",
        }
        .to_owned(),
        added: texts(&list.added),
        removed: texts(&list.removed),
        name: list.name,
    }
}

fn reason(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::SymbolInvalid => "symbol_invalid",
        Rejection::SymbolDuplicate => "symbol_duplicate",
        Rejection::TooManySymbols => "too_many_symbols",
        Rejection::TooManyLists => "too_many_lists",
    }
}

fn unreadable(error: &UnreadableFile) -> ApiError {
    ApiError::client(StatusCode::BAD_REQUEST, "file_unreadable", error.to_string())
}
