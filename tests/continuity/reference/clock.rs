//! Instants and civil dates in Belgium, as `continuity.md`, "Words", defines them.
//! Always: a day is a civil date in Europe/Brussels; hours are exact; nothing reads a clock.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono::{SecondsFormat, TimeZone as _, Utc, Weekday};
use chrono_tz::Europe::Brussels;

pub type Instant = DateTime<Utc>;

/// The civil date of an instant.
pub fn date(at: Instant) -> NaiveDate {
    at.with_timezone(&Brussels).date_naive()
}

/// The instant of a local time: an hour later if the clocks skip the time, the first of two.
fn local(time: NaiveDateTime) -> Instant {
    match Brussels.from_local_datetime(&time).earliest() {
        Some(found) => found.to_utc(),
        None => local(time + TimeDelta::hours(1)),
    }
}

/// The first instant of a date.
pub fn start(day: NaiveDate) -> Instant {
    local(day.and_time(NaiveTime::MIN))
}

/// A date some days later, or earlier.
pub fn shift(day: NaiveDate, days: i64) -> NaiveDate {
    day + TimeDelta::days(days)
}

/// `at + n days`: the same time of day, n civil dates later.
pub fn plus_days(at: Instant, days: i64) -> Instant {
    if days == 0 {
        return at;
    }
    local(at.with_timezone(&Brussels).naive_local() + TimeDelta::days(days))
}

/// `at + n hours`: exact hours.
pub fn plus_hours(at: Instant, hours: i64) -> Instant {
    at + TimeDelta::hours(hours)
}

/// `after day n of at`.
pub fn after_day(at: Instant, day: i64) -> Instant {
    start(shift(date(at), day + 1))
}

/// The last instant before another, in microseconds.
pub fn just_before(at: Instant) -> Instant {
    at - TimeDelta::microseconds(1)
}

/// The civil dates from the date of one instant to the date of another; negative if earlier.
pub fn dates_between(from: Instant, to: Instant) -> i64 {
    (date(to) - date(from)).num_days()
}

/// A date that was never set.
pub fn unset_date(day: NaiveDate) -> bool {
    day < NaiveDate::from_ymd_opt(1900, 1, 1).expect("a date")
}

/// An instant that was never set.
pub fn unset(at: Instant) -> bool {
    unset_date(date(at))
}

pub fn parse_instant(text: &str) -> Option<Instant> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

pub fn parse_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10)
}

/// An instant as answers write it.
pub fn text(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The end of the n-th working day after the date of an instant.
pub fn working_days_end(at: Instant, count: i64) -> Instant {
    let mut day = date(at);
    let mut left = count;
    while left > 0 {
        day = day + Days::new(1);
        if is_working(day) {
            left -= 1;
        }
    }
    start(day + Days::new(1))
}

fn is_working(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !is_holiday(day)
}

/// The ten public holidays of Belgium.
fn is_holiday(day: NaiveDate) -> bool {
    const FIXED: [(u32, u32); 7] = [(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)];
    let easter = easter(day.year());
    let moved = [1, 39, 50].iter().any(|days| shift(easter, *days) == day);
    moved || FIXED.contains(&(day.month(), day.day()))
}

/// Easter Sunday (Gregorian computus, Meeus, Jones and Butcher).
fn easter(year: i32) -> NaiveDate {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, (n / 31) as u32, (n % 31 + 1) as u32).expect("Easter")
}
