//! Modalities with their decisions, ends, windows and suspensions.
//! Always: modalities stand in the order of `startsOn`, then of their grants; of two grants of one
//! modality the earliest counts.
//! Rules: "Sets" of the credit rules, E, W and S.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::custody::{CustodyDates, Detention};
use super::records::CreditRecords;
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::time::dates::{DateRun, DateSet, day_before};
use crate::domain::vocabulary::choice::{ModalityKind, ReleaseReason};
use crate::domain::vocabulary::fact::{Fact, Granted, Id, Revoked};

/// A revocation, with the date on which it takes effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Revocation<'a> {
    pub record: DatedFact<'a>,
    pub revoked: &'a Revoked,
    pub effective_on: NaiveDate,
    /// The restoration after the revocation, which takes every effect away.
    pub restored_by: Option<DatedFact<'a>>,
}

/// A suspension: from its date to the day before it is lifted, at most to the end of the modality.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspension<'a> {
    pub record: DatedFact<'a>,
    pub lifted_by: Option<DatedFact<'a>>,
    pub run: DateRun,
}

/// What the records say of one modality.
#[derive(Debug)]
pub(super) struct Modality<'a> {
    pub id: ScopedId<'a>,
    /// The earliest grant.
    pub grant: DatedFact<'a>,
    pub granted: &'a Granted,
    pub starts_on: NaiveDate,
    /// All records about this modality, in order.
    pub records: Vec<DatedFact<'a>>,
    /// All revocations, restored ones too.
    pub all_revocations: Vec<Revocation<'a>>,
}

impl<'a> Modality<'a> {
    pub fn kind(&self) -> ModalityKind {
        self.granted.kind
    }

    pub fn code(&self) -> &'a Id {
        self.id.id
    }

    /// The revocations that have an effect, come or not.
    pub fn revocations(&self) -> impl Iterator<Item = &Revocation<'a>> {
        self.all_revocations.iter().filter(|revocation| revocation.restored_by.is_none())
    }

    /// The first date on which a revocation takes effect, if that date is not after `at`.
    pub fn revoked_on(&self, at: NaiveDate) -> Option<NaiveDate> {
        self.revocations().map(|r| r.effective_on).filter(|on| *on <= at).min()
    }

    /// The records that end the modality, in order.
    fn ended(&self) -> impl Iterator<Item = DatedFact<'a>> {
        let ended = |record: &&DatedFact| matches!(record.fact, Fact::ModalityEnded(_));
        self.records.iter().filter(ended).copied()
    }

    /// The records that keep this modality from replacing an earlier one: a revocation that takes
    /// effect on or before its own start, or an end before it.
    fn never_began(&self) -> impl Iterator<Item = DatedFact<'a>> {
        let revoked = self.revocations().filter(|r| r.effective_on <= self.starts_on);
        let ended = self.ended().filter(|ended| ended.date < self.starts_on);
        revoked.map(|revocation| revocation.record).chain(ended)
    }
}

/// Gathers the modalities that were granted.
pub(super) fn modalities<'a>(records: &[DatedFact<'a>]) -> Vec<Modality<'a>> {
    let mut by_id: BTreeMap<ScopedId, Vec<DatedFact>> = BTreeMap::new();
    for record in records {
        if let Some(id) = record.modality() {
            by_id.entry(id).or_default().push(*record);
        }
    }
    let mut modalities: Vec<Modality> = by_id
        .into_iter()
        .filter_map(|(id, records)| {
            let (grant, granted) = records.iter().find_map(|record| match record.fact {
                Fact::Granted(granted) => Some((*record, granted)),
                _ => None,
            })?;
            let starts_on = granted.starts_on.unwrap_or(grant.date);
            let all_revocations = revocations(&records);
            Some(Modality { id, grant, granted, starts_on, records, all_revocations })
        })
        .collect();
    modalities.sort_by_key(|modality| (modality.starts_on, modality.grant.place));
    modalities
}

fn revocations<'a>(records: &[DatedFact<'a>]) -> Vec<Revocation<'a>> {
    let restored = |record: &&DatedFact| matches!(record.fact, Fact::Restored(_));
    let revocation = |record: &DatedFact<'a>| {
        let Fact::Revoked(revoked) = record.fact else { return None };
        let after = records.iter().filter(restored).find(|other| other.place > record.place);
        Some(Revocation {
            record: *record,
            revoked,
            effective_on: revoked.effective_on.unwrap_or(record.date),
            restored_by: after.copied(),
        })
    };
    records.iter().filter_map(revocation).collect()
}

/// Why a modality ends on E.
#[derive(Debug, Clone, Copy)]
pub(super) enum EndCause<'a> {
    Revoked(DatedFact<'a>),
    Ended(DatedFact<'a>),
    FinalRelease(DatedFact<'a>),
    /// The next modality, as an index.
    Replaced(usize),
}

/// The end of a modality, and what else bounds its day book.
#[derive(Debug)]
pub(super) struct ModalityEnd<'a> {
    /// The date E.
    pub on: NaiveDate,
    /// Everything that falls on E; empty: nothing has ended the modality by `at`.
    pub causes: Vec<EndCause<'a>>,
    /// The next modality that replaces this one, if it has begun by `at`, as an index.
    pub next: Option<usize>,
    /// The records that keep other modalities from replacing this one, each with the date on which
    /// that modality would have begun.
    pub never_began: Vec<(NaiveDate, DatedFact<'a>)>,
    /// The first final release after the start.
    pub final_release: Option<DatedFact<'a>>,
}

impl<'a> ModalityEnd<'a> {
    /// The records that the end is from.
    pub fn records(&self) -> impl Iterator<Item = DatedFact<'a>> {
        self.causes.iter().filter_map(|cause| match cause {
            EndCause::Revoked(record)
            | EndCause::Ended(record)
            | EndCause::FinalRelease(record) => Some(*record),
            EndCause::Replaced(_) => None,
        })
    }

    pub fn is_from_revocation(&self) -> bool {
        self.causes.iter().any(|cause| matches!(cause, EndCause::Revoked(_)))
    }

    pub fn is_from_modality(&self) -> bool {
        self.causes.iter().any(|cause| matches!(cause, EndCause::Replaced(_)))
    }

    /// Whether the end is from a final release or from a record that ends the modality.
    pub fn is_from_end(&self) -> bool {
        let ends =
            |cause: &EndCause| matches!(cause, EndCause::Ended(_) | EndCause::FinalRelease(_));
        self.causes.iter().any(ends)
    }
}

/// The end of the modality at `index`.
pub(super) fn end<'a>(
    modalities: &[Modality<'a>],
    index: usize,
    custody: &CustodyDates<'a>,
    counted: &CreditRecords<'a>,
) -> ModalityEnd<'a> {
    let (modality, at) = (&modalities[index], counted.at);
    let later = (index + 1..modalities.len()).filter(|&next| modalities[next].starts_on <= at);
    let mut never_began = Vec::new();
    let next = later.clone().find(|&next| {
        let records: Vec<DatedFact> = modalities[next].never_began().collect();
        never_began.extend(records.iter().map(|record| (modalities[next].starts_on, *record)));
        records.is_empty()
    });
    let releases = &custody.final_releases;
    let after = releases.partition_point(|release| release.date <= modality.starts_on);
    let final_release = releases.get(after).copied();
    let mut ends: Vec<(NaiveDate, EndCause)> = Vec::new();
    let revocations = modality.revocations().filter(|revocation| revocation.effective_on <= at);
    ends.extend(revocations.map(|r| (day_before(r.effective_on), EndCause::Revoked(r.record))));
    // An end counts once the day after it has come. Of several records that end the modality on one
    // date, the earliest alone is its end.
    let ended = modality.ended().next().filter(|ended| ended.date < at);
    ends.extend(ended.map(|ended| (ended.date, EndCause::Ended(ended))));
    let released = final_release.filter(|release| release.date < at);
    ends.extend(released.map(|release| (release.date, EndCause::FinalRelease(release))));
    let replaced = |next: usize| (day_before(modalities[next].starts_on), EndCause::Replaced(next));
    ends.extend(next.map(replaced));
    let on = ends.iter().map(|(on, _)| *on).min().unwrap_or(at);
    let causes = ends.into_iter().filter(|(end, _)| *end == on).map(|(_, cause)| cause).collect();
    ModalityEnd { on, causes, next, never_began, final_release }
}

/// One run of the window W. A run that a release opens again can adjoin the run before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WindowRun {
    pub run: DateRun,
    /// The detention after which the run opened again, as an index; `None`: the first run.
    pub reopened_after: Option<usize>,
}

/// The window of a modality.
#[derive(Debug, Default)]
pub(super) struct WindowRuns {
    pub runs: Vec<WindowRun>,
    pub dates: DateSet,
    /// The detention that closed the last run and after which none opened, as an index.
    pub closed_by: Option<usize>,
}

impl WindowRuns {
    /// The last date of W.
    pub fn last(&self) -> Option<NaiveDate> {
        self.runs.last().map(|window| window.run.last)
    }

    /// Whether the window reaches a date.
    pub fn reaches(&self, date: NaiveDate) -> bool {
        self.last() == Some(date)
    }
}

/// The window of a modality that ends on `end`.
pub(super) fn window(
    modality: &Modality<'_>,
    end: NaiveDate,
    detentions: &[Detention],
) -> WindowRuns {
    let mut runs: Vec<WindowRun> = Vec::new();
    let mut open = Some((modality.starts_on, None));
    let mut closed_by = None;
    let first = detentions.partition_point(|d| d.arrival.date < modality.starts_on);
    let closing = if modality.kind().is_lived_inside() { detentions.len() } else { first };
    for (index, detention) in detentions.iter().enumerate().skip(closing) {
        let Some((first, reopened_after)) = open.take() else { break };
        let run = DateRun { first, last: day_before(detention.run.first) };
        runs.push(WindowRun { run, reopened_after });
        let reopens = |reason| !closes_for_good(reason, modality.kind());
        match detention.release {
            Some((release, released)) if reopens(released.reason) => {
                open = Some((release.date, Some(index)));
            }
            _ => closed_by = Some(index),
        }
    }
    runs.extend(open.map(|(first, reopened_after)| WindowRun {
        run: DateRun { first, last: end },
        reopened_after,
    }));
    for window in &mut runs {
        window.run.last = window.run.last.min(end);
    }
    runs.retain(|window| window.run.first <= window.run.last);
    let dates = runs.iter().map(|window| window.run).collect();
    WindowRuns { runs, dates, closed_by }
}

/// Whether a release for this reason lets no run of the window open again.
fn closes_for_good(reason: ReleaseReason, kind: ModalityKind) -> bool {
    matches!(reason, ReleaseReason::SentenceEnd | ReleaseReason::Removal | ReleaseReason::Death)
        || reason.modality_kind().is_some_and(|other| other != kind)
}

/// The suspensions of a modality that ends on `end`.
pub(super) fn suspensions<'a>(modality: &Modality<'a>, end: NaiveDate) -> Vec<Suspension<'a>> {
    let lifts = |record: &&DatedFact| matches!(record.fact, Fact::SuspensionLifted(_));
    let suspension = |record: &DatedFact<'a>| {
        let Fact::ModalitySuspended(_) = record.fact else { return None };
        let mut lifts = modality.records.iter().filter(lifts);
        let lifted_by = lifts.find(|lift| lift.place > record.place).copied();
        let last = lifted_by.map_or(end, |lift| day_before(lift.date).min(end));
        Some(Suspension { record: *record, lifted_by, run: DateRun { first: record.date, last } })
    };
    modality.records.iter().filter_map(suspension).collect()
}
