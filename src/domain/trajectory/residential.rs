//! Whether the person lives in residential treatment, and for how many days.
//! Always: days are civil dates, each counted once; only the last admission counts.
//! Rules: the set P in the header of `domain/credit/mod.rs`, for the presence that is still open.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::clock::AnswerClock;
use super::records::{StatedFact, finding_about};
use crate::domain::choices::choices;
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::Item;
use crate::domain::vocabulary::fact::{Admitted, Code, Fact, Id};

choices! {
    /// The state of residential treatment.
    ResidentialState:
        /// In treatment and present.
        InTreatment = "inTreatment",
        /// In treatment, and absent for a time.
        Absent = "absent",
        /// No record says that the person is in residential treatment.
        None = "none",
        /// Erased records may have said that the person is in residential treatment.
        Unknown = "unknown",
}

/// Residential treatment at the instant of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Residential {
    /// The state.
    pub state: ResidentialState,
    /// The sender's id of the stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stay: Option<Id>,
    /// The house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<Code>,
    /// The programme of the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programme: Option<Code>,
    /// Since the admission, or since the absence began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Dates of presence since the admission, both ends included, without the dates wholly inside
    /// an unauthorised absence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
}

impl Residential {
    /// No stay.
    pub const NONE: Self = Self::without_stay(ResidentialState::None);

    /// The readable records have no stay, but erased records may.
    pub const UNKNOWN: Self = Self::without_stay(ResidentialState::Unknown);

    const fn without_stay(state: ResidentialState) -> Self {
        Self { state, stay: None, facility: None, programme: None, since: None, days: None }
    }
}

struct CurrentStay<'a> {
    item: &'a Item,
    admitted: &'a Admitted,
    absences: Vec<CurrentStayAbsence>,
}

struct CurrentStayAbsence {
    from: (DateTime<Utc>, NaiveDate),
    to: Option<NaiveDate>,
    authorised: bool,
}

/// Derives the stay that is still open from the records.
pub fn fold(
    records: &[StatedFact],
    clock: &AnswerClock,
    findings: &mut Vec<Finding>,
) -> Residential {
    let mut open: Option<CurrentStay> = None;
    let mut closed: HashMap<&Id, Option<&Item>> = HashMap::new();
    for (item, fact) in records {
        match fact {
            Fact::Admitted(admitted) => {
                closed.insert(&admitted.stay, None);
                let absences = Vec::new();
                open = Some(CurrentStay { item, admitted, absences });
            }
            // A person who arrives in prison has left the house, even if no record says so.
            Fact::Arrived(_) => open = None,
            Fact::StayCompleted(fact) => close(&mut open, &mut closed, &fact.stay, item, findings),
            Fact::DroppedOut(fact) => close(&mut open, &mut closed, &fact.stay, item, findings),
            Fact::StayTransferred(fact) => {
                close(&mut open, &mut closed, &fact.stay, item, findings);
            }
            Fact::StayAbsenceStarted(fact) => {
                match open.as_mut().filter(|open| open.admitted.stay == fact.stay) {
                    Some(stay) => stay.absences.push(CurrentStayAbsence {
                        from: (item.instant(), item.date()),
                        to: None,
                        authorised: fact.authorised,
                    }),
                    None => {
                        let message = "An absence starts outside any stay.";
                        findings.push(finding_about(
                            FindingCode::AbsenceWithoutStay,
                            message,
                            &[item],
                        ));
                    }
                }
            }
            Fact::StayAbsenceEnded(fact) => {
                let stay = open.as_mut().filter(|open| open.admitted.stay == fact.stay);
                if let Some(stay) = stay {
                    stay.end_absences(item);
                }
            }
            _ => {}
        }
    }
    open.map_or(Residential::NONE, |stay| stay.residential(clock))
}

fn close<'a>(
    open: &mut Option<CurrentStay>,
    closed: &mut HashMap<&'a Id, Option<&'a Item>>,
    stay: &'a Id,
    item: &'a Item,
    findings: &mut Vec<Finding>,
) {
    match closed.get(stay) {
        None => {
            let message = "A stay is closed, but its admission is not recorded.";
            findings.push(finding_about(FindingCode::BeginningMissing, message, &[item]));
        }
        Some(Some(first)) => {
            let message = "A stay was closed twice; the first counts.";
            findings.push(finding_about(FindingCode::StayClosedTwice, message, &[first, item]));
            return;
        }
        Some(None) => {}
    }
    closed.insert(stay, Some(item));
    open.take_if(|open| open.admitted.stay == *stay);
}

impl CurrentStay<'_> {
    /// Ends the absences that began before `end` or, if there are none, the absences that begin at
    /// the same instant.
    fn end_absences(&mut self, end: &Item) {
        let mut running: Vec<&mut CurrentStayAbsence> =
            self.absences.iter_mut().filter(|absence| absence.to.is_none()).collect();
        let ran = |absence: &CurrentStayAbsence| absence.from.0 < end.instant();
        if running.iter().any(|absence| ran(absence)) {
            running.retain(|absence| ran(absence));
        }
        for absence in running {
            absence.to = Some(end.date());
        }
    }

    fn residential(&self, clock: &AnswerClock) -> Residential {
        let running = || self.absences.iter().filter(|absence| absence.to.is_none());
        let away_since = running().map(|absence| absence.from.0).min();
        let unauthorised = running().filter(|absence| !absence.authorised);
        // After the first date of an unauthorised absence no date counts, so the answer does not
        // change with the next date.
        let counted_to = match unauthorised.map(|absence| absence.from.1).min() {
            Some(left_on) => left_on,
            None => clock.today(),
        };
        Residential {
            state: match away_since {
                Some(_) => ResidentialState::Absent,
                None => ResidentialState::InTreatment,
            },
            stay: Some(self.admitted.stay.clone()),
            facility: Some(self.admitted.facility.clone()),
            programme: Some(self.admitted.programme.clone()),
            since: Some(away_since.unwrap_or_else(|| self.item.instant())),
            days: Some(self.days(counted_to)),
        }
    }

    /// The number of dates from the admission to `counted_to`, without the dates wholly inside an
    /// unauthorised absence that ended.
    fn days(&self, counted_to: NaiveDate) -> i64 {
        let mut days = (counted_to - self.item.date()).num_days() + 1;
        let mut next = self.item.date();
        let over = self.absences.iter().filter(|absence| !absence.authorised);
        for absence in over {
            let Some(back_on) = absence.to else { continue };
            let first = absence.from.1.succ_opt().unwrap_or(absence.from.1).max(next);
            let last = back_on.pred_opt().unwrap_or(back_on).min(counted_to);
            if first <= last {
                days -= (last - first).num_days() + 1;
                next = last.succ_opt().unwrap_or(last);
            }
        }
        days
    }
}
