//! How values become items and come back.

use aws_sdk_dynamodb::types::AttributeValue;
use quickstocks_core::ports::{BoxError, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{Item, Key};

/// The version of every item's layout that this program writes. It reads no other: a layout that old programs cannot read gets a
/// new number, and a program that reads both comes before one that writes it.
const LAYOUT: u32 = 1;

/// Why an item cannot be read.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("its layout is {0:?}, this program reads {LAYOUT}")]
    Layout(Option<AttributeValue>),
    #[error("its sort key is not a text")]
    SortKey,
}

/// The item of a row under its key, with the layout's version.
pub(crate) fn write<T: Serialize>(key: &Key, row: &T) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::aws_sdk_dynamodb_1::to_item(row).map_err(|error| corrupt_key(key, error))?;
    item.extend(key.attributes());
    item.insert("v".to_owned(), layout());
    Ok(item)
}

/// The row of an item. The item must have been read with its keys.
pub(crate) fn read<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    if item.get("v") != Some(&layout()) {
        let error = Unreadable::Layout(item.get("v").cloned());
        return Err(corrupt(&item, error));
    }
    let key = key_text(&item);
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(|error| StoreError::Corrupt { item: key, source: error.into() })
}

/// The sort key of an item.
pub(crate) fn sort_key(item: &Item) -> Result<&str, StoreError> {
    match item.get("sk") {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(corrupt(item, Unreadable::SortKey)),
    }
}

/// The error for an item that cannot be read; it names the item by its key.
pub(crate) fn corrupt(item: &Item, source: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt { item: key_text(item), source: source.into() }
}

/// The same when only the key is at hand.
pub(crate) fn corrupt_key(key: &Key, source: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt { item: format!("{} {}", key.pk, key.sk), source: source.into() }
}

/// The value of the layout's version in an item.
pub(crate) fn layout() -> AttributeValue {
    number(LAYOUT)
}

/// A number as `DynamoDB` writes it.
pub(crate) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// A text.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Symbols are kept as one text with spaces between them (no symbol has one): a third of the bytes of a list on the wire and one
/// allocation instead of one a symbol, for the item that every dispatch reads thousands of.
pub(crate) mod symbols {
    use quickstocks_core::model::Symbol;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn join<'a>(symbols: impl IntoIterator<Item = &'a Symbol>) -> String {
        let mut joined = String::new();
        for symbol in symbols {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(symbol.as_str());
        }
        joined
    }

    pub(crate) fn serialize<'a, C, S>(symbols: C, serializer: S) -> Result<S::Ok, S::Error>
    where
        C: IntoIterator<Item = &'a Symbol>,
        S: Serializer,
    {
        serializer.serialize_str(&join(symbols))
    }

    pub(crate) fn deserialize<'de, C, D>(deserializer: D) -> Result<C, D::Error>
    where
        C: FromIterator<Symbol>,
        D: Deserializer<'de>,
    {
        let joined = String::deserialize(deserializer)?;
        joined.split_ascii_whitespace().map(|one| Symbol::parse(one).map_err(serde::de::Error::custom)).collect()
    }
}

fn key_text(item: &Item) -> String {
    let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map_or("?", String::as_str);
    format!("{} {}", part("pk"), part("sk"))
}
