//! Whether records are folded by one engine or by several, from the start of a program's run.
//! Always: whoever folds has an engine of its own, which folds in order until the trial, after a
//! fault in the pool, and wherever several engines are not allowed.

use std::sync::Arc;

use super::pool::{EnginePool, Pooled};
use super::reason::{Cores, CoresReason};
use super::trial::{Trial, TrialEnd};
use crate::projection::script::definition::{Definition, Selection};
use crate::projection::script::engine::{Limits, UnreadState};
use crate::projection::script::fold::{Fold, StateStore};
use crate::projection::view::Delivered;

/// What became of records. `T` tells how far the states are.
#[derive(Debug)]
pub enum Share<T> {
    /// The pool has the records, and no batch has landed. Or no batch is on its way.
    Pending,
    /// The first batch on its way has landed: the store has its states, which are so far. If
    /// records were dealt, the pool has them.
    Landed(T),
    /// The own engine has to fold these, in their order; then the states are so far. They are those
    /// that were dealt, or those of the first batch on its way, at which an engine of the pool
    /// faulted; then no batch is on its way any more. Afterwards [`CoreCourse::settle`] is called,
    /// unless the program faulted.
    Own(Arc<Vec<Delivered>>, T),
}

/// Why records were not folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoreError {
    /// Several engines gave something else than one engine gives: start over on one engine.
    StartOver(CoresReason),
    /// A state cannot be read. The store of the states knows why.
    State,
}

impl From<UnreadState> for CoreError {
    fn from(_: UnreadState) -> Self {
        Self::State
    }
}

/// Where the run stands.
enum Stage<T> {
    One(CoresReason),
    Trial(Trial),
    Pool(EnginePool<T>),
    /// One of so many engines faulted, so the own engine must fault too.
    Fault(usize),
}

/// See the module. `T` tells how far the states are.
pub struct CoreCourse<T> {
    program: Arc<str>,
    limits: Limits,
    engines: usize,
    stage: Stage<T>,
}

impl<T> CoreCourse<T> {
    /// The course of a program that begins. `engines` is the most that may be used, or why there
    /// may be one alone.
    pub fn new(
        program: &Arc<str>,
        limits: Limits,
        definition: &Definition,
        engines: Result<usize, CoresReason>,
    ) -> Self {
        let stage = match (CoresReason::one_alone(definition), engines) {
            (Some(why), _) | (None, Err(why)) => Stage::One(why),
            (None, Ok(0 | 1)) => Stage::One(CoresReason::OneProcessor),
            (None, Ok(_)) => Stage::Trial(Trial::default()),
        };
        Self { program: program.clone(), limits, engines: engines.unwrap_or(1), stage }
    }

    /// How many engines fold, and why.
    pub fn cores(&self) -> Cores {
        match &self.stage {
            Stage::One(why) => Cores { n: 1, why: *why },
            Stage::Trial(_) => Cores { n: 1, why: CoresReason::FewEvents },
            Stage::Pool(pool) => Cores { n: pool.engines(), why: CoresReason::TrialPassed },
            Stage::Fault(engines) => Cores { n: *engines, why: CoresReason::TrialPassed },
        }
    }

    /// How many batches are on their way.
    pub fn on_their_way(&self) -> usize {
        if let Stage::Pool(pool) = &self.stage { pool.on_their_way().len() } else { 0 }
    }

    /// How far the states will be when all batches on their way have landed; none: they are so far.
    pub fn will_be(&self) -> Option<&T> {
        if let Stage::Pool(pool) = &self.stage { pool.on_their_way().next_back() } else { None }
    }

    /// Deals records out. `then` tells how far the states are after them, and `fold` is the own
    /// fold, whose store keeps the states.
    ///
    /// # Errors
    /// See [`CoreError`]; the run is over.
    pub fn deal<S: StateStore>(
        &mut self,
        records: Vec<Delivered>,
        then: T,
        fold: &mut Fold<S>,
    ) -> Result<Share<T>, CoreError> {
        match &mut self.stage {
            Stage::One(_) | Stage::Fault(_) => Ok(Share::Own(Arc::new(records), then)),
            Stage::Trial(trial) => {
                trial.note(&records, &fold.engine().definition().selection);
                Ok(Share::Own(Arc::new(records), then))
            }
            Stage::Pool(pool) => {
                let pooled = pool.push(records, then, fold.states_mut())?;
                self.pooled(pooled)
            }
        }
    }

    /// Waits for the first batch on its way.
    ///
    /// # Errors
    /// See [`CoreError`]; the run is over.
    pub fn land<S: StateStore>(&mut self, fold: &mut Fold<S>) -> Result<Share<T>, CoreError> {
        match &mut self.stage {
            Stage::Pool(pool) => {
                let pooled = pool.land_first(fold.states_mut());
                self.pooled(pooled)
            }
            _ => Ok(Share::Pending),
        }
    }

    fn pooled(&mut self, pooled: Pooled<T>) -> Result<Share<T>, CoreError> {
        match pooled {
            Pooled::Pending => Ok(Share::Pending),
            Pooled::Folded(then) => Ok(Share::Landed(then)),
            Pooled::Faulted(records, then) => {
                self.stage = Stage::Fault(self.engines);
                Ok(Share::Own(records, then))
            }
            Pooled::Differed => Err(CoreError::StartOver(CoresReason::EnginesDiffered)),
            Pooled::Lost => Err(CoreError::StartOver(CoresReason::NoEngine)),
        }
    }

    /// The own engine has folded its share without a fault.
    ///
    /// # Errors
    /// See [`CoreError`].
    pub fn settle<S: StateStore>(&mut self, fold: &Fold<S>) -> Result<(), CoreError> {
        match &self.stage {
            Stage::Fault(_) => Err(CoreError::StartOver(CoresReason::EnginesDiffered)),
            Stage::Trial(trial) if trial.is_due() => {
                let end = trial.end(&self.program, self.limits, fold.states(), self.engines)?;
                self.stage = match end {
                    TrialEnd::Passed => self.pool(&fold.engine().definition().selection),
                    TrialEnd::Differed => Stage::One(CoresReason::TrialDiffered),
                    TrialEnd::NoThread => Stage::One(CoresReason::NoEngine),
                };
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn pool(&self, selection: &Selection) -> Stage<T> {
        let pool = EnginePool::start(&self.program, self.limits, selection.clone(), self.engines);
        pool.map_or(Stage::One(CoresReason::NoEngine), Stage::Pool)
    }
}
