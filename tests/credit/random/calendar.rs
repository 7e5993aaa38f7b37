//! The calendar of a random history: a span of dates, and a few instants on which much happens.
//! Always: many instants collide, and many stand at 00:00 in Brussels.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Europe::Brussels;

use super::dice::Dice;

#[derive(Debug, Clone)]
pub struct Calendar {
    pub first: NaiveDate,
    pub days: i64,
    /// Instants drawn more often than others.
    favoured: Vec<DateTime<Utc>>,
}

impl Calendar {
    /// Six weeks around 29 March 2026, or some months around 26 October 2025.
    pub fn draw(dice: &mut Dice) -> Self {
        let (first, days) = match dice.percent(60) {
            true => (NaiveDate::from_ymd_opt(2026, 3, 9).unwrap(), 42),
            false => (NaiveDate::from_ymd_opt(2025, 9, 1).unwrap(), 150),
        };
        let mut calendar = Self { first, days, favoured: Vec::new() };
        for _ in 0..5 {
            let instant = calendar.any_instant(dice);
            calendar.favoured.push(instant);
        }
        calendar
    }

    pub fn date(&self, dice: &mut Dice) -> NaiveDate {
        self.plus(dice.below(self.days))
    }

    pub fn plus(&self, days: i64) -> NaiveDate {
        self.first + Days::new(u64::try_from(days).unwrap())
    }

    fn any_instant(&self, dice: &mut Dice) -> DateTime<Utc> {
        let date = self.date(dice);
        clock(date, dice.one_of(&[0, 0, 0, 10 * 60, 10 * 60, 23 * 60 + 30, 2 * 60 + 30]))
    }

    pub fn instant(&self, dice: &mut Dice) -> DateTime<Utc> {
        match dice.percent(55) {
            true => dice.one_of(&self.favoured),
            false => self.any_instant(dice),
        }
    }
}

/// An instant by the clock in Brussels, in minutes; where the clock skips it, an hour later.
pub fn clock(date: NaiveDate, minutes: i64) -> DateTime<Utc> {
    let local = date.and_hms_opt(0, 0, 0).unwrap() + TimeDelta::minutes(minutes);
    let found = Brussels.from_local_datetime(&local).earliest();
    let found =
        found.or_else(|| Brussels.from_local_datetime(&(local + TimeDelta::hours(1))).earliest());
    found.unwrap().with_timezone(&Utc)
}

/// The instant as some sender writes it.
pub fn written(instant: DateTime<Utc>, dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => instant.to_rfc3339(),
        1 => instant.with_timezone(&FixedOffset::west_opt(5 * 3600).unwrap()).to_rfc3339(),
        _ => instant.with_timezone(&Brussels).to_rfc3339(),
    }
}
