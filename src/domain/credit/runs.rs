//! The dates behind the figures, counted and excluded, as runs with their reason and records.
//! Always: the runs of one list share no date, and together they cover every date in question. Each
//! run lists every record it depends on, with two exceptions: corrections; and, for an absence or a
//! closing date, the other stays, because no record says that no other stay covers the date.
//! Rules: the paragraph on `counted` and `excluded` of the credit rules. A run depends on the
//! records that open and close each window, presence, detention, suspension or absence around the
//! run, and on the records that ended whatever would otherwise cover the run.

use chrono::NaiveDate;

use super::answer::{DayReason, DayRun};
use super::detention::Detention;
use super::modality::DatedModality;
use super::timeline::{RecordIndex, Span, Timeline};
use super::treatment::{Presence, PresenceEnd};
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
    absences_of: Vec<EndRecords>,
    absences: Vec<Span>,
    closings: Vec<Span>,
    covered: DateSet,
    absent: DateSet,
    present: DateSet,
}

impl Presences {
    pub fn new<'p, 'a: 'p>(presences: impl Iterator<Item = &'p Presence<'a>>) -> Self {
        let mut presences: Vec<&Presence> = presences.collect();
        presences.sort_by_key(|presence| presence.run);
        let closing = |p: &&Presence| match p.end {
            PresenceEnd::Closed(closing) => {
                let run = DateRun { first: p.run.last, last: p.run.last };
                Some(Span { run, depends_on: vec![closing] })
            }
            PresenceEnd::Displaced(_) | PresenceEnd::Open => None,
        };
        let all = || presences.iter();
        let spans: Vec<Span> = all().map(|p| p.span()).collect();
        let absences = in_order(all().flat_map(|p| p.absences.iter().cloned()));
        Self {
            absences_of: all().map(|p| EndRecords::new(&p.absences)).collect(),
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
    /// D of the rules.
    detained: &'d DateSet,
    released: EndRecords,
    returned: Vec<EndRecords>,
}

impl<'d> DetentionEvidence<'d> {
    pub fn new(detention: &'d Detention, detained: &'d DateSet) -> Self {
        let released = EndRecords::new(&detention.spans);
        let returned = detention.away_from.iter().map(|away| EndRecords::new(away)).collect();
        Self { detention, detained, released, returned }
    }
}

/// The spans in the order of their dates.
fn in_order(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_by_key(|span| span.run);
    spans
}

/// The records that ended spans, each with the last date of its span, in the order of dates.
struct EndRecords(Vec<(NaiveDate, RecordIndex)>);

impl EndRecords {
    fn new(spans: &[Span]) -> Self {
        let ended = |span: &Span| match span.depends_on[..] {
            [_, end] => Some((span.run.last, end)),
            _ => None,
        };
        let mut ends: Vec<(NaiveDate, RecordIndex)> = spans.iter().filter_map(ended).collect();
        ends.sort_unstable();
        Self(ends)
    }

    /// The records without which a span would have gone on into the run: the record that ended the
    /// last span before the run, and the records that ended a span within the run.
    fn around(&self, run: DateRun) -> impl Iterator<Item = RecordIndex> + '_ {
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
    let returned: Vec<&EndRecords> = detention.returned.iter().collect();
    // Where the person sleeps inside, detention plays no part.
    let nowhere = DateSet::default();
    let (detained, not_detained) = if modality.sleeps_inside() {
        (&nowhere, RunEvidence::default())
    } else {
        let away = RunEvidence::new(&[&detention.detention.away], &[&detention.released]);
        (detention.detained, away)
    };
    let lifted = &EndRecords::new(&modality.suspensions);
    let compliant = not_detained.and(&[], &[lifted]);
    let treatment = compliant.in_treatment(presences);
    let spans: &[Span] = &detention.detention.spans;
    let not_complied = [
        (DayReason::Detained, detained, RunEvidence::new(&[spans], &returned)),
        (
            DayReason::Suspended,
            &modality.suspended,
            not_detained.and(&[&modality.suspensions], &[]),
        ),
    ];
    let treated = presences.present.intersect(&modality.compliant);
    let not_treated = presences.covered.minus(&treated);
    let outside_window = not_treated.minus(&modality.dates);
    let absent = compliant.and(&[&presences.spans, &presences.absences], &[]);
    let closing = treatment.and(&[&presences.closings], &[]);
    let mut reasons = vec![(
        DayReason::OutsideWindow,
        &outside_window,
        RunEvidence::new(&[&presences.spans], &[]),
    )];
    reasons.extend(
        not_complied
            .iter()
            .map(|(why, dates, evidence)| (*why, *dates, evidence.and(&[&presences.spans], &[]))),
    );
    reasons.push((DayReason::UnauthorisedAbsence, &presences.absent, absent));
    reasons.push((DayReason::ClosingDate, &presences.covered, closing));
    DayRuns {
        in_treatment: builder.runs(DayReason::InTreatment, &treated, &treatment),
        compliant: builder.runs(DayReason::UnderModality, &modality.compliant, &compliant),
        not_compliant: builder
            .runs_by_reason(modality.dates.minus(&modality.compliant), &not_complied),
        not_in_treatment: builder.runs_by_reason(not_treated, &reasons),
    }
}

/// What the runs of one list depend on, besides the window.
#[derive(Default, Clone)]
struct RunEvidence<'g> {
    /// The runs lie inside these spans.
    within: Vec<&'g [Span]>,
    /// The runs depend on the end of these spans.
    ended: Vec<&'g EndRecords>,
    /// The runs also lie inside these presences, whose absences had ended.
    presences: Option<&'g Presences>,
}

impl<'g> RunEvidence<'g> {
    fn new(within: &[&'g [Span]], ended: &[&'g EndRecords]) -> Self {
        Self { within: within.to_vec(), ended: ended.to_vec(), presences: None }
    }

    fn and(&self, within: &[&'g [Span]], ended: &[&'g EndRecords]) -> Self {
        let mut both = self.clone();
        both.within.extend(within);
        both.ended.extend(ended);
        both
    }

    fn in_treatment(&self, presences: &'g Presences) -> Self {
        Self { presences: Some(presences), ..self.clone() }
    }
}

/// Makes the runs of one modality.
struct RunBuilder<'l, 'a> {
    timeline: &'l Timeline<'a>,
    /// The records that the window depends on, and so does every run of the modality.
    window: &'l [RecordIndex],
}

impl RunBuilder<'_, '_> {
    /// The runs of dates, each date under the first reason whose dates hold it.
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
        let mut stayed = evidence.presences.map(|p| (SpanCursor::new(&p.spans), &p.absences_of));
        let run = |run: DateRun| {
            let mut records = self.window.to_vec();
            for cursor in &mut within {
                records.extend(cursor.next(run).flat_map(|(_, span)| span.depends_on.clone()));
            }
            records.extend(evidence.ended.iter().flat_map(|ended| ended.around(run)));
            if let Some((cursor, absences_of)) = &mut stayed {
                for (index, span) in cursor.next(run) {
                    let ended = absences_of[index].around(run);
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
    /// How many spans at the start ended before the last run asked about, and so before every
    /// later run too.
    behind: usize,
}

impl<'s> SpanCursor<'s> {
    fn new(spans: &'s [Span]) -> Self {
        Self { spans, behind: 0 }
    }

    /// The spans that share a date with the run, with their indexes.
    fn next(&mut self, run: DateRun) -> impl Iterator<Item = (usize, &'s Span)> + use<'s> {
        let passed = self.spans[self.behind..].iter().take_while(|s| s.run.last < run.first);
        self.behind += passed.count();
        let begun = self.spans.iter().enumerate().skip(self.behind);
        let begun = begun.take_while(move |(_, span)| span.run.first <= run.last);
        begun.filter(move |(_, span)| span.run.first <= span.run.last && span.run.meets(run))
    }
}
