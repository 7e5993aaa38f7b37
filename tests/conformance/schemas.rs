//! Every schema against its fixtures and its example; no refusal carries content.

use care_ledger::domain::event::Event;
use care_ledger::domain::vocabulary::json::JsonValue;
use care_ledger::domain::vocabulary::kind::Kind;
use care_ledger::domain::vocabulary::schemas::ENVELOPE;
use care_ledger::domain::vocabulary::validate::validate;
use care_ledger::domain::vocabulary::violation::{Violation, ViolationCode};
use chrono::{DateTime, Utc};
use serde_json::Value;

fn fixture(kind: Kind, which: &str) -> Value {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/tests/fixtures/schemas/{kind}.{which}.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn senders() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| *kind != Kind::RecordErased)
}

#[test]
fn valid_fixtures_and_examples_pass_and_decode() {
    for kind in senders() {
        let example = serde_json::from_str(kind.newest().example).unwrap();
        for event in [fixture(kind, "valid"), example] {
            let draft = validate(&JsonValue::from(&event), now())
                .unwrap_or_else(|v| panic!("{kind}: {v:?}"));
            let event = Event::from_canonical(&draft.canonical).unwrap();
            assert!(event.fact().is_ok(), "{kind}");
        }
    }
}

#[test]
fn invalid_fixtures_are_refused_with_all_violations_and_no_other() {
    for kind in senders() {
        let fixture = fixture(kind, "invalid");
        let found = validate(&JsonValue::from(&fixture["event"]), now()).unwrap_err();
        let code = |v: &Violation| serde_json::to_value(v.code).unwrap();
        let mut found: Vec<_> = found.iter().map(|v| (v.name.clone(), code(v))).collect();
        let expected = fixture["violations"].as_array().unwrap().iter();
        let mut expected: Vec<_> =
            expected.map(|v| (v["name"].as_str().unwrap().to_owned(), v["code"].clone())).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(found, expected, "{kind}");
    }
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
    for kind in Kind::ALL {
        let schema: Value = serde_json::from_str(kind.newest().schema).unwrap();
        let class = kind.class().map_or("asTarget".to_owned(), |c| c.to_string());
        assert_eq!(schema["x-class"], class, "{kind}");
        assert_eq!(schema["$id"], kind.newest().id(), "{kind}");
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
