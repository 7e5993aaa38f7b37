//! The dates on which the person was detained.
//! Always: the dates contain the first and the last date of each detention, and no date on which
//! the person was away all day because of an escape or a failure to return.
//! Rules: the set D in the header of `credit/mod.rs`; `modality` takes out the first date of each
//! window.

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
    /// The dates in detention. The first dates of windows, which D leaves out, are among them.
    pub dates_with_window_starts: DateSet,
    /// One span per detention: from the arrival to the release.
    pub spans: Vec<Span>,
    /// One span per escape or failure to return: the dates on which the person was away all day.
    pub away: Vec<Span>,
    /// The spans of `away`, grouped by the `detention` that the record names: the end of an
    /// absence from one detention does not end an absence from another.
    pub away_by_detention: Vec<Vec<Span>>,
    arrivals: Vec<(NaiveDate, RecordIndex)>,
    releases: Vec<(NaiveDate, RecordIndex)>,
}

impl Detention {
    /// The records that start or end a detention or an absence that shares a date with the run.
    pub fn records(&self, run: DateRun) -> impl Iterator<Item = RecordIndex> + '_ {
        let spans = self.spans.iter().chain(&self.away);
        spans.filter(move |span| span.run.meets(run)).flat_map(|span| &span.depends_on).copied()
    }

    /// The arrival that ends a modality that starts on this date: the first arrival on or after
    /// the date. An arrival on the date itself does not count if a release on that date follows.
    pub fn arrival_that_ends_modality(
        &self,
        starts_on: NaiveDate,
    ) -> Option<(NaiveDate, RecordIndex)> {
        let release = self.last_release_on(starts_on);
        let first = self.arrivals.partition_point(|(date, _)| *date < starts_on);
        self.arrivals[first..].iter().copied().find(|(date, arrival)| {
            *date > starts_on || release.is_none_or(|release| release < *arrival)
        })
    }

    /// The release that follows an arrival on this date, so that the arrival does not end a
    /// modality that starts on this date.
    pub fn release_after_arrival_on(&self, starts_on: NaiveDate) -> Option<RecordIndex> {
        let release = self.last_release_on(starts_on)?;
        let arrived =
            |(date, record): &(NaiveDate, RecordIndex)| *date == starts_on && *record < release;
        self.arrivals.iter().any(arrived).then_some(release)
    }

    fn last_release_on(&self, date: NaiveDate) -> Option<RecordIndex> {
        let released = self.releases.partition_point(|(other, _)| *other <= date);
        let last = self.releases[..released].last();
        last.filter(|(other, _)| *other == date).map(|(_, record)| *record)
    }
}

/// Derives the detentions from the arrivals, releases and absences.
pub(super) fn detention(timeline: &Timeline<'_>, findings: &mut Vec<Finding>) -> Detention {
    let mut builder = DetentionBuilder::default();
    for record in &timeline.records {
        match record.fact {
            Fact::Arrived(_) => builder.arrive(timeline, record, findings),
            Fact::Released(_) => builder.release(timeline, record, findings),
            Fact::AbsenceStarted(absence)
                if matches!(absence.kind, AbsenceKind::Escape | AbsenceKind::FailureToReturn) =>
            {
                builder.away.push((record.date, record.index, &absence.detention));
            }
            Fact::AbsenceEnded(end) => builder.end_absences(record, |of| *of == end.detention),
            _ => {}
        }
    }
    builder.finish(timeline.last_date)
}

/// The detentions and absences found so far, and those that are still running.
#[derive(Default)]
struct DetentionBuilder<'a> {
    /// The arrival of the detention that no record has ended so far.
    open: Option<(NaiveDate, RecordIndex)>,
    /// The absences that no record has ended so far: start date, start record, detention.
    away: Vec<(NaiveDate, RecordIndex, &'a Id)>,
    away_by_detention: BTreeMap<&'a Id, Vec<Span>>,
    result: Detention,
}

impl<'a> DetentionBuilder<'a> {
    fn arrive(
        &mut self,
        timeline: &Timeline<'_>,
        record: &TimelineRecord<'a>,
        findings: &mut Vec<Finding>,
    ) {
        self.result.arrivals.push((record.date, record.index));
        // An arrival also ends an absence, from whichever detention.
        let returns = !self.away.is_empty();
        self.end_absences(record, |_| true);
        match self.open {
            None => self.open = Some((record.date, record.index)),
            Some((since, first)) if !returns => findings.push(timeline.finding(
                FindingCode::ArrivalWithoutRelease,
                [first, record.index],
                format!(
                    "The person arrived on {} but was already detained since {since}; the arrival \
                     has no effect.",
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
        self.result.releases.push((record.date, record.index));
        self.end_absences(record, |_| true);
        match self.open.take() {
            Some((first, arrival)) => self.result.spans.push(Span {
                run: DateRun { first, last: record.date },
                depends_on: vec![arrival, record.index],
            }),
            None => findings.push(timeline.finding(
                FindingCode::ReleaseWithoutArrival,
                [record.index],
                format!(
                    "The person was released on {} but was not detained; the release has no \
                     effect.",
                    record.date
                ),
            )),
        }
    }

    /// Ends every running absence whose detention satisfies `ends`.
    fn end_absences(&mut self, record: &TimelineRecord<'_>, ends: impl Fn(&Id) -> bool) {
        let ended = &mut self.away_by_detention;
        self.away.retain(|(since, start, detention)| {
            if ends(detention) {
                let run = DateRun { first: day_after(*since), last: day_before(record.date) };
                let span = Span { run, depends_on: vec![*start, record.index] };
                ended.entry(detention).or_default().push(span);
            }
            !ends(detention)
        });
    }

    /// Ends every open detention and absence at the last date that counts.
    fn finish(mut self, last_date: NaiveDate) -> Detention {
        if let Some((first, arrival)) = self.open {
            let run = DateRun { first, last: last_date };
            self.result.spans.push(Span { run, depends_on: vec![arrival] });
        }
        for (since, start, detention) in self.away {
            let run = DateRun { first: day_after(since), last: last_date };
            let span = Span { run, depends_on: vec![start] };
            self.away_by_detention.entry(detention).or_default().push(span);
        }
        self.result.away_by_detention = self.away_by_detention.into_values().collect();
        self.result.away = self.result.away_by_detention.concat();
        self.result.away.sort_by_key(|span| span.run);
        self.result.dates_with_window_starts =
            Span::dates(&self.result.spans).minus(&Span::dates(&self.result.away));
        self.result
    }
}
