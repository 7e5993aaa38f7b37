//! `care-ledger simulate`: a made-up stream of events.

use std::io::{BufWriter, Write as _};

use chrono::{Datelike, NaiveDate};
use clap::Args;

use super::failure::Failure;
use super::progress;
use super::terminal::{flush, tell};
use crate::simulate::{self, Plan};

/// Write a made-up stream of events, one a line.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    care-ledger simulate --persons 300 --from 2025-01-01 --to 2025-12-31 --seed 1 > year.ndjson\n  \
    care-ledger simulate --persons 20 | care-ledger emit - --url http://127.0.0.1:8080\n  \
    care-ledger simulate --detained 13400 --persons 1600 --from 2025-11-01 --to 2025-11-30\n\n\
    The same seed gives the same stream on every machine. All persons are made up; so are the \
    counts of prisons and the money and evaluations of projects, whose names are real.\n\n\
    With 1000 --persons or more and a period that holds all of 2025, the records in force give \
    the figures of that year exactly: 199, 176, 76, 85 and 66 referrals to the projects at Gent, \
    Dendermonde, Brugge, Beveren and Oudenaarde, and 28 participants of B.Leave.\n\n\
    The third example is a month of Belgium at the end of 2025, with 13,400 detained: the mean \
    stay is 8.2 months, so about 1,600 leave and as many arrive. Without --detained, some 45 in \
    100 of the persons of a year are inside at once, from its seventh week on. Memory does not \
    grow with the number of persons: at most about 150 MB.")]
pub struct Simulate {
    /// How many persons arrive in prison over the period (some again, later)
    #[arg(long, default_value_t = 100)]
    persons: u64,
    /// How many more persons are in prison already on the first day; their arrivals, and all else
    /// that still lasts, are sent first, with their true, earlier times
    #[arg(long, value_name = "PERSONS", default_value_t = 0)]
    detained: u64,
    /// The first day
    #[arg(long, value_name = "DATE", default_value = "2025-01-01")]
    from: NaiveDate,
    /// The last day
    #[arg(long, value_name = "DATE", default_value = "2025-12-31")]
    to: NaiveDate,
    /// The number from which all random choices start
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Simulate {
    /// Writes the stream to standard output.
    pub fn run(self) -> Result<(), Failure> {
        if self.to < self.from {
            return Err(Failure::usage("--to lies before --from"));
        }
        if [self.from, self.to].iter().any(|date| !(1980..=9999).contains(&date.year())) {
            return Err(Failure::usage("--from and --to lie between the years 1980 and 9999"));
        }
        if self.to > crate::domain::time::calendar::date_of(crate::ledger::clock::now()) {
            tell("note: a ledger refuses events in its future, and --to is in the future");
        }
        let Self { persons, detained, from, to, seed } = self;
        let bar = progress::count("events");
        let mut out = BufWriter::new(std::io::stdout().lock());
        for event in simulate::events(Plan { persons, detained, from, to, seed }) {
            let written = serde_json::to_writer(&mut out, &event).map_err(std::io::Error::from);
            match written.and_then(|()| out.write_all(b"\n")) {
                Ok(()) => bar.inc(1),
                // The reader of our output, such as `head`, has closed it.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
                Err(error) => return Err(error.into()),
            }
        }
        bar.finish_and_clear();
        flush(&mut out).map(drop)
    }
}
