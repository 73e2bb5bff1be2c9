use async_trait::async_trait;

use super::StoreError;
use crate::model::{StoredQuote, Symbol};

/// Reads the last-good quotes.
#[async_trait]
pub trait QuoteReader: Send + Sync {
    /// The stored quotes of these symbols, in any order. A symbol without one MUST be left out; a symbol asked for
    /// twice MUST be answered once. Any number of symbols may be asked for; none at all MUST be answered without a call.
    async fn quotes(&self, symbols: &[Symbol]) -> Result<Vec<StoredQuote>, StoreError>;
}

/// What became of one quote of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteWrite {
    /// It is stored.
    Stored,
    /// The store holds a newer one, which stays.
    Older,
    /// It could not be stored; the rest of the batch is not affected.
    Failed,
}

/// Writes quotes; the newest wins.
#[async_trait]
pub trait QuoteWriter: Send + Sync {
    /// Stores each quote unless the store holds a newer one of the symbol: the order is by [`crate::model::Quote::newest`], then by
    /// tick. An equal quote MUST overwrite. The outcomes MUST come in the order of the quotes. One quote's failure MUST NOT
    /// keep the others from being stored.
    ///
    /// # Errors
    /// Only when nothing at all could be stored.
    async fn store(&self, quotes: &[StoredQuote]) -> Result<Vec<QuoteWrite>, StoreError>;
}
