//! The printed answer of a replay: states, the changes of each event, and the events that a
//! program would emit.

use std::io::{BufWriter, Stdout};
use std::time::Instant;

use serde_json::Value;

use crate::cli::failure::Failure;
use crate::cli::terminal::{flush, print_page, tell, write_json_text, write_text_line};
use crate::projection::replay::Watch;
use crate::projection::script::care_event::CareEvent;
use crate::projection::script::case::emitted_json;
use crate::projection::script::difference::differences;
use crate::projection::script::event::ScriptEvent as _;
use crate::projection::script::fold::{Folded, States};
use crate::text::page::TextPage;

/// The answer of a replay.
pub struct ReplayedStates<'s> {
    /// The states, in the order of their partitions.
    pub states: Vec<(&'s str, &'s str)>,
    /// How many records were folded.
    pub events: u64,
    /// Whether the program stands still.
    pub is_faulted: bool,
    /// How the states were made: live or exact, and on how many cores.
    pub course: String,
}

/// See the module.
pub struct ReplayPrinter {
    is_traced: bool,
    is_dry_run: bool,
    partition: Option<String>,
    out: BufWriter<Stdout>,
    started: Instant,
}

impl ReplayPrinter {
    /// Shows a replay: of one partition, or of all.
    pub fn new(is_traced: bool, is_dry_run: bool, partition: Option<String>) -> Self {
        let out = BufWriter::new(std::io::stdout());
        Self { is_traced, is_dry_run, partition, out, started: Instant::now() }
    }

    /// Prints the states, and says how the replay went.
    ///
    /// # Errors
    /// The partition that was asked for does not exist, or the output cannot be written.
    pub fn end(mut self, end: &ReplayedStates<'_>, is_json: bool) -> Result<(), Failure> {
        flush(&mut self.out)?;
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        let states = &end.states;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = end.events as f64 / seconds;
        tell(&format!(
            "{} events, {} partitions, {rate:.0} events a second; {}",
            end.events,
            states.len(),
            end.course
        ));
        let is_missing = self.partition.is_some() && states.is_empty() && !end.is_faulted;
        if is_json {
            write_json_object(&mut self.out, states)?;
        } else if !self.is_traced && !self.is_dry_run {
            let mut page = TextPage::default();
            for (partition, state) in states {
                let name = if partition.is_empty() { "(all)" } else { partition };
                page.row(&format!("{name}  {state}"));
            }
            print_page(&page)?;
        }
        if is_missing {
            return Err(Failure::answer_no("there is no such partition"));
        }
        Ok(())
    }

    /// Prints what one event changed in a state.
    pub fn change(&mut self, head: &str, partition: &str, changes: &[String]) {
        self.line(&format!("{head} {partition}"));
        for change in changes {
            self.line(&format!("    {change}"));
        }
    }

    fn line(&mut self, text: &str) {
        // A reader that closes our output early is no fault; others show at the end.
        let _ = write_text_line(&mut self.out, text);
    }
}

/// Writes `{partition: state}` as it is, without reading the states again.
fn write_json_object(out: &mut BufWriter<Stdout>, states: &[(&str, &str)]) -> Result<(), Failure> {
    let mut text = String::from("{");
    for (index, (partition, state)) in states.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(*partition).to_string());
        text.push(':');
        text.push_str(state);
    }
    text.push('}');
    write_json_text(out, &text).map(drop)
}

impl Watch for ReplayPrinter {
    fn wants_events(&self) -> bool {
        self.is_traced || self.is_dry_run
    }

    fn starts_over(&mut self, why: &str) {
        tell(&format!("starts over: {why}"));
    }

    fn folded(&mut self, event: &CareEvent, folded: &Folded, states: &States) {
        let head = || format!("{} {}", event.record().position.number(), event.event_type());
        if self.is_dry_run {
            for emitted in &folded.output.emitted {
                self.line(&format!("{} emits {}", head(), emitted_json(0, emitted)));
            }
            for log in &folded.output.logs {
                self.line(&format!("{} logs {log}", head()));
            }
        }
        let Some(partition) = folded.partition.as_deref() else { return };
        let is_wanted = self.partition.as_deref().is_none_or(|wanted| wanted == partition);
        if self.is_traced && is_wanted {
            let after = states.partitions.get(partition).map_or("null", |state| &**state);
            let changes = differences(folded.before.as_deref(), after);
            self.change(&head(), partition, &changes);
        }
    }
}
