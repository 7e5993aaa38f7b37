//! The courses of programmes, each over all prisons in which it went on.
//! Always: a session counts once, however often it is told; a session before its enrolment does not
//! count.
//! Rules: `programmes` in the section "Care" of the continuity rules.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::choices::choices;
use crate::domain::history::{ById, DatedFact, outermost_first};
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::vocabulary::choice::{Eligibility, ProgrammeKind};
use crate::domain::vocabulary::fact::{Code, Enrolled, Fact, Id};

choices! {
    /// The state of a course.
    ProgrammeState:
        /// The course goes on.
        Open = "open",
        /// The person completed the course.
        Completed = "completed",
        /// The person left the course.
        Left = "left",
}

/// One course: an enrolment, and those that carry it on elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Programme {
    /// The sender's id of the first enrolment.
    pub enrolment: Id,
    /// The ids of all enrolments.
    pub enrolments: Vec<Id>,
    /// The project of the last enrolment.
    pub project: Code,
    /// The kind of programme of the last enrolment.
    pub programme: ProgrammeKind,
    /// The target group by which the person was enrolled first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligibility: Option<Eligibility>,
    /// Sessions planned at the first enrolment.
    pub planned_sessions: u32,
    /// Sessions held.
    pub sessions_held: usize,
    /// The state of the last enrolment.
    pub state: ProgrammeState,
    /// Since the first enrolment.
    pub since: DateTime<Utc>,
    /// When the last enrolment ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

impl Programme {
    /// Whether the course goes on.
    pub fn is_open(&self) -> bool {
        self.state == ProgrammeState::Open
    }
}

/// A course with the record from which its silence counts.
#[derive(Debug, Clone)]
pub struct ProgrammeCourse<'a> {
    pub programme: Programme,
    /// The last session, else the last enrolment.
    pub last: DatedFact<'a>,
}

/// One enrolment.
#[derive(Debug)]
struct Enrolment<'a> {
    record: DatedFact<'a>,
    enrolled: &'a Enrolled,
    sessions: BTreeSet<&'a Id>,
    last_session: Option<DatedFact<'a>>,
    end: Option<(ProgrammeState, DateTime<Utc>)>,
    /// The index of the enrolment that carries this one on.
    next: Option<usize>,
    continues: bool,
}

/// The courses, in the order of their first records.
pub fn programmes<'a>(
    records: &[DatedFact<'a>],
    rules: &ContinuityRules,
) -> Vec<ProgrammeCourse<'a>> {
    let mut enrolments = enrolments(records);
    link(&mut enrolments);
    let all = enrolments.all;
    let firsts = all.iter().filter(|enrolment| !enrolment.continues);
    firsts.map(|first| course(&all, first, rules)).collect()
}

/// The enrolments, each once, with their sessions and ends.
fn enrolments<'a>(records: &[DatedFact<'a>]) -> ById<'a, Enrolment<'a>> {
    let mut enrolments: ById<Enrolment> = ById::default();
    for record in records {
        let (id, end) = match record.fact {
            Fact::Enrolled(enrolled) => {
                let enrolment = || Enrolment {
                    record: *record,
                    enrolled,
                    sessions: BTreeSet::new(),
                    last_session: None,
                    end: None,
                    next: None,
                    continues: false,
                };
                enrolments.begin(record.scoped(&enrolled.enrolment), enrolment);
                continue;
            }
            Fact::SessionHeld(held) => (&held.enrolment, None),
            Fact::ProgrammeCompleted(end) => (&end.enrolment, Some(ProgrammeState::Completed)),
            Fact::ProgrammeLeft(end) => (&end.enrolment, Some(ProgrammeState::Left)),
            _ => continue,
        };
        let Some(enrolment) = enrolments.get_mut(record.scoped(id)) else { continue };
        match (end, record.fact) {
            (Some(state), _) => _ = enrolment.end.get_or_insert((state, record.instant)),
            (None, Fact::SessionHeld(held)) if enrolment.sessions.insert(&held.session) => {
                enrolment.last_session = Some(*record);
            }
            _ => {}
        }
    }
    enrolments
}

/// Links each enrolment to the first one that continues it. A link to one of a circle is ignored.
fn link(enrolments: &mut ById<Enrolment>) {
    let before = |enrolment: &Enrolment| {
        let continued = enrolment.enrolled.continues.as_ref()?;
        enrolments.place(enrolment.record.scoped(continued))
    };
    let before: Vec<Option<usize>> = enrolments.all.iter().map(before).collect();
    let (_, is_in_no_circle) = outermost_first(&before);
    for (index, before) in before.into_iter().enumerate() {
        let Some(before) = before.filter(|before| is_in_no_circle[*before]) else { continue };
        if enrolments.all[before].next.is_none() {
            enrolments.all[before].next = Some(index);
            enrolments.all[index].continues = true;
        }
    }
}

fn course<'a>(
    enrolments: &[Enrolment<'a>],
    first: &Enrolment<'a>,
    rules: &ContinuityRules,
) -> ProgrammeCourse<'a> {
    let all: Vec<&Enrolment> =
        std::iter::successors(Some(first), |one| Some(&enrolments[one.next?])).collect();
    let last = all[all.len() - 1];
    let sessions = all.iter().filter_map(|enrolment| enrolment.last_session);
    let programme = Programme {
        enrolment: first.enrolled.enrolment.clone(),
        enrolments: all.iter().map(|one| one.enrolled.enrolment.clone()).collect(),
        project: last.enrolled.project.clone(),
        programme: last.enrolled.programme,
        eligibility: first.enrolled.eligibility,
        planned_sessions: match first.enrolled.planned_sessions {
            0 => rules.thresholds.short_programme_sessions.value,
            planned => planned,
        },
        sessions_held: all.iter().map(|enrolment| enrolment.sessions.len()).sum(),
        state: last.end.map_or(ProgrammeState::Open, |(state, _)| state),
        since: first.record.instant,
        until: last.end.map(|(_, until)| until),
    };
    let last_session = sessions.max_by_key(|session| session.place);
    ProgrammeCourse { programme, last: last_session.unwrap_or(last.record) }
}
