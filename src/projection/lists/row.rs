//! One person's part of the lists: what they are filtered by, and the answers as JSON.
//! Question: where does each person stand, and what are their days in treatment worth?
//! Reads: every record known of a person. Units: days are civil dates; instants in microseconds.
//! Always: a row is what the answers about that one person say at an instant, but for `at` and
//! `known`, which the list says; it holds until `changes_at`.

use std::panic::AssertUnwindSafe;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use serde_json::{Map, Value, json};

use crate::domain::credit::{self, ModalityCredit};
use crate::domain::id::{PersonId, RecordedTime};
use crate::domain::time::calendar::{self, At};
use crate::domain::trajectory::alerts::AlertCode;
use crate::domain::trajectory::rules::Rules;
use crate::domain::trajectory::{self, Trajectory};
use crate::domain::vocabulary::fact::{Code, Fact};
use crate::domain::vocabulary::registry::Registry;
use crate::ledger::answer::{self, Question};
use crate::ledger::read::{DependsOn, Person, run_blocking_if_long};
use crate::ledger::{Ledger, ReadError};

/// One person's part of the lists.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub person: PersonId,
    /// From when on it holds.
    pub folded_at: DateTime<Utc>,
    /// The first instant at which it may no longer hold although nothing more is recorded.
    pub changes_at: Option<DateTime<Utc>>,
    /// What trajectories are filtered by; `None`: this person cannot be answered.
    pub keys: Option<Keys>,
    /// The trajectory as JSON, without `at` and `known`.
    pub trajectory: String,
    /// One a modality.
    pub credits: Vec<CreditRow>,
    pub depends_on: DependsOn,
}

/// What trajectories are filtered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub custody: String,
    pub facility: Option<String>,
    pub substitution: String,
    /// One bit an alert code.
    pub alerts: u32,
}

/// One modality's part of the list of credits.
#[derive(Debug, Clone)]
pub(super) struct CreditRow {
    /// `None`: this person cannot be answered.
    pub treatment_days: Option<i64>,
    pub facilities: Vec<String>,
    /// As JSON, without `at` and `known`.
    pub body: String,
}

/// The row of a person as of an instant and as known at a record of the log. `None`: nothing was
/// known of such a person.
pub(super) async fn row(
    ledger: &Ledger,
    person: PersonId,
    known: RecordedTime,
    now: DateTime<Utc>,
) -> Result<Option<Row>, ReadError> {
    let answered = AssertUnwindSafe(answered(ledger, person, known, now)).catch_unwind().await;
    let code = match answered {
        Ok(Ok(row)) => return Ok(row),
        Ok(Err(ReadError::TooLong { .. })) => "streamTooLong",
        // What this build cannot read, and a fault of ours, must not keep all others out.
        Ok(Err(ReadError::Unreadable(_))) | Err(_) => "internalServerError",
        Ok(Err(error)) => return Err(error),
    };
    tracing::warn!(code, "a person is in the lists without an answer");
    Ok(Some(unanswered(person, now, code)))
}

async fn answered(
    ledger: &Ledger,
    person: PersonId,
    known: RecordedTime,
    now: DateTime<Utc>,
) -> Result<Option<Row>, ReadError> {
    let found = ledger.person(person, Some(known)).await?;
    let Some(found) = found.filter(|found| found.revision.is_some()) else { return Ok(None) };
    let question = Question { person, at: At::Instant(now), known: Some(known) };
    Ok(Some(run_blocking_if_long(found.history.items.len(), || folded(&question, &found, now))))
}

fn folded(question: &Question, person: &Person, now: DateTime<Utc>) -> Row {
    let (rules, registry) = (Rules::shipped(), Registry::shipped());
    let (told, changes_at) =
        trajectory::answer_until(&person.history, question.at, rules, registry);
    let (credits, day_ends) = credits(question, person, now);
    Row {
        person: question.person,
        folded_at: now,
        changes_at: changes_at.into_iter().chain(day_ends).min(),
        keys: Some(Keys::of(&told)),
        trajectory: body(answer::headed(question, person, &told)),
        credits,
        depends_on: person.depends_on.clone(),
    }
}

/// The credits, and when the civil day ends if they may be others on the next one.
fn credits(
    question: &Question,
    person: &Person,
    now: DateTime<Utc>,
) -> (Vec<CreditRow>, Option<DateTime<Utc>>) {
    let is_grant = |(_, fact): (_, &Fact)| matches!(fact, Fact::Granted(_));
    if !person.history.facts().any(is_grant) {
        return (Vec::new(), None);
    }
    if !credit::is_answerable(&person.history) {
        let body = not_answered(question.person, "streamTooLong");
        let row = CreditRow { treatment_days: None, facilities: Vec::new(), body };
        return (vec![row], None);
    }
    let today = calendar::date_of(now);
    let credit = answer::credit(question, person, &credit::CreditQuery::new(question.at, today));
    let rows = credit.modalities.iter().map(|modality| CreditRow {
        treatment_days: Some(modality.treatment_days),
        facilities: modality.facilities.iter().map(Code::to_string).collect(),
        body: body(answer::headed(question, person, &told(modality))),
    });
    (rows.collect(), Some(calendar::end_of(today)))
}

/// A modality as the list tells it: of the readings the floor and the proposal.
fn told(modality: &ModalityCredit) -> Value {
    let mut told = serde_json::to_value(modality).expect("an answer serialises into memory");
    let readings = told["readings"].take();
    if let Value::Object(members) = &mut told {
        members.remove("readings");
        for name in ["fullResidential", "none"] {
            members.insert(name.to_owned(), readings[name].clone());
        }
    }
    told
}

/// An answer without what the list says for all.
fn body(mut answer: Value) -> String {
    if let Value::Object(members) = &mut answer {
        members.remove("at");
        members.remove("known");
    }
    answer.to_string()
}

/// The row of a person whom the routes about one person refuse as well; `code` is that problem's.
fn unanswered(person: PersonId, now: DateTime<Utc>, code: &str) -> Row {
    let body = not_answered(person, code);
    let credit = CreditRow { treatment_days: None, facilities: Vec::new(), body: body.clone() };
    Row {
        person,
        folded_at: now,
        changes_at: None,
        keys: None,
        trajectory: body,
        credits: vec![credit],
        depends_on: DependsOn::default(),
    }
}

fn not_answered(person: PersonId, code: &str) -> String {
    let mut members = Map::new();
    members.insert("person".to_owned(), json!(person));
    members.insert("unanswered".to_owned(), json!(code));
    Value::Object(members).to_string()
}

impl Keys {
    fn of(trajectory: &Trajectory) -> Self {
        let alerts = trajectory.alerts.iter().fold(0, |bits, alert| bits | bit(alert.code));
        Self {
            custody: trajectory.custody.state.to_string(),
            facility: trajectory.custody.facility.as_ref().map(Code::to_string),
            substitution: trajectory.substitution.state.to_string(),
            alerts,
        }
    }
}

/// The bit of an alert code. Rows of another build are folded anew, so it may move.
pub(super) fn bit(code: AlertCode) -> u32 {
    1 << (code as u32)
}
