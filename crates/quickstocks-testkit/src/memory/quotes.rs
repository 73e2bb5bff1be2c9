use std::collections::BTreeSet;

use async_trait::async_trait;
use quickstocks_core::model::{StoredQuote, Symbol};
use quickstocks_core::ports::{QuoteReader, QuoteWrite, QuoteWriter, StoreError};

use super::MemoryStore;

#[async_trait]
impl QuoteReader for MemoryStore {
    async fn quotes(&self, symbols: &[Symbol]) -> Result<Vec<StoredQuote>, StoreError> {
        let state = self.state();
        let asked: BTreeSet<&Symbol> = symbols.iter().collect();
        Ok(asked.into_iter().filter_map(|symbol| state.quotes.get(symbol).cloned()).collect())
    }
}

#[async_trait]
impl QuoteWriter for MemoryStore {
    async fn store(&self, quotes: &[StoredQuote]) -> Result<Vec<QuoteWrite>, StoreError> {
        let mut state = self.state();
        let rank = |quote: &StoredQuote| (quote.quote.newest(), quote.tick);
        let outcomes = quotes.iter().map(|quote| match state.quotes.get(&quote.quote.symbol) {
            Some(stored) if rank(stored) > rank(quote) => QuoteWrite::Older,
            _ => {
                state.quotes.insert(quote.quote.symbol.clone(), quote.clone());
                QuoteWrite::Stored
            }
        });
        Ok(outcomes.collect())
    }
}
