//! Doses that contradict their product, their form, their prescription, or the doses before them.
//! Always: a true record is never refused; what looks wrong is told.
//! Rules: `implausibleDose`, `productMismatch`, `formMismatch` and `contradiction` in the section
//! "Findings" of the continuity rules.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{DatedFact, ScopedId, finding_about, set_instant};
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::trajectory::substitution::{
    FollowedSubstitution, Prescriptions, SubstitutionRecords, Telling, days_of,
};
use crate::domain::vocabulary::choice::{Formulation, Product};
use crate::domain::vocabulary::fact::{Fact, Id};

/// The findings about single records.
pub(super) fn of_records(
    records: &SubstitutionRecords,
    rules: &ContinuityRules,
    findings: &mut Vec<Finding>,
) {
    for record in &records.records {
        findings.extend(reported_later(record));
        findings.extend(form_mismatch(record, rules));
        findings.extend(product_mismatch(record, &records.prescriptions));
    }
    let doses = records.doses.iter().chain(&records.only_shown);
    let told = doses.flat_map(|dose| &dose.tellings).filter(|telling| {
        !is_in_range(telling.product, telling.interval_days, telling.micrograms, rules)
    });
    findings.extend(told.map(|telling| out_of_range(&telling.record)));
    for one in &records.prescriptions.all {
        let (prescribed, days) = (one.prescribed, days_of(one.prescribed, rules));
        if !is_in_range(prescribed.product, days, prescribed.dose_micrograms, rules) {
            findings.push(out_of_range(&one.record));
        }
    }
}

fn reported_later(record: &DatedFact) -> Option<Finding> {
    let last_dose_at = match record.fact {
        Fact::Verified(fact) => fact.last_dose_at,
        Fact::HandoverSent(fact) => fact.last_dose_at,
        _ => return None,
    };
    let last_dose_at = set_instant(last_dose_at.to_utc())?;
    (last_dose_at > record.instant).then(|| {
        let message = "The reported dose is later than the report; the time of the report counts.";
        finding_about(FindingCode::Contradiction, message, &[*record])
    })
}

fn form_mismatch(record: &DatedFact, rules: &ContinuityRules) -> Option<Finding> {
    let (product, form, days): (Product, Option<Formulation>, Option<u32>) = match record.fact {
        Fact::DoseContinued(fact) => (fact.product, fact.formulation, fact.interval_days),
        Fact::Prescribed(fact) => (fact.product, Some(fact.formulation), Some(fact.interval_days)),
        Fact::Verified(fact) => (fact.product, Some(fact.formulation), Some(fact.interval_days)),
        _ => return None,
    };
    let fits = match form.map(|form| rules.products.form(product, form)) {
        Some(None) => false,
        Some(Some(form)) => days.is_none_or(|days| days == form.interval_days),
        None => days.is_none_or(|days| rules.products.lasting(product, days).is_some()),
    };
    (!fits).then(|| {
        let message = "The form or the interval is not one of the product.";
        finding_about(FindingCode::FormMismatch, message, &[*record])
    })
}

fn product_mismatch<'a>(
    record: &DatedFact<'a>,
    prescriptions: &Prescriptions<'a>,
) -> Option<Finding> {
    let (product, named): (Option<Product>, &'a Option<Id>) = match record.fact {
        Fact::DoseContinued(fact) => (Some(fact.product), &fact.prescription),
        Fact::DoseWithheld(fact) => (fact.product, &fact.prescription),
        Fact::DoseChanged(fact) => (fact.product, &fact.prescription),
        Fact::SubstitutionStopped(fact) => (fact.product, &fact.prescription),
        _ => return None,
    };
    let named = prescriptions.named(named.as_ref().map(|id| record.scoped(id)))?;
    product.filter(|product| *product != named.prescribed.product).map(|_| {
        let message = "The record names a prescription of another product.";
        finding_about(FindingCode::ProductMismatch, message, &[*record, named.record])
    })
}

fn is_in_range(product: Product, days: u32, micrograms: u32, rules: &ContinuityRules) -> bool {
    let form = rules.products.lasting(product, days);
    form.is_none_or(|form| form.allows(micrograms))
}

fn out_of_range(record: &DatedFact) -> Finding {
    let message = "The amount is out of the range of its product and form.";
    finding_about(FindingCode::ImplausibleDose, message, &[*record])
}

/// The findings that compare a given dose with its prescription, and with the dose before it.
pub(super) fn compared(followed: &FollowedSubstitution, findings: &mut Vec<Finding>) {
    let rules = followed.now.rules;
    let mut changes = followed.now.records.changes.iter().peekable();
    // The amount of each prescription as its last change left it, and when it was changed.
    let mut changed: BTreeMap<ScopedId, (DateTime<Utc>, u32)> = BTreeMap::new();
    let mut last: BTreeMap<(Product, u32), (u32, DatedFact)> = BTreeMap::new();
    for dose in &followed.doses {
        while let Some((record, change)) = changes.next_if(|(one, _)| one.instant < dose.at) {
            let named = change.prescription.as_ref().map(|id| record.scoped(id));
            changed.extend(named.map(|id| (id, (record.instant, change.to_micrograms))));
        }
        let Telling { product, interval_days: days, micrograms, record, .. } = dose.best;
        let before = last.insert((product, days), (micrograms, record));
        let plausible = |micrograms| is_in_range(product, days, micrograms, rules);
        if dose.given.is_none() || !plausible(micrograms) {
            continue;
        }
        let ordered = dose.ordered.filter(|ordered| {
            let prescribed = ordered.prescribed;
            prescribed.product == product && days_of(prescribed, rules) == days
        });
        let ordered = ordered.map(|one| {
            let changed = changed.get(&one.id).filter(|(at, _)| *at >= one.record.instant);
            (changed.map_or(one.prescribed.dose_micrograms, |(_, to)| *to), one.record)
        });
        for (other, compared_with) in ordered.into_iter().chain(before) {
            if plausible(other) && is_far_off(micrograms, other, rules) {
                let message = "The dose is far from what it is compared with.";
                let code = FindingCode::ImplausibleDose;
                findings.push(finding_about(code, message, &[record, compared_with]));
            }
        }
    }
}

fn is_far_off(one: u32, other: u32, rules: &ContinuityRules) -> bool {
    let factor = rules.thresholds.implausible_factor.value;
    one.max(other) >= one.min(other).saturating_mul(factor)
}
