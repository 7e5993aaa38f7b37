//! The releases by which a person leaves prison, told apart from those that end what was left of
//! the title of who is at home already.
//! Always: who is at home leaves only by removal from the territory, until they are inside again.
//! Form: `detention.released` of the vocabulary.

use super::records::StatedFact;
use crate::domain::history::Item;
use crate::domain::vocabulary::choice::ReleaseReason;
use crate::domain::vocabulary::fact::Fact;

/// A release by which a person left.
#[derive(Debug, Clone, Copy)]
pub struct Departure<'a> {
    /// The release.
    pub item: &'a Item,
    /// Why.
    pub reason: ReleaseReason,
    /// Whether the person lives outside from then on. Not: leave by day, or a release that is not
    /// final and says no more, as to a transition house; another one follows it.
    pub is_home: bool,
}

/// All of them, in order.
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
