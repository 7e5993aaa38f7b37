//! Dates that were never set: a system writes a default where it knows no date.
//! Always: a finding names the records and says nothing about their content.
//! Rules: "Unset date" in the section "Words" of the continuity rules.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use super::item::Item;
use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::time::calendar::date_of;
use crate::domain::vocabulary::fact::Fact;

/// The first year of real dates.
const FIRST_YEAR: i32 = 1900;

/// Whether a date was never set.
pub fn is_unset(date: NaiveDate) -> bool {
    date.year() < FIRST_YEAR
}

/// A date of a payload; a date that was never set reads as absent.
pub fn set_date(date: Option<NaiveDate>) -> Option<NaiveDate> {
    date.filter(|date| !is_unset(*date))
}

/// An instant of a payload; an instant that was never set reads as absent.
pub fn set_instant(instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Some(instant).filter(|instant| !is_unset(date_of(*instant)))
}

/// The findings about records with a `time`, or with a member of their payload, that was never set.
/// `message` says what becomes of it, and nothing about what the records say.
pub fn unset_dates<'a>(
    items: impl Iterator<Item = &'a Item>,
    message: &str,
) -> impl Iterator<Item = Finding> {
    let is_of =
        |item: &&Item| is_unset(item.date) || item.fact.as_ref().is_some_and(has_unset_member);
    items.filter(is_of).map(move |item| {
        Finding::new(FindingCode::UnsetDate, message, vec![RecordName::of(&item.recorded)])
    })
}

/// Whether a date of the payload was never set.
fn has_unset_member(fact: &Fact) -> bool {
    let dates: Vec<Option<NaiveDate>> = match fact {
        Fact::Pronounced(fact) => {
            vec![fact.starts_on, fact.ends_on, fact.facts_from, fact.facts_to]
        }
        Fact::DetentionImputed(fact) => vec![fact.from, fact.to],
        Fact::Granted(fact) => vec![fact.starts_on, fact.probation_ends_on],
        Fact::Revoked(fact) => vec![fact.effective_on],
        Fact::Attested(fact) => vec![Some(fact.from), Some(fact.to)],
        Fact::ReleasePrepared(fact) => vec![Some(fact.expected_on)],
        Fact::CareVerified(fact) => vec![fact.since],
        Fact::InsuranceRecorded(fact) => vec![fact.from],
        Fact::ConsentGiven(fact) => vec![fact.valid_until],
        Fact::Verified(fact) => return set_instant(fact.last_dose_at.to_utc()).is_none(),
        Fact::HandoverSent(fact) => return set_instant(fact.last_dose_at.to_utc()).is_none(),
        _ => return false,
    };
    dates.into_iter().flatten().any(is_unset)
}
