//! Where projections are kept: which there are, and the states of each version.
//! Always: how far a version has read and its states are one transaction. Nothing here is the
//! truth: a file that is damaged or of another log is made anew. States are in clear until the
//! vault seals them; no other module reads or writes these files.

mod cache;
mod file;
mod registry;
mod version_file;

pub use self::cache::CachedStates;
pub use self::file::ProjectionStateError;
pub use self::registry::{KeptVersion, VersionId, VersionRegistry, VersionRole};
pub use self::version_file::{Checkpoint, KeptSummary, VersionFile, VersionReader};
