//! Sets of civil dates, and the lengths of sentences counted in days of the calendar.
//! Always: a date is in a set once, however many records cover it; runs are sorted, disjoint and
//! never adjoin; no arithmetic here can overflow or panic, whatever dates are sent.
//! Rules: the section "Units" of the credit rules.

use chrono::{Datelike as _, NaiveDate};

/// The earliest date a set holds: an offset can carry the year 0000 back one year.
pub const DATE_MIN: NaiveDate = NaiveDate::from_ymd_opt(-1, 1, 1).expect("a date");
/// The latest date a set holds: an offset can carry the year 9999 on one year.
pub const DATE_MAX: NaiveDate = NaiveDate::from_ymd_opt(10_000, 12, 31).expect("a date");
/// The latest date that RFC 3339 can write; answers give no later one.
pub const WRITABLE_MAX: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");

/// The next date; the last date of the calendar gives itself.
pub fn day_after(date: NaiveDate) -> NaiveDate {
    date.succ_opt().unwrap_or(date)
}

/// The previous date; the first date of the calendar gives itself.
pub fn day_before(date: NaiveDate) -> NaiveDate {
    date.pred_opt().unwrap_or(date)
}

/// The dates from one, included, to another, left out; 0 if the other is not later.
pub fn days_between(from: NaiveDate, to: NaiveDate) -> u32 {
    u32::try_from((to - from).num_days()).unwrap_or(0)
}

/// A run of consecutive dates, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateRun {
    /// The first date.
    pub first: NaiveDate,
    /// The last date. In an empty run it is before the first.
    pub last: NaiveDate,
}

impl DateRun {
    /// The number of dates.
    pub fn days(self) -> i64 {
        (self.last - self.first).num_days() + 1
    }

    /// Whether the two runs share a date.
    pub fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// A set of civil dates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DateSet {
    runs: Vec<DateRun>,
}

impl DateSet {
    /// The dates of all runs together; a run that ends before it begins holds no date.
    pub fn new(runs: impl IntoIterator<Item = DateRun>) -> Self {
        let clipped =
            |run: DateRun| DateRun { first: run.first.max(DATE_MIN), last: run.last.min(DATE_MAX) };
        let mut runs: Vec<DateRun> =
            runs.into_iter().map(clipped).filter(|run| run.first <= run.last).collect();
        runs.sort_unstable();
        runs.dedup_by(|run, open| {
            let adjoins = run.first <= day_after(open.last);
            if adjoins {
                open.last = open.last.max(run.last);
            }
            adjoins
        });
        Self { runs }
    }

    /// All dates from the first to the last.
    pub fn between(first: NaiveDate, last: NaiveDate) -> Self {
        Self::new([DateRun { first, last }])
    }

    /// The maximal runs, in order.
    pub fn runs(&self) -> impl Iterator<Item = DateRun> + '_ {
        self.runs.iter().copied()
    }

    /// The number of dates.
    pub fn days(&self) -> i64 {
        self.runs.iter().map(|run| run.days()).sum()
    }

    /// Whether no date is in the set.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Whether the date is in the set.
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.from(date).first().is_some_and(|run| run.first <= date)
    }

    /// The first date of the set on or after this one.
    pub fn first_from(&self, date: NaiveDate) -> Option<NaiveDate> {
        self.from(date).first().map(|run| run.first.max(date))
    }

    /// The last date of the set.
    pub fn last(&self) -> Option<NaiveDate> {
        self.runs.last().map(|run| run.last)
    }

    /// The `n`-th date of the set, counted from 1.
    pub fn nth(&self, n: i64) -> Option<NaiveDate> {
        let mut left = n;
        for run in &self.runs {
            if (1..=run.days()).contains(&left) {
                return days_later(run.first, left - 1);
            }
            left -= run.days();
        }
        None
    }

    /// The dates in either set.
    pub fn union(&self, other: &Self) -> Self {
        Self::new(self.runs().chain(other.runs()))
    }

    /// The dates in this set and not in the other.
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = Vec::with_capacity(self.runs.len());
        for run in &self.runs {
            let mut first = run.first;
            for gap in other.from(run.first).iter().take_while(|gap| gap.first <= run.last) {
                if first < gap.first {
                    left.push(DateRun { first, last: day_before(gap.first) });
                }
                first = day_after(gap.last);
            }
            if first <= run.last {
                left.push(DateRun { first, last: run.last });
            }
        }
        Self { runs: left }
    }

    /// The dates in both sets.
    pub fn intersect(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        for run in &self.runs {
            let meeting = other.from(run.first).iter().take_while(|o| o.first <= run.last);
            both.extend(
                meeting
                    .map(|o| DateRun { first: run.first.max(o.first), last: run.last.min(o.last) }),
            );
        }
        Self { runs: both }
    }

    /// The dates of this set from `first` to `last`.
    pub fn clip(&self, first: NaiveDate, last: NaiveDate) -> Self {
        self.intersect(&Self::between(first, last))
    }

    /// The runs that do not end before the date.
    fn from(&self, date: NaiveDate) -> &[DateRun] {
        &self.runs[self.runs.partition_point(|run| run.last < date)..]
    }
}

impl FromIterator<DateRun> for DateSet {
    fn from_iter<I: IntoIterator<Item = DateRun>>(runs: I) -> Self {
        Self::new(runs)
    }
}

/// The length of a sentence as pronounced: the part to be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentenceLength {
    /// Whole years, date to date.
    pub years: u32,
    /// Further months, each of a fixed number of days.
    pub months: u32,
    /// Further days.
    pub days: u32,
}

/// Places sentences one after another from a start date on. Returns for each sentence the number of
/// days from the start date to the end of the sentence.
pub fn chain(start: NaiveDate, lengths: &[SentenceLength], month_days: u32) -> Vec<i64> {
    let origin = i64::from(start.num_days_from_ce()) - UNIX_DAY;
    let mut day = origin;
    let mut passed = Vec::with_capacity(lengths.len());
    for length in lengths {
        day = years_later(day, length.years);
        day += i64::from(length.months) * i64::from(month_days) + i64::from(length.days);
        passed.push(day - origin);
    }
    passed
}

/// The date `days` days later; `None`: RFC 3339 cannot write that date.
pub fn days_later(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    let moved = date.checked_add_signed(chrono::TimeDelta::try_days(days)?)?;
    (moved <= WRITABLE_MAX).then_some(moved)
}

/// 1 January 1970 in days from the common era, as chrono counts them.
const UNIX_DAY: i64 = 719_163;

/// The same date `years` years later; 29 February gives 1 March in a common year.
fn years_later(day: i64, years: u32) -> i64 {
    let (year, month, dom) = civil(day);
    // The day number of 29 February in a common year is that of 1 March.
    number(year + i64::from(years), month, dom)
}

/// Day number → year, month, day of the month, without bounds. The calendar repeats every 400
/// years of 146,097 days; years begin in March, so that the leap day comes last.
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let dom = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, dom)
}

/// Year, month, day of the month → day number, without bounds; the reverse of [`civil`].
fn number(year: i64, month: i64, dom: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * march + 2) / 5 + dom - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn set(runs: &[(i32, i32)]) -> DateSet {
        let day = |n: i32| NaiveDate::from_num_days_from_ce_opt(739_000 + n).unwrap();
        DateSet::new(runs.iter().map(|&(a, b)| DateRun { first: day(a), last: day(b) }))
    }

    fn days(dates: &DateSet) -> BTreeSet<i32> {
        dates
            .runs()
            .flat_map(|run| run.first.num_days_from_ce()..=run.last.num_days_from_ce())
            .collect()
    }

    fn runs() -> impl Strategy<Value = Vec<(i32, i32)>> {
        proptest::collection::vec((0..60, -2..20).prop_map(|(a, n)| (a, a + n)), 0..8)
    }

    proptest! {
        #[test]
        fn sets_of_dates_behave_as_sets(a in runs(), b in runs(), probe in 0..80) {
            let (a, b) = (set(&a), set(&b));
            let (x, y) = (days(&a), days(&b));
            prop_assert_eq!(days(&a.union(&b)), &x | &y);
            prop_assert_eq!(days(&a.minus(&b)), &x - &y);
            prop_assert_eq!(days(&a.intersect(&b)), &x & &y);
            prop_assert_eq!(a.days(), x.len() as i64);
            let probe = 739_000 + probe;
            let day = NaiveDate::from_num_days_from_ce_opt(probe).unwrap();
            prop_assert_eq!(a.contains(day), x.contains(&probe));
            let next = a.first_from(day).map(|d| d.num_days_from_ce());
            prop_assert_eq!(next, x.range(probe..).next().copied());
            for made in [a.union(&b), a.minus(&b), a.intersect(&b)] {
                let runs: Vec<DateRun> = made.runs().collect();
                prop_assert!(runs.windows(2).all(|w| day_after(w[0].last) < w[1].first));
            }
        }

        #[test]
        fn the_calendar_is_chronos(day in -4_000_000..4_000_000_i64) {
            let (year, month, dom) = civil(day);
            prop_assert_eq!(number(year, month, dom), day);
            let theirs = NaiveDate::from_num_days_from_ce_opt((day + UNIX_DAY) as i32).unwrap();
            let ours = (i64::from(theirs.year()), theirs.month().into(), theirs.day().into());
            prop_assert_eq!((year, month, dom), ours);
        }
    }

    #[test]
    fn lengths_run_date_to_date_then_by_months_of_thirty_days() {
        let length = |years, months, days| SentenceLength { years, months, days };
        let rows = [
            ("2025-01-01", vec![length(2, 0, 0)], 30, "2026-12-31"),
            ("2026-01-01", vec![length(0, 18, 0)], 30, "2027-06-24"),
            ("2026-01-01", vec![length(0, 12, 0)], 30, "2026-12-26"),
            ("2026-01-01", vec![length(0, 12, 0)], 31, "2027-01-07"),
            ("2024-02-29", vec![length(1, 0, 0)], 30, "2025-02-28"), // gives 1 March, end before
            ("2024-02-29", vec![length(4, 0, 0)], 30, "2028-02-28"),
            ("2024-02-29", vec![length(1, 1, 1)], 30, "2025-03-31"),
            ("2024-02-28", vec![length(0, 0, 1), length(1, 0, 0)], 30, "2025-02-28"),
            ("2025-01-01", vec![length(1, 0, 0), length(0, 6, 0)], 30, "2026-06-29"),
            ("2025-01-01", vec![], 30, "2024-12-31"),
        ];
        for (start, lengths, month_days, end) in rows {
            let days = chain(date(start), &lengths, month_days).last().copied().unwrap_or(0);
            assert_eq!(days_later(date(start), days - 1), Some(date(end)), "{start} {lengths:?}");
        }
    }

    #[test]
    fn no_length_overflows_and_no_date_is_made_up() {
        let longest = SentenceLength { years: 100, months: 1200, days: 36_525 };
        let days = chain(date("9999-12-31"), &vec![longest; 20_000], 31);
        assert!(days.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(days_later(date("9999-12-31"), *days.last().unwrap()), None);
        assert_eq!(days_later(date("9999-12-31"), 0), Some(date("9999-12-31")));
        assert_eq!(days_later(date("0001-01-01"), i64::MAX), None);
        let all = DateSet::between(NaiveDate::MIN, NaiveDate::MAX);
        assert!(all.minus(&all).is_empty());
        assert_eq!(DateSet::between(date("2026-01-02"), date("2026-01-01")), DateSet::default());
    }
}
