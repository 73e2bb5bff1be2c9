//! The contracts of `ShareReader` and `ShareWriter`, and what the end of a list or of its user means for them.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use quickstocks_core::model::{ListId, Share, UserId, Watchlist};
use quickstocks_core::ports::{Change, ShareWrite, WatchlistWriter};

use super::{CALLERS, Store, at_once};
use crate::sample;

/// A list with each of these ids.
async fn lists(at: &Store, user: &str, ids: &[&str]) {
    for id in ids {
        let list = sample::watchlist(id, "Picks", &["AAPL"]);
        assert_eq!(at.insert(&sample::user(user), &list).await.expect("a list can be made"), Change::Done);
    }
}

async fn put(at: &Store, share: &Share) -> ShareWrite {
    at.put_share(share).await.expect("a share can be written")
}

async fn get(at: &Store, user: &str, list: &str) -> Option<Share> {
    at.share(&sample::user(user), &ListId::new(list)).await.expect("a share can be read")
}

async fn end(at: &Store, user: &str, list: &str) -> bool {
    at.end_share(&sample::user(user), &ListId::new(list)).await.expect("a share can be ended")
}

async fn leads_to(at: &Store, share: &Share) -> Option<(UserId, ListId)> {
    at.shared_list(&share.token.hash()).await.expect("a share can be found")
}

async fn delete(at: &Store, user: &str, list: &str, expected: Option<u64>) -> Change {
    let deleted = WatchlistWriter::delete(&**at, &sample::user(user), &ListId::new(list), expected).await;
    deleted.expect("a list can be deleted")
}

fn target(user: &str, list: &str) -> (UserId, ListId) {
    (sample::user(user), ListId::new(list))
}

/// "The link to a user's list"; "the list that the link leads to whose token has this hash".
pub async fn a_share_is_read_back_whole_by_its_owner_and_found_by_its_hash(under_test: Store) {
    lists(&under_test, "ann", &["1f"]).await;
    let share = sample::share(1, "ann", "1f");
    assert_eq!((get(&under_test, "ann", "1f").await, leads_to(&under_test, &share).await), (None, None));
    assert_eq!(put(&under_test, &share).await, ShareWrite::Made);
    assert_eq!(get(&under_test, "ann", "1f").await, Some(share.clone()));
    assert_eq!(leads_to(&under_test, &share).await, Some(target("ann", "1f")));
    assert_eq!(leads_to(&under_test, &sample::share(2, "ann", "1f")).await, None, "another token leads nowhere");
}

/// "Unless its list has one."
pub async fn a_list_keeps_its_share(under_test: Store) {
    lists(&under_test, "ann", &["1f"]).await;
    let (share, second) = (sample::share(1, "ann", "1f"), sample::share(2, "ann", "1f"));
    put(&under_test, &share).await;
    assert_eq!(put(&under_test, &second).await, ShareWrite::There(share.clone()));
    assert_eq!(get(&under_test, "ann", "1f").await, Some(share));
    assert_eq!(leads_to(&under_test, &second).await, None);
}

/// "Exactly one MUST be answered with `Made` and the others with what that one stored."
pub async fn of_twenty_callers_exactly_one_makes_a_share(under_test: Store) {
    lists(&under_test, "ann", &["1f"]).await;
    let answers = at_once(CALLERS, |n| {
        let under_test = under_test.clone();
        let share = sample::share(u8::try_from(n).expect("there are few"), "ann", "1f");
        async move { (put(&under_test, &share).await, share) }
    })
    .await;
    let made: Vec<&Share> = answers.iter().filter(|(answer, _)| *answer == ShareWrite::Made).map(|(_, share)| share).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    for (answer, share) in &answers {
        let leads = leads_to(&under_test, share).await;
        if share == made[0] {
            assert_eq!(leads, Some(target("ann", "1f")));
        } else {
            assert_eq!((answer, leads), (&ShareWrite::There(made[0].clone()), None));
        }
    }
}

/// "A link to a list that its user does not have MUST NOT be stored."
pub async fn there_is_no_share_of_a_list_that_is_missing_or_foreign(under_test: Store) {
    lists(&under_test, "ann", &["1f"]).await;
    for share in [sample::share(1, "ann", "2f"), sample::share(2, "bob", "1f")] {
        assert_eq!(put(&under_test, &share).await, ShareWrite::NoList);
        assert_eq!(leads_to(&under_test, &share).await, None);
    }
    assert_eq!((get(&under_test, "ann", "2f").await, get(&under_test, "bob", "1f").await), (None, None));
}

/// "Another user's MUST be answered with `None`"; "MUST stay".
pub async fn another_users_share_is_out_of_reach(under_test: Store) {
    lists(&under_test, "ann", &["1f"]).await;
    lists(&under_test, "bob", &["2f"]).await;
    let share = sample::share(1, "ann", "1f");
    put(&under_test, &share).await;
    assert_eq!(get(&under_test, "bob", "1f").await, None);
    assert!(!end(&under_test, "bob", "1f").await);
    assert_eq!(leads_to(&under_test, &share).await, Some(target("ann", "1f")));
}

/// "Ordered by the list's id."
pub async fn the_shares_of_a_user_are_ordered_and_nobody_elses(under_test: Store) {
    lists(&under_test, "ann", &["3f", "10", "2f", "4f"]).await;
    lists(&under_test, "bob", &["10"]).await;
    for (n, list) in [(1, "3f"), (2, "10"), (3, "2f")] {
        put(&under_test, &sample::share(n, "ann", list)).await;
    }
    put(&under_test, &sample::share(4, "bob", "10")).await;
    let all = under_test.shares(&sample::user("ann")).await.expect("shares can be read");
    assert_eq!(all, [sample::share(2, "ann", "10"), sample::share(3, "ann", "2f"), sample::share(1, "ann", "3f")]);
    assert_eq!(under_test.shares(&sample::user("eve")).await.expect("shares can be read"), []);
}

/// "MUST be answered with `None` from then on."
pub async fn an_ended_share_leads_nowhere_and_a_new_one_is_another(under_test: Store) {
    lists(&under_test, "ann", &["1f"]).await;
    let (former, new) = (sample::share(1, "ann", "1f"), sample::share(2, "ann", "1f"));
    assert!(!end(&under_test, "ann", "1f").await, "there is none yet");
    put(&under_test, &former).await;
    assert!(end(&under_test, "ann", "1f").await);
    assert_eq!((get(&under_test, "ann", "1f").await, leads_to(&under_test, &former).await), (None, None));
    assert!(!end(&under_test, "ann", "1f").await);
    assert_eq!(put(&under_test, &new).await, ShareWrite::Made);
    assert_eq!((leads_to(&under_test, &former).await, leads_to(&under_test, &new).await), (None, Some(target("ann", "1f"))));
}

/// A link is to the list as it is, whatever becomes of it.
pub async fn editing_a_list_leaves_its_share(under_test: Store) {
    lists(&under_test, "ann", &["1f"]).await;
    let share = sample::share(1, "ann", "1f");
    put(&under_test, &share).await;
    let edited = Watchlist { version: 2, ..sample::watchlist("1f", "Other", &["MSFT"]) };
    assert_eq!(under_test.replace(&share.user, &edited, 1).await.expect("a list can be replaced"), Change::Done);
    assert_eq!(get(&under_test, "ann", "1f").await, Some(share.clone()));
    assert_eq!(leads_to(&under_test, &share).await, Some(target("ann", "1f")));
    let list = under_test.watchlist(&share.user, &share.list).await.expect("a list can be read");
    assert_eq!(list, Some(edited), "a link changes nothing of its list");
}

/// `WatchlistWriter::delete`: "no link MUST be left of a list that is gone".
pub async fn a_deleted_list_leaves_no_share(under_test: Store) {
    lists(&under_test, "ann", &["1f", "2f"]).await;
    lists(&under_test, "bob", &["1f"]).await;
    let (gone, other, foreign) = (sample::share(1, "ann", "1f"), sample::share(2, "ann", "2f"), sample::share(3, "bob", "1f"));
    for share in [&gone, &other, &foreign] {
        put(&under_test, share).await;
    }
    assert_eq!(delete(&under_test, "ann", "1f", Some(1)).await, Change::Done);
    assert_eq!((get(&under_test, "ann", "1f").await, leads_to(&under_test, &gone).await), (None, None));
    assert_eq!(leads_to(&under_test, &other).await, Some(target("ann", "2f")));
    assert_eq!(leads_to(&under_test, &foreign).await, Some(target("bob", "1f")));
    lists(&under_test, "ann", &["1f"]).await;
    assert_eq!(get(&under_test, "ann", "1f").await, None, "one that is put back is not shared");
}

/// "Nothing was changed."
pub async fn a_list_that_is_not_deleted_keeps_its_share(under_test: Store) {
    lists(&under_test, "ann", &["1f"]).await;
    let share = sample::share(1, "ann", "1f");
    put(&under_test, &share).await;
    assert_eq!(delete(&under_test, "ann", "1f", Some(7)).await, Change::Conflict);
    assert_eq!(delete(&under_test, "bob", "1f", None).await, Change::Missing);
    assert_eq!(get(&under_test, "ann", "1f").await, Some(share.clone()));
    assert_eq!(leads_to(&under_test, &share).await, Some(target("ann", "1f")));
}

/// `UserWriter::remove_user`: "everything that is theirs".
pub async fn a_removed_user_has_no_shares(under_test: Store) {
    lists(&under_test, "ann", &["1f", "2f"]).await;
    lists(&under_test, "bob", &["1f"]).await;
    let (first, second, foreign) = (sample::share(1, "ann", "1f"), sample::share(2, "ann", "2f"), sample::share(3, "bob", "1f"));
    for share in [&first, &second, &foreign] {
        put(&under_test, share).await;
    }
    for _ in 0..2 {
        under_test.remove_user(&sample::user("ann")).await.expect("removing is no error");
        assert_eq!((leads_to(&under_test, &first).await, leads_to(&under_test, &second).await), (None, None));
        assert_eq!(under_test.shares(&sample::user("ann")).await.expect("shares can be read"), []);
        assert_eq!(leads_to(&under_test, &foreign).await, Some(target("bob", "1f")));
    }
}

/// "No link MUST be left of a list that is gone", whoever comes first.
pub async fn no_share_outlives_a_list_that_is_deleted_at_the_same_time(under_test: Store) {
    for round in 0..8 {
        let list = format!("{round}f");
        lists(&under_test, "ann", &[&list]).await;
        let share = sample::share(round + 1, "ann", &list);
        at_once(2, |caller| {
            let (under_test, share) = (under_test.clone(), share.clone());
            async move {
                if caller == 0 {
                    assert_eq!(delete(&under_test, "ann", share.list.as_str(), None).await, Change::Done);
                } else {
                    let answer = put(&under_test, &share).await;
                    assert!(matches!(answer, ShareWrite::Made | ShareWrite::NoList), "{answer:?}");
                }
            }
        })
        .await;
        assert_eq!((get(&under_test, "ann", &list).await, leads_to(&under_test, &share).await), (None, None));
    }
}

/// "All of it or nothing": whoever reads a link can follow it.
pub async fn a_share_ended_and_made_at_once_is_whole_or_gone(under_test: Store) {
    lists(&under_test, "ann", &["1f"]).await;
    let shares: Vec<Share> = (0..8).map(|n| sample::share(n + 1, "ann", "1f")).collect();
    put(&under_test, &shares[0]).await;
    at_once(shares.len(), |caller| {
        let (under_test, share) = (under_test.clone(), shares[caller].clone());
        async move {
            if caller % 2 == 0 {
                end(&under_test, "ann", "1f").await;
            } else {
                put(&under_test, &share).await;
            }
        }
    })
    .await;
    let left = get(&under_test, "ann", "1f").await;
    for share in &shares {
        let expected = (left.as_ref() == Some(share)).then(|| target("ann", "1f"));
        assert_eq!(leads_to(&under_test, share).await, expected, "{left:?}");
    }
}
