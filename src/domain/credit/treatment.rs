//! P: the dates on which the person was present in residential treatment.
//! Always: P lies inside the presences, and a date that any presence counts is in it.
//! Rules: the row P of the table "Sets" of the credit rules.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::query::Boundary;
use super::timeline::{Place, Span, Timeline, Told};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::time::dates::{Dates, Run, day_after, day_before};
use crate::domain::vocabulary::fact::{Code, Fact, Id};

/// How a presence ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By a closing of its stay.
    Closed(Place),
    /// Never closed: by the next admission anywhere, or arrival in prison.
    Displaced(Place),
    /// Not yet.
    Open,
}

impl End {
    pub fn place(self) -> Option<Place> {
        match self {
            Self::Closed(place) | Self::Displaced(place) => Some(place),
            Self::Open => None,
        }
    }
}

/// From one admission to its end.
#[derive(Debug)]
pub(super) struct Presence<'a> {
    pub stay: &'a Id,
    pub facility: &'a Code,
    pub admitted: Place,
    pub run: Run,
    pub end: End,
    /// When it began and, unless it goes on, when it ended.
    pub from: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
    /// Unauthorised absences: the dates wholly inside them.
    pub absences: Vec<Span>,
    /// The dates it counts.
    pub counted: Dates,
}

impl Presence<'_> {
    /// Whether it runs at an instant, both ends included.
    fn runs_at(&self, instant: DateTime<Utc>) -> bool {
        self.from <= instant && self.until.is_none_or(|until| instant <= until)
    }

    /// The dates with the records that open and close them.
    pub fn span(&self) -> Span {
        let depends_on = [Some(self.admitted), self.end.place()];
        Span { run: self.run, depends_on: depends_on.into_iter().flatten().collect() }
    }

    /// The dates wholly inside an absence from `start` to `end`, as far as this presence goes.
    fn inside(&self, start: &Told<'_>, end: Option<&Told<'_>>) -> Run {
        let ended = end.filter(|end| self.until.is_none_or(|until| end.instant <= until));
        let last = match (ended, self.end) {
            (Some(end), _) => day_before(end.date),
            // Still away when the house closed the stay, or still away now.
            (None, End::Closed(_) | End::Open) => self.run.last,
            (None, End::Displaced(_)) => day_before(self.run.last),
        };
        Run { first: day_after(start.date), last }
    }
}

/// An absence from a stay, as recorded.
#[derive(Debug)]
pub(super) struct Absence<'t, 'a> {
    pub start: &'t Told<'a>,
    pub end: Option<&'t Told<'a>>,
    /// The end of the last presence it belongs to; `None`: it belongs to none.
    pub within: Option<Within>,
}

/// How far an absence can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Until(DateTime<Utc>),
    Open,
}

/// All about one stay.
#[derive(Debug, Default)]
pub(super) struct Stay<'t, 'a> {
    pub admissions: Vec<&'t Told<'a>>,
    pub closings: Vec<&'t Told<'a>>,
    pub absences: Vec<Absence<'t, 'a>>,
    pub presences: Vec<Presence<'a>>,
    starts: Vec<(&'t Told<'a>, bool)>,
    ends: Vec<&'t Told<'a>>,
}

impl Stay<'_, '_> {
    /// P of this stay.
    pub fn present(&self) -> Dates {
        Dates::new(self.presences.iter().flat_map(|presence| presence.counted.runs()))
    }
}

/// Every stay, in the order of its first record.
pub(super) fn stays<'t, 'a>(timeline: &'t Timeline<'a>, boundary: Boundary) -> Vec<Stay<'t, 'a>> {
    let mut stays = gather(timeline);
    let displacing: Vec<&Told> = timeline
        .told
        .iter()
        .filter(|told| matches!(told.fact, Fact::Admitted(_) | Fact::Arrived(_)))
        .collect();
    for stay in &mut stays {
        stay.presences = presences(timeline, stay, &displacing);
        absences(stay);
        for presence in &mut stay.presences {
            let mut dates = Dates::new([presence.run]);
            dates = dates.minus(&Span::dates(&presence.absences));
            if let (Boundary::ExcludeLast, End::Closed(_)) = (boundary, presence.end) {
                let last = presence.run.last;
                dates = dates.minus(&Dates::between(last, last));
            }
            presence.counted = dates;
        }
    }
    stays
}

/// The houses of the presences that share a date with a window, each once, by code.
pub(super) fn houses(stays: &[Stay<'_, '_>], window: Option<Run>) -> Vec<Code> {
    let presences = stays.iter().flat_map(|stay| &stay.presences);
    let within = presences.filter(|p| window.is_some_and(|window| window.meets(p.run)));
    let houses: BTreeSet<&Code> = within.map(|presence| presence.facility).collect();
    houses.into_iter().cloned().collect()
}

fn gather<'t, 'a>(timeline: &'t Timeline<'a>) -> Vec<Stay<'t, 'a>> {
    let mut places: HashMap<&Id, usize> = HashMap::new();
    let mut stays: Vec<Stay> = Vec::new();
    for told in &timeline.told {
        let id = match told.fact {
            Fact::Admitted(of) => &of.stay,
            Fact::StayAbsenceStarted(of) => &of.stay,
            Fact::StayAbsenceEnded(of) => &of.stay,
            Fact::StayCompleted(of) => &of.stay,
            Fact::DroppedOut(of) => &of.stay,
            Fact::StayTransferred(of) => &of.stay,
            _ => continue,
        };
        let place = *places.entry(id).or_insert_with(|| {
            stays.push(Stay::default());
            stays.len() - 1
        });
        let stay = &mut stays[place];
        match told.fact {
            Fact::Admitted(_) => stay.admissions.push(told),
            Fact::StayAbsenceStarted(absence) => stay.starts.push((told, absence.authorised)),
            Fact::StayAbsenceEnded(_) => stay.ends.push(told),
            _ => stay.closings.push(told),
        }
    }
    stays
}

fn presences<'a>(
    timeline: &Timeline<'a>,
    stay: &Stay<'_, 'a>,
    displacing: &[&Told<'a>],
) -> Vec<Presence<'a>> {
    let presence = |admitted: &&Told<'a>| {
        let Fact::Admitted(admission) = admitted.fact else { return None };
        let closing = stay.closings.partition_point(|told| told.instant < admitted.instant);
        let next = displacing.partition_point(|told| told.place <= admitted.place);
        let (end, told) = match (stay.closings.get(closing), displacing.get(next)) {
            (Some(closing), _) => (End::Closed(closing.place), Some(*closing)),
            (None, Some(next)) => (End::Displaced(next.place), Some(*next)),
            (None, None) => (End::Open, None),
        };
        let last = told.map_or(timeline.at, |told| told.date);
        Some(Presence {
            stay: &admission.stay,
            facility: &admission.facility,
            admitted: admitted.place,
            run: Run { first: admitted.date, last },
            end,
            from: admitted.instant,
            until: told.map(|told| told.instant),
            absences: Vec::new(),
            counted: Dates::default(),
        })
    };
    stay.admissions.iter().filter_map(presence).collect()
}

/// Gives each absence to the presences that run when it starts.
fn absences(stay: &mut Stay<'_, '_>) {
    for &(start, authorised) in &stay.starts {
        let next = stay.ends.partition_point(|end| end.place < start.place);
        let end = stay.ends.get(next).copied();
        let mut within = None;
        for presence in stay.presences.iter_mut().filter(|p| p.runs_at(start.instant)) {
            within = match (within, presence.until) {
                (Some(Within::Open), _) | (_, None) => Some(Within::Open),
                (Some(Within::Until(a)), Some(b)) => Some(Within::Until(a.max(b))),
                (None, Some(b)) => Some(Within::Until(b)),
            };
            let run = presence.inside(start, end);
            if !authorised {
                let ended = end.filter(|end| presence.runs_at(end.instant)).map(|end| end.place);
                let until = ended.or(presence.end.place());
                let depends_on = [Some(start.place), until].into_iter().flatten().collect();
                presence.absences.push(Span { run, depends_on });
            }
        }
        stay.absences.push(Absence { start, end, within });
    }
}

/// The findings about stays on their own.
pub(super) fn findings(timeline: &Timeline<'_>, stays: &[Stay<'_, '_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stay in stays {
        closings(timeline, stay, &mut findings);
        overlapping_absences(timeline, stay, &mut findings);
    }
    overlapping_stays(timeline, stays, &mut findings);
    findings
}

fn closings(timeline: &Timeline<'_>, stay: &Stay<'_, '_>, findings: &mut Vec<Finding>) {
    for presence in &stay.presences {
        let End::Displaced(by) = presence.end else { continue };
        findings.push(timeline.finding(
            FindingCode::StayNeverClosed,
            [presence.admitted, by],
            format!(
                "Admitted on {} and never closed; counted to {}, when another place took over.",
                presence.run.first, presence.run.last
            ),
        ));
    }
    let ends: HashSet<Option<Place>> = stay.presences.iter().map(|p| p.end.place()).collect();
    let mut first: Option<&Told> = None;
    for closing in &stay.closings {
        match first {
            _ if ends.contains(&Some(closing.place)) => first = Some(closing),
            Some(first) => findings.push(timeline.finding(
                FindingCode::StayClosedTwice,
                [first.place, closing.place],
                format!(
                    "Closed on {} and again on {}; the first closing counts.",
                    first.date, closing.date
                ),
            )),
            None => {}
        }
    }
}

fn overlapping_absences(timeline: &Timeline<'_>, stay: &Stay<'_, '_>, findings: &mut Vec<Finding>) {
    for absence in stay.absences.iter().filter(|absence| absence.within.is_none()) {
        findings.push(timeline.finding(
            FindingCode::AbsenceWithoutStay,
            [absence.start.place],
            format!(
                "An absence starts on {} outside any presence; it has no effect.",
                absence.start.date
            ),
        ));
    }
    let mut longest: Option<(&Absence, Option<DateTime<Utc>>)> = None;
    for absence in stay.absences.iter().filter(|absence| absence.within.is_some()) {
        if let Some((earlier, until)) = longest
            && until.is_none_or(|until| absence.start.instant < until)
        {
            findings.push(timeline.finding(
                FindingCode::AbsenceOverlap,
                [earlier.start.place, absence.start.place],
                format!(
                    "An absence starts on {} while another runs since {}.",
                    absence.start.date, earlier.start.date
                ),
            ));
        }
        let until = until(absence);
        if longest.is_none_or(|(_, longest)| longest.is_some_and(|l| until.is_none_or(|u| l < u))) {
            longest = Some((absence, until));
        }
    }
}

/// When an absence ends, as far as its presences go; `None`: it goes on.
fn until(absence: &Absence<'_, '_>) -> Option<DateTime<Utc>> {
    let end = absence.end.map(|end| end.instant);
    match absence.within {
        Some(Within::Until(until)) => Some(end.map_or(until, |end| end.min(until))),
        _ => end,
    }
}

/// Each presence against the one before it that reaches furthest, so that a long stay under many
/// short ones is told once for each.
fn overlapping_stays(timeline: &Timeline<'_>, stays: &[Stay<'_, '_>], findings: &mut Vec<Finding>) {
    let mut all: Vec<&Presence> = stays.iter().flat_map(|stay| &stay.presences).collect();
    all.sort_by_key(|presence| presence.admitted);
    let mut own: HashMap<&Id, &Presence> = HashMap::new();
    // The furthest, and the furthest of another stay than that one's.
    let (mut first, mut second): (Option<&Presence>, Option<&Presence>) = (None, None);
    for presence in all {
        let other = if first.is_some_and(|f| f.stay == presence.stay) { second } else { first };
        let other = other.filter(|other| presence.run.first <= other.run.last);
        let again = own.get(presence.stay).copied();
        let again = again.filter(|own| own.until.is_none_or(|until| presence.from < until));
        findings.extend([other, again].into_iter().flatten().map(|other| {
            timeline.finding(
                FindingCode::StayOverlap,
                [other.admitted, presence.admitted],
                format!("Two presences cover {}; each date counts once.", presence.run.first),
            )
        }));
        let further = |than: Option<&Presence>| than.is_none_or(|t| t.run.last < presence.run.last);
        if first.is_some_and(|f| f.stay == presence.stay) {
            first = if further(first) { Some(presence) } else { first };
        } else if further(first) {
            (first, second) = (Some(presence), first);
        } else if further(second) {
            second = Some(presence);
        }
        if again.is_none_or(|again| again.until <= presence.until && again.until.is_some()) {
            own.insert(presence.stay, presence);
        }
    }
}
