use quickstocks_core::model::{MarketState, MissingReason, Quote, SourceKind, SourceState, Symbol, Timestamp};
use rust_decimal::Decimal;

use super::plain;
use crate::rest::{SharedListBody, StatusSource};

/// The most of a name that is shown.
const NAME_LETTERS: usize = 60;
const INSTRUMENT_LETTERS: usize = 40;
const UNIT_LETTERS: usize = 8;

const HEAD: [&str; 8] = ["SYMBOL", "PRICE", "", "CHANGE", "%", "MARKET", "AS OF (UTC)", "NAME"];

/// The columns of numbers, which end at one place.
const NUMBERS: [usize; 3] = [1, 3, 4];

/// A shared list as a table, with a line for whatever keeps its prices from being those of now. It says the time and no age, so that it
/// stays the same until something changes.
pub fn table(list: &SharedListBody) -> String {
    let name = plain(&list.name, NAME_LETTERS);
    let mut text = format!("{}\n\n", if name.is_empty() { "(no name)" } else { &name });
    if list.symbols.is_empty() {
        text.push_str("There is nothing on this list yet.\n");
    } else {
        let quote = |symbol: &Symbol| list.quotes.iter().map(|stored| &stored.quote).find(|quote| quote.symbol == *symbol);
        let row = |symbol: &Symbol| match quote(symbol) {
            Some(quote) => of_quote(quote),
            None => without_quote(symbol.as_str(), list.missing.iter().find(|one| one.symbol == *symbol).map(|one| one.reason)),
        };
        let rows: Vec<[String; 8]> = std::iter::once(HEAD.map(str::to_owned)).chain(list.symbols.iter().map(row)).collect();
        write_rows(&mut text, &rows);
    }
    text.push('\n');
    for line in remarks(&list.source, list.polled_at) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn of_quote(quote: &Quote) -> [String; 8] {
    let decimals = u32::from(quote.price_hint);
    let signed = |number: Decimal, decimals: u32| format!("{:+}", with_decimals(number, decimals));
    let none = || "-".to_owned();
    let market = match quote.delay_minutes {
        Some(minutes) if minutes > 0 => format!("{}, {minutes} min late", market(quote.market_state)),
        _ => market(quote.market_state).to_owned(),
    };
    [
        quote.symbol.to_string(),
        quote.price.map_or_else(none, |price| with_decimals(price, decimals).to_string()),
        quote.currency.as_ref().map(|unit| plain(unit.as_str(), UNIT_LETTERS)).unwrap_or_default(),
        quote.change.map_or_else(none, |change| signed(change, decimals)),
        quote.change_percent.map_or_else(none, |percent| format!("{}%", signed(percent, 2))),
        market,
        quote.as_of.to_utc_text(),
        plain(&quote.name, INSTRUMENT_LETTERS),
    ]
}

/// With at least so many decimals, as prices of this instrument are written; none is taken away.
fn with_decimals(mut number: Decimal, decimals: u32) -> Decimal {
    if number.scale() < decimals {
        number.rescale(decimals);
    }
    number
}

fn without_quote(symbol: &str, reason: Option<MissingReason>) -> [String; 8] {
    let why = match reason {
        Some(MissingReason::Unknown) => "not known",
        Some(MissingReason::Delisted) => "delisted",
        Some(MissingReason::Malformed) => "not readable",
        Some(MissingReason::Pending) | None => "not polled yet",
    };
    [symbol, "-", "", "-", "-", why, "-", ""].map(str::to_owned)
}

fn market(state: MarketState) -> &'static str {
    match state {
        MarketState::Pre => "pre-market",
        MarketState::Regular => "open",
        MarketState::Post => "post-market",
        MarketState::PrePre | MarketState::PostPost | MarketState::Closed => "closed",
        MarketState::Unknown => "-",
    }
}

/// Columns two spaces apart; the last one, where a name may be of any script and width, is not aligned by what follows.
fn write_rows(text: &mut String, rows: &[[String; 8]]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 8] = std::array::from_fn(width);
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            // The unit stands close to its price.
            let gap = if column == 0 || width == 0 {
                ""
            } else if column == 2 {
                " "
            } else {
                "  "
            };
            line.push_str(gap);
            let padding = " ".repeat(width - cell.chars().count());
            if NUMBERS.contains(&column) {
                line.extend([padding.as_str(), cell]);
            } else {
                line.extend([cell, padding.as_str()]);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// Whatever there is to say of all these prices.
fn remarks(source: &StatusSource, polled_at: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    match source.kind {
        SourceKind::Yahoo => {}
        SourceKind::Simulated => lines.push("The market is simulated: these prices are made up.".to_owned()),
        SourceKind::Replay => lines.push("These prices are recorded ones, not those of now.".to_owned()),
    }
    let since = source.health.last_ok_at.map(|at| format!(" since {} UTC", at.to_utc_text())).unwrap_or_default();
    let stale = "these are the last prices known";
    match source.health.state {
        SourceState::Starting => lines.push("Nothing has been polled yet.".to_owned()),
        SourceState::Ok => {}
        SourceState::Degraded => lines.push("The source of prices answers in part: some prices may be late.".to_owned()),
        SourceState::Refused => lines.push(format!("STALE: the source of prices has refused{since}; {stale}.")),
        SourceState::Unreachable => lines.push(format!("STALE: the source of prices cannot be reached{since}; {stale}.")),
    }
    if source.health.state != SourceState::Starting {
        lines.push(format!("Polled at {} UTC.", polled_at.to_utc_text()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use quickstocks_core::model::{Currency, Missing, SourceHealth, SourceReason, StoredQuote, TickNumber};

    use super::*;
    use crate::fixtures;

    fn symbol(text: &str) -> Symbol {
        Symbol::parse(text).unwrap()
    }

    fn list() -> SharedListBody {
        let stored = |quote| StoredQuote { quote, tick: TickNumber(7), polled_at: Timestamp::from_seconds(1_795_638_660) };
        let apple = Quote {
            price: Some(Decimal::new(26970, 2)),
            change: Some(Decimal::new(70, 2)),
            change_percent: Some(Decimal::new(26, 2)),
            market_state: MarketState::Regular,
            as_of: Timestamp::from_seconds(1_795_638_600),
            delay_minutes: Some(0),
            name: "Apple Inc.".into(),
            currency: Some(Currency::new("USD")),
            ..fixtures::quote("AAPL", "269.70").quote
        };
        let vodafone = Quote {
            symbol: symbol("VOD.L"),
            price: Some(Decimal::new(9142, 2)),
            change: Some(Decimal::new(-38, 2)),
            change_percent: Some(Decimal::new(-41, 2)),
            market_state: MarketState::Closed,
            delay_minutes: Some(15),
            name: "Vodafone Group".into(),
            currency: Some(Currency::new("GBp")),
            ..apple.clone()
        };
        SharedListBody {
            name: "My picks".to_owned(),
            symbols: ["VOD.L", "NEWCO", "AAPL"].map(symbol).to_vec(),
            tick: TickNumber(7),
            polled_at: Timestamp::from_seconds(1_795_638_660),
            source: StatusSource {
                kind: SourceKind::Yahoo,
                health: SourceHealth { state: SourceState::Ok, interval: 60, ..SourceHealth::default() },
            },
            quotes: vec![stored(apple), stored(vodafone)],
            missing: vec![Missing { symbol: symbol("NEWCO"), reason: MissingReason::Pending }],
        }
    }

    #[test]
    fn a_list_is_a_table_in_its_owners_order() {
        let expect = "\
My picks

SYMBOL   PRICE      CHANGE       %  MARKET               AS OF (UTC)          NAME
VOD.L    91.42 GBp   -0.38  -0.41%  closed, 15 min late  2026-11-25 20:30:00  Vodafone Group
NEWCO        -           -       -  not polled yet       -
AAPL    269.70 USD   +0.70  +0.26%  open                 2026-11-25 20:30:00  Apple Inc.

Polled at 2026-11-25 20:31:00 UTC.
";
        assert_eq!(table(&list()), expect);
    }

    #[test]
    fn figures_have_the_decimals_of_their_instrument_and_lose_none() {
        let mut one = list();
        one.symbols.truncate(1);
        let quote = &mut one.quotes.iter_mut().find(|stored| stored.quote.symbol == one.symbols[0]).unwrap().quote;
        quote.price = Some(Decimal::new(705, 1));
        quote.change = Some(Decimal::new(-12_345, 4));
        quote.change_percent = Some(Decimal::from(-3));
        let text = table(&one);
        assert!(text.contains("70.50 GBp  -1.2345  -3.00%"), "{text}");
    }

    #[test]
    fn what_keeps_prices_from_being_those_of_now_is_told() {
        let mut one = list();
        one.source.kind = SourceKind::Simulated;
        one.source.health.state = SourceState::Refused;
        one.source.health.reason = Some(SourceReason::RateLimited);
        one.source.health.last_ok_at = Some(Timestamp::from_seconds(1_795_638_600));
        let text = table(&one);
        assert!(text.contains("\nThe market is simulated: these prices are made up.\n"), "{text}");
        let stale = "\nSTALE: the source of prices has refused since 2026-11-25 20:30:00 UTC; these are the last prices known.\n";
        assert!(text.contains(stale), "{text}");
        for (state, told) in [
            (SourceState::Starting, "Nothing has been polled yet."),
            (SourceState::Degraded, "answers in part"),
            (SourceState::Unreachable, "STALE: the source of prices cannot be reached since 2026"),
        ] {
            one.source.health.state = state;
            assert!(table(&one).contains(told), "{state:?}");
        }
        one.source.kind = SourceKind::Replay;
        assert!(table(&one).contains("recorded"));
        one.symbols.clear();
        assert!(table(&one).contains("nothing on this list yet"));
    }

    #[test]
    fn no_text_from_outside_commands_the_terminal_or_breaks_the_table() {
        let hostile = "\u{1b}[2J\u{202e}\u{9b}31m\u{200b}evil\nSYMBOL\u{7}\u{85}";
        let mut one = list();
        one.name = hostile.repeat(10);
        for stored in &mut one.quotes {
            stored.quote.name = hostile.repeat(20).into();
            stored.quote.currency = Some(Currency::new(&hostile.repeat(20)));
        }
        let text = table(&one);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2 + 4 + 2, "{text}");
        assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
        assert!(!text.contains(['\u{202e}', '\u{200b}']), "{text:?}");
        assert!(lines.iter().all(|line| line.chars().count() < 150), "{text}");
        one.name = "\u{200b}\u{202e}".to_owned();
        assert!(table(&one).starts_with("(no name)\n"));
    }

    #[test]
    fn what_is_not_known_is_a_dash() {
        let mut one = list();
        for stored in &mut one.quotes {
            let quote = &mut stored.quote;
            (quote.price, quote.change, quote.change_percent, quote.currency) = (None, None, None, None);
            quote.market_state = MarketState::Unknown;
            quote.delay_minutes = None;
        }
        let text = table(&one);
        assert!(text.contains("\nAAPL        -       -  -  -               2026-11-25 20:30:00  Apple Inc.\n"), "{text}");
    }
}
