//! Working days in Belgium.
//! Always: Monday to Friday, less the ten public holidays; by civil date.
//! Source: the ten holidays are general knowledge (Act of 4 January 1974), not confirmed; Easter
//! by the Gregorian computus (Meeus, Jones and Butcher).

use chrono::{Datelike as _, Days, NaiveDate, Weekday};

/// Whether a date is a working day.
pub fn is_workday(date: NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun) && !is_holiday(date)
}

/// The `count`th working day after a date, or the last date of the calendar.
pub fn workdays_after(date: NaiveDate, count: u32) -> NaiveDate {
    let mut day = date;
    let mut left = count;
    while left > 0 {
        let Some(next) = day.checked_add_days(Days::new(1)) else { return day };
        day = next;
        left -= u32::from(is_workday(day));
    }
    day
}

/// Whether a date is one of the ten public holidays.
pub fn is_holiday(date: NaiveDate) -> bool {
    const FIXED: [(u32, u32); 7] = [(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)];
    // Easter Monday, Ascension, Whit Monday.
    const AFTER_EASTER: [u64; 3] = [1, 39, 50];
    FIXED.contains(&(date.month(), date.day()))
        || easter(date.year()).is_some_and(|easter| {
            AFTER_EASTER.iter().any(|&days| easter.checked_add_days(Days::new(days)) == Some(date))
        })
}

/// Easter Sunday of a year.
pub fn easter(year: i32) -> Option<NaiveDate> {
    let golden = year.rem_euclid(19);
    let (century, of_century) = (year.div_euclid(100), year.rem_euclid(100));
    let (leap_centuries, rest) = (century.div_euclid(4), century.rem_euclid(4));
    let moon = (century + 8).div_euclid(25);
    let moon = (century - moon + 1).div_euclid(3);
    let epact = (19 * golden + century - leap_centuries - moon + 15).rem_euclid(30);
    let (leaps, odd) = (of_century.div_euclid(4), of_century.rem_euclid(4));
    let weekday = (32 + 2 * rest + 2 * leaps - epact - odd).rem_euclid(7);
    let shift = (golden + 11 * epact + 22 * weekday).div_euclid(451);
    let sum = epact + weekday - 7 * shift + 114;
    let month = u32::try_from(sum.div_euclid(31)).ok()?;
    let day = u32::try_from(sum.rem_euclid(31) + 1).ok()?;
    NaiveDate::from_ymd_opt(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn easter_of_known_years() {
        let rows = [
            (1818, "1818-03-22"), // the earliest there can be
            (1943, "1943-04-25"), // the latest
            (1954, "1954-04-18"),
            (2000, "2000-04-23"),
            (2024, "2024-03-31"),
            (2025, "2025-04-20"),
            (2026, "2026-04-05"),
            (2027, "2027-03-28"),
            (2038, "2038-04-25"),
        ];
        for (year, day) in rows {
            assert_eq!(easter(year), Some(date(day)), "{year}");
        }
    }

    #[test]
    fn the_ten_holidays_of_2026() {
        let mut day = date("2026-01-01");
        let mut holidays = Vec::new();
        while day.year() == 2026 {
            if is_holiday(day) {
                holidays.push(day.format("%m-%d").to_string());
            }
            day = day.succ_opt().unwrap();
        }
        let expected = [
            "01-01", "04-06", "05-01", "05-14", "05-25", "07-21", "08-15", "11-01", "11-11",
            "12-25",
        ];
        assert_eq!(holidays, expected);
    }

    #[test]
    fn the_next_working_day() {
        let rows = [
            ("2026-11-23", 1, "2026-11-24"), // Monday
            ("2026-11-20", 1, "2026-11-23"), // Friday
            ("2026-04-03", 1, "2026-04-07"), // Friday before Easter Monday
            ("2026-12-24", 2, "2026-12-29"), // Christmas on a Friday
            ("2026-05-13", 1, "2026-05-15"), // before Ascension
            ("2026-11-23", 0, "2026-11-23"),
        ];
        for (from, count, to) in rows {
            assert_eq!(workdays_after(date(from), count), date(to), "{from} + {count}");
        }
    }

    #[test]
    fn every_year_has_an_easter_and_the_calendar_ends() {
        for year in 0..=10_001 {
            let month = easter(year).unwrap().month();
            assert!(month == 3 || month == 4, "{year}");
        }
        assert_eq!(workdays_after(NaiveDate::MAX, 3), NaiveDate::MAX);
    }
}
