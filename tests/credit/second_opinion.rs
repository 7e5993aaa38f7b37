//! A second opinion on every figure and every run, over random histories.
//! More cases: `PROPTEST_CASES=20000 cargo test --test credit second_opinion`.

use std::collections::{BTreeMap, BTreeSet};

use care_ledger::domain::credit::{Credit, DayRun};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::random::{all_events, asked, histories, law, question, touches};
use crate::reference::figures::Figures;
use crate::reference::{day_of, figures};
use crate::script::{answer, day};

fn by_date(runs: &[DayRun]) -> BTreeMap<i64, String> {
    let mut dates = BTreeMap::new();
    for run in runs {
        let (from, to) = (day_of(&run.from.to_string()), day_of(&run.to.to_string()));
        assert_eq!(run.days, to - from + 1);
        assert!(!run.events.is_empty(), "{run:?}");
        let why = json!(run.why).as_str().unwrap().to_owned();
        for date in from..=to {
            assert!(dates.insert(date, why.clone()).is_none(), "a date twice: {date}");
        }
    }
    let maximal =
        |pair: &[DayRun]| pair[0].to.succ_opt() < Some(pair[1].from) || pair[0].why != pair[1].why;
    assert!(runs.windows(2).all(|pair| pair[0].to < pair[1].from && maximal(pair)));
    dates
}

fn whys<'f>(dates: impl Iterator<Item = (&'f i64, &'f str)>) -> BTreeMap<i64, String> {
    dates.map(|(date, why)| (*date, why.to_owned())).collect()
}

/// The members of a reading with one number of days, as the rules give them.
fn plain(f: &Figures, credited: i64) -> Value {
    let mut reading = json!({"creditedDays": credited});
    match f.entered.or(f.calculated) {
        Some(effective) => {
            let left = (effective - credited).max(0);
            reading["remainingDays"] = left.into();
            reading["unusedDays"] = (credited - effective).max(0).into();
            reading["sentenceEnd"] = f.back.map(|b| day(b + left - 1).to_string()).into();
        }
        None => reading["cannotCompute"] = missing(f),
    }
    reading
}

fn missing(f: &Figures) -> Value {
    if f.earlier_releases.is_empty() {
        return json!(["needs modality.granted.remainderDays or a sentence"]);
    }
    let named = f.earlier_releases.iter();
    named.map(|code| format!("needs remainderDays: earlier modality {code}")).collect()
}

fn court(f: &Figures) -> Value {
    let (k, effective) = (f.k.len() as i64, f.entered.or(f.calculated));
    let end = |left: i64| f.back.map(|b| day(b + left - 1).to_string());
    match (f.decided, effective) {
        (Some((Some(r), _)), effective) => {
            let mut reading = json!({"remainingDays": r, "unusedDays": 0, "sentenceEnd": end(r)});
            if let Some(effective) = effective {
                reading["creditedDays"] = (effective - r).into();
            }
            reading
        }
        (Some((None, Some(c))), _) => plain(f, c),
        (_, None) => json!({"range": [0, k], "cannotCompute": missing(f)}),
        (_, Some(effective)) => {
            let (min, max) = ((effective - k).max(0), effective);
            let ends = end(min).zip(end(max)).map(|(min, max)| json!({"min": min, "max": max}));
            json!({
                "range": [0, k], "remainingDays": {"min": min, "max": max}, "sentenceEnd": ends
            })
        }
    }
}

fn compare(credit: &Credit, expected: &[Figures]) -> Result<(), TestCaseError> {
    prop_assert_eq!(credit.modalities.len(), expected.len());
    for (ours, theirs) in credit.modalities.iter().zip(expected) {
        prop_assert_eq!(&*ours.modality.0, &theirs.modality);
        let window = ours.window.map(|w| (day_of(&w.from.to_string()), day_of(&w.to.to_string())));
        prop_assert_eq!(window, theirs.window);
        prop_assert_eq!(ours.remainder.entered_days, theirs.entered);
        prop_assert_eq!(ours.remainder.calculated_days, theirs.calculated);
        prop_assert_eq!(ours.remainder.effective_days, theirs.entered.or(theirs.calculated));
        let worked_out = ours.calculation.as_ref().map(|calculation| calculation.days());
        prop_assert_eq!(worked_out, theirs.calculated);
        prop_assert_eq!(ours.back_on, theirs.back.map(day));
        prop_assert_eq!(ours.compliant_days, theirs.k.len() as i64);
        prop_assert_eq!(ours.treatment_days, theirs.t.len() as i64);
        let readings = json!(ours.readings);
        let reading = |name: &str| figures_of(&readings[name]);
        prop_assert_eq!(reading("none"), plain(theirs, 0));
        prop_assert_eq!(reading("fullResidential"), plain(theirs, theirs.t.len() as i64));
        let full = &ours.readings.full_residential;
        let in_treatment = theirs.t.iter().map(|date| (date, "inTreatment"));
        prop_assert_eq!(by_date(&full.counted), whys(in_treatment));
        let not_t = theirs.not_t.iter().map(|(date, why)| (date, *why));
        prop_assert_eq!(by_date(&full.excluded), whys(not_t));
        let by_kind = match theirs.kind.as_str() {
            "limitedDetention" | "electronicMonitoring" => {
                prop_assert_eq!(reading("deduction"), plain(theirs, theirs.k.len() as i64));
                prop_assert!(ours.readings.court_decision.is_none());
                ours.readings.deduction.as_ref()
            }
            "conditionalRelease" | "provisionalRelease" => {
                prop_assert_eq!(reading("courtDecision"), court(theirs));
                let court = ours.readings.court_decision.as_ref().unwrap();
                prop_assert_eq!(court.decision.is_none(), court.range.is_some());
                prop_assert!(ours.readings.deduction.is_none());
                ours.readings.court_decision.as_ref()
            }
            _ => None,
        };
        if let Some(by_kind) = by_kind {
            let under = theirs.k.iter().map(|date| (date, "underModality"));
            prop_assert_eq!(by_date(&by_kind.counted), whys(under));
            let not_k = theirs.not_k.iter().map(|(date, why)| (date, *why));
            prop_assert_eq!(by_date(&by_kind.excluded), whys(not_k));
        }
    }
    Ok(())
}

fn figures_of(reading: &Value) -> Value {
    let mut figures = reading.clone();
    for other in ["status", "source", "decision", "counted", "excluded"] {
        figures.as_object_mut().unwrap().remove(other);
    }
    figures
}

#[test]
fn a_naive_reading_of_the_rules_gives_the_same_figures() {
    law("naive", (histories(), touches(), asked()), |(told, touches, asked)| {
        let events = all_events(&told, &touches);
        compare(&answer(&events, &question(asked)), &figures(&events, asked))
    });
}

/// The laws prove nothing about cases that never occur, so every reason and every finding must
/// occur.
#[test]
fn the_random_histories_reach_every_reason_and_finding() {
    let mut runner = TestRunner::deterministic();
    let strategy = (histories(), touches(), asked());
    let mut reached: BTreeSet<String> = BTreeSet::new();
    for _ in 0..1500 {
        let (told, touches, asked) = strategy.new_tree(&mut runner).unwrap().current();
        let credit = answer(&all_events(&told, &touches), &question(asked));
        reached.extend(credit.findings.iter().map(|finding| finding.code.code().to_owned()));
        for (_, reading) in credit.modalities.iter().flat_map(|m| m.readings.iter()) {
            let runs = reading.counted.iter().chain(&reading.excluded);
            reached.extend(runs.map(|run| json!(run.why).as_str().unwrap().to_owned()));
            reached.extend(reading.cannot_compute.iter().map(|why| why[..20].to_owned()));
        }
    }
    let all = "absenceOverlap absenceWithoutStay arrivalWithoutRelease attestMismatch closingDate \
        detained endMismatch inTreatment modalityGrantedTwice modalityOverlap \
        modalityWithoutRelease outsideWindow recordAfterDeath releaseWithoutArrival \
        remainderMismatch sentencePronouncedTwice stayClosedTwice stayModalityMismatch \
        stayNeverClosed stayOverlap suspended unauthorisedAbsence underModality unknownCode";
    for name in all.split_whitespace() {
        assert!(reached.contains(name), "{name} never occurs: {reached:?}");
    }
    assert!(reached.iter().filter(|name| name.starts_with("needs ")).count() == 2, "{reached:?}");
}
