//! `care-ledger history`, `trajectory` and `credit`: the answers about one person, from a data
//! folder or from a running ledger.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::client::{Client, HttpAnswer, Wanted, items, json};
use super::failure::Failure;
use super::lists_folder::ListsFolder;
use super::{OutputForm, progress, serve, show, terminal};
use crate::config::DATA_DEFAULT;
use crate::domain::id::PersonId;
use crate::http;
use crate::text::page::TextPage;
use crate::text::words::Language;

/// The ledger to ask: in a folder, or a running one.
#[derive(Args)]
pub struct LedgerArgs {
    /// The data folder [default: CARE_LEDGER_DATA, or data/ledger]
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    data: Option<PathBuf>,
    /// A running ledger, as http://HOST:PORT [default: CARE_LEDGER_URL]
    #[arg(long)]
    url: Option<String>,
}

/// The person to ask about, and the moments.
#[derive(Args)]
struct PersonArgs {
    /// The person's pseudonym (a UUID)
    person: PersonId,
    #[command(flatten)]
    from: LedgerArgs,
    /// The moment of the answer: a date, or an instant with offset [default: now]
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    /// Only what was recorded up to this moment [default: all]
    #[arg(long, value_name = "MOMENT")]
    known: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// A person's events, in the order in which they happened.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger history 3f2c1d6e-0f5b-4d43-9a3e-0a6f6c1b2d3e\n  \
    care-ledger history UUID --type residential.admitted --json\n  \
    care-ledger history UUID --url http://127.0.0.1:8080 --known 2025-06-30")]
pub struct ShowHistory {
    #[command(flatten)]
    args: PersonArgs,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
}

/// Where a person stands in custody and care.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger trajectory UUID\n  \
    care-ledger trajectory UUID --at 2025-06-30 --json")]
pub struct ShowTrajectory {
    #[command(flatten)]
    args: PersonArgs,
}

/// What a person's time in treatment is worth, under every reading of the law.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger credit UUID\n  \
    care-ledger credit UUID --at 2025-09-12 --lang nl\n  \
    care-ledger credit UUID --at 2025-09-12 --json\n  \
    care-ledger credit UUID --boundary excludeLast --url http://127.0.0.1:8080")]
pub struct ShowCredit {
    #[command(flatten)]
    args: PersonArgs,
    /// Which dates of a stay count: anyPart or excludeLast [default: anyPart]
    #[arg(long)]
    boundary: Option<String>,
    /// Which dates an unauthorised absence takes: wholeDates or nights [default: wholeDates]
    #[arg(long)]
    absence: Option<String>,
    /// Days in a month of a sentence, 28 to 31 [default: 30]
    #[arg(long, value_name = "DAYS")]
    month_days: Option<String>,
    /// The language of the table: en or nl [default: en]
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// Continue what is open up to a later --at, labelled as a projection
    #[arg(long)]
    project: bool,
}

/// How often a progress counter moves while the lists are folded.
const TICK: Duration = Duration::from_millis(200);

impl ShowHistory {
    /// Prints the history.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        let mut query = self.args.query();
        query.extend(self.kind.map(|kind| ("type", kind)));
        let mut shown: Option<Value> = None;
        let mut ask = self.args.from.asker(runtime)?;
        loop {
            let page = json(&ask(&path(self.args.person, "history", &query), &Wanted::JSON)?)?;
            let more = items(&page)?;
            let next = page["next"].as_str().map(str::to_owned);
            match shown.as_mut().and_then(|shown| shown["items"].as_array_mut()) {
                None => shown = Some(page),
                Some(items) => items.extend_from_slice(more),
            }
            let Some(next) = next else { break };
            query.retain(|(name, _)| *name != "cursor");
            query.push(("cursor", next));
        }
        let mut shown = shown.unwrap_or_default();
        if let Some(members) = shown.as_object_mut() {
            members.remove("next");
        }
        print(&shown, self.args.form(), show::history)
    }
}

impl ShowTrajectory {
    /// Prints the trajectory.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        let path = path(self.args.person, "trajectory", &self.args.query());
        let answer = self.args.from.asker(runtime)?(&path, &Wanted::JSON)?;
        print(&json(&answer)?, self.args.form(), show::trajectory)
    }
}

impl ShowCredit {
    /// Prints the credit: the table, or JSON.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        let mut query = self.args.query();
        query.extend(self.boundary.map(|boundary| ("boundary", boundary)));
        query.extend(self.absence.map(|absence| ("absence", absence)));
        query.extend(self.month_days.map(|days| ("monthDays", days)));
        query.extend(self.project.then(|| ("project", "true".to_owned())));
        let wanted = match self.args.form() {
            OutputForm::Text => Wanted { form: "text/plain", language: self.lang },
            OutputForm::Json => Wanted::JSON,
        };
        let path = path(self.args.person, "credit", &query);
        let answer = self.args.from.asker(runtime)?(&path, &wanted)?;
        match self.args.form() {
            OutputForm::Text => terminal::print_lines(&(answer.trim_end().to_owned() + "\n")),
            OutputForm::Json => {
                json(&answer)?;
                terminal::print_json(answer.trim_end())
            }
        }
    }
}

impl PersonArgs {
    fn form(&self) -> OutputForm {
        OutputForm::of_flag(self.json)
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let at = self.at.clone().map(|at| ("at", at));
        at.into_iter().chain(self.known.clone().map(|known| ("known", known))).collect()
    }
}

/// Asks a ledger for a path in a wanted form, and gives the text of a successful answer.
pub type Asker<'a> = Box<dyn FnMut(&str, &Wanted) -> Result<String, Failure> + 'a>;

impl LedgerArgs {
    /// The client of the running ledger, or `None` where the command asks a folder.
    ///
    /// # Errors
    /// Wrong usage: the address is not of the form http://HOST:PORT.
    pub fn client(&self) -> Result<Option<Client>, Failure> {
        // A flag wins over a variable, also a flag for the folder over the variable for the
        // address.
        let from_variable = || std::env::var("CARE_LEDGER_URL").ok();
        let url = self.url.clone().or_else(|| self.data.is_none().then(from_variable).flatten());
        url.map(|url| Client::new(&url)).transpose()
    }

    /// Opens the running ledger or the folder. The same routes answer for both. The folder is only
    /// read.
    ///
    /// # Errors
    /// The folder cannot be opened, or the address has another form.
    pub fn asker<'a>(&self, runtime: &'a Runtime) -> Result<Asker<'a>, Failure> {
        self.asker_by(runtime, |folder| Ok((http::router(serve::open_to_read(folder)?), None)))
    }

    /// Opens the ledger with the lists over all persons. For a folder, the lists first read the
    /// whole log, into a folder of their own, because the data folder is only read.
    ///
    /// # Errors
    /// As [`LedgerArgs::asker`].
    pub fn asker_of_lists<'a>(&self, runtime: &'a Runtime) -> Result<Asker<'a>, Failure> {
        self.asker_by(runtime, |folder| {
            let ledger = serve::open_to_read(folder)?;
            let last = ledger.tail();
            let own = ListsFolder::with_lists_of(folder, runtime)?;
            let lists = runtime.block_on(async {
                let lists = serve::lists(&ledger, own.path()).await?;
                let bar = progress::count("folding the log into lists");
                while !lists.reached(last, TICK).await {
                    bar.tick();
                    if lists.probe().is_faulted() {
                        return Err(Failure::unreachable(
                            "the lists could not be made: is there room on the disk?",
                        ));
                    }
                }
                bar.finish_and_clear();
                Ok::<_, Failure>(lists)
            })?;
            let services = http::Services::with_lists(lists);
            Ok((http::router_with(ledger, services), Some(own)))
        })
    }

    /// The data folder, where the command asks no running ledger.
    ///
    /// # Errors
    /// There is no ledger in the folder.
    pub fn folder(&self) -> Result<PathBuf, Failure> {
        let from_variable = || std::env::var_os("CARE_LEDGER_DATA").map(PathBuf::from);
        let folder = self.data.clone().or_else(from_variable);
        let folder = folder.unwrap_or_else(|| DATA_DEFAULT.into());
        if !folder.join("ledger.db").exists() {
            return Err(Failure::unreachable(format!(
                "there is no ledger in {}; name one with --data, or a running one with --url",
                folder.display()
            )));
        }
        Ok(folder)
    }

    fn asker_by<'a>(
        &self,
        runtime: &'a Runtime,
        open: impl FnOnce(&Path) -> Result<(http::Router, Option<ListsFolder>), Failure>,
    ) -> Result<Asker<'a>, Failure> {
        if let Some(client) = self.client()? {
            return Ok(Box::new(move |path, wanted| {
                client
                    .get(path, wanted)
                    .map_err(|error| client.unreachable(&error))?
                    .good_to_question()
            }));
        }
        let (router, own) = open(&self.folder()?)?;
        Ok(Box::new(move |path, wanted| {
            let _kept = &own;
            let (status, text) =
                runtime.block_on(http::ask(router.clone(), path, wanted.headers()));
            HttpAnswer { status, text }.good_to_question()
        }))
    }
}

fn path(person: PersonId, answer: &str, query: &[(&str, String)]) -> String {
    let pairs = query.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    let pairs: Vec<String> = pairs.collect();
    format!("/v1/persons/{person}/{answer}?{}", pairs.join("&"))
}

/// The characters to encode: all but the unreserved ones (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes a text for a query or a path.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn print(
    answer: &Value,
    form: OutputForm,
    show: impl FnOnce(&Value) -> TextPage,
) -> Result<(), Failure> {
    match form {
        OutputForm::Text => terminal::print_page(&show(answer)),
        OutputForm::Json => {
            let text = serde_json::to_string_pretty(answer).expect("serialises into memory");
            terminal::print_json(&text)
        }
    }
}
