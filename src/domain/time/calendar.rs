//! Civil days in Belgium.
//! Always: a day is a date in Europe/Brussels, never a number of seconds (29 March 2026 has 23
//! hours); an instant belongs to exactly one date.

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Europe::Brussels;
use chrono_tz::Tz;

/// The civil date on which an instant falls.
pub fn date_of(instant: DateTime<Utc>) -> NaiveDate {
    local_time(instant).date_naive()
}

/// An instant as a clock in Belgium showed it.
pub fn local_time(instant: DateTime<Utc>) -> DateTime<Tz> {
    instant.with_timezone(&Brussels)
}

/// Whether the clock in Belgium shows this time twice: once before and once after the clocks were
/// set back.
pub fn is_shown_twice(instant: DateTime<Utc>) -> bool {
    let shown = local_time(instant).naive_local();
    matches!(Brussels.from_local_datetime(&shown), LocalResult::Ambiguous(..))
}

/// The first instant of a civil date.
pub fn start_of(date: NaiveDate) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    match Brussels.from_local_datetime(&midnight) {
        LocalResult::Single(start) | LocalResult::Ambiguous(start, _) => start.to_utc(),
        // Belgium changes its clocks at 1:00 UTC; a skipped midnight lies before 1978 only.
        LocalResult::None => midnight.and_utc(),
    }
}

/// The first instant after a civil date.
pub fn end_of(date: NaiveDate) -> DateTime<Utc> {
    start_of(date.checked_add_days(Days::new(1)).unwrap_or(date))
}

/// The same time of day in Belgium, `days` civil days later: a dose given at nine is due at nine,
/// also when the clocks change in between. No days later is the same instant, also in the hour that
/// comes twice.
pub fn days_after(instant: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    if days == 0 {
        return instant;
    }
    let local = local_time(instant).naive_local();
    let Some(moved) = local.checked_add_days(Days::new(days.into())) else { return instant };
    let hour_later = || moved.checked_add_signed(TimeDelta::hours(1)).unwrap_or(moved);
    Brussels
        .from_local_datetime(&moved)
        .earliest()
        .or_else(|| Brussels.from_local_datetime(&hour_later()).earliest())
        .map_or_else(|| moved.and_utc(), |time| time.to_utc())
}

/// The instant `hours` hours later.
pub fn hours_after(instant: DateTime<Utc>, hours: u32) -> DateTime<Utc> {
    instant.checked_add_signed(TimeDelta::hours(hours.into())).unwrap_or(instant)
}

/// The first instant after day `days`, where the date of `instant` is day 0: a term of 21 days
/// that counts day 0 to day 21 has run out at the start of day 22.
pub fn after_day(instant: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    let date = date_of(instant);
    end_of(date.checked_add_days(Days::new(days.into())).unwrap_or(date))
}

/// The moment for which an answer holds: an instant, or a whole civil date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Up to and including this instant.
    Instant(DateTime<Utc>),
    /// Up to the end of this date.
    Date(NaiveDate),
}

impl At {
    /// Whether the answer includes an event that happened at `time`.
    pub fn includes(self, time: DateTime<Utc>) -> bool {
        match self {
            Self::Instant(at) => time <= at,
            Self::Date(date) => date_of(time) <= date,
        }
    }

    /// The civil date, for an answer that is counted in days.
    pub fn date(self) -> NaiveDate {
        match self {
            Self::Instant(at) => date_of(at),
            Self::Date(date) => date,
        }
    }

    /// The instant, for an answer that is counted in hours; of a date, the last microsecond.
    pub fn instant(self) -> DateTime<Utc> {
        match self {
            Self::Instant(at) => at,
            Self::Date(date) => end_of(date) - TimeDelta::microseconds(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn an_instant_belongs_to_its_brussels_date() {
        let rows = [
            ("2026-03-31T22:30:00Z", "2026-04-01"), // summer time: already the next day
            ("2026-01-31T22:30:00Z", "2026-01-31"),
            ("2026-03-28T23:00:00Z", "2026-03-29"), // the day with 23 hours
            ("2026-10-25T22:59:59Z", "2026-10-25"), // the day with 25 hours
        ];
        for (time, date) in rows {
            assert_eq!(date_of(instant(time)).to_string(), date, "{time}");
        }
    }

    #[test]
    fn a_date_lasts_from_midnight_to_midnight() {
        let date = "2026-03-29".parse().unwrap();
        assert_eq!(start_of(date), instant("2026-03-28T23:00:00Z"));
        assert_eq!(end_of(date), instant("2026-03-29T22:00:00Z"));
        assert!(At::Date(date).includes(instant("2026-03-29T21:59:59.999999Z")));
        assert!(!At::Date(date).includes(instant("2026-03-29T22:00:00Z")));
    }

    #[test]
    fn nine_o_clock_stays_nine_o_clock() {
        let rows = [
            ("2026-03-28T08:00:00Z", 1, "2026-03-29T07:00:00Z"),
            ("2026-10-24T07:00:00Z", 1, "2026-10-25T08:00:00Z"),
            ("2026-03-28T01:30:00Z", 1, "2026-03-29T01:30:00Z"), // 2:30 is skipped: 3:30
            ("2026-10-24T00:30:00Z", 1, "2026-10-25T00:30:00Z"), // 2:30 comes twice: the first
            ("2026-10-25T01:30:00Z", 0, "2026-10-25T01:30:00Z"), // the second 2:30 stays
            ("2026-06-01T08:00:00Z", 28, "2026-06-29T08:00:00Z"),
        ];
        for (from, days, to) in rows {
            assert_eq!(days_after(instant(from), days), instant(to), "{from} + {days}");
        }
    }

    #[test]
    fn a_term_counts_from_day_nought() {
        let release = instant("2026-03-02T09:00:00Z");
        assert_eq!(after_day(release, 21), instant("2026-03-23T23:00:00Z"));
    }
}
