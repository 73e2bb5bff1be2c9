use async_trait::async_trait;

use super::StoreError;
use crate::model::{Timestamp, Token, TokenHash, TokenKind, User, UserId, Watchlist};

/// Makes and removes users.
#[async_trait]
pub trait UserWriter: Send + Sync {
    /// Stores a new user together with their first list and their session: all or nothing. When a user, a list of theirs or a token
    /// of that id is already there, it MUST stay, nothing is stored, and the answer is [`StoreError::Refused`].
    async fn create(&self, user: &User, list: &Watchlist, session: &Token) -> Result<(), StoreError>;

    /// Removes a user and everything that is theirs: lists, links to them, preferences, connections, and the tokens of the kinds that are listed; the
    /// others MUST stay, and die of themselves. The tokens MUST go last, so that a call that failed half-way can be repeated by
    /// whoever made it. A user who is not there is no error.
    async fn remove_user(&self, user: &UserId) -> Result<(), StoreError>;
}

/// Reads users.
#[async_trait]
pub trait UserReader: Send + Sync {
    /// The user of that id.
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError>;
}

/// Reads tokens.
#[async_trait]
pub trait TokenReader: Send + Sync {
    /// The token of that hash and kind. One of another kind, or one that expired at `now`, MUST be answered with `None`.
    async fn token(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError>;

    /// A user's tokens of the kinds that are listed ([`TokenKind::is_listed`]), ordered by when they were made and then by hash, without
    /// those that expired at `now`.
    async fn tokens_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<Token>, StoreError>;
}

/// Writes tokens.
#[async_trait]
pub trait TokenWriter: Send + Sync {
    /// Stores a token. When it returns, one of a kind that is listed is among its user's tokens.
    async fn put(&self, token: &Token) -> Result<(), StoreError>;

    /// Takes a token out of the store, in one step: of any number of callers exactly one MUST get it. One of another kind, or one that
    /// expired at `now`, MUST be answered with `None`; one of another kind MUST stay.
    async fn take(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError>;

    /// Notes that a token was used at `now` and makes it last until `until`. Answers whether it was there; it MUST NOT make one.
    async fn extend(&self, hash: &TokenHash, now: Timestamp, until: Timestamp) -> Result<bool, StoreError>;

    /// Removes a token, also from its user's tokens; one that is not there is no error.
    async fn delete(&self, hash: &TokenHash) -> Result<(), StoreError>;
}
