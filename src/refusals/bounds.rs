//! The bounds of the table of refusals: items, sources, bytes and days.
//! Always: if there are too many bytes, the source with most of them loses its oldest refusals, so
//! that a flood costs only the source that caused it. Refusals that were dropped to make room are
//! counted; refusals that were kept for [`DAYS_MAX`] days are not.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Error, Params, params};

/// The refusals kept of one source: a night's batch in which each event is wrong in another way.
pub const ITEMS_MAX: usize = 1_000;

/// The sources of which refusals are kept: every prison, house and registry of the country, several
/// times over.
pub const SOURCES_MAX: usize = 1_024;

/// The bytes of all refusals: about 30,000 refusals of the common size.
pub const BYTES_MAX: usize = 16 * 1024 * 1024;

/// The days that a refusal is kept: a vendor can read it after a holiday. A refusal holds the
/// sender's id of an event, so it is not kept longer.
pub const DAYS_MAX: i64 = 30;

/// Notes that refusals up to `until` may be missing.
pub fn say_missing(to: &Connection, until: i64) -> Result<(), Error> {
    let query = "UPDATE total SET missing_until = ?1 WHERE missing_until < ?1";
    to.prepare_cached(query)?.execute([until]).map(drop)
}

/// Deletes the refusals that have been kept long enough. They do not count as dropped.
pub fn expire(from: &Connection, now: DateTime<Utc>) -> Result<(), Error> {
    let oldest = oldest(now);
    let gone = from.prepare_cached("DELETE FROM refusal WHERE at < ?1")?.execute([oldest])?;
    if gone > 0 {
        from.prepare_cached("DELETE FROM source WHERE newest < ?1")?.execute([oldest])?;
    }
    Ok(())
}

/// Restores every bound after one refusal of a source was inserted. Returns the number of refusals
/// that were dropped.
pub fn make_room(table: &Connection, source: &str) -> Result<u64, Error> {
    let mut dropped = 0;
    let items = number(table, "SELECT items FROM source WHERE source = ?1", [source])?;
    if items > ITEMS_MAX {
        dropped += drop_oldest(table, source)?;
    }
    if items == 1 && number(table, "SELECT count(*) FROM source", [])? > SOURCES_MAX {
        dropped += forget_the_quietest(table)?;
    }
    while number(table, "SELECT bytes FROM total", [])? > BYTES_MAX {
        let query = "SELECT source FROM source ORDER BY bytes DESC LIMIT 1";
        let mut fullest = table.prepare_cached(query)?;
        let fullest: String = fullest.query_row([], |row| row.get(0))?;
        dropped += drop_oldest(table, &fullest)?;
    }
    Ok(dropped)
}

fn number(table: &Connection, query: &str, parameters: impl Params) -> Result<usize, Error> {
    let number: i64 = table.prepare_cached(query)?.query_row(parameters, |row| row.get(0))?;
    Ok(usize::try_from(number).unwrap_or(0))
}

/// Drops the oldest refusal of a source.
fn drop_oldest(table: &Connection, source: &str) -> Result<u64, Error> {
    let query = "SELECT min(at) FROM refusal WHERE source = ?1";
    let at: i64 = table.prepare_cached(query)?.query_row([source], |row| row.get(0))?;
    table.prepare_cached("DELETE FROM refusal WHERE at = ?1")?.execute([at])?;
    let query = "UPDATE source SET dropped = dropped + 1, dropped_until = ?2 WHERE source = ?1";
    table.prepare_cached(query)?.execute(params![source, at])?;
    Ok(1)
}

/// Deletes the source whose last refusal is the oldest. The count of its dropped refusals goes too,
/// so from now on refusals of any source may be missing up to the time of that last refusal.
fn forget_the_quietest(table: &Connection) -> Result<u64, Error> {
    let query = "SELECT source, items, newest FROM source ORDER BY newest LIMIT 1";
    let quietest = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (source, items, newest): (String, i64, i64) = table.query_row(query, [], quietest)?;
    table.execute("DELETE FROM refusal WHERE source = ?1", [&source])?;
    table.execute("DELETE FROM source WHERE source = ?1", [&source])?;
    say_missing(table, newest)?;
    Ok(items.unsigned_abs())
}

/// The earliest `at` that is still kept.
pub fn oldest(now: DateTime<Utc>) -> i64 {
    (now - TimeDelta::days(DAYS_MAX)).timestamp_micros()
}
