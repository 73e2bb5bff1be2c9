//! Dividends: on which days an instrument pays and how much.

use crate::calendar::{Calendar, date, day_number};
use crate::simulation::Instrument;

/// A payment, by the day on which the price goes ex.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dividend {
    pub(crate) day: i64,
    pub(crate) amount: f64,
}

/// The dividends that go ex on the days `from..=to`, oldest first. Quarterly in North America, yearly elsewhere.
pub(crate) fn between(instrument: &Instrument, calendar: &Calendar<'_>, from: i64, to: i64) -> Vec<Dividend> {
    let listing = &instrument.listing;
    if listing.dividend <= 0.0 || from > to {
        return Vec::new();
    }
    let quarterly = matches!(calendar.exchange.market, "us_market" | "ca_market");
    let (payments, every): (f64, i64) = if quarterly { (4.0, 3) } else { (1.0, 12) };
    let noise = instrument.process.noise();
    let first_month = noise.below(0x900, 0, every.cast_unsigned()).cast_signed();
    let day_of_month = 5 + noise.below(0x901, 0, 20).cast_signed();
    let mut found = Vec::new();
    let start = date(from);
    // Months since the year nought, so that stepping over a year's end is plain arithmetic.
    let begin = i64::from(start.year()) * 12 + i64::from(start.month()) - 2;
    let mut month = begin + (first_month - begin).rem_euclid(every);
    loop {
        let year = i16::try_from(month.div_euclid(12)).unwrap_or(i16::MAX);
        let of_year = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
        let Ok(due) = jiff::civil::Date::new(year, of_year, i8::try_from(day_of_month).unwrap_or(15)) else {
            return found;
        };
        let due = day_number(due);
        let day = if calendar.is_trading(due) { due } else { calendar.next(due) };
        if day > to {
            return found;
        }
        if day >= from {
            found.push(Dividend { day, amount: listing.dividend / payments });
        }
        month += every;
    }
}

#[cfg(test)]
mod tests {
    use crate::simulation::Simulation;

    #[test]
    fn payers_pay_four_times_or_once_a_year_and_others_never() {
        let market = Simulation::new(1, 1_000, 0).unwrap();
        for (symbol, expected) in [("AAPL", 4), ("SAP.DE", 1), ("TSLA", 0), ("VFINX", 4)] {
            let instrument = market.find(symbol).unwrap();
            let calendar = market.calendar(instrument, false);
            let from = 20_500;
            let found = super::between(instrument, &calendar, from, from + 364);
            assert_eq!(found.len(), expected, "{symbol} {found:?}");
            assert!(found.is_sorted_by_key(|dividend| dividend.day));
            assert!(found.iter().all(|dividend| calendar.is_trading(dividend.day)));
        }
    }
}
