//! The substitution records of a person, sorted for the other files: doses, prescriptions, stops,
//! handovers, and doses that were not given.
//! Always: a dose was given, or a provider reports that it was given. A dose that nobody recorded
//! is never counted as missed.
//! Rules: `projections/rules/continuity.toml`.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};

use super::clock::hours_after;
use super::records::{StatedFact, finding_about};
use super::rules::{ContinuityRules, Threshold};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::Item;
use crate::domain::time::calendar::{self, days_after};
use crate::domain::vocabulary::choice::{
    Formulation, NotDeliveredCause, Product, Service, Setting, WithheldReason,
};
use crate::domain::vocabulary::fact::{
    DoseContinued, Fact, HandoverSent, Id, Prescribed, SubstitutionStopped,
};

/// The party that states a dose. If both state one dose, the later variant prevails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DoseSource {
    /// A provider who verified the dose, or who hands the person over.
    Reported,
    /// The provider who gave the dose.
    Given,
}

/// One dose that was given.
#[derive(Debug, Clone)]
pub struct Dose<'a> {
    /// When the dose was given.
    pub at: DateTime<Utc>,
    /// The party that states the dose.
    pub source: DoseSource,
    /// The record that states the dose.
    pub item: &'a Item,
    /// The product.
    pub product: Product,
    /// The amount.
    pub micrograms: u32,
    /// Days until the next dose is due.
    pub interval_days: u32,
    /// Further days covered by take-home or bridging doses.
    pub covered_days: u32,
    /// The prescription that the record names.
    pub prescription: Option<&'a Id>,
    /// The setting, if the provider who gave the dose states it.
    pub setting: Option<Setting>,
}

impl Dose<'_> {
    /// When the next dose is due.
    pub fn next_due(&self) -> DateTime<Utc> {
        days_after(self.at, self.interval_days.saturating_add(self.covered_days))
    }

    /// Days of leeway either side of the due time; `None` for a daily product, which has none.
    pub fn window_days(&self, rules: &ContinuityRules) -> Option<u32> {
        window(self.interval_days, rules).map(|window| window.value)
    }

    /// The last instant at which the next dose still continues the substitution.
    pub fn continuous_until(&self, rules: &ContinuityRules) -> DateTime<Utc> {
        match self.window_days(rules) {
            Some(days) => days_after(self.next_due(), days),
            None => hours_after(self.next_due(), rules.thresholds.interval_tolerance_hours.value),
        }
    }

    /// The civil date of the dose.
    pub fn date(&self) -> NaiveDate {
        calendar::date_of(self.at)
    }
}

/// The depot window of an interval; a daily product has none.
pub fn window(interval_days: u32, rules: &ContinuityRules) -> Option<&Threshold> {
    match interval_days {
        28.. => Some(&rules.thresholds.depot_monthly_window_days),
        7.. => Some(&rules.thresholds.depot_weekly_window_days),
        _ => None,
    }
}

/// The instant from which silence after a due time makes the substitution unknown.
pub fn silent_from(
    due: DateTime<Utc>,
    interval_days: u32,
    rules: &ContinuityRules,
) -> DateTime<Utc> {
    match window(interval_days, rules) {
        Some(window) => days_after(due, window.value),
        None => hours_after(due, rules.thresholds.overdue_limit_hours.value),
    }
}

/// The side that caused a due dose not to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The person refused or did not come.
    Missed,
    /// Everything else: strike, lockdown, staff, stock, court, clinical reasons.
    NotOffered,
}

/// A due dose that a record says was not given.
#[derive(Debug, Clone)]
pub struct Withheld<'a> {
    /// The record; its time is when the dose was due.
    pub item: &'a Item,
    /// The side that caused it.
    pub cause: Cause,
}

/// The substitution records of a person, each list in the order of time.
#[derive(Debug, Default)]
pub struct SubstitutionTimeline<'a> {
    /// Doses, in the order in which they were given.
    pub doses: Vec<Dose<'a>>,
    /// Doses that were due and not given.
    pub withheld: Vec<Withheld<'a>>,
    /// Prescriptions.
    pub prescriptions: Vec<(&'a Item, &'a Prescribed)>,
    /// The last record of each prescription.
    pub by_id: HashMap<&'a Id, (&'a Item, &'a Prescribed)>,
    /// Stops.
    pub stops: Vec<(&'a Item, &'a SubstitutionStopped)>,
    /// Handovers.
    pub handovers: Vec<(&'a Item, &'a HandoverSent)>,
    /// The ids of handovers that were sent.
    pub sent: HashSet<&'a Id>,
    /// When each handover was first confirmed.
    pub confirmed: HashMap<&'a Id, &'a Item>,
    /// Each amount that was given, prescribed or changed to: the instant from which the amount
    /// holds, the product, and the micrograms.
    pub amounts: Vec<(DateTime<Utc>, Option<Product>, u32)>,
    /// The last record of any kind about substitution.
    pub last: Option<&'a Item>,
}

impl<'a> SubstitutionTimeline<'a> {
    /// Reads the records in order.
    pub fn read(
        records: &[StatedFact<'a>],
        rules: &ContinuityRules,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut timeline = Self::default();
        for (item, fact) in records {
            timeline.take_orders(item, fact);
        }
        let mut verified: Vec<(Product, u32)> = Vec::new();
        for (item, fact) in records {
            match fact {
                Fact::Verified(fact) => verified.push((fact.product, fact.interval_days)),
                Fact::HandoverConfirmed(fact) => timeline.confirm(item, &fact.handover, findings),
                _ => {}
            }
            if let Some(dose) = timeline.dose(item, fact, &verified, rules, findings) {
                let product = Some(dose.product);
                timeline.amounts.push((dose.at, product, dose.micrograms));
                timeline.doses.push(dose);
            }
        }
        timeline.doses.sort_by_key(|dose| (dose.at, dose.source));
        timeline.doses = merged(timeline.doses);
        timeline.amounts.sort_by_key(|(from, ..)| *from);
        timeline
    }

    fn take_orders(&mut self, item: &'a Item, fact: &'a Fact) {
        match fact {
            Fact::Prescribed(fact) => {
                self.amounts.push((item.instant(), Some(fact.product), fact.dose_micrograms));
                self.prescriptions.push((item, fact));
                self.by_id.insert(&fact.prescription, (item, fact));
            }
            Fact::DoseChanged(fact) => {
                self.amounts.push((item.instant(), fact.product, fact.to_micrograms));
            }
            Fact::SubstitutionStopped(fact) => self.stops.push((item, fact)),
            Fact::HandoverSent(fact) => {
                self.sent.insert(&fact.handover);
                self.handovers.push((item, fact));
            }
            Fact::DoseWithheld(fact) => {
                self.withheld.push(Withheld { item, cause: cause(fact.reason) });
            }
            Fact::NotDelivered(fact) if fact.service == Some(Service::Substitution) => {
                let cause = match fact.cause {
                    NotDeliveredCause::Client => Cause::Missed,
                    _ => Cause::NotOffered,
                };
                self.withheld.push(Withheld { item, cause });
            }
            Fact::Verified(_) | Fact::DoseContinued(_) | Fact::HandoverConfirmed(_) => {}
            _ => return,
        }
        self.last = Some(item);
    }

    fn confirm(&mut self, item: &'a Item, handover: &'a Id, findings: &mut Vec<Finding>) {
        if self.sent.contains(handover) {
            self.confirmed.entry(handover).or_insert(item);
            return;
        }
        let message = "Confirms a handover that is not recorded as sent.";
        findings.push(finding_about(FindingCode::BeginningMissing, message, &[item]));
    }

    fn dose(
        &self,
        item: &'a Item,
        fact: &'a Fact,
        verified: &[(Product, u32)],
        rules: &ContinuityRules,
        findings: &mut Vec<Finding>,
    ) -> Option<Dose<'a>> {
        let interval = |product| {
            self.prescribed_interval_days(item, product)
                .or_else(|| last_of(verified, product))
                .unwrap_or(rules.thresholds.unstated_interval_days.value)
        };
        let source = DoseSource::Reported;
        let (covered_days, prescription, setting) = (0, None, None);
        match fact {
            Fact::DoseContinued(fact) => Some(Dose {
                at: item.instant(),
                source: DoseSource::Given,
                item,
                product: fact.product,
                micrograms: fact.dose_micrograms,
                interval_days: self
                    .stated_interval_days(fact)
                    .unwrap_or_else(|| interval(fact.product)),
                covered_days: fact.take_home_days.unwrap_or(0),
                prescription: fact.prescription.as_ref(),
                setting: Some(fact.setting),
            }),
            Fact::Verified(fact) => Some(Dose {
                at: reported(item, fact.last_dose_at, findings),
                source,
                item,
                product: fact.product,
                micrograms: fact.dose_micrograms,
                interval_days: fact.interval_days,
                covered_days,
                prescription,
                setting,
            }),
            Fact::HandoverSent(fact) => Some(Dose {
                at: reported(item, fact.last_dose_at, findings),
                source,
                item,
                product: fact.product,
                micrograms: fact.dose_micrograms,
                interval_days: interval(fact.product),
                covered_days: fact.bridging_days,
                prescription,
                setting,
            }),
            _ => None,
        }
    }

    /// The interval in days that the record of a dose states: as a number or, without one, by the
    /// form or, without a form, by the prescription. The form counts before the prescription: a
    /// tablet that bridges to a prescribed depot does not last as long as the depot.
    fn stated_interval_days(&self, dose: &DoseContinued) -> Option<u32> {
        let by_form = dose.formulation.map(|form| match form {
            Formulation::OralSolution | Formulation::Sublingual => 1,
            Formulation::DepotWeekly => 7,
            Formulation::DepotMonthly => 28,
        });
        let named = dose.prescription.as_ref().and_then(|id| self.by_id.get(id));
        dose.interval_days.or(by_form).or(named.map(|(_, prescribed)| prescribed.interval_days))
    }

    /// The interval in days of the last prescription of a product up to the time of a record.
    fn prescribed_interval_days(&self, item: &Item, product: Product) -> Option<u32> {
        let until = item.instant();
        let earlier = self.prescriptions.partition_point(|(order, _)| order.instant() <= until);
        self.prescriptions[..earlier]
            .iter()
            .rfind(|(_, prescribed)| prescribed.product == product)
            .map(|(_, prescribed)| prescribed.interval_days)
    }

    /// The last dose up to an instant.
    pub fn last_dose(&self, until: DateTime<Utc>) -> Option<&Dose<'a>> {
        self.doses[..self.doses.partition_point(|dose| dose.at <= until)].last()
    }

    /// The first dose after an instant.
    pub fn first_dose(&self, after: DateTime<Utc>) -> Option<&Dose<'a>> {
        self.doses.get(self.doses.partition_point(|dose| dose.at <= after))
    }

    /// Whether the side that receives the person gave the next dose in time, after the move or
    /// handover `from`.
    pub fn is_taken_over(&self, from: &Item, sent: &HandoverSent, rules: &ContinuityRules) -> bool {
        let Some(before) = self.last_dose(from.instant()) else { return false };
        let until = before.continuous_until(rules);
        let there = |given: &DoseContinued| match &from.fact {
            _ if given.facility == sent.to_provider => true,
            Some(Fact::Transferred(moved)) => given.facility == moved.to,
            Some(Fact::Released(_)) => given.setting != Setting::Prison,
            _ => false,
        };
        let first = self.doses.partition_point(|dose| dose.at <= from.instant());
        let mut later = self.doses[first..].iter().take_while(|dose| dose.at <= until);
        later.any(|dose| match &dose.item.fact {
            Some(Fact::DoseContinued(given)) => there(given),
            _ => false,
        })
    }
}

/// Merges the records of one dose: the record of the provider who gave the dose prevails, and the
/// longest cover counts.
fn merged(doses: Vec<Dose<'_>>) -> Vec<Dose<'_>> {
    let mut merged: Vec<Dose> = Vec::with_capacity(doses.len());
    for mut dose in doses {
        if let Some(last) = merged.pop_if(|last| last.at == dose.at) {
            dose.covered_days = dose.covered_days.max(last.covered_days);
        }
        merged.push(dose);
    }
    merged
}

fn last_of(verified: &[(Product, u32)], product: Product) -> Option<u32> {
    verified.iter().rfind(|(named, _)| *named == product).map(|(_, days)| *days)
}

/// When a reported dose was given. A time after the reporting record is replaced by the time of
/// that record.
fn reported(
    item: &Item,
    last_dose_at: DateTime<FixedOffset>,
    findings: &mut Vec<Finding>,
) -> DateTime<Utc> {
    let reported_at = item.instant();
    if last_dose_at.to_utc() > reported_at {
        let message = "The reported dose is later than the report; the time of the report counts.";
        findings.push(finding_about(FindingCode::Contradiction, message, &[item]));
    }
    reported_at.min(last_dose_at.to_utc())
}

/// The side that caused a reason: a person refuses or misses only a dose that was offered.
fn cause(reason: WithheldReason) -> Cause {
    match reason {
        WithheldReason::Refused | WithheldReason::NoShow => Cause::Missed,
        _ => Cause::NotOffered,
    }
}
