//! D: the dates on which the person was detained.
//! Always: both ends of a detention are in it; dates wholly inside an escape or a failure to
//! return are not.
//! Rules: the row D of the table "Sets" of the credit rules.

use chrono::NaiveDate;

use super::timeline::{Place, Span, Timeline, Told};
use crate::domain::choice::AbsenceKind;
use crate::domain::dates::{Dates, Run, day_after, day_before};
use crate::domain::fact::{Fact, Id};
use crate::domain::finding::{Finding, FindingCode};

/// What the arrivals and releases give.
#[derive(Debug, Default)]
pub(super) struct Detention {
    /// The dates, before the first dates of modalities are taken out.
    pub dates: Dates,
    /// From each arrival to its release.
    pub spans: Vec<Span>,
    arrivals: Vec<(NaiveDate, Place)>,
    releases: Vec<(NaiveDate, Place)>,
}

impl Detention {
    /// The arrival that ends a modality which begins on this date: the first on or after it, but
    /// for one on that very date which a release on the same date follows.
    pub fn return_from(&self, starts_on: NaiveDate) -> Option<(NaiveDate, Place)> {
        let released = self.releases.partition_point(|(date, _)| *date <= starts_on);
        let last_release = self.releases[..released].last().filter(|(date, _)| *date == starts_on);
        let first = self.arrivals.partition_point(|(date, _)| *date < starts_on);
        self.arrivals[first..].iter().copied().find(|(date, place)| {
            *date > starts_on || last_release.is_none_or(|(_, release)| release < place)
        })
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
                walk.away.push((told.date, &absence.detention));
            }
            Fact::AbsenceEnded(end) => walk.back(told.date, |of| *of == end.detention),
            _ => {}
        }
    }
    walk.finish(timeline.at)
}

#[derive(Default)]
struct Walk<'a> {
    open: Option<(NaiveDate, Place)>,
    away: Vec<(NaiveDate, &'a Id)>,
    escaped: Vec<Run>,
    found: Detention,
}

impl<'a> Walk<'a> {
    fn arrive(&mut self, timeline: &Timeline<'_>, told: &Told<'a>, findings: &mut Vec<Finding>) {
        self.found.arrivals.push((told.date, told.place));
        // Coming back from an escape by an arrival is how the rules let an absence end.
        let returns = !self.away.is_empty();
        self.back(told.date, |_| true);
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
        self.back(told.date, |_| true);
        match self.open.take() {
            Some((first, arrival)) => self.found.spans.push(Span {
                run: Run { first, last: told.date },
                rests_on: vec![arrival, told.place],
            }),
            None => findings.push(timeline.finding(
                FindingCode::ReleaseWithoutArrival,
                [told.place],
                format!("Released on {} while not detained; it changes nothing.", told.date),
            )),
        }
    }

    /// Ends the absences that this date ends.
    fn back(&mut self, date: NaiveDate, ends: impl Fn(&Id) -> bool) {
        let escaped = &mut self.escaped;
        self.away.retain(|(since, detention)| {
            if ends(detention) {
                escaped.push(Run { first: day_after(*since), last: day_before(date) });
            }
            !ends(detention)
        });
    }

    fn finish(mut self, at: NaiveDate) -> Detention {
        if let Some((first, arrival)) = self.open {
            let run = Run { first, last: at };
            self.found.spans.push(Span { run, rests_on: vec![arrival] });
        }
        let never_back =
            self.away.iter().map(|(since, _)| Run { first: day_after(*since), last: at });
        let escaped = Dates::new(self.escaped.iter().copied().chain(never_back));
        self.found.dates = Dates::new(self.found.spans.iter().map(|span| span.run)).minus(&escaped);
        self.found
    }
}
