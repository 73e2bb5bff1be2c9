//! Numbers, from their text to a decimal without a float in between.

use quickstocks_core::model::{InstrumentKind, Timestamp};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A number as Yahoo may write it: `1`, `1.0`, `1E9`, `{"raw": 1.0, "fmt": "1.00"}` (with `formatted=true`), and
/// for no number `null` or `{}`. Anything else counts as no number too: one odd field must not cost the quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Number(pub(super) Option<Decimal>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        Ok(Self(parse(raw.get())))
    }
}

fn parse(text: &str) -> Option<Decimal> {
    #[derive(Deserialize)]
    struct Formatted<'a> {
        #[serde(borrow)]
        raw: Option<&'a RawValue>,
    }
    match text.as_bytes().first()? {
        b'{' => parse_plain(serde_json::from_str::<Formatted<'_>>(text).ok()?.raw?.get()),
        _ => parse_plain(text),
    }
}

fn parse_plain(text: &str) -> Option<Decimal> {
    let number = match text.parse::<Decimal>() {
        Ok(number) => number,
        Err(_) if text.bytes().any(|b| matches!(b, b'e' | b'E')) => Decimal::from_scientific(text).ok()?,
        Err(_) => return None,
    };
    Some(tidy(number))
}

/// One text for one value: no zeros at the end, no minus before a zero.
fn tidy(number: Decimal) -> Decimal {
    if number.is_zero() { Decimal::ZERO } else { number.normalize() }
}

impl Number {
    /// The number as a moment, counted in seconds.
    pub(super) fn seconds(self) -> Option<Timestamp> {
        i64::try_from(self.0?.trunc()).ok().map(Timestamp::from_seconds)
    }

    /// The number as a count; none when it is negative or does not fit.
    pub(super) fn count(self) -> Option<u64> {
        u64::try_from(self.0?.trunc()).ok().filter(|_| self.0.is_some_and(|number| !number.is_sign_negative()))
    }

    /// The number as a small one; none when it is negative or does not fit.
    pub(super) fn small<T: TryFrom<u64>>(self) -> Option<T> {
        T::try_from(self.count()?).ok()
    }
}

/// How prices of one instrument are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimals(u8);

/// More decimals than any price has: a hint beyond is nonsense.
const MOST_DECIMALS: u8 = 12;

impl Decimals {
    /// Yahoo's `priceHint`; without one, what Yahoo usually says: 4 for currencies, money markets and prices below
    /// one, 2 for the rest. Spark never tells it, and v7 leaves it out at times.
    pub(super) fn new(hint: Number, kind: InstrumentKind, price: Option<Decimal>) -> Self {
        let usual = match kind {
            InstrumentKind::Currency | InstrumentKind::MoneyMarket => 4,
            _ if price.is_some_and(|price| price.abs() < Decimal::ONE) => 4,
            _ => 2,
        };
        Self(hint.small().filter(|hint| *hint <= MOST_DECIMALS).unwrap_or(usual))
    }

    /// The number of decimals.
    pub(super) fn get(self) -> u8 {
        self.0
    }

    /// A price without the noise of Yahoo's 32-bit floats. One that the hint would turn to zero keeps six digits:
    /// some coins trade below any hint.
    pub(super) fn price(self, price: Decimal) -> Decimal {
        let rounded = round(price, self.0.into());
        if rounded.is_zero() && !price.is_zero() { price.round_sf(6).map_or(price, tidy) } else { rounded }
    }

    /// A price of the past, where splits were reckoned in: 32-bit floats hold some seven digits, so it keeps those,
    /// up to four decimals (more below one), and never fewer than the hint.
    pub(super) fn past_price(self, price: Decimal) -> Decimal {
        if price.abs() < Decimal::ONE {
            return price.round_sf(6).map_or(price, tidy);
        }
        let whole_digits = price.trunc().abs().mantissa().to_string().len();
        let fits = u32::try_from(7_usize.saturating_sub(whole_digits)).unwrap_or(0);
        let hint = u32::from(self.0);
        round(price, fits.clamp(hint, hint.max(4)))
    }
}

/// Rounded half away from zero, as people do.
pub(super) fn round(number: Decimal, decimals: u32) -> Decimal {
    tidy(number.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero))
}

/// What share of `of` the change is, in percent with two decimals.
pub(super) fn percent(change: Decimal, of: Decimal) -> Option<Decimal> {
    let share = change.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(of)?;
    Some(round(share, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<String> {
        let Number(number) = serde_json::from_str(text).unwrap();
        number.map(|number| number.to_string())
    }

    #[test]
    fn every_form_of_a_number_is_read_and_anything_else_is_none() {
        for (text, expect) in [
            ("1", Some("1")),
            ("1.0", Some("1")),
            ("269.70", Some("269.7")),
            ("-0.0", Some("0")),
            ("-252322200", Some("-252322200")),
            ("4800000000000", Some("4800000000000")),
            ("1.7E12", Some("1700000000000")),
            ("1.5e-7", Some("0.00000015")),
            (r#"{"raw":269.7,"fmt":"269.70"}"#, Some("269.7")),
            (r#"{"fmt":"269.70"}"#, None),
            (r#"{"raw":null}"#, None),
            ("{}", None),
            ("null", None),
            ("true", None),
            (r#""12""#, None),
            ("[1]", None),
            ("1e999", None),
            ("1e-999", None),
        ] {
            assert_eq!(number(text).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn prices_lose_the_noise_of_floats_and_nothing_else() {
        let check = |hint: u8, price: &str, now: &str, past: &str| {
            let decimals = Decimals(hint);
            let price: Decimal = price.parse().unwrap();
            assert_eq!(decimals.price(price).to_string(), now, "{price} now");
            assert_eq!(decimals.past_price(price).to_string(), past, "{price} then");
        };
        check(2, "394.6499938964844", "394.65", "394.65");
        check(2, "84613.7578125", "84613.76", "84613.76");
        check(2, "1234567.125", "1234567.13", "1234567.13");
        check(2, "0.0786999985575676", "0.08", "0.0787");
        check(6, "0.0000123400001", "0.000012", "0.00001234");
        check(2, "0.0000123400001", "0.00001234", "0.00001234");
        check(4, "1.1257458", "1.1257", "1.1257");
        check(2, "-37.63", "-37.63", "-37.63");
        check(0, "0", "0", "0");
    }

    #[test]
    fn a_hint_is_guessed_where_none_is_given() {
        let hint =
            |hint: Option<i64>, kind, price: &str| Decimals::new(Number(hint.map(Decimal::from)), kind, price.parse().ok()).get();
        assert_eq!(hint(Some(6), InstrumentKind::Equity, "1"), 6);
        assert_eq!(hint(Some(99), InstrumentKind::Equity, "1"), 2);
        assert_eq!(hint(Some(-1), InstrumentKind::Equity, "0.5"), 4);
        assert_eq!(hint(None, InstrumentKind::Currency, "1.1"), 4);
        assert_eq!(hint(None, InstrumentKind::Etf, ""), 2);
    }
}
