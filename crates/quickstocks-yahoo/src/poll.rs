//! A poll: chunks of symbols through the best endpoint there is, and what to do when Yahoo says no.
//!
//! - 401: that session is dropped, another one is had once, and what was refused is asked once more. If that is refused
//!   too, or no session can be had, the rest goes through spark, which needs none.
//! - 429: no further call is begun. When other chunks of the same poll were answered and this one has more than 20
//!   symbols, the limit may be on the size of a call (in March 2025 it was, at some 65): it is asked once more in halves.
//!   If the halves are answered the rest follows in that size, and so does all else for a day. In every other case the
//!   breaker opens for everybody.
//! - A server error, a time-out, a cut or unreadable answer costs only its chunk, whose last-good quotes stand.

use std::collections::HashSet;
use std::sync::Arc;

use quickstocks_core::model::{Breaker, BreakerState, SourceReason, SourceSession, SourceState, Symbol, Timestamp};
use quickstocks_core::ports::SourceAnswer;

use crate::client::{SPARK_SYMBOLS, YahooClient};
use crate::gate::Admission;
use crate::http::Errand;
use crate::ledger::Budget;
use crate::session::NoSession;
use crate::wave::{Asked, Outcome, Route};

/// A chunk of up to so many symbols is not refused for its size.
const NEVER_TOO_LARGE: usize = 20;

/// What went wrong in a poll, the one that tells most last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    BadAnswer,
    Unreachable,
    SessionRefused,
    BudgetSpent,
    RateLimited,
}

/// A poll under way.
struct Poll {
    errand: Errand,
    answer: SourceAnswer,
    trouble: Option<Trouble>,
    /// Whether any chunk was answered.
    answered: bool,
    /// Whether an answer was without a single entry.
    empty: bool,
}

/// Chunks that have no answer yet, by what to do about them.
#[derive(Default)]
struct Left {
    limited: Vec<Vec<Symbol>>,
    refused: Vec<Vec<Symbol>>,
    not_begun: Vec<Vec<Symbol>>,
}

impl Left {
    fn into_chunks(self) -> Vec<Vec<Symbol>> {
        self.limited.into_iter().chain(self.refused).chain(self.not_begun).collect()
    }

    fn absorb(&mut self, other: Self) {
        self.limited.extend(other.limited);
        self.refused.extend(other.refused);
        self.not_begun.extend(other.not_begun);
    }
}

impl YahooClient {
    pub(crate) async fn poll_symbols(&self, symbols: &[Symbol], budget: Budget) -> SourceAnswer {
        let mut seen = HashSet::with_capacity(symbols.len());
        let mut wanted: Vec<Symbol> = symbols.iter().filter(|symbol| seen.insert(*symbol)).cloned().collect();
        let mut poll =
            Poll { errand: Errand::new(), answer: SourceAnswer::default(), trouble: None, answered: false, empty: false };
        if wanted.is_empty() {
            return poll.finish();
        }
        let breaker = self.gate.breaker().await;
        if breaker.state(self.clock.now()) != BreakerState::Open
            && let Err(spent) = self.http.check_budget(budget).await
        {
            poll.give_up(wanted, Trouble::BudgetSpent, Some(spent.retry_at));
            return poll.finish();
        }
        let breaker = match self.gate.admit(breaker).await {
            Admission::Open(breaker) => breaker,
            Admission::Shut(until) => {
                poll.give_up(wanted, Trouble::RateLimited, Some(until));
                return poll.finish();
            }
            Admission::Probe(probing) => match self.probe(&mut poll, wanted, &probing).await {
                Some((breaker, rest)) => {
                    wanted = rest;
                    breaker
                }
                None => return poll.finish(),
            },
        };
        if !wanted.is_empty() && self.spark_only {
            self.through_spark(&mut poll, wanted, None, &breaker).await;
        } else if !wanted.is_empty() {
            match self.sessions.get(&self.http, &self.addresses, &poll.errand).await {
                Ok(session) => self.through_quote(&mut poll, wanted, session, &breaker).await,
                Err(reason) => self.through_spark(&mut poll, wanted, Some(reason), &breaker).await,
            }
        }
        poll.finish()
    }

    /// One call of one small chunk while the breaker is half open: through v7 when there is a session, else through
    /// spark, since a session would take two more calls. Answers what is left to poll, or nothing when that is for later.
    async fn probe(&self, poll: &mut Poll, mut wanted: Vec<Symbol>, probing: &Breaker) -> Option<(Breaker, Vec<Symbol>)> {
        let rest = wanted.split_off(wanted.len().min(self.chunk_size()).min(NEVER_TOO_LARGE));
        let session = if self.spark_only { None } else { self.sessions.peek().await };
        let route = session.map_or(Route::Spark, Route::Quote);
        let errand = Errand::probe();
        let outcome = self.ask(&route, &wanted, &errand).await;
        poll.answer.calls += errand.calls();
        match outcome {
            Outcome::Answered(answered) => {
                let breaker = self.gate.reset(probing).await;
                // What spark knows is poorer; v7 is asked for the same symbols right after.
                if matches!(route, Route::Spark) && !self.spark_only {
                    wanted.extend(rest);
                    return Some((breaker, wanted));
                }
                poll.take(Asked { symbols: wanted, outcome: Outcome::Answered(answered) });
                Some((breaker, rest))
            }
            // It answers, if only that this session is stale: it limits no more.
            Outcome::SessionRefused => {
                let breaker = self.gate.reset(probing).await;
                wanted.extend(rest);
                Some((breaker, wanted))
            }
            Outcome::Limited => {
                let until = self.gate.trip(probing).await;
                wanted.extend(rest);
                poll.give_up(wanted, Trouble::RateLimited, Some(until));
                None
            }
            // Whether it still limits is not known: the next probe, a minute later, will tell.
            outcome => {
                poll.take(Asked { symbols: wanted, outcome });
                poll.answer.unanswered.extend(rest);
                poll.answer.retry_at = poll.answer.retry_at.or(Some(probing.open_until));
                None
            }
        }
    }

    async fn through_quote(&self, poll: &mut Poll, wanted: Vec<Symbol>, mut session: Arc<SourceSession>, breaker: &Breaker) {
        let chunks = chunks(&wanted, self.chunk_size());
        let route = Route::Quote(Arc::clone(&session));
        let mut left = poll.take_all(self.wave(&route, chunks, &poll.errand).await);
        if left.limited.is_empty() && !left.refused.is_empty() {
            let refused = left.into_chunks();
            session = match self.sessions.replace(&session, &self.http, &self.addresses, &poll.errand).await {
                Ok(fresh) => fresh,
                Err(reason) => return self.through_spark(poll, refused.concat(), Some(reason), breaker).await,
            };
            let route = Route::Quote(Arc::clone(&session));
            left = poll.take_all(self.wave(&route, refused, &poll.errand).await);
            if left.limited.is_empty() && !left.refused.is_empty() {
                self.sessions.pause().await;
                return self.through_spark(poll, left.into_chunks().concat(), Some(NoSession::Refused), breaker).await;
            }
        }
        if !left.limited.is_empty() {
            return self.after_limit(poll, left, &session, breaker).await;
        }
        if poll.empty && !poll.answered {
            self.sessions.suspect(&session).await;
        }
        poll.give_up_rest(left);
    }

    /// A chunk was answered 429: its size, or the rate of calls.
    async fn after_limit(&self, poll: &mut Poll, mut left: Left, session: &Arc<SourceSession>, breaker: &Breaker) {
        if !poll.answered || left.limited[0].len() <= NEVER_TOO_LARGE {
            return self.refused(poll, left, breaker).await;
        }
        let route = Route::Quote(Arc::clone(session));
        let first = left.limited.remove(0);
        let half = first.len().div_ceil(2);
        let halves = self.wave(&route, chunks(&first, half), &poll.errand).await;
        let too_large = halves.iter().all(|half| matches!(half.outcome, Outcome::Answered(_)));
        left.absorb(poll.take_all(halves));
        if !too_large {
            return self.refused(poll, left, breaker).await;
        }
        tracing::warn!(yahoo.symbols_per_call = half, "the source takes fewer symbols in a call");
        self.note_chunk_size(half);
        let rest = left.into_chunks().concat();
        let left = poll.take_all(self.wave(&route, chunks(&rest, half), &poll.errand).await);
        if left.limited.is_empty() {
            poll.give_up_rest(left);
        } else {
            self.refused(poll, left, breaker).await;
        }
    }

    /// Asks spark, for want of a session or, without a reason, because the settings say so.
    async fn through_spark(&self, poll: &mut Poll, wanted: Vec<Symbol>, reason: Option<NoSession>, breaker: &Breaker) {
        let trouble = match reason {
            None => None,
            Some(NoSession::Refused) => Some(Trouble::SessionRefused),
            Some(NoSession::Unreachable) => Some(Trouble::Unreachable),
            Some(NoSession::BudgetSpent(until)) => return poll.give_up(wanted, Trouble::BudgetSpent, Some(until)),
        };
        let left = poll.take_all(self.wave(&Route::Spark, chunks(&wanted, SPARK_SYMBOLS), &poll.errand).await);
        // When spark brings nothing either, what it died of tells more than the session.
        if let Some(trouble) = trouble
            && (poll.answered || poll.trouble.is_none())
        {
            poll.note(trouble);
        }
        if left.limited.is_empty() {
            poll.give_up_rest(left);
        } else {
            self.refused(poll, left, breaker).await;
        }
    }

    /// The source limits the rate: nobody calls until the breaker lets one through.
    async fn refused(&self, poll: &mut Poll, left: Left, breaker: &Breaker) {
        let until = self.gate.trip(breaker).await;
        poll.give_up(left.into_chunks().concat(), Trouble::RateLimited, Some(until));
    }
}

impl Poll {
    fn note(&mut self, trouble: Trouble) {
        self.trouble = self.trouble.max(Some(trouble));
    }

    fn give_up(&mut self, symbols: Vec<Symbol>, trouble: Trouble, retry_at: Option<Timestamp>) {
        self.note(trouble);
        self.answer.unanswered.extend(symbols);
        self.answer.retry_at = retry_at.or(self.answer.retry_at);
    }

    /// Gives up chunks that were refused where there is nothing better to try, and those whose turn did not come; why
    /// that was is noted with the ones that were tried.
    fn give_up_rest(&mut self, left: Left) {
        if !left.refused.is_empty() {
            self.note(Trouble::SessionRefused);
        }
        self.answer.unanswered.extend(left.into_chunks().into_iter().flatten());
    }

    /// Takes in what was answered and what failed for good. Answers what is left.
    fn take_all(&mut self, asked: Vec<Asked>) -> Left {
        let mut left = Left::default();
        for asked in asked {
            match asked.outcome {
                Outcome::Limited => left.limited.push(asked.symbols),
                Outcome::SessionRefused => left.refused.push(asked.symbols),
                Outcome::NotBegun => left.not_begun.push(asked.symbols),
                _ => self.take(asked),
            }
        }
        left
    }

    fn take(&mut self, asked: Asked) {
        match asked.outcome {
            Outcome::Answered(answered) => {
                self.answered = true;
                if !answered.unanswered.is_empty() {
                    self.note(Trouble::BadAnswer);
                }
                self.answer.quotes.extend(answered.quotes);
                self.answer.missing.extend(answered.missing);
                self.answer.unanswered.extend(answered.unanswered);
            }
            Outcome::BudgetSpent(until) => self.give_up(asked.symbols, Trouble::BudgetSpent, Some(until)),
            Outcome::Unreachable => self.give_up(asked.symbols, Trouble::Unreachable, None),
            Outcome::BadAnswer => self.give_up(asked.symbols, Trouble::BadAnswer, None),
            Outcome::Empty => {
                self.empty = true;
                self.give_up(asked.symbols, Trouble::BadAnswer, None);
            }
            Outcome::Limited => self.give_up(asked.symbols, Trouble::RateLimited, None),
            Outcome::SessionRefused => self.give_up(asked.symbols, Trouble::SessionRefused, None),
            Outcome::NotBegun => self.answer.unanswered.extend(asked.symbols),
        }
    }

    fn finish(mut self) -> SourceAnswer {
        self.answer.calls += self.errand.calls();
        (self.answer.state, self.answer.reason) = match self.trouble {
            None => (SourceState::Ok, None),
            Some(trouble) => {
                let (refusal, reason) = match trouble {
                    Trouble::BadAnswer => (SourceState::Unreachable, SourceReason::BadAnswer),
                    Trouble::Unreachable => (SourceState::Unreachable, SourceReason::Unreachable),
                    Trouble::SessionRefused => (SourceState::Refused, SourceReason::SessionRefused),
                    Trouble::BudgetSpent => (SourceState::Refused, SourceReason::BudgetSpent),
                    Trouble::RateLimited => (SourceState::Refused, SourceReason::RateLimited),
                };
                (if self.answered { SourceState::Degraded } else { refusal }, Some(reason))
            }
        };
        self.answer
    }
}

fn chunks(symbols: &[Symbol], size: usize) -> Vec<Vec<Symbol>> {
    symbols.chunks(size.max(1)).map(<[Symbol]>::to_vec).collect()
}
