//! A live run from the start of its records: on one engine, and on several after a trial.

use std::sync::Arc;

use super::batch::Batch;
use super::course::{ReplayCourse, ReplayMode};
use super::end::{ReplayEnd, ReplayProgress};
use super::live::{LivePool, LiveStop, LiveTexts};
use crate::projection::cores::{Cores, CoresReason, Trial, TrialEnd};
use crate::projection::script::engine::{Engine, Limits};
use crate::projection::script::fold::{Fold, States};

/// See the module.
pub struct LiveRun {
    program: Arc<str>,
    limits: Limits,
    /// The engine of the results at the end.
    engine: Engine,
    pool: LivePool,
    /// The trial to come, and the engines after it.
    trial: Option<(Trial, usize)>,
    cores: Cores,
    progress: ReplayProgress,
}

impl LiveRun {
    /// A run. `engines` is the most that may be used, or why there may be one alone.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        program: &Arc<str>,
        limits: Limits,
        engine: Engine,
        engines: Result<usize, CoresReason>,
    ) -> Result<Self, LiveStop> {
        let selection = &engine.definition().selection;
        let pool = LivePool::start(program, limits, selection, 1, LiveTexts::new())?;
        let trial = engines.ok().map(|engines| (Trial::default(), engines));
        let cores = Cores { n: 1, why: engines.err().unwrap_or(CoresReason::FewEvents) };
        let (program, progress) = (program.clone(), ReplayProgress::start());
        Ok(Self { program, limits, engine, pool, trial, cores, progress })
    }

    /// Folds a batch.
    ///
    /// # Errors
    /// See [`LiveStop`].
    pub fn push(mut self, batch: Batch) -> Result<Self, LiveStop> {
        self.progress.known_at = self.progress.known_at.max(batch.known_at);
        self.progress.events += batch.records.len() as u64;
        self.progress.position = batch.position;
        let selection = &self.engine.definition().selection;
        if let Some((trial, _)) = &mut self.trial {
            trial.note(&batch.records, selection);
        }
        self.pool.push(batch.records)?;
        match self.trial.take_if(|(trial, _)| trial.is_due()) {
            Some((trial, engines)) => self.tried(&trial, engines),
            None => Ok(self),
        }
    }

    /// Makes the trial, and goes on with several engines.
    fn tried(self, trial: &Trial, engines: usize) -> Result<Self, LiveStop> {
        let texts = self.pool.end()?;
        let states = states(texts);
        match trial.end(&self.program, self.limits, &states, engines) {
            Ok(TrialEnd::Passed) => {}
            Ok(TrialEnd::NoThread) => return Err(LiveStop::Lost),
            Ok(TrialEnd::Differed) | Err(_) => return Err(LiveStop::Trial),
        }
        let selection = &self.engine.definition().selection;
        let pool =
            LivePool::start(&self.program, self.limits, selection, engines, states.partitions)?;
        let cores = Cores { n: pool.engines(), why: CoresReason::TrialPassed };
        Ok(Self { pool, cores, ..self })
    }

    /// How many records were given to the engines.
    pub fn events(&self) -> u64 {
        self.progress.events
    }

    /// Ends the run, and writes all states.
    ///
    /// # Errors
    /// See [`LiveStop`].
    pub fn end(self) -> Result<ReplayEnd, LiveStop> {
        let fold = Fold::new(self.engine, states(self.pool.end()?));
        let course = ReplayCourse { mode: ReplayMode::Live, cores: self.cores, not_live: None };
        Ok(ReplayEnd { fold, progress: self.progress, fault: None, course })
    }
}

fn states(partitions: LiveTexts) -> States {
    States { partitions, ..States::default() }
}
