//! The dates on which each modality ran (its window W), was suspended (S), and on which the person
//! complied with it (K).
//! Always: K lies inside W, and no window holds the first date of a later modality.
//! Rules: the sets W, S and K in the header of `credit/mod.rs`.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::detention::Detention;
use super::timeline::{RecordIndex, Span, Timeline};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::time::dates::{DateRun, DateSet, day_before};
use crate::domain::vocabulary::choice::ModalityKind;
use crate::domain::vocabulary::fact::{Fact, Granted, Id};

/// The decision of a court under art. 68 par. 5 al. 2.
#[derive(Debug, Clone, Copy)]
pub(super) struct CourtDecision<'a> {
    pub figure: DecidedFigure,
    pub judgment: &'a Id,
    /// The id of the record that states the decision.
    pub event: &'a str,
}

/// The figure that a decision gives: the days left to serve, or the days credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecidedFigure {
    RemainingDays(i64),
    CreditedDays(i64),
}

/// One modality with its sets of dates.
#[derive(Debug)]
pub(super) struct DatedModality<'a> {
    pub granted: &'a Granted,
    pub grant_record: RecordIndex,
    pub starts_on: NaiveDate,
    /// The window W as a run; `None` when it is empty.
    pub window: Option<DateRun>,
    /// The window W as a set.
    pub window_dates: DateSet,
    /// The records that the window depends on: the grant; the record that ends the window, which
    /// may be the death; and, if the person arrived in prison and was released on the start date,
    /// the release, because without the release the arrival would end the window.
    pub depends_on: Vec<RecordIndex>,
    pub suspensions: Vec<Span>,
    pub suspended: DateSet,
    pub compliant: DateSet,
    pub decision: Option<CourtDecision<'a>>,
}

impl DatedModality<'_> {
    /// Whether the person sleeps in the institution under this kind of modality.
    pub fn sleeps_inside(&self) -> bool {
        matches!(self.granted.kind, ModalityKind::LimitedDetention | ModalityKind::TransitionHouse)
    }

    /// The records that the window and the suspensions depend on.
    pub fn records_behind_window_and_suspensions(&self) -> impl Iterator<Item = RecordIndex> + '_ {
        let suspensions = self.suspensions.iter().flat_map(|span| &span.depends_on);
        self.depends_on.iter().chain(suspensions).copied()
    }
}

/// A date and the record that states the date.
type DatedRecord = (NaiveDate, RecordIndex);

/// The records about one modality, besides its grant.
#[derive(Default)]
struct ModalityEvents<'a> {
    /// Each suspension with the record that lifted it, if any did.
    suspensions: Vec<(DatedRecord, Option<DatedRecord>)>,
    ended: Option<DatedRecord>,
    /// The revocation that takes effect first.
    revoked: Option<DatedRecord>,
    decision: Option<CourtDecision<'a>>,
}

/// All modalities in the order of `startsOn`, and D: the dates in detention without the first date
/// of each window. The date on which the person leaves prison belongs to the modality.
pub(super) fn modalities<'a>(
    timeline: &Timeline<'a>,
    detention: &Detention,
    findings: &mut Vec<Finding>,
) -> (Vec<DatedModality<'a>>, DateSet) {
    let mut by_modality = events_by_modality(timeline);
    let grants = grants(timeline, findings);
    let starts: Vec<DatedRecord> = grants.iter().map(|g| (g.1, g.2)).collect();
    let mut modalities = Vec::with_capacity(grants.len());
    for (granted, starts_on, grant) in grants {
        let events = by_modality.remove(&granted.modality).unwrap_or_default();
        let later = starts.partition_point(|(other, _)| *other <= starts_on);
        let next = starts.get(later).copied();
        let (last, end) =
            window_end(timeline, detention, &events, (starts_on, grant), next, findings);
        let window = (starts_on <= last).then_some(DateRun { first: starts_on, last });
        let window_dates = DateSet::new(window);
        let suspensions = suspensions(&events, last);
        let suspended = Span::dates(&suspensions).intersect(&window_dates);
        modalities.push(DatedModality {
            granted,
            grant_record: grant,
            starts_on,
            window,
            window_dates,
            depends_on: [Some(grant), detention.release_after_arrival_on(starts_on), end]
                .into_iter()
                .flatten()
                .collect(),
            suspensions,
            suspended,
            compliant: DateSet::default(),
            decision: events.decision,
        });
    }
    findings.extend(modalities.windows(2).filter_map(|pair| same_start(timeline, pair)));
    let first_dates = modalities.iter().filter_map(|m| m.window);
    let first_dates = first_dates.map(|w| DateRun { first: w.first, last: w.first });
    let detained = detention.dates_with_window_starts.minus(&DateSet::new(first_dates));
    for modality in &mut modalities {
        set_compliant_dates(timeline, detention, modality, &detained, findings);
    }
    (modalities, detained)
}

/// A finding about two windows that start on one date: neither cuts the other short.
fn same_start(timeline: &Timeline<'_>, pair: &[DatedModality<'_>]) -> Option<Finding> {
    let (first, second) = (&pair[0], &pair[1]);
    let both = first.window.is_some() && second.window.is_some();
    (both && first.starts_on == second.starts_on).then(|| {
        timeline.finding(
            FindingCode::ModalityOverlap,
            [first.grant_record, second.grant_record],
            format!("Two modalities start on {}; neither cuts the other short.", first.starts_on),
        )
    })
}

/// The first grant of each modality with its start date, in the order of start dates.
fn grants<'a>(
    timeline: &Timeline<'a>,
    findings: &mut Vec<Finding>,
) -> Vec<(&'a Granted, NaiveDate, RecordIndex)> {
    let mut first: HashMap<&Id, RecordIndex> = HashMap::new();
    let mut grants = Vec::new();
    for record in &timeline.records {
        let Fact::Granted(granted) = record.fact else { continue };
        if let Some(earlier) = first.get(&granted.modality) {
            findings.push(timeline.finding(
                FindingCode::ModalityGrantedTwice,
                [*earlier, record.index],
                format!("Granted again on {}; the earliest grant counts.", record.date),
            ));
            continue;
        }
        first.insert(&granted.modality, record.index);
        grants.push((granted, granted.starts_on.unwrap_or(record.date), record.index));
    }
    grants.sort_by_key(|(_, starts_on, grant)| (*starts_on, *grant));
    grants
}

/// The records about each modality, besides the grants.
fn events_by_modality<'a>(timeline: &Timeline<'a>) -> HashMap<&'a Id, ModalityEvents<'a>> {
    let mut by_modality: HashMap<&Id, ModalityEvents> = HashMap::new();
    for record in &timeline.records {
        let moment = (record.date, record.index);
        match record.fact {
            Fact::ModalitySuspended(of) => {
                let events = by_modality.entry(&of.modality).or_default();
                events.suspensions.push((moment, None));
            }
            Fact::SuspensionLifted(of) => {
                let events = by_modality.entry(&of.modality).or_default();
                let open = events.suspensions.iter_mut().rev();
                for (_, lifted) in open.take_while(|(_, lifted)| lifted.is_none()) {
                    *lifted = Some(moment);
                }
            }
            Fact::ModalityEnded(of) => {
                by_modality.entry(&of.modality).or_default().ended.get_or_insert(moment);
            }
            Fact::Revoked(revoked) => {
                let events = by_modality.entry(&revoked.modality).or_default();
                let effective = (revoked.effective_on.unwrap_or(record.date), record.index);
                events.revoked = events.revoked.min(Some(effective)).or(Some(effective));
                let remaining =
                    revoked.remaining_days.map(|r| DecidedFigure::RemainingDays(r.into()));
                let credited = revoked.credited_days.map(|c| DecidedFigure::CreditedDays(c.into()));
                let (judgment, event) = (&revoked.judgment, record.id);
                let decision = remaining.or(credited);
                let decision = decision.map(|figure| CourtDecision { figure, judgment, event });
                events.decision = decision.or(events.decision);
            }
            _ => {}
        }
    }
    by_modality
}

/// The last date of the window and the record that ends it. Of all records that could end the
/// window, the one with the earliest last date decides.
fn window_end(
    timeline: &Timeline<'_>,
    detention: &Detention,
    events: &ModalityEvents<'_>,
    (starts_on, grant): DatedRecord,
    next: Option<DatedRecord>,
    findings: &mut Vec<Finding>,
) -> (NaiveDate, Option<RecordIndex>) {
    let ends_the_day_before = |(date, record): DatedRecord| (day_before(date), Some(record));
    let own_ends = [
        detention.arrival_that_ends_modality(starts_on).map(ends_the_day_before),
        events.revoked.map(ends_the_day_before),
        events.ended.map(|(date, record)| (date, Some(record))),
        Some((timeline.last_date, timeline.death)),
    ];
    let own_end = own_ends.into_iter().flatten().min_by_key(|(date, _)| *date);
    let (last, end) = own_end.unwrap_or((timeline.last_date, timeline.death));
    match next {
        Some((next_start, next_grant)) if day_before(next_start) < last => {
            findings.push(timeline.finding(
                FindingCode::ModalityOverlap,
                [grant, next_grant],
                format!("A window is cut short by another modality that starts on {next_start}."),
            ));
            (day_before(next_start), Some(next_grant))
        }
        _ => (last, end),
    }
}

/// One span per suspension: up to the day before it was lifted, or up to the end of the window if
/// it was not lifted.
fn suspensions(events: &ModalityEvents<'_>, window_last: NaiveDate) -> Vec<Span> {
    let span = |&((first, suspended), lifted): &(DatedRecord, Option<DatedRecord>)| {
        let last = lifted.map_or(window_last, |(date, _)| day_before(date));
        let depends_on = [Some(suspended), lifted.map(|(_, record)| record)];
        Span {
            run: DateRun { first, last },
            depends_on: depends_on.into_iter().flatten().collect(),
        }
    };
    events.suspensions.iter().map(span).collect()
}

/// Computes the compliant dates K: the window without the suspended dates. If the person lives
/// outside prison under this modality, the detained dates are left out too.
fn set_compliant_dates(
    timeline: &Timeline<'_>,
    detention: &Detention,
    modality: &mut DatedModality<'_>,
    detained: &DateSet,
    findings: &mut Vec<Finding>,
) {
    modality.compliant = modality.window_dates.minus(&modality.suspended);
    if modality.sleeps_inside() {
        return;
    }
    modality.compliant = modality.compliant.minus(detained);
    let inside = modality.window_dates.intersect(detained);
    let (Some(first), Some(window)) = (inside.runs().next(), modality.window) else { return };
    let spans = detention.spans.iter().filter(|span| span.run.meets(window));
    let records: HashSet<RecordIndex> =
        spans.flat_map(|span| span.depends_on.iter().copied()).collect();
    findings.push(timeline.finding(
        FindingCode::ModalityWithoutRelease,
        records.into_iter().chain([modality.grant_record]),
        format!(
            "Detained on {} dates of a modality under which the person lives outside prison; first \
             on {}.",
            inside.days(),
            first.first
        ),
    ));
}
