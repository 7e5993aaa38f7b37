//! The history of a person: all records, with corrections and annulments applied.
//! Always: the order of receipt changes nothing; a correction applies from its `recordedtime` on;
//! an erased record has no effect.
//! Rules: a correction replaces the time or the payload of its target; an annulment puts its target
//! out of force; a correction or annulment that was annulled itself has no effect.

mod by_id;
mod continuity_turns;
mod dated;
mod death;
mod erased;
mod fold;
mod item;
mod merges;
mod order;
mod ranks;
mod registers;
mod targets;
mod unset;

pub use self::by_id::ById;
pub use self::continuity_turns::{ContinuityTurns, InOrOut};
pub use self::dated::{DatedFact, ScopedId, finding_about, put_in_order};
pub use self::death::{UpToDeath, record_after_death, up_to_death};
pub use self::fold::{History, fold};
pub use self::item::Item;
pub use self::merges::{Merges, Pseudonyms};
pub use self::order::{CreditTurns, delivered, in_order, in_turns, stream_turn};
pub use self::ranks::{Turns, pairs};
pub use self::registers::{closed_places, unknown_codes};
pub use self::targets::{OutsideTargets, outermost_first, target};
pub use self::unset::{is_unset, set_date, set_instant, unset_dates};
