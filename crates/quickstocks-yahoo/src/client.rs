use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use quickstocks_core::model::{
    BreakerState, Details, History, HistoryRange, Interval, SourceSession, Spark, Symbol, SymbolMatch, Timestamp,
};
use quickstocks_core::ports::{
    CallCounter, Clock, HistorySource, QuoteSource, ReferenceSource, SourceAnswer, SourceError, SourceGate, SymbolSearch,
};

use crate::address::Addresses;
use crate::config::{InvalidYahooConfig, YahooConfig};
use crate::decode::{DecodeError, HistoryRequest, decode_chart, decode_details, decode_search, decode_sparks, decode_trending};
use crate::gate::{Admission, Gate};
use crate::http::{Ask, BadAnswer, CallError, Errand, Http};
use crate::ledger::{Budget, Ledger};
use crate::session::Sessions;

/// How many symbols one call of spark holds. With 21 it answers 400.
pub(crate) const SPARK_SYMBOLS: usize = 20;

/// How many trending symbols are asked for.
const TRENDING: usize = 20;

/// The longest query that is passed on to the search.
const LONGEST_QUERY: usize = 100;

/// Yahoo Finance: quotes, search and history. One of it per process holds the connections, the session and the count
/// of calls under way; what other environments must know is shared through the [`SourceGate`] and the [`CallCounter`].
pub struct YahooClient {
    pub(crate) http: Http,
    pub(crate) addresses: Addresses,
    pub(crate) sessions: Sessions,
    pub(crate) gate: Gate,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) calls_in_flight: usize,
    symbols_per_call: usize,
    pub(crate) spark_only: bool,
    /// The size of a call that Yahoo was found to take, when it is less than the setting, and since when that is known.
    found_size: Mutex<Option<(usize, Timestamp)>>,
}

impl YahooClient {
    /// A client over these settings. Nothing is called before the first poll.
    ///
    /// # Errors
    /// [`InvalidYahooConfig`] when a setting cannot work.
    pub fn new(
        config: &YahooConfig,
        gate: Arc<dyn SourceGate>,
        counter: Arc<dyn CallCounter>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidYahooConfig> {
        let checked = config.check()?;
        let ledger = Ledger::new(counter, Arc::clone(&clock), config.budget);
        Ok(Self {
            addresses: Addresses::new(&checked.base_url)
                .map_err(|_| InvalidYahooConfig::Address { setting: "base URL", value: config.base_url.clone() })?,
            http: Http::new(config, checked.user_agents, ledger)?,
            sessions: Sessions::new(Arc::clone(&gate), Arc::clone(&clock), checked.cookie_url, checked.consent_url),
            gate: Gate::new(gate, Arc::clone(&clock)),
            clock,
            calls_in_flight: config.calls_in_flight,
            symbols_per_call: config.symbols_per_call,
            spark_only: config.spark_only,
            found_size: Mutex::default(),
        })
    }

    /// How many symbols a call to v7 holds now.
    pub(crate) fn chunk_size(&self) -> usize {
        let found = *self.found_size.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some((size, since)) if self.clock.now().since(since) < SourceSession::LIFETIME => size.min(self.symbols_per_call),
            _ => self.symbols_per_call,
        }
    }

    pub(crate) fn note_chunk_size(&self, size: usize) {
        *self.found_size.lock().unwrap_or_else(PoisonError::into_inner) = Some((size, self.clock.now()));
    }

    /// One call outside of polls that needs no session.
    async fn single<T>(
        &self,
        ask: Ask<'_>,
        decode: impl FnOnce(&[u8]) -> Result<T, DecodeError> + Send,
    ) -> Result<T, SourceError> {
        self.admitted(async |errand| self.http.call(&ask, errand).await?.decoded(decode)).await
    }

    /// An errand outside of polls, under the same breaker and what polls leave of the budget. When the breaker is half open its first call
    /// is the probe: where nobody polls, a search must be able to find out that Yahoo is back.
    async fn admitted<T>(&self, call: impl AsyncFnOnce(&Errand) -> Result<T, CallError>) -> Result<T, SourceError> {
        let breaker = self.gate.breaker().await;
        if breaker.state(self.clock.now()) != BreakerState::Open
            && let Err(spent) = self.http.check_budget(Budget::Spare).await
        {
            return Err(SourceError::Refused { retry_at: Some(spent.retry_at) });
        }
        let (breaker, probing) = match self.gate.admit(breaker).await {
            Admission::Open(breaker) => (breaker, false),
            Admission::Probe(breaker) => (breaker, true),
            Admission::Shut(until) => return Err(SourceError::Refused { retry_at: Some(until) }),
        };
        let errand = if probing { Errand::probe() } else { Errand::new() };
        let outcome = call(&errand).await;
        // It answers, if only that it wants another session or has no such thing: it limits no more.
        if probing && matches!(outcome, Ok(_) | Err(CallError::SessionRefused | CallError::BadAnswer(_))) && errand.calls() > 0 {
            self.gate.reset(&breaker).await;
        }
        match outcome {
            Ok(found) => Ok(found),
            Err(CallError::Limited) => Err(SourceError::Refused { retry_at: Some(self.gate.trip(&breaker).await) }),
            Err(error) => Err(source_error(error)),
        }
    }

    /// The body of `v7/finance/quote` for one symbol's details. A session that is refused is replaced once.
    async fn ask_details(&self, symbol: &Symbol, errand: &Errand) -> Result<Option<Details>, CallError> {
        let session = if errand.is_probe() {
            self.sessions.peek().await.ok_or(CallError::SessionRefused)?
        } else {
            self.sessions.get(&self.http, &self.addresses, errand).await?
        };
        match self.ask_details_with(symbol, &session, errand).await {
            Err(CallError::SessionRefused) if !errand.is_probe() => {
                let fresh = self.sessions.replace(&session, &self.http, &self.addresses, errand).await?;
                self.ask_details_with(symbol, &fresh, errand).await
            }
            outcome => outcome,
        }
    }

    async fn ask_details_with(
        &self,
        symbol: &Symbol,
        session: &SourceSession,
        errand: &Errand,
    ) -> Result<Option<Details>, CallError> {
        let url = self.addresses.details(symbol, &session.crumb);
        let reply = self.http.call(&Ask::get("quote", url, Some(&session.cookie)), errand).await?;
        reply.decoded(|body| decode_details(body, symbol))
    }
}

/// What a caller of a search or a history can do about it.
fn source_error(error: CallError) -> SourceError {
    match error {
        CallError::Limited | CallError::SessionRefused => SourceError::Refused { retry_at: None },
        CallError::BudgetSpent(spent) => SourceError::Refused { retry_at: Some(spent.retry_at) },
        CallError::Status(_) | CallError::Transport(_) => SourceError::Unreachable(Box::new(error)),
        CallError::BadAnswer(BadAnswer::Status { error, .. } | BadAnswer::Body(DecodeError::Api(error))) if error.not_found() => {
            SourceError::NotFound
        }
        // 400 before the listing, 422 too far back for the interval.
        CallError::BadAnswer(BadAnswer::Status { status, error }) if matches!(status.as_u16(), 400 | 422) => {
            SourceError::NoData(error.description)
        }
        CallError::BadAnswer(BadAnswer::Body(DecodeError::Api(error))) => SourceError::NoData(error.description),
        CallError::BadAnswer(error) => SourceError::BadAnswer(Box::new(error)),
    }
}

/// Where no one symbol is asked for, "not found" is about the endpoint: the answer is none that this client knows.
fn endpoint_gone(error: SourceError) -> SourceError {
    match error {
        SourceError::NotFound | SourceError::NoData(_) => SourceError::BadAnswer(Box::new(error)),
        error => error,
    }
}

#[async_trait]
impl QuoteSource for YahooClient {
    async fn poll(&self, symbols: &[Symbol]) -> SourceAnswer {
        self.poll_symbols(symbols, Budget::Whole).await
    }

    async fn look_up(&self, symbols: &[Symbol]) -> SourceAnswer {
        self.poll_symbols(symbols, Budget::Spare).await
    }

    fn symbols_per_call(&self) -> usize {
        if self.spark_only || self.sessions.paused() { self.chunk_size().min(SPARK_SYMBOLS) } else { self.chunk_size() }
    }
}

#[async_trait]
impl SymbolSearch for YahooClient {
    async fn search(&self, query: &str, limit: usize) -> Result<Vec<SymbolMatch>, SourceError> {
        let query: String = query.chars().filter(|c| !c.is_control()).take(LONGEST_QUERY).collect();
        let query = query.trim();
        // Yahoo answers 400 to an empty query.
        if query.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let ask = Ask::get("search", self.addresses.search(query, limit), None);
        let mut matches = self.single(ask, decode_search).await?;
        matches.truncate(limit);
        Ok(matches)
    }
}

#[async_trait]
impl HistorySource for YahooClient {
    async fn history(&self, symbol: &Symbol, range: HistoryRange, interval: Interval) -> Result<History, SourceError> {
        let request = HistoryRequest { symbol: symbol.clone(), range, interval };
        let ask = Ask::fresh("chart", self.addresses.chart(&request, self.clock.now()));
        self.single(ask, move |body| decode_chart(body, request)).await
    }
}

#[async_trait]
impl ReferenceSource for YahooClient {
    async fn details(&self, symbol: &Symbol) -> Result<Details, SourceError> {
        // Without a session there is no call that tells them.
        if self.spark_only {
            return Err(SourceError::Refused { retry_at: None });
        }
        let found = self.admitted(async |errand| self.ask_details(symbol, errand).await).await?;
        found.ok_or(SourceError::NotFound)
    }

    async fn sparks(&self, symbols: &[Symbol]) -> Result<BTreeMap<Symbol, Option<Spark>>, SourceError> {
        let chunks: Vec<Vec<Symbol>> = symbols.chunks(SPARK_SYMBOLS).map(<[Symbol]>::to_vec).collect();
        let answers: Vec<Result<_, SourceError>> = stream::iter(chunks)
            .map(|chunk| async move {
                let ask = Ask::fresh("spark", self.addresses.sparks(&chunk, self.clock.now()));
                let mut read = self.single(ask, decode_sparks).await.map_err(endpoint_gone)?;
                read.retain(|symbol, _| chunk.contains(symbol));
                // What spark leaves out it cannot resolve, now or in a minute.
                for symbol in chunk {
                    read.entry(symbol).or_insert(None);
                }
                Ok(read)
            })
            .buffered(self.calls_in_flight)
            .collect()
            .await;
        let mut found = BTreeMap::new();
        let mut failed = None;
        for answer in answers {
            match answer {
                Ok(read) => found.extend(read),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found),
        }
    }

    async fn trending(&self) -> Result<Vec<Symbol>, SourceError> {
        let ask = Ask::get("trending", self.addresses.trending(TRENDING), None);
        self.single(ask, decode_trending).await.map_err(endpoint_gone)
    }
}

impl fmt::Debug for YahooClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("YahooClient")
            .field("addresses", &self.addresses)
            .field("symbols_per_call", &self.symbols_per_call)
            .field("calls_in_flight", &self.calls_in_flight)
            .finish_non_exhaustive()
    }
}
