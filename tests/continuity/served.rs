//! The cases of the rules as outside callers ask them: over HTTP, and on the command line of the
//! same ledger; and merged persons, who are one person in every answer.
//! Always: each case has persons and senders of its own.

use serde_json::{Value, json};

use crate::cases::{as_in_cases, cases, differences};
use crate::support::case::persons;
use crate::support::command;
use crate::support::service::fixture;

/// What tells the senders of a case from those of another case.
fn own(number: u32) -> String {
    format!(":case-{number:04}")
}

/// The events of a case, about persons of their own and by senders of their own. Several persons of
/// one case are merged.
fn sent(case: &Value, number: u32) -> Vec<Value> {
    let persons = persons(case, number);
    let mut events = case["events"].as_array().unwrap().clone();
    for event in &mut events {
        event["source"] = format!("{}{}", event["source"].as_str().unwrap(), own(number)).into();
        let (_, person) = persons.iter().find(|(s, _)| event["subject"] == *s.as_str()).unwrap();
        event["subject"] = person.as_str().into();
    }
    let others = persons.iter().skip(1);
    events.extend(others.map(|(_, other)| merged(other, &persons[0].1)));
    events
}

fn merged(one: &str, into: &str) -> Value {
    json!({
        "specversion": "1.0", "id": format!("merge-{one}"), "source": "urn:test:steward",
        "type": "person.merged", "time": "2026-01-01T10:00:00+01:00", "subject": one,
        "data": {"into": into, "reason": "sameNumber"}
    })
}

/// An answer with the senders of its case as the case names them.
fn with_own_senders(answer: &str, number: u32) -> Value {
    serde_json::from_str(&answer.replace(&own(number), "")).unwrap()
}

#[test]
fn the_cases_of_the_rules_over_http_and_on_the_command_line() {
    let (_folder, server) = fixture();
    let (mut wrong, mut right) = (Vec::new(), [0; 2]);
    let mut cases = cases();
    for (number, case) in (1..).zip(&mut cases) {
        // The instant of the next change is no member of the answer.
        case["expected"].as_object_mut().unwrap().remove("changesAt");
        let answer = server.send_batch(&sent(case, number));
        assert_eq!(answer.status, 201, "{}: {}", case["name"], answer.text);
        let (person, at) = (&persons(case, number)[0].1, case["at"].as_str().unwrap());
        let path = format!("/v1/persons/{person}/trajectory?at={}", at.replace('+', "%2B"));
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{}: {}", case["name"], answer.text);
        let arguments = ["trajectory", person, "--json", "--at", at, "--url", &server.url];
        let printed = command::text(&command::ends(0, &arguments).stdout);
        for (place, answer) in [answer.text, printed].iter().enumerate() {
            let answer = as_in_cases(&with_own_senders(answer, number));
            let differs = differences(case, &answer);
            right[place] += usize::from(differs.is_empty());
            wrong.extend(differs);
        }
    }
    println!("{} over HTTP, {} on the command line, of {}", right[0], right[1], cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_answer_is_as_the_contract_describes_it() {
    let (_folder, server) = fixture();
    let mut contract = server.get("/openapi.json").json();
    contract["$ref"] = "#/components/schemas/Trajectory".into();
    let one = jsonschema::validator_for(&contract).unwrap();
    contract["$ref"] = "#/components/schemas/TrajectoryPage".into();
    let page = jsonschema::validator_for(&contract).unwrap();
    for (number, case) in (1..).zip(&cases()) {
        assert_eq!(server.send_batch(&sent(case, number)).status, 201);
        let (person, at) = (&persons(case, number)[0].1, case["at"].as_str().unwrap());
        let path = format!("/v1/persons/{person}/trajectory?at={}", at.replace('+', "%2B"));
        let answer = server.get(&path).json();
        let wrong: Vec<String> = one.iter_errors(&answer).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", case["name"]);
    }
    let answer = server.get("/v1/trajectories?limit=1000").json();
    let wrong: Vec<String> = page.iter_errors(&answer).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn merged_persons_are_one_person_under_the_pseudonym_joined_into() {
    let (_folder, server) = fixture();
    let [one, other, last] = [1, 2, 3].map(|n| crate::support::person(n).to_string());
    let admitted = |person: &str, day: u32| {
        json!({
            "specversion": "1.0", "id": format!("a-{person}"), "source": "urn:test:house",
            "type": "residential.admitted", "time": format!("2026-03-{day:02}T10:00:00+01:00"),
            "subject": person,
            "data": {"stay": "stay-1", "facility": "deKiem", "programme": "community"}
        })
    };
    let events = [admitted(&one, 1), admitted(&other, 2), admitted(&last, 3)];
    assert_eq!(server.send_batch(&events).status, 201);
    let merges = [merged(&one, &other), merged(&other, &last)];
    let receipts = server.send_batch(&merges);
    assert_eq!(receipts.status, 201, "{}", receipts.text);
    let answer = |person: &str| {
        let path = format!("/v1/persons/{person}/trajectory?at=2026-03-10");
        let mut answer = server.get(&path).json();
        let members = answer.as_object_mut().unwrap();
        members.remove("revision");
        members.remove("person");
        let merged: Vec<Value> = ["mergedFrom", "mergedInto"]
            .iter()
            .map(|name| members.remove(*name).unwrap_or_default())
            .collect();
        (answer, merged)
    };
    let (joined, merged_as) = answer(&last);
    assert_eq!(joined["residential"]["days"], 8);
    assert_eq!(merged_as, [json!([one, other]), Value::Null]);
    for person in [&one, &other] {
        let (same, merged_as) = answer(person);
        assert_eq!(same, joined);
        assert_eq!(merged_as, [Value::Null, json!(last)]);
    }
    let listed = || {
        let items = server.get("/v1/trajectories").json();
        let items = items["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["person"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let unmerge = json!({
        "specversion": "1.0", "id": "apart", "source": "urn:test:steward",
        "type": "person.unmerged", "time": "2026-01-02T10:00:00+01:00", "subject": one,
        "data": {"from": other, "reason": "mistake"}
    });
    crate::support::until("one row a person", || listed() == [last.clone()]);
    assert_eq!(server.send_batch(&[unmerge]).status, 201);
    crate::support::until("a row of its own again", || listed() == [one.clone(), last.clone()]);
}
