//! The watcher of a replay: it is told of each event, of the progress, and of a new start.

use crate::projection::script::care_event::CareEvent;
use crate::projection::script::fold::{Folded, States};

/// Sees a replay on its way: for a trace, for what a program would emit, and for its progress.
pub trait Watch {
    /// Whether each event must be seen, in order. Otherwise several engines may fold, or a live
    /// one, and [`Self::folded`] is called for some events or for none.
    fn wants_events(&self) -> bool;

    /// An event was folded: what became of it, and the states after it.
    fn folded(&mut self, event: &CareEvent, folded: &Folded, states: &States);

    /// So many records were read and so many folded. False: nobody waits for the end any more.
    fn progressed(&mut self, _read: u64, _events: u64) -> bool {
        true
    }

    /// The replay starts over, and reads its records again from the start.
    fn starts_over(&mut self, _why: &str) {}
}
