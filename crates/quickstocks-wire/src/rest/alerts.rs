use quickstocks_core::alerts::{Check, CheckedAlert, Verdict};
use quickstocks_core::model::{
    AlertStatus, Direction, Note, NoticeDelivery, Notification, NotificationId, Repeat, Rule, Since, Symbol, Timestamp,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{object, present, schema, whole};
use crate::ws::NoticeView;

/// What kind of thing an alert waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// The price rises to `price` or above.
    PriceAbove,
    /// The price falls to `price` or below.
    PriceBelow,
    /// The price moves by `percent`, in that `direction`, `since` something.
    Move,
    /// The price rises above all of the last 52 weeks.
    NewHigh,
    /// The price falls below all of the last 52 weeks.
    NewLow,
    /// The session's volume reaches so many `times` the average one.
    VolumeSpike,
}

/// What a move is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SinceKind {
    /// The close of the session before; for a crypto pair, the price of 24 hours ago.
    PreviousClose,
    /// The price when the alert was armed or fired last.
    Set,
    /// The lowest or highest price of the last `window_minutes`.
    Window,
}

/// What an alert is to wait for. Just the fields of its kind may be there.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleInput {
    /// The kind.
    pub kind: RuleKind,
    /// The target, for `price_above` and `price_below`: above 0, at most 8 decimals.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = "150.00")]
    pub price: Option<String>,
    /// How far, for `move`: above 0 and at most 1000 (below 100 for a fall), at most 4 decimals.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = "5")]
    pub percent: Option<String>,
    /// Which way, for `move`; either unless said otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, value_type = Option<schema::Direction>)]
    pub direction: Option<Direction>,
    /// From where, for `move`; the previous close unless said otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    pub since: Option<SinceKind>,
    /// How long the window is, for `move` since `window`.
    #[serde(default, deserialize_with = "whole")]
    #[schema(nullable = false, minimum = 5, maximum = 1440, example = 60)]
    pub window_minutes: Option<u16>,
    /// How many times the average volume, for `volume_spike`: 1.1 to 100.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = "3")]
    pub times: Option<String>,
}

/// What is wrong with the fields of a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RuleFault {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl RuleInput {
    /// The rule; whether its numbers can be is for [`Rule::check`].
    ///
    /// # Errors
    /// [`RuleFault`] names a field that is missing, no number, or of another kind of rule.
    pub fn rule(&self) -> Result<Rule, RuleFault> {
        let wanted: &[&str] = match self.kind {
            RuleKind::PriceAbove | RuleKind::PriceBelow => &["price"],
            RuleKind::Move if self.since == Some(SinceKind::Window) => &["percent", "direction", "since", "window_minutes"],
            RuleKind::Move => &["percent", "direction", "since"],
            RuleKind::NewHigh | RuleKind::NewLow => &[],
            RuleKind::VolumeSpike => &["times"],
        };
        let given = [
            ("price", self.price.is_some()),
            ("percent", self.percent.is_some()),
            ("direction", self.direction.is_some()),
            ("since", self.since.is_some()),
            ("window_minutes", self.window_minutes.is_some()),
            ("times", self.times.is_some()),
        ];
        if let Some((field, _)) = given.into_iter().find(|(field, given)| *given && !wanted.contains(field)) {
            return Err(RuleFault { field, message: format!("{field} has no place in a rule of this kind: leave it out") });
        }
        Ok(match self.kind {
            RuleKind::PriceAbove => Rule::PriceAbove { price: number("price", self.price.as_deref())? },
            RuleKind::PriceBelow => Rule::PriceBelow { price: number("price", self.price.as_deref())? },
            RuleKind::Move => Rule::Move {
                percent: number("percent", self.percent.as_deref())?,
                direction: self.direction.unwrap_or(Direction::Either),
                since: match self.since.unwrap_or(SinceKind::PreviousClose) {
                    SinceKind::PreviousClose => Since::PreviousClose,
                    SinceKind::Set => Since::Set,
                    SinceKind::Window => {
                        Since::Window { window_minutes: self.window_minutes.ok_or_else(|| missing("window_minutes"))? }
                    }
                },
            },
            RuleKind::NewHigh => Rule::NewHigh,
            RuleKind::NewLow => Rule::NewLow,
            RuleKind::VolumeSpike => Rule::VolumeSpike { times: number("times", self.times.as_deref())? },
        })
    }
}

fn missing(field: &'static str) -> RuleFault {
    RuleFault { field, message: format!("{field} is needed by a rule of this kind") }
}

fn number(field: &'static str, text: Option<&str>) -> Result<Decimal, RuleFault> {
    let text = text.ok_or_else(|| missing(field))?;
    // What a decimal cannot hold exactly would be rounded in silence.
    Decimal::from_str_exact(text)
        .map_err(|_| RuleFault { field, message: format!("{field} is a decimal number as a text, such as \"150.25\"") })
}

/// How an alert that fires more than once gets ready again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatInput {
    /// How long it rests after it fired; 15 minutes unless said otherwise.
    #[serde(default, deserialize_with = "whole")]
    #[schema(nullable = false, minimum = 1, maximum = 10080, example = 15)]
    pub cool_down_minutes: Option<u32>,
    /// How far, in percent of the target, the price has to go back first; 0.5 unless said otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = "0.5")]
    pub hysteresis_percent: Option<String>,
}

/// An alert as somebody wants it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertInput {
    /// What to watch: a symbol that the source knows.
    #[schema(example = "AAPL")]
    pub symbol: String,
    /// What to wait for.
    #[serde(deserialize_with = "object")]
    #[schema(value_type = RuleInput)]
    pub rule: Option<RuleInput>,
    /// How it repeats; left out for an alert that fires once.
    #[serde(default, deserialize_with = "object")]
    pub repeat: Option<RepeatInput>,
    /// When it stops waiting, in milliseconds since the Unix epoch.
    #[serde(default)]
    #[schema(example = 1_798_761_600_000_i64)]
    pub expires_at: Option<i64>,
    /// A note to yourself: 1 to 280 characters.
    #[serde(default)]
    #[schema(example = "sell half")]
    pub note: Option<String>,
}

/// An alert's terms as somebody wants them from now on. Its symbol stays.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertChange {
    /// What to wait for. Another rule than before watches from the present price on.
    #[serde(deserialize_with = "object")]
    #[schema(value_type = RuleInput)]
    pub rule: Option<RuleInput>,
    /// How it repeats; left out for an alert that fires once.
    #[serde(default, deserialize_with = "object")]
    pub repeat: Option<RepeatInput>,
    /// When it stops waiting, in milliseconds since the Unix epoch.
    #[serde(default)]
    #[schema(example = 1_798_761_600_000_i64)]
    pub expires_at: Option<i64>,
    /// A note to yourself: 1 to 280 characters.
    #[serde(default)]
    #[schema(example = "sell half")]
    pub note: Option<String>,
}

/// How an alert stands against the last quote of its symbol.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckBody {
    /// What it waits for: `waiting` for the threshold, `beyond` for the price to go back across it first, `snoozed`, `resting` after it fired, `no_quote`
    /// for its first quote, `no_data` for what the source does not tell now; or why it waits for nothing: `fired`, `expired`, `paused`.
    #[schema(value_type = schema::Verdict)]
    pub verdict: String,
    /// The last price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "147.20")]
    pub price: Option<Decimal>,
    /// What has to be reached: a price or, for a volume spike, a volume. The nearer one where there are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "150")]
    pub threshold: Option<Decimal>,
    /// By how much the price or the volume has to change for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "2.80")]
    pub distance: Option<Decimal>,
    /// When the exchange dated the quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, nullable = false)]
    pub as_of: Option<Timestamp>,
}

impl From<&Check> for CheckBody {
    fn from(check: &Check) -> Self {
        let verdict = match check.verdict {
            Verdict::Waiting => "waiting",
            Verdict::Beyond => "beyond",
            Verdict::Snoozed => "snoozed",
            Verdict::Resting => "resting",
            Verdict::NoQuote => "no_quote",
            Verdict::NoData => "no_data",
            Verdict::Fired => "fired",
            Verdict::Expired => "expired",
            Verdict::Paused => "paused",
        };
        Self {
            verdict: verdict.to_owned(),
            price: check.price,
            threshold: check.threshold,
            distance: check.distance,
            as_of: check.as_of,
        }
    }
}

/// A split that an alert's numbers were adjusted for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AdjustedSplitBody {
    /// How many new shares there are for each old one.
    #[schema(value_type = String, example = "2")]
    pub ratio: Decimal,
    /// When prices were first seen split.
    #[schema(value_type = i64)]
    pub since: Timestamp,
    /// Whether the adjustment was taken back, or was not needed.
    pub undone: bool,
}

/// An alert: what it asks for, and where it stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AlertBody {
    /// The id.
    #[schema(example = "9f86d081884c7d65")]
    pub id: String,
    /// What it watches.
    #[schema(value_type = String, example = "AAPL")]
    pub symbol: Symbol,
    /// What it waits for, as it was written.
    #[schema(value_type = schema::Rule)]
    pub rule: Rule,
    /// How it repeats; absent for an alert that fires once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Repeat>, nullable = false)]
    pub repeat: Option<Repeat>,
    /// When it stops waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, nullable = false)]
    pub expires_at: Option<Timestamp>,
    /// What its owner wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub note: Option<Note>,
    /// Where it stands.
    #[schema(value_type = schema::AlertStatus)]
    pub status: AlertStatus,
    /// Until when it is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, nullable = false)]
    pub snoozed_until: Option<Timestamp>,
    /// How often it fired.
    pub fired: u32,
    /// When it fired last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, nullable = false)]
    pub fired_at: Option<Timestamp>,
    /// The last split of the shares since it was armed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub split: Option<AdjustedSplitBody>,
    /// How it stands against the last quote.
    pub check: CheckBody,
    /// Grows by one with every change you make; the value of `ETag`.
    pub version: u64,
    /// When it was made.
    #[schema(value_type = i64)]
    pub created_at: Timestamp,
    /// When you last changed it.
    #[schema(value_type = i64)]
    pub updated_at: Timestamp,
}

impl From<&CheckedAlert> for AlertBody {
    fn from(CheckedAlert { alert, check }: &CheckedAlert) -> Self {
        let state = &alert.state;
        Self {
            id: alert.id.to_string(),
            symbol: alert.symbol.clone(),
            rule: alert.terms.rule.clone(),
            repeat: alert.terms.repeat,
            expires_at: alert.terms.expires_at,
            note: alert.terms.note.clone(),
            status: if check.verdict == Verdict::Expired { AlertStatus::Expired } else { state.status },
            snoozed_until: state.snoozed_until.filter(|_| check.verdict == Verdict::Snoozed),
            fired: state.fired,
            fired_at: state.fired_at,
            split: state.split.map(|split| AdjustedSplitBody { ratio: split.ratio, since: split.since, undone: split.undone }),
            check: check.into(),
            version: alert.version,
            created_at: alert.created_at,
            updated_at: alert.updated_at,
        }
    }
}

/// Somebody's alerts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AlertsBody {
    /// The alerts, the oldest first.
    pub alerts: Vec<AlertBody>,
}

/// What is done about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertActionKind {
    /// Leaves it alone for `minutes`, an hour unless said otherwise; one that had fired and was done watches again then.
    Snooze,
    /// Leaves it alone for the rest of your day.
    Mute,
    /// Has it watch anew, from the present price on.
    Rearm,
    /// Switches it off.
    Pause,
    /// Takes back the adjustment for the last split.
    UndoSplit,
}

/// Something to do about an alert.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertActionInput {
    /// What.
    pub action: AlertActionKind,
    /// For how long, for `snooze`.
    #[serde(default, deserialize_with = "whole")]
    #[schema(nullable = false, minimum = 1, maximum = 10080, example = 60)]
    pub minutes: Option<u32>,
}

/// What the button of a notification does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ButtonKind {
    /// Leaves the alerts alone for an hour.
    Snooze,
    /// Has them watch anew.
    Rearm,
    /// Leaves them alone for the rest of the day.
    Mute,
}

/// What the button of a notification asks for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ButtonInput {
    /// What.
    pub action: ButtonKind,
}

/// What became of an alert.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReceiptsBody {
    /// The alert as it stands, which tells why it has not fired.
    pub alert: AlertBody,
    /// What happened to it within 30 days, the newest first.
    pub receipts: Vec<ReceiptBody>,
}

/// Something that happened to an alert, and how its owner was told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReceiptBody {
    /// What happened.
    #[schema(value_type = schema::Notification)]
    pub notification: NoticeView,
    /// How far it came on the way to its owner, what it waited for, and which devices it reached.
    #[schema(value_type = schema::NoticeDelivery)]
    pub delivery: NoticeDelivery,
}

impl From<&Notification> for ReceiptBody {
    fn from(notice: &Notification) -> Self {
        Self { notification: NoticeView::of(notice), delivery: notice.delivery.clone() }
    }
}

/// Some of somebody's inbox.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotificationsBody {
    /// The notifications, the newest first.
    #[schema(value_type = Vec<schema::Notification>)]
    pub notifications: Vec<NoticeView>,
    /// How many of the newest 100 were not read.
    pub unread: usize,
    /// Pass this as `before` for those that follow; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub next: Option<NotificationId>,
}

/// What somebody read. Either of the two.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadInput {
    /// The ids of what was read, at most 100.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_items = 100)]
    pub ids: Option<Vec<String>>,
    /// Whether all of it was.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    pub all: Option<bool>,
}

/// What is left unread.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UnreadBody {
    /// How many of the newest 100.
    pub unread: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "a table reads better so")]
    fn check(json: &str, expected: Result<Rule, &str>) {
        let input: RuleInput = serde_json::from_str(json).unwrap();
        assert_eq!(input.rule().map_err(|fault| fault.field), expected, "{json}");
    }

    #[test]
    fn a_rule_has_just_the_fields_of_its_kind() {
        let decimal = |text: &str| text.parse::<Decimal>().unwrap();
        check(r#"{"kind":"price_above","price":"150.5"}"#, Ok(Rule::PriceAbove { price: decimal("150.5") }));
        check(r#"{"kind":"price_above"}"#, Err("price"));
        for price in ["", "x", "1e5", "150,5", "NaN", "1.00000000000000000000000000000000000001"] {
            check(&format!(r#"{{"kind":"price_below","price":"{price}"}}"#), Err("price"));
        }
        check(r#"{"kind":"price_above","price":"1","percent":"5"}"#, Err("percent"));
        let since = Since::PreviousClose;
        check(r#"{"kind":"move","percent":"5"}"#, Ok(Rule::Move { percent: decimal("5"), direction: Direction::Either, since }));
        let since = Since::Window { window_minutes: 60 };
        check(
            r#"{"kind":"move","percent":"5","direction":"down","since":"window","window_minutes":60}"#,
            Ok(Rule::Move { percent: decimal("5"), direction: Direction::Down, since }),
        );
        check(r#"{"kind":"move","percent":"5","since":"window"}"#, Err("window_minutes"));
        check(r#"{"kind":"move","percent":"5","window_minutes":60}"#, Err("window_minutes"));
        check(r#"{"kind":"new_high"}"#, Ok(Rule::NewHigh));
        check(r#"{"kind":"new_low","times":"3"}"#, Err("times"));
        check(r#"{"kind":"volume_spike","times":"3"}"#, Ok(Rule::VolumeSpike { times: decimal("3") }));
    }
}
