use quickstocks_core::model::{Preferences, Scope, Timestamp, Token, TokenHash, TokenKind, Watchlist};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AlertBody, DeviceBody, SessionBody, SharedListName, schema};
use crate::ws::NoticeView;

/// What a guest may say when they come.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionInput {
    /// An invitation, where not everybody may come.
    #[serde(default)]
    #[schema(example = "7K3M-9PQR-2TVW-XYZ0")]
    pub invite: Option<String>,
}

/// Something that lets its owner in. Its secret is nowhere kept.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenBody {
    /// What to name it by; it gives no right.
    #[schema(example = "9f86d081884c7d65")]
    pub id: String,
    /// A browser's session, a script's access token, or a recovery code.
    #[schema(value_type = schema::TokenKind)]
    pub kind: TokenKind,
    /// What its owner calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// When it was made.
    #[schema(value_type = i64)]
    pub created_at: Timestamp,
    /// When it was last used, give or take a day.
    #[schema(value_type = i64)]
    pub used_at: Timestamp,
    /// When it stops being good.
    #[schema(value_type = i64)]
    pub expires_at: Timestamp,
    /// Whether this very request came with it.
    pub current: bool,
}

impl TokenBody {
    /// What is told of a token; `current` is the hash of the one that the request came with.
    pub fn new(token: &Token, current: Option<&TokenHash>) -> Self {
        Self {
            id: token.id().to_owned(),
            kind: token.kind,
            name: token.name.as_ref().map(|name| name.as_str().to_owned()),
            created_at: token.created_at,
            used_at: token.used_at,
            expires_at: token.expires_at,
            current: current == Some(&token.hash),
        }
    }
}

/// Everything that lets somebody in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TokensBody {
    /// The oldest first.
    pub tokens: Vec<TokenBody>,
}

/// An access token as somebody wants it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    /// 1 to 80 characters, no control characters.
    #[schema(min_length = 1, max_length = 80, example = "morning script")]
    pub name: String,
    /// What it may do.
    #[schema(value_type = schema::Scope)]
    pub scope: Scope,
    /// For how many days it is good; 90 unless said otherwise.
    #[serde(default, deserialize_with = "super::whole")]
    #[schema(minimum = 1, maximum = 366, example = 90, nullable = false)]
    pub expires_in_days: Option<u32>,
}

/// An access token that was just made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NewTokenBody {
    /// What is told of it from now on.
    pub token: TokenBody,
    /// The secret, shown this once: `Authorization: Bearer SECRET`.
    pub secret: String,
}

/// A code to type elsewhere, shown this once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CodeBody {
    /// The code.
    #[schema(example = "7K3M-9PQR-2TVW")]
    pub code: String,
    /// When it stops being good.
    #[schema(value_type = i64)]
    pub expires_at: Timestamp,
}

/// A code that somebody types.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeInput {
    /// The code, in any case, with hyphens and spaces or without.
    #[schema(example = "7k3m 9pqr 2tvw")]
    pub code: String,
}

/// An account that is back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RecoveredBody {
    /// Whose it is.
    pub session: SessionBody,
    /// The next recovery code, shown this once: the former one is used up.
    pub recovery_code: String,
}

/// Everything that is kept about somebody.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AccountExport {
    /// The form of this document.
    #[schema(example = 1)]
    pub version: u32,
    /// The user's id.
    pub user: String,
    /// When they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, nullable = false)]
    pub created_at: Option<Timestamp>,
    /// Their lists.
    #[schema(value_type = Vec<schema::Watchlist>)]
    pub watchlists: Vec<Watchlist>,
    /// Which of them have a link.
    pub shares: Vec<SharedListName>,
    /// Their preferences.
    #[schema(value_type = schema::Preferences)]
    pub preferences: Preferences,
    /// Their alerts.
    pub alerts: Vec<AlertBody>,
    /// What happened to their alerts in the last 90 days, the newest first.
    #[schema(value_type = Vec<schema::Notification>)]
    pub notifications: Vec<NoticeView>,
    /// What lets them in.
    pub tokens: Vec<TokenBody>,
    /// What their notifications are pushed to.
    pub devices: Vec<DeviceBody>,
}
