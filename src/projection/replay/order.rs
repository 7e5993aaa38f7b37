//! An order for a replay, and the way in which the replay is done: live or exact, on one core or on
//! several, and from the start again where a difference was found.

use std::sync::Arc;

use super::batch::Batch;
use super::course::ReplayMode;
use super::end::ReplayEnd;
use super::exact::ExactRun;
use super::live::LiveStop;
use super::live_run::LiveRun;
use super::watch::Watch;
use crate::projection::cores::{CoreCourse, CoresReason};
use crate::projection::script::definition::{Definition, Partitioning};
use crate::projection::script::engine::{Engine, Limits};
use crate::projection::script::fault::ScriptFault;

/// The batches of a source, from its start.
pub type Batches<'s, E> = Box<dyn Iterator<Item = Result<Batch, E>> + 's>;

/// Opens a source, and opens it anew when a replay starts over.
pub type OpenSource<'o, 's, E> = &'o mut dyn FnMut() -> Result<Batches<'s, E>, E>;

/// Why a replay was not done.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError<E> {
    /// The program is not one of the dialect, or met a limit when it was compiled.
    #[error("the program does not compile")]
    Program(#[source] ScriptFault),
    /// The source cannot be read.
    #[error("the source cannot be read")]
    Source(E),
}

/// An order for a replay.
#[derive(Debug, Clone)]
pub struct ReplayOrder {
    /// The program.
    pub program: Arc<str>,
    /// What each engine may use.
    pub limits: Limits,
    /// The only partition that is wanted; none: all.
    pub partition: Option<String>,
    /// How states are to be kept, where the program allows it.
    pub mode: ReplayMode,
    /// The most engines that may fold.
    pub cores_max: usize,
    /// Whether the source cannot be read a second time.
    pub is_read_once: bool,
}

impl ReplayOrder {
    /// Runs the replay. The program is compiled before the source is opened.
    ///
    /// # Errors
    /// See [`ReplayError`]. A program that faults at an event is no error.
    pub fn run<E>(
        &self,
        open: OpenSource<'_, '_, E>,
        watch: &mut dyn Watch,
    ) -> Result<ReplayEnd, ReplayError<E>> {
        let mut engine = self.compiled()?;
        let mut engines = self.engines(engine.definition(), watch.wants_events());
        let mut not_live = None;
        if self.mode == ReplayMode::Live {
            match self.reason_against_live(engine.definition(), watch.wants_events()) {
                Some(why) => not_live = Some(why.to_owned()),
                None => match self.live(engine, engines, open, watch)? {
                    Ok(end) => return Ok(end),
                    Err(stop) => {
                        watch.starts_over(&stop.to_string());
                        engines = engines_after(&stop, engines);
                        not_live = Some(stop.to_string());
                        engine = self.compiled()?;
                    }
                },
            }
        }
        match self.exact(engine, engines, open, watch)? {
            Ok(run) => Ok(run.end(not_live)),
            Err(why) => {
                watch.starts_over(&why.to_string());
                match self.exact(self.compiled()?, Err(why), open, watch)? {
                    Ok(run) => Ok(run.end(not_live)),
                    Err(_) => unreachable!("one engine cannot differ from itself"),
                }
            }
        }
    }

    fn compiled<E>(&self) -> Result<Engine, ReplayError<E>> {
        Engine::new(&self.program, self.limits).map_err(ReplayError::Program)
    }

    /// How many engines may fold, or why one alone.
    fn engines(&self, definition: &Definition, wants_events: bool) -> Result<usize, CoresReason> {
        if let Some(why) = CoresReason::one_alone(definition) {
            Err(why)
        } else if wants_events {
            Err(CoresReason::EachEventShown)
        } else if self.partition.is_some() {
            Err(CoresReason::OneStream)
        } else if self.is_read_once {
            Err(CoresReason::ReadOnce)
        } else if self.cores_max < 2 {
            Err(CoresReason::OneProcessor)
        } else {
            Ok(self.cores_max)
        }
    }

    /// Why a program cannot run live, if it cannot.
    fn reason_against_live(
        &self,
        definition: &Definition,
        wants_events: bool,
    ) -> Option<&'static str> {
        if definition.is_shared {
            Some("the program has shared state")
        } else if definition.partitioning == Partitioning::Whole {
            Some("the program has one state for all")
        } else if wants_events {
            Some("each event is shown")
        } else if self.is_read_once {
            Some("standard input or a pipe is read once")
        } else {
            None
        }
    }

    /// Folds exactly. The inner error says why the run has to start over on one engine.
    fn exact<E>(
        &self,
        engine: Engine,
        engines: Result<usize, CoresReason>,
        open: OpenSource<'_, '_, E>,
        watch: &mut dyn Watch,
    ) -> Result<Result<ExactRun, CoresReason>, ReplayError<E>> {
        let is_of_streams = engine.definition().is_of_streams();
        let cores = CoreCourse::new(&self.program, self.limits, engine.definition(), engines);
        let mut run = ExactRun::new(engine, cores);
        for batch in open().map_err(ReplayError::Source)? {
            let batch = self.wanted(batch, is_of_streams)?;
            let read = batch.read;
            let goes_on = match run.push(batch, watch) {
                Ok(goes_on) => goes_on,
                Err(why) => return Ok(Err(why)),
            };
            if !watch.progressed(read, run.events()) || !goes_on {
                break;
            }
        }
        Ok(run.land(watch).map(|()| run))
    }

    /// Folds live. The inner error says why the run has to start over in exact.
    fn live<E>(
        &self,
        engine: Engine,
        engines: Result<usize, CoresReason>,
        open: OpenSource<'_, '_, E>,
        watch: &mut dyn Watch,
    ) -> Result<Result<ReplayEnd, LiveStop>, ReplayError<E>> {
        let is_of_streams = engine.definition().is_of_streams();
        let mut run = match LiveRun::start(&self.program, self.limits, engine, engines) {
            Ok(run) => run,
            Err(stop) => return Ok(Err(stop)),
        };
        for batch in open().map_err(ReplayError::Source)? {
            let batch = self.wanted(batch, is_of_streams)?;
            let read = batch.read;
            run = match run.push(batch) {
                Ok(run) => run,
                Err(stop) => return Ok(Err(stop)),
            };
            if !watch.progressed(read, run.events()) {
                break;
            }
        }
        Ok(run.end())
    }

    /// A batch without the records that cannot change the partition that is wanted.
    fn wanted<E>(
        &self,
        batch: Result<Batch, E>,
        is_of_streams: bool,
    ) -> Result<Batch, ReplayError<E>> {
        let mut batch = batch.map_err(ReplayError::Source)?;
        if let Some(wanted) = self.partition.as_deref().filter(|_| is_of_streams) {
            batch.records.retain(|record| record.stream().to_string() == wanted);
        }
        Ok(batch)
    }
}

/// How many engines may fold exactly after a live run was given up. A state that differed is a sign
/// that more than the event counts, so one engine is left to fold.
fn engines_after(
    stop: &LiveStop,
    engines: Result<usize, CoresReason>,
) -> Result<usize, CoresReason> {
    match stop {
        LiveStop::Faulted => engines,
        LiveStop::Differs { .. } => Err(CoresReason::LiveDiffered),
        LiveStop::Trial => Err(CoresReason::TrialDiffered),
        LiveStop::Engines => Err(CoresReason::EnginesDiffered),
        LiveStop::Lost => Err(CoresReason::NoEngine),
    }
}
