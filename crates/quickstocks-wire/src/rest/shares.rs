//! Bodies about links to lists.

use quickstocks_core::model::{ListId, Missing, Share, SourceKind, StoredQuote, Symbol, TickNumber, Timestamp};
use quickstocks_core::shares::SharedList;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{StatusSource, schema};

/// The link to a list. Whoever has it sees the list's name, its symbols and their quotes, until it is ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ShareBody {
    /// What makes the link: 64 hexadecimal digits.
    #[schema(example = "5f2c9a0e7b14d3685f2c9a0e7b14d3685f2c9a0e7b14d3685f2c9a0e7b14d368")]
    pub token: String,
    /// When it was made.
    #[schema(value_type = i64)]
    pub created_at: Timestamp,
    /// The path on this origin of what it shows, as JSON.
    #[schema(example = "/api/v1/shared/5f2c9a0e7b14d3685f2c9a0e7b14d3685f2c9a0e7b14d3685f2c9a0e7b14d368/list.json")]
    pub json_path: String,
    /// The same as a table for a terminal.
    #[schema(example = "/api/v1/shared/5f2c9a0e7b14d3685f2c9a0e7b14d3685f2c9a0e7b14d3685f2c9a0e7b14d368/list.txt")]
    pub text_path: String,
}

impl ShareBody {
    /// What its owner is told.
    pub fn new(share: &Share) -> Self {
        let token = share.token.reveal();
        let path = |end: &str| format!("/api/v1/shared/{token}/list.{end}");
        Self { created_at: share.created_at, json_path: path("json"), text_path: path("txt"), token: token.to_owned() }
    }
}

/// That a list has a link; what it is is told by the list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SharedListName {
    /// The list.
    #[schema(value_type = String, example = "9f86d081884c7d65")]
    pub list: ListId,
    /// When the link was made.
    #[schema(value_type = i64)]
    pub created_at: Timestamp,
}

impl SharedListName {
    /// What a file tells of a link: not what makes it.
    pub fn new(share: &Share) -> Self {
        Self { list: share.list.clone(), created_at: share.created_at }
    }
}

/// A list as whoever has the link sees it: no notes, no ids, nothing of its owner.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SharedListBody {
    /// The list's name. Text from its owner: never use it as markup.
    #[schema(example = "My picks")]
    pub name: String,
    /// Its symbols in their order.
    #[schema(value_type = Vec<String>, example = json!(["AAPL", "^GSPC"]))]
    pub symbols: Vec<Symbol>,
    /// The last tick.
    #[schema(value_type = u64)]
    pub tick: TickNumber,
    /// When the last poll was made, in milliseconds since the Unix epoch; 0 before the first.
    #[schema(value_type = i64)]
    pub polled_at: Timestamp,
    /// Where prices come from, and how that is doing.
    pub source: StatusSource,
    /// The last known quotes, in the order of the symbols.
    #[schema(value_type = Vec<schema::Quote>)]
    pub quotes: Vec<StoredQuote>,
    /// The symbols without one.
    #[schema(value_type = Vec<schema::Missing>)]
    pub missing: Vec<Missing>,
}

impl SharedListBody {
    /// What is told of a shared list.
    pub fn new(list: SharedList, kind: SourceKind) -> Self {
        let SharedList { name, symbols, status, quotes, missing } = list;
        let source = StatusSource { kind, health: status.health };
        Self { name, symbols, tick: status.tick, polled_at: status.polled_at, source, quotes, missing }
    }
}
