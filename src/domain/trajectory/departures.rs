//! The releases by which a person leaves prison, told apart from those that end what was left of
//! the title of who is at home already.
//! Always: after a removal from the territory nobody leaves until they are inside again.
//! Form: `detention.released` of the vocabulary.

use super::Record;
use crate::domain::choice::ReleaseReason;
use crate::domain::fact::Fact;
use crate::domain::history::Item;

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

enum Place {
    Inside,
    Home,
    Gone,
}

/// All of them, in order.
pub fn departures<'a>(records: &[Record<'a>]) -> Vec<Departure<'a>> {
    let mut place = Place::Inside;
    let mut departures = Vec::new();
    for (item, fact) in records {
        match fact {
            Fact::Arrived(_)
            | Fact::Transferred(_)
            | Fact::AbsenceStarted(_)
            | Fact::AbsenceEnded(_) => place = Place::Inside,
            Fact::Released(released) => {
                let reason = released.reason;
                let is_home = match reason {
                    ReleaseReason::LimitedDetention => false,
                    ReleaseReason::Other => released.is_final,
                    _ => true,
                };
                let leaves = match place {
                    Place::Inside => true,
                    Place::Home => reason == ReleaseReason::Removal,
                    Place::Gone => false,
                };
                if leaves {
                    departures.push(Departure { item, reason, is_home });
                }
                place = match place {
                    Place::Gone => Place::Gone,
                    _ if reason == ReleaseReason::Removal => Place::Gone,
                    Place::Inside if !is_home => Place::Inside,
                    _ => Place::Home,
                };
            }
            _ => {}
        }
    }
    departures
}
