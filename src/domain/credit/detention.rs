//! D: the dates on which the person was detained.
//! Always: both ends of a detention are in it; dates wholly inside an escape or a failure to
//! return are not.
//! Rules: the row D of the table "Sets" of the credit rules.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::timeline::{Place, Span, Timeline, Told};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::time::dates::{Dates, Run, day_after, day_before};
use crate::domain::vocabulary::choice::AbsenceKind;
use crate::domain::vocabulary::fact::{Fact, Id};

/// What the arrivals and releases give.
#[derive(Debug, Default)]
pub(super) struct Detention {
    /// The dates, before the first dates of modalities are taken out.
    pub dates: Dates,
    /// From each arrival to its release.
    pub spans: Vec<Span>,
    /// The dates wholly inside each escape or failure to return.
    pub away: Vec<Span>,
    /// The same by `detention`: the end of an absence from one does not end that from another.
    pub away_from: Vec<Vec<Span>>,
    arrivals: Vec<(NaiveDate, Place)>,
    releases: Vec<(NaiveDate, Place)>,
}

impl Detention {
    /// The records of the detentions that meet these dates, and of what was away from them.
    pub fn records(&self, run: Run) -> impl Iterator<Item = Place> + '_ {
        let spans = self.spans.iter().chain(&self.away);
        spans.filter(move |span| span.run.meets(run)).flat_map(|span| &span.depends_on).copied()
    }

    /// The arrival that ends a modality which begins on this date: the first on or after it, but
    /// for one on that very date which a release on the same date follows.
    pub fn return_from(&self, starts_on: NaiveDate) -> Option<(NaiveDate, Place)> {
        let release = self.last_release_on(starts_on);
        let first = self.arrivals.partition_point(|(date, _)| *date < starts_on);
        self.arrivals[first..].iter().copied().find(|(date, place)| {
            *date > starts_on || release.is_none_or(|release| release < *place)
        })
    }

    /// The release for which an arrival on the date that a modality begins is no return.
    pub fn release_after_arrival_on(&self, starts_on: NaiveDate) -> Option<Place> {
        let release = self.last_release_on(starts_on)?;
        let arrived = |(date, place): &(NaiveDate, Place)| *date == starts_on && *place < release;
        self.arrivals.iter().any(arrived).then_some(release)
    }

    fn last_release_on(&self, date: NaiveDate) -> Option<Place> {
        let released = self.releases.partition_point(|(other, _)| *other <= date);
        let last = self.releases[..released].last();
        last.filter(|(other, _)| *other == date).map(|(_, place)| *place)
    }
}

/// Walks the arrivals, releases and absences.
pub(super) fn detention(timeline: &Timeline<'_>, findings: &mut Vec<Finding>) -> Detention {
    let mut walk = Walk::default();
    for told in &timeline.told {
        match told.fact {
            Fact::Arrived(_) => walk.arrive(timeline, told, findings),
            Fact::Released(_) => walk.release(timeline, told, findings),
            Fact::AbsenceStarted(absence)
                if matches!(absence.kind, AbsenceKind::Escape | AbsenceKind::FailureToReturn) =>
            {
                walk.away.push((told.date, told.place, &absence.detention));
            }
            Fact::AbsenceEnded(end) => walk.back(told, |of| *of == end.detention),
            _ => {}
        }
    }
    walk.finish(timeline.at)
}

#[derive(Default)]
struct Walk<'a> {
    open: Option<(NaiveDate, Place)>,
    /// The absences that nothing has ended yet.
    away: Vec<(NaiveDate, Place, &'a Id)>,
    away_from: BTreeMap<&'a Id, Vec<Span>>,
    found: Detention,
}

impl<'a> Walk<'a> {
    fn arrive(&mut self, timeline: &Timeline<'_>, told: &Told<'a>, findings: &mut Vec<Finding>) {
        self.found.arrivals.push((told.date, told.place));
        // Coming back from an escape by an arrival is how the rules let an absence end.
        let returns = !self.away.is_empty();
        self.back(told, |_| true);
        match self.open {
            None => self.open = Some((told.date, told.place)),
            Some((since, first)) if !returns => findings.push(timeline.finding(
                FindingCode::ArrivalWithoutRelease,
                [first, told.place],
                format!(
                    "Arrived on {} while detained since {since}; it changes nothing.",
                    told.date
                ),
            )),
            Some(_) => {}
        }
    }

    fn release(&mut self, timeline: &Timeline<'_>, told: &Told<'a>, findings: &mut Vec<Finding>) {
        self.found.releases.push((told.date, told.place));
        self.back(told, |_| true);
        match self.open.take() {
            Some((first, arrival)) => self.found.spans.push(Span {
                run: Run { first, last: told.date },
                depends_on: vec![arrival, told.place],
            }),
            None => findings.push(timeline.finding(
                FindingCode::ReleaseWithoutArrival,
                [told.place],
                format!("Released on {} while not detained; it changes nothing.", told.date),
            )),
        }
    }

    /// Ends the absences that this record ends.
    fn back(&mut self, told: &Told<'_>, ends: impl Fn(&Id) -> bool) {
        let ended = &mut self.away_from;
        self.away.retain(|(since, start, detention)| {
            if ends(detention) {
                let run = Run { first: day_after(*since), last: day_before(told.date) };
                let span = Span { run, depends_on: vec![*start, told.place] };
                ended.entry(detention).or_default().push(span);
            }
            !ends(detention)
        });
    }

    fn finish(mut self, at: NaiveDate) -> Detention {
        if let Some((first, arrival)) = self.open {
            let run = Run { first, last: at };
            self.found.spans.push(Span { run, depends_on: vec![arrival] });
        }
        for (since, start, detention) in self.away {
            let run = Run { first: day_after(since), last: at };
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
