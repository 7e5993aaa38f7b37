//! Histories aimed at what the laws presuppose, and the changes that the laws speak of.
//! Always: a history is a random one with some records replaced or left out.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::random::{self, Rng};

type History = (Vec<Value>, DateTime<Utc>);

fn kind(event: &Value) -> &str {
    event["type"].as_str().expect("a type")
}

fn time(event: &Value) -> DateTime<Utc> {
    event["time"].as_str().expect("a time").parse().expect("an instant")
}

/// A random history without corrections and annulments.
fn plain(seed: u64) -> History {
    let (mut events, at) = random::history(seed);
    events.retain(|event| !kind(event).starts_with("record."));
    (events, at)
}

/// The first random history, of some, that is as wanted.
fn wanted(seed: u64, is_wanted: impl Fn(&[Value]) -> bool) -> History {
    let mut rng = Rng::new(seed);
    let mut found = plain(rng.next());
    for _ in 0..20 {
        if is_wanted(&found.0) {
            break;
        }
        found = plain(rng.next());
    }
    found
}

fn is_withheld(event: &Value) -> bool {
    kind(event) == "substitution.doseWithheld"
        || kind(event) == "care.notDelivered" && event["data"]["service"] == "substitution"
}

fn tells_dose(event: &Value) -> bool {
    ["substitution.doseContinued", "substitution.verified", "substitution.handoverSent"]
        .contains(&kind(event))
}

fn is_substitution(event: &Value) -> bool {
    kind(event).starts_with("substitution.") || is_withheld(event)
}

/// Histories in which whatever is withheld is nobody's choice.
pub fn unmissed(seed: u64) -> History {
    let (mut events, at) =
        wanted(seed, |events| events.iter().filter(|event| is_withheld(event)).count() >= 2);
    for event in events.iter_mut().filter(|event| is_withheld(event)) {
        let member = if kind(event) == "care.notDelivered" { "cause" } else { "reason" };
        event["data"][member] = "strike".into();
    }
    (events, at)
}

pub fn has_missed(events: &[Value]) -> bool {
    let missed = ["refused", "noShow", "client"];
    events.iter().any(|event| {
        let data = &event["data"];
        kind(event).starts_with("record.")
            || is_withheld(event)
                && missed.iter().any(|why| data["reason"] == *why || data["cause"] == *why)
    })
}

/// Histories with one dose at most, and nothing that interrupts.
pub fn at_most_one_dose(seed: u64) -> History {
    let (mut events, at) = wanted(seed, |events| events.iter().any(tells_dose));
    let mut doses = 0;
    events.retain(|event| {
        doses += usize::from(tells_dose(event));
        !is_forced(event) && !is_withheld(event) && (doses < 2 || !tells_dose(event))
    });
    (events, at)
}

fn is_forced(event: &Value) -> bool {
    kind(event) == "substitution.stopped" && event["data"]["reason"] == "forced"
}

pub fn cannot_be_interrupted(events: &[Value]) -> bool {
    let doses = events.iter().filter(|event| tells_dose(event)).count();
    let interrupts = |event: &Value| {
        kind(event).starts_with("record.") || is_forced(event) || is_withheld(event)
    };
    doses < 2 && !events.iter().any(interrupts)
}

/// Histories that somebody interrupts: doses withheld one date after another, or a forced stop.
pub fn interrupted(seed: u64) -> History {
    let (mut events, at) = wanted(seed, |events| {
        events.iter().any(is_forced) || events.iter().filter(|event| is_withheld(event)).count() > 2
    });
    let mut rng = Rng::new(seed ^ 1);
    let last = events.iter().filter(|event| is_substitution(event)).map(time).max();
    let Some(last) = last.filter(|_| rng.chance(70)) else { return (events, at) };
    let days = rng.below(30) as i64;
    events.retain(|event| kind(event) != "death.recorded");
    (events, last + TimeDelta::days(days))
}

/// Histories asked after some days of silence.
pub fn silent(seed: u64) -> History {
    let (events, at) =
        wanted(seed, |events| events.iter().filter(|event| is_substitution(event)).count() > 2);
    let mut rng = Rng::new(seed ^ 2);
    let last = events.iter().filter(|event| is_substitution(event)).map(time).max();
    let at = last.map_or(at, |last| last + TimeDelta::hours(12 * rng.below(20) as i64));
    (events, at)
}

/// Whether every dose and prescription may belong to a course that ended.
pub fn may_have_an_empty_course(events: &[Value], at: DateTime<Utc>) -> bool {
    let ends = |event: &&Value| {
        let reason = event["data"]["reason"].as_str();
        kind(event) == "substitution.stopped"
            && matches!(reason, Some("planned" | "client" | "death"))
            && time(event) <= at
    };
    let begins = |event: &&Value| {
        kind(event) == "substitution.doseContinued" || kind(event) == "substitution.prescribed"
    };
    let stopped = events.iter().filter(ends).map(time).max();
    // A dose whose time was never set is none.
    let counts = |time: &DateTime<Utc>| *time <= at && time.timestamp() > 0;
    let begun = events.iter().filter(begins).map(time).filter(counts).max();
    begun.is_none() || begun <= stopped
}

/// Histories with one dose a day, nothing withheld and no forced stop.
pub fn uninterrupted(seed: u64) -> History {
    let (mut events, at) = wanted(seed, |events| {
        events.iter().any(|event| kind(event) == "substitution.doseContinued")
    });
    events.retain(|event| !is_forced(event) && !is_withheld(event));
    for event in &mut events {
        event["data"].as_object_mut().expect("an object").remove("dosesPerDay");
    }
    let mut rng = Rng::new(seed ^ 3);
    let doses = events.iter().filter(|event| tells_dose(event)).map(time).max();
    let at = doses.filter(|_| rng.chance(60)).unwrap_or(at);
    (events, at + TimeDelta::hours(rng.below(60) as i64))
}

/// The same history with more days taken home of one dose.
pub fn with_take_home(events: &[Value], rng: &mut Rng) -> Option<Vec<Value>> {
    if events.iter().any(|event| event["data"].get("dosesPerDay").is_some()) {
        return None;
    }
    let doses: Vec<usize> = (0..events.len())
        .filter(|place| kind(&events[*place]) == "substitution.doseContinued")
        .collect();
    if doses.is_empty() || events.iter().any(|event| kind(event).starts_with("record.")) {
        return None;
    }
    let dose = doses[rng.below(doses.len() as u64) as usize];
    let mut more = events.to_vec();
    let days = more[dose]["data"]["takeHomeDays"].as_u64().unwrap_or(0);
    more[dose]["data"]["takeHomeDays"] = (days + 1 + rng.below(4)).into();
    Some(more)
}

/// Histories with a dose, asked when something may be wrong.
pub fn alarmed(seed: u64) -> History {
    let (events, at) = wanted(seed, |events| {
        events.iter().any(|event| kind(event) == "substitution.doseContinued")
    });
    let mut rng = Rng::new(seed ^ 4);
    let last = events.iter().map(time).max().filter(|_| rng.chance(70));
    (events, last.unwrap_or(at) + TimeDelta::hours(rng.below(150) as i64))
}

/// The same history with one more handover, sent by now, of a dose already told.
pub fn with_handover(events: &[Value], at: DateTime<Utc>, rng: &mut Rng) -> Option<Vec<Value>> {
    if events.iter().any(|event| kind(event).starts_with("record.")) || fades(events, at) {
        return None;
    }
    let doses: Vec<&Value> = events
        .iter()
        .filter(|event| kind(event) == "substitution.doseContinued" && time(event) <= at)
        .filter(|event| time(event) > at - TimeDelta::days(27))
        .collect();
    if doses.is_empty() {
        return None;
    }
    let dose = doses[rng.below(doses.len() as u64) as usize];
    let minutes = (at - time(dose)).num_minutes().max(0) as u64 + 1;
    let sent = time(dose) + TimeDelta::minutes(rng.below(minutes) as i64);
    let mut more = events.to_vec();
    more.push(json!({
        "specversion": "1.0", "id": "one-more", "source": "urn:z", "subject": dose["subject"],
        "type": "substitution.handoverSent", "time": sent.to_rfc3339(),
        "data": {
            "handover": "one-more", "toProvider": "nobodyGives", "bridgingDays": 0,
            "product": dose["data"]["product"], "lastDoseAt": dose["time"],
            "doseMicrograms": dose["data"]["doseMicrograms"],
        },
    }));
    Some(more)
}

/// Whether substitution was silent for so long that an interruption may have faded.
fn fades(events: &[Value], at: DateTime<Utc>) -> bool {
    let told = events.iter().filter(|event| is_substitution(event)).map(time);
    let mut times: Vec<DateTime<Utc>> = told.filter(|time| *time <= at).collect();
    times.push(at);
    times.sort_unstable();
    times.windows(2).any(|pair| pair[1] - pair[0] > TimeDelta::days(27))
}
