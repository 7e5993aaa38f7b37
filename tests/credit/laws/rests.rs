//! Law 10, ours: a run names every record without which it would not hold.
//! Always: tried on histories without corrections and without two records at one instant, one
//! record left out at a time.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::super::random::dice::Dice;
use super::super::random::draw::Draw;
use super::super::random::untouched;
use super::super::reference::records::instant_of;
use super::{Engine, Outcome, as_is, day, list, settle};

/// The lists of runs of a modality that are tried, each with the member that gives the reason.
fn lists(modality: &Value) -> Vec<(String, &'static str, &Value)> {
    let mut lists = vec![("dayBook".to_owned(), "state", &modality["dayBook"])];
    for (name, reading) in modality["readings"].as_object().into_iter().flatten() {
        for list in ["counted", "excluded"] {
            lists.push((format!("{name}.{list}"), "why", &reading[list]));
        }
    }
    lists
}

/// The reason of a date in a list of runs.
fn reason<'v>(runs: &'v Value, word: &str, date: NaiveDate) -> Option<&'v Value> {
    let holds = |run: &&Value| day(&run["from"]) <= Some(date) && Some(date) <= day(&run["to"]);
    list(runs).iter().find(holds).map(|run| &run[word])
}

fn is_decision(event: &Value) -> bool {
    event["type"].as_str().is_some_and(|name| name.starts_with("modality."))
}

/// The first run of `whole` that does not hold in `part`, although it does not name the record that
/// `part` lacks.
fn unnamed(whole: &Value, part: &Value, left_out: &Value) -> Option<String> {
    let name = (&left_out["source"], &left_out["id"]);
    for modality in list(&whole["modalities"]) {
        let names = ["modality", "kind", "judgment", "startsOn"];
        let same = |other: &&Value| names.iter().all(|name| other[name] == modality[name]);
        // The records of another modality can decide whether an escape counts; no run names that.
        let named = &left_out["data"]["modality"];
        let with_name = list(&whole["modalities"]).iter().filter(|m| m["modality"] == *named);
        let of_other = *named != modality["modality"] || with_name.count() > 1;
        if of_other && is_decision(left_out) {
            continue;
        }
        let other = list(&part["modalities"]).iter().find(same);
        for (path, word, runs) in lists(modality) {
            for run in list(runs) {
                if list(&run["records"]).iter().any(|r| (&r["source"], &r["id"]) == name) {
                    continue;
                }
                let Some(other) = other else { return Some(format!("{path}: {run}")) };
                let found = lists(other).into_iter().find(|(other, ..)| *other == path);
                // A reading that no longer applies has no runs to compare.
                let Some((_, _, others)) = found else { continue };
                let (from, to) = (day(&run["from"])?, day(&run["to"])?);
                let mut dates = from.iter_days().take_while(|date| *date <= to);
                // The dates that a reading accounts for end with the window.
                let may_lack = path == "deduction.excluded" || path == "courtDecision.excluded";
                let holds = |date: &NaiveDate| match reason(others, word, *date) {
                    Some(reason) => *reason == run[word],
                    None => may_lack,
                };
                if let Some(date) = dates.find(|date| !holds(date)) {
                    return Some(format!("{path} on {date}: {run}"));
                }
            }
        }
    }
    None
}

/// Findings of records that repeat or contradict another: without the one the other counts.
const CONTRADICTIONS: [&str; 10] = [
    "absenceOverlap",
    "absenceWithoutStay",
    "arrivalWithoutRelease",
    "closingWithoutStay",
    "modalityGrantedTwice",
    "releaseWithoutArrival",
    "sentencePronouncedTwice",
    "stayClosedTwice",
    "stayNeverClosed",
    "stayOverlap",
];

/// Each run names the records without which it would not hold.
pub fn law_10(engine: Engine, seed: u64) -> Outcome {
    let mut dice = Dice::new(seed);
    let (mut events, asked) = untouched(&mut Draw::new(&mut dice));
    // Which of two records of one instant stands first may follow from a third.
    let mut instants = BTreeSet::new();
    events.retain(|event| instants.insert(instant_of(event["time"].as_str().unwrap())));
    settle(&events, &asked, as_is, |events| {
        let whole = engine(events, &asked);
        let is_contradiction =
            |finding: &Value| CONTRADICTIONS.iter().any(|code| finding["code"] == *code);
        if list(&whole["findings"]).iter().any(is_contradiction) {
            return None;
        }
        // A death bounds the whole answer.
        let is_death =
            |event: &Value| event["type"] == "death.recorded" || event["data"]["reason"] == "death";
        let places = (0..events.len()).filter(|place| !is_death(&events[*place]));
        let wrong = places.into_iter().find_map(|place| {
            let mut rest = events.to_vec();
            let left_out = rest.remove(place);
            let unnamed = unnamed(&whole, &engine(&rest, &asked), &left_out)?;
            Some(format!("rests on {} too:\n{unnamed}", json!(left_out["id"])))
        });
        Some(wrong.unwrap_or_default())
    })
}
