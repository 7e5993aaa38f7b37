//! P: the dates on which the person was present in residential treatment.
//! Always: every date of P lies in a presence. A date that one presence counts is in P, even if
//! another presence excludes it.
//! Rules: the set P in the header of `credit/mod.rs`.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::parameters::Boundary;
use super::timeline::{RecordIndex, Span, Timeline, TimelineRecord};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::time::dates::{DateRun, DateSet, day_after, day_before};
use crate::domain::vocabulary::fact::{Code, Fact, Id};

/// How a presence ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OldPresenceEnd {
    /// A closing of the stay ended the presence.
    Closed(RecordIndex),
    /// No closing is recorded. The next admission to any facility, or the next arrival in prison,
    /// ends the presence.
    NotClosed(RecordIndex),
    /// The presence goes on.
    Open,
}

impl OldPresenceEnd {
    /// The record that ended the presence.
    pub fn record(self) -> Option<RecordIndex> {
        match self {
            Self::Closed(record) | Self::NotClosed(record) => Some(record),
            Self::Open => None,
        }
    }
}

/// One presence in a treatment facility: from an admission to its end.
#[derive(Debug)]
pub(super) struct OldPresence<'a> {
    pub stay: &'a Id,
    pub facility: &'a Code,
    pub admitted: RecordIndex,
    pub run: DateRun,
    pub end: OldPresenceEnd,
    /// When the presence began.
    pub from: DateTime<Utc>,
    /// When the presence ended; `None`: it goes on.
    pub until: Option<DateTime<Utc>>,
    /// One span per unauthorised absence: the dates on which the person was away all day.
    pub absences: Vec<Span>,
    /// The dates that this presence counts.
    pub counted: DateSet,
}

impl OldPresence<'_> {
    /// Whether the presence runs at an instant, both ends included.
    fn runs_at(&self, instant: DateTime<Utc>) -> bool {
        self.from <= instant && self.until.is_none_or(|until| instant <= until)
    }

    /// The dates of the presence with the records that start and end it.
    pub fn span(&self) -> Span {
        let depends_on = [Some(self.admitted), self.end.record()];
        Span { run: self.run, depends_on: depends_on.into_iter().flatten().collect() }
    }

    /// The dates on which the person was away all day in an absence from `start` to `end`, cut at
    /// the end of the presence.
    fn full_days_of_absence(
        &self,
        start: &TimelineRecord<'_>,
        end: Option<&TimelineRecord<'_>>,
    ) -> DateRun {
        let ended = end.filter(|end| self.until.is_none_or(|until| end.instant <= until));
        let last = match (ended, self.end) {
            (Some(end), _) => day_before(end.date),
            // The person was still away when the stay was closed, or is still away now.
            (None, OldPresenceEnd::Closed(_) | OldPresenceEnd::Open) => self.run.last,
            (None, OldPresenceEnd::NotClosed(_)) => day_before(self.run.last),
        };
        DateRun { first: day_after(start.date), last }
    }
}

/// An absence from a stay, as recorded.
#[derive(Debug)]
pub(super) struct OldStayAbsence<'t, 'a> {
    pub start: &'t TimelineRecord<'a>,
    pub end: Option<&'t TimelineRecord<'a>>,
    /// The latest end of the presences that contain the start of the absence; `None`: no presence
    /// contains the start.
    pub limit: Option<AbsenceLimit>,
}

/// The latest possible end of an absence: the end of its presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AbsenceLimit {
    Until(DateTime<Utc>),
    Open,
}

/// The records of one stay, and the presences and absences that follow from them.
#[derive(Debug, Default)]
pub(super) struct TreatmentStay<'t, 'a> {
    pub admissions: Vec<&'t TimelineRecord<'a>>,
    pub closings: Vec<&'t TimelineRecord<'a>>,
    pub absences: Vec<OldStayAbsence<'t, 'a>>,
    pub presences: Vec<OldPresence<'a>>,
    /// Each start of an absence, and whether the absence was authorised.
    absence_starts: Vec<(&'t TimelineRecord<'a>, bool)>,
    absence_ends: Vec<&'t TimelineRecord<'a>>,
}

impl TreatmentStay<'_, '_> {
    /// The dates that the presences of this stay count.
    pub fn present_dates(&self) -> DateSet {
        DateSet::new(self.presences.iter().flat_map(|presence| presence.counted.runs()))
    }
}

/// Every stay, in the order of first records, with its presences and absences.
pub(super) fn build_stays<'t, 'a>(
    timeline: &'t Timeline<'a>,
    boundary: Boundary,
) -> Vec<TreatmentStay<'t, 'a>> {
    let mut stays = gather(timeline);
    let admissions_and_arrivals: Vec<&TimelineRecord> = timeline
        .records
        .iter()
        .filter(|record| matches!(record.fact, Fact::Admitted(_) | Fact::Arrived(_)))
        .collect();
    for stay in &mut stays {
        stay.presences = build_presences(timeline, stay, &admissions_and_arrivals);
        assign_absences(stay);
        for presence in &mut stay.presences {
            let mut dates = DateSet::new([presence.run]);
            dates = dates.minus(&Span::dates(&presence.absences));
            if let (Boundary::ExcludeLast, OldPresenceEnd::Closed(_)) = (boundary, presence.end) {
                let last = presence.run.last;
                dates = dates.minus(&DateSet::between(last, last));
            }
            presence.counted = dates;
        }
    }
    stays
}

/// The codes of the facilities whose presences share a date with a window, in their order.
pub(super) fn facilities_in(stays: &[TreatmentStay<'_, '_>], window: Option<DateRun>) -> Vec<Code> {
    let presences = stays.iter().flat_map(|stay| &stay.presences);
    let within = presences.filter(|p| window.is_some_and(|window| window.meets(p.run)));
    let facilities: BTreeSet<&Code> = within.map(|presence| presence.facility).collect();
    facilities.into_iter().cloned().collect()
}

/// Groups the records by stay.
fn gather<'t, 'a>(timeline: &'t Timeline<'a>) -> Vec<TreatmentStay<'t, 'a>> {
    let mut indexes: HashMap<&Id, usize> = HashMap::new();
    let mut stays: Vec<TreatmentStay> = Vec::new();
    for record in &timeline.records {
        let id = match record.fact {
            Fact::Admitted(of) => &of.stay,
            Fact::StayAbsenceStarted(of) => &of.stay,
            Fact::StayAbsenceEnded(of) => &of.stay,
            Fact::StayCompleted(of) => &of.stay,
            Fact::DroppedOut(of) => &of.stay,
            Fact::StayTransferred(of) => &of.stay,
            _ => continue,
        };
        let index = *indexes.entry(id).or_insert_with(|| {
            stays.push(TreatmentStay::default());
            stays.len() - 1
        });
        let stay = &mut stays[index];
        match record.fact {
            Fact::Admitted(_) => stay.admissions.push(record),
            Fact::StayAbsenceStarted(absence) => {
                stay.absence_starts.push((record, absence.authorised));
            }
            Fact::StayAbsenceEnded(_) => stay.absence_ends.push(record),
            _ => stay.closings.push(record),
        }
    }
    stays
}

/// The presences of a stay: each admission with what ended it.
fn build_presences<'a>(
    timeline: &Timeline<'a>,
    stay: &TreatmentStay<'_, 'a>,
    admissions_and_arrivals: &[&TimelineRecord<'a>],
) -> Vec<OldPresence<'a>> {
    let presence = |admitted: &&TimelineRecord<'a>| {
        let Fact::Admitted(admission) = admitted.fact else { return None };
        let closing = stay.closings.partition_point(|record| record.instant < admitted.instant);
        let next = admissions_and_arrivals.partition_point(|record| record.index <= admitted.index);
        let (end, record) = match (stay.closings.get(closing), admissions_and_arrivals.get(next)) {
            (Some(closing), _) => (OldPresenceEnd::Closed(closing.index), Some(*closing)),
            (None, Some(next)) => (OldPresenceEnd::NotClosed(next.index), Some(*next)),
            (None, None) => (OldPresenceEnd::Open, None),
        };
        let last = record.map_or(timeline.last_date, |record| record.date);
        Some(OldPresence {
            stay: &admission.stay,
            facility: &admission.facility,
            admitted: admitted.index,
            run: DateRun { first: admitted.date, last },
            end,
            from: admitted.instant,
            until: record.map(|record| record.instant),
            absences: Vec::new(),
            counted: DateSet::default(),
        })
    };
    stay.admissions.iter().filter_map(presence).collect()
}

/// Assigns each absence to the presences that run when the absence starts.
fn assign_absences(stay: &mut TreatmentStay<'_, '_>) {
    for &(start, authorised) in &stay.absence_starts {
        let next = stay.absence_ends.partition_point(|end| end.index < start.index);
        let end = stay.absence_ends.get(next).copied();
        let mut limit = None;
        for presence in stay.presences.iter_mut().filter(|p| p.runs_at(start.instant)) {
            limit = match (limit, presence.until) {
                (Some(AbsenceLimit::Open), _) | (_, None) => Some(AbsenceLimit::Open),
                (Some(AbsenceLimit::Until(a)), Some(b)) => Some(AbsenceLimit::Until(a.max(b))),
                (None, Some(b)) => Some(AbsenceLimit::Until(b)),
            };
            let run = presence.full_days_of_absence(start, end);
            if !authorised {
                let ended = end.filter(|end| presence.runs_at(end.instant)).map(|end| end.index);
                let until = ended.or(presence.end.record());
                let depends_on = [Some(start.index), until].into_iter().flatten().collect();
                presence.absences.push(Span { run, depends_on });
            }
        }
        stay.absences.push(OldStayAbsence { start, end, limit });
    }
}

/// The findings about closings, absences and overlaps of stays.
pub(super) fn stay_findings(
    timeline: &Timeline<'_>,
    stays: &[TreatmentStay<'_, '_>],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stay in stays {
        add_closing_findings(timeline, stay, &mut findings);
        add_absence_findings(timeline, stay, &mut findings);
    }
    add_overlap_findings(timeline, stays, &mut findings);
    findings
}

/// Adds a finding for each presence that was never closed, and for each second closing.
fn add_closing_findings(
    timeline: &Timeline<'_>,
    stay: &TreatmentStay<'_, '_>,
    findings: &mut Vec<Finding>,
) {
    for presence in &stay.presences {
        let OldPresenceEnd::NotClosed(by) = presence.end else { continue };
        findings.push(timeline.finding(
            FindingCode::StayNeverClosed,
            [presence.admitted, by],
            format!(
                "No closing follows the admission of {}; the stay counts up to {}, the date of the \
                 next admission or arrival in prison.",
                presence.run.first, presence.run.last
            ),
        ));
    }
    let closings_that_count: HashSet<Option<RecordIndex>> =
        stay.presences.iter().map(|p| p.end.record()).collect();
    let mut first: Option<&TimelineRecord> = None;
    for closing in &stay.closings {
        match first {
            _ if closings_that_count.contains(&Some(closing.index)) => first = Some(closing),
            Some(first) => findings.push(timeline.finding(
                FindingCode::StayClosedTwice,
                [first.index, closing.index],
                format!(
                    "Closed on {} and again on {}; the first closing counts.",
                    first.date, closing.date
                ),
            )),
            None => {}
        }
    }
}

/// Adds a finding for each absence outside any presence, and for absences that overlap.
fn add_absence_findings(
    timeline: &Timeline<'_>,
    stay: &TreatmentStay<'_, '_>,
    findings: &mut Vec<Finding>,
) {
    for absence in stay.absences.iter().filter(|absence| absence.limit.is_none()) {
        findings.push(timeline.finding(
            FindingCode::AbsenceWithoutStay,
            [absence.start.index],
            format!(
                "An absence starts on {}, but the person was not in that stay then; it has no \
                 effect.",
                absence.start.date
            ),
        ));
    }
    let mut longest: Option<(&OldStayAbsence, Option<DateTime<Utc>>)> = None;
    for absence in stay.absences.iter().filter(|absence| absence.limit.is_some()) {
        if let Some((earlier, until)) = longest
            && until.is_none_or(|until| absence.start.instant < until)
        {
            findings.push(timeline.finding(
                FindingCode::AbsenceOverlap,
                [earlier.start.index, absence.start.index],
                format!(
                    "An absence starts on {} during another absence that started on {}.",
                    absence.start.date, earlier.start.date
                ),
            ));
        }
        let until = end_of(absence);
        if longest.is_none_or(|(_, longest)| longest.is_some_and(|l| until.is_none_or(|u| l < u))) {
            longest = Some((absence, until));
        }
    }
}

/// When an absence ends, at the latest with its presences; `None`: the absence goes on.
fn end_of(absence: &OldStayAbsence<'_, '_>) -> Option<DateTime<Utc>> {
    let end = absence.end.map(|end| end.instant);
    match absence.limit {
        Some(AbsenceLimit::Until(until)) => Some(end.map_or(until, |end| end.min(until))),
        _ => end,
    }
}

/// Adds the findings about presences that share a date. Each presence is compared only with the
/// earlier presence that ends last. A long stay that covers many short ones therefore gives one
/// finding per short stay.
fn add_overlap_findings(
    timeline: &Timeline<'_>,
    stays: &[TreatmentStay<'_, '_>],
    findings: &mut Vec<Finding>,
) {
    let mut all: Vec<&OldPresence> = stays.iter().flat_map(|stay| &stay.presences).collect();
    all.sort_by_key(|presence| presence.admitted);
    let mut latest_by_stay: HashMap<&Id, &OldPresence> = HashMap::new();
    // The presence that ends last, and the presence that ends last among all other stays.
    let mut latest_end: Option<&OldPresence> = None;
    let mut latest_end_of_other_stay: Option<&OldPresence> = None;
    for presence in all {
        let is_own = latest_end.is_some_and(|latest| latest.stay == presence.stay);
        let other = if is_own { latest_end_of_other_stay } else { latest_end };
        let other = other.filter(|other| presence.run.first <= other.run.last);
        let again = latest_by_stay.get(presence.stay).copied();
        let again = again.filter(|same| same.until.is_none_or(|until| presence.from < until));
        findings.extend([other, again].into_iter().flatten().map(|other| {
            timeline.finding(
                FindingCode::StayOverlap,
                [other.admitted, presence.admitted],
                format!("Two presences cover {}; each date counts once.", presence.run.first),
            )
        }));
        let ends_after =
            |than: Option<&OldPresence>| than.is_none_or(|t| t.run.last < presence.run.last);
        if ends_after(latest_end) {
            if !is_own {
                latest_end_of_other_stay = latest_end;
            }
            latest_end = Some(presence);
        } else if !is_own && ends_after(latest_end_of_other_stay) {
            latest_end_of_other_stay = Some(presence);
        }
        if again.is_none_or(|again| again.until <= presence.until && again.until.is_some()) {
            latest_by_stay.insert(presence.stay, presence);
        }
    }
}
