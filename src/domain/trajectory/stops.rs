//! The effect of a stop: a stop ends the substitution, or only a prescription that is replaced.
//! Always: a stop ends no substitution if the prescription it names was replaced before, or if
//! another prescription follows.
//! Form: `substitution` and `transitions` of the trajectory in the HTTP contract.

use chrono::{DateTime, Utc};

use super::doses::SubstitutionTimeline;
use crate::domain::history::Item;
use crate::domain::vocabulary::choice::{Product, StopReason};
use crate::domain::vocabulary::fact::{Prescribed, SubstitutionStopped};

/// The last stop, if neither a dose nor a prescription follows.
pub fn stop_in_force<'a>(
    timeline: &SubstitutionTimeline<'a>,
) -> Option<(&'a Item, &'a SubstitutionStopped)> {
    let (item, stop) =
        timeline.stops.iter().rfind(|(item, stop)| concerns_all(timeline, item, stop)).copied()?;
    let dosed = timeline.doses.last().is_some_and(|dose| dose.at > item.instant());
    let prescribed = timeline.prescriptions.iter().any(|order| is_after(order, item, stop));
    (!dosed && !prescribed).then_some((item, stop))
}

/// Whether the substitution was stopped between two instants for one of `reasons`, and nothing was
/// prescribed between the stop and the later instant.
pub fn ended_between(
    timeline: &SubstitutionTimeline,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    reasons: &[StopReason],
) -> bool {
    let first = timeline.stops.partition_point(|(item, _)| item.instant() < from);
    let stops = timeline.stops[first..].iter().take_while(|(item, _)| item.instant() <= to);
    let mut stops = stops.filter(|(_, stop)| reasons.contains(&stop.reason));
    stops.any(|(item, stop)| {
        let orders = &timeline.prescriptions;
        let next = orders.partition_point(|(order, _)| order.instant() < item.instant());
        let mut next = orders[next..].iter().take_while(|(order, _)| order.instant() <= to);
        concerns_all(timeline, item, stop) && !next.any(|order| is_after(order, item, stop))
    })
}

/// Whether a prescription comes after a stop. At one instant the prescription comes after the stop,
/// unless the stop names this prescription.
pub fn is_after(order: &(&Item, &Prescribed), item: &Item, stop: &SubstitutionStopped) -> bool {
    let another = stop.prescription.as_ref() != Some(&order.1.prescription);
    let (ordered, stopped) = (order.0.instant(), item.instant());
    ordered > stopped || (ordered == stopped && another)
}

/// Whether a stop ends the substitution as a whole. A stop does not if it names a prescription or
/// product that was replaced before.
pub fn concerns_all(
    timeline: &SubstitutionTimeline,
    item: &Item,
    stop: &SubstitutionStopped,
) -> bool {
    let stopped = item.instant();
    let orders = &timeline.prescriptions;
    let prescription =
        orders[..orders.partition_point(|(order, _)| order.instant() <= stopped)].last();
    let by_prescription = stop.prescription.as_ref().is_none_or(|named| {
        prescription.is_none_or(|(_, prescribed)| prescribed.prescription == *named)
    });
    let by_product = stop.product.is_none_or(|named| {
        product_at(timeline, Some(stopped)).is_none_or(|product| product == named)
    });
    by_prescription && by_product
}

/// The product of the last record up to an instant that names one.
pub fn product_at(
    timeline: &SubstitutionTimeline,
    until: Option<DateTime<Utc>>,
) -> Option<Product> {
    timeline
        .amounts
        .iter()
        .rfind(|(from, product, _)| product.is_some() && until.is_none_or(|until| *from <= until))
        .and_then(|(_, product, _)| *product)
}
