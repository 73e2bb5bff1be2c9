//! The contracts of `WatchlistReader` and `WatchlistWriter`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::collections::BTreeSet;
use std::time::Duration;

use quickstocks_core::model::{ListId, MAX_LIST_NAME_CHARS, MAX_NOTE_CHARS, MAX_SYMBOLS_PER_LIST, Note, Symbol, Watchlist};
use quickstocks_core::ports::{Change, WatchlistWriter};

use super::{CALLERS, Store, at_once};
use crate::sample;

fn picks() -> Watchlist {
    let note = "buy below 200\nor \u{e4}lter".parse().expect("a note");
    let notes = [(sample::symbol("^GSPC"), note)].into();
    Watchlist { notes, ..sample::watchlist("1f", "Your Picks", &["MSFT", "AAPL", "^GSPC"]) }
}

/// The list after a change: of the next version, with that name.
fn changed(list: &Watchlist, name: &str) -> Watchlist {
    Watchlist {
        name: name.to_owned(),
        version: list.version + 1,
        updated_at: list.updated_at + Duration::from_secs(1),
        ..list.clone()
    }
}

async fn insert(to: &Store, user: &str, list: &Watchlist) -> Change {
    to.insert(&sample::user(user), list).await.expect("a list can be inserted")
}

async fn replace(on: &Store, user: &str, list: &Watchlist, expected: u64) -> Change {
    on.replace(&sample::user(user), list, expected).await.expect("a list can be replaced")
}

async fn delete(from: &Store, user: &str, id: &ListId, expected: Option<u64>) -> Change {
    WatchlistWriter::delete(&**from, &sample::user(user), id, expected).await.expect("a list can be deleted")
}

async fn get(from: &Store, user: &str, id: &ListId) -> Option<Watchlist> {
    from.watchlist(&sample::user(user), id).await.expect("a list can be read")
}

async fn all(from: &Store, user: &str) -> Vec<Watchlist> {
    from.watchlists(&sample::user(user)).await.expect("lists can be read")
}

async fn is_read_back(under_test: &Store, list: Watchlist) {
    assert_eq!(insert(under_test, "ann", &list).await, Change::Done);
    assert_eq!(get(under_test, "ann", &list.id).await.as_ref(), Some(&list));
    assert_eq!(all(under_test, "ann").await, [list]);
}

/// Every property, alone and among the user's lists.
pub async fn a_list_is_read_back_whole(under_test: Store) {
    is_read_back(&under_test, Watchlist { version: 9_007_199_254_740_993, ..picks() }).await;
}

/// The longest notes about as many symbols as a list holds.
pub async fn a_list_full_of_notes_is_read_back_whole(under_test: Store) {
    let symbols: Vec<Symbol> = sample::many_symbols(MAX_SYMBOLS_PER_LIST);
    let note = "\u{20ac}".repeat(MAX_NOTE_CHARS).parse::<Note>().expect("a note");
    let notes = symbols.iter().map(|symbol| (symbol.clone(), note.clone())).collect();
    is_read_back(&under_test, Watchlist { symbols, notes, ..picks() }).await;
}

/// A name is text: nothing in it is a command, a key or a type.
pub async fn names_of_any_script_and_reserved_words_are_kept(under_test: Store) {
    let longest = "📈".repeat(MAX_LIST_NAME_CHARS);
    let names = [
        "名前 — Äktien Ω",
        "name",
        "SELECT",
        "null",
        "1",
        "a'; DROP TABLE watchlists; --",
        "\"#name\" :value",
        longest.as_str(),
        "e\u{301}",
    ];
    for (name, n) in names.iter().zip(0..) {
        let list = sample::watchlist(&format!("{n:016x}"), name, &["NAME", "KEY"]);
        assert_eq!(insert(&under_test, "ann", &list).await, Change::Done);
        assert_eq!(get(&under_test, "ann", &list.id).await, Some(list));
    }
    assert_eq!(all(&under_test, "ann").await.iter().map(|list| list.name.as_str()).collect::<Vec<_>>(), names);
}

/// From no symbol to as many as a list holds.
pub async fn a_full_and_an_empty_list_are_read_back_in_the_owners_order(under_test: Store) {
    let mut symbols = sample::many_symbols(MAX_SYMBOLS_PER_LIST);
    symbols.reverse();
    let full = Watchlist { symbols, ..picks() };
    assert_eq!(insert(&under_test, "ann", &full).await, Change::Done);
    assert_eq!(get(&under_test, "ann", &full.id).await.as_ref(), Some(&full));
    let empty = Watchlist { symbols: Vec::new(), ..changed(&full, "Nothing") };
    assert_eq!(replace(&under_test, "ann", &empty, 1).await, Change::Done);
    assert_eq!(all(&under_test, "ann").await, [empty]);
}

/// "A user's lists, ordered by id." More of them, and larger, than one page of a database holds.
pub async fn many_lists_are_answered_ordered_by_id(under_test: Store) {
    let lists: Vec<Watchlist> = (0..60)
        .map(|n| Watchlist {
            symbols: sample::many_symbols(MAX_SYMBOLS_PER_LIST),
            ..sample::watchlist(&format!("{:02}", (n * 7) % 60), "Many", &[])
        })
        .collect();
    for list in &lists {
        insert(&under_test, "ann", list).await;
    }
    let mut expected = lists;
    expected.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(all(&under_test, "ann").await, expected);
}

/// "None for a user nobody knows."
pub async fn an_unknown_user_has_no_lists(under_test: Store) {
    insert(&under_test, "ann", &picks()).await;
    assert_eq!(all(&under_test, "nobody").await, []);
}

/// "Another user's list MUST be answered with `None`."
pub async fn another_users_list_is_invisible(under_test: Store) {
    insert(&under_test, "ann", &picks()).await;
    for stranger in ["bob", "an", "anna", "ANN", "%", "*"] {
        assert_eq!(get(&under_test, stranger, &picks().id).await, None);
        assert_eq!(all(&under_test, stranger).await, []);
    }
    assert_eq!(get(&under_test, "ann", &ListId::new("1")).await, None);
}

/// An id is only unique within its owner's lists.
pub async fn two_users_may_have_lists_of_one_id(under_test: Store) {
    let (anns, bobs) = (picks(), sample::watchlist("1f", "Bob's", &["IBM"]));
    assert_eq!(insert(&under_test, "ann", &anns).await, Change::Done);
    assert_eq!(insert(&under_test, "bob", &bobs).await, Change::Done);
    assert_eq!(all(&under_test, "ann").await, [anns]);
    assert_eq!(all(&under_test, "bob").await, [bobs]);
}

/// "`Change::Conflict` when the user has a list of that id."
pub async fn inserting_a_second_time_conflicts_and_changes_nothing(under_test: Store) {
    insert(&under_test, "ann", &picks()).await;
    assert_eq!(insert(&under_test, "ann", &changed(&picks(), "Again")).await, Change::Conflict);
    assert_eq!(all(&under_test, "ann").await, [picks()]);
}

/// The look and the write are one step.
pub async fn of_callers_that_insert_one_id_exactly_one_wins(under_test: Store) {
    let answers = at_once(CALLERS, |caller| {
        let under_test = under_test.clone();
        async move { insert(&under_test, "ann", &sample::watchlist("1f", &caller.to_string(), &["AAPL"])).await }
    })
    .await;
    let winners: Vec<usize> = (0..CALLERS).filter(|caller| answers[*caller] == Change::Done).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == Change::Conflict).count(), CALLERS - 1);
    assert_eq!(get(&under_test, "ann", &picks().id).await.map(|list| list.name), Some(winners[0].to_string()));
}

/// "Replaces the user's list of that id if its stored version is `expected`."
pub async fn a_list_of_the_expected_version_is_replaced_whole(under_test: Store) {
    insert(&under_test, "ann", &picks()).await;
    let next = Watchlist { symbols: sample::symbols(&["IBM"]), ..changed(&picks(), "Renamed") };
    assert_eq!(replace(&under_test, "ann", &next, 1).await, Change::Done);
    assert_eq!(all(&under_test, "ann").await, [next]);
}

/// "The stored version is another one; nothing was changed."
pub async fn a_list_of_another_version_is_not_replaced(under_test: Store) {
    let stored = Watchlist { version: 5, ..picks() };
    insert(&under_test, "ann", &stored).await;
    for expected in [0, 4, 6, 50, u64::MAX] {
        assert_eq!(replace(&under_test, "ann", &changed(&stored, "Late"), expected).await, Change::Conflict);
    }
    assert_eq!(all(&under_test, "ann").await, [stored]);
}

/// "It is not there (or not this user's, which nobody can tell apart); nothing was changed."
pub async fn a_list_that_is_missing_or_foreign_is_not_replaced(under_test: Store) {
    assert_eq!(replace(&under_test, "ann", &picks(), 1).await, Change::Missing);
    assert_eq!(all(&under_test, "ann").await, []);
    insert(&under_test, "ann", &picks()).await;
    for expected in [1, 2] {
        assert_eq!(replace(&under_test, "bob", &changed(&picks(), "Mine now"), expected).await, Change::Missing);
    }
    assert_eq!(all(&under_test, "ann").await, [picks()]);
    assert_eq!(all(&under_test, "bob").await, []);
}

/// "In one step."
pub async fn of_callers_that_expect_one_version_exactly_one_replaces(under_test: Store) {
    insert(&under_test, "ann", &picks()).await;
    let answers = at_once(CALLERS, |caller| {
        let under_test = under_test.clone();
        async move { replace(&under_test, "ann", &changed(&picks(), &caller.to_string()), 1).await }
    })
    .await;
    let winners: Vec<usize> = (0..CALLERS).filter(|caller| answers[*caller] == Change::Done).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == Change::Conflict).count(), CALLERS - 1);
    assert_eq!(all(&under_test, "ann").await, [changed(&picks(), &winners[0].to_string())]);
}

/// Two tabs add a symbol each: whoever loses reads again, and no symbol is lost.
pub async fn edits_that_meet_and_try_again_are_all_kept(under_test: Store) {
    insert(&under_test, "ann", &Watchlist { symbols: Vec::new(), ..picks() }).await;
    let symbols = sample::many_symbols(8);
    at_once(symbols.len(), |caller| {
        let (under_test, symbol) = (under_test.clone(), symbols[caller].clone());
        async move {
            loop {
                let stored = get(&under_test, "ann", &picks().id).await.expect("it is there");
                let mut next = changed(&stored, &stored.name);
                next.symbols.push(symbol.clone());
                if replace(&under_test, "ann", &next, stored.version).await == Change::Done {
                    return;
                }
            }
        }
    })
    .await;
    let list = get(&under_test, "ann", &picks().id).await.expect("it is there");
    assert_eq!(list.symbols.len(), symbols.len());
    assert_eq!(list.symbols.into_iter().collect::<BTreeSet<Symbol>>(), symbols.into_iter().collect());
    assert_eq!(list.version, 9);
}

/// "Removes a list, if its stored version is `expected`."
pub async fn a_list_of_the_expected_version_is_deleted(under_test: Store) {
    let other = sample::watchlist("2f", "Other", &["AAPL"]);
    insert(&under_test, "ann", &picks()).await;
    insert(&under_test, "ann", &other).await;
    assert_eq!(delete(&under_test, "ann", &picks().id, Some(1)).await, Change::Done);
    assert_eq!(all(&under_test, "ann").await, [other]);
}

/// "Whatever it is, for `None`."
pub async fn a_list_is_deleted_whatever_its_version_is(under_test: Store) {
    insert(&under_test, "ann", &Watchlist { version: 7, ..picks() }).await;
    assert_eq!(delete(&under_test, "ann", &picks().id, None).await, Change::Done);
    assert_eq!(all(&under_test, "ann").await, []);
}

/// "Nothing was changed."
pub async fn a_list_of_another_version_is_not_deleted(under_test: Store) {
    insert(&under_test, "ann", &picks()).await;
    assert_eq!(delete(&under_test, "ann", &picks().id, Some(2)).await, Change::Conflict);
    assert_eq!(all(&under_test, "ann").await, [picks()]);
}

/// Nobody deletes what is not theirs, and nobody learns that it is there.
pub async fn a_list_that_is_missing_or_foreign_is_not_deleted(under_test: Store) {
    insert(&under_test, "ann", &picks()).await;
    for expected in [None, Some(1), Some(2)] {
        assert_eq!(delete(&under_test, "bob", &picks().id, expected).await, Change::Missing);
        assert_eq!(delete(&under_test, "ann", &ListId::new("2f"), expected).await, Change::Missing);
    }
    assert_eq!(all(&under_test, "ann").await, [picks()]);
}

/// A late edit does not bring a deleted list back; an undo may.
pub async fn a_deleted_list_cannot_be_replaced_and_may_be_inserted_again(under_test: Store) {
    insert(&under_test, "ann", &picks()).await;
    delete(&under_test, "ann", &picks().id, None).await;
    assert_eq!(replace(&under_test, "ann", &changed(&picks(), "Late"), 1).await, Change::Missing);
    assert_eq!(delete(&under_test, "ann", &picks().id, None).await, Change::Missing);
    assert_eq!(insert(&under_test, "ann", &picks()).await, Change::Done);
    assert_eq!(all(&under_test, "ann").await, [picks()]);
}
