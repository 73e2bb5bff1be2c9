//! What one currency is worth in another, from quotes that are polled like any other symbol's.
//!
//! Every rate goes through the dollar, whose pairs the source has for each currency: `EURUSD=X` and three others tell dollars a unit, `JPY=X`
//! and the rest units a dollar.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;

use crate::model::{Currency, DisplayCurrency, Lease, Symbol, Timestamp, Urgency};
use crate::ports::{Clock, PollSetWriter, StoreError};
use crate::recent::Recent;
use crate::symbols::Symbols;

/// The most currencies that are asked about at once: there are some 180 in all.
pub const MAX_CURRENCIES: usize = 50;

/// For how long a pair is polled as something on screen after somebody asked for its rate.
const LEASE: Duration = Duration::from_hours(1);

/// How long after a lease was written it is written again.
const LEASE_AGAIN: Duration = Duration::from_mins(30);

/// How many significant digits a rate has: more than any pair is quoted with.
const DIGITS: u32 = 8;

/// Reads exchange rates, and what it works with. One of it per process.
#[derive(Clone)]
pub struct ExchangeRates {
    symbols: Symbols,
    poll_set: Arc<dyn PollSetWriter>,
    clock: Arc<dyn Clock>,
    leased: Arc<Recent<Symbol, ()>>,
}

/// What one unit of a currency is worth in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many units of the other one.
    pub rate: Decimal,
    /// When the older of the quotes it is reckoned from was dated.
    pub at: Timestamp,
}

/// Rates by currency; those that are not known are left out.
pub type Rates = BTreeMap<Currency, Rate>;

impl ExchangeRates {
    /// Rates from these quotes, whose pairs are put on this poll set.
    pub fn new(symbols: Symbols, poll_set: Arc<dyn PollSetWriter>, clock: Arc<dyn Clock>) -> Self {
        Self { symbols, poll_set, clock, leased: Arc::new(Recent::new(500, LEASE_AGAIN)) }
    }

    /// What one unit of each of these currencies is worth in `to`. A pair that nobody asked for before is polled now, and from then on
    /// with the ticks.
    pub async fn rates(&self, to: &DisplayCurrency, from: &[Currency]) -> Result<Rates, StoreError> {
        let now = self.clock.now();
        let mut wanted: Vec<Symbol> = Vec::new();
        let majors = from.iter().map(|currency| currency.major().0).chain([to.as_str()]);
        for symbol in majors.filter_map(Pair::of).map(|pair| pair.symbol) {
            if !wanted.contains(&symbol) {
                wanted.push(symbol);
            }
        }
        let found = if wanted.is_empty() { Vec::new() } else { self.symbols.quotes(&wanted).await?.quotes };
        let quotes: BTreeMap<Symbol, (Decimal, Timestamp)> = found
            .into_iter()
            .filter_map(|stored| Some((stored.quote.symbol.clone(), (stored.quote.price?, stored.quote.as_of))))
            .collect();
        self.keep_polled(quotes.keys().cloned(), now).await?;
        let dollars = |code: &str| match Pair::of(code) {
            None => (code == "USD").then_some((Decimal::ONE, now)),
            Some(pair) => quotes.get(&pair.symbol).and_then(|(price, at)| Some((pair.dollars(*price)?, *at))),
        };
        let Some((target, target_at)) = dollars(to.as_str()) else { return Ok(Rates::new()) };
        let rate = |currency: &Currency| {
            let (major, parts) = currency.major();
            let (dollars, at) = if major == to.as_str() { (target, target_at) } else { dollars(major)? };
            let rate = dollars.checked_div(target)?.checked_div(parts.into())?;
            Some(Rate { rate: rate.round_sf(DIGITS)?.normalize(), at: at.min(target_at) })
        };
        Ok(from.iter().filter_map(|currency| Some((currency.clone(), rate(currency)?))).collect())
    }

    async fn keep_polled(&self, symbols: impl Iterator<Item = Symbol>, now: Timestamp) -> Result<(), StoreError> {
        let due: Vec<Symbol> = symbols.filter(|symbol| self.leased.peek(symbol, now).is_none()).collect();
        let lease = |symbol: &Symbol| Lease { symbol: symbol.clone(), urgency: Urgency::OnScreen, until: now + LEASE };
        self.poll_set.extend(&due.iter().map(lease).collect::<Vec<_>>()).await?;
        for symbol in due {
            self.leased.put(symbol, (), now);
        }
        Ok(())
    }
}

/// The symbol that tells a currency's rate to the dollar.
struct Pair {
    symbol: Symbol,
    /// Whether its price is units a dollar and not dollars a unit.
    inverse: bool,
}

impl Pair {
    /// None for the dollar itself, and for what is no code of a currency.
    fn of(code: &str) -> Option<Self> {
        let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_code || code == "USD" {
            return None;
        }
        // As the market quotes them (ISDA's convention), which are the pairs that the source is surest to have.
        let inverse = !matches!(code, "EUR" | "GBP" | "AUD" | "NZD");
        let symbol = if inverse { format!("{code}=X") } else { format!("{code}USD=X") };
        Symbol::parse(&symbol).ok().map(|symbol| Self { symbol, inverse })
    }

    fn dollars(&self, price: Decimal) -> Option<Decimal> {
        if price <= Decimal::ZERO {
            return None;
        }
        if self.inverse { Decimal::ONE.checked_div(price) } else { Some(price) }
    }
}
