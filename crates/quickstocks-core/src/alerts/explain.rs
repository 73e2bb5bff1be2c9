//! Why an alert has not fired, by the last quote.

use rust_decimal::Decimal;

use super::Levels;
use crate::model::{AlertState, AlertStatus, Quote, Rule, Since, StoredQuote, Terms, Timestamp};

/// What an alert waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// For its value to reach the threshold.
    Waiting,
    /// For the price to go back first: it was beyond the threshold already, and only what crosses it counts.
    Beyond,
    /// For the end of its snooze.
    Snoozed,
    /// To be armed again: it fired not long ago, or the price has not gone back far enough.
    Resting,
    /// For its first quote.
    NoQuote,
    /// For something that the quotes of this symbol do not tell.
    NoData,
    /// For nothing: it fired.
    Fired,
    /// For nothing: its time ran out.
    Expired,
    /// For nothing: its owner switched it off.
    Paused,
}

/// How an alert stands against a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it waits for.
    pub verdict: Verdict,
    /// The last price of the symbol, if there is one.
    pub price: Option<Decimal>,
    /// The price, or the volume, that has to be reached; the nearer one where there are two.
    pub threshold: Option<Decimal>,
    /// By how much the value has to change for that.
    pub distance: Option<Decimal>,
    /// When the exchange dated the quote.
    pub as_of: Option<Timestamp>,
}

/// Holds an alert against the last quote without changing anything.
pub fn check(terms: &Terms, state: &AlertState, quote: Option<&StoredQuote>, now: Timestamp) -> Check {
    let price = quote.and_then(|stored| stored.quote.price);
    let levels = quote.and_then(|stored| Levels::of(terms, state, &stored.quote));
    let nearest = quote.zip(price).and_then(|(stored, price)| levels.as_ref()?.nearest(price, &stored.quote));
    let expired = state.status.is_watched() && terms.expires_at.is_some_and(|expires_at| expires_at <= now);
    let verdict = match state.status {
        AlertStatus::Fired => Verdict::Fired,
        AlertStatus::Expired => Verdict::Expired,
        AlertStatus::Paused => Verdict::Paused,
        AlertStatus::Armed | AlertStatus::Resting if expired => Verdict::Expired,
        AlertStatus::Armed | AlertStatus::Resting if state.snoozed_until.is_some_and(|until| until > now) => Verdict::Snoozed,
        AlertStatus::Armed | AlertStatus::Resting if price.is_none() || state.baseline.is_none() => Verdict::NoQuote,
        AlertStatus::Armed | AlertStatus::Resting if levels.is_none() => Verdict::NoData,
        AlertStatus::Resting => Verdict::Resting,
        AlertStatus::Armed if !state.ready => Verdict::Beyond,
        AlertStatus::Armed => Verdict::Waiting,
    };
    Check {
        verdict,
        price,
        threshold: nearest.map(|(threshold, _)| threshold),
        distance: nearest.map(|(_, distance)| distance),
        as_of: quote.map(|stored| stored.quote.as_of),
    }
}

/// What a rule needs that these quotes do not tell, in words: with it absent it can never fire.
pub fn lacks(rule: &Rule, quote: &Quote) -> Option<&'static str> {
    match rule {
        Rule::VolumeSpike { .. } if quote.average_volume.is_none_or(|average| average == 0) => Some("no average volume"),
        Rule::NewHigh if quote.fifty_two_week_high.is_none() => Some("no high of 52 weeks"),
        Rule::NewLow if quote.fifty_two_week_low.is_none() => Some("no low of 52 weeks"),
        Rule::Move { since: Since::PreviousClose, .. } if quote.previous_close.is_none() && quote.change.is_none() => {
            Some("no previous close")
        }
        _ => None,
    }
}
