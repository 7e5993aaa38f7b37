//! `care-ledger replay`: folds all records once through a projection, and keeps nothing.

mod served;
mod shown;
mod table;

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::runtime::Runtime;

use self::shown::{ReplayPrinter, ReplayedStates};
use super::ask::LedgerArgs;
use super::failure::Failure;
use super::projection::pointed;
use super::terminal::tell;
use super::{emit, progress, serve};
use crate::domain::id::{Position, RecordedTime};
use crate::domain::time::calendar::At;
use crate::http::{INSTANT_OR_DATE, instant_or_date};
use crate::ledger::read::open::Reader;
use crate::projection::cores::processors;
use crate::projection::replay::file::{FileRecords, Skipped};
use crate::projection::replay::log::LogReading;
use crate::projection::replay::{
    Batches, Moments, ReplayEnd, ReplayError, ReplayMode, ReplayOrder,
};
use crate::projection::script::engine::Limits;
use crate::projection::view::view_of;

const READER: Reader = Reader::system("replay").of_long_streams();

/// Fold all records once through a projection, and keep nothing.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger replay count.js --data data/ledger\n  \
    care-ledger replay count.js --events log.ndjson --json > states.json\n  \
    care-ledger replay count.js --data data/ledger --at 2026-06-30 --known 2026-07-31\n  \
    care-ledger replay count.js --url http://127.0.0.1:8080\n  \
    care-ledger replay count.js --data data/ledger --live\n  \
    care-ledger replay count.js --data data/ledger --out table.csv\n  \
    care-ledger replay count.js --events log.ndjson --partition person-UUID --trace\n\n\
    States of persons are printed: take care where they go.")]
pub struct ReplayCommand {
    /// The projection: a file of JavaScript
    file: PathBuf,
    #[command(flatten)]
    from: LedgerArgs,
    /// Read the events from a file, one a line, as the ledger would record them; - is standard
    /// input
    #[arg(long, value_name = "FILE.ndjson", conflicts_with_all = ["data", "url"])]
    events: Option<PathBuf>,
    /// Only what had happened by this moment: a date, or an instant with offset [default: all]
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    at: Option<At>,
    /// Only what was recorded by this moment [default: all]
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    known: Option<At>,
    /// Only this partition
    #[arg(long)]
    partition: Option<String>,
    /// Print what each event changes in a state
    #[arg(long, conflicts_with = "json")]
    trace: bool,
    /// Print what the projection would emit or log
    #[arg(long, conflicts_with = "json")]
    dry_run: bool,
    /// Keep states as values between events, which is faster; a part is folded exactly beside, and
    /// at the first difference everything starts over exactly
    #[arg(long)]
    live: bool,
    /// The most engines that fold, each on a processor of its own [default: all processors]
    #[arg(long, value_name = "N")]
    cores: Option<NonZeroUsize>,
    /// Print the states as JSON: {partition: state}
    #[arg(long)]
    json: bool,
    /// Write the table of FILE.summary.js to this file, as .csv or .json, and print no states
    #[arg(long, value_name = "TABLE",
        conflicts_with_all = ["json", "trace", "dry_run", "partition"])]
    out: Option<PathBuf>,
}

fn moment(text: &str) -> Result<At, &'static str> {
    instant_or_date(text).ok_or(INSTANT_OR_DATE)
}

impl ReplayCommand {
    /// Runs the replay, and prints what it was asked for.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        let name = self.file.display().to_string();
        let source =
            std::fs::read_to_string(&self.file).map_err(|error| Failure::because(&name, &error))?;
        let summary = self.out.as_deref().map(|out| table::TableWriter::beside(&self.file, out));
        let summary = summary.transpose()?;
        let client = if self.events.is_none() { self.from.client()? } else { None };
        if let Some(client) = client {
            return self.run_served(&client, &name, &source, summary.as_ref());
        }
        let mut shown = ReplayPrinter::new(self.trace, self.dry_run, self.partition.clone());
        let order = self.order(&source);
        let end = match &self.events {
            Some(file) => self.fold_file(file, &order, &mut shown),
            None => self.fold_folder(runtime, &order, &mut shown),
        };
        let end = end.map_err(|error| match error {
            ReplayError::Program(fault) => pointed(&name, &source, "", &fault),
            ReplayError::Source(failure) => failure,
        })?;
        let states = end.sorted_states(self.partition.as_deref());
        let (events, is_faulted) = (end.progress.events, end.fault.is_some());
        let course = end.course.to_string();
        let states = ReplayedStates { states, events, is_faulted, course };
        match &summary {
            Some(summary) if !is_faulted => {
                summary.write(end.summary(summary.source(), self.moments()))?;
            }
            Some(_) => {}
            None => shown.end(&states, self.json)?,
        }
        match &end.fault {
            None => Ok(()),
            Some(fault) => {
                let place = format!("at position {}: ", fault.position.number());
                Err(pointed(&name, &source, &place, &fault.fault))
            }
        }
    }

    fn moments(&self) -> Moments {
        let known_at = self.known.map(|known| known.instant().timestamp_micros());
        Moments { at: self.at, known_at: known_at.map(RecordedTime::from_micros) }
    }

    fn order(&self, program: &str) -> ReplayOrder {
        let is_regular = |file: &Path| file.metadata().is_ok_and(|found| found.is_file());
        ReplayOrder {
            program: program.into(),
            limits: Limits::default(),
            partition: self.partition.clone(),
            mode: if self.live { ReplayMode::Live } else { ReplayMode::Exact },
            cores_max: self.cores.map_or_else(processors, NonZeroUsize::get),
            is_read_once: self.events.as_deref().is_some_and(|file| !is_regular(file)),
        }
    }

    fn fold_file(
        &self,
        file: &Path,
        order: &ReplayOrder,
        shown: &mut ReplayPrinter,
    ) -> Result<ReplayEnd, ReplayError<Failure>> {
        let bar = progress::count("events");
        let skipped = Cell::new(Skipped::default());
        let mut open = || -> Result<Batches<'_, Failure>, Failure> {
            let view = view_of(&order.program);
            let mut records = FileRecords::new(emit::open(file)?, view, self.moments());
            let (bar, skipped) = (&bar, &skipped);
            Ok(Box::new(std::iter::from_fn(move || {
                let batch = records.next_batch().transpose()?;
                skipped.set(records.skipped());
                bar.set_position(batch.as_ref().map_or(0, |batch| batch.read));
                Some(batch.map_err(Failure::from))
            })))
        };
        let end = order.run(&mut open, shown)?;
        bar.finish_and_clear();
        tell_skipped(skipped.get());
        Ok(end)
    }

    fn fold_folder(
        &self,
        runtime: &Runtime,
        order: &ReplayOrder,
        shown: &mut ReplayPrinter,
    ) -> Result<ReplayEnd, ReplayError<Failure>> {
        let ledger = self.from.folder().and_then(|folder| serve::open_to_read(&folder));
        let ledger = ledger.map_err(ReplayError::Source)?;
        let bar = progress::bar("events", ledger.tail().number());
        let mut open = || -> Result<Batches<'_, Failure>, Failure> {
            let (ledger, view, moments) = (ledger.clone(), view_of(&order.program), self.moments());
            let from = Position::START;
            let reading = LogReading { ledger, reader: READER, view, moments, from };
            let batches = reading.start(runtime.handle().clone())?;
            let bar = &bar;
            Ok(Box::new(batches.into_iter().map(move |batch| {
                bar.set_position(batch.as_ref().map_or(0, |batch| batch.read));
                batch.map_err(|error| Failure::because("the log cannot be read", &error))
            })))
        };
        let end = order.run(&mut open, shown)?;
        bar.finish_and_clear();
        Ok(end)
    }
}

fn tell_skipped(skipped: Skipped) {
    if skipped.repeated > 0 {
        tell(&format!("{} repeated lines are left out", skipped.repeated));
    }
    if let Some(line) = skipped.first_refused {
        tell(&format!(
            "{} lines that the ledger would refuse are left out, line {line} first; \
             `care-ledger schema check` says why",
            skipped.refused
        ));
    }
}
