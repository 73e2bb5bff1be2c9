//! The contracts of `WatchlistScan`, `SweepReader` and `SweepWriter`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::collections::BTreeMap;
use std::time::Duration;

use quickstocks_core::model::{
    Followed, Follower, FollowerCursor, MAX_SYMBOLS_PER_LIST, SweepState, Symbol, Timestamp, Token, TokenKind, UnfinishedSweep,
    UserId,
};
use quickstocks_core::ports::TokenWriter;

use super::Store;
use crate::sample;

/// Follows `next` to the end and answers everybody, ordered by id. Checks that nobody comes twice.
async fn everybody(of: &Store, now: Timestamp) -> Vec<Follower> {
    let (mut found, mut after) = (BTreeMap::new(), None);
    loop {
        let page = of.followers(after.as_ref(), now).await.expect("lists can be scanned");
        for follower in page.followers {
            assert!(found.insert(follower.user.clone(), follower).is_none(), "each user comes once");
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return found.into_values().collect(),
        }
    }
}

/// A user with a list of these symbols, and a session.
async fn arrive(at: &Store, id: &str, symbols: &[&str]) {
    let session = sample::token(id, TokenKind::Session, id);
    at.create(&sample::guest(id), &sample::watchlist("1f", "First", symbols), &session).await.expect("a user can be made");
}

fn follower(id: &str, symbols: &[&str], seen_at: Option<Timestamp>) -> Follower {
    Follower { user: sample::user(id), symbols: sample::symbols(symbols), seen_at }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// There is nobody where nobody was put, whatever else is there.
pub async fn nobody_follows_anything_at_first(under_test: Store) {
    assert_eq!(everybody(&under_test, sample::NOW).await, []);
    under_test.store(&[sample::stored("AAPL", "1", Duration::ZERO, 1)]).await.expect("a quote can be stored");
    under_test.add(&sample::connection("c", "ann")).await.expect("a connection can be added");
    assert_eq!(everybody(&under_test, sample::NOW).await, []);
}

/// "Each with what is on all their lists", each symbol once; and nothing of anybody else's.
pub async fn a_user_is_given_once_with_what_is_on_all_their_lists(under_test: Store) {
    arrive(&under_test, "ann", &["AAPL", "MSFT"]).await;
    arrive(&under_test, "bob", &[]).await;
    for list in [sample::watchlist("2f", "Second", &["MSFT", "^GSPC"]), sample::watchlist("3f", "Third", &[])] {
        under_test.insert(&sample::user("ann"), &list).await.expect("a list can be inserted");
    }
    let expected = [follower("ann", &["AAPL", "MSFT", "^GSPC"], Some(sample::NOW)), follower("bob", &[], Some(sample::NOW))];
    assert_eq!(everybody(&under_test, sample::NOW).await, expected);
}

/// "The users who have a list."
pub async fn a_user_without_a_list_is_not_given(under_test: Store) {
    arrive(&under_test, "ann", &["AAPL"]).await;
    arrive(&under_test, "bob", &["MSFT"]).await;
    let list = sample::watchlist("1f", "", &[]).id;
    quickstocks_core::ports::WatchlistWriter::delete(&*under_test, &sample::user("ann"), &list, None)
        .await
        .expect("a list can be deleted");
    under_test.remove_user(&sample::user("bob")).await.expect("a user can be removed");
    assert_eq!(everybody(&under_test, sample::NOW).await, []);
}

/// "The latest use of any token of theirs that is listed": when it was made, or extended.
pub async fn a_user_was_seen_when_a_listed_token_was_last_used(under_test: Store) {
    let put = async |seed: &str, kind, used: u64| {
        let token = Token { used_at: sample::NOW + minutes(used), ..sample::token(seed, kind, "ann") };
        under_test.put(&token).await.expect("a token can be stored");
        token
    };
    arrive(&under_test, "ann", &["AAPL"]).await;
    arrive(&under_test, "bob", &["AAPL"]).await;
    let seen = async || everybody(&under_test, sample::NOW).await[0].seen_at;
    put("b1", TokenKind::Ticket, 50).await;
    assert_eq!(seen().await, Some(sample::NOW), "a ticket is not listed");
    let script = put("b2", TokenKind::AccessRead, 3).await;
    put("b3", TokenKind::Session, 2).await;
    assert_eq!(seen().await, Some(sample::NOW + minutes(3)));
    let extended = TokenWriter::extend(&*under_test, &script.hash, sample::NOW + minutes(7), script.expires_at).await;
    assert!(extended.expect("a token can be extended"));
    assert_eq!(seen().await, Some(sample::NOW + minutes(7)));
    TokenWriter::delete(&*under_test, &script.hash).await.expect("a token can be deleted");
    assert_eq!(seen().await, Some(sample::NOW + minutes(2)));
    assert_eq!(everybody(&under_test, sample::NOW).await[1].seen_at, Some(sample::NOW), "another's tokens do not count");
}

/// "And not expired at `now`."
pub async fn a_user_whose_tokens_have_run_out_was_not_seen(under_test: Store) {
    arrive(&under_test, "ann", &["AAPL"]).await;
    let end = sample::NOW + minutes(60);
    assert_eq!(everybody(&under_test, end - Duration::from_millis(1)).await[0].seen_at, Some(sample::NOW));
    assert_eq!(everybody(&under_test, end).await, [follower("ann", &["AAPL"], None)]);
    let session = sample::token("ann", TokenKind::Session, "ann");
    TokenWriter::extend(&*under_test, &session.hash, end, end + minutes(1)).await.expect("a token can be extended");
    assert_eq!(everybody(&under_test, end).await[0].seen_at, Some(end));
}

/// "Following `next` to its end MUST give each of them exactly once."
pub async fn every_one_of_many_users_is_paged_once(under_test: Store) {
    for n in 0..230 {
        arrive(&under_test, &format!("{n:04x}"), &["AAPL", &format!("S{n}")]).await;
    }
    let all = everybody(&under_test, sample::NOW).await;
    assert_eq!(all.len(), 230);
    for (n, found) in all.iter().enumerate() {
        assert_eq!(*found, follower(&format!("{n:04x}"), &["AAPL", &format!("S{n}")], Some(sample::NOW)));
    }
}

/// A page may end in the middle of a user.
pub async fn a_user_with_more_than_a_page_holds_is_given_whole_and_once(under_test: Store) {
    for id in ["ann", "bob", "cid"] {
        arrive(&under_test, id, &[]).await;
        for (n, symbols) in sample::many_symbols(12 * MAX_SYMBOLS_PER_LIST).chunks(MAX_SYMBOLS_PER_LIST).enumerate() {
            let texts: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
            let list = sample::watchlist(&format!("{n:02x}"), "Many", &texts);
            under_test.insert(&sample::user(id), &list).await.expect("a list can be inserted");
        }
    }
    let all = everybody(&under_test, sample::NOW).await;
    assert_eq!(all.iter().map(|found| found.user.as_str()).collect::<Vec<_>>(), ["ann", "bob", "cid"]);
    assert!(all.iter().all(|found| found.symbols.len() == 12 * MAX_SYMBOLS_PER_LIST && found.seen_at == Some(sample::NOW)));
}

/// "Each of them who was there throughout exactly once."
pub async fn users_who_come_while_paging_do_not_disturb_the_others(under_test: Store) {
    let there: Vec<UserId> = (0..130).map(|n| UserId::new(&format!("{:04x}", n * 2))).collect();
    for user in &there {
        arrive(&under_test, user.as_str(), &["AAPL"]).await;
    }
    let (mut seen, mut after, mut coming) = (Vec::new(), None, 0..130);
    loop {
        let page = under_test.followers(after.as_ref(), sample::NOW).await.expect("lists can be scanned");
        seen.extend(page.followers.into_iter().map(|found| found.user));
        if let Some(n) = coming.next() {
            arrive(&under_test, &format!("{:04x}", n * 2 + 1), &["MSFT"]).await;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let count = |user: &UserId| seen.iter().filter(|one| *one == user).count();
    assert!(there.iter().all(|user| count(user) == 1));
    assert!(seen.iter().all(|user| count(user) == 1), "also who came is given once at the most");
}

/// "The default one before the first sweep."
pub async fn there_is_no_state_at_first(under_test: Store) {
    assert_eq!(under_test.sweep().await.expect("the state can be read"), SweepState::default());
}

/// "Replaces the state."
pub async fn a_state_is_read_back_whole_and_replaced(under_test: Store) {
    let unfinished = UnfinishedSweep {
        begun_at: sample::NOW,
        after: Some(FollowerCursor::new("USER#ann LIST#1f")),
        walked: false,
        followers: sample::many_symbols(8_000).into_iter().map(|symbol| (symbol, 12_345)).collect(),
    };
    let most_followed = vec![Followed { symbol: sample::symbol("AAPL"), followers: 3 }];
    let first = SweepState { swept_at: Some(sample::NOW), most_followed: most_followed.clone(), unfinished: Some(unfinished) };
    for state in [first, SweepState { swept_at: Some(sample::NOW + minutes(1)), most_followed, unfinished: None }] {
        under_test.put_sweep(&state).await.expect("the state can be written");
        assert_eq!(under_test.sweep().await.expect("the state can be read"), state);
    }
}
