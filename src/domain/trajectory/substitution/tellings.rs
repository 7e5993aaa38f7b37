//! The doses, each once: several records may tell one dose.
//! Always: a dose has the instant of its first telling; what none of its tellings states is guessed
//! once.
//! Rules: "What counts" in the section "Substitution" of the continuity rules.

use std::cmp::Reverse;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};

use super::prescriptions::Prescriptions;
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::time::calendar::{date_of, days_after};
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::vocabulary::choice::{Formulation, Product, Setting};
use crate::domain::vocabulary::fact::{Code, Fact};

/// One record that tells a dose.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    pub record: DatedFact<'a>,
    /// When the dose was given, as this record tells it.
    pub at: DateTime<Utc>,
    /// Whether the record is of the provider who gave the dose.
    pub is_given: bool,
    pub product: Product,
    pub micrograms: u32,
    form: Option<Formulation>,
    stated_interval_days: Option<u32>,
    /// Days until the next dose; known once the dose is complete.
    pub interval_days: u32,
    pub setting: Option<Setting>,
    /// Where the dose was given; `None`: a handover does not say.
    pub place: Option<&'a Code>,
    /// Take-home or bridging days.
    pub days_handed_over: u32,
    /// The prescription that the record names.
    pub names: Option<ScopedId<'a>>,
}

impl<'a> Telling<'a> {
    /// The dose that a record tells, if it tells one.
    pub fn of(record: DatedFact<'a>) -> Option<Self> {
        let telling = |at, product, micrograms| Self {
            record,
            at,
            is_given: false,
            product,
            micrograms,
            form: None,
            stated_interval_days: None,
            interval_days: 1,
            setting: None,
            place: None,
            days_handed_over: 0,
            names: None,
        };
        // A dose is at most as late as its report.
        let reported = |at: DateTime<FixedOffset>| at.to_utc().min(record.instant);
        Some(match record.fact {
            Fact::DoseContinued(fact) => Self {
                is_given: true,
                form: fact.formulation,
                stated_interval_days: fact.interval_days,
                setting: Some(fact.setting),
                place: Some(&fact.facility),
                days_handed_over: fact.take_home_days.unwrap_or(0),
                names: fact.prescription.as_ref().map(|id| record.scoped(id)),
                ..telling(record.instant, fact.product, fact.dose_micrograms)
            },
            Fact::Verified(fact) => Self {
                form: Some(fact.formulation),
                stated_interval_days: Some(fact.interval_days),
                place: Some(&fact.provider),
                ..telling(reported(fact.last_dose_at), fact.product, fact.dose_micrograms)
            },
            Fact::HandoverSent(fact) => Self {
                days_handed_over: fact.bridging_days,
                ..telling(reported(fact.last_dose_at), fact.product, fact.dose_micrograms)
            },
            _ => return None,
        })
    }

    /// The end of what the dose covers as this record tells it, days handed over included.
    fn covers_until(&self) -> DateTime<Utc> {
        days_after(days_after(self.at, self.interval_days), self.days_handed_over)
    }

    /// Whether the dose is too long before its report to count in any course. So is a dose whose
    /// date was never set.
    fn is_only_shown(&self, rules: &ContinuityRules) -> bool {
        let limit = rules.thresholds.maintained_before_days.value;
        self.at < self.record.instant && days_after(self.at, limit) < self.record.instant
    }

    /// Whether this telling repeats an earlier one, if both are near each other.
    fn repeats(&self, earlier: &Self) -> bool {
        let sources = [self, earlier].map(|telling| &telling.record.item.event().key.source);
        let one_place = match (self.place, earlier.place) {
            (Some(here), Some(there)) => here == there,
            _ => true,
        };
        self.product == earlier.product && (one_place || sources[0] != sources[1])
    }
}

/// A dose with all records that tell it.
#[derive(Debug, Clone)]
pub struct ToldDose<'a> {
    pub at: DateTime<Utc>,
    pub date: NaiveDate,
    /// The tellings in order; at least one.
    pub tellings: Vec<Telling<'a>>,
    /// The telling whose cover ends last: all but the instant of the dose is as this one tells.
    pub best: Telling<'a>,
}

impl<'a> ToldDose<'a> {
    fn new(first: Telling<'a>) -> Self {
        let at = first.at;
        let date = if at == first.record.instant { first.record.date } else { date_of(at) };
        Self { at, date, tellings: vec![first], best: first }
    }

    /// The record of a provider who gave the dose: the best telling, else the first.
    pub fn given(&self) -> Option<DatedFact<'a>> {
        let mut tellings = [&self.best].into_iter().chain(&self.tellings);
        tellings.find(|telling| telling.is_given).map(|telling| telling.record)
    }

    /// Completes what a telling leaves out from the tellings that state it, the given ones first,
    /// and guesses an interval that none of them states.
    fn complete(&mut self, prescriptions: &Prescriptions<'a>, rules: &ContinuityRules) {
        let of =
            |is_given| self.tellings.iter().filter(move |telling| telling.is_given == is_given);
        let mut given_first = of(true).chain(of(false));
        let form = given_first.clone().find_map(|telling| telling.form);
        let stated = given_first.clone().find_map(|telling| telling.stated_interval_days);
        let setting = given_first.clone().find_map(|telling| telling.setting);
        let place = given_first.clone().find_map(|telling| telling.place);
        let Telling { record, product, names, .. } = *given_first.next().unwrap_or(&self.best);
        let guess = || prescriptions.guess_interval_days(&record, product, names, rules);
        for telling in &mut self.tellings {
            let days = match telling.form.or(form) {
                Some(form) => rules.products.days_of_form(product, form),
                None => telling.stated_interval_days.or(stated).unwrap_or_else(guess),
            };
            let known = rules.products.lasting(product, days);
            telling.interval_days = known.map_or(1, |form| form.interval_days);
            telling.setting = telling.setting.or(setting);
            telling.place = telling.place.or(place);
        }
        if let [only] = self.tellings[..] {
            self.best = only;
            return;
        }
        // Of equal covers the given telling counts, then the first.
        let cover = |telling: &&Telling| (Reverse(telling.covers_until()), !telling.is_given);
        self.best = *self.tellings.iter().min_by_key(cover).unwrap_or(&self.best);
    }
}

/// All doses in order, and the doses that are only shown.
pub fn told_doses<'a>(
    records: &[DatedFact<'a>],
    prescriptions: &Prescriptions<'a>,
    rules: &ContinuityRules,
) -> (Vec<ToldDose<'a>>, Vec<ToldDose<'a>>) {
    let mut tellings: Vec<Telling> = Vec::with_capacity(records.len());
    tellings.extend(records.iter().filter_map(|record| Telling::of(*record)));
    let shown = tellings.extract_if(.., |telling| telling.is_only_shown(rules));
    let mut shown: Vec<ToldDose> = shown.map(ToldDose::new).collect();
    tellings.sort_unstable_by_key(|telling| (telling.at, !telling.is_given, telling.record.place));
    let near = TimeDelta::minutes(rules.thresholds.same_dose_minutes.value.into());
    let mut doses: Vec<ToldDose> = Vec::with_capacity(tellings.len());
    for telling in tellings {
        let mut earlier = doses.iter_mut().rev().take_while(|dose| telling.at - dose.at <= near);
        match earlier.find(|dose| telling.repeats(&dose.tellings[0])) {
            Some(dose) => dose.tellings.push(telling),
            None => doses.push(ToldDose::new(telling)),
        }
    }
    doses.iter_mut().for_each(|dose| dose.complete(prescriptions, rules));
    doses.sort_unstable_by_key(|dose| (dose.at, dose.best.record.place));
    shown.iter_mut().for_each(|dose| dose.complete(prescriptions, rules));
    (doses, shown)
}
