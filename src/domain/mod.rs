//! The rules of the ledger, pure: no I/O, no clock, no randomness.
//! Always: the same arguments give the same answer; time, ids and salts arrive as arguments.

pub mod choices;
pub mod credit;
pub mod event;
pub mod finding;
pub mod history;
pub mod id;
pub mod record;
pub mod source_mark;
pub mod stays;
pub mod stream;
pub mod time;
pub mod trajectory;
pub mod vocabulary;
