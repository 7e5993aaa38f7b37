//! The worked cases of the credit rules, from the events as sent to the figures.

#![allow(missing_docs, clippy::unwrap_used)]

mod credit_support;

use credit_support::{answer, date, json, query};
use serde_json::Value;

fn cases() -> Vec<Value> {
    let text = include_str!("fixtures/credit-cases.json");
    serde_json::from_str(text).unwrap()
}

fn computed(case: &Value) -> Value {
    let mut query = query(date(case["at"].as_str().unwrap()));
    for (name, value) in case["parameters"].as_object().unwrap() {
        match name.as_str() {
            "boundary" => query.boundary = value.as_str().unwrap().parse().unwrap(),
            "monthDays" => {
                let days = u32::try_from(value.as_u64().unwrap()).unwrap();
                query.month_days = days.try_into().unwrap();
            }
            other => panic!("an unknown parameter: {other}"),
        }
    }
    json(&answer(case["events"].as_array().unwrap(), &query))
}

fn check(name: &str, modality: &Value, expected: &Value) {
    let window = match &modality["window"] {
        Value::Null => Value::Null,
        window => Value::from(vec![window["from"].clone(), window["to"].clone()]),
    };
    assert_eq!(window, expected["window"], "{name}: window");
    let figures = [
        (&modality["modality"], "modality"),
        (&modality["remainder"]["enteredDays"], "entered"),
        (&modality["remainder"]["calculatedDays"], "calculated"),
        (&modality["remainder"]["effectiveDays"], "effective"),
        (&modality["compliantDays"], "compliant"),
        (&modality["treatmentDays"], "treatment"),
    ];
    for (figure, member) in figures {
        assert_eq!(*figure, expected[member], "{name}: {member}");
    }
    let readings = expected["readings"].as_object().unwrap();
    let names = |value: &Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&modality["readings"]), names(&expected["readings"]), "{name}");
    for (reading, expected) in readings {
        for (member, expected) in expected.as_object().unwrap() {
            let figure = &modality["readings"][reading][member];
            if *expected == Value::Bool(true) {
                assert!(!figure.as_array().unwrap().is_empty(), "{name}: {reading}.{member}");
            } else {
                assert_eq!(figure, expected, "{name}: {reading}.{member}");
            }
        }
    }
}

#[test]
fn every_worked_case_gives_its_figures() {
    let cases = cases();
    assert_eq!(cases.len(), 24);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let computed = computed(&case);
        let modalities = computed["modalities"].as_array().unwrap();
        let expected = case["expected"].as_array().unwrap();
        assert_eq!(modalities.len(), expected.len(), "{name}");
        for (modality, expected) in modalities.iter().zip(expected) {
            check(name, modality, expected);
        }
    }
}
