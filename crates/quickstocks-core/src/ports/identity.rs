use async_trait::async_trait;

use super::StoreError;
use crate::model::{Timestamp, Token, TokenHash, TokenKind, User, Watchlist};

/// Makes users.
#[async_trait]
pub trait UserWriter: Send + Sync {
    /// Stores a new user together with their first list and their session: all or nothing. When a user, a list of theirs or a token
    /// of that id is already there, it MUST stay, nothing is stored, and the answer is [`StoreError::Refused`].
    async fn create(&self, user: &User, list: &Watchlist, session: &Token) -> Result<(), StoreError>;
}

/// Reads tokens.
#[async_trait]
pub trait TokenReader: Send + Sync {
    /// The token of that hash and kind. One of another kind, or one that expired at `now`, MUST be answered with `None`.
    async fn token(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError>;
}

/// Writes tokens.
#[async_trait]
pub trait TokenWriter: Send + Sync {
    /// Stores a token.
    async fn put(&self, token: &Token) -> Result<(), StoreError>;

    /// Takes a token out of the store, in one step: of any number of callers exactly one MUST get it. One of another kind, or one that
    /// expired at `now`, MUST be answered with `None`; one of another kind MUST stay.
    async fn take(&self, hash: &TokenHash, kind: TokenKind, now: Timestamp) -> Result<Option<Token>, StoreError>;

    /// Makes a token last until `until`. Answers whether it was there; it MUST NOT make one.
    async fn extend(&self, hash: &TokenHash, until: Timestamp) -> Result<bool, StoreError>;

    /// Removes a token; one that is not there is no error.
    async fn delete(&self, hash: &TokenHash) -> Result<(), StoreError>;
}
