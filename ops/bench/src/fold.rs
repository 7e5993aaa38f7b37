//! Reading a whole log again, opened and folded into a trajectory and a credit for each person.
//! Always: one thread; whose records name another's (a merge, a correction of another's record) is
//! asked of the ledger as the service asks, the others are folded as they lie in the log; some of
//! these are asked too, outside the clock, and must be answered the same.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use care_ledger::domain::credit::{self, Credit};
use care_ledger::domain::event::Recorded;
use care_ledger::domain::history::{self, History, OutsideTargets};
use care_ledger::domain::id::{EventKey, PersonId, Position};
use care_ledger::domain::stream::StreamName;
use care_ledger::domain::time::calendar::At;
use care_ledger::domain::trajectory::{self, ContinuityRules, Trajectory};
use care_ledger::domain::vocabulary::kind::Kind;
use care_ledger::domain::vocabulary::registry::Registry;
use care_ledger::ledger::Ledger;
use care_ledger::ledger::read::open::Reader;
use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::Failure;
use crate::measure::{Reading, Report};

const BENCH: Reader = Reader::system("bench");

/// Records read at once.
const PAGE_RECORDS: usize = 10_000;

/// The ledger too is asked about one person in this many.
const CHECKED_EVERY: usize = 50;

/// The result of folding a log.
pub struct Folded {
    /// Events and time.
    pub report: Report,
    /// Persons answered.
    pub persons: usize,
    /// Of those, asked of the ledger one by one.
    pub apart: usize,
    /// Persons whose two answers were compared.
    pub checked: usize,
    /// Persons detained at the end of that date.
    pub detained: usize,
}

/// Folds the log of a folder, with answers at the end of a date.
pub fn run(data: &Path, date: NaiveDate) -> Result<Folded, Failure> {
    let ledger = crate::ledger_in(data)?;
    let asked = Asked { at: At::Date(date), query: credit::CreditQuery::new(At::Date(date), date) };
    crate::alone(async {
        let reading = Reading::start(0.0)?;
        let (streams, events) = streams(&ledger).await?;
        let mut answers = HashMap::with_capacity(streams.len());
        let mut apart = 0;
        for (person, records) in &streams {
            let answer = if stands_alone(records) {
                asked.of(&history::fold(records.iter().cloned(), &OutsideTargets::default(), None))
            } else {
                apart += 1;
                asked.of_ledger(&ledger, *person).await?
            };
            answers.insert(*person, answer);
        }
        let report = reading.report(events, events, 0.0)?;
        let mut checked = 0;
        for (person, answer) in answers.iter().step_by(CHECKED_EVERY) {
            if as_json(answer)? != as_json(&asked.of_ledger(&ledger, *person).await?)? {
                return Err(format!("two answers about {person} differ").into());
            }
            checked += 1;
        }
        let detained = answers.values().filter(|answer| is_detained(&answer.0)).count();
        Ok(Folded { report, persons: answers.len(), apart, checked, detained })
    })
}

/// The question that is asked about each person.
struct Asked {
    at: At,
    query: credit::CreditQuery,
}

impl Asked {
    fn of(&self, history: &History) -> (Trajectory, Credit) {
        let registry = Registry::shipped();
        let rules = ContinuityRules::shipped();
        let credit = credit::credit(history, &self.query, registry);
        (trajectory::answer(history, self.at, rules, registry, Some(&credit)), credit)
    }

    async fn of_ledger(
        &self,
        ledger: &Ledger,
        person: PersonId,
    ) -> Result<(Trajectory, Credit), Failure> {
        let found = ledger.person(&BENCH, person, None).await?;
        Ok(self.of(&found.ok_or("a person is not found")?.history))
    }
}

/// Every person's records, and how many there are in all.
async fn streams(ledger: &Ledger) -> Result<(HashMap<PersonId, Vec<Arc<Recorded>>>, u64), Failure> {
    let mut streams: HashMap<PersonId, Vec<Arc<Recorded>>> = HashMap::new();
    let mut last = Position::START;
    let mut events = 0;
    loop {
        let page = ledger.read_log(&BENCH, last, PAGE_RECORDS).await?;
        let Some(end) = page.last else { return Ok((streams, events)) };
        last = end;
        events += page.records.len() as u64;
        for record in page.records {
            if let StreamName::Person(person) = record.stream {
                streams.entry(person).or_default().push(record);
            }
        }
    }
}

/// Whether all that these records name is among them.
fn stands_alone(records: &[Arc<Recorded>]) -> bool {
    let events = || records.iter().filter_map(|record| record.event());
    if events().any(|event| matches!(event.kind, Kind::PersonMerged | Kind::PersonUnmerged)) {
        return false;
    }
    let mut about_records = events().filter(|event| event.kind.is_about_record()).peekable();
    if about_records.peek().is_none() {
        return true;
    }
    let mut here: HashSet<&EventKey> = HashSet::with_capacity(records.len());
    here.extend(events().map(|event| &event.key));
    about_records.filter_map(history::target).all(|(key, _)| here.contains(&key))
}

fn as_json(answer: &(Trajectory, Credit)) -> Result<Value, Failure> {
    Ok(json!([serde_json::to_value(&answer.0)?, serde_json::to_value(&answer.1)?]))
}

fn is_detained(trajectory: &Trajectory) -> bool {
    serde_json::to_value(&trajectory.custody).is_ok_and(|custody| custody["state"] == "detained")
}
