//! W, S and K: the dates on which a modality ran, was suspended, and was complied with.
//! Always: K lies inside W, and no window holds the first date of a later modality.
//! Rules: the rows W, S and K of the table "Sets" of the credit rules.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::detention::Detention;
use super::timeline::{RecordIndex, Span, Timeline};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::time::dates::{DateRun, DateSet, day_before};
use crate::domain::vocabulary::choice::ModalityKind;
use crate::domain::vocabulary::fact::{Fact, Granted, Id};

/// What a court decided under art. 68 par. 5 al. 2.
#[derive(Debug, Clone, Copy)]
pub(super) struct CourtDecision<'a> {
    pub left: DecidedFigure,
    pub judgment: &'a Id,
    /// The id of the record that states the decision.
    pub event: &'a str,
}

/// The figure that a decision gives: what is left to serve, or what is credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecidedFigure {
    RemainingDays(i64),
    CreditedDays(i64),
}

/// One modality with its sets of dates.
#[derive(Debug)]
pub(super) struct DatedModality<'a> {
    pub granted: &'a Granted,
    pub grant: RecordIndex,
    pub starts_on: NaiveDate,
    /// The window W as a run; `None` when it is empty.
    pub window: Option<DateRun>,
    /// The window W as a set.
    pub dates: DateSet,
    /// The records that the window depends on: the grant; a release because of which an arrival
    /// on the first date is no return; the record that ends the window, which may be the death.
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
    pub fn records(&self) -> impl Iterator<Item = RecordIndex> + '_ {
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

/// Every modality in the order of `startsOn`, and D without the first date of each window.
pub(super) fn modalities<'a>(
    timeline: &Timeline<'a>,
    detention: &Detention,
    findings: &mut Vec<Finding>,
) -> (Vec<DatedModality<'a>>, DateSet) {
    let mut about = about(timeline);
    let grants = grants(timeline, findings);
    let starts: Vec<DatedRecord> = grants.iter().map(|g| (g.1, g.2)).collect();
    let mut modalities = Vec::with_capacity(grants.len());
    for (granted, starts_on, grant) in grants {
        let about = about.remove(&granted.modality).unwrap_or_default();
        let later = starts.partition_point(|(other, _)| *other <= starts_on);
        let next = starts.get(later).copied();
        let (last, end) =
            window_end(timeline, detention, &about, (starts_on, grant), next, findings);
        let window = (starts_on <= last).then_some(DateRun { first: starts_on, last });
        let dates = DateSet::new(window);
        let suspensions = suspensions(&about, last);
        let suspended = Span::dates(&suspensions).intersect(&dates);
        modalities.push(DatedModality {
            granted,
            grant,
            starts_on,
            window,
            dates,
            depends_on: [Some(grant), detention.release_after_arrival_on(starts_on), end]
                .into_iter()
                .flatten()
                .collect(),
            suspensions,
            suspended,
            compliant: DateSet::default(),
            decision: about.decision,
        });
    }
    findings.extend(modalities.windows(2).filter_map(|pair| same_start(timeline, pair)));
    let first_dates = modalities.iter().filter_map(|m| m.window);
    let first_dates = first_dates.map(|w| DateRun { first: w.first, last: w.first });
    let detained = detention.dates.minus(&DateSet::new(first_dates));
    for modality in &mut modalities {
        comply(timeline, detention, modality, &detained, findings);
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
            [first.grant, second.grant],
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
fn about<'a>(timeline: &Timeline<'a>) -> HashMap<&'a Id, ModalityEvents<'a>> {
    let mut about: HashMap<&Id, ModalityEvents> = HashMap::new();
    for record in &timeline.records {
        let moment = (record.date, record.index);
        match record.fact {
            Fact::ModalitySuspended(of) => {
                let about = about.entry(&of.modality).or_default();
                about.suspensions.push((moment, None));
            }
            Fact::SuspensionLifted(of) => {
                let about = about.entry(&of.modality).or_default();
                let open = about.suspensions.iter_mut().rev();
                for (_, lifted) in open.take_while(|(_, lifted)| lifted.is_none()) {
                    *lifted = Some(moment);
                }
            }
            Fact::ModalityEnded(of) => {
                about.entry(&of.modality).or_default().ended.get_or_insert(moment);
            }
            Fact::Revoked(revoked) => {
                let about = about.entry(&revoked.modality).or_default();
                let effective = (revoked.effective_on.unwrap_or(record.date), record.index);
                about.revoked = about.revoked.min(Some(effective)).or(Some(effective));
                let remaining =
                    revoked.remaining_days.map(|r| DecidedFigure::RemainingDays(r.into()));
                let credited = revoked.credited_days.map(|c| DecidedFigure::CreditedDays(c.into()));
                let (judgment, event) = (&revoked.judgment, record.id);
                let decision = remaining.or(credited);
                let decision = decision.map(|left| CourtDecision { left, judgment, event });
                about.decision = decision.or(about.decision);
            }
            _ => {}
        }
    }
    about
}

/// The last date of the window and the record that ends the window: of all records that may end
/// the window, the first.
fn window_end(
    timeline: &Timeline<'_>,
    detention: &Detention,
    about: &ModalityEvents<'_>,
    (starts_on, grant): DatedRecord,
    next: Option<DatedRecord>,
    findings: &mut Vec<Finding>,
) -> (NaiveDate, Option<RecordIndex>) {
    let day_before_it = |(date, record): DatedRecord| (day_before(date), Some(record));
    let own = [
        detention.return_from(starts_on).map(day_before_it),
        about.revoked.map(day_before_it),
        about.ended.map(|(date, record)| (date, Some(record))),
        Some((timeline.at, timeline.death)),
    ];
    let own = own.into_iter().flatten().min_by_key(|(date, _)| *date);
    let (last, end) = own.unwrap_or((timeline.at, timeline.death));
    match next {
        Some((other, other_grant)) if day_before(other) < last => {
            findings.push(timeline.finding(
                FindingCode::ModalityOverlap,
                [grant, other_grant],
                format!("A window is cut short by another modality that starts on {other}."),
            ));
            (day_before(other), Some(other_grant))
        }
        _ => (last, end),
    }
}

/// One span a suspension: to the day before it was lifted, or else to the end of the window.
fn suspensions(about: &ModalityEvents<'_>, window_last: NaiveDate) -> Vec<Span> {
    let span = |&((first, suspended), lifted): &(DatedRecord, Option<DatedRecord>)| {
        let last = lifted.map_or(window_last, |(date, _)| day_before(date));
        let depends_on = [Some(suspended), lifted.map(|(_, record)| record)];
        Span {
            run: DateRun { first, last },
            depends_on: depends_on.into_iter().flatten().collect(),
        }
    };
    about.suspensions.iter().map(span).collect()
}

/// Sets K of a modality: W without the suspended dates and, where the modality is lived outside,
/// without the detained dates.
fn comply(
    timeline: &Timeline<'_>,
    detention: &Detention,
    modality: &mut DatedModality<'_>,
    detained: &DateSet,
    findings: &mut Vec<Finding>,
) {
    modality.compliant = modality.dates.minus(&modality.suspended);
    if modality.sleeps_inside() {
        return;
    }
    modality.compliant = modality.compliant.minus(detained);
    let inside = modality.dates.intersect(detained);
    let (Some(first), Some(window)) = (inside.runs().next(), modality.window) else { return };
    let spans = detention.spans.iter().filter(|span| span.run.meets(window));
    let records: HashSet<RecordIndex> =
        spans.flat_map(|span| span.depends_on.iter().copied()).collect();
    findings.push(timeline.finding(
        FindingCode::ModalityWithoutRelease,
        records.into_iter().chain([modality.grant]),
        format!(
            "Detained on {} dates of a modality that is lived outside, from {} on.",
            inside.days(),
            first.first
        ),
    ));
}
