use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use quickstocks_core::model::{InvalidNote, ListId, Symbol, Watchlist};
use quickstocks_core::watchlists::Draft;
use quickstocks_wire::rest::{Problem, WatchlistInput, WatchlistsBody, schema};

use crate::error::ApiError;
use crate::extract::{Body, Caller, Path, if_match, symbol, symbols};
use crate::respond::versioned;
use crate::state::AppState;

/// Your watchlists.
#[utoipa::path(get, path = "/api/v1/watchlists", tag = "watchlists", security(("session" = []), ("token" = [])),
    responses((status = 200, body = WatchlistsBody), (status = 401, body = Problem)))]
pub(crate) async fn list(State(deps): State<AppState>, Caller(user): Caller) -> Result<Json<WatchlistsBody>, ApiError> {
    Ok(Json(WatchlistsBody { watchlists: deps.watchlists.all(&user).await? }))
}

/// Adds a watchlist.
#[utoipa::path(post, path = "/api/v1/watchlists", tag = "watchlists", security(("session" = []), ("token" = [])), request_body = WatchlistInput,
    responses((status = 201, body = schema::Watchlist), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn create(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Body(input): Body<WatchlistInput>,
) -> Result<Response, ApiError> {
    let list = deps.watchlists.create(&user, draft(input)?).await;
    let list = list.map_err(|error| ApiError::watchlist(error, "symbols", deps.clock.now()))?;
    let mut response = whole(StatusCode::CREATED, &list);
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/watchlists/{}", list.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// One watchlist. Its `ETag` is for `If-Match`.
#[utoipa::path(get, path = "/api/v1/watchlists/{id}", tag = "watchlists", security(("session" = []), ("token" = [])), params(("id" = String, Path)),
    responses((status = 200, body = schema::Watchlist), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn read(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let list = deps.watchlists.get(&user, &ListId::new(&id)).await;
    let list = list.map_err(|error| ApiError::watchlist(error, "symbols", deps.clock.now()))?;
    Ok(whole(StatusCode::OK, &list))
}

/// Replaces a watchlist's name, its symbols in their order, and its notes.
#[utoipa::path(put, path = "/api/v1/watchlists/{id}", tag = "watchlists", security(("session" = []), ("token" = [])), request_body = WatchlistInput,
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "change only this version")),
    responses((status = 200, body = schema::Watchlist), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 412, body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn replace(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(input): Body<WatchlistInput>,
) -> Result<Response, ApiError> {
    let expected = if_match(&headers)?;
    let list = deps.watchlists.replace(&user, &ListId::new(&id), draft(input)?, expected).await;
    let list = list.map_err(|error| ApiError::watchlist(error, "symbols", deps.clock.now()))?;
    Ok(whole(StatusCode::OK, &list))
}

/// Removes a watchlist.
#[utoipa::path(delete, path = "/api/v1/watchlists/{id}", tag = "watchlists", security(("session" = []), ("token" = [])),
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "remove only this version")),
    responses((status = 204), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 412, body = Problem)))]
pub(crate) async fn remove(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let expected = if_match(&headers)?;
    let done = deps.watchlists.delete(&user, &ListId::new(&id), expected).await;
    done.map_err(|error| ApiError::watchlist(error, "symbols", deps.clock.now()))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a symbol at the end of a watchlist; one that is there stays where it is.
#[utoipa::path(put, path = "/api/v1/watchlists/{id}/symbols/{symbol}", tag = "watchlists", security(("session" = []), ("token" = [])),
    params(("id" = String, Path), ("symbol" = String, Path, example = "AAPL")),
    responses((status = 200, body = schema::Watchlist), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn add_symbol(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path((id, text)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let list = deps.watchlists.add_symbol(&user, &ListId::new(&id), &symbol(&text)?).await;
    let list = list.map_err(|error| ApiError::watchlist(error, "symbol", deps.clock.now()))?;
    Ok(whole(StatusCode::OK, &list))
}

/// Takes a symbol off a watchlist.
#[utoipa::path(delete, path = "/api/v1/watchlists/{id}/symbols/{symbol}", tag = "watchlists", security(("session" = []), ("token" = [])),
    params(("id" = String, Path), ("symbol" = String, Path, example = "AAPL")),
    responses((status = 200, body = schema::Watchlist), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn remove_symbol(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Path((id, text)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let list = deps.watchlists.remove_symbol(&user, &ListId::new(&id), &symbol(&text)?).await;
    let list = list.map_err(|error| ApiError::watchlist(error, "symbol", deps.clock.now()))?;
    Ok(whole(StatusCode::OK, &list))
}

fn draft(input: WatchlistInput) -> Result<Draft, ApiError> {
    let symbols = symbols(input.symbols.iter().map(String::as_str), "symbols")?;
    let note = |(about, text): (String, String)| {
        let invalid = |code, detail: String| ApiError::invalid(code, format!("notes.{about}"), detail);
        let about = Symbol::parse(&about).map_err(|error| invalid("symbol_invalid", error.to_string()))?;
        let note = text.parse().map_err(|error: InvalidNote| invalid("note_invalid", error.to_string()))?;
        Ok((about, note))
    };
    let notes = input.notes.map(|notes| notes.into_iter().map(note).collect::<Result<_, ApiError>>()).transpose()?;
    Ok(Draft { name: input.name, symbols, notes })
}

fn whole(status: StatusCode, list: &Watchlist) -> Response {
    versioned(status, list.version, list)
}
