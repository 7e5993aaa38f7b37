//! The fold of one version, and how far it is.
//! Always: a fault leaves the states as they were before the event that faulted.

use std::rc::Rc;

use crate::domain::id::Position;
use crate::domain::stream::StreamName;
use crate::ledger::ReadError;
use crate::projection::cores::{CoreCourse, CoreError, CoresReason, Share};
use crate::projection::replay::{Batch, FaultAtRecord};
use crate::projection::script::care_event::CareEvent;
use crate::projection::script::engine::{Engine, Notice};
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::fold::{Fold, FoldError};
use crate::projection::state::{CachedStates, Checkpoint, ProjectionStateError};
use crate::projection::view::Delivered;

/// Why a step was not done. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The file of the states: look at the disk.
    #[error("the states cannot be read or written")]
    State(#[from] ProjectionStateError),
    /// The log.
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
    /// The system.
    #[error("the system gives no thread")]
    Thread(#[from] std::io::Error),
    /// The program.
    #[error("a program that compiled before does not compile any more")]
    Program,
}

/// How folding a batch ended.
#[derive(Debug)]
pub enum BatchEnd {
    /// All its records are folded.
    Folded,
    /// The program stands still.
    Fault(FaultAtRecord),
    /// Several engines gave something else than one gives: everything starts over on one engine.
    StartOver(CoresReason),
}

/// See the module.
pub struct VersionRun {
    /// The fold, on the version's own engine.
    pub fold: Fold<CachedStates>,
    /// Whether that engine folds alone.
    pub cores: CoreCourse<Position>,
    /// The checkpoint that the next commit writes: where the states stand.
    pub checkpoint: Checkpoint,
}

impl VersionRun {
    /// A run that goes on from a checkpoint.
    pub fn new(
        fold: Fold<CachedStates>,
        cores: CoreCourse<Position>,
        checkpoint: Checkpoint,
    ) -> Self {
        Self { fold, cores, checkpoint }
    }

    /// Goes on with another engine. Batches on their way are given up: the states do not have them.
    pub fn start_anew(&mut self, engine: Engine, cores: CoreCourse<Position>) {
        self.fold.start_anew(engine);
        self.cores = cores;
    }

    /// Folds a batch, on several engines where the program allows it; these may still fold it
    /// while the next ones are read.
    pub fn fold_batch(&mut self, batch: Batch) -> Result<BatchEnd, StepError> {
        let share = self.cores.deal(batch.records, batch.position, &mut self.fold);
        self.take(share)
    }

    /// Waits until every batch is folded.
    pub fn land(&mut self) -> Result<BatchEnd, StepError> {
        let mut end = BatchEnd::Folded;
        while self.cores.on_their_way() > 0 && matches!(end, BatchEnd::Folded) {
            let share = self.cores.land(&mut self.fold);
            end = self.take(share)?;
        }
        Ok(end)
    }

    fn take(&mut self, share: Result<Share<Position>, CoreError>) -> Result<BatchEnd, StepError> {
        let settled = match share {
            Ok(Share::Pending) => Ok(()),
            Ok(Share::Landed(position)) => {
                self.checkpoint.position = position;
                Ok(())
            }
            Ok(Share::Own(records, position)) => {
                for record in records.iter() {
                    if let Some(fault) = self.fold_one(record.clone())? {
                        return Ok(BatchEnd::Fault(fault));
                    }
                    let position = record.log_position();
                    self.checkpoint.position = position.unwrap_or(self.checkpoint.position);
                }
                self.checkpoint.position = position;
                self.cores.settle(&self.fold)
            }
            Err(error) => Err(error),
        };
        match settled {
            Ok(()) => Ok(BatchEnd::Folded),
            Err(CoreError::StartOver(why)) => Ok(BatchEnd::StartOver(why)),
            Err(CoreError::State) => Err(self.unread()),
        }
    }

    /// Whether each stream has a state of its own that rests on that stream alone.
    pub fn is_of_streams(&self) -> bool {
        self.fold.engine().definition().is_of_streams()
    }

    /// Takes the partition of a stream away.
    pub fn take_away(&mut self, stream: &StreamName) {
        self.fold.states_mut().take_away(stream.to_string().into());
    }

    /// Folds the partition of a stream from its beginning. Returns the fault at which the program
    /// stands still: then the partition is gone.
    pub fn refold(
        &mut self,
        stream: &StreamName,
        records: Vec<Delivered>,
    ) -> Result<Option<FaultAtRecord>, StepError> {
        self.take_away(stream);
        for record in records {
            if let Some(fault) = self.fold_one(record)? {
                self.take_away(stream);
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    fn fold_one(&mut self, record: Delivered) -> Result<Option<FaultAtRecord>, StepError> {
        let told = Rc::new(CareEvent::new(record));
        let event: Rc<dyn ScriptEvent> = told.clone();
        match self.fold.push(&event, Notice::Fact) {
            Ok(_) => Ok(None),
            Err(FoldError::Program(fault)) => Ok(Some(FaultAtRecord::new(fault, told.record()))),
            Err(FoldError::State) => Err(self.unread()),
        }
    }

    /// Why a state could not be read.
    pub fn unread(&self) -> StepError {
        self.fold.states().take_failure().map_or(StepError::Program, StepError::State)
    }
}
