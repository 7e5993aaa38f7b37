//! A folder that takes over the cluster's records: the copy beside a replica, or the target of a
//! ledger that moves out of the cluster.
//! Always: the copy holds records in the order of the cluster's log, each once. A record that is
//! missing in a stream, or that differs from what the copy holds, is an error and never skipped.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::connection::Connection;
use super::event::{self, ClusterEvent, ForeignEvent};
use super::follow_error::{FollowError, FollowStopReason};
use super::known_harm::KnownHarm;
use super::subscription::{ClusterPosition, DeliveredRecords, HarmNews};
use crate::domain::id::{Position, Revision};
use crate::domain::record::commitment;
use crate::domain::stream::StreamName;
use crate::store::embedded::{Embedded, Imported};
use crate::store::harm::HarmedStreams;
use crate::store::{Store as _, Stored};

/// The file beside the log that says how far the cluster was read, and what others did to its
/// streams up to there.
pub const PROGRESS_FILE: &str = "cursor.json";

/// Records of the copy are compared with the cluster's in pages of this many.
const COMPARED_RECORDS: usize = 1_000;

/// How far the cluster was read, and which record of the copy was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct ReadProgress {
    /// The position of the last record that was read, in the cluster's log.
    last_record: ClusterPosition,
    /// The cluster's log was read up to here; between the last record and here are only events of
    /// other applications.
    read_up_to: ClusterPosition,
    /// The position of the last record in the copy.
    position: u64,
    /// The commitment of the last record. It proves that the file belongs to the copy beside the
    /// file.
    commitment: [u8; 32],
    /// See [`LogCopy::was_complete`].
    was_complete: bool,
}

/// The content of the file.
#[derive(Serialize, Deserialize)]
struct SavedProgress {
    #[serde(flatten)]
    progress: ReadProgress,
    /// What the cluster has shown of harm to its streams up to there. `None`: an earlier version
    /// wrote the file.
    harm: Option<Arc<HarmedStreams>>,
}

/// The copy of the cluster's log, and how far it has come.
pub struct LogCopy {
    log: Arc<Embedded>,
    file: PathBuf,
    /// The last record that the cluster has shown, and how far its log was read. Behind this record
    /// the copy may hold more records from before a restart; the cluster must show them again.
    progress: Option<ReadProgress>,
    was_complete: bool,
    harm: KnownHarm,
}

impl LogCopy {
    /// Continues with the copy in a folder; `log` is the open log of that folder.
    ///
    /// # Errors
    /// The folder could not be read.
    pub async fn open(folder: &Path, log: Arc<Embedded>) -> Result<Self, FollowError> {
        let file = folder.join(PROGRESS_FILE);
        let text = std::fs::read(&file).ok();
        let saved: Option<SavedProgress> = text.and_then(|text| serde_json::from_slice(&text).ok());
        let was_complete = saved.as_ref().is_some_and(|saved| saved.progress.was_complete);
        let known = saved.and_then(|saved| Some((saved.progress, saved.harm?)));
        let harm = KnownHarm::default();
        let progress = known.map(|(progress, known)| {
            harm.restore(known);
            progress
        });
        let mut copy = Self { log, file, progress, was_complete, harm };
        // The copy is not synced at each commit: after a power loss the copy may hold less than the
        // file says. The cluster is then read from its start and compared with what the copy has.
        if let Some(progress) = copy.progress
            && copy.commitment_at(Position::new(progress.position)).await?
                != Some(progress.commitment)
        {
            copy.progress = None;
            copy.was_complete = false;
        }
        if copy.progress.is_none() {
            // The cluster will show it again, and the records before it.
            copy.harm.restore(Arc::default());
        }
        Ok(copy)
    }

    /// Goes back to the last record, for a cluster that refuses a subscription behind the position
    /// up to which its log was read, because no event begins there any longer.
    pub fn go_back_to_last_record(&mut self) {
        if let Some(progress) = &mut self.progress {
            progress.read_up_to = progress.last_record;
        }
    }

    /// The position of the cluster's log behind which to read on; `None`: from the start.
    pub fn read_up_to(&self) -> Option<ClusterPosition> {
        self.progress.map(|progress| progress.read_up_to)
    }

    /// The streams that hold an event of somebody else up to there.
    pub fn tampered(&self) -> HashSet<StreamName> {
        self.harm.tampered()
    }

    /// The streams to which somebody else did something: now, and at each change.
    pub fn harmed(&self) -> watch::Receiver<Arc<HarmedStreams>> {
        self.harm.subscribe()
    }

    /// Whether the copy once held every record that the cluster had. Answers from it then lack at
    /// most what was written since.
    pub fn was_complete(&self) -> bool {
        self.was_complete
    }

    /// Checks that the cluster still has the last record that was read from it.
    ///
    /// # Errors
    /// [`FollowStopReason::LastRecordMissing`], or the call failed.
    pub async fn check_last_record(&self, connection: &Connection) -> Result<(), FollowError> {
        let Some(progress) = self.progress else { return Ok(()) };
        let found = connection.event_at(progress.last_record.into()).await?;
        let found =
            found.filter(|event| ClusterPosition::from(event.position) == progress.last_record);
        let found = found.and_then(|event| event::read(&event).ok());
        let is_same = matches!(found, Some(ClusterEvent::Record(imported))
            if *commitment(&imported.record).as_bytes() == progress.commitment);
        if is_same { Ok(()) } else { Err(FollowStopReason::LastRecordMissing.into()) }
    }

    /// Takes over what a subscription has delivered. Records that the copy holds already are
    /// compared: the cluster must show the same records in the same order.
    ///
    /// # Errors
    /// See [`FollowError`].
    pub async fn take_over(&mut self, delivery: DeliveredRecords) -> Result<(), FollowError> {
        let before = (self.progress, self.was_complete, self.harm.now());
        let taken = self.take(delivery).await;
        if taken.is_err() {
            // The cluster must show all of it again, and what was wrong with it.
            let harm;
            (self.progress, self.was_complete, harm) = before;
            self.harm.restore(harm);
        }
        taken
    }

    async fn take(&mut self, delivery: DeliveredRecords) -> Result<(), FollowError> {
        let DeliveredRecords { records, harm, is_caught_up, delivered_up_to } = delivery;
        // A subscription may begin with the record itself behind which it was opened.
        let before = self.progress.map(|progress| progress.last_record);
        let mut new =
            records.into_iter().filter(|(position, _)| Some(*position) > before).peekable();
        while self.confirmed() < self.end() && new.peek().is_some() {
            let held = self.log.read_all(self.confirmed(), COMPARED_RECORDS).await?;
            for (stored, (position, again)) in held.iter().zip(new.by_ref()) {
                if stored.record != again.record || stored.revision != again.revision {
                    return Err(FollowStopReason::RecordChanged.into());
                }
                self.advance(position, stored);
            }
        }
        if is_caught_up && self.confirmed() < self.end() {
            return Err(FollowStopReason::LastRecordMissing.into());
        }
        let (positions, new): (Vec<ClusterPosition>, Vec<Imported>) = new.unzip();
        if !new.is_empty() {
            let stored = self.log.import(new).await?;
            if let Some((position, stored)) = positions.last().zip(stored.last()) {
                self.advance(*position, stored);
            }
        }
        for news in harm {
            self.take_harm(news)?;
        }
        self.was_complete |= is_caught_up;
        if let Some(progress) = &mut self.progress {
            let delivered = delivered_up_to.unwrap_or(progress.read_up_to);
            progress.read_up_to = progress.read_up_to.max(delivered);
            progress.was_complete = self.was_complete;
        }
        Ok(())
    }

    /// Notes what somebody else wrote. Where it hides that records are missing, the positions of
    /// this copy would not be those of the others: that is an error.
    fn take_harm(&mut self, news: HarmNews) -> Result<(), FollowError> {
        match news {
            HarmNews::Foreign(ForeignEvent { stream, revision }) => {
                if self.harm.is_tampered(&stream) {
                    return Ok(());
                }
                if let Some(person) = stream.person() {
                    let held = self.log.last_revision(person.into());
                    let next = held.map_or(Revision(0), |last| Revision(last.0 + 1));
                    let is_whole = match revision {
                        Some(revision) => revision == next,
                        // A stream that was deleted for good before this copy began may have had
                        // records that a scavenge has removed.
                        None => held.is_some() || self.was_complete,
                    };
                    if !is_whole {
                        return Err(FollowStopReason::RecordMissing.into());
                    }
                    tracing::error!(
                        "a person's stream in the cluster was deleted or has an event of somebody \
                         else; the health of this service names it"
                    );
                }
                self.harm.tamper(stream);
            }
            HarmNews::Mark(stream, mark) => {
                if let (Some(mark), Some(_)) = (mark, stream.person()) {
                    tracing::error!(
                        mark = mark.name(),
                        "a person's stream in the cluster is marked, and the next scavenge would \
                         remove its records; the health of this service names it"
                    );
                }
                self.harm.mark(stream, mark);
            }
        }
        Ok(())
    }

    fn advance(&mut self, to: ClusterPosition, stored: &Stored) {
        self.progress = Some(ReadProgress {
            last_record: to,
            read_up_to: to,
            position: stored.position.number(),
            commitment: *commitment(&stored.record).as_bytes(),
            was_complete: self.was_complete,
        });
    }

    /// The last record of the copy that the cluster has shown.
    fn confirmed(&self) -> Position {
        self.progress.map_or(Position::START, |progress| Position::new(progress.position))
    }

    /// The last record of the copy.
    fn end(&self) -> Position {
        self.log.status().borrow().tail
    }

    /// Saves how far the cluster was read; after a restart, reading continues there. A failure only
    /// costs time after a restart, so it is only logged.
    pub fn save_progress(&self) {
        let Some(progress) = self.progress else { return };
        let draft = self.file.with_extension("draft");
        let saved = SavedProgress { progress, harm: Some(self.harm.now()) };
        let text = serde_json::to_vec(&saved).expect("numbers and names serialise into memory");
        let saved = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, &self.file));
        if let Err(error) = saved {
            tracing::warn!(error = %error, "how far the cluster was read could not be written");
        }
    }

    async fn commitment_at(&self, position: Position) -> Result<Option<[u8; 32]>, FollowError> {
        let found = self.log.read_at(position).await?;
        Ok(found.map(|stored| *commitment(&stored.record).as_bytes()))
    }
}
