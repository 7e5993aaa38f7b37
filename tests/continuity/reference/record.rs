//! The records of a person as they stand after corrections and annulments (`credit.md`, History).
//! Always: a delivery repeated counts once; the order of receipt plays no part.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;

use super::clock::{self, Instant};

/// An id in `data`, within its stream.
pub type Key = (String, String);

/// Members of `data` that hold a date or an instant, in any type.
const DATED: [&str; 13] = [
    "lastDoseAt",
    "startsOn",
    "endsOn",
    "effectiveOn",
    "expectedOn",
    "probationEndsOn",
    "validUntil",
    "since",
    "from",
    "to",
    "factsFrom",
    "factsTo",
    "trialEndsOn",
];

#[derive(Clone, Debug, PartialEq)]
pub struct Rec {
    pub stream: String,
    pub source: String,
    pub id: String,
    pub kind: String,
    pub time: Instant,
    /// The data, without the dates that were never set.
    pub data: Value,
    /// The time, or a member of the data, was never set.
    pub has_unset: bool,
    /// When the ledger learned of the record; the time where the event does not say.
    recorded: Option<Instant>,
}

impl Rec {
    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    pub fn text(&self, member: &str) -> Option<&str> {
        self.data.get(member)?.as_str()
    }

    pub fn number(&self, member: &str) -> Option<i64> {
        self.data.get(member)?.as_i64()
    }

    pub fn flag(&self, member: &str) -> Option<bool> {
        self.data.get(member)?.as_bool()
    }

    pub fn key(&self, member: &str) -> Option<Key> {
        Some((self.stream.clone(), self.text(member)?.to_owned()))
    }

    pub fn date(&self, member: &str) -> Option<NaiveDate> {
        clock::parse_date(self.text(member)?)
    }

    pub fn instant(&self, member: &str) -> Option<Instant> {
        clock::parse_instant(self.text(member)?)
    }

    pub fn day(&self) -> NaiveDate {
        clock::date(self.time)
    }

    fn is_about_a_record(&self) -> bool {
        self.is("record.corrected") || self.is("record.annulled")
    }
}

/// The records that are known, in their newest form, without those annulled, in no order.
pub fn effective(events: &[Value], known: Option<Instant>) -> Vec<Rec> {
    let sent = sent(events, known);
    let about: Vec<&Rec> = sent.iter().filter(|rec| rec.is_about_a_record()).collect();
    let plain = sent.iter().filter(|rec| !rec.is_about_a_record());
    let newest = plain.filter(|rec| !is_annulled(rec, &about, &sent)).map(|rec| {
        let mut newest = rec.clone();
        for correction in corrections(rec, &about, &sent) {
            let data = newest_data(correction, &about, &sent);
            if let Some(replacement) = data.get("data") {
                newest.data = replacement.clone();
            }
            let time = data.get("time").and_then(Value::as_str);
            newest.time = time.and_then(clock::parse_instant).unwrap_or(newest.time);
        }
        without_unset(newest)
    });
    newest.collect()
}

/// Each record once, as it was sent.
fn sent(events: &[Value], known: Option<Instant>) -> Vec<Rec> {
    let mut once = BTreeMap::new();
    for event in events {
        let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(subject) = text("subject").filter(|subject| !subject.contains(':')) else {
            continue;
        };
        let recorded = text("recordedtime").and_then(|time| clock::parse_instant(&time));
        let time = text("time").and_then(|time| clock::parse_instant(&time)).expect("a time");
        let rec = Rec {
            stream: subject.to_lowercase(),
            source: text("source").expect("a source"),
            id: text("id").expect("an id"),
            kind: text("type").expect("a type"),
            time,
            data: event.get("data").cloned().unwrap_or_default(),
            has_unset: false,
            recorded,
        };
        let is_known = known.is_none_or(|known| rec.recorded.unwrap_or(rec.time) <= known);
        if is_known {
            once.entry((rec.source.clone(), rec.id.clone())).or_insert(rec);
        }
    }
    once.into_values().collect()
}

/// The record that a correction or an annulment names.
fn target<'a>(about: &Rec, sent: &'a [Rec]) -> Option<&'a Rec> {
    let member = if about.is("record.corrected") { "corrects" } else { "annuls" };
    let named = about.data.get(member)?;
    let is_named = |rec: &&Rec| {
        named["source"] == rec.source.as_str()
            && named["id"] == rec.id.as_str()
            && named["type"] == rec.kind.as_str()
    };
    sent.iter().find(is_named)
}

fn touches(about: &Rec, rec: &Rec, sent: &[Rec]) -> bool {
    about.stream == rec.stream && target(about, sent) == Some(rec)
}

/// Whether following the targets of this record comes back to it.
fn is_circular(about: &Rec, sent: &[Rec]) -> bool {
    let mut at = about;
    for _ in 0..=sent.len() {
        match target(at, sent) {
            Some(next) if next == about => return true,
            Some(next) if next.is_about_a_record() => at = next,
            _ => return false,
        }
    }
    false
}

fn is_annulled(rec: &Rec, about: &[&Rec], sent: &[Rec]) -> bool {
    about.iter().any(|annulment| {
        annulment.is("record.annulled")
            && touches(annulment, rec, sent)
            && !is_circular(annulment, sent)
            && !is_annulled(annulment, about, sent)
    })
}

/// The corrections in force of a record, in order.
fn corrections<'a>(rec: &Rec, about: &[&'a Rec], sent: &[Rec]) -> Vec<&'a Rec> {
    let in_force = |correction: &&&Rec| {
        correction.is("record.corrected")
            && touches(correction, rec, sent)
            && !is_circular(correction, sent)
            && !is_annulled(correction, about, sent)
    };
    let mut found: Vec<&Rec> = about.iter().filter(in_force).copied().collect();
    found.sort_by(|a, b| (a.time, &a.source, &a.id).cmp(&(b.time, &b.source, &b.id)));
    found
}

/// The data of a correction, itself corrected.
fn newest_data(correction: &Rec, about: &[&Rec], sent: &[Rec]) -> Value {
    let mut data = correction.data.clone();
    for outer in corrections(correction, about, sent) {
        if let Some(replacement) = newest_data(outer, about, sent).get("data") {
            data = replacement.clone();
        }
    }
    data
}

fn without_unset(mut rec: Rec) -> Rec {
    rec.has_unset = clock::unset(rec.time);
    for member in DATED {
        let Some(text) = rec.text(member) else { continue };
        let is_unset = clock::parse_date(text).is_some_and(clock::unset_date)
            || clock::parse_instant(text).is_some_and(clock::unset);
        if is_unset {
            rec.has_unset = true;
            rec.data.as_object_mut().expect("an object").remove(member);
        }
    }
    rec
}
