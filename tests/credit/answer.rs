//! What an answer shows beside its figures: the parts of the remainder, the decisions, what was
//! corrected, what was erased, and a projection.

use std::sync::Arc;

use care_ledger::domain::credit::{Credit, credit};
use care_ledger::domain::event::{Content, Erasure, Recorded};
use care_ledger::domain::history::{OutsideTargets, fold};
use care_ledger::domain::id::RecordedTime;
use care_ledger::domain::vocabulary::kind::Class;
use care_ledger::domain::vocabulary::registry::Registry;
use serde_json::{Value, json};

use crate::script::{all_recorded, answer, date, event, query, script};

fn shown(text: &str, at: &str) -> Value {
    serde_json::to_value(answer(&script(text), &query(date(at)))).unwrap()
}

const REMAINDER: &str = "01-01 arrived; 01-01 sentenced months=2 startsOn=01-01; \
    01-05 sentenced sentence=x2 days=30; 01-06 imputed days=10 from=01-01 to=01-10; \
    01-07 imputed sentence=x2 days=4; 02-01 released; 02-01 granted; 02-20 arrived; \
    03-01 granted modality=m2; 03-01 released";

#[test]
fn a_remainder_can_be_recomputed_from_what_is_shown() {
    let credit = shown(REMAINDER, "2026-04-01");
    for modality in credit["modalities"].as_array().unwrap() {
        let remainder = &modality["remainder"];
        let parts = &remainder["calculation"];
        let days = |name: &str| parts[name].as_i64().unwrap();
        let left = days("lengthDays") - days("servedDays") - days("undatedDays");
        assert_eq!(remainder["calculatedDays"], left, "{modality}");
        let lengths = parts["sentences"].as_array().unwrap().iter();
        let length: i64 = lengths.map(|sentence| sentence["lengthDays"].as_i64().unwrap()).sum();
        assert_eq!(length, days("lengthDays"));
        for list in ["sentences", "imputed", "detained", "undated"] {
            for part in parts[list].as_array().unwrap() {
                assert!(!part["records"].as_array().unwrap().is_empty(), "{list}: {part}");
            }
        }
    }
    let second = &credit["modalities"][1]["remainder"]["calculation"];
    assert_eq!((&second["from"], &second["to"]), (&json!("2026-01-01"), &json!("2026-03-31")));
    assert_eq!(second["underEarlier"][0]["from"], "2026-02-01");
    assert_eq!(second["underEarlier"][0]["days"], 19);
}

#[test]
fn every_decision_is_listed_with_its_effect() {
    let text = "03-01 granted remainderDays=300; 03-02 granted; 03-05 suspended; 03-09 lifted; \
        03-20 revoked remainingDays=9 judgment=A; 03-25 restored; \
        04-01 revoked final=false remainingDays=250 judgment=B; \
        04-02 revoked remainingDays=240 judgment=C; 04-03 revoked creditedDays=1 judgment=D; \
        04-04 revoked judgment=E; 04-05 revoked effectiveOn=09-01 creditedDays=2 judgment=F";
    let credit = shown(text, "2026-05-01");
    let decisions = credit["modalities"][0]["decisions"].as_array().unwrap();
    let told: Vec<String> = decisions
        .iter()
        .map(|d| format!("{} {}", d["record"]["id"], d["effect"]).replace('"', ""))
        .collect();
    let expected = [
        "e1 inForce",
        "e2 repeated",
        "e3 inForce",
        "e4 inForce",
        "e5 annulled",
        "e6 inForce",
        "e7 superseded",
        "e8 superseded",
        "e9 decides",
        "e10 inForce",
        "e11 pending",
    ];
    assert_eq!(told, expected);
    assert_eq!(decisions[8]["judgment"], "D");
    assert_eq!(decisions[10]["effectiveOn"], "2026-09-01");
    let reading = &credit["modalities"][0]["readings"]["courtDecision"];
    assert_eq!(reading["decidedBy"]["judgment"], "D");
    assert_eq!(reading["pending"], json!([{"judgment": "F", "creditedDays": 2}]));
}

#[test]
fn the_days_that_a_court_leaves_are_served_from_the_return_on() {
    // The first two days of March were served before the release.
    let text = "01-01 arrived; 03-01 granted kind=conditionalRelease remainderDays=300; \
        03-03 released; 04-01 revoked remainingDays=10; 04-01 arrived";
    let credit = shown(text, "2026-04-02");
    let modality = &credit["modalities"][0];
    assert_eq!(
        (&modality["servedInsideDays"], &modality["backOn"]),
        (&json!(2), &json!("2026-04-01"))
    );
    let reading = &modality["readings"]["courtDecision"];
    assert_eq!(
        (&reading["creditedDays"], &reading["sentenceEnd"]),
        (&json!(288), &json!("2026-04-10"))
    );
    let nothing_left = text.replace("remainingDays=10", "remainingDays=0");
    let reading = &shown(&nothing_left, "2026-04-02")["modalities"][0]["readings"]["courtDecision"];
    assert_eq!(reading["sentenceEnd"], "2026-03-31", "the day before the return");
}

#[test]
fn what_was_corrected_is_shown_with_what_it_was() {
    let mut events = script("03-01 granted remainderDays=300; 03-01 admitted; 03-05 left");
    events.push(event(
        "c",
        "record.corrected",
        "2026-03-09T10:00:00+01:00",
        json!({
            "corrects": {"source": "urn:test", "id": "e2", "type": "residential.admitted"},
            "reason": "typing", "time": "2026-03-02T10:00:00+01:00"
        }),
    ));
    events.push(event(
        "a",
        "record.annulled",
        "2026-03-09T10:00:00+01:00",
        json!({
            "annuls": {"source": "urn:test", "id": "e3", "type": "residential.absenceStarted"},
            "reason": "notOccurred"
        }),
    ));
    let credit = serde_json::to_value(answer(&events, &query(date("2026-03-20")))).unwrap();
    let changes = credit["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0]["id"], "e2");
    assert_eq!(changes[0]["before"]["time"], "2026-03-01T10:00:00+01:00");
    assert_eq!(changes[0]["after"]["time"], "2026-03-02T10:00:00+01:00");
    assert_eq!(changes[0]["correctedBy"][0]["id"], "c");
    assert_eq!(changes[1]["id"], "e3");
    assert!(changes[1].get("after").is_none());
    assert!(changes[1]["annulledBy"][0]["recordedtime"].is_string());
}

#[test]
fn every_rule_and_parameter_is_printed_with_its_source() {
    let credit = shown("03-01 granted remainderDays=300", "2026-03-20");
    assert_eq!(credit["ruleset"]["version"], "2");
    let parameters = credit["parameters"].as_object().unwrap();
    let names: Vec<&String> = parameters.keys().collect();
    assert_eq!(names, ["absence", "boundary", "monthDays"]);
    let rules = credit["rules"].as_array().unwrap();
    for entry in parameters.values().chain(rules) {
        for member in ["text", "source", "mark", "checkedAgainst", "asOf", "verifiedBy"] {
            assert!(entry[member].as_str().is_some_and(|text| !text.is_empty()), "{entry}");
        }
    }
    let names: Vec<&str> = rules.iter().map(|rule| rule["name"].as_str().unwrap()).collect();
    for name in ["servedInside", "title", "reopening", "dayOfRelease", "transitionHouse"] {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn a_projection_runs_on_and_says_so() {
    let events = script("01-01 arrived; 03-01 released; 03-01 granted remainderDays=300");
    let mut asked = query(date("2026-06-30"));
    asked.today = date("2026-03-31");
    let days = |credit: &Credit| credit.modalities[0].modality_days;
    let today = answer(&events, &asked);
    assert_eq!((today.projected, days(&today)), (false, 31));
    asked.project = true;
    let projected = answer(&events, &asked);
    assert_eq!((projected.projected, days(&projected)), (true, 122));
}

/// The records of a script, of which some are erased, recorded at these seconds.
fn without(text: &str, erased: &[(usize, Class)], seconds: i64) -> Value {
    let recorded_at = RecordedTime::from_micros(1_769_904_000_000_000 + seconds * 1_000_000);
    let mut records = all_recorded(&script(text));
    for (place, class) in erased {
        let erasure = Erasure { at: "2026-05-01T00:00:00Z".parse().unwrap(), basis: "x".into() };
        let content = Content::Erased { class: *class, recorded_at, erasure };
        records[*place] = Arc::new(Recorded { recorded_at, content, ..(*records[*place]).clone() });
    }
    let history = fold(records, &OutsideTargets::default(), None);
    let credit = credit(&history, &query(date("2026-04-01")), Registry::shipped());
    serde_json::to_value(credit).unwrap()
}

#[test]
fn erased_records_withhold_the_figures_that_they_could_have_changed() {
    // The final release is of 2026-02-01T00:00:00Z plus nine hours.
    let text = "01-01 arrived; 02-01 released reason=sentenceEnd final=true; \
        03-01 granted remainderDays=300; 03-05 admitted; 03-09 arrived";
    let rows = [
        ("before the final release", Class::Attested, 0, false),
        ("after it", Class::Attested, 40_000, true),
        ("a clinical record", Class::Clinical, 40_000, false),
    ];
    for (why, class, seconds, withheld) in rows {
        let credit = without(text, &[(3, class)], seconds);
        let reading = &credit["modalities"][0]["readings"]["deduction"];
        assert_eq!(reading["cannotCompute"] == json!(["recordsErased"]), withheld, "{why}");
        assert_eq!(reading.get("creditedDays").is_none(), withheld, "{why}");
        assert_eq!(reading["counted"][0]["days"], 8, "{why}: the runs stay");
        assert_eq!(credit["findings"][0]["code"], "recordsErased", "{why}");
        assert_eq!(credit["findings"][0]["values"]["count"], 1, "{why}");
    }
    let decided = format!("{text}; 03-09 revoked remainingDays=100");
    let credit = without(&decided, &[(3, Class::Attested)], 40_000);
    let reading = &credit["modalities"][0]["readings"]["courtDecision"];
    assert_eq!(reading["remainingDays"], 100, "a decision by remaining days keeps its figures");
    assert_eq!(reading["sentenceEnd"], "2026-06-16");
}
