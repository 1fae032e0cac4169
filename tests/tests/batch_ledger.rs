//! The ledger of batches: one suite, on SQLite and on a PostgreSQL server that the test starts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "batch_ledger/cases.rs"]
mod cases;
#[path = "batch_ledger/place.rs"]
mod place;
#[path = "batch_ledger/plan.rs"]
mod plan;
#[path = "batch_ledger/server.rs"]
mod server;

/// Every case on both.
macro_rules! suite {
    ($($case:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $case() { crate::place::run(crate::place::Place::sqlite(), crate::cases::$case); })*
        }
        mod on_postgres {
            $(#[test] fn $case() {
                crate::place::run(crate::place::Place::postgres(stringify!($case)), crate::cases::$case);
            })*
        }
    };
}

suite!(
    a_plan_is_recorded_once_and_read_back_whole,
    bridges_at_once_claim_each_line_once,
    what_a_dead_bridge_held_is_taken_up_after_its_lease_and_not_before,
    a_bridge_that_lives_keeps_its_lines_however_slow_it_is,
    one_that_was_given_up_can_write_nothing_more,
    a_group_is_written_whole_or_not_at_all,
    a_step_may_be_written_twice_the_same_and_an_end_stays,
    the_next_bridge_finds_how_far_a_line_had_come,
    a_folder_that_is_taken_up_again_need_not_wait_for_its_lease,
    released_lines_are_free_at_once_and_ends_are_not,
    failed_lines_are_opened_for_another_try,
    rows_come_by_page_and_by_step,
    approvals_are_noted_once_each,
    imports_belong_to_a_plan_that_was_begun_with_them,
    a_plan_that_was_changed_in_the_ledger_is_refused,
);
