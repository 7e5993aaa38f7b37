//! The section `substitution` (`continuity.md`, the table of its members).
//! Always: `none` has no other member; nothing is due or missed while stopped.

use serde_json::{Value, json};

use super::clock;
use super::course::Substitution;
use super::elements::{self, What};
use super::silence::Now;

/// What G calls for before the next dose of methadone.
pub fn review(s: &Substitution, now: &Now) -> Option<&'static str> {
    let has_faded = now.interruption().is_some_and(|found| found.faded.is_some());
    let asks = now.state == "interrupted" || now.state == "unknown" && has_faded;
    if !asks || s.product(&now.list).as_deref() != Some("methadone") {
        return None;
    }
    match now.g {
        5.. => Some("newInduction"),
        4 => Some("byPrescriber"),
        3 => Some("beforeNextDose"),
        _ => None,
    }
}

pub fn section(s: &Substitution, now: &Now) -> Value {
    if now.state == "none" {
        return json!({"state": "none"});
    }
    let is_stopped = now.state == "stopped" || s.w.death.is_some();
    let mut said = json!({"state": if is_stopped { "stopped" } else { now.state }});
    let product = s.product(&now.list);
    let in_force = s.in_force(&now.list, s.w.now);
    let amount = amount(s, now, product.as_deref());
    if let Some(product) = &product {
        said["product"] = product.as_str().into();
    }
    if let Some(place) = in_force {
        said["goal"] = s.rec(place).data["goal"].clone();
    }
    if let Some(amount) = amount {
        said["doseMicrograms"] = amount.into();
    }
    let n = in_force.map_or(1, |place| doses_a_day(s, place, product.as_deref()));
    if n > 1 {
        said["dosesPerDay"] = n.into();
        if let Some(amount) = amount {
            said["dayMicrograms"] = (n * amount).into();
        }
    }
    let doses = now.list.iter().filter(|place| s.dose(**place).is_some());
    let last = doses.map(|place| s.at(*place)).chain(elements::shown_only(s.w)).max();
    if let Some(last) = last {
        said["lastDoseAt"] = clock::text(last).into();
    }
    if is_stopped {
        return said;
    }
    if let Some(due) = now.due {
        said["nextDueBy"] = clock::text(due.at).into();
    }
    let (missed, not_offered) = withheld_dates(s, now);
    said["missedDays"] = missed.into();
    said["notOfferedDays"] = not_offered.into();
    if let Some(review) = review(s, now) {
        said["review"] = review.into();
    }
    said
}

/// The doses a day of the prescription in force, if it is of the product.
fn doses_a_day(s: &Substitution, prescription: usize, product: Option<&str>) -> i64 {
    let rec = s.rec(prescription);
    let is_depot = super::products::stated_interval(rec) > 1;
    if rec.text("product") != product || is_depot {
        return 1;
    }
    rec.number("dosesPerDay").unwrap_or(1)
}

/// The last amount of the product.
fn amount(s: &Substitution, now: &Now, product: Option<&str>) -> Option<i64> {
    now.list.iter().rev().find_map(|&place| {
        let rec = s.rec(place);
        match &s.all[place].what {
            What::Dose(dose) => (Some(dose.product.as_str()) == product
                && !is_within_earlier(s, place))
            .then_some(dose.amount),
            What::Prescription if rec.text("product") == product => rec.number("doseMicrograms"),
            What::Change if rec.text("product").is_none_or(|of| Some(of) == product) => {
                rec.number("toMicrograms")
            }
            _ => None,
        }
    })
}

/// Whether the whole cover of a dose, seen at it, lies in that of an earlier dose of its course.
fn is_within_earlier(s: &Substitution, place: usize) -> bool {
    let dose = s.dose(place).expect("a dose");
    let before: Vec<usize> = (0..place).collect();
    let end = s.cover_end(place, s.at(place));
    s.course(&before).iter().any(|other| {
        s.dose(*other).is_some_and(|earlier| earlier.product == dose.product)
            && s.cover_end(*other, s.at(place)) >= end
    })
}

/// The dates of doses missed, and of doses not offered, since the last dose.
fn withheld_dates(s: &Substitution, now: &Now) -> (usize, usize) {
    let is_missed = |place: usize| {
        let rec = s.rec(place);
        let why = rec.text("reason").or(rec.text("cause"));
        matches!(why, Some("refused" | "noShow" | "client"))
    };
    let count = |missed: bool| {
        let withheld = s.withheld_since(&now.list).into_iter();
        let of = withheld.filter(|place| is_missed(*place) == missed);
        let dates: std::collections::BTreeSet<_> =
            of.map(|place| clock::date(s.at(place))).collect();
        dates.len()
    };
    (count(true), count(false))
}
