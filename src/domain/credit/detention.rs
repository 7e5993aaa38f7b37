//! D: the dates on which the person was detained.
//! Always: D holds the first and the last date of each detention, and no date that lies wholly
//! inside an escape or a failure to return.
//! Rules: the row D of the table "Sets" of the credit rules.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::timeline::{RecordIndex, Span, Timeline, TimelineRecord};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::time::dates::{DateRun, DateSet, day_after, day_before};
use crate::domain::vocabulary::choice::AbsenceKind;
use crate::domain::vocabulary::fact::{Fact, Id};

/// The detentions of a person, and the absences that interrupt them.
#[derive(Debug, Default)]
pub(super) struct Detention {
    /// The dates in detention, with the first dates of modalities still among them.
    pub dates: DateSet,
    /// One span a detention: from the arrival to the release.
    pub spans: Vec<Span>,
    /// One span an escape or failure to return: the dates wholly inside.
    pub away: Vec<Span>,
    /// The spans of `away`, grouped by the `detention` that the record names: the end of an
    /// absence from one detention does not end an absence from another.
    pub away_from: Vec<Vec<Span>>,
    arrivals: Vec<(NaiveDate, RecordIndex)>,
    releases: Vec<(NaiveDate, RecordIndex)>,
}

impl Detention {
    /// The records that open or close a detention or an absence that shares a date with the run.
    pub fn records(&self, run: DateRun) -> impl Iterator<Item = RecordIndex> + '_ {
        let spans = self.spans.iter().chain(&self.away);
        spans.filter(move |span| span.run.meets(run)).flat_map(|span| &span.depends_on).copied()
    }

    /// The arrival that ends a modality that starts on this date: the first arrival on or after
    /// the date. An arrival on the date itself does not count if a release on that date follows.
    pub fn return_from(&self, starts_on: NaiveDate) -> Option<(NaiveDate, RecordIndex)> {
        let release = self.last_release_on(starts_on);
        let first = self.arrivals.partition_point(|(date, _)| *date < starts_on);
        self.arrivals[first..].iter().copied().find(|(date, arrival)| {
            *date > starts_on || release.is_none_or(|release| release < *arrival)
        })
    }

    /// The release that follows an arrival on this date, so that the arrival is no return.
    pub fn release_after_arrival_on(&self, starts_on: NaiveDate) -> Option<RecordIndex> {
        let release = self.last_release_on(starts_on)?;
        let arrived =
            |(date, place): &(NaiveDate, RecordIndex)| *date == starts_on && *place < release;
        self.arrivals.iter().any(arrived).then_some(release)
    }

    fn last_release_on(&self, date: NaiveDate) -> Option<RecordIndex> {
        let released = self.releases.partition_point(|(other, _)| *other <= date);
        let last = self.releases[..released].last();
        last.filter(|(other, _)| *other == date).map(|(_, place)| *place)
    }
}

/// Derives the detentions from the arrivals, releases and absences.
pub(super) fn detention(timeline: &Timeline<'_>, findings: &mut Vec<Finding>) -> Detention {
    let mut walk = Walk::default();
    for record in &timeline.records {
        match record.fact {
            Fact::Arrived(_) => walk.arrive(timeline, record, findings),
            Fact::Released(_) => walk.release(timeline, record, findings),
            Fact::AbsenceStarted(absence)
                if matches!(absence.kind, AbsenceKind::Escape | AbsenceKind::FailureToReturn) =>
            {
                walk.away.push((record.date, record.index, &absence.detention));
            }
            Fact::AbsenceEnded(end) => walk.back(record, |of| *of == end.detention),
            _ => {}
        }
    }
    walk.finish(timeline.at)
}

#[derive(Default)]
struct Walk<'a> {
    open: Option<(NaiveDate, RecordIndex)>,
    /// The absences that no record has ended so far: start date, start record, detention.
    away: Vec<(NaiveDate, RecordIndex, &'a Id)>,
    away_from: BTreeMap<&'a Id, Vec<Span>>,
    found: Detention,
}

impl<'a> Walk<'a> {
    fn arrive(
        &mut self,
        timeline: &Timeline<'_>,
        record: &TimelineRecord<'a>,
        findings: &mut Vec<Finding>,
    ) {
        self.found.arrivals.push((record.date, record.index));
        // By the rules an arrival also ends an absence.
        let returns = !self.away.is_empty();
        self.back(record, |_| true);
        match self.open {
            None => self.open = Some((record.date, record.index)),
            Some((since, first)) if !returns => findings.push(timeline.finding(
                FindingCode::ArrivalWithoutRelease,
                [first, record.index],
                format!(
                    "Arrived on {} while detained since {since}; it changes nothing.",
                    record.date
                ),
            )),
            Some(_) => {}
        }
    }

    fn release(
        &mut self,
        timeline: &Timeline<'_>,
        record: &TimelineRecord<'a>,
        findings: &mut Vec<Finding>,
    ) {
        self.found.releases.push((record.date, record.index));
        self.back(record, |_| true);
        match self.open.take() {
            Some((first, arrival)) => self.found.spans.push(Span {
                run: DateRun { first, last: record.date },
                depends_on: vec![arrival, record.index],
            }),
            None => findings.push(timeline.finding(
                FindingCode::ReleaseWithoutArrival,
                [record.index],
                format!("Released on {} while not detained; it changes nothing.", record.date),
            )),
        }
    }

    /// Ends every running absence whose detention satisfies `ends`.
    fn back(&mut self, record: &TimelineRecord<'_>, ends: impl Fn(&Id) -> bool) {
        let ended = &mut self.away_from;
        self.away.retain(|(since, start, detention)| {
            if ends(detention) {
                let run = DateRun { first: day_after(*since), last: day_before(record.date) };
                let span = Span { run, depends_on: vec![*start, record.index] };
                ended.entry(detention).or_default().push(span);
            }
            !ends(detention)
        });
    }

    /// Closes at the last date that counts whatever is still open.
    fn finish(mut self, at: NaiveDate) -> Detention {
        if let Some((first, arrival)) = self.open {
            let run = DateRun { first, last: at };
            self.found.spans.push(Span { run, depends_on: vec![arrival] });
        }
        for (since, start, detention) in self.away {
            let run = DateRun { first: day_after(since), last: at };
            let span = Span { run, depends_on: vec![start] };
            self.away_from.entry(detention).or_default().push(span);
        }
        self.found.away_from = self.away_from.into_values().collect();
        self.found.away = self.found.away_from.concat();
        self.found.away.sort_by_key(|span| span.run);
        self.found.dates = Span::dates(&self.found.spans).minus(&Span::dates(&self.found.away));
        self.found
    }
}
