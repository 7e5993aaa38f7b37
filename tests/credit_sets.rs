//! One row a sentence of the rules for the sets of dates and the base, input beside answer.

#![allow(missing_docs, clippy::unwrap_used)]

mod credit_support;

use care_ledger::domain::credit::{Boundary, Credit, DayRun, ModalityCredit, Query};
use credit_support::{answer, date, full_date, json, query, script};
use serde_json::{Value, json};

/// `MM-DD..MM-DD` for each run, with the reason where asked.
fn runs(runs: &[DayRun], with_why: bool) -> String {
    let run = |run: &DayRun| {
        let (from, to) = (run.from.to_string(), run.to.to_string());
        let why =
            if with_why { format!(" {}", json!(run.why).as_str().unwrap()) } else { String::new() };
        format!("{}..{}{why}", from.trim_start_matches("2026-"), to.trim_start_matches("2026-"))
    };
    if runs.is_empty() {
        "none".to_owned()
    } else {
        runs.iter().map(run).collect::<Vec<_>>().join(", ")
    }
}

/// What a row may ask of a modality: W, K, T, why dates of W (X) and of presences (Y) are out,
/// the calculated remainder.
fn summary(m: &ModalityCredit) -> Vec<String> {
    let short = |date: chrono::NaiveDate| date.to_string().trim_start_matches("2026-").to_owned();
    let window =
        m.window.map_or("none".to_owned(), |w| format!("{}..{}", short(w.from), short(w.to)));
    let full = &m.readings.full_residential;
    let mut parts = vec![
        format!("W {window}"),
        format!("T {}", runs(&full.counted, false)),
        format!("Y {}", runs(&full.excluded, true)),
        format!("k {}", m.compliant_days),
        format!("left {}", m.remainder.calculated_days.map_or("?".to_owned(), |d| d.to_string())),
    ];
    if let Some(by_kind) = m.readings.deduction.as_ref().or(m.readings.court_decision.as_ref()) {
        parts.push(format!("K {}", runs(&by_kind.counted, false)));
        parts.push(format!("X {}", runs(&by_kind.excluded, true)));
    }
    parts
}

fn asked(at: &str) -> Query {
    query(date(&full_date(at)))
}

/// Checks rows of (claim, `at`, script, expected parts of the first modality).
fn check(rows: &[(&str, &str, &str, &str)], adjust: impl Fn(&mut Query)) {
    for (claim, at, events, expected) in rows {
        let mut query = asked(at);
        adjust(&mut query);
        let credit = answer(&script(events), &query);
        let m = credit.modalities.first().unwrap_or_else(|| panic!("{claim}: no modality"));
        let summary = summary(m);
        for part in expected.split(" | ") {
            assert!(summary.iter().any(|s| s == part), "{claim}: wanted `{part}` of {summary:?}");
        }
    }
}

#[test]
fn d_the_dates_detained() {
    // 100 days from 1 January, released on 10 February: 41 dates served, 59 left on 1 March.
    let served = |between: &str| {
        format!(
            "01-01T09:00 sentenced days=100 startsOn=01-01; 01-01 arrived; {between}; \
             02-10 released detention=d9; 03-01 granted"
        )
    };
    let rows = [
        ("both dates are in it, whatever detention the release names", "", "left 59"),
        ("an arrival while detained changes nothing", "01-20 arrived detention=d2", "left 59"),
        ("a leave stays in", "01-10 away kind=leave; 01-15 back", "left 59"),
        ("dates wholly inside an escape are out", "01-10 away; 01-15 back", "left 63"),
        (
            "so are those of a failure to return",
            "01-10 away kind=failureToReturn; 01-15 back",
            "left 63",
        ),
        ("an escape ended on the next date takes none out", "01-10 away; 01-11 back", "left 59"),
        (
            "the end of another detention's absence does not end it; the release does",
            "01-10 away; 01-15 back detention=d2",
            "left 89",
        ),
        ("any arrival ends it", "01-10 away; 01-15 arrived detention=d2", "left 63"),
    ];
    for (claim, between, expected) in rows {
        check(&[(claim, "03-05", &served(between), expected)], |_| {});
    }
    check(
        &[
            (
                "nothing ends an escape: every date after its first is out",
                "03-05",
                "01-01 sentenced days=100 startsOn=01-01; 01-01 arrived; 01-10 away; 03-01 granted",
                "left 90 | K 03-01..03-05",
            ),
            (
                "the first date of a modality is the modality's; open detention runs to at",
                "03-05",
                "01-01 arrived; 03-01 granted",
                "W 03-01..03-05 | K 03-01..03-01 | X 03-02..03-05 detained",
            ),
            (
                "released later than the modality starts",
                "03-05",
                "01-01 arrived; 03-01 granted; 03-03 released",
                "K 03-01..03-01, 03-04..03-05 | X 03-02..03-03 detained",
            ),
            (
                "the first date stays in D while the window is empty",
                "03-05",
                "01-01 sentenced days=100 startsOn=01-01; 01-01 arrived; 02-01 granted; \
                 02-01T12:00 revoked",
                "W none | left 69 | K none",
            ),
        ],
        |_| {},
    );
}

#[test]
fn w_the_window() {
    check(
        &[
            ("to at", "03-10", "03-01 granted", "W 03-01..03-10"),
            ("startsOn, not the grant", "03-10", "03-01 granted startsOn=03-05", "W 03-05..03-10"),
            (
                "to the day before the next arrival",
                "03-10",
                "03-01 granted; 03-08 arrived",
                "W 03-01..03-07",
            ),
            (
                "an arrival before the start is no return",
                "03-10",
                "02-01 arrived; 02-20 released; 03-01 granted",
                "W 03-01..03-10",
            ),
            (
                "an arrival on the start is a return",
                "03-10",
                "03-01T08:00 granted; 03-01 arrived",
                "W none | K none | T none",
            ),
            (
                "not when a release on that date follows",
                "03-10",
                "03-01T08:00 granted; 03-01 arrived; 03-01T17:00 released",
                "W 03-01..03-10",
            ),
            (
                "but then a second arrival on it is",
                "03-10",
                "03-01T08:00 arrived; 03-01T12:00 released; 03-01T18:00 arrived; 03-01 granted",
                "W none",
            ),
            (
                "at one instant the release comes first: a return",
                "03-10",
                "03-01 arrived; 03-01 released; 03-01 granted",
                "W none",
            ),
            (
                "a release on a later date does not help",
                "03-10",
                "03-01 granted; 03-01 arrived; 03-02 released",
                "W none",
            ),
            (
                "to the day before the revocation's date",
                "03-10",
                "03-01 granted; 03-08 revoked",
                "W 03-01..03-07",
            ),
            (
                "effectiveOn, final or not",
                "03-10",
                "03-01 granted; 03-08 revoked effectiveOn=03-04 final=false",
                "W 03-01..03-03",
            ),
            (
                "the earliest effective revocation",
                "03-10",
                "03-01 granted; 03-05 revoked effectiveOn=03-08; 03-06 revoked effectiveOn=03-04",
                "W 03-01..03-03",
            ),
            (
                "a revocation of another modality does nothing",
                "03-10",
                "03-01 granted; 03-08 revoked modality=m2",
                "W 03-01..03-10",
            ),
            (
                "to the date of the end itself",
                "03-10",
                "03-01 granted; 03-08 ended; 03-09 ended",
                "W 03-01..03-08",
            ),
            (
                "to the day before the next later start",
                "03-10",
                "03-01 granted; 03-06 granted modality=m2",
                "W 03-01..03-05",
            ),
            (
                "a modality of the same start does not cut",
                "03-10",
                "03-01 granted; 03-01 granted modality=m2",
                "W 03-01..03-10",
            ),
            (
                "revoked before it starts: empty",
                "03-10",
                "03-01 granted startsOn=03-05; 03-04 revoked",
                "W none | K none | k 0",
            ),
            (
                "revoked on its start: empty",
                "03-10",
                "03-01 granted; 03-01T12:00 revoked",
                "W none",
            ),
            ("starts after at: empty", "03-10", "03-01 granted startsOn=04-01", "W none"),
            (
                "granted twice: the earliest record",
                "03-10",
                "03-01 granted startsOn=03-05; 03-02 granted startsOn=03-03",
                "W 03-05..03-10",
            ),
        ],
        |_| {},
    );
}

#[test]
fn s_and_k_suspended_and_compliant() {
    check(
        &[
            (
                "to the day before it is lifted",
                "03-10",
                "03-01 granted; 03-04 suspended; 03-07 lifted",
                "K 03-01..03-03, 03-07..03-10 | X 03-04..03-06 suspended",
            ),
            (
                "open: to the end of the window",
                "03-10",
                "03-01 granted; 03-04 suspended; 03-08 ended",
                "K 03-01..03-03 | X 03-04..03-08 suspended",
            ),
            (
                "lifted on its own date: no date",
                "03-10",
                "03-01 granted; 03-04 suspended; 03-04T12:00 lifted",
                "K 03-01..03-10 | X none",
            ),
            (
                "suspended twice, lifted once",
                "03-10",
                "03-01 granted; 03-04 suspended; 03-05 suspended; 03-07 lifted",
                "X 03-04..03-06 suspended",
            ),
            (
                "suspended before the start",
                "03-10",
                "02-20 granted startsOn=03-01; 02-25 suspended; 03-03 lifted",
                "X 03-01..03-02 suspended",
            ),
            (
                "of another modality: nothing",
                "03-10",
                "03-01 granted; 03-04 suspended modality=m2",
                "K 03-01..03-10",
            ),
            (
                "detained comes before suspended",
                "03-06",
                "02-01 arrived; 03-01 granted; 03-04 suspended; 03-05 released",
                "X 03-02..03-05 detained, 03-06..03-06 suspended",
            ),
            (
                "limited detention is slept inside: D stays in K",
                "03-06",
                "02-01 arrived; 03-01 granted kind=limitedDetention; 03-05 suspended",
                "K 03-01..03-04 | X 03-05..03-06 suspended",
            ),
            (
                "so is a transition house, which is not art. 68",
                "03-06",
                "02-01 arrived; 03-01 granted kind=transitionHouse",
                "k 6",
            ),
        ],
        |_| {},
    );
}

/// The rows for P, all under conditional release from 1 March to 31 March.
const P_ROWS: &[(&str, &str, &str, &str)] = &[
    (
        "admission and closing date count",
        "03-31",
        "03-03 admitted; 03-06 closed",
        "T 03-03..03-06 | Y none",
    ),
    ("any closing ends it", "03-31", "03-03 admitted; 03-06 completed", "T 03-03..03-06"),
    ("moving on closes it", "03-31", "03-03 admitted; 03-06 onward", "T 03-03..03-06"),
    (
        "the first closing counts",
        "03-31",
        "03-03 admitted; 03-06 closed; 03-09 closed",
        "T 03-03..03-06",
    ),
    (
        "a closing before the admission does not",
        "03-31",
        "03-02 closed; 03-03 admitted; 03-06 closed",
        "T 03-03..03-06",
    ),
    (
        "a closing at the admission's instant does",
        "03-31",
        "03-03 closed; 03-03 admitted; 03-06 closed",
        "T 03-03..03-03",
    ),
    (
        "a closing of another stay does not",
        "03-31",
        "03-03 admitted; 03-05 closed stay=s2; 03-06 closed",
        "T 03-03..03-06",
    ),
    (
        "a new admission opens a new presence",
        "03-31",
        "03-03 admitted; 03-06 closed; 03-20 admitted; 03-22 closed",
        "T 03-03..03-06, 03-20..03-22",
    ),
    (
        "overlapping stays count once",
        "03-31",
        "03-03 admitted; 03-05 admitted stay=s2; 03-06 closed; 03-08 closed stay=s2",
        "T 03-03..03-08",
    ),
    (
        "never closed: to the next admission anywhere",
        "03-31",
        "03-03 admitted; 03-08 admitted stay=s2; 03-09 closed stay=s2",
        "T 03-03..03-09",
    ),
    (
        "never closed: to the next arrival",
        "03-31",
        "03-03 admitted; 03-08 arrived",
        "T 03-03..03-07 | Y 03-08..03-08 outsideWindow",
    ),
    ("open to at", "03-10", "03-03 admitted", "T 03-03..03-10"),
    (
        "outside the window",
        "03-31",
        "02-25 admitted; 03-06 closed",
        "T 03-01..03-06 | Y 02-25..02-28 outsideWindow",
    ),
    (
        "detained, suspended and absent: the first reason tells",
        "03-31",
        "02-01T08:00 arrived; 03-02 admitted; 03-04 suspended; 03-05 released; 03-06 left; 03-10 returned; 03-08 lifted; 03-12 closed",
        "T 03-10..03-12 | Y 03-02..03-05 detained, 03-06..03-07 suspended, 03-08..03-09 unauthorisedAbsence",
    ),
    (
        "dates wholly inside an unauthorised absence",
        "03-31",
        "03-03 admitted; 03-06 left; 03-10 returned; 03-12 closed",
        "T 03-03..03-06, 03-10..03-12 | Y 03-07..03-09 unauthorisedAbsence",
    ),
    (
        "authorised ones count as presence",
        "03-31",
        "03-03 admitted; 03-06 left authorised=true; 03-10 returned; 03-12 closed",
        "T 03-03..03-12",
    ),
    (
        "back on the next date: none",
        "03-31",
        "03-03 admitted; 03-06 left; 03-07 returned; 03-12 closed",
        "T 03-03..03-12",
    ),
    (
        "back of another stay does not end it",
        "03-31",
        "03-03 admitted; 03-06 left; 03-08 returned stay=s2; 03-10 returned; 03-12 closed",
        "Y 03-07..03-09 unauthorisedAbsence",
    ),
    (
        "never back: the closing date is inside too",
        "03-31",
        "03-03 admitted; 03-06 left; 03-12 closed",
        "T 03-03..03-06 | Y 03-07..03-12 unauthorisedAbsence",
    ),
    (
        "back after the closing: the same",
        "03-31",
        "03-03 admitted; 03-06 left; 03-12 closed; 03-12T12:00 returned",
        "T 03-03..03-06 | Y 03-07..03-12 unauthorisedAbsence",
    ),
    (
        "back at the closing: it counts",
        "03-31",
        "03-03 admitted; 03-06 left; 03-12 closed; 03-12 returned",
        "Y 03-07..03-11 unauthorisedAbsence",
    ),
    (
        "left on the closing date: it counts",
        "03-31",
        "03-03 admitted; 03-12T08:00 left; 03-12 closed",
        "T 03-03..03-12",
    ),
    (
        "an absence cannot outlast its presence",
        "03-31",
        "03-03 admitted; 03-06 left; 03-08 closed; 03-15 admitted; 03-20 closed",
        "T 03-03..03-06, 03-15..03-20",
    ),
    (
        "still away, still open: away to at",
        "03-10",
        "03-03 admitted; 03-06 left",
        "T 03-03..03-06 | Y 03-07..03-10 unauthorisedAbsence",
    ),
    (
        "away and admitted elsewhere: counts there",
        "03-31",
        "03-03 admitted; 03-06 left; 03-09 admitted stay=s2; 03-12 closed stay=s2",
        "T 03-03..03-06, 03-09..03-12 | Y 03-07..03-08 unauthorisedAbsence",
    ),
    (
        "away from one stay, present in another",
        "03-31",
        "03-03 admitted; 03-04 admitted stay=s2; 03-06 left; 03-10 returned; 03-12 closed; 03-08 closed stay=s2",
        "T 03-03..03-08, 03-10..03-12 | Y 03-09..03-09 unauthorisedAbsence",
    ),
    (
        "outside any presence: no effect",
        "03-31",
        "03-02 left; 03-03 admitted; 03-12 closed",
        "T 03-03..03-12",
    ),
    (
        "admitted twice under one stay: away from both",
        "03-31",
        "03-03 admitted; 03-04 admitted; 03-06 left; 03-10 returned; 03-12 closed",
        "T 03-03..03-06, 03-10..03-12",
    ),
];

#[test]
fn p_present_in_treatment() {
    let under = |events: &str| format!("03-01T07:00 granted kind=conditionalRelease; {events}");
    for (claim, at, events, expected) in P_ROWS {
        check(&[(claim, at, &under(events), expected)], |_| {});
    }
}

#[test]
fn p_under_exclude_last() {
    let rows = [
        (
            "the closing date is out",
            "03-03 admitted; 03-06 closed",
            "T 03-03..03-05 | Y 03-06..03-06 closingDate",
        ),
        (
            "of each closed presence",
            "03-03 admitted; 03-06 closed; 03-20 admitted; 03-22 closed",
            "T 03-03..03-05, 03-20..03-21",
        ),
        ("of an open one none is", "03-03 admitted", "T 03-03..03-31 | Y none"),
        (
            "another presence may count it",
            "03-03 admitted; 03-06 closed; 03-06T12:00 admitted stay=s2; 03-08 closed stay=s2",
            "T 03-03..03-07 | Y 03-08..03-08 closingDate",
        ),
        (
            "absent comes before closing",
            "03-03 admitted; 03-04 left; 03-06 closed",
            "T 03-03..03-04 | Y 03-05..03-06 unauthorisedAbsence",
        ),
        (
            "one date only: none",
            "03-03 admitted; 03-03T12:00 closed",
            "T none | Y 03-03..03-03 closingDate",
        ),
    ];
    for (claim, events, expected) in rows {
        let events = format!("03-01T07:00 granted kind=conditionalRelease; {events}");
        check(&[(claim, "03-31", &events, expected)], |q| q.boundary = Boundary::ExcludeLast);
    }
}

#[test]
fn the_base() {
    check(
        &[
            ("no sentence", "03-10", "03-01 granted", "left ?"),
            (
                "a sentence on the start",
                "03-10",
                "03-01 granted; 03-01T12:00 sentenced days=50",
                "left 50",
            ),
            (
                "a sentence after the start",
                "03-10",
                "03-01 granted; 03-02 sentenced days=50",
                "left ?",
            ),
            (
                "each code once, its earliest record",
                "03-10",
                "02-01 sentenced days=50; 02-02 sentenced days=70; 03-01 granted",
                "left 50",
            ),
            (
                "chained in order",
                "03-10",
                "02-01 sentenced days=50; 02-02 sentenced sentence=x2 months=1; 03-01 granted",
                "left 80",
            ),
            (
                "years date to date",
                "03-10",
                "02-01 sentenced years=1 startsOn=2024-02-29; 03-01 granted",
                "left 366",
            ),
            (
                "all imputed days, whatever they name",
                "03-10",
                "02-01 sentenced days=50; 02-02 imputed sentence=x9 days=8; 02-02 imputed days=7; 03-01 granted",
                "left 35",
            ),
            (
                "never below zero",
                "03-10",
                "02-01 sentenced days=5; 02-02 imputed days=8; 03-01 granted",
                "left 0",
            ),
            (
                "from the first detained date after the sentence",
                "03-10",
                "02-01 sentenced days=50; 02-11 arrived; 02-20 released; 03-01 granted",
                "left 40",
            ),
            (
                "detained on the sentence's date: from it",
                "03-10",
                "01-01 arrived; 02-01 sentenced days=50; 02-10 released; 03-01 granted",
                "left 40",
            ),
            (
                "startsOn of the first sentence",
                "03-10",
                "01-01 arrived; 02-01 sentenced days=50 startsOn=02-06; 02-10 released; 03-01 granted",
                "left 45",
            ),
            (
                "startsOn of later ones is ignored",
                "03-10",
                "01-01 arrived; 02-01 sentenced days=50; 02-02 sentenced sentence=x2 days=1 startsOn=02-06; 02-10 released; 03-01 granted",
                "left 41",
            ),
        ],
        |_| {},
    );
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
                "creditedDays": 30, "remainingDays": 20, "unusedDays": 0, "sentenceEnd": "2026-03-20"
            }),
        ),
        (
            "remainderDays=50; 03-01 arrived; 03-02 revoked remainingDays=60",
            json!({
                "creditedDays": -10, "remainingDays": 60, "unusedDays": 0, "sentenceEnd": "2026-04-29"
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
                "creditedDays": 70, "remainingDays": 0, "unusedDays": 20, "sentenceEnd": "2026-02-28"
            }),
        ),
        (
            "; 03-01 arrived; 03-02 revoked creditedDays=5",
            json!({
                "creditedDays": 5,
                "cannotCompute": ["needs modality.granted.remainderDays or a sentence"]
            }),
        ),
        // The last that carries a figure decides, whatever comes after without one.
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
    let told = |runs: &[DayRun]| -> Vec<String> {
        runs.iter()
            .map(|run| {
                let (from, to) = (run.from.format("%d"), run.to.format("%d"));
                let why = json!(run.why).as_str().unwrap().to_owned();
                format!("{from}..{to} {} {why}: {}", run.days, run.events.join(" "))
            })
            .collect()
    };
    assert_eq!(
        told(&readings.full_residential.counted),
        [
            "06..08 3 inTreatment: e2 e4 e9 e10",
            "12..13 2 inTreatment: e2 e4 e9 e10",
            "16..20 5 inTreatment: e2 e4 e9 e10",
        ]
    );
    assert_eq!(
        told(&readings.full_residential.excluded),
        [
            "04..05 2 detained: e1 e2 e4 e3 e9 e10",
            "09..11 3 unauthorisedAbsence: e2 e4 e5 e6 e9 e10",
            "14..15 2 suspended: e2 e4 e7 e8 e9 e10",
        ]
    );
    let court = readings.court_decision.as_ref().unwrap();
    assert_eq!(
        told(&court.counted),
        [
            "01..01 1 underModality: e2 e10",
            "06..13 8 underModality: e2 e10",
            "16..24 9 underModality: e2 e10",
        ]
    );
    assert_eq!(
        told(&court.excluded),
        ["02..05 4 detained: e1 e2 e3 e10", "14..15 2 suspended: e2 e7 e8 e10"]
    );
    assert!(readings.none.counted.is_empty() && readings.none.excluded.is_empty());
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
