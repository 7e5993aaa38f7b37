//! Withholds figures when records were erased: a reading then gives no figure instead of one that
//! may be wrong.
//! Always: the runs still show what the readable records give. The reading of a court that itself
//! decided the remaining days is not withheld.
//! Rules: an erased record may belong to any sentence that was still running when the record was
//! stored, that is, any sentence that no earlier final release had ended.

use chrono::{DateTime, Utc};

use super::answer::{Reading, Readings};
use super::modality::{DatedModality, DecidedFigure};
use super::timeline::Timeline;
use crate::domain::history::History;
use crate::domain::vocabulary::choice::ReleaseReason;
use crate::domain::vocabulary::fact::Fact;
use crate::domain::vocabulary::kind::Class;

/// The reason that a reading gives when erased records take its figures away.
const RECORDS_ERASED: &str = "recordsErased";

/// The latest `recordedtime` of all erased records whose class the credit reads.
pub(super) fn last_erased(history: &History) -> Option<DateTime<Utc>> {
    let is_read = |class| matches!(class, Class::Judicial | Class::Attested);
    let read = history.erasures().filter(|(class, _, _)| is_read(*class));
    read.map(|(_, recorded_at, _)| recorded_at.instant()).max()
}

/// The readings of a modality. Their figures are withheld if an erased record may belong to the
/// same sentence: it was recorded after the last final release before the modality started, or
/// there was no such release.
pub(super) fn withhold(
    mut readings: Readings,
    modality: &DatedModality<'_>,
    timeline: &Timeline<'_>,
    last_erased: Option<DateTime<Utc>>,
) -> Readings {
    let is_final = |fact: &Fact| match fact {
        Fact::Released(released) => {
            released.is_final && released.reason == ReleaseReason::SentenceEnd
        }
        _ => false,
    };
    let before = timeline.records.iter().filter(|record| record.date < modality.starts_on);
    let final_release =
        before.filter(|record| is_final(record.fact)).map(|record| record.instant).max();
    if last_erased.is_none() || last_erased <= final_release {
        return readings;
    }
    let decided = modality.decision.map(|decision| decision.figure);
    let Readings { none, deduction, court_decision, full_residential } = &mut readings;
    for reading in [Some(none), deduction.as_mut(), Some(full_residential)].into_iter().flatten() {
        withhold_figures(reading);
    }
    if let (Some(reading), None | Some(DecidedFigure::CreditedDays(_))) = (court_decision, decided)
    {
        withhold_figures(reading);
    }
    readings
}

fn withhold_figures(reading: &mut Reading) {
    reading.credited_days = None;
    reading.range = None;
    reading.remaining_days = None;
    reading.unused_days = None;
    reading.sentence_end = None;
    reading.cannot_compute = vec![RECORDS_ERASED.to_owned()];
}
