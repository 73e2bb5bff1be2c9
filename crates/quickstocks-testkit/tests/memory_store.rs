//! The in-memory store keeps its own contract, also with pages of one row, of many, and behind a decorator without faults.

use std::sync::Arc;

use quickstocks_testkit::MemoryStore;
use quickstocks_testkit::conformance::StoreUnderTest;
use quickstocks_testkit::faults::Faulty;

mod pages_of_three {
    use super::*;

    async fn empty_store() -> StoreUnderTest {
        StoreUnderTest::new(Arc::new(MemoryStore::new()))
    }

    quickstocks_testkit::store_conformance!(empty_store);
}

mod pages_of_one {
    use super::*;

    async fn empty_store() -> StoreUnderTest {
        StoreUnderTest::new(Arc::new(MemoryStore::with_page_size(1)))
    }

    quickstocks_testkit::store_conformance!(empty_store);
}

mod large_pages_behind_a_decorator {
    use super::*;

    async fn empty_store() -> StoreUnderTest {
        StoreUnderTest::new(Arc::new(Faulty::new(Arc::new(MemoryStore::with_page_size(1000)))))
    }

    quickstocks_testkit::store_conformance!(empty_store);
}
