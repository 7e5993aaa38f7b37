//! Modalities and the section `custody` (`continuity.md`, "Custody", Modality and second table).
//! Always: M is the last modality that started and was not over at its start.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::clock::{self, Instant};
use super::custody::{self, Place, Snap};
use super::record::{Key, Rec};
use super::world::World;

pub struct Modality {
    pub key: Key,
    pub grant: usize,
    pub kind: String,
    pub start: Instant,
    pub start_date: NaiveDate,
    pub over: Option<Instant>,
}

impl Modality {
    pub fn lived_inside(&self) -> bool {
        ["limitedDetention", "transitionHouse"].contains(&self.kind.as_str())
    }

    fn is_over(&self, at: Instant) -> bool {
        self.over.is_some_and(|over| over <= at)
    }
}

/// The state of custody and what the alerts ask of it.
pub struct Standing {
    pub state: &'static str,
    pub since: Option<Instant>,
    pub m: Option<Modality>,
}

impl Standing {
    /// M, while the state is `underModality`.
    pub fn modality(&self) -> Option<&Modality> {
        self.m.as_ref().filter(|_| self.state == "underModality")
    }
}

pub fn standing(w: &World) -> Standing {
    let snap = w.custody.last();
    let m = m(w);
    let (state, since) = match snap.map_or(Place::Unknown, |snap| snap.place) {
        Place::Inside => inside(w, snap.expect("inside"), m.as_ref()),
        place => outside(w, place, m.as_ref()),
    };
    Standing { state, since, m }
}

/// The section `custody`.
pub fn section(w: &World, standing: &Standing) -> Value {
    if let Some(death) = w.death {
        return json!({"state": "deceased", "since": clock::text(w.time(death))});
    }
    let mut said = Map::new();
    said.insert("state".into(), standing.state.into());
    if let Some(since) = standing.since {
        said.insert("since".into(), clock::text(since).into());
    }
    let mut named = standing.modality();
    if let Some(snap) = w.custody.last().filter(|snap| snap.place == Place::Inside) {
        if let Some(absence) = &snap.absence {
            said.insert("kind".into(), absence.kind.as_str().into());
            let lived_inside = |m: &&Modality| m.lived_inside() && !m.is_over(w.now);
            named = standing.m.as_ref().filter(lived_inside);
            named = named.filter(|m| suspension(w, m, w.now).is_none());
        }
        for (name, value) in [("facility", &snap.facility), ("legalStatus", &snap.legal_status)] {
            if let Some(value) = value {
                said.insert(name.into(), value.as_str().into());
            }
        }
        if let Some(unit) = unit(w) {
            said.insert("unit".into(), unit);
        }
    }
    if let Some(m) = named {
        said.insert("modality".into(), m.key.1.as_str().into());
        said.insert("modalityKind".into(), m.kind.as_str().into());
    }
    Value::Object(said)
}

fn inside(w: &World, snap: &Snap, m: Option<&Modality>) -> (&'static str, Option<Instant>) {
    if let Some(absence) = &snap.absence {
        return ("absent", Some(absence.start));
    }
    let since = snap.inside_since.expect("inside");
    let Some(m) = m.filter(|m| m.lived_inside()) else {
        return ("detained", Some(since));
    };
    let over = m.over.filter(|over| *over <= w.now);
    let ended = [over, suspension(w, m, w.now)].into_iter().flatten().min();
    if let Some(ended) = ended {
        return ("detained", Some(since.max(ended)));
    }
    let begin = w.custody.last_detention().expect("inside").begin;
    let lift = named(w, "modality.suspensionLifted", m).map(|(_, rec)| rec.time).max();
    let by_day = w.folded().filter(|(_, rec)| custody::is_by_day(rec) && rec.time >= begin);
    let by_day = by_day.map(|(_, rec)| rec.time).max();
    let latest = [Some(since), Some(m.start), lift, by_day].into_iter().flatten().max();
    ("underModality", latest)
}

fn outside(w: &World, place: Place, m: Option<&Modality>) -> (&'static str, Option<Instant>) {
    let since = w.custody.last().and_then(|snap| snap.outside_since);
    if let Some(m) = m {
        let is_lived = m.lived_inside() || run_is_open(w, m, |_| true);
        if !m.is_over(w.now) && is_lived {
            return ("underModality", since.max(Some(m.start)));
        }
    }
    if place == Place::Unknown {
        return ("unknown", None);
    }
    let was_under = m.and_then(|m| {
        let over = m.over.filter(|over| *over <= w.now)?;
        let place = w.custody.place(clock::just_before(over));
        let is_lived = m.lived_inside() || run_is_open(w, m, |time| time < over);
        (place != Place::Inside && is_lived).then_some(over)
    });
    ("released", since.max(was_under))
}

/// The last modality that started and was not over at its start.
fn m(w: &World) -> Option<Modality> {
    let mut all = modalities(w);
    all.retain(|m| m.start <= w.now && !m.is_over(m.start));
    all.pop()
}

/// All modalities granted, in the order of `credit.md`.
pub fn modalities(w: &World) -> Vec<Modality> {
    let mut all: Vec<Modality> = Vec::new();
    for (place, rec) in w.of("modality.granted") {
        let Some(key) = rec.key("modality") else { continue };
        if all.iter().any(|m| m.key == key) {
            continue;
        }
        let start_date = rec.date("startsOn").unwrap_or(rec.day());
        let start = if start_date == rec.day() { rec.time } else { clock::start(start_date) };
        let kind = rec.text("kind").expect("a kind").to_owned();
        let mut m = Modality { key, grant: place, kind, start, start_date, over: None };
        m.over = over(w, &m);
        all.push(m);
    }
    all.sort_by_key(|m| (m.start_date, m.grant));
    all
}

fn named<'a>(
    w: &'a World,
    kind: &'static str,
    m: &'a Modality,
) -> impl DoubleEndedIterator<Item = (usize, &'a Rec)> {
    w.of(kind).filter(|(_, rec)| rec.key("modality").as_ref() == Some(&m.key))
}

/// The effect of a revocation.
pub fn effect(rec: &Rec) -> Instant {
    rec.date("effectiveOn").map_or(rec.time, clock::start)
}

fn over(w: &World, m: &Modality) -> Option<Instant> {
    let restored = named(w, "modality.restored", m).map(|(place, _)| place).max();
    let stands = |place: usize| restored.is_none_or(|restored| restored < place);
    let revoked = named(w, "modality.revoked", m).filter(|(place, _)| stands(*place));
    let revoked = revoked.map(|(_, rec)| effect(rec)).min();
    let ended = named(w, "modality.ended", m).map(|(_, rec)| rec.time).next();
    let is_final = |rec: &Rec| {
        rec.text("reason") == Some("sentenceEnd")
            && rec.flag("final") == Some(true)
            && rec.day() > m.start_date
    };
    let released = w.of("detention.released").find(|(_, rec)| is_final(rec));
    let released = released.map(|(_, rec)| rec.time);
    [revoked, ended, released].into_iter().flatten().min()
}

/// The start of the suspension that runs at an instant.
fn suspension(w: &World, m: &Modality, at: Instant) -> Option<Instant> {
    let runs = |start: Instant| {
        let mut lifts = named(w, "modality.suspensionLifted", m).map(|(_, rec)| rec.time);
        let lift = lifts.find(|lift| *lift >= start);
        start <= at && lift.is_none_or(|lift| at < lift)
    };
    let starts = named(w, "modality.suspended", m).map(|(_, rec)| rec.time);
    starts.filter(|start| runs(*start)).min()
}

/// Whether the run of a modality lived outside is open after the records that count.
fn run_is_open(w: &World, m: &Modality, counts: impl Fn(Instant) -> bool) -> bool {
    let mut is_open = true;
    for (place, rec) in w.folded().filter(|(_, rec)| counts(rec.time)) {
        let begins = w.custody.detentions.iter().any(|found| found.begin_rec == place);
        if rec.is("detention.arrived") && begins && rec.time >= m.start {
            is_open = false;
        }
        let departure = w.custody.departures.iter().find(|departure| departure.rec == place);
        if let Some(departure) = departure.filter(|_| !is_open) {
            if closes_for_good(&departure.reason, &m.kind) {
                return false;
            }
            is_open = true;
        }
    }
    is_open
}

fn closes_for_good(reason: &str, kind: &str) -> bool {
    const KINDS: [&str; 7] = [
        "limitedDetention",
        "electronicMonitoring",
        "conditionalRelease",
        "provisionalRelease",
        "transitionHouse",
        "earlyRelease",
        "trialRelease",
    ];
    let is_end = ["sentenceEnd", "removal", "death"].contains(&reason);
    is_end || KINDS.contains(&reason) && reason != kind
}

/// The unit in which the person lives.
fn unit(w: &World) -> Option<Value> {
    let begin = w.custody.last_detention()?.begin;
    let (place, rec) = w.of("drugFreeUnit.placed").rfind(|(_, rec)| rec.time >= begin)?;
    let facility = rec.text("facility");
    let is_over = w.folded().filter(|(other, _)| *other > place).any(|(_, other)| {
        match other.kind.as_str() {
            "drugFreeUnit.left" => other.key("placement") == rec.key("placement"),
            "detention.arrived" => other.text("facility") != facility,
            "detention.transferred" => other.text("to") != facility,
            _ => false,
        }
    });
    let mut unit = json!({"placement": rec.data["placement"], "facility": rec.data["facility"],
        "since": clock::text(rec.time)});
    if let Some(kind) = rec.text("kind") {
        unit["kind"] = kind.into();
    }
    (!is_over).then_some(unit)
}
