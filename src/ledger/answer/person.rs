//! A question about one person, and the members with which every answer to it begins.
//! Always: the members of the question come first, then those of the answer.

use chrono::SecondsFormat;
use serde::Serialize;

use crate::domain::credit::{self, Credit};
use crate::domain::history::Pseudonyms;
use crate::domain::id::{PersonId, Position, RecordedTime, Revision};
use crate::domain::time::calendar::At;
use crate::domain::trajectory::{self, ContinuityRules, Trajectory};
use crate::domain::vocabulary::registry::Registry;
use crate::ledger::read::person::PersonHistory;

/// A question about one person.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The person.
    pub person: PersonId,
    /// The moment for which the answer holds.
    pub at: At,
    /// Only records with a `recordedtime` up to this one count; `None`: all records.
    pub known_at: Option<RecordedTime>,
}

/// The members with which every answer about one person begins.
#[derive(Debug, Clone, Serialize)]
pub struct AnswerHead {
    person: PersonId,
    at: String,
    #[serde(rename = "known")]
    known_at: RecordedTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<Revision>,
    /// The position up to which the log was read, in answers that are printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
}

impl AnswerHead {
    pub(super) fn new(question: &Question, person: &PersonHistory) -> Self {
        Self {
            person: question.person,
            at: format_at(question.at),
            known_at: person.known_at,
            revision: person.revision,
            position: None,
        }
    }
}

/// An answer about one person: the members with which it begins, and the answer itself.
#[derive(Debug, Clone, Serialize)]
pub struct Answer<T> {
    /// `person`, `at`, `known`, `revision`; of a credit also `position`.
    #[serde(flatten)]
    pub head: AnswerHead,
    /// The answer itself.
    #[serde(flatten)]
    pub body: T,
}

impl<T> Answer<T> {
    /// An answer to a question, with this body.
    pub fn new(question: &Question, person: &PersonHistory, body: T) -> Self {
        Self { head: AnswerHead::new(question, person), body }
    }
}

/// Writes `at`: a date as `2026-03-01`, an instant as RFC 3339 in UTC.
pub fn format_at(at: At) -> String {
    match at {
        At::Date(date) => date.to_string(),
        At::Instant(instant) => instant.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    }
}

/// The trajectory of a person, who may have other pseudonyms.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonTrajectory {
    /// The trajectory, the same under each pseudonym.
    #[serde(flatten)]
    pub trajectory: Trajectory,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    merged_from: Vec<PersonId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<PersonId>,
}

impl PersonTrajectory {
    /// The trajectory of a person with these pseudonyms.
    pub fn new(trajectory: Trajectory, person: &PersonHistory) -> Self {
        let Pseudonyms { merged_from, merged_into } = person.pseudonyms.clone();
        Self { trajectory, merged_from, merged_into }
    }
}

/// Where a person stands in custody and care.
pub fn trajectory(question: &Question, person: &PersonHistory) -> Answer<PersonTrajectory> {
    let (rules, registry) = (ContinuityRules::shipped(), Registry::shipped());
    let trajectory = trajectory::answer(&person.history, question.at, rules, registry, None);
    Answer::new(question, person, PersonTrajectory::new(trajectory, person))
}

/// The credit of days of a person.
pub fn credit(
    question: &Question,
    person: &PersonHistory,
    query: &credit::CreditQuery,
) -> Answer<Credit> {
    let query = credit::CreditQuery { at: question.at, ..*query };
    let body = credit::credit(&person.history, &query, Registry::shipped());
    let mut answer = Answer::new(question, person, body);
    answer.head.position = Some(person.position);
    answer
}
