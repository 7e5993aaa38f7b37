//! A sender's own file: which keys (`source`, `id`) it repeats, and what a ledger would do with it.
//! Always: only the first event of each key is sent, as a dry run. So an event that the ledger
//! calls a duplicate was in the ledger before.

use std::collections::HashMap;
use std::io::BufRead as _;
use std::path::Path;

use serde_json::Value;

use super::report::{Check, RefusalReason};
use crate::cli::client::Client;
use crate::cli::emit::{self, EVENTS_DRY};
use crate::cli::failure::Failure;
use crate::domain::vocabulary::canonical;
use crate::domain::vocabulary::json::JsonValue;
use crate::domain::vocabulary::sent;

/// The most events of a file. Two hashes of each are held in memory, about 60 bytes an event.
const EVENTS_MAX: usize = 2_000_000;

/// Lines and bytes of one dry run: the group within which the ledger compares lines.
const DRY_RUN_LINES_MAX: usize = 2_000;
const DRY_RUN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Line numbers of one kind that a report names; further ones are counted.
const LINES_NAMED_MAX: usize = 5;

/// The first half of a BLAKE3 hash, which tells millions of keys apart.
type ShortHash = [u8; 16];

/// The findings about a file.
#[derive(Default)]
pub struct EventFile {
    events: u64,
    /// By the hash of a key: the hash of the first event with this key, and its line.
    seen: HashMap<ShortHash, (ShortHash, u64)>,
    repeats: u64,
    /// Lines that repeat the key of an earlier line with other content.
    contradictions: Vec<u64>,
    /// Lines whose key the ledger holds with other content.
    reused: Vec<u64>,
    new: u64,
    known: u64,
    refused: u64,
    groups: Vec<RefusalReason>,
    /// Why the dry run ended early.
    broken: Option<String>,
    /// The source of all events, where the file has only one source.
    pub only_source: Option<String>,
    has_more_sources: bool,
}

/// Lines that wait for their dry run.
#[derive(Default)]
struct DryRunLines {
    body: Vec<u8>,
    numbers: Vec<u64>,
}

/// Reads a file; with a client, asks what would happen to its events.
///
/// # Errors
/// The file cannot be read, or is too long to be held.
pub fn read(path: &Path, client: Option<&Client>) -> Result<EventFile, Failure> {
    let mut lines = emit::open(path)?;
    let mut found = EventFile::default();
    let mut waiting = DryRunLines::default();
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        number += 1;
        let text = sent::trimmed(&line);
        if text.is_empty() || !found.is_first(text, number)? {
            continue;
        }
        waiting.body.extend_from_slice(text);
        waiting.body.push(b'\n');
        waiting.numbers.push(number);
        if waiting.numbers.len() == DRY_RUN_LINES_MAX || waiting.body.len() >= DRY_RUN_BYTES_MAX {
            found.rehearse(&mut waiting, client);
        }
    }
    found.rehearse(&mut waiting, client);
    Ok(found)
}

impl EventFile {
    /// Whether a line has to be sent: the first line of its key, or a line without a key.
    fn is_first(&mut self, line: &[u8], number: u64) -> Result<bool, Failure> {
        self.events += 1;
        let Ok(mut event) = sent::line(line) else { return Ok(true) };
        if let JsonValue::Object(members) = &mut event {
            // The content type can only be JSON: two events that differ in it alone are equal.
            members.retain(|(name, _)| name != "datacontenttype");
        }
        let (Some(source), Some(id)) = (event.text("source"), event.text("id")) else {
            return Ok(true);
        };
        self.note_source(source);
        let key = short(&canonical::bytes(&[source, id]));
        let content = short(&canonical::write(&event));
        match self.seen.get(&key) {
            None if self.seen.len() == EVENTS_MAX => Err(Failure::usage(format!(
                "--file takes at most {EVENTS_MAX} events; give it a part of the file"
            ))),
            None => {
                self.seen.insert(key, (content, number));
                Ok(true)
            }
            Some((first, _)) => {
                if *first == content {
                    self.repeats += 1;
                } else {
                    self.contradictions.push(number);
                }
                Ok(false)
            }
        }
    }

    fn note_source(&mut self, source: &str) {
        match &self.only_source {
            None if !self.has_more_sources => self.only_source = Some(source.to_owned()),
            Some(only) if only != source => {
                self.only_source = None;
                self.has_more_sources = true;
            }
            _ => {}
        }
    }

    /// Asks the ledger what would happen to the lines that wait.
    fn rehearse(&mut self, waiting: &mut DryRunLines, client: Option<&Client>) {
        let DryRunLines { body, numbers } = std::mem::take(waiting);
        let Some(client) = client.filter(|_| !numbers.is_empty() && self.broken.is_none()) else {
            return;
        };
        let body = sent::body_of_lines(&body);
        let answer = match client.post(EVENTS_DRY, "application/x-ndjson", &body) {
            Ok(answer) if answer.status.is_success() => answer,
            Ok(answer) => {
                self.broken = Some(format!("the ledger answers {}", answer.status.as_u16()));
                return;
            }
            Err(error) => {
                self.broken = Some(format!("no answer: {error}"));
                return;
            }
        };
        let mut answers = answer.text.lines();
        for number in numbers {
            let answer_json = answers.next().and_then(|line| serde_json::from_str(line).ok());
            self.count(number, &answer_json.unwrap_or(Value::Null));
        }
    }

    fn count(&mut self, number: u64, answer_json: &Value) {
        match answer_json["status"].as_str() {
            Some("recorded") => self.new += 1,
            Some("duplicate") => self.known += 1,
            Some(_) => {
                self.refused += 1;
                if answer_json["problem"]["status"] == 409 {
                    self.reused.push(number);
                }
                for group in RefusalReason::of(&answer_json["problem"], Some(number)) {
                    group.count_in(&mut self.groups);
                }
            }
            None => self.broken = Some("the answer has too few lines".to_owned()),
        }
    }

    /// The check of keys: repeated in the file, or recorded with other content.
    pub fn duplicate_keys(&self) -> Check {
        let name = "duplicateKeys";
        let Self { events, repeats, contradictions, reused, known, .. } = self;
        let mut detail = format!("{events} events: {repeats} repeated with the same content");
        if !contradictions.is_empty() {
            let lines = lines(contradictions);
            detail.push_str(&format!("; an id says two things in the file ({lines})"));
        }
        detail.push_str(&format!("; {known} recorded already"));
        if !reused.is_empty() {
            let lines = lines(reused);
            detail.push_str(&format!("; an id is recorded with other content ({lines})"));
        }
        if contradictions.is_empty() && reused.is_empty() {
            return Check::ok(name, detail);
        }
        let next = "a new fact needs a new id; to change what was said, send record.corrected with \
                    an id of its own; see /errors/idReused";
        Check::failed(name, detail, next)
    }

    /// The check of the file: what the ledger would do with each key's first event.
    pub fn outcome(&mut self) -> Check {
        let name = "file";
        let Self { new, known, refused, .. } = self;
        let detail = format!(
            "dry run of each id's first event: {new} would be recorded, {known} are, {refused} \
             refused"
        );
        if let Some(why) = &self.broken {
            let next = "look at health above, and run doctor again";
            return Check::failed(name, format!("{detail}; then {why}"), next);
        }
        if self.refused == 0 {
            return Check::ok(name, detail);
        }
        let next = "read the page of each code and correct the events; care-ledger emit --dry-run \
                    names each line";
        Check::failed(name, detail, next).refused(std::mem::take(&mut self.groups))
    }
}

/// The first line numbers in words, and how many more there are.
fn lines(numbers: &[u64]) -> String {
    let first: Vec<String> = numbers.iter().take(LINES_NAMED_MAX).map(u64::to_string).collect();
    let word = if numbers.len() == 1 { "line" } else { "lines" };
    match numbers.len().saturating_sub(LINES_NAMED_MAX) {
        0 => format!("{word} {}", first.join(", ")),
        more => format!("{word} {} and {more} more", first.join(", ")),
    }
}

fn short(bytes: &[u8]) -> ShortHash {
    let hash = blake3::hash(bytes);
    let mut short = ShortHash::default();
    short.copy_from_slice(&hash.as_bytes()[..16]);
    short
}
