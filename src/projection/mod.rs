//! Answers over all persons, kept up to date: by what is recorded, and by the clock.
//! Always: a projection is never the truth. It is folded from the log by the same functions that
//! answer for one person, says how far it has read, and can be deleted at any time.

mod contract;
pub mod cores;
pub mod fixture;
mod follow;
pub mod lists;
mod pace;
pub mod replay;
pub mod runner;
pub mod script;
mod state;
pub mod summary;
pub mod view;

pub use self::follow::{ProjectionProgress, ProjectionStatus};
pub use self::lists::item::ItemBody;
pub use self::lists::request::{
    CreditFilter, ItemKey, ListError, ListPage, PageRequest, Pin, TrajectoryFilter,
};
pub use self::lists::{FILES as LISTS_FILES, Lists, START_FILES as LISTS_START_FILES, StartError};
