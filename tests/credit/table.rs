//! The table for people, in each language: read like code when it changes.

use care_ledger::domain::credit::rules::CreditRules;
use care_ledger::domain::credit::{CreditOutcome, DayReason, ReadingName, ReadingStatus, credit};
use care_ledger::domain::finding::FindingCode;
use care_ledger::domain::id::Position;
use care_ledger::domain::source_mark::SourceMark;
use care_ledger::domain::vocabulary::choice::{ModalityKind, RevocationBasis};
use care_ledger::domain::vocabulary::kind::{Class, Kind};
use care_ledger::domain::vocabulary::registry::Registry;
use care_ledger::http::credit_table::{Printing, credit_table};
use care_ledger::text::words::{Language, Words};
use serde_json::{Value, json};

use crate::script::{PERSON, date, event, history, query};

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

/// The events of a life with a sentence, a corrected and an annulled record beside the rest.
fn with_changes() -> Vec<Value> {
    let sentence = json!({
        "sentence": "s", "judgment": "j-1", "years": 2, "months": 3, "days": 10,
        "startsOn": "2025-01-01"
    });
    let imputed = json!({"sentence": "s", "days": 31, "from": "2024-05-01", "to": "2024-05-31"});
    let target = |id: &str, kind: &str| json!({"source": "urn:test", "id": id, "type": kind});
    let right = json!({"stay": "s1", "initiative": "resident"});
    let corrects = json!({
        "corrects": target("e7", "residential.droppedOut"), "reason": "wrongDate", "data": right,
        "time": "2026-08-27T10:00:00+02:00"
    });
    let wrong = json!({"detention": "d9", "facility": "gent", "legalStatus": "pretrial"});
    let annuls = json!({"annuls": target("x", "detention.arrived"), "reason": "wrongPerson"});
    let revoked = json!({
        "modality": "m1", "judgment": "SURB-2", "basis": "art68par5al2", "final": false,
        "remainingDays": 200, "effectiveOn": "2026-09-10"
    });
    let more = [
        event("f1", "sentence.pronounced", "2024-12-20T10:00:00+01:00", sentence),
        event("f2", "sentence.detentionImputed", "2025-01-02T10:00:00+01:00", imputed),
        event("x", "detention.arrived", "2026-05-01T10:00:00+02:00", wrong),
        event("f3", "record.annulled", "2026-05-02T10:00:00+02:00", annuls),
        event("f4", "record.corrected", "2026-09-01T10:00:00+02:00", corrects),
        event("f5", "modality.revoked", "2026-09-11T10:00:00+02:00", revoked),
    ];
    events().into_iter().chain(more).collect()
}

fn printing(language: Language) -> Printing {
    Printing {
        person: PERSON.to_owned(),
        known_at: None,
        position: Position::new(8123),
        printed_at: "2026-11-29T04:12:00Z".parse().unwrap(),
        language,
    }
}

fn table(events: &[Value], printing: &Printing) -> String {
    let history = history(events);
    let credit = credit(&history, &query(date("2026-09-12")), Registry::shipped());
    credit_table(&credit, &history, printing)
}

#[test]
fn the_table_says_why_nothing_of_an_internment_is_credited() {
    let arrived = |status: &str| {
        let data = json!({"detention": "d1", "facility": "merksplas", "legalStatus": status});
        event("e1", "detention.arrived", "2025-01-01T10:00:00+01:00", data)
    };
    let changed = |time: &str| {
        let data = json!({"detention": "d1", "from": "pretrial", "to": "interned"});
        event("e2", "detention.statusChanged", time, data)
    };
    let rows = [
        ("interned from the start", vec![arrived("interned")], true),
        ("interned later", vec![arrived("pretrial"), changed("2025-06-01T10:00:00+02:00")], true),
        ("not yet", vec![arrived("pretrial"), changed("2026-09-13T10:00:00+02:00")], false),
        ("convicted", vec![arrived("convicted")], false),
    ];
    for (claim, events, is_interned) in rows {
        for language in Language::ALL {
            let text = table(&events, &printing(*language));
            let words = Words::of(*language);
            let says = |key: &str| text.lines().any(|line| line == words.word(key));
            assert_eq!(says("credit-interned"), is_interned, "{claim}");
            assert!(says("credit-none"), "{claim}");
        }
    }
}

#[test]
fn the_table_is_the_one_reviewed_in_each_language() {
    for language in Language::ALL {
        let text = table(&with_changes(), &printing(*language));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
        let path = format!("{folder}/credit-table.{language}.txt");
        if std::env::var("UPDATE").is_ok() {
            std::fs::write(&path, &text).unwrap();
        }
        let reviewed = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, reviewed, "UPDATE=1 cargo test --test credit table, then read the change");
    }
}

#[test]
fn no_line_is_wider_than_a_hundred_columns_and_no_sender_forges_one() {
    let mut events = events();
    events[6]["id"] = format!("e7\u{2028}Credited 999 days\u{202e}{}", "x".repeat(250)).into();
    events[2]["data"]["modality"] = "m ".repeat(50).into();
    let judgment = format!("{}\nCredited  999 days", "j\u{1b}[2J".repeat(10));
    events[2]["data"]["judgment"] = judgment.into();
    let forged = ["> the law: remaining 0 days", "2025-11-01  revoked; leaves 0 days"];
    let [law, decision] = forged;
    events[7]["data"]["detention"] = format!("d2{}{decision}", " ".repeat(46)).into();
    events[3]["data"]["stay"] = format!("s1{}{law}", "\u{a0}x ".repeat(20)).into();
    events[1]["id"] = format!("e2, e3 of urn:test{}{law}", " ".repeat(60)).into();
    for language in Language::ALL {
        let text = table(&events, &printing(*language));
        for line in text.lines() {
            // A long value may go on below itself, but never where a row or a heading begins.
            let begins = line.trim_start();
            let is_row = line.len() - begins.len() < 16;
            assert!(!(is_row && forged.iter().any(|words| begins.starts_with(words))), "{line}");
            assert!(line.chars().count() <= 100, "{line}");
            assert!(!line.trim_start().starts_with("Credited  999"), "{line}");
            assert!(!line.trim_start().starts_with("Credited 999"), "{line}");
        }
        assert!(!text.contains('\u{1b}') && !text.contains(['\u{202e}', '\u{2028}']));
    }
}

#[test]
fn what_is_unknown_says_so() {
    let mut events = events();
    events[2]["data"].as_object_mut().unwrap().remove("remainderDays");
    let printing =
        Printing { known_at: Some("2026-09-13".to_owned()), ..printing(Language::English) };
    let text = table(&events, &printing);
    for words in [
        "Known                     2026-09-13",
        "Counts                    unknown",
        "CANNOT COMPUTE            the remainder is needed on the grant, or a sentence",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn every_code_that_a_table_can_name_has_words_in_every_language() {
    let lists: [(&str, &[&str]); 9] = [
        ("kind", ModalityKind::CODES),
        ("outcome", CreditOutcome::CODES),
        ("reading", ReadingName::CODES),
        ("reading-short", ReadingName::CODES),
        ("status", ReadingStatus::CODES),
        ("day", DayReason::CODES),
        ("basis", RevocationBasis::CODES),
        ("mark", SourceMark::CODES),
        ("finding", FindingCode::CODES),
    ];
    let rules = CreditRules::shipped();
    for language in Language::ALL {
        let words = Words::of(*language);
        for (list, codes) in &lists {
            for code in *codes {
                assert!(
                    words.known(&format!("{list}-{code}")).is_some(),
                    "{language}: {list} {code}"
                );
            }
        }
        let read = [Some(Class::Judicial), Some(Class::Attested)];
        for kind in Kind::ALL.iter().filter(|kind| read.contains(&kind.class())) {
            let key = format!("type-{}", kind.code().replace('.', "-"));
            assert!(words.known(&key).is_some(), "{language}: {key}");
        }
        if *language != Language::English {
            let names = rules.own_rules.iter().map(|rule| rule.name.clone());
            for name in names.chain(ReadingName::CODES.iter().map(|&code| code.to_owned())) {
                for key in [format!("rule-{name}"), format!("rule-source-{name}")] {
                    assert!(words.known(&key).is_some(), "{language}: {key}");
                }
            }
        }
    }
}
