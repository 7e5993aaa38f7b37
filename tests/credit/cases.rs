//! The worked cases of the credit rules, from the events as sent to the figures.
//! Always: a case is compared whole: modalities in order, figures, runs, and codes of findings.

use std::collections::BTreeSet;

use care_ledger::domain::credit::{CreditQuery, credit};
use care_ledger::domain::finding::FindingCode;
use care_ledger::domain::time::calendar::{self, At};
use care_ledger::domain::trajectory::{self, ContinuityRules};
use care_ledger::domain::vocabulary::registry::Registry;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::engine::{engine, history};
use crate::reference::{self, Asked};

/// The members of a modality and of a reading that a case names.
pub const MODALITY: [&str; 12] = [
    "modality",
    "kind",
    "judgment",
    "outcome",
    "lawful",
    "ifRevokedOn",
    "window",
    "windows",
    "modalityDays",
    "treatmentDays",
    "servedInsideDays",
    "backOn",
];
pub const READING: [&str; 8] = [
    "creditedDays",
    "range",
    "remainingDays",
    "unusedDays",
    "sentenceEnd",
    "pending",
    "notApplicable",
    "cannotCompute",
];

pub fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../fixtures/credit-cases.json")).unwrap()
}

/// A civil date means its end.
fn known(text: &str) -> DateTime<Utc> {
    let last = |date| calendar::end_of(date) - TimeDelta::microseconds(1);
    text.parse::<NaiveDate>().map_or_else(|_| text.parse().unwrap(), last)
}

/// The question of a case.
pub fn asked(case: &Value) -> Asked {
    let given = &case["parameters"];
    let text = |name: &str, default: &str| given[name].as_str().unwrap_or(default).to_owned();
    let at: NaiveDate = case["at"].as_str().unwrap().parse().unwrap();
    Asked {
        at,
        today: at.max("2026-11-29".parse().unwrap()),
        known: given["known"].as_str().map(known),
        project: given["project"].as_bool().unwrap_or(false),
        boundary: text("boundary", "anyPart"),
        absence: text("absence", "wholeDates"),
        month_days: u32::try_from(given["monthDays"].as_u64().unwrap_or(30)).unwrap(),
    }
}

/// These members of a value, if present.
pub fn pick(value: &Value, names: &[&str]) -> Value {
    let present = names.iter().filter_map(|name| Some((*name, value.get(*name)?)));
    present.map(|(name, member)| (name.to_owned(), member.clone())).collect()
}

fn runs(runs: &Value, word: &str) -> Value {
    let run = |run: &Value| match word {
        "" => json!([run["from"], run["to"]]),
        word => json!([run["from"], run["to"], run[word]]),
    };
    runs.as_array().unwrap().iter().map(run).collect()
}

/// A modality of an answer in the short form of the cases.
fn short(modality: &Value) -> Value {
    let mut short = pick(modality, &MODALITY);
    for name in ["entered", "calculated", "effective"] {
        let days = modality["remainder"][format!("{name}Days")].clone();
        short[name] = days;
    }
    if !modality["window"].is_null() {
        let window = json!([modality["window"]["from"], modality["window"]["to"]]);
        short["window"] = window;
    }
    short["windows"] = runs(&modality["windows"], "");
    short["dayBook"] = runs(&modality["dayBook"], "state");
    let readings = modality["readings"].as_object().unwrap().iter().map(|(name, reading)| {
        let mut short = pick(reading, &READING);
        short["counted"] = runs(&reading["counted"], "why");
        short["excluded"] = runs(&reading["excluded"], "why");
        (name.clone(), short)
    });
    short["readings"] = readings.collect();
    short
}

fn codes(findings: &Value, code: impl Fn(&Value) -> &Value) -> BTreeSet<String> {
    let codes = findings.as_array().unwrap().iter();
    codes.map(|finding| code(finding).as_str().unwrap().to_owned()).collect()
}

/// What differs between an answer and a case.
pub fn differences(answer: &Value, case: &Value) -> Vec<String> {
    let modalities: Value = answer["modalities"].as_array().unwrap().iter().map(short).collect();
    let mut found = codes(&answer["findings"], |finding| &finding["code"]);
    // The cases name a house that no register has.
    found.remove("unknownCode");
    let expected = codes(&case["findings"], |code| code);
    let name = &case["name"];
    let mut wrong = Vec::new();
    if modalities != case["expected"] {
        wrong.push(format!("{name}\n  got      {modalities}\n  expected {}", case["expected"]));
    }
    if found != expected {
        wrong.push(format!("{name}\n  found {found:?}\n  expected {expected:?}"));
    }
    wrong
}

/// Checks every case with an engine and prints how many hold.
fn check_all(by: &str, answer: impl Fn(&[Value], &Asked) -> Value) {
    let cases = cases();
    assert_eq!(cases.len(), 108);
    let of =
        |case: &Value| differences(&answer(case["events"].as_array().unwrap(), &asked(case)), case);
    let wrong: Vec<Vec<String>> = cases.iter().map(of).filter(|wrong| !wrong.is_empty()).collect();
    println!("{by}: {} of {} cases", cases.len() - wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{}", wrong.concat().join("\n"));
}

#[test]
fn every_worked_case_gives_its_figures() {
    check_all("in process", engine);
}

#[test]
fn every_worked_case_gives_its_figures_by_the_reference() {
    check_all("by the reference", reference::credit);
}

#[test]
fn a_trajectory_says_the_same_beside_its_credit() {
    let (rules, registry) = (ContinuityRules::shipped(), Registry::shipped());
    let mut repeated = 0;
    for case in cases() {
        let at = asked(&case).at;
        let history = history(case["events"].as_array().unwrap(), None);
        let credit = credit(&history, &CreditQuery::new(At::Date(at), at), registry);
        let [alone, beside] = [None, Some(&credit)]
            .map(|credit| trajectory::answer(&history, At::Date(at), rules, registry, credit));
        assert_eq!(alone, beside, "{}", case["name"]);
        let codes: Vec<_> = alone.findings.iter().map(|finding| finding.code).collect();
        repeated += usize::from(codes.contains(&FindingCode::WindowReopened));
    }
    assert!(repeated > 0, "no case has a finding that a trajectory repeats");
}
