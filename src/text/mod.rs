//! Text that people read: tables, lines and messages. `http` and `cli` write all of theirs with
//! this module.
//! Always: no value from outside can forge, hide or reorder a line or a member; every instant is
//! shown by the clock in Belgium, and a page that shows instants says so once. JSON for programs is
//! not made here.

pub mod clock;
pub mod escape;
pub mod page;
pub mod value;
pub mod words;
