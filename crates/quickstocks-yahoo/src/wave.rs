//! A wave: some chunks of symbols, each asked for in one call, a few at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::stream;
use quickstocks_core::model::{Missing, MissingReason, Quote, SourceSession, Symbol, Timestamp};

use crate::client::YahooClient;
use crate::decode::{Entries, decode_quotes, decode_spark};
use crate::http::{Ask, CallError, Errand};

/// Through which endpoint a wave asks.
#[derive(Clone)]
pub(crate) enum Route {
    /// `v7/finance/quote`, with a session.
    Quote(Arc<SourceSession>),
    /// `v7/finance/spark`, without.
    Spark,
}

/// A chunk and what came of it.
pub(crate) struct Asked {
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) outcome: Outcome,
}

/// What came of a chunk.
pub(crate) enum Outcome {
    Answered(Answered),
    /// 429.
    Limited,
    SessionRefused,
    Unreachable,
    BadAnswer,
    /// Not a single entry for more than one symbol.
    Empty,
    BudgetSpent(Timestamp),
    /// The wave was stopped before its turn came.
    NotBegun,
}

/// Every symbol of an answered chunk, in one of three lists.
#[derive(Default)]
pub(crate) struct Answered {
    pub(crate) quotes: Vec<Quote>,
    pub(crate) missing: Vec<Missing>,
    pub(crate) unanswered: Vec<Symbol>,
}

/// What ends a wave early. Calls under way are waited for; none is begun after.
#[derive(Default)]
struct Stop {
    stopped: AtomicBool,
    failures: AtomicUsize,
}

impl Stop {
    /// A refusal or a spent budget goes for all chunks. When the source cannot be reached a wave would wait for its
    /// time-outs one after the other, so it gives up after as many as may be under way at once.
    fn note(&self, outcome: &Outcome, give_up_after: usize) {
        let stop = match outcome {
            Outcome::Limited | Outcome::SessionRefused | Outcome::BudgetSpent(_) => true,
            Outcome::Unreachable => self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= give_up_after,
            Outcome::Answered(_) | Outcome::BadAnswer | Outcome::Empty | Outcome::NotBegun => false,
        };
        if stop {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }
}

impl YahooClient {
    /// Asks for the chunks, as many at once as the settings allow. The outcomes come in the order of the chunks.
    pub(crate) async fn wave(&self, route: &Route, chunks: Vec<Vec<Symbol>>, errand: &Errand) -> Vec<Asked> {
        let stop = Stop::default();
        stream::iter(chunks)
            .map(|symbols| {
                let stop = &stop;
                async move {
                    let outcome = if stop.stopped.load(Ordering::Relaxed) {
                        Outcome::NotBegun
                    } else {
                        self.ask(route, &symbols, errand).await
                    };
                    stop.note(&outcome, self.calls_in_flight);
                    Asked { symbols, outcome }
                }
            })
            .buffered(self.calls_in_flight)
            .collect()
            .await
    }

    /// Asks for one chunk in one call.
    pub(crate) async fn ask(&self, route: &Route, symbols: &[Symbol], errand: &Errand) -> Outcome {
        let now = self.clock.now();
        let answer = match route {
            Route::Quote(session) => {
                let url = self.addresses.quote(symbols, &session.crumb);
                let ask = Ask::get("quote", url, Some(&session.cookie));
                let reply = self.http.call(&ask, errand).await;
                reply.and_then(|reply| reply.decoded(decode_quotes)).map(|entries| settle_quotes(entries, symbols))
            }
            Route::Spark => {
                let ask = Ask::fresh("spark", self.addresses.spark(symbols, now));
                let reply = self.http.call(&ask, errand).await;
                reply
                    .and_then(|reply| reply.decoded(|body| decode_spark(body, now)))
                    .map(|entries| settle_spark(entries, symbols))
            }
        };
        match answer {
            Ok(answered) => answered.map_or(Outcome::Empty, Outcome::Answered),
            Err(error) => {
                let outcome = outcome_of(&error);
                if !matches!(outcome, Outcome::BudgetSpent(_)) {
                    tracing::warn!(
                        yahoo.symbols = symbols.len(),
                        error = &error as &dyn std::error::Error,
                        "a chunk of symbols got no quotes"
                    );
                }
                outcome
            }
        }
    }
}

fn outcome_of(error: &CallError) -> Outcome {
    match error {
        CallError::Limited => Outcome::Limited,
        CallError::SessionRefused => Outcome::SessionRefused,
        CallError::Status(_) | CallError::Transport(_) => Outcome::Unreachable,
        CallError::BadAnswer(_) => Outcome::BadAnswer,
        CallError::BudgetSpent(spent) => Outcome::BudgetSpent(spent.retry_at),
    }
}

/// Sorts out an answer of v7. What Yahoo does not know it leaves out, so results are found by symbol, never by place.
/// None for an answer without a single entry to more than one symbol: it was seen when the crumb was missing, and must
/// not make everything disappear.
fn settle_quotes(entries: Entries, symbols: &[Symbol]) -> Option<Answered> {
    if entries.is_empty() && symbols.len() > 1 {
        return None;
    }
    // An entry without a symbol may be any of those that were left out.
    let unknown = (entries.nameless == 0).then_some(MissingReason::Unknown);
    Some(settle(entries, symbols, unknown))
}

/// Sorts out an answer of spark. It also leaves out what it cannot resolve though v7 can, and some funds have no price
/// in it: about those it said nothing.
fn settle_spark(mut entries: Entries, symbols: &[Symbol]) -> Option<Answered> {
    entries.quotes.retain(|quote| quote.price.is_some());
    entries.malformed.clear();
    if entries.is_empty() && symbols.len() > 1 {
        return None;
    }
    Some(settle(entries, symbols, None))
}

fn settle(entries: Entries, symbols: &[Symbol], left_out: Option<MissingReason>) -> Answered {
    let mut found: HashMap<Symbol, Result<Quote, MissingReason>> = HashMap::with_capacity(entries.len());
    for quote in entries.quotes {
        found.entry(quote.symbol.clone()).or_insert(Ok(quote));
    }
    for symbol in entries.delisted {
        found.entry(symbol).or_insert(Err(MissingReason::Delisted));
    }
    for symbol in entries.malformed {
        found.entry(symbol).or_insert(Err(MissingReason::Malformed));
    }
    let mut answered = Answered::default();
    for symbol in symbols {
        match (found.remove(symbol), left_out) {
            (Some(Ok(quote)), _) => answered.quotes.push(quote),
            (Some(Err(reason)), _) | (None, Some(reason)) => answered.missing.push(Missing { symbol: symbol.clone(), reason }),
            (None, None) => answered.unanswered.push(symbol.clone()),
        }
    }
    answered
}
