//! Where an alert's target lies now, and how far it is.

use rust_decimal::Decimal;

use crate::model::{AlertState, InstrumentKind, Quote, Rule, Since, Terms};

/// What a price or a volume has to reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// The price has to rise to this.
    pub up: Option<Decimal>,
    /// The price has to fall to this.
    pub down: Option<Decimal>,
    /// The session's volume has to grow to this.
    pub volume: Option<Decimal>,
    /// Whether a price has to go beyond its level: reaching an old high is no new high.
    pub strictly: bool,
}

impl Levels {
    /// The levels of a rule with that state, by this quote; `None` when the quote does not tell what they need.
    pub fn of(terms: &Terms, state: &AlertState, quote: &Quote) -> Option<Self> {
        match &terms.rule {
            Rule::PriceAbove { .. } => Some(Self { up: target(&terms.rule, state), ..Self::default() }),
            Rule::PriceBelow { .. } => Some(Self { down: target(&terms.rule, state), ..Self::default() }),
            Rule::Move { percent, direction, since } => {
                let (from_low, from_high) = match since {
                    Since::PreviousClose => {
                        let close = reference(quote)?;
                        (close, close)
                    }
                    Since::Set => {
                        let price = state.baseline.as_ref()?.price;
                        (price, price)
                    }
                    Since::Window { .. } => {
                        let prices = || state.samples.iter().map(|sample| sample.price);
                        (prices().min()?, prices().max()?)
                    }
                };
                let part = percent / Decimal::ONE_HUNDRED;
                let level = |from: Decimal, part: Decimal| {
                    from.checked_mul(Decimal::ONE + part).map(|level| level.round_dp(8).normalize())
                };
                Some(Self {
                    up: direction.is_up().then(|| level(from_low, part)).flatten(),
                    down: direction.is_down().then(|| level(from_high, -part)).flatten(),
                    ..Self::default()
                })
            }
            Rule::NewHigh => Some(Self { up: Some(state.baseline.as_ref()?.year_high?), strictly: true, ..Self::default() }),
            Rule::NewLow => Some(Self { down: Some(state.baseline.as_ref()?.year_low?), strictly: true, ..Self::default() }),
            Rule::VolumeSpike { times } => {
                let average = Decimal::from(quote.average_volume.filter(|average| *average > 0)?);
                Some(Self { volume: Some(average.checked_mul(*times)?.round()), ..Self::default() })
            }
        }
    }

    /// Whether a price (or the quote's volume) has not reached any level.
    pub fn is_near(&self, price: Decimal, quote: &Quote) -> bool {
        if self.strictly {
            return true;
        }
        self.up.is_none_or(|up| price < up)
            && self.down.is_none_or(|down| price > down)
            && self.volume.is_none_or(|level| quote.volume.is_none_or(|volume| Decimal::from(volume) < level))
    }

    /// The level next to a price (or to the quote's volume), and by how much the value has to change to reach it.
    pub fn nearest(&self, price: Decimal, quote: &Quote) -> Option<(Decimal, Decimal)> {
        if let Some(level) = self.volume {
            return Some((level, level - Decimal::from(quote.volume.unwrap_or_default())));
        }
        [self.up, self.down].into_iter().flatten().map(|level| (level, level - price)).min_by_key(|(_, distance)| distance.abs())
    }
}

/// The price a rule names, adjusted for splits.
pub(super) fn target(rule: &Rule, state: &AlertState) -> Option<Decimal> {
    match rule {
        Rule::PriceAbove { price } | Rule::PriceBelow { price } => {
            price.checked_div(state.split_factor).map(|price| price.round_dp(8).normalize())
        }
        _ => None,
    }
}

/// What a day's move is measured from.
fn reference(quote: &Quote) -> Option<Decimal> {
    let from = if quote.kind == InstrumentKind::Cryptocurrency { quote.price? - quote.change? } else { quote.previous_close? };
    (from > Decimal::ZERO).then_some(from)
}

/// Whether a price is back on the near side of every level by at least so many percent.
pub(super) fn fell_back(levels: &Levels, price: Decimal, percent: Decimal) -> bool {
    let part = percent / Decimal::ONE_HUNDRED;
    levels.up.is_none_or(|up| price < up && price <= up * (Decimal::ONE - part))
        && levels.down.is_none_or(|down| price > down && price >= down * (Decimal::ONE + part))
}
