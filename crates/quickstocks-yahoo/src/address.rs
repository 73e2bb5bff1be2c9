use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quickstocks_core::model::{Symbol, Timestamp};
use url::Url;

use crate::decode::{DETAIL_FIELDS, FIELDS, HistoryRequest};

/// What is kept in a path or a query as it is. `^` and `=` of symbols, `/` of crumbs and all else are encoded.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The addresses of the API's endpoints.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    base: Url,
    text: String,
}

impl Addresses {
    /// From a base URL without a slash at its end.
    pub(crate) fn new(base: &str) -> Result<Self, url::ParseError> {
        Ok(Self { base: Url::parse(base)?, text: base.to_owned() })
    }

    pub(crate) fn crumb(&self) -> Url {
        self.at("/v1/test/getcrumb")
    }

    pub(crate) fn quote(&self, symbols: &[Symbol], crumb: &str) -> Url {
        self.quote_fields(symbols, FIELDS, crumb)
    }

    pub(crate) fn details(&self, symbol: &Symbol, crumb: &str) -> Url {
        self.quote_fields(std::slice::from_ref(symbol), DETAIL_FIELDS, crumb)
    }

    fn quote_fields(&self, symbols: &[Symbol], fields: &str, crumb: &str) -> Url {
        self.at(&format!(
            "/v7/finance/quote?symbols={}&fields={fields}&formatted=false&lang=en-US&region=US&crumb={}",
            list(symbols),
            encoded(crumb)
        ))
    }

    pub(crate) fn trending(&self, count: usize) -> Url {
        self.at(&format!("/v1/finance/trending/US?count={count}&lang=en-US&region=US"))
    }

    /// `now` in the address keeps an old answer from being served for it.
    pub(crate) fn spark(&self, symbols: &[Symbol], now: Timestamp) -> Url {
        self.spark_every("5m", symbols, now)
    }

    /// The same with a third of the points, for small drawings.
    pub(crate) fn sparks(&self, symbols: &[Symbol], now: Timestamp) -> Url {
        self.spark_every("15m", symbols, now)
    }

    fn spark_every(&self, interval: &str, symbols: &[Symbol], now: Timestamp) -> Url {
        self.at(&format!("/v7/finance/spark?symbols={}&range=1d&interval={interval}&_={now}", list(symbols)))
    }

    pub(crate) fn chart(&self, request: &HistoryRequest, now: Timestamp) -> Url {
        self.at(&format!(
            "/v8/finance/chart/{}?range={}&interval={}&events=div,splits&includePrePost=false&lang=en-US&region=US&_={now}",
            encoded(request.symbol.as_str()),
            request.range,
            request.interval
        ))
    }

    pub(crate) fn search(&self, query: &str, limit: usize) -> Url {
        self.at(&format!(
            "/v1/finance/search?q={}&quotesCount={limit}&newsCount=0&listsCount=0&enableFuzzyQuery=false&lang=en-US&region=US",
            encoded(query)
        ))
    }

    fn at(&self, path_and_query: &str) -> Url {
        // The base is an address and all that is added to it is encoded, so this cannot fail; if it did, the base's own
        // answer would be refused as one that cannot be read.
        Url::parse(&format!("{}{path_and_query}", self.text)).unwrap_or_else(|_| self.base.clone())
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

fn list(symbols: &[Symbol]) -> String {
    symbols.iter().map(|symbol| encoded(symbol.as_str())).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use quickstocks_core::model::{HistoryRange, Interval};

    use super::*;

    #[test]
    fn symbols_crumbs_and_queries_are_encoded() {
        let addresses = Addresses::new("http://127.0.0.1:1/base").unwrap();
        let symbols: Vec<Symbol> = ["^GSPC", "EURUSD=X", "M&M.NS", "BRK-B"].iter().map(|s| s.parse().unwrap()).collect();
        let quote = addresses.quote(&symbols, "ptm/id.T+/J").to_string();
        assert!(
            quote
                .starts_with("http://127.0.0.1:1/base/v7/finance/quote?symbols=%5EGSPC,EURUSD%3DX,M%26M.NS,BRK-B&fields=symbol,"),
            "{quote}"
        );
        assert!(quote.ends_with("&crumb=ptm%2Fid.T%2B%2FJ"), "{quote}");
        let request = HistoryRequest { symbol: symbols[0].clone(), range: HistoryRange::OneDay, interval: Interval::FiveMinutes };
        let chart = addresses.chart(&request, Timestamp::from_millis(7)).to_string();
        assert_eq!(
            chart,
            "http://127.0.0.1:1/base/v8/finance/chart/%5EGSPC?range=1d&interval=5m&events=div,splits&includePrePost=false&lang=en-US&region=US&_=7"
        );
        assert!(addresses.search("a&b=/ü", 6).as_str().contains("?q=a%26b%3D%2F%C3%BC&quotesCount=6&"));
    }
}
