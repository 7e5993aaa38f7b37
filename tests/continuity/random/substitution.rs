//! Random records of substitution, and a course that begins as courses do.
//! Always: amounts are mostly plausible and ids come from small sets, so that records meet.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Maker, Rng, written};

const RECEIVERS: [&str; 4] = ["msoc", "cgg", "brugge", "gent"];

pub fn kind(rng: &mut Rng) -> &'static str {
    let kinds = [
        ("substitution.doseContinued", 26),
        ("substitution.doseWithheld", 18),
        ("substitution.prescribed", 11),
        ("substitution.stopped", 10),
        ("substitution.verified", 5),
        ("substitution.handoverSent", 8),
        ("substitution.handoverConfirmed", 4),
        ("substitution.doseChanged", 4),
        ("care.notDelivered", 4),
        ("detention.transferred", 4),
        ("detention.arrived", 3),
        ("detention.released", 5),
        ("detention.absenceStarted", 2),
        ("detention.absenceEnded", 2),
        ("death.recorded", 1),
    ];
    weighted(rng, &kinds)
}

pub fn weighted(rng: &mut Rng, kinds: &[(&'static str, u64)]) -> &'static str {
    let total = kinds.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.below(total);
    for (kind, weight) in kinds {
        if left < *weight {
            return kind;
        }
        left -= weight;
    }
    unreachable!("the weights cover the draw")
}

/// An arrival, a prescription, and doses on the dates after it.
pub fn script(maker: &mut Maker) {
    let day = maker.day();
    let at = super::local(day, maker.rng.one(&[0, 10]), 0);
    if maker.rng.chance(70) {
        maker.record("detention.arrived", at);
    }
    if maker.rng.chance(70) {
        maker.record("substitution.prescribed", at + TimeDelta::hours(1));
    }
    let hour = maker.rng.one(&[0, 9, 9, 20]);
    let count = 1 + maker.rng.below(4) as i64;
    for days in 1..=count {
        let at = super::local(day + TimeDelta::days(days), hour, 0);
        maker.record("substitution.doseContinued", at);
        if maker.rng.chance(20) {
            maker.record("substitution.doseContinued", at + TimeDelta::hours(10));
        }
    }
    let what = maker.rng.pick(&["substitution.doseWithheld", "substitution.doseContinued", ""]);
    if what.is_empty() {
        return;
    }
    let skipped = maker.rng.below(4) as i64;
    for days in 1..=maker.rng.below(5) as i64 {
        let at = super::local(day + TimeDelta::days(count + skipped + days), hour, 0);
        maker.record(what, at);
    }
    if maker.rng.chance(40) {
        let at = maker.times[maker.times.len() - 1];
        let hours = maker.rng.one(&[0, 3, 24, 48]);
        let moves = ["detention.transferred", "detention.released", "substitution.stopped"];
        let kind = maker.rng.pick(&moves);
        maker.record(kind, at + TimeDelta::hours(hours));
    }
}

/// Somebody maintained outside is arrested, and the prison tapers.
pub fn taper_script(maker: &mut Maker) {
    let day = maker.day();
    let evidence = maker.rng.pick(&[
        "substitution.doseContinued",
        "substitution.verified",
        "substitution.prescribed",
    ]);
    let told = maker.record(evidence, super::local(day, 9, 0));
    if evidence == "substitution.doseContinued" {
        maker.events[told]["data"]["setting"] = "community".into();
    }
    let days = maker.rng.one(&[0, 1, 1, 3, 27, 28]);
    let at = super::local(day + TimeDelta::days(days), 10, 0);
    let arrival = maker.record("detention.arrived", at);
    let hours = maker.rng.one(&[-25, -24, -10, -1, 0, 1, 30]);
    let taper = maker.record("substitution.prescribed", at + TimeDelta::hours(hours));
    let facility = maker.events[arrival]["data"]["facility"].clone();
    let data = &mut maker.events[taper]["data"];
    data["setting"] = "prison".into();
    data["goal"] = "detoxification".into();
    data["facility"] = facility;
}

fn product(maker: &mut Maker) -> &'static str {
    let usual = maker.product;
    if maker.rng.chance(93) {
        return usual;
    }
    maker.rng.pick(&["methadone", "buprenorphine", "buprenorphineNaloxone"])
}

/// A form of a product with its interval; now and then of another product.
fn form(maker: &mut Maker, product: &str) -> (&'static str, i64) {
    let forms: &[(&str, i64)] = match product {
        _ if maker.rng.chance(3) => &[("oralSolution", 1), ("sublingual", 1), ("depotWeekly", 7)],
        "methadone" => &[("oralSolution", 1)],
        "buprenorphine" => {
            &[("sublingual", 1), ("sublingual", 1), ("depotWeekly", 7), ("depotMonthly", 28)]
        }
        _ => &[("sublingual", 1)],
    };
    maker.rng.one(forms)
}

fn amount(maker: &mut Maker, product: &str, interval: i64) -> i64 {
    match (product, interval) {
        _ if maker.rng.chance(2) => maker.rng.one(&[100, 1_000_000]),
        ("methadone", _) => maker.rng.one(&[60_000, 60_000, 60_000, 50_000, 80_000, 40_000]),
        ("buprenorphine", 7) => maker.rng.one(&[16_000, 24_000]),
        ("buprenorphine", 28) => maker.rng.one(&[64_000, 96_000]),
        _ => maker.rng.one(&[8_000, 8_000, 8_000, 12_000, 4_000, 16_000]),
    }
}

fn prescription(maker: &mut Maker) -> &'static str {
    maker.rng.pick(&["r1", "r1", "r1", "r2", "r2", "r3"])
}

fn place(maker: &mut Maker) -> (&'static str, &'static str) {
    maker.rng.one(&[
        ("prison", "gent"),
        ("prison", "gent"),
        ("prison", "gent"),
        ("prison", "brugge"),
        ("community", "msoc"),
        ("community", "msoc"),
        ("community", "cgg"),
        ("residential", "deKiem"),
    ])
}

fn last_dose(maker: &mut Maker, at: DateTime<Utc>) -> Value {
    let earlier: Vec<DateTime<Utc>> =
        maker.doses.iter().copied().filter(|dose| *dose <= at).collect();
    if let Some(last) = earlier.iter().max().copied().filter(|_| maker.rng.chance(55)) {
        let minutes = maker.rng.one(&[0, 0, 0, 20, 30, 31]);
        return written(last + TimeDelta::minutes(minutes));
    }
    if maker.rng.chance(3) {
        return "1899-12-30T00:00:00Z".into();
    }
    let hours = maker.rng.one(&[-3, 0, 1, 3, 20, 24, 24, 30, 48, 72, 24 * 20, 24 * 28, 24 * 31]);
    written(at - TimeDelta::hours(hours))
}

pub fn data(maker: &mut Maker, kind: &str, at: DateTime<Utc>) -> Value {
    match kind {
        "substitution.doseContinued" => dose(maker),
        "substitution.prescribed" => prescribed(maker),
        "substitution.verified" => {
            let product = product(maker);
            let (form, days) = form(maker, product);
            json!({"product": product, "formulation": form, "intervalDays": days,
                "doseMicrograms": amount(maker, product, days),
                "lastDoseAt": last_dose(maker, at), "provider": maker.rng.pick(&RECEIVERS)})
        }
        "substitution.doseWithheld" => {
            let reasons =
                ["refused", "refused", "refused", "noShow", "strike", "courtTransfer", "stock"];
            let mut data = json!({"reason": maker.rng.pick(&reasons)});
            let (product, prescription) = (product(maker), prescription(maker));
            maker.maybe(&mut data, 15, "product", product);
            maker.maybe(&mut data, 10, "prescription", prescription);
            data
        }
        "substitution.doseChanged" => {
            let product = product(maker);
            let (from, to) = (amount(maker, product, 1), amount(maker, product, 1));
            let mut data = json!({"fromMicrograms": from, "toMicrograms": to,
                "initiatedBy": "prescriber"});
            let prescription = prescription(maker);
            maker.maybe(&mut data, 60, "prescription", prescription);
            maker.maybe(&mut data, 40, "product", product);
            data
        }
        "substitution.stopped" => stopped(maker),
        "substitution.handoverSent" => {
            let product = product(maker);
            json!({"handover": maker.rng.pick(&["h1", "h2", "h3"]),
                "toProvider": maker.rng.pick(&RECEIVERS), "product": product,
                "doseMicrograms": amount(maker, product, 1), "lastDoseAt": last_dose(maker, at),
                "bridgingDays": maker.rng.one(&[0, 0, 0, 1, 3])})
        }
        _ => json!({"handover": maker.rng.pick(&["h1", "h2", "h3"])}),
    }
}

fn dose(maker: &mut Maker) -> Value {
    let product = product(maker);
    let (form, days) = form(maker, product);
    let (setting, facility) = place(maker);
    let mut data = json!({"product": product, "doseMicrograms": amount(maker, product, days),
        "setting": setting, "facility": facility});
    let prescription = prescription(maker);
    let home = maker.rng.one(&[1, 2, 3, 7]);
    let named = if days > 1 { 85 } else { 35 };
    maker.maybe(&mut data, named, "formulation", form);
    maker.maybe(&mut data, 10, "intervalDays", days);
    maker.maybe(&mut data, 30, "prescription", prescription);
    if setting != "prison" {
        maker.maybe(&mut data, 35, "takeHomeDays", home);
    } else {
        maker.maybe(&mut data, 4, "takeHomeDays", home);
    }
    data
}

fn prescribed(maker: &mut Maker) -> Value {
    let product = product(maker);
    let (form, days) = form(maker, product);
    let (setting, facility) = place(maker);
    let mut data = json!({"prescription": prescription(maker), "product": product,
        "formulation": form, "doseMicrograms": amount(maker, product, days),
        "intervalDays": days, "setting": setting,
        "goal": maker.rng.pick(&["maintenance", "maintenance", "detoxification"])});
    if setting == "prison" || maker.rng.chance(30) {
        data["facility"] = facility.into();
    }
    let n = maker.rng.one(&[2, 2, 3, 4, 1]);
    maker.maybe(&mut data, 15, "dosesPerDay", n);
    data
}

fn stopped(maker: &mut Maker) -> Value {
    let reasons =
        ["planned", "planned", "client", "forced", "forced", "transfer", "release", "death"];
    let mut data = json!({"reason": maker.rng.pick(&reasons)});
    let (product, prescription) = (product(maker), prescription(maker));
    maker.maybe(&mut data, 35, "prescription", prescription);
    maker.maybe(&mut data, 15, "product", product);
    data
}
