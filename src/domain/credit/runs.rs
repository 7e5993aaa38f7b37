//! For each reading: the dates that it counts and the dates that it excludes, as runs, each with
//! its reason and the records it depends on.
//! Always: the runs of one list do not overlap, and together they cover all dates of the list. Each
//! run lists every record it depends on, except corrections. A run of an absence or a closing date
//! also depends on there being no other stay that covers the date; no record states this, so the
//! run lists none for it.
//! Rules: the sets in the header of `credit/mod.rs`. A run depends on the records that start and
//! end each window, presence, detention, suspension or absence around the run, and on the records
//! that ended whatever would otherwise cover the run.

use chrono::NaiveDate;

use super::answer::{DayReason, DayRun};
use super::detention::Detention;
use super::modality::DatedModality;
use super::timeline::{RecordIndex, Span, Timeline};
use super::treatment::{OldPresence, OldPresenceEnd};
use crate::domain::time::dates::{DateRun, DateSet};

/// The four lists of runs of one modality.
pub(super) struct DayRuns {
    pub compliant: Vec<DayRun>,
    pub not_compliant: Vec<DayRun>,
    pub in_treatment: Vec<DayRun>,
    pub not_in_treatment: Vec<DayRun>,
}

/// All presences of a person with their absences and closings, prepared once for all modalities.
pub(super) struct Presences {
    spans: Vec<Span>,
    /// For each span of `spans`, the records that ended its unauthorised absences.
    absence_ends_by_span: Vec<SpanEnds>,
    absences: Vec<Span>,
    closings: Vec<Span>,
    covered: DateSet,
    absent: DateSet,
    present: DateSet,
}

impl Presences {
    pub fn new<'p, 'a: 'p>(presences: impl Iterator<Item = &'p OldPresence<'a>>) -> Self {
        let mut presences: Vec<&OldPresence> = presences.collect();
        presences.sort_by_key(|presence| presence.run);
        let closing = |p: &&OldPresence| match p.end {
            OldPresenceEnd::Closed(closing) => {
                let run = DateRun { first: p.run.last, last: p.run.last };
                Some(Span { run, depends_on: vec![closing] })
            }
            OldPresenceEnd::NotClosed(_) | OldPresenceEnd::Open => None,
        };
        let all = || presences.iter();
        let spans: Vec<Span> = all().map(|p| p.span()).collect();
        let absences = in_order(all().flat_map(|p| p.absences.iter().cloned()));
        Self {
            absence_ends_by_span: all().map(|p| SpanEnds::new(&p.absences)).collect(),
            closings: in_order(all().filter_map(closing)),
            covered: Span::dates(&spans),
            absent: Span::dates(&absences),
            present: DateSet::new(all().flat_map(|p| p.counted.runs())),
            spans,
            absences,
        }
    }

    /// P: the dates that any presence counts.
    pub fn present(&self) -> &DateSet {
        &self.present
    }
}

/// The detentions with the records that ended them, prepared once for all modalities.
pub(super) struct DetentionEvidence<'d> {
    detention: &'d Detention,
    /// D: the dates in detention without the first date of each window.
    detained: &'d DateSet,
    release_ends: SpanEnds,
    /// The ends of the absences, for each detention that an absence names.
    absence_ends_by_detention: Vec<SpanEnds>,
}

impl<'d> DetentionEvidence<'d> {
    pub fn new(detention: &'d Detention, detained: &'d DateSet) -> Self {
        let absences = detention.away_by_detention.iter();
        Self {
            detention,
            detained,
            release_ends: SpanEnds::new(&detention.spans),
            absence_ends_by_detention: absences.map(|away| SpanEnds::new(away)).collect(),
        }
    }
}

/// The spans in the order of their dates.
fn in_order(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_by_key(|span| span.run);
    spans
}

/// The records that ended spans, each with the last date of its span, in the order of dates.
struct SpanEnds(Vec<(NaiveDate, RecordIndex)>);

impl SpanEnds {
    fn new(spans: &[Span]) -> Self {
        let ended = |span: &Span| match span.depends_on[..] {
            [_, end] => Some((span.run.last, end)),
            _ => None,
        };
        let mut ends: Vec<(NaiveDate, RecordIndex)> = spans.iter().filter_map(ended).collect();
        ends.sort_unstable();
        Self(ends)
    }

    /// The records that ended a span within the run, and those that ended the last span before the
    /// run. Without these records a span would reach into the run.
    fn bounding(&self, run: DateRun) -> impl Iterator<Item = RecordIndex> + '_ {
        let over = self.0.partition_point(|(last, _)| *last <= run.first);
        let latest = self.0[..over].last().map(|(last, _)| *last);
        let before = self.0[..over].partition_point(|(last, _)| Some(*last) < latest);
        let within = self.0[before..].iter().take_while(move |(last, _)| *last <= run.last);
        within.map(|(_, end)| *end)
    }
}

/// Builds the four lists of runs of one modality.
pub(super) fn day_runs(
    timeline: &Timeline<'_>,
    modality: &DatedModality<'_>,
    detention: &DetentionEvidence<'_>,
    presences: &Presences,
) -> DayRuns {
    let builder = RunBuilder { timeline, window: &modality.depends_on };
    let absence_ends: Vec<&SpanEnds> = detention.absence_ends_by_detention.iter().collect();
    // If the person sleeps in the institution, detention does not exclude a date.
    let no_dates = DateSet::default();
    let (detained, not_detained) = if modality.sleeps_inside() {
        (&no_dates, RunEvidence::default())
    } else {
        let away = RunEvidence::new(&[&detention.detention.away], &[&detention.release_ends]);
        (detention.detained, away)
    };
    let lifted = &SpanEnds::new(&modality.suspensions);
    let compliant = not_detained.with(&[], &[lifted]);
    let treatment = compliant.with_presences(presences);
    let spans: &[Span] = &detention.detention.spans;
    let not_complied = [
        (DayReason::Detained, detained, RunEvidence::new(&[spans], &absence_ends)),
        (
            DayReason::Suspended,
            &modality.suspended,
            not_detained.with(&[&modality.suspensions], &[]),
        ),
    ];
    let treated = presences.present.intersect(&modality.compliant);
    let not_treated = presences.covered.minus(&treated);
    let outside_window = not_treated.minus(&modality.window_dates);
    let absent = compliant.with(&[&presences.spans, &presences.absences], &[]);
    let closing = treatment.with(&[&presences.closings], &[]);
    let mut reasons = vec![(
        DayReason::OutsideWindow,
        &outside_window,
        RunEvidence::new(&[&presences.spans], &[]),
    )];
    reasons.extend(
        not_complied
            .iter()
            .map(|(why, dates, evidence)| (*why, *dates, evidence.with(&[&presences.spans], &[]))),
    );
    reasons.push((DayReason::UnauthorisedAbsence, &presences.absent, absent));
    reasons.push((DayReason::ClosingDate, &presences.covered, closing));
    DayRuns {
        in_treatment: builder.runs(DayReason::InTreatment, &treated, &treatment),
        compliant: builder.runs(DayReason::UnderModality, &modality.compliant, &compliant),
        not_compliant: builder
            .runs_by_reason(modality.window_dates.minus(&modality.compliant), &not_complied),
        not_in_treatment: builder.runs_by_reason(not_treated, &reasons),
    }
}

/// The spans and ends on which the runs of one list depend, besides the window.
#[derive(Default, Clone)]
struct RunEvidence<'g> {
    /// The runs lie inside these spans.
    within: Vec<&'g [Span]>,
    /// The ends of spans. A run depends on the ends that bound the run.
    ended: Vec<&'g SpanEnds>,
    /// The runs also lie inside these presences, and after the end of absences from them.
    presences: Option<&'g Presences>,
}

impl<'g> RunEvidence<'g> {
    fn new(within: &[&'g [Span]], ended: &[&'g SpanEnds]) -> Self {
        Self { within: within.to_vec(), ended: ended.to_vec(), presences: None }
    }

    /// This evidence with more spans that contain the runs, and more ends that the runs depend on.
    fn with(&self, within: &[&'g [Span]], ended: &[&'g SpanEnds]) -> Self {
        let mut both = self.clone();
        both.within.extend(within);
        both.ended.extend(ended);
        both
    }

    /// This evidence for runs that also lie inside presences.
    fn with_presences(&self, presences: &'g Presences) -> Self {
        Self { presences: Some(presences), ..self.clone() }
    }
}

/// Makes the runs of one modality.
struct RunBuilder<'l, 'a> {
    timeline: &'l Timeline<'a>,
    /// The records that the window depends on. Every run of the modality depends on these too.
    window: &'l [RecordIndex],
}

impl RunBuilder<'_, '_> {
    /// Splits the dates into runs. Each date gets the first reason whose set contains it.
    fn runs_by_reason(
        &self,
        mut left: DateSet,
        reasons: &[(DayReason, &DateSet, RunEvidence<'_>)],
    ) -> Vec<DayRun> {
        let mut runs = Vec::new();
        for (why, dates, evidence) in reasons {
            let excluded = left.intersect(dates);
            runs.extend(self.runs(*why, &excluded, evidence));
            left = left.minus(&excluded);
        }
        runs.sort_by_key(|run| run.from);
        runs
    }

    /// The runs of dates under one reason, each with the records it depends on.
    fn runs(&self, why: DayReason, dates: &DateSet, evidence: &RunEvidence<'_>) -> Vec<DayRun> {
        let mut within: Vec<SpanCursor> =
            evidence.within.iter().map(|spans| SpanCursor::new(spans)).collect();
        let mut presences =
            evidence.presences.map(|p| (SpanCursor::new(&p.spans), &p.absence_ends_by_span));
        let run = |run: DateRun| {
            let mut records = self.window.to_vec();
            for cursor in &mut within {
                records.extend(cursor.next(run).flat_map(|(_, span)| span.depends_on.clone()));
            }
            records.extend(evidence.ended.iter().flat_map(|ended| ended.bounding(run)));
            if let Some((cursor, absence_ends)) = &mut presences {
                for (index, span) in cursor.next(run) {
                    let ended = absence_ends[index].bounding(run);
                    records.extend(span.depends_on.iter().copied().chain(ended));
                }
            }
            DayRun {
                from: run.first,
                to: run.last,
                days: run.days(),
                why,
                events: self.timeline.ids(records),
            }
        };
        dates.runs().map(run).collect()
    }
}

/// Finds the spans that share a date with a run, for runs asked in the order of dates.
struct SpanCursor<'s> {
    spans: &'s [Span],
    /// The number of leading spans that ended before the last run asked for. They end before every
    /// later run too.
    passed: usize,
}

impl<'s> SpanCursor<'s> {
    fn new(spans: &'s [Span]) -> Self {
        Self { spans, passed: 0 }
    }

    /// The spans that share a date with the run, with their indexes.
    fn next(&mut self, run: DateRun) -> impl Iterator<Item = (usize, &'s Span)> + use<'s> {
        let passed_now = self.spans[self.passed..].iter().take_while(|s| s.run.last < run.first);
        self.passed += passed_now.count();
        let begun = self.spans.iter().enumerate().skip(self.passed);
        let begun = begun.take_while(move |(_, span)| span.run.first <= run.last);
        begun.filter(move |(_, span)| span.run.first <= span.run.last && span.run.meets(run))
    }
}
