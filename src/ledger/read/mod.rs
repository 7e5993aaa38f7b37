//! The only way out of the ledger.
//! Always: stored records are opened in [`open`] alone; every answer about a person says up to
//! which `recordedtime` it includes the log.

mod blocking;
pub mod feed;
mod harm;
pub mod header;
mod log;
mod merged;
pub mod open;
pub mod person;

pub use self::blocking::run_blocking_if_long;
