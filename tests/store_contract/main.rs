//! The promises of the store. Every backend runs one suite; the cluster runs the suite also while
//! calls fail and leaders change at random (`SEED=7 cargo test --test store_contract troubled`
//! repeats a run). The other tests are for promises that only one backend makes.
//!
//! `CARE_LEDGER_TEST_ESDB=esdb://…` runs the cluster's part against that server instead of the
//! stand-in. The suite claims the server for its own key, so name a server that holds nothing else.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../standin/mod.rs"]
mod standin;
#[path = "../support/mod.rs"]
mod support;

mod bench;
#[path = "cluster.rs"]
mod cluster_only;
#[path = "embedded.rs"]
mod embedded_only;
mod faults;
mod harm;
mod in_flight;
mod session;
mod streams;
mod suite;
mod watched;

macro_rules! promises {
    ($($promise:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                super::suite::$promise(&super::bench::Bench::embedded()).await;
            })*
        }

        mod cluster {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                super::suite::$promise(&super::bench::Bench::cluster().await).await;
            })*
        }

        mod troubled {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                super::suite::$promise(&super::bench::Bench::troubled().await).await;
            })*
        }
    };
}

promises! {
    an_append_gives_places_in_order_and_reads_see_it,
    one_refused_write_leaves_the_whole_append_out,
    a_stream_nobody_wrote_is_not_there,
    the_same_again_is_known_for_it_also_at_a_newer_revision,
    the_same_id_with_other_content_is_refused,
    a_batch_over_several_persons_is_refused_whole,
    writers_of_one_stream_lose_no_update_and_leave_no_gap,
    racing_writers_leave_no_gap_and_no_dedup_key_twice,
    a_reader_beside_a_writer_sees_all_in_order,
    reading_goes_on_behind_every_position,
    a_store_opened_anew_goes_on_where_it_was,
    large_records_and_many_at_once_come_back_whole,
    lines_of_one_person_are_taken_however_many,
    a_merge_links_both_streams,
    two_categories_with_one_code_are_two_streams,
    events_about_organisations_lie_in_streams_of_their_own,
    a_tail_never_steps_back_behind_a_receipt_or_a_tail,
    recorded_time_rises_also_when_the_clock_steps_back,
}
