//! Replays in memory, for tests: over simulated lives, or over a few screenings.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::LazyLock;

use care_ledger::projection::replay::file::FileRecords;
use care_ledger::projection::replay::{
    Batch, Batches, FaultAtRecord, Moments, ReplayMode, ReplayOrder, Watch,
};
use care_ledger::projection::script::care_event::CareEvent;
use care_ledger::projection::script::engine::Limits;
use care_ledger::projection::script::fold::{Folded, States};
use care_ledger::projection::view::{Delivered, RecordView};
use care_ledger::simulate::{Plan, events};
use serde_json::Value;

use crate::support::{TIME, person, screening};

/// Records in one batch: several batches before the trial, and several after it.
const BATCH_RECORDS: usize = 2_500;

/// Lives of 600 persons: some 18,000 records, so that a good part comes after the trial.
pub static LIVES: LazyLock<Vec<Delivered>> = LazyLock::new(|| records(lives()));

/// The events of these lives.
pub fn lives() -> impl Iterator<Item = Value> {
    let (from, to) = ("2025-01-01".parse().unwrap(), "2025-12-31".parse().unwrap());
    events(Plan { persons: 600, detained: 0, from, to, seed: 5 })
}

/// Screenings of these persons, in this order.
pub fn screenings(persons: &[u32]) -> Vec<Delivered> {
    let numbered = (0..).zip(persons);
    records(numbered.map(|(id, n)| screening(person(*n), "urn:a", &format!("{id}"), TIME)))
}

fn records(events: impl Iterator<Item = Value>) -> Vec<Delivered> {
    let lines: String = events.map(|event| format!("{event}\n")).collect();
    let mut file = FileRecords::new(lines.as_bytes(), RecordView::Recorded, Moments::default());
    let batches = std::iter::from_fn(|| file.next_batch().unwrap());
    batches.flat_map(|batch| batch.records).collect()
}

/// What came of a replay.
#[derive(Debug, PartialEq)]
pub struct Came {
    pub states: BTreeMap<String, String>,
    pub events: u64,
    pub position: u64,
    pub fault: Option<FaultAtRecord>,
}

/// How it came to that.
#[derive(Debug)]
pub struct How {
    pub course: String,
    /// Why the replay started over, each time that it did.
    pub starts: Vec<String>,
}

/// A replay of a program.
pub fn replay(
    program: &str,
    records: &[Delivered],
    mode: ReplayMode,
    cores_max: usize,
) -> (Came, How) {
    replay_within(program, records, mode, cores_max, Limits::default())
}

/// A replay with other limits than the contract's.
pub fn replay_within(
    program: &str,
    records: &[Delivered],
    mode: ReplayMode,
    cores_max: usize,
    limits: Limits,
) -> (Came, How) {
    let (partition, is_read_once) = (None, false);
    let program = program.into();
    let order = ReplayOrder { program, limits, partition, mode, cores_max, is_read_once };
    let mut open = || -> Result<Batches<'_, Infallible>, Infallible> {
        Ok(Box::new(records.chunks(BATCH_RECORDS).map(|records| {
            let position = records.last().unwrap().record().position;
            Ok(Batch { records: records.to_vec(), ..Batch::up_to(position) })
        })))
    };
    let mut starts = Starts::default();
    let end = order.run(&mut open, &mut starts).unwrap();
    let states = end.fold.states().partitions.iter();
    let states = states.map(|(name, state)| (name.to_string(), state.to_string())).collect();
    let position = end.progress.position.number();
    let came = Came { states, events: end.progress.events, position, fault: end.fault };
    (came, How { course: end.course.to_string(), starts: starts.0 })
}

/// Notes each start over.
#[derive(Default)]
struct Starts(Vec<String>);

impl Watch for Starts {
    fn wants_events(&self) -> bool {
        false
    }

    fn folded(&mut self, _: &CareEvent, _: &Folded, _: &States) {}

    fn starts_over(&mut self, why: &str) {
        self.0.push(why.to_owned());
    }
}
