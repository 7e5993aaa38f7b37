//! The engine of programs: QuickJS with limits, in which one program folds one event at a time.
//! `compiled` is the engine that keeps no states; `live` keeps states as values between events.

mod call;
mod compile;
mod compiled;
mod event;
mod failure;
mod limits;
mod live;
mod meter;
mod output;
mod program;
mod raw;
mod sandbox;
mod step;
mod summary;
mod verdict;
mod write;

pub use self::compiled::Engine;
pub use self::limits::Limits;
pub use self::live::{LiveEngine, LiveStep};
pub use self::output::{Emitted, ScriptOutput};
pub use self::step::{Change, FoundState, Notice, SharedState, Step, UnreadState};
pub use self::summary::{check_summary, summarise};
