//! A folder that takes the cluster's records over: the copy beside a replica, or a ledger that
//! moves out of the cluster.
//! Always: records stand in it in the order of the cluster's log, each once; a record that is
//! missing in a stream, or that says something else than it did, is told and never passed over.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::connection::Connection;
use super::event;
use super::feed::{Batch, Cursor};
use super::trouble::Trouble;
use crate::domain::id::{PersonId, Position};
use crate::domain::record::{View, commitment};
use crate::store::embedded::{Embedded, ImportError, Imported};
use crate::store::{ReadError, Store as _};

/// Beside the log: how far the cluster was read.
pub const FILE: &str = "cursor.json";

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
    /// A stream was deleted and written anew.
    #[error("the cluster has another record where it had one before")]
    Changed,
    /// Written by a newer version, or damaged.
    #[error("the cluster has a record that this version cannot read")]
    Unreadable,
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
        Self::Lost(Lost::Folder)
    }
}

/// How far the cluster was read, and what tells that the log beside it is the one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Read {
    cursor: Cursor,
    /// The record there, in the folder's log.
    position: u64,
    /// Its commitment.
    commitment: [u8; 32],
}

/// See the module.
pub struct Copy {
    log: Arc<Embedded>,
    file: PathBuf,
    read: Option<Read>,
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
        let mut copy = Self { log, file, read };
        // After a loss of power the log may have less than the file says: the cluster is then read
        // from its start, and what is there already is compared.
        if let Some(read) = copy.read
            && copy.commitment(Position::new(read.position)).await? != Some(read.commitment)
        {
            copy.read = None;
        }
        Ok(copy)
    }

    /// Behind which place of the cluster's log to read on.
    pub fn cursor(&self) -> Option<Cursor> {
        self.read.map(|read| read.cursor)
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

    /// Takes over what a feed has shown.
    ///
    /// # Errors
    /// See [`Lost`].
    pub async fn take(&mut self, batch: Batch) -> Result<(), CopyError> {
        let mut counts = HashMap::new();
        let mut fresh = Vec::with_capacity(batch.records.len());
        let mut last = None;
        for (cursor, imported) in batch.records {
            let view = View::new(&imported.record).map_err(|_| Lost::Unreadable)?;
            let stream = view.stream();
            let count = counts.entry(stream).or_insert_with(|| {
                self.log.last_revision(stream).map_or(0, |revision| revision.0 + 1)
            });
            if imported.revision.0 < *count {
                if !self.has(&fresh, &imported).await? {
                    return Err(Lost::Changed.into());
                }
                continue;
            }
            *count += 1;
            last = Some((cursor, *commitment(&imported.record).as_bytes()));
            fresh.push(imported);
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let placed = self.log.import(fresh).await.map_err(|error| match error {
            ImportError::OutOfOrder { .. } => Lost::Hole,
            ImportError::Unreadable => Lost::Unreadable,
            ImportError::Append(_) => Lost::Folder,
        })?;
        self.read = last.zip(placed.last()).map(|((cursor, commitment), placed)| Read {
            cursor,
            position: placed.position.number(),
            commitment,
        });
        Ok(())
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

    /// Whether a record that comes again is the one that came.
    async fn has(&self, fresh: &[Imported], again: &Imported) -> Result<bool, CopyError> {
        if let Some(first) = fresh
            .iter()
            .find(|first| first.revision == again.revision && stream(first) == stream(again))
        {
            return Ok(first == again);
        }
        let Some(stream) = stream(again) else { return Ok(false) };
        let slice = self.log.read_stream(stream, again.revision, 1).await?;
        Ok(slice.records.first().is_some_and(|stored| stored.record == again.record))
    }

    async fn commitment(&self, position: Position) -> Result<Option<[u8; 32]>, CopyError> {
        let Some(before) = position.number().checked_sub(1) else { return Ok(None) };
        let found = self.log.read_all(Position::new(before), 1).await?;
        Ok(found.first().map(|stored| *commitment(&stored.record).as_bytes()))
    }
}

fn stream(imported: &Imported) -> Option<PersonId> {
    View::new(&imported.record).ok().map(View::stream)
}
