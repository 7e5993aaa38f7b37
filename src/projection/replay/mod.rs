//! Replay: folds all records once, and keeps nothing.
//! Always: the same records in the same order give the same states; nothing is skipped silently.
//!
//! ```text
//! order -> live_run -> live     states are values in engines; on several cores after a trial
//!       -> exact                states are text; `projection/cores` gives several engines
//!       -> end                  the states, and how the replay came to them
//! ```

mod batch;
mod course;
mod end;
mod exact;
mod fault;
pub mod file;
mod live;
mod live_run;
pub mod log;
mod order;
mod watch;

pub use self::batch::{Batch, Moments};
pub use self::course::{ReplayCourse, ReplayMode};
pub use self::end::{ReplayEnd, ReplayProgress};
pub use self::fault::FaultAtRecord;
pub use self::order::{Batches, OpenSource, ReplayError, ReplayOrder};
pub use self::watch::Watch;
