//! The findings about arrivals and releases that contradict each other.
//! Always: a finding changes no date.
//! Rules: the table of "Custody", "Order at one instant" and the findings `arrivalWithoutRelease`,
//! `releaseWithoutArrival` and `arrivedAndReleasedAtOnce` of the continuity rules.

use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{
    ContinuityTurns, CreditTurns, DatedFact, ScopedId, Turns, finding_about, in_turns,
};
use crate::domain::vocabulary::choice::AbsenceKind;
use crate::domain::vocabulary::fact::{Fact, Released};

/// Where the records so far have the person.
#[derive(Debug, Clone, Copy)]
enum ToldPlace<'a> {
    Unknown,
    Inside {
        /// The last arrival of this detention, else the record that began it.
        since: DatedFact<'a>,
        absence: Option<(ScopedId<'a>, AbsenceKind)>,
    },
    Outside,
}

/// The turns of the trajectory, for someone whom only arrivals and releases put inside.
#[derive(Default)]
struct CustodyTurns {
    turns: ContinuityTurns,
    detained: CreditTurns,
}

impl Turns for CustodyTurns {
    fn turn(&self, record: &DatedFact, is_released: bool) -> u8 {
        self.turns.turn(record, is_released)
    }

    fn ends_earlier_absence(&self, record: &DatedFact) -> bool {
        self.turns.ends_earlier_absence(record)
    }

    fn is_inside(&self) -> bool {
        self.detained.is_inside()
    }

    fn read(&mut self, record: &DatedFact) {
        self.turns.read(record);
        self.detained.read(record);
    }
}

/// The findings about arrivals and releases.
pub(super) fn findings(records: &[DatedFact<'_>]) -> Vec<Finding> {
    let mut findings = at_once(records);
    let of_custody = records.iter().filter(|record| record.detention().is_some()).copied();
    let mut place = ToldPlace::Unknown;
    for record in in_turns(of_custody.collect(), &mut CustodyTurns::default()) {
        match record.fact {
            Fact::Arrived(_) => {
                findings.extend(arrival_without_release(place, record));
                place = ToldPlace::Inside { since: record, absence: None };
            }
            Fact::Released(released) => place = release(place, released, record, &mut findings),
            Fact::Transferred(_) => place = supposed_inside(place, record),
            Fact::StatusChanged(_) if matches!(place, ToldPlace::Unknown) => {
                place = supposed_inside(place, record);
            }
            Fact::AbsenceStarted(started) => {
                let began = Some((record.scoped(&started.detention), started.kind));
                place = supposed_inside(place, record);
                if let ToldPlace::Inside { absence, .. } = &mut place {
                    *absence = began;
                }
            }
            Fact::AbsenceEnded(ended) => match &mut place {
                ToldPlace::Inside { absence, .. } => {
                    absence.take_if(|(of, _)| *of == record.scoped(&ended.detention));
                }
                ToldPlace::Unknown => place = supposed_inside(place, record),
                ToldPlace::Outside => {}
            },
            _ => {}
        }
    }
    findings
}

/// A record that supposes the person inside.
fn supposed_inside<'a>(place: ToldPlace<'a>, record: DatedFact<'a>) -> ToldPlace<'a> {
    match place {
        ToldPlace::Inside { .. } => place,
        ToldPlace::Unknown | ToldPlace::Outside => {
            ToldPlace::Inside { since: record, absence: None }
        }
    }
}

fn arrival_without_release(place: ToldPlace<'_>, record: DatedFact<'_>) -> Option<Finding> {
    let ToldPlace::Inside { since, absence } = place else { return None };
    // The return of someone who was away without right.
    if absence.is_some_and(|(_, kind)| kind.is_unlawful()) {
        return None;
    }
    let message = "An arrival of someone whom an earlier record has inside already.";
    let finding = finding_about(FindingCode::ArrivalWithoutRelease, message, &[since, record]);
    Some(finding.with("insideSince", since.date.to_string()).with("on", record.date.to_string()))
}

fn release<'a>(
    place: ToldPlace<'a>,
    released: &Released,
    record: DatedFact<'a>,
    findings: &mut Vec<Finding>,
) -> ToldPlace<'a> {
    let is_by_day = released.reason.is_by_day();
    let (is_expected, next) = match place {
        ToldPlace::Inside { .. } if is_by_day => (true, place),
        ToldPlace::Inside { .. } => (true, ToldPlace::Outside),
        ToldPlace::Unknown if is_by_day => (true, supposed_inside(place, record)),
        ToldPlace::Unknown | ToldPlace::Outside => (false, ToldPlace::Outside),
    };
    if !is_expected {
        let message = "A release of someone who is not detained; it ends no detention.";
        let finding = finding_about(FindingCode::ReleaseWithoutArrival, message, &[record]);
        findings.push(finding.with("on", record.date.to_string()));
    }
    next
}

/// Arrivals that stand just before a release of their detention at one instant: an exception to the
/// order puts them there.
fn at_once(records: &[DatedFact<'_>]) -> Vec<Finding> {
    let is_pair = |pair: &&[DatedFact]| {
        matches!((pair[0].fact, pair[1].fact), (Fact::Arrived(_), Fact::Released(_)))
            && pair[0].instant == pair[1].instant
            && pair[0].detention() == pair[1].detention()
    };
    let finding = |pair: &[DatedFact]| {
        let message = "An arrival and a release of one detention share an instant, of someone who \
                       is not detained: the arrival stands first.";
        finding_about(FindingCode::ArrivedAndReleasedAtOnce, message, pair)
            .with("on", pair[0].date.to_string())
    };
    records.windows(2).filter(is_pair).map(finding).collect()
}
