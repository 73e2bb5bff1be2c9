//! The contracts of `QuoteReader` and `QuoteWriter`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::time::Duration;

use quickstocks_core::model::{Quote, StoredQuote, Symbol, TickNumber, Timestamp};
use quickstocks_core::ports::QuoteWrite;

use super::{CALLERS, Store, at_once};
use crate::sample;

const MINUTE: Duration = Duration::from_mins(1);

async fn store(to: &Store, quotes: &[StoredQuote]) -> Vec<QuoteWrite> {
    to.store(quotes).await.expect("quotes can be stored")
}

/// The stored quotes of these symbols, ordered by symbol.
async fn read(from: &Store, symbols: &[Symbol]) -> Vec<StoredQuote> {
    let mut quotes = from.quotes(symbols).await.expect("quotes can be read");
    quotes.sort_unstable_by(|a, b| a.quote.symbol.cmp(&b.quote.symbol));
    quotes
}

async fn read_one(from: &Store, symbol: &str) -> Option<StoredQuote> {
    read(from, &[sample::symbol(symbol)]).await.pop()
}

async fn is_read_back(to: &Store, quote: Quote) {
    let quote =
        StoredQuote { quote, tick: TickNumber(u64::from(u32::MAX) + 7), polled_at: sample::NOW + Duration::from_millis(1) };
    assert_eq!(store(to, std::slice::from_ref(&quote)).await, [QuoteWrite::Stored]);
    assert_eq!(read_one(to, quote.quote.symbol.as_str()).await, Some(quote));
}

/// Every field, to the last digit.
pub async fn a_quote_is_read_back_whole(under_test: Store) {
    is_read_back(&under_test, sample::full_quote("VOD.L", sample::NOW)).await;
}

/// What is absent stays absent.
pub async fn a_quote_with_only_the_required_fields_is_read_back_whole(under_test: Store) {
    is_read_back(&under_test, Quote { price: None, ..sample::quote("STUB", "1", sample::NOW) }).await;
}

/// Moments are signed.
pub async fn a_quote_from_before_1970_is_read_back_whole(under_test: Store) {
    is_read_back(&under_test, sample::quote("KO", "40.10", Timestamp::from_millis(-252_322_200_001))).await;
    assert_eq!(store(&under_test, &[sample::stored("KO", "40.20", MINUTE, 1)]).await, [QuoteWrite::Stored], "it counts as old");
}

/// "A symbol without one MUST be left out."
pub async fn a_symbol_without_a_quote_is_left_out(under_test: Store) {
    let quote = sample::stored("AAPL", "189.30", MINUTE, 1);
    store(&under_test, std::slice::from_ref(&quote)).await;
    assert_eq!(read(&under_test, &sample::symbols::<Vec<_>>(&["MSFT", "AAPL", "AAP", "AAPLX"])).await, [quote]);
    assert_eq!(read(&under_test, &sample::symbols::<Vec<_>>(&["MSFT"])).await, []);
}

/// "A symbol asked for twice MUST be answered once."
pub async fn a_symbol_asked_for_twice_is_answered_once(under_test: Store) {
    let quote = sample::stored("AAPL", "189.30", MINUTE, 1);
    store(&under_test, std::slice::from_ref(&quote)).await;
    assert_eq!(read(&under_test, &sample::symbols::<Vec<_>>(&["AAPL", "MSFT", "AAPL", "MSFT"])).await, [quote]);
}

/// "None at all MUST be answered without a call."
pub async fn no_symbols_are_answered_with_no_quotes(under_test: Store) {
    store(&under_test, &[sample::stored("AAPL", "189.30", MINUTE, 1)]).await;
    assert_eq!(read(&under_test, &[]).await, []);
}

/// "Any number of symbols may be asked for", and a batch is any number of quotes too.
pub async fn any_number_of_quotes_is_stored_and_read(under_test: Store) {
    let mut symbols = sample::many_symbols(230);
    let quotes: Vec<StoredQuote> = symbols.iter().map(|symbol| sample::stored(symbol.as_str(), "7.25", MINUTE, 1)).collect();
    assert_eq!(store(&under_test, &quotes).await, vec![QuoteWrite::Stored; quotes.len()]);
    symbols.push(sample::symbol("ABSENT"));
    let mut expected = quotes;
    expected.sort_unstable_by(|a, b| a.quote.symbol.cmp(&b.quote.symbol));
    assert_eq!(read(&under_test, &symbols).await, expected);
}

/// No symbol is mistaken for another, or for anything the store's language reserves.
pub async fn odd_symbols_are_kept_apart(under_test: Store) {
    let quotes: Vec<StoredQuote> =
        sample::ODD_SYMBOLS.iter().zip(1_u64..).map(|(symbol, tick)| sample::stored(symbol, "1", MINUTE, tick)).collect();
    store(&under_test, &quotes).await;
    for quote in quotes {
        assert_eq!(read_one(&under_test, quote.quote.symbol.as_str()).await, Some(quote));
    }
}

/// Stores one quote and then another of the symbol, whose outcome is told; answers which of the two is there.
async fn meet(under_test: &Store, first: StoredQuote, second: StoredQuote, outcome: QuoteWrite) {
    store(under_test, std::slice::from_ref(&first)).await;
    assert_eq!(store(under_test, std::slice::from_ref(&second)).await, [outcome]);
    let symbol = second.quote.symbol.clone();
    let winner = if outcome == QuoteWrite::Stored { second } else { first };
    assert_eq!(read(under_test, &[symbol]).await, [winner]);
}

/// "Stores each quote unless the store holds a newer one of the symbol."
pub async fn a_newer_quote_replaces_the_stored_one(under_test: Store) {
    meet(
        &under_test,
        sample::stored("AAPL", "1", MINUTE, 5),
        sample::stored("AAPL", "2", Duration::from_millis(59_999), 4),
        QuoteWrite::Stored,
    )
    .await;
}

/// "The store holds a newer one, which stays."
pub async fn an_older_quote_leaves_the_stored_one(under_test: Store) {
    meet(
        &under_test,
        sample::stored("AAPL", "1", MINUTE, 5),
        sample::stored("AAPL", "2", MINUTE + Duration::from_millis(1), 6),
        QuoteWrite::Older,
    )
    .await;
}

/// "The order is by `Quote::newest`": the regular price's moment or that of the price outside the session.
pub async fn a_price_from_outside_the_session_counts_as_new(under_test: Store) {
    let regular = sample::stored("VOD.L", "1", MINUTE, 5);
    let mut extended = StoredQuote { quote: sample::full_quote("VOD.L", sample::NOW - 2 * MINUTE), ..regular.clone() };
    if let Some(extended) = &mut extended.quote.extended {
        extended.as_of = sample::NOW - MINUTE + Duration::from_millis(1);
    }
    meet(&under_test, regular.clone(), extended.clone(), QuoteWrite::Stored).await;
    meet(&under_test, extended, StoredQuote { tick: TickNumber(9), ..regular }, QuoteWrite::Older).await;
}

/// "Then by tick."
pub async fn of_one_moment_the_later_tick_wins(under_test: Store) {
    meet(&under_test, sample::stored("AAPL", "1", MINUTE, 9), sample::stored("AAPL", "2", MINUTE, 10), QuoteWrite::Stored).await;
    meet(&under_test, sample::stored("MSFT", "1", MINUTE, 10), sample::stored("MSFT", "2", MINUTE, 9), QuoteWrite::Older).await;
}

/// "An equal quote MUST overwrite."
pub async fn an_equal_quote_overwrites(under_test: Store) {
    let first = sample::stored("AAPL", "1", MINUTE, 9);
    meet(&under_test, first.clone(), first.clone(), QuoteWrite::Stored).await;
    meet(&under_test, first, sample::stored("AAPL", "2", MINUTE, 9), QuoteWrite::Stored).await;
}

/// "The outcomes MUST come in the order of the quotes."
pub async fn outcomes_come_in_the_order_of_the_quotes(under_test: Store) {
    let symbols = sample::many_symbols(60);
    let newer_ones = symbols.iter().step_by(3).map(|symbol| sample::stored(symbol.as_str(), "1", MINUTE, 1));
    store(&under_test, &newer_ones.collect::<Vec<_>>()).await;
    let batch: Vec<StoredQuote> = symbols.iter().map(|symbol| sample::stored(symbol.as_str(), "2", 2 * MINUTE, 2)).collect();
    let expected: Vec<QuoteWrite> = (0..60).map(|n| if n % 3 == 0 { QuoteWrite::Older } else { QuoteWrite::Stored }).collect();
    assert_eq!(store(&under_test, &batch).await, expected);
}

/// Whatever order they are in and whatever order they are stored in.
pub async fn the_newest_wins_when_a_batch_holds_a_symbol_twice(under_test: Store) {
    for (symbol, ages) in [("AAPL", [3, 1, 2]), ("MSFT", [1, 2, 3]), ("IBM", [3, 2, 1])] {
        let batch: Vec<StoredQuote> =
            ages.iter().map(|age| sample::stored(symbol, "1", MINUTE * *age, u64::from(*age))).collect();
        let outcomes = store(&under_test, &batch).await;
        let newest = ages.iter().position(|age| *age == 1).expect("one is the newest");
        assert_eq!(outcomes[newest], QuoteWrite::Stored);
        assert_eq!(read_one(&under_test, symbol).await.as_ref(), Some(&batch[newest]));
    }
}

/// A tick that changed nothing stores nothing.
pub async fn an_empty_batch_is_stored_as_nothing(under_test: Store) {
    assert_eq!(store(&under_test, &[]).await, []);
}

/// The comparison and the write are one step.
pub async fn the_newest_wins_over_concurrent_writers(under_test: Store) {
    let symbols = sample::many_symbols(5);
    let quotes_of = |age: usize| {
        let age = u32::try_from(age).expect("a small number");
        symbols.iter().map(move |symbol| sample::stored(symbol.as_str(), "1", MINUTE * age, 1)).collect::<Vec<_>>()
    };
    at_once(CALLERS, |caller| {
        let (under_test, batch) = (under_test.clone(), quotes_of((caller * 7) % CALLERS));
        async move { store(&under_test, &batch).await }
    })
    .await;
    assert_eq!(read(&under_test, &symbols).await, quotes_of(0));
}
