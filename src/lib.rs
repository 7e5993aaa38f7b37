//! An event-sourced continuity-of-care ledger.
//!
//! The modules, in the order in which an event meets them: the command line (or the network) hands
//! it to [`http`], which hands it to [`ledger`]; [`domain`] says whether it may be recorded,
//! [`vault`] has the keys, and [`store`] keeps it; [`refusals`] keeps why others were refused.
//! [`projection`] folds the log into lists over all persons; [`work`] runs all loops that run
//! beside requests. [`simulate`] makes events up, [`config`] says how all of it is set.

#![recursion_limit = "256"]

pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod ledger;
pub mod projection;
pub mod refusals;
pub mod simulate;
pub mod store;
pub mod vault;
pub mod work;
