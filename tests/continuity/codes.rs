//! Codes that no registry knows, as a table: events, the findings of the whole answer.

use care_ledger::domain::id::{PersonId, Position, RecordedTime};
use care_ledger::ledger::answer::{Question, trajectory};
use care_ledger::ledger::read::person::{AnswerDependencies, PersonHistory};
use serde_json::{Value, json};

use crate::builder::*;

#[test]
fn a_code_that_no_registry_knows_is_told() {
    let named = |ids: &[&str]| ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>();
    let unknown = |ids: &[&str]| json!({"code": "unknownCode", "records": named(ids)});
    let person: PersonId = SUBJECT.parse().unwrap();
    let elsewhere = |event, member: &str| with(event, json!({ member: "nowhere" }));
    let rows: Vec<(&str, Vec<Value>, Value)> = vec![
        (
            "known",
            vec![
                arrived("2026-03-01", "gent"),
                dose("2026-03-01"),
                admitted("2026-03-02", "s1"),
                referred("2026-03-02"),
                enrolled("2026-03-02", "ambulatory"),
            ],
            json!([]),
        ),
        (
            "a place of care may be a prison or a provider",
            vec![
                with(admitted("2026-03-01", "s1"), json!({"facility": "gent"})),
                with(treated("2026-03-02", "prison", true), json!({"provider": "gent"})),
                with(dose("2026-03-03"), json!({"facility": "msoc"})),
            ],
            json!([]),
        ),
        (
            "a prison is no provider",
            vec![arrived("2026-03-01", "deKiem")],
            json!([unknown(&["e0"])]),
        ),
        (
            "a project",
            vec![elsewhere(enrolled("2026-03-02", "ambulatory"), "project")],
            json!([unknown(&["e0"])]),
        ),
        (
            "a provider, and each other code",
            vec![
                elsewhere(referred("2026-03-02"), "toProvider"),
                with(admitted("2026-03-02", "s1"), json!({"facility": "another"})),
            ],
            json!([unknown(&["e0"]), unknown(&["e1"])]),
        ),
        ("not yet", vec![elsewhere(dose("2026-03-20"), "facility")], json!([])),
    ];
    for (claim, events, expected) in rows {
        let of = PersonHistory {
            pseudonyms: Default::default(),
            position: Position::START,
            history: history(&events, None),
            revision: None,
            known_at: RecordedTime::from_micros(99),
            dependencies: AnswerDependencies::default(),
        };
        let question = Question { person, at: at("2026-03-10"), known_at: None };
        let answer = serde_json::to_value(trajectory(&question, &of)).unwrap();
        assert_says(claim, "/findings", &answer["findings"], &expected);
    }
}
