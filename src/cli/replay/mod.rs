//! `care-ledger replay`: folds all records once through a projection, and keeps nothing.

mod served;
mod shown;
mod table;

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
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
use crate::projection::replay::file::{FileRecords, Skipped};
use crate::projection::replay::log::LogReading;
use crate::projection::replay::{Batch, Moments, Replay};
use crate::projection::script::engine::{Engine, Limits};
use crate::projection::view::{RecordView, view_of};

const READER: Reader = Reader::system("replay");

/// Fold all records once through a projection, and keep nothing.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger replay count.js --data data/ledger\n  \
    care-ledger replay count.js --events log.ndjson --json > states.json\n  \
    care-ledger replay count.js --data data/ledger --at 2026-06-30 --known 2026-07-31\n  \
    care-ledger replay count.js --url http://127.0.0.1:8080\n  \
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
        let client = if self.events.is_none() { self.from.client()? } else { None };
        if let Some(client) = client {
            return self.run_served(&client, &name, &source);
        }
        let summary = self.out.as_deref().map(|out| table::TableWriter::beside(&self.file, out));
        let summary = summary.transpose()?;
        let engine = Engine::new(&source, Limits::default())
            .map_err(|fault| pointed(&name, &source, "", &fault))?;
        let mut replay = Replay::new(engine, self.partition.clone());
        let mut shown = ReplayPrinter::new(self.trace, self.dry_run, self.partition.clone());
        let view = view_of(&source);
        let mut fold = FoldShown { replay: &mut replay, shown: &mut shown };
        match &self.events {
            Some(file) => tell_skipped(self.fold_file(file, view, &mut fold)?),
            None => self.fold_folder(runtime, view, &mut fold)?,
        }
        let end = replay.end();
        let states = end.sorted_states(self.partition.as_deref());
        let (events, is_faulted) = (end.events, end.fault.is_some());
        let states = ReplayedStates { states, events, is_faulted };
        match &summary {
            Some(summary) if !is_faulted => summary.write(&end, self.moments())?,
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

    fn fold_file(
        &self,
        file: &Path,
        view: RecordView,
        fold: &mut FoldShown<'_>,
    ) -> Result<Skipped, Failure> {
        let mut records = FileRecords::new(emit::open(file)?, view, self.moments());
        let bar = progress::count("events");
        let batches = std::iter::from_fn(|| records.next_batch().transpose());
        fold.all(&bar, batches.map(|batch| batch.map_err(Failure::from)))?;
        Ok(records.skipped())
    }

    fn fold_folder(
        &self,
        runtime: &Runtime,
        view: RecordView,
        fold: &mut FoldShown<'_>,
    ) -> Result<(), Failure> {
        let ledger = serve::open_to_read(&self.from.folder()?)?;
        let bar = progress::bar("events", ledger.tail().number());
        let (moments, from) = (self.moments(), Position::START);
        let reading = LogReading { ledger, reader: READER, view, moments, from };
        let batches = reading.start(runtime.handle().clone())?.into_iter();
        let unread = |error| Failure::because("the log cannot be read", &error);
        fold.all(&bar, batches.map(|batch| batch.map_err(unread)))
    }
}

/// A fold, and what is shown of it.
struct FoldShown<'f> {
    replay: &'f mut Replay,
    shown: &'f mut ReplayPrinter,
}

impl FoldShown<'_> {
    /// Folds all batches, or those up to the fault of the program.
    fn all(
        &mut self,
        bar: &ProgressBar,
        batches: impl Iterator<Item = Result<Batch, Failure>>,
    ) -> Result<(), Failure> {
        for batch in batches {
            let batch = batch?;
            let read = batch.read;
            let goes_on = self.replay.push(batch, self.shown);
            bar.set_position(read);
            if !goes_on {
                break;
            }
        }
        bar.finish_and_clear();
        Ok(())
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
