//! The findings on doses: amounts, products, forms and reports (`continuity.md`, "Findings").
//! Always: an amount out of range is told, and neither compared nor compared with.

use super::clock::Instant;
use super::course::Substitution;
use super::custody::Finding;
use super::elements::What;
use super::products;
use super::record::Rec;

const IMPLAUSIBLE_FACTOR: i64 = 5;

pub fn findings(s: &Substitution) -> Vec<Finding> {
    let w = s.w;
    let mut found = Vec::new();
    for (place, rec) in w.folded() {
        if rec.instant("lastDoseAt").is_some_and(|told| told > rec.time) && is_report(rec) {
            found.push(("contradiction", vec![place]));
        }
        if is_form_mismatch(rec) {
            found.push(("formMismatch", vec![place]));
        }
        if !is_plausible(s, place) {
            found.push(("implausibleDose", vec![place]));
        }
        let names = [
            "substitution.doseContinued",
            "substitution.doseWithheld",
            "substitution.doseChanged",
            "substitution.stopped",
        ];
        if names.contains(&rec.kind.as_str())
            && let (Some(product), Some(named)) =
                (rec.text("product"), products::named_prescription(w, rec))
            && w.recs[named].text("product") != Some(product)
        {
            found.push(("productMismatch", vec![place, named]));
        }
    }
    for place in 0..s.all.len() {
        if matches!(s.all[place].what, What::Dose(_)) {
            found.extend(compared(s, place));
        }
    }
    found
}

fn is_report(rec: &Rec) -> bool {
    rec.is("substitution.verified") || rec.is("substitution.handoverSent")
}

fn is_form_mismatch(rec: &Rec) -> bool {
    let kinds = ["substitution.doseContinued", "substitution.prescribed", "substitution.verified"];
    if !kinds.contains(&rec.kind.as_str()) {
        return false;
    }
    let product = rec.text("product").expect("a product");
    let days = rec.number("intervalDays");
    match rec.text("formulation") {
        Some(form) => match products::form_interval(product, form) {
            None => true,
            Some(interval) => days.is_some_and(|days| days != interval),
        },
        None => days.is_some_and(|days| !products::has_interval(product, days)),
    }
}

/// The interval of a record that tells an amount; of a dose as its tellings together say.
fn interval(s: &Substitution, place: usize) -> Option<i64> {
    let tells = [
        "substitution.doseContinued",
        "substitution.prescribed",
        "substitution.verified",
        "substitution.handoverSent",
    ];
    let rec = &s.w.recs[place];
    if !tells.contains(&rec.kind.as_str()) {
        return None;
    }
    let mut tellings = s.all.iter().filter_map(|element| element.dose());
    let of_dose = tellings.find_map(|dose| dose.tellings.iter().find(|told| told.0 == place));
    let product = rec.text("product").expect("a product");
    let own = || {
        let days = rec.number("intervalDays");
        products::told_interval(product, rec.text("formulation"), days)
    };
    let of_dose = of_dose.map(|told| told.1).or_else(own);
    Some(of_dose.unwrap_or_else(|| products::guessed_interval(s.w, place)))
}

fn is_plausible(s: &Substitution, place: usize) -> bool {
    let Some(interval) = interval(s, place) else { return true };
    let rec = &s.w.recs[place];
    let amount = rec.number("doseMicrograms").expect("an amount");
    products::in_range(rec.text("product").expect("a product"), interval, amount)
}

/// A given dose beside its prescription and beside the dose before it.
fn compared(s: &Substitution, place: usize) -> Vec<Finding> {
    let w = s.w;
    let dose = s.dose(place).expect("a dose");
    let in_range = |amount: i64| products::in_range(&dose.product, dose.interval, amount);
    if !dose.is_given() || !in_range(dose.amount) {
        return Vec::new();
    }
    let mut others: Vec<(usize, i64)> = Vec::new();
    let named = dose.prescription.as_ref();
    let named = named.and_then(|key| products::known_prescription(w, key));
    let prescribed = named.or_else(|| {
        let list = s.up_to_with_prescriptions(place, false);
        s.in_force(&list, s.at(place)).map(|place| s.all[place].rec)
    });
    if let Some(rec) = prescribed {
        let prescription = &w.recs[rec];
        let is_of = prescription.text("product") == Some(dose.product.as_str())
            && products::stated_interval(prescription) == dose.interval;
        if is_of {
            others.push((rec, amount_left(s, prescription, s.at(place))));
        }
    }
    let before = (0..place).rev().find(|other| {
        s.dose(*other)
            .is_some_and(|other| other.product == dose.product && other.interval == dose.interval)
    });
    if let Some(before) = before {
        let before = s.dose(before).expect("a dose");
        others.push((before.rec, before.amount));
    }
    let differs = |(_, other): &(usize, i64)| {
        let (low, high) = (dose.amount.min(*other), dose.amount.max(*other));
        in_range(*other) && high >= low * IMPLAUSIBLE_FACTOR
    };
    let found = others.into_iter().filter(differs);
    found.map(|(other, _)| ("implausibleDose", vec![dose.rec, other])).collect()
}

/// The amount of a prescription as the last change of it before a dose left it.
fn amount_left(s: &Substitution, prescription: &Rec, dose_at: Instant) -> i64 {
    let key = prescription.key("prescription");
    let change = s.w.of("substitution.doseChanged").rfind(|(_, change)| {
        change.time < dose_at
            && change.key("prescription") == key
            && change.time >= prescription.time
    });
    let change = change.and_then(|(_, change)| change.number("toMicrograms"));
    change.or(prescription.number("doseMicrograms")).expect("an amount")
}
