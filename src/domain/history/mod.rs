//! What stands of a person's records once corrections and annulments are applied.
//! Always: the order of receipt changes nothing; a correction acts from its own recorded time; an
//! erased record is in no fold.
//! Rules: the section "History" of the credit rules.

mod erased;
mod fold;
mod item;
mod targets;

pub use self::fold::{History, fold};
pub use self::item::Item;
pub use self::targets::{OutsideTargets, target};
