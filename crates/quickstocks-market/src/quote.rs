//! `/v7/finance/quote`: one JSON object a symbol, field by field as recorded.

use crate::json::{Object, array, quoted, single, single_difference};
use crate::listing::{Kind, Oddity};
use crate::simulation::{Extended, Snapshot};

/// Fields that come back whatever `fields=` says, as recorded in 2025.
const ALWAYS: &[&str] = &[
    "language",
    "region",
    "quoteType",
    "typeDisp",
    "quoteSourceName",
    "triggerable",
    "customPriceAlertConfidence",
    "regularMarketTime",
    "regularMarketPrice",
    "exchange",
    "exchangeTimezoneName",
    "exchangeTimezoneShortName",
    "gmtOffSetMilliseconds",
    "market",
    "esgPopulated",
    "marketState",
    "hasPrePostMarketData",
    "firstTradeDateMilliseconds",
    "priceHint",
    "fullExchangeName",
    "sourceInterval",
    "exchangeDataDelayedBy",
    "tradeable",
    "cryptoTradeable",
    "symbol",
];

/// Fields that come back only when `fields=` names them.
const ON_REQUEST: &[&str] = &["beta", "dayHigh", "dayLow", "volume"];

const SECONDS_PER_DAY: i64 = 86_400;

/// The quote of one symbol; `fields` is the list of the request, if it had one.
pub(crate) fn render(snapshot: &Snapshot<'_>, fields: Option<&str>) -> String {
    let mut quote = Object::new();
    if snapshot.listing().oddity == Some(Oddity::NoneStub) {
        none_stub(&mut quote, &snapshot.listing().symbol);
        return quote.finish();
    }
    identity(&mut quote, snapshot);
    if snapshot.listing().oddity == Some(Oddity::TypedStub) {
        typed_stub(&mut quote, snapshot);
    } else {
        regular_market(&mut quote, snapshot);
        year(&mut quote, snapshot);
        extended(&mut quote, snapshot);
        fundamentals(&mut quote, snapshot);
        by_kind(&mut quote, snapshot);
    }
    quote.text("symbol", &snapshot.listing().symbol);
    match fields {
        None => quote.retain(|name| !ON_REQUEST.contains(&name)),
        Some(fields) => {
            let named: Vec<&str> = fields.split(',').map(str::trim).collect();
            quote.retain(|name| ALWAYS.contains(&name) || named.contains(&name));
        }
    }
    quote.finish()
}

/// The envelope around quotes.
pub(crate) fn envelope<T: AsRef<str>>(quotes: impl IntoIterator<Item = T>) -> String {
    format!(r#"{{"quoteResponse":{{"result":{},"error":null}}}}"#, array(quotes))
}

/// A delisted symbol as recorded for SIMP: no state, price, currency or exchange.
fn none_stub(quote: &mut Object, symbol: &str) {
    quote
        .text("language", "en-US")
        .text("region", "US")
        .text("quoteType", "NONE")
        .flag("triggerable", false)
        .text("customPriceAlertConfidence", "NONE")
        .flag("hasPrePostMarketData", false)
        .flag("tradeable", false)
        .flag("cryptoTradeable", false)
        .raw("corporateActions", "[]")
        .flag("esgPopulated", false)
        .text("symbol", symbol);
}

fn identity(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let listing = snapshot.listing();
    let exchange = snapshot.exchange;
    let popular = listing.turnover() > 5e8 || matches!(listing.kind, Kind::Currency | Kind::Crypto);
    let source = match listing.kind {
        Kind::Crypto => "CoinMarketCap",
        Kind::Equity | Kind::Etf if exchange.extended && snapshot.is_open() => "Nasdaq Real Time Price",
        Kind::Index if exchange.delay_minutes == 0 => "Free Realtime Quote",
        _ => "Delayed Quote",
    };
    quote
        .text("language", "en-US")
        .text("region", "US")
        .text("quoteType", listing.kind.quote_type())
        .text("typeDisp", listing.kind.display())
        .text("quoteSourceName", source)
        .flag("triggerable", popular)
        .text(
            "customPriceAlertConfidence",
            match (popular, listing.kind) {
                (true, _) => "HIGH",
                (false, Kind::Equity | Kind::Etf | Kind::Index) => "LOW",
                (false, _) => "NONE",
            },
        );
    if !listing.currency.is_empty() {
        quote.text("currency", &listing.currency);
    }
    quote.text("shortName", &listing.short_name);
    if has_long_name(listing.kind) && listing.oddity != Some(Oddity::TypedStub) {
        quote.text("longName", &listing.long_name);
    }
    quote
        .text("marketState", snapshot.state.as_str())
        .raw("corporateActions", "[]")
        .int("regularMarketTime", snapshot.time_s)
        .text("exchange", exchange.code);
    if has_message_board(listing.kind) && listing.oddity.is_none() {
        quote.text("messageBoardId", &message_board(snapshot));
    }
    quote
        .text("exchangeTimezoneName", exchange.zone_name)
        .text("exchangeTimezoneShortName", &snapshot.calendar.zone_abbreviation(snapshot.now_ms))
        .int("gmtOffSetMilliseconds", snapshot.calendar.offset_ms(snapshot.now_ms))
        .text("market", exchange.market)
        .flag("esgPopulated", false)
        .int("sourceInterval", exchange.source_interval)
        .int("exchangeDataDelayedBy", exchange.delay_minutes)
        .flag("tradeable", false)
        .flag("cryptoTradeable", false)
        .flag("hasPrePostMarketData", has_extended_hours(snapshot))
        .int("firstTradeDateMilliseconds", first_trade_s(snapshot) * 1000)
        .int("priceHint", listing.price_hint())
        .text("fullExchangeName", exchange.full_name);
}

/// A fund as recorded for ADH: averages and a range, but no price.
fn typed_stub(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let (high, low) = (snapshot.year_high(), snapshot.year_low());
    quote
        .float("fiftyTwoWeekLow", low)
        .float("fiftyTwoWeekHigh", high)
        .float("fiftyTwoWeekChangePercent", percent(snapshot.price, snapshot.year.close_a_year_ago))
        .float("fiftyDayAverage", snapshot.year.fifty_day_average)
        .float("twoHundredDayAverage", snapshot.year.two_hundred_day_average)
        .int("averageDailyVolume3Month", average_volume(snapshot, 0))
        .int("averageDailyVolume10Day", average_volume(snapshot, 1))
        .text("fiftyTwoWeekRange", &range(low, high));
}

fn regular_market(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let listing = snapshot.listing();
    let kind = listing.kind;
    if kind != Kind::MoneyMarket {
        let change = single_difference(snapshot.price, snapshot.change_base);
        let change_percent = percent(snapshot.price, snapshot.change_base);
        quote
            .float("regularMarketChange", change)
            .float("regularMarketChangePercent", change_percent)
            .float("fulldayChange", change)
            .float("fulldayChangePercent", change_percent)
            .float("regularMarketPreviousClose", snapshot.previous_close);
    }
    quote.float("fulldayPrice", snapshot.price).float("regularMarketPrice", snapshot.price);
    let priced_once = matches!(kind, Kind::Fund | Kind::MoneyMarket) && listing.oddity != Some(Oddity::Suspended);
    if !priced_once && kind != Kind::AltSymbol {
        quote
            .float("regularMarketDayHigh", snapshot.high)
            .text("regularMarketDayRange", &range(snapshot.low, snapshot.high))
            .float("regularMarketDayLow", snapshot.low)
            .int("regularMarketVolume", if kind == Kind::Currency { 0 } else { whole(snapshot.volume) })
            .float("regularMarketOpen", snapshot.open)
            .float("dayHigh", snapshot.high)
            .float("dayLow", snapshot.low)
            .int("volume", whole(snapshot.volume));
        if kind != Kind::Crypto {
            bid_and_ask(quote, snapshot);
        }
    }
    if kind != Kind::MoneyMarket {
        quote
            .int("averageDailyVolume3Month", average_volume(snapshot, 0))
            .int("averageDailyVolume10Day", average_volume(snapshot, 1));
    }
}

fn bid_and_ask(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let listing = snapshot.listing();
    let noise = snapshot.instrument.process.noise();
    let spread = listing.price_step().unwrap_or(snapshot.price * 1e-4);
    let (bid, ask) = match listing.kind {
        // All recorded currency pairs quote the bid above the ask.
        Kind::Currency => (snapshot.price * 1.000_1, snapshot.price),
        _ if listing.oddity == Some(Oddity::Suspended) => (0.0, 0.0),
        Kind::Index if !snapshot.is_open() => (0.0, 0.0),
        _ if !snapshot.is_open() && noise.below(0x801, 0, 2) == 0 => (0.0, 0.0),
        _ => (snapshot.price - spread, snapshot.price + spread),
    };
    // Sizes move with the price, so a quote in which nothing was traded stays the same.
    let size = |stream: u64| match listing.kind {
        Kind::Currency | Kind::Index => 0,
        _ if bid == 0.0 => 0,
        _ => 1 + noise.below(stream, snapshot.time_s, 40).cast_signed(),
    };
    quote.float("bid", bid).float("ask", ask).int("bidSize", size(0x802)).int("askSize", size(0x803));
}

fn year(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let (high, low) = (snapshot.year_high(), snapshot.year_low());
    let price = snapshot.price;
    let factor = snapshot.split_factor;
    quote
        .float("fiftyTwoWeekLowChange", single_difference(price, low))
        .float("fiftyTwoWeekLowChangePercent", percent(price, low) / 100.0)
        .text("fiftyTwoWeekRange", &range(low, high))
        .float("fiftyTwoWeekHighChange", single_difference(price, high))
        .float("fiftyTwoWeekHighChangePercent", percent(price, high) / 100.0)
        .float("fiftyTwoWeekLow", low)
        .float("fiftyTwoWeekHigh", high)
        .float("fiftyTwoWeekChangePercent", percent(price, snapshot.year.close_a_year_ago * factor));
    for (names, average) in [
        (["fiftyDayAverage", "fiftyDayAverageChange", "fiftyDayAverageChangePercent"], snapshot.year.fifty_day_average * factor),
        (
            ["twoHundredDayAverage", "twoHundredDayAverageChange", "twoHundredDayAverageChangePercent"],
            snapshot.year.two_hundred_day_average * factor,
        ),
    ] {
        quote
            .float(names[0], average)
            .float(names[1], single_difference(price, average))
            .float(names[2], percent(price, average) / 100.0);
    }
}

fn extended(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let change = |price: Extended| (single_difference(price.price, snapshot.price), percent(price.price, snapshot.price));
    if let Some(pre) = snapshot.pre {
        let (by, percent) = change(pre);
        quote
            .int("preMarketTime", pre.time_s)
            .float("preMarketPrice", pre.price)
            .float("preMarketChange", by)
            .float("preMarketChangePercent", percent);
    }
    if let Some(post) = snapshot.post {
        let (by, percent) = change(post);
        quote
            .int("postMarketTime", post.time_s)
            .float("postMarketPrice", post.price)
            .float("postMarketChange", by)
            .float("postMarketChangePercent", percent);
    }
}

fn fundamentals(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let listing = snapshot.listing();
    let equity_like = listing.kind == Kind::Equity || listing.oddity == Some(Oddity::Suspended);
    // Earnings and book value are in pounds where the price is in pence.
    let price = snapshot.price / listing.minor_units();
    let shares = listing.shares / snapshot.split_factor;
    if shares > 0.0 && listing.kind != Kind::Crypto {
        quote.int("sharesOutstanding", whole(shares)).int("marketCap", capital(price * shares));
    }
    if listing.kind == Kind::Equity || listing.kind == Kind::Etf {
        dividends(quote, snapshot);
    }
    if !equity_like {
        return;
    }
    let earnings = listing.earnings_per_share * snapshot.split_factor;
    let book = price / (1.5 + 6.0 * snapshot.instrument.process.noise().unit(0x810, 0));
    quote
        .text("financialCurrency", &listing.financial_currency)
        .int("impliedSharesOutstanding", whole(shares))
        .float("epsTrailingTwelveMonths", earnings)
        .float("epsForward", earnings * 1.1)
        .float("epsCurrentYear", earnings * 1.05)
        .float("bookValue", book)
        .float("priceToBook", price / book);
    if earnings != 0.0 {
        // The price in pence against earnings in pounds: Yahoo's own slip, kept for clients to trip over.
        quote.float("priceEpsCurrentYear", snapshot.price / (earnings * 1.05));
        quote.float("forwardPE", price / (earnings * 1.1));
    }
    if earnings > 0.0 {
        quote.float("trailingPE", price / earnings);
    }
    earnings_dates(quote, snapshot);
    if snapshot.instrument.process.noise().below(0x811, 0, 5) > 0 {
        quote.text("averageAnalystRating", rating(snapshot));
    }
    if let Some(display) = &listing.display_name {
        quote.text("displayName", display);
    }
    quote.float("beta", 0.6 + snapshot.instrument.process.noise().unit(0x812, 0));
}

fn dividends(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let listing = snapshot.listing();
    let rate = listing.dividend / listing.minor_units() * snapshot.split_factor;
    let price = snapshot.price / listing.minor_units();
    quote.float("trailingAnnualDividendRate", rate).float("trailingAnnualDividendYield", rate / price);
    if rate > 0.0 {
        quote.float("dividendRate", rate).float("dividendYield", (rate / price * 1e4).round() / 100.0);
        let day = snapshot.day.number;
        if let Some(last) = crate::dividends::between(snapshot.instrument, &snapshot.calendar, day - 400, day).last() {
            quote.int("dividendDate", (last.day + 14) * SECONDS_PER_DAY);
        }
    }
}

fn earnings_dates(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let noise = snapshot.instrument.process.noise();
    let today = snapshot.day.number;
    let into_quarter = (today + noise.below(0x813, 0, 91).cast_signed()).rem_euclid(91);
    let last = (today - into_quarter) * SECONDS_PER_DAY + 72_000;
    let next = last + 91 * SECONDS_PER_DAY;
    quote
        .int("earningsTimestamp", last)
        .int("earningsTimestampStart", next)
        .int("earningsTimestampEnd", next)
        .int("earningsCallTimestampStart", next + 3600)
        .int("earningsCallTimestampEnd", next + 3600)
        .flag("isEarningsDateEstimate", true);
}

fn rating(snapshot: &Snapshot<'_>) -> &'static str {
    const RATINGS: [&str; 5] = ["1.3 - Strong Buy", "1.8 - Buy", "2.0 - Buy", "2.6 - Hold", "3.1 - Hold"];
    RATINGS[usize::try_from(snapshot.instrument.process.noise().below(0x814, 0, 5)).unwrap_or(0)]
}

fn by_kind(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let listing = snapshot.listing();
    match listing.kind {
        Kind::Etf | Kind::Fund | Kind::MoneyMarket => {
            if let Some(assets) = listing.extra_number("aum") {
                quote.double("netAssets", assets);
            }
            if let Some(expense) = listing.extra_number("expense") {
                quote.float("netExpenseRatio", expense);
            }
            if listing.kind == Kind::MoneyMarket {
                quote.float("trailingAnnualDividendRate", 0.0);
            } else if listing.oddity.is_none() {
                let since = (snapshot.price / snapshot.year.two_hundred_day_average - 1.0) * 100.0;
                quote.float("ytdReturn", since).float("trailingThreeMonthReturns", since / 3.0);
            }
        }
        Kind::Crypto => crypto(quote, snapshot),
        Kind::Future | Kind::AltSymbol => future(quote, snapshot),
        _ => {}
    }
}

fn crypto(quote: &mut Object, snapshot: &Snapshot<'_>) {
    let listing = snapshot.listing();
    let base = listing.symbol.split('-').next().unwrap_or_default();
    let coin = listing.extra("coin").unwrap_or("1");
    let image = format!("https://s2.coinmarketcap.com/static/img/coins/64x64/{coin}.png");
    let link = format!("https://coinmarketcap.com/currencies/{}", listing.extra("slug").unwrap_or_default());
    // Turnover in dollars over a rolling day: the day's own volume would restart from nought at midnight.
    let volume = whole(listing.daily_volume * (0.8 + 0.4 * snapshot.instrument.process.noise().unit(0x820, snapshot.day.number)));
    quote
        .text("fromCurrency", base)
        .text("toCurrency", "USD=X")
        .text("lastMarket", "Coinbase")
        .int("circulatingSupply", whole(listing.shares))
        .int("totalSupply", whole(listing.shares))
        .int("volume24Hr", volume)
        .int("volumeAllCurrencies", volume)
        .int("marketCap", capital(snapshot.price * listing.shares))
        .text("coinMarketCapLink", &link)
        .text("coinImageUrl", &image)
        .text("logoUrl", &image)
        .raw("startDate", listing.extra("start").unwrap_or("0"));
    if let Some(most) = listing.extra_number("cap") {
        quote.int("maxSupply", whole(most * 1e6));
    }
}

fn future(quote: &mut Object, snapshot: &Snapshot<'_>) {
    const MONTHS: [char; 12] = ['F', 'G', 'H', 'J', 'K', 'M', 'N', 'Q', 'U', 'V', 'X', 'Z'];
    let listing = snapshot.listing();
    // The contract that expires two months on, late in the month.
    let expires = if listing.oddity == Some(Oddity::Expired) {
        crate::calendar::date((snapshot.time_s + 38 * SECONDS_PER_DAY) / SECONDS_PER_DAY)
    } else {
        let soon = crate::calendar::date(snapshot.day.number + 60);
        soon.with().day(26).build().unwrap_or(soon)
    };
    let month = usize::try_from(expires.month() - 1).unwrap_or(0);
    let contract = format!(
        "{}{}{:02}.{}",
        listing.extra("under").unwrap_or_default(),
        MONTHS[month],
        expires.year() % 100,
        snapshot.exchange.code,
    );
    quote
        .text("underlyingSymbol", &contract)
        .text("underlyingExchangeSymbol", &contract)
        .int("expireDate", crate::calendar::day_number(expires) * SECONDS_PER_DAY)
        .text("expireIsoDate", &format!("{expires}T00:00:00Z"))
        .raw("openInterest", listing.extra("oi").unwrap_or("0"));
    if listing.kind == Kind::Future {
        quote.text("headSymbolAsString", &listing.symbol).flag("contractSymbol", false);
    } else {
        quote.float("bid", 0.0);
    }
}

fn has_long_name(kind: Kind) -> bool {
    !matches!(kind, Kind::Index | Kind::Future | Kind::AltSymbol)
}

fn has_message_board(kind: Kind) -> bool {
    !matches!(kind, Kind::Fund | Kind::Future | Kind::AltSymbol)
}

pub(crate) fn has_extended_hours(snapshot: &Snapshot<'_>) -> bool {
    snapshot.exchange.extended && matches!(snapshot.listing().kind, Kind::Equity | Kind::Etf)
}

fn message_board(snapshot: &Snapshot<'_>) -> String {
    let symbol = &snapshot.listing().symbol;
    match snapshot.listing().kind {
        Kind::Index => format!("finmb_INDEX{}", symbol.trim_start_matches('^')),
        Kind::Currency => format!("finmb_{}_X", symbol.get(..3).unwrap_or(symbol)),
        Kind::Crypto => format!("finmb_{}_CCC", symbol.trim_end_matches("-USD")),
        _ => format!("finmb_{}", 10_000 + snapshot.instrument.process.noise().below(0x830, 0, 400_000_000)),
    }
}

/// When an instrument began to trade; some real ones did before 1970.
pub(crate) fn first_trade_s(snapshot: &Snapshot<'_>) -> i64 {
    if let Some(start) = snapshot.listing().extra("start").and_then(|start| start.parse().ok()) {
        return start;
    }
    // Between 1984 and 2014.
    let day = 5_114 + snapshot.instrument.process.noise().below(0x831, 0, 10_957).cast_signed();
    let calendar = snapshot.calendar;
    let day = if calendar.is_trading(day) { day } else { calendar.previous(day) };
    calendar.day(day).open_ms / 1000
}

fn average_volume(snapshot: &Snapshot<'_>, stream: u64) -> i64 {
    let listing = snapshot.listing();
    if listing.kind == Kind::Currency || listing.oddity == Some(Oddity::Suspended) {
        return 0;
    }
    let noise = snapshot.instrument.process.noise();
    whole(listing.daily_volume * (0.9 + 0.2 * noise.unit(0x832 + stream, snapshot.day.number / 10)))
}

/// The move from `base` to `price` in percent; nought where Yahoo would divide by nought.
pub(crate) fn percent(price: f64, base: f64) -> f64 {
    if base == 0.0 { 0.0 } else { single_difference(price, base) / base * 100.0 }
}

fn range(low: f64, high: f64) -> String {
    format!("{} - {}", single(low), single(high))
}

#[expect(clippy::cast_possible_truncation, reason = "counts of shares are far below 2^63")]
pub(crate) fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// Market capitalisation in single precision, as Yahoo's figures are.
#[expect(clippy::cast_possible_truncation, reason = "the loss of precision is Yahoo's own")]
fn capital(value: f64) -> i64 {
    f64::from(value as f32) as i64
}

/// The error envelope that `v7` endpoints answer with.
pub(crate) fn finance_error(code: &str, description: &str) -> String {
    format!(r#"{{"finance":{{"result":null,"error":{{"code":{},"description":{}}}}}}}"#, quoted(code), quoted(description))
}
