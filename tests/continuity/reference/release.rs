//! The section `release`, and who is followed up after a departure.
//! Always: preparation is read since the last detention began, or in the whole history.

use serde_json::{Value, json};

use super::care;
use super::clock::{self, Instant};
use super::custody::{Departure, Place};
use super::record::Rec;
use super::stays;
use super::world::World;

/// The beginning of the detention that runs, else of the last one.
fn begin(w: &World) -> Option<Instant> {
    w.custody.last_detention().map(|detention| detention.begin)
}

/// The last preparation since that detention began.
pub fn prepared(w: &World) -> Option<(usize, &Rec)> {
    let begin = begin(w);
    w.of("release.prepared").rfind(|(_, rec)| begin.is_none_or(|begin| rec.time >= begin))
}

pub fn is_insured(w: &World) -> Option<bool> {
    let prepared = prepared(w).map(|(_, rec)| rec).filter(|rec| rec.flag("insured").is_some());
    let has_come = |rec: &Rec| rec.date("from").unwrap_or(rec.day()) <= clock::date(w.now);
    let recorded = w.of("insurance.recorded").map(|(_, rec)| rec).rfind(|rec| has_come(rec));
    let later = match (prepared, recorded) {
        (Some(prepared), Some(recorded)) if prepared.time > recorded.time => prepared,
        (prepared, recorded) => recorded.or(prepared)?,
    };
    later.flag("insured")
}

/// The section `release`.
pub fn section(w: &World) -> Option<Value> {
    if w.death.is_some() {
        return None;
    }
    let mut said = json!({});
    if let Some((_, rec)) = prepared(w) {
        said["preparedAt"] = clock::text(rec.time).into();
        for name in ["expectedOn", "prescriptionDays", "appointment", "naloxone"] {
            if let Some(value) = rec.data.get(name) {
                said[name] = value.clone();
            }
        }
    }
    if let Some(insured) = is_insured(w) {
        said["insured"] = insured.into();
    }
    (!said.as_object().expect("an object").is_empty()).then_some(said)
}

/// Whether a person is followed up after a departure.
pub fn is_followed_up(w: &World, departure: &Departure) -> bool {
    let begin = departure.ended.map(|ended| w.custody.detentions[ended].begin);
    let day = clock::date(departure.at);
    let treated = care::treatments(w).iter().filter(|found| found.follows_up()).any(|found| {
        let start = found.rec.time;
        let runs_on = found.until.is_none_or(|until| clock::date(until) > day);
        start >= departure.at || begin.is_some_and(|begin| start >= begin) && runs_on
    });
    let admitted = w.of("residential.admitted").any(|(_, rec)| rec.day() >= day);
    treated || admitted || stays::open_presence(w).is_some()
}

/// Whether a person inside is followed up already.
fn is_followed_up_inside(w: &World) -> bool {
    let begin = begin(w).expect("inside");
    care::treatments(w)
        .iter()
        .any(|found| found.follows_up() && found.rec.time >= begin && found.until.is_none())
}

/// What calls for preparation, substitution apart.
fn has_need_of_care(w: &World) -> bool {
    let referrals = care::referrals(w);
    let waits = referrals.iter().any(|found| matches!(found.state, "open" | "accepted"));
    let treated = care::treatments(w).iter().any(|found| found.until.is_none());
    waits || treated || care::courses(w).iter().any(|course| course.state == "open")
}

/// A handover as it was sent.
pub struct Sending {
    pub rec: usize,
    pub at: Instant,
    pub to: String,
    pub confirmed: Option<Instant>,
}

/// All handovers sent, with the instant from which their confirmation counts.
pub fn sendings(w: &World) -> Vec<Sending> {
    let sent = w.of("substitution.handoverSent").map(|(place, rec)| {
        let key = rec.key("handover");
        let mut confirmed = w.of("substitution.handoverConfirmed");
        let confirmed = confirmed.find(|(_, found)| found.key("handover") == key);
        Sending {
            rec: place,
            at: rec.time,
            to: rec.text("toProvider").unwrap_or_default().to_owned(),
            confirmed: confirmed.map(|(_, found)| found.time.max(rec.time)),
        }
    });
    sent.collect()
}

/// The alert `releaseUnprepared`: since when, the records, and what is missing.
pub struct Unprepared {
    pub since: Instant,
    pub records: Vec<usize>,
    pub missing: Vec<&'static str>,
}

/// `substitution_needs` says of an instant whether substitution is a need at it;
/// `handed_over` says of a departure whether a handover for it is confirmed.
pub fn unprepared(
    w: &World,
    substitution_needs: &dyn Fn(Instant) -> bool,
    handed_over: &dyn Fn(&Departure) -> bool,
) -> Option<Unprepared> {
    match w.custody.place(w.now) {
        Place::Inside => unprepared_inside(w, substitution_needs(w.now)),
        Place::Outside => unprepared_outside(w, substitution_needs, handed_over),
        Place::Unknown => None,
    }
}

fn unprepared_inside(w: &World, substitution_needs: bool) -> Option<Unprepared> {
    let begin = begin(w)?;
    let (place, rec) = prepared(w)?;
    let expected = rec.date("expectedOn")?;
    let since = clock::start(clock::shift(expected, -7)).max(rec.time);
    let handed_over = sendings(w).iter().any(|sending| {
        sending.at >= begin
            && clock::plus_days(sending.at, 14) > w.now
            && sending.confirmed.is_some()
    });
    let is_needed = substitution_needs || has_need_of_care(w);
    let stands = is_needed
        && since <= w.now
        && !handed_over
        && !is_followed_up_inside(w)
        && !has_appointment(rec);
    let missing = missing(w, substitution_needs);
    stands.then(|| Unprepared { since, records: vec![place], missing })
}

fn unprepared_outside(
    w: &World,
    substitution_needs: &dyn Fn(Instant) -> bool,
    handed_over: &dyn Fn(&Departure) -> bool,
) -> Option<Unprepared> {
    let departure = w.custody.last_departure().filter(|found| found.reason != "removal")?;
    let just_before = w.cut(clock::just_before(departure.at));
    let by_substitution = substitution_needs(w.now) || substitution_needs(just_before.now);
    let is_needed = by_substitution || has_need_of_care(w) || has_need_of_care(&just_before);
    let stands = is_needed
        && w.now < clock::after_day(departure.at, 21)
        && !is_followed_up(w, departure)
        && !handed_over(departure)
        && !prepared(w).is_some_and(|(_, rec)| has_appointment(rec));
    let before = match just_before.custody.place(just_before.now) {
        Place::Inside => unprepared_inside(&just_before, substitution_needs(just_before.now)),
        _ => None,
    };
    let since = before.map_or(departure.at, |before| before.since);
    let records = prepared(w).map(|(place, _)| place).into_iter().chain([departure.rec]).collect();
    let missing = missing(w, by_substitution);
    stands.then_some(Unprepared { since, records, missing })
}

/// An appointment is made if it is true or an id.
fn has_appointment(rec: &Rec) -> bool {
    rec.flag("appointment") == Some(true) || rec.text("appointment").is_some()
}

fn missing(w: &World, substitution_needs: bool) -> Vec<&'static str> {
    let prepared = prepared(w).map(|(_, rec)| rec);
    let detention = w.custody.last_detention();
    let bridges = w.of("substitution.handoverSent").any(|(_, rec)| {
        let is_of = detention.is_none_or(|detention| {
            rec.time >= detention.begin && detention.end.is_none_or(|end| rec.time <= end)
        });
        is_of && rec.number("bridgingDays").unwrap_or(0) > 0
    });
    let days = prepared.and_then(|rec| rec.number("prescriptionDays")).unwrap_or(0);
    let mut missing = vec!["appointment"];
    if substitution_needs && days == 0 && !bridges {
        missing.push("prescription");
    }
    if prepared.and_then(|rec| rec.flag("naloxone")) != Some(true) {
        missing.push("naloxone");
    }
    if is_insured(w) != Some(true) {
        missing.push("insurance");
    }
    missing
}
