//! The question about one person, and what opens every answer to it.
//! Always: the members of the question come first, then those of the answer.

use chrono::SecondsFormat;
use serde::Serialize;

use crate::domain::credit::{self, Credit};
use crate::domain::id::{PersonId, RecordedTime, Revision};
use crate::domain::time::calendar::At;
use crate::domain::trajectory::{self, ContinuityRules, Trajectory};
use crate::domain::vocabulary::registry::Registry;
use crate::ledger::read::person::Person;

/// A question about one person.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The person.
    pub person: PersonId,
    /// The moment of which the answer speaks.
    pub at: At,
    /// Only records that were recorded by then; `None`: all.
    pub known_at: Option<RecordedTime>,
}

/// The members that open every answer about one person.
#[derive(Debug, Clone, Serialize)]
pub struct AnswerHead {
    person: PersonId,
    at: String,
    #[serde(rename = "known")]
    known_at: RecordedTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<Revision>,
}

impl AnswerHead {
    pub(super) fn new(question: &Question, person: &Person) -> Self {
        Self {
            person: question.person,
            at: moment(question.at),
            known_at: person.known_at,
            revision: person.revision,
        }
    }
}

/// An answer about one person: the members that open it, and those of the body.
#[derive(Debug, Clone, Serialize)]
pub struct Answer<T> {
    /// Person, moment, knowledge and revision.
    #[serde(flatten)]
    pub head: AnswerHead,
    /// What was asked.
    #[serde(flatten)]
    pub body: T,
}

impl<T> Answer<T> {
    /// An answer to a question, with this body.
    pub fn new(question: &Question, person: &Person, body: T) -> Self {
        Self { head: AnswerHead::new(question, person), body }
    }
}

/// A date as a date, an instant in UTC.
pub fn moment(at: At) -> String {
    match at {
        At::Date(date) => date.to_string(),
        At::Instant(instant) => instant.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    }
}

/// Where a person stands in custody and care.
pub fn trajectory(question: &Question, person: &Person) -> Answer<Trajectory> {
    let (rules, registry) = (ContinuityRules::shipped(), Registry::shipped());
    let body = trajectory::answer(&person.history, question.at, rules, registry);
    Answer::new(question, person, body)
}

/// The credit of days of a person.
pub fn credit(question: &Question, person: &Person, query: &credit::CreditQuery) -> Answer<Credit> {
    let query = credit::CreditQuery { at: question.at, ..*query };
    let body = credit::credit(&person.history, &query, Registry::shipped());
    Answer::new(question, person, body)
}
