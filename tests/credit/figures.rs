//! The figures of the readings, and what an answer carries with them.

use care_ledger::domain::credit::{Credit, CreditQuery, DayRun};
use care_ledger::http::credit_table::credit_table;
use serde_json::{Value, json};

use crate::script::{answer, date, full_date, json, query, script};

fn asked(at: &str) -> CreditQuery {
    query(date(&full_date(at)))
}

fn second(events: &str) -> Value {
    json(&answer(&script(events), &asked("03-31")))["modalities"][1].clone()
}

#[test]
fn earlier_modalities_and_the_base_of_a_later_one() {
    let events = |kind: &str| {
        format!(
            "01-01 sentenced days=100 startsOn=01-01; 01-11 granted kind={kind}; \
                 01-20 ended; 03-01 granted modality=m2"
        )
    };
    for kind in ["limitedDetention", "electronicMonitoring", "transitionHouse"] {
        assert_eq!(second(&events(kind))["remainder"]["calculatedDays"], 90, "{kind}");
    }
    for kind in ["conditionalRelease", "provisionalRelease"] {
        let m = second(&events(kind));
        assert_eq!(m["remainder"]["calculatedDays"], Value::Null, "{kind}");
        let missing = &m["readings"]["none"]["cannotCompute"];
        assert_eq!(*missing, json!(["needs remainderDays: earlier modality m1"]));
    }
    let never = "01-01 sentenced days=100 startsOn=01-01; 01-11 granted kind=conditionalRelease; \
                 01-11T12:00 revoked; 03-01 granted modality=m2";
    assert_eq!(second(never)["remainder"]["calculatedDays"], 100, "K is empty: nothing to decide");
}

fn court(events: &str) -> Value {
    let events = format!("02-01 granted kind=conditionalRelease {events}");
    let reading = json(&answer(&script(&events), &asked("03-31")))["modalities"][0]["readings"]
        ["courtDecision"]
        .clone();
    let names =
        ["creditedDays", "range", "remainingDays", "unusedDays", "sentenceEnd", "cannotCompute"];
    let members = names.iter().filter_map(|n| Some(((*n).to_owned(), reading.get(n)?.clone())));
    Value::Object(members.collect())
}

#[test]
fn what_the_court_decides() {
    let rows = [
        (
            "remainderDays=50; 03-01 arrived",
            json!({
                "range": [0, 28], "remainingDays": {"min": 22, "max": 50},
                "sentenceEnd": {"min": "2026-03-22", "max": "2026-04-19"}
            }),
        ),
        (
            "remainderDays=10",
            json!({
                "range": [0, 59], "remainingDays": {"min": 0, "max": 10}, "sentenceEnd": null
            }),
        ),
        (
            "; 03-01 arrived",
            json!({
                "range": [0, 28],
                "cannotCompute": ["needs modality.granted.remainderDays or a sentence"]
            }),
        ),
        (
            "remainderDays=50; 03-01 arrived; 03-02 revoked remainingDays=20 creditedDays=1",
            json!({
                "creditedDays": 30, "remainingDays": 20, "unusedDays": 0,
                "sentenceEnd": "2026-03-20"
            }),
        ),
        (
            "remainderDays=50; 03-01 arrived; 03-02 revoked remainingDays=60",
            json!({
                "creditedDays": -10, "remainingDays": 60, "unusedDays": 0,
                "sentenceEnd": "2026-04-29"
            }),
        ),
        (
            "; 03-01 arrived; 03-02 revoked remainingDays=20",
            json!({
                "remainingDays": 20, "unusedDays": 0, "sentenceEnd": "2026-03-20"
            }),
        ),
        (
            "remainderDays=50; 03-01 arrived; 03-02 revoked creditedDays=5",
            json!({
                "creditedDays": 5, "remainingDays": 45, "unusedDays": 0, "sentenceEnd": "2026-04-14"
            }),
        ),
        (
            "remainderDays=50; 03-01 arrived; 03-02 revoked creditedDays=70",
            json!({
                "creditedDays": 70, "remainingDays": 0, "unusedDays": 20,
                "sentenceEnd": "2026-02-28"
            }),
        ),
        (
            "; 03-01 arrived; 03-02 revoked creditedDays=5",
            json!({
                "creditedDays": 5,
                "cannotCompute": ["needs modality.granted.remainderDays or a sentence"]
            }),
        ),
        // The last revocation with a figure decides, whatever revocations without a figure follow.
        (
            "remainderDays=50; 03-01 arrived; 03-02 revoked remainingDays=20; \
          03-03 revoked creditedDays=5 final=false; 03-04 revoked",
            json!({
                "creditedDays": 5, "remainingDays": 45, "unusedDays": 0, "sentenceEnd": "2026-04-14"
            }),
        ),
    ];
    for (events, expected) in rows {
        assert_eq!(court(events), expected, "{events}");
    }
}

fn labels(credit: &Credit) -> (String, bool, i64, i64) {
    let m = &credit.modalities[0];
    (credit.counted_to.to_string(), credit.projected, m.compliant_days, m.treatment_days)
}

#[test]
fn days_to_come_count_only_as_a_labelled_projection() {
    let events = script("03-01 granted; 03-02 admitted");
    let mut query = asked("03-31");
    query.today = date("2026-03-10");
    assert_eq!(labels(&answer(&events, &query)), ("2026-03-10".into(), false, 10, 9));
    query.project = true;
    assert_eq!(labels(&answer(&events, &query)), ("2026-03-31".into(), true, 31, 30));
    query.at = asked("03-05").at;
    assert_eq!(labels(&answer(&events, &query)), ("2026-03-05".into(), false, 5, 4));
}

#[test]
fn a_death_ends_everything_on_its_date() {
    let events =
        script("03-01 granted; 03-02 admitted; 03-10 died; 03-10T12:00 left; 03-12 closed");
    let credit = answer(&events, &asked("03-31"));
    assert_eq!(labels(&credit), ("2026-03-10".into(), false, 10, 9));
    let codes: Vec<&str> = credit.findings.iter().map(|f| f.code.code()).collect();
    assert_eq!(codes, ["recordAfterDeath"]);
}

#[test]
fn each_run_names_the_records_it_rests_on() {
    let events = script(
        "02-01T08:00 arrived; 03-01T07:00 granted kind=conditionalRelease; 03-05 released; \
         03-04 admitted; 03-08 left; 03-12 returned; 03-14 suspended; 03-16 lifted; 03-20 closed; \
         03-25 arrived",
    );
    let credit = answer(&events, &asked("03-31"));
    let readings = &credit.modalities[0].readings;
    let lines = |runs: &[DayRun]| -> Vec<String> {
        runs.iter()
            .map(|run| {
                let (from, to) = (run.from.format("%d"), run.to.format("%d"));
                let why = json!(run.why).as_str().unwrap().to_owned();
                format!("{from}..{to} {} {why}: {}", run.days, run.events.join(" "))
            })
            .collect()
    };
    assert_eq!(
        lines(&readings.full_residential.counted),
        [
            "06..08 3 inTreatment: e2 e4 e3 e9 e10",
            "12..13 2 inTreatment: e2 e4 e3 e6 e9 e10",
            "16..20 5 inTreatment: e2 e4 e3 e6 e8 e9 e10",
        ]
    );
    assert_eq!(
        lines(&readings.full_residential.excluded),
        [
            "04..05 2 detained: e1 e2 e4 e3 e9 e10",
            "09..11 3 unauthorisedAbsence: e2 e4 e3 e5 e6 e9 e10",
            "14..15 2 suspended: e2 e4 e3 e7 e8 e9 e10",
        ]
    );
    let court = readings.court_decision.as_ref().unwrap();
    assert_eq!(
        lines(&court.counted),
        [
            "01..01 1 underModality: e2 e10",
            "06..13 8 underModality: e2 e3 e10",
            "16..24 9 underModality: e2 e3 e8 e10",
        ]
    );
    assert_eq!(
        lines(&court.excluded),
        ["02..05 4 detained: e1 e2 e3 e10", "14..15 2 suspended: e2 e3 e7 e8 e10"]
    );
    assert!(readings.none.counted.is_empty() && readings.none.excluded.is_empty());
}

#[test]
fn the_base_the_return_and_the_decision_show_what_they_rest_on() {
    let events = script(
        "01-01 sentenced days=100 startsOn=01-01; 01-01T11:00 arrived; 01-02 imputed days=7; \
         01-11 released; 01-12 granted kind=conditionalRelease; 02-01 arrived; \
         02-02 revoked creditedDays=4 judgment=SURB-1; \
         02-09 revoked remainingDays=80 judgment=SURB-2",
    );
    let credit = answer(&events, &asked("03-31"));
    let modality = &json(&credit)["modalities"][0];
    assert_eq!(
        modality["calculation"],
        json!({"from": "2026-01-01", "lengthDays": 100, "imputedDays": 7, "servedDays": 11,
            "events": ["e1", "e2", "e3", "e4"]})
    );
    assert_eq!(modality["remainder"]["calculatedDays"], 100 - 7 - 11);
    assert_eq!(modality["backOn"], "2026-02-01");
    let court = &modality["readings"]["courtDecision"];
    assert_eq!(court["decision"], json!({"judgment": "SURB-2", "event": "e8"}));
    assert_eq!(court["remainingDays"], 80);
    let records = json(&credit)["records"].clone();
    assert_eq!(records.as_array().unwrap().len(), 8);
    let first = json!({"id": "e1", "source": "urn:test", "type": "sentence.pronounced",
        "time": "2026-01-01T10:00:00+01:00"});
    assert_eq!(records[0], first);
    let text = credit_table(&credit, "person", None);
    for words in [
        "100 days of sentence (straf) from 2026-01-01",
        "- 7 days imputed",
        "- 11 dates served before this modality",
        "Back in prison            2026-02-01",
        "Decided by (beslist door) judgment (vonnis) SURB-2; record: e8",
        "2026-02-09 10:00  modality.revoked",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn a_parameter_that_was_asked_for_does_not_borrow_the_source_of_the_default() {
    let mut query = asked("03-31");
    let source = |query: &CreditQuery| {
        let credit = json(&answer(&script("03-01 granted"), query));
        credit["parameters"]["monthDays"]["source"].as_str().unwrap().to_owned()
    };
    assert!(source(&query).contains("art. 25"));
    query.month_days = 31.try_into().unwrap();
    assert!(source(&query).contains("given by whoever asked"));
}

#[test]
fn the_answer_has_the_members_of_the_contract() {
    let credit = json(&answer(&script("03-01 granted; 03-05 arrived"), &asked("03-31")));
    assert_eq!(
        credit["modalities"][0]["window"],
        json!({"from": "2026-03-01", "to": "2026-03-04"})
    );
    let remainder = &credit["modalities"][0]["remainder"];
    let unknown = json!({"enteredDays": null, "calculatedDays": null, "effectiveDays": null});
    assert_eq!(*remainder, unknown);
    assert_eq!(credit["boundary"], "anyPart");
    assert_eq!(credit["monthDays"], 30);
    let deduction = &credit["modalities"][0]["readings"]["deduction"];
    assert_eq!(deduction["status"], "law");
    assert_eq!(deduction["source"]["verifiedBy"], "nobody yet");
    assert!(deduction.get("sentenceEnd").is_none() && deduction.get("range").is_none());
    assert_eq!(
        deduction["counted"][0],
        json!({
            "from": "2026-03-01", "to": "2026-03-04", "days": 4, "why": "underModality",
            "events": ["e1", "e2"]
        })
    );
    let starts = script("03-01 granted startsOn=03-20; 03-02 granted modality=m2 startsOn=03-05");
    let credit = answer(&starts, &asked("03-31"));
    let order: Vec<String> = credit.modalities.iter().map(|m| m.modality.to_string()).collect();
    assert_eq!(order, ["m2", "m1"]);
}

#[test]
fn an_end_too_late_to_write_is_not_made_up() {
    let many: String = (0..30)
        .map(|n| format!("02-01 sentenced sentence=y{n} years=100 months=1200 days=36525;"))
        .collect();
    let credit =
        json(&answer(&script(&format!("{many} 03-01 granted; 03-05 arrived")), &asked("03-31")));
    let none = &credit["modalities"][0]["readings"]["none"];
    assert_eq!(none["cannotCompute"], json!(["sentenceEnd lies after 9999-12-31"]));
    assert!(
        none.get("sentenceEnd").is_none() && none["remainingDays"].as_i64().unwrap() > 3_000_000
    );
}
