//! Scanning the state file for a page: the rows that hold, and the persons whose rows do not.
//! Always: a scan reads one committed state, in the order of the pseudonyms.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, ToSql, params_from_iter};

use super::{StateError, body, committed, number, person, reader};
use crate::domain::credit::CreditOutcome;
use crate::domain::id::PersonId;
use crate::projection::lists::item::ItemBody;
use crate::projection::lists::request::{
    CreditFilter, ItemKey, ListError, PageRequest, Pin, TrajectoryFilter,
};
use crate::projection::lists::row::{self, CreditRow, Keys, Row};

/// At most this many rows are folded again for one page, at a millisecond or two each. A page that
/// needs more is short, and `next` continues from there.
const REFOLDED_MAX: usize = 500;

/// A page ends once its items have this many bytes; so does a page of events.
const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The items of one person in one list, each with its number.
pub type Numbered = Vec<(i64, ItemBody)>;

/// A list over the rows: which rows are in it, and with which items.
pub trait List: Clone + Send + 'static {
    /// The condition on a person `p`, with the values of its parameters from `?5` on.
    fn condition(&self) -> (&'static str, Vec<Value>);
    /// The items of a person whose row holds.
    fn stored(&self, state: &Connection, person: PersonId) -> Result<Numbered, StateError>;
    /// The items of a row that was folded again.
    fn folded(&self, row: Row) -> Numbered;
}

/// A person on the page.
pub enum Scanned {
    /// The row holds: its items.
    Items(PersonId, Numbered),
    /// The row speaks of another moment than the page, and must be folded again.
    Stale(PersonId),
}

/// The result of a scan.
pub struct Scan {
    /// The persons, in order.
    pub persons: Vec<Scanned>,
    /// Whether the list has no persons after these.
    pub is_last: bool,
}

/// Scans the state file for the rows of one page.
///
/// # Errors
/// See [`ListError`].
pub fn scan<L: List>(
    path: &Path,
    list: &L,
    pin: Pin,
    asked: PageRequest,
) -> Result<Scan, ListError> {
    let mut connection = reader(path)?;
    let connection = connection.transaction()?;
    let position = committed(&connection)?.position;
    if position < pin.position {
        return Err(ListError::Behind(position));
    }
    let (condition, values) = list.condition();
    let stale = "(p.position > ?2 OR p.folded_at > ?3 OR coalesce(p.changes_at <= ?3, 0))";
    let query = format!(
        "SELECT p.person, {stale} FROM person p
         WHERE p.person >= ?1 AND ({stale} OR ({condition})) ORDER BY p.person LIMIT ?4"
    );
    let most = asked.limit + REFOLDED_MAX + 1;
    let first = asked.after.map_or(Vec::new(), |after| after.person.as_bytes().to_vec());
    let mut parameters: Vec<Value> = vec![
        first.into(),
        number(pin.position).into(),
        pin.at.timestamp_micros().into(),
        i64::try_from(most).unwrap_or(i64::MAX).into(),
    ];
    parameters.extend(values);
    let mut statement = connection.prepare(&query)?;
    let mut rows = statement.query(params_from_iter(parameters))?;
    let (mut persons, mut items, mut bytes, mut refolded) = (Vec::new(), 0, 0, 0);
    while let Some(row) = rows.next()? {
        let person = person(row, 0)?;
        if row.get(1)? {
            refolded += 1;
            persons.push(Scanned::Stale(person));
        } else {
            let mut found = list.stored(&connection, person)?;
            found.retain(|(number, _)| {
                asked.after.is_none_or(|after| ItemKey { person, number: *number } > after)
            });
            items += found.len();
            bytes += found.iter().map(|(_, body)| body.bytes()).sum::<usize>();
            persons.push(Scanned::Items(person, found));
        }
        // One item more than asked shows that there is a next page.
        if items > asked.limit || bytes >= PAGE_BYTES_MAX || refolded == REFOLDED_MAX {
            return Ok(Scan { persons, is_last: false });
        }
    }
    Ok(Scan { persons, is_last: true })
}

impl List for TrajectoryFilter {
    fn condition(&self) -> (&'static str, Vec<Value>) {
        let condition = "(?5 IS NULL OR p.custody = ?5) AND (?6 IS NULL OR p.facility = ?6)
            AND (?7 IS NULL OR p.substitution = ?7) AND (?8 IS NULL OR p.alerts & ?8)";
        let values = vec![
            self.custody.map(|state| state.code().to_owned()).into(),
            self.facility.clone().into(),
            self.substitution.map(|state| state.code().to_owned()).into(),
            self.alert.map(|alert| i64::from(row::bit(alert))).into(),
        ];
        (condition, values)
    }

    fn stored(&self, state: &Connection, person: PersonId) -> Result<Numbered, StateError> {
        let mut found = state.prepare_cached("SELECT body FROM trajectory WHERE person = ?1")?;
        let found = found.query_map([person.as_bytes().as_slice()], |row| body(row, 0))?;
        found.map(|body| Ok((0, body?))).collect()
    }

    fn folded(&self, row: Row) -> Numbered {
        let matches = |keys: &Keys| {
            self.custody.is_none_or(|custody| custody == keys.custody)
                && (self.facility.is_none() || self.facility == keys.facility)
                && self.substitution.is_none_or(|state| state == keys.substitution)
                && self.alert.is_none_or(|alert| keys.alerts & row::bit(alert) != 0)
        };
        let asks_nothing = self.custody.is_none()
            && self.facility.is_none()
            && self.substitution.is_none()
            && self.alert.is_none();
        let is_in = row.keys.as_ref().map_or(asks_nothing, matches);
        row.trajectory.filter(|_| is_in).map(|body| (0, body)).into_iter().collect()
    }
}

/// The condition on a modality's credit `c`.
macro_rules! credit {
    () => {
        "(?5 IS NULL OR c.treatment_days >= ?5) AND (?6 IS NULL OR EXISTS (
         SELECT 1 FROM credit_facility f
         WHERE f.person = c.person AND f.number = c.number AND f.facility = ?6))
         AND (?7 IS NULL OR c.outcome = ?7)"
    };
}

impl List for CreditFilter {
    fn condition(&self) -> (&'static str, Vec<Value>) {
        const CONDITION: &str = concat!(
            "EXISTS (SELECT 1 FROM credit c WHERE c.person = p.person AND ",
            credit!(),
            ")"
        );
        let min_days = self.min_days.map(i64::from);
        let outcome = self.outcome.map(|outcome| outcome.code().to_owned());
        (CONDITION, vec![min_days.into(), self.facility.clone().into(), outcome.into()])
    }

    fn stored(&self, state: &Connection, person: PersonId) -> Result<Numbered, StateError> {
        const QUERY: &str = concat!(
            "SELECT c.number, c.body FROM credit c WHERE c.person = :person AND ",
            credit!(),
            " ORDER BY c.number"
        );
        let mut credits = state.prepare_cached(QUERY)?;
        let item = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, body(row, 1)?));
        let parameters: &[(&str, &dyn ToSql)] = &[
            (":person", &person.as_bytes().as_slice()),
            ("?5", &self.min_days),
            ("?6", &self.facility),
            ("?7", &self.outcome.map(CreditOutcome::code)),
        ];
        credits.query_map(parameters, item)?.collect()
    }

    fn folded(&self, row: Row) -> Numbered {
        let matches = |credit: &CreditRow| {
            let enough = |least: u32| credit.treatment_days.is_some_and(|d| d >= i64::from(least));
            self.min_days.is_none_or(enough)
                && self.facility.as_ref().is_none_or(|house| credit.facilities.contains(house))
                && self.outcome.is_none_or(|outcome| credit.outcome == Some(outcome))
        };
        let credits = (0..).zip(row.credits).filter(|(_, credit)| matches(credit));
        credits.map(|(number, credit)| (number, credit.body)).collect()
    }
}
