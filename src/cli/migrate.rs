//! `care-ledger migrate`: a ledger moves into a cluster, or out of one.
//! Always: the source is only read; a move that was cut off, or asked to stop, goes on where it
//! stopped.

use std::path::{Path, PathBuf};

use clap::Args;
use futures::FutureExt as _;
use serde_json::json;
use tokio::runtime::Runtime;

use super::failure::{Failure, INTERRUPTED};
use super::log::log_to_stderr;
use super::terminal::{self, tell};
use super::{cluster, progress, serve};
use crate::config::LogFormat;
use crate::store::migrate::{
    KeysError, Location, MigrateError, MoveMode, MoveStage, Moved, MovingKeys, migrate,
};
use crate::vault::{KEY_FILES, KeyError, LedgerKeys};

/// The message where a move out of a cluster has no keys.
const NO_KEY: &str =
    "name the ledger's keys with --key FILE: a replica has them as ledger.keys in its folder";

/// Move a ledger between a folder and a cluster
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    care-ledger migrate /srv/ledger 'esdb://db1:2113,db2:2113,db3:2113?tlsCaFile=ca.crt' \\\n    \
    --store-credentials login --dry-run\n  \
    care-ledger migrate /srv/ledger 'esdb://db1:2113?tls=false'\n  \
    care-ledger migrate 'esdb://db1:2113?tls=false' /srv/new --key /srv/replica/ledger.keys\n\n\
    Stop the service, or all replicas, before. Records keep their bytes, order and positions: \
    receipts, cursors and answers stay what they were. Cut off, or stopped with Ctrl-C, the same \
    command goes on. A cluster keeps what it has: nothing is deleted on either side.")]
pub struct Migrate {
    /// A data folder, or a cluster: esdb://…
    from: String,
    /// The other of the two
    to: String,
    /// The ledger's ledger.keys, for a move out of a cluster
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A file of one line, user:password, for the cluster
    #[arg(long, value_name = "FILE", env = "CARE_LEDGER_STORE_CREDENTIALS")]
    store_credentials: Option<PathBuf>,
    /// Look at everything and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Migrate {
    /// Moves the ledger, and says how many records both sides then have.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        log_to_stderr("warn", LogFormat::Text)?;
        let mode = if self.dry_run { MoveMode::Rehearse } else { MoveMode::Move };
        let (from, to) = (self.location(&self.from)?, self.location(&self.to)?);
        let keys = self.keys(&from, &to)?;
        let mut bar = Bar::default();
        let moved = runtime.block_on(async {
            let stop = serve::stop()?.boxed().shared();
            let progress = &mut |stage, done, total| {
                bar.show(stage, done, total);
                // The index catches up without ever waiting, so no `select!` could end that. The
                // next start catches up from there, as after a kill.
                if stage == MoveStage::Opening && stop.clone().now_or_never().is_some() {
                    terminal::report(&self.stopped(bar.place()));
                    std::process::exit(INTERRUPTED.into());
                }
            };
            // A move that is dropped ends as after a kill, with the folder closed.
            Ok::<_, Failure>(tokio::select! {
                biased;
                () = stop.clone() => None,
                moved = migrate(from, to, &keys, mode, progress) => Some(moved),
            })
        })?;
        bar.end();
        let Some(moved) = moved else { return Err(self.stopped(bar.place())) };
        let moved = moved.map_err(|error| match &error {
            error if error.is_usage() => Failure::usage(error.to_string()),
            error if error.is_difference() => Failure::answer_no(error.to_string()),
            _ => Failure::because("not moved", &error),
        })?;
        self.report(moved)
    }

    fn location(&self, text: &str) -> Result<Location, Failure> {
        if cluster::is_address(text) {
            return cluster::address(text, self.store_credentials.as_deref())
                .map(|address| Location::Cluster(Box::new(address)));
        }
        Ok(Location::Folder(text.into()))
    }

    /// Where the keys of the ledger are. For a move out of a folder: in that folder. For a move out
    /// of a cluster: in the file of `--key`, else in the target folder, if an earlier move that was
    /// cut off has put them there.
    fn keys(&self, from: &Location, to: &Location) -> Result<KeysOnDisk, Failure> {
        match (from, to, &self.key) {
            (Location::Folder(folder), ..) => Ok(KeysOnDisk::Folder(folder.clone())),
            (.., Some(file)) => Ok(KeysOnDisk::File(file.clone())),
            (_, Location::Folder(folder), None) if LedgerKeys::are_in(folder) => {
                Ok(KeysOnDisk::Folder(folder.clone()))
            }
            (_, Location::Folder(_), None) => Err(Failure::usage(NO_KEY)),
            (_, Location::Cluster(_), None) => {
                Err(Failure::usage(MigrateError::TwoClusters.to_string()))
            }
        }
    }

    /// The message of a move that was asked to stop: how far the move came, and what to do next.
    fn stopped(&self, place: Option<StagePlace>) -> Failure {
        let how_far = place.map_or_else(String::new, |StagePlace { stage, done, total }| {
            let unit = match (stage, cluster::is_address(&self.to), self.dry_run) {
                (MoveStage::Moving, false, _) | (MoveStage::Verifying, false, true) => {
                    "bytes of the cluster's log"
                }
                _ => "records",
            };
            format!(" while {}, at {done} of {total} {unit}", doing(stage))
        });
        let next = match (self.dry_run, place.map(|place| place.stage)) {
            (true, _) => "a dry run writes nothing",
            (false, Some(MoveStage::Verifying)) => {
                "all records are moved, and the same command compares them again"
            }
            (false, _) => "what was moved stays, and the same command goes on from there",
        };
        Failure::interrupted(format!("stopped{how_far}: {next}"))
    }

    fn report(&self, moved: Moved) -> Result<(), Failure> {
        let Moved { records, already_there, digest } = moved;
        let rest = records - already_there;
        tell(&match (self.dry_run, cluster::is_address(&self.to)) {
            (true, true) => format!(
                "{records} records in the folder, {already_there} of them in the cluster already \
                 and the same; {rest} would be moved."
            ),
            (true, false) => format!("{records} records in the cluster, all of them whole."),
            (false, _) => format!(
                "{records} records, {rest} of them moved now; both sides hold the same bytes in \
                 the same order."
            ),
        });
        if self.json {
            let answer = json!({
                "records": records, "before": already_there, "digest": digest.to_hex().as_str(),
                "dryRun": self.dry_run
            });
            return terminal::print_json(&answer.to_string());
        }
        terminal::print_lines(&format!("{digest}  BLAKE3 of the commitments in order\n"))
    }
}

/// Where the keys of the ledger that moves are.
enum KeysOnDisk {
    /// In a data folder.
    Folder(PathBuf),
    /// In a file.
    File(PathBuf),
}

impl KeysOnDisk {
    fn read(&self) -> Result<LedgerKeys, KeyError> {
        match self {
            Self::Folder(folder) => LedgerKeys::open(folder),
            Self::File(file) => LedgerKeys::read(file),
        }
    }
}

impl MovingKeys for KeysOnDisk {
    fn check(&self) -> Result<[u8; 32], KeysError> {
        Ok(self.read()?.check())
    }

    fn files(&self) -> &[&str] {
        &KEY_FILES
    }

    fn put_into(&self, folder: &Path) -> Result<(), KeysError> {
        Ok(self.read()?.put_into(folder)?)
    }
}

/// How far a move has come.
#[derive(Clone, Copy)]
struct StagePlace {
    stage: MoveStage,
    done: u64,
    total: u64,
}

/// The work of a move in a stage, in words.
fn doing(stage: MoveStage) -> &'static str {
    match stage {
        MoveStage::Opening => "catching the index up",
        MoveStage::Comparing => "comparing what both have",
        MoveStage::Moving => "moving",
        MoveStage::Verifying => "comparing all",
    }
}

/// The progress bar of the stage that runs.
#[derive(Default)]
struct Bar {
    place: Option<StagePlace>,
    shown: Option<indicatif::ProgressBar>,
}

impl Bar {
    fn show(&mut self, stage: MoveStage, done: u64, total: u64) {
        if self.place.is_none_or(|place| place.stage != stage) {
            self.end();
            self.shown = Some(progress::bar(doing(stage), total));
        }
        self.place = Some(StagePlace { stage, done, total });
        if let Some(bar) = &self.shown {
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    /// The last place that was shown.
    fn place(&self) -> Option<StagePlace> {
        self.place
    }

    fn end(&mut self) {
        if let Some(bar) = self.shown.take() {
            bar.finish_and_clear();
        }
    }
}
