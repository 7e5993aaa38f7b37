//! Instants for people: the clock in Belgium (Europe/Brussels).
//! Always: of two instants in rising order, the text of the first does not read later than that of
//! the second: in the hour that the clock shows twice in autumn, the offset stands beside the time.

use chrono::{DateTime, Utc};

use crate::domain::time::calendar::{At, is_shown_twice, local_time};

/// What every page that shows instants says, once.
pub const CLOCK_NOTE: &str = "Times: the clock in Belgium (Europe/Brussels).";

/// The length of the shortest instant in RFC 3339.
const INSTANT_BYTES_MIN: usize = "2026-03-01T10:00:00Z".len();

/// An instant, to the minute: `2026-03-01 10:00`.
pub fn minute(instant: DateTime<Utc>) -> String {
    let local = local_time(instant);
    let offset = if is_shown_twice(instant) { " %:z" } else { "" };
    local.format(&format!("%Y-%m-%d %H:%M{offset}")).to_string()
}

/// The moment of an answer: a date, or an instant to the minute.
pub fn moment(at: At) -> String {
    match at {
        At::Date(date) => date.to_string(),
        At::Instant(instant) => minute(instant),
    }
}

/// An instant that is written in RFC 3339, to the minute; `None`: the text is no instant.
pub fn minute_of_text(text: &str) -> Option<String> {
    instant_of_text(text).map(minute)
}

/// The date on which an instant in RFC 3339 falls; `None`: the text is no instant.
pub fn date_of_text(text: &str) -> Option<String> {
    instant_of_text(text).map(|instant| local_time(instant).date_naive().to_string())
}

fn instant_of_text(text: &str) -> Option<DateTime<Utc>> {
    if text.len() < INSTANT_BYTES_MIN || !matches!(text.as_bytes()[10], b'T' | b't') {
        return None;
    }
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_shown_by_the_clock_in_belgium() {
        let rows = [
            ("2026-07-01T09:00:00Z", "2026-07-01 11:00"),
            ("2026-08-31T22:30:00Z", "2026-09-01 00:30"),
            ("2026-01-31T22:30:59.999Z", "2026-01-31 23:30"),
            ("2026-07-01T10:05:00+02:00", "2026-07-01 10:05"),
            ("2026-07-01t23:05:00-10:00", "2026-07-02 11:05"),
            ("2026-10-25T00:59:00Z", "2026-10-25 02:59 +02:00"),
            ("2026-10-25T01:00:00Z", "2026-10-25 02:00 +01:00"),
            ("2026-10-25T02:00:00Z", "2026-10-25 03:00"),
            ("0001-01-01T00:00:00+14:00", "0000-12-31 10:17"),
            ("9999-12-31T23:59:59Z", "+10000-01-01 00:59"),
        ];
        for (text, shown) in rows {
            assert_eq!(minute_of_text(text).as_deref(), Some(shown), "{text}");
        }
        for text in ["2026-07-01", "2026-07-01 09:00:00Z", "j1", "", "2026-07-01T09:00:00"] {
            assert_eq!(minute_of_text(text), None, "{text}");
        }
        assert_eq!(date_of_text("2026-08-31T22:30:00Z").as_deref(), Some("2026-09-01"));
    }
}
