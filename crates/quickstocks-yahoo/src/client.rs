use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use quickstocks_core::model::{BreakerState, History, HistoryRange, Interval, SourceSession, Symbol, SymbolMatch, Timestamp};
use quickstocks_core::ports::{
    CallCounter, Clock, HistorySource, QuoteSource, SourceAnswer, SourceError, SourceGate, SymbolSearch,
};

use crate::address::Addresses;
use crate::config::{InvalidYahooConfig, YahooConfig};
use crate::decode::{DecodeError, HistoryRequest, decode_chart, decode_search};
use crate::gate::{Admission, Gate};
use crate::http::{Ask, BadAnswer, CallError, Errand, Http};
use crate::ledger::Ledger;
use crate::session::Sessions;

/// How many symbols one call of spark holds. With 21 it answers 400.
pub(crate) const SPARK_SYMBOLS: usize = 20;

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
            sessions: Sessions::new(Arc::clone(&gate), Arc::clone(&clock), checked.cookie_url),
            gate: Gate::new(gate, Arc::clone(&clock)),
            clock,
            calls_in_flight: config.calls_in_flight,
            symbols_per_call: config.symbols_per_call,
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

    /// One call outside of polls, under the same breaker and budget. When the breaker is half open this call is the
    /// probe: where nobody polls, a search must be able to find out that Yahoo is back.
    async fn single<T>(
        &self,
        ask: Ask<'_>,
        decode: impl FnOnce(&[u8]) -> Result<T, DecodeError> + Send,
    ) -> Result<T, SourceError> {
        let breaker = self.gate.breaker().await;
        if breaker.state(self.clock.now()) != BreakerState::Open
            && let Err(spent) = self.http.check_budget().await
        {
            return Err(SourceError::Refused { retry_at: Some(spent.retry_at) });
        }
        let (breaker, probing) = match self.gate.admit(breaker).await {
            Admission::Open(breaker) => (breaker, false),
            Admission::Probe(breaker) => (breaker, true),
            Admission::Shut(until) => return Err(SourceError::Refused { retry_at: Some(until) }),
        };
        let errand = if probing { Errand::probe() } else { Errand::new() };
        let outcome = match self.http.call(&ask, &errand).await {
            Ok(reply) => {
                if probing {
                    self.gate.reset(&breaker).await;
                }
                reply.decoded(decode)
            }
            Err(error) => {
                // It answers, if only that it wants a session: it limits no more.
                if probing && matches!(error, CallError::SessionRefused) {
                    self.gate.reset(&breaker).await;
                }
                Err(error)
            }
        };
        match outcome {
            Ok(found) => Ok(found),
            Err(CallError::Limited) => Err(SourceError::Refused { retry_at: Some(self.gate.trip(&breaker).await) }),
            Err(error) => Err(source_error(error)),
        }
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

#[async_trait]
impl QuoteSource for YahooClient {
    async fn poll(&self, symbols: &[Symbol]) -> SourceAnswer {
        self.poll_symbols(symbols).await
    }

    fn symbols_per_call(&self) -> usize {
        if self.sessions.paused() { self.chunk_size().min(SPARK_SYMBOLS) } else { self.chunk_size() }
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
        let ask = Ask { endpoint: "search", url: self.addresses.search(query, limit), cookie: None, fresh: false };
        let mut matches = self.single(ask, decode_search).await?;
        matches.truncate(limit);
        Ok(matches)
    }
}

#[async_trait]
impl HistorySource for YahooClient {
    async fn history(&self, symbol: &Symbol, range: HistoryRange, interval: Interval) -> Result<History, SourceError> {
        let request = HistoryRequest { symbol: symbol.clone(), range, interval };
        let ask = Ask { endpoint: "chart", url: self.addresses.chart(&request, self.clock.now()), cookie: None, fresh: true };
        self.single(ask, move |body| decode_chart(body, request)).await
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
