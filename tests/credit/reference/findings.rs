//! Findings about modalities, sentences, detentions and deaths, and the list of all findings.
//! Always: a finding never changes a figure; each stands once.
//! Text: `credit.md`, "Findings". Where that page does not say which records a finding names, the
//! choice is this file's own, and nothing should be compared with it but the code.

use std::collections::BTreeSet;

use chrono::Days;
use serde_json::{Value, json};

use super::base::{imputed_dates, imputes_by_date};
use super::modality::{EndFrom, Modality, OTHER_TITLE, is_lived_inside, suspensions};
use super::records::Record;
use super::sets::{Dates, previous};
use super::{Scene, Told, custody, stays};

type Found = Vec<(&'static str, Vec<Record>)>;

/// The findings whose records the text defines.
pub const RECORDS_DEFINED: [&str; 10] = [
    "absenceOverlap",
    "absenceWithoutStay",
    "arrivalWithoutRelease",
    "arrivedAndReleasedAtOnce",
    "closingWithoutStay",
    "recordAfterDeath",
    "releaseWithoutArrival",
    "stayClosedTwice",
    "stayNeverClosed",
    "stayOverlap",
];

/// Every finding, by code and then by its records.
pub fn findings(scene: &Scene, told: &[Told]) -> Value {
    let mut found = custody::findings(&scene.records);
    found.extend(stays::findings(scene, told));
    at_once(scene, &mut found);
    after_death(scene, &mut found);
    sentences(scene, told, &mut found);
    imputations(scene, told, &mut found);
    for one in told {
        of_modality(scene, one, &mut found);
    }
    found.extend(scene.elsewhere.iter().map(|r| ("targetElsewhere", vec![r.clone()])));
    let name = |r: &Record| (r.source.clone(), r.id.clone());
    let named: BTreeSet<(&str, Vec<(String, String)>)> =
        found.iter().map(|(code, records)| (*code, records.iter().map(name).collect())).collect();
    let shown = named.into_iter().map(|(code, records)| {
        let records: Vec<Value> =
            records.iter().map(|(source, id)| json!({"source": source, "id": id})).collect();
        json!({"code": code, "records": records})
    });
    shown.collect()
}

/// An arrival that stands before a release of its instant does so by the first exception alone.
fn at_once(scene: &Scene, found: &mut Found) {
    for pair in scene.records.windows(2) {
        let [arrival, release] = pair else { continue };
        let is_pair = arrival.is("detention.arrived") && release.is("detention.released");
        let is_same = arrival.key("detention") == release.key("detention");
        if is_pair && is_same && arrival.instant == release.instant {
            found.push(("arrivedAndReleasedAtOnce", pair.to_vec()));
        }
    }
}

fn after_death(scene: &Scene, found: &mut Found) {
    let apart = [
        "death.recorded",
        "residential.attested",
        "modality.ended",
        "modality.revoked",
        "detention.released",
        "substitution.stopped",
        "detention.absenceEnded",
        "residential.absenceEnded",
        "residential.completed",
        "residential.droppedOut",
        "residential.transferred",
        "treatment.ended",
        "programme.completed",
        "programme.left",
        "housing.left",
        "consent.given",
        "consent.withdrawn",
        "person.merged",
        "person.unmerged",
    ];
    let late = scene.after_death.iter().filter(|r| !apart.contains(&r.kind.as_str()));
    let late: Vec<Record> = late.cloned().collect();
    let death = scene.records.iter().find(|r| r.is_death());
    if let (Some(death), false) = (death, late.is_empty()) {
        let all = std::iter::once(death.clone()).chain(late).collect();
        found.push(("recordAfterDeath", all));
    }
}

fn sentences(scene: &Scene, told: &[Told], found: &mut Found) {
    let pronounced: Vec<&Record> =
        scene.records.iter().filter(|r| r.is("sentence.pronounced")).collect();
    for record in &pronounced {
        let same: Vec<Record> = pronounced
            .iter()
            .filter(|r| r.key("sentence") == record.key("sentence"))
            .map(|r| (*r).clone())
            .collect();
        let content =
            |r: &Record| ["years", "months", "days", "startsOn"].map(|name| r.data[name].clone());
        if same.iter().any(|r| content(r) != content(&same[0])) {
            found.push(("sentencePronouncedTwice", same));
        }
    }
    for one in told {
        for (place, sentence) in one.base.sentences.iter().enumerate() {
            let keys: Vec<_> = one.base.sentences[..=place].iter().map(|s| &s.key).collect();
            let own = |p: &&usize| keys.contains(&&scene.records[**p].key("sentence"));
            let by_date: Dates = one
                .base
                .dated
                .iter()
                .filter(own)
                .filter_map(|p| imputed_dates(&scene.records[*p]))
                .flatten()
                .collect();
            let by_figure: BTreeSet<_> = one
                .base
                .undated
                .iter()
                .filter(own)
                .map(|p| (scene.records[*p].key("sentence"), scene.records[*p].number("days")))
                .collect();
            let figures: i64 = by_figure.iter().filter_map(|(_, days)| *days).sum();
            let end = previous(sentence.until);
            let imputed = by_date.len() as u64 + u64::try_from(figures).expect("no debt");
            let record = &scene.records[sentence.content];
            let agrees = |ends_on| ends_on == end || ends_on == end - Days::new(imputed);
            if record.day("endsOn").is_some_and(|ends_on| !agrees(ends_on)) {
                found.push(("endMismatch", vec![record.clone()]));
            }
        }
    }
}

fn imputations(scene: &Scene, told: &[Told], found: &mut Found) {
    let imputed: Vec<&Record> =
        scene.records.iter().filter(|r| r.is("sentence.detentionImputed")).collect();
    for (place, record) in imputed.iter().enumerate() {
        let is_pronounced = scene
            .records
            .iter()
            .any(|r| r.is("sentence.pronounced") && r.key("sentence") == record.key("sentence"));
        if !is_pronounced {
            found.push(("imputationElsewhere", vec![(*record).clone()]));
        }
        if imputed_dates(record).is_some() && !imputes_by_date(record) {
            found.push(("imputationMismatch", vec![(*record).clone()]));
        }
        for other in &imputed[place + 1..] {
            let is_equal = record.key("sentence") == other.key("sentence")
                && record.number("days") == other.number("days");
            // Two that both count, by their own dates, are two imputations.
            let both_count = imputes_by_date(record)
                && imputes_by_date(other)
                && imputed_dates(record) != imputed_dates(other);
            if is_equal && !both_count {
                found.push(("imputedTwice", vec![(*record).clone(), (*other).clone()]));
            }
        }
    }
    for one in told.iter().filter(|one| one.base.undated_days > 0) {
        let records = one.base.undated.iter().map(|place| scene.records[*place].clone());
        found.push(("imputationUndated", records.collect()));
    }
}

fn of_modality(scene: &Scene, one: &Told, found: &mut Found) {
    let modality = &one.modality;
    let grant = &scene.records[modality.grant];
    let mut tell = |code: &'static str, holds: bool| {
        if holds {
            found.push((code, vec![grant.clone()]));
        }
    };
    let has_started = modality.starts <= scene.at;
    let differs = one.entered.zip(one.base.calculated).is_some_and(|(a, b)| a != b);
    tell("remainderMismatch", has_started && differs);
    let is_cut_short = modality.end_from == [EndFrom::LaterModality]
        && (modality.covers(modality.end)
            || (modality.runs.is_empty() && modality.end < modality.starts));
    tell("modalityOverlap", is_cut_short);
    tell("windowReopened", modality.runs.len() > 1);
    tell("otherTitle", one.book.values().any(|state| *state == OTHER_TITLE));
    let ends = |date| scene.detentions.iter().any(|d| d.release.is_some() && d.last == date);
    let is_held = scene.detained.iter().any(|date| modality.covers(*date) && !ends(*date));
    tell("modalityWithoutRelease", !is_lived_inside(&modality.kind) && is_held);
    let days = (one.lived().len() + one.served_inside().len()) as i64;
    tell("sentenceOver", has_started && one.effective().is_some_and(|all| all <= days));
    tell("returnNotRecorded", is_return_missing(scene, one));
    let readings = one.readings(&scene.records);
    let left = |name: &str| readings[name]["remainingDays"].as_i64();
    let differs = left("deduction").zip(left("courtDecision")).is_some_and(|(a, b)| a != b);
    tell("decisionMismatch", differs);
    let same = |r: &&Record| r.is("modality.granted") && r.key("modality") == modality.key;
    let grants: Vec<Record> = scene.records.iter().filter(same).cloned().collect();
    if grants.len() > 1 {
        found.push(("modalityGrantedTwice", grants));
    }
    long_suspensions(scene, modality, found);
}

fn long_suspensions(scene: &Scene, modality: &Modality, found: &mut Found) {
    for (place, dates) in suspensions(&scene.records, modality) {
        if dates.len() > scene.month_days as usize {
            found.push(("suspensionOverAMonth", vec![scene.records[place].clone()]));
        }
    }
}

fn is_return_missing(scene: &Scene, one: &Told) -> bool {
    let modality = &one.modality;
    let effect = modality.revoked_from(scene.at);
    let after = |date: &&chrono::NaiveDate| match modality.last_of_window() {
        Some(last) => last < **date,
        None => modality.starts <= **date,
    };
    one.outcome == "revoked"
        && effect.is_some_and(|effect| modality.starts < effect)
        && !scene.detained.iter().any(|date| after(&date))
}
