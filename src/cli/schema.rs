//! `care-ledger schema`: shows the vocabulary, and checks the events of a file against it.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::OutputForm;
use super::emit::open;
use super::failure::Failure;
use super::terminal::{print_json, print_lines, print_page, tell};
use crate::domain::event::Draft;
use crate::domain::vocabulary::kind::Kind;
use crate::domain::vocabulary::schemas::{self, SchemaNotFound, ShippedSchema};
use crate::domain::vocabulary::sent;
use crate::domain::vocabulary::validate::validate;
use crate::domain::vocabulary::violation::{Violation, ViolationCode};
use crate::http::limits::EVENT_BYTES_MAX;
use crate::ledger::clock;
use crate::text::page::TextPage;

/// The vocabulary: list the types, show a schema, check a file.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger schema list\n  \
    care-ledger schema show residential.droppedOut\n  care-ledger schema show envelope\n  \
    care-ledger schema show residential.droppedOut --example > event.json\n  \
    care-ledger schema check event.json")]
pub struct Schema {
    #[command(subcommand)]
    command: SchemaAction,
}

#[derive(Subcommand)]
enum SchemaAction {
    /// Every event type, with its class and its title
    #[command(after_help = "Examples:\n  care-ledger schema list\n  \
        care-ledger schema list --json")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The JSON Schema of a type, or of `envelope`
    #[command(after_help = "Examples:\n  care-ledger schema show residential.droppedOut\n  \
        care-ledger schema show residential.droppedOut --example > event.json\n  \
        care-ledger schema show cap.referred --version 1")]
    Show {
        /// An event type, or `envelope`
        name: String,
        /// Print an example event instead
        #[arg(long)]
        example: bool,
        /// This version of the schema [default: the newest]
        #[arg(long, value_name = "N")]
        version: Option<usize>,
    },
    /// Check events in a file: one JSON event, an array, or one event a line
    #[command(after_help = "Examples:\n  care-ledger schema check event.json\n  \
        care-ledger simulate --persons 3 | care-ledger schema check -")]
    Check {
        /// The file, or - for standard input
        file: PathBuf,
        /// Print the violations as JSON
        #[arg(long)]
        json: bool,
    },
}

impl Schema {
    /// Runs the subcommand.
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            SchemaAction::List { json } => list(OutputForm::of_flag(json)),
            SchemaAction::Show { name, example, version } => show(&name, example, version),
            SchemaAction::Check { file, json } => check(&file, OutputForm::of_flag(json)),
        }
    }
}

fn list(form: OutputForm) -> Result<(), Failure> {
    let rows: Vec<Value> = Kind::ALL.iter().map(|kind| row(*kind)).collect();
    if form == OutputForm::Json {
        let text = serde_json::to_string_pretty(&rows).expect("serialises into memory");
        return print_json(&text);
    }
    let line = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let newest = &row["versions"].as_array().map_or(0, Vec::len);
        let version = format!("v{newest}");
        format!("{:<32} {:<9} {version:<4} {}", text("type"), text("class"), text("title"))
    };
    let mut page = TextPage::default();
    rows.iter().for_each(|row| page.row(&line(row)));
    print_page(&page)
}

fn row(kind: Kind) -> Value {
    let schema: Value =
        serde_json::from_str(kind.newest().schema).expect("a shipped schema is JSON");
    let versions: Vec<usize> = kind.versions().iter().map(|version| version.number).collect();
    json!({
        "type": kind.code(), "class": schema["x-class"], "title": schema["title"],
        "versions": versions
    })
}

fn show(name: &str, example: bool, version: Option<usize>) -> Result<(), Failure> {
    let schema = schemas::by_name(name, version).map_err(|error| match error {
        SchemaNotFound::Name => {
            Failure::usage(format!("{error}; `care-ledger schema list` names them"))
        }
        SchemaNotFound::Version { .. } => Failure::usage(format!("{name}: {error}")),
    })?;
    match schema {
        _ if !example => print_lines(schema.text()),
        ShippedSchema::Payload(version) => print_lines(version.example),
        ShippedSchema::Envelope => Err(Failure::usage("only an event type has an example")),
    }
}

fn check(file: &Path, form: OutputForm) -> Result<(), Failure> {
    let mut lines = open(file)?;
    let (mut line, mut count, mut refused) = (Vec::new(), 0, 0);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let text = sent::trimmed(&line);
        if text.is_empty() {
            continue;
        }
        count += 1;
        let Err(violations) = validated(text) else { continue };
        refused += 1;
        for violation in violations {
            tell_violation(count, &violation, form)?;
        }
    }
    if refused > 0 {
        return Err(Failure::answer_no(format!(
            "{refused} of {count} events do not hold their schema"
        )));
    }
    tell(&format!("{count} events hold their schema"));
    Ok(())
}

/// What the ledger would find in a line of its body.
fn validated(line: &[u8]) -> Result<Draft, Vec<Violation>> {
    let refused = |detail: String| vec![Violation::new("", ViolationCode::BadForm, detail)];
    if line.len() > EVENT_BYTES_MAX {
        return Err(refused("Too large: the limit is 1 MiB a line.".to_owned()));
    }
    let event = sent::line(line).map_err(|error| refused(error.to_string()))?;
    validate(&event, clock::now())
}

fn tell_violation(number: usize, violation: &Violation, form: OutputForm) -> Result<(), Failure> {
    if form == OutputForm::Json {
        return print_json(&json!({"event": number, "violation": violation}).to_string());
    }
    let mut page = TextPage::default();
    page.row(&format!("event {number}: {}: {}", violation.name, violation.detail));
    print_page(&page)
}
