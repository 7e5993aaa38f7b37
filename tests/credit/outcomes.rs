//! Why a modality stands as it does: each outcome, and its first and last day.

use crate::script::{answer, date, query, script};

/// Out of prison on 1 March: e1, e2, e3.
const OUT: &str = "01-01 arrived; 03-01 released; 03-01 granted remainderDays=300; ";

#[test]
fn of_two_ends_on_one_date_the_earliest_closes_the_sentences() {
    let events = script(
        "01-01 granted kind=electronicMonitoring startsOn=2026-01-01; 02-01T09:00 ended; \
         02-01T10:00 sentenced years=1; 02-01T11:00 ended; \
         02-20 granted modality=m2 startsOn=2026-03-01",
    );
    let credit = answer(&events, &query(date("2026-03-10")));
    // A year from 1 February on, of which that date is served under the first modality.
    assert_eq!(credit.modalities[1].remainder.calculated_days, Some(364));
}

#[test]
fn each_outcome_has_its_first_day() {
    let rows = [
        ("before its start", "01-01 granted startsOn=03-02", "03-01", "notStarted"),
        ("on its start", "01-01 granted startsOn=03-02", "03-02", "running"),
        ("on the date of its end", "03-31 ended", "03-31", "running"),
        ("the day after its end", "03-31 ended", "04-01", "ended"),
        (
            "on the date of a final release",
            "03-10 arrived; 03-31 released reason=sentenceEnd \
          final=true",
            "03-31",
            "returned",
        ),
        (
            "on the eve of a revocation's effect",
            "03-20 revoked effectiveOn=04-01",
            "03-31",
            "running",
        ),
        (
            "on the day of a revocation's effect",
            "03-20 revoked effectiveOn=04-01",
            "04-01",
            "revoked",
        ),
        (
            "on the eve of the next modality",
            "03-20 granted modality=m2 startsOn=04-01",
            "03-31",
            "running",
        ),
        (
            "on the start of the next modality",
            "03-20 granted modality=m2 startsOn=04-01",
            "04-01",
            "replaced",
        ),
        ("on the eve of a return", "04-01 arrived", "03-31", "running"),
        ("on the day of a return", "04-01 arrived", "04-01", "returned"),
        ("on the day of a death", "04-01 died", "04-01", "deceased"),
        (
            "ended, and back in prison the next day",
            "03-31 ended; 04-01 arrived",
            "04-30",
            "returned",
        ),
        (
            "ended and arrested for other facts",
            "03-31 ended; 04-01 arrived legalStatus=pretrial",
            "04-30",
            "ended",
        ),
    ];
    for (why, text, at, outcome) in rows {
        let begins = if text.contains("startsOn=03-02") { "" } else { OUT };
        let events = script(&format!("{begins}{text}"));
        let credit = answer(&events, &query(date(&format!("2026-{at}"))));
        assert_eq!(credit.modalities[0].outcome.code(), outcome, "{why}: {text} on {at}");
    }
}
