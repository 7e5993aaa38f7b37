//! The findings that the credit makes and the trajectory repeats.
//! Always: the credit counts in civil dates, so these findings change at the start of a date; a
//! record that has not come counts in none of them.
//! Rules: the last row of the table in the section "Findings" of the continuity rules.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::domain::credit::{self, Credit, CreditQuery};
use crate::domain::finding::{Finding, FindingCode};
use crate::domain::history::History;
use crate::domain::time::calendar::{At, date_of, start_of};
use crate::domain::time::dates::day_after;
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::vocabulary::fact::Fact;

/// The codes that the trajectory repeats.
const REPEATED: [FindingCode; 8] = [
    FindingCode::AttestMismatch,
    FindingCode::StayModalityMismatch,
    FindingCode::ModalityGrantedTwice,
    FindingCode::ModalityOverlap,
    FindingCode::ModalityWithoutRelease,
    FindingCode::WindowReopened,
    FindingCode::ReturnNotRecorded,
    FindingCode::SuspensionOverAMonth,
];

/// A suspension becomes longer than a month this many days after its first, at the earliest and at
/// the latest: a month has 28 to 31 days.
const MONTH_DAYS: std::ops::RangeInclusive<u64> = 28..=31;

/// The findings of the credit about one history, by the date asked for.
pub(super) struct CreditFindings<'h> {
    history: &'h History,
    /// The dates on which a finding may begin or end.
    dates: OnceCell<BTreeSet<NaiveDate>>,
    /// The findings of a date and a number of items that have come: an answer asks for them again.
    known: RefCell<BTreeMap<(NaiveDate, usize), Vec<Finding>>>,
}

impl<'h> CreditFindings<'h> {
    /// The findings about a history, of which `credit` has those of its date. `None`: the credit
    /// has none to repeat.
    pub fn new(history: &'h History, credit: Option<&Credit>) -> Option<Self> {
        let is_about = |fact: &Fact| matches!(fact, Fact::Granted(_) | Fact::Attested(_));
        let has_any = history.facts().any(|(_, fact)| is_about(fact));
        let has_any = has_any && credit::is_answerable(history);
        let known = credit.map(|Credit { at, findings, .. }| {
            let come = history.items.partition_point(|item| item.date <= *at);
            ((*at, come), repeated(findings.clone()))
        });
        let known = RefCell::new(known.into_iter().collect());
        has_any.then(|| Self { history, dates: OnceCell::new(), known })
    }

    /// The findings at the present of a clock, which learns when they change.
    pub fn until(&self, clock: &AnswerClock) -> Vec<Finding> {
        let findings = self.by(clock.now());
        let tomorrow = day_after(date_of(clock.now()));
        let dates = self.dates.get_or_init(|| dates(self.history));
        if let Some(next) = dates.range(tomorrow..).next() {
            clock.reached(start_of(*next));
        }
        // A finding that counts days differs on the next date.
        if self.by(start_of(tomorrow)) != findings {
            clock.reached(start_of(tomorrow));
        }
        findings
    }

    /// The findings about the records that have come by an instant, on its date.
    pub fn by(&self, instant: DateTime<Utc>) -> Vec<Finding> {
        let (date, items) = (date_of(instant), &self.history.items);
        let come = items.partition_point(|item| item.instant() <= instant);
        let fold = || {
            // The credit goes by dates: it leaves out the records of later dates by itself.
            let history = match items.get(come).is_none_or(|next| next.date > date) {
                true => Cow::Borrowed(self.history),
                false => Cow::Owned(History {
                    items: items[..come].to_vec(),
                    erased: self.history.erased.clone(),
                    findings: self.history.findings.clone(),
                }),
            };
            let query = CreditQuery::new(At::Date(date), date);
            repeated(credit::findings_about_modalities(&history, &query))
        };
        self.known.borrow_mut().entry((date, come)).or_insert_with(fold).clone()
    }
}

/// Those of the findings of a credit that the trajectory repeats, in an order of their own.
fn repeated(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.retain(|finding| REPEATED.contains(&finding.code));
    findings.sort_by(Finding::order);
    findings.dedup();
    findings
}

/// The dates that records name or have, with the dates beside them, and a month after a suspension.
fn dates(history: &History) -> BTreeSet<NaiveDate> {
    let mut dates = BTreeSet::new();
    for (item, fact) in history.facts() {
        let named = match fact {
            Fact::Granted(granted) => [granted.starts_on, None],
            Fact::Revoked(revoked) => [revoked.effective_on, None],
            Fact::Attested(attested) => [Some(attested.from), Some(attested.to)],
            _ => [None, None],
        };
        for date in named.into_iter().flatten().chain([item.date]) {
            let beside = [date.pred_opt(), Some(date), date.succ_opt()];
            dates.extend(beside.into_iter().flatten());
            dates.extend(date.checked_add_days(Days::new(2)));
        }
        if matches!(fact, Fact::ModalitySuspended(_)) {
            let months = MONTH_DAYS.filter_map(|days| item.date.checked_add_days(Days::new(days)));
            dates.extend(months);
        }
    }
    dates
}
