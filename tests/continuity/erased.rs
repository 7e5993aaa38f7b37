//! Trajectories of persons with erased records: a state is `unknown`, never `none`, while an erased
//! record may contradict `none`.
//! Rules: principle 8 of the continuity rules.

use std::sync::Arc;

use care_ledger::domain::event::{Content, Erasure};
use care_ledger::domain::history::{OutsideTargets, fold};
use care_ledger::domain::vocabulary::kind::Class;
use serde_json::json;

use crate::builder::{at, engine, event, instant, recorded};

#[test]
fn only_a_later_record_in_force_at_the_time_asked_for_says_none() {
    let facility = "deKiem";
    let admitted = json!({"stay": "s", "facility": facility, "programme": "therapeuticCommunity"});
    let attested = json!({"stay": "t", "days": 3,
        "from": "2025-02-01", "to": "2025-02-03"});
    let sent = [
        event("residential.admitted", "2026-01-10", admitted),
        event("residential.attested", "2026-03-01", attested),
    ];
    let rows = [
        ("nothing was recorded later", "2026-01-20", "unknown"),
        ("what was recorded later happened later", "2026-02-01", "unknown"),
        ("what was recorded later counts", "2026-03-02", "none"),
    ];
    let mut records = recorded(&sent);
    let first = Arc::make_mut(&mut records[0]);
    first.content = Content::Erased {
        class: Class::Attested,
        recorded_at: first.recorded_at,
        erasure: Erasure { at: instant("2026-04-01"), basis: "dataSubject".into() },
    };
    let history = fold(records, &OutsideTargets::default(), None);
    for (why, asked, expected) in rows {
        let (answer, _) = engine(&history, at(asked));
        assert_eq!(answer["residential"]["state"], expected, "{why}");
    }
}
