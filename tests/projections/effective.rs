//! The view `effective`: records in force, as histories, folded once and kept running.

use care_ledger::simulate::{Plan, events};
use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::kept::{SCRIPT, caught_up, put, states, status};
use crate::support::client::Client;
use crate::support::command::{ends, path, written};
use crate::support::service::{Service, fixture};
use crate::support::{TIME, person, screening, until};

/// What a program sees of each event of a stream.
const SEEN: &str = "// view: effective
fromAll().foreachStream().when({
    $init: () => ({ seen: [] }),
    $any: (s, e) => { s.seen.push({
        id: e.metadata.id, stream: e.streamId, number: e.sequenceNumber, created: e.created,
        type: e.eventType, data: e.data, body: e.bodyRaw, metadata: e.metadata,
    }); },
})";

/// The streams and types in the order in which they come.
const ORDER: &str = "// view: effective
fromAll().when({ $init: () => [], $any: (s, e) => { s.push([e.streamId, e.metadata.id]); } })";

/// A state machine of each person, over the records in force.
const STAYS: &str = "// view: effective
fromCategory('person').foreachStream().when({
    $init: () => ({ at: null, moves: 0, n: 0, types: {}, last: null }),
    'detention.arrived': (s, e) => { s.at = e.data.facility; s.n++; },
    'detention.transferred': (s, e) => { s.at = e.data.facility; s.moves++; },
    'detention.released': (s) => { s.at = null; },
    $any: (s, e) => {
        s.n++;
        s.types[e.eventType] = (s.types[e.eventType] || 0) + 1;
        s.last = [e.sequenceNumber, e.metadata.civil.time, e.bodyRaw.length, e.data];
    },
})";

/// A count by the day of the week: no stream has a state of its own.
const BY_TYPE: &str = "// view: effective
fromCategory('person').partitionBy(e => e.eventType).when({
    $init: () => ({ n: 0, days: 0 }),
    $any: (s, e) => { s.n++; s.days += Date.parse(e.metadata.civil.time) / 86400000; },
})";

fn about(kind: &str, id: &str, target: &Value, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": target["source"], "type": kind,
        "subject": target["subject"], "time": "2026-03-20T10:00:00+01:00", "data": data,
    })
}

fn key(target: &Value) -> Value {
    json!({"source": target["source"], "id": target["id"], "type": target["type"]})
}

fn corrected(id: &str, target: &Value, rest: Value) -> Value {
    let mut data = json!({"corrects": key(target), "reason": "dateMisread"});
    data.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    about("record.corrected", id, target, data)
}

fn annulled(id: &str, target: &Value) -> Value {
    let data = json!({"annuls": key(target), "reason": "notOccurred"});
    about("record.annulled", id, target, data)
}

fn merge(id: &str, from: u32, into: u32) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:example:a", "type": "person.merged",
        "subject": person(from), "time": TIME,
        "data": {"into": person(into), "reason": "sameIdentifierHash"},
    })
}

fn example(text: &str, id: &str) -> Value {
    let mut event: Value = serde_json::from_str(text).unwrap();
    event["id"] = json!(id);
    event
}

fn on(number: u32, id: &str, time: &str) -> Value {
    screening(person(number), "urn:example:a", id, time)
}

/// Records of three persons, of whom two are one, of a project and of a facility; the order of the
/// file is that of receipt.
fn told() -> Vec<Value> {
    let first = on(1, "first", "2026-03-02T10:00:00+01:00");
    let second = on(1, "second", "2026-03-03T10:00:00+01:00");
    let gone = on(1, "gone", "2026-03-04T10:00:00+01:00");
    let back = on(1, "back", "2026-03-05T10:00:00+01:00");
    let annulment = annulled("annulment", &back);
    let data = json!({"data": {"instrument": "assist", "needIdentified": false}});
    vec![
        on(3, "other", TIME),
        first.clone(),
        second.clone(),
        example(include_str!("../../schemas/examples/project.started.json"), "project"),
        gone.clone(),
        on(2, "joined", "2026-03-02T12:00:00+01:00"),
        back.clone(),
        corrected("later", &first, json!({"time": "2026-03-28T23:30:00Z"})),
        corrected("no", &second, data),
        annulled("annulled", &gone),
        annulment.clone(),
        annulled("annulledAgain", &annulment),
        merge("merge", 2, 1),
        example(include_str!("../../schemas/examples/facility.offered.json"), "facility"),
    ]
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

fn replayed(source: &str, from: &[&str]) -> Value {
    let (_folder, file) = written("p.js", source);
    let output = ends(0, &[&["replay", &file, "--json"], from].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn of_file(source: &str, events: &[Value], arguments: &[&str]) -> Value {
    let (_folder, file) = written("log.ndjson", &lines(events));
    replayed(source, &[&["--events", &file], arguments].concat())
}

fn stream(number: u32) -> String {
    format!("person-{}", person(number))
}

#[test]
fn a_program_sees_the_records_in_force() {
    let all = of_file(SEEN, &told(), &[]);
    assert!(all.get(stream(2)).is_none(), "the records stand under the pseudonym joined into");
    let seen = all[stream(1)]["seen"].as_array().unwrap();
    let ids: Vec<&str> = seen.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["joined", "second", "back", "first"], "in the order of their times");
    for (number, one) in seen.iter().enumerate() {
        assert_eq!((&one["stream"], &one["number"]), (&json!(stream(1)), &json!(number)));
    }
    let (second, first) = (&seen[1], &seen[3]);
    assert_eq!(second["data"], json!({"instrument": "assist", "needIdentified": false}));
    assert_eq!(second["body"], r#"{"instrument":"assist","needIdentified":true}"#);
    let no = json!({"source": "urn:example:a", "id": "no"});
    assert_eq!(second["metadata"]["correctedby"], no);
    assert_eq!(second["created"], "2026-03-20T09:00:00.0000000Z", "that of the correction");
    assert_eq!(second["metadata"]["recordedtime"], "2026-03-03T09:00:00.000000Z");
    assert_eq!(second["metadata"]["position"], 3);
    assert_eq!(first["metadata"]["time"], "2026-03-28T23:30:00Z");
    assert_eq!(first["metadata"]["civil"]["time"], "2026-03-29");
    assert_eq!(first["metadata"]["civil"]["minute"], 30);
    let untouched = &seen[0]["metadata"];
    assert!(untouched.get("correctedby").is_none());
    assert_eq!(untouched["subject"], json!(person(2)), "as it was told");
}

#[test]
fn the_streams_come_in_one_order() {
    let order = of_file(ORDER, &told(), &[]);
    let order: Vec<(&str, &str)> = order[""]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
        .collect();
    let (one, three) = (stream(1), stream(3));
    assert!(order[0].0.starts_with("facility-") && order[1].0.starts_with("project-"));
    let persons = [
        (&*three, "other"),
        (&*one, "joined"),
        (&*one, "second"),
        (&*one, "back"),
        (&*one, "first"),
    ];
    assert_eq!(order[2..], persons);
}

#[test]
fn moments_apply_to_what_is_in_force() {
    let mut told = told();
    // The corrections were told later than all else.
    for event in &mut told {
        if event["type"] == "record.corrected" {
            event["recordedtime"] = json!("2026-06-01T00:00:00Z");
        }
    }
    let ids = |arguments: &[&str]| -> Vec<String> {
        let all = of_file(SEEN, &told, arguments);
        let seen = all[stream(1)]["seen"].as_array().unwrap().clone();
        seen.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&[]), ["joined", "second", "back", "first"]);
    assert_eq!(ids(&["--known", "2026-05-01"]), ["first", "joined", "second", "back"]);
    assert_eq!(ids(&["--at", "2026-03-04"]), ["joined", "second"], "as corrected");
    assert_eq!(
        ids(&["--at", "2026-03-04", "--known", "2026-05-01"]),
        ["first", "joined", "second"]
    );
}

/// The states of a replay on the service.
pub fn served(client: &Client, source: &str, query: &str) -> Value {
    let answer = client.post(&format!("/v1/replays{query}"), SCRIPT, source.as_bytes());
    let lines = answer.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let rows = lines.filter(|line| line["partition"].is_string());
    let rows =
        rows.map(|row| (row["partition"].as_str().unwrap().to_owned(), row["state"].clone()));
    rows.collect::<Map<String, Value>>().into()
}

#[test]
fn a_folder_a_file_a_service_and_a_running_projection_agree() {
    let (folder, service) = fixture();
    let told = told();
    put(&service, "stays", STAYS);
    put(&service, "order", ORDER);
    for event in &told {
        assert_eq!(service.send(event).status, 201);
        caught_up(&service, "stays");
        assert_eq!(states(&service, "stays"), served(&service, STAYS, ""), "after {event}");
    }
    caught_up(&service, "order");
    assert_eq!(status(&service, "order")["view"], "effective");
    let of_service = served(&service, ORDER, "");
    assert_eq!(states(&service, "order"), of_service);
    service.stop();
    let of_folder = ["--data", path(folder.path())];
    assert_eq!(replayed(ORDER, &of_folder), of_service);
    assert_eq!(of_file(ORDER, &told, &[]), of_service);
    assert_eq!(replayed(STAYS, &of_folder), of_file(STAYS, &told, &[]));
}

/// A year of a country, in which senders correct and annul, and pseudonyms are joined and parted.
pub fn year() -> Vec<Value> {
    let (from, to) = ("2025-01-01".parse().unwrap(), "2025-12-31".parse().unwrap());
    let mut year: Vec<Value> =
        events(Plan { persons: 60, detained: 10, from, to, seed: 5 }).collect();
    // The simulator parts few: a merge, its unmerge, and a merge that is annulled.
    let persons: Vec<Value> = {
        let of_persons = year.iter().map(|event| event["subject"].clone());
        let mut persons: Vec<Value> =
            of_persons.filter(|subject| subject.as_str().unwrap().len() == 36).collect();
        persons.sort_by_key(Value::to_string);
        persons.dedup();
        persons
    };
    let tie = |id: &str, kind: &str, one: usize, member: &str, other: usize| {
        json!({
            "specversion": "1.0", "id": id, "source": "urn:example:steward", "type": kind,
            "subject": persons[one], "time": TIME.replace("2026", "2025"),
            "data": {member: persons[other], "reason": "sameIdentifierHash"},
        })
    };
    let annulled_merge = tie("a", "person.merged", 0, "into", 1);
    let of_merge = |id: &str| annulled(id, &annulled_merge);
    let steps = [
        (5, annulled_merge.clone()),
        (4, tie("b", "person.merged", 2, "into", 3)),
        (4, tie("c", "person.merged", 3, "into", 4)),
        (3, of_merge("d")),
        (2, tie("e", "person.unmerged", 2, "from", 3)),
        (2, tie("f", "person.merged", 5, "into", 3)),
    ];
    for (sixths, event) in steps {
        let place = year.len() - year.len() * sixths / 6;
        year.insert(place, event);
    }
    year
}

#[test]
fn a_running_projection_is_a_fresh_replay_at_its_end_and_at_each_moment_before() {
    let year = year();
    for kind in ["record.corrected", "record.annulled", "person.merged", "person.unmerged"] {
        let count = year.iter().filter(|event| event["type"] == kind).count();
        assert!(count > 1 || kind == "person.unmerged" && count > 0, "{count} of {kind}");
    }
    let (folder, mut service) = fixture();
    put(&service, "stays", STAYS);
    let mut moments = Vec::new();
    for quarter in year.chunks(year.len().div_ceil(4)) {
        service.send_lines(quarter);
        caught_up(&service, "stays");
        let known = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
        std::thread::sleep(std::time::Duration::from_millis(5));
        moments.push((known, states(&service, "stays")));
        if moments.len() == 2 {
            // A restart goes on from the checkpoint.
            service.stop();
            service = Service::start(folder.path());
            put(&service, "types", BY_TYPE);
            caught_up(&service, "types");
        }
    }
    // No stream has a state of its own: a new version is built beside.
    caught_up(&service, "types");
    let found = status(&service, "types");
    assert!(found.get("stale").is_none(), "{found}");
    assert_eq!(states(&service, "types"), served(&service, BY_TYPE, ""));
    assert!(moments[3].1.as_object().unwrap().len() > 50);
    for (known, running) in &moments {
        assert_eq!(running, &served(&service, STAYS, &format!("?known={known}")), "{known}");
    }
    service.stop();
    let of_folder = ["--data", path(folder.path())];
    assert_eq!(replayed(STAYS, &of_folder), moments[3].1);
}

#[test]
fn what_cannot_take_a_record_in_is_stale_until_it_is_built_anew() {
    let (_folder, service) = fixture();
    service.send(&on(1, "1", TIME));
    put(&service, "types", BY_TYPE);
    caught_up(&service, "types");
    service.send(&on(1, "2", TIME));
    until("stale", || status(&service, "types")["stale"] == true);
    until("built anew", || status(&service, "types").get("stale").is_none());
    caught_up(&service, "types");
    assert_eq!(states(&service, "types")["care.screened"]["n"], 2);
}

#[test]
fn a_fault_in_the_records_in_force_leaves_the_states_before() {
    let (_folder, service) = fixture();
    let bad = "// view: effective\nfromAll().foreachStream().when({ $init: () => ({ n: 0 }),\n\
        $any: (s, e) => { if (e.data.needIdentified === false) throw new Error('no'); s.n++; } })";
    let first = on(1, "1", TIME);
    service.send(&first);
    put(&service, "bad", bad);
    caught_up(&service, "bad");
    let no = json!({"data": {"instrument": "assist", "needIdentified": false}});
    service.send_batch(&[on(1, "2", TIME), corrected("3", &first, no)]);
    until("faulted", || status(&service, "bad")["state"] == "faulted");
    let found = status(&service, "bad");
    assert_eq!((&found["position"], &found["lag"]), (&json!("1"), &json!(2)));
    assert_eq!(found["fault"]["event"], json!({"source": "urn:example:a", "id": "1"}));
    assert_eq!(states(&service, "bad")[stream(1)], json!({"n": 1}));
}
