//! The projection behind the lists: finds the persons whose rows a stretch of the log changes, and
//! folds their rows.
//! Always: every person whom a record of the stretch touches is folded once, as known at the last
//! record of the stretch. Rows are committed in parts, so an interrupted stretch continues where it
//! stopped.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::dependents::Dependents;
use super::row::{self, Row};
use super::state::{ListState, UnfinishedStretch};
use crate::domain::id::{DedupKey, PersonId, RecordedTime};
use crate::ledger::Ledger;
use crate::ledger::read::header::RecordHeader;
use crate::projection::contract::{Fault, LogPoint, Projection, StretchEnd};
use crate::projection::follow::MicrosecondClock;
use crate::projection::pace::Pace;

/// The number of persons committed at once, so that little is repeated after an interruption.
const COMMIT_PERSONS: usize = 200;

/// At most this many rows that the clock has changed are folded in one step. Between two steps, new
/// records have their turn.
const DUE_ROWS: usize = 200;

/// See the module.
pub(super) struct ListRows {
    pub ledger: Ledger,
    pub clock: MicrosecondClock,
    pub state: ListState,
    pub dependents: Dependents,
    /// The persons whose rows the applied records may change, in the order of folding.
    pub touched: BTreeSet<PersonId>,
    /// The dedup keys among these records that a record of another person carries too.
    pub cross_stream_duplicates: Vec<DedupKey>,
}

impl ListRows {
    async fn fold(
        &self,
        person: PersonId,
        known_at: RecordedTime,
        now: DateTime<Utc>,
    ) -> Result<Option<Row>, Fault> {
        Ok(row::fold(&self.ledger, person, known_at, now).await?)
    }
}

impl Projection for ListRows {
    fn is_in_place(&self) -> bool {
        self.state.is_in_place()
    }

    fn committed_point(&self) -> Result<LogPoint, Fault> {
        Ok(self.state.committed()?)
    }

    fn unfinished_stretch(&self) -> Result<Option<LogPoint>, Fault> {
        let point = |stretch: UnfinishedStretch| LogPoint {
            position: stretch.end,
            commitment: Some(stretch.commitment),
        };
        Ok(self.state.unfinished()?.map(point))
    }

    fn restore(&mut self) -> Result<(), Fault> {
        self.touched.clear();
        self.cross_stream_duplicates.clear();
        self.dependents = Dependents::default();
        let dependents = &mut self.dependents;
        Ok(self.state.each_dependency(|person, dependency| dependents.add(person, dependency))?)
    }

    fn rebuild(&mut self) -> Result<(), Fault> {
        self.touched.clear();
        self.cross_stream_duplicates.clear();
        self.dependents = Dependents::default();
        Ok(self.state.rebuild()?)
    }

    fn apply_record(&mut self, record: &RecordHeader) {
        self.touched.extend(record.person);
        self.touched.extend(self.dependents.of(record));
        if record.is_cross_stream_duplicate {
            self.cross_stream_duplicates.push(record.dedup_key);
        }
    }

    async fn commit(&mut self, end: StretchEnd, pace: &mut Pace) -> Result<(), Fault> {
        let mut touched = std::mem::take(&mut self.touched);
        let duplicates = std::mem::take(&mut self.cross_stream_duplicates);
        touched.extend(self.ledger.persons_with(duplicates).await?);
        let done = self.state.unfinished()?.and_then(|stretch| stretch.done);
        let mut stretch = UnfinishedStretch { end: end.position, commitment: end.commitment, done };
        let mut rows = Vec::new();
        for person in touched.into_iter().filter(|person| done.is_none_or(|done| *person > done)) {
            pace.rest().await;
            if pace.is_stopping() {
                return Ok(());
            }
            let row = self.fold(person, end.known_at, self.clock.now()).await?;
            rows.extend(row.inspect(|row| self.dependents.add_row(row)));
            if rows.len() == COMMIT_PERSONS {
                stretch.done = Some(person);
                self.state.put_part(&rows, stretch)?;
                rows.clear();
            }
        }
        self.state.put_end(&rows, stretch)?;
        Ok(self.state.checkpoint_wal()?)
    }

    async fn refold_due(&mut self, known_at: RecordedTime, pace: &mut Pace) -> Result<bool, Fault> {
        let now = self.clock.now();
        let due = self.state.due(now, DUE_ROWS)?;
        let mut rows = Vec::with_capacity(due.len());
        for person in &due {
            pace.rest().await;
            rows.extend(self.fold(*person, known_at, now).await?);
        }
        self.state.put_due(&rows)?;
        Ok(!due.is_empty())
    }

    fn next_due(&self) -> Result<Option<DateTime<Utc>>, Fault> {
        Ok(self.state.next_due()?)
    }
}
