//! The figures that erased records take away: a reading says nothing rather than too little.
//! Always: the runs stay as the readable records give them; what a court has left to serve by its
//! own decision stays too.
//! Rules: "An erased record" in the section "History" of the credit rules.

use chrono::{DateTime, Utc};

use super::answer::{Reading, Readings};
use super::modality::{DatedModality, DecidedFigure};
use super::timeline::Timeline;
use crate::domain::history::History;
use crate::domain::vocabulary::choice::ReleaseReason;
use crate::domain::vocabulary::fact::Fact;
use crate::domain::vocabulary::kind::Class;

/// What a reading names as missing.
const RECORDS_ERASED: &str = "recordsErased";

/// When the last erased record that a modality may rest on was recorded: its class is one that the
/// credit reads.
pub(super) fn last_erased(history: &History) -> Option<DateTime<Utc>> {
    let is_read = |class| matches!(class, Class::Judicial | Class::Attested);
    let read = history.erasures().filter(|(class, _, _)| is_read(*class));
    read.map(|(_, recorded_at, _)| recorded_at.instant()).max()
}

/// The readings of a modality, without figures where a record that was erased may belong to them:
/// one recorded after the last final release before the modality started.
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
    let decided = modality.decision.map(|decision| decision.left);
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
