//! Civil days and moments in Belgium, as integers.
//! Always: a moment lies between 06:00 and 23:00 local time or is a sending time that is never
//! written out, so no written moment falls in the hour that the change of clocks repeats or skips,
//! and the order of local moments is the order of instants.

use chrono::{Datelike as _, NaiveDate, Offset as _, TimeZone as _};
use chrono_tz::Europe::Brussels;

/// A civil date, counted in days from 1 January of the year 1.
pub(super) type Day = i32;

/// Seconds in a civil day of the model; the sending order needs no more.
const DAY_SECONDS: i64 = 86_400;

/// A local date and time in Belgium: seconds from the start of day 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LocalMoment(i64);

impl LocalMoment {
    pub(super) const fn new(day: Day, second: i64) -> Self {
        Self(day as i64 * DAY_SECONDS + second)
    }

    pub(super) const fn day(self) -> Day {
        self.0.div_euclid(DAY_SECONDS) as Day
    }

    pub(super) const fn second(self) -> i64 {
        self.0.rem_euclid(DAY_SECONDS)
    }

    pub(super) const fn plus(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    pub(super) const fn seconds_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The same time of day on another day.
    pub(super) const fn days_later(self, days: i32) -> Self {
        self.plus(days as i64 * DAY_SECONDS)
    }
}

/// The day number of a date.
pub(super) fn day_of(date: NaiveDate) -> Day {
    date.num_days_from_ce()
}

/// The date of a day number.
pub(super) fn date_of(day: Day) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(day).unwrap_or(NaiveDate::MIN)
}

/// `YYYY-MM-DD`.
pub(super) fn write_date(out: &mut String, day: Day) {
    let date = date_of(day);
    let year = u32::try_from(date.year()).unwrap_or(0);
    two(out, year / 100 % 100);
    two(out, year % 100);
    out.push('-');
    two(out, date.month());
    out.push('-');
    two(out, date.day());
}

/// RFC 3339 with the offset of that day; whole seconds.
pub(super) fn write_moment(out: &mut String, moment: LocalMoment, offset_hours: u32) {
    write_date(out, moment.day());
    let second = u32::try_from(moment.second()).unwrap_or(0);
    out.push('T');
    two(out, second / 3600);
    out.push(':');
    two(out, second / 60 % 60);
    out.push(':');
    two(out, second % 60);
    out.push('+');
    two(out, offset_hours);
    out.push_str(":00");
}

/// The Brussels offset that holds on a day from 06:00 on, in hours.
pub(super) fn offset_hours(day: Day) -> u32 {
    let noon = date_of(day).and_hms_opt(11, 0, 0).unwrap_or_default();
    let seconds = Brussels.offset_from_utc_datetime(&noon).fix().local_minus_utc();
    u32::try_from(seconds / 3600).unwrap_or(0)
}

fn two(out: &mut String, number: u32) {
    out.push(char::from(b'0' + u8::try_from(number / 10 % 10).unwrap_or(0)));
    out.push(char::from(b'0' + u8::try_from(number % 10).unwrap_or(0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_the_offset_of_its_day() {
        let rows = [
            ("2026-03-28", "2026-03-28T08:05:09+01:00"),
            ("2026-03-29", "2026-03-29T08:05:09+02:00"),
            ("2026-10-24", "2026-10-24T08:05:09+02:00"),
            ("2026-10-25", "2026-10-25T08:05:09+01:00"),
        ];
        for (date, text) in rows {
            let day = day_of(date.parse().unwrap());
            let mut out = String::new();
            write_moment(&mut out, LocalMoment::new(day, 8 * 3600 + 5 * 60 + 9), offset_hours(day));
            assert_eq!(out, text);
        }
    }
}
