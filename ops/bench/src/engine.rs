//! The engine of projections alone: events and states in memory, exact or live, on one core or
//! several.
//! Always: what is timed is the fold; events are read and opened before.

use std::convert::Infallible;
use std::io::BufReader;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use care_ledger::domain::id::Position;
use care_ledger::projection::replay::file::FileRecords;
use care_ledger::projection::replay::{Batch, Batches, Moments, ReplayMode, ReplayOrder, Watch};
use care_ledger::projection::script::care_event::CareEvent;
use care_ledger::projection::script::engine::{Engine, Limits, Notice};
use care_ledger::projection::script::event::ScriptEvent;
use care_ledger::projection::script::fold::{Fold, Folded, States};
use care_ledger::projection::view::{Delivered, RecordView};
use clap::Args;
use serde_json::{Value, json};

use crate::Failure;

/// The records in one batch, as a replay of a folder reads them.
const BATCH_RECORDS: usize = 10_000;

/// A projection over the events of a file, again and again.
#[derive(Args)]
pub struct EngineAlone {
    /// The projection
    program: PathBuf,
    /// Events, one a line
    events: PathBuf,
    /// How often to fold them, each time from nothing
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Keep states as values, as `replay --live` does
    #[arg(long)]
    live: bool,
    /// Fold as a replay with so many cores does; without it and without --live one engine folds
    /// exactly, and events are made before
    #[arg(long)]
    cores: Option<usize>,
}

impl EngineAlone {
    /// Prints a line of JSON for each round.
    pub fn run(self) -> Result<(), Failure> {
        let source = std::fs::read_to_string(&self.program)?;
        let lines = BufReader::new(std::fs::File::open(&self.events)?);
        let mut file = FileRecords::new(lines, RecordView::Recorded, Moments::default());
        let mut records: Vec<Delivered> = Vec::new();
        while let Some(batch) = file.next_batch()? {
            records.extend(batch.records);
        }
        for _ in 0..self.rounds {
            let (seconds, about) = if self.live || self.cores.is_some() {
                self.replay(&source, &records)?
            } else {
                alone(&source, &records)?
            };
            let rate = f64::from(u32::try_from(records.len())?) / seconds;
            println!(
                "{}",
                json!({"events": records.len(), "seconds": seconds,
                    "eventsPerSecond": rate.round(), "about": about})
            );
        }
        Ok(())
    }

    /// A whole replay over batches in memory.
    fn replay(&self, source: &str, records: &[Delivered]) -> Result<(f64, Value), Failure> {
        let order = ReplayOrder {
            program: source.into(),
            limits: Limits::default(),
            partition: None,
            mode: if self.live { ReplayMode::Live } else { ReplayMode::Exact },
            cores_max: self.cores.unwrap_or(1),
            is_read_once: false,
        };
        let mut open = || -> Result<Batches<'_, Infallible>, Infallible> {
            Ok(Box::new(records.chunks(BATCH_RECORDS).map(|records| {
                let position =
                    records.last().map_or(Position::START, |record| record.record().position);
                Ok(Batch { records: records.to_vec(), ..Batch::up_to(position) })
            })))
        };
        let started = Instant::now();
        let end = order.run(&mut open, &mut Unwatched)?;
        let seconds = started.elapsed().as_secs_f64();
        let states = end.fold.states().partitions.len();
        Ok((seconds, json!({"states": states, "course": end.course.to_string()})))
    }
}

/// One engine, exact.
fn alone(source: &str, records: &[Delivered]) -> Result<(f64, Value), Failure> {
    let told = records.iter().cloned().map(CareEvent::new);
    let events: Vec<Rc<dyn ScriptEvent>> =
        told.map(|event| Rc::new(event) as Rc<dyn ScriptEvent>).collect();
    let engine = Engine::new(source, Limits::default())?;
    let mut fold = Fold::new(engine, States::default());
    let started = Instant::now();
    let mut folded = 0_u32;
    for event in &events {
        let became = fold.push(event, Notice::Fact)?;
        folded += u32::from(became.skipped.is_none());
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok((seconds, json!({"states": fold.states().partitions.len(), "folded": folded})))
}

/// Watches nothing.
struct Unwatched;

impl Watch for Unwatched {
    fn wants_events(&self) -> bool {
        false
    }

    fn folded(&mut self, _: &CareEvent, _: &Folded, _: &States) {}
}
