use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Currency, Note, TickNumber, Timestamp};

/// How long a repeating alert rests after it fired, unless somebody says otherwise.
pub const DEFAULT_COOL_DOWN_MINUTES: u32 = 15;

/// The shortest and the longest window that a move is measured in, in minutes.
pub const WINDOW_MINUTES: std::ops::RangeInclusive<u16> = 5..=1440;

/// What an alert waits for. Prices are those of the regular session, in the currency of the quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rule {
    /// The price rises to this or above.
    PriceAbove {
        /// The target.
        price: Decimal,
    },
    /// The price falls to this or below.
    PriceBelow {
        /// The target.
        price: Decimal,
    },
    /// The price moves by so many percent.
    Move {
        /// How far, always positive.
        percent: Decimal,
        /// Which way.
        direction: Direction,
        /// From where.
        #[serde(flatten)]
        since: Since,
    },
    /// The price rises above all of the last 52 weeks.
    NewHigh,
    /// The price falls below all of the last 52 weeks.
    NewLow,
    /// The session's volume reaches so many times the average one of three months.
    VolumeSpike {
        /// How many times.
        times: Decimal,
    },
}

/// Which way a price moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Up.
    Up,
    /// Down.
    Down,
    /// Up or down.
    Either,
}

impl Direction {
    /// Whether a rise counts.
    pub fn is_up(self) -> bool {
        self != Self::Down
    }

    /// Whether a fall counts.
    pub fn is_down(self) -> bool {
        self != Self::Up
    }
}

/// What a move is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "since", rename_all = "snake_case")]
pub enum Since {
    /// The close of the session before; for a crypto pair, the price of 24 hours ago.
    PreviousClose,
    /// The price when the alert was armed, and after it fired the price at which it did.
    Set,
    /// The lowest or highest price within a window of time, sampled twelve times in it.
    Window {
        /// How long the window is.
        window_minutes: u16,
    },
}

/// Why a rule cannot be. The field is part of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// The target is no price.
    #[error("a price is above 0, below 1,000,000,000,000, and has at most 8 decimals")]
    Price,
    /// The move is no move.
    #[error("a move is above 0 and at most 1000 percent (down: below 100), with at most 4 decimals")]
    Percent,
    /// The window is too short or too long.
    #[error("a window has 5 to 1440 minutes")]
    Window,
    /// The multiple is too small or too large.
    #[error("a volume spike is 1.1 to 100 times the average, with at most 2 decimals")]
    Times,
}

impl InvalidRule {
    /// The name of the field.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Percent => "percent",
            Self::Window => "window_minutes",
            Self::Times => "times",
        }
    }
}

impl Rule {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`InvalidRule`] names the one that cannot be.
    pub fn check(&self) -> Result<(), InvalidRule> {
        let within = |value: &Decimal, least: Decimal, most: Decimal, decimals: u32, error: InvalidRule| {
            let fits = *value >= least && *value <= most && value.normalize().scale() <= decimals;
            if fits { Ok(()) } else { Err(error) }
        };
        match self {
            Self::PriceAbove { price } | Self::PriceBelow { price } => {
                within(price, Decimal::new(1, 8), Decimal::new(1_000_000_000_000, 0), 8, InvalidRule::Price)
            }
            Self::Move { percent, direction, since } => {
                let most = if direction.is_down() { Decimal::new(999_999, 4) } else { Decimal::ONE_THOUSAND };
                within(percent, Decimal::new(1, 4), most, 4, InvalidRule::Percent)?;
                match since {
                    Since::Window { window_minutes } if !WINDOW_MINUTES.contains(window_minutes) => Err(InvalidRule::Window),
                    _ => Ok(()),
                }
            }
            Self::VolumeSpike { times } => within(times, Decimal::new(11, 1), Decimal::ONE_HUNDRED, 2, InvalidRule::Times),
            Self::NewHigh | Self::NewLow => Ok(()),
        }
    }
}

/// How an alert that fires more than once gets ready again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// How long it rests after it fired, in minutes.
    pub cool_down_minutes: u32,
    /// How far, in percent of the target, the price must go back before it is armed again: a price that trembles around its target
    /// fires once.
    pub hysteresis_percent: Decimal,
}

impl Default for Repeat {
    fn default() -> Self {
        Self { cool_down_minutes: DEFAULT_COOL_DOWN_MINUTES, hysteresis_percent: Decimal::new(5, 1) }
    }
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// It waits for its condition.
    #[default]
    Armed,
    /// It fired and waits until it may be armed again.
    Resting,
    /// It fired and is done.
    Fired,
    /// Its time ran out.
    Expired,
    /// Its owner switched it off.
    Paused,
}

impl AlertStatus {
    /// Whether quotes are to be held against it.
    pub fn is_watched(self) -> bool {
        matches!(self, Self::Armed | Self::Resting)
    }
}

/// What an alert asks for: the part that its owner writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What it waits for.
    pub rule: Rule,
    /// How it repeats; absent for one that fires once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// When it stops waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What its owner wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// What was known when an alert was armed, fired or armed again: only what happens after it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The trading day, as `yyyymmdd` in the exchange's time zone.
    pub day: i32,
    /// The price; after a fire the value that triggered it.
    pub price: Decimal,
    /// The highest price of that day by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_high: Option<Decimal>,
    /// The lowest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_low: Option<Decimal>,
    /// The highest price of 52 weeks by then, that day's included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year_high: Option<Decimal>,
    /// The lowest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year_low: Option<Decimal>,
}

/// A price at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceSample {
    /// When the exchange dated it.
    pub at: Timestamp,
    /// The price.
    pub price: Decimal,
}

/// A split by which an alert's numbers were adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedSplit {
    /// When prices were first seen split; tells one split from the next.
    pub since: Timestamp,
    /// How many new shares there are for each old one.
    pub ratio: Decimal,
    /// Whether its owner took the adjustment back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
}

/// The last quote an alert was held against, as far as it was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its tick: an earlier one is late, the same one is a repetition.
    pub tick: TickNumber,
    /// When the exchange dated it.
    pub at: Timestamp,
}

/// What the evaluator remembers of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertState {
    /// Where it stands.
    pub status: AlertStatus,
    /// Until when it is not to fire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Timestamp>,
    /// Whether the value was on the near side of the target since it was armed: only then can it cross.
    #[serde(default)]
    pub ready: bool,
    /// What was known when it was armed; absent until there was a quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// Prices of the window, for a move within one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<PriceSample>,
    /// By what prices in the rule are divided: the product of the splits since they were written.
    #[serde(default = "one")]
    pub split_factor: Decimal,
    /// The last of these splits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<AppliedSplit>,
    /// When it last fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
    /// How often it fired.
    #[serde(default)]
    pub fired: u32,
    /// The last quote it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

const fn one() -> Decimal {
    Decimal::ONE
}

impl Default for AlertState {
    fn default() -> Self {
        Self {
            status: AlertStatus::Armed,
            snoozed_until: None,
            ready: false,
            baseline: None,
            samples: Vec::new(),
            split_factor: Decimal::ONE,
            split: None,
            fired_at: None,
            fired: 0,
            seen: None,
        }
    }
}

impl AlertState {
    /// Whether the two differ in anything but the last quote seen. What does not is not worth a write: a quote that changed nothing
    /// changes nothing when it is looked at again.
    pub fn differs_from(&self, other: &Self) -> bool {
        Self { seen: other.seen, ..self.clone() } != *other
    }
}

/// By what an alert was triggered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The price of the quote.
    Price,
    /// The session's high: the price was there between two polls.
    DayHigh,
    /// The session's low.
    DayLow,
    /// The session's volume.
    Volume,
}

/// That an alert fired: once, with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fire {
    /// When it was decided.
    pub at: Timestamp,
    /// By what.
    pub trigger: Trigger,
    /// The value that triggered: a price, or a volume.
    pub value: Decimal,
    /// What it had to reach.
    pub threshold: Decimal,
    /// Whether it had to rise to it.
    pub rising: bool,
    /// The quote's price.
    pub price: Decimal,
    /// The quote's change against the close before, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_percent: Option<Decimal>,
    /// The currency of the prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// When the exchange dated the quote.
    pub as_of: Timestamp,
    /// The tick that brought it.
    pub tick: TickNumber,
}

/// Something that happens to an alert and is written down for its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AlertEvent {
    /// It fired.
    Fired(Fire),
    /// The shares were split, and its prices adjusted; it did not fire.
    SplitAdjusted {
        /// When it was decided.
        at: Timestamp,
        /// How many new shares there are for each old one.
        ratio: Decimal,
        /// The target it has now, if its rule has a price.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<Decimal>,
    },
    /// Its time ran out before it fired.
    Expired {
        /// When that was found.
        at: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: &Rule, expected: Result<(), InvalidRule>) {
        assert_eq!(rule.check(), expected, "{rule:?}");
    }

    #[test]
    fn impossible_numbers_are_named() {
        let decimal = |text: &str| text.parse::<Decimal>().unwrap();
        for (price, expected) in [
            ("0.00000001", Ok(())),
            ("1000000000000", Ok(())),
            ("0", Err(InvalidRule::Price)),
            ("-1", Err(InvalidRule::Price)),
            ("0.000000001", Err(InvalidRule::Price)),
            ("1000000000000.1", Err(InvalidRule::Price)),
        ] {
            check(&Rule::PriceAbove { price: decimal(price) }, expected);
            check(&Rule::PriceBelow { price: decimal(price) }, expected);
        }
        for (percent, direction, expected) in [
            ("5", Direction::Up, Ok(())),
            ("1000", Direction::Up, Ok(())),
            ("99.9", Direction::Down, Ok(())),
            ("0", Direction::Up, Err(InvalidRule::Percent)),
            ("-5", Direction::Down, Err(InvalidRule::Percent)),
            ("1000.1", Direction::Up, Err(InvalidRule::Percent)),
            ("100", Direction::Down, Err(InvalidRule::Percent)),
            ("100", Direction::Either, Err(InvalidRule::Percent)),
            ("0.00001", Direction::Up, Err(InvalidRule::Percent)),
        ] {
            check(&Rule::Move { percent: decimal(percent), direction, since: Since::Set }, expected);
        }
        for (window_minutes, expected) in
            [(4, Err(InvalidRule::Window)), (5, Ok(())), (1440, Ok(())), (1441, Err(InvalidRule::Window))]
        {
            let since = Since::Window { window_minutes };
            check(&Rule::Move { percent: Decimal::ONE, direction: Direction::Up, since }, expected);
        }
        for (times, expected) in
            [("1.1", Ok(())), ("100", Ok(())), ("1", Err(InvalidRule::Times)), ("101", Err(InvalidRule::Times))]
        {
            check(&Rule::VolumeSpike { times: decimal(times) }, expected);
        }
        check(&Rule::NewHigh, Ok(()));
    }
}
