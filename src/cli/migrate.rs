//! `care-ledger migrate`: a ledger moves into a cluster, or out of one.
//! Always: the source is only read; a move that was cut off goes on where it was.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::{cluster, progress, wait};
use crate::ledger::migrate::{self, MigrateError, Moved, Rehearsal, Stage};

/// Move a ledger between a folder and a cluster
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    care-ledger migrate /srv/ledger 'esdb://db1:2113,db2:2113,db3:2113?tlsCaFile=ca.crt' \\\n    \
    --store-credentials login --dry-run\n  \
    care-ledger migrate /srv/ledger 'esdb://db1:2113?tls=false'\n  \
    care-ledger migrate 'esdb://db1:2113?tls=false' /srv/new --key /srv/replica/master.key\n\n\
    Stop the service, or all replicas, before. Records keep their bytes, order and positions: \
    receipts, cursors and answers stay what they were. Cut off, the same command goes on. A \
    cluster keeps what it has: nothing is deleted on either side.")]
pub struct Migrate {
    /// A data folder, or a cluster: esdb://…
    from: String,
    /// The other of the two
    to: String,
    /// The ledger's master.key, for a move out of a cluster
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A file of one line, user:password, for the cluster
    #[arg(long, value_name = "FILE", env = "CARE_LEDGER_STORE_CREDENTIALS")]
    store_credentials: Option<PathBuf>,
    /// Look at everything and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print what came of it as JSON
    #[arg(long)]
    json: bool,
}

impl Migrate {
    /// Moves, and compares.
    pub fn run(self) -> Result<(), Failure> {
        let rehearsal = if self.dry_run { Rehearsal::Yes } else { Rehearsal::No };
        let credentials = self.store_credentials.as_deref();
        let mut bar = Bar::default();
        let told = &mut |stage, done, total| bar.show(stage, done, total);
        let moved = match (cluster::is_address(&self.from), cluster::is_address(&self.to)) {
            (false, true) => {
                let address = cluster::address(&self.to, credentials)?;
                let from = Path::new(&self.from);
                wait(migrate::into_cluster(from, address, rehearsal, told))?
            }
            (true, false) => {
                let address = cluster::address(&self.from, credentials)?;
                let (to, key) = (Path::new(&self.to), self.key.as_deref());
                wait(migrate::into_folder(address, to, key, rehearsal, told))?
            }
            (true, true) => {
                return Err(Failure::usage("move it to a folder, and from there to the other"));
            }
            (false, false) => {
                return Err(Failure::usage(
                    "one of the two is a cluster, esdb://…; a folder is copied as it is",
                ));
            }
        };
        bar.end();
        let moved = moved.map_err(|error| match &error {
            MigrateError::NoKey | MigrateError::Replica(_) => Failure::usage(error.to_string()),
            MigrateError::Move(error) if error.is_answer() => Failure::no(error.to_string()),
            _ => Failure::because("not moved", &error),
        })?;
        self.tell(moved)
    }

    fn tell(&self, moved: Moved) -> Result<(), Failure> {
        let Moved { records, before, digest } = moved;
        let rest = records - before;
        match (self.dry_run, cluster::is_address(&self.to)) {
            (true, true) => eprintln!(
                "{records} records in the folder, {before} of them in the cluster already and the \
                 same; {rest} would be moved."
            ),
            (true, false) => eprintln!("{records} records in the cluster, all of them whole."),
            (false, _) => eprintln!(
                "{records} records, {rest} of them moved now; both sides hold the same bytes in \
                 the same order."
            ),
        }
        if self.json {
            let told = json!({
                "records": records, "before": before, "digest": digest.to_hex().as_str(),
                "dryRun": self.dry_run
            });
            return super::print(format!("{told}\n"));
        }
        super::print(format!("{digest}  BLAKE3 of the commitments in order\n"))
    }
}

/// The bar of the stage that runs.
#[derive(Default)]
struct Bar {
    shown: Option<(Stage, indicatif::ProgressBar)>,
}

impl Bar {
    fn show(&mut self, stage: Stage, done: u64, total: u64) {
        if self.shown.as_ref().is_none_or(|(shown, _)| *shown != stage) {
            self.end();
            let what = match stage {
                Stage::Opening => "catching the index up",
                Stage::Comparing => "comparing what both have",
                Stage::Moving => "moving",
                Stage::Verifying => "comparing all",
            };
            self.shown = Some((stage, progress::bar(what, total)));
        }
        if let Some((_, bar)) = &self.shown {
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    fn end(&mut self) {
        if let Some((_, bar)) = self.shown.take() {
            bar.finish_and_clear();
        }
    }
}
