//! An event-sourced continuity-of-care ledger.
//!
//! The modules in the order in which an event meets them.

pub mod domain;
pub mod cli;
pub mod config;
pub mod http;
pub mod ledger;
pub mod store;
pub mod vault;
