//! Detentions, the title of each date in prison, and unlawful absences.
//! Always: an arrival while detained begins nothing, and a release by day ends nothing.
//! Rules: the sets A and D of the credit rules, and the title of a date of D.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::time::dates::{DateRun, DateSet, day_after, day_before};
use crate::domain::vocabulary::choice::LegalStatus;
use crate::domain::vocabulary::fact::{Fact, Released};

/// One detention: from the arrival that begins it to the release that ends it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Detention<'a> {
    pub arrival: DatedFact<'a>,
    /// The title under which the detention began.
    pub status: LegalStatus,
    pub release: Option<(DatedFact<'a>, &'a Released)>,
    /// The dates, both ends included. An open detention goes on to the last date that counts.
    pub run: DateRun,
}

/// Consecutive dates in prison under one title.
#[derive(Debug, Clone, Copy)]
pub(super) struct TitleRun<'a> {
    pub run: DateRun,
    pub title: LegalStatus,
    /// The detention, as an index into [`CustodyDates::detentions`].
    pub detention: usize,
    /// The change of title; `None`: the title is that of the arrival.
    pub changed_by: Option<DatedFact<'a>>,
}

/// An absence of an unlawful kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escape<'a> {
    pub start: DatedFact<'a>,
    pub end: Option<DatedFact<'a>>,
    /// The arrival of the detention in which the absence started; `None`: not detained then.
    pub detained_by: Option<DatedFact<'a>>,
    /// The dates after the first and before the last.
    pub run: DateRun,
}

/// The custody of a person.
#[derive(Debug, Default)]
pub(super) struct CustodyDates<'a> {
    /// The detentions, in order.
    pub detentions: Vec<Detention<'a>>,
    /// The title of each date in prison: of two detentions on one date, the later one's.
    pub titles: Vec<TitleRun<'a>>,
    /// The absences of unlawful kinds, in order.
    pub escapes: Vec<Escape<'a>>,
    /// The dates on which a detention ended.
    pub release_dates: DateSet,
    /// The dates of the detentions, escapes included.
    pub all_dates: DateSet,
    /// The final releases, in order.
    pub final_releases: Vec<DatedFact<'a>>,
}

impl<'a> CustodyDates<'a> {
    /// Reads the custody from records in their order.
    pub fn read(records: &[DatedFact<'a>], at: NaiveDate) -> Self {
        let mut custody = Self::default();
        let mut ends = AbsenceEnds::default();
        let mut starts: Vec<(DatedFact<'a>, bool, Option<DatedFact<'a>>)> = Vec::new();
        let mut detained_by: Option<DatedFact<'a>> = None;
        for record in records {
            match record.fact {
                Fact::Arrived(arrived) => {
                    ends.any.push(*record);
                    if detained_by.is_none() {
                        detained_by = Some(*record);
                        let run = DateRun { first: record.date, last: at };
                        let (arrival, status) = (*record, arrived.legal_status);
                        custody.detentions.push(Detention { arrival, status, release: None, run });
                    }
                }
                Fact::Released(released) => {
                    ends.any.push(*record);
                    if released.is_final_release() {
                        custody.final_releases.push(*record);
                    }
                    if !released.reason.is_by_day()
                        && detained_by.take().is_some()
                        && let Some(ended) = custody.detentions.last_mut()
                    {
                        ended.release = Some((*record, released));
                        ended.run.last = record.date;
                    }
                }
                Fact::AbsenceStarted(absence) => {
                    starts.push((*record, absence.kind.is_unlawful(), detained_by));
                }
                Fact::AbsenceEnded(absence) => {
                    let detention = record.scoped(&absence.detention);
                    ends.of_detention.entry(detention).or_default().push(*record);
                }
                _ => {}
            }
        }
        let released = custody.detentions.iter().filter_map(|detention| detention.release);
        custody.release_dates = released.map(|(release, _)| one_date(release.date)).collect();
        custody.all_dates = custody.detentions.iter().map(|detention| detention.run).collect();
        custody.titles = titles(records, &custody.detentions);
        custody.escapes = escapes(&starts, &ends, at);
        custody
    }

    /// The set A: the dates wholly inside an escape that starts while the person is detained or
    /// under a modality that is lived inside, whose dates are `inside`.
    pub fn away<'c>(&'c self, inside: &'c DateSet) -> impl Iterator<Item = &'c Escape<'a>> {
        let counts =
            |escape: &&Escape| escape.detained_by.is_some() || inside.contains(escape.start.date);
        self.escapes.iter().filter(counts)
    }
}

/// The run of one date.
pub(super) const fn one_date(date: NaiveDate) -> DateRun {
    DateRun { first: date, last: date }
}

/// The records that can end an absence, each list in order.
#[derive(Default)]
struct AbsenceEnds<'a> {
    /// Arrivals and releases, which end the absences of every detention.
    any: Vec<DatedFact<'a>>,
    of_detention: BTreeMap<ScopedId<'a>, Vec<DatedFact<'a>>>,
}

/// Until when the absences of one detention ran that were read so far.
struct EarlierAbsences {
    /// Of those that started before the latest instant of a start.
    before: DateTime<Utc>,
    latest_start: DateTime<Utc>,
    /// Of those that started at that instant.
    latest: DateTime<Utc>,
}

impl EarlierAbsences {
    const NONE: Self = Self {
        before: DateTime::<Utc>::MIN_UTC,
        latest_start: DateTime::<Utc>::MIN_UTC,
        latest: DateTime::<Utc>::MIN_UTC,
    };

    /// Whether an absence that started before this instant was still running at the instant.
    fn run_at(&mut self, instant: DateTime<Utc>) -> bool {
        if self.latest_start < instant {
            self.before = self.before.max(self.latest);
            (self.latest_start, self.latest) = (instant, DateTime::<Utc>::MIN_UTC);
        }
        instant <= self.before
    }
}

/// The absences of unlawful kinds with their ends.
fn escapes<'a>(
    starts: &[(DatedFact<'a>, bool, Option<DatedFact<'a>>)],
    ends: &AbsenceEnds<'a>,
    at: NaiveDate,
) -> Vec<Escape<'a>> {
    let mut earlier: BTreeMap<Option<ScopedId>, EarlierAbsences> = BTreeMap::new();
    let first_from = |ends: &[DatedFact<'a>], from: DateTime<Utc>, or_at_once: bool| {
        let is_over = |end: &DatedFact| end.instant < from || (end.instant == from && !or_at_once);
        ends.get(ends.partition_point(is_over)).copied()
    };
    let mut escapes = Vec::new();
    for (start, unlawful, detained_by) in starts {
        let instant = start.instant;
        let own = start.detention().and_then(|detention| ends.of_detention.get(&detention));
        let own = own.map_or(&[][..], Vec::as_slice);
        let earlier = earlier.entry(start.detention()).or_insert(EarlierAbsences::NONE);
        let own_end = first_from(own, instant, !earlier.run_at(instant));
        let end = own_end.into_iter().chain(first_from(&ends.any, instant, false));
        let end = end.min_by_key(|end| (end.instant, end.place));
        let until = end.map_or(DateTime::<Utc>::MAX_UTC, |end| end.instant);
        earlier.latest = earlier.latest.max(until);
        if *unlawful {
            let last = end.map_or(at, |end| day_before(end.date));
            let run = DateRun { first: day_after(start.date), last };
            escapes.push(Escape { start: *start, end, detained_by: *detained_by, run });
        }
    }
    escapes
}

/// The title of each date in prison.
fn titles<'a>(records: &[DatedFact<'a>], detentions: &[Detention<'a>]) -> Vec<TitleRun<'a>> {
    let changes: Vec<(DatedFact, LegalStatus)> = records
        .iter()
        .filter_map(|record| match record.fact {
            Fact::StatusChanged(change) => Some((*record, change.to)),
            _ => None,
        })
        .collect();
    let mut titles = Vec::new();
    for (index, detention) in detentions.iter().enumerate() {
        let next = detentions.get(index + 1);
        let last = next
            .map_or(detention.run.last, |next| detention.run.last.min(day_before(next.run.first)));
        let title_run =
            |run, title, changed_by| TitleRun { run, title, detention: index, changed_by };
        let mut open = title_run(DateRun { last, ..detention.run }, detention.status, None);
        let first = changes.partition_point(|(c, _)| c.instant < detention.arrival.instant);
        for (change, title) in changes[first..].iter().take_while(|(c, _)| c.date <= last) {
            let before = DateRun { last: day_before(change.date), ..open.run };
            titles.push(TitleRun { run: before, ..open });
            open = title_run(DateRun { first: change.date, last }, *title, Some(*change));
        }
        titles.push(open);
    }
    titles.retain(|title| title.run.first <= title.run.last);
    titles
}
