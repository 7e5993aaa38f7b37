//! `care-ledger history`, `trajectory` and `credit`: what is known of one person, from a data
//! folder or from a running ledger.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::client::{Answer, Client};
use super::failure::Failure;
use super::{progress, serve, show, wait};
use crate::config::DATA_DEFAULT;
use crate::domain::id::PersonId;
use crate::http;
use crate::ledger::Ledger;
use crate::projection::ProjectionStatus;
use crate::store::open::StoreConfig;

/// Where a ledger is.
#[derive(Args)]
pub struct From {
    /// The data folder [default: CARE_LEDGER_DATA, or data/ledger]
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    data: Option<PathBuf>,
    /// A running ledger, as http://HOST:PORT [default: CARE_LEDGER_URL]
    #[arg(long)]
    url: Option<String>,
}

/// Of whom, and as of when.
#[derive(Args)]
struct Who {
    /// The person's pseudonym (a UUID)
    person: PersonId,
    #[command(flatten)]
    from: From,
    /// The state as it was then: a date, or an instant with offset [default: now]
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    /// Only what the ledger knew by then [default: all]
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
pub struct History {
    #[command(flatten)]
    who: Who,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
}

/// Where a person stands in custody and care.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger trajectory UUID\n  \
    care-ledger trajectory UUID --at 2025-06-30 --json")]
pub struct Trajectory {
    #[command(flatten)]
    who: Who,
}

/// What a person's time in treatment is worth, under every reading of the law.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger credit UUID\n  \
    care-ledger credit UUID --at 2025-09-12 --json\n  \
    care-ledger credit UUID --boundary excludeLast --url http://127.0.0.1:8080")]
pub struct Credit {
    #[command(flatten)]
    who: Who,
    /// Which dates of a stay count: anyPart or excludeLast [default: anyPart]
    #[arg(long)]
    boundary: Option<String>,
    /// Days in a month of a sentence, 28 to 31 [default: 30]
    #[arg(long, value_name = "DAYS")]
    month_days: Option<String>,
    /// Run what is open on to a later --at, as a labelled projection
    #[arg(long)]
    project: bool,
}

/// What programs read.
pub const JSON: &str = "application/json";

/// So often it is shown that something goes on.
const TICK: Duration = Duration::from_millis(200);

impl History {
    /// Prints the history.
    pub fn run(self) -> Result<(), Failure> {
        let mut query = self.who.query();
        query.extend(self.kind.map(|kind| ("type", kind)));
        let mut shown: Option<Value> = None;
        let mut ask = self.who.from.asker()?;
        loop {
            let page = ask(&path(self.who.person, "history", &query), JSON)?;
            let mut page: Value = serde_json::from_str(&page).unwrap_or_default();
            let next = page["next"].as_str().map(str::to_owned);
            match &mut shown {
                None => shown = Some(page),
                Some(shown) => {
                    let more = page["items"].as_array_mut().map(std::mem::take);
                    if let Some(items) = shown["items"].as_array_mut() {
                        items.extend(more.unwrap_or_default());
                    }
                }
            }
            let Some(next) = next else { break };
            query.retain(|(name, _)| *name != "cursor");
            query.push(("cursor", next));
        }
        let mut shown = shown.unwrap_or_default();
        if let Some(members) = shown.as_object_mut() {
            members.remove("next");
        }
        print(&shown, self.who.json, show::history)
    }
}

impl Trajectory {
    /// Prints the trajectory.
    pub fn run(self) -> Result<(), Failure> {
        let path = path(self.who.person, "trajectory", &self.who.query());
        let answer = self.who.from.asker()?(&path, JSON)?;
        print(&serde_json::from_str(&answer).unwrap_or_default(), self.who.json, show::trajectory)
    }
}

impl Credit {
    /// Prints the credit: the table, or JSON.
    pub fn run(self) -> Result<(), Failure> {
        let mut query = self.who.query();
        query.extend(self.boundary.map(|boundary| ("boundary", boundary)));
        query.extend(self.month_days.map(|days| ("monthDays", days)));
        query.extend(self.project.then(|| ("project", "true".to_owned())));
        let accept = if self.who.json { JSON } else { "text/plain" };
        let path = path(self.who.person, "credit", &query);
        let answer = self.who.from.asker()?(&path, accept)?;
        super::print(answer.trim_end().to_owned() + "\n")
    }
}

impl Who {
    fn query(&self) -> Vec<(&'static str, String)> {
        let at = self.at.clone().map(|at| ("at", at));
        at.into_iter().chain(self.known.clone().map(|known| ("known", known))).collect()
    }
}

/// The ledger in a folder.
fn opened(folder: &Path) -> Result<Ledger, Failure> {
    wait(serve::open(&StoreConfig::Folder(folder.to_owned())))?
}

/// Asks a ledger for a path, accepting a media type; the text of a good answer comes back.
pub type Asker = Box<dyn FnMut(&str, &str) -> Result<String, Failure>>;

impl From {
    /// A client for the running ledger; `None`: a folder is meant.
    ///
    /// # Errors
    /// The address is none.
    pub fn client(&self) -> Result<Option<Client>, Failure> {
        // A flag wins over a variable, whichever of the two ways it names.
        let from_variable = || std::env::var("CARE_LEDGER_URL").ok();
        let url = self.url.clone().or_else(|| self.data.is_none().then(from_variable).flatten());
        url.map(|url| Client::new(&url)).transpose()
    }

    /// Opens the way to the running ledger, or to the one in the folder: the same routes answer
    /// both.
    ///
    /// # Errors
    /// The folder cannot be opened, or the address is none.
    pub fn asker(&self) -> Result<Asker, Failure> {
        self.asker_by(|folder| Ok(http::router(opened(folder)?)))
    }

    /// The same, with the lists over all persons, once they have read all of the folder's log.
    ///
    /// # Errors
    /// As [`From::asker`].
    pub fn asker_of_lists(&self) -> Result<Asker, Failure> {
        self.asker_by(|folder| {
            let ledger = opened(folder)?;
            let last = ledger.tail();
            let lists = wait(async {
                let lists = serve::lists(&ledger, folder).await?;
                let bar = progress::count("folding the log into lists");
                while !lists.reached(last, TICK).await {
                    bar.tick();
                    if lists.subscribe().borrow().status == ProjectionStatus::Faulted {
                        return Err(Failure::unreachable(
                            "the lists could not be made: is there room on the disk?",
                        ));
                    }
                }
                bar.finish_and_clear();
                Ok::<_, Failure>(lists)
            })??;
            Ok(http::router_with(ledger, http::Services::of(lists)))
        })
    }

    fn asker_by(
        &self,
        open: impl FnOnce(&Path) -> Result<http::Router, Failure>,
    ) -> Result<Asker, Failure> {
        if let Some(client) = self.client()? {
            return Ok(Box::new(move |path, accept| {
                client
                    .get(path, accept)
                    .map_err(|error| client.unreachable(&error))?
                    .good_to_question()
            }));
        }
        let from_variable = || std::env::var_os("CARE_LEDGER_DATA").map(PathBuf::from);
        let folder = self.data.clone().or_else(from_variable);
        let folder = folder.unwrap_or_else(|| DATA_DEFAULT.into());
        if !folder.join("ledger.db").exists() {
            return Err(Failure::unreachable(format!(
                "there is no ledger in {}; name one with --data, or a running one with --url",
                folder.display()
            )));
        }
        let router = open(&folder)?;
        Ok(Box::new(move |path, accept| {
            let (status, text) = wait(http::ask(router.clone(), path, accept))?;
            Answer { status, text }.good_to_question()
        }))
    }
}

fn path(person: PersonId, answer: &str, query: &[(&str, String)]) -> String {
    let pairs = query.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    let pairs: Vec<String> = pairs.collect();
    format!("/v1/persons/{person}/{answer}?{}", pairs.join("&"))
}

/// All but the unreserved characters (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes a text for a query or a path.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn print(answer: &Value, json: bool, show: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
    if json {
        let text = serde_json::to_string_pretty(answer).expect("serialises into memory");
        super::print(text + "\n")
    } else {
        super::print(show(answer))
    }
}
