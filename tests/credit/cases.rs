//! The worked cases of the credit rules, from the events as sent to the figures.

use serde_json::Value;

use crate::script::{answer, date, json, query};

fn cases() -> Vec<Value> {
    let text = include_str!("../fixtures/credit-cases.json");
    serde_json::from_str(text).unwrap()
}

fn computed(case: &Value) -> Value {
    let mut query = query(date(case["at"].as_str().unwrap()));
    for (name, value) in case["parameters"].as_object().unwrap() {
        match name.as_str() {
            "boundary" => query.boundary = serde_json::from_value(value.clone()).unwrap(),
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

fn check_all(name: &str, computed: &Value, case: &Value) {
    let modalities = computed["modalities"].as_array().unwrap();
    let expected = case["expected"].as_array().unwrap();
    assert_eq!(modalities.len(), expected.len(), "{name}");
    for (modality, expected) in modalities.iter().zip(expected) {
        check(name, modality, expected);
    }
}

#[test]
fn every_worked_case_gives_its_figures() {
    let cases = cases();
    assert_eq!(cases.len(), 24);
    for case in cases {
        check_all(case["name"].as_str().unwrap(), &computed(&case), &case);
    }
}

/// The events of a case, about a separate person and by a separate sender, in the order given.
fn sent(case: &Value, number: u32) -> Vec<Value> {
    let source = format!("urn:test:case-{number}");
    let mut events = case["events"].as_array().unwrap().clone();
    for event in &mut events {
        event["source"] = source.as_str().into();
        event["subject"] = crate::support::person(number).to_string().into();
        for target in ["corrects", "annuls"] {
            if let Some(named) = event["data"].get_mut(target) {
                named["source"] = source.as_str().into();
            }
        }
    }
    events
}

#[test]
fn every_worked_case_gives_its_figures_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let server = crate::support::service::Service::start(folder.path());
    let mut right = 0;
    for (number, case) in (1..).zip(cases()) {
        let name = case["name"].as_str().unwrap();
        let answer = server.send_batch(&sent(&case, number));
        assert_eq!(answer.status, 201, "{name}: {}", answer.text);
        let mut path = format!("/v1/persons/{}/credit?", crate::support::person(number));
        path.push_str(&format!("at={}", case["at"].as_str().unwrap()));
        for (parameter, value) in case["parameters"].as_object().unwrap() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            path.push_str(&format!("&{parameter}={value}"));
        }
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        check_all(name, &answer.json(), &case);
        let text = server.get_with(&path, &[("accept", "text/plain")]);
        assert!(text.text.starts_with("CREDIT OF DAYS"), "{name}");
        right += 1;
    }
    println!("{right}/24 over HTTP");
    assert_eq!(right, 24);
}
