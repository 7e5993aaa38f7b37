//! `care-ledger projection deploy` and `status`: projections of a running ledger.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::files;
use crate::cli::client::{Client, Wanted, items, json};
use crate::cli::failure::Failure;
use crate::cli::progress;
use crate::cli::terminal::{print_json, print_page, tell};
use crate::projection::runner::parts::Parts;
use crate::text::escape::escaped;
use crate::text::page::TextPage;

/// How often the status is asked for while a version catches up.
const ASKED_EVERY: Duration = Duration::from_millis(250);

/// What separates the parts of a form. No part holds this text by chance.
const BOUNDARY: &str = "care-ledger-part-6f1d2c9b7a3e4850";

/// Give a running ledger a projection to keep, with the parts that stand beside its file
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger projection deploy count.js\n  \
    care-ledger projection deploy count.js --name perPerson --url http://127.0.0.1:8080\n  \
    care-ledger projection deploy count.js --wait && care-ledger projection status count\n\n\
    Sent with it, if they are there: count.summary.js, count.vl.json, count.fixtures.json.")]
pub struct Deploy {
    /// The projection: a file of JavaScript
    file: PathBuf,
    /// Its name [default: the name of the file]
    #[arg(long)]
    name: Option<String>,
    /// Wait until it has caught up with the log
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    to: ServedArgs,
}

/// How far the projections of a running ledger are
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger projection status\n  \
    care-ledger projection status perPerson --json --url http://127.0.0.1:8080")]
pub struct ShowStatus {
    /// Only this projection
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    from: ServedArgs,
}

/// The running ledger.
#[derive(Args)]
struct ServedArgs {
    /// A running ledger, as http://HOST:PORT [default: CARE_LEDGER_URL]
    #[arg(long)]
    url: Option<String>,
}

impl ServedArgs {
    fn client(&self) -> Result<Client, Failure> {
        let url = self.url.clone().or_else(|| std::env::var("CARE_LEDGER_URL").ok());
        let none = || Failure::usage("name a running ledger with --url or CARE_LEDGER_URL");
        Client::new(&url.ok_or_else(none)?)
    }
}

impl Deploy {
    /// Sends the parts, and tells what became of them.
    pub fn run(self) -> Result<(), Failure> {
        let client = self.to.client()?;
        let name = match &self.name {
            Some(name) => files::checked_name(name)?.to_owned(),
            None => files::name_of(&self.file)?,
        };
        let form = form(&files::read(&self.file)?);
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let path = format!("/v1/projections/{name}");
        let answer = client.put(&path, &kind, form.as_bytes());
        let answer = answer.map_err(|error| client.unreachable(&error))?;
        let status = answer.status.as_u16();
        answer.good()?;
        tell(match status {
            200 => "the same source runs already",
            201 => "new: it is folded from the start of the log",
            _ => "a new source: it is built beside the old one, which answers until then",
        });
        if self.wait { wait(&client, &path) } else { Ok(()) }
    }
}

/// The parts as a form (RFC 7578).
fn form(parts: &Parts) -> String {
    let Parts { projection, summary, chart, fixtures } = parts;
    let all = [
        ("projection", Some(projection)),
        ("summary", summary.as_ref()),
        ("chart", chart.as_ref()),
        ("fixtures", fixtures.as_ref()),
    ];
    let mut form = String::new();
    for (name, part) in all {
        let Some(text) = part else { continue };
        let head = format!("content-disposition: form-data; name=\"{name}\"");
        form.push_str(&format!("--{BOUNDARY}\r\n{head}\r\n\r\n{text}\r\n"));
    }
    form + &format!("--{BOUNDARY}--\r\n")
}

/// Waits until a projection has caught up.
fn wait(client: &Client, path: &str) -> Result<(), Failure> {
    let bar = progress::bar("events", 0);
    loop {
        let status = status(client, path)?;
        let building = status.get("rebuild").unwrap_or(&status);
        if building["fault"].is_object() {
            bar.finish_and_clear();
            return Err(Failure::answer_no(line(&status)));
        }
        let lag = building["lag"].as_u64().unwrap_or_default();
        let read: u64 =
            building["position"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
        bar.set_length(read + lag);
        bar.set_position(read);
        if lag == 0 && status.get("rebuild").is_none() {
            bar.finish_and_clear();
            tell(&line(&status));
            return Ok(());
        }
        std::thread::sleep(ASKED_EVERY);
    }
}

fn status(client: &Client, path: &str) -> Result<Value, Failure> {
    let answer = client.get(path, &Wanted::JSON).map_err(|error| client.unreachable(&error))?;
    json(&answer.good()?)
}

impl ShowStatus {
    /// Prints the status of one projection, or of all.
    pub fn run(self) -> Result<(), Failure> {
        let client = self.from.client()?;
        let found = match &self.name {
            Some(name) => {
                let name = files::checked_name(name)?;
                status(&client, &format!("/v1/projections/{name}"))?
            }
            None => status(&client, "/v1/projections")?,
        };
        if self.json {
            return print_json(&found.to_string());
        }
        let mut page = TextPage::default();
        if self.name.is_some() {
            page.row(&line(&found));
        } else {
            let all = items(&found)?;
            all.iter().for_each(|status| page.row(&line(status)));
            if all.is_empty() {
                page.row("no projection; `care-ledger projection deploy FILE.js` gives one");
            }
        }
        print_page(&page)
    }
}

/// A status on one line.
fn line(status: &Value) -> String {
    let text = |value: &Value| escaped(value.as_str().unwrap_or_default()).into_owned();
    let mut line = format!(
        "{:<24} {:<8} position {} lag {} ({} events a second)",
        text(&status["name"]),
        text(&status["state"]),
        text(&status["position"]),
        status["lag"],
        status["eventsPerSecond"]
    );
    for (what, version) in [("", status), (" rebuild", &status["rebuild"])] {
        let fault = &version["fault"];
        if fault.is_object() {
            let place = format!("{}:{}", fault["line"], fault["column"]);
            let (message, at) = (text(&fault["message"]), text(&fault["position"]));
            line.push_str(&format!(
                "\n   {what} stands still at position {at}, {place}: {message}"
            ));
        } else if !what.is_empty() && version.is_object() {
            let left = version["secondsLeft"].as_u64().map(|left| format!(", {left} s left"));
            let (lag, left) = (&version["lag"], left.unwrap_or_default());
            line.push_str(&format!("\n   {what} lag {lag}{left}"));
        }
    }
    line
}
