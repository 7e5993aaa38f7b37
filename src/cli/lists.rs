//! `care-ledger trajectories` and `credits`: all persons, from a data folder or a running ledger.

use clap::Args;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::ask::{LedgerArgs, encode};
use super::client::{Wanted, items, json};
use super::failure::Failure;
use super::{show, terminal};
use crate::domain::credit::CreditOutcome;
use crate::domain::trajectory::{AlertCode, CustodyState, SubstitutionState};
use crate::text::clock::CLOCK_NOTE;
use crate::text::page::TextPage;
use crate::text::value;

/// Items in one page: enough that a page costs little, few enough to hold in memory.
const PAGE: u64 = 1_000;

/// Where everybody stands in custody and care.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger trajectories --facility gent\n  \
    care-ledger trajectories --alert substitutionOverdue --url http://127.0.0.1:8080\n  \
    care-ledger trajectories --custody released --json | head\n\n\
    With --data the log is folded first; a running ledger (--url) has its lists at hand.")]
pub struct Trajectories {
    #[command(flatten)]
    from: LedgerArgs,
    /// Only persons in this prison
    #[arg(long, value_name = "CODE")]
    facility: Option<String>,
    #[arg(long, value_name = "STATE", help = one_of("Only this state", CustodyState::CODES))]
    custody: Option<String>,
    #[arg(long, value_name = "STATE", help = one_of("Only this state", SubstitutionState::CODES))]
    substitution: Option<String>,
    #[arg(long, value_name = "CODE", help = one_of("Only with this alert", AlertCode::CODES))]
    alert: Option<String>,
    #[command(flatten)]
    shown: ListOutput,
}

/// What everybody's days in treatment are worth: a line for each modality of a person.
#[derive(Args)]
#[command(after_help = "Examples:\n  care-ledger credits --min-days 30\n  \
    care-ledger credits --facility deKiem --url http://127.0.0.1:8080 --json\n\n\
    The readings and the dates of one person: care-ledger credit PERSON")]
pub struct Credits {
    #[command(flatten)]
    from: LedgerArgs,
    /// Only with at least this number of treatment days
    #[arg(long, value_name = "DAYS")]
    min_days: Option<u32>,
    /// Only with a stay in this house within the window
    #[arg(long, value_name = "CODE")]
    facility: Option<String>,
    #[arg(long, value_name = "OUTCOME", 
        help = one_of("Only with this outcome", CreditOutcome::CODES))]
    outcome: Option<String>,
    #[command(flatten)]
    shown: ListOutput,
}

/// The help of an option whose value is one of these codes.
fn one_of(text: &str, codes: &[&str]) -> String {
    format!("{text}: {}", codes.join(", "))
}

/// The length and the form of the output.
#[derive(Args)]
struct ListOutput {
    /// Stop after this many items
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true,
        value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

impl Trajectories {
    /// Prints the list.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        let Self { from, facility, custody, substitution, alert, shown } = self;
        let query = [
            ("facility", facility),
            ("custody", custody),
            ("substitution", substitution),
            ("alert", alert),
        ];
        list(runtime, &from, "trajectories", &query, &shown, show::trajectory_line)
    }
}

impl Credits {
    /// Prints the list.
    pub fn run(self, runtime: &Runtime) -> Result<(), Failure> {
        let Self { from, min_days, facility, outcome, shown } = self;
        let query = [
            ("minDays", min_days.map(|days| days.to_string())),
            ("facility", facility),
            ("outcome", outcome),
        ];
        list(runtime, &from, "credits", &query, &shown, show::credit_line)
    }
}

/// Prints a list, page by page; all pages speak of one moment.
fn list(
    runtime: &Runtime,
    from: &LedgerArgs,
    name: &str,
    query: &[(&str, Option<String>)],
    shown: &ListOutput,
    line: impl Fn(&Value) -> String,
) -> Result<(), Failure> {
    let given = query.iter().filter_map(|(name, value)| value.as_ref().map(|v| (*name, v)));
    let filter: String = given.map(|(name, value)| format!("&{name}={}", encode(value))).collect();
    let mut ask = from.asker_of_lists(runtime)?;
    let (mut left, mut cursor) = (shown.limit, String::new());
    let mut is_first = true;
    while left > 0 {
        let path = format!("/v1/{name}?limit={}{filter}{cursor}", left.min(PAGE));
        let page = json(&ask(&path, &Wanted::JSON)?)?;
        let items = items(&page)?;
        if std::mem::take(&mut is_first) {
            let text = |name: &str| value::member(name, &page[name]);
            let (as_of, known) = (text("asOf"), text("known"));
            terminal::tell(&format!("as of {as_of}, known up to {known}. {CLOCK_NOTE}"));
        }
        if shown.json {
            let lines: Vec<String> = items.iter().map(Value::to_string).collect();
            if !lines.is_empty() {
                terminal::print_json(&lines.join("\n"))?;
            }
        } else {
            let mut page = TextPage::default();
            items.iter().for_each(|item| page.row(&line(item)));
            terminal::print_page(&page)?;
        }
        left = left.saturating_sub(items.len() as u64);
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    Ok(())
}
