//! Schemas of the domain's types: the domain does not know OpenAPI. A test holds each against what is really written.
#![expect(missing_docs, reason = "only the schemas of these types are used; the fields carry the text of the document")]

use utoipa::ToSchema;

mod instruments;

pub use instruments::*;

/// Everything known of an instrument's price at one moment. An absent field is not known; none is ever null.
/// Prices and percentages are decimal strings; times are milliseconds since the Unix epoch.
#[derive(ToSchema)]
pub struct Quote {
    #[schema(example = "AAPL")]
    pub symbol: String,
    /// The company's or instrument's name. Text from outside: never use it as markup.
    #[schema(example = "Apple Inc.")]
    pub name: String,
    pub kind: InstrumentKind,
    #[schema(example = "NasdaqGS", nullable = false)]
    pub exchange: Option<String>,
    #[schema(example = "NMS", nullable = false)]
    pub exchange_code: Option<String>,
    #[schema(example = "America/New_York", nullable = false)]
    pub time_zone: Option<String>,
    /// Case matters: `GBp` is a hundredth of `GBP`.
    #[schema(example = "USD", nullable = false)]
    pub currency: Option<String>,
    #[schema(example = "269.70", nullable = false)]
    pub price: Option<String>,
    /// How many decimals a price has.
    #[schema(example = 2)]
    pub price_hint: u8,
    #[schema(example = "0.70", nullable = false)]
    pub change: Option<String>,
    #[schema(example = "0.26", nullable = false)]
    pub change_percent: Option<String>,
    #[schema(nullable = false)]
    pub previous_close: Option<String>,
    #[schema(nullable = false)]
    pub open: Option<String>,
    #[schema(nullable = false)]
    pub day_low: Option<String>,
    #[schema(nullable = false)]
    pub day_high: Option<String>,
    #[schema(nullable = false)]
    pub volume: Option<u64>,
    /// Shares traded in a session, on the average of three months.
    #[schema(nullable = false)]
    pub average_volume: Option<u64>,
    #[schema(nullable = false)]
    pub fifty_two_week_low: Option<String>,
    #[schema(nullable = false)]
    pub fifty_two_week_high: Option<String>,
    /// In the major unit of the currency, even where prices are in pence.
    #[schema(nullable = false)]
    pub market_cap: Option<String>,
    #[schema(nullable = false)]
    pub pe_ratio: Option<String>,
    pub market_state: MarketState,
    /// By how many minutes the exchange delays what is shown.
    #[schema(nullable = false)]
    pub delay_minutes: Option<u16>,
    #[schema(nullable = false)]
    pub extended: Option<Extended>,
    /// The last split of its shares that was seen in the prices, for 30 days.
    #[schema(nullable = false)]
    pub split: Option<Split>,
    /// When the exchange dated the price.
    #[schema(example = 1_795_421_518_000_i64)]
    pub as_of: i64,
    /// The tick in which the quote last changed.
    pub tick: u64,
    /// When the poll that brought it was made.
    pub polled_at: i64,
}

/// That shares were split.
#[derive(ToSchema)]
pub struct Split {
    /// How many new shares there are for each old one.
    #[schema(example = "2")]
    pub ratio: String,
    /// When the first quote of the new shares was polled.
    pub since: i64,
}

/// A price from before or after the regular session.
#[derive(ToSchema)]
pub struct Extended {
    pub session: Session,
    pub price: String,
    #[schema(nullable = false)]
    pub change: Option<String>,
    #[schema(nullable = false)]
    pub change_percent: Option<String>,
    pub as_of: i64,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Session {
    Pre,
    Post,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum InstrumentKind {
    Equity,
    Etf,
    MutualFund,
    MoneyMarket,
    Index,
    Currency,
    Cryptocurrency,
    Future,
    Option,
    Other,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum MarketState {
    PrePre,
    Pre,
    Regular,
    Post,
    PostPost,
    Closed,
    Unknown,
}

/// A symbol without a quote, and why.
#[derive(ToSchema)]
pub struct Missing {
    pub symbol: String,
    pub reason: MissingReason,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum MissingReason {
    Pending,
    Unknown,
    Delisted,
    Malformed,
}

/// How the source of prices is doing.
#[derive(ToSchema)]
pub struct SourceHealth {
    pub state: SourceState,
    /// Seconds within which everything that can move is confirmed while the state is `ok`.
    pub interval: u32,
    #[schema(nullable = false)]
    pub reason: Option<SourceReason>,
    #[schema(nullable = false)]
    pub retry_at: Option<i64>,
    #[schema(nullable = false)]
    pub last_ok_at: Option<i64>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SourceState {
    Starting,
    Ok,
    Degraded,
    Refused,
    Unreachable,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SourceReason {
    RateLimited,
    SessionRefused,
    Unreachable,
    BadAnswer,
    BudgetSpent,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SourceKind {
    Yahoo,
    Simulated,
    Replay,
}

/// A named, ordered list of symbols.
#[derive(ToSchema)]
pub struct Watchlist {
    #[schema(example = "9f86d081884c7d65")]
    pub id: String,
    #[schema(example = "My picks")]
    pub name: String,
    #[schema(example = json!(["AAPL", "^GSPC"]))]
    pub symbols: Vec<String>,
    /// Notes by symbol; absent when there are none.
    #[schema(nullable = false, example = json!({"AAPL": "the yardstick"}))]
    pub notes: Option<std::collections::BTreeMap<String, String>>,
    /// Grows by one with every change; the value of `ETag`.
    pub version: u64,
    pub updated_at: i64,
}

/// Watchlists as a file, which `POST /import` takes.
#[derive(ToSchema)]
pub struct WatchlistsFile {
    #[schema(example = "quickstocks.watchlists", pattern = "^quickstocks\\.watchlists$")]
    pub format: String,
    #[schema(example = 1, minimum = 1, maximum = 1)]
    pub version: u32,
    pub watchlists: Vec<FileList>,
}

/// A watchlist in a file.
#[derive(ToSchema)]
pub struct FileList {
    #[schema(example = "My picks")]
    pub name: String,
    pub symbols: Vec<FileEntry>,
}

/// A symbol on a watchlist in a file.
#[derive(ToSchema)]
pub struct FileEntry {
    #[schema(example = "AAPL")]
    pub symbol: String,
    /// What its owner wrote about it.
    #[schema(example = "the yardstick")]
    pub note: Option<String>,
}

/// How somebody wants things shown and when they want to be left alone. What is absent is as the browser has it.
#[derive(ToSchema)]
pub struct Preferences {
    #[schema(example = "en-GB", nullable = false)]
    pub locale: Option<String>,
    #[schema(example = "Europe/London", nullable = false)]
    pub time_zone: Option<String>,
    #[schema(example = "EUR", nullable = false)]
    pub currency: Option<String>,
    pub theme: Theme,
    pub colours: Colours,
    #[schema(nullable = false)]
    pub quiet_hours: Option<QuietHours>,
    /// Grows by one with every change; the value of `ETag`. 0 before the first.
    pub version: u64,
    /// When they last changed; 0 before the first change.
    pub updated_at: i64,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SignUp {
    Open,
    Invite,
    Closed,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum FileKind {
    Json,
    Csv,
    Portfolio,
    Symbols,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ImportOutcome {
    Created,
    Changed,
    Unchanged,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Scope {
    Read,
    Write,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum DeviceState {
    Pending,
    Active,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum TokenKind {
    Session,
    AccessRead,
    AccessWrite,
    Recovery,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Theme {
    System,
    Light,
    Dark,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Colours {
    GreenUp,
    RedUp,
    BlueUp,
}

/// A part of each day; one that ends before it begins passes midnight.
#[derive(ToSchema)]
pub struct QuietHours {
    #[schema(example = "22:00")]
    pub from: String,
    #[schema(example = "07:00")]
    pub to: String,
}

/// A find of a search.
#[derive(ToSchema)]
pub struct SymbolMatch {
    #[schema(example = "AAPL")]
    pub symbol: String,
    #[schema(example = "Apple Inc.")]
    pub name: String,
    pub kind: InstrumentKind,
    #[schema(example = "NASDAQ", nullable = false)]
    pub exchange: Option<String>,
}

/// What an alert waits for. Just the fields of its kind are there.
#[derive(ToSchema)]
pub struct Rule {
    pub kind: super::RuleKind,
    #[schema(example = "150", nullable = false)]
    pub price: Option<String>,
    #[schema(example = "5", nullable = false)]
    pub percent: Option<String>,
    #[schema(nullable = false)]
    pub direction: Option<Direction>,
    #[schema(nullable = false)]
    pub since: Option<super::SinceKind>,
    #[schema(nullable = false)]
    pub window_minutes: Option<u16>,
    #[schema(example = "3", nullable = false)]
    pub times: Option<String>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Direction {
    Up,
    Down,
    Either,
}

/// How an alert that fires more than once gets ready again.
#[derive(ToSchema)]
pub struct Repeat {
    #[schema(example = 15)]
    pub cool_down_minutes: u32,
    #[schema(example = "0.5")]
    pub hysteresis_percent: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum AlertStatus {
    Armed,
    Resting,
    Fired,
    Expired,
    Paused,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Verdict {
    Waiting,
    Beyond,
    Snoozed,
    Resting,
    NoQuote,
    NoData,
    Fired,
    Expired,
    Paused,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum AlertEvent {
    Fired,
    SplitAdjusted,
    Expired,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Trigger {
    Price,
    DayHigh,
    DayLow,
    Volume,
}

/// Something that happened to an alert. From `trigger` to `tick` only of one that fired, `ratio` only of a split.
#[derive(ToSchema)]
pub struct Notification {
    /// A later one is greater.
    #[schema(example = "019abf1c2d3e0123456789abcdef0123")]
    pub id: String,
    /// The alert, which may be gone.
    pub alert: String,
    #[schema(example = "AAPL")]
    pub symbol: String,
    /// Text from outside: never use it as markup.
    #[schema(example = "Apple Inc.")]
    pub name: String,
    pub rule: Rule,
    #[schema(nullable = false)]
    pub note: Option<String>,
    pub event: AlertEvent,
    /// When it was decided.
    pub at: i64,
    #[schema(nullable = false)]
    pub trigger: Option<Trigger>,
    /// The value that triggered: a price, or a volume.
    #[schema(example = "151.20", nullable = false)]
    pub value: Option<String>,
    /// What it had to reach.
    #[schema(example = "150", nullable = false)]
    pub threshold: Option<String>,
    /// Whether it had to rise to it.
    #[schema(nullable = false)]
    pub rising: Option<bool>,
    /// The quote's price; of a split, the target that the alert has now.
    #[schema(example = "151.20", nullable = false)]
    pub price: Option<String>,
    #[schema(example = "0.75", nullable = false)]
    pub change_percent: Option<String>,
    #[schema(example = "USD", nullable = false)]
    pub currency: Option<String>,
    /// When the exchange dated the quote.
    #[schema(nullable = false)]
    pub as_of: Option<i64>,
    #[schema(nullable = false)]
    pub tick: Option<u64>,
    /// How many new shares there are for each old one.
    #[schema(example = "2", nullable = false)]
    pub ratio: Option<String>,
    pub read: bool,
    pub created_at: i64,
}

/// What became of a notification on the way to its owner.
#[derive(ToSchema)]
pub struct NoticeDelivery {
    pub state: NoticeState,
    /// Whether open pages were told.
    #[schema(nullable = false)]
    pub shown: Option<bool>,
    /// What it waits for, or did last.
    #[schema(nullable = false)]
    pub held: Option<Hold>,
    /// The devices that are done with.
    #[schema(nullable = false)]
    pub devices: Option<Vec<DeviceReceipt>>,
    /// How often it was tried.
    pub attempts: u32,
    /// When there was nothing left to do.
    #[schema(nullable = false)]
    pub ended_at: Option<i64>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum NoticeState {
    Pending,
    Delivered,
    GivenUp,
}

/// Why a notification waits.
#[derive(ToSchema)]
pub struct Hold {
    pub by: HoldReason,
    pub until: i64,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum HoldReason {
    QuietHours,
    DailyBudget,
    PushService,
}

/// What became of a notification on one device. That a push service took it is no proof that it was shown.
#[derive(ToSchema)]
pub struct DeviceReceipt {
    pub device: String,
    pub outcome: ReceiptOutcome,
    pub at: i64,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ReceiptOutcome {
    Accepted,
    Gone,
    Refused,
}
