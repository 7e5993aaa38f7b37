//! An event-sourced continuity-of-care ledger.
//!
//! The modules, in the order in which an event passes them:
//!
//! - [`cli`]: the commands of the program. `care-ledger serve` starts the server.
//! - [`http`]: takes a request with events, or a question, and writes the answer.
//! - [`domain`]: checks each event against every rule, and computes answers from records.
//! - [`ledger`]: turns a checked event into a record, and opens records for a reader.
//! - [`vault`]: the ledger's random keys, and the list of erased content.
//! - [`store`]: keeps the records, in a folder or in a cluster.
//! - [`refusals`]: keeps refused events, with the reason, for their sender.
//! - [`projection`]: the lists over all persons, computed from the log.
//! - [`text`]: writes all text that people read. [`work`]: what all background loops share.
//! - [`simulate`]: makes up events. [`config`]: every setting.

pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod ledger;
pub mod projection;
pub mod refusals;
pub mod simulate;
pub mod store;
pub mod text;
pub mod vault;
pub mod work;
