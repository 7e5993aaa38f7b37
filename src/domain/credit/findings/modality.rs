//! The findings about modalities: their base, windows, decisions and suspensions.
//! Always: a finding changes no figure.
//! Rules: "Findings" of the credit rules.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::credit::answer::{DayCount, ModalityCredit, Reading};
use crate::domain::credit::custody::Detention;
use crate::domain::credit::outcome::CreditOutcome;
use crate::domain::credit::work::{CreditInput, WorkedModality};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{DatedFact, ScopedId, finding_about};
use crate::domain::stays::Presence;
use crate::domain::time::dates::{DateSet, day_after};
use crate::domain::vocabulary::fact::Fact;

/// The findings about each modality, and about the modalities that admissions name.
pub(super) fn findings(input: &CreditInput<'_>, worked: &[WorkedModality<'_, '_>]) -> Vec<Finding> {
    let of = |modality| {
        let about = ModalityFindings { input, worked: modality };
        [
            about.base(),
            about.granted_twice(),
            about.overlap(),
            about.without_release(),
            about.reopened(),
            about.other_title(),
            about.return_missing(),
            about.sentence_over(),
        ]
        .into_iter()
        .flatten()
        .chain(about.long_suspensions())
        .collect::<Vec<_>>()
    };
    let mut findings: Vec<Finding> = worked.iter().flat_map(of).collect();
    findings.extend(stay_mismatches(input, worked));
    findings
}

/// The findings about figures that a court decided beside a deduction.
pub(super) fn decision_mismatches(
    input: &CreditInput<'_>,
    worked: &[WorkedModality<'_, '_>],
    answers: &[ModalityCredit],
) -> Vec<Finding> {
    let of = |(modality, answer)| ModalityFindings { input, worked: modality }.decision(answer);
    worked.iter().zip(answers).filter_map(of).collect()
}

struct ModalityFindings<'f, 'i, 'a> {
    input: &'f CreditInput<'a>,
    worked: &'f WorkedModality<'i, 'a>,
}

impl<'a> ModalityFindings<'_, '_, 'a> {
    fn grant(&self) -> DatedFact<'a> {
        self.worked.modality.grant
    }

    fn has_started(&self) -> bool {
        self.worked.outcome != CreditOutcome::NotStarted
    }

    fn about(&self, code: FindingCode, message: &str, others: &[DatedFact<'a>]) -> Finding {
        let records: Vec<DatedFact> = [&[self.grant()][..], others].concat();
        finding_about(code, message, &records).with("modality", &*self.worked.modality.code().0)
    }

    fn base(&self) -> Option<Finding> {
        let base = &self.worked.base;
        let (entered, calculated) = base.entered.zip(base.calculated)?;
        let sentences: Vec<DatedFact> =
            self.worked.counting.sentences.iter().map(|sentence| sentence.last).collect();
        let message = "The remainder on the grant is not the one that the sentences give; the \
                       entered one counts.";
        (self.has_started() && entered != calculated).then(|| {
            self.about(FindingCode::RemainderMismatch, message, &sentences)
                .with("enteredDays", entered)
                .with("calculatedDays", calculated)
        })
    }

    fn granted_twice(&self) -> Option<Finding> {
        let records = self.worked.modality.records.iter();
        let grants: Vec<DatedFact> =
            records.filter(|record| matches!(record.fact, Fact::Granted(_))).copied().collect();
        let message = "One modality is granted more than once; the earliest grant counts.";
        (grants.len() > 1).then(|| {
            self.about(FindingCode::ModalityGrantedTwice, message, &grants)
                .with("count", grants.len())
        })
    }

    fn overlap(&self) -> Option<Finding> {
        let (end, window) = (self.worked.end, &self.worked.window);
        let is_empty = window.runs.is_empty() && end.on < self.worked.modality.starts_on;
        let is_cut = end.is_from_modality() && end.causes.len() == 1;
        let next = &self.input.modalities[end.next?];
        let message = "The window is cut short by a later modality.";
        (is_cut && (window.reaches(end.on) || is_empty)).then(|| {
            self.about(FindingCode::ModalityOverlap, message, &[next.grant])
                .with("by", &*next.code().0)
                .with("on", next.starts_on.to_string())
        })
    }

    fn without_release(&self) -> Option<Finding> {
        let custody = &self.input.custody;
        let inside = self.input.detained.intersect(&self.worked.window.dates);
        let inside = inside.minus(&custody.release_dates);
        let first = inside.runs().next()?.first;
        let message = "The person was detained inside the window of a modality that is lived \
                       outside.";
        (!self.worked.modality.kind().is_lived_inside()).then(|| {
            self.about(FindingCode::ModalityWithoutRelease, message, &self.arrivals_of(&inside))
                .with("from", first.to_string())
                .with("days", inside.days())
        })
    }

    fn reopened(&self) -> Option<Finding> {
        let window = &self.worked.window;
        let detention = |index: usize| &self.input.custody.detentions[index];
        let reopened: Vec<&Detention> = window.runs[window.runs.len().min(1)..]
            .iter()
            .filter_map(|run| run.reopened_after.map(detention))
            .collect();
        let records: Vec<DatedFact> = reopened
            .iter()
            .flat_map(|d| [Some(d.arrival), d.release.map(|(release, _)| release)])
            .flatten()
            .collect();
        let message = "The modality went on after a detention.";
        let on: Vec<String> = reopened.iter().map(|d| d.run.last.to_string()).collect();
        (!on.is_empty())
            .then(|| self.about(FindingCode::WindowReopened, message, &records).with("on", on))
    }

    fn other_title(&self) -> Option<Finding> {
        let dates = &self.worked.book.other_title;
        let first = dates.runs().next()?.first;
        let message = "Dates of the day book were in prison under another title.";
        let finding = self.about(FindingCode::OtherTitle, message, &self.arrivals_of(dates));
        Some(finding.with("from", first.to_string()).with("days", dates.days()))
    }

    /// The arrivals of the detentions that share a date with these.
    fn arrivals_of(&self, dates: &DateSet) -> Vec<DatedFact<'a>> {
        let detentions = self.input.custody.detentions.iter();
        let meets =
            |d: &&Detention| dates.first_from(d.run.first).is_some_and(|on| on <= d.run.last);
        detentions.filter(meets).map(|detention| detention.arrival).collect()
    }

    fn return_missing(&self) -> Option<Finding> {
        let modality = self.worked.modality;
        let effect = modality.revoked_on(self.input.counted.at)?;
        let from = self.worked.window.last().map_or(modality.starts_on, day_after);
        let is_back = self.input.detained.first_from(from).is_some();
        let revocations: Vec<DatedFact> = self.worked.end.records().collect();
        let message = "The modality was revoked, and no return to prison is recorded.";
        (self.worked.outcome == CreditOutcome::Revoked && modality.starts_on < effect && !is_back)
            .then(|| {
                self.about(FindingCode::ReturnNotRecorded, message, &revocations)
                    .with("revokedOn", effect.to_string())
            })
    }

    fn sentence_over(&self) -> Option<Finding> {
        let effective = self.worked.base.effective()?;
        let (lived, served) =
            (self.worked.book.under_modality.days(), self.worked.served_inside().days());
        let message = "The days lived under the modality and served reach the remainder.";
        (self.has_started() && lived + served >= effective).then(|| {
            self.about(FindingCode::SentenceOver, message, &[])
                .with("effectiveDays", effective)
                .with("modalityDays", lived)
                .with("servedInsideDays", served)
        })
    }

    fn decision(&self, answer: &ModalityCredit) -> Option<Finding> {
        let remaining = |reading: &Option<Reading>| match reading.as_ref()?.remaining_days? {
            DayCount::Exactly(days) => Some(days),
            DayCount::Between { .. } => None,
        };
        let deduction = remaining(&answer.readings.deduction)?;
        let decided = remaining(&answer.readings.court_decision)?;
        let by = answer.readings.court_decision.as_ref()?.decided_by.as_ref()?;
        let records = self.worked.modality.records.iter();
        let deciding: Vec<DatedFact> =
            records.filter(|record| record.name() == by.record).copied().collect();
        let message = "A court decided a figure beside a deduction that leaves other days.";
        (deduction != decided).then(|| {
            self.about(FindingCode::DecisionMismatch, message, &deciding)
                .with("decidedDays", decided)
                .with("deductionDays", deduction)
        })
    }

    fn long_suspensions(&self) -> Vec<Finding> {
        let month = self.input.query.month_days.number();
        let long = |days: i64| days > i64::from(month);
        let suspensions = self.worked.suspensions.iter().filter(|s| long(s.run.days()));
        suspensions
            .map(|suspension| {
                let records: Vec<DatedFact> =
                    [Some(suspension.record), suspension.lifted_by].into_iter().flatten().collect();
                let message = "A suspension lasted longer than the month that the law allows.";
                finding_about(FindingCode::SuspensionOverAMonth, message, &records)
                    .with("modality", &*self.worked.modality.code().0)
                    .with("days", suspension.run.days())
            })
            .collect()
    }
}

/// Admissions that name a modality in whose window no date of the presence lies, while dates lie in
/// another window.
fn stay_mismatches(input: &CreditInput<'_>, worked: &[WorkedModality<'_, '_>]) -> Vec<Finding> {
    let at: NaiveDate = input.counted.at;
    let by_id: BTreeMap<ScopedId, &WorkedModality> =
        worked.iter().map(|modality| (modality.modality.id, modality)).collect();
    let mismatch = |presence: &Presence<'_>| {
        let named = presence.admitted.scoped(presence.admission.modality.as_ref()?);
        let dates = DateSet::new([presence.run(at)]);
        let lies_in =
            |modality: &&WorkedModality| !modality.window.dates.intersect(&dates).is_empty();
        let named = by_id.get(&named).copied();
        if named.as_ref().is_some_and(lies_in) {
            return None;
        }
        let home = worked.iter().find(lies_in)?;
        let mut records = vec![presence.admitted, home.modality.grant];
        records.extend(named.map(|named| named.modality.grant));
        let message = "An admission names a modality in whose window no date of the stay lies; \
                       the dates decide.";
        Some(
            finding_about(FindingCode::StayModalityMismatch, message, &records)
                .with("admittedOn", presence.admitted.date.to_string())
                .with("liesIn", &*home.modality.code().0),
        )
    };
    input.stays.presences.iter().filter_map(mismatch).collect()
}
