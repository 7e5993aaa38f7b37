//! The table for people: read like code when it changes.

use care_ledger::http::credit_table::credit_table;
use serde_json::{Value, json};

use crate::script::{PERSON, answer, date, event, query};

/// Left the house without leave, came back, was sent away, and had to return to prison.
fn events() -> Vec<Value> {
    vec![
        event(
            "e1",
            "detention.arrived",
            "2025-01-01T10:00:00+01:00",
            json!({
                "detention": "d1", "facility": "gent", "legalStatus": "convicted"
            }),
        ),
        event(
            "e2",
            "detention.released",
            "2026-03-01T10:00:00+01:00",
            json!({
                "detention": "d1", "reason": "conditionalRelease", "final": false
            }),
        ),
        event(
            "e3",
            "modality.granted",
            "2026-03-01T10:00:00+01:00",
            json!({
                "modality": "m1", "kind": "conditionalRelease", "judgment": "SURB-1",
                "startsOn": "2026-03-01", "remainderDays": 306
            }),
        ),
        event(
            "e4",
            "residential.admitted",
            "2026-02-25T10:00:00+01:00",
            json!({
                "stay": "s1", "facility": "deKiem", "programme": "tc"
            }),
        ),
        event(
            "e5",
            "residential.absenceStarted",
            "2026-04-10T10:00:00+02:00",
            json!({
                "stay": "s1", "authorised": false
            }),
        ),
        event(
            "e6",
            "residential.absenceEnded",
            "2026-04-15T10:00:00+02:00",
            json!({
                "stay": "s1"
            }),
        ),
        event(
            "e7",
            "residential.droppedOut",
            "2026-08-28T10:00:00+02:00",
            json!({
                "stay": "s1", "initiative": "facility"
            }),
        ),
        event(
            "e8",
            "detention.arrived",
            "2026-09-10T10:00:00+02:00",
            json!({
                "detention": "d2", "facility": "elsewhere", "legalStatus": "convicted"
            }),
        ),
    ]
}

#[test]
fn the_table_is_the_one_reviewed() {
    let credit = answer(&events(), &query(date("2026-09-12")));
    let text = credit_table(&credit, PERSON, None);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/credit-table.txt");
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(path, &text).unwrap();
    }
    let reviewed = std::fs::read_to_string(path).unwrap();
    assert_eq!(text, reviewed, "UPDATE=1 cargo test --test credit table, then read the change");
}

#[test]
fn no_line_is_wider_than_a_hundred_columns_and_no_sender_forges_one() {
    let mut events = events();
    events[6]["id"] = format!("e7\u{2028}Credited 999 days\u{202e}{}", "x".repeat(250)).into();
    events[2]["data"]["modality"] = "m ".repeat(50).into();
    let judgment = format!("{}\nCredited (aftrek) 999 days", "j\u{1b}[2J".repeat(10));
    events[2]["data"]["judgment"] = judgment.into();
    let credit = answer(&events, &query(date("2026-09-12")));
    let text = credit_table(&credit, PERSON, Some("2026-09-13"));
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
        assert!(!line.trim_start().starts_with("Credited 999"), "{line}");
        assert!(!line.trim_start().starts_with("Credited (aftrek) 999"), "{line}");
    }
    assert!(!text.contains('\u{1b}') && !text.contains(['\u{202e}', '\u{2028}']));
}

#[test]
fn what_is_unknown_says_so() {
    let mut events = events();
    events[2]["data"].as_object_mut().unwrap().remove("remainderDays");
    let text =
        credit_table(&answer(&events, &query(date("2026-09-12"))), PERSON, Some("2026-09-13"));
    for words in [
        "Known                     2026-09-13",
        "Remainder effective       unknown",
        "CANNOT COMPUTE            needs modality.granted.remainderDays or a sentence",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}
