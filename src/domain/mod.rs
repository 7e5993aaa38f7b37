//! The rules of the ledger, pure: no I/O, no clock, no randomness.
//! Always: the same arguments give the same answer; time, ids and salts arrive as arguments.

pub mod admit;
pub mod calendar;
pub mod canonical;
pub mod choice;
pub mod code;
pub mod credit;
pub mod dates;
pub mod event;
pub mod fact;
pub mod finding;
pub mod history;
pub mod id;
pub mod kind;
pub mod record;
pub mod registry;
pub mod schema;
pub mod trajectory;
pub mod tree;
pub mod violation;
pub mod workdays;
