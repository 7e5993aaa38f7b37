//! Where the person is in the eyes of the law: detained, absent, under a modality, released,
//! deceased.
//! Always: the state is `unknown` until a record of the prison registry or of a modality says
//! otherwise. A record that implies a beginning which nobody recorded is accepted, with a finding.
//! Form: `custody` of the trajectory in the HTTP contract.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::clock::AnswerClock;
use super::modality::{self, LatestModality};
use super::records::{StatedFact, finding_about};
use crate::domain::choices::choices;
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::Item;
use crate::domain::time::calendar::date_of;
use crate::domain::vocabulary::choice::{AbsenceKind, LegalStatus, ModalityKind, ReleaseReason};
use crate::domain::vocabulary::fact::{
    Arrived, Code, Fact, Id, Released, StatusChanged, Transferred,
};

choices! {
    /// The state of custody.
    CustodyState:
        Detained = "detained",
        Absent = "absent",
        UnderModality = "underModality",
        Released = "released",
        Deceased = "deceased",
        Unknown = "unknown",
}

/// Custody at the instant of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Custody {
    /// The state.
    pub state: CustodyState,
    /// The kind of absence, in the state `absent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AbsenceKind>,
    /// The prison of the person; under a modality only where the person sleeps inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<Code>,
    /// The title under which the person is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_status: Option<LegalStatus>,
    /// The modality that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modality: Option<Id>,
    /// The kind of the modality that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modality_kind: Option<ModalityKind>,
    /// Since when the state holds. A transfer, a change of title and the end of an absence do not
    /// begin a detention anew; the end of an escape or of a failure to return does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

impl Custody {
    fn new(state: CustodyState, since: Option<DateTime<Utc>>) -> Self {
        let (kind, facility, legal_status) = (None, None, None);
        Self { state, kind, facility, legal_status, modality: None, modality_kind: None, since }
    }

    /// The custody of a person who died.
    pub fn deceased(since: DateTime<Utc>) -> Self {
        Self::new(CustodyState::Deceased, Some(since))
    }

    fn at(mut self, whereabouts: &Whereabouts) -> Self {
        self.facility = whereabouts.facility.cloned();
        self.legal_status = whereabouts.status;
        self
    }

    fn under(mut self, modality: &LatestModality) -> Self {
        self.modality = Some(modality.id.clone());
        self.modality_kind = Some(modality.kind);
        self
    }
}

/// Derives custody from the records.
pub fn fold(records: &[StatedFact], clock: &AnswerClock, findings: &mut Vec<Finding>) -> Custody {
    let mut whereabouts = Whereabouts::default();
    for (item, fact) in records {
        whereabouts.apply(item, fact, findings);
    }
    let modality = modality::latest(records, clock, findings);
    let running = modality.as_ref().filter(|modality| modality.in_force());
    match whereabouts.place {
        InOrOut::Unknown => running.map_or_else(
            || Custody::new(CustodyState::Unknown, None),
            |modality| {
                Custody::new(CustodyState::UnderModality, Some(modality.starts)).under(modality)
            },
        ),
        InOrOut::Inside => inside(&whereabouts, modality.as_ref()),
        InOrOut::Outside => outside(&whereabouts, modality.as_ref()),
    }
}

fn inside(whereabouts: &Whereabouts, modality: Option<&LatestModality>) -> Custody {
    let sleeping = modality.filter(|modality| modality.sleeps_inside());
    let running = sleeping.filter(|modality| modality.in_force() && modality.suspended.is_none());
    if let Some(absence) = &whereabouts.absence {
        let mut custody = Custody::new(CustodyState::Absent, Some(absence.since)).at(whereabouts);
        custody.kind = Some(absence.kind);
        return match running {
            Some(modality) => custody.under(modality),
            None => custody,
        };
    }
    if let Some(modality) = running {
        let since = whereabouts.by_day.or(whereabouts.since);
        let since = since.max(Some(modality.starts)).max(modality.lifted);
        return Custody::new(CustodyState::UnderModality, since).at(whereabouts).under(modality);
    }
    let no_longer =
        sleeping.and_then(|modality| modality.over.into_iter().chain(modality.suspended).min());
    Custody::new(CustodyState::Detained, whereabouts.since.max(no_longer)).at(whereabouts)
}

fn outside(whereabouts: &Whereabouts, modality: Option<&LatestModality>) -> Custody {
    let since = whereabouts.since;
    let let_out_for = |modality: &LatestModality| {
        whereabouts.released.is_some_and(|release| is_for(release.reason, modality.kind))
    };
    // A modality that starts on the date of the release or later needs no other release.
    let starts_outside = |modality: &LatestModality| {
        since.is_some_and(|since| date_of(since) <= date_of(modality.starts))
    };
    let Some(modality) = modality.filter(|m| starts_outside(m) || let_out_for(m)) else {
        return Custody::new(CustodyState::Released, since);
    };
    if !modality.in_force() {
        return Custody::new(CustodyState::Released, since.max(modality.over));
    }
    let since = since.max(Some(modality.starts));
    let custody = Custody::new(CustodyState::UnderModality, since).under(modality);
    let sleeps_there = modality.sleeps_inside() && let_out_for(modality);
    if sleeps_there { custody.at(whereabouts) } else { custody }
}

/// Whether a release with this reason leads into a modality of this kind. The vocabulary has no
/// release reason for a transition house: `other` stands for it.
fn is_for(reason: ReleaseReason, kind: ModalityKind) -> bool {
    match reason {
        ReleaseReason::ConditionalRelease
        | ReleaseReason::ProvisionalRelease
        | ReleaseReason::ElectronicMonitoring
        | ReleaseReason::LimitedDetention => true,
        ReleaseReason::Other => kind == ModalityKind::TransitionHouse,
        _ => false,
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum InOrOut {
    #[default]
    Unknown,
    Inside,
    Outside,
}

#[derive(Debug)]
struct DetentionAbsence<'a> {
    detention: &'a Id,
    kind: AbsenceKind,
    since: DateTime<Utc>,
    /// Whether the absence follows another absence of the same detention, which no record has
    /// ended.
    follows: bool,
}

impl DetentionAbsence<'_> {
    fn is_unlawful(&self) -> bool {
        matches!(self.kind, AbsenceKind::Escape | AbsenceKind::FailureToReturn)
    }
}

/// The whereabouts that follow from the records of the prison registry, without modalities.
#[derive(Debug, Default)]
struct Whereabouts<'a> {
    place: InOrOut,
    since: Option<DateTime<Utc>>,
    /// Since when the person is let out by day and still sleeps inside.
    by_day: Option<DateTime<Utc>>,
    facility: Option<&'a Code>,
    status: Option<LegalStatus>,
    absence: Option<DetentionAbsence<'a>>,
    released: Option<&'a Released>,
    arrived: Option<&'a Item>,
}

impl<'a> Whereabouts<'a> {
    fn apply(&mut self, item: &'a Item, fact: &'a Fact, findings: &mut Vec<Finding>) {
        match fact {
            Fact::Arrived(arrived) => self.arrive(item, arrived, findings),
            Fact::Released(released) => self.release(item, released, findings),
            Fact::Transferred(transferred) => self.transfer(item, transferred, findings),
            Fact::StatusChanged(changed) => self.change_status(item, changed, findings),
            Fact::AbsenceStarted(started) => {
                self.be_inside(item, findings);
                let (detention, kind, since) = (&started.detention, started.kind, item.instant());
                let before = self.absence.take_if(|absence| absence.detention == detention);
                let follows = before.is_some_and(|before| before.since < since || before.follows);
                self.absence = Some(DetentionAbsence { detention, kind, since, follows });
            }
            Fact::AbsenceEnded(ended) => self.end_absence(item, &ended.detention, findings),
            _ => {}
        }
    }

    fn arrive(&mut self, item: &'a Item, arrived: &'a Arrived, findings: &mut Vec<Finding>) {
        let recaptured = self.absence.as_ref().is_some_and(DetentionAbsence::is_unlawful);
        if self.place == InOrOut::Inside && !recaptured {
            let events: Vec<&Item> = self.arrived.into_iter().chain([item]).collect();
            let message = "Arrived while already detained.";
            findings.push(finding_about(FindingCode::ArrivalWithoutRelease, message, &events));
        } else {
            self.since = Some(item.instant());
        }
        self.place = InOrOut::Inside;
        self.facility = Some(&arrived.facility);
        self.status = Some(arrived.legal_status);
        (self.absence, self.released, self.arrived) = (None, None, Some(item));
        self.by_day = None;
    }

    /// A release after a release that was not final ends the rest of the title, so it is no
    /// contradiction.
    fn release(&mut self, item: &Item, released: &'a Released, findings: &mut Vec<Finding>) {
        let title_left = self.released.is_some_and(|release| !release.is_final);
        if self.place != InOrOut::Inside && !title_left {
            let message = "Released while not detained.";
            findings.push(finding_about(FindingCode::ReleaseWithoutArrival, message, &[item]));
        }
        self.place = InOrOut::Outside;
        self.since = Some(item.instant());
        (self.absence, self.released, self.by_day) = (None, Some(released), None);
    }

    fn transfer(&mut self, item: &'a Item, moved: &'a Transferred, findings: &mut Vec<Finding>) {
        self.be_inside(item, findings);
        if self.is_arrival_at(item) && self.facility == Some(&moved.to) {
            return;
        }
        if let Some(facility) = self.facility.replace(&moved.to)
            && *facility != moved.from
        {
            let message = "A transfer starts from another prison than earlier records state.";
            findings.push(finding_about(FindingCode::Contradiction, message, &[item]));
        }
    }

    fn change_status(&mut self, item: &'a Item, to: &StatusChanged, findings: &mut Vec<Finding>) {
        if self.place == InOrOut::Unknown {
            self.be_inside(item, findings);
        }
        if let Some(status) = self.status.replace(to.to)
            && status != to.from
        {
            let message = "A change of title starts from another title than earlier records state.";
            findings.push(finding_about(FindingCode::Contradiction, message, &[item]));
        }
    }

    fn end_absence(&mut self, item: &'a Item, detention: &Id, findings: &mut Vec<Finding>) {
        let running = self.absence.as_mut().filter(|absence| absence.detention == detention);
        if let Some(absence) = running
            && absence.since == item.instant()
            && std::mem::take(&mut absence.follows)
        {
            // The record ends the previous absence; the absence that began now goes on.
            return;
        }
        match self.absence.take_if(|absence| absence.detention == detention) {
            Some(absence) if absence.is_unlawful() => {
                (self.since, self.by_day) = (Some(item.instant()), None);
            }
            Some(_) => {}
            None if self.is_arrival_at(item) => {}
            None if self.place == InOrOut::Inside => {
                let message = "The end of an absence is recorded, but not its start.";
                findings.push(finding_about(FindingCode::BeginningMissing, message, &[item]));
            }
            None => self.be_inside(item, findings),
        }
    }

    /// Whether the person arrived at the very instant of a record.
    fn is_arrival_at(&self, item: &Item) -> bool {
        self.arrived.is_some_and(|arrived| arrived.instant() == item.instant())
    }

    /// Treats the person as detained, because the record makes sense only then. If the person was
    /// outside or unknown, this gives a finding, unless the person was only let out by day and so
    /// still sleeps inside.
    fn be_inside(&mut self, item: &'a Item, findings: &mut Vec<Finding>) {
        let by_day = self.released.is_some_and(|release| {
            matches!(release.reason, ReleaseReason::LimitedDetention | ReleaseReason::Other)
                && !release.is_final
        });
        if self.place == InOrOut::Inside {
            return;
        }
        if !by_day {
            let message = "This event implies a detention, but no arrival is recorded.";
            findings.push(finding_about(FindingCode::BeginningMissing, message, &[item]));
            self.facility = None;
            self.status = None;
        }
        self.place = InOrOut::Inside;
        self.by_day = self.since.filter(|_| by_day);
        self.since = Some(item.instant());
        self.released = None;
    }
}
