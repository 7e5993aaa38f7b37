//! One row for each sentence of the rules about the sets of dates and the base, input beside
//! answer. The rows: `tests/fixtures/credit-sets.txt`.

use care_ledger::domain::credit::{DayRun, ModalityCredit};
use chrono::NaiveDate;
use serde_json::json;

use crate::script::{answer, date, full_date, query, script};

/// A row, with the records and the date of its section.
#[derive(Debug, Default, Clone)]
struct Row {
    claim: String,
    records: String,
    expected: Vec<String>,
    at: String,
    boundary: Option<String>,
}

fn rows(text: &str) -> Vec<Row> {
    let (mut rows, mut section): (Vec<Row>, Row) = (Vec::new(), Row::default());
    let mut given = false;
    for line in text.lines().skip_while(|line| !line.starts_with("##")) {
        if let Some(answer) = line.strip_prefix("    = ") {
            rows.last_mut().unwrap().expected.extend(answer.split(" | ").map(str::to_owned));
        } else if let Some(more) = line.strip_prefix("    ") {
            let into = if given { &mut section } else { rows.last_mut().unwrap() };
            into.records.push_str(&format!(" {}", more.trim_start_matches("nothing")));
        } else if line.starts_with("##") {
            section = Row::default();
        } else if let Some((name, value)) = line.split_once(": ").filter(|(n, _)| !n.contains(' '))
        {
            given = name == "given";
            match name {
                "given" => value.clone_into(&mut section.records),
                "at" => value.clone_into(&mut section.at),
                "boundary" => section.boundary = Some(value.to_owned()),
                _ => rows.push(Row { claim: line.to_owned(), ..section.clone() }),
            }
        } else if !line.is_empty() {
            rows.push(Row { claim: line.to_owned(), ..section.clone() });
        }
    }
    for row in &mut rows {
        if let Some((_, at)) = row.claim.rsplit_once(" (at ") {
            row.at = at.trim_end_matches(')').to_owned();
        }
    }
    rows
}

fn short(date: NaiveDate) -> String {
    date.to_string().trim_start_matches("2026-").to_owned()
}

/// `MM-DD..MM-DD` for each run, with the reason where asked.
fn runs(runs: &[DayRun], with_why: bool) -> String {
    let run = |run: &DayRun| {
        let why =
            if with_why { json!(run.why).as_str().unwrap().to_owned() } else { String::new() };
        format!("{}..{} {why}", short(run.from), short(run.to)).trim_end().to_owned()
    };
    let runs: Vec<String> = runs.iter().map(run).collect();
    if runs.is_empty() { "none".to_owned() } else { runs.join(", ") }
}

/// All facts of a modality that a row may ask for.
fn summary(m: &ModalityCredit) -> Vec<String> {
    let window = m.window.map(|w| format!("{}..{}", short(w.from), short(w.to)));
    let left = m.remainder.calculated_days.map(|days| days.to_string());
    let full = &m.readings.full_residential;
    let mut parts = vec![
        format!("W {}", window.unwrap_or("none".to_owned())),
        format!("T {}", runs(&full.counted, false)),
        format!("Y {}", runs(&full.excluded, true)),
        format!("k {}", m.compliant_days),
        format!("left {}", left.unwrap_or("?".to_owned())),
    ];
    let by_kind = m.readings.deduction.as_ref().or(m.readings.court_decision.as_ref());
    if let Some(by_kind) = by_kind {
        parts.push(format!("K {}", runs(&by_kind.counted, false)));
        parts.push(format!("X {}", runs(&by_kind.excluded, true)));
    }
    parts
}

#[test]
fn each_sentence_of_the_rules_gives_its_dates() {
    let rows = rows(include_str!("../fixtures/credit-sets.txt"));
    assert_eq!(rows.len(), 87, "rows were added or lost");
    for row in rows {
        let mut query = query(date(&full_date(&row.at)));
        if let Some(boundary) = &row.boundary {
            query.boundary = boundary.parse().unwrap();
        }
        let credit = answer(&script(&row.records), &query);
        let summary = summary(credit.modalities.first().expect("a modality"));
        assert!(!row.expected.is_empty(), "{}", row.claim);
        for part in &row.expected {
            assert!(summary.contains(part), "{}: wanted `{part}` of {summary:#?}", row.claim);
        }
    }
}
