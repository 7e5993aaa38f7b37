//! The dates behind the figures, counted and excluded, run by run with reason and records.
//! Always: the runs of one list share no date, and together account for every date in question;
//! a record without which a run would not hold is among those it rests on, but for corrections, and
//! for other stays where a run is an absence or a closing date: that none covers it rests on none.
//! Rules: the paragraph on `counted` and `excluded` of the credit rules. A run rests on the
//! records that open and close each window, presence, detention, suspension or absence it lies in,
//! and on those that ended what would else cover it.

use chrono::NaiveDate;

use super::answer::{DayReason, DayRun};
use super::detention::Detention;
use super::modality::DatedModality;
use super::timeline::{RecordIndex, Span, Timeline};
use super::treatment::{Presence, PresenceEnd};
use crate::domain::time::dates::{DateRun, DateSet};

/// The lists of one modality.
pub(super) struct DayRuns {
    pub compliant: Vec<DayRun>,
    pub not_compliant: Vec<DayRun>,
    pub in_treatment: Vec<DayRun>,
    pub not_in_treatment: Vec<DayRun>,
}

/// All presences with what lies inside them, once for all modalities.
pub(super) struct Presences {
    spans: Vec<Span>,
    /// The unauthorised absences of each, in the order of `spans`.
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
            PresenceEnd::Closed(place) => {
                let run = DateRun { first: p.run.last, last: p.run.last };
                Some(Span { run, depends_on: vec![place] })
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

/// The detention with what ended each of its parts, once for all modalities.
pub(super) struct DetentionEvidence<'d> {
    detention: &'d Detention,
    /// D.
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

fn in_order(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_by_key(|span| span.run);
    spans
}

/// Spans that a record has ended, by their last date.
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

    /// What ended the last of those that were over when a run began, and those that were over
    /// within it: without them they would have gone on.
    fn by(&self, run: DateRun) -> impl Iterator<Item = RecordIndex> + '_ {
        let over = self.0.partition_point(|(last, _)| *last <= run.first);
        let latest = self.0[..over].last().map(|(last, _)| *last);
        let before = self.0[..over].partition_point(|(last, _)| Some(*last) < latest);
        let within = self.0[before..].iter().take_while(move |(last, _)| *last <= run.last);
        within.map(|(_, end)| *end)
    }
}

/// The lists of one modality.
pub(super) fn day_runs(
    timeline: &Timeline<'_>,
    modality: &DatedModality<'_>,
    custody: &DetentionEvidence<'_>,
    presences: &Presences,
) -> DayRuns {
    let nowhere = DateSet::default();
    let inside = modality.sleeps_inside();
    let detained = if inside { &nowhere } else { custody.detained };
    let lifted = &EndRecords::new(&modality.suspensions);
    let returned: Vec<&EndRecords> = custody.returned.iter().collect();
    // Where the person sleeps inside, no date is free and none detained.
    let free = RunEvidence::new(&[&custody.detention.away], &[&custody.released]);
    let free = if inside { RunEvidence::default() } else { free };
    let compliant = free.and(&[], &[lifted]);
    let treatment = compliant.in_treatment(presences);
    // What a run of each reason rests on, besides the window.
    let not_complied = [
        (DayReason::Detained, detained, RunEvidence::new(&[&custody.detention.spans], &returned)),
        (DayReason::Suspended, &modality.suspended, free.and(&[&modality.suspensions], &[])),
    ];
    let lists = RunBuilder { timeline, window: &modality.depends_on };
    let treated = presences.present.intersect(&modality.compliant);
    let mut left = presences.covered.minus(&treated);
    let outside = left.minus(&modality.dates);
    let stayed = RunEvidence::new(&[&presences.spans], &[]);
    let mut not_in_treatment = lists.list(DayReason::OutsideWindow, &outside, &stayed);
    left = left.minus(&outside);
    let absent = compliant.and(&[&presences.spans, &presences.absences], &[]);
    let not_treated = not_complied
        .each_ref()
        .map(|(why, dates, grounds)| (*why, *dates, grounds.and(&[&presences.spans], &[])))
        .into_iter()
        .chain([
            (DayReason::UnauthorisedAbsence, &presences.absent, absent),
            (
                DayReason::ClosingDate,
                &presences.covered,
                treatment.and(&[&presences.closings], &[]),
            ),
        ]);
    for (why, dates, grounds) in not_treated {
        let because = left.intersect(dates);
        not_in_treatment.extend(lists.list(why, &because, &grounds));
        left = left.minus(&because);
    }
    let mut not_compliant = Vec::new();
    let mut left = modality.dates.minus(&modality.compliant);
    for (why, dates, grounds) in &not_complied {
        let because = left.intersect(dates);
        not_compliant.extend(lists.list(*why, &because, grounds));
        left = left.minus(&because);
    }
    not_in_treatment.sort_by_key(|run| run.from);
    not_compliant.sort_by_key(|run| run.from);
    DayRuns {
        in_treatment: lists.list(DayReason::InTreatment, &treated, &treatment),
        compliant: lists.list(DayReason::UnderModality, &modality.compliant, &compliant),
        not_compliant,
        not_in_treatment,
    }
}

/// What the runs of a list rest on, besides the window.
#[derive(Default, Clone)]
struct RunEvidence<'g> {
    /// They lie in these.
    within: Vec<&'g [Span]>,
    /// Of each of these the last was over, and those within the run.
    over: Vec<&'g EndRecords>,
    /// They lie in these too, and the absences from each were over.
    presences: Option<&'g Presences>,
}

impl<'g> RunEvidence<'g> {
    fn new(within: &[&'g [Span]], over: &[&'g EndRecords]) -> Self {
        Self { within: within.to_vec(), over: over.to_vec(), presences: None }
    }

    fn and(&self, within: &[&'g [Span]], over: &[&'g EndRecords]) -> Self {
        let mut both = self.clone();
        both.within.extend(within);
        both.over.extend(over);
        both
    }

    fn in_treatment(&self, presences: &'g Presences) -> Self {
        Self { presences: Some(presences), ..self.clone() }
    }
}

struct RunBuilder<'l, 'a> {
    timeline: &'l Timeline<'a>,
    /// What the window rests on: every run of a modality does.
    window: &'l [RecordIndex],
}

impl RunBuilder<'_, '_> {
    fn list(&self, why: DayReason, dates: &DateSet, grounds: &RunEvidence<'_>) -> Vec<DayRun> {
        let mut within: Vec<SpanCursor> =
            grounds.within.iter().map(|s| SpanCursor::new(s)).collect();
        let mut stayed = grounds.presences.map(|p| (SpanCursor::new(&p.spans), &p.absences_of));
        let run = |run: DateRun| {
            let mut places = self.window.to_vec();
            for touching in &mut within {
                places.extend(touching.next(run).flat_map(|(_, span)| span.depends_on.clone()));
            }
            places.extend(grounds.over.iter().flat_map(|over| over.by(run)));
            if let Some((touching, absences)) = &mut stayed {
                for (place, span) in touching.next(run) {
                    places.extend(span.depends_on.iter().copied().chain(absences[place].by(run)));
                }
            }
            DayRun {
                from: run.first,
                to: run.last,
                days: run.days(),
                why,
                events: self.timeline.ids(places),
            }
        };
        dates.runs().map(run).collect()
    }
}

/// Finds the spans that share a date with each of several runs in order.
struct SpanCursor<'s> {
    spans: &'s [Span],
    /// Runs come in order, so spans that ended before one are behind those after it too.
    behind: usize,
}

impl<'s> SpanCursor<'s> {
    fn new(spans: &'s [Span]) -> Self {
        Self { spans, behind: 0 }
    }

    /// The spans with their places.
    fn next(&mut self, run: DateRun) -> impl Iterator<Item = (usize, &'s Span)> + use<'s> {
        let passed = self.spans[self.behind..].iter().take_while(|s| s.run.last < run.first);
        self.behind += passed.count();
        let begun = self.spans.iter().enumerate().skip(self.behind);
        let begun = begun.take_while(move |(_, span)| span.run.first <= run.last);
        begun.filter(move |(_, span)| span.run.first <= span.run.last && span.run.meets(run))
    }
}
