//! The modality that decides where the law has the person: the last that started in force.
//! Always: when that modality is over, no earlier one comes back.
//! Rules: "Modality" in the section "Custody" of the continuity rules.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::places::{MoveKind, Places};
use crate::domain::history::{DatedFact, ScopedId, set_date};
use crate::domain::time::calendar::{date_of, start_of};
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::vocabulary::choice::ReleaseReason;
use crate::domain::vocabulary::fact::{Fact, Granted};

/// The modality M of the rules.
#[derive(Debug, Clone, Copy)]
pub struct DecidingModality<'a> {
    pub id: ScopedId<'a>,
    pub grant: DatedFact<'a>,
    pub granted: &'a Granted,
    pub starts: DateTime<Utc>,
    /// When the modality was over, if that instant has come.
    pub over: Option<DateTime<Utc>>,
    /// Since when the modality is suspended: the first suspension that no lift follows.
    pub suspended: Option<DateTime<Utc>>,
    /// When a suspension was last lifted.
    pub lifted: Option<DateTime<Utc>>,
    /// Whether the run of a modality that is lived outside is open.
    pub is_run_open: bool,
}

impl DecidingModality<'_> {
    /// Whether the person sleeps in the institution under the modality.
    pub const fn is_lived_inside(&self) -> bool {
        self.granted.kind.is_lived_inside()
    }

    /// Whether a person who is outside is under the modality, or was until it was over.
    pub const fn applies_outside(&self) -> bool {
        self.is_lived_inside() || self.is_run_open
    }
}

/// The records about one modality.
#[derive(Debug, Default)]
struct ModalityRecords<'a> {
    /// The first grant.
    grant: Option<(DatedFact<'a>, &'a Granted)>,
    revocations: Vec<(DatedFact<'a>, DateTime<Utc>)>,
    restored: Option<DatedFact<'a>>,
    ended: Option<DateTime<Utc>>,
    suspensions: Vec<DateTime<Utc>>,
    lifted: Option<DateTime<Utc>>,
}

impl<'a> ModalityRecords<'a> {
    fn read(&mut self, record: &DatedFact<'a>) {
        match record.fact {
            Fact::Granted(granted) => _ = self.grant.get_or_insert((*record, granted)),
            Fact::Revoked(revoked) => {
                let effect = set_date(revoked.effective_on).map_or(record.instant, start_of);
                self.revocations.push((*record, effect));
            }
            Fact::Restored(_) => self.restored = Some(*record),
            Fact::ModalityEnded(_) => _ = self.ended.get_or_insert(record.instant),
            Fact::ModalitySuspended(_) => self.suspensions.push(record.instant),
            Fact::SuspensionLifted(_) => self.lifted = Some(record.instant),
            _ => {}
        }
    }

    /// The modality, if it was granted and has started in force.
    fn started(
        &self,
        final_releases: &[DatedFact],
        places: &Places,
        clock: &AnswerClock,
    ) -> Option<DecidingModality<'a>> {
        let (grant, granted) = self.grant?;
        let starts = match set_date(granted.starts_on) {
            Some(date) if date != grant.date => start_of(date),
            _ => grant.instant,
        };
        let over = self.over(starts, final_releases);
        let started_in_force = clock.reached(starts) && over.is_none_or(|over| starts < over);
        started_in_force.then(|| DecidingModality {
            id: grant.scoped(&granted.modality),
            grant,
            granted,
            starts,
            over: over.filter(|over| clock.reached(*over)),
            suspended: self.suspensions.iter().copied().find(|since| Some(*since) > self.lifted),
            lifted: self.lifted,
            is_run_open: is_run_open(granted, starts, places),
        })
    }

    /// The earliest end that the records state, whether it has come or not.
    fn over(&self, starts: DateTime<Utc>, final_releases: &[DatedFact]) -> Option<DateTime<Utc>> {
        let restored = self.restored.map(|restored| restored.place);
        let in_force = self.revocations.iter().filter(|(record, _)| Some(record.place) > restored);
        let started_on = date_of(starts);
        let released = final_releases.iter().find(|release| release.date > started_on);
        let effects = in_force.map(|(_, effect)| *effect);
        effects.chain(self.ended).chain(released.map(|release| release.instant)).min()
    }
}

/// The modality that decides at the present of a clock.
pub fn deciding<'a>(
    records: &[DatedFact<'a>],
    places: &Places<'a>,
    clock: &AnswerClock,
) -> Option<DecidingModality<'a>> {
    let mut by_id: BTreeMap<ScopedId, ModalityRecords> = BTreeMap::new();
    let mut final_releases: Vec<DatedFact> = Vec::new();
    for record in records {
        match record.fact {
            Fact::Released(released) if released.is_final_release() => final_releases.push(*record),
            _ => {}
        }
        if let Some(id) = record.modality() {
            by_id.entry(id).or_default().read(record);
        }
    }
    let started = by_id.values().filter_map(|about| about.started(&final_releases, places, clock));
    // Of two modalities that start on one date, the one granted later is the last.
    started.max_by_key(|modality| (date_of(modality.starts), modality.grant.place))
}

/// Whether the run of a modality that is lived outside is open now.
fn is_run_open(granted: &Granted, starts: DateTime<Utc>, places: &Places) -> bool {
    let mut is_open = true;
    for made in places.moves.iter().filter(|made| made.record.instant >= starts) {
        match made.kind {
            MoveKind::Arrival if made.begins_detention => is_open = false,
            MoveKind::Departure(reason) if !is_open => {
                let is_elsewhere =
                    matches!(
                        reason,
                        ReleaseReason::SentenceEnd | ReleaseReason::Removal | ReleaseReason::Death
                    ) || reason.modality_kind().is_some_and(|kind| kind != granted.kind);
                if is_elsewhere {
                    return false;
                }
                is_open = true;
            }
            _ => {}
        }
    }
    is_open && !granted.kind.is_lived_inside()
}
