//! Every schema against its fixtures and its example; no refusal carries content.

use std::collections::BTreeSet;

use care_ledger::domain::event::{Event, Unreadable};
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::kind::{Kind, SchemaVersion};
use care_ledger::domain::vocabulary::schemas::ENVELOPE;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::domain::vocabulary::violation::{Violation, ViolationCode};
use serde_json::{Value, json};

use crate::{fixture, now};

/// The name that the files of a version carry; the newest version has the name of its type.
fn file_name(version: &SchemaVersion) -> String {
    let SchemaVersion { kind, number, .. } = version;
    if *number == kind.newest().number { kind.to_string() } else { format!("{kind}.v{number}") }
}

/// Every version of every type that a sender may send.
fn versions() -> impl Iterator<Item = &'static SchemaVersion> {
    senders().flat_map(|kind| kind.versions())
}

fn senders() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| *kind != Kind::RecordErased)
}

#[test]
fn valid_fixtures_and_examples_pass_and_decode() {
    for version in versions() {
        let name = file_name(version);
        let example = serde_json::from_str(version.example).unwrap();
        for event in [fixture(&name, "valid"), example] {
            let draft = validate(&JsonValue::from(&event), now())
                .unwrap_or_else(|v| panic!("{name}: {v:?}"));
            let event = Event::from_canonical(&draft.canonical).unwrap();
            assert!(event.fact().is_ok(), "{name}");
        }
    }
}

#[test]
fn invalid_fixtures_are_refused_with_all_violations_and_no_other() {
    for name in versions().map(file_name) {
        let fixture = fixture(&name, "invalid");
        let found = validate(&JsonValue::from(&fixture["event"]), now()).unwrap_err();
        let code = |v: &Violation| serde_json::to_value(v.code).unwrap();
        let mut found: Vec<_> = found.iter().map(|v| (v.name.clone(), code(v))).collect();
        let expected = fixture["violations"].as_array().unwrap().iter();
        let mut expected: Vec<_> =
            expected.map(|v| (v["name"].as_str().unwrap().to_owned(), v["code"].clone())).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_payload_without_dataschema_may_hold_any_version_and_a_named_one_holds_its_own() {
    let with = |dataschema: Option<&str>, data: Value| {
        let mut event = fixture(Kind::CapReferred, "valid");
        event["data"] = data;
        let members = event.as_object_mut().unwrap();
        match dataschema {
            Some(name) => drop(members.insert("dataschema".to_owned(), name.into())),
            None => drop(members.remove("dataschema")),
        }
        let violations = validate(&JsonValue::from(&event), now()).err().unwrap_or_default();
        violations.into_iter().map(|v| format!("{} {}", v.name, v.code)).collect::<Vec<_>>()
    };
    let old = json!({"referral": "r", "project": "tandem", "toProvider": "msoc"});
    let new = json!({"referral": "r", "project": "tandem", "by": "court"});
    let urn = |number: u32| format!("urn:care-ledger:schema:cap.referred:{number}");
    let rows: [(Option<String>, &Value, &[&str]); 8] = [
        (None, &old, &[]),
        (None, &new, &[]),
        (Some(urn(1)), &old, &[]),
        (Some(urn(2)), &old, &[]),
        (Some(urn(2)), &new, &[]),
        (Some(urn(1)), &new, &["/data/by unknownMember", "/data/toProvider missing"]),
        (Some(urn(3)), &json!({"later": true}), &["/dataschema unknownSchema"]),
        (
            Some("urn:care-ledger:schema:cap.oriented:1".into()),
            &new,
            &["/dataschema unknownSchema"],
        ),
    ];
    for (dataschema, data, expected) in rows {
        assert_eq!(with(dataschema.as_deref(), data.clone()), expected, "{dataschema:?} {data}");
    }
}

#[test]
fn an_event_of_a_version_that_only_a_newer_ledger_has_is_unreadable() {
    let mut event = fixture(Kind::CapReferred, "valid");
    event["dataschema"] = "urn:care-ledger:schema:cap.referred:3".into();
    assert_eq!(Event::from_canonical(event.to_string().as_bytes()), Err(Unreadable));
}

/// The names of the files of a folder that end in `ending`, without it.
fn names_in(folder: &str, ending: &str) -> BTreeSet<String> {
    let folder = format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let names = files.map(|name| name.into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

#[test]
fn no_schema_example_or_fixture_is_without_its_version() {
    let all = || Kind::ALL.iter().flat_map(|kind| kind.versions());
    let mut schemas: BTreeSet<String> =
        all().map(|version| format!("{}.v{}", version.kind, version.number)).collect();
    schemas.insert("envelope".to_owned());
    assert_eq!(names_in("schemas", ".json"), schemas);
    let files: BTreeSet<String> = all().map(file_name).collect();
    assert_eq!(names_in("schemas/examples", ".json"), files);
    let mut fixtures = names_in("tests/fixtures/schemas", ".json");
    for which in ["valid", "invalid"] {
        assert_eq!(names_in("tests/fixtures/schemas", &format!(".{which}.json")), files, "{which}");
        fixtures.retain(|name| !name.ends_with(&format!(".{which}")));
    }
    assert!(fixtures.is_empty(), "neither valid nor invalid: {fixtures:?}");
}

#[test]
fn the_envelope_lists_every_type() {
    let envelope: Value = serde_json::from_str(ENVELOPE).unwrap();
    let listed = envelope.pointer("/properties/type/enum").unwrap().as_array().unwrap();
    let names: Vec<&str> = listed.iter().filter_map(Value::as_str).collect();
    assert_eq!(names, Kind::CODES);
}

#[test]
fn each_class_is_the_schemas() {
    for version in Kind::ALL.iter().flat_map(|kind| kind.versions()) {
        let kind = version.kind;
        let schema: Value = serde_json::from_str(version.schema).unwrap();
        let class = kind.class().map_or("asTarget".to_owned(), |c| c.to_string());
        assert_eq!(schema["x-class"], class, "{kind}");
        assert_eq!(schema["$id"], version.id(), "{kind}");
    }
}

#[test]
fn rules_between_members() {
    let base = || fixture(Kind::RecordCorrected, "valid");
    let edit = |pointer: &str, value: Value| {
        let mut event = base();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let rows = [
        (edit("/time", "2026-11-23T12:05:01Z".into()), "/time", ViolationCode::InFuture),
        (edit("/time", "2026-03-01".into()), "/time", ViolationCode::BadForm),
        (edit("/type", "x.y".into()), "/type", ViolationCode::UnknownType),
        (edit("/type", "record.erased".into()), "/type", ViolationCode::LedgerOnly),
        (edit("/subject", "85073003328".into()), "/subject", ViolationCode::BadForm),
        (
            edit("/data/corrects/source", "urn:other".into()),
            "/data/corrects/source",
            ViolationCode::OtherSource,
        ),
        (
            edit("/data/corrects/type", "no.such".into()),
            "/data/corrects/type",
            ViolationCode::UnknownType,
        ),
    ];
    for (event, place, code) in rows {
        let found = validate(&JsonValue::from(&event), now()).unwrap_err();
        assert!(found.iter().any(|v| v.name == place && v.code == code), "{place}: {found:?}");
    }
}

#[test]
fn a_subject_is_of_the_category_that_the_type_says_and_names_what_data_names() {
    const PERSON: &str = "f71f73db-1881-4b57-b6a3-2de78a5e7b17";
    let corrects = |target: &str, facility: Value| {
        let target = json!({"source": "urn:x", "id": "e1", "type": target});
        let data = json!({"facility": facility, "present": 1, "places": 1});
        json!({"corrects": target, "reason": "error", "data": data})
    };
    let annuls = |target: &str| {
        let target = json!({"source": "urn:x", "id": "e1", "type": target});
        json!({"annuls": target, "reason": "duplicate"})
    };
    let counted = json!({"facility": "gent", "present": 1, "places": 1});
    let ended = json!({"project": "cap", "reason": "replaced"});
    let screened = json!({"instrument": "assist", "needIdentified": true});
    let merged = json!({"into": "00000000-0000-4000-8000-000000000001", "reason": "same"});
    let rows = [
        ("facility.counted", "facility:gent", counted.clone(), Ok("O")),
        ("facility.counted", PERSON, counted.clone(), Err("/subject")),
        ("facility.counted", "project:gent", counted.clone(), Err("/subject")),
        ("facility.counted", "facility:brugge", counted.clone(), Err("/data/facility")),
        ("facility.counted", "facility:Gent", counted.clone(), Err("/subject")),
        ("facility.counted", "facility-gent", counted, Err("/subject")),
        ("project.ended", "project:cap", ended.clone(), Ok("O")),
        ("project.ended", "facility:cap", ended.clone(), Err("/subject")),
        ("project.ended", "project:tandem", ended, Err("/data/project")),
        ("care.screened", PERSON, screened.clone(), Ok("C")),
        ("care.screened", "facility:gent", screened.clone(), Err("/subject")),
        ("care.screened", &format!("person:{PERSON}"), screened, Err("/subject")),
        ("person.merged", "facility:gent", merged, Err("/subject")),
        ("record.corrected", "facility:gent", corrects("facility.counted", "gent".into()), Ok("O")),
        ("record.corrected", PERSON, corrects("facility.counted", "gent".into()), Err("/subject")),
        (
            "record.corrected",
            "facility:brugge",
            corrects("facility.counted", "gent".into()),
            Err("/data/data/facility"),
        ),
        ("record.annulled", "facility:gent", annuls("facility.counted"), Ok("O")),
        ("record.annulled", "project:cap", annuls("project.trained"), Ok("O")),
        ("record.annulled", "project:cap", annuls("facility.counted"), Err("/subject")),
        ("record.annulled", "facility:gent", annuls("care.screened"), Err("/subject")),
        ("record.annulled", "facility:gent", annuls("person.merged"), Err("/subject")),
        // Only the history knows what a correction of a correction changes in the end.
        ("record.annulled", "facility:gent", annuls("record.corrected"), Ok("O")),
        ("record.annulled", PERSON, annuls("record.corrected"), Ok("C")),
    ];
    for (kind, subject, data, expected) in rows {
        let event = json!({
            "specversion": "1.0", "id": "e2", "source": "urn:x", "type": kind, "subject": subject,
            "time": "2026-02-04T08:00:00+01:00", "data": data
        });
        let found = validate(&JsonValue::from(&event), now());
        let found = found.map(|draft| {
            assert_eq!(draft.stream.subject().to_string(), subject);
            draft.class.code()
        });
        let places = found.map_err(|violations| {
            violations.into_iter().map(|violation| violation.name).collect::<Vec<_>>()
        });
        assert_eq!(places, expected.map_err(|place| vec![place.to_owned()]), "{kind} {subject}");
    }
}

#[test]
fn attributes_hold_text_and_none_of_the_ledgers_names() {
    let set = |name: &str, value: Value| {
        let mut event = fixture(Kind::CareScreened, "valid");
        event[name] = value;
        validate(&JsonValue::from(&event), now())
    };
    let texts = ["id", "source", "correlationid", "causationid", "ourextension"];
    for name in texts {
        // CloudEvents 1.0, type String: U+0000 to U+001F and U+007F to U+009F are not allowed.
        for control in ['\0', '\t', '\n', '\u{1f}', '\u{7f}', '\u{85}', '\u{9f}'] {
            for text in [format!("a{control}b"), format!("a{control}")] {
                let found = set(name, text.into()).unwrap_err();
                let place = format!("/{name}");
                let is_told = found.iter().any(|v| v.name == place);
                assert!(is_told, "{name} with {control:?}: {found:?}");
                let codes: Vec<_> = found.iter().map(|v| v.code).collect();
                assert_eq!(codes, [ViolationCode::BadForm], "{name} with {control:?}");
            }
        }
    }
    for name in ["id", "correlationid", "causationid", "ourextension"] {
        assert!(set(name, "é/% a~\u{a0}日本\u{1fa7a}".into()).is_ok(), "{name}");
    }
    let rows = [
        ("original", "x".into(), ViolationCode::LedgerOnly),
        ("erased", true.into(), ViolationCode::LedgerOnly),
        ("stream", "x".into(), ViolationCode::LedgerOnly),
        ("ourextension", "x".repeat(2001).into(), ViolationCode::BadForm),
        ("ourextension", 2_147_483_648_u64.into(), ViolationCode::OutOfRange),
        ("ourextension", Value::Array(Vec::new()), ViolationCode::WrongType),
    ];
    for (name, value, code) in rows {
        let found = set(name, value).unwrap_err();
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert_eq!((&*found[0].name, found[0].code), (&*format!("/{name}"), code), "{found:?}");
    }
}

#[test]
fn no_violation_carries_content() {
    let secret = "Jan Peeters 85.07.30-033.28";
    for kind in senders() {
        let mut event = fixture(kind, "valid");
        for value in event["data"].as_object_mut().unwrap().values_mut() {
            *value = secret.into();
        }
        event["id"] = "".into();
        event["time"] = secret.into();
        event["subject"] = secret.into();
        for violation in validate(&JsonValue::from(&event), now()).unwrap_err() {
            assert!(!violation.detail.contains("Peeters"), "{kind}: {violation:?}");
        }
    }
}
