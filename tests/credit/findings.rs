//! A row or two for each finding of the credit: what raises it, on which records, what does not.

use serde_json::json;

use crate::script::{answer, date, event, query, script};

fn found(events: &[serde_json::Value]) -> Vec<String> {
    let credit = answer(events, &query(date("2026-03-31")));
    let summary = |f: &care_ledger::domain::finding::Finding| {
        format!(
            "{} {}",
            f.code.code(),
            f.records.iter().map(|r| &*r.id).collect::<Vec<_>>().join(" ")
        )
    };
    credit.findings.iter().map(summary).collect()
}

/// (script, all findings); no other may occur.
const ROWS: &[(&str, &[&str])] = &[
    ("", &[]),
    (
        "01-01 sentenced days=50 startsOn=02-01; 03-01 granted remainderDays=40",
        &["remainderMismatch e1 e2"],
    ),
    ("01-01 sentenced days=50 startsOn=02-01; 03-01 granted remainderDays=50", &[]),
    ("03-01 granted remainderDays=40", &[]),
    ("03-01 granted; 03-02 granted", &["modalityGrantedTwice e1 e2"]),
    ("03-01 granted; 03-05 granted modality=m2", &["modalityOverlap e1 e2"]),
    ("03-01 granted; 03-04 ended; 03-05 granted modality=m2", &[]),
    ("03-01 granted; 03-01 granted modality=m2", &["modalityOverlap e1 e2"]),
    ("02-01 arrived; 03-01 granted", &["modalityWithoutRelease e1 e2"]),
    ("02-01 arrived; 03-01 granted kind=limitedDetention", &[]),
    ("02-01 arrived; 03-01T08:00 granted; 03-01 released", &[]),
    ("03-01 granted; 03-02 admitted modality=m1", &[]),
    ("03-01 granted; 03-02 admitted modality=m9", &["stayModalityMismatch e2"]),
    (
        "03-01 granted; 03-02 ended; 03-05 granted modality=m2; 03-06 admitted modality=m1",
        &["stayModalityMismatch e1 e4"],
    ),
    ("03-02 admitted; 03-05 arrived", &["stayNeverClosed e1 e2"]),
    ("03-02 admitted", &[]),
    ("03-02 admitted; 03-05 closed; 03-08 closed", &["stayClosedTwice e2 e3"]),
    ("03-02 admitted; 03-05 closed; 03-08 admitted; 03-09 completed", &[]),
    (
        "03-02 admitted; 03-04 admitted stay=s2; 03-05 closed; 03-06 closed stay=s2",
        &["stayOverlap e1 e2"],
    ),
    ("03-02 admitted; 03-05 onward; 03-05T12:00 admitted stay=s2", &["stayOverlap e1 e3"]),
    ("03-02 admitted; 03-05 closed; 03-06 admitted stay=s2", &[]),
    ("03-02 admitted; 03-04 admitted; 03-05 closed", &["stayOverlap e1 e2"]),
    ("03-02 admitted; 03-05 closed; 03-05T12:00 admitted; 03-06 closed", &[]),
    ("03-02 admitted; 03-05 closed; 03-06 attested from=03-01 to=03-31 days=4", &[]),
    ("03-02 admitted; 03-05 closed; 03-06 attested from=03-03 to=03-04 days=2", &[]),
    (
        "03-02 admitted; 03-05 closed; 03-06 attested from=03-01 to=03-31 days=5",
        &["attestMismatch e3"],
    ),
    ("03-06 attested from=03-01 to=03-31 days=5", &["attestMismatch e1"]),
    ("03-06 attested from=03-31 to=03-01 days=0", &[]),
    ("03-02 left; 03-03 returned", &["absenceWithoutStay e1"]),
    ("03-02 admitted; 03-05 closed; 03-06 left", &["absenceWithoutStay e3"]),
    (
        "03-02 admitted; 03-03 left; 03-04 left; 03-05 returned; 03-06 closed",
        &["absenceOverlap e2 e3"],
    ),
    ("03-02 admitted; 03-03 left; 03-04 returned; 03-04 left; 03-05 returned; 03-06 closed", &[]),
    (
        "03-02 admitted; 03-03 left; 03-04 closed; 03-05 admitted; \
         03-06 left; 03-07 returned; 03-08 closed",
        &[],
    ),
    ("03-01 arrived; 03-02 arrived", &["arrivalWithoutRelease e1 e2"]),
    ("03-01 arrived; 03-02 away; 03-04 arrived", &[]),
    ("03-01 released", &["releaseWithoutArrival e1"]),
    ("03-01 arrived; 03-01 released", &["releaseWithoutArrival e2"]),
    ("03-01 sentenced; 03-02 sentenced", &["sentencePronouncedTwice e1 e2"]),
    ("03-01 sentenced months=1 startsOn=03-01 endsOn=03-30", &[]),
    ("03-01 sentenced months=1 startsOn=03-01 endsOn=03-31", &["endMismatch e1"]),
    (
        "03-01 sentenced months=1 startsOn=03-01 endsOn=03-30; \
         03-02 sentenced sentence=x2 days=5 endsOn=04-04",
        &[],
    ),
    ("03-01 died; 03-02 released", &["recordAfterDeath e1 e2"]),
    ("03-01 died; 03-01T18:00 released", &["releaseWithoutArrival e2"]),
    ("03-01 arrived facility=nowhere; 03-02 moved from=nowhere to=brugge", &["unknownCode e1 e2"]),
    ("03-01 arrived facility=deKiem", &["unknownCode e1"]),
    ("03-02 admitted facility=msoc; 03-05 onward toFacility=elsewhere", &["unknownCode e2"]),
];

#[test]
fn each_finding_is_raised_by_what_it_says_and_by_nothing_else() {
    for (text, expected) in ROWS {
        assert_eq!(found(&script(text)), *expected, "{text}");
    }
}

#[test]
fn corrections_without_effect_are_told() {
    let mut events = script("03-01 arrived");
    let target = |kind: &str, id: &str| json!({"source": "urn:test", "id": id, "type": kind});
    events.push(event(
        "c1",
        "record.corrected",
        "2026-03-02T10:00:00+01:00",
        json!({
            "corrects": target("detention.released", "e1"), "reason": "wrong",
            "time": "2026-03-05T10:00:00+01:00"
        }),
    ));
    assert_eq!(found(&events), ["targetElsewhere c1"]);
    events.pop();
    // A correction whose replacement was itself replaced by one that does not fit.
    events.push(event(
        "c1",
        "record.corrected",
        "2026-03-02T10:00:00+01:00",
        json!({
            "corrects": target("detention.arrived", "e1"), "reason": "wrong",
            "time": "2026-03-05T10:00:00+01:00"
        }),
    ));
    events.push(event(
        "c2",
        "record.corrected",
        "2026-03-03T10:00:00+01:00",
        json!({
            "corrects": target("record.corrected", "c1"), "reason": "wrong",
            "data": {"reason": "wrong", "data": {"detention": 7}}
        }),
    ));
    assert_eq!(found(&events), ["replacementInvalid c1"]);
}

#[test]
fn no_clinical_record_is_named() {
    let mut events = script("03-01 died");
    events.push(event(
        "clinical",
        "overdose.recorded",
        "2026-03-05T10:00:00+01:00",
        json!({
            "place": "community", "outcome": "survived"
        }),
    ));
    assert_eq!(found(&events), Vec::<String>::new());
}
