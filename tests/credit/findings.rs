//! When each finding of the credit arises, and which records it names.

use serde_json::{Value, json};

use crate::script::{answer, date, query, script};

/// The findings of a script on 30 June 2026: code and ids of records, in their order.
fn found(text: &str) -> Vec<String> {
    let credit = answer(&script(text), &query(date("2026-06-30")));
    let named = credit.findings.iter().map(|finding| {
        let ids: Vec<&str> = finding.records.iter().map(|record| &*record.id).collect();
        format!("{} {}", finding.code, ids.join(" "))
    });
    named.collect()
}

/// A stay in prison, a release and a modality: e1, e2, e3.
const OUT: &str = "01-01 arrived; 03-01 released; 03-01 granted remainderDays=300; ";
const INSIDE: &str = "01-01 arrived; 03-01 granted kind=limitedDetention remainderDays=300; ";

#[test]
fn findings_about_modalities() {
    let rows: Vec<(&str, String, Vec<&str>)> = vec![
        ("all is well", OUT.into(), vec![]),
        (
            "entered and calculated differ",
            format!("{OUT} 01-01 sentenced days=100"),
            vec!["remainderMismatch e4 e3"],
        ),
        (
            "before its start nothing is told",
            "01-01 sentenced days=100; \
          03-01 granted startsOn=12-01 remainderDays=0"
                .into(),
            vec![],
        ),
        (
            "granted twice",
            format!("{OUT} 03-02 granted judgment=K"),
            vec!["modalityGrantedTwice e3 e4"],
        ),
        (
            "another modality cuts it short",
            format!(
                "{OUT} 04-01 granted modality=m2 \
          remainderDays=200"
            ),
            vec!["modalityOverlap e3 e4"],
        ),
        (
            "it ended on the eve of another",
            format!(
                "{OUT} 04-01 granted modality=m2 \
          remainderDays=200; 03-31 ended"
            ),
            vec![],
        ),
        (
            "never let out",
            "01-01 arrived; 03-01 granted remainderDays=300".into(),
            vec!["modalityWithoutRelease e1 e2"],
        ),
        (
            "let out later",
            "01-01 arrived; 03-01 granted remainderDays=300; \
          03-03 released"
                .into(),
            vec!["modalityWithoutRelease e1 e2"],
        ),
        ("lived inside", INSIDE.into(), vec![]),
        (
            "back and out again",
            format!("{OUT} 04-01 arrived; 04-09 released"),
            vec!["windowReopened e3 e4 e5"],
        ),
        (
            "for other facts",
            format!("{OUT} 04-01 arrived legalStatus=pretrial"),
            vec!["otherTitle e3 e4"],
        ),
        (
            "convicted for other facts",
            format!(
                "{OUT} 04-01 arrived legalStatus=pretrial; \
          04-20 titled"
            ),
            vec!["otherTitle e3 e4"],
        ),
        ("revoked and not back", format!("{OUT} 04-01 revoked"), vec!["returnNotRecorded e3 e4"]),
        ("restored", format!("{OUT} 04-01 revoked; 05-01 restored"), vec![]),
        ("revoked and back", format!("{OUT} 04-01 revoked; 04-03 arrived"), vec![]),
        ("revoked on its first date", format!("{OUT} 03-01 revoked"), vec![]),
        (
            "the sentence is over",
            "01-01 arrived; 03-01 released; \
          03-01 granted remainderDays=122"
                .into(),
            vec!["sentenceOver e3"],
        ),
        (
            "a day is left",
            "01-01 arrived; 03-01 released; \
          03-01 granted remainderDays=123"
                .into(),
            vec![],
        ),
        (
            "a figure beside a deduction",
            format!(
                "{OUT} 04-01 revoked remainingDays=250; \
          04-01 arrived"
            ),
            vec!["decisionMismatch e3 e4"],
        ),
        (
            "the same figure",
            format!("{OUT} 04-01 revoked remainingDays=269; 04-01 arrived"),
            vec![],
        ),
        ("suspended for a month", format!("{OUT} 04-01 suspended; 05-01 lifted"), vec![]),
        (
            "suspended for longer",
            format!("{OUT} 04-01 suspended; 05-02 lifted"),
            vec!["suspensionOverAMonth e4 e5"],
        ),
        (
            "a stay names another modality",
            format!(
                "{OUT} 05-01 granted modality=m2 \
          startsOn=07-30; 04-01 admitted modality=m2; 04-09 closed"
            ),
            vec!["stayModalityMismatch e3 e5 e4"],
        ),
    ];
    for (why, text, expected) in rows {
        assert_eq!(found(&text), expected, "{why}: {text}");
    }
}

#[test]
fn findings_about_sentences() {
    let rows = [
        (
            "pronounced again with other content",
            "01-01 sentenced days=9; 01-02 sentenced days=8",
            vec!["sentencePronouncedTwice e1 e2"],
        ),
        ("pronounced again", "01-01 sentenced days=9; 01-02 sentenced days=9 judgment=K", vec![]),
        (
            "imputed twice",
            "01-01 sentenced days=99; 01-02 imputed days=5; 01-03 imputed days=5",
            vec!["imputedTwice e2 e3"],
        ),
        (
            "imputed with and without dates",
            "01-01 sentenced days=99; \
          01-02 imputed days=5 from=01-01 to=01-05; 01-03 imputed days=5",
            vec!["imputedTwice e2 e3"],
        ),
        (
            "two periods",
            "01-01 sentenced days=99; 01-02 imputed days=5 from=01-01 to=01-05; \
          01-03 imputed days=5 from=01-11 to=01-15",
            vec![],
        ),
        (
            "other days than dates",
            "01-01 sentenced days=99; \
          01-02 imputed days=6 from=01-01 to=01-05",
            vec!["imputationMismatch e2"],
        ),
        (
            "of no sentence",
            "01-01 sentenced days=99; 01-02 imputed sentence=x2 days=6",
            vec!["imputationElsewhere e2"],
        ),
        (
            "without dates, of a sentence that counts",
            "01-01 sentenced days=99; \
          01-02 imputed days=6; 06-20 granted",
            vec!["imputationUndated e2"],
        ),
        (
            "the chain has another end",
            "01-01 sentenced days=99 startsOn=01-01 endsOn=04-10; \
          06-20 granted",
            vec!["endMismatch e1"],
        ),
        (
            "the end of the chain",
            "01-01 sentenced days=99 startsOn=01-01 endsOn=04-09; \
          06-20 granted",
            vec![],
        ),
        (
            "the end less the days imputed",
            "01-01 sentenced days=99 startsOn=01-01 endsOn=04-04; \
          01-02 imputed days=5 from=01-01 to=01-05; 06-20 granted",
            vec![],
        ),
    ];
    for (why, text, expected) in rows {
        assert_eq!(found(text), expected, "{why}: {text}");
    }
}

#[test]
fn findings_about_custody_and_deaths() {
    let rows = [
        ("arrived twice", "01-01 arrived; 01-02 arrived", vec!["arrivalWithoutRelease e1 e2"]),
        ("back from an escape", "01-01 arrived; 01-02 away; 01-03 arrived", vec![]),
        (
            "back from leave",
            "01-01 arrived; 01-02 away kind=leave; 01-03 arrived",
            vec!["arrivalWithoutRelease e1 e3"],
        ),
        ("supposed inside", "01-01 moved; 01-02 arrived", vec!["arrivalWithoutRelease e1 e2"]),
        (
            "released twice",
            "01-01 arrived; 01-02 released; 01-03 released",
            vec!["releaseWithoutArrival e3"],
        ),
        (
            "released by day",
            "01-01 arrived; 01-02 released reason=limitedDetention; \
          01-03 released",
            vec![],
        ),
        (
            "arrived and released at once",
            "01-02 released; 01-02 arrived",
            vec!["arrivedAndReleasedAtOnce e2 e1"],
        ),
        (
            "after a death",
            "01-01 died; 01-02 arrived; 01-03 released; 01-04 admitted; 01-05 closed",
            vec!["recordAfterDeath e1 e2 e4"],
        ),
        ("an unknown prison", "01-01 arrived facility=nowhere", vec!["unknownCode e1"]),
        ("a time that was never set", "0001-01-01 admitted; 01-05 closed", vec!["unsetDate e1"]),
        (
            "a date that was never set",
            "01-01 sentenced days=100 startsOn=0001-01-01",
            vec!["unsetDate e1"],
        ),
        ("the first date that is one", "01-01 sentenced days=100 startsOn=1900-01-01", vec![]),
    ];
    for (why, text, expected) in rows {
        assert_eq!(found(text), expected, "{why}: {text}");
    }
}

#[test]
fn findings_carry_the_numbers_of_their_messages() {
    let values = |text: &str| -> Value {
        let credit = answer(&script(text), &query(date("2026-06-30")));
        credit.findings[0].values.clone().into()
    };
    let decided = format!("{OUT} 04-01 revoked remainingDays=250; 04-01 arrived");
    let expected = json!({"modality": "m1", "decidedDays": 250, "deductionDays": 269});
    assert_eq!(values(&decided), expected);
    let reopened = format!("{OUT} 04-01 arrived; 04-09 released");
    assert_eq!(values(&reopened), json!({"modality": "m1", "on": ["2026-04-09"]}));
    let attested = "01-02 admitted; 01-05 closed; 01-09 attested from=01-01 to=01-09 days=5";
    let expected =
        json!({"from": "2026-01-01", "to": "2026-01-09", "attestedDays": 5, "recordedDays": 4});
    assert_eq!(values(attested), expected);
}
