//! The instant for which an answer holds, and the next instant at which it changes by itself.
//! Always: every comparison with the present goes through an [`AnswerClock`]. The clock remembers
//! the earliest instant at which a comparison would turn out differently; until then the answer
//! stays the same.

use std::cell::Cell;

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::time::calendar;

/// The present of one answer.
#[derive(Debug)]
pub struct AnswerClock {
    now: DateTime<Utc>,
    next: Cell<Option<DateTime<Utc>>>,
}

impl AnswerClock {
    /// A clock that stands at this instant.
    pub const fn at(now: DateTime<Utc>) -> Self {
        Self { now, next: Cell::new(None) }
    }

    /// The present.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Whether an instant has come.
    pub fn reached(&self, instant: DateTime<Utc>) -> bool {
        if instant <= self.now {
            return true;
        }
        if self.next.get().is_none_or(|next| instant < next) {
            self.next.set(Some(instant));
        }
        false
    }

    /// The civil date of the present. An answer that uses this date may change at the next date.
    pub fn today(&self) -> NaiveDate {
        let today = calendar::date_of(self.now);
        self.reached(calendar::end_of(today));
        today
    }

    /// The first instant at which a comparison made so far turns out differently.
    pub fn next(&self) -> Option<DateTime<Utc>> {
        self.next.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_earliest_comparison_still_open_is_kept() {
        let clock = AnswerClock::at(instant("2026-03-01T10:00:00Z"));
        assert!(clock.reached(instant("2026-03-01T10:00:00Z")));
        assert_eq!(clock.next(), None);
        assert!(!clock.reached(instant("2026-03-03T10:00:00Z")));
        assert!(!clock.reached(instant("2026-03-02T10:00:00Z")));
        assert_eq!(clock.next(), Some(instant("2026-03-02T10:00:00Z")));
        assert_eq!(clock.today().to_string(), "2026-03-01");
        assert_eq!(clock.next(), Some(instant("2026-03-01T23:00:00Z")));
    }
}
