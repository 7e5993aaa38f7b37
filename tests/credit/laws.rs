//! The laws that hold for every history.
//! A failure is shrunk and printed with the seed that brings it back; more cases:
//! `PROPTEST_CASES=20000 cargo test --test credit laws`.

use std::cell::Cell;

use care_ledger::domain::credit::{
    CreditQuery, DayReason, DayRun, ModalityCredit, Reading, ReadingName, credit,
};
use care_ledger::domain::history::{OutsideTargets, fold};
use care_ledger::domain::id::RecordedTime;
use care_ledger::domain::time::calendar::At;
use care_ledger::domain::vocabulary::registry::Registry;
use care_ledger::http::credit_table::credit_table;
use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::random::{
    DrawnEvent, MINUTES, all_events, asked, events, histories, law, one, question, time_of, touches,
};
use crate::reference::{day_of, figures, standing};
use crate::script::{FIRST_MICROS, all_recorded, answer, day, event, json};

fn figures_of(reading: &Value) -> Value {
    let mut figures = reading.clone();
    for other in ["status", "source", "counted", "excluded"] {
        figures.as_object_mut().unwrap().remove(other);
    }
    figures
}

#[test]
fn law_1_order_of_arrival_and_repeated_delivery_change_nothing() {
    let orders = proptest::collection::vec(any::<u32>(), 80);
    law("law_1", (histories(), touches(), asked(), orders), |(drawn, touches, asked, order)| {
        let events = all_events(&drawn, &touches);
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
    law("law_2", (histories(), asked()), |(drawn, asked)| {
        let events = events(&drawn);
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
                prop_assert!(inside(&reading.counted), "{name:?}");
                if name != ReadingName::CourtDecision {
                    let credited = reading.credited_days.unwrap();
                    prop_assert!(0 <= credited && credited <= w);
                    prop_assert_eq!(credited, days(&reading.counted));
                }
                if matches!(name, ReadingName::Deduction | ReadingName::CourtDecision) {
                    prop_assert_eq!(days(&reading.counted) + days(&reading.excluded), w);
                }
            }
        }
        Ok(())
    });
}

#[test]
fn law_3_the_end_moves_by_the_gap_and_the_window_less_the_credit() {
    law("law_3", (histories(), asked()), |(drawn, asked)| {
        let events = events(&drawn);
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
                prop_assert_eq!(json!(reading.sentence_end), end, "{:?}", name);
            }
            if let Some(deduction) = &m.readings.deduction
                && m.compliant_days == length
                && length <= effective
            {
                let before = m.starts_on + TimeDelta::days(effective - 1 + gap);
                prop_assert_eq!(json!(deduction.sentence_end), json!(before.to_string()));
            }
        }
        Ok(())
    });
}

/// The minutes over which an absence of the stay runs, as recorded.
fn absences(drawn: &[DrawnEvent], stay: usize) -> Vec<(i64, i64)> {
    let of = |t: &&DrawnEvent, what: usize| t.what == what && usize::from(t.numbers[0]) % 3 == stay;
    let started = drawn.iter().filter(|t| of(t, 4));
    let ends = |start: i64| {
        drawn.iter().filter(|t| of(t, 5)).map(|t| t.minute).filter(move |m| *m >= start)
    };
    started.map(|t| (t.minute, ends(t.minute).min().unwrap_or(i64::MAX))).collect()
}

#[test]
fn law_4_an_unauthorised_absence_never_raises_a_credit_and_an_authorised_one_never_changes_it() {
    let absence = (0..3_u8, 0..MINUTES, 1..30_000_i64, any::<bool>());
    let tried = Cell::new(0);
    law("law_4", (histories(), absence, asked()), |(drawn, absence, asked)| {
        let (stay, start, length, authorised) = absence;
        let end = start + length;
        let disjoint = absences(&drawn, stay.into()).iter().all(|(s, e)| end < *s || *e < start);
        if !disjoint {
            return Ok(());
        }
        tried.set(tried.get() + 1);
        let before = events(&drawn);
        let mut after = before.clone();
        let mut more = |id: &str, what: usize, minute: i64| {
            let numbers = [stay, u8::from(!authorised), 0, 0, 0];
            after.push(one(id, &DrawnEvent { what, minute, numbers, offset: 0 }));
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
    law("law_5", (histories(), touches(), asked()), |(drawn, touches, asked)| {
        let wrong = events(&drawn);
        let all = all_events(&drawn, &touches);
        let right: Vec<Value> = standing(&all)
            .into_iter()
            .map(|stands| {
                let mut event = stands.event;
                let micros = stands.instant;
                let time = DateTime::from_timestamp_micros(micros).unwrap().to_rfc3339();
                event["time"] = time.into();
                event["data"] = stands.data;
                event
            })
            .collect();
        let corrected = answer(&all, &question(asked));
        prop_assert_eq!(json(&corrected), json(&answer(&right, &question(asked))));

        let records = all_recorded(&all);
        let known = RecordedTime::from_micros(FIRST_MICROS + wrong.len() as i64 - 1);
        let then = fold(records, &OutsideTargets::default(), Some(known));
        let then = credit(&then, &question(asked), Registry::shipped());
        prop_assert_eq!(json(&then), json(&answer(&wrong, &question(asked))));
        Ok(())
    });
}

/// The events with one presence split in two at a minute; `None`: the law does not apply.
fn split(drawn: &[DrawnEvent], stay: u8, minute: i64, at: i64) -> Option<Vec<Value>> {
    let of = |t: &DrawnEvent| usize::from(t.numbers[0]) % 3 == usize::from(stay);
    let closes = |t: &DrawnEvent| [3, 15, 16].contains(&t.what);
    let end_of = |admission: &DrawnEvent| {
        let own = |t: &&DrawnEvent| closes(t) && t.numbers[0] % 3 == admission.numbers[0] % 3;
        let closings = drawn.iter().filter(own).map(|t| t.minute);
        closings.filter(|m| *m >= admission.minute).min()
    };
    // A death ends everything: a stay that closes later is never closed.
    let death = drawn.iter().filter(|t| t.what == 18).map(|t| t.minute / 1440).min();
    let at = death.map_or(at, |death| death.min(at));
    let within_at = |m: &i64| at_includes(*m, at);
    let admissions: Vec<&DrawnEvent> =
        drawn.iter().filter(|t| t.what == 2 && t.minute < minute).collect();
    if admissions.iter().any(|t| end_of(t).filter(within_at).is_none()) {
        return None;
    }
    let running = admissions.iter().filter(|t| of(t) && end_of(t).is_some_and(|e| minute < e));
    let meets = drawn.iter().any(|t| t.minute == minute);
    let unauthorised = drawn.iter().filter(|t| t.what == 4 && of(t) && t.numbers[1] % 4 != 0);
    let ends = |start: i64| {
        let ends = drawn.iter().filter(|t| t.what == 5 && of(t)).map(|t| t.minute);
        ends.filter(|m| *m >= start).min().unwrap_or(i64::MAX)
    };
    let absent = |t: &DrawnEvent| t.minute <= minute && minute <= ends(t.minute);
    if running.count() == 0 || meets || unauthorised.into_iter().any(absent) {
        return None;
    }
    let rename = |(t, mut event): (&DrawnEvent, Value)| {
        if event["data"].get("stay").is_some() && of(t) && t.minute > minute {
            event["data"]["stay"] = "s9".into();
        }
        event
    };
    let mut events: Vec<Value> = drawn.iter().zip(events(drawn)).map(rename).collect();
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
    let history = proptest::collection::vec(crate::random::drawn(), 1..14);
    // A stay to split, with the rest of the history around it.
    let stay = (0..3_u8, 0..100_i64, 1..90_i64, 1..99_i64);
    let tried = Cell::new(0);
    law("law_6", (history, stay, asked()), |(mut drawn, stay, asked)| {
        let (stay, from, days, percent) = stay;
        let mut add = |what, minute| {
            drawn.push(DrawnEvent { what, minute, numbers: [stay, 1, 0, 0, 0], offset: 0 });
        };
        add(2, from * 1440 + 600);
        add(3, (from + days) * 1440 + 700);
        let minute = from * 1440 + 600 + days * 1440 * percent / 100 + 1;
        let Some(split) = split(&drawn, stay, minute, asked.at) else { return Ok(()) };
        tried.set(tried.get() + 1);
        let whole = answer(&events(&drawn), &question(asked));
        let split = answer(&split, &question(asked));
        for (whole, split) in whole.modalities.iter().zip(&split.modalities) {
            let totals = |m: &ModalityCredit| {
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
    law("no_dates", (extreme, any_date(), any_date()), |((drawn, dates), at, today)| {
        let mut events = events(&drawn);
        for (event, (time, other, hours)) in events.iter_mut().zip(&dates) {
            // The validator refuses a time that lies after its clock.
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
        let mut question = CreditQuery::new(At::Date(at.parse().unwrap()), today.parse().unwrap());
        question.project = dates[0].2 % 2 == 0;
        let credit = answer(&events, &question);
        let text = credit_table(&credit, "p", None);
        prop_assert!(text.lines().all(|line| line.chars().count() <= 100));
        let json = json(&credit).to_string();
        prop_assert!(!json.contains("\"+1"), "a date that RFC 3339 cannot write: {json}");
        Ok(())
    });
}

fn time_in(event: &Value) -> DateTime<FixedOffset> {
    event["time"].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_record_without_which_a_run_does_not_hold_is_among_those_it_rests_on() {
    let left_out = any::<prop::sample::Index>();
    law("a_record_without", (histories(), asked(), left_out), |(drawn, asked, left_out)| {
        let events = events(&drawn);
        let mut others = events.clone();
        let left_out = others.remove(left_out.index(events.len()));
        // Without a death the records after it count. Without the first of two grants the second
        // grant counts, and it has other dates.
        let grants_again = |other: &Value| {
            let modality = |event: &Value| event["data"]["modality"].clone();
            other["type"] == "modality.granted" && modality(other) == modality(&left_out)
        };
        let reveals = match left_out["type"].as_str() {
            Some("modality.granted") => others.iter().any(grants_again),
            Some("death.recorded") => {
                others.iter().any(|other| time_in(other) > time_in(&left_out))
            }
            _ => false,
        };
        if reveals {
            return Ok(());
        }
        let (whole, without) =
            (answer(&events, &question(asked)), answer(&others, &question(asked)));
        for m in &whole.modalities {
            let again = without.modalities.iter().find(|other| other.modality == m.modality);
            for (name, reading) in m.readings.iter() {
                let same = again.and_then(|m| m.readings.iter().find(|(other, _)| *other == name));
                for is_counted in [true, false] {
                    let list =
                        |r: &Reading| if is_counted { &r.counted } else { &r.excluded }.clone();
                    let kept = same.map(|(_, reading)| list(reading)).unwrap_or_default();
                    let holds = |run: &DayRun| {
                        let within = |k: &DayRun| k.from <= run.from && run.to <= k.to;
                        kept.iter().any(|k| k.why == run.why && within(k))
                    };
                    // No record shows that no other stay covers a date.
                    let alone = [DayReason::UnauthorisedAbsence, DayReason::ClosingDate];
                    let gone = |run: &&DayRun| !holds(run) && !alone.contains(&run.why);
                    for run in list(reading).iter().filter(gone) {
                        let id = left_out["id"].as_str().unwrap();
                        prop_assert!(run.events.iter().any(|e| e == id), "{name:?} {run:?}: {id}");
                    }
                }
            }
        }
        Ok(())
    });
}
