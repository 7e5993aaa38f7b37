//! Draws the records of a random history, one at a time, and what corrects or annuls them.
//! Always: each record is valid by `events.md`, and its id is unique in the history.

use serde_json::{Map, Value, json};

use super::calendar::{Calendar, written};
use super::dice::Dice;

pub const PERSON: &str = "3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e";
pub const OTHER_STREAM: &str = "5b7a0c9d-1e2f-4a3b-8c4d-9e0f1a2b3c4d";

pub const KINDS: [&str; 7] = [
    "limitedDetention",
    "electronicMonitoring",
    "conditionalRelease",
    "provisionalRelease",
    "transitionHouse",
    "earlyRelease",
    "trialRelease",
];

/// Every type that is drawn, and how often.
const TYPES: [(&str, i64); 22] = [
    ("detention.arrived", 11),
    ("detention.released", 10),
    ("detention.absenceStarted", 6),
    ("detention.absenceEnded", 5),
    ("detention.statusChanged", 4),
    ("detention.transferred", 1),
    ("sentence.pronounced", 6),
    ("sentence.detentionImputed", 5),
    ("modality.granted", 9),
    ("modality.suspended", 4),
    ("modality.suspensionLifted", 3),
    ("modality.ended", 3),
    ("modality.revoked", 6),
    ("modality.restored", 2),
    ("residential.admitted", 10),
    ("residential.absenceStarted", 7),
    ("residential.absenceEnded", 6),
    ("residential.completed", 2),
    ("residential.droppedOut", 3),
    ("residential.transferred", 3),
    ("residential.attested", 2),
    ("death.recorded", 1),
];

/// A table of draws: the calendar, and the names given so far.
pub struct Draw<'a> {
    pub dice: &'a mut Dice,
    pub calendar: Calendar,
    pub two_streams: bool,
    drawn: usize,
}

impl<'a> Draw<'a> {
    pub fn new(dice: &'a mut Dice) -> Self {
        let calendar = Calendar::draw(dice);
        let two_streams = dice.percent(25);
        Self { dice, calendar, two_streams, drawn: 0 }
    }

    fn subject(&mut self) -> &'static str {
        if self.two_streams && self.dice.percent(35) { OTHER_STREAM } else { PERSON }
    }

    /// A record of a type at an instant; its id says nothing of when it was drawn.
    pub fn event(&mut self, kind: &str, time: String, data: Value) -> Value {
        self.drawn += 1;
        let id = format!("{:02}-{:02}", self.dice.below(100), self.drawn);
        let source = if self.dice.percent(80) { "urn:test" } else { "urn:other" };
        json!({
            "specversion": "1.0", "id": id, "source": source, "type": kind, "time": time,
            "subject": self.subject(), "data": data
        })
    }

    pub fn time(&mut self) -> String {
        let instant = self.calendar.instant(self.dice);
        written(instant, self.dice)
    }

    pub fn any_event(&mut self) -> Value {
        let all: i64 = TYPES.iter().map(|(_, weight)| weight).sum();
        let mut place = self.dice.below(all);
        let mut kind = TYPES[0].0;
        for (name, weight) in TYPES {
            if place < weight {
                kind = name;
                break;
            }
            place -= weight;
        }
        let (time, data) = (self.time(), self.data(kind));
        self.event(kind, time, data)
    }

    fn date(&mut self) -> String {
        self.calendar.date(self.dice).to_string()
    }

    /// The content of a record of a type.
    pub fn data(&mut self, kind: &str) -> Value {
        match kind.split_once('.').unwrap().0 {
            "detention" => self.detention(kind),
            "sentence" => self.sentence(kind),
            "modality" => self.modality(kind),
            "residential" => self.stay(kind),
            _ => json!({}),
        }
    }

    fn detention(&mut self, kind: &str) -> Value {
        let detention = self.dice.one_of(&["d1", "d1", "d2"]);
        let titles = ["convicted", "convicted", "pretrial", "interned", "other"];
        let (one, other) = (self.dice.one_of(&titles), self.dice.one_of(&titles));
        match kind {
            "detention.arrived" => {
                json!({"detention": detention, "facility": "gent", "legalStatus": one})
            }
            "detention.released" => {
                let reasons = [
                    "sentenceEnd",
                    "sentenceEnd",
                    "pretrialLifted",
                    "acquittal",
                    "removal",
                    "other",
                    "other",
                    "death",
                    "electronicMonitoring",
                    "limitedDetention",
                ];
                let is_kind = self.dice.percent(50);
                let reason = self.dice.one_of(if is_kind { &KINDS } else { &reasons });
                let is_final = self.dice.percent(if reason == "sentenceEnd" { 75 } else { 20 });
                json!({"detention": detention, "reason": reason, "final": is_final})
            }
            "detention.absenceStarted" => {
                let kinds = [
                    "leave",
                    "hospital",
                    "court",
                    "extendedLeave",
                    "escape",
                    "escape",
                    "failureToReturn",
                    "sentenceInterruption",
                ];
                json!({"detention": detention, "kind": self.dice.one_of(&kinds)})
            }
            "detention.absenceEnded" => json!({"detention": detention}),
            "detention.statusChanged" => json!({"detention": detention, "from": one, "to": other}),
            _ => json!({"detention": detention, "from": "gent", "to": "brugge"}),
        }
    }

    fn sentence(&mut self, kind: &str) -> Value {
        let sentence = self.dice.one_of(&["x1", "x1", "x2"]);
        if kind == "sentence.pronounced" {
            let mut data = json!({
                "sentence": sentence, "judgment": self.dice.one_of(&["j1", "j2"]),
                "years": self.dice.one_of(&[0, 0, 0, 1]), "months": self.dice.below(5),
                "days": self.dice.one_of(&[0, 0, 5, 20]),
            });
            for (name, chance) in [("startsOn", 50), ("endsOn", 20)] {
                if self.dice.percent(chance) {
                    data[name] = self.date().into();
                }
            }
            return data;
        }
        let mut data = json!({"sentence": sentence, "days": self.dice.one_of(&[1, 3, 5, 10])});
        if self.dice.percent(65) {
            let from = self.dice.below(self.calendar.days - 10);
            let days = data["days"].as_i64().unwrap() - 1;
            let slip = if self.dice.percent(25) { 2 } else { 0 };
            data["from"] = self.calendar.plus(from).to_string().into();
            data["to"] = self.calendar.plus(from + days + slip).to_string().into();
        }
        data
    }

    fn modality(&mut self, kind: &str) -> Value {
        let modality = self.dice.one_of(&["m1", "m1", "m1", "m2", "m3"]);
        let judgment = self.dice.one_of(&["j1", "j2", "j3"]);
        match kind {
            "modality.granted" => {
                let kind = self.dice.one_of(&KINDS);
                let mut data = json!({"modality": modality, "kind": kind, "judgment": judgment});
                if self.dice.percent(60) {
                    data["startsOn"] = self.date().into();
                }
                if self.dice.percent(45) {
                    data["remainderDays"] = self.dice.one_of(&[0, 3, 10, 20, 40, 200]).into();
                }
                data
            }
            "modality.revoked" => {
                let basis = self.dice.one_of(&["art68par5al1", "art68par5al2", "ministerial"]);
                let is_final = self.dice.percent(60);
                let mut data = json!({
                    "modality": modality, "judgment": judgment, "basis": basis, "final": is_final
                });
                if self.dice.percent(50) {
                    data["effectiveOn"] = self.date().into();
                }
                for name in ["remainingDays", "creditedDays"] {
                    if self.dice.percent(40) {
                        data[name] = self.dice.one_of(&[0, 2, 10, 30]).into();
                    }
                }
                data
            }
            "modality.ended" => json!({"modality": modality, "reason": "over"}),
            _ => json!({"modality": modality, "judgment": judgment}),
        }
    }

    fn stay(&mut self, kind: &str) -> Value {
        let stay = self.dice.one_of(&["s1", "s1", "s2"]);
        match kind {
            "residential.admitted" => {
                let mut data = json!({"stay": stay, "facility": "deKiem", "programme": "tc"});
                if self.dice.percent(35) {
                    data["modality"] = self.dice.one_of(&["m1", "m2", "m9"]).into();
                }
                data
            }
            "residential.absenceStarted" => {
                json!({"stay": stay, "authorised": self.dice.percent(30)})
            }
            "residential.droppedOut" => json!({"stay": stay, "initiative": "resident"}),
            "residential.transferred" => json!({"stay": stay, "toFacility": "msoc"}),
            "residential.attested" => {
                let from = self.dice.below(self.calendar.days - 10);
                json!({
                    "stay": stay, "from": self.calendar.plus(from).to_string(),
                    "to": self.calendar.plus(from + self.dice.below(10)).to_string(),
                    "days": self.dice.below(11),
                })
            }
            _ => json!({"stay": stay}),
        }
    }

    /// A `record.*` that corrects or annuls a record, which may be a `record.*` itself.
    pub fn touch(&mut self, target: &Value) -> Value {
        let named = json!({
            "source": target["source"], "id": target["id"], "type": target["type"]
        });
        let (kind, data) = match self.dice.percent(30) {
            true => ("record.annulled", json!({"annuls": named, "reason": "duplicate"})),
            false => ("record.corrected", self.correction(named, target)),
        };
        let time = self.time();
        let mut event = self.event(kind, time, data);
        event["source"] = target["source"].clone();
        if !self.dice.percent(10) {
            event["subject"] = target["subject"].clone();
        }
        event
    }

    fn correction(&mut self, named: Value, target: &Value) -> Value {
        let mut data = Map::new();
        data.insert("corrects".to_owned(), named);
        data.insert("reason".to_owned(), "typing".into());
        let parts = self.dice.below(3);
        if parts != 0 {
            let replacement = match target["type"].as_str().unwrap() {
                "record.annulled" => target["data"].clone(),
                "record.corrected" => self.other_correction(&target["data"]),
                kind => self.data(kind),
            };
            data.insert("data".to_owned(), replacement);
        }
        if parts != 1 {
            data.insert("time".to_owned(), self.time().into());
        }
        Value::Object(data)
    }

    /// The content of a correction, of the same target, that says something else.
    fn other_correction(&mut self, said: &Value) -> Value {
        let mut other = said.clone();
        other["time"] = self.time().into();
        let kind = said["corrects"]["type"].as_str().unwrap();
        if said.get("data").is_some() && !kind.starts_with("record.") {
            other["data"] = self.data(kind);
        }
        other
    }
}
