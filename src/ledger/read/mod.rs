//! The only way out of the ledger.
//! Always: stored records are opened in [`open`] alone; every answer says up to which record it
//! knows the log.

mod blocking;
pub mod feed;
mod log;
mod merged;
pub mod open;
pub mod person;
pub mod touched;

pub use self::blocking::run_blocking_if_long;
