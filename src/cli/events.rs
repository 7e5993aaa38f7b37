//! `care-ledger events`: all events in the order of the log, up to its end or followed live.

use std::io::BufWriter;

use clap::Args;
use tokio::runtime::Runtime;

use super::ask::{LedgerArgs, encode};
use super::client::{Wanted, items, json};
use super::failure::Failure;
use super::follow::FeedPrinter;
use super::progress;
use super::terminal::{Output, flush, write_json_line};

/// Events in one page: many enough that a page costs little, few enough to hold in memory.
const PAGE: usize = 5_000;

/// All events, in the order in which they were recorded, one a line.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger events > log.ndjson\n  \
    care-ledger events --type residential.droppedOut --url http://127.0.0.1:8080\n  \
    care-ledger events --after 1200 --limit 10\n  \
    care-ledger events --follow --url http://127.0.0.1:8080 | head")]
pub struct Events {
    #[command(flatten)]
    from: LedgerArgs,
    /// Only events after this position
    #[arg(long, value_name = "POSITION")]
    after: Option<String>,
    /// Stop after this many events
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true,
        value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only events of this sender
    #[arg(long)]
    source: Option<String>,
    /// Go on with each new event, until stopped (a running ledger only)
    #[arg(long)]
    follow: bool,
}

impl Events {
    /// Writes the events to standard output.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        if self.follow {
            let Some(client) = self.from.client()? else {
                return Err(Failure::usage("--follow asks a running ledger: name it with --url"));
            };
            let out = std::io::stdout().lock();
            let path = self.path(self.after.as_deref(), None);
            return FeedPrinter::new(out, None, self.limit).run(&client, &path);
        }
        let bar = progress::count("events");
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut after = self.after.clone();
        let mut left = self.limit;
        let mut ask = self.from.asker(runtime)?;
        while left > 0 {
            let size = usize::try_from(left).unwrap_or(PAGE).min(PAGE);
            let page = ask(&self.path(after.as_deref(), Some(size)), &Wanted::JSON)?;
            let page = json(&page)?;
            for event in items(&page)? {
                if write_json_line(&mut out, event)? == Output::Closed {
                    return Ok(());
                }
                left -= 1;
                bar.inc(1);
            }
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => break,
            }
        }
        bar.finish_and_clear();
        flush(&mut out).map(drop)
    }

    fn path(&self, after: Option<&str>, limit: Option<usize>) -> String {
        let limit = limit.map(|limit| limit.to_string());
        let parameters = [
            ("limit", limit.as_deref()),
            ("after", after),
            ("type", self.kind.as_deref()),
            ("source", self.source.as_deref()),
        ];
        let given = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let pairs = given.map(|(name, value)| format!("{name}={}", encode(value)));
        format!("/v1/events?{}", pairs.collect::<Vec<_>>().join("&"))
    }
}
