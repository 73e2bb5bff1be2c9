//! How rows become values, and values columns.

use quickstocks_core::model::{Symbol, Timestamp};
use quickstocks_core::ports::StoreError;
use rusqlite::{Connection, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Failure, corrupt};

/// Runs a statement that changes rows; answers how many it changed.
pub(crate) fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<usize, Failure> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

/// All rows of a query.
pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut decode: impl FnMut(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(decode(row)?);
    }
    Ok(all)
}

/// The only row of a query, if there is one.
pub(crate) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    decode: impl FnOnce(&Row<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(decode).transpose()
}

/// The moment in a column.
pub(crate) fn moment(row: &Row<'_>, column: &str) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

/// The moment in a column that may have none.
pub(crate) fn moment_or_none(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>, Failure> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// The symbol in a column.
pub(crate) fn symbol(row: &Row<'_>, column: &str) -> Result<Symbol, Failure> {
    let text: String = row.get(column)?;
    Ok(Symbol::parse(&text).map_err(|error| corrupt(format!("the symbol {text:?}"), error))?)
}

/// A value as JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(error.into()))
}

/// The value in a column of JSON. `item` says whose it is, if it cannot be read.
pub(crate) fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: &str, item: impl FnOnce() -> String) -> Result<T, Failure> {
    let json = row.get_ref(column)?.as_str().map_err(|error| corrupt(column, error))?;
    Ok(serde_json::from_str(json).map_err(|error| corrupt(item(), error))?)
}

/// A unit variant as the word its JSON is.
pub(crate) fn to_word(value: impl Serialize) -> Result<String, StoreError> {
    let refused = |cause: Box<dyn std::error::Error + Send + Sync>| StoreError::Refused(cause);
    match serde_json::to_value(value).map_err(|error| refused(error.into()))? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(refused(format!("{other} is no word").into())),
    }
}

/// The unit variant of that word. `item` says whose it is, if there is none.
pub(crate) fn from_word<T: DeserializeOwned>(word: String, item: impl FnOnce() -> String) -> Result<T, Failure> {
    Ok(serde_json::from_value(serde_json::Value::String(word)).map_err(|error| corrupt(item(), error))?)
}
