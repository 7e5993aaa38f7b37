//! The laws of the credit, tried on the ledger's engine and on the reference.
//! More: `LAW_CASES=100000 cargo test --test credit law_`.

use crate::engine::engine;
use crate::laws::*;

macro_rules! laws {
    ($($name:ident = $law:ident;)*) => {$(
        #[test]
        fn $name() {
            try_law(stringify!($law), $law, engine);
        }
    )*};
}

laws! {
    law_1_order_of_arrival_and_repeated_delivery_change_nothing = law_1;
    law_2_the_sets_lie_in_one_another_and_the_day_book_is_a_partition = law_2;
    law_3_the_end_follows_from_the_figures = law_3;
    law_4_an_absence_never_raises_a_credit = law_4;
    law_5_corrected_is_as_right_from_the_start = law_5;
    law_6_a_split_stay_has_the_same_totals = law_6;
    law_7_a_short_return_moves_no_end = law_7;
    law_8_other_names_change_only_names = law_8;
    law_10_a_run_names_what_it_rests_on = law_10;
    law_9_the_engine_gives_what_the_reference_gives = law_9;
    law_9_holds_when_records_share_instants = law_9_crowded;
}
