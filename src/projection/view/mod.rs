//! Views: which records a program gets, in which order, and with which changes.
//! Always: `recorded` gives every record as it was told, in the order of the log; `effective` gives
//! the records in force, as histories.
//! Rules: the section "Views" of the projection rules.

mod asked;
mod delivered;
mod gathered;
mod in_force;
mod streams;

pub use self::asked::{RecordView, view_of};
pub use self::delivered::{Delivered, InForce};
pub use self::gathered::GatheredRecords;
pub use self::in_force::in_force;
pub use self::streams::{StreamHistory, StreamsInForce, streams_of_records};
