//! Somebody's alerts: making, reading, changing, removing them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;

use super::{ARMED_LEASE, Check, Levels, check, lacks, step};
use crate::model::{
    Alert, AlertId, AlertState, AlertStatus, AppliedSplit, InvalidRule, Lease, MAX_ALERTS, Notification, Repeat, Secret,
    StoredQuote, Symbol, Terms, Timestamp, Urgency, UserId,
};
use crate::notify::end_of_day;
use crate::ports::{
    ActionTokens, AlertReader, AlertWriter, Change, Clock, NotificationReader, PollSetWriter, PreferencesReader, QuoteReader,
    Random, StoreError,
};
use crate::symbols::{SymbolError, Symbols};

/// For how long an alert is snoozed unless somebody says otherwise.
pub const SNOOZE: Duration = Duration::from_hours(1);

/// The longest snooze and the longest rest, in minutes: a week.
pub const MAX_MINUTES: u32 = 7 * 24 * 60;

/// How far ahead an alert may expire.
pub const MAX_LIFETIME: Duration = Duration::from_hours(5 * 366 * 24);

/// How many receipts of an alert are told.
pub const MAX_RECEIPTS: usize = 50;

/// How often a change that lost a race is tried again on what is there then.
const EDIT_TRIES: usize = 5;

/// Reads and changes alerts.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the port of its name")]
pub struct AlertBook {
    pub alerts: Arc<dyn AlertReader>,
    pub writer: Arc<dyn AlertWriter>,
    pub notifications: Arc<dyn NotificationReader>,
    pub actions: Arc<dyn ActionTokens>,
    pub poll_set: Arc<dyn PollSetWriter>,
    pub quotes: Arc<dyn QuoteReader>,
    pub preferences: Arc<dyn PreferencesReader>,
    pub symbols: Symbols,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// An alert and how it stands against the last quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedAlert {
    /// The alert.
    pub alert: Alert,
    /// How it stands.
    pub check: Check,
}

/// Something that is done about an alert beside changing its terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertAction {
    /// Leaves it alone for so many minutes, and has it watch again then, also when it had fired and was done.
    Snooze {
        /// How many.
        minutes: u32,
    },
    /// Leaves it alone for the rest of its owner's day.
    Mute,
    /// Has it watch anew from the present price on.
    Rearm,
    /// Switches it off.
    Pause,
    /// Takes back the adjustment for the last split.
    UndoSplit,
}

/// Why something about an alert was not done. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// There is no such alert, or it is somebody else's.
    #[error("there is no such alert")]
    NotFound,
    /// It is not of the version that the caller expects, or it was changed again and again.
    #[error("the alert was changed in the meantime")]
    Conflict,
    /// The rule has a number that cannot be.
    #[error(transparent)]
    Rule(#[from] InvalidRule),
    /// The rule cannot fire for that symbol.
    #[error("the source tells {lacking} of {symbol}, so such an alert could never fire")]
    Impossible {
        /// Of which.
        symbol: Symbol,
        /// What.
        lacking: &'static str,
    },
    /// The repetition has a number that cannot be.
    #[error("an alert rests 1 to {MAX_MINUTES} minutes, and goes back by 0 to 50 percent with at most 2 decimals")]
    Repeat,
    /// It would have expired, or far too late.
    #[error("an alert expires in the future, and within five years")]
    ExpiresAt,
    /// The snooze is too short or too long.
    #[error("a snooze has 1 to {MAX_MINUTES} minutes")]
    Snooze,
    /// They have as many as they may.
    #[error("at most {MAX_ALERTS} alerts are allowed: remove one first")]
    TooMany,
    /// It cannot be done as the alert stands.
    #[error("{0}")]
    NotNow(&'static str),
    /// The token is none, or used, or too old.
    #[error("this was done already, or is too old: open the app to do it")]
    Token,
    /// The symbol cannot be watched.
    #[error(transparent)]
    Symbol(#[from] SymbolError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AlertBook {
    /// A user's alerts, the oldest first, each held against its last quote.
    pub async fn list(&self, user: &UserId) -> Result<Vec<CheckedAlert>, StoreError> {
        self.checked(self.alerts.alerts(user).await?).await
    }

    /// One alert.
    pub async fn get(&self, user: &UserId, id: &AlertId) -> Result<CheckedAlert, AlertError> {
        let alert = self.alerts.alert(user, id).await?.ok_or(AlertError::NotFound)?;
        self.checked_one(alert).await
    }

    /// Makes an alert. It watches from the present price on.
    pub async fn create(&self, user: &UserId, symbol: &Symbol, terms: Terms) -> Result<CheckedAlert, AlertError> {
        let now = self.clock.now();
        check_terms(&terms, now)?;
        if self.alerts.alerts(user).await?.len() >= MAX_ALERTS {
            return Err(AlertError::TooMany);
        }
        let quote = self.quote_for(symbol, &terms).await?;
        let mut id = [0; 8];
        self.random.fill(&mut id);
        let alert = Alert {
            id: AlertId::from_random(id),
            user: user.clone(),
            symbol: symbol.clone(),
            state: armed(&terms, AlertState::default(), quote.as_ref(), now),
            terms,
            version: 1,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        match self.writer.insert_alert(&alert).await? {
            Change::Done => self.lease(&alert).await?,
            Change::Conflict | Change::Missing => return Err(AlertError::Conflict),
        }
        let check = check(&alert.terms, &alert.state, quote.as_ref(), now);
        Ok(CheckedAlert { alert, check })
    }

    /// How an alert with these terms would stand, if it were made now.
    pub async fn preview(&self, symbol: &Symbol, terms: &Terms) -> Result<Check, AlertError> {
        let now = self.clock.now();
        check_terms(terms, now)?;
        let quote = self.quote_for(symbol, terms).await?;
        Ok(check(terms, &armed(terms, AlertState::default(), quote.as_ref(), now), quote.as_ref(), now))
    }

    /// Replaces an alert's terms. A new rule watches from the present price on; the rest takes nothing from what it saw.
    pub async fn replace(
        &self,
        user: &UserId,
        id: &AlertId,
        terms: Terms,
        expected: Option<u64>,
    ) -> Result<CheckedAlert, AlertError> {
        check_terms(&terms, self.clock.now())?;
        let before = self.alerts.alert(user, id).await?.ok_or(AlertError::NotFound)?;
        let quote = self.quote_for(&before.symbol, &terms).await?;
        self.edit(user, id, expected, |alert, now| {
            let state = if terms.rule != alert.terms.rule {
                armed(&terms, AlertState { fired: alert.state.fired, ..AlertState::default() }, quote.as_ref(), now)
            } else if alert.state.status == AlertStatus::Expired {
                again(&terms, &alert.state, quote.as_ref(), now)
            } else {
                alert.state.clone()
            };
            Ok((terms.clone(), state))
        })
        .await
    }

    /// Removes an alert; what was told of it stays in the inbox.
    pub async fn delete(&self, user: &UserId, id: &AlertId, expected: Option<u64>) -> Result<(), AlertError> {
        if let Some(expected) = expected {
            let alert = self.alerts.alert(user, id).await?.ok_or(AlertError::NotFound)?;
            if alert.version != expected {
                return Err(AlertError::Conflict);
            }
        }
        if self.writer.delete_alert(user, id).await? { Ok(()) } else { Err(AlertError::NotFound) }
    }

    /// Does something about an alert.
    pub async fn act(&self, user: &UserId, id: &AlertId, action: AlertAction) -> Result<CheckedAlert, AlertError> {
        if matches!(action, AlertAction::Snooze { minutes } if !(1..=MAX_MINUTES).contains(&minutes)) {
            return Err(AlertError::Snooze);
        }
        let before = self.alerts.alert(user, id).await?.ok_or(AlertError::NotFound)?;
        let quote = match action {
            AlertAction::Pause => None,
            _ => self.symbols.fresh(&before.symbol).await?,
        };
        let day_ends = match action {
            AlertAction::Mute => self.end_of_day(user).await?,
            _ => self.clock.now(),
        };
        self.edit(user, id, None, |alert, now| {
            let state = acted(alert, action, quote.as_ref(), day_ends, now)?;
            Ok((alert.terms.clone(), state))
        })
        .await
    }

    /// Does something about the alerts that a notification told of, for whoever holds its token; once.
    pub async fn act_by_token(&self, token: &Secret, action: AlertAction) -> Result<Vec<CheckedAlert>, AlertError> {
        let token = self.actions.take_action(&token.hash(), self.clock.now()).await?.ok_or(AlertError::Token)?;
        let mut done = Vec::new();
        for id in &token.alerts {
            match self.act(&token.user, id, action).await {
                Ok(checked) => done.push(checked),
                // Removed or switched off since: there is nothing left to be done about it.
                Err(AlertError::NotFound | AlertError::NotNow(_)) => {}
                Err(error) => {
                    // The button may be pressed again. What was done of several is done again, to the same effect.
                    self.actions.put_action(&token).await?;
                    return Err(error);
                }
            }
        }
        if done.is_empty() { Err(AlertError::NotFound) } else { Ok(done) }
    }

    /// What became of an alert, the newest first, and how it stands.
    pub async fn receipts(&self, user: &UserId, id: &AlertId) -> Result<(CheckedAlert, Vec<Notification>), AlertError> {
        let checked = self.get(user, id).await?;
        let receipts = self.notifications.notifications_of(user, id, MAX_RECEIPTS).await?;
        Ok((checked, receipts))
    }

    /// The present quote of a symbol that a rule can fire for.
    async fn quote_for(&self, symbol: &Symbol, terms: &Terms) -> Result<Option<StoredQuote>, AlertError> {
        self.symbols.check(std::slice::from_ref(symbol)).await?;
        let quote = self.symbols.fresh(symbol).await?;
        match quote.as_ref().and_then(|stored| lacks(&terms.rule, &stored.quote)) {
            Some(lacking) => Err(AlertError::Impossible { symbol: symbol.clone(), lacking }),
            None => Ok(quote),
        }
    }

    /// Applies a change to the alert as it is now, again if it was changed meanwhile: a quote may do so at any moment.
    async fn edit(
        &self,
        user: &UserId,
        id: &AlertId,
        expected: Option<u64>,
        change: impl Fn(&Alert, Timestamp) -> Result<(Terms, AlertState), AlertError>,
    ) -> Result<CheckedAlert, AlertError> {
        for _ in 0..EDIT_TRIES {
            let before = self.alerts.alert(user, id).await?.ok_or(AlertError::NotFound)?;
            if expected.is_some_and(|expected| expected != before.version) {
                return Err(AlertError::Conflict);
            }
            let now = self.clock.now();
            let (terms, state) = change(&before, now)?;
            let (version, revision) = (before.version + 1, before.revision + 1);
            let after = Alert { terms, state, version, revision, updated_at: now, ..before.clone() };
            if self.writer.write_alert(&after, before.revision, &[]).await? {
                self.lease(&after).await?;
                return self.checked_one(after).await;
            }
        }
        Err(AlertError::Conflict)
    }

    async fn lease(&self, alert: &Alert) -> Result<(), StoreError> {
        if !alert.state.status.is_watched() {
            return Ok(());
        }
        let until = self.clock.now() + ARMED_LEASE;
        self.poll_set.extend(&[Lease { symbol: alert.symbol.clone(), urgency: Urgency::Armed, until }]).await
    }

    async fn checked(&self, alerts: Vec<Alert>) -> Result<Vec<CheckedAlert>, StoreError> {
        let symbols: Vec<Symbol> = alerts.iter().map(|alert| alert.symbol.clone()).collect();
        let quotes = self.quotes.quotes(&symbols).await?;
        let quotes: HashMap<&Symbol, &StoredQuote> = quotes.iter().map(|stored| (&stored.quote.symbol, stored)).collect();
        let now = self.clock.now();
        let against = |alert: Alert| {
            let check = check(&alert.terms, &alert.state, quotes.get(&alert.symbol).copied(), now);
            CheckedAlert { alert, check }
        };
        Ok(alerts.into_iter().map(against).collect())
    }

    async fn checked_one(&self, alert: Alert) -> Result<CheckedAlert, AlertError> {
        self.checked(vec![alert]).await?.pop().ok_or(AlertError::NotFound)
    }

    /// When the day of a user ends where they live.
    async fn end_of_day(&self, user: &UserId) -> Result<Timestamp, StoreError> {
        let preferences = self.preferences.preferences(user).await?;
        Ok(end_of_day(preferences.as_ref(), self.clock.now()))
    }
}

fn check_terms(terms: &Terms, now: Timestamp) -> Result<(), AlertError> {
    terms.rule.check()?;
    if let Some(Repeat { cool_down_minutes, hysteresis_percent }) = terms.repeat {
        let fits = (1..=MAX_MINUTES).contains(&cool_down_minutes)
            && (Decimal::ZERO..=Decimal::new(50, 0)).contains(&hysteresis_percent)
            && hysteresis_percent.normalize().scale() <= 2;
        if !fits {
            return Err(AlertError::Repeat);
        }
    }
    let in_time = |expires_at: Timestamp| expires_at > now && expires_at <= now + MAX_LIFETIME;
    if terms.expires_at.is_none_or(in_time) { Ok(()) } else { Err(AlertError::ExpiresAt) }
}

/// The state of an alert that watches from this quote on.
fn armed(terms: &Terms, state: AlertState, quote: Option<&StoredQuote>, now: Timestamp) -> AlertState {
    match quote {
        Some(quote) => step(terms, &state, None, quote, now).0,
        None => state,
    }
}

/// The same for one that watched before: it keeps its count and what splits made of its numbers.
fn again(terms: &Terms, state: &AlertState, quote: Option<&StoredQuote>, now: Timestamp) -> AlertState {
    let AlertState { fired, fired_at, split_factor, .. } = *state;
    let bare = AlertState { split_factor, fired_at, fired, ..AlertState::default() };
    let fresh = armed(terms, bare, quote, now);
    AlertState { split: state.split.or(fresh.split), ..fresh }
}

fn acted(
    alert: &Alert,
    action: AlertAction,
    quote: Option<&StoredQuote>,
    day_ends: Timestamp,
    now: Timestamp,
) -> Result<AlertState, AlertError> {
    let state = &alert.state;
    let over = alert.terms.expires_at.is_some_and(|expires_at| expires_at <= now) || state.status == AlertStatus::Expired;
    if over && !matches!(action, AlertAction::Pause) {
        return Err(AlertError::NotNow("the alert has expired: give it a later expires_at"));
    }
    let until = match action {
        AlertAction::Snooze { minutes } => now + Duration::from_mins(minutes.into()),
        _ => day_ends,
    };
    match action {
        AlertAction::Snooze { .. } | AlertAction::Mute => match state.status {
            AlertStatus::Paused => Err(AlertError::NotNow("the alert is switched off: re-arm it first")),
            AlertStatus::Fired => Ok(AlertState { snoozed_until: Some(until), ..again(&alert.terms, state, quote, now) }),
            _ => Ok(AlertState { snoozed_until: Some(until), ..state.clone() }),
        },
        AlertAction::Rearm => Ok(again(&alert.terms, state, quote, now)),
        AlertAction::Pause => Ok(AlertState { status: AlertStatus::Paused, snoozed_until: None, ..state.clone() }),
        AlertAction::UndoSplit => match state.split {
            Some(split) if !split.undone => Ok(undone(alert, split, quote)),
            _ => Err(AlertError::NotNow("no split was adjusted for that could be taken back")),
        },
    }
}

fn undone(alert: &Alert, split: AppliedSplit, quote: Option<&StoredQuote>) -> AlertState {
    let factor = alert.state.split_factor.checked_div(split.ratio).unwrap_or(alert.state.split_factor).normalize();
    let mut state =
        AlertState { split_factor: factor, split: Some(AppliedSplit { undone: true, ..split }), ..alert.state.clone() };
    if let Some((quote, price)) = quote.map(|stored| &stored.quote).and_then(|quote| Some((quote, quote.price?))) {
        state.ready = Levels::of(&alert.terms, &state, quote).is_some_and(|levels| levels.is_near(price, quote));
    }
    state
}
