//! The answers about a projection: states, results, the shared state.
//! Always: an answer is from one checkpoint, so it never mixes what two events made.

use std::path::PathBuf;
use std::sync::Arc;

use super::keeper::Projections;
use super::parts::Parts;
use crate::domain::id::Position;
use crate::projection::script::engine::{Engine, Limits, SharedState};
use crate::projection::script::fault::ScriptFault;
use crate::projection::state::{Checkpoint, ProjectionStateError, VersionReader};
use crate::projection::summary::SummaryTable;

/// Partitions read at once where all are wanted.
const PAGE: usize = 1_000;

/// Why a projection does not answer.
#[derive(Debug, thiserror::Error)]
pub enum StateAnswerError {
    /// There is no projection of this name, or no such partition.
    #[error("there is no such projection or partition")]
    NotFound,
    /// The states rest on what was erased: the projection is built anew.
    #[error("the states are withheld until they are built anew")]
    Withheld,
    /// A transform or filter faulted.
    #[error("a result cannot be computed")]
    Faulted(#[from] ScriptFault),
    /// The states cannot be read at the moment.
    #[error("the states cannot be read")]
    Unreadable(#[from] ProjectionStateError),
}

/// A state or a result, and how far the log was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateAnswer {
    /// JSON text.
    pub json: String,
    /// How far the log was read.
    pub position: Position,
}

/// One partition with its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionRow {
    /// The partition.
    pub partition: String,
    /// JSON text; none: a filter did not pass, or a transform gave nothing.
    pub result: Option<String>,
}

/// What the summary of a projection gave.
#[derive(Debug, Clone, PartialEq)]
pub enum SummaryMade {
    /// A table.
    Table(SummaryTable),
    /// The summary faulted.
    Faulted,
    /// It has not run yet.
    NotYet,
    /// The projection has no summary.
    None,
}

/// A summary's answer, and the records that it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryFound {
    /// The value that it gave.
    pub made: SummaryMade,
    /// How far the log was read for it.
    pub position: Position,
    /// The instant up to which records count as known, RFC 3339.
    pub known: String,
    /// The hash of the parts that gave it.
    pub source_hash: String,
}

/// Some partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionPage {
    /// The partitions, in the order of their names.
    pub rows: Vec<PartitionRow>,
    /// Whether there are more.
    pub has_more: bool,
    /// How far the log was read.
    pub position: Position,
}

/// The version that answers, opened to read.
struct Answering {
    reader: VersionReader,
    checkpoint: Checkpoint,
    parts: Arc<Parts>,
}

impl Projections {
    /// The state of a partition.
    ///
    /// # Errors
    /// See [`StateAnswerError`].
    pub fn state(&self, name: &str, partition: &str) -> Result<StateAnswer, StateAnswerError> {
        let answering = self.answering(name)?;
        let found = answering.reader.state(partition)?.ok_or(StateAnswerError::NotFound)?;
        Ok(answering.answer(&found))
    }

    /// The result of a partition; `null` where a filter did not pass or a transform gave nothing.
    ///
    /// # Errors
    /// See [`StateAnswerError`].
    pub fn result(&self, name: &str, partition: &str) -> Result<StateAnswer, StateAnswerError> {
        let answering = self.answering(name)?;
        let found = answering.reader.state(partition)?.ok_or(StateAnswerError::NotFound)?;
        let result = answering.engine()?.result(&found, &answering.checkpoint.shared)?;
        Ok(answering.answer(result.as_deref().unwrap_or("null")))
    }

    /// The state that all partitions share.
    ///
    /// # Errors
    /// See [`StateAnswerError`]: there is none if the projection has no shared state.
    pub fn shared(&self, name: &str) -> Result<StateAnswer, StateAnswerError> {
        let answering = self.answering(name)?;
        match &answering.checkpoint.shared {
            SharedState::Unbegun => Err(StateAnswerError::NotFound),
            shared => Ok(answering.answer(shared.text().unwrap_or("null"))),
        }
    }

    /// At most `limit` partitions after one, with their results.
    ///
    /// # Errors
    /// See [`StateAnswerError`].
    pub fn partitions(
        &self,
        name: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<PartitionPage, StateAnswerError> {
        let answering = self.answering(name)?;
        answering.page(&answering.engine()?, after, limit)
    }

    /// All partitions, a page at a time, all of one checkpoint, until `take` answers false.
    ///
    /// # Errors
    /// See [`StateAnswerError`].
    pub fn each_page(
        &self,
        name: &str,
        mut take: impl FnMut(&PartitionPage) -> bool,
    ) -> Result<(), StateAnswerError> {
        let answering = self.answering(name)?;
        let engine = answering.engine()?;
        let mut after: Option<String> = None;
        loop {
            let page = answering.page(&engine, after.as_deref(), PAGE)?;
            after = page.rows.last().map(|row| row.partition.clone());
            if !take(&page) || !page.has_more {
                return Ok(());
            }
        }
    }

    /// What the summary gave last.
    ///
    /// # Errors
    /// See [`StateAnswerError`].
    pub fn summary(&self, name: &str) -> Result<SummaryFound, StateAnswerError> {
        let answering = self.answering(name)?;
        let source_hash = answering.parts.source_hash();
        let (position, known) = (answering.checkpoint.position, String::new());
        if answering.parts.summary.is_none() {
            return Ok(SummaryFound { made: SummaryMade::None, position, known, source_hash });
        }
        let Some(kept) = answering.reader.summary()? else {
            return Ok(SummaryFound { made: SummaryMade::NotYet, position, known, source_hash });
        };
        let made = match kept.made {
            Ok(text) => {
                let read = SummaryTable::read(&text);
                SummaryMade::Table(read.expect("checked before it was kept"))
            }
            Err(_) => SummaryMade::Faulted,
        };
        Ok(SummaryFound { made, position: kept.position, known: kept.known, source_hash })
    }

    /// The parts that run.
    pub fn source(&self, name: &str) -> Option<Arc<Parts>> {
        let kept = self.0.lock();
        kept.entries.get(name)?.current.as_ref().map(|version| version.parts.clone())
    }

    fn answering(&self, name: &str) -> Result<Answering, StateAnswerError> {
        let (file, parts) = self.current(name)?;
        let reader = VersionReader::open(&file)?;
        let checkpoint = reader.checkpoint()?;
        Ok(Answering { reader, checkpoint, parts })
    }

    fn current(&self, name: &str) -> Result<(PathBuf, Arc<Parts>), StateAnswerError> {
        let kept = self.0.lock();
        let entry = kept.entries.get(name).ok_or(StateAnswerError::NotFound)?;
        if entry.is_withheld {
            return Err(StateAnswerError::Withheld);
        }
        let version = entry.current.as_ref().ok_or(StateAnswerError::NotFound)?;
        Ok((self.0.file(version.id), version.parts.clone()))
    }
}

impl Answering {
    fn page(
        &self,
        engine: &Engine,
        after: Option<&str>,
        limit: usize,
    ) -> Result<PartitionPage, StateAnswerError> {
        let mut found = self.reader.page(after, limit.saturating_add(1))?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let rows = found.into_iter().map(|(partition, state)| {
            let result = engine.result(&state, &self.checkpoint.shared)?;
            Ok(PartitionRow { partition, result })
        });
        let rows: Result<Vec<PartitionRow>, ScriptFault> = rows.collect();
        Ok(PartitionPage { rows: rows?, has_more, position: self.checkpoint.position })
    }

    fn engine(&self) -> Result<Engine, ScriptFault> {
        Engine::new(&self.parts.projection, Limits::default())
    }

    fn answer(&self, json: &str) -> StateAnswer {
        StateAnswer { json: json.to_owned(), position: self.checkpoint.position }
    }
}
