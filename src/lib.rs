//! An event-sourced continuity-of-care ledger.
//!
//! The modules in the order in which an event meets them.

pub mod domain;
pub mod simulate;
