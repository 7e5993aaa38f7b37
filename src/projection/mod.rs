//! Answers over all persons, kept up to date: by what is recorded, and by the clock.
//! Always: a projection is never the truth. It is folded from the log by the same functions that
//! answer for one person, says how far it has read, and can be deleted at any time.

pub mod lists;

pub use self::lists::page::{AskError, Asked, CreditFilter, Page, Pin, TrajectoryFilter};
pub use self::lists::{Lists, Progress, StartError, Status};
