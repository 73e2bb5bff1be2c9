use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use quickstocks_core::model::{
    Details, History, HistoryRange, Interval, Missing, MissingReason, Quote, SourceReason, SourceState, Spark, Symbol,
    SymbolMatch, Timestamp,
};
use quickstocks_core::ports::{HistorySource, QuoteSource, ReferenceSource, SourceAnswer, SourceError, SymbolSearch};

use crate::{Gate, lock};

/// A source that says what it was told to say, and remembers what it was asked.
///
/// It knows the quotes it was given and answers anything else as [`MissingReason::Unknown`]; [`Self::refuse`] makes it leave
/// everything unanswered; [`Self::answer_next`] scripts a whole answer.
#[derive(Debug)]
pub struct ScriptedSource {
    symbols_per_call: usize,
    script: Mutex<Script>,
}

#[derive(Debug)]
struct Script {
    quotes: HashMap<Symbol, Quote>,
    missing: HashMap<Symbol, MissingReason>,
    silent: Vec<Symbol>,
    state: SourceState,
    reason: Option<SourceReason>,
    retry_at: Option<Timestamp>,
    next_answers: VecDeque<SourceAnswer>,
    matches: Vec<SymbolMatch>,
    histories: HashMap<Symbol, History>,
    errors: VecDeque<SourceError>,
    gate: Option<Gate>,
    polls: Vec<Vec<Symbol>>,
    searches: Vec<(String, usize)>,
    history_calls: Vec<(Symbol, HistoryRange, Interval)>,
    details: HashMap<Symbol, Details>,
    sparks: BTreeMap<Symbol, Spark>,
    trending: Vec<Symbol>,
    reference_calls: Vec<String>,
}

impl Default for ScriptedSource {
    /// A source that is well, knows nothing, and takes 50 symbols a call.
    fn default() -> Self {
        Self::with_symbols_per_call(50)
    }
}

impl ScriptedSource {
    /// A source that is well, knows nothing, and takes so many symbols a call.
    pub fn with_symbols_per_call(symbols_per_call: usize) -> Self {
        let script = Script {
            quotes: HashMap::new(),
            missing: HashMap::new(),
            silent: Vec::new(),
            state: SourceState::Ok,
            reason: None,
            retry_at: None,
            next_answers: VecDeque::new(),
            matches: Vec::new(),
            histories: HashMap::new(),
            errors: VecDeque::new(),
            gate: None,
            polls: Vec::new(),
            searches: Vec::new(),
            history_calls: Vec::new(),
            details: HashMap::new(),
            sparks: BTreeMap::new(),
            trending: Vec::new(),
            reference_calls: Vec::new(),
        };
        Self { symbols_per_call: symbols_per_call.max(1), script: Mutex::new(script) }
    }

    /// Knows this quote from now on.
    pub fn set_quote(&self, quote: Quote) {
        let mut script = lock(&self.script);
        script.missing.remove(&quote.symbol);
        script.silent.retain(|symbol| *symbol != quote.symbol);
        script.quotes.insert(quote.symbol.clone(), quote);
    }

    /// Has no quote for the symbol from now on, for that reason.
    pub fn set_missing(&self, symbol: &Symbol, reason: MissingReason) {
        let mut script = lock(&self.script);
        script.quotes.remove(symbol);
        script.missing.insert(symbol.clone(), reason);
    }

    /// Says nothing about the symbol from now on, until it is given a quote for it.
    pub fn set_unanswered(&self, symbol: &Symbol) {
        lock(&self.script).silent.push(symbol.clone());
    }

    /// How the source says it is doing, beside its quotes.
    pub fn set_state(&self, state: SourceState, reason: Option<SourceReason>, retry_at: Option<Timestamp>) {
        let mut script = lock(&self.script);
        (script.state, script.reason, script.retry_at) = (state, reason, retry_at);
    }

    /// Refuses from now on, leaving every symbol unanswered; `set_state(SourceState::Ok, None, None)` ends it.
    pub fn refuse(&self, reason: SourceReason, retry_at: Option<Timestamp>) {
        let state = if reason == SourceReason::Unreachable { SourceState::Unreachable } else { SourceState::Refused };
        self.set_state(state, Some(reason), retry_at);
    }

    /// Answers the next poll with exactly this; several calls make a queue.
    pub fn answer_next(&self, answer: SourceAnswer) {
        lock(&self.script).next_answers.push_back(answer);
    }

    /// What searches find: those of the matches whose symbol or name contains the query, whatever the case.
    pub fn set_matches(&self, matches: Vec<SymbolMatch>) {
        lock(&self.script).matches = matches;
    }

    /// Knows this history from now on, whatever range and interval are asked for.
    pub fn set_history(&self, history: History) {
        lock(&self.script).histories.insert(history.symbol.clone(), history);
    }

    /// Knows these details from now on.
    pub fn set_details(&self, symbol: &Symbol, details: Details) {
        lock(&self.script).details.insert(symbol.clone(), details);
    }

    /// Knows these closes from now on.
    pub fn set_spark(&self, symbol: &Symbol, spark: Spark) {
        lock(&self.script).sparks.insert(symbol.clone(), spark);
    }

    /// What trends from now on.
    pub fn set_trending(&self, symbols: Vec<Symbol>) {
        lock(&self.script).trending = symbols;
    }

    /// What was asked for beside quotes, searches and histories: `details AAPL`, `sparks AAPL,MSFT`, `trending`.
    pub fn reference_calls(&self) -> Vec<String> {
        lock(&self.script).reference_calls.clone()
    }

    /// Fails the next search, history, details, sparks or trending; several calls make a queue.
    pub fn fail_next(&self, error: SourceError) {
        lock(&self.script).errors.push_back(error);
    }

    /// Holds every poll made from now on at a gate.
    pub fn hold(&self) -> Gate {
        lock(&self.script).gate.get_or_insert_default().clone()
    }

    /// What was polled, poll by poll.
    pub fn polls(&self) -> Vec<Vec<Symbol>> {
        lock(&self.script).polls.clone()
    }

    /// What was searched for, and for how many matches.
    pub fn searches(&self) -> Vec<(String, usize)> {
        lock(&self.script).searches.clone()
    }

    /// What histories were asked for.
    pub fn histories(&self) -> Vec<(Symbol, HistoryRange, Interval)> {
        lock(&self.script).history_calls.clone()
    }
}

impl Script {
    fn answer(&mut self, symbols: &[Symbol], symbols_per_call: usize) -> SourceAnswer {
        if let Some(answer) = self.next_answers.pop_front() {
            return answer;
        }
        let calls = u32::try_from(symbols.len().div_ceil(symbols_per_call)).unwrap_or(u32::MAX);
        let mut answer =
            SourceAnswer { state: self.state, reason: self.reason, retry_at: self.retry_at, calls, ..SourceAnswer::default() };
        let refuses = matches!(self.state, SourceState::Refused | SourceState::Unreachable);
        for symbol in symbols {
            if refuses || self.silent.contains(symbol) {
                answer.unanswered.push(symbol.clone());
            } else if let Some(quote) = self.quotes.get(symbol) {
                answer.quotes.push(quote.clone());
            } else {
                let reason = self.missing.get(symbol).copied().unwrap_or(MissingReason::Unknown);
                answer.missing.push(Missing { symbol: symbol.clone(), reason });
            }
        }
        answer
    }
}

#[async_trait]
impl QuoteSource for ScriptedSource {
    async fn poll(&self, symbols: &[Symbol]) -> SourceAnswer {
        let gate = {
            let mut script = lock(&self.script);
            script.polls.push(symbols.to_vec());
            script.gate.clone()
        };
        if let Some(gate) = gate {
            gate.pass().await;
        }
        lock(&self.script).answer(symbols, self.symbols_per_call)
    }

    async fn look_up(&self, symbols: &[Symbol]) -> SourceAnswer {
        self.poll(symbols).await
    }

    fn symbols_per_call(&self) -> usize {
        self.symbols_per_call
    }
}

#[async_trait]
impl SymbolSearch for ScriptedSource {
    async fn search(&self, query: &str, limit: usize) -> Result<Vec<SymbolMatch>, SourceError> {
        let mut script = lock(&self.script);
        script.searches.push((query.to_owned(), limit));
        if let Some(error) = script.errors.pop_front() {
            return Err(error);
        }
        let query = query.to_lowercase();
        let fits = |found: &&SymbolMatch| {
            found.symbol.as_str().to_lowercase().contains(&query) || found.name.to_lowercase().contains(&query)
        };
        Ok(script.matches.iter().filter(fits).take(limit).cloned().collect())
    }
}

#[async_trait]
impl HistorySource for ScriptedSource {
    async fn history(&self, symbol: &Symbol, range: HistoryRange, interval: Interval) -> Result<History, SourceError> {
        let mut script = lock(&self.script);
        script.history_calls.push((symbol.clone(), range, interval));
        if let Some(error) = script.errors.pop_front() {
            return Err(error);
        }
        let history = script.histories.get(symbol).ok_or(SourceError::NotFound)?;
        Ok(History { range, interval, ..history.clone() })
    }
}

impl Script {
    fn asked(&mut self, what: String) -> Result<(), SourceError> {
        self.reference_calls.push(what);
        self.errors.pop_front().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl ReferenceSource for ScriptedSource {
    async fn details(&self, symbol: &Symbol) -> Result<Details, SourceError> {
        let mut script = lock(&self.script);
        script.asked(format!("details {symbol}"))?;
        script.details.get(symbol).cloned().ok_or(SourceError::NotFound)
    }

    async fn sparks(&self, symbols: &[Symbol]) -> Result<BTreeMap<Symbol, Option<Spark>>, SourceError> {
        let mut script = lock(&self.script);
        script.asked(format!("sparks {}", symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(",")))?;
        Ok(symbols.iter().map(|symbol| (symbol.clone(), script.sparks.get(symbol).cloned())).collect())
    }

    async fn trending(&self) -> Result<Vec<Symbol>, SourceError> {
        let mut script = lock(&self.script);
        script.asked("trending".to_owned())?;
        Ok(script.trending.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[tokio::test]
    async fn every_symbol_asked_for_is_in_exactly_one_list() {
        let source = ScriptedSource::with_symbols_per_call(2);
        source.set_quote(sample::quote("AAPL", "1", sample::NOW));
        source.set_missing(&sample::symbol("GONE"), MissingReason::Delisted);
        source.set_unanswered(&sample::symbol("HUSH"));
        let asked: Vec<Symbol> = sample::symbols(&["AAPL", "GONE", "HUSH", "WHAT", "EVER"]);
        let answer = source.poll(&asked).await;
        assert_eq!(answer.quotes.len(), 1);
        assert_eq!(
            answer.missing.iter().map(|missing| missing.reason).collect::<Vec<_>>(),
            [MissingReason::Delisted, MissingReason::Unknown, MissingReason::Unknown]
        );
        assert_eq!(answer.unanswered, sample::symbols::<Vec<_>>(&["HUSH"]));
        assert_eq!((answer.state, answer.calls), (SourceState::Ok, 3));

        source.refuse(SourceReason::RateLimited, Some(sample::NOW));
        let answer = source.poll(&asked).await;
        assert_eq!((answer.state, answer.unanswered.len()), (SourceState::Refused, 5));
        assert_eq!(source.polls(), [asked.clone(), asked]);
    }

    #[tokio::test]
    async fn histories_and_searches_fail_as_scripted_and_then_answer() {
        let source = ScriptedSource::default();
        source.fail_next(SourceError::Refused { retry_at: None });
        assert!(matches!(source.search("a", 5).await, Err(SourceError::Refused { .. })));
        assert!(source.search("a", 5).await.is_ok_and(|found| found.is_empty()));
        let answer = source.history(&sample::symbol("AAPL"), HistoryRange::OneDay, Interval::OneMinute).await;
        assert!(matches!(answer, Err(SourceError::NotFound)));
    }
}
