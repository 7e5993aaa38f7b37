//! Records that continue, answer or end what no record begins, and ids under which two senders
//! begin different things.
//! Always: a record without its beginning has no effect but this finding.
//! Rules: `beginningMissing` and `idMeansTwoThings` in the section "Findings" of the continuity
//! rules.

use std::collections::BTreeMap;

use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::{DatedFact, ScopedId, finding_about};
use crate::domain::vocabulary::fact::{Fact, Id};

/// The kinds of things that are begun. An id of one kind says nothing about another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Begun {
    Stay,
    Modality,
    Prescription,
    Handover,
    Enrolment,
    Unit,
    Referral,
    Episode,
    Housing,
    Plan,
}

/// Whether a beginning must stand before the record, or may stand anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needed {
    Before,
    Anywhere,
}

/// The thing that a record begins, with its id.
fn begins(fact: &Fact) -> Option<(Begun, &Id)> {
    Some(match fact {
        Fact::Admitted(fact) => (Begun::Stay, &fact.stay),
        Fact::Granted(fact) => (Begun::Modality, &fact.modality),
        Fact::Prescribed(fact) => (Begun::Prescription, &fact.prescription),
        Fact::HandoverSent(fact) => (Begun::Handover, &fact.handover),
        Fact::Enrolled(fact) => (Begun::Enrolment, &fact.enrolment),
        Fact::UnitPlaced(fact) => (Begun::Unit, &fact.placement),
        Fact::Referred(fact) => (Begun::Referral, &fact.referral),
        Fact::TreatmentStarted(fact) => (Begun::Episode, &fact.episode),
        Fact::HousingPlaced(fact) => (Begun::Housing, &fact.placement),
        Fact::PlanAgreed(fact) => (Begun::Plan, &fact.plan),
        _ => return None,
    })
}

/// What a record needs to have begun, and the message if nothing began it.
fn needs(fact: &Fact) -> Option<(Begun, &Id, Needed, &'static str)> {
    use Needed::{Anywhere, Before};

    let enrolled = "Names an enrolment that no earlier record begins.";
    Some(match fact {
        Fact::ModalitySuspended(_)
        | Fact::SuspensionLifted(_)
        | Fact::ModalityEnded(_)
        | Fact::Revoked(_)
        | Fact::Restored(_) => (
            Begun::Modality,
            fact.modality()?,
            Anywhere,
            "Names a modality that was never granted.",
        ),
        Fact::HandoverConfirmed(fact) => {
            (Begun::Handover, &fact.handover, Anywhere, "Confirms a handover that was never sent.")
        }
        Fact::SessionHeld(fact) => (Begun::Enrolment, &fact.enrolment, Before, enrolled),
        Fact::ProgrammeCompleted(fact) => (Begun::Enrolment, &fact.enrolment, Before, enrolled),
        Fact::ProgrammeLeft(fact) => (Begun::Enrolment, &fact.enrolment, Before, enrolled),
        Fact::UnitLeft(fact) => {
            (Begun::Unit, &fact.placement, Anywhere, "Leaves a unit without a placement there.")
        }
        Fact::ReferralAnswered(fact) => {
            (Begun::Referral, &fact.referral, Before, "Answers what no earlier record refers.")
        }
        Fact::TreatmentEnded(fact) => (
            Begun::Episode,
            &fact.episode,
            Before,
            "Ends a treatment that no earlier record starts.",
        ),
        Fact::HousingLeft(fact) => (
            Begun::Housing,
            &fact.placement,
            Before,
            "Leaves housing without an earlier placement.",
        ),
        Fact::PlanReviewed(fact) => {
            (Begun::Plan, &fact.plan, Anywhere, "Reviews a plan that was never agreed.")
        }
        _ => return None,
    })
}

fn begun_by<'a>(record: &DatedFact<'a>) -> Option<(Begun, ScopedId<'a>)> {
    let (kind, id) = begins(record.fact)?;
    Some((kind, record.scoped(id)))
}

/// The findings, in the order of records.
pub(super) fn beginnings_missing(records: &[DatedFact]) -> Vec<Finding> {
    // The place of the first record that begins each thing.
    let mut begun: BTreeMap<(Begun, ScopedId), usize> = BTreeMap::new();
    for record in records {
        if let Some(thing) = begun_by(record) {
            begun.entry(thing).or_insert(record.place);
        }
    }
    let missing = |record: &DatedFact| {
        let (kind, id, needed, message) = needs(record.fact)?;
        let begun = begun.get(&(kind, record.scoped(id)));
        let is_there = |place: &usize| needed == Needed::Anywhere || *place < record.place;
        (!begun.is_some_and(is_there))
            .then(|| finding_about(FindingCode::BeginningMissing, message, &[*record]))
    };
    records.iter().filter_map(missing).collect()
}

/// Two senders that begin different things under one id of one stream.
pub(super) fn ids_of_two_things(records: &[DatedFact]) -> Vec<Finding> {
    let mut begun: BTreeMap<(Begun, ScopedId), Vec<DatedFact>> = BTreeMap::new();
    for record in records {
        match begun_by(record) {
            // A plan is agreed again in each version.
            None | Some((Begun::Plan, _)) => {}
            // Both are placements.
            Some((Begun::Unit, id)) => begun.entry((Begun::Housing, id)).or_default().push(*record),
            Some(named) => begun.entry(named).or_default().push(*record),
        }
    }
    let finding = |records: Vec<DatedFact>| {
        let said: Vec<_> = records
            .iter()
            .map(|record| (&record.item.event().key.source, record.item.data()))
            .collect();
        let differs = |(source, data): &(_, _)| said.iter().any(|(s, d)| s != source && d != data);
        let differing = records.iter().zip(&said).filter(|(_, said)| differs(said));
        let differing: Vec<DatedFact> = differing.map(|(record, _)| *record).collect();
        let message = "Two senders began different things under one id.";
        (!differing.is_empty())
            .then(|| finding_about(FindingCode::IdMeansTwoThings, message, &differing))
    };
    begun.into_values().filter(|records| records.len() > 1).filter_map(finding).collect()
}
