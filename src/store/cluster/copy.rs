//! A folder that takes the cluster's records over: the copy beside a replica, or a ledger that
//! moves out of the cluster.
//! Always: records stand in it in the order of the cluster's log, each once; a record that is
//! missing in a stream, or that says something else than it did, is told and never passed over.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::connection::Connection;
use super::event;
use super::feed::{Batch, Cursor};
use super::trouble::{Reason, Trouble};
use crate::domain::id::Position;
use crate::domain::record::commitment;
use crate::store::embedded::{Embedded, ImportError, Imported};
use crate::store::{AppendError, ReadError, Store as _, Stored};

/// Beside the log: how far the cluster was read.
pub const FILE: &str = "cursor.json";

/// Marks a folder that a ledger is being moved into, until it is there.
pub fn begin(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(FILE);
    if file.exists() { Ok(()) } else { std::fs::write(file, "{}") }
}

/// So many records are compared at once.
const COMPARED_RECORDS: usize = 1_000;

/// Why the cluster can no longer be followed; a person has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// Restored from an older backup, or another cluster.
    #[error(
        "the cluster does not have the last record that was read from it: it is another one, or \
         was restored from an older backup"
    )]
    Behind,
    /// A stream was truncated, scavenged or deleted, or a node lost part of its log.
    #[error("a record is missing in a stream of the cluster")]
    Hole,
    /// A stream was deleted and written anew, or the cluster was restored and written on.
    #[error("the cluster has another record where it had one before")]
    Changed,
    /// Written by a newer version, or damaged.
    #[error("the cluster has a record that this version cannot read")]
    Unreadable,
    /// Somebody else wrote to a stream `person-<uuid>`, or deleted one.
    #[error(
        "a stream person-<uuid> of the cluster was deleted, or has an event of somebody else: \
         these streams must be the ledger's alone"
    )]
    Alien,
    /// A ledger is being moved into it.
    #[error("a ledger is being moved into the cluster: run the same `migrate` again to its end")]
    Unfinished,
    /// The key in the folder is another ledger's.
    #[error("the cluster holds another ledger than this folder's master.key")]
    Foreign,
    /// The folder could not be written.
    #[error("the folder beside the cluster could not be written")]
    Folder,
}

/// Why a copy did not go on.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum CopyError {
    /// The cluster, or the way to it.
    #[error("{}", .0.reason())]
    Trouble(Trouble),
    /// A person has to look.
    #[error(transparent)]
    Lost(#[from] Lost),
}

impl From<ReadError> for CopyError {
    fn from(error: ReadError) -> Self {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(error = %error, cause, "the copy of the cluster's log was not read");
        Self::Trouble(Trouble::NotDone(Reason::Folder))
    }
}

impl From<ImportError> for CopyError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::OutOfOrder { .. } => Self::Lost(Lost::Hole),
            ImportError::Unreadable => Self::Lost(Lost::Unreadable),
            ImportError::Append(AppendError::Failed) => Self::Lost(Lost::Folder),
            ImportError::Append(_) => Self::Trouble(Trouble::NotDone(Reason::Folder)),
        }
    }
}

/// How far the cluster was read, and what tells that the log beside it is the one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Read {
    /// Where the last record that was read stands.
    cursor: Cursor,
    /// Nothing of ours lies between it and here.
    seen: Cursor,
    /// The record, in the folder's log.
    position: u64,
    /// Its commitment.
    commitment: [u8; 32],
    /// See [`Copy::was_whole`].
    was_whole: bool,
}

/// See the module.
pub struct Copy {
    log: Arc<Embedded>,
    file: PathBuf,
    /// The last record that the cluster has shown: behind it the folder may have more, from before
    /// a restart, which the cluster is to show again.
    read: Option<Read>,
    was_whole: bool,
}

impl Copy {
    /// Goes on with what a folder has; `log` is its log.
    ///
    /// # Errors
    /// The folder could not be read.
    pub async fn open(folder: &Path, log: Arc<Embedded>) -> Result<Self, CopyError> {
        let file = folder.join(FILE);
        let told = std::fs::read(&file).ok();
        let read: Option<Read> = told.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let was_whole = read.is_some_and(|read| read.was_whole);
        let mut copy = Self { log, file, read, was_whole };
        // After a loss of power the log may have less than the file says: the cluster is then read
        // from its start, and what is there already is compared.
        if let Some(read) = copy.read
            && copy.commitment(Position::new(read.position)).await? != Some(read.commitment)
        {
            copy.read = None;
            copy.was_whole = false;
        }
        Ok(copy)
    }

    /// The cluster takes no feed from behind what was seen last: the next begins at a record.
    pub fn step_back(&mut self) {
        if let Some(read) = &mut self.read {
            read.seen = read.cursor;
        }
    }

    /// Behind which place of the cluster's log to read on.
    pub fn cursor(&self) -> Option<Cursor> {
        self.read.map(|read| read.seen)
    }

    /// Whether all that there was has been read once, so that answers lack what is new at most.
    pub fn was_whole(&self) -> bool {
        self.was_whole
    }

    /// Whether the cluster still has the last record that was read from it.
    ///
    /// # Errors
    /// [`Lost::Behind`]: it has not.
    pub async fn check(&self, connection: &Connection) -> Result<(), CopyError> {
        let Some(read) = self.read else { return Ok(()) };
        let found = connection.at(read.cursor.into()).await.map_err(CopyError::Trouble)?;
        let found = found.filter(|event| Cursor::from(event.position) == read.cursor);
        let record = found.and_then(|event| event::record(&event).ok().flatten());
        let same = |record: &Imported| *commitment(&record.record).as_bytes() == read.commitment;
        if record.is_some_and(|record| same(&record)) { Ok(()) } else { Err(Lost::Behind.into()) }
    }

    /// Takes over what a feed has shown. What the folder has already must come again as it is
    /// there, in the same order.
    ///
    /// # Errors
    /// See [`Lost`].
    pub async fn take(&mut self, batch: Batch) -> Result<(), CopyError> {
        let Batch { records, is_caught_up, seen } = batch;
        // A feed may begin with the record behind which it was to begin.
        let before = self.read.map(|read| read.cursor);
        let mut news = records.into_iter().filter(|(cursor, _)| Some(*cursor) > before).peekable();
        while self.confirmed() < self.end() && news.peek().is_some() {
            let there = self.log.read_all(self.confirmed(), COMPARED_RECORDS).await?;
            for (stored, (cursor, again)) in there.iter().zip(news.by_ref()) {
                if stored.record != again.record || stored.revision != again.revision {
                    return Err(Lost::Changed.into());
                }
                self.has_read(cursor, stored);
            }
        }
        if is_caught_up && self.confirmed() < self.end() {
            return Err(Lost::Behind.into());
        }
        let (cursors, fresh): (Vec<Cursor>, Vec<Imported>) = news.unzip();
        if !fresh.is_empty() {
            let placed = self.log.import(fresh).await?;
            if let Some((cursor, stored)) = cursors.last().zip(placed.last()) {
                self.has_read(*cursor, stored);
            }
        }
        self.was_whole |= is_caught_up;
        if let Some(read) = &mut self.read {
            read.seen = seen.map_or(read.seen, |seen| seen.max(read.seen));
            read.was_whole = self.was_whole;
        }
        Ok(())
    }

    fn has_read(&mut self, cursor: Cursor, stored: &Stored) {
        let commitment = *commitment(&stored.record).as_bytes();
        let (position, was_whole) = (stored.position.number(), self.was_whole);
        self.read = Some(Read { cursor, seen: cursor, position, commitment, was_whole });
    }

    /// The last record of the folder that the cluster has shown.
    fn confirmed(&self) -> Position {
        self.read.map_or(Position::START, |read| Position::new(read.position))
    }

    /// The last record of the folder.
    fn end(&self) -> Position {
        *self.log.subscribe().borrow()
    }

    /// Writes down how far the cluster was read: from there it is read on after a restart.
    pub fn keep(&self) {
        let Some(read) = self.read else { return };
        let draft = self.file.with_extension("draft");
        let text = serde_json::to_vec(&read).expect("a place serialises into memory");
        let kept = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, &self.file));
        if let Err(error) = kept {
            tracing::warn!(error = %error, "how far the cluster was read is not written down");
        }
    }

    async fn commitment(&self, position: Position) -> Result<Option<[u8; 32]>, CopyError> {
        let Some(before) = position.number().checked_sub(1) else { return Ok(None) };
        let found = self.log.read_all(Position::new(before), 1).await?;
        Ok(found.first().map(|stored| *commitment(&stored.record).as_bytes()))
    }
}
