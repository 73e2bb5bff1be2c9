use quickstocks_core::model::{Details, InstrumentKind, Symbol, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::DecodeError;
use super::number::{Decimals, Number, round};
use super::text::{self, Text};
use super::{kind_of, quote};

/// The fields that [`Details`] are made of. The date on which shares begin to trade without a dividend is in no recorded answer; the events
/// of a chart tell it.
pub(crate) const DETAIL_FIELDS: &str = "symbol,quoteType,priceHint,regularMarketPrice,regularMarketTime,financialCurrency,currency,\
earningsTimestamp,earningsTimestampStart,earningsTimestampEnd,isEarningsDateEstimate,dividendDate,dividendRate,dividendYield,\
trailingAnnualDividendRate,trailingAnnualDividendYield,epsTrailingTwelveMonths,epsForward,forwardPE,priceToBook,sharesOutstanding,\
fiftyDayAverage,twoHundredDayAverage";

/// Decodes the body of `v7/finance/quote` for one symbol's details; none when the symbol is not in it.
///
/// # Errors
/// [`DecodeError`] when there is no list of results in it, or the symbol's entry cannot be read.
pub fn decode_details(body: &[u8], symbol: &Symbol) -> Result<Option<Details>, DecodeError> {
    let entries = quote::results(body)?;
    let entry = entries.into_iter().find(|entry| quote::symbol_of(entry.get()).as_ref() == Some(symbol));
    entry.map(details_of).transpose()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow, default)]
    quote_type: Text<'a>,
    #[serde(default)]
    price_hint: Number,
    #[serde(default)]
    regular_market_price: Number,
    #[serde(default)]
    regular_market_time: Number,
    #[serde(borrow, default)]
    financial_currency: Text<'a>,
    #[serde(borrow, default)]
    currency: Text<'a>,
    #[serde(default)]
    earnings_timestamp: Number,
    #[serde(default)]
    earnings_timestamp_start: Number,
    #[serde(default)]
    earnings_timestamp_end: Number,
    #[serde(default)]
    is_earnings_date_estimate: Option<serde_json::Value>,
    #[serde(default)]
    dividend_date: Number,
    #[serde(default)]
    dividend_rate: Number,
    #[serde(default)]
    dividend_yield: Number,
    #[serde(default)]
    trailing_annual_dividend_rate: Number,
    #[serde(default)]
    trailing_annual_dividend_yield: Number,
    #[serde(default)]
    eps_trailing_twelve_months: Number,
    #[serde(default)]
    eps_forward: Number,
    #[serde(default, rename = "forwardPE")]
    forward_pe: Number,
    #[serde(default)]
    price_to_book: Number,
    #[serde(default)]
    shares_outstanding: Number,
    #[serde(default)]
    fifty_day_average: Number,
    #[serde(default)]
    two_hundred_day_average: Number,
}

fn details_of(entry: &RawValue) -> Result<Details, DecodeError> {
    let raw: Raw<'_> = serde_json::from_str(entry.get()).map_err(DecodeError::NotJson)?;
    let kind = raw.quote_type.get().map_or(InstrumentKind::Other, kind_of);
    let decimals = Decimals::new(raw.price_hint, kind, raw.regular_market_price.0);
    let average = |price: Number| price.0.filter(|price| !price.is_zero()).map(|price| decimals.price(price));
    // Nothing paid is written as nought where it is written at all.
    let paid = |amount: Number, decimals| amount.0.filter(|amount| !amount.is_zero()).map(|amount| round(amount, decimals));
    let ratio = |number: Number| number.0.map(|number| round(number, 2));
    let (earnings_at, earnings_until) = coming(&raw);
    let trailing_yield = raw.trailing_annual_dividend_yield.0.and_then(|share| share.checked_mul(Decimal::ONE_HUNDRED));
    Ok(Details {
        earnings_at,
        earnings_until,
        earnings_estimated: earnings_at.and(raw.is_earnings_date_estimate.as_ref().and_then(serde_json::Value::as_bool)),
        last_earnings_at: past(&raw),
        dividend_at: raw.dividend_date.seconds(),
        dividend_rate: paid(raw.dividend_rate, 4),
        // In percent already, unlike the trailing one.
        dividend_yield: paid(raw.dividend_yield, 2),
        trailing_dividend_rate: paid(raw.trailing_annual_dividend_rate, 4),
        trailing_dividend_yield: paid(Number(trailing_yield), 2),
        eps: raw.eps_trailing_twelve_months.0.map(|eps| round(eps, 4)),
        forward_eps: raw.eps_forward.0.map(|eps| round(eps, 4)),
        forward_pe: ratio(raw.forward_pe),
        price_to_book: ratio(raw.price_to_book),
        shares: raw.shares_outstanding.count(),
        average_50_days: average(raw.fifty_day_average),
        average_200_days: average(raw.two_hundred_day_average),
        // What is told a share is in the currency of the accounts: pounds where prices are in pence.
        currency: text::currency(&raw.financial_currency).or_else(|| text::currency(&raw.currency)),
    })
}

/// The days on which earnings are announced next: the first, and the last if it is another one. Yahoo keeps the days of the last time until
/// it knows better; those are not to come.
fn coming(raw: &Raw<'_>) -> (Option<Timestamp>, Option<Timestamp>) {
    let now = raw.regular_market_time.seconds();
    let first = raw.earnings_timestamp_start.seconds().or_else(|| raw.earnings_timestamp.seconds());
    let last = raw.earnings_timestamp_end.seconds().filter(|last| Some(*last) != first);
    if last.or(first).zip(now).is_some_and(|(last, now)| last < now) { (None, None) } else { (first, last) }
}

/// When earnings were announced last.
fn past(raw: &Raw<'_>) -> Option<Timestamp> {
    let now = raw.regular_market_time.seconds()?;
    raw.earnings_timestamp.seconds().filter(|at| *at <= now)
}
