//! `changesAt`: the first instant after now at which the answer differs.
//! Always: candidates are collected generously, and each is tried by folding from scratch.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer;
use super::clock::{self, Instant};
use super::course::Substitution;
use super::modality;
use super::record::Rec;
use super::world::World;

/// The first instant after now at which the answer is another.
pub fn changes_at(recs: &[Rec], now: Instant, then: &Value) -> Option<Instant> {
    let fixed = fixed(recs, now);
    let mut at = now;
    loop {
        let next = fixed.iter().copied().find(|found| *found > at);
        let next = next.into_iter().chain(moving(recs, at)).filter(|found| *found > at).min()?;
        if answer(recs, next) != *then {
            return Some(next);
        }
        at = next;
    }
}

/// The instants at which a record, or the clock some days after it, may change something.
fn fixed(recs: &[Rec], now: Instant) -> BTreeSet<Instant> {
    let mut found = BTreeSet::new();
    days_after(&mut found, now, 3);
    for rec in recs {
        found.insert(rec.time);
        for days in [2, 7, 14, 28] {
            found.insert(clock::plus_days(rec.time, days));
        }
        found.insert(clock::plus_hours(rec.time, 48));
        for day in [14, 21, 28] {
            found.insert(clock::after_day(rec.time, day));
        }
        days_after(&mut found, rec.time, 7);
        for interval in [1, 7, 28] {
            found.insert(clock::plus_days(rec.time, interval));
        }
        found.insert(clock::working_days_end(rec.time, 1));
        for member in ["startsOn", "effectiveOn", "from", "expectedOn"] {
            let Some(day) = rec.date(member) else { continue };
            for days in [0, 7, -7, -30] {
                found.insert(clock::start(clock::shift(day, days)));
            }
        }
        if let Some(dose) = rec.instant("lastDoseAt") {
            found.insert(clock::plus_hours(dose, 48));
        }
    }
    found
}

fn days_after(found: &mut BTreeSet<Instant>, at: Instant, count: i64) {
    for days in 1..=count {
        found.insert(clock::start(clock::shift(clock::date(at), days)));
    }
}

/// The instants that follow from what holds now.
fn moving(recs: &[Rec], at: Instant) -> Vec<Instant> {
    let w = World::new(recs, at);
    // After a death only a record told ahead changes anything.
    if w.death.is_some() {
        return Vec::new();
    }
    let s = Substitution::new(&w);
    let now = s.now(at);
    let mut found: Vec<Instant> = now.u.into_iter().collect();
    if let Some(due) = now.due {
        found.push(due.at);
        found.extend(s.window(due).map(|days| clock::plus_days(due.at, days)));
        found.push(s.in_time_until(due));
    }
    // After a forced stop the days without a dose count from due on; they show once they exceed
    // the greatest count before.
    let forced = now.interruption().and_then(|found| now.replay.due_at[found.by]);
    for due in now.due.into_iter().chain(forced) {
        let days = (0..8).chain((now.g - 3).max(8)..now.g + 3);
        found.extend(days.map(|day| clock::after_day(due.at, day)));
    }
    found.extend(modality::modalities(&w).into_iter().filter_map(|m| m.over));
    found
}
