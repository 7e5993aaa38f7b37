//! Findings about stays: what is open, closed twice, shared or attested otherwise.
//! Always: a stay belongs to a modality by its dates, whatever the admission names.
//! Text: `credit.md`, "Findings"; `continuity.md`, "Findings".

use super::records::Record;
use super::sets::{Dates, Ended, Presence, dates};
use super::{Scene, Told};

pub fn findings(scene: &Scene, told: &[Told]) -> Vec<(&'static str, Vec<Record>)> {
    let mut found = Vec::new();
    closings(scene, &mut found);
    overlaps(scene, &mut found);
    for (place, record) in scene.records.iter().enumerate() {
        match record.kind.as_str() {
            "residential.absenceStarted" if !is_inside_a_presence(scene, place) => {
                found.push(("absenceWithoutStay", vec![record.clone()]));
            }
            "residential.attested" if is_attested_otherwise(scene, record) => {
                found.push(("attestMismatch", vec![record.clone()]));
            }
            _ => {}
        }
    }
    for presence in &scene.presences {
        if lies_in_another_window(scene, told, presence) {
            let admission = scene.records[presence.admission].clone();
            found.push(("stayModalityMismatch", vec![admission]));
        }
    }
    found
}

fn closings(scene: &Scene, found: &mut Vec<(&'static str, Vec<Record>)>) {
    let records = &scene.records;
    for presence in &scene.presences {
        if let Ended::Cut(place) = presence.ended {
            let both = vec![records[presence.admission].clone(), records[place].clone()];
            found.push(("stayNeverClosed", both));
        }
    }
    let ends = |place: usize| scene.presences.iter().any(|p| p.ended == Ended::Closed(place));
    for (place, closing) in records.iter().enumerate() {
        if !closing.is_closing() || ends(place) {
            continue;
        }
        let same = |other: &usize| records[*other].key("stay") == closing.key("stay");
        let is_admission = |other: &usize| records[*other].is("residential.admitted");
        let before = (0..place).rev().filter(same).take_while(|other| !is_admission(other));
        match before.into_iter().find(|other| ends(*other)) {
            Some(first) => {
                let both = vec![records[first].clone(), closing.clone()];
                found.push(("stayClosedTwice", both));
            }
            None => found.push(("closingWithoutStay", vec![closing.clone()])),
        }
    }
}

fn overlaps(scene: &Scene, found: &mut Vec<(&'static str, Vec<Record>)>) {
    for (place, one) in scene.presences.iter().enumerate() {
        for other in &scene.presences[place + 1..] {
            let turns = |a: &Presence, b: &Presence| {
                (a.ended != Ended::Open && a.last == b.first).then_some(b.first)
            };
            let mut shared: Dates = &one.all_dates() & &other.all_dates();
            for turn in [turns(one, other), turns(other, one)].into_iter().flatten() {
                shared.remove(&turn);
            }
            if !shared.is_empty() {
                let both = [one, other].map(|p| scene.records[p.admission].clone());
                found.push(("stayOverlap", both.to_vec()));
            }
        }
        for (at, absence) in one.absences.iter().enumerate() {
            for other in &one.absences[at + 1..] {
                let from = absence.from.max(other.from);
                let ends = [absence.to, other.to].into_iter().flatten().min();
                if ends.is_none_or(|end| from < end) {
                    let both = [absence, other].map(|a| scene.records[a.start].clone());
                    found.push(("absenceOverlap", both.to_vec()));
                }
            }
        }
    }
}

/// By the order of records in `continuity.md`, whose turns put the start of an absence behind the
/// admissions of its instant, and before the arrivals and closings there; but the closing of an
/// open stay stands before the admissions of that stay there.
fn is_inside_a_presence(scene: &Scene, place: usize) -> bool {
    let start = &scene.records[place];
    let of_stay = || scene.presences.iter().filter(|p| p.stay == start.key("stay"));
    let admitted = |presence: &Presence| scene.records[presence.admission].instant;
    let is_admitted_there = of_stay().any(|presence| admitted(presence) == start.instant);
    of_stay().any(|presence| {
        let is_before_end = match presence.ended {
            Ended::Open => true,
            Ended::Closed(end) => {
                let end = scene.records[end].instant;
                let is_first = admitted(presence) < end && is_admitted_there;
                start.instant < end || start.instant == end && !is_first
            }
            Ended::Cut(end) => {
                let end_record = &scene.records[end];
                start.instant < end_record.instant
                    || (end_record.is("detention.arrived") && place < end)
            }
        };
        admitted(presence) <= start.instant && is_before_end
    })
}

fn is_attested_otherwise(scene: &Scene, attest: &Record) -> bool {
    let of_stay = scene.presences.iter().filter(|p| p.stay == attest.key("stay"));
    let counted: Dates = of_stay.flat_map(|p| p.counted(scene.exclude_last)).collect();
    let (Some(from), Some(to)) = (attest.day("from"), attest.day("to")) else { return false };
    let within = counted.intersection(&dates(from, to)).count();
    attest.number("days") != Some(within as i64)
}

fn lies_in_another_window(scene: &Scene, told: &[Told], presence: &Presence) -> bool {
    let admission = &scene.records[presence.admission];
    if admission.text("modality").is_empty() {
        return false;
    }
    let named = admission.key("modality");
    let lies_in = |one: &Told| presence.all_dates().iter().any(|date| one.modality.covers(*date));
    told.iter().any(lies_in) && !told.iter().any(|one| one.modality.key == named && lies_in(one))
}
