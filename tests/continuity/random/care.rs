//! Random records of care: stays, programmes, referrals, treatments, plans, release, overdoses.
//! Always: ids come from small sets, so that records meet.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::substitution::weighted;
use super::{Maker, Rng};

pub fn kind(rng: &mut Rng) -> &'static str {
    let kinds = [
        ("residential.admitted", 9),
        ("residential.absenceStarted", 6),
        ("residential.absenceEnded", 5),
        ("residential.completed", 5),
        ("residential.droppedOut", 5),
        ("residential.transferred", 2),
        ("programme.enrolled", 6),
        ("programme.sessionHeld", 7),
        ("programme.completed", 3),
        ("programme.left", 3),
        ("cap.referred", 6),
        ("referral.answered", 6),
        ("treatment.started", 6),
        ("treatment.ended", 4),
        ("housing.placed", 3),
        ("housing.left", 2),
        ("plan.agreed", 3),
        ("plan.reviewed", 3),
        ("release.prepared", 7),
        ("insurance.recorded", 3),
        ("overdose.recorded", 3),
        ("consultation.held", 2),
        ("care.screened", 2),
        ("care.notDelivered", 1),
        ("residential.attested", 1),
        ("detention.arrived", 5),
        ("detention.released", 6),
        ("substitution.doseContinued", 3),
        ("death.recorded", 1),
    ];
    weighted(rng, &kinds)
}

/// An arrival, a need, and a release that is prepared or not.
pub fn script(maker: &mut Maker) {
    let day = maker.day();
    let at = super::local(day, maker.rng.one(&[0, 10]), 0);
    maker.record("detention.arrived", at);
    let needs =
        ["cap.referred", "treatment.started", "programme.enrolled", "substitution.doseContinued"];
    let need = maker.rng.pick(&needs);
    let days = maker.rng.below(4) as i64;
    maker.record(need, at + TimeDelta::days(days));
    if maker.rng.chance(70) {
        let at = at + TimeDelta::days(maker.rng.below(9) as i64);
        let place = maker.record("release.prepared", at);
        maker.events[place]["data"]["expectedOn"] = maker.date_near(at, 0, 20).into();
    }
    if maker.rng.chance(60) {
        let days = 3 + maker.rng.below(15) as i64;
        maker.record("detention.released", at + TimeDelta::days(days));
    }
}

/// Stays that follow each other closely, with absences and closings on the same dates.
pub fn stay_script(maker: &mut Maker) {
    let day = maker.day();
    let kinds = [
        "residential.absenceStarted",
        "residential.absenceStarted",
        "residential.absenceEnded",
        "residential.completed",
        "residential.droppedOut",
        "residential.admitted",
    ];
    maker.record("residential.admitted", super::local(day, 0, 0));
    for _ in 0..2 + maker.rng.below(6) {
        let days = maker.rng.below(5) as i64;
        let hour = maker.rng.one(&[0, 0, 0, 9]);
        let kind = maker.rng.pick(&kinds);
        let place = maker.record(kind, super::local(day + TimeDelta::days(days), hour, 0));
        if maker.rng.chance(75) {
            maker.events[place]["data"]["stay"] = "s1".into();
        }
    }
}

fn stay(maker: &mut Maker) -> Value {
    json!({"stay": maker.rng.pick(&["s1", "s1", "s2"])})
}

pub fn data(maker: &mut Maker, kind: &str, at: DateTime<Utc>) -> Value {
    match kind.split('.').next().expect("a type") {
        "residential" => residential(maker, kind, at),
        "programme" => programme(maker, kind),
        "plan" => plan(maker, kind),
        _ => other(maker, kind, at),
    }
}

fn residential(maker: &mut Maker, kind: &str, at: DateTime<Utc>) -> Value {
    let mut data = stay(maker);
    match kind {
        "residential.admitted" => {
            data["facility"] = maker.rng.pick(&["deKiem", "deSleutel"]).into();
            data["programme"] = "community".into();
        }
        "residential.absenceStarted" => data["authorised"] = maker.rng.chance(35).into(),
        "residential.droppedOut" => data["initiative"] = "resident".into(),
        "residential.transferred" => data["toFacility"] = "deSleutel".into(),
        "residential.attested" => {
            data["from"] = maker.date_near(at, -5, -3).into();
            data["to"] = maker.date_near(at, -2, 0).into();
            data["days"] = 3.into();
        }
        _ => {}
    }
    data
}

fn programme(maker: &mut Maker, kind: &str) -> Value {
    let id = maker.rng.pick(&["n1", "n1", "n2", "n3"]);
    let mut data = json!({"enrolment": id});
    match kind {
        "programme.enrolled" => {
            data["project"] = maker.rng.pick(&["drugLab", "bLeave"]).into();
            data["programme"] = maker.rng.pick(&["shortIntervention", "ambulatory"]).into();
            data["plannedSessions"] = maker.rng.one(&[0, 1, 2, 20]).into();
            maker.maybe(&mut data, 20, "eligibility", "pretrial");
            let continues = maker.rng.pick(&["n1", "n1", "n2", "n9"]);
            maker.maybe(&mut data, 45, "continues", continues);
        }
        "programme.sessionHeld" => {
            data["session"] = maker.rng.pick(&["1", "2", "3"]).into();
            data["minutes"] = 50.into();
        }
        "programme.completed" => data["sessionsAttended"] = 3.into(),
        _ => data["reason"] = "transfer".into(),
    }
    data
}

fn plan(maker: &mut Maker, kind: &str) -> Value {
    let plan = maker.rng.pick(&["p1", "p1", "p2"]);
    let mut data = json!({"plan": plan, "version": maker.rng.one(&[1, 1, 2])});
    if kind == "plan.agreed" {
        data["domains"] = maker.rng.one(&[&["housing"][..], &["treatment", "income"]]).into();
        data["agreedByClient"] = maker.rng.chance(70).into();
    } else {
        data["domainsReached"] = maker.rng.one(&[&["housing"][..], &[]]).into();
    }
    data
}

fn other(maker: &mut Maker, kind: &str, at: DateTime<Utc>) -> Value {
    let referral = maker.rng.pick(&["f1", "f1", "f2"]);
    let episode = maker.rng.pick(&["t1", "t1", "t2"]);
    let insured = maker.rng.chance(60);
    let mut data = json!({});
    match kind {
        "cap.referred" => {
            data = json!({"referral": referral, "project": "tandem"});
            maker.maybe(&mut data, 60, "toProvider", "msoc");
            maker.maybe(&mut data, 20, "by", "careTeam");
            maker.maybe(&mut data, 20, "prison", "gent");
        }
        "referral.answered" => {
            data = json!({"referral": referral, "accepted": maker.rng.chance(60)});
            maker.maybe(&mut data, 40, "waitingDays", 20);
        }
        "treatment.started" => {
            let setting = maker.rng.pick(&["prison", "community", "residential"]);
            data = json!({"episode": episode, "provider": "msoc", "setting": setting,
                "structured": maker.rng.chance(65)});
            maker.maybe(&mut data, 40, "referral", referral);
        }
        "treatment.ended" => data = json!({"episode": episode, "reason": "completed"}),
        "housing.placed" => {
            data = json!({"placement": "q1", "kind": "halfwayHouse", "provider": "deKiem"});
        }
        "housing.left" => data = json!({"placement": "q1"}),
        "release.prepared" => return release(maker, at),
        "insurance.recorded" => {
            data = json!({"insured": insured});
            let from = maker.date_near(at, -3, 5);
            maker.maybe(&mut data, 50, "from", from);
        }
        "overdose.recorded" => data = json!({"place": "community", "outcome": "survived"}),
        "consultation.held" => {
            data = json!({"roles": ["physician"], "minutes": 30, "clientPresent": true});
        }
        "care.screened" => {
            data = json!({"instrument": "dudit", "needIdentified": maker.rng.chance(60)});
        }
        _ => {
            let causes = ["strike", "strike", "client", "lockdown"];
            data["cause"] = maker.rng.pick(&causes).into();
            maker.maybe(&mut data, 85, "service", "substitution");
        }
    }
    data
}

fn release(maker: &mut Maker, at: DateTime<Utc>) -> Value {
    let mut data = json!({"expectedOn": maker.date_near(at, -2, 40)});
    if maker.rng.chance(3) {
        data["expectedOn"] = "1899-12-30".into();
    }
    let appointment = maker.rng.one(&["ap1", ""]);
    let appointment: Value = if appointment.is_empty() { false.into() } else { appointment.into() };
    let (insured, naloxone) = (maker.rng.chance(60), maker.rng.chance(60));
    maker.maybe(&mut data, 25, "appointment", appointment);
    maker.maybe(&mut data, 40, "insured", insured);
    maker.maybe(&mut data, 40, "naloxone", naloxone);
    let days = maker.rng.one(&[0, 3]);
    maker.maybe(&mut data, 40, "prescriptionDays", days);
    data
}
