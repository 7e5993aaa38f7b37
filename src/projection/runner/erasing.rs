//! A version takes out of its states what rested on an erased record.
//! Always: when it is done, no state, summary or variable of the program rests on what was erased.
//! Rules: "Erasure" in the section "Views" of the projection rules.

use super::catching_up::{Refolded, refold};
use super::run::{StepError, VersionRun};
use super::worker::{READER, VersionWorker};
use crate::domain::event::OpenRecord;
use crate::domain::id::{PersonId, Position, RecordedTime};
use crate::domain::stream::StreamName;
use crate::projection::cores::CoresReason;
use crate::projection::pace::Pace;
use crate::projection::replay::FaultAtRecord;
use crate::projection::script::fold::FoldError;
use crate::projection::view::{Delivered, RecordView, StreamHistory};

impl VersionWorker {
    /// Folds the person's partition anew from what remains, in an engine started anew. Only for a
    /// program that has a state for each stream. False: the worker must stop before it is done.
    pub(super) async fn erase(
        &mut self,
        run: &mut VersionRun,
        person: PersonId,
        pace: &mut Pace,
    ) -> Result<bool, StepError> {
        self.start_engine_anew(run, CoresReason::Resumed)?;
        let name = StreamName::Person(person);
        let position = run.checkpoint.position;
        let fault = if position == Position::START {
            // Nothing is committed yet: the first fold begins again.
            run.fold.states_mut().start_over()?;
            None
        } else if self.view() == RecordView::Recorded {
            self.refold_as_told(run, &name, position).await?
        } else {
            let anchor = self.ledger.anchor(position).await?;
            let known_at = anchor.map_or(RecordedTime::from_micros(0), |a| a.latest_recorded_time);
            let streams = self.streams_known_at(known_at);
            let history = streams.history(&name).await?;
            let is_empty = history.as_ref().is_none_or(StreamHistory::is_erased);
            let into = history.map_or(name.clone(), |history| history.name);
            match refold(run, &streams, vec![name], pace).await? {
                Refolded::All if is_empty => run.end_stream(&into)?,
                Refolded::All => None,
                Refolded::Fault(fault) => Some(fault),
                Refolded::Stopping => return Ok(false),
            }
        };
        self.commit(run, fault).await?;
        run.fold.states_mut().file().scrub()?;
        Ok(true)
    }

    async fn refold_as_told(
        &self,
        run: &mut VersionRun,
        name: &StreamName,
        position: Position,
    ) -> Result<Option<FaultAtRecord>, StepError> {
        let mut records = self.ledger.stream(&READER, name).await?;
        records.retain(|record| record.position <= position);
        let readable = records.into_iter().filter_map(|record| OpenRecord::new(record).ok());
        let records: Vec<Delivered> = readable.map(Delivered::told).collect();
        let is_empty = records.is_empty();
        let fault = run.refold(name, records)?;
        if is_empty { run.end_stream(name) } else { Ok(fault) }
    }
}

impl VersionRun {
    /// Tells the program of the end of a stream of which nothing remains. A program that faults
    /// there keeps no state of it.
    fn end_stream(&mut self, name: &StreamName) -> Result<Option<FaultAtRecord>, StepError> {
        match self.fold.end_of_stream(&name.to_string()) {
            Ok(_) | Err(FoldError::Program(_)) => Ok(None),
            Err(FoldError::State) => Err(self.unread()),
        }
    }
}
