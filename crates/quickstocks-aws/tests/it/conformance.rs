//! The contract of the store ports, on an emulated `DynamoDB`.

use std::sync::Arc;

use quickstocks_testkit::conformance::StoreUnderTest;

use crate::emulator;

mod with_whole_pages {
    use super::*;

    async fn empty_table() -> StoreUnderTest {
        StoreUnderTest::new(Arc::new(emulator::store().await))
    }

    quickstocks_testkit::store_conformance!(empty_table);
}

/// The reads of many items once more with pages of three, since a page of 1 MB holds whatever a test writes.
mod with_small_pages {
    use quickstocks_testkit::conformance::{alerts, connections, model, notifications, poll_set, shares, sweep, watchlists};

    use super::*;

    async fn empty_table() -> StoreUnderTest {
        StoreUnderTest::new(Arc::new(emulator::store().await.with_page_size(3)))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn connections_are_read_to_the_end() {
        connections::connections_of_a_user_are_ordered_and_nobody_elses(empty_table().await.store()).await;
        connections::every_connection_of_a_large_shard_is_paged_in_order_once(empty_table().await.store()).await;
        connections::paging_goes_on_when_the_connection_it_stopped_at_is_gone(empty_table().await.store()).await;
        connections::connections_that_come_and_go_do_not_disturb_the_others(empty_table().await.store()).await;
        connections::a_shard_of_expired_connections_is_paged_to_its_end(empty_table().await.store()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_poll_set_is_read_to_the_end() {
        poll_set::a_large_batch_of_leases_is_paged_back_in_order_each_entry_once(empty_table().await.store()).await;
        poll_set::a_page_begins_after_a_symbol_that_is_not_there(empty_table().await.store()).await;
        poll_set::entries_added_while_paging_do_not_disturb_the_others(empty_table().await.store()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn lists_are_read_to_the_end() {
        watchlists::many_lists_are_answered_ordered_by_id(empty_table().await.store()).await;
        shares::the_shares_of_a_user_are_ordered_and_nobody_elses(empty_table().await.store()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn alerts_are_read_to_the_end() {
        alerts::many_alerts_on_a_symbol_are_all_found(empty_table().await.store()).await;
        alerts::every_symbol_that_is_watched_is_paged(empty_table().await.store()).await;
        notifications::notifications_are_paged_from_the_newest(empty_table().await.store()).await;
        notifications::what_is_pending_is_given_until_it_is_done(empty_table().await.store()).await;
        notifications::an_outbox_is_due_from_its_notification_on(empty_table().await.store()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn everybody_is_scanned_to_the_end() {
        sweep::a_user_is_given_once_with_what_is_on_all_their_lists(empty_table().await.store()).await;
        sweep::a_user_was_seen_when_a_listed_token_was_last_used(empty_table().await.store()).await;
        sweep::a_user_with_more_than_a_page_holds_is_given_whole_and_once(empty_table().await.store()).await;
        sweep::users_who_come_while_paging_do_not_disturb_the_others(empty_table().await.store()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn random_operations_agree_with_the_memory_store() {
        model::random_operations_agree_with_the_memory_store(empty_table).await;
    }
}
