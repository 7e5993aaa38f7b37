//! Products, their forms and ranges, and the interval of whatever is told of a product.
//! Always: a form or an interval that a product does not have is read as one day.

use super::record::{Key, Rec};
use super::world::World;

/// The interval of a form, if the product has it.
pub fn form_interval(product: &str, form: &str) -> Option<i64> {
    match (product, form) {
        ("methadone", "oralSolution") => Some(1),
        ("buprenorphine" | "buprenorphineNaloxone", "sublingual") => Some(1),
        ("buprenorphine", "depotWeekly") => Some(7),
        ("buprenorphine", "depotMonthly") => Some(28),
        _ => None,
    }
}

/// Whether a product has a form of an interval.
pub fn has_interval(product: &str, days: i64) -> bool {
    days == 1 || product == "buprenorphine" && (days == 7 || days == 28)
}

/// Whether an amount is in the range of a product given at an interval.
pub fn in_range(product: &str, interval: i64, amount: i64) -> bool {
    let range = match (product, interval) {
        ("methadone", _) => 1_000..=200_000,
        ("buprenorphine", 7) => 8_000..=32_000,
        ("buprenorphine", 28) => 64_000..=160_000,
        _ => 200..=32_000,
    };
    range.contains(&amount)
}

/// The interval of a prescription or a verification, by its form.
pub fn stated_interval(rec: &Rec) -> i64 {
    let product = rec.text("product").expect("a product");
    let form = rec.text("formulation").expect("a form");
    form_interval(product, form).unwrap_or(1)
}

/// The prescription with an id, whenever it was written: the last record counts.
pub fn known_prescription(w: &World, key: &Key) -> Option<usize> {
    let of = |rec: &Rec| rec.key("prescription").as_ref() == Some(key);
    w.of("substitution.prescribed").rfind(|(_, rec)| of(rec)).map(|(place, _)| place)
}

/// The prescription that a record names, if it is known.
pub fn named_prescription(w: &World, rec: &Rec) -> Option<usize> {
    known_prescription(w, &rec.key("prescription")?)
}

/// The interval told of a product by a form or in days; none if neither is told.
pub fn told_interval(product: &str, form: Option<&str>, days: Option<i64>) -> Option<i64> {
    if let Some(form) = form {
        return Some(form_interval(product, form).unwrap_or(1));
    }
    days.map(|days| if has_interval(product, days) { days } else { 1 })
}

/// The interval of a record that tells neither form nor interval.
pub fn guessed_interval(w: &World, place: usize) -> i64 {
    let rec = &w.recs[place];
    let product = rec.text("product").expect("a product");
    let of = |other: &Rec| other.text("product") == Some(product);
    let named = named_prescription(w, rec).map(|place| &w.recs[place]);
    let mut prescribed = w.of("substitution.prescribed").map(|(_, other)| other);
    let last = || prescribed.rfind(|other| of(other) && other.time <= rec.time);
    let verified = || {
        let mut all = w.of("substitution.verified").filter(|(other, _)| *other < place);
        all.rfind(|(_, other)| of(other)).map(|(_, other)| other)
    };
    let days = named.or_else(last).or_else(verified).map_or(1, stated_interval);
    if has_interval(product, days) { days } else { 1 }
}
