//! `care-ledger doctor`: checks a sender's connection to a ledger, or a replica's to its cluster,
//! and says what to do next.
//! Always: the command writes nothing. The report holds codes, pointers, line numbers and counts,
//! never content, so that a sender can pass it on.

mod cluster;
mod file;
mod ledger;
mod network;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::runtime::Runtime;

use self::report::{Check, Report};
use super::client::Client;
use super::failure::Failure;
use super::log::log_to_stderr;
use super::terminal;
use crate::config::LogFormat;

/// The longest wait for the first byte of an answer; a ledger under load needs far less.
const PATIENCE: Duration = Duration::from_secs(30);

/// Check a connection to a ledger and what became of your events, or a cluster before a replica
/// uses it.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger doctor --url http://127.0.0.1:8080\n  \
    care-ledger doctor --source urn:your:system --file tonight.ndjson\n  \
    care-ledger doctor --source urn:your:system --json\n  \
    care-ledger doctor --store 'esdb://db1:2113,db2:2113,db3:2113?tlsCaFile=ca.crt' \\\n    \
    --store-credentials /etc/care-ledger/login --data /srv/replica\n\n\
    Checks of a ledger: address, ledger, health, clock, contract, dryRun, duplicateKeys and file \
    (with --file), refusals (with --source). Checks of a cluster (--store): address, tls, version, \
    leader, read, write, appendSize, clock, claim. Nothing is written, and the report holds no \
    content of any event.\n\
    Exit status: 0 all is well (there may be warnings), 1 a check failed, 3 nothing was reached.")]
pub struct Doctor {
    /// The ledger to check
    #[arg(long, env = "CARE_LEDGER_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Your `source`, whose refused events are summed up [default: the one source of --file]
    #[arg(long, value_name = "URN")]
    source: Option<String>,
    /// Your events, as for emit: looks for ids used twice and says what would happen
    #[arg(long, value_name = "EVENTS")]
    file: Option<PathBuf>,
    /// A cluster to check instead: esdb://HOST:PORT,…
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["source", "file"])]
    store: Option<String>,
    /// A file of one line, user:password, for the cluster
    #[arg(long, value_name = "FILE", env = "CARE_LEDGER_STORE_CREDENTIALS")]
    store_credentials: Option<PathBuf>,
    /// The folder of a replica: compares its ledger.keys with the ledger in the cluster
    #[arg(long, value_name = "DIR", requires = "store")]
    data: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Runs all checks and prints the report.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        let mut report = match &self.store {
            Some(store) => runtime.block_on(self.check_cluster(store))?,
            None => self.check_ledger()?,
        };
        report.skip_the_rest();
        if self.json {
            terminal::print_json(&report.json())?;
        } else {
            terminal::print_page(&report.page())?;
        }
        report.end()
    }

    fn check_ledger(&self) -> Result<Report, Failure> {
        let client = Client::with_patience(&self.url, PATIENCE)?;
        let address = network::LedgerAddress::of(&self.url)?;
        let mut report = Report::of_ledger(&self.url);
        if report.add(address.check()) {
            let (check, is_answered) = ledger::is_care_ledger(&client);
            report.reached(is_answered);
            if report.add(check) {
                self.examine(&client, &mut report)?;
            }
        }
        Ok(report)
    }

    async fn check_cluster(&self, store: &str) -> Result<Report, Failure> {
        // The report says what a log would say, but a panic must not show its message.
        log_to_stderr("off", LogFormat::Text)?;
        let address = super::cluster::address(store, self.store_credentials.as_deref())?;
        let mut report = Report::of_cluster(address.to_string(), &cluster::NAMES);
        cluster::examine(address, self.data.as_deref(), &mut report).await;
        Ok(report)
    }

    /// Makes the checks that need a ledger that answers.
    fn examine(&self, client: &Client, report: &mut Report) -> Result<(), Failure> {
        report.add(ledger::health(client));
        report.add(network::clock(client));
        report.add(ledger::contract(client));
        let is_open = report.add(ledger::dry_run(client, self.source.as_deref()));
        let mut source = self.source.clone();
        if let Some(path) = &self.file {
            let mut events = file::read(path, if is_open { Some(client) } else { None })?;
            source = source.or(events.only_source.take());
            report.add(events.duplicate_keys());
            report.add(if is_open { events.outcome() } else { Check::after("file", "dryRun") });
        } else {
            let why = "give --file EVENTS to look for events with the same source and id";
            report.add(Check::skipped("duplicateKeys", why));
            report.add(Check::skipped("file", "give --file EVENTS to hear what would happen"));
        }
        report.add(match source {
            Some(source) => ledger::refusals(client, &source),
            None => Check::skipped("refusals", "give --source URN to sum up what was refused"),
        });
        Ok(())
    }
}
