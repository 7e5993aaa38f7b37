//! An event-sourced continuity-of-care ledger.
//!
//! The modules in the order in which an event meets them.

pub mod domain;
pub mod ledger;
pub mod store;
pub mod vault;
