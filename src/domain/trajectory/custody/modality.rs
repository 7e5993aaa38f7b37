//! The modality that decides where the law has the person: the last that started in force.
//! Always: when that modality is over, no earlier one comes back.
//! Rules: "Modality" in the section "Custody" of the continuity rules.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::places::{MoveKind, Places};
use crate::domain::history::{DatedFact, ScopedId};
use crate::domain::time::calendar::{date_of, start_of};
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::trajectory::order::set_date;
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
    /// Since when the modality is suspended.
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
    revocations: Vec<(DatedFact<'a>, DateTime<Utc>)>,
    restored: Option<DatedFact<'a>>,
    ended: Option<DateTime<Utc>>,
    suspensions: Vec<DateTime<Utc>>,
    lifts: Vec<DateTime<Utc>>,
}

impl<'a> ModalityRecords<'a> {
    fn read(&mut self, record: &DatedFact<'a>) {
        match record.fact {
            Fact::Revoked(revoked) => {
                let effect = set_date(revoked.effective_on).map_or(record.instant, start_of);
                self.revocations.push((*record, effect));
            }
            Fact::Restored(_) => self.restored = Some(*record),
            Fact::ModalityEnded(_) => _ = self.ended.get_or_insert(record.instant),
            Fact::ModalitySuspended(_) => self.suspensions.push(record.instant),
            Fact::SuspensionLifted(_) => self.lifts.push(record.instant),
            _ => {}
        }
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

    /// Since when the modality is suspended: the first suspension that no lift follows.
    fn suspended(&self) -> Option<DateTime<Utc>> {
        let lifted = self.lifts.last().copied();
        self.suspensions.iter().find(|since| Some(**since) > lifted).copied()
    }
}

/// The modality that decides at the present of a clock.
pub fn deciding<'a>(
    records: &[DatedFact<'a>],
    places: &Places<'a>,
    clock: &AnswerClock,
) -> Option<DecidingModality<'a>> {
    let mut by_id: HashMap<ScopedId, ModalityRecords> = HashMap::new();
    let mut grants: Vec<(ScopedId, DatedFact, &Granted)> = Vec::new();
    let mut final_releases: Vec<DatedFact> = Vec::new();
    for record in records {
        match record.fact {
            Fact::Granted(granted) => {
                grants.push((record.scoped(&granted.modality), *record, granted));
            }
            Fact::Released(released) if released.is_final_release() => final_releases.push(*record),
            _ => {}
        }
        if let Some(id) = record.modality() {
            by_id.entry(id).or_default().read(record);
        }
    }
    // Stable: of two modalities that start on one date, the one granted later is the last.
    grants.sort_by_key(|(_, record, granted)| {
        (set_date(granted.starts_on).unwrap_or(record.date), record.place)
    });
    let mut earliest: HashMap<ScopedId, usize> = HashMap::new();
    for (id, record, _) in &grants {
        let place = earliest.entry(*id).or_insert(record.place);
        *place = record.place.min(*place);
    }
    grants.retain(|(id, record, _)| earliest[id] == record.place);
    let starts = |record: &DatedFact, granted: &Granted| match set_date(granted.starts_on) {
        Some(date) if date != record.date => start_of(date),
        _ => record.instant,
    };
    grants.into_iter().rev().find_map(|(id, grant, granted)| {
        let starts = starts(&grant, granted);
        let none = ModalityRecords::default();
        let about = by_id.get(&id).unwrap_or(&none);
        let over = about.over(starts, &final_releases);
        let started_in_force = clock.reached(starts) && over.is_none_or(|over| starts < over);
        started_in_force.then(|| DecidingModality {
            id,
            grant,
            granted,
            starts,
            over: over.filter(|over| clock.reached(*over)),
            suspended: about.suspended(),
            lifted: about.lifts.last().copied(),
            is_run_open: is_run_open(granted, starts, places),
        })
    })
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
