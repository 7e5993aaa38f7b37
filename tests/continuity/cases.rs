//! The cases that the continuity rules come with: events, an instant, and what the answer says.
//! Always: a member that a case names is compared whole, but for texts; an absent member is absent.

use serde_json::{Map, Value};

use crate::builder::{at, engine, history};

const CASES: &str = include_str!("../fixtures/continuity-cases.json");

/// The findings of the registers and of the credit, which the cases leave out.
const LEFT_OUT: [&str; 13] = [
    "facilityClosed",
    "unknownCode",
    "attestMismatch",
    "stayModalityMismatch",
    "modalityGrantedTwice",
    "modalityOverlap",
    "modalityWithoutRelease",
    "windowReopened",
    "returnNotRecorded",
    "suspensionOverAMonth",
    "targetElsewhere",
    "replacementInvalid",
    "idReusedAcrossPersons",
];

/// The parts of an alert or a finding that are no free text.
const COMPARED: [&str; 5] = ["code", "since", "severity", "records", "values"];

/// The cases.
pub fn cases() -> Vec<Value> {
    serde_json::from_str(CASES).unwrap()
}

/// An answer as the cases tell it: records named by source and id, without texts.
pub fn as_in_cases(answer: &Value) -> Value {
    let mut told = answer.clone();
    for part in ["alerts", "findings"] {
        let items = answer[part].as_array().unwrap();
        let kept = items.iter().filter(|item| !LEFT_OUT.contains(&item["code"].as_str().unwrap()));
        told[part] = kept.map(|item| compared(part, item)).collect();
    }
    told
}

fn compared(part: &str, item: &Value) -> Value {
    let mut told: Map<String, Value> = item.as_object().unwrap().clone();
    told.retain(|name, _| COMPARED.contains(&&**name));
    if part == "findings" {
        told.remove("values");
    }
    for record in told["records"].as_array_mut().unwrap() {
        record.as_object_mut().unwrap().remove("position");
    }
    told.into()
}

/// What an answer says otherwise than a case expects.
pub fn differences(case: &Value, answer: &Value) -> Vec<String> {
    let expected = case["expected"].as_object().unwrap().iter();
    let differing = expected.filter(|(name, value)| answer.get(name) != Some(value));
    differing
        .map(|(name, value)| {
            format!("{}: {name}\n  expected {value}\n  answered {}", case["name"], answer[name])
        })
        .collect()
}

#[test]
fn the_cases_of_the_rules_in_process() {
    let cases = cases();
    let mut wrong = Vec::new();
    let mut passed = 0;
    for case in &cases {
        let history = history(case["events"].as_array().unwrap(), None);
        let (answer, changes_at) = engine(&history, at(case["at"].as_str().unwrap()));
        let mut answer = as_in_cases(&answer);
        answer["changesAt"] = serde_json::to_value(changes_at).unwrap();
        let differing = differences(case, &answer);
        passed += usize::from(differing.is_empty());
        wrong.extend(differing);
    }
    println!("{passed} of {} cases", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
