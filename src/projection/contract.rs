//! The calls that the follower of the log makes to a projection, and the errors of these calls.
//! Always: a projection names the record up to which its committed state was computed.

use chrono::{DateTime, Utc};

use super::pace::Pace;
use crate::domain::id::{Position, RecordedTime};
use crate::ledger::ReadError;
use crate::ledger::read::header::RecordHeader;

/// A record of the log, with the commitment that ties a state to this very log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogPoint {
    pub position: Position,
    /// The commitment of the record there; `None` at the start of the log.
    pub commitment: Option<[u8; 32]>,
}

/// The last record of a stretch of the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct StretchEnd {
    pub position: Position,
    pub commitment: [u8; 32],
    /// The latest recorded time up to this record. Rows of the stretch are folded as known then.
    pub known_at: RecordedTime,
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The state failed: try again.
    #[error("the state of a projection failed")]
    State(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The state is damaged: rebuild it.
    #[error("the state of a projection is damaged")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log could not be read: try again.
    #[error("the log could not be read for a projection")]
    Log(#[from] ReadError),
}

/// A state derived from the log, kept up to date by a [`super::follow::Follower`].
pub(super) trait Projection: Send + 'static {
    /// Whether the file of the state is still in its place: anybody may delete the file.
    fn is_in_place(&self) -> bool;
    /// The last record that the committed state has taken in.
    fn committed_point(&self) -> Result<LogPoint, Fault>;
    /// The last record of a stretch that was committed only in part. That stretch must be finished
    /// first.
    fn unfinished_stretch(&self) -> Result<Option<LogPoint>, Fault>;
    /// Reads the memory of the projection back from the state, and forgets the applied records.
    fn restore(&mut self) -> Result<(), Fault>;
    /// Deletes the state and begins at the start of the log.
    fn rebuild(&mut self) -> Result<(), Fault>;
    /// Applies one record of the stretch that is being read, in the order of the log.
    fn apply_record(&mut self, record: &RecordHeader);
    /// Folds what the applied records change, and commits it together with the end of the stretch.
    /// If the worker has to stop, the stretch stays unfinished.
    async fn commit(&mut self, end: StretchEnd, pace: &mut Pace) -> Result<(), Fault>;
    /// Folds again, as known at this time, a part of what the clock has changed. False: the clock
    /// has changed nothing.
    async fn refold_due(&mut self, known_at: RecordedTime, pace: &mut Pace) -> Result<bool, Fault>;
    /// The first instant at which the clock changes something.
    fn next_due(&self) -> Result<Option<DateTime<Utc>>, Fault>;
}
