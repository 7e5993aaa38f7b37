//! The records in force, once corrections and annulments are applied.

use std::collections::HashSet;

use care_ledger::domain::history::{History, OutsideTargets, fold};
use care_ledger::domain::id::{EventKey, RecordedTime};
use serde_json::{Value, json};

use crate::script::{FIRST_MICROS, PERSON, all_recorded, event, history, recorded};

const OTHER: &str = "7d1f0c2b-5a4e-4f7b-8c9d-0e1f2a3b4c5d";

fn attested(id: &str, days: u32) -> Value {
    let data = json!({"stay": "s", "from": "2026-03-01", "to": "2026-03-31", "days": days});
    event(id, "residential.attested", "2026-04-01T10:00:00+02:00", data)
}

/// A correction of the attest's days, sent at an hour of 2 April.
fn days(id: &str, of: &str, days: u32, hour: u32) -> Value {
    let data = json!({"stay": "s", "from": "2026-03-01", "to": "2026-03-31", "days": days});
    correct(id, of, "residential.attested", json!({"data": data}), hour)
}

fn correct(id: &str, of: &str, kind: &str, with: Value, hour: u32) -> Value {
    let mut data = with;
    data["corrects"] = json!({"source": "urn:test", "id": of, "type": kind});
    data["reason"] = "wrong".into();
    event(id, "record.corrected", &format!("2026-04-02T{hour:02}:00:00+02:00"), data)
}

fn annul(id: &str, of: &str, kind: &str, hour: u32) -> Value {
    let data = json!({
        "annuls": {"source": "urn:test", "id": of, "type": kind}, "reason": "notOccurred"
    });
    event(id, "record.annulled", &format!("2026-04-02T{hour:02}:00:00+02:00"), data)
}

const C: &str = "record.corrected";
const A: &str = "record.annulled";
const E: &str = "residential.attested";

/// The attest's days as they stand; `None` when it is annulled.
fn standing(history: &History) -> Option<u64> {
    let (item, _) = history.facts().find(|(item, _)| item.id() == "e")?;
    item.data()["days"].as_u64()
}

#[test]
fn what_stands() {
    let e = || attested("e", 10);
    let inner = |days: u32| {
        let data = json!({"stay": "s", "from": "2026-03-01", "to": "2026-03-31", "days": days});
        json!({"data": {"corrects": {"source": "urn:test", "id": "e", "type": E},
               "reason": "wrong", "data": data}})
    };
    let rows: Vec<(&str, Vec<Value>, Option<u64>)> = vec![
        ("nothing touches it", vec![e()], Some(10)),
        ("a correction", vec![e(), days("c", "e", 11, 8)], Some(11)),
        ("before what it corrects", vec![days("c", "e", 11, 8), e()], Some(11)),
        (
            "the later by time prevails",
            vec![e(), days("c", "e", 11, 9), days("d", "e", 12, 8)],
            Some(11),
        ),
        ("at one instant by id", vec![e(), days("d", "e", 12, 8), days("c", "e", 11, 8)], Some(12)),
        (
            "a correction is ordered by its time as sent",
            vec![
                e(),
                days("c", "e", 11, 9),
                days("d", "e", 12, 8),
                correct("m", "d", C, json!({"time": "2026-04-02T12:00:00+02:00"}), 10),
            ],
            Some(11),
        ),
        (
            "a correction of a correction replaces what it says",
            vec![e(), days("c", "e", 11, 8), correct("cc", "c", C, inner(13), 9)],
            Some(13),
        ),
        (
            "corrected three deep",
            vec![
                e(),
                days("c", "e", 11, 8),
                correct("cc", "c", C, inner(13), 9),
                correct(
                    "ccc",
                    "cc",
                    C,
                    json!({"data": {
                        "corrects": {"source": "urn:test", "id": "c", "type": C}, "reason": "wrong",
                        "data": inner(14)["data"]
                    }}),
                    10,
                ),
            ],
            Some(14),
        ),
        ("annulled", vec![e(), annul("a", "e", E, 8)], None),
        (
            "annulled, though corrected later",
            vec![e(), annul("a", "e", E, 8), days("c", "e", 11, 9)],
            None,
        ),
        (
            "an annulled annulment",
            vec![e(), annul("a", "e", E, 8), annul("b", "a", A, 9)],
            Some(10),
        ),
        (
            "one annulment of two is enough",
            vec![e(), annul("a", "e", E, 8), annul("b", "a", A, 9), annul("d", "e", E, 7)],
            None,
        ),
        (
            "an annulled correction",
            vec![e(), days("c", "e", 11, 8), annul("a", "c", C, 9)],
            Some(10),
        ),
        (
            "an annulment annulled by one that is annulled",
            vec![e(), annul("a", "e", E, 8), annul("b", "a", A, 9), annul("d", "b", A, 10)],
            None,
        ),
        (
            "two that annul each other: neither",
            vec![e(), annul("a", "b", A, 8), annul("b", "a", A, 9)],
            Some(10),
        ),
        ("one that annuls itself", vec![e(), annul("a", "a", A, 8)], Some(10)),
        (
            "what hangs on a cycle still has its effect",
            vec![e(), annul("a", "b", A, 8), annul("b", "a", A, 9), annul("d", "e", E, 9)],
            None,
        ),
        ("of an unknown record", vec![e(), days("c", "x", 11, 8)], Some(10)),
        (
            "of another type: no effect",
            vec![
                e(),
                correct(
                    "c",
                    "e",
                    "residential.completed",
                    json!({"time": "2026-04-02T10:00:00Z"}),
                    8,
                ),
            ],
            Some(10),
        ),
    ];
    for (claim, events, expected) in rows {
        assert_eq!(standing(&history(&events)), expected, "{claim}");
        let reversed: Vec<Value> = events.iter().rev().cloned().collect();
        assert_eq!(standing(&history(&reversed)), expected, "{claim}, received in reverse");
    }
}

#[test]
fn each_member_is_replaced_only_when_given() {
    let time = json!({"time": "2026-03-15T10:00:00+01:00"});
    let history =
        history(&[attested("e", 10), days("c", "e", 11, 8), correct("d", "e", E, time, 9)]);
    let item = history.items.iter().find(|item| item.id() == "e").unwrap();
    assert_eq!(item.data()["days"], 11);
    assert_eq!(item.date.to_string(), "2026-03-15");
    let by: Vec<&str> = item.corrected_by.iter().map(|r| &*r.event().key.id).collect();
    assert_eq!(by, ["c", "d"]);
    assert_eq!(item.event().data()["days"], 10, "the original is kept");
}

#[test]
fn a_correction_of_a_correction_keeps_its_target() {
    let elsewhere = json!({"data": {
        "corrects": {"source": "urn:test", "id": "f", "type": E}, "reason": "wrong",
        "data": {"stay": "s", "from": "2026-03-01", "to": "2026-03-31", "days": 13}
    }});
    let events = [
        attested("e", 10),
        attested("f", 20),
        days("c", "e", 11, 8),
        correct("cc", "c", C, elsewhere, 9),
    ];
    let history = history(&events);
    assert_eq!(standing(&history), Some(13));
    let other = history.items.iter().find(|item| item.id() == "f").unwrap();
    assert_eq!(other.data()["days"], 20);
}

#[test]
fn what_was_known_before_a_correction_stays_what_it_was() {
    let events = [attested("e", 10), days("c", "e", 11, 8), annul("a", "c", C, 9)];
    let known = |place: i64| {
        let known = RecordedTime::from_micros(FIRST_MICROS + place);
        standing(&fold(all_recorded(&events), &OutsideTargets::default(), Some(known)))
    };
    assert_eq!([known(-1), known(0), known(1), known(2)], [None, Some(10), Some(11), Some(10)]);
}

#[test]
fn a_correction_acts_whatever_its_own_time() {
    let mut late = days("c", "e", 11, 8);
    late["time"] = "2026-11-01T10:00:00+01:00".into();
    let mut early = days("d", "e", 12, 8);
    early["time"] = "2020-01-01T10:00:00+01:00".into();
    assert_eq!(standing(&history(&[attested("e", 10), late.clone()])), Some(11));
    assert_eq!(standing(&history(&[attested("e", 10), early.clone()])), Some(12));
    assert_eq!(standing(&history(&[attested("e", 10), late, early])), Some(11));
}

#[test]
fn a_target_of_another_person_is_told_and_without_effect() {
    let key = EventKey::new("urn:test", "e");
    let events = all_recorded(&[annul("a", "e", E, 8)]);
    let history = fold(
        events.clone(),
        &OutsideTargets { of_others: HashSet::from([key]), ..OutsideTargets::default() },
        None,
    );
    assert_eq!(history.findings.len(), 1);
    assert_eq!(history.findings[0].code.code(), "targetElsewhere");
    assert_eq!(&*history.findings[0].records[0].id, "a");
    // The target is in no known stream: it may still arrive.
    assert!(fold(events, &OutsideTargets::default(), None).findings.is_empty());
    // Two pseudonyms folded as one person: a record of one, named by a record of the other.
    let mut of_other = attested("e", 10);
    of_other["subject"] = OTHER.into();
    let both = vec![recorded(of_other, 0), recorded(annul("a", "e", E, 8), 1)];
    let history = fold(both, &OutsideTargets::default(), None);
    assert_eq!(history.findings[0].code.code(), "targetElsewhere");
    assert!(history.items.iter().all(|item| item.in_force()));
    assert_ne!(OTHER, PERSON);
}

#[test]
fn records_stand_in_the_order_of_time_releases_first_and_arrivals_last() {
    let at = |id: &str, kind: &str| match kind {
        "detention.released" => event(
            id,
            kind,
            "2026-03-01T10:00:00+01:00",
            json!({
                "detention": "d", "reason": "other", "final": false
            }),
        ),
        "detention.arrived" => event(
            id,
            kind,
            "2026-03-01T09:00:00Z",
            json!({
                "detention": "d", "facility": "gent", "legalStatus": "convicted"
            }),
        ),
        _ => event(id, kind, "2026-03-01T11:00:00+02:00", json!({"stay": "s"})),
    };
    let events = [
        at("b", "residential.completed"),
        at("a1", "detention.arrived"),
        at("z", "detention.released"),
        at("a2", "residential.completed"),
        attested("first", 1),
    ];
    let mut events = events.to_vec();
    events[4]["time"] = "2026-03-01T08:59:59Z".into();
    let history = history(&events);
    let ids: Vec<&str> = history.items.iter().map(|item| item.id()).collect();
    assert_eq!(ids, ["first", "z", "a2", "b", "a1"]);
}

#[test]
fn a_record_delivered_twice_stands_once() {
    let events =
        [attested("e", 10), attested("e", 10), annul("a", "e", E, 8), annul("a", "e", E, 8)];
    let history = history(&events);
    assert_eq!(history.items.len(), 2);
    assert_eq!(history.items[0].annulled_by.len(), 1);
}

/// Two replicas can take one key for two persons at the same moment, and the persons may be merged.
#[test]
fn of_two_events_with_one_key_in_two_streams_the_first_stands() {
    let [mut own, mut other] = [attested("e", 10), attested("e", 20)];
    other["subject"] = OTHER.into();
    other["time"] = "2026-01-05T10:00:00+01:00".into();
    own["time"] = "2026-03-05T10:00:00+01:00".into();
    for (first, second, days) in [(&own, &other, 10), (&other, &own, 20)] {
        let history = history(&[first.clone(), second.clone()]);
        assert_eq!(history.items.len(), 1);
        assert_eq!(history.items[0].data()["days"], days);
    }
}
