//! `care-ledger emit`: sends events to a ledger until each event has its answer.
//! Always: a request without an answer is sent again unchanged. That is safe: the ledger answers an
//! event it has recorded as a duplicate.

use std::io::{BufRead, Read as _};
use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::Value;

use super::client::{Client, WAIT_FIRST, WAIT_MAX, issues_in_words};
use super::failure::Failure;
use super::progress;
use super::terminal::{self, tell};
use crate::domain::vocabulary::canonical;
use crate::domain::vocabulary::sent::{self, SentValue};
use crate::text::escape::escaped;

/// Lines in one request. Source: the HTTP contract.
const REQUEST_LINES_MAX: usize = 5_000;

/// Bytes in one request; few, because a retry sends all of them again.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The largest file that is one JSON value; such a file is read whole.
const VALUE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Refused lines that are printed; further ones are only counted.
const REFUSALS_PRINTED_MAX: u64 = 20;

/// Send events to a ledger, one a line.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger emit year.ndjson\n  \
    care-ledger simulate --persons 20 | care-ledger emit - --url http://127.0.0.1:8080\n  \
    care-ledger emit schemas/examples/detention.arrived.json\n  \
    care-ledger emit --dry-run year.ndjson\n\n\
    Sending a file twice is safe: what was recorded is counted as repeated. After a cut, send it \
    again, or go on with --from-line. Exit 0 only if all is recorded or repeated.")]
pub struct Emit {
    /// A file of CloudEvents, one a line (or one JSON event or array), or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The ledger to send to
    #[arg(long, env = "CARE_LEDGER_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Leave out the lines before this one
    #[arg(long, value_name = "N", default_value_t = 1)]
    from_line: u64,
    /// How often a request without an answer is sent again before giving up
    #[arg(long, value_name = "N", default_value_t = 12)]
    retries: u32,
    /// Say what would happen to each event, and write nothing. An event that is in the file
    /// twice may be counted as recorded twice
    #[arg(long)]
    dry_run: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// The route to which events are sent.
pub const EVENTS: &str = "/v1/events";
/// The route that says what would happen to events, and writes nothing.
pub const EVENTS_DRY: &str = "/v1/events?dryRun=true";

/// How many events were recorded, repeated and refused.
#[derive(Debug, Default, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Whether this was a dry run: the figures say what would happen, and nothing was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Events that the ledger recorded now.
    pub recorded: u64,
    /// Events that the ledger held already, with the same content.
    pub repeated: u64,
    /// Events that the ledger refused.
    pub refused: u64,
}

impl Emit {
    /// Sends the file.
    pub fn run(self) -> Result<(), Failure> {
        let mut lines = open(&self.file)?;
        let bar = progress::count("events");
        let mut sender = Sender::new(Client::new(&self.url)?, self.retries, bar);
        if self.dry_run {
            sender = sender.dry_run();
        }
        let mut line = Vec::new();
        let mut number = 0;
        loop {
            line.clear();
            if lines.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            number += 1;
            if number >= self.from_line {
                sender.send(number, &line)?;
            }
        }
        if self.from_line > number + 1 {
            return Err(Failure::usage(format!(
                "--from-line {}, but the file has {number} lines: it is not the file that was \
                 sent before",
                self.from_line
            )));
        }
        let summary = sender.finish()?;
        if self.json {
            let text = serde_json::to_string(&summary).expect("serialises into memory");
            terminal::print_json(&text)?;
        } else {
            let Summary { dry_run, recorded, repeated, refused } = summary;
            let run = if dry_run { "dry run, nothing was written: " } else { "" };
            tell(&format!("{run}{recorded} recorded, {repeated} repeated, {refused} refused"));
        }
        match summary.refused {
            0 => Ok(()),
            n => Err(Failure::answer_no(format!(
                "{n} events were refused; correct them and send again"
            ))),
        }
    }
}

/// Collects lines into requests and sends them.
pub struct Sender {
    client: Client,
    retries: u32,
    bar: ProgressBar,
    body: Vec<u8>,
    /// The numbers of the lines in the body.
    numbers: Vec<u64>,
    summary: Summary,
}

impl Sender {
    /// A sender that repeats each request at most `retries` times.
    pub fn new(client: Client, retries: u32, bar: ProgressBar) -> Self {
        let summary = Summary::default();
        Self { client, retries, bar, body: Vec::new(), numbers: Vec::new(), summary }
    }

    /// Makes this a dry run: the ledger says what would happen, and writes nothing.
    pub fn dry_run(mut self) -> Self {
        self.summary.dry_run = true;
        self
    }

    /// Adds one line to the request, and sends the request once it is full.
    ///
    /// # Errors
    /// No answer, after all retries.
    pub fn send(&mut self, number: u64, line: &[u8]) -> Result<(), Failure> {
        let line = sent::trimmed(line);
        if line.is_empty() {
            return Ok(());
        }
        if !self.body.is_empty() && self.body.len() + line.len() >= REQUEST_BYTES_MAX {
            self.flush()?;
        }
        self.body.extend_from_slice(line);
        self.body.push(b'\n');
        self.numbers.push(number);
        if self.numbers.len() == REQUEST_LINES_MAX { self.flush() } else { Ok(()) }
    }

    /// Sends the lines that are left, and gives the counts of all lines.
    ///
    /// # Errors
    /// No answer, after all retries.
    pub fn finish(mut self) -> Result<Summary, Failure> {
        self.flush()?;
        self.bar.finish_and_clear();
        Ok(self.summary)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let mut wait = WAIT_FIRST;
        let mut tries = 0;
        let path = if self.summary.dry_run { EVENTS_DRY } else { EVENTS };
        while !self.numbers.is_empty() {
            let body = sent::body_of_lines(&self.body);
            let why = match self.client.post(path, "application/x-ndjson", &body) {
                Ok(answer) if answer.status.is_success() => {
                    let before = self.numbers.len();
                    self.count_answers(&answer.text);
                    if self.numbers.len() < before {
                        continue;
                    }
                    "the ledger has no room now".to_owned()
                }
                Ok(answer) if answer.status.as_u16() == 503 => "the ledger is busy".to_owned(),
                Ok(answer) => {
                    answer.good()?;
                    return Err(Failure::answer_no("the ledger gave an answer without receipts"));
                }
                Err(error) => error.to_string(),
            };
            if tries == self.retries {
                self.bar.abandon();
                let from = self.numbers[0];
                return Err(Failure::unreachable(format!(
                    "gave up at line {from}: {why}. Send the file again (what was recorded is \
                     only counted as repeated), or go on with --from-line {from}"
                )));
            }
            tries += 1;
            // Printed also where standard error is no terminal and the bar stays silent.
            let notice = format!("{why}; trying again in {:.1} s", wait.as_secs_f64());
            self.bar.suspend(|| tell(&notice));
            std::thread::sleep(wait);
            wait = (wait * 2).min(WAIT_MAX);
        }
        Ok(())
    }

    /// Counts the answers. Lines for which the ledger had no room stay in the body.
    fn count_answers(&mut self, answers: &str) {
        let numbers = std::mem::take(&mut self.numbers);
        let body = std::mem::take(&mut self.body);
        let lines = body.split_inclusive(|byte| *byte == b'\n');
        let mut answers = answers.lines();
        for (number, line) in numbers.into_iter().zip(lines) {
            let answer: Option<Value> =
                answers.next().and_then(|answer| serde_json::from_str(answer).ok());
            match answer.as_ref().and_then(|answer| answer["status"].as_str()) {
                Some("recorded") => self.summary.recorded += 1,
                Some("duplicate") => self.summary.repeated += 1,
                Some(_) if answer.as_ref().is_some_and(is_final) => {
                    self.summary.refused += 1;
                    self.print_refusal(number, &answer.unwrap_or_default());
                }
                // The ledger had no room, or its answer broke off: send this line again.
                _ => {
                    self.numbers.push(number);
                    self.body.extend_from_slice(line);
                    continue;
                }
            }
            self.bar.inc(1);
        }
    }

    fn print_refusal(&self, number: u64, answer: &Value) {
        if self.summary.refused > REFUSALS_PRINTED_MAX {
            return;
        }
        let problem = &answer["problem"];
        let title = escaped(problem["title"].as_str().unwrap_or("refused"));
        let words = format!("line {number}: {title}{}", issues_in_words(problem));
        self.bar.suspend(|| tell(&words));
        if self.summary.refused == REFUSALS_PRINTED_MAX {
            self.bar.suspend(|| tell("further refusals are only counted"));
        }
    }
}

/// Whether the ledger would refuse the same line again.
fn is_final(answer: &Value) -> bool {
    answer["problem"]["status"].as_u64().is_none_or(|status| status < 500)
}

/// The lines of a file, without the byte order mark that it may begin with. If the file is one JSON
/// value, each of its events becomes a line.
///
/// # Errors
/// The file cannot be opened or read.
pub fn open(file: &std::path::Path) -> Result<Box<dyn BufRead>, Failure> {
    let mut input: Box<dyn BufRead> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = std::fs::File::open(file)
            .map_err(|error| Failure::because(&file.display().to_string(), &error))?;
        Box::new(std::io::BufReader::new(opened))
    };
    let mut first = Vec::new();
    input.read_until(b'\n', &mut first)?;
    let rest = sent::without_byte_order_mark(&first);
    first.drain(..first.len() - rest.len());
    while sent::trimmed(&first).is_empty() && input.read_until(b'\n', &mut first)? > 0 {}
    let is_line = serde_json::from_slice::<Value>(&first).is_ok_and(|value| value.is_object());
    if is_line {
        return Ok(Box::new(std::io::Cursor::new(first).chain(input)));
    }
    let start = first.trim_ascii_start().first().copied();
    if !matches!(start, Some(b'[' | b'{')) {
        return Ok(Box::new(std::io::Cursor::new(first).chain(input)));
    }
    input.by_ref().take(VALUE_BYTES_MAX).read_to_end(&mut first)?;
    let events = match sent::value(&first) {
        Ok(SentValue::Many(events)) => events,
        Ok(SentValue::One(event)) => vec![event],
        // The file holds lines, and the first line is broken: the ledger will say what is wrong.
        Err(_) => return Ok(Box::new(std::io::Cursor::new(first).chain(input))),
    };
    let lines: Vec<Vec<u8>> = events.iter().map(canonical::write).collect();
    Ok(Box::new(std::io::Cursor::new(lines.join(&b'\n'))))
}
