//! The contracts of `PollSetReader` and `PollSetWriter`.
#![expect(clippy::missing_panics_doc, reason = "a contract test panics when the contract is broken")]

use std::collections::BTreeMap;
use std::time::Duration;

use quickstocks_core::model::{
    Lease, MissingReason, POLL_SHARDS, PollEntry, PollRecord, Shard, Symbol, Timestamp, Urgency, poll_shard,
};
use quickstocks_core::ports::{PollSetReader, PollSetWriter};

use super::{CALLERS, Store, at_once};
use crate::sample;

const URGENCIES: [Urgency; 3] = [Urgency::OnScreen, Urgency::Armed, Urgency::Followed];

fn at(minute: u64) -> Timestamp {
    sample::NOW + Duration::from_mins(minute)
}

fn lease(symbol: &str, urgency: Urgency, minute: u64) -> Lease {
    Lease { symbol: sample::symbol(symbol), urgency, until: at(minute) }
}

fn record(symbol: &str) -> PollRecord {
    PollRecord {
        symbol: sample::symbol(symbol),
        polled_at: Some(at(1)),
        rests_at: Some(sample::code("NMS")),
        missing: Some(MissingReason::Delisted),
    }
}

async fn extend(to: &Store, leases: &[Lease]) {
    PollSetWriter::extend(&**to, leases).await.expect("leases can be extended");
}

async fn note(to: &Store, records: &[PollRecord]) {
    to.record(records).await.expect("polls can be recorded");
}

/// Follows `next` through a shard to its end.
async fn shard(of: &Store, shard: Shard) -> Vec<PollEntry> {
    let (mut entries, mut after) = (Vec::new(), None);
    loop {
        let page = PollSetReader::page(&**of, shard, after.as_ref()).await.expect("the poll set can be read");
        entries.extend(page.entries);
        match page.next {
            Some(next) => {
                assert!(after.is_none_or(|after| after < next), "paging goes forwards");
                after = Some(next);
            }
            None => return entries,
        }
    }
}

/// The whole poll set by symbol. Checks that every entry is in its shard, once and in order.
async fn all(of: &Store) -> BTreeMap<Symbol, PollEntry> {
    let mut all = BTreeMap::new();
    for number in (0..POLL_SHARDS).map(Shard) {
        let entries = shard(of, number).await;
        assert!(entries.is_sorted_by(|a, b| a.symbol < b.symbol), "entries come ordered by symbol, each once");
        for entry in entries {
            assert_eq!(poll_shard(&entry.symbol), number, "{} is in another shard", entry.symbol);
            all.insert(entry.symbol.clone(), entry);
        }
    }
    all
}

async fn entry(of: &Store, symbol: &str) -> Option<PollEntry> {
    all(of).await.remove(&sample::symbol(symbol))
}

fn leased(symbol: &str, on_screen: Option<u64>, armed: Option<u64>, followed: Option<u64>) -> PollEntry {
    PollEntry {
        on_screen_until: on_screen.map(at),
        armed_until: armed.map(at),
        followed_until: followed.map(at),
        ..PollEntry::new(sample::symbol(symbol))
    }
}

/// "Extends leases, making rows where there are none."
pub async fn a_lease_makes_a_row(under_test: Store) {
    extend(
        &under_test,
        &[lease("AAPL", Urgency::OnScreen, 3), lease("MSFT", Urgency::Armed, 4), lease("IBM", Urgency::Followed, 5)],
    )
    .await;
    let expected = [leased("AAPL", Some(3), None, None), leased("IBM", None, None, Some(5)), leased("MSFT", None, Some(4), None)];
    assert_eq!(all(&under_test).await.into_values().collect::<Vec<_>>(), expected);
}

/// "A lease that ends before the stored one of its urgency MUST change nothing."
pub async fn a_longer_lease_extends_and_a_shorter_one_changes_nothing(under_test: Store) {
    for (minute, expected) in [(5, 5), (3, 5), (5, 5), (8, 8), (7, 8)] {
        extend(&under_test, &[lease("AAPL", Urgency::OnScreen, minute)]).await;
        assert_eq!(entry(&under_test, "AAPL").await, Some(leased("AAPL", Some(expected), None, None)));
    }
}

/// "Other urgencies MUST stay as they are."
pub async fn urgencies_do_not_touch_each_other(under_test: Store) {
    extend(&under_test, &[lease("AAPL", Urgency::Followed, 9)]).await;
    extend(&under_test, &[lease("AAPL", Urgency::OnScreen, 3)]).await;
    assert_eq!(entry(&under_test, "AAPL").await, Some(leased("AAPL", Some(3), None, Some(9))));
    extend(&under_test, &[lease("AAPL", Urgency::Armed, 6)]).await;
    extend(&under_test, &[lease("AAPL", Urgency::Followed, 4)]).await;
    assert_eq!(entry(&under_test, "AAPL").await, Some(leased("AAPL", Some(3), Some(6), Some(9))));
}

/// "Writing a lease twice MUST equal writing it once."
pub async fn a_lease_written_twice_equals_one_written_once(under_test: Store) {
    let leases = [lease("AAPL", Urgency::OnScreen, 3), lease("AAPL", Urgency::OnScreen, 3)];
    extend(&under_test, &leases).await;
    extend(&under_test, &leases).await;
    assert_eq!(all(&under_test).await.into_values().collect::<Vec<_>>(), [leased("AAPL", Some(3), None, None)]);
}

/// A connect asks for a symbol on screen that a list of the same user follows.
pub async fn one_batch_may_hold_a_symbol_several_times(under_test: Store) {
    let leases = [
        lease("AAPL", Urgency::OnScreen, 4),
        lease("AAPL", Urgency::Followed, 9),
        lease("AAPL", Urgency::OnScreen, 6),
        lease("AAPL", Urgency::OnScreen, 5),
        lease("AAPL", Urgency::Armed, 2),
    ];
    extend(&under_test, &leases).await;
    assert_eq!(entry(&under_test, "AAPL").await, Some(leased("AAPL", Some(6), Some(2), Some(9))));
}

/// The comparison and the write are one step.
pub async fn concurrent_leases_of_a_symbol_are_all_kept(under_test: Store) {
    at_once(CALLERS, |caller| {
        let minute = u64::try_from((caller * 7) % CALLERS).expect("a small number") + 1;
        let (under_test, urgency) = (under_test.clone(), URGENCIES[caller % 3]);
        async move { extend(&under_test, &[lease("AAPL", urgency, minute), lease("MSFT", Urgency::OnScreen, minute)]).await }
    })
    .await;
    let longest = |rest| (0..CALLERS).filter(|caller| caller % 3 == rest).map(|caller| ((caller * 7) % CALLERS) as u64 + 1).max();
    assert_eq!(entry(&under_test, "AAPL").await, Some(leased("AAPL", longest(0), longest(1), longest(2))));
    assert_eq!(entry(&under_test, "MSFT").await, Some(leased("MSFT", Some(CALLERS as u64), None, None)));
}

/// "Following `next` to its end MUST give every entry of the shard once", ordered by symbol. More than 100 a shard.
pub async fn a_large_batch_of_leases_is_paged_back_in_order_each_entry_once(under_test: Store) {
    let symbols = sample::many_symbols(520);
    let leases: Vec<Lease> = symbols.iter().map(|symbol| lease(symbol.as_str(), Urgency::Followed, 5)).collect();
    extend(&under_test, &leases).await;
    let all = all(&under_test).await;
    assert_eq!(all.len(), symbols.len());
    assert!(all.into_values().all(|entry| entry == leased(entry.symbol.as_str(), None, None, Some(5))));
}

/// "Those after `after`", whether that one is there or not.
pub async fn a_page_begins_after_a_symbol_that_is_not_there(under_test: Store) {
    let mut symbols = sample::many_symbols(400);
    symbols.retain(|symbol| poll_shard(symbol) == Shard(0));
    symbols.sort_unstable();
    let (absent, present) = symbols.split_at(1);
    let late = &present[present.len() / 2..];
    extend(&under_test, &late.iter().map(|symbol| lease(symbol.as_str(), Urgency::Followed, 5)).collect::<Vec<_>>()).await;
    for after in [&absent[0], &present[0], &present[present.len() / 2 - 1]] {
        let page = PollSetReader::page(&*under_test, Shard(0), Some(after)).await.expect("the poll set can be read");
        assert_eq!(page.entries.first().map(|entry| &entry.symbol), late.first(), "after {after}");
    }
    let page = PollSetReader::page(&*under_test, Shard(0), late.last()).await.expect("the poll set can be read");
    assert_eq!(page.entries, []);
    assert_eq!(page.next, None);
}

/// An entry that was there throughout is given once, whatever comes meanwhile.
pub async fn entries_added_while_paging_do_not_disturb_the_others(under_test: Store) {
    let mut symbols = sample::many_symbols(400);
    symbols.retain(|symbol| poll_shard(symbol) == Shard(1));
    let (there, coming) = symbols.split_at(symbols.len() / 2);
    extend(&under_test, &there.iter().map(|symbol| lease(symbol.as_str(), Urgency::Followed, 5)).collect::<Vec<_>>()).await;
    let (mut seen, mut after, mut coming) = (Vec::new(), None, coming.iter());
    loop {
        let page = PollSetReader::page(&*under_test, Shard(1), after.as_ref()).await.expect("the poll set can be read");
        seen.extend(page.entries.into_iter().map(|entry| entry.symbol));
        if let Some(symbol) = coming.next() {
            extend(&under_test, &[lease(symbol.as_str(), Urgency::OnScreen, 5)]).await;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(seen.is_sorted_by(|a, b| a < b), "each once, in order");
    assert!(there.iter().all(|symbol| seen.contains(symbol)));
}

/// There is nothing where nothing was put.
pub async fn an_empty_shard_has_no_entries(under_test: Store) {
    assert!(all(&under_test).await.is_empty());
}

/// No symbol is mistaken for another, or for anything the store's language reserves.
pub async fn odd_symbols_are_kept_apart(under_test: Store) {
    let leases: Vec<Lease> =
        sample::ODD_SYMBOLS.iter().zip(1..).map(|(symbol, minute)| lease(symbol, Urgency::Armed, minute)).collect();
    extend(&under_test, &leases).await;
    note(&under_test, &sample::ODD_SYMBOLS.map(record)).await;
    let all = all(&under_test).await;
    assert_eq!(all.len(), leases.len());
    for lease in leases {
        assert_eq!(all[&lease.symbol].armed_until, Some(lease.until));
        assert_eq!(all[&lease.symbol].polled_at, Some(at(1)));
    }
}

/// "Notes what a poll found."
pub async fn a_record_is_read_back_whole(under_test: Store) {
    extend(&under_test, &[lease("AAPL", Urgency::OnScreen, 3), lease("MSFT", Urgency::OnScreen, 3)]).await;
    note(&under_test, &[record("AAPL")]).await;
    let expected = PollEntry {
        polled_at: Some(at(1)),
        rests_at: Some(sample::code("NMS")),
        missing: Some(MissingReason::Delisted),
        ..leased("AAPL", Some(3), None, None)
    };
    assert_eq!(entry(&under_test, "AAPL").await, Some(expected));
    assert_eq!(entry(&under_test, "MSFT").await, Some(leased("MSFT", Some(3), None, None)));
}

/// "Overwriting what an earlier poll noted": what is not noted this time is gone, and a poll may be set back to the past.
pub async fn a_record_overwrites_what_an_earlier_one_noted(under_test: Store) {
    extend(&under_test, &[lease("AAPL", Urgency::OnScreen, 3)]).await;
    note(&under_test, &[record("AAPL")]).await;
    for missing in [MissingReason::Pending, MissingReason::Unknown, MissingReason::Delisted, MissingReason::Malformed] {
        note(&under_test, &[PollRecord { polled_at: Some(at(0)), missing: Some(missing), rests_at: None, ..record("AAPL") }])
            .await;
        let expected = PollEntry { polled_at: Some(at(0)), missing: Some(missing), ..leased("AAPL", Some(3), None, None) };
        assert_eq!(entry(&under_test, "AAPL").await, Some(expected));
    }
    note(&under_test, &[PollRecord { symbol: sample::symbol("AAPL"), polled_at: None, rests_at: None, missing: None }]).await;
    assert_eq!(entry(&under_test, "AAPL").await, Some(leased("AAPL", Some(3), None, None)));
}

/// "A symbol without a row MUST be skipped, not made." The others of the batch are noted.
pub async fn a_record_of_a_symbol_without_a_row_is_skipped(under_test: Store) {
    extend(&under_test, &[lease("AAPL", Urgency::OnScreen, 3)]).await;
    note(&under_test, &[record("MSFT"), record("AAPL"), record("IBM")]).await;
    let all = all(&under_test).await;
    assert_eq!(all.keys().map(Symbol::as_str).collect::<Vec<_>>(), ["AAPL"]);
    assert_eq!(all[&sample::symbol("AAPL")].polled_at, Some(at(1)));
}

/// "Leases MUST stay as they are."
pub async fn a_record_leaves_the_leases(under_test: Store) {
    extend(&under_test, &URGENCIES.map(|urgency| lease("AAPL", urgency, 3))).await;
    note(&under_test, &[PollRecord { polled_at: Some(at(60)), ..record("AAPL") }]).await;
    let entry = entry(&under_test, "AAPL").await.expect("it is there");
    assert_eq!([entry.on_screen_until, entry.armed_until, entry.followed_until], [Some(at(3)); 3]);
}

/// What a poll noted stays when somebody comes.
pub async fn a_lease_leaves_the_record(under_test: Store) {
    extend(&under_test, &[lease("AAPL", Urgency::OnScreen, 3)]).await;
    note(&under_test, &[record("AAPL")]).await;
    extend(&under_test, &[lease("AAPL", Urgency::OnScreen, 4), lease("AAPL", Urgency::Followed, 4)]).await;
    let entry = entry(&under_test, "AAPL").await.expect("it is there");
    assert_eq!(
        (entry.polled_at, entry.rests_at.as_deref(), entry.missing),
        (Some(at(1)), Some("NMS"), Some(MissingReason::Delisted))
    );
}

/// A poll of everything is one call.
pub async fn a_large_batch_of_records_is_noted(under_test: Store) {
    let symbols = sample::many_symbols(230);
    extend(&under_test, &symbols.iter().map(|symbol| lease(symbol.as_str(), Urgency::Followed, 5)).collect::<Vec<_>>()).await;
    note(&under_test, &symbols.iter().map(|symbol| record(symbol.as_str())).collect::<Vec<_>>()).await;
    let all = all(&under_test).await;
    assert_eq!(all.len(), symbols.len());
    assert!(all.into_values().all(|entry| entry.polled_at == Some(at(1)) && entry.followed_until == Some(at(5))));
}

/// The fetcher and a connecting browser write one row.
pub async fn a_lease_and_a_record_that_meet_are_both_kept(under_test: Store) {
    let symbols = sample::many_symbols(10);
    extend(&under_test, &symbols.iter().map(|symbol| lease(symbol.as_str(), Urgency::Followed, 1)).collect::<Vec<_>>()).await;
    at_once(CALLERS, |caller| {
        let (under_test, symbols) = (under_test.clone(), symbols.clone());
        async move {
            for symbol in &symbols {
                match caller % 2 {
                    0 => note(&under_test, &[record(symbol.as_str())]).await,
                    _ => extend(&under_test, &[lease(symbol.as_str(), Urgency::OnScreen, 7)]).await,
                }
            }
        }
    })
    .await;
    let all = all(&under_test).await;
    assert!(all.into_values().all(|entry| entry.polled_at == Some(at(1))
        && entry.on_screen_until == Some(at(7))
        && entry.followed_until == Some(at(1))));
}

async fn end_followed(on: &Store, symbols: &[&str], minute: u64) {
    on.end_followed(&sample::symbols::<Vec<_>>(symbols), at(minute)).await.expect("leases can be ended");
}

/// "Ends the `followed` lease of these symbols where it ends before `before`"; longer ones, other urgencies and other symbols stay.
pub async fn a_followed_lease_that_ends_earlier_is_ended_and_nothing_else(under_test: Store) {
    extend(&under_test, &URGENCIES.map(|urgency| lease("AAPL", urgency, 4))).await;
    extend(&under_test, &["MSFT", "IBM", "KO"].map(|symbol| lease(symbol, Urgency::Followed, 5))).await;
    extend(&under_test, &[lease("MSFT", Urgency::Followed, 6)]).await;
    note(&under_test, &[record("AAPL")]).await;
    end_followed(&under_test, &["AAPL", "MSFT", "IBM"], 5).await;
    let all = all(&under_test).await;
    let ended = PollEntry { followed_until: None, ..all[&sample::symbol("AAPL")].clone() };
    assert_eq!(all[&sample::symbol("AAPL")], ended);
    assert_eq!((ended.on_screen_until, ended.armed_until, ended.polled_at), (Some(at(4)), Some(at(4)), Some(at(1))));
    let followed = |symbol: &str| all[&sample::symbol(symbol)].followed_until;
    assert_eq!((followed("MSFT"), followed("IBM"), followed("KO")), (Some(at(6)), Some(at(5)), Some(at(5))));
}

/// "A symbol without a row MUST be skipped, not made."
pub async fn a_lease_of_nothing_is_not_ended_and_makes_no_row(under_test: Store) {
    extend(&under_test, &[lease("AAPL", Urgency::OnScreen, 3)]).await;
    end_followed(&under_test, &["AAPL", "MSFT"], 9).await;
    assert_eq!(all(&under_test).await.into_values().collect::<Vec<_>>(), [leased("AAPL", Some(3), None, None)]);
}

/// The comparison and the write are one step.
pub async fn ending_and_extending_a_lease_at_once_leaves_the_longer_one(under_test: Store) {
    extend(&under_test, &[lease("AAPL", Urgency::Followed, 1)]).await;
    at_once(CALLERS, |caller| {
        let under_test = under_test.clone();
        async move {
            match caller % 2 {
                0 => end_followed(&under_test, &["AAPL"], 5).await,
                _ => extend(&under_test, &[lease("AAPL", Urgency::Followed, 7)]).await,
            }
        }
    })
    .await;
    assert_eq!(entry(&under_test, "AAPL").await, Some(leased("AAPL", None, None, Some(7))));
}

/// Nothing to write is nothing written.
pub async fn empty_batches_change_nothing(under_test: Store) {
    extend(&under_test, &[]).await;
    end_followed(&under_test, &[], 5).await;
    note(&under_test, &[]).await;
    assert!(all(&under_test).await.is_empty());
}
