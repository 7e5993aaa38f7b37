//! Laws 4 and 6: what an added absence and a split stay may change.
//! Always: the histories hold no corrections, so that a record is what was sent.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::random::calendar::written;
use super::super::random::dice::Dice;
use super::super::random::draw::Draw;
use super::super::random::{beginning, untouched};
use super::super::reference::records::{date_of, instant_of};
use super::super::reference::{Asked, SeenStay, stays_seen};
use super::{Engine, Outcome, as_is, equal, figures, list, settle};

fn instant(event: &Value) -> DateTime<Utc> {
    instant_of(event["time"].as_str().unwrap())
}

/// A history with stays in it, asked about after most of it.
fn with_stays(draw: &mut Draw) -> (Vec<Value>, Asked) {
    let (_, mut asked) = untouched(draw);
    let mut events = beginning(draw);
    let types = [
        "residential.admitted",
        "residential.admitted",
        "residential.droppedOut",
        "residential.transferred",
        "residential.absenceStarted",
        "residential.absenceEnded",
    ];
    for _ in 0..2 + draw.dice.below(6) {
        let kind = draw.dice.one_of(&types);
        let (time, data) = (draw.time(), draw.data(kind));
        events.push(draw.event(kind, time, data));
    }
    for _ in 0..draw.dice.below(4) {
        events.push(draw.any_event());
    }
    if draw.dice.percent(80) {
        asked.at = draw.calendar.plus(draw.calendar.days + draw.dice.below(10));
        asked.project = true;
    }
    (events, asked)
}

/// Law 4: Adding an unauthorised absence that overlaps no other absence of that stay never raises a
/// credit; adding such an authorised one never changes it.
pub fn law_4(engine: Engine, seed: u64) -> Outcome {
    let mut dice = Dice::new(seed);
    let mut draw = Draw::new(&mut dice);
    let (events, asked) = with_stays(&mut draw);
    let (one, other) = (draw.calendar.instant(draw.dice), draw.calendar.instant(draw.dice));
    let slip = TimeDelta::minutes(draw.dice.one_of(&[0, 7]));
    let (from, to) = (one.min(other) + slip, one.max(other) + slip);
    let authorised = draw.dice.percent(40);
    let target = draw.dice.one_of(&["s1", "s1", "s2"]);
    let started = json!({"stay": target, "authorised": authorised});
    let (begins, ends) = (written(from, draw.dice), written(to, draw.dice));
    let mut added = vec![draw.event("residential.absenceStarted", begins, started)];
    let is_ended = draw.dice.percent(80);
    if is_ended {
        let ended = json!({"stay": target});
        added.push(draw.event("residential.absenceEnded", ends, ended));
    }
    let subject = added[0]["subject"].clone();
    added.iter_mut().for_each(|event| event["subject"] = subject.clone());
    let to = is_ended.then_some(to);
    settle(&events, &asked, as_is, |events| {
        let stays = stays_seen(events, &asked);
        let own = |stay: &SeenStay| stay.key.0 == subject.as_str().unwrap() && stay.key.1 == target;
        let runs = |stay: &SeenStay| {
            own(stay) && stay.from <= from && stay.until.is_none_or(|until| from <= until)
        };
        let is_free = !meets_another(events, &subject, target, from, to);
        if !is_free || !stays.iter().any(runs) {
            return None;
        }
        let more: Vec<Value> = events.iter().chain(&added).cloned().collect();
        let (without, with) = (engine(events, &asked), engine(&more, &asked));
        Some(compared(&without, &with, authorised))
    })
}

/// Whether an absence of the stay shares an instant with the added one, by the records alone.
fn meets_another(
    events: &[Value],
    subject: &Value,
    stay: &str,
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
) -> bool {
    let of = |e: &&Value, kind: &str| {
        e["type"] == kind && e["data"]["stay"] == stay && e["subject"] == *subject
    };
    let starts = events.iter().filter(|e| of(e, "residential.absenceStarted"));
    let ends = |start: DateTime<Utc>| {
        let ends = events.iter().filter(|e| of(e, "residential.absenceEnded"));
        ends.map(instant).filter(|end| *end >= start).min()
    };
    // An end that stands alone within the added absence would end it early.
    let mut lone = events.iter().filter(|e| of(e, "residential.absenceEnded")).map(instant);
    let is_cut = lone.any(|end| from <= end && to.is_none_or(|to| end <= to));
    is_cut
        || starts.map(instant).any(|start| {
            let before = to.is_some_and(|to| to < start);
            let after = later_end(start, ends, events, of).is_some_and(|end| end < from);
            !before && !after
        })
}

/// The end of an absence, at a later instant than its start: the least that it may run.
fn later_end(
    start: DateTime<Utc>,
    ends: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
    events: &[Value],
    of: impl Fn(&&Value, &str) -> bool,
) -> Option<DateTime<Utc>> {
    let earlier = events.iter().filter(|e| of(e, "residential.absenceStarted"));
    let is_alone = !earlier.map(instant).any(|other| other < start);
    match ends(start) {
        Some(end) if end == start && is_alone => Some(end),
        _ => ends(start + TimeDelta::nanoseconds(1)),
    }
}

fn compared(without: &Value, with: &Value, authorised: bool) -> String {
    let pairs = list(&without["modalities"]).iter().zip(list(&with["modalities"]));
    let mut wrong = String::new();
    for (one, other) in pairs {
        for (name, reading) in one["readings"].as_object().into_iter().flatten() {
            let now = &other["readings"][name];
            let (was, is) = (&reading["creditedDays"], &now["creditedDays"]);
            let has_risen = was.as_i64().zip(is.as_i64()).is_some_and(|(was, is)| is > was);
            let is_wrong = if authorised { was != is } else { has_risen };
            if is_wrong || reading["range"] != now["range"] {
                wrong += &format!("{name} of {}: {reading}\n  then {now}\n", one["modality"]);
            }
        }
    }
    wrong
}

/// Law 6: Splitting a stay that is closed by `at`, on a date that no unauthorised absence touches,
/// later than that of its admission, and while no never-closed stay is open, into two adjoining
/// stays, of which the second takes every closing of that stay from there to its next admission,
/// changes no total.
pub fn law_6(engine: Engine, seed: u64) -> Outcome {
    let mut dice = Dice::new(seed);
    let mut draw = Draw::new(&mut dice);
    let (events, asked) = with_stays(&mut draw);
    let choice = draw.dice.throw();
    let percent = i32::try_from(draw.dice.below(100)).unwrap();
    settle(&events, &asked, as_is, |events| {
        let stays = stays_seen(events, &asked);
        let closed: Vec<&SeenStay> = stays.iter().filter(|stay| stay.is_closed).collect();
        let stay = *closed.get((choice % closed.len().max(1) as u64) as usize)?;
        let long = stay.until? - stay.from;
        let at = stay.from + long * percent / 100 + TimeDelta::seconds(17);
        let is_within = date_of(at) > date_of(stay.from) && at < stay.until?;
        let is_clear = !stays.iter().any(|other| {
            let runs = other.from <= at && other.until.is_none_or(|until| at <= until);
            runs && !other.is_closed
        });
        if !is_within || !is_clear || is_away(stay, at) {
            return None;
        }
        let split = split(events, stay, at);
        let totals = |answer: &Value| -> Value {
            let figures_of = |m: &Value| -> Value {
                let readings = m["readings"].as_object().into_iter().flatten();
                readings.map(|(name, reading)| (name.clone(), figures(reading))).collect()
            };
            let of = |m: &Value| {
                json!([m["modalityDays"], m["treatmentDays"], m["servedInsideDays"], figures_of(m)])
            };
            list(&answer["modalities"]).iter().map(of).collect()
        };
        let (whole, parts) = (engine(events, &asked), engine(&split, &asked));
        Some(equal(&format!("split {:?} at {at}", stay.key), &totals(&whole), &totals(&parts)))
    })
}

/// Whether an absence of the stay runs at the instant, or an unauthorised one touches its date.
fn is_away(stay: &SeenStay, at: DateTime<Utc>) -> bool {
    stay.absences.iter().any(|absence| {
        let touches = date_of(absence.from) <= date_of(at)
            && absence.to.is_none_or(|to| date_of(at) <= date_of(to));
        let runs = absence.from <= at && absence.to.is_none_or(|to| at <= to);
        runs || (touches && !absence.authorised)
    })
}

/// The history with the stay split: the second takes what is of the stay until its next admission.
fn split(events: &[Value], stay: &SeenStay, at: DateTime<Utc>) -> Vec<Value> {
    let (subject, name) = &stay.key;
    let of = |e: &Value| e["subject"] == **subject && e["data"]["stay"] == **name;
    let admissions = events.iter().filter(|e| of(e) && e["type"] == "residential.admitted");
    let next = admissions.map(instant).filter(|admitted| *admitted > at).min();
    let takes = |e: &Value| {
        of(e) && at < instant(e) && next.is_none_or(|next| instant(e) < next)
            || of(e) && Some(instant(e)) == next && e["id"].as_str() == stay.closing.as_deref()
    };
    let mut split: Vec<Value> = events.to_vec();
    for event in &mut split {
        if takes(event) {
            event["data"]["stay"] = "s-second".into();
        }
    }
    let add = |id: &str, kind: &str, data: Value| {
        json!({
            "specversion": "1.0", "id": id, "source": "urn:test", "type": kind,
            "time": at.to_rfc3339(), "subject": subject, "data": data
        })
    };
    let closed = json!({"stay": name, "toFacility": "msoc"});
    let admitted = json!({"stay": "s-second", "facility": "msoc", "programme": "tc"});
    split.push(add("split-1", "residential.transferred", closed));
    split.push(add("split-2", "residential.admitted", admitted));
    split
}
