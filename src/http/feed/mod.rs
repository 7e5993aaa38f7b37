//! The live feed: one loop reads what is new in the log for all live readers.

pub mod broadcaster;
pub mod live;
