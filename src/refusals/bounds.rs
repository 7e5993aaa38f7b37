//! The bounds of the table of refusals: items, sources, bytes and days.
//! Always: of too much, the fullest source gives up its oldest refusals, so that a flood of one
//! source costs that source; what was given up is counted, what was kept to the end is not.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Error, Params, params};

/// Refusals kept of one source: a night's batch, each event of it wrong in its own way.
pub const ITEMS_MAX: usize = 1_000;

/// Sources of which refusals are kept: every prison, house and registry of the country, several
/// times over.
pub const SOURCES_MAX: usize = 1_024;

/// Bytes of all refusals: about 30,000 of the common size.
pub const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Days that a refusal is kept: a vendor on holiday reads it after. It holds the sender's own id
/// of an event, which is a reason to let go of it.
pub const DAYS_MAX: i64 = 30;

/// Up to here any refusal may be missing.
pub fn say_missing(to: &Connection, until: i64) -> Result<(), Error> {
    let query = "UPDATE total SET missing_until = ?1 WHERE missing_until < ?1";
    to.prepare_cached(query)?.execute([until]).map(drop)
}

/// Lets go of what has been kept long enough. That is not counted as dropped.
pub fn expire(from: &Connection, now: DateTime<Utc>) -> Result<(), Error> {
    let oldest = oldest(now);
    let gone = from.prepare_cached("DELETE FROM refusal WHERE at < ?1")?.execute([oldest])?;
    if gone > 0 {
        from.prepare_cached("DELETE FROM source WHERE newest < ?1")?.execute([oldest])?;
    }
    Ok(())
}

/// Holds every bound again after one refusal of a source was put in. Gives the number of refusals
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

/// Takes away the source that was refused nothing for longest. What was known of its losses goes
/// too, so from here on any source's refusals up to then may be missing.
fn forget_the_quietest(table: &Connection) -> Result<u64, Error> {
    let query = "SELECT source, items, newest FROM source ORDER BY newest LIMIT 1";
    let quietest = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (source, items, newest): (String, i64, i64) = table.query_row(query, [], quietest)?;
    table.execute("DELETE FROM refusal WHERE source = ?1", [&source])?;
    table.execute("DELETE FROM source WHERE source = ?1", [&source])?;
    say_missing(table, newest)?;
    Ok(items.unsigned_abs())
}

/// What was refused before this is let go of.
pub fn oldest(now: DateTime<Utc>) -> i64 {
    (now - TimeDelta::days(DAYS_MAX)).timestamp_micros()
}
