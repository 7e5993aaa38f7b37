//! Stays in residential treatment: presences, absences, the section and its findings.
//! Always: presences and days are those of P in `credit.md`; the rest is `continuity.md`, "Care".

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::clock::{self, Instant};
use super::custody::Finding;
use super::order::is_closing;
use super::record::{Key, Rec};
use super::world::World;

/// From an admission to what ends it.
pub struct Presence {
    pub admission: usize,
    pub key: Key,
    pub from: Instant,
    /// The record that ended it.
    pub end: Option<usize>,
    pub absences: Vec<Away>,
}

/// An absence of a presence.
pub struct Away {
    pub rec: usize,
    pub from: Instant,
    pub is_authorised: bool,
    /// Its own end, on record; it never outlasts its presence.
    pub end: Option<Instant>,
}

impl Presence {
    pub fn end_at(&self, w: &World) -> Option<Instant> {
        self.end.map(|end| w.time(end))
    }

    /// The unauthorised absence, or the absence of any kind, that runs now and started first.
    pub fn away(&self, only_unauthorised: bool) -> Option<&Away> {
        let runs = |away: &&Away| {
            self.end.is_none() && away.end.is_none() && !(only_unauthorised && away.is_authorised)
        };
        self.absences.iter().find(runs)
    }

    fn end_in_turn(&self, away: &Away, w: &World) -> Option<Instant> {
        [away.end, self.end_at(w)].into_iter().flatten().min()
    }
}

/// The presences in the order of their admissions.
pub fn presences(w: &World) -> Vec<Presence> {
    let admissions: Vec<(usize, &Rec)> = w.of("residential.admitted").collect();
    let mut found = Vec::new();
    for &(admission, rec) in &admissions {
        let key = rec.key("stay").expect("a stay");
        let is_next = |other: &Rec| {
            other.is("residential.admitted") && other.key("stay").as_ref() == Some(&key)
        };
        let after: Vec<(usize, &Rec)> =
            w.folded().filter(|(place, _)| *place > admission).collect();
        let closing = after
            .iter()
            .take_while(|(_, other)| !is_next(other))
            .find(|(_, other)| is_closing(other) && other.key("stay").as_ref() == Some(&key));
        let ends = |other: &Rec| other.is("residential.admitted") || other.is("detention.arrived");
        let end = closing.or_else(|| after.iter().find(|(_, other)| ends(other)));
        let end = end.map(|(place, _)| *place);
        found.push(Presence { admission, key, from: rec.time, end, absences: Vec::new() });
    }
    for (start, rec) in w.of("residential.absenceStarted") {
        let key = rec.key("stay").expect("a stay");
        let Some(place) = found.iter().position(|presence| {
            presence.key == key
                && presence.admission < start
                && presence.end.is_none_or(|end| start < end)
        }) else {
            continue;
        };
        let end = absence_end(w, &found, rec, &key);
        let is_authorised = rec.flag("authorised").unwrap_or(false);
        found[place].absences.push(Away { rec: start, from: rec.time, is_authorised, end });
    }
    found
}

/// The end of an absence: at a later instant, or at the very instant if none of that stay ran
/// before it. No absence outlasts its presence.
fn absence_end(w: &World, found: &[Presence], start: &Rec, key: &Key) -> Option<Instant> {
    let mut of_stay = found.iter().filter(|presence| presence.key == *key);
    let runs_before = of_stay.any(|presence| {
        let until = |away: &Away| away.end.into_iter().chain(presence.end_at(w)).min();
        presence.absences.iter().any(|away| {
            away.from < start.time && until(away).is_none_or(|until| until >= start.time)
        })
    });
    let ends =
        w.of("residential.absenceEnded").filter(|(_, rec)| rec.key("stay").as_ref() == Some(key));
    let mut ends = ends.map(|(_, rec)| rec.time);
    ends.find(|end| *end > start.time || *end == start.time && !runs_before)
}

/// The presence that is open now.
pub fn open_presence(w: &World) -> Option<Presence> {
    if w.death.is_some() {
        return None;
    }
    presences(w).pop().filter(|presence| presence.end.is_none())
}

/// The section `residential`.
pub fn section(w: &World) -> Value {
    let Some(presence) = open_presence(w) else {
        return json!({"state": "none"});
    };
    let rec = &w.recs[presence.admission];
    let away = presence.away(false);
    json!({
        "state": if away.is_some() { "absent" } else { "inTreatment" },
        "stay": rec.data["stay"],
        "facility": rec.data["facility"],
        "programme": rec.data["programme"],
        "since": clock::text(away.map_or(presence.from, |away| away.from)),
        "days": days(w, &presence),
    })
}

/// The dates of an open presence in P, up to today.
fn days(w: &World, presence: &Presence) -> usize {
    let today = clock::date(w.now);
    let all = clock::date(presence.from).iter_days().take_while(|day| *day <= today);
    let mut days: BTreeSet<_> = all.collect();
    for away in presence.absences.iter().filter(|away| !away.is_authorised) {
        let first = clock::date(away.from);
        match away.end {
            Some(end) => days.retain(|day| !(*day > first && *day < clock::date(end))),
            None => days.retain(|day| *day <= first),
        }
    }
    days.len()
}

/// The findings of stays.
pub fn findings(w: &World) -> Vec<Finding> {
    let all = presences(w);
    let mut found = Vec::new();
    for (place, presence) in all.iter().enumerate() {
        if let Some(end) = presence.end.filter(|end| !is_closing(&w.recs[*end])) {
            found.push(("stayNeverClosed", vec![presence.admission, end]));
        }
        for other in &all[place + 1..] {
            if overlap(w, presence, other) {
                found.push(("stayOverlap", vec![presence.admission, other.admission]));
            }
        }
        for (place, away) in presence.absences.iter().enumerate() {
            for other in &presence.absences[place + 1..] {
                let end = presence.end_in_turn(away, w).unwrap_or(Instant::MAX_UTC);
                let other_end = presence.end_in_turn(other, w).unwrap_or(Instant::MAX_UTC);
                if away.from.max(other.from) < end.min(other_end) {
                    found.push(("absenceOverlap", vec![away.rec, other.rec]));
                }
            }
        }
    }
    found.extend(closings(w, &all));
    for (place, _) in w.of("residential.absenceStarted") {
        if !all.iter().any(|presence| presence.absences.iter().any(|away| away.rec == place)) {
            found.push(("absenceWithoutStay", vec![place]));
        }
    }
    found
}

fn closings(w: &World, all: &[Presence]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (place, rec) in w.folded().filter(|(_, rec)| is_closing(rec)) {
        if all.iter().any(|presence| presence.end == Some(place)) {
            continue;
        }
        let key = rec.key("stay");
        let of_stay = |other: &Rec| other.key("stay") == key;
        let mut before = w.folded().filter(|(other, _)| *other < place).rev();
        let earlier = before.find_map(|(other, earlier)| {
            let admits = earlier.is("residential.admitted") && of_stay(earlier);
            let closes = all
                .iter()
                .any(|presence| presence.end == Some(other) && Some(&presence.key) == key.as_ref());
            (admits || closes && is_closing(earlier)).then_some((other, closes && !admits))
        });
        found.push(match earlier {
            Some((earlier, true)) => ("stayClosedTwice", vec![earlier, place]),
            _ => ("closingWithoutStay", vec![place]),
        });
    }
    found
}

/// Whether two presences share a date other than one that ends the one and opens the other.
fn overlap(w: &World, a: &Presence, b: &Presence) -> bool {
    let dates = |presence: &Presence| {
        let end = presence.end_at(w).map(clock::date);
        (clock::date(presence.from), end)
    };
    let ((a_from, a_end), (b_from, b_end)) = (dates(a), dates(b));
    let today = clock::date(w.now);
    let first = a_from.max(b_from);
    let last = a_end.unwrap_or(today).min(b_end.unwrap_or(today));
    let touches = |day| a_end == Some(day) && b_from == day || b_end == Some(day) && a_from == day;
    first.iter_days().take_while(|day| *day <= last).any(|day| !touches(day))
}
