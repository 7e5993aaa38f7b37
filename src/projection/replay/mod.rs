//! Replay: folds all records once, and keeps nothing.
//! Always: the same records in the same order give the same states; nothing is skipped silently.

mod batch;
mod fault;
pub mod file;
pub mod log;
mod run;

pub use self::batch::{Batch, Moments};
pub use self::fault::FaultAtRecord;
pub use self::run::{Replay, ReplayEnd, Watch, by_code_units};
