//! A second reading of `continuity.md`, written from the text alone: the trajectory, naively.
//! Always: every instant asked for is folded from scratch; nothing is kept between instants.

mod alerts;
mod alerts_care;
mod care;
mod changes;
pub mod clock;
mod course;
mod custody;
mod elements;
mod findings;
mod findings_dose;
mod handover;
mod modality;
mod order;
mod products;
mod record;
mod release;
mod silence;
mod stays;
mod substitution;
mod transitions;
mod world;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use course::Substitution;
use record::Rec;
use world::World;

/// What the records say of a person at an instant, and when the clock next changes the answer.
pub fn trajectory(events: &[Value], at: DateTime<Utc>, known: Option<DateTime<Utc>>) -> Value {
    let recs = record::effective(events, known);
    let mut answer = answer(&recs, at);
    let changes_at = changes::changes_at(&recs, at, &answer);
    answer["changesAt"] = changes_at.map(clock::text).into();
    answer
}

/// Whether, by all records that count at an instant, an interruption ever began.
pub fn was_interrupted(events: &[Value], at: DateTime<Utc>) -> bool {
    let recs = record::effective(events, None);
    Substitution::new(&World::new(&recs, at)).now(at).replay.was_interrupted
}

fn answer(recs: &[Rec], at: DateTime<Utc>) -> Value {
    let w = World::new(recs, at);
    let s = Substitution::new(&w);
    let now = s.now(at);
    let standing = modality::standing(&w);
    let referrals: Vec<Value> =
        care::referrals(&w).into_iter().map(|referral| referral.row).collect();
    let mut answer = json!({
        "custody": modality::section(&w, &standing),
        "substitution": substitution::section(&s, &now),
        "residential": stays::section(&w),
        "programmes": care::programmes(&w),
        "referrals": referrals,
        "treatments": care::treatments_section(&w),
        "plans": care::plans(&w),
        "transitions": transitions::section(&s),
        "alerts": alerts::section(&s, &now, &standing),
        "findings": findings::section(&s),
    });
    for (name, section) in [("housing", care::housing(&w)), ("release", release::section(&w))] {
        if let Some(section) = section {
            answer[name] = section;
        }
    }
    answer
}
