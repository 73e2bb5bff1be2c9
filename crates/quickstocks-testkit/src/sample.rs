//! Values to test with: complete, valid, and odd where odd is allowed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::model::{
    Alert, AlertEvent, AlertId, AlertState, AlertStatus, AppliedSplit, Baseline, Colours, Connection, ConnectionId, Currency,
    DeviceId, DeviceReceipt, Direction, Endpoint, Extended, Fire, Hold, HoldReason, InstrumentKind, ListId, MarketState,
    NoticeDelivery, NoticeState, Notification, NotificationId, Preferences, PriceSample, PushKeys, PushState, PushSubscription,
    QuietHours, Quote, ReceiptOutcome, Repeat, Rule, Secret, Seen, Session, Share, Since, StoredQuote, Symbol, Terms, Theme,
    TickNumber, Timestamp, Token, TokenHash, TokenKind, Trigger, User, UserId, VapidKeyId, Watchlist,
};
use rust_decimal::Decimal;

/// The moment samples are made at: the first of January 2100. It lies in the future, because a store that deletes
/// what has run out by the real clock (the TTL of `DynamoDB`) must not delete samples.
pub const NOW: Timestamp = Timestamp::from_seconds(4_102_444_800);

/// Symbols of every shape Yahoo writes, the ones that look like reserved words or need quoting included.
pub const ODD_SYMBOLS: [&str; 16] = [
    "^GSPC",
    "M&M.NS",
    "BTC-USD",
    "EURUSD=X",
    "BRK-B",
    "0P000071W8.TO",
    "ES=F",
    "AAPL220121C00025000",
    "7203.T",
    "ALL",
    "KEY",
    "NAME",
    "ON",
    "NULL",
    "A_B",
    "^DJI",
];

/// A symbol.
///
/// # Panics
/// When the text is not one.
pub fn symbol(text: &str) -> Symbol {
    Symbol::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Symbols.
pub fn symbols<C: FromIterator<Symbol>>(texts: &[&str]) -> C {
    texts.iter().map(|text| symbol(text)).collect()
}

/// A decimal.
///
/// # Panics
/// When the text is not one.
pub fn decimal(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// A quote in which only what must be there is there, and a price.
pub fn quote(of: &str, price: &str, as_of: Timestamp) -> Quote {
    Quote {
        symbol: symbol(of),
        name: format!("{of} Inc.").into(),
        kind: InstrumentKind::Equity,
        exchange: None,
        exchange_code: None,
        time_zone: None,
        currency: None,
        price: Some(decimal(price)),
        price_hint: 2,
        change: None,
        change_percent: None,
        previous_close: None,
        open: None,
        day_low: None,
        day_high: None,
        volume: None,
        average_volume: None,
        split: None,
        fifty_two_week_low: None,
        fifty_two_week_high: None,
        market_cap: None,
        pe_ratio: None,
        market_state: MarketState::Regular,
        delay_minutes: None,
        extended: None,
        as_of,
    }
}

/// A quote in which every field is there: a pence stock with a name that needs care, more digits than a float
/// holds, and a price from after the session.
pub fn full_quote(of: &str, as_of: Timestamp) -> Quote {
    Quote {
        name: "Société \"Générale\" & <b>Ünïcödé</b> 株式会社 📈".into(),
        exchange: Some("LSE".into()),
        exchange_code: Some("LSE".into()),
        time_zone: Some("Europe/London".into()),
        currency: Some(Currency::new("GBp")),
        price: Some(decimal("123456789.123456789")),
        price_hint: 4,
        change: Some(decimal("-0.00001234")),
        change_percent: Some(decimal("-0.01")),
        previous_close: Some(decimal("123456789.123469129")),
        open: Some(decimal("0")),
        day_low: Some(decimal("0.1")),
        day_high: Some(decimal("99999999999999999999.99")),
        volume: Some(9_007_199_254_740_993),
        fifty_two_week_low: Some(decimal("0.3")),
        fifty_two_week_high: Some(decimal("7.25")),
        market_cap: Some(decimal("2955000000000")),
        pe_ratio: Some(decimal("28.71")),
        market_state: MarketState::PostPost,
        delay_minutes: Some(15),
        extended: Some(Extended {
            session: Session::Post,
            price: decimal("123.45"),
            change: Some(decimal("0.05")),
            change_percent: Some(decimal("0.04")),
            as_of: as_of + Duration::from_mins(1),
        }),
        ..quote(of, "1", as_of)
    }
}

/// A quote as it is stored: `age` before [`NOW`], by that tick.
pub fn stored(of: &str, price: &str, age: Duration, tick: u64) -> StoredQuote {
    StoredQuote { quote: quote(of, price, NOW - age), tick: TickNumber(tick), polled_at: NOW }
}

/// A user id.
pub fn user(id: &str) -> UserId {
    UserId::new(id)
}

/// A guest who came at [`NOW`].
pub fn guest(id: &str) -> User {
    User { id: user(id), created_at: NOW }
}

/// A connection that opened at [`NOW`] and follows nothing.
pub fn connection(id: &str, of: &str) -> Connection {
    Connection {
        id: ConnectionId::new(id),
        user: user(of),
        listed: [].into(),
        watched: [].into(),
        paused: false,
        connected_at: NOW,
        leased_until: None,
    }
}

/// A list of version 1.
pub fn watchlist(id: &str, name: &str, texts: &[&str]) -> Watchlist {
    Watchlist {
        id: ListId::new(id),
        name: name.to_owned(),
        symbols: symbols(texts),
        notes: BTreeMap::new(),
        version: 1,
        updated_at: NOW,
    }
}

/// The link to a list of a user, made at [`NOW`]; its token is of that byte.
pub fn share(byte: u8, of: &str, list: &str) -> Share {
    Share { token: Secret::from_random([byte; 32]), user: user(of), list: ListId::new(list), created_at: NOW }
}

/// Preferences in which everything is said.
///
/// # Panics
/// Never: the texts are good.
pub fn preferences() -> Preferences {
    Preferences {
        locale: Some("de-CH".parse().expect("a language tag")),
        time_zone: Some("Europe/Zurich".parse().expect("a time zone")),
        currency: Some("CHF".parse().expect("a currency")),
        theme: Theme::Light,
        colours: Colours::BlueUp,
        quiet_hours: Some(QuietHours {
            from: "22:30".parse().expect("a time of the day"),
            to: "06:00".parse().expect("a time of the day"),
        }),
        version: 1,
        updated_at: NOW,
    }
}

/// A token that lives for an hour from [`NOW`]. Its hash is made of the seed and is no hash of anything.
pub fn token(seed: &str, kind: TokenKind, of: &str) -> Token {
    Token {
        hash: TokenHash::new(&format!("{seed:0>64}")),
        kind,
        user: user(of),
        name: None,
        created_at: NOW,
        used_at: NOW,
        expires_at: NOW + Duration::from_hours(1),
    }
}

/// So many different symbols: `S0`, `S1`, …
pub fn many_symbols(count: usize) -> Vec<Symbol> {
    (0..count).map(|n| symbol(&format!("S{n}"))).collect()
}

/// An exchange's code.
pub fn code(text: &str) -> Arc<str> {
    text.into()
}

/// A new push subscription of a device by that name, made at [`NOW`]. The keys are those of every other, and good for nothing.
///
/// # Panics
/// When the name is none.
pub fn push_subscription(device: &str, of: &str) -> PushSubscription {
    let endpoint = Endpoint::new(&format!("https://push.example/send/{device}"));
    PushSubscription {
        id: DeviceId::of(&endpoint),
        user: user(of),
        endpoint,
        keys: PushKeys { p256dh: "A".repeat(87), auth: "A".repeat(22) },
        vapid_key: VapidKeyId::new("00"),
        site: "https://stocks.example".to_owned(),
        name: device.parse().expect("a device's name"),
        state: PushState::Pending,
        created_at: NOW,
    }
}

/// The state of a device that gets notifications.
pub fn active() -> PushState {
    PushState::Active { token: TokenHash::new("70") }
}

/// A device of a user that gets notifications.
pub fn active_push_subscription(device: &str, of: &str) -> PushSubscription {
    PushSubscription { state: active(), ..push_subscription(device, of) }
}

/// An armed alert above 150, in its first revision.
pub fn alert(id: &str, user: &str, on: &str) -> Alert {
    Alert {
        id: AlertId::new(id),
        user: self::user(user),
        symbol: symbol(on),
        terms: Terms { rule: Rule::PriceAbove { price: decimal("150") }, repeat: None, expires_at: None, note: None },
        state: AlertState::default(),
        version: 1,
        revision: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// An alert with everything an alert can have.
///
/// # Panics
/// Never: its note is one.
pub fn full_alert(id: &str, user: &str, on: &str) -> Alert {
    let baseline = Baseline {
        day: 21_000_101,
        price: decimal("123.456789"),
        day_high: Some(decimal("130")),
        day_low: Some(decimal("0.1")),
        year_high: Some(decimal("199.99")),
        year_low: Some(decimal("0.01")),
    };
    Alert {
        terms: Terms {
            rule: Rule::Move {
                percent: decimal("2.5"),
                direction: Direction::Either,
                since: Since::Window { window_minutes: 60 },
            },
            repeat: Some(Repeat { cool_down_minutes: 30, hysteresis_percent: decimal("0.75") }),
            expires_at: Some(NOW + Duration::from_hours(24)),
            note: Some("Verk\u{e4}ufe \u{1f4c8}\nzweite Zeile".parse().unwrap_or_else(|error| panic!("{error}"))),
        },
        state: AlertState {
            status: AlertStatus::Resting,
            snoozed_until: Some(NOW + Duration::from_mins(5)),
            ready: true,
            baseline: Some(baseline),
            samples: vec![PriceSample { at: NOW, price: decimal("1.5") }],
            split_factor: decimal("2"),
            split: Some(AppliedSplit { since: NOW, ratio: decimal("2"), undone: true }),
            fired_at: Some(NOW),
            fired: 3,
            seen: Some(Seen { tick: TickNumber(9), at: NOW }),
        },
        version: 4,
        revision: 17,
        updated_at: NOW + Duration::from_secs(1),
        ..alert(id, user, on)
    }
}

/// That an alert fired by a price of 151.20; `id` is the random part of the notification's id.
pub fn notification(id: &str, about: &Alert) -> Notification {
    let fire = Fire {
        at: NOW,
        trigger: Trigger::Price,
        value: decimal("151.20"),
        threshold: decimal("150"),
        rising: true,
        price: decimal("151.20"),
        change_percent: Some(decimal("0.75")),
        currency: Some(Currency::new("USD")),
        as_of: NOW,
        tick: TickNumber(7),
    };
    Notification {
        id: NotificationId::new(&format!("{}{id}", NotificationId::least(NOW))),
        user: about.user.clone(),
        alert: about.id.clone(),
        symbol: about.symbol.clone(),
        name: format!("{} Inc.", about.symbol).into(),
        rule: about.terms.rule.clone(),
        note: about.terms.note.clone(),
        event: AlertEvent::Fired(fire),
        created_at: NOW,
        read_at: None,
        delivery: NoticeDelivery::default(),
    }
}

/// A notification with everything one can have.
pub fn full_notification(id: &str, about: &Alert) -> Notification {
    Notification {
        event: AlertEvent::SplitAdjusted { at: NOW, ratio: decimal("0.1"), price: Some(decimal("1500")) },
        read_at: Some(NOW + Duration::from_mins(2)),
        delivery: NoticeDelivery {
            state: NoticeState::Pending,
            shown: true,
            held: Some(Hold { by: HoldReason::DailyBudget, until: NOW + Duration::from_hours(8) }),
            devices: vec![DeviceReceipt { device: DeviceId::new("d1"), outcome: ReceiptOutcome::Refused, at: NOW }],
            attempts: 1,
            ended_at: None,
        },
        ..notification(id, about)
    }
}
