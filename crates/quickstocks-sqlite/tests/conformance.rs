//! The store keeps the ports' contracts, in a file and in memory.

use std::sync::Arc;

use quickstocks_sqlite::SqliteStore;
use quickstocks_testkit::conformance::StoreUnderTest;

mod in_a_file {
    use super::*;

    async fn empty_store() -> StoreUnderTest {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let store = SqliteStore::open(directory.path().join("quickstocks.db")).expect("a database can be made");
        StoreUnderTest::new(Arc::new(store)).keeping(directory)
    }

    quickstocks_testkit::store_conformance!(empty_store);
}

mod in_memory {
    use super::*;

    async fn empty_store() -> StoreUnderTest {
        StoreUnderTest::new(Arc::new(SqliteStore::open_in_memory().expect("there is memory")))
    }

    quickstocks_testkit::store_conformance!(empty_store);
}
