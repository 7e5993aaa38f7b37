//! The dates behind the figures, counted and excluded, run by run with reason and records.
//! Always: the runs of one list share no date, and together account for every date in question.
//! Rules: the paragraph on `counted` and `excluded` of the credit rules. A run rests on the
//! records that open and close each window, presence, detention, suspension or absence it lies in.

use super::answer::{DayRun, Why};
use super::detention::Detention;
use super::modality::Modality;
use super::timeline::{Place, Span, Timeline};
use super::treatment::{End, Presence};
use crate::domain::dates::{Dates, Run};

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
    absences: Vec<Span>,
    closings: Vec<Span>,
    covered: Dates,
    absent: Dates,
    present: Dates,
}

impl Presences {
    pub fn new<'p, 'a: 'p>(presences: impl Iterator<Item = &'p Presence<'a>> + Clone) -> Self {
        let closing = |p: &Presence| match p.end {
            End::Closed(place) => {
                let run = Run { first: p.run.last, last: p.run.last };
                Some(Span { run, rests_on: vec![place] })
            }
            End::Displaced(_) | End::Open => None,
        };
        let absences = in_order(presences.clone().flat_map(|p| p.absences.iter().cloned()));
        Self {
            spans: in_order(presences.clone().map(Presence::span)),
            closings: in_order(presences.clone().filter_map(closing)),
            covered: Dates::new(presences.clone().map(|p| p.run)),
            absent: Dates::new(absences.iter().map(|span| span.run)),
            present: Dates::new(presences.flat_map(|p| p.counted.runs())),
            absences,
        }
    }

    /// P: the dates that any presence counts.
    pub fn present(&self) -> &Dates {
        &self.present
    }
}

fn in_order(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_by_key(|span| span.run);
    spans
}

/// The lists of one modality.
pub(super) fn day_runs(
    timeline: &Timeline<'_>,
    modality: &Modality<'_>,
    (detention, detained): (&Detention, &Dates),
    presences: &Presences,
) -> DayRuns {
    let nowhere = Dates::default();
    let detained = if modality.sleeps_inside() { &nowhere } else { detained };
    let lists = Lists { timeline, window: &modality.rests_on };
    // What a run of each reason rests on, besides the window.
    let inside = [
        (Why::Detained, detained, &detention.spans[..]),
        (Why::Suspended, &modality.suspended, &modality.suspensions[..]),
    ];
    let treated = presences.present.intersect(&modality.compliant);
    let mut left = presences.covered.minus(&treated);
    let outside = left.minus(&modality.dates);
    let mut not_in_treatment = lists.list(Why::OutsideWindow, &outside, &[&presences.spans]);
    left = left.minus(&outside);
    for (why, dates, spans) in inside.into_iter().chain([
        (Why::UnauthorisedAbsence, &presences.absent, &presences.absences[..]),
        (Why::ClosingDate, &presences.covered, &presences.closings[..]),
    ]) {
        let because = left.intersect(dates);
        not_in_treatment.extend(lists.list(why, &because, &[&presences.spans, spans]));
        left = left.minus(&because);
    }
    let mut not_compliant = Vec::new();
    let mut left = modality.dates.minus(&modality.compliant);
    for (why, dates, spans) in inside {
        let because = left.intersect(dates);
        not_compliant.extend(lists.list(why, &because, &[spans]));
        left = left.minus(&because);
    }
    not_in_treatment.sort_by_key(|run| run.from);
    not_compliant.sort_by_key(|run| run.from);
    DayRuns {
        compliant: lists.list(Why::UnderModality, &modality.compliant, &[]),
        not_compliant,
        in_treatment: lists.list(Why::InTreatment, &treated, &[&presences.spans]),
        not_in_treatment,
    }
}

struct Lists<'l, 'a> {
    timeline: &'l Timeline<'a>,
    /// What the window rests on: every run of a modality does.
    window: &'l [Place],
}

impl Lists<'_, '_> {
    fn list(&self, why: Why, dates: &Dates, spans: &[&[Span]]) -> Vec<DayRun> {
        // Runs come in order, so spans that ended before one are behind those after it too.
        let mut behind = vec![0; spans.len()];
        let run = |run: Run| {
            let mut places = self.window.to_vec();
            for (spans, behind) in spans.iter().zip(&mut behind) {
                let passed = spans[*behind..].iter().take_while(|s| s.run.last < run.first);
                *behind += passed.count();
                let begun = spans[*behind..].iter().take_while(|s| s.run.first <= run.last);
                let touching = begun.filter(|s| s.run.meets(run));
                places.extend(touching.flat_map(|s| s.rests_on.iter().copied()));
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
