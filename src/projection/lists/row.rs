//! One person's part of the lists: the keys by which the lists are filtered, and the answers.
//! Question: where does each person stand, and what are their days in treatment worth?
//! Reads: every record known of a person. Units: a day is a civil date; an instant is in whole
//! microseconds.
//! Always: a row holds the answers about its person at an instant, without `at` and `known`, which
//! the list states; the row holds until `changes_at`.

use std::panic::AssertUnwindSafe;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use serde_json::{Value, json};

use super::item::ItemBody;
use crate::domain::credit::{self, CreditOutcome, ModalityCredit, ReadingName};
use crate::domain::id::{PersonId, RecordedTime};
use crate::domain::time::calendar::{self, At};
use crate::domain::trajectory::AlertCode;
use crate::domain::trajectory::ContinuityRules;
use crate::domain::trajectory::CustodyState;
use crate::domain::trajectory::SubstitutionState;
use crate::domain::trajectory::{self, Trajectory};
use crate::domain::vocabulary::fact::{Code, Fact};
use crate::domain::vocabulary::registry::Registry;
use crate::ledger::answer::{self, PersonTrajectory, Question};
use crate::ledger::read::open::Reader;
use crate::ledger::read::person::{AnswerDependencies, PersonHistory};
use crate::ledger::read::run_blocking_if_long;
use crate::ledger::{Ledger, ReadError};

/// One person's part of the lists.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub person: PersonId,
    /// The row holds from this instant on.
    pub folded_at: DateTime<Utc>,
    /// The first instant at which the row may no longer hold although nothing more is recorded.
    pub changes_at: Option<DateTime<Utc>>,
    /// The keys by which trajectories are filtered; `None`: this person cannot be answered.
    pub keys: Option<Keys>,
    /// `None`: the lists show the person under another pseudonym.
    pub trajectory: Option<ItemBody>,
    /// One for each modality.
    pub credits: Vec<CreditRow>,
    pub depends_on: AnswerDependencies,
}

/// The keys by which trajectories are filtered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub custody: CustodyState,
    pub facility: Option<String>,
    pub substitution: SubstitutionState,
    /// One bit for each alert code, see [`bit`].
    pub alerts: u32,
}

/// One modality's part of the list of credits.
#[derive(Debug, Clone)]
pub(super) struct CreditRow {
    /// `None`: this person cannot be answered.
    pub treatment_days: Option<i64>,
    /// `None`: this person cannot be answered.
    pub outcome: Option<CreditOutcome>,
    pub facilities: Vec<String>,
    pub body: ItemBody,
}

/// Folds the row of a person as of an instant, as known at a recorded time. `None`: nothing was
/// known of the person. A person who cannot be answered (too many records, an unreadable record, a
/// bug) gets a row with the code of a problem, so that all other persons stay in the lists.
///
/// # Errors
/// [`ReadError::Failed`]: the store could not be read.
pub(super) async fn fold(
    ledger: &Ledger,
    person: PersonId,
    known_at: RecordedTime,
    now: DateTime<Utc>,
) -> Result<Option<Row>, ReadError> {
    let row = AssertUnwindSafe(read_and_fold(ledger, person, known_at, now)).catch_unwind().await;
    let code = match row {
        Ok(Ok(row)) => return Ok(row),
        Ok(Err(ReadError::TooLong { .. })) => "streamTooLong",
        Ok(Err(ReadError::Unreadable(_))) | Err(_) => "internalServerError",
        Ok(Err(error)) => return Err(error),
    };
    tracing::warn!(code, "a person is in the lists without an answer");
    Ok(Some(unanswered(person, now, code)))
}

async fn read_and_fold(
    ledger: &Ledger,
    person: PersonId,
    known_at: RecordedTime,
    now: DateTime<Utc>,
) -> Result<Option<Row>, ReadError> {
    let found = ledger.person(&Reader::system("lists"), person, Some(known_at)).await?;
    let Some(found) = found.filter(|found| found.revision.is_some()) else { return Ok(None) };
    if found.pseudonyms.merged_into.is_some() {
        return Ok(Some(joined(person, now, found.dependencies)));
    }
    let question = Question { person, at: At::Instant(now), known_at: Some(known_at) };
    Ok(Some(run_blocking_if_long(found.history.items.len(), || answered(&question, &found, now))))
}

fn answered(question: &Question, person: &PersonHistory, now: DateTime<Utc>) -> Row {
    let (rules, registry) = (ContinuityRules::shipped(), Registry::shipped());
    let today = calendar::date_of(now);
    let is_answerable = credit::is_answerable(&person.history);
    let has_grant = person.history.facts().any(|(_, fact)| matches!(fact, Fact::Granted(_)));
    let query = credit::CreditQuery::new(question.at, today);
    let credit =
        (has_grant && is_answerable).then(|| answer::credit(question, person, &query).body);
    let (trajectory, changes_at) =
        trajectory::answer_until(&person.history, question.at, rules, registry, credit.as_ref());
    // A credit may differ on the next date.
    let day_ends = credit.is_some().then(|| calendar::end_of(today));
    let credits = match &credit {
        Some(credit) => {
            let row = |modality| credit_row(modality, question, person);
            credit.modalities.iter().map(row).collect()
        }
        None if has_grant => vec![CreditRow::unanswered(question.person, "streamTooLong")],
        None => Vec::new(),
    };
    Row {
        person: question.person,
        folded_at: now,
        changes_at: changes_at.into_iter().chain(day_ends).min(),
        keys: Some(Keys::of(&trajectory)),
        trajectory: Some(ItemBody::answered(
            question.person,
            person.revision,
            &PersonTrajectory::new(trajectory, person),
        )),
        credits,
        depends_on: person.dependencies.clone(),
    }
}

fn credit_row(modality: &ModalityCredit, question: &Question, person: &PersonHistory) -> CreditRow {
    CreditRow {
        treatment_days: Some(modality.treatment_days),
        outcome: Some(modality.outcome),
        facilities: modality.facilities.iter().map(Code::to_string).collect(),
        body: ItemBody::answered(question.person, person.revision, &listed(modality)),
    }
}

/// A modality as the list shows it: the days, and the figures of the reading that is law, of the
/// proposal and of the worst case.
fn listed(modality: &ModalityCredit) -> Value {
    let figures = |name: ReadingName| {
        let reading = modality.readings.of(name)?;
        let mut figures = serde_json::to_value(reading).expect("an answer serialises into memory");
        if let Value::Object(members) = &mut figures {
            members.retain(|name, _| !DETAILS.contains(&name.as_str()));
        }
        Some(figures)
    };
    let mut listed = json!({
        "modality": modality.modality,
        "kind": modality.kind,
        "startsOn": modality.starts_on,
        "outcome": modality.outcome,
        "modalityDays": modality.modality_days,
        "treatmentDays": modality.treatment_days,
        "facilities": modality.facilities,
    });
    if let Some(name) = modality.lawful
        && let Some(mut lawful) = figures(name)
    {
        lawful["reading"] = name.code().into();
        listed["lawful"] = lawful;
    }
    for name in [ReadingName::FullResidential, ReadingName::NoCredit] {
        if let Some(figures) = figures(name) {
            listed[name.code()] = figures;
        }
    }
    listed
}

/// The members of a reading that the list leaves out: the routes about one person show them.
const DETAILS: [&str; 3] = ["source", "counted", "excluded"];

/// The row of a pseudonym that is joined into another, under which the lists show the person.
fn joined(person: PersonId, now: DateTime<Utc>, depends_on: AnswerDependencies) -> Row {
    let (folded_at, changes_at, keys, trajectory) = (now, None, None, None);
    Row { person, folded_at, changes_at, keys, trajectory, credits: Vec::new(), depends_on }
}

/// The row of a person without an answer: the routes about one person refuse this person too, with
/// the problem that has this code.
fn unanswered(person: PersonId, now: DateTime<Utc>, code: &str) -> Row {
    Row {
        person,
        folded_at: now,
        changes_at: None,
        keys: None,
        trajectory: Some(ItemBody::unanswered(person, code)),
        credits: vec![CreditRow::unanswered(person, code)],
        depends_on: AnswerDependencies::default(),
    }
}

impl CreditRow {
    fn unanswered(person: PersonId, code: &str) -> Self {
        let body = ItemBody::unanswered(person, code);
        Self { treatment_days: None, outcome: None, facilities: Vec::new(), body }
    }
}

impl Keys {
    fn of(trajectory: &Trajectory) -> Self {
        let alerts = trajectory.alerts.iter().fold(0, |bits, alert| bits | bit(alert.code));
        Self {
            custody: trajectory.custody.state,
            facility: trajectory.custody.facility.as_ref().map(Code::to_string),
            substitution: trajectory.substitution.state,
            alerts,
        }
    }
}

/// The bit of an alert code. Another build rebuilds all rows, so the bit of a code may change.
pub(super) fn bit(code: AlertCode) -> u32 {
    1 << (code as u32)
}
