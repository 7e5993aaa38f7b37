//! Programmes, referrals, treatments, housing and plans (`continuity.md`, "Care").
//! Always: lists stand in the order of their first record; an id is read within its stream.

use serde_json::{Value, json};

use super::clock::{self, Instant};
use super::record::{Key, Rec};
use super::world::World;

pub const SHORT_PROGRAMME_SESSIONS: i64 = 20;

fn set<T: Into<Value>>(row: &mut Value, name: &str, value: Option<T>) {
    if let Some(value) = value {
        row[name] = value.into();
    }
}

/// The first record of each id.
fn firsts<'a>(w: &'a World, kind: &'static str, member: &str) -> Vec<(Key, usize, &'a Rec)> {
    let mut found: Vec<(Key, usize, &Rec)> = Vec::new();
    for (place, rec) in w.of(kind) {
        let Some(key) = rec.key(member) else { continue };
        if !found.iter().any(|(known, ..)| *known == key) {
            found.push((key, place, rec));
        }
    }
    found
}

/// A course: an enrolment and those that continue it.
pub struct Course {
    /// The enrolments by the places of their records.
    pub enrolments: Vec<usize>,
    /// The first record of each session.
    pub sessions: Vec<usize>,
    pub state: &'static str,
    pub until: Option<Instant>,
    pub planned: i64,
}

impl Course {
    pub fn first(&self) -> usize {
        self.enrolments[0]
    }

    pub fn last(&self) -> usize {
        *self.enrolments.last().expect("an enrolment")
    }
}

pub fn courses(w: &World) -> Vec<Course> {
    let all = firsts(w, "programme.enrolled", "enrolment");
    let next = |key: &Key| continued_by(&all, key);
    let is_continuation = |key: &Key| all.iter().any(|(other, ..)| next(other) == Some(key));
    let mut courses = Vec::new();
    for (key, ..) in all.iter().filter(|(key, ..)| !is_continuation(key)) {
        let mut keys = vec![key];
        while let Some(key) = next(keys[keys.len() - 1]) {
            keys.push(key);
        }
        courses.push(course(w, &all, &keys));
    }
    courses
}

/// The enrolment that continues another: the first that names it, and none of a circle.
fn continued_by<'a>(all: &'a [(Key, usize, &Rec)], key: &Key) -> Option<&'a Key> {
    if is_circular(all, key) {
        return None;
    }
    let mut naming = all.iter().filter(|(_, _, rec)| rec.key("continues").as_ref() == Some(key));
    naming.next().map(|(key, ..)| key)
}

fn is_circular(all: &[(Key, usize, &Rec)], key: &Key) -> bool {
    let mut at = key.clone();
    for _ in 0..=all.len() {
        let Some((_, _, rec)) = all.iter().find(|(known, ..)| *known == at) else { return false };
        match rec.key("continues") {
            Some(next) if next == *key => return true,
            Some(next) => at = next,
            None => return false,
        }
    }
    false
}

fn course(w: &World, all: &[(Key, usize, &Rec)], keys: &[&Key]) -> Course {
    let find = |key: &Key| all.iter().find(|(known, ..)| known == key).expect("an enrolment");
    let enrolments: Vec<usize> = keys.iter().map(|key| find(key).1).collect();
    let first = find(keys[0]).2;
    let (last_key, last_place, _) = find(keys[keys.len() - 1]);
    let ends = |rec: &Rec| {
        (rec.is("programme.completed") || rec.is("programme.left"))
            && rec.key("enrolment").as_ref() == Some(last_key)
    };
    let end = w.folded().find(|(place, rec)| place > last_place && ends(rec));
    let state = match end {
        Some((_, rec)) if rec.is("programme.completed") => "completed",
        Some(_) => "left",
        None if w.death.is_some() => "left",
        None => "open",
    };
    let until = end.map(|(_, rec)| rec.time).or(w.death.map(|death| w.time(death)));
    let planned = first.number("plannedSessions").filter(|planned| *planned != 0);
    Course {
        enrolments,
        sessions: sessions(w, all, keys),
        state,
        until,
        planned: planned.unwrap_or(SHORT_PROGRAMME_SESSIONS),
    }
}

fn sessions(w: &World, all: &[(Key, usize, &Rec)], keys: &[&Key]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut pairs = Vec::new();
    for (place, rec) in w.of("programme.sessionHeld") {
        let Some(key) = rec.key("enrolment").filter(|key| keys.contains(&key)) else { continue };
        let enrolled = all.iter().find(|(known, ..)| *known == key).expect("an enrolment").1;
        let pair = (key, rec.text("session").map(str::to_owned));
        if enrolled < place && !pairs.contains(&pair) {
            pairs.push(pair);
            found.push(place);
        }
    }
    found
}

/// The section `programmes`.
pub fn programmes(w: &World) -> Value {
    let row = |course: &Course| {
        let (first, last) = (&w.recs[course.first()], &w.recs[course.last()]);
        let ids = course.enrolments.iter().map(|place| w.recs[*place].data["enrolment"].clone());
        let mut row = json!({
            "enrolment": first.data["enrolment"],
            "enrolments": ids.collect::<Vec<_>>(),
            "project": last.data["project"],
            "programme": last.data["programme"],
            "plannedSessions": course.planned,
            "sessionsHeld": course.sessions.len(),
            "state": course.state,
            "since": clock::text(first.time),
        });
        set(&mut row, "eligibility", first.text("eligibility"));
        set(&mut row, "until", course.until.map(clock::text));
        row
    };
    courses(w).iter().map(row).collect()
}

pub struct Referral {
    pub rec: usize,
    pub state: &'static str,
    pub row: Value,
}

pub fn referrals(w: &World) -> Vec<Referral> {
    let all = firsts(w, "cap.referred", "referral");
    all.iter().map(|(key, place, rec)| referral(w, key, *place, rec)).collect()
}

fn referral(w: &World, key: &Key, place: usize, rec: &Rec) -> Referral {
    let of = |rec: &Rec| rec.key("referral").as_ref() == Some(key);
    let answers: Vec<&Rec> =
        w.of("referral.answered").map(|(_, rec)| rec).filter(|rec| of(rec)).collect();
    let started = w.of("treatment.started").map(|(_, rec)| rec).find(|rec| of(rec));
    let last = answers.last();
    let state = match last {
        _ if started.is_some() => "started",
        Some(answer) if answer.flag("accepted") == Some(true) => "accepted",
        Some(_) => "declined",
        None => "open",
    };
    let mut row = json!({"referral": rec.data["referral"], "project": rec.data["project"],
        "at": clock::text(rec.time), "state": state});
    for name in ["toProvider", "by", "prison"] {
        set(&mut row, name, rec.text(name));
    }
    set(&mut row, "waitingDays", last.and_then(|answer| answer.number("waitingDays")));
    let days = |later: &&Rec| clock::dates_between(rec.time, later.time).max(0);
    set(&mut row, "answeredAt", answers.first().map(|answer| clock::text(answer.time)));
    set(&mut row, "daysToAnswer", answers.first().map(days));
    set(&mut row, "startedAt", started.map(|start| clock::text(start.time)));
    set(&mut row, "daysToStart", started.as_ref().map(days));
    Referral { rec: place, state, row }
}

pub struct Treatment<'a> {
    pub rec: &'a Rec,
    /// Its first end, or the death.
    pub until: Option<Instant>,
}

impl Treatment<'_> {
    /// Structured, in the community or a residence: what follows a person up.
    pub fn follows_up(&self) -> bool {
        let is_outside = matches!(self.rec.text("setting"), Some("community" | "residential"));
        is_outside && self.rec.flag("structured") == Some(true)
    }
}

pub fn treatments(w: &World) -> Vec<Treatment<'_>> {
    let all = firsts(w, "treatment.started", "episode").into_iter();
    let treatment = |(key, place, rec): (Key, usize, _)| {
        let is_end = |other: &Rec| other.key("episode").as_ref() == Some(&key);
        let mut ends = w.of("treatment.ended").filter(|(end, rec)| *end > place && is_end(rec));
        let end = ends.next().map(|(_, rec)| rec.time);
        Treatment { rec, until: end.or(w.death.map(|death| w.time(death))) }
    };
    all.map(treatment).collect()
}

/// The section `treatments`.
pub fn treatments_section(w: &World) -> Value {
    let row = |treatment: &Treatment| {
        let data = &treatment.rec.data;
        let mut row = json!({"episode": data["episode"], "provider": data["provider"],
            "setting": data["setting"], "structured": data["structured"],
            "since": clock::text(treatment.rec.time)});
        set(&mut row, "until", treatment.until.map(clock::text));
        row
    };
    treatments(w).iter().map(row).collect()
}

/// The section `housing`.
pub fn housing(w: &World) -> Option<Value> {
    let (place, rec) = w.of("housing.placed").next_back()?;
    let is_over = w.folded().filter(|(other, _)| *other > place).any(|(at, other)| {
        let begins = w.custody.detentions.iter().any(|found| found.begin_rec == at);
        other.is("housing.left") && other.key("placement") == rec.key("placement")
            || other.is("detention.arrived") && begins
    });
    let row = json!({"placement": rec.data["placement"], "kind": rec.data["kind"],
        "provider": rec.data["provider"], "since": clock::text(rec.time)});
    (!is_over && w.death.is_none()).then_some(row)
}

/// The section `plans`.
pub fn plans(w: &World) -> Value {
    let row = |(key, ..): &(Key, usize, &Rec)| {
        let of = |rec: &&Rec| rec.key("plan").as_ref() == Some(key);
        let agreed = w.of("plan.agreed").map(|(_, rec)| rec).filter(of);
        let agreed = agreed.max_by_key(|rec| rec.number("version")).expect("agreed");
        let mut row = json!({"plan": agreed.data["plan"], "version": agreed.data["version"],
            "domains": agreed.data["domains"], "agreedByClient": agreed.data["agreedByClient"],
            "at": clock::text(agreed.time)});
        if let Some(review) = w.of("plan.reviewed").map(|(_, rec)| rec).rfind(|rec| of(rec)) {
            row["reviewedAt"] = clock::text(review.time).into();
            row["reviewedVersion"] = review.data["version"].clone();
            row["domainsReached"] = review.data["domainsReached"].clone();
        }
        row
    };
    firsts(w, "plan.agreed", "plan").iter().map(row).collect()
}
