use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::model::{MissingReason, Secret, StoredQuote, TickNumber};
use quickstocks_core::ports::{QuoteWriter, WatchlistWriter};
use quickstocks_core::shares::{ShareError, Shares, Viewed};
use quickstocks_testkit::faults::{Fault, Faulty, Method};
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_testkit::{FakeClock, MemoryStore, SequenceRandom};

struct World {
    store: Arc<Faulty<MemoryStore>>,
    clock: Arc<FakeClock>,
    shares: Shares,
}

/// Ann has a list of three symbols, two of which have a quote.
async fn world() -> World {
    let store = Arc::new(Faulty::new(Arc::new(MemoryStore::new())));
    let list = sample::watchlist("1f", "Picks", &["MSFT", "NEWCO", "AAPL"]);
    store.insert(&sample::user("ann"), &list).await.unwrap();
    let stored = |symbol| StoredQuote { quote: sample::quote(symbol, "10", NOW), tick: TickNumber(1), polled_at: NOW };
    store.store(&["AAPL", "MSFT"].map(stored)).await.unwrap();
    let clock = Arc::new(FakeClock::default());
    let shares = Shares {
        reader: store.clone(),
        writer: store.clone(),
        lists: store.clone(),
        quotes: store.clone(),
        status: store.clone(),
        poll_set: store.clone(),
        clock: clock.clone(),
        random: Arc::new(SequenceRandom::default()),
        viewed: Viewed::default(),
    };
    World { store, clock, shares }
}

impl World {
    async fn share(&self) -> Secret {
        self.shares.make(&sample::user("ann"), &sample::watchlist("1f", "", &[]).id).await.unwrap().token
    }

    fn leases(&self) -> usize {
        self.store.log().iter().filter(|method| **method == Method::ExtendLeases).count()
    }
}

#[tokio::test]
async fn a_link_shows_quotes_in_the_owners_order_and_what_has_none() {
    let world = world().await;
    let list = world.shares.view(&world.share().await).await.unwrap().unwrap();
    let quoted: Vec<&str> = list.quotes.iter().map(|stored| stored.quote.symbol.as_str()).collect();
    assert_eq!((list.name.as_str(), quoted), ("Picks", vec!["MSFT", "AAPL"]));
    let missing: Vec<(&str, MissingReason)> = list.missing.iter().map(|one| (one.symbol.as_str(), one.reason)).collect();
    assert_eq!(missing, [("NEWCO", MissingReason::Pending)]);
    assert_eq!(list.symbols.len(), 3);
}

#[tokio::test]
async fn a_link_that_was_never_made_or_has_ended_leads_nowhere() {
    let world = world().await;
    let (ann, list) = (sample::user("ann"), sample::watchlist("1f", "", &[]).id);
    assert!(matches!(world.shares.get(&ann, &list).await, Err(ShareError::NotShared)));
    assert!(matches!(world.shares.end(&ann, &list).await, Err(ShareError::NotShared)));
    assert!(matches!(world.shares.make(&sample::user("bob"), &list).await, Err(ShareError::NoList)));
    assert_eq!(world.shares.view(&Secret::from_random([0; 32])).await.unwrap(), None);
    let token = world.share().await;
    assert_eq!(world.share().await, token, "it stays the same");
    world.shares.end(&ann, &list).await.unwrap();
    assert_eq!(world.shares.view(&token).await.unwrap(), None);
    assert_ne!(world.share().await, token);
}

#[tokio::test]
async fn whoever_looks_keeps_the_list_on_screen_with_a_write_once_in_a_while() {
    let world = world().await;
    let token = world.share().await;
    for (minutes, leases) in [(0, 1), (4, 1), (5, 2), (9, 2), (60, 3)] {
        world.clock.set(NOW + Duration::from_mins(minutes));
        world.shares.view(&token).await.unwrap().unwrap();
        assert_eq!(world.leases(), leases, "after {minutes} minutes");
    }
    let until = world.store.inner().poll_set().iter().map(|entry| entry.on_screen_until).collect::<Vec<_>>();
    assert_eq!(until, [Some(NOW + Duration::from_mins(70)); 3]);
}

#[tokio::test]
async fn a_lease_that_cannot_be_written_keeps_nobody_from_looking_and_is_tried_again() {
    let world = world().await;
    let token = world.share().await;
    world.store.fail(Method::ExtendLeases, Fault::Unavailable);
    assert!(world.shares.view(&token).await.unwrap().is_some());
    world.store.heal();
    assert!(world.shares.view(&token).await.unwrap().is_some());
    assert_eq!(world.leases(), 2);
    for method in [Method::SharedList, Method::Watchlist, Method::Status, Method::Quotes] {
        world.store.fail(method, Fault::Unavailable);
        assert!(world.shares.view(&token).await.is_err(), "{method:?}");
        world.store.heal();
    }
}
