//! The exact run of a replay: each state is written as text after every event.
//! Always: after a fault all states are as before the event that faulted, also where several
//! engines fold.

use std::collections::VecDeque;
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
    cores: CoreCourse,
    /// How far the states are.
    progress: ReplayProgress,
    /// How far they will be with each batch that several engines have on its way.
    on_its_way: VecDeque<ReplayProgress>,
    fault: Option<FaultAtRecord>,
}

impl ExactRun {
    /// A run from the start of the records.
    pub fn new(engine: Engine, cores: CoreCourse) -> Self {
        let fold = Fold::new(engine, States::default());
        Self {
            fold,
            cores,
            progress: ReplayProgress::start(),
            on_its_way: VecDeque::new(),
            fault: None,
        }
    }

    /// Folds a batch. False: the program stands still.
    ///
    /// # Errors
    /// Several engines gave something else than one gives: the run starts over on one engine.
    pub fn push(&mut self, batch: Batch, watch: &mut dyn Watch) -> Result<bool, CoresReason> {
        self.progress.known_at = self.progress.known_at.max(batch.known_at);
        let after = ReplayProgress {
            position: batch.position,
            events: self.events() + batch.records.len() as u64,
            known_at: self.progress.known_at,
        };
        let share = self.cores.deal(batch.records, &mut self.fold).map_err(reason)?;
        let is_own = matches!(share, Share::Own(_));
        if !is_own {
            self.on_its_way.push_back(after);
        }
        let goes_on = self.take(&share, watch)?;
        if is_own && goes_on {
            self.progress = after;
        }
        Ok(goes_on)
    }

    /// Waits until every batch is folded.
    ///
    /// # Errors
    /// As for [`Self::push`].
    pub fn land(&mut self, watch: &mut dyn Watch) -> Result<(), CoresReason> {
        while !self.on_its_way.is_empty() {
            let share = self.cores.land(&mut self.fold).map_err(reason)?;
            self.take(&share, watch)?;
        }
        Ok(())
    }

    /// Takes its share. False: the program stands still.
    fn take(&mut self, share: &Share, watch: &mut dyn Watch) -> Result<bool, CoresReason> {
        match share {
            Share::Pending => Ok(true),
            Share::Landed => {
                self.progress = self.on_its_way.pop_front().unwrap_or(self.progress);
                Ok(true)
            }
            Share::Own(records) => {
                self.on_its_way.clear();
                self.fold_in_order(records, watch)
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
        self.on_its_way.back().unwrap_or(&self.progress).events
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
