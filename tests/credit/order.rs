//! The order of records at one instant, and the presences that follow from the order.

use care_ledger::domain::history::{CreditTurns, DatedFact, in_order};
use care_ledger::domain::stays::{PresenceRule, Stays};

use crate::script::{date, history, script};

/// Reads a script and gives the ids of its records in the order of the credit.
fn order(text: &str) -> String {
    let history = history(&script(text));
    let records = in_order(history.facts(), &mut CreditTurns::default());
    assert!(records.iter().enumerate().all(|(place, record)| record.place == place));
    let ids: Vec<&str> = records.iter().map(|record| record.item.id()).collect();
    ids.join(" ")
}

#[test]
fn records_of_one_instant_have_their_turns() {
    let rows = [
        ("by instant", "01-02 admitted; 01-01 closed", "e2 e1"),
        (
            "releases first, arrivals last",
            "01-01 moved; 01-02 arrived; 01-02 moved; \
          01-01 arrived; 01-02 released detention=d2",
            "e1 e4 e5 e3 e2",
        ),
        ("then by id", "01-01 granted; 01-01 admitted; 01-01 closed stay=s2", "e1 e2 e3"),
        ("detained: the release first", "01-01 arrived; 01-02 arrived; 01-02 released", "e1 e3 e2"),
        (
            "not detained: the arrival first",
            "01-02 moved; 01-02 released; 01-02 arrived",
            "e3 e2 e1",
        ),
        ("not detained: another detention", "01-02 released; 01-02 arrived detention=d2", "e1 e2"),
        (
            "a release by day ends no detention",
            "01-01 arrived; \
          01-02 released reason=limitedDetention; 01-03 released; 01-03 arrived",
            "e1 e2 e3 e4",
        ),
        ("two arrivals and a release", "01-02 released; 01-02 arrived; 01-02 arrived", "e2 e1 e3"),
        (
            "open stay: the closing first",
            "01-01 admitted; 01-02 admitted; 01-02 closed",
            "e1 e3 e2",
        ),
        ("new stay: the closing last", "01-02 closed; 01-02 admitted", "e2 e1"),
        (
            "closed stay: the closing last",
            "01-01 admitted; 01-01T11:00 closed; 01-02 closed; \
          01-02 admitted",
            "e1 e2 e4 e3",
        ),
        (
            "an arrival between closes nothing",
            "01-01 admitted; 01-02 arrived; 01-03 admitted; \
          01-03 closed",
            "e1 e2 e4 e3",
        ),
        ("another stay", "01-01 admitted; 01-02 admitted stay=s2; 01-02 closed", "e1 e2 e3"),
    ];
    for (why, text, expected) in rows {
        assert_eq!(order(text), expected, "{why}");
    }
}

/// The dates in treatment, and the codes of the findings about stays.
fn stays(text: &str, at: &str) -> (String, String) {
    let history = history(&script(text));
    let records: Vec<DatedFact> = in_order(history.facts(), &mut CreditTurns::default());
    let stays = Stays::read(&records);
    let at = date(at);
    let dates = stays.dates(at, PresenceRule::DEFAULT);
    let runs: Vec<String> = dates
        .runs()
        .map(|run| format!("{}..{}", run.first.format("%m-%d"), run.last.format("%m-%d")))
        .collect();
    let mut findings = stays.findings(at);
    findings.extend(stays.attest_findings(&records, at, PresenceRule::DEFAULT));
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code.code()).collect();
    (runs.join(" "), codes.join(" "))
}

#[test]
fn presences_and_absences_give_dates_and_findings() {
    let rows = [
        ("closed", "01-02 admitted; 01-05 closed", "01-02..01-05", ""),
        ("open", "01-02 admitted", "01-02..01-31", ""),
        ("an arrival ends it", "01-02 admitted; 01-05 arrived", "01-02..01-05", "stayNeverClosed"),
        (
            "a later closing has the last word",
            "01-02 admitted; 01-05 arrived; 01-07 closed",
            "01-02..01-07",
            "",
        ),
        (
            "another stay ends it",
            "01-02 admitted; 01-05 admitted stay=s2; 01-09 closed stay=s2",
            "01-02..01-09",
            "stayNeverClosed",
        ),
        (
            "admitted again",
            "01-02 admitted; 01-05 admitted; 01-09 closed",
            "01-02..01-09",
            "stayNeverClosed",
        ),
        (
            "closed twice",
            "01-02 admitted; 01-05 closed; 01-06 closed",
            "01-02..01-05",
            "stayClosedTwice",
        ),
        (
            "closed, never admitted",
            "01-05 closed; 01-06 admitted; 01-07 closed",
            "01-06..01-07",
            "closingWithoutStay",
        ),
        ("away", "01-02 admitted; 01-04 left; 01-07 returned", "01-02..01-04 01-07..01-31", ""),
        (
            "with leave",
            "01-02 admitted; 01-04 left authorised=true; 01-07 returned",
            "01-02..01-31",
            "",
        ),
        ("away to the closing", "01-02 admitted; 01-04 left; 01-07 closed", "01-02..01-04", ""),
        (
            "away on the closing date",
            "01-02 admitted; 01-04 left; 01-04T12:00 closed",
            "01-02..01-04",
            "",
        ),
        ("away until now", "01-02 admitted; 01-04 left", "01-02..01-04", ""),
        (
            "back after the closing",
            "01-02 admitted; 01-04 left; 01-07 closed; 01-09 returned",
            "01-02..01-04",
            "",
        ),
        (
            "left and back at once",
            "01-02 admitted; 01-04 left; 01-04 returned; 01-07 returned",
            "01-02..01-31",
            "",
        ),
        (
            "an earlier absence ends there",
            "01-02 admitted; 01-03 left; 01-05 left; \
          01-05 returned; 01-07 returned",
            "01-02..01-03 01-05..01-05 01-07..01-31",
            "",
        ),
        (
            "overlapping absences",
            "01-02 admitted; 01-03 left; 01-05 left authorised=true; \
          01-07 returned",
            "01-02..01-03 01-07..01-31",
            "absenceOverlap",
        ),
        (
            "outside",
            "01-02 left; 01-03 admitted; 01-05 closed; 01-06 left",
            "01-03..01-05",
            "absenceWithoutStay absenceWithoutStay",
        ),
        (
            "left after a closing that another stay followed at once",
            "01-02 admitted; 01-05 closed; 01-05 admitted; 01-05 admitted stay=s2; 01-05 left; \
          01-07 closed stay=s2",
            "01-02..01-07",
            "stayNeverClosed absenceWithoutStay",
        ),
        (
            "overlapping stays",
            "01-02 admitted; 01-05 admitted stay=s2; 01-07 closed; \
          01-09 closed stay=s2",
            "01-02..01-09",
            "stayOverlap",
        ),
        (
            "adjoining stays",
            "01-02 admitted; 01-05 closed; 01-05 admitted stay=s2; \
          01-09 closed stay=s2",
            "01-02..01-09",
            "",
        ),
        (
            "an attest of other days",
            "01-02 admitted; 01-05 closed; \
          01-09 attested from=01-01 to=01-09 days=4; 01-09 attested from=01-03 to=01-09 days=4",
            "01-02..01-05",
            "attestMismatch",
        ),
    ];
    for (why, text, dates, findings) in rows {
        assert_eq!(stays(text, "2026-01-31"), (dates.into(), findings.into()), "{why}");
    }
}
