//! The worked cases as outside callers ask them: over HTTP, and on the command line of the same
//! ledger.
//! Always: each case has persons and senders of its own, and needs no `recordedtime` of its own.

use serde_json::{Value, json};

use crate::cases::{asked, cases, differences};
use crate::support::case::persons;
use crate::support::command;
use crate::support::service::fixture;

/// The cases that take `recordedtime` from the store; the others run in process only.
fn needs_no_time(case: &Value) -> bool {
    let events = case["events"].as_array().unwrap();
    events.iter().all(|event| event.get("recordedtime").is_none())
}

/// The events of a case, about persons of their own and by senders of their own, in the order
/// given. Several persons of one case are merged.
fn sent(case: &Value, number: u32) -> Vec<Value> {
    let persons = persons(case, number);
    let source = |named: &Value| format!("{}:case-{number}", named.as_str().unwrap()).into();
    let mut events = case["events"].as_array().unwrap().clone();
    for event in &mut events {
        event["source"] = source(&event["source"]);
        let (_, person) = persons.iter().find(|(s, _)| event["subject"] == *s.as_str()).unwrap();
        event["subject"] = person.as_str().into();
        for target in ["corrects", "annuls"] {
            if let Some(named) = event["data"].get_mut(target) {
                named["source"] = source(&named["source"]);
            }
        }
    }
    events.extend(persons.iter().skip(1).map(|(_, other)| {
        json!({
            "specversion": "1.0", "id": format!("merge-{other}"), "source": "urn:test:steward",
            "type": "person.merged", "time": "2026-01-01T10:00:00+01:00", "subject": other,
            "data": {"into": persons[0].1, "reason": "sameNumber"}
        })
    }));
    events
}

/// The parameters of a case, by name.
fn parameters(case: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let given = case["parameters"].as_object().unwrap().iter();
    let given = given.map(|(name, value)| (name.clone(), text(value)));
    given.chain([("at".to_owned(), asked(case).at.to_string())]).collect()
}

#[test]
fn every_worked_case_gives_its_figures_over_http_and_on_the_command_line() {
    let (_folder, server) = fixture();
    let (mut wrong, mut right) = (Vec::new(), [0; 2]);
    let cases: Vec<Value> = cases().into_iter().filter(needs_no_time).collect();
    for (number, case) in (1..).zip(&cases) {
        let answer = server.send_batch(&sent(case, number));
        assert_eq!(answer.status, 201, "{}: {}", case["name"], answer.text);
        let person = persons(case, number)[0].1.clone();
        let query: Vec<String> =
            parameters(case).iter().map(|(name, value)| format!("{name}={value}")).collect();
        let path = format!("/v1/persons/{person}/credit?{}", query.join("&"));
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{}: {}", case["name"], answer.text);
        let table = server.get_with(&path, &[("accept", "text/plain")]);
        assert!(table.text.starts_with("CREDIT OF DAYS"), "{}", case["name"]);
        let mut arguments = vec!["credit".to_owned(), person, "--json".to_owned()];
        arguments.extend(["--url".to_owned(), server.url.clone()]);
        for (name, value) in parameters(case) {
            let flag = if name == "monthDays" { "month-days" } else { &name };
            arguments.extend([format!("--{flag}"), value]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let printed = command::text(&command::ends(0, &arguments).stdout);
        let printed: Value = serde_json::from_str(&printed).unwrap();
        for (place, answer) in [answer.json(), printed].iter().enumerate() {
            let differs = differences(answer, case);
            right[place] += usize::from(differs.is_empty());
            wrong.extend(differs);
        }
    }
    println!("{} over HTTP, {} on the command line, of {}", right[0], right[1], cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cases.len(), 106);
}
