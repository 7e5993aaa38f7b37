//! A month of a simulated country, sent over HTTP as a care system would.
//! Always: made before the clock starts; every event is recorded or repeated, and found after the
//! server was killed.

use std::path::{Path, PathBuf};

use crate::lives::{self, Lives};
use crate::process::Server;
use crate::{Failure, fold, machine};

/// The files in the folder that are not derived from others.
const KEPT: [&str; 2] = ["ledger.db", "ledger.db-wal"];

/// Send a country's month and print what it takes.
#[derive(clap::Args)]
pub struct Country {
    /// An empty folder on the disk that is to be measured
    #[arg(long)]
    folder: PathBuf,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    #[command(flatten)]
    lives: Lives,
}

impl Country {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        let (file, data) = (self.folder.join("country.ndjson"), self.folder.join("ledger"));
        eprintln!("bench: making the country up");
        self.lives.write(&file)?;
        eprintln!("bench: sending it");
        let mut server = Server::ledger(&data)?;
        let before = server.memory();
        let sent = lives::send(&file, &server)?;
        let after = server.memory();
        server.kill()?;
        eprintln!("bench: folding it");
        let folded = fold::run(&data, self.lives.to)?;
        let records = folded.report.events;
        if records < sent.recorded {
            return Err(format!("{} recorded, {records} found", sent.recorded).into());
        }
        let Lives { persons, detained, from, to, seed } = self.lives;
        println!("{}", machine::today(&self.commit));
        println!();
        println!(
            "`care-ledger simulate --persons {persons} --detained {detained} --from {from} --to {to} \
             --seed {seed}`:"
        );
        println!("{} persons, {} of them detained on {to}.", folded.persons, folded.detained);
        println!();
        println!(
            "| events sent | repeated | s | events/s | records | bytes a record on disk \
            | derived, MiB | memory before, MiB | at most |"
        );
        println!("|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        let kept: u64 = KEPT.iter().map(|name| machine::bytes_of(&data.join(name))).sum();
        let events = sent.recorded + sent.repeated;
        println!(
            "| {events} | {} | {:.1} | {:.0} | {records} | {:.0} | {:.1} | {:.0} | {:.0} |",
            sent.repeated,
            sent.seconds,
            events as f64 / sent.seconds,
            kept as f64 / records as f64,
            (derived(&data) / 1024) as f64 / 1024.0,
            before.resident,
            after.peak,
        );
        println!();
        println!(
            "Sent by `care-ledger emit` (NDJSON, one connection, a process of its own); as events \
             {:.0} bytes each. Afterwards, in {:.1} s, opened and folded into a trajectory and a \
             credit for each person. Load average at the end: {}.",
            machine::bytes_of(&file) as f64 / events as f64,
            folded.report.seconds,
            machine::load()
        );
        Ok(())
    }
}

/// Bytes of everything that is rebuilt from the log when it is deleted.
fn derived(data: &Path) -> u64 {
    let entries = std::fs::read_dir(data).into_iter().flatten().flatten();
    let is_derived = |name: &str| name == "index" || name.starts_with("lists");
    let derived = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_derived));
    derived.map(|entry| machine::bytes_of(&entry.path())).sum()
}
