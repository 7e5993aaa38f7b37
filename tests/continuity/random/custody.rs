//! Random records of detention, modalities, units and death, and a detention that goes as usual.
//! Always: ids come from small sets, so that records meet.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::substitution::weighted;
use super::{Maker, Rng};

const KINDS: [&str; 6] = [
    "conditionalRelease",
    "conditionalRelease",
    "electronicMonitoring",
    "limitedDetention",
    "transitionHouse",
    "provisionalRelease",
];
const PRISONS: [&str; 3] = ["gent", "gent", "brugge"];

pub fn kind(rng: &mut Rng) -> &'static str {
    let kinds = [
        ("detention.arrived", 16),
        ("detention.released", 18),
        ("detention.transferred", 11),
        ("detention.absenceStarted", 11),
        ("detention.absenceEnded", 11),
        ("detention.statusChanged", 5),
        ("modality.granted", 12),
        ("modality.revoked", 5),
        ("modality.restored", 3),
        ("modality.suspended", 5),
        ("modality.suspensionLifted", 5),
        ("modality.ended", 4),
        ("drugFreeUnit.placed", 4),
        ("drugFreeUnit.left", 3),
        ("residential.admitted", 3),
        ("residential.droppedOut", 2),
        ("sentence.pronounced", 1),
        ("death.recorded", 1),
    ];
    weighted(rng, &kinds)
}

/// An arrival, a modality, a release, and perhaps a stay on condition.
pub fn script(maker: &mut Maker) {
    let day = maker.day();
    let at = super::local(day, maker.rng.one(&[0, 10]), 0);
    maker.record("detention.arrived", at);
    let days = 1 + maker.rng.below(6) as i64;
    let granted = super::local(day + TimeDelta::days(days), maker.rng.one(&[0, 9]), 0);
    let place = maker.record("modality.granted", granted);
    if maker.rng.chance(30) {
        return;
    }
    let hours = maker.rng.one(&[0, 1, 24, 24 * 8]);
    let place = maker.events[place]["data"]["kind"].clone();
    let released = maker.record("detention.released", granted + TimeDelta::hours(hours));
    maker.events[released]["data"]["reason"] = place;
    maker.events[released]["data"]["final"] = false.into();
    if maker.rng.chance(50) {
        let from = granted + TimeDelta::days(maker.rng.below(5) as i64 - 1);
        maker.record("residential.admitted", from);
        let kind = maker.rng.pick(&[
            "residential.droppedOut",
            "residential.absenceStarted",
            "residential.completed",
        ]);
        let days = maker.rng.below(6) as i64;
        maker.record(kind, from + TimeDelta::days(days));
    }
}

fn detention(maker: &mut Maker) -> &'static str {
    maker.rng.pick(&["d1", "d1", "d1", "d2"])
}

pub fn data(maker: &mut Maker, kind: &str, at: DateTime<Utc>) -> Value {
    let (detention, facility) = (detention(maker), maker.rng.pick(&PRISONS));
    let status = maker.rng.pick(&["pretrial", "convicted", "convicted", "interned"]);
    match kind {
        "detention.arrived" => {
            json!({"detention": detention, "facility": facility, "legalStatus": status})
        }
        "detention.transferred" => {
            let to = maker.rng.pick(&["brugge", "brugge", "gent", "namur"]);
            json!({"detention": detention, "from": facility, "to": to})
        }
        "detention.statusChanged" => {
            json!({"detention": detention, "from": status, "to": "convicted"})
        }
        "detention.absenceStarted" => {
            let kinds =
                ["leave", "court", "hospital", "escape", "failureToReturn", "sentenceInterruption"];
            json!({"detention": detention, "kind": maker.rng.pick(&kinds)})
        }
        "detention.absenceEnded" => json!({"detention": detention}),
        "detention.released" => released(maker, detention),
        "drugFreeUnit.placed" => {
            let mut data = json!({"placement": maker.rng.pick(&["u1", "u2"]),
                "facility": facility});
            maker.maybe(&mut data, 50, "kind", "therapeuticCommunity");
            data
        }
        "drugFreeUnit.left" => json!({"placement": maker.rng.pick(&["u1", "u2"])}),
        "sentence.pronounced" => json!({"sentence": "z1", "judgment": "j", "years": 1,
            "months": 0, "days": 0}),
        "death.recorded" => json!({}),
        _ => modality(maker, kind, at),
    }
}

fn released(maker: &mut Maker, detention: &str) -> Value {
    let reasons = [
        "sentenceEnd",
        "sentenceEnd",
        "conditionalRelease",
        "electronicMonitoring",
        "limitedDetention",
        "transitionHouse",
        "pretrialLifted",
        "removal",
        "other",
        "other",
    ];
    let mut reason = maker.rng.pick(&reasons);
    if maker.rng.chance(2) {
        reason = "death";
    }
    let is_final = reason == "sentenceEnd" || maker.rng.chance(30);
    json!({"detention": detention, "reason": reason, "final": is_final})
}

fn modality(maker: &mut Maker, kind: &str, at: DateTime<Utc>) -> Value {
    let mut data = json!({"modality": maker.rng.pick(&["m1", "m1", "m1", "m2"])});
    match kind {
        "modality.granted" => {
            data["kind"] = maker.rng.pick(&KINDS).into();
            data["judgment"] = "j".into();
            let starts = maker.date_near(at, -1, 9);
            maker.maybe(&mut data, 40, "startsOn", starts);
            maker.maybe(&mut data, 80, "conditions", json!(["residentialTreatment"]));
        }
        "modality.revoked" => {
            data["judgment"] = "j2".into();
            data["basis"] = "art68par5al2".into();
            data["final"] = maker.rng.chance(50).into();
            let effective = maker.date_near(at, -3, 6);
            maker.maybe(&mut data, 50, "effectiveOn", effective);
        }
        "modality.ended" => data["reason"] = "expired".into(),
        _ => data["judgment"] = "j3".into(),
    }
    data
}
