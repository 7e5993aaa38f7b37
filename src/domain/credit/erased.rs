//! Which modalities erased records may concern: their readings give no figure instead of one that
//! may be wrong.
//! Always: the runs still show what the readable records give.
//! Rules: "History" of the credit rules, erased records.

use chrono::{DateTime, Utc};

use super::work::{CreditInput, WorkedModality};
use crate::domain::history::History;
use crate::domain::vocabulary::kind::Class;

/// The latest `recordedtime` of all erased records whose class the credit reads.
pub(super) fn last_erased(history: &History) -> Option<DateTime<Utc>> {
    let is_read = |class| matches!(class, Class::Judicial | Class::Attested);
    let read = history.erasures().filter(|(class, _, _)| is_read(*class));
    read.map(|(_, recorded_at, _)| recorded_at.instant()).max()
}

/// Whether an erased record may concern a modality: it was recorded after the last final release
/// before the modality starts, or there was no such release.
pub(super) fn may_concern(
    worked: &WorkedModality<'_, '_>,
    input: &CreditInput<'_>,
    last_erased: Option<DateTime<Utc>>,
) -> bool {
    let starts_on = worked.modality.starts_on;
    let releases = input.custody.final_releases.iter();
    let release = releases.filter(|release| release.date < starts_on).map(|r| r.instant).max();
    last_erased > release
}
