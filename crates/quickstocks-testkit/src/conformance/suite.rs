/// Expands to one `#[tokio::test]` for each sentence of the store ports' contracts. Takes the path of an
/// `async fn() -> StoreUnderTest` that makes an empty store, and before it attributes for every test, such as
/// `#[ignore = "needs an endpoint"]`. Takes modules' names for the tests, so give it a module or a test file of its own.
#[macro_export]
macro_rules! store_conformance {
    ($(#[$attribute:meta])* $factory:path) => {
        $crate::__contract_tests! { [$(#[$attribute])*] $factory;
            quotes {
                a_quote_is_read_back_whole
                a_quote_with_only_the_required_fields_is_read_back_whole
                a_quote_from_before_1970_is_read_back_whole
                a_symbol_without_a_quote_is_left_out
                a_symbol_asked_for_twice_is_answered_once
                no_symbols_are_answered_with_no_quotes
                any_number_of_quotes_is_stored_and_read
                odd_symbols_are_kept_apart
                a_newer_quote_replaces_the_stored_one
                an_older_quote_leaves_the_stored_one
                a_price_from_outside_the_session_counts_as_new
                of_one_moment_the_later_tick_wins
                an_equal_quote_overwrites
                outcomes_come_in_the_order_of_the_quotes
                the_newest_wins_when_a_batch_holds_a_symbol_twice
                an_empty_batch_is_stored_as_nothing
                the_newest_wins_over_concurrent_writers
            }
            poll_set {
                a_lease_makes_a_row
                a_longer_lease_extends_and_a_shorter_one_changes_nothing
                urgencies_do_not_touch_each_other
                a_lease_written_twice_equals_one_written_once
                one_batch_may_hold_a_symbol_several_times
                concurrent_leases_of_a_symbol_are_all_kept
                a_large_batch_of_leases_is_paged_back_in_order_each_entry_once
                a_page_begins_after_a_symbol_that_is_not_there
                entries_added_while_paging_do_not_disturb_the_others
                an_empty_shard_has_no_entries
                odd_symbols_are_kept_apart
                a_record_is_read_back_whole
                a_record_overwrites_what_an_earlier_one_noted
                a_record_of_a_symbol_without_a_row_is_skipped
                a_record_leaves_the_leases
                a_lease_leaves_the_record
                a_large_batch_of_records_is_noted
                a_lease_and_a_record_that_meet_are_both_kept
                a_followed_lease_that_ends_earlier_is_ended_and_nothing_else
                a_lease_of_nothing_is_not_ended_and_makes_no_row
                ending_and_extending_a_lease_at_once_leaves_the_longer_one
                empty_batches_change_nothing
            }
            connections {
                a_connection_is_read_back_whole
                a_connection_that_follows_nothing_is_read_back_whole
                a_connection_that_follows_four_hundred_symbols_is_read_back_whole
                a_connection_is_under_its_shard_and_under_its_user
                adding_twice_equals_adding_once
                an_unknown_connection_is_answered_with_none
                removing_answers_whose_it_was_and_takes_it_from_shard_and_user
                removing_what_is_not_there_is_no_error
                removers_that_meet_leave_nothing_and_one_learns_whose_it_was
                connections_of_a_user_are_ordered_and_nobody_elses
                an_expired_connection_is_left_out_everywhere
                each_setter_touches_its_property_only
                symbols_can_be_set_to_none_at_all
                a_setter_makes_no_connection
                setters_that_meet_do_not_undo_each_other
                every_connection_of_a_large_shard_is_paged_in_order_once
                paging_goes_on_when_the_connection_it_stopped_at_is_gone
                connections_that_come_and_go_do_not_disturb_the_others
                a_shard_of_expired_connections_is_paged_to_its_end
                an_empty_shard_has_no_connections
            }
            identity {
                a_new_user_has_their_list_and_their_session
                users_are_kept_apart
                making_a_user_over_what_is_there_is_refused_and_stores_nothing
                a_token_is_read_back_whole
                the_tokens_of_a_user_are_those_of_listed_kinds_in_order
                the_tokens_of_a_user_are_as_they_are_now
                a_new_user_has_their_session_among_their_tokens
                a_user_is_read_back_whole
                a_removed_user_leaves_nothing
                an_unknown_token_is_answered_with_none
                a_token_of_another_kind_is_answered_with_none
                an_expired_token_is_answered_with_none
                a_taken_token_is_gone
                of_twenty_callers_exactly_one_takes_a_token
                taking_a_token_of_another_kind_leaves_it
                taking_an_expired_or_unknown_token_answers_none
                an_extended_token_lasts_longer
                extending_makes_no_token
                a_deleted_token_is_gone_and_deleting_it_again_is_no_error
                a_token_taken_and_extended_at_once_is_gone
            }
            watchlists {
                a_list_is_read_back_whole
                a_list_full_of_notes_is_read_back_whole
                names_of_any_script_and_reserved_words_are_kept
                a_full_and_an_empty_list_are_read_back_in_the_owners_order
                many_lists_are_answered_ordered_by_id
                an_unknown_user_has_no_lists
                another_users_list_is_invisible
                two_users_may_have_lists_of_one_id
                inserting_a_second_time_conflicts_and_changes_nothing
                of_callers_that_insert_one_id_exactly_one_wins
                a_list_of_the_expected_version_is_replaced_whole
                a_list_of_another_version_is_not_replaced
                a_list_that_is_missing_or_foreign_is_not_replaced
                of_callers_that_expect_one_version_exactly_one_replaces
                edits_that_meet_and_try_again_are_all_kept
                a_list_of_the_expected_version_is_deleted
                a_list_is_deleted_whatever_its_version_is
                a_list_of_another_version_is_not_deleted
                a_list_that_is_missing_or_foreign_is_not_deleted
                a_deleted_list_cannot_be_replaced_and_may_be_inserted_again
            }
            shares {
                a_share_is_read_back_whole_by_its_owner_and_found_by_its_hash
                a_list_keeps_its_share
                of_twenty_callers_exactly_one_makes_a_share
                there_is_no_share_of_a_list_that_is_missing_or_foreign
                another_users_share_is_out_of_reach
                the_shares_of_a_user_are_ordered_and_nobody_elses
                an_ended_share_leads_nowhere_and_a_new_one_is_another
                editing_a_list_leaves_its_share
                a_deleted_list_leaves_no_share
                a_list_that_is_not_deleted_keeps_its_share
                a_removed_user_has_no_shares
                no_share_outlives_a_list_that_is_deleted_at_the_same_time
                a_share_ended_and_made_at_once_is_whole_or_gone
            }
            preferences {
                there_are_none_at_first
                preferences_are_read_back_whole
                preferences_of_the_expected_version_are_replaced
                preferences_of_another_version_stay
                users_are_kept_apart
                of_callers_that_expect_one_version_exactly_one_wins
            }
            push {
                a_subscription_is_read_back_whole
                the_subscriptions_of_a_user_are_ordered_and_nobody_elses
                an_endpoint_has_one_subscription
                a_subscription_moves_to_whoever_shows_its_keys
                a_subscription_of_another_user_with_other_keys_stays
                a_removed_subscription_is_gone_and_can_be_made_again
                a_subscription_made_anew_survives_the_removal_of_the_former
                another_users_subscription_is_out_of_reach
                a_state_follows_only_the_expected_one
                of_callers_that_move_one_state_exactly_one_does
                orders_are_counted_by_user_purpose_and_hour
                orders_counted_at_once_are_all_counted
                a_removed_user_has_no_subscriptions
            }
            alerts {
                an_alert_is_read_back_whole
                the_alerts_of_a_user_are_ordered_and_nobody_elses
                another_users_alert_is_out_of_reach
                inserting_a_second_time_conflicts_and_changes_nothing
                armed_alerts_are_those_that_are_watched
                armed_alerts_follow_every_change
                many_alerts_on_a_symbol_are_all_found
                a_change_and_its_notifications_are_stored_together
                a_change_of_another_revision_stores_nothing
                of_callers_that_fire_one_revision_exactly_one_does
                a_deleted_alert_leaves_what_was_told_of_it
                a_removed_user_has_no_alerts_and_no_notifications
                of_twenty_callers_exactly_one_takes_an_action
                an_expired_or_unknown_action_is_answered_with_none
                every_symbol_that_is_watched_is_paged
            }
            notifications {
                a_notification_is_read_back_whole
                notifications_are_paged_from_the_newest
                the_notifications_of_an_alert_are_its_own
                what_was_read_is_noted_once
                an_outbox_is_due_from_its_notification_on
                of_twenty_callers_exactly_one_leases_an_outbox
                what_is_pending_is_given_until_it_is_done
                noting_a_delivery_makes_no_notification
                a_lease_is_given_back_with_what_is_left
                what_came_meanwhile_is_not_forgotten
                a_lease_that_ran_out_ends_nothing
            }
            requests {
                events_are_counted_by_key_and_window
                events_counted_at_once_are_all_counted
                a_claimed_request_is_claimed_once
                an_expired_request_can_be_claimed_again
                of_twenty_callers_exactly_one_claims_a_request
                an_answer_is_kept_and_read_back_whole
                keeping_an_answer_makes_no_record
                a_forgotten_request_can_be_claimed_again
                a_removed_users_requests_are_gone
            }
            source_state {
                there_is_no_session_at_first
                a_session_replaces_the_one_before
                dropping_a_session_drops_exactly_that_one
                dropping_a_session_that_is_not_there_is_no_error
                the_breaker_is_closed_at_first
                the_breaker_is_replaced_when_it_is_as_expected
                the_breaker_stays_when_it_is_not_as_expected
                of_callers_that_expect_one_breaker_exactly_one_wins
                the_breaker_closes_again
                calls_are_counted_by_the_hour
                adding_no_calls_reads_the_count
                reading_the_count_does_not_change_it
                calls_added_at_once_are_all_counted
                the_status_is_the_default_one_at_first
                a_status_is_read_back_whole
                a_status_of_a_later_tick_stays
                a_status_of_the_same_tick_overwrites
                statuses_that_meet_leave_the_latest
                ticks_are_counted_from_one
                ticks_drawn_at_once_are_all_different_and_leave_no_gap
                drawing_a_tick_and_storing_a_status_do_not_touch_each_other
            }
            sweep {
                nobody_follows_anything_at_first
                a_user_is_given_once_with_what_is_on_all_their_lists
                a_user_without_a_list_is_not_given
                a_user_was_seen_when_a_listed_token_was_last_used
                a_user_whose_tokens_have_run_out_was_not_seen
                every_one_of_many_users_is_paged_once
                a_user_with_more_than_a_page_holds_is_given_whole_and_once
                users_who_come_while_paging_do_not_disturb_the_others
                there_is_no_state_at_first
                a_state_is_read_back_whole_and_replaced
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __contract_tests {
    ($attributes:tt $factory:path; $($module:ident { $($name:ident)* })*) => {
        $(
            mod $module {
                use super::*;

                $($crate::__contract_test! { $attributes $factory; $module $name })*
            }
        )*

        $crate::__model_test! { $attributes $factory }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __contract_test {
    ([$(#[$attribute:meta])*] $factory:path; $module:ident $name:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attribute])*
        async fn $name() {
            let under_test = $factory().await;
            $crate::conformance::$module::$name(under_test.store()).await;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __model_test {
    ([$(#[$attribute:meta])*] $factory:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attribute])*
        async fn random_operations_agree_with_the_memory_store() {
            $crate::conformance::model::random_operations_agree_with_the_memory_store($factory).await;
        }
    };
}

#[cfg(test)]
mod tests {
    /// A contract that is written but not run would be worse than none.
    #[test]
    fn every_contract_is_in_the_suite() {
        let suite = include_str!("suite.rs");
        for (module, source) in [
            ("quotes", include_str!("quotes.rs")),
            ("poll_set", include_str!("poll_set.rs")),
            ("connections", include_str!("connections.rs")),
            ("identity", include_str!("identity.rs")),
            ("watchlists", include_str!("watchlists.rs")),
            ("preferences", include_str!("preferences.rs")),
            ("push", include_str!("push.rs")),
            ("alerts", include_str!("alerts.rs")),
            ("notifications", include_str!("notifications.rs")),
            ("requests", include_str!("requests.rs")),
            ("source_state", include_str!("source_state.rs")),
            ("sweep", include_str!("sweep.rs")),
        ] {
            let listed = suite.split_once(&format!("            {module} {{\n")).unwrap().1.split_once('}').unwrap().0;
            let listed: Vec<&str> = listed.split_whitespace().collect();
            let written: Vec<&str> = source
                .lines()
                .filter_map(|line| line.strip_prefix("pub async fn "))
                .map(|line| line.split_once('(').unwrap().0)
                .collect();
            assert_eq!(listed, written, "{module}");
        }
    }
}
