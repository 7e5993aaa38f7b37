//! The findings about stays: closings, absences, overlaps and attests.
//! Always: a finding changes no date.
//! Rules: the section "Findings" of the continuity rules; `attestMismatch` of the credit rules.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Presence, PresenceEnd, PresenceRule, StayAbsence, Stays};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{DatedFact, ScopedId, finding_about};
use crate::domain::time::dates::DateSet;
use crate::domain::vocabulary::fact::Fact;

/// The most findings about overlaps of one kind in one answer. Overlaps grow with the square of the
/// records: a thousand admissions without a closing would give half a million. 500 is more than
/// anyone reads.
const OVERLAPS_MAX: usize = 500;

impl<'a> Stays<'a> {
    /// The findings about stays, without those about attests.
    pub fn findings(&self, at: NaiveDate) -> Vec<Finding> {
        let mut findings = Vec::new();
        for presence in &self.presences {
            if let PresenceEnd::NeverClosed(by) = presence.end {
                findings.push(never_closed(presence, by));
            }
        }
        findings.extend(self.idle_closings.iter().map(|idle| {
            match idle.first {
                Some(first) => finding_about(
                    FindingCode::StayClosedTwice,
                    "The stay was closed before; the first closing counts.",
                    &[first, idle.closing],
                )
                .with("firstClosedOn", first.date.to_string())
                .with("closedOn", idle.closing.date.to_string()),
                None => finding_about(
                    FindingCode::ClosingWithoutStay,
                    "A closing of a stay that has no admission before it; it has no effect.",
                    &[idle.closing],
                )
                .with("closedOn", idle.closing.date.to_string()),
            }
        }));
        findings.extend(self.absences_outside.iter().map(|start| {
            finding_about(
                FindingCode::AbsenceWithoutStay,
                "An absence starts outside any presence of its stay; it has no effect.",
                &[*start],
            )
            .with("startedOn", start.date.to_string())
        }));
        findings.extend(self.absence_overlaps().take(OVERLAPS_MAX));
        findings.extend(self.presence_overlaps(at).take(OVERLAPS_MAX));
        findings
    }

    /// The attests whose number of days is not that of the dates present in treatment.
    pub fn attest_findings(
        &self,
        records: &[DatedFact<'a>],
        at: NaiveDate,
        rule: PresenceRule,
    ) -> Vec<Finding> {
        let mut present: BTreeMap<ScopedId, DateSet> = BTreeMap::new();
        let mismatch = |record: &DatedFact<'a>| {
            let Fact::Attested(attest) = record.fact else { return None };
            let stay = record.scoped(&attest.stay);
            let dates = present.entry(stay).or_insert_with(|| self.dates_of(stay, at, rule));
            let days = dates.clip(attest.from, attest.to).days();
            (days != i64::from(attest.days)).then(|| {
                let message = "An attest states other days than the records of the stay give.";
                finding_about(FindingCode::AttestMismatch, message, &[*record])
                    .with("from", attest.from.to_string())
                    .with("to", attest.to.to_string())
                    .with("attestedDays", attest.days)
                    .with("recordedDays", days)
            })
        };
        records.iter().filter_map(mismatch).collect()
    }

    /// Two absences of one presence that share more than an instant; each pair once.
    fn absence_overlaps(&self) -> impl Iterator<Item = Finding> {
        let of_presence = |presence: &'_ Presence<'a>| {
            let mut starts: Vec<(DatedFact, DatedFact)> = Vec::new();
            // The absences that may still run when the next one starts.
            let mut running: Vec<&StayAbsence> = Vec::new();
            for absence in &presence.absences {
                let start = absence.start.instant;
                running.retain(|earlier| {
                    presence.absent_until(earlier).is_none_or(|until| start < until)
                });
                let lasts = presence.absent_until(absence).is_none_or(|until| start < until);
                let pairs = running.iter().map(|earlier| (earlier.start, absence.start));
                let room = OVERLAPS_MAX.saturating_sub(starts.len());
                starts.extend(pairs.filter(|_| lasts).take(room));
                running.push(absence);
            }
            starts
        };
        // An absence that belongs to two presences overlaps another one only once.
        let mut pairs: Vec<(DatedFact, DatedFact)> =
            self.presences.iter().flat_map(of_presence).collect();
        pairs.sort_by_key(|(one, other)| (one.place, other.place));
        pairs.dedup_by_key(|(one, other)| (one.place, other.place));
        pairs.into_iter().map(|(one, other)| {
            let message = "Two absences of one presence overlap; each date counts once.";
            finding_about(FindingCode::AbsenceOverlap, message, &[one, other])
                .with("firstStartedOn", one.date.to_string())
                .with("startedOn", other.date.to_string())
        })
    }

    /// Two presences that share a date other than one that ends the one and opens the other.
    fn presence_overlaps(&self, at: NaiveDate) -> impl Iterator<Item = Finding> {
        let overlap = move |one: &Presence<'a>, other: &Presence<'a>| {
            let (a, b) = (one.run(at), other.run(at));
            let mut shared = DateSet::between(a.first.max(b.first), a.last.min(b.last));
            for (ending, opening) in [(a, b), (b, a)] {
                if ending.last == opening.first {
                    shared = shared.minus(&DateSet::between(ending.last, ending.last));
                }
            }
            let first = shared.runs().next()?.first;
            let message = "Two presences share dates; each date counts once.";
            Some(
                finding_about(FindingCode::StayOverlap, message, &[one.admitted, other.admitted])
                    .with("from", first.to_string())
                    .with("days", shared.days()),
            )
        };
        self.presences.iter().enumerate().flat_map(move |(index, one)| {
            let later = self.presences[index + 1..].iter();
            let meeting = later.take_while(move |other| other.admitted.date <= one.run(at).last);
            meeting.filter_map(move |other| overlap(one, other))
        })
    }
}

fn never_closed(presence: &Presence<'_>, by: DatedFact<'_>) -> Finding {
    let message = "No closing of the stay is recorded; another admission or an arrival in prison \
                   ends the presence.";
    finding_about(FindingCode::StayNeverClosed, message, &[presence.admitted, by])
        .with("admittedOn", presence.admitted.date.to_string())
        .with("endedOn", by.date.to_string())
}
