//! The exact run of a replay: each state is written as text after every event.
//! Always: after a fault all states are as before the event that faulted, also where several
//! engines fold.

use std::rc::Rc;

use super::batch::Batch;
use super::course::{ReplayCourse, ReplayMode};
use super::end::{ReplayEnd, ReplayProgress};
use super::fault::FaultAtRecord;
use super::watch::Watch;
use crate::projection::cores::{CoreCourse, CoreError, CoresReason, Share};
use crate::projection::script::care_event::CareEvent;
use crate::projection::script::engine::{Engine, Notice};
use crate::projection::script::event::ScriptEvent;
use crate::projection::script::fold::{Fold, FoldError, States};
use crate::projection::view::Delivered;

/// See the module.
pub struct ExactRun {
    fold: Fold,
    cores: CoreCourse<ReplayProgress>,
    /// How far the states are.
    progress: ReplayProgress,
    fault: Option<FaultAtRecord>,
}

impl ExactRun {
    /// A run from the start of the records.
    pub fn new(engine: Engine, cores: CoreCourse<ReplayProgress>) -> Self {
        let fold = Fold::new(engine, States::default());
        Self { fold, cores, progress: ReplayProgress::start(), fault: None }
    }

    /// Folds a batch. False: the program stands still.
    ///
    /// # Errors
    /// Several engines gave something else than one gives: the run starts over on one engine.
    pub fn push(&mut self, batch: Batch, watch: &mut dyn Watch) -> Result<bool, CoresReason> {
        let before = self.will_be();
        let after = ReplayProgress {
            position: batch.position,
            events: before.events + batch.records.len() as u64,
            known_at: before.known_at.max(batch.known_at),
        };
        let share = self.cores.deal(batch.records, after, &mut self.fold).map_err(reason)?;
        self.take(share, watch)
    }

    /// Waits until every batch is folded.
    ///
    /// # Errors
    /// As for [`Self::push`].
    pub fn land(&mut self, watch: &mut dyn Watch) -> Result<(), CoresReason> {
        while self.cores.on_their_way() > 0 {
            let share = self.cores.land(&mut self.fold).map_err(reason)?;
            self.take(share, watch)?;
        }
        Ok(())
    }

    /// Takes its share. False: the program stands still.
    fn take(
        &mut self,
        share: Share<ReplayProgress>,
        watch: &mut dyn Watch,
    ) -> Result<bool, CoresReason> {
        match share {
            Share::Pending => Ok(true),
            Share::Landed(progress) => {
                self.progress = progress;
                Ok(true)
            }
            Share::Own(records, after) => {
                // Read, whether the program stands still or not.
                self.progress.known_at = after.known_at;
                let goes_on = self.fold_in_order(&records, watch)?;
                if goes_on {
                    self.progress = after;
                }
                Ok(goes_on)
            }
        }
    }

    /// Folds records on the own engine. False: the program stands still.
    fn fold_in_order(
        &mut self,
        records: &[Delivered],
        watch: &mut dyn Watch,
    ) -> Result<bool, CoresReason> {
        for record in records {
            let told = Rc::new(CareEvent::new(record.clone()));
            let event: Rc<dyn ScriptEvent> = told.clone();
            match self.fold.push(&event, Notice::Fact) {
                Ok(folded) => watch.folded(&told, &folded, self.fold.states()),
                Err(FoldError::Program(fault)) => {
                    self.fault = Some(FaultAtRecord::new(fault, told.record()));
                    return Ok(false);
                }
                Err(FoldError::State) => unreachable!("states in memory can be read"),
            }
            self.progress.position = record.log_position().unwrap_or(self.progress.position);
            self.progress.events += 1;
        }
        self.cores.settle(&self.fold).map_err(reason)?;
        Ok(true)
    }

    /// How many records were taken in.
    pub fn events(&self) -> u64 {
        self.will_be().events
    }

    /// How far the states will be when all batches on their way have landed.
    fn will_be(&self) -> ReplayProgress {
        *self.cores.will_be().unwrap_or(&self.progress)
    }

    /// Ends the run, once it has landed.
    pub fn end(self, not_live: Option<String>) -> ReplayEnd {
        let Self { fold, cores, progress, fault, .. } = self;
        let course = ReplayCourse { mode: ReplayMode::Exact, cores: cores.cores(), not_live };
        ReplayEnd { fold, progress, fault, course }
    }
}

fn reason(error: CoreError) -> CoresReason {
    match error {
        CoreError::StartOver(why) => why,
        CoreError::State => unreachable!("states in memory can be read"),
    }
}
