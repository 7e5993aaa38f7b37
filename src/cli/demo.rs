//! `care-ledger demo`: starts its own server, sends a made-up year to the server over HTTP, as care
//! systems do, and prints one life of that year.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::client::{Client, Wanted, json};
use super::emit::{Sender, Summary};
use super::failure::Failure;
use super::log::log_to_stderr;
use super::serve::{lists, open, stop};
use super::terminal::{print_lines, print_page, tell};
use super::{progress, show};
use crate::config::{LISTEN_DEFAULT, LogFormat};
use crate::http;
use crate::simulate::{self, Plan};
use crate::store::open::StoreConfig;

/// A made-up year in a separate ledger: see what this does.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger demo\n  care-ledger demo --persons 1000\n\n\
    Stop with Ctrl-C. The next start finds its data again; delete the folder to begin anew.")]
pub struct Demo {
    /// The folder of the demo's ledger
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    data: PathBuf,
    /// The address and port to listen on; another free port if it is taken
    #[arg(long, value_name = "ADDRESS:PORT", default_value = LISTEN_DEFAULT)]
    listen: std::net::SocketAddr,
    /// How many made-up persons
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    persons: u64,
    /// Stop after printing, instead of serving on
    #[arg(long)]
    once: bool,
}

/// How often a request is sent again: few times, because the server runs in this process.
const RETRIES: u32 = 3;

/// The file that names the plan of the folder's year, once the whole year is recorded.
const DONE_MARKER_FILE: &str = "demo.json";

impl Demo {
    /// Serves the demo's ledger, sends the year unless the ledger has it already, prints one life,
    /// and serves on until Ctrl-C, or ends at once with `--once`.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        if !self.listen.ip().is_loopback() {
            return Err(Failure::usage("the demo listens on this machine only, such as 127.0.0.1"));
        }
        log_to_stderr("warn", LogFormat::Text)?;
        // Before the folder is made: a start that fails leaves no ledger behind.
        let listener = runtime.block_on(bind(self.listen))?;
        let ledger = runtime.block_on(open(&StoreConfig::Folder(self.data.clone())))?;
        let lists = runtime.block_on(lists(&ledger, &self.data))?;
        let first_start = ledger.first_start().clone();
        let (address, served, stop_sender) = {
            let _inside = runtime.enter();
            let address = listener.local_addr()?;
            let stop = stop()?;
            let (stop_sender, stopped) = tokio::sync::oneshot::channel::<()>();
            let stop = async move {
                tokio::select! { () = stop => {}, _ = stopped => {} }
            };
            let served = runtime.spawn(http::serve(
                listener,
                http::router_with(ledger, http::Services::with_lists(lists)),
                stop,
            ));
            (address, served, stop_sender)
        };
        let url = format!("http://{address}");
        let plan = self.plan();
        let sent = self.send_year_once(&url, &plan).inspect(|()| first_start.succeed());
        let printed = sent.and_then(|()| print_one_life(&url, &plan));
        if printed.is_err() || self.once {
            drop(stop_sender);
        } else {
            tell(&format!("\nServing on {url}; stop with Ctrl-C."));
        }
        let ended = runtime.block_on(served);
        printed?;
        ended.map_err(|_| Failure::unreachable("the server stopped; see the log above"))
    }

    fn plan(&self) -> Plan {
        let date = |month, day| NaiveDate::from_ymd_opt(2025, month, day).expect("a day of 2025");
        Plan { persons: self.persons, detained: 0, from: date(1, 1), to: date(12, 31), seed: 1 }
    }

    /// Sends the made-up year, unless the marker file says that it was sent completely before.
    fn send_year_once(&self, url: &str, plan: &Plan) -> Result<(), Failure> {
        let made_from = format!("{plan:?}");
        let done = self.data.join(DONE_MARKER_FILE);
        if std::fs::read_to_string(&done).is_ok_and(|text| text == made_from) {
            tell(&format!("Found the made-up year in {}.", self.data.display()));
            return Ok(());
        }
        let persons = plan.persons;
        tell(&format!("Making up a year of {persons} lives and sending it to {url} …"));
        let Summary { recorded, repeated, refused, .. } = send(url, plan)?;
        tell(&format!("{recorded} recorded, {repeated} repeated (as in life), {refused} refused."));
        if refused > 0 {
            return Err(Failure::answer_no(
                "the ledger refused made-up events, and should not have",
            ));
        }
        Ok(std::fs::write(done, made_from)?)
    }
}

async fn bind(wanted: std::net::SocketAddr) -> Result<TcpListener, Failure> {
    match TcpListener::bind(wanted).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            tell(&format!("{wanted} is taken; using another port."));
            Ok(TcpListener::bind((wanted.ip(), 0)).await?)
        }
        Err(error) => Err(Failure::because(&format!("could not listen on {wanted}"), &error)),
    }
}

fn send(url: &str, plan: &Plan) -> Result<Summary, Failure> {
    let bar = progress::count("events sent");
    let mut sender = Sender::new(Client::new(url)?, RETRIES, bar);
    for (number, event) in (1..).zip(simulate::events(*plan)) {
        sender.send(number, event.to_string().as_bytes())?;
    }
    sender.finish()
}

/// Prints one striking life: the events, where the person stood, and how many days are at stake.
fn print_one_life(url: &str, plan: &Plan) -> Result<(), Failure> {
    let person = simulate::protagonist(plan);
    let client = Client::new(url)?;
    let ask = |path: &str, wanted: &Wanted| {
        let path = format!("/v1/persons/{person}/{path}");
        client.get(&path, wanted).map_err(|error| client.unreachable(&error))?.good()
    };
    let at = format!("at={}", plan.to);
    let mut history = json(&ask(&format!("history?limit=10000&{at}"), &Wanted::JSON)?)?;
    let doses = leave_doses_out(&mut history);
    let trajectory = json(&ask(&format!("trajectory?{at}"), &Wanted::JSON)?)?;
    let table = ask(&format!("credit?{at}"), &Wanted { form: "text/plain", language: None })?;
    let credit = json(&ask(&format!("credit?{at}"), &Wanted::JSON)?)?;
    print_lines(&format!("\n== One life: {person} ({doses} daily doses left out)\n\n"))?;
    print_page(&show::history(&history))?;
    print_lines(&format!("\n== Where this person stood on {}\n\n", plan.to))?;
    print_page(&show::trajectory(&trajectory))?;
    print_lines(&format!("\n== What the time in treatment is worth\n\n{}\n", table.trim_end()))?;
    print_lines(&format!("\n== At stake: {}\n\n== To try\n\n", days_at_stake(&credit)))?;
    let about = format!("{url}/v1/persons/{person}");
    for path in ["history", "trajectory", "credit"] {
        print_lines(&format!("  curl '{about}/{path}?{at}'\n"))?;
    }
    let by_hand = format!("{about}/credit?{at}&boundary=excludeLast");
    print_lines(&format!("  curl -H 'Accept: text/plain' '{by_hand}'\n  {url}/docs\n"))
}

/// The days between serving the whole remainder and counting all days of treatment.
fn days_at_stake(credit: &Value) -> String {
    let lines = credit["modalities"].as_array().into_iter().flatten().filter_map(|modality| {
        let remaining = |name: &str| modality["readings"][name]["remainingDays"].as_i64();
        let (whole, counted) = (remaining("none")?, remaining("fullResidential")?);
        let kind = modality["kind"].as_str()?;
        Some(format!(
            "{} days ({kind}: {whole} to serve if nothing is credited, {counted} if treatment is \
             deducted in full, which is a proposal and not the law)",
            whole - counted
        ))
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// Leaves daily doses out, because they would fill the screen, and says how many there were.
fn leave_doses_out(history: &mut Value) -> usize {
    let Some(items) = history["items"].as_array_mut() else { return 0 };
    let before = items.len();
    items.retain(|event| event["type"] != "substitution.doseContinued");
    before - items.len()
}
