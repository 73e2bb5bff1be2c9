//! The operations of the model-based test: what they are, how they are drawn, what they answer.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use quickstocks_core::model::{
    Breaker, CONNECTION_SHARDS, Connection, ConnectionId, Follower, Lease, ListId, MissingReason, POLL_SHARDS, PollEntry,
    PollRecord, Shard, Share, SourceSession, SourceStatus, StoredQuote, Symbol, TickNumber, Timestamp, Token, TokenHash,
    TokenKind, Urgency, UserId, Watchlist,
};
use quickstocks_core::ports::{
    Change, ConnectionReader, PollSetReader, PollSetWriter, QuoteWrite, ShareWrite, StoreError, TokenWriter, WatchlistWriter,
};

use super::Store;
use crate::sample;

/// One call. The values are drawn from few keys, so that operations meet.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    StoreQuotes(Vec<StoredQuote>),
    ReadQuotes(Vec<Symbol>),
    Extend(Vec<Lease>),
    EndFollowed(Vec<Symbol>, Timestamp),
    Record(Vec<PollRecord>),
    ReadPollSet,
    AddConnection(Connection),
    RemoveConnection(ConnectionId),
    SetListed(ConnectionId, BTreeSet<Symbol>),
    SetWatched(ConnectionId, BTreeSet<Symbol>),
    SetPaused(ConnectionId, bool),
    SetLeasedUntil(ConnectionId, Timestamp),
    ReadConnections(Timestamp),
    /// By a number of which everything about the user is made, since ids are random and none is made twice.
    CreateUser(u64),
    PutToken(Token),
    ReadToken(TokenHash, TokenKind, Timestamp),
    TakeToken(TokenHash, TokenKind, Timestamp),
    ExtendToken(TokenHash, Timestamp),
    DeleteToken(TokenHash),
    RemoveUser(UserId),
    ReadTokensOf(UserId, Timestamp),
    InsertList(UserId, Watchlist),
    ReplaceList(UserId, Watchlist, u64),
    DeleteList(UserId, ListId, Option<u64>),
    ReadLists(UserId),
    PutShare(Share),
    EndShare(UserId, ListId),
    ReadShares(UserId),
    PutSession(SourceSession),
    DropSession(SourceSession),
    SwapBreaker(Breaker, Breaker),
    AddCalls(i64, u32),
    NextTick,
    PutStatus(SourceStatus),
    ReadSourceState,
    ReadFollowers(Timestamp),
}

/// What a call answered, in a form in which two stores can be compared.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Done,
    Flag(bool),
    Count(u64),
    Outcomes(Vec<QuoteWrite>),
    Quotes(Vec<StoredQuote>),
    PollSet(Vec<PollEntry>),
    Owner(Option<UserId>),
    Connections(Vec<Connection>, Vec<Vec<ConnectionId>>),
    Token(Option<Token>),
    Tokens(Vec<Token>),
    Change(Change),
    Lists(Vec<Watchlist>),
    ShareWrite(ShareWrite),
    /// Each with where it leads.
    Shares(Vec<(Share, Option<(UserId, ListId)>)>),
    Followers(Vec<Follower>),
    Guest(Vec<Watchlist>, Option<Token>),
    /// The session's text, since its `Debug` hides what differs.
    SourceState(Option<(String, String, Timestamp)>, Breaker, SourceStatus, u32),
}

const USERS: [&str; 2] = ["ann", "bob"];
const CONNECTIONS: [&str; 6] = ["c0=", "c1=", "c2=", "c3=", "c4=", "c5="];
const SYMBOLS: [&str; 6] = ["AAPL", "MSFT", "^GSPC", "M&M.NS", "BTC-USD", "NAME"];

/// Follows every page; makes the call; says what came of it.
pub(super) async fn perform(on: &Store, operation: Operation) -> Result<Answer, StoreError> {
    use Operation as O;
    Ok(match operation {
        O::StoreQuotes(quotes) => Answer::Outcomes(on.store(&quotes).await?),
        O::ReadQuotes(symbols) => {
            let mut quotes = on.quotes(&symbols).await?;
            quotes.sort_unstable_by(|a, b| a.quote.symbol.cmp(&b.quote.symbol));
            Answer::Quotes(quotes)
        }
        O::Extend(leases) => done(PollSetWriter::extend(&**on, &leases).await?),
        O::EndFollowed(symbols, before) => done(on.end_followed(&symbols, before).await?),
        O::Record(records) => done(on.record(&records).await?),
        O::ReadPollSet => Answer::PollSet(poll_set(on).await?),
        O::AddConnection(connection) => done(on.add(&connection).await?),
        O::RemoveConnection(id) => Answer::Owner(on.remove(&id).await?),
        O::SetListed(id, symbols) => Answer::Flag(on.set_listed(&id, &symbols).await?),
        O::SetWatched(id, symbols) => Answer::Flag(on.set_watched(&id, &symbols).await?),
        O::SetPaused(id, paused) => Answer::Flag(on.set_paused(&id, paused).await?),
        O::SetLeasedUntil(id, until) => Answer::Flag(on.set_leased_until(&id, until).await?),
        O::ReadConnections(now) => connections(on, now).await?,
        O::CreateUser(number) => {
            let id = format!("{number:032x}");
            let session = sample::token(&id, TokenKind::Session, &id);
            on.create(&sample::guest(&id), &sample::watchlist(&id, "First", &SYMBOLS), &session).await?;
            let session = on.token(&session.hash, TokenKind::Session, sample::NOW).await?;
            Answer::Guest(on.watchlists(&sample::user(&id)).await?, session)
        }
        O::PutToken(token) => done(on.put(&token).await?),
        O::ReadToken(hash, kind, now) => Answer::Token(on.token(&hash, kind, now).await?),
        O::TakeToken(hash, kind, now) => Answer::Token(on.take(&hash, kind, now).await?),
        O::ExtendToken(hash, until) => Answer::Flag(TokenWriter::extend(&**on, &hash, moment(1), until).await?),
        O::DeleteToken(hash) => done(TokenWriter::delete(&**on, &hash).await?),
        O::RemoveUser(user) => done(on.remove_user(&user).await?),
        O::ReadTokensOf(user, now) => Answer::Tokens(on.tokens_of(&user, now).await?),
        O::InsertList(user, list) => Answer::Change(on.insert(&user, &list).await?),
        O::ReplaceList(user, list, expected) => Answer::Change(on.replace(&user, &list, expected).await?),
        O::DeleteList(user, id, expected) => Answer::Change(WatchlistWriter::delete(&**on, &user, &id, expected).await?),
        O::ReadLists(user) => Answer::Lists(on.watchlists(&user).await?),
        O::PutShare(share) => Answer::ShareWrite(on.put_share(&share).await?),
        O::EndShare(user, list) => Answer::Flag(on.end_share(&user, &list).await?),
        O::ReadShares(user) => {
            let mut shares = Vec::new();
            for share in on.shares(&user).await? {
                let leads_to = on.shared_list(&share.token.hash()).await?;
                shares.push((share, leads_to));
            }
            Answer::Shares(shares)
        }
        O::PutSession(session) => done(on.put_session(&session).await?),
        O::DropSession(session) => done(on.drop_session(&session).await?),
        O::SwapBreaker(expected, new) => Answer::Flag(on.swap_breaker(&expected, &new).await?),
        O::AddCalls(hour, calls) => Answer::Count(on.add_calls(hour, calls).await?.into()),
        O::NextTick => Answer::Count(on.next_tick().await?.0),
        O::PutStatus(status) => done(on.put_status(&status).await?),
        O::ReadSourceState => {
            let session = on.session().await?.map(|session| (session.cookie, session.crumb, session.fetched_at));
            Answer::SourceState(session, on.breaker().await?, on.status().await?, on.calls(7).await?)
        }
        O::ReadFollowers(now) => Answer::Followers(followers(on, now).await?),
    })
}

/// Reads that together show everything the operations can have changed.
pub(super) fn reads() -> Vec<Operation> {
    let mut reads = vec![
        Operation::ReadQuotes(sample::symbols(&SYMBOLS)),
        Operation::ReadPollSet,
        Operation::ReadConnections(sample::NOW),
        Operation::ReadConnections(moment(3)),
        Operation::ReadSourceState,
        Operation::ReadFollowers(sample::NOW),
        Operation::ReadFollowers(moment(2)),
    ];
    reads.extend(USERS.map(|user| Operation::ReadLists(sample::user(user))));
    reads.extend(USERS.map(|user| Operation::ReadShares(sample::user(user))));
    reads.extend(USERS.map(|user| Operation::ReadTokensOf(sample::user(user), sample::NOW)));
    for kind in [TokenKind::Session, TokenKind::Ticket] {
        reads.extend((0..4).map(|n| Operation::ReadToken(hash(n), kind, sample::NOW)));
    }
    reads
}

fn done((): ()) -> Answer {
    Answer::Done
}

async fn poll_set(on: &Store) -> Result<Vec<PollEntry>, StoreError> {
    let mut entries = Vec::new();
    for shard in (0..POLL_SHARDS).map(Shard) {
        let mut after = None;
        loop {
            let page = PollSetReader::page(&**on, shard, after.as_ref()).await?;
            entries.extend(page.entries);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(entries)
}

/// Everybody, ordered by id: the order of the pages is the store's own.
async fn followers(on: &Store, now: Timestamp) -> Result<Vec<Follower>, StoreError> {
    let (mut followers, mut after) = (Vec::new(), None);
    loop {
        let page = on.followers(after.as_ref(), now).await?;
        followers.extend(page.followers);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    followers.sort_by(|left, right| left.user.cmp(&right.user));
    Ok(followers)
}

async fn connections(on: &Store, now: Timestamp) -> Result<Answer, StoreError> {
    let mut connections = Vec::new();
    for shard in (0..CONNECTION_SHARDS).map(Shard) {
        let mut after = None;
        loop {
            let page = ConnectionReader::page(&**on, shard, after.as_ref(), now).await?;
            connections.extend(page.connections);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    let mut of_users = Vec::new();
    for user in USERS {
        of_users.push(on.connections_of(&sample::user(user), now).await?);
    }
    Ok(Answer::Connections(connections, of_users))
}

/// A moment some hours from now: some of them before and some after connections and tokens expire.
fn moment(hours: u64) -> Timestamp {
    sample::NOW + Duration::from_hours(hours)
}

fn hash(n: u8) -> TokenHash {
    TokenHash::new(&format!("{n:064x}"))
}

fn moments() -> impl Strategy<Value = Timestamp> + Clone {
    (0_u64..4).prop_map(moment)
}

fn symbol() -> impl Strategy<Value = Symbol> + Clone {
    select(&SYMBOLS[..]).prop_map(sample::symbol)
}

fn symbols() -> impl Strategy<Value = BTreeSet<Symbol>> + Clone {
    subsequence(&SYMBOLS[..], 0..=SYMBOLS.len()).prop_map(|texts| sample::symbols(&texts))
}

fn user() -> impl Strategy<Value = UserId> + Clone {
    select(&USERS[..]).prop_map(sample::user)
}

fn connection_id() -> impl Strategy<Value = ConnectionId> + Clone {
    select(&CONNECTIONS[..]).prop_map(ConnectionId::new)
}

/// A batch holds each symbol once: of two quotes of one symbol, the contract leaves the older one's outcome open.
fn quotes() -> impl Strategy<Value = Vec<StoredQuote>> {
    (symbols(), 0_u64..3, 0_u64..3, 1_u32..1000).prop_map(|(symbols, age, tick, cents)| {
        let price = rust_decimal::Decimal::new(cents.into(), 2).to_string();
        symbols.iter().map(|symbol| sample::stored(symbol.as_str(), &price, Duration::from_mins(age), tick)).collect()
    })
}

fn leases() -> impl Strategy<Value = Vec<Lease>> {
    let urgency = select(&[Urgency::OnScreen, Urgency::Armed, Urgency::Followed][..]);
    let lease = (symbol(), urgency, moments()).prop_map(|(symbol, urgency, until)| Lease { symbol, urgency, until });
    prop::collection::vec(lease, 0..6)
}

fn records() -> impl Strategy<Value = Vec<PollRecord>> {
    let missing = prop::option::of(select(&[MissingReason::Unknown, MissingReason::Delisted][..]));
    (symbols(), prop::option::of(moments()), any::<bool>(), missing).prop_map(|(symbols, polled_at, rests, missing)| {
        let rests_at = rests.then(|| sample::code("NMS"));
        symbols.into_iter().map(|symbol| PollRecord { symbol, polled_at, rests_at: rests_at.clone(), missing }).collect()
    })
}

/// A connection's owner follows from its id, as on the platform, where an id is never another user's.
fn connection() -> impl Strategy<Value = Connection> {
    (0..CONNECTIONS.len(), symbols(), symbols(), any::<bool>(), moments()).prop_map(
        |(n, listed, watched, paused, connected_at)| Connection {
            listed,
            watched,
            paused,
            connected_at,
            ..sample::connection(CONNECTIONS[n], USERS[n % USERS.len()])
        },
    )
}

/// A token's kind and owner follow from its hash, as the hash of a random secret.
fn token() -> impl Strategy<Value = Token> {
    (0_u8..4, 1_u64..4).prop_map(|(n, hours)| {
        let kind = if n % 2 == 0 { TokenKind::Session } else { TokenKind::Ticket };
        let user = sample::user(USERS[usize::from(n / 2)]);
        Token { hash: hash(n), user, expires_at: moment(hours), ..sample::token("", kind, "") }
    })
}

fn list() -> impl Strategy<Value = Watchlist> {
    (select(&["10", "2", "3f"][..]), symbols(), 1_u64..4).prop_map(|(id, symbols, version)| Watchlist {
        symbols: symbols.into_iter().rev().collect(),
        version,
        ..sample::watchlist(id, "Änderung", &[])
    })
}

/// A share's list and owner follow from its token, as those of a random secret.
fn share() -> impl Strategy<Value = Share> {
    (0_u8..4, select(&["10", "2", "3f"][..])).prop_map(|(n, list)| {
        let byte = 16 * n + list.as_bytes()[0] % 16;
        sample::share(byte, USERS[usize::from(n / 2)], list)
    })
}

fn kind() -> impl Strategy<Value = TokenKind> + Clone {
    select(&[TokenKind::Session, TokenKind::Ticket][..])
}

fn session() -> impl Strategy<Value = SourceSession> + Clone {
    (0_u8..3).prop_map(|n| SourceSession { cookie: "A3=x".to_owned(), crumb: n.to_string(), fetched_at: sample::NOW })
}

fn breaker() -> impl Strategy<Value = Breaker> + Clone {
    (0_u32..3).prop_map(|trips| (0..trips).fold(Breaker::default(), |breaker, _| breaker.tripped(sample::NOW)))
}

fn status() -> impl Strategy<Value = SourceStatus> {
    (1_u64..20, 0_u32..9).prop_map(|(tick, on_screen)| SourceStatus {
        tick: TickNumber(tick),
        on_screen,
        ..SourceStatus::default()
    })
}

/// Any operation.
pub(super) fn operation() -> impl Strategy<Value = Operation> {
    use Operation as O;
    let id = connection_id;
    let quotes_and_polls = prop_oneof![
        quotes().prop_map(O::StoreQuotes),
        prop::collection::vec(symbol(), 0..9).prop_map(O::ReadQuotes),
        leases().prop_map(O::Extend),
        records().prop_map(O::Record),
        (prop::collection::vec(symbol(), 0..6), moments()).prop_map(|(symbols, before)| O::EndFollowed(symbols, before)),
        Just(O::ReadPollSet),
    ];
    let connections = prop_oneof![
        3 => connection().prop_map(O::AddConnection),
        1 => id().prop_map(O::RemoveConnection),
        1 => (id(), symbols()).prop_map(|(id, symbols)| O::SetListed(id, symbols)),
        1 => (id(), symbols()).prop_map(|(id, symbols)| O::SetWatched(id, symbols)),
        1 => (id(), any::<bool>()).prop_map(|(id, paused)| O::SetPaused(id, paused)),
        1 => (id(), moments()).prop_map(|(id, until)| O::SetLeasedUntil(id, until)),
        1 => moments().prop_map(O::ReadConnections),
    ];
    let tokens = prop_oneof![
        (1_u64 << 32..u64::MAX).prop_map(O::CreateUser),
        token().prop_map(O::PutToken),
        (0_u8..4, kind(), moments()).prop_map(|(n, kind, now)| O::ReadToken(hash(n), kind, now)),
        (0_u8..4, kind(), moments()).prop_map(|(n, kind, now)| O::TakeToken(hash(n), kind, now)),
        (0_u8..4, 1_u64..4).prop_map(|(n, hours)| O::ExtendToken(hash(n), moment(hours))),
        (0_u8..4).prop_map(|n| O::DeleteToken(hash(n))),
        user().prop_map(O::RemoveUser),
        (user(), moments()).prop_map(|(user, now)| O::ReadTokensOf(user, now)),
    ];
    let lists = prop_oneof![
        (user(), list()).prop_map(|(user, list)| O::InsertList(user, list)),
        (user(), list(), 1_u64..4).prop_map(|(user, list, expected)| O::ReplaceList(user, list, expected)),
        (user(), list(), prop::option::of(1_u64..4)).prop_map(|(user, list, expected)| O::DeleteList(user, list.id, expected)),
        user().prop_map(O::ReadLists),
        share().prop_map(O::PutShare),
        share().prop_map(|share| O::EndShare(share.user, share.list)),
        user().prop_map(O::ReadShares),
        moments().prop_map(O::ReadFollowers),
    ];
    let source = prop_oneof![
        session().prop_map(O::PutSession),
        session().prop_map(O::DropSession),
        (breaker(), breaker()).prop_map(|(expected, new)| O::SwapBreaker(expected, new)),
        (6_i64..9, 0_u32..5).prop_map(|(hour, calls)| O::AddCalls(hour, calls)),
        Just(O::NextTick),
        status().prop_map(O::PutStatus),
        Just(O::ReadSourceState),
    ];
    prop_oneof![quotes_and_polls, connections, tokens, lists, source]
}
