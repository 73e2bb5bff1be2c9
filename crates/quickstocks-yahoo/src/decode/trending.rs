use quickstocks_core::model::Symbol;
use serde::Deserialize;

use super::error::{DecodeError, Envelope};
use super::text::Text;

/// Decodes the body of `v1/finance/trending/{region}`: symbols, the most wanted first, without a word about them.
///
/// # Errors
/// [`DecodeError`] when there is no list of symbols in it.
pub fn decode_trending(body: &[u8]) -> Result<Vec<Symbol>, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        finance: Option<Envelope<'a, Vec<Region<'a>>>>,
    }
    #[derive(Deserialize)]
    struct Region<'a> {
        #[serde(borrow, default)]
        quotes: Vec<Wanted<'a>>,
    }
    #[derive(Deserialize)]
    struct Wanted<'a> {
        #[serde(borrow, default)]
        symbol: Text<'a>,
    }
    let body: Body<'_> = serde_json::from_slice(body).map_err(DecodeError::NotJson)?;
    let regions = body.finance.ok_or(DecodeError::NoResult)?.into_result()?;
    let region = regions.into_iter().next().ok_or(DecodeError::NoResult)?;
    let mut symbols: Vec<Symbol> = Vec::with_capacity(region.quotes.len());
    for symbol in region.quotes.iter().filter_map(|wanted| Symbol::parse(wanted.symbol.get()?).ok()) {
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    Ok(symbols)
}
