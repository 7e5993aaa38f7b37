//! The section `transitions`: the moves and whether substitution went on over them.
//! Always: one entry a move, an admission or a release, in order.

use serde_json::{Value, json};

use super::clock::{self, Instant};
use super::course::{List, Substitution};
use super::custody::Custody;

pub fn section(s: &Substitution) -> Value {
    let w = s.w;
    let kinds = [
        "detention.arrived",
        "detention.transferred",
        "detention.released",
        "residential.admitted",
    ];
    let entries: Vec<usize> = w
        .folded()
        .filter(|(_, rec)| kinds.contains(&rec.kind.as_str()))
        .map(|(place, _)| place)
        .collect();
    let is_move =
        |place: usize| !w.recs[place].is("detention.released") || departs(&w.custody, place);
    let moves: Vec<usize> = entries.iter().copied().filter(|place| is_move(*place)).collect();
    let row = |place: &usize| {
        let mut row = entry(s, *place);
        if let Some(at) = moves.iter().position(|found| found == place) {
            let next = moves.get(at + 1).map(|next| w.time(*next));
            add_doses(s, &mut row, w.time(*place), next);
        }
        row
    };
    entries.iter().map(row).collect()
}

fn departs(custody: &Custody, place: usize) -> bool {
    custody.departures.iter().any(|departure| departure.rec == place)
}

fn entry(s: &Substitution, place: usize) -> Value {
    let rec = &s.w.recs[place];
    let before = place.checked_sub(s.w.first + 1);
    let facility = before.and_then(|before| s.w.custody.snaps[before].facility.as_deref());
    let (kind, from, to) = match rec.kind.as_str() {
        "detention.arrived" => ("arrival", None, rec.text("facility")),
        "detention.transferred" => ("transfer", rec.text("from"), rec.text("to")),
        "detention.released" => ("release", facility, None),
        _ => ("residentialAdmission", None, rec.text("facility")),
    };
    let mut row = json!({"kind": kind, "at": clock::text(rec.time), "continuous": null});
    for (name, value) in [("from", from), ("to", to)] {
        if let Some(value) = value {
            row[name] = value.into();
        }
    }
    row
}

fn add_doses(s: &Substitution, row: &mut Value, at: Instant, next: Option<Instant>) {
    let doses: List = (0..s.all.len()).filter(|place| s.dose(*place).is_some()).collect();
    let before = doses.iter().map(|place| s.at(*place)).rfind(|dose| *dose <= at);
    let mut after = doses.iter().map(|place| s.at(*place));
    let after = after.find(|dose| *dose > at && next.is_none_or(|next| *dose <= next));
    if let Some(before) = before {
        row["lastDoseBefore"] = clock::text(before).into();
    }
    if let Some(after) = after {
        row["firstDoseAfter"] = clock::text(after).into();
    }
    let (Some(before), Some(after)) = (before, after) else { return };
    let list = s.until(at);
    let course = s.course(&list);
    if !course.iter().any(|place| s.dose(*place).is_some() || s.is_prescription(*place)) {
        return;
    }
    let due = s.due(&list, after, &s.replay(at).enders).expect("a course has due");
    row["continuous"] = (after <= s.in_time_until(due)).into();
    row["gapHours"] = (after - before).num_hours().into();
}
