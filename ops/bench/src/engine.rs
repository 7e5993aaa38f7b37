//! The engine of projections alone: events and states in memory, one core, exact.
//! Always: what is timed is the fold; events are read and opened before.

use std::io::BufReader;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use care_ledger::projection::replay::Moments;
use care_ledger::projection::replay::file::FileRecords;
use care_ledger::projection::script::care_event::CareEvent;
use care_ledger::projection::script::engine::{Engine, Limits, Notice};
use care_ledger::projection::script::event::ScriptEvent;
use care_ledger::projection::script::fold::{Fold, States};
use care_ledger::projection::view::RecordView;
use clap::Args;
use serde_json::json;

use crate::Failure;

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
}

impl EngineAlone {
    /// Prints a line of JSON for each round.
    pub fn run(self) -> Result<(), Failure> {
        let source = std::fs::read_to_string(&self.program)?;
        let lines = BufReader::new(std::fs::File::open(&self.events)?);
        let mut records = FileRecords::new(lines, RecordView::Recorded, Moments::default());
        let mut events: Vec<Rc<dyn ScriptEvent>> = Vec::new();
        while let Some(batch) = records.next_batch()? {
            let told = batch.records.into_iter().map(CareEvent::new);
            events.extend(told.map(|event| Rc::new(event) as Rc<dyn ScriptEvent>));
        }
        for _ in 0..self.rounds {
            let engine = Engine::new(&source, Limits::default())?;
            let mut fold = Fold::new(engine, States::default());
            let started = Instant::now();
            let mut folded = 0_u32;
            for event in &events {
                let became = fold.push(event, Notice::Fact)?;
                folded += u32::from(became.skipped.is_none());
            }
            let seconds = started.elapsed().as_secs_f64();
            let states = fold.states().partitions.len();
            let rate = f64::from(u32::try_from(events.len())?) / seconds;
            println!(
                "{}",
                json!({"events": events.len(), "folded": folded, "seconds": seconds,
                    "eventsPerSecond": rate.round(), "states": states})
            );
        }
        Ok(())
    }
}
