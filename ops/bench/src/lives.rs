//! Whole invented lives, made by `care-ledger simulate` and sent by `care-ledger emit`.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::Failure;
use crate::process::{Server, beside};

/// The persons and days of a simulation.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Lives {
    /// Persons who arrive in prison
    #[arg(long, default_value_t = 1_600)]
    pub persons: u64,
    /// Persons who are there already on the first day. Source: 13,397 detained in December 2025
    #[arg(long, default_value_t = 13_400)]
    pub detained: u64,
    /// The first day
    #[arg(long, default_value = "2025-11-01")]
    pub from: NaiveDate,
    /// The last day
    #[arg(long, default_value = "2025-11-30")]
    pub to: NaiveDate,
    /// The seed of all random numbers
    #[arg(long, default_value_t = 2026)]
    pub seed: u64,
}

/// The result of sending the lives.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Sent {
    /// Recorded.
    pub recorded: u64,
    /// Sent twice, as in life.
    pub repeated: u64,
    /// The time that sending took.
    #[serde(skip)]
    pub seconds: f64,
}

impl Lives {
    /// Writes the events to a file, one per line.
    pub fn write(&self, file: &Path) -> Result<(), Failure> {
        let simulate = Command::new(beside("care-ledger")?)
            .arg("simulate")
            .args(["--persons", &self.persons.to_string()])
            .args(["--detained", &self.detained.to_string()])
            .args(["--from", &self.from.to_string()])
            .args(["--to", &self.to.to_string()])
            .args(["--seed", &self.seed.to_string()])
            .stdout(File::create(file)?)
            .status()?;
        if simulate.success() { Ok(()) } else { Err("care-ledger simulate failed".into()) }
    }
}

/// Sends a file of events to a server; each must be recorded or repeated.
pub fn send(file: &Path, server: &Server) -> Result<Sent, Failure> {
    let since = Instant::now();
    let emit = Command::new(beside("care-ledger")?)
        .arg("emit")
        .arg(file)
        .args(["--url", &format!("http://{}", server.address), "--json"])
        .stderr(Stdio::inherit())
        .output()?;
    let seconds = since.elapsed().as_secs_f64();
    if !emit.status.success() {
        return Err("care-ledger emit failed".into());
    }
    Ok(Sent { seconds, ..serde_json::from_slice(&emit.stdout)? })
}
