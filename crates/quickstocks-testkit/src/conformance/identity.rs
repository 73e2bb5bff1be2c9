//! The contracts of `UserReader`, `UserWriter`, `TokenReader` and `TokenWriter`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::time::Duration;

use quickstocks_core::model::{Timestamp, Token, TokenKind};
use quickstocks_core::ports::{Change, StoreError, TokenWriter};

use super::{CALLERS, Store, at_once};
use crate::sample;

const MILLISECOND: Duration = Duration::from_millis(1);
const KINDS: [TokenKind; 7] = [
    TokenKind::Session,
    TokenKind::Ticket,
    TokenKind::AccessRead,
    TokenKind::AccessWrite,
    TokenKind::Pairing,
    TokenKind::Recovery,
    TokenKind::Invite,
];

fn ticket() -> Token {
    sample::token("a1", TokenKind::Ticket, "ann")
}

async fn put(to: &Store, token: &Token) {
    to.put(token).await.expect("a token can be stored");
}

async fn get(from: &Store, token: &Token, kind: TokenKind, now: Timestamp) -> Option<Token> {
    from.token(&token.hash, kind, now).await.expect("a token can be read")
}

async fn take(from: &Store, token: &Token, kind: TokenKind, now: Timestamp) -> Option<Token> {
    from.take(&token.hash, kind, now).await.expect("a token can be taken")
}

async fn extend(on: &Store, token: &Token, until: Timestamp) -> bool {
    TokenWriter::extend(&**on, &token.hash, sample::NOW, until).await.expect("a token can be extended")
}

/// "Stores a new user together with their first list and their session."
pub async fn a_new_user_has_their_list_and_their_session(under_test: Store) {
    let list = sample::watchlist("1f", "Your Picks", &["AAPL", "MSFT"]);
    let session = sample::token("5e55", TokenKind::Session, "ann");
    under_test.create(&sample::guest("ann"), &list, &session).await.expect("a user can be made");
    assert_eq!(under_test.watchlists(&sample::user("ann")).await.expect("lists can be read"), [list]);
    assert_eq!(get(&under_test, &session, TokenKind::Session, sample::NOW).await, Some(session));
}

/// Two guests of one moment have nothing in common.
pub async fn users_are_kept_apart(under_test: Store) {
    for name in ["ann", "bob"] {
        let list = sample::watchlist("1f", name, &["AAPL"]);
        let session = sample::token(&format!("5e55{name}"), TokenKind::Session, name);
        under_test.create(&sample::guest(name), &list, &session).await.expect("a user can be made");
    }
    for name in ["ann", "bob"] {
        let lists = under_test.watchlists(&sample::user(name)).await.expect("lists can be read");
        assert_eq!(lists, [sample::watchlist("1f", name, &["AAPL"])]);
        let session = sample::token(&format!("5e55{name}"), TokenKind::Session, name);
        assert_eq!(get(&under_test, &session, TokenKind::Session, sample::NOW).await, Some(session));
    }
}

/// "All or nothing. When a user, a list of theirs or a token of that id is already there, it MUST stay, nothing is stored, and
/// the answer is `StoreError::Refused`."
pub async fn making_a_user_over_what_is_there_is_refused_and_stores_nothing(under_test: Store) {
    let (list, session) = (sample::watchlist("1f", "First", &["AAPL"]), sample::token("5e55", TokenKind::Session, "ann"));
    under_test.create(&sample::guest("ann"), &list, &session).await.expect("a user can be made");
    let (other_list, other_session) = (sample::watchlist("2f", "Second", &[]), sample::token("07e4", TokenKind::Session, "bob"));
    for (name, session) in [("ann", &other_session), ("bob", &session)] {
        let answer = under_test.create(&sample::guest(name), &other_list, session).await;
        assert!(matches!(answer, Err(StoreError::Refused(_))), "{answer:?}");
    }
    assert_eq!(under_test.watchlists(&sample::user("ann")).await.expect("lists can be read"), [list]);
    assert_eq!(under_test.watchlists(&sample::user("bob")).await.expect("lists can be read"), []);
    assert_eq!(get(&under_test, &session, TokenKind::Session, sample::NOW).await.as_ref(), Some(&session));
    assert_eq!(get(&under_test, &other_session, TokenKind::Session, sample::NOW).await, None);
    under_test.create(&sample::guest("bob"), &other_list, &other_session).await.expect("nothing of the refused one is left");
}

/// "Stores a token." Of every kind, with a name and without.
pub async fn a_token_is_read_back_whole(under_test: Store) {
    for (n, kind) in KINDS.into_iter().enumerate() {
        let token = Token {
            name: (n % 2 == 0).then(|| "my \u{e4} script".parse().expect("a name")),
            created_at: sample::NOW - 2 * MILLISECOND,
            used_at: sample::NOW - MILLISECOND,
            expires_at: sample::NOW + 7 * MILLISECOND,
            ..sample::token("70", kind, "ann")
        };
        put(&under_test, &token).await;
        assert_eq!(get(&under_test, &token, kind, sample::NOW).await, Some(token));
    }
}

async fn tokens_of(from: &Store, user: &str, now: Timestamp) -> Vec<Token> {
    from.tokens_of(&sample::user(user), now).await.expect("a user's tokens can be read")
}

/// "A user's tokens of the kinds that are listed, ordered by when they were made and then by hash."
pub async fn the_tokens_of_a_user_are_those_of_listed_kinds_in_order(under_test: Store) {
    let mut listed = Vec::new();
    for (n, kind) in KINDS.into_iter().enumerate() {
        // Later hashes are made earlier, two at a time.
        let made = sample::NOW - u32::try_from(n / 2).expect("a small number") * MILLISECOND;
        let token = Token { created_at: made, ..sample::token(&format!("a{n}"), kind, "ann") };
        put(&under_test, &token).await;
        listed.extend(kind.is_listed().then_some(token));
        put(&under_test, &sample::token(&format!("b{n}"), kind, "bob")).await;
    }
    listed.sort_by(|left, right| (left.created_at, &left.hash).cmp(&(right.created_at, &right.hash)));
    assert_eq!(tokens_of(&under_test, "ann", sample::NOW).await, listed);
    assert_eq!(tokens_of(&under_test, "nobody", sample::NOW).await, []);
}

/// "Without those that expired at `now`", nor those that were extended, taken or deleted as they were before.
pub async fn the_tokens_of_a_user_are_as_they_are_now(under_test: Store) {
    let session = |seed: &str| sample::token(seed, TokenKind::Session, "ann");
    let short = Token { expires_at: sample::NOW + MILLISECOND, ..session("a1") };
    for token in [&short, &session("a2"), &session("a3"), &session("a4")] {
        put(&under_test, token).await;
    }
    TokenWriter::delete(&*under_test, &session("a2").hash).await.expect("a token can be deleted");
    assert!(take(&under_test, &session("a3"), TokenKind::Session, sample::NOW).await.is_some());
    let until = sample::NOW + Duration::from_hours(5);
    assert!(extend(&under_test, &session("a4"), until).await);
    let extended = Token { expires_at: until, ..session("a4") };
    assert_eq!(tokens_of(&under_test, "ann", sample::NOW).await, [short, extended.clone()]);
    assert_eq!(tokens_of(&under_test, "ann", sample::NOW + MILLISECOND).await, [extended]);
}

/// A session that was made with the user is one of their tokens.
pub async fn a_new_user_has_their_session_among_their_tokens(under_test: Store) {
    let session = sample::token("5e55", TokenKind::Session, "ann");
    under_test.create(&sample::guest("ann"), &sample::watchlist("1f", "First", &[]), &session).await.expect("a user can be made");
    assert_eq!(tokens_of(&under_test, "ann", sample::NOW).await, [session]);
}

/// `UserReader`: "The user of that id."
pub async fn a_user_is_read_back_whole(under_test: Store) {
    let session = sample::token("5e55", TokenKind::Session, "ann");
    under_test.create(&sample::guest("ann"), &sample::watchlist("1f", "First", &[]), &session).await.expect("a user can be made");
    let read = async |name: &str| under_test.user(&sample::user(name)).await.expect("a user can be read");
    assert_eq!(read("ann").await, Some(sample::guest("ann")));
    assert_eq!(read("bob").await, None);
}

/// "Removes a user and everything that is theirs", nothing of anybody else; "a user who is not there is no error".
pub async fn a_removed_user_leaves_nothing(under_test: Store) {
    for name in ["ann", "bob"] {
        let session = sample::token(&format!("5e55{name}"), TokenKind::Session, name);
        under_test.create(&sample::guest(name), &sample::watchlist("1f", name, &[]), &session).await.expect("a user can be made");
        under_test.insert(&sample::user(name), &sample::watchlist("2f", name, &["AAPL"])).await.expect("a list can be made");
        under_test.put_preferences(&sample::user(name), &sample::preferences(), 0).await.expect("preferences can be written");
        under_test.add(&sample::connection(&format!("{name}="), name)).await.expect("a connection can be added");
        put(&under_test, &sample::token(&format!("acce55{name}"), TokenKind::AccessRead, name)).await;
        put(&under_test, &sample::token(&format!("71c4e7{name}"), TokenKind::Ticket, name)).await;
    }
    for _ in 0..2 {
        under_test.remove_user(&sample::user("ann")).await.expect("removing is no error");
        for (name, there) in [("ann", false), ("bob", true)] {
            let user = sample::user(name);
            assert_eq!(under_test.user(&user).await.expect("a user can be read").is_some(), there, "{name}");
            assert_eq!(under_test.watchlists(&user).await.expect("lists can be read").len(), if there { 2 } else { 0 }, "{name}");
            assert_eq!(under_test.preferences(&user).await.expect("preferences can be read").is_some(), there, "{name}");
            let connections = under_test.connections_of(&user, sample::NOW).await.expect("connections can be read");
            assert_eq!(connections.len(), usize::from(there), "{name}");
            let id = sample::connection(&format!("{name}="), name).id;
            assert_eq!(
                under_test.connection(&id, sample::NOW).await.expect("a connection can be read").is_some(),
                there,
                "{name}"
            );
            assert_eq!(tokens_of(&under_test, name, sample::NOW).await.len(), if there { 2 } else { 0 }, "{name}");
            let session = sample::token(&format!("5e55{name}"), TokenKind::Session, name);
            assert_eq!(get(&under_test, &session, TokenKind::Session, sample::NOW).await.is_some(), there, "{name}");
            let ticket = sample::token(&format!("71c4e7{name}"), TokenKind::Ticket, name);
            assert!(get(&under_test, &ticket, TokenKind::Ticket, sample::NOW).await.is_some(), "{name}: it dies of itself");
        }
    }
    let answer = under_test.replace(&sample::user("ann"), &sample::watchlist("1f", "again", &[]), 1).await;
    assert!(matches!(answer, Ok(Change::Missing)), "an edit that comes late makes no list: {answer:?}");
}

/// Nothing comes from nothing.
pub async fn an_unknown_token_is_answered_with_none(under_test: Store) {
    put(&under_test, &ticket()).await;
    let unknown = sample::token("a2", TokenKind::Ticket, "ann");
    assert_eq!(get(&under_test, &unknown, TokenKind::Ticket, sample::NOW).await, None);
}

/// "One of another kind MUST be answered with `None`."
pub async fn a_token_of_another_kind_is_answered_with_none(under_test: Store) {
    put(&under_test, &ticket()).await;
    assert_eq!(get(&under_test, &ticket(), TokenKind::Session, sample::NOW).await, None);
}

/// "Or one that expired at `now`": from the very moment it stops being good.
pub async fn an_expired_token_is_answered_with_none(under_test: Store) {
    let token = ticket();
    put(&under_test, &token).await;
    assert_eq!(get(&under_test, &token, TokenKind::Ticket, token.expires_at - MILLISECOND).await.as_ref(), Some(&token));
    assert_eq!(get(&under_test, &token, TokenKind::Ticket, token.expires_at).await, None);
    assert_eq!(get(&under_test, &token, TokenKind::Ticket, token.expires_at + MILLISECOND).await, None);
}

/// "Takes a token out of the store."
pub async fn a_taken_token_is_gone(under_test: Store) {
    put(&under_test, &ticket()).await;
    assert_eq!(take(&under_test, &ticket(), TokenKind::Ticket, sample::NOW).await, Some(ticket()));
    assert_eq!(take(&under_test, &ticket(), TokenKind::Ticket, sample::NOW).await, None);
    assert_eq!(get(&under_test, &ticket(), TokenKind::Ticket, sample::NOW).await, None);
}

/// "In one step: of any number of callers exactly one MUST get it."
pub async fn of_twenty_callers_exactly_one_takes_a_token(under_test: Store) {
    put(&under_test, &ticket()).await;
    let answers = at_once(CALLERS, |_| {
        let under_test = under_test.clone();
        async move { take(&under_test, &ticket(), TokenKind::Ticket, sample::NOW).await }
    })
    .await;
    assert_eq!(answers.into_iter().flatten().collect::<Vec<_>>(), [ticket()]);
}

/// "One of another kind MUST stay."
pub async fn taking_a_token_of_another_kind_leaves_it(under_test: Store) {
    let session = sample::token("5e55", TokenKind::Session, "ann");
    put(&under_test, &session).await;
    assert_eq!(take(&under_test, &session, TokenKind::Ticket, sample::NOW).await, None);
    assert_eq!(get(&under_test, &session, TokenKind::Session, sample::NOW).await.as_ref(), Some(&session));
    assert_eq!(take(&under_test, &session, TokenKind::Session, sample::NOW).await, Some(session));
}

/// "One that expired at `now` MUST be answered with `None`."
pub async fn taking_an_expired_or_unknown_token_answers_none(under_test: Store) {
    assert_eq!(take(&under_test, &ticket(), TokenKind::Ticket, sample::NOW).await, None);
    put(&under_test, &ticket()).await;
    assert_eq!(take(&under_test, &ticket(), TokenKind::Ticket, ticket().expires_at).await, None);
}

/// "Makes a token last until `until`. Answers whether it was there."
pub async fn an_extended_token_lasts_longer(under_test: Store) {
    let token = ticket();
    put(&under_test, &token).await;
    let until = token.expires_at + Duration::from_hours(24 * 90);
    assert!(extend(&under_test, &token, until).await);
    let expected = Token { expires_at: until, used_at: sample::NOW, ..token };
    assert_eq!(get(&under_test, &expected, TokenKind::Ticket, until - MILLISECOND).await.as_ref(), Some(&expected));
    assert_eq!(get(&under_test, &expected, TokenKind::Ticket, until).await, None);
}

/// "It MUST NOT make one."
pub async fn extending_makes_no_token(under_test: Store) {
    let until = ticket().expires_at + Duration::from_hours(1);
    assert!(!extend(&under_test, &ticket(), until).await);
    put(&under_test, &ticket()).await;
    take(&under_test, &ticket(), TokenKind::Ticket, sample::NOW).await;
    assert!(!extend(&under_test, &ticket(), until).await);
    for kind in KINDS {
        assert_eq!(get(&under_test, &ticket(), kind, sample::NOW).await, None);
    }
}

/// "Removes a token; one that is not there is no error."
pub async fn a_deleted_token_is_gone_and_deleting_it_again_is_no_error(under_test: Store) {
    let other = sample::token("a2", TokenKind::Ticket, "ann");
    put(&under_test, &ticket()).await;
    put(&under_test, &other).await;
    for _ in 0..2 {
        TokenWriter::delete(&*under_test, &ticket().hash).await.expect("deleting is no error");
        assert_eq!(get(&under_test, &ticket(), TokenKind::Ticket, sample::NOW).await, None);
    }
    assert_eq!(get(&under_test, &other, TokenKind::Ticket, sample::NOW).await, Some(other));
}

/// A logout and the last request of a session meet: the session stays dead.
pub async fn a_token_taken_and_extended_at_once_is_gone(under_test: Store) {
    put(&under_test, &ticket()).await;
    at_once(CALLERS, |caller| {
        let under_test = under_test.clone();
        async move {
            if caller == CALLERS / 2 {
                assert!(take(&under_test, &ticket(), TokenKind::Ticket, sample::NOW).await.is_some());
            } else {
                extend(&under_test, &ticket(), sample::NOW + Duration::from_hours(24)).await;
            }
        }
    })
    .await;
    assert_eq!(get(&under_test, &ticket(), TokenKind::Ticket, sample::NOW).await, None);
}
