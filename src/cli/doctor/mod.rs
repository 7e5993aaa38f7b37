//! `care-ledger doctor`: checks a sender's connection to a ledger, and says what to do next.
//! Always: the command writes nothing. The report holds codes, pointers, line numbers and counts,
//! never content, so that a sender can pass it on.

mod file;
mod ledger;
mod network;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use self::report::{Check, Report};
use super::client::Client;
use super::failure::Failure;
use super::terminal;

/// The longest wait for the first byte of an answer; a ledger under load needs far less.
const PATIENCE: Duration = Duration::from_secs(30);

/// Check a connection to a ledger, and what became of your events.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger doctor --url http://127.0.0.1:8080\n  \
    care-ledger doctor --source urn:your:system --file tonight.ndjson\n  \
    care-ledger doctor --source urn:your:system --json\n\n\
    Checks: address, ledger, health, clock, contract, dryRun, duplicateKeys and file (with \
    --file), refusals (with --source). Nothing is written, and the report holds no content of any \
    event.\n\
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
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Runs all checks and prints the report.
    pub fn run(self) -> Result<(), Failure> {
        let client = Client::with_patience(&self.url, PATIENCE)?;
        let address = network::LedgerAddress::of(&self.url)?;
        let mut report = Report::new(&self.url);
        if report.add(address.check()) {
            let (check, is_answered) = ledger::is_care_ledger(&client);
            report.reached(is_answered);
            if report.add(check) {
                self.examine(&client, &mut report)?;
            }
        }
        report.skip_the_rest();
        if self.json {
            terminal::print_json(&report.json())?;
        } else {
            terminal::print_page(&report.page())?;
        }
        report.end()
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
