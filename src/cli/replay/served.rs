//! A replay by a running ledger: it folds, and sends what it made.

use std::io::BufRead;

use chrono::DateTime;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::ReplayCommand;
use super::shown::{ReplayPrinter, ReplayedStates};
use super::table::TableWriter;
use crate::cli::ask::encode;
use crate::cli::client::{Client, Wanted, json};
use crate::cli::failure::Failure;
use crate::cli::progress;
use crate::cli::projection::pointed;
use crate::domain::id::{Position, RecordedTime};
use crate::ledger::answer::format_at;
use crate::projection::replay::{Moments, ReplayMode};
use crate::projection::script::fault::ScriptFault;
use crate::projection::summary::{self, About};

/// A line of the answer. Each has one of these.
#[derive(Deserialize)]
struct AnswerLine {
    progress: Option<Value>,
    trace: Option<Value>,
    partition: Option<String>,
    state: Option<Box<RawValue>>,
    result: Option<Box<RawValue>>,
    done: Option<Value>,
}

impl ReplayCommand {
    /// Runs the replay on a running ledger.
    pub(super) fn run_served(
        &self,
        client: &Client,
        name: &str,
        source: &str,
        summary: Option<&TableWriter>,
    ) -> Result<(), Failure> {
        if self.dry_run || self.cores.is_some() {
            let words = "--dry-run and --cores fold on this machine: name a folder with --data, \
                or a file with --events";
            return Err(Failure::usage(words));
        }
        let answer = client.post_for_lines(&self.path(), "text/javascript", source.as_bytes());
        let lines = match answer.map_err(|error| client.unreachable(&error))? {
            Ok(lines) => lines,
            Err(refused) => return refused.good_to_question().map(drop),
        };
        let mut shown = ReplayPrinter::new(self.trace, false, self.partition.clone());
        let bar = progress::bar("events", 0);
        let (mut states, mut results, mut done) = (Vec::new(), Vec::new(), None);
        for line in lines.lines() {
            let no_json = |_| Failure::answer_no("the ledger gave an answer that is no replay");
            let line: AnswerLine = serde_json::from_str(&line?).map_err(no_json)?;
            if let Some(progress) = line.progress {
                let number = |name: &str| {
                    let value = &progress[name];
                    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
                };
                bar.set_length(number("of"));
                bar.set_position(number("position"));
            } else if let Some(trace) = line.trace {
                show_trace(&mut shown, &trace);
            } else if let Some((partition, result)) =
                summary.and(line.partition.clone().zip(line.result))
            {
                results.push((partition, result.get().to_owned()));
            } else if let Some((partition, state)) = line.partition.zip(line.state) {
                states.push((partition, state));
            } else {
                done = line.done;
            }
        }
        bar.finish_and_clear();
        let broken = "the answer broke off before its end; ask again";
        let done = done.ok_or_else(|| Failure::unreachable(broken))?;
        let fault = &done["fault"];
        let states = states.iter().map(|(name, state)| (name.as_str(), state.get())).collect();
        let events = done["events"].as_u64().unwrap_or_default();
        let is_faulted = !fault.is_null();
        let course = self.served_course(done["mode"].as_str().unwrap_or("exact"));
        match summary {
            Some(_) if is_faulted => {}
            Some(summary) => {
                let about = self.about(client, &done["position"])?;
                summary.write(summary::run(summary.source(), results, &about))?;
            }
            None => shown.end(&ReplayedStates { states, events, is_faulted, course }, self.json)?,
        }
        if is_faulted { Err(faulted(name, source, fault)) } else { Ok(()) }
    }

    /// What the summary is told: up to which record the ledger has read, and when it was recorded.
    fn about(&self, client: &Client, position: &Value) -> Result<About, Failure> {
        let position = position.as_str().unwrap_or_default();
        let no_position = || Failure::answer_no("the ledger gave an answer that is no replay");
        let position: Position = position.parse().map_err(|_| no_position())?;
        let Moments { at, known_at } = self.moments();
        let known_at = match known_at {
            Some(known_at) => known_at,
            None if position == Position::START => RecordedTime::from_micros(0),
            None => {
                let path = format!("/v1/events/{}", position.number());
                let answer = client.get(&path, &Wanted::JSON);
                let text = answer.map_err(|error| client.unreachable(&error))?.good()?;
                let recorded =
                    json(&text)?["recordedtime"].as_str().map(DateTime::parse_from_rfc3339);
                let recorded = recorded.and_then(Result::ok).ok_or_else(no_position)?;
                RecordedTime::from_micros(recorded.timestamp_micros())
            }
        };
        Ok(About { position, known_at, at })
    }

    /// How a running ledger made the states.
    fn served_course(&self, mode: &str) -> String {
        let is_other = self.live && mode != ReplayMode::Live.code();
        let why = if is_other { "; the ledger could not answer live" } else { "" };
        format!("{mode}, by the ledger{why}")
    }

    fn path(&self) -> String {
        let at = self.at.map(format_at);
        let known = self.known.map(format_at);
        let trace = self.trace.then(|| "true".to_owned());
        let mode = self.live.then(|| ReplayMode::Live.to_string());
        let partition = self.partition.clone();
        let parameters = [
            ("at", at),
            ("known", known),
            ("partition", partition),
            ("trace", trace),
            ("mode", mode),
        ];
        let given = parameters.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let pairs: Vec<String> =
            given.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        format!("/v1/replays?{}", pairs.join("&"))
    }
}

fn show_trace(shown: &mut ReplayPrinter, trace: &Value) {
    let text = |name: &str| trace[name].as_str().unwrap_or_default().to_owned();
    let changes = trace["changes"].as_array().into_iter().flatten();
    let changes: Vec<String> =
        changes.map(|change| change.as_str().unwrap_or_default().to_owned()).collect();
    let head = format!("{} {}", text("position"), text("eventType"));
    shown.change(&head, &text("partition"), &changes);
}

/// The failure of a program that stands still.
fn faulted(name: &str, source: &str, fault: &Value) -> Failure {
    let number = |name: &str| fault[name].as_u64().and_then(|number| u32::try_from(number).ok());
    let message = fault["message"].as_str().unwrap_or_default();
    let limit = serde_json::from_value(fault["limit"].clone()).ok();
    let place = number("line").zip(number("column"));
    let about = format!("at position {}: ", fault["position"].as_str().unwrap_or_default());
    pointed(name, source, &about, &ScriptFault::new(limit, message).at(place))
}
