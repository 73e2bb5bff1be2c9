//! Bodies of the REST API, and their schemas for its OpenAPI document. Errors are [`Problem`]s (RFC 9457).

use std::collections::BTreeMap;

use quickstocks_core::model::{
    Colours, Missing, SignUp, SourceHealth, SourceKind, SourceStatus, StoredQuote, SymbolMatch, Theme, TickNumber, Timestamp,
    Watchlist,
};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::transfer::FileKind;

mod accounts;
mod alerts;
mod push;
mod reference;
pub mod schema;
mod shares;

pub use accounts::*;
pub use alerts::*;
pub use push::*;
pub use reference::*;
pub use shares::*;

/// An error, as RFC 9457 has it. `code` is stable and made for programs, `detail` for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"type": "about:blank", "title": "Unprocessable Content", "status": 422, "code": "too_many_symbols",
    "detail": "a list holds at most 200 symbols", "field": "symbols"}))]
pub struct Problem {
    /// Always `about:blank`: `code` tells more.
    pub r#type: String,
    /// The status's usual name.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
    /// The part of the request that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// Who the caller is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SessionBody {
    /// The user.
    pub user: UserBody,
    /// The ids of their watchlists.
    pub watchlists: Vec<String>,
}

/// A user.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UserBody {
    /// The id; it gives no right.
    pub id: String,
}

/// Somebody's watchlists.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WatchlistsBody {
    /// The lists.
    #[schema(value_type = Vec<schema::Watchlist>)]
    pub watchlists: Vec<Watchlist>,
}

/// A watchlist as somebody wants it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchlistInput {
    /// 1 to 60 characters, no control characters.
    #[schema(min_length = 1, max_length = 60, example = "My picks")]
    pub name: String,
    /// At most 200 symbols, none twice, each known to the source.
    #[serde(default)]
    #[schema(max_items = 200, example = json!(["AAPL", "^GSPC"]))]
    pub symbols: Vec<String>,
    /// Notes by symbol, each of 1 to 280 characters and about a symbol that is in the list. When this is left out, the symbols that stay
    /// keep their notes.
    #[serde(default)]
    #[schema(example = json!({"AAPL": "the yardstick"}))]
    pub notes: Option<BTreeMap<String, String>>,
}

/// What an import did, or with `dry_run` would do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportBody {
    /// What the file was taken for.
    #[schema(value_type = schema::FileKind)]
    pub kind: FileKind,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// What became of each list in the file.
    pub lists: Vec<ImportedListBody>,
    /// What in the file could not be used.
    pub rejected: Vec<RejectedBody>,
}

/// What became of a list in a file.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportedListBody {
    /// The list; absent for one that is only to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// `created`, `changed` or `unchanged`.
    #[schema(value_type = schema::ImportOutcome)]
    pub outcome: String,
    /// The symbols that were not on it before.
    pub added: Vec<String>,
    /// The symbols that are no longer on it.
    pub removed: Vec<String>,
}

/// Something in a file that could not be used.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RejectedBody {
    /// The line it stands on, the first being 1; in JSON the position on its list. Absent for what the source does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub line: Option<usize>,
    /// Its beginning.
    pub text: String,
    /// `symbol_invalid`, `symbol_duplicate`, `symbol_unknown`, `too_many_symbols`, `too_many_lists` or `note_invalid`.
    pub reason: String,
}

/// Preferences as somebody wants them. What is left out goes back to what the browser has.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreferencesInput {
    /// A language tag (BCP 47).
    #[serde(default)]
    #[schema(max_length = 35, example = "en-GB")]
    pub locale: Option<String>,
    /// A name of the IANA time zone database.
    #[serde(default)]
    #[schema(example = "Europe/London")]
    pub time_zone: Option<String>,
    /// The currency that prices are shown in too: a code of ISO 4217.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, example = "EUR")]
    pub currency: Option<String>,
    /// Light or dark.
    #[serde(default)]
    #[schema(value_type = schema::Theme)]
    pub theme: Theme,
    /// Which colour a rise has.
    #[serde(default)]
    #[schema(value_type = schema::Colours)]
    pub colours: Colours,
    /// When nothing may make a sound.
    #[serde(default, deserialize_with = "object")]
    pub quiet_hours: Option<QuietHoursInput>,
}

/// Reads an object and nothing else: serde takes an array for one too.
fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let fields: Option<serde_json::Map<String, serde_json::Value>> = Option::deserialize(deserializer)?;
    fields.map(|fields| T::deserialize(serde_json::Value::Object(fields)).map_err(D::Error::custom)).transpose()
}

/// Reads what may be left out, and is not null where it is there.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a whole number however it is written: to JSON Schema `90.0` is an integer too.
fn whole<'de, D: Deserializer<'de>, T: TryFrom<u64>>(deserializer: D) -> Result<Option<T>, D::Error> {
    whole_number(deserializer).map(Some)
}

/// Likewise, where a number has to be.
pub(crate) fn whole_number<'de, D: Deserializer<'de>, T: TryFrom<u64>>(deserializer: D) -> Result<T, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let whole = number.as_u64().or_else(|| {
        let text = number.to_string();
        let (before, after) = text.split_once('.')?;
        if after.bytes().all(|digit| digit == b'0') { before.parse().ok() } else { None }
    });
    let whole = whole.and_then(|whole| T::try_from(whole).ok());
    whole.ok_or_else(|| D::Error::custom(format!("{number} is no whole number of the size that can be here")))
}

/// A part of each day, which may pass midnight.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHoursInput {
    /// When it begins, as HH:MM.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "22:00")]
    pub from: String,
    /// When it ends, as HH:MM.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "07:00")]
    pub to: String,
}

/// The quotes of some symbols.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct QuotesBody {
    /// The last tick.
    #[schema(value_type = u64)]
    pub tick: TickNumber,
    /// When the last poll was made, in milliseconds since the Unix epoch.
    #[schema(value_type = i64)]
    pub polled_at: Timestamp,
    /// How the source is doing.
    #[schema(value_type = schema::SourceHealth)]
    pub source: SourceHealth,
    /// The quotes.
    #[schema(value_type = Vec<schema::Quote>)]
    pub quotes: Vec<StoredQuote>,
    /// The symbols without one.
    #[schema(value_type = Vec<schema::Missing>)]
    pub missing: Vec<Missing>,
}

/// What a search found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchBody {
    /// What was searched for.
    pub query: String,
    /// The matches, best first.
    #[schema(value_type = Vec<schema::SymbolMatch>)]
    pub matches: Vec<SymbolMatch>,
}

/// A ticket for one WebSocket.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TicketBody {
    /// To be put into the query string as `ticket`. It works once.
    pub ticket: String,
    /// When it stops working, in milliseconds since the Unix epoch.
    #[schema(value_type = i64)]
    pub expires_at: Timestamp,
    /// The path of the WebSocket on this origin.
    #[schema(example = "/ws")]
    pub path: String,
}

/// How the service is doing.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StatusBody {
    /// The source.
    pub source: StatusSource,
    /// The last tick.
    #[schema(value_type = u64)]
    pub tick: TickNumber,
    /// When the last poll was made, in milliseconds since the Unix epoch; 0 before the first.
    #[schema(value_type = i64)]
    pub polled_at: Timestamp,
    /// The server's time.
    #[schema(value_type = i64)]
    pub server_time: Timestamp,
    /// Calls to the source in this hour.
    pub budget: StatusBudget,
    /// How many symbols are polled, and for whom.
    pub poll_set: StatusPollSet,
    /// Seconds between two polls of a symbol whose market is open, as the budget allows it.
    pub intervals: StatusIntervals,
    /// When the last daily sweep that came to its end began: what is followed is derived anew by it. Absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, nullable = false)]
    pub swept_at: Option<Timestamp>,
}

/// The source's state and kind.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StatusSource {
    /// Where prices come from.
    #[schema(value_type = schema::SourceKind)]
    pub kind: SourceKind,
    /// How it is doing.
    #[serde(flatten)]
    #[schema(value_type = schema::SourceHealth)]
    pub health: SourceHealth,
}

/// Calls to the source in this hour.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StatusBudget {
    /// How many may be made; absent when there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_hour: Option<u32>,
    /// How many were made.
    pub used: u32,
}

/// How many symbols are polled, each counted once under the most urgent reason.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StatusPollSet {
    /// All of them.
    pub symbols: u32,
    /// On somebody's screen.
    pub on_screen: u32,
    /// Under an armed alert.
    pub armed: u32,
    /// Only on somebody's list.
    pub followed: u32,
}

/// Seconds between two polls of a symbol whose market is open.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StatusIntervals {
    /// On somebody's screen.
    pub on_screen: u32,
    /// Under an armed alert.
    pub armed: u32,
    /// Only on somebody's list.
    pub followed: u32,
}

impl StatusBody {
    /// From what the last tick left behind.
    pub fn new(kind: SourceKind, status: &SourceStatus, server_time: Timestamp, calls_per_hour: Option<u32>, used: u32) -> Self {
        Self {
            source: StatusSource { kind, health: status.health.clone() },
            tick: status.tick,
            polled_at: status.polled_at,
            server_time,
            budget: StatusBudget { calls_per_hour, used },
            poll_set: StatusPollSet {
                symbols: status.on_screen + status.armed + status.followed,
                on_screen: status.on_screen,
                armed: status.armed,
                followed: status.followed,
            },
            intervals: StatusIntervals {
                on_screen: status.on_screen_interval,
                armed: status.armed_interval,
                followed: status.followed_interval,
            },
            swept_at: None,
        }
    }
}

/// What a client needs to know before it begins.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfigBody {
    /// The server's version.
    pub version: String,
    /// Where prices come from.
    pub source: ConfigSource,
    /// Seconds between two ticks.
    pub tick_seconds: u32,
    /// What a user may have.
    pub limits: ConfigLimits,
    /// Who may become a guest.
    #[schema(value_type = schema::SignUp)]
    pub sign_up: SignUp,
    /// Whether lists can be shared by a link; links that were made before lead nowhere while they cannot.
    pub sharing: bool,
    /// The path of the WebSocket on this origin.
    pub ws_path: String,
}

/// Where prices come from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfigSource {
    /// The kind; anything but `yahoo` is not the real market.
    #[schema(value_type = schema::SourceKind)]
    pub kind: SourceKind,
}

/// What a user may have.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConfigLimits {
    /// Symbols on one list.
    pub symbols_per_list: usize,
    /// Lists.
    pub lists: usize,
}
