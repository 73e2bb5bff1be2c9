use std::collections::HashSet;

use quickstocks_core::model::{InstrumentKind, Symbol, SymbolMatch};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::DecodeError;
use super::text::{self, Text};
use super::{error, kind_of};

/// Decodes the body of `v1/finance/search`, the best match first. What has no symbol (private companies) or is no
/// longer traded is left out.
///
/// # Errors
/// [`DecodeError`] when there is no list of finds in it.
pub fn decode_search(body: &[u8]) -> Result<Vec<SymbolMatch>, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        quotes: Option<Vec<&'a RawValue>>,
    }
    let finds: Body<'_> = serde_json::from_slice(body).map_err(DecodeError::NotJson)?;
    let Some(finds) = finds.quotes else {
        return Err(error::api_error(body).map_or(DecodeError::NoResult, DecodeError::Api));
    };
    let mut seen = HashSet::new();
    Ok(finds.into_iter().filter_map(|find| decode_find(find.get())).filter(|find| seen.insert(find.symbol.clone())).collect())
}

fn decode_find(find: &str) -> Option<SymbolMatch> {
    /// `longname` and `shortname` are lower case here and nowhere else.
    #[derive(Deserialize)]
    struct Find<'a> {
        #[serde(borrow)]
        symbol: Text<'a>,
        #[serde(borrow, default)]
        longname: Text<'a>,
        #[serde(borrow, default)]
        shortname: Text<'a>,
        #[serde(borrow, default, rename = "quoteType")]
        quote_type: Text<'a>,
        #[serde(borrow, default, rename = "exchDisp")]
        exchange: Text<'a>,
    }
    let find: Find<'_> = serde_json::from_str(find).ok()?;
    let symbol = Symbol::parse(find.symbol.get()?).ok()?;
    let kind = match find.quote_type.get() {
        Some("NONE") => return None,
        Some(quote_type) => kind_of(quote_type),
        None => InstrumentKind::Other,
    };
    Some(SymbolMatch {
        name: text::name(&[&find.longname, &find.shortname], symbol.as_str()),
        symbol,
        kind,
        exchange: text::label(&find.exchange),
    })
}
