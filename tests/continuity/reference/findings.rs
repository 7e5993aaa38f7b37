//! The findings (`continuity.md`, "Findings"), without those of a register or of the credit.
//! Always: by code, then by records; each once.

use serde_json::{Value, json};

use super::clock;
use super::course::Substitution;
use super::custody::Finding;
use super::findings_dose;
use super::order;
use super::record::Rec;
use super::stays;
use super::world::World;

/// The section `findings`.
pub fn section(s: &Substitution) -> Value {
    let w = s.w;
    let mut found = w.custody.findings.clone();
    found.extend(beginnings(w));
    found.extend(stays::findings(w));
    found.extend(findings_dose::findings(s));
    found.extend(ids(w));
    found.extend(at_once(w));
    let unset = w.recs.iter().enumerate().filter(|(_, rec)| rec.has_unset);
    found.extend(unset.map(|(place, _)| ("unsetDate", vec![place])));
    found.extend(after_death(w));
    for (_, records) in &mut found {
        records.sort_unstable();
        records.dedup();
    }
    found.sort();
    found.dedup();
    let row = |(code, records): &Finding| json!({"code": code, "records": w.names(records)});
    found.iter().map(row).collect()
}

/// What has to begin, by which records, and by which of their members.
struct Beginning {
    of: &'static [&'static str],
    by: &'static str,
    member: &'static str,
    /// The beginning has to stand before.
    before: bool,
}

const BEGINNINGS: [Beginning; 8] = [
    Beginning {
        of: &[
            "modality.suspended",
            "modality.suspensionLifted",
            "modality.ended",
            "modality.revoked",
            "modality.restored",
        ],
        by: "modality.granted",
        member: "modality",
        before: false,
    },
    Beginning {
        of: &["substitution.handoverConfirmed"],
        by: "substitution.handoverSent",
        member: "handover",
        before: false,
    },
    Beginning {
        of: &["programme.sessionHeld", "programme.completed", "programme.left"],
        by: "programme.enrolled",
        member: "enrolment",
        before: true,
    },
    Beginning {
        of: &["drugFreeUnit.left"],
        by: "drugFreeUnit.placed",
        member: "placement",
        before: false,
    },
    Beginning { of: &["referral.answered"], by: "cap.referred", member: "referral", before: true },
    Beginning {
        of: &["treatment.ended"],
        by: "treatment.started",
        member: "episode",
        before: true,
    },
    Beginning { of: &["housing.left"], by: "housing.placed", member: "placement", before: true },
    Beginning { of: &["plan.reviewed"], by: "plan.agreed", member: "plan", before: false },
];

fn beginnings(w: &World) -> Vec<Finding> {
    let is_missing = |place: usize, rec: &Rec, rule: &Beginning| {
        let key = rec.key(rule.member);
        !w.of(rule.by)
            .any(|(other, begun)| begun.key(rule.member) == key && (!rule.before || other < place))
    };
    let mut found = Vec::new();
    for rule in &BEGINNINGS {
        for (place, rec) in w.folded() {
            if rule.of.contains(&rec.kind.as_str()) && is_missing(place, rec, rule) {
                found.push(("beginningMissing", vec![place]));
            }
        }
    }
    found
}

/// One id begun by records of two sources with different data.
fn ids(w: &World) -> Vec<Finding> {
    const BEGUN: [(&str, &str); 9] = [
        ("residential.admitted", "stay"),
        ("modality.granted", "modality"),
        ("substitution.prescribed", "prescription"),
        ("substitution.handoverSent", "handover"),
        ("cap.referred", "referral"),
        ("treatment.started", "episode"),
        ("programme.enrolled", "enrolment"),
        ("drugFreeUnit.placed", "placement"),
        ("housing.placed", "placement"),
    ];
    let mut found = Vec::new();
    for (kind, member) in BEGUN {
        for (place, rec) in w.of(kind) {
            let of_id = |other: &Rec| other.key(member) == rec.key(member);
            let same: Vec<(usize, &Rec)> = w.of(kind).filter(|(_, other)| of_id(other)).collect();
            if same[0].0 != place {
                continue;
            }
            let differs =
                |a: &Rec| same.iter().any(|(_, b)| a.source != b.source && a.data != b.data);
            let records: Vec<usize> =
                same.iter().filter(|(_, a)| differs(a)).map(|(place, _)| *place).collect();
            if !records.is_empty() {
                found.push(("idMeansTwoThings", records));
            }
        }
    }
    found
}

/// Arrivals and releases of one detention at one instant, of someone who was not inside.
fn at_once(w: &World) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut from = w.first;
    while from < w.last {
        let at = w.time(from);
        let to = (from..w.last).find(|place| w.time(*place) != at).unwrap_or(w.last);
        if !w.custody.place(clock::just_before(at)).eq(&super::custody::Place::Inside) {
            for (arrival, release) in order::arrived_and_released(&w.recs[from..to]) {
                let is_of = |place: &usize| {
                    let rec = &w.recs[*place];
                    [&arrival, &release].iter().any(|o| o.source == rec.source && o.id == rec.id)
                };
                found.push(("arrivedAndReleasedAtOnce", (from..to).filter(is_of).collect()));
            }
        }
        from = to;
    }
    found
}

fn after_death(w: &World) -> Option<Finding> {
    let death = w.death?;
    let is_excepted = |rec: &Rec| {
        let kind = rec.kind.as_str();
        let excepted = [
            "residential.attested",
            "modality.ended",
            "modality.revoked",
            "detention.released",
            "substitution.stopped",
        ];
        let is_of_system = kind.starts_with("consent.") || kind.starts_with("person.");
        kind.starts_with("death.")
            || is_of_system
            || kind.starts_with("record.")
            || excepted.contains(&kind)
            || order::is_ending(rec)
    };
    let later: Vec<usize> =
        (w.last..w.recs.len()).filter(|place| !is_excepted(&w.recs[*place])).collect();
    (!later.is_empty()).then(|| ("recordAfterDeath", [vec![death], later].concat()))
}
