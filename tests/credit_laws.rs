//! The laws that hold for every history, and a second opinion on every figure.
//! A failure is shrunk and printed with the seed that brings it back; more cases:
//! `PROPTEST_CASES=20000 cargo test --test credit_laws`.

#![allow(missing_docs, clippy::unwrap_used)]

mod credit_random;
mod credit_reference;
mod credit_support;

use std::collections::{BTreeMap, HashSet};

use care_ledger::domain::calendar::At;
use care_ledger::domain::credit::{Boundary, Credit, DayRun, Query, credit};
use care_ledger::domain::history::fold;
use care_ledger::domain::id::RecordedTime;
use care_ledger::domain::registry::Registry;
use chrono::NaiveDate;
use credit_random::{
    MINUTES, Told, Touch, asked, events, histories, one, time_of, touches, touching,
};
use credit_reference::{Asked, Figures, day_of, figures, standing};
use credit_support::{FIRST_MICROS, all_recorded, answer, day, event, json, query};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};

/// Cases a law, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 500;

/// Tries a law on random input; a failure says how to run the same again.
fn law<S: Strategy>(
    name: &str,
    strategy: S,
    holds: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = cases.unwrap_or(CASES);
    let seed: u64 = match std::env::var("SEED") {
        Ok(seed) => seed.parse().expect("SEED is a number"),
        Err(_) => u64::from(std::process::id()) << 32 | u64::from(now_nanos()),
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    if let Err(failure) = TestRunner::new_with_rng(config, rng).run(&strategy, holds) {
        panic!(
            "{failure}\nSEED={seed} PROPTEST_CASES={cases} cargo test --test credit_laws {name}"
        );
    }
}

fn now_nanos() -> u32 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos()
}

fn question(asked: Asked) -> Query {
    let boundary = if asked.exclude_last { Boundary::ExcludeLast } else { Boundary::AnyPart };
    let month_days = u32::try_from(asked.month_days).unwrap().try_into().unwrap();
    Query { boundary, month_days, ..query(day(asked.at)) }
}

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

fn figures_of(reading: &Value) -> Value {
    let mut figures = reading.clone();
    for other in ["status", "source", "counted", "excluded"] {
        figures.as_object_mut().unwrap().remove(other);
    }
    figures
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

fn all_events(told: &[Told], touches: &[Touch]) -> Vec<Value> {
    let mut events = events(told);
    let touching = touching(&events, touches);
    events.extend(touching);
    events
}

#[test]
fn a_naive_reading_of_the_rules_gives_the_same_figures() {
    law("naive", (histories(), touches(), asked()), |(told, touches, asked)| {
        let events = all_events(&told, &touches);
        compare(&answer(&events, &question(asked)), &figures(&events, asked))
    });
}

#[test]
fn law_1_order_of_arrival_and_repeated_delivery_change_nothing() {
    let orders = proptest::collection::vec(any::<u32>(), 80);
    law("law_1", (histories(), touches(), asked(), orders), |(told, touches, asked, order)| {
        let events = all_events(&told, &touches);
        let as_sent = json(&answer(&events, &question(asked)));
        let mut shuffled: Vec<(u32, Value)> = order.iter().copied().zip(events.clone()).collect();
        shuffled.sort_by_key(|(key, _)| *key);
        let mut other: Vec<Value> = shuffled.into_iter().map(|(_, event)| event).collect();
        let again = other[..other.len() / 2].to_vec();
        other.extend(again);
        prop_assert_eq!(as_sent, json(&answer(&other, &question(asked))));
        Ok(())
    });
}

#[test]
fn law_2_treatment_lies_in_compliance_lies_in_the_window() {
    law("law_2", (histories(), asked()), |(told, asked)| {
        let events = events(&told);
        for m in answer(&events, &question(asked)).modalities {
            let w = m.window.map_or(0, |w| (w.to - w.from).num_days() + 1);
            prop_assert!(0 <= m.treatment_days && m.treatment_days <= m.compliant_days);
            prop_assert!(m.compliant_days <= w);
            let inside = |runs: &[DayRun]| {
                runs.iter()
                    .all(|run| m.window.is_some_and(|w| w.from <= run.from && run.to <= w.to))
            };
            let days = |runs: &[DayRun]| runs.iter().map(|run| run.days).sum::<i64>();
            for (name, reading) in m.readings.iter() {
                prop_assert!(inside(&reading.counted), "{name}");
                if name != "courtDecision" {
                    let credited = reading.credited_days.unwrap();
                    prop_assert!(0 <= credited && credited <= w);
                    prop_assert_eq!(credited, days(&reading.counted));
                }
                if name == "deduction" || name == "courtDecision" {
                    prop_assert_eq!(days(&reading.counted) + days(&reading.excluded), w);
                }
            }
        }
        Ok(())
    });
}

#[test]
fn law_3_the_end_moves_by_the_gap_and_the_window_less_the_credit() {
    law("law_3", (histories(), asked()), |(told, asked)| {
        let events = events(&told);
        let expected = figures(&events, asked);
        for (m, f) in answer(&events, &question(asked)).modalities.iter().zip(expected) {
            let (Some(w), Some(back)) = (m.window, f.back) else { continue };
            let Some(effective) = m.remainder.effective_days else { continue };
            let length = (w.to - w.from).num_days() + 1;
            let gap = back - day_of(&w.to.to_string()) - 1;
            for (name, reading) in m.readings.iter() {
                let Some(credited) = reading.credited_days.filter(|c| *c <= effective) else {
                    continue;
                };
                let end =
                    day_of(&m.starts_on.to_string()) + effective - 1 + gap + length - credited;
                let end = json!(day(end).to_string());
                prop_assert_eq!(json!(reading.sentence_end), end, "{}", name);
            }
            if let Some(deduction) = &m.readings.deduction
                && m.compliant_days == length
                && length <= effective
            {
                let before = m.starts_on + chrono::TimeDelta::days(effective - 1 + gap);
                prop_assert_eq!(json!(deduction.sentence_end), json!(before.to_string()));
            }
        }
        Ok(())
    });
}

/// The minutes over which an absence of the stay runs, as recorded.
fn absences(told: &[Told], stay: usize) -> Vec<(i64, i64)> {
    let of = |t: &&Told, what: usize| t.what == what && usize::from(t.numbers[0]) % 3 == stay;
    let started = told.iter().filter(|t| of(t, 4));
    let ends = |start: i64| {
        told.iter().filter(|t| of(t, 5)).map(|t| t.minute).filter(move |m| *m >= start)
    };
    started.map(|t| (t.minute, ends(t.minute).min().unwrap_or(i64::MAX))).collect()
}

#[test]
fn law_4_an_unauthorised_absence_never_raises_a_credit_and_an_authorised_one_never_changes_it() {
    let absence = (0..3_u8, 0..MINUTES, 1..30_000_i64, any::<bool>());
    let tried = std::cell::Cell::new(0);
    law("law_4", (histories(), absence, asked()), |(told, absence, asked)| {
        let (stay, start, length, authorised) = absence;
        let end = start + length;
        let disjoint = absences(&told, stay.into()).iter().all(|(s, e)| end < *s || *e < start);
        if !disjoint {
            return Ok(());
        }
        tried.set(tried.get() + 1);
        let before = events(&told);
        let mut after = before.clone();
        let mut more = |id: &str, what: usize, minute: i64| {
            let numbers = [stay, u8::from(!authorised), 0, 0, 0];
            after.push(one(id, &Told { what, minute, numbers, offset: 0 }));
        };
        more("new-start", 4, start);
        more("new-end", 5, end);
        let before = answer(&before, &question(asked));
        let after = answer(&after, &question(asked));
        for (before, after) in before.modalities.iter().zip(&after.modalities) {
            for ((_, before), (_, after)) in before.readings.iter().zip(after.readings.iter()) {
                prop_assert_eq!(before.range, after.range);
                if authorised {
                    prop_assert_eq!(before.credited_days, after.credited_days);
                } else {
                    prop_assert!(after.credited_days <= before.credited_days);
                }
            }
        }
        Ok(())
    });
    assert!(tried.get() > 50, "only {} cases add an absence", tried.get());
}

#[test]
fn law_5_corrections_give_what_right_records_would_have_given() {
    law("law_5", (histories(), touches(), asked()), |(told, touches, asked)| {
        let wrong = events(&told);
        let all = all_events(&told, &touches);
        let right: Vec<Value> = standing(&all)
            .into_iter()
            .map(|stands| {
                let mut event = stands.event;
                let micros = stands.instant;
                let time = chrono::DateTime::from_timestamp_micros(micros).unwrap().to_rfc3339();
                event["time"] = time.into();
                event["data"] = stands.data;
                event
            })
            .collect();
        let corrected = answer(&all, &question(asked));
        prop_assert_eq!(json(&corrected), json(&answer(&right, &question(asked))));

        let records = all_recorded(&all);
        let known = RecordedTime::from_micros(FIRST_MICROS + wrong.len() as i64 - 1);
        let then = fold(records, &HashSet::new(), Some(known));
        let then = credit(&then, &question(asked), Registry::shipped());
        prop_assert_eq!(json(&then), json(&answer(&wrong, &question(asked))));
        Ok(())
    });
}

/// The events with one presence split in two at a minute; `None` where the law does not speak.
fn split(told: &[Told], stay: u8, minute: i64, at: i64) -> Option<Vec<Value>> {
    let of = |t: &Told| usize::from(t.numbers[0]) % 3 == usize::from(stay);
    let closes = |t: &Told| [3, 15, 16].contains(&t.what);
    let end_of = |admission: &Told| {
        let own = |t: &&Told| closes(t) && t.numbers[0] % 3 == admission.numbers[0] % 3;
        let closings = told.iter().filter(own).map(|t| t.minute);
        closings.filter(|m| *m >= admission.minute).min()
    };
    // A death ends everything: what closes later is never closed.
    let death = told.iter().filter(|t| t.what == 18).map(|t| t.minute / 1440).min();
    let at = death.map_or(at, |death| death.min(at));
    let within_at = |m: &i64| at_includes(*m, at);
    let admissions: Vec<&Told> = told.iter().filter(|t| t.what == 2 && t.minute < minute).collect();
    if admissions.iter().any(|t| end_of(t).filter(within_at).is_none()) {
        return None;
    }
    let running = admissions.iter().filter(|t| of(t) && end_of(t).is_some_and(|e| minute < e));
    let meets = told.iter().any(|t| t.minute == minute);
    let unauthorised = told.iter().filter(|t| t.what == 4 && of(t) && t.numbers[1] % 4 != 0);
    let ends = |start: i64| {
        let ends = told.iter().filter(|t| t.what == 5 && of(t)).map(|t| t.minute);
        ends.filter(|m| *m >= start).min().unwrap_or(i64::MAX)
    };
    let absent = |t: &Told| t.minute <= minute && minute <= ends(t.minute);
    if running.count() == 0 || meets || unauthorised.into_iter().any(absent) {
        return None;
    }
    let rename = |(t, mut event): (&Told, Value)| {
        if event["data"].get("stay").is_some() && of(t) && t.minute > minute {
            event["data"]["stay"] = "s9".into();
        }
        event
    };
    let mut events: Vec<Value> = told.iter().zip(events(told)).map(rename).collect();
    let name = ["s1", "s2", "s3"][usize::from(stay)];
    let time = time_of(minute, 0);
    events.push(event("split-1", "residential.completed", &time, json!({"stay": name})));
    let admitted = json!({"stay": "s9", "facility": "deKiem", "programme": "tc"});
    events.push(event("split-2", "residential.admitted", &time, admitted));
    Some(events)
}

/// Belgian summer time is at most two hours ahead, and no split case stands so near midnight.
fn at_includes(minute: i64, at: i64) -> bool {
    minute + 120 < (at + 1) * 1440
}

#[test]
fn law_6_splitting_a_closed_stay_changes_no_total() {
    let history = proptest::collection::vec(credit_random::told(), 1..14);
    // A stay to split, with the rest of the history around it.
    let stay = (0..3_u8, 0..100_i64, 1..90_i64, 1..99_i64);
    let tried = std::cell::Cell::new(0);
    law("law_6", (history, stay, asked()), |(mut told, stay, asked)| {
        let (stay, from, days, percent) = stay;
        let mut add = |what, minute| {
            told.push(Told { what, minute, numbers: [stay, 1, 0, 0, 0], offset: 0 });
        };
        add(2, from * 1440 + 600);
        add(3, (from + days) * 1440 + 700);
        let minute = from * 1440 + 600 + days * 1440 * percent / 100 + 1;
        let Some(split) = split(&told, stay, minute, asked.at) else { return Ok(()) };
        tried.set(tried.get() + 1);
        let whole = answer(&events(&told), &question(asked));
        let split = answer(&split, &question(asked));
        for (whole, split) in whole.modalities.iter().zip(&split.modalities) {
            let totals = |m: &care_ledger::domain::credit::ModalityCredit| {
                let readings = json!(m.readings);
                let names = ["none", "deduction", "courtDecision", "fullResidential"];
                let figures = names.map(|name| match &readings[name] {
                    Value::Null => Value::Null,
                    reading => figures_of(reading),
                });
                (m.compliant_days, m.treatment_days, figures)
            };
            prop_assert_eq!(totals(whole), totals(split));
        }
        Ok(())
    });
    assert!(tried.get() > 50, "only {} cases split a stay", tried.get());
}

fn any_date() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("0001-01-01".to_owned()),
        Just("9999-12-31".to_owned()),
        Just("2024-02-29".to_owned()),
        (1..=9999_i32, 1..=366_u32)
            .prop_filter_map("a date", |(y, d)| NaiveDate::from_yo_opt(y, d))
            .prop_map(|date| date.format("%Y-%m-%d").to_string()),
    ]
}

#[test]
fn no_dates_or_lengths_make_it_panic() {
    let extreme = (histories(), proptest::collection::vec((any_date(), any_date(), 0..24_u8), 50));
    law("no_dates", (extreme, any_date(), any_date()), |((told, dates), at, today)| {
        let mut events = events(&told);
        for (event, (time, other, hours)) in events.iter_mut().zip(&dates) {
            // The door lets no time pass that lies after its clock.
            let time = if time == "9999-12-31" { "9999-12-29" } else { time };
            event["time"] = format!("{time}T00:00:00+{hours:02}:00").into();
            let sentence = event["type"] == "sentence.pronounced";
            if event["type"] == "detention.transferred" {
                continue;
            }
            for name in ["startsOn", "effectiveOn", "endsOn", "from", "to"] {
                let data = event["data"].as_object_mut().unwrap();
                if data.contains_key(name) || (sentence && name == "endsOn") {
                    data.insert(name.to_owned(), other.as_str().into());
                }
            }
            for (name, most) in [("years", 100), ("months", 1200), ("remainderDays", 36_525)] {
                if event["data"].get(name).is_some() && hours % 2 == 0 {
                    event["data"][name] = most.into();
                }
            }
        }
        let mut question = Query::new(At::Date(at.parse().unwrap()), today.parse().unwrap());
        question.project = dates[0].2 % 2 == 0;
        let credit = answer(&events, &question);
        let text = care_ledger::domain::credit::table::table(&credit, "p", None);
        prop_assert!(text.lines().all(|line| line.chars().count() <= 100));
        let json = json(&credit).to_string();
        prop_assert!(!json.contains("\"+1"), "a date that RFC 3339 cannot write: {json}");
        Ok(())
    });
}

/// The laws say nothing of what never occurs: so every reason and every finding must.
#[test]
fn the_random_histories_reach_every_reason_and_finding() {
    let mut runner = TestRunner::deterministic();
    let strategy = (histories(), touches(), asked());
    let mut reached: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
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
