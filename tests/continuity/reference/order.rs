//! The order of records: by instant, and the turns of `continuity.md`, "Order at one instant".
//! Always: the order of an instant rests on the records before it alone.

use super::clock::Instant;
use super::custody::{self, Place};
use super::record::{Key, Rec};

/// The records in order.
pub fn in_order(mut recs: Vec<Rec>) -> Vec<Rec> {
    recs.sort_by(|a, b| {
        (a.time, turn(a), &a.source, &a.id).cmp(&(b.time, turn(b), &b.source, &b.id))
    });
    let mut ordered: Vec<Rec> = Vec::new();
    let mut rest = recs.into_iter().peekable();
    while let Some(first) = rest.next() {
        let at: Instant = first.time;
        let mut group = vec![first];
        while rest.peek().is_some_and(|next| next.time == at) {
            group.extend(rest.next());
        }
        let arranged = arrange(group, &ordered);
        ordered.extend(arranged);
    }
    ordered
}

pub fn is_closing(rec: &Rec) -> bool {
    rec.is("residential.completed")
        || rec.is("residential.droppedOut")
        || rec.is("residential.transferred")
}

/// Records of turn 6.
pub fn is_ending(rec: &Rec) -> bool {
    let ends = ["treatment.ended", "programme.completed", "programme.left", "housing.left"];
    rec.kind.ends_with(".absenceEnded") || is_closing(rec) || ends.contains(&rec.kind.as_str())
}

fn turn(rec: &Rec) -> u8 {
    match rec.kind.as_str() {
        "detention.released" => 1,
        "residential.admitted"
        | "modality.granted"
        | "cap.referred"
        | "programme.enrolled"
        | "housing.placed" => 2,
        "treatment.started" | "residential.absenceStarted" => 3,
        "detention.arrived" => 4,
        _ if is_ending(rec) => 6,
        _ => 5,
    }
}

/// The records that stand before the release of their detention.
fn attends_release(rec: &Rec) -> bool {
    rec.is("detention.transferred")
        || rec.is("detention.statusChanged")
        || rec.is("detention.absenceStarted")
        || rec.is("detention.absenceEnded")
}

fn detention(rec: &Rec) -> Option<Key> {
    rec.kind.starts_with("detention.").then(|| rec.key("detention")).flatten()
}

fn arrange(group: Vec<Rec>, before: &[Rec]) -> Vec<Rec> {
    if group.len() == 1 {
        return group;
    }
    let custody = custody::fold(before, 0);
    let last = custody.last();
    let is_inside = last.is_some_and(|snap| snap.place == Place::Inside);
    let absent = last.and_then(|snap| snap.absence.as_ref()).map(|absence| absence.key.clone());
    let mut rest = group;
    let mut arranged = Vec::new();
    if !is_inside {
        for (arrival, release) in arrived_and_released(&rest) {
            let key = detention(&arrival);
            let of = |rec: &Rec| detention(rec) == key;
            let is = |one: &Rec, other: &Rec| one.source == other.source && one.id == other.id;
            arranged.extend(take(&mut rest, |rec| is(rec, &arrival)));
            let attending = take(&mut rest, |rec| attends_release(rec) && of(rec));
            arranged.extend(absences(attending, &absent));
            arranged.extend(take(&mut rest, |rec| is(rec, &release)));
        }
    }
    for release in take(&mut rest, |rec| rec.is("detention.released")) {
        let key = detention(&release);
        let attending = take(&mut rest, |rec| attends_release(rec) && detention(rec) == key);
        arranged.extend(absences(attending, &absent));
        arranged.push(release);
    }
    arranged.extend(stays(absences(rest, &absent), before));
    arranged
}

/// The arrivals and releases of one detention at this instant, in pairs. After a pair with a
/// release by day the person is inside, so no other pair follows.
pub fn arrived_and_released(group: &[Rec]) -> Vec<(Rec, Rec)> {
    let mut releases: Vec<&Rec> = group.iter().filter(|rec| rec.is("detention.released")).collect();
    let mut found = Vec::new();
    for arrival in group.iter().filter(|rec| rec.is("detention.arrived")) {
        let is_same = |release: &&Rec| detention(release) == detention(arrival);
        let Some(place) = releases.iter().position(is_same) else { continue };
        let release = releases.remove(place);
        found.push((arrival.clone(), release.clone()));
        if custody::is_by_day(release) {
            break;
        }
    }
    found
}

fn take(rest: &mut Vec<Rec>, mut is_taken: impl FnMut(&Rec) -> bool) -> Vec<Rec> {
    let (taken, left) = rest.drain(..).partition(|rec| is_taken(rec));
    *rest = left;
    taken
}

/// The end of an absence that runs from an earlier instant stands before the next start.
fn absences(mut group: Vec<Rec>, running: &Option<Key>) -> Vec<Rec> {
    let of_running = |rec: &Rec| running.is_some() && rec.key("detention") == *running;
    let is_start = |rec: &Rec| rec.is("detention.absenceStarted") && of_running(rec);
    if !group.iter().any(is_start) {
        return group;
    }
    let ends = take(&mut group, |rec| rec.is("detention.absenceEnded") && of_running(rec));
    let place = group.iter().position(is_start).expect("a start");
    group.splice(place..place, ends);
    group
}

/// A closing of a stay that is open before this instant stands before its admissions here.
fn stays(mut group: Vec<Rec>, before: &[Rec]) -> Vec<Rec> {
    let admitted: Vec<Key> = group
        .iter()
        .filter(|rec| rec.is("residential.admitted"))
        .filter_map(|rec| rec.key("stay"))
        .collect();
    for key in admitted {
        let of_stay = |rec: &Rec| rec.key("stay").as_ref() == Some(&key);
        let mut touching = before
            .iter()
            .rev()
            .filter(|rec| of_stay(rec))
            .filter(|rec| rec.is("residential.admitted") || is_closing(rec));
        let is_open = touching.next().is_some_and(|rec| rec.is("residential.admitted"));
        if !is_open {
            continue;
        }
        // Of several closings the first ends the stay that is open; the others stand last.
        let mut has_closed = false;
        let closings = take(&mut group, |rec| {
            is_closing(rec) && of_stay(rec) && !std::mem::replace(&mut has_closed, true)
        });
        let is_admission = |rec: &Rec| rec.is("residential.admitted") && of_stay(rec);
        let place = group.iter().position(is_admission).expect("an admission");
        group.splice(place..place, closings);
    }
    group
}
