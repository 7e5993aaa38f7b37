//! The projections of analysts over HTTP: putting a source, its status, its states, replays.
//! Always: an answer holds what one checkpoint of the projection held.

mod asked;
mod change;
mod partitions;
mod parts;
mod read;
mod replay;
mod summary;

pub use self::change::*;
pub use self::partitions::*;
pub use self::read::*;
pub use self::replay::*;
pub use self::summary::*;
