//! The modality of sentence execution that started last, if any.
//! Always: of several modalities only the one with the latest start counts, and an earlier one does
//! not come back. A modality granted twice counts once, as first granted.
//! Rules: the window W in the header of `domain/credit/mod.rs`, by instant rather than by date.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::clock::AnswerClock;
use super::records::{StatedFact, finding_about};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::Item;
use crate::domain::time::calendar;
use crate::domain::vocabulary::choice::ModalityKind;
use crate::domain::vocabulary::fact::{Fact, Granted, Id};

/// The modality that started last, with its state.
#[derive(Debug)]
pub struct LatestModality<'a> {
    /// The sender's id of the modality.
    pub id: &'a Id,
    /// The kind of modality.
    pub kind: ModalityKind,
    /// When the modality started.
    pub starts: DateTime<Utc>,
    /// Since when the modality is over; `None`: the modality is not over.
    pub over: Option<DateTime<Utc>>,
    /// Since when a suspension runs; `None`: no suspension runs.
    pub suspended: Option<DateTime<Utc>>,
    /// When the last suspension was lifted.
    pub lifted: Option<DateTime<Utc>>,
}

impl LatestModality<'_> {
    /// Whether the modality is not over; it may be suspended.
    pub fn in_force(&self) -> bool {
        self.over.is_none()
    }

    /// Whether the person sleeps in the institution.
    pub fn sleeps_inside(&self) -> bool {
        matches!(self.kind, ModalityKind::LimitedDetention | ModalityKind::TransitionHouse)
    }
}

/// The modality that started last, over or not.
pub fn latest<'a>(
    records: &[StatedFact<'a>],
    clock: &AnswerClock,
    findings: &mut Vec<Finding>,
) -> Option<LatestModality<'a>> {
    let grants = grants(records, findings);
    orphans(records, &grants, findings);
    let (item, granted) = grants
        .into_iter()
        .filter(|(item, granted)| clock.reached(start(item, granted)))
        .max_by_key(|(item, granted)| starts_on(item, granted))?;
    let over = ends(records, &granted.modality)
        .chain(return_to_prison(records, starts_on(item, granted)))
        .min()
        .filter(|over| clock.reached(*over));
    let (suspended, lifted) = suspension(records, &granted.modality);
    Some(LatestModality {
        id: &granted.modality,
        kind: granted.kind,
        starts: start(item, granted),
        over,
        suspended,
        lifted,
    })
}

/// The grants, each modality once.
fn grants<'a>(
    records: &[StatedFact<'a>],
    findings: &mut Vec<Finding>,
) -> Vec<(&'a Item, &'a Granted)> {
    let mut grants: Vec<(&Item, &Granted)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (item, fact) in records {
        let Fact::Granted(granted) = fact else { continue };
        if let Some(&place) = places.get(&granted.modality) {
            let (first, _): (&Item, &Granted) = grants[place];
            let message = "One modality has two grants; the earliest counts.";
            findings.push(finding_about(
                FindingCode::ModalityGrantedTwice,
                message,
                &[first, item],
            ));
            continue;
        }
        places.insert(&granted.modality, grants.len());
        grants.push((item, granted));
    }
    grants
}

/// Adds a finding for each record that suspends or ends a modality without a recorded grant.
fn orphans(records: &[StatedFact], grants: &[(&Item, &Granted)], findings: &mut Vec<Finding>) {
    let granted: HashSet<&Id> = grants.iter().map(|(_, granted)| &granted.modality).collect();
    for (item, fact) in records {
        let id = match fact {
            Fact::ModalitySuspended(fact) => &fact.modality,
            Fact::SuspensionLifted(fact) => &fact.modality,
            Fact::ModalityEnded(fact) => &fact.modality,
            Fact::Revoked(fact) => &fact.modality,
            _ => continue,
        };
        if !granted.contains(id) {
            let message = "A modality is suspended or ended, but its grant is not recorded.";
            findings.push(finding_about(FindingCode::BeginningMissing, message, &[item]));
        }
    }
}

/// The date on which a modality starts.
fn starts_on(item: &Item, granted: &Granted) -> NaiveDate {
    granted.starts_on.unwrap_or_else(|| item.date())
}

/// The instant at which a modality starts: the instant of the grant, or the start of another date
/// that the grant names.
fn start(item: &Item, granted: &Granted) -> DateTime<Utc> {
    match granted.starts_on {
        Some(date) if date != item.date() => calendar::start_of(date),
        _ => item.instant(),
    }
}

/// The instants at which the end and the revocations of a modality take effect.
fn ends<'a>(records: &[StatedFact<'a>], id: &Id) -> impl Iterator<Item = DateTime<Utc>> {
    records.iter().filter_map(move |(item, fact)| match fact {
        Fact::ModalityEnded(ended) if ended.modality == *id => Some(item.instant()),
        Fact::Revoked(revoked) if revoked.modality == *id => {
            Some(revoked.effective_on.map_or_else(|| item.instant(), calendar::start_of))
        }
        _ => None,
    })
}

/// The first arrival on or after a date. An arrival on the date itself is no return if a release on
/// that date follows.
fn return_to_prison(records: &[StatedFact], starts_on: NaiveDate) -> Option<DateTime<Utc>> {
    let last_release_that_day = records
        .iter()
        .filter(|(item, fact)| matches!(fact, Fact::Released(_)) && item.date() == starts_on)
        .map(|(item, _)| item.instant())
        .next_back();
    records
        .iter()
        .filter(|(item, fact)| matches!(fact, Fact::Arrived(_)) && item.date() >= starts_on)
        .map(|(item, _)| item.instant())
        .find(|arrival| last_release_that_day.is_none_or(|release| release <= *arrival))
}

/// Since when a suspension runs, or else when the last suspension was lifted. A suspension that is
/// lifted at the instant at which it begins does not run.
fn suspension(records: &[StatedFact], id: &Id) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    let (mut suspended, mut lifted) = (Vec::new(), Vec::new());
    for (item, fact) in records {
        match fact {
            Fact::ModalitySuspended(fact) if fact.modality == *id => suspended.push(item.instant()),
            Fact::SuspensionLifted(fact) if fact.modality == *id => lifted.push(item.instant()),
            _ => {}
        }
    }
    let last = suspended.last().copied();
    match lifted.iter().find(|lifted| last.is_some_and(|last| **lifted >= last)) {
        Some(lifted) => (None, Some(*lifted)),
        None => {
            let before = lifted.last().copied();
            (suspended.into_iter().find(|suspended| Some(*suspended) > before), None)
        }
    }
}
