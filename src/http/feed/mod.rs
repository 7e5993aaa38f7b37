//! The live feed: one worker reads the new events of the log for all live readers.

pub mod broadcaster;
pub mod live;
pub mod record_text;
