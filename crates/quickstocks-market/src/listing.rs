//! The listings: what trades in the simulated market.

use crate::calendar::day_number;
use crate::noise::Noise;

/// The table that ships with the crate, one instrument a line.
const TABLE: &str = include_str!("../data/listings.tsv");

/// `quoteType` of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Equity,
    Etf,
    Fund,
    MoneyMarket,
    Index,
    Currency,
    Crypto,
    Future,
    Ecn,
    AltSymbol,
    None,
}

impl Kind {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "EQUITY" => Self::Equity,
            "ETF" => Self::Etf,
            "MUTUALFUND" => Self::Fund,
            "MONEYMARKET" => Self::MoneyMarket,
            "INDEX" => Self::Index,
            "CURRENCY" => Self::Currency,
            "CRYPTOCURRENCY" => Self::Crypto,
            "FUTURE" => Self::Future,
            "ECNQUOTE" => Self::Ecn,
            "ALTSYMBOL" => Self::AltSymbol,
            "NONE" => Self::None,
            _ => return None,
        })
    }

    pub(crate) fn quote_type(self) -> &'static str {
        match self {
            Self::Equity => "EQUITY",
            Self::Etf => "ETF",
            Self::Fund => "MUTUALFUND",
            Self::MoneyMarket => "MONEYMARKET",
            Self::Index => "INDEX",
            Self::Currency => "CURRENCY",
            Self::Crypto => "CRYPTOCURRENCY",
            Self::Future => "FUTURE",
            Self::Ecn => "ECNQUOTE",
            Self::AltSymbol => "ALTSYMBOL",
            Self::None => "NONE",
        }
    }

    /// `typeDisp` of quotes and search results.
    pub(crate) fn display(self) -> &'static str {
        match self {
            Self::Equity => "Equity",
            Self::Etf => "ETF",
            Self::Fund => "Fund",
            Self::MoneyMarket => "MoneyMarket",
            Self::Index => "Index",
            Self::Currency => "Currency",
            Self::Crypto => "Cryptocurrency",
            Self::Future => "Futures",
            Self::Ecn => "ECNQUOTE",
            Self::AltSymbol => "ALTSYMBOL",
            Self::None => "None",
        }
    }
}

/// The ways in which a symbol can be odd, each seen in recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// Typed, with a market state and an old time, but without price and currency.
    TypedStub,
    /// `quoteType` is `NONE` and little else is there.
    NoneStub,
    /// Keeps answering with a price that is years old.
    Suspended,
    /// An expired contract that is still served.
    Expired,
}

/// A split: from the given day on, `numerator` shares for every `denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) day: i64,
    pub(crate) numerator: u32,
    pub(crate) denominator: u32,
}

/// One instrument.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) symbol: String,
    pub(crate) kind: Kind,
    pub(crate) exchange: &'static str,
    pub(crate) currency: String,
    pub(crate) financial_currency: String,
    pub(crate) price: f64,
    pub(crate) shares: f64,
    /// In the major unit of the currency, also where the price is in pence or cents.
    pub(crate) earnings_per_share: f64,
    /// A year's dividends, in the unit of the price.
    pub(crate) dividend: f64,
    pub(crate) daily_volume: f64,
    /// Standard size of a day's move, as a fraction of the price.
    pub(crate) volatility: f64,
    pub(crate) sector: &'static str,
    pub(crate) industry: String,
    pub(crate) short_name: String,
    pub(crate) long_name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) isin: Option<String>,
    pub(crate) oddity: Option<Oddity>,
    pub(crate) splits: Vec<Split>,
    /// Whatever else the last column holds: `aum`, `expense`, `start`, `coin`, `under`, `oi`, `at`, `cap`.
    extra: Vec<(String, String)>,
}

impl Listing {
    pub(crate) fn extra(&self, name: &str) -> Option<&str> {
        self.extra.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn extra_number(&self, name: &str) -> Option<f64> {
        self.extra(name)?.parse().ok()
    }

    /// How many units of the price make one of the currency that accounts are kept in.
    pub(crate) fn minor_units(&self) -> f64 {
        match self.currency.as_str() {
            "GBp" | "ZAc" | "ILA" | "USX" => 100.0,
            _ => 1.0,
        }
    }

    /// The smallest step of the price; `None` where prices keep all their digits.
    pub(crate) fn price_step(&self) -> Option<f64> {
        match self.kind {
            Kind::Currency | Kind::Crypto => None,
            _ if self.price < 1.0 => Some(0.0001),
            Kind::Fund if self.price < 2.0 => Some(0.0001),
            Kind::Future => Some(if self.price < 10.0 { 0.001 } else { 0.05 }),
            _ => Some(match self.currency.as_str() {
                "JPY" if self.kind != Kind::Index => 1.0,
                "KRW" if self.kind != Kind::Index => 50.0,
                "IDR" if self.price > 500.0 => 5.0,
                "IDR" | "ILA" | "ZAc" => 1.0,
                "GBp" if self.price > 1000.0 => 0.5,
                "GBp" => 0.05,
                _ => 0.01,
            }),
        }
    }

    /// `priceHint`: the decimals to show.
    pub(crate) fn price_hint(&self) -> i64 {
        match self.kind {
            Kind::Currency | Kind::MoneyMarket => 4,
            _ if self.price < 0.001 => 6,
            _ if self.price < 1.0 => 4,
            Kind::Fund if self.price < 2.0 => 4,
            _ => 2,
        }
    }

    /// How many of a listing's splits lie after a day, as one factor on the price.
    pub(crate) fn split_factor_after(&self, day: i64) -> f64 {
        self.splits
            .iter()
            .filter(|split| split.day > day)
            .map(|split| f64::from(split.numerator) / f64::from(split.denominator))
            .product()
    }

    /// What a day's trading is worth in dollars, roughly; search and trending rank by it.
    pub(crate) fn turnover(&self) -> f64 {
        let dollars = match self.currency.as_str() {
            "JPY" => 1.0 / 150.0,
            "GBp" => 0.0134,
            "GBP" => 1.34,
            "EUR" => 1.16,
            "ZAc" => 0.000_57,
            "ILA" => 0.003,
            "KRW" => 0.0007,
            "IDR" => 0.000_06,
            "INR" => 0.0113,
            "HKD" => 0.128,
            "DKK" => 0.155,
            "NOK" | "SEK" => 0.1,
            "CHF" => 1.25,
            "BRL" => 0.185,
            _ => 1.0,
        };
        match self.kind {
            // Volumes of coins are in dollars, and indices do not trade.
            Kind::Crypto => self.daily_volume,
            Kind::Index => 1e10,
            _ => self.price * self.daily_volume * dollars,
        }
    }
}

/// The listings of the table, then `synthetic` made-up ones for load tests.
pub(crate) fn all(synthetic: u32) -> Result<Vec<Listing>, String> {
    let mut listings = Vec::with_capacity(400);
    for (at, line) in TABLE.lines().enumerate() {
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let listing = parse(line).map_err(|error| format!("listings.tsv line {}: {error}", at + 1))?;
        listings.push(listing);
    }
    listings.extend((1..=synthetic).map(made_up));
    Ok(listings)
}

fn parse(line: &str) -> Result<Listing, String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [symbol, kind, exchange, currency, price, shares, earnings, dividend, volume, volatility, business, name, isin, more] =
        columns[..]
    else {
        return Err(format!("{} columns instead of 14", columns.len()));
    };
    let number = |name: &str, text: &str| text.parse::<f64>().map_err(|_| format!("{name} {text:?} is no number"));
    let extra = more
        .split(';')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Err(format!("{pair:?} has no '='")),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let find = |name: &str| extra.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let (sector, industry) = business.split_once(':').ok_or("sector without ':'")?;
    let oddity = match find("odd").as_deref() {
        None => None,
        Some("stub") => Some(Oddity::TypedStub),
        Some("none") => Some(Oddity::NoneStub),
        Some("suspended") => Some(Oddity::Suspended),
        Some("expired") => Some(Oddity::Expired),
        Some(other) => return Err(format!("odd={other} is unknown")),
    };
    Ok(Listing {
        symbol: symbol.to_owned(),
        kind: Kind::parse(kind).ok_or_else(|| format!("type {kind:?} is unknown"))?,
        exchange: exchange_code(exchange).ok_or_else(|| format!("exchange {exchange:?} is unknown"))?,
        currency: currency.to_owned(),
        financial_currency: find("fin").unwrap_or_else(|| major_currency(currency).to_owned()),
        price: number("price", price)?,
        shares: number("shares", shares)? * 1e6,
        earnings_per_share: number("earnings", earnings)?,
        dividend: number("dividend", dividend)?,
        daily_volume: number("volume", volume)? * 1e3,
        volatility: number("volatility", volatility)? / 1e4,
        sector: sector_name(sector).ok_or_else(|| format!("sector {sector:?} is unknown"))?,
        industry: industry.to_owned(),
        // Yahoo cuts short names at 31 characters.
        short_name: find("short").unwrap_or_else(|| name.chars().take(31).collect()),
        long_name: name.to_owned(),
        display_name: find("display"),
        isin: (!isin.is_empty()).then(|| isin.to_owned()),
        oddity,
        splits: parse_splits(find("splits").as_deref().unwrap_or_default())?,
        extra,
    })
}

fn parse_splits(text: &str) -> Result<Vec<Split>, String> {
    text.split(',')
        .filter(|split| !split.is_empty())
        .map(|split| {
            let bad = || format!("split {split:?} is not date:new:old");
            let mut parts = split.split(':');
            let (Some(date), Some(new), Some(old)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(bad());
            };
            Ok(Split {
                day: day_number(date.parse().map_err(|_| bad())?),
                numerator: new.parse().map_err(|_| bad())?,
                denominator: old.parse().map_err(|_| bad())?,
            })
        })
        .collect()
}

fn made_up(number: u32) -> Listing {
    let symbol = format!("SIM{number:05}");
    let noise = Noise::new(0, &symbol);
    let name = format!("Simulated Company {number}");
    Listing {
        kind: Kind::Equity,
        exchange: "NMS",
        currency: "USD".into(),
        financial_currency: "USD".into(),
        price: (5.0 + noise.unit(1, 0) * 400.0).round(),
        shares: 1e7 + (noise.unit(2, 0) * 1e9).round(),
        earnings_per_share: 1.0 + noise.unit(3, 0) * 9.0,
        dividend: 0.0,
        daily_volume: 2e6 + (noise.unit(4, 0) * 1e8).round(),
        volatility: 0.01 + noise.unit(5, 0) * 0.02,
        sector: "Industrials",
        industry: "Specialty Industrial Machinery".into(),
        short_name: name.clone(),
        long_name: name,
        display_name: None,
        isin: None,
        oddity: None,
        splits: Vec::new(),
        extra: Vec::new(),
        symbol,
    }
}

fn exchange_code(text: &str) -> Option<&'static str> {
    crate::exchange::code(text)
}

fn major_currency(currency: &str) -> &str {
    match currency {
        "GBp" => "GBP",
        "ZAc" => "ZAR",
        "ILA" => "ILS",
        "USX" => "USD",
        other => other,
    }
}

fn sector_name(letter: &str) -> Option<&'static str> {
    Some(match letter {
        "" => "",
        "T" => "Technology",
        "C" => "Communication Services",
        "Y" => "Consumer Cyclical",
        "D" => "Consumer Defensive",
        "H" => "Healthcare",
        "F" => "Financial Services",
        "I" => "Industrials",
        "E" => "Energy",
        "U" => "Utilities",
        "B" => "Basic Materials",
        "R" => "Real Estate",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_table_holds_together() {
        let listings = all(0).unwrap();
        assert!(listings.len() >= 300, "{}", listings.len());
        let mut symbols = HashSet::new();
        for listing in &listings {
            let symbol = &listing.symbol;
            assert!(symbols.insert(symbol.to_uppercase()), "{symbol} is there twice");
            assert!(!listing.long_name.is_empty() && listing.short_name.chars().count() <= 32, "{symbol}");
            if listing.kind != Kind::None {
                assert!(listing.price > 0.0 && listing.volatility < 0.06, "{symbol}");
            }
            if listing.kind == Kind::Equity {
                assert!(listing.shares > 0.0 && listing.daily_volume > 0.0, "{symbol}");
                assert!(!listing.sector.is_empty() && !listing.industry.is_empty(), "{symbol}");
            }
            if listing.oddity.is_none() {
                assert!(!listing.currency.is_empty(), "{symbol}");
            }
            if let Some(isin) = &listing.isin {
                assert!(is_isin(isin), "{symbol} {isin}");
            }
        }
    }

    #[test]
    fn every_kind_oddity_and_minor_currency_is_listed() {
        let listings = all(0).unwrap();
        for kind in [
            "EQUITY",
            "ETF",
            "MUTUALFUND",
            "MONEYMARKET",
            "INDEX",
            "CURRENCY",
            "CRYPTOCURRENCY",
            "FUTURE",
            "ECNQUOTE",
            "ALTSYMBOL",
            "NONE",
        ] {
            assert!(listings.iter().any(|listing| listing.kind.quote_type() == kind), "{kind}");
        }
        for oddity in [Oddity::TypedStub, Oddity::NoneStub, Oddity::Suspended, Oddity::Expired] {
            assert!(listings.iter().any(|listing| listing.oddity == Some(oddity)), "{oddity:?}");
        }
        for currency in ["GBp", "ZAc", "ILA", "USX", "GBP", "DKK", "NOK", "IDR", "JPY", "HKD", "CAD", "AUD"] {
            assert!(listings.iter().any(|listing| listing.currency == currency), "{currency}");
        }
        assert!(listings.iter().filter(|listing| listing.dividend > 0.0).count() > 50);
        assert!(listings.iter().any(|listing| !listing.splits.is_empty()));
    }

    #[test]
    fn made_up_listings_follow_the_real_ones() {
        let listings = all(1000).unwrap();
        assert_eq!(listings.last().unwrap().symbol, "SIM01000");
        assert_eq!(listings.len(), all(0).unwrap().len() + 1000);
    }

    #[test]
    fn a_broken_line_is_named() {
        assert_eq!(parse("A\tEQUITY").unwrap_err(), "2 columns instead of 14");
        let line = "A\tSHARE\tNMS\tUSD\t1\t1\t1\t0\t1\t1\tT:x\tName\t\t";
        assert_eq!(parse(line).unwrap_err(), "type \"SHARE\" is unknown");
    }

    /// ISO 6166: letters become two digits, then the check of Luhn.
    fn is_isin(isin: &str) -> bool {
        let digits: Vec<u32> = isin
            .chars()
            .flat_map(|letter| {
                let value = letter.to_digit(36).unwrap();
                if value >= 10 { vec![value / 10, value % 10] } else { vec![value] }
            })
            .collect();
        let sum: u32 = digits
            .iter()
            .rev()
            .enumerate()
            .map(|(at, digit)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
            .sum();
        isin.len() == 12 && sum.is_multiple_of(10)
    }
}
