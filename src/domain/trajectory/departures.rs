//! The releases by which a person leaves prison. A release of a person who already lives outside
//! only ends the rest of the title, and is not a departure.
//! Always: a person who lives outside departs only by removal from the territory, until the person
//! is inside again.
//! Form: `detention.released` of the vocabulary.

use super::records::StatedFact;
use crate::domain::history::Item;
use crate::domain::vocabulary::choice::ReleaseReason;
use crate::domain::vocabulary::fact::Fact;

/// A release by which a person left prison.
#[derive(Debug, Clone, Copy)]
pub struct Departure<'a> {
    /// The record of the release.
    pub item: &'a Item,
    /// The reason of the release.
    pub reason: ReleaseReason,
    /// Whether the person lives outside from then on. Leave by day does not count. A release with
    /// reason `other` that is not final, for example to a transition house, does not count either,
    /// because another release follows.
    pub is_home: bool,
}

/// The departures, in order.
pub fn departures<'a>(records: &[StatedFact<'a>]) -> Vec<Departure<'a>> {
    let mut is_inside = true;
    let mut departures = Vec::new();
    for (item, fact) in records {
        match fact {
            Fact::Arrived(_)
            | Fact::Transferred(_)
            | Fact::AbsenceStarted(_)
            | Fact::AbsenceEnded(_) => is_inside = true,
            Fact::Released(released) => {
                let reason = released.reason;
                let is_home = match reason {
                    ReleaseReason::LimitedDetention => false,
                    ReleaseReason::Other => released.is_final,
                    _ => true,
                };
                if is_inside || reason == ReleaseReason::Removal {
                    departures.push(Departure { item, reason, is_home });
                }
                is_inside &= !is_home;
            }
            _ => {}
        }
    }
    departures
}
